//! Shows how two texts differ: in come the expected and the actual text, out come lines marked
//! `-` (expected, missing), `+` (there, not expected) and ` ` (both).

/// More lines than this on either side are not aligned but shown from the first difference on.
const ALIGN_LIMIT: usize = 1_000;
const SHOWN_LIMIT: usize = 60;

/// The marked lines.
pub fn lines(expected: &str, actual: &str) -> String {
    let a: Vec<&str> = expected.split('\n').collect();
    let b: Vec<&str> = actual.split('\n').collect();
    let same_end = expected.ends_with('\n') == actual.ends_with('\n');
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let context = same.saturating_sub(3);
    let (a, b) = (&a[context..], &b[context..]);
    let marked = if a.len().max(b.len()) > ALIGN_LIMIT { unaligned(a, b) } else { aligned(a, b) };
    let mut out = String::new();
    if context > 0 {
        out.push_str(&format!("      ({context} equal lines)\n"));
    }
    for (mark, line) in marked.iter().take(SHOWN_LIMIT) {
        // A last empty piece only says that the text ended with a newline.
        if *mark != ' ' || !line.is_empty() {
            out.push_str(&format!("    {mark} {line}\n"));
        }
    }
    if marked.len() > SHOWN_LIMIT {
        out.push_str(&format!("      ({} more lines)\n", marked.len() - SHOWN_LIMIT));
    }
    if !same_end {
        let which = if expected.ends_with('\n') { "actual" } else { "expected" };
        out.push_str(&format!("      (the {which} text does not end with a newline)\n"));
    }
    out
}

fn unaligned<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<(char, &'a str)> {
    let half = SHOWN_LIMIT / 2;
    let expected = a.iter().take(half).map(|line| ('-', *line));
    expected.chain(b.iter().take(half).map(|line| ('+', *line))).collect()
}

/// Longest common subsequence, filled from the back so that walking it goes forwards.
fn aligned<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = b.len() + 1;
    let mut table = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = if a[i] == b[j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push((' ', a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && table[(i + 1) * width + j] >= table[i * width + j + 1])
        {
            out.push(('-', a[i]));
            i += 1;
        } else {
            out.push(('+', b[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn changed_missing_and_extra_lines() {
        let shown = lines("a\nb\nc\n", "a\nx\nc\nd\n");
        assert_eq!(shown, "      a\n    - b\n    + x\n      c\n    + d\n");
    }

    #[test]
    fn a_missing_last_newline_is_told() {
        assert!(lines("a\n", "a").contains("actual text does not end with a newline"));
    }

    #[test]
    fn long_texts_are_cut() {
        let long: String = (0..5_000).map(|i| format!("{i}\n")).collect();
        let other = long.replace("\n4000\n", "\nx\n");
        let shown = lines(&long, &other);
        assert!(shown.contains("- 4000") && shown.contains("+ x"), "{shown}");
        assert!(shown.lines().count() < 80);
    }
}
