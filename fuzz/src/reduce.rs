//! Makes a failing program smaller: lines, runs of lines and bracketed parts are left out or replaced by
//! something simple, as long as the failure stays of its kind.

use crate::parse::bracketed;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The longest that one program is worked on.
const TIME: Duration = Duration::from_secs(45);
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

/// Leaves out runs of lines, long ones first.
fn lines(best: &mut String, start: Instant, fails: &mut impl FnMut(&str) -> bool) {
    let mut run = best.lines().count() / 2;
    while run > 0 {
        let mut at = 0;
        while at < best.lines().count() && start.elapsed() < TIME {
            let kept = |i: usize| i < at || i >= at + run;
            let some: Vec<&str> =
                best.lines().enumerate().filter(|(i, _)| kept(*i)).map(|(_, line)| line).collect();
            let candidate = some.join("\n") + "\n";
            if fails(&candidate) {
                *best = candidate;
            } else {
                at += run;
            }
        }
        run /= 2;
    }
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
        let found = SIMPLE.iter().find_map(|simple| {
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
        assert_eq!(small, "x = (f(1, 2) + [3, needle, 4])\n");
        let small = smallest("x = (ffff(gggg) + 1)\n", |t| t.starts_with("x = "));
        assert_eq!(small, "x = 0\n");
    }
}
