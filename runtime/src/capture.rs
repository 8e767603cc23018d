//! What a test's processes print and log, kept for the report on the test instead of being written.
//!
//! A capture belongs to a process and to those that it starts (`Relations::capture`); whoever runs the tests knows it
//! by its number. Once it has been asked for, it keeps nothing more: what processes say that outlive their test is
//! written as if there were none, on lines of its own (`Node::make_way`).

use crate::process::body::Extra;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// How much of a text is kept: so much of its beginning, and of its end.
const KEPT: usize = 32 << 10;

/// See the module's description.
#[derive(Default)]
pub struct Capture(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    text: String,
    /// Bytes that were dropped behind the beginning.
    dropped: usize,
    closed: bool,
}

impl Kept {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        // Seldom, so that a long text is not moved again and again.
        if self.text.len() > 4 * KEPT {
            let from = self.text.floor_char_boundary(KEPT);
            let to = self.text.ceil_char_boundary(self.text.len() - KEPT);
            self.text.drain(from..to);
            self.dropped += to - from;
        }
    }

    fn close(&mut self) -> String {
        self.closed = true;
        let mut text = std::mem::take(&mut self.text);
        if self.dropped > 0 {
            let at = text.floor_char_boundary(KEPT);
            text.insert_str(at, &format!("\n… {} bytes …\n", self.dropped));
        }
        text
    }
}

impl Capture {
    /// Keeps text; false if it keeps nothing any more.
    pub fn keep(&self, text: &str) -> bool {
        let mut kept = self.0.lock();
        if !kept.closed {
            kept.push(text);
        }
        !kept.closed
    }
}

/// Whether what a process says is captured: then it has been kept.
pub fn keeps(extra: &Extra, text: &str) -> bool {
    let capture = extra.relations.as_ref().and_then(|r| r.capture.as_ref());
    capture.is_some_and(|capture| capture.keep(text))
}

/// The captures of a node, by number.
#[derive(Default)]
pub struct Captures(Mutex<(u64, HashMap<u64, Arc<Capture>>)>);

impl Captures {
    /// A new one's number.
    pub fn open(&self) -> u64 {
        let (last, open) = &mut *self.0.lock();
        *last += 1;
        open.insert(*last, Arc::default());
        *last
    }

    /// The one with a number, unless it is closed.
    pub fn get(&self, number: u64) -> Option<Arc<Capture>> {
        self.0.lock().1.get(&number).cloned()
    }

    /// Closes it and gives what it has kept.
    pub fn close(&self, number: u64) -> String {
        let capture = self.0.lock().1.remove(&number);
        capture.map_or_else(String::new, |capture| capture.0.lock().close())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_keeps_beginning_and_end_until_it_is_closed() {
        let captures = Captures::default();
        let number = captures.open();
        let capture = captures.get(number).unwrap();
        assert!(capture.keep("first é\n"));
        let line = format!("{}\n", "é".repeat(99));
        for _ in 0..10_000 {
            assert!(capture.keep(&line));
        }
        assert!(capture.keep("last\n"));
        let text = captures.close(number);
        assert!(text.starts_with("first é\n") && text.ends_with("é\nlast\n"), "{}", text.len());
        assert!(text.contains(" bytes …\n") && text.len() < 5 * KEPT, "{}", text.len());
        assert!(!capture.keep("too late"));
        assert!(captures.get(number).is_none());
        assert_eq!(captures.close(number), "");
    }

    #[test]
    fn a_short_text_is_kept_as_it_is() {
        let captures = Captures::default();
        let (a, b) = (captures.open(), captures.open());
        captures.get(a).unwrap().keep("a");
        captures.get(b).unwrap().keep("b");
        captures.get(a).unwrap().keep("c");
        assert_eq!((captures.close(b), captures.close(a)), ("b".to_owned(), "ac".to_owned()));
    }
}
