//! Programs made of programs: bytes and tokens changed, left out, doubled and swapped, statements of
//! two programs mixed, bracketed parts put in each other's place.

use super::soup::PIECES;
use crate::random::Random;
use bumpalo::Bump;
use rata_compiler::names::Names;
use rata_compiler::span::FileId;
use rata_compiler::syntax::lexer::lex;
use std::ops::Range;

/// Larger sources are cut to a window of lines.
const LARGEST: usize = 3_000;

/// A few whole lines of a source, all of it if it is small.
pub fn window<'t>(random: &mut Random, text: &'t str) -> &'t str {
    if text.len() <= LARGEST {
        return text;
    }
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let start = starts[random.below(starts.len())];
    let limit = start + 200 + random.below(LARGEST - 200);
    let end = starts.iter().rev().find(|at| **at <= limit && **at > start).copied();
    &text[start..end.unwrap_or(text.len())]
}

/// Changes bytes.
pub fn bytes(random: &mut Random, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 if random.one_in(4) => bytes.truncate(at),
            _ => drop(bytes.splice(at..end, random.of(PIECES).bytes())),
        }
    }
    bytes
}

/// Changes tokens: what comes out is more often a program than with bytes.
pub fn tokens(random: &mut Random, text: &str, other: &str) -> Vec<u8> {
    let spans = spans(text);
    let others = self::spans(other);
    if spans.is_empty() || others.is_empty() {
        return text.as_bytes().to_vec();
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for _ in 0..=random.below(3) {
        let at = random.below(spans.len());
        let token = spans[at].clone();
        let new = match random.below(6) {
            0 => String::new(),
            1 => format!("{0} {0}", &text[token.clone()]),
            2 => other[others[random.below(others.len())].clone()].to_owned(),
            3 => random.of(PIECES).to_owned(),
            _ => text[spans[random.below(spans.len())].clone()].to_owned(),
        };
        edits.push((token, new));
    }
    apply(text, edits)
}

/// Puts one bracketed part in the place of another.
pub fn groups(random: &mut Random, text: &str) -> Vec<u8> {
    let groups = bracketed(text);
    if groups.len() < 2 {
        return tokens(random, text, text);
    }
    let mut edits = Vec::new();
    for _ in 0..=random.below(2) {
        let to = groups[random.below(groups.len())].clone();
        let from = groups[random.below(groups.len())].clone();
        edits.push((to, text[from].to_owned()));
    }
    apply(text, edits)
}

/// Lines of two programs, in runs.
pub fn splice(random: &mut Random, a: &str, b: &str) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..=random.below(4) {
        let text = if random.one_in(2) { a } else { b };
        let lines: Vec<&str> = text.lines().collect();
        let start = random.below(lines.len());
        let end = (start + 1 + random.small(20)).min(lines.len());
        for line in &lines[start..end] {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.into_bytes()
}

fn spans(text: &str) -> Vec<Range<usize>> {
    let (arena, mut names) = (Bump::new(), Names::new());
    let (tokens, _) = lex(&arena, &mut names, FileId(0), text);
    let ranges = tokens.list.iter().map(|t| t.span.start as usize..t.span.end as usize);
    ranges.filter(|r| r.start < r.end && text.get(r.clone()).is_some()).collect()
}

/// The parts between brackets that belong together, brackets included.
pub fn bracketed(text: &str) -> Vec<Range<usize>> {
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut found = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open.push((at, byte)),
            b')' | b']' | b'}' => {
                let wanted = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                if let Some((start, bracket)) = open.pop()
                    && bracket == wanted
                {
                    found.push(start..at + 1);
                }
            }
            _ => {}
        }
    }
    found
}

/// Replaces ranges, from the last to the first; what overlaps a replaced one is left out.
fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut out = text.to_owned();
    let mut limit = text.len();
    for (range, new) in edits {
        if range.end <= limit {
            limit = range.start;
            out.replace_range(range, &new);
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_belong_together_are_found() {
        let text = "f([1], {2})]";
        let parts: Vec<&str> = bracketed(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(parts, ["[1]", "{2}", "([1], {2})"]);
    }

    #[test]
    fn edits_do_not_disturb_one_another() {
        let edits = vec![(0..1, "xx".into()), (4..5, String::new()), (3..5, "lost".into())];
        assert_eq!(apply("a b cd", edits), b"xx b d");
    }

    #[test]
    fn windows_are_whole_lines() {
        let text = "one line of text\n".repeat(1_000);
        let mut random = Random::new(1, 1);
        for _ in 0..100 {
            let part = window(&mut random, &text);
            assert!(part.len() <= LARGEST && part.starts_with("one") && part.ends_with("text\n"));
        }
    }
}
