//! The name that was probably meant: a misspelt one and candidates in, the nearest out.

/// The candidate nearest to `word`, if one is near enough to have been meant. Equal distances are
/// decided by order. Swapping two neighbours, leaving out, adding or changing a letter each cost
/// one; a third of the word's length (at least one) is allowed.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(MAX_LENGTH + 1).collect();
    if letters.is_empty() || letters.len() > MAX_LENGTH {
        return None;
    }
    let lower = word.to_lowercase();
    let mut limit = (letters.len() / 3).max(1);
    let mut best = None;
    for candidate in candidates {
        if candidate == word {
            continue;
        }
        if candidate.to_lowercase() == lower {
            return Some(candidate);
        }
        let other: Vec<char> = candidate.chars().take(MAX_LENGTH + 1).collect();
        // One letter for another says nothing when there is only one.
        let one_letter = letters.len() == 1 || other.len() == 1;
        if one_letter || other.len().abs_diff(letters.len()) > limit {
            continue;
        }
        let distance = distance(&letters, &other);
        if distance < limit || distance == limit && best.is_none() {
            limit = distance;
            best = Some(candidate);
        }
    }
    best
}

/// Longer words are not compared.
const MAX_LENGTH: usize = 64;

/// Damerau-Levenshtein distance (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let changed = above[j] + usize::from(x != y);
            let mut least = changed.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(word: &str) -> Vec<char> {
        word.chars().collect()
    }

    #[test]
    fn distances() {
        let of = |a: &str, b: &str| distance(&letters(a), &letters(b));
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("lenght", "length"), 1);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("same", "same"), 0);
        assert_eq!(of("ab", "ba"), 1);
    }

    #[test]
    fn the_nearest_one_is_found() {
        let names = ["map", "filter", "reduce", "length", "Length_of"];
        assert_eq!(nearest("lenght", names), Some("length"));
        assert_eq!(nearest("fliter", names), Some("filter"));
        assert_eq!(nearest("MAP", names), Some("map"));
        assert_eq!(nearest("mpa", names), Some("map"));
    }

    #[test]
    fn far_ones_are_not() {
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest("banana", ["map", "filter"]), None);
        assert_eq!(nearest("", ["a"]), None);
        assert_eq!(nearest("same", ["same"]), None);
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(nearest("cat", ["bat", "hat"]), Some("bat"));
        assert_eq!(nearest("reduc", ["reducer", "reduce"]), Some("reduce"));
    }
}
