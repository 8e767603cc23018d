//! Long texts, worked through in pieces so that a turn is never long.
//!
//! In: a string, and what to do with a piece of it. Pieces end where no character is torn apart:
//! between two letters that stand for themselves (or other ASCII characters). Out: text, entries or
//! a number, made of all pieces; or a span of the text, found by counting characters.

use crate::natives::support::{Answer, Collector, Roots, Steps, run};
use rata_vm::data::string;
use rata_vm::heap::Heap;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a piece; texts longer than this are worked through in pieces.
pub const LONG: usize = 1 << 15;

/// What is made of the pieces.
pub enum Made {
    /// A text.
    Text(String),
    /// A text that is put together from its end.
    Backwards(Vec<String>),
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

    /// Whether nothing has been made yet.
    pub fn is_empty(&self) -> bool {
        match self {
            Made::Text(text) => text.is_empty(),
            Made::Backwards(parts) => parts.is_empty(),
            Made::Entries(entries) => entries.is_empty(),
            Made::Number(n) => *n == 0,
        }
    }

    /// Adds text: at the end, or before what there is.
    pub fn write(&mut self, more: &str) {
        match self {
            Made::Text(text) => text.push_str(more),
            Made::Backwards(parts) => parts.push(more.to_owned()),
            Made::Entries(_) | Made::Number(_) => {}
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
            Made::Backwards(parts) => {
                heap.string(&parts.iter().rev().map(String::as_str).collect::<String>())
            }
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
        cx.charge(1 + (end - self.at) as u64 / 32);
        self.at = end;
        Ok(self.made.take_if(|_| end == text.len()).map(|made| made.finish(heap)))
    }
}

/// Where the piece that begins at `from` ends.
fn piece_end(text: &str, from: usize) -> usize {
    if text.len() - from <= LONG {
        return text.len();
    }
    let start = text.floor_char_boundary(from + LONG);
    let before = text[..start].chars().next_back();
    let mut before = before.is_some_and(stands_alone);
    for (at, c) in text[start..].char_indices() {
        let alone = stands_alone(c);
        if before && alone {
            return start + at;
        }
        before = alone;
    }
    text.len()
}

/// Whether a character never joins with another of its sort into one, nor changes beside it.
fn stands_alone(c: char) -> bool {
    match c {
        '\r' | '\n' => false,
        '\0'..='\u{7f}' | '\u{c0}'..='\u{24f}' | '\u{410}'..='\u{44f}' => true,
        '\u{5d0}'..='\u{5ea}' | '\u{621}'..='\u{63a}' => true,
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' => true,
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => false,
    }
}

/// How many characters a text has.
pub fn count(text: &str) -> usize {
    if text.is_ascii() {
        // All bytes, but a carriage return and the newline after it are one.
        return text.len() - text.as_bytes().windows(2).filter(|pair| pair == b"\r\n").count();
    }
    text.graphemes(true).count()
}

/// Where in the text so many characters end.
pub fn offset(text: &str, characters: usize) -> usize {
    if characters >= text.len() {
        return text.len();
    }
    text.grapheme_indices(true).nth(characters).map_or(text.len(), |(at, _)| at)
}

/// A span of a long text being looked for: from a position on (from the end if negative) so many
/// characters.
struct Spanning {
    text: Word,
    position: i64,
    count: usize,
    /// A position before the first: the first counts, or there is no such span.
    clamped: bool,
    at: usize,
    /// Characters before `at`.
    seen: usize,
    /// How many characters come before the span, once that is known.
    before: Option<usize>,
    from: Option<usize>,
}

impl Roots for Spanning {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.text.roots(visit);
    }
}

impl Spanning {
    /// Counts all characters of a piece; whether it was the last, and the position is known.
    fn count_all(&mut self, text: &str, end: usize) -> bool {
        self.seen += count(&text[self.at..end]);
        self.at = end;
        if end < text.len() {
            return true;
        }
        let back = usize::try_from(self.position.unsigned_abs()).unwrap_or(usize::MAX);
        if back > self.seen && !self.clamped {
            return false;
        }
        self.before = Some(self.seen.saturating_sub(back));
        (self.at, self.seen) = (0, 0);
        true
    }

    /// Looks for the ends of the span in a piece; the span, once both are found.
    fn look(&mut self, text: &str, end: usize, before: usize) -> Option<(usize, usize)> {
        let piece = &text[self.at..end];
        let there = self.seen + count(piece);
        let found = |wanted: usize, seen: usize| match wanted < there || end == text.len() {
            true => Some(offset(piece, wanted - seen)),
            false => None,
        };
        if self.from.is_none() {
            self.from = found(before, self.seen).map(|n| self.at + n);
        }
        if let Some(from) = self.from
            && let Some(n) = found(before.saturating_add(self.count), self.seen)
        {
            return Some((from, self.at + n));
        }
        (self.at, self.seen) = (end, there);
        None
    }
}

impl Steps for Spanning {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let whole = heap.value(self.text);
        let text = whole.as_str().unwrap_or("");
        let end = piece_end(text, self.at);
        cx.charge(1 + (end - self.at) as u64 / 32);
        let Some(before) = self.before else {
            return Ok(if self.count_all(text, end) { None } else { Some(Value::NIL) });
        };
        Ok(self.look(text, end, before).map(|(from, to)| match from == to && !self.clamped {
            true => Value::NIL,
            false => string::slice(heap, whole, from, to).unwrap_or(whole),
        }))
    }
}

/// `count` characters of a long text from a position other than 0 on. `clamped`: as far as there are
/// any; otherwise nil if there are none.
pub fn span<'h>(
    cx: &mut Cx<'h, '_>,
    text: Value<'h>,
    position: i64,
    count: usize,
    clamped: bool,
) -> Answer<'h> {
    let before = usize::try_from(position).ok().map(|n| n - 1);
    let (text, at, seen) = (text.word(), 0, 0);
    run(cx, Spanning { text, position, count, clamped, at, seen, before, from: None })
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
    let width = separator.len();
    let part = move |text: &str, at: usize, found: Option<usize>| match found {
        Some(n) => (Some((at, at + n)), Some(at + n + width)),
        None => (Some((at, text.len())), None),
    };
    // To look for one character takes no preparation.
    let mut characters = separator.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return cut(cx, text, move |text, at, parts| {
            let wanted = parts + 1 < most;
            part(text, at, wanted.then(|| text[at..].find(character)).flatten())
        });
    }
    let separator = separator.to_owned();
    cut(cx, text, move |text, at, parts| {
        let wanted = parts + 1 < most;
        part(text, at, wanted.then(|| text[at..].find(separator.as_str())).flatten())
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
