//! Strings: valid UTF-8. Short ones lie in the heap, long ones outside, shared and sliced.
//!
//! Appending in a chain is amortised O(1): the string that ends where its buffer's text ends takes
//! the room after it (see `heap/buf.rs`).

use crate::heap::buf::{INLINE_TEXT, text_of as long_text_of};
use crate::heap::layout;
use crate::heap::{Heap, StaticObject, trusted_text};
use crate::value::Value;
use smallvec::SmallVec;

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
    Some(trusted_text(bytes))
}

/// A string. Texts beyond [`MAX_LEN`] cannot be had: they are cut there at a character's boundary.
pub fn new<'h>(heap: &'h Heap, text: &str) -> Value<'h> {
    match text.len() {
        0 => empty(),
        n if n <= INLINE_TEXT => heap.short_text(&[text.as_bytes()]),
        _ => long(heap, &[text.as_bytes()], 0),
    }
}

fn long<'h>(heap: &'h Heap, parts: &[&[u8]], slack: usize) -> Value<'h> {
    if let Some(value) = heap.long_text(parts, slack) {
        return value;
    }
    let whole = parts.concat();
    let cut = trusted_text(&whole).floor_char_boundary(MAX_LEN);
    heap.long_text(&[&whole[..cut]], 0).unwrap_or(empty())
}

/// These strings one after the other; nothing if one of them is no string.
#[inline]
pub fn concat<'h>(heap: &'h Heap, parts: &[Value<'h>]) -> Option<Value<'h>> {
    let [first, more @ ..] = parts else { return Some(empty()) };
    let left = first.as_str()?.len();
    let mut added = 0;
    for part in more {
        added += part.as_str()?.len();
    }
    if added == 0 {
        return Some(*first);
    }
    if left > INLINE_TEXT
        && let Some(object) = first.object()
        && let Some(value) = heap.text_extend(object, more, added)
    {
        return Some(value);
    }
    let texts: SmallVec<[&[u8]; 4]> =
        parts.iter().filter_map(|part| part.as_str()).map(str::as_bytes).collect();
    if left + added <= INLINE_TEXT {
        let only = more.iter().find(|part| part.as_str().is_some_and(|text| text.len() == added));
        return match only {
            Some(only) if left == 0 => Some(*only),
            _ => Some(heap.short_text(&texts)),
        };
    }
    // Room for as much again: what is appended to once is likely to be appended to again.
    let roomy = left >= added && heap.has_room(2 * (left + added));
    let slack = if roomy { left + added } else { 0 };
    Some(long(heap, &texts, slack))
}

/// A string of all these pieces.
pub fn join<'h>(heap: &'h Heap, parts: &[&str]) -> Value<'h> {
    let total: usize = parts.iter().map(|p| p.len()).sum();
    let bytes: SmallVec<[&[u8]; 8]> = parts.iter().map(|p| p.as_bytes()).collect();
    match total {
        0 => empty(),
        n if n <= INLINE_TEXT => heap.short_text(&bytes),
        _ => long(heap, &bytes, 0),
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
