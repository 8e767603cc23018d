//! Long texts, worked through in pieces so that a turn is never long.
//!
//! In: a string, and what to do with a piece of it. Pieces end where no character is torn apart:
//! between two ASCII characters that are no carriage return and newline. Out: text, entries or a
//! number, made of all pieces.

use crate::natives::support::{Answer, Collector, Roots, Steps, run};
use rata_vm::data::string;
use rata_vm::heap::Heap;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

/// Bytes of a piece; texts longer than this are worked through in pieces.
pub const LONG: usize = 1 << 15;

/// What is made of the pieces.
pub enum Made {
    /// A text.
    Text(String),
    /// Entries of a vector.
    Entries(Collector),
    /// A number.
    Number(usize),
}

impl Made {
    /// An empty text.
    pub fn text() -> Made {
        Made::Text(String::new())
    }

    /// No entries yet.
    pub fn entries() -> Made {
        Made::Entries(Collector::new(false))
    }

    /// Adds text.
    pub fn write(&mut self, more: &str) {
        if let Made::Text(text) = self {
            text.push_str(more);
        }
    }

    /// Adds an entry.
    pub fn push<'h>(&mut self, heap: &'h Heap, entry: Value<'h>) {
        if let Made::Entries(entries) = self {
            entries.push(heap, entry);
        }
    }

    /// Adds to the number.
    pub fn add(&mut self, more: usize) {
        if let Made::Number(n) = self {
            *n += more;
        }
    }

    fn finish(self, heap: &Heap) -> Value<'_> {
        match self {
            Made::Text(text) => heap.string(&text),
            Made::Entries(entries) => entries.finish(heap),
            Made::Number(n) => Value::count(n),
        }
    }
}

impl Roots for Made {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        if let Made::Entries(entries) = self {
            entries.roots(visit);
        }
    }
}

struct Piecewise<F> {
    text: Word,
    at: usize,
    made: Option<Made>,
    each: F,
}

impl<F: Send + 'static> Roots for Piecewise<F> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.text.roots(visit);
        self.made.roots(visit);
    }
}

impl<F> Steps for Piecewise<F>
where
    F: for<'x, 'y> Fn(&mut Made, &mut Cx<'x, 'y>, &'x str) + Send + 'static,
{
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let text = heap.value(self.text).as_str().unwrap_or("");
        let Some(made) = &mut self.made else { return Ok(Some(Value::NIL)) };
        let end = piece_end(text, self.at);
        (self.each)(made, cx, &text[self.at..end]);
        cx.charge(1 + (end - self.at) as u64 / 64);
        self.at = end;
        Ok(self.made.take_if(|_| end == text.len()).map(|made| made.finish(heap)))
    }
}

/// Where the piece that begins at `from` ends.
fn piece_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = from + LONG;
    while end < bytes.len() {
        let (before, after) = (bytes[end - 1], bytes[end]);
        if before < 0x80 && after < 0x80 && !(before == b'\r' && after == b'\n') {
            return end;
        }
        end += 1;
    }
    bytes.len()
}

/// Works through a string piece by piece.
pub fn piecewise<'h, F>(cx: &mut Cx<'h, '_>, text: Value<'h>, made: Made, each: F) -> Answer<'h>
where
    F: for<'x, 'y> Fn(&mut Made, &mut Cx<'x, 'y>, &'x str) + Send + 'static,
{
    run(cx, Piecewise { text: text.word(), at: 0, made: Some(made), each })
}

/// A string being cut up: `next` finds the end of the part that begins at an offset, and where the
/// part after it begins.
struct Cutting<N> {
    text: Word,
    /// Nothing once the end has been reached.
    at: Option<usize>,
    next: N,
    out: Collector,
}

impl<N: Send + 'static> Roots for Cutting<N> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.text.roots(visit);
        self.out.roots(visit);
    }
}

