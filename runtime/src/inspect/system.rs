//! What the system knows of the program: memory, and how busy each scheduler's thread was. Nothing of that costs a
//! scheduler anything.

use std::fs;
use std::time::Instant;

/// Bytes of memory held by the program, as the system counts; 0 where that is unknown.
pub fn resident() -> usize {
    const PAGE: usize = 4096;
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(0) * PAGE
}

/// How long each scheduler thread has run, in nanoseconds, by its number; empty where that is unknown.
fn worked() -> Vec<(usize, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |file: &str| fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let Some(number) = read("comm").trim().strip_prefix("rata-").and_then(|n| n.parse().ok())
        else {
            continue;
        };
        let ran = read("schedstat").split_whitespace().next().and_then(|n| n.parse().ok());
        found.push((number, ran.unwrap_or(0)));
    }
    found.sort_unstable();
    found
}

/// The use of the schedulers between two looks.
pub struct Use {
    at: Instant,
    worked: Vec<(usize, u64)>,
}

impl Default for Use {
    fn default() -> Use {
        Use { at: Instant::now(), worked: worked() }
    }
}

impl Use {
    /// In percent since the last look, by scheduler; empty where that is unknown.
    pub fn since(&mut self) -> Vec<u64> {
        let before = std::mem::take(self);
        let ns = (self.at - before.at).as_nanos().max(1) as u64;
        let share = |(number, now): &(usize, u64)| {
            let then = before.worked.iter().find(|w| w.0 == *number).map_or(0, |w| w.1);
            (now.saturating_sub(then) * 100 / ns).min(100)
        };
        self.worked.iter().map(share).collect()
    }
}
