//! Maps: strict keys, insertion order, persistent.
//!
//! In: keys and values. Out: new maps; old ones stay as they were.
//!
//! A map of up to 32 symbol keys is a *shape* (the key layout, shared by all maps with the same keys
//! in the same order) and its values: `shape.rs`. Any other is a hash trie whose entries carry
//! insertion numbers: `trie.rs`. Which of the two a map is cannot be observed.
//!
//! A symbol and the string of the same text are one key; the key of an entry is the one that was put
//! first. Ints and floats are different keys, 0.0 and -0.0 one, nan equals itself. Sets are tries
//! whose members are compared exactly (`:a` and `"a"` are two members).

mod builder;
mod bulk;
pub(crate) mod node;
mod remove;
pub mod shape;
pub(crate) mod trie;

pub(crate) use bulk::{build_node, entries_of};
pub(crate) use remove::group;

pub use builder::MapBuilder;
pub use shape::Shape;

use crate::compare::strict_eq;
use crate::hash::hash;
use crate::heap::{Edit, Heap, StaticObject, layout};
use crate::symbols::{Symbol, Text};
use crate::value::Value;
use trie::{TrieRef, TrieWalk};

/// A map.
#[derive(Clone, Copy)]
pub struct MapRef<'h> {
    value: Value<'h>,
    form: Form<'h>,
}

#[derive(Clone, Copy)]
enum Form<'h> {
    Shaped(&'static Shape, &'h [Value<'h>]),
    Trie(TrieRef<'h>),
}

static EMPTY: StaticObject<2> =
    StaticObject([layout::header(layout::MAP, layout::STATIC, 0, 2), 0]);

/// The map without entries, `{}`.
#[inline]
pub fn empty() -> Value<'static> {
    EMPTY.value()
}

/// A map with the keys of a shape and these values, in the shape's order. Nothing if their numbers
/// differ.
#[inline]
pub fn of_shape<'h>(heap: &'h Heap, shape: &Shape, values: &[Value<'h>]) -> Option<Value<'h>> {
    if shape.len() != values.len() {
        return None;
    }
    Some(heap.object(layout::MAP, 0, 0, &[shape.id() as u64], values))
}

/// A map of these entries. Of entries with one key the last gives the value, the first the place.
pub fn from_entries<'h>(heap: &'h Heap, entries: &[(Value<'h>, Value<'h>)]) -> Value<'h> {
    let mut builder = MapBuilder::new();
    for &(key, value) in entries {
        builder.put(heap, key, value);
    }
    builder.finish(heap)
}

