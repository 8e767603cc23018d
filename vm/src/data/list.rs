//! Lists: R's list, Elixir's tuple. Entries of any types, in one object.

use crate::heap::StaticObject;
use crate::heap::{Heap, layout};
use crate::value::Value;

static EMPTY: StaticObject<1> = StaticObject([layout::header(layout::LIST, layout::STATIC, 0, 1)]);

/// The list without entries, `{,}`.
pub fn empty() -> Value<'static> {
    EMPTY.value()
}

/// A list of these entries.
#[inline]
pub fn new<'h>(heap: &'h Heap, entries: &[Value<'h>]) -> Value<'h> {
    if entries.is_empty() {
        return empty();
    }
    heap.object(layout::LIST, 0, 0, &[], entries)
}

/// A list of the entries of several slices, one after the other.
#[inline]
pub fn of_parts<'h, const N: usize>(heap: &'h Heap, parts: [&[Value<'h>]; N]) -> Value<'h> {
    if parts.iter().all(|p| p.is_empty()) {
        return empty();
    }
    heap.object_of_parts(layout::LIST, 0, 0, &[], parts)
}

/// A list like `entries` with the one at `index` (from 0) replaced; nothing if there is none there.
pub fn with<'h>(
    heap: &'h Heap,
    entries: &[Value<'h>],
    index: usize,
    value: Value<'h>,
) -> Option<Value<'h>> {
    let after = entries.get(index + 1..)?;
    Some(of_parts(heap, [&entries[..index], &[value], after]))
}