/// A part's span, if there is one, and where to look for the one after it.
type Part = (Option<(usize, usize)>, Option<usize>);

impl<N: Fn(&str, usize, usize) -> Part + Send + 'static> Steps for Cutting<N> {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let whole = heap.value(self.text);
        let text = whole.as_str().unwrap_or("");
        let (mut parts, mut bytes) = (0, 0);
        while let Some(at) = self.at
            && parts < 512
            && bytes < LONG
        {
            let (span, after) = (self.next)(text, at, self.out.len());
            if let Some((from, to)) = span {
                self.out.push(heap, string::slice(heap, whole, from, to).unwrap_or(whole));
            }
            parts += 1;
            bytes += after.unwrap_or(text.len()) - at;
            self.at = after;
        }
        cx.charge(1 + parts / 16 + bytes as u64 / 512);
        if self.at.is_some() {
            return Ok(None);
        }
        Ok(Some(std::mem::replace(&mut self.out, Collector::new(false)).finish(heap)))
    }
}

fn cut<'h, N>(cx: &mut Cx<'h, '_>, text: Value<'h>, next: N) -> Answer<'h>
where
    N: Fn(&str, usize, usize) -> Part + Send + 'static,
{
    run(cx, Cutting { text: text.word(), at: Some(0), next, out: Collector::new(false) })
}

/// Splits at a separator, into at most so many parts.
pub fn split<'h>(cx: &mut Cx<'h, '_>, text: Value<'h>, separator: &str, most: usize) -> Answer<'h> {
    let separator = separator.to_owned();
    cut(cx, text, move |text, at, parts| {
        let found = if parts + 1 < most { text[at..].find(separator.as_str()) } else { None };
        match found {
            Some(n) => (Some((at, at + n)), Some(at + n + separator.len())),
            None => (Some((at, text.len())), None),
        }
    })
}

/// Splits at runs of white space; there are no empty parts.
pub fn split_words<'h>(cx: &mut Cx<'h, '_>, text: Value<'h>) -> Answer<'h> {
    cut(cx, text, |text, at, _| {
        let rest = text[at..].trim_start();
        if rest.is_empty() {
            return (None, None);
        }
        let from = text.len() - rest.len();
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        (Some((from, from + len)), Some(from + len))
    })
}

/// The lines, without what ends them.
pub fn lines<'h>(cx: &mut Cx<'h, '_>, text: Value<'h>) -> Answer<'h> {
    cut(cx, text, |text, at, _| {
        if at == text.len() {
            return (None, None);
        }
        let (end, after) = match text[at..].find('\n') {
            Some(n) => (at + n, Some(at + n + 1)),
            None => (text.len(), None),
        };
        let line = text[at..end].strip_suffix('\r').filter(|_| after.is_some());
        (Some((at, at + line.map_or(end - at, str::len))), after)
    })
}

/// Occurrences being replaced.
struct Replacing {
    text: Word,
    at: usize,
    what: String,
    by: String,
    out: String,
}

impl Roots for Replacing {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.text.roots(visit);
    }
}

impl Steps for Replacing {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let text = heap.value(self.text).as_str().unwrap_or("");
        let start = self.at;
        while self.at - start < LONG {
            let Some(n) = text[self.at..].find(self.what.as_str()) else {
                self.out.push_str(&text[self.at..]);
                return Ok(Some(heap.string(&self.out)));
            };
            self.out.push_str(&text[self.at..self.at + n]);
            self.out.push_str(&self.by);
            self.at += n + self.what.len();
        }
        cx.charge(1 + (self.at - start) as u64 / 256);
        Ok(None)
    }
}

/// Replaces every occurrence of `what`, which is not empty.
pub fn replace<'h>(cx: &mut Cx<'h, '_>, text: Value<'h>, what: String, by: String) -> Answer<'h> {
    run(cx, Replacing { text: text.word(), at: 0, what, by, out: String::new() })
}