/// Whether two keys are the same key. `exact`: also tell symbols from strings (sets).
#[inline]
pub fn same_key(a: Value<'_>, b: Value<'_>, exact: bool) -> bool {
    if a.word() == b.word() {
        return true;
    }
    if !a.word().is_pointer() && !b.word().is_pointer() {
        return false;
    }
    if !exact && (a.as_symbol().is_some() || b.as_symbol().is_some()) {
        return match (key_text(a), key_text(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
    }
    strict_eq(a, b)
}

/// The text of a key that is a symbol or a string.
pub(crate) fn key_text(key: Value<'_>) -> Option<Text<'_>> {
    match key.as_symbol() {
        Some(symbol) => Some(symbol.text()),
        None => key.as_str().map(Text::Plain),
    }
}

/// The symbol that a key is the same key as, if there is one.
#[inline]
fn as_symbol_key(key: Value<'_>) -> Option<Symbol> {
    match key.as_symbol() {
        Some(symbol) => Some(symbol),
        None => Symbol::lookup(key.as_str()?),
    }
}

/// What [`MapRef::edit`] gives for a large map as it most often is; nothing for any other value.
#[inline(always)]
pub fn edit_at_once<'h>(map: Value<'h>, key: Value<'h>, value: Value<'h>) -> Option<Edit<'h>> {
    let object = map.object()?;
    let is_trie = matches!(object.tag(), layout::HMAP | layout::OMAP);
    is_trie.then(|| TrieRef::new(object).edit(key, value, false))
}

impl<'h> MapRef<'h> {
    #[inline]
    pub(crate) fn of(value: Value<'h>) -> Option<MapRef<'h>> {
        let object = value.object()?;
        let form = match object.tag() {
            layout::MAP => Form::Shaped(Shape::of_id(object.raw()[0] as u32)?, object.values()),
            layout::HMAP | layout::OMAP => Form::Trie(TrieRef::new(object)),
            layout::SMAP => Form::Trie(TrieRef::of(value)?),
            _ => return None,
        };
        Some(MapRef { value, form })
    }

    /// The value this is.
    #[inline]
    pub fn value(self) -> Value<'h> {
        self.value
    }

    /// The number of entries.
    #[inline]
    pub fn len(self) -> usize {
        match self.form {
            Form::Shaped(_, values) => values.len(),
            Form::Trie(trie) => trie.len(),
        }
    }

    /// Whether there are no entries.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Shape and values, if the map has a shape: what an inline cache keys on.
    #[inline]
    pub fn shaped(self) -> Option<(&'static Shape, &'h [Value<'h>])> {
        match self.form {
            Form::Shaped(shape, values) => Some((shape, values)),
            Form::Trie(_) => None,
        }
    }

    /// The value of a key.
    #[inline]
    pub fn get(self, key: Value<'_>) -> Option<Value<'h>> {
        match self.form {
            Form::Shaped(shape, values) => {
                let index = shape.find(as_symbol_key(key)?)?;
                values.get(index).copied()
            }
            Form::Trie(trie) => trie.get(key, hash(key)),
        }
    }

    /// The value of a symbol key.
    #[inline]
    pub fn get_symbol(self, key: Symbol) -> Option<Value<'h>> {
        match self.form {
            Form::Shaped(shape, values) => values.get(shape.find(key)?).copied(),
            Form::Trie(trie) => trie.get(Value::symbol(key), key.text_hash()),
        }
    }

    /// The key as it was first put, and its value.
    pub fn entry(self, key: Value<'_>) -> Option<(Value<'h>, Value<'h>)> {
        match self.form {
            Form::Shaped(shape, values) => {
                let index = shape.find(as_symbol_key(key)?)?;
                Some((Value::symbol(shape.keys()[index]), *values.get(index)?))
            }
            Form::Trie(trie) => trie.entry(key, hash(key)),
        }
    }

    /// The map with `key` standing for `value`.
    #[inline]
    pub fn put(self, heap: &'h Heap, key: Value<'h>, value: Value<'h>) -> Value<'h> {
        let (shape, values) = match self.form {
            Form::Shaped(shape, values) => (shape, values),
            Form::Trie(trie) => return trie.put(heap, key, hash(key), value),
        };
        if let Some(index) = as_symbol_key(key).and_then(|s| shape.find(s)) {
            if values[index].word() == value.word() {
                return self.value;
            }
            if let Some(object) = self.value.object() {
                return heap.object_with(object, index, value);
            }
        }
        if let Some(longer) = key.as_symbol().and_then(|symbol| shape.with(symbol)) {
            return shaped(heap, longer, [values, &[value], &[]]);
        }
        let trie = self.to_trie(heap);
        TrieRef::of(trie).map_or(trie, |t| t.put(heap, key, hash(key), value))
    }

    /// The same in place, if this can be done so (with many keys, or other keys than symbols).
    #[inline(always)]
    pub fn edit(self, key: Value<'h>, value: Value<'h>) -> Option<Edit<'h>> {
        match self.form {
            Form::Shaped(..) => None,
            Form::Trie(trie) => Some(trie.edit(key, value, false)),
        }
    }

    /// The map without `key`; nothing if it has no such key.
    pub fn remove(self, heap: &'h Heap, key: Value<'_>) -> Option<Value<'h>> {
        let (shape, values) = match self.form {
            Form::Shaped(shape, values) => (shape, values),
            Form::Trie(trie) => {
                let rest = trie.remove(heap, key, hash(key))?;
                let is_empty = TrieRef::of(rest).is_some_and(|t| t.len() == 0);
                return Some(if is_empty { empty() } else { rest });
            }
        };
        let index = shape.find(as_symbol_key(key)?)?;
        let (before, after) = (&values[..index], &values[index + 1..]);
        if before.is_empty() && after.is_empty() {
            return Some(empty());
        }
        if let Some(shorter) = shape.without(index) {
            return Some(shaped(heap, shorter, [before, after, &[]]));
        }
        TrieRef::of(self.to_trie(heap))?.remove(heap, key, hash(key))
    }

    /// The entries, in the order in which their keys were first put. O(len), at once for a trie.
    pub fn iter(self) -> MapIter<'h> {
        match self.form {
            Form::Shaped(shape, values) => MapIter::Shaped(shape, values, 0),
            Form::Trie(trie) => MapIter::Listed(trie.in_order().into_iter()),
        }
    }

    /// Calls `f` on each entry, in any order, until it returns false; whether it never did.
    pub fn each(self, f: &mut dyn FnMut(Value<'h>, Value<'h>) -> bool) -> bool {
        match self.form {
            Form::Shaped(shape, values) => {
                let mut entries = shape.keys().iter().zip(values);
                entries.all(|(&key, &value)| f(Value::symbol(key), value))
            }
            Form::Trie(trie) => trie.each(&mut |key, value, _| f(key, value)),
        }
    }

    /// The entries, in any order, found as they are asked for.
    pub(crate) fn walk(self) -> MapWalk<'h> {
        match self.form {
            Form::Shaped(..) => MapWalk::Shaped(self.iter()),
            Form::Trie(trie) => MapWalk::Trie(trie.walk()),
        }
    }

    /// The entries of `self` and those of `other`; where both have a key, the value of `other`.
    pub fn merge(self, heap: &'h Heap, other: MapRef<'h>) -> Value<'h> {
        if self.is_empty() {
            return other.value;
        }
        if other.len() > 16 && other.len() * 4 > self.len() {
            let mut builder = MapBuilder::new();
            for (key, value) in self.iter().chain(other.iter()) {
                builder.put(heap, key, value);
            }
            return builder.finish(heap);
        }
        let mut merged = self;
        for (key, value) in other.iter() {
            let next = merged.put(heap, key, value);
            merged = MapRef::of(next).unwrap_or(merged);
        }
        merged.value
    }

    fn to_trie(self, heap: &'h Heap) -> Value<'h> {
        let entries: Vec<_> = self.iter().map(|(k, v)| (hash(k), k, v)).collect();
        bulk::build(heap, entries, false)
    }
}

