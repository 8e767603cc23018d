//! Taking values apart in patterns: strict, and nothing is raised.

use std::sync::atomic::AtomicU64;

use super::access;
use crate::code::emit::SwitchTable;
use crate::compare;
use crate::data::vector::{self, VecRef};
use crate::data::{list, string};
use crate::heap::Heap;
use crate::native::{Cx, Res};
use crate::value::{Value, Word};

/// Whether two values are strictly equal.
#[inline]
pub(crate) fn same(a: Value<'_>, b: Value<'_>) -> bool {
    a.word() == b.word() && !a.word().is_pointer()
        || (a.word().is_pointer() && b.word().is_pointer() && compare::strict_eq(a, b))
}

/// The distance to the case that a value equals.
pub(crate) fn switch(heap: &Heap, table: &SwitchTable, word: Word) -> i32 {
    if !word.is_pointer() {
        let found = table.words.binary_search_by_key(&word.bits(), |&(w, _)| w);
        return found.map_or(table.default, |i| table.words[i].1);
    }
    let value = heap.value(word);
    let case = table.boxed.iter().find(|&&(w, _)| same(heap.value(w), value));
    case.map_or(table.default, |&(_, distance)| distance)
}

/// How many entries a value has as a vector; nothing for a collection that is none.
#[inline]
pub(crate) fn length(value: Value<'_>) -> Option<usize> {
    VecRef::of(value).map(VecRef::len)
}

/// An entry of a vector, counted from 0.
#[inline]
pub(crate) fn entry<'h>(heap: &'h Heap, value: Value<'h>, index: usize) -> Option<Value<'h>> {
    VecRef::of(value)?.get(heap, index)
}

/// A vector without its first `n` entries.
pub(crate) fn rest<'h>(heap: &'h Heap, value: Value<'h>, n: usize) -> Option<Value<'h>> {
    let vec = VecRef::of(value)?;
    vector::slice(heap, vec, n, vec.len().checked_sub(n)?)
}

/// First entry and rest.
#[inline(always)]
pub(crate) fn uncons<'h>(heap: &'h Heap, value: Value<'h>) -> Option<(Value<'h>, Value<'h>)> {
    heap.vec_uncons(value).or_else(|| uncons_any(heap, value))
}

#[inline(never)]
fn uncons_any<'h>(heap: &'h Heap, value: Value<'h>) -> Option<(Value<'h>, Value<'h>)> {
    let vec = VecRef::of(value)?;
    let head = vec.get(heap, 0)?;
    Some((head, vector::slice(heap, vec, 1, vec.len() - 1)?))
}

/// The value of a constant key in a map; notes its place in the cache if it can.
pub(crate) fn map_entry<'h>(
    map: Value<'h>,
    key: Value<'_>,
    cache: &AtomicU64,
) -> Option<Value<'h>> {
    let map = map.as_map()?;
    match key.as_symbol() {
        Some(name) => access::field_of(map, name, Some(cache)),
        None => map.get(key),
    }
}

/// The value of a key in a map.
pub(crate) fn map_entry_at<'h>(map: Value<'h>, key: Value<'h>) -> Option<Value<'h>> {
    map.as_map()?.get(key)
}

/// What follows a prefix in a string.
pub(crate) fn prefix<'h>(heap: &'h Heap, value: Value<'h>, prefix: Value<'_>) -> Option<Value<'h>> {
    let (text, prefix) = (value.as_str()?, prefix.as_str()?);
    if !text.starts_with(prefix) {
        return None;
    }
    string::slice(heap, value, prefix.len(), text.len())
}

/// The type of an exception, or the value itself.
pub(crate) fn exception_type<'h>(_: &mut Cx<'h, '_>, value: Value<'h>) -> Res<'h> {
    Ok(value.as_exception().map_or(value, |e| Value::symbol(e.type_name())))
}

/// Type and message of an exception as a list, or the value itself.
pub(crate) fn exception_parts<'h>(cx: &mut Cx<'h, '_>, value: Value<'h>) -> Res<'h> {
    let parts = |e: crate::data::exception::ExceptionRef<'h>| {
        list::new(cx.heap(), &[Value::symbol(e.type_name()), e.message()])
    };
    Ok(value.as_exception().map_or(value, parts))
}
