//! Natives of Constant: values of the whole program, in static memory, read without copying.
//!
//! Static memory is never freed, so a value put again under its key leaves the old one behind, as
//! other processes may still hold it. A value equal to the one that is there is not put again.

use foldhash::{HashMap, HashMapExt};
use parking_lot::RwLock;
use rata_vm::compare::strict_eq;
use rata_vm::data::map::same_key;
use rata_vm::freeze;
use rata_vm::hash::hash;
use rata_vm::heap::Heap;
use rata_vm::native::{Cx, Native};
use rata_vm::sym;
use rata_vm::value::{Value, Word};
use std::sync::LazyLock;

/// A key and its value, in static memory.
#[derive(Clone, Copy)]
struct Entry {
    key: Word,
    value: Word,
}

/// Entries by the hash of their key.
static CONSTANTS: LazyLock<RwLock<HashMap<u64, Vec<Entry>>>> =
    LazyLock::new(|| RwLock::new(HashMap::new()));

fn position(heap: &Heap, entries: &[Entry], key: Value<'_>) -> Option<usize> {
    entries.iter().position(|entry| same_key(heap.value(entry.key), key, false))
}

/// `put(key, value)`
pub fn constant_put<'h>(cx: &mut Cx<'h, '_>, [key, value]: [Value<'h>; 2]) -> Native<'h> {
    let heap = cx.heap();
    let bytes = heap.used_bytes();
    cx.before_effect();
    let mut constants = CONSTANTS.write();
    let entries = constants.entry(hash(key)).or_default();
    match position(heap, entries, key) {
        Some(at) if strict_eq(heap.value(entries[at].value), value) => {}
        Some(at) => entries[at].value = freeze(value).word(),
        None => entries.push(Entry { key: freeze(key).word(), value: freeze(value).word() }),
    }
    drop(constants);
    // What is frozen is part of the heap, whose size bounds the work.
    cx.charge(1 + bytes as u64 / 4096);
    Native::Value(Value::symbol(sym::OK))
}

/// `get(key, default)`
pub fn constant_get<'h>(cx: &mut Cx<'h, '_>, [key, default]: [Value<'h>; 2]) -> Native<'h> {
    let heap = cx.heap();
    let constants = CONSTANTS.read();
    let found =
        constants.get(&hash(key)).and_then(|entries| Some(entries[position(heap, entries, key)?]));
    Native::Value(found.map_or(default, |entry| heap.value(entry.value)))
}

/// `erase(key)`: whether it was there.
pub fn constant_erase<'h>(cx: &mut Cx<'h, '_>, [key]: [Value<'h>; 1]) -> Native<'h> {
    let heap = cx.heap();
    cx.before_effect();
    let mut constants = CONSTANTS.write();
    let Some(entries) = constants.get_mut(&hash(key)) else {
        return Native::Value(Value::FALSE);
    };
    let found = position(heap, entries, key);
    if let Some(at) = found {
        entries.swap_remove(at);
    }
    Native::Value(Value::bool(found.is_some()))
}