#[inline]
fn shaped<'h>(heap: &'h Heap, shape: &Shape, parts: [&[Value<'h>]; 3]) -> Value<'h> {
    heap.object_of_parts(layout::MAP, 0, 0, &[shape.id() as u64], parts)
}

/// The entries of a map, in any order.
pub(crate) enum MapWalk<'h> {
    Shaped(MapIter<'h>),
    Trie(TrieWalk<'h>),
}

impl<'h> Iterator for MapWalk<'h> {
    type Item = (Value<'h>, Value<'h>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            MapWalk::Shaped(entries) => entries.next(),
            MapWalk::Trie(entries) => entries.next().map(|(key, value, _)| (key, value)),
        }
    }
}

/// The entries of a map in order.
pub enum MapIter<'h> {
    /// Of a shaped map, from this index on.
    Shaped(&'static Shape, &'h [Value<'h>], usize),
    /// Of a trie, listed.
    Listed(std::vec::IntoIter<(Value<'h>, Value<'h>)>),
}

impl<'h> Iterator for MapIter<'h> {
    type Item = (Value<'h>, Value<'h>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            MapIter::Shaped(shape, values, at) => {
                let entry = (Value::symbol(*shape.keys().get(*at)?), *values.get(*at)?);
                *at += 1;
                Some(entry)
            }
            MapIter::Listed(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            MapIter::Shaped(_, values, at) => values.len() - at,
            MapIter::Listed(entries) => entries.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for MapIter<'_> {}

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trie_tests;
