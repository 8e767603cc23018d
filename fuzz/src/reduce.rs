//! Makes a failing program smaller: functions, statements and lines are left out and bracketed parts replaced
//! by something simple or by what is in them, as long as the failure stays of its kind.

use crate::parse::bracketed;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The longest that one program is worked on.
const TIME: Duration = Duration::from_secs(60);
/// What takes the place of a bracketed part.
const SIMPLE: &[&str] = &["0", "nil", "[]", "\"\"", "true"];

/// The smallest program found that still fails.
pub fn smallest(text: &str, mut fails: impl FnMut(&str) -> bool) -> String {
    let start = Instant::now();
    let mut best = text.to_owned();
    loop {
        let before = best.len();
        lines(&mut best, start, &mut fails);
        parts(&mut best, start, &mut fails);
        if best.len() >= before || start.elapsed() > TIME {
            return best;
        }
    }
}

/// Leaves out functions, statements and clauses: lines up to where as many brackets are open as before.
fn lines(best: &mut String, start: Instant, fails: &mut impl FnMut(&str) -> bool) {
    let mut at = 0;
    while at < best.lines().count() && start.elapsed() < TIME {
        let mut ends = vec![unit(best, at), at + 1];
        ends.dedup();
        let without = |end: usize| {
            let kept = best.lines().enumerate().filter(|(i, _)| *i < at || *i >= end);
            kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
        };
        match ends.into_iter().map(without).find(|candidate| fails(candidate)) {
            Some(candidate) => *best = candidate,
            None => at += 1,
        }
    }
}

/// The line after the last of what begins in this one.
fn unit(text: &str, from: usize) -> usize {
    let mut open = 0i32;
    for (i, line) in text.lines().enumerate().skip(from) {
        for byte in line.bytes() {
            open += i32::from(b"([{".contains(&byte)) - i32::from(b")]}".contains(&byte));
        }
        if open <= 0 {
            return i + 1;
        }
    }
    from + 1
}

/// Replaces bracketed parts, the outer ones first.
fn parts(best: &mut String, start: Instant, fails: &mut impl FnMut(&str) -> bool) {
    let mut tried = 0;
    loop {
        let mut ranges: Vec<Range<usize>> = bracketed(best);
        ranges.retain(|range| range.len() > 3);
        ranges.sort_by_key(|range| std::cmp::Reverse(range.len()));
        let Some(range) = ranges.get(tried).cloned() else { return };
        if start.elapsed() > TIME {
            return;
        }
        let inner = ranges.iter().filter(|r| r.start > range.start && r.end < range.end).take(4);
        let inner: Vec<&str> = inner.map(|r| &best[r.clone()]).collect();
        let found = SIMPLE.iter().copied().chain(inner).find_map(|simple| {
            let mut candidate = best.clone();
            candidate.replace_range(range.clone(), simple);
            fails(&candidate).then_some(candidate)
        });
        match found {
            Some(candidate) => *best = candidate,
            None => tried += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_goes() {
        let text = "a\nb\nx = (f(1, 2) + [3, needle, 4])\nc\nd\n";
        let small = smallest(text, |t| t.contains("needle") && t.contains('x'));
        assert_eq!(small, "x = [3, needle, 4]\n");
        assert_eq!(unit("a\nf = g(\n[\n])\nb\n", 1), 4);
        let small = smallest("x = (ffff(gggg) + 1)\n", |t| t.starts_with("x = "));
        assert_eq!(small, "x = 0\n");
    }
}
