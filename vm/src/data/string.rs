//! Strings: valid UTF-8. Short ones lie in the heap, long ones outside, shared and sliced.
//!
//! Appending in a chain is amortised O(1): the string that ends where its buffer's text ends takes
//! the room after it (see `heap/buf.rs`).

use crate::heap::buf::{INLINE_TEXT, text_of as long_text_of};
use crate::heap::layout;
use crate::heap::{Heap, StaticObject};
use crate::value::Value;

static EMPTY: StaticObject<1> = StaticObject([layout::header(layout::STR, layout::STATIC, 0, 1)]);

/// The most bytes a string may have.
pub const MAX_LEN: usize = crate::heap::buf::MAX_LEN;

/// The string without text.
pub fn empty() -> Value<'static> {
    EMPTY.value()
}

/// The text of a string value.
#[inline]
pub(crate) fn text_of(value: Value<'_>) -> Option<&str> {
    let object = value.object()?;
    let bytes = match object.tag() {
        layout::STR => object.str_bytes(),
        layout::STRSLICE => long_text_of(object),
        _ => return None,
    };
    Some(crate::heap::trusted_text(bytes))
}

/// A string. Texts beyond [`MAX_LEN`] cannot be had: they are cut there at a character's boundary.
pub fn new<'h>(heap: &'h Heap, text: &str) -> Value<'h> {
    match text.len() {
        0 => empty(),
        n if n <= INLINE_TEXT => heap.short_text(&[text.as_bytes()]),
        _ => long(heap, &[text], 0),
    }
}

fn long<'h>(heap: &'h Heap, parts: &[&str], slack: usize) -> Value<'h> {
    let bytes: smallvec::SmallVec<[&[u8]; 4]> = parts.iter().map(|p| p.as_bytes()).collect();
    if let Some(value) = heap.long_text(&bytes, slack) {
        return value;
    }
    let whole: String = parts.concat();
    let cut = whole.floor_char_boundary(MAX_LEN);
    heap.long_text(&[&whole.as_bytes()[..cut]], 0).unwrap_or(empty())
}

/// The strings `a` and `b` one after the other; nothing if one of them is no string.
pub fn concat<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Option<Value<'h>> {
    let (left, right) = (a.as_str()?, b.as_str()?);
    if right.is_empty() {
        return Some(a);
    }
    if left.is_empty() {
        return Some(b);
    }
    let total = left.len() + right.len();
    if total <= INLINE_TEXT {
        return Some(heap.short_text(&[left.as_bytes(), right.as_bytes()]));
    }
    if left.len() > INLINE_TEXT
        && let Some(object) = a.object()
        && let Some(value) = heap.text_extend(object, right.as_bytes())
    {
        return Some(value);
    }
    // Room for as much again: what is appended to once is likely to be appended to again.
    let slack = if left.len() >= right.len() { total } else { 0 };
    Some(long(heap, &[left, right], slack))
}

/// A string of all these pieces.
pub fn join<'h>(heap: &'h Heap, parts: &[&str]) -> Value<'h> {
    let total: usize = parts.iter().map(|p| p.len()).sum();
    match total {
        0 => empty(),
        n if n <= INLINE_TEXT => {
            let bytes: smallvec::SmallVec<[&[u8]; 8]> =
                parts.iter().map(|p| p.as_bytes()).collect();
            heap.short_text(&bytes)
        }
        _ => long(heap, parts, 0),
    }
}

/// The bytes `from..to` of a string, sharing its buffer where that pays; nothing if `value` is no
/// string, or the range is none of it, or cuts a character.
pub fn slice<'h>(heap: &'h Heap, value: Value<'h>, from: usize, to: usize) -> Option<Value<'h>> {
    let text = value.as_str()?;
    let piece = text.get(from..to)?;
    if piece.len() == text.len() {
        return Some(value);
    }
    if piece.len() <= INLINE_TEXT {
        return Some(new(heap, piece));
    }
    Some(heap.text_slice(value.object()?, from, piece.len()))
}

/// Builds a string from pieces.
///
/// A `String` with the conversion at the end: kept apart from heaps, it may be held while a native is
/// suspended.
#[derive(Debug, Default, Clone)]
pub struct StrBuilder {
    text: String,
}

impl StrBuilder {
    /// An empty builder.
    pub fn new() -> StrBuilder {
        StrBuilder::default()
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The text so far, to be written to.
    pub fn text(&mut self) -> &mut String {
        &mut self.text
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The string.
    pub fn finish(self, heap: &Heap) -> Value<'_> {
        new(heap, &self.text)
    }
}
