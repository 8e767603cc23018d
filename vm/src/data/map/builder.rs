//! Building a map (or a set) of many entries at once.
//!
//! In: entries, one by one, with look-ups in between. Out: the map they make, in the order in which
//! keys were first put. An index over a plain table takes the place of path copying, so an entry
//! costs a fraction of a `put`.

use super::shape::{MAX_KEYS, Shape};
use super::{Value, empty, of_shape, same_key, trie};
use crate::hash::hash;
use crate::heap::Heap;
use crate::symbols::Symbol;
use crate::value::{Trace, Word};
use smallvec::SmallVec;

/// Up to so many entries are searched one by one.
const LINEAR: usize = 8;

/// A map under construction.
///
/// It holds bare words: while it lives across a collection, [`Trace::trace`] must be called on it.
#[derive(Default)]
pub struct MapBuilder {
    entries: Vec<Entry>,
    /// Open addressing: 0 is a free place, otherwise index + 1.
    places: Vec<u32>,
    exact: bool,
}

struct Entry {
    hash: u64,
    key: Word,
    value: Word,
}

impl MapBuilder {
    /// An empty builder.
    pub fn new() -> MapBuilder {
        MapBuilder::default()
    }

    /// A builder of a set's members, which are compared exactly.
    pub(crate) fn exact() -> MapBuilder {
        MapBuilder { exact: true, ..MapBuilder::default() }
    }

    /// The number of entries so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&self, heap: &Heap, key: Value<'_>, hash: u64) -> Option<usize> {
        let same = |e: &Entry| e.hash == hash && same_key(heap.value(e.key), key, self.exact);
        if self.places.is_empty() {
            return self.entries.iter().position(same);
        }
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.places[at] {
                0 => return None,
                n if same(&self.entries[n as usize - 1]) => return Some(n as usize - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The value of a key put earlier.
    pub fn get<'h>(&self, heap: &'h Heap, key: Value<'h>) -> Option<Value<'h>> {
        self.find(heap, key, hash(key)).map(|i| heap.value(self.entries[i].value))
    }

    /// The value at an index that [`MapBuilder::index_of`] gave.
    pub fn value_at<'h>(&self, heap: &'h Heap, index: usize) -> Option<Value<'h>> {
        self.entries.get(index).map(|e| heap.value(e.value))
    }

    /// Replaces the value at an index that [`MapBuilder::index_of`] gave.
    pub fn set_at(&mut self, index: usize, value: Value<'_>) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.value = value.word();
        }
    }

    /// The index of a key, which is put with this value if it was not there.
    pub fn index_of<'h>(&mut self, heap: &'h Heap, key: Value<'h>, value: Value<'h>) -> usize {
        let hash = hash(key);
        match self.find(heap, key, hash) {
            Some(index) => index,
            None => self.add(hash, key, value),
        }
    }

    /// Lets `key` stand for `value`.
    #[inline]
    pub fn put<'h>(&mut self, heap: &'h Heap, key: Value<'h>, value: Value<'h>) {
        let hash = hash(key);
        match self.find(heap, key, hash) {
            Some(index) => self.entries[index].value = value.word(),
            None => {
                self.add(hash, key, value);
            }
        }
    }

    fn add(&mut self, hash: u64, key: Value<'_>, value: Value<'_>) -> usize {
        let index = self.entries.len();
        self.entries.push(Entry { hash, key: key.word(), value: value.word() });
        if self.entries.len() * 2 > self.places.len() {
            if self.entries.len() > LINEAR {
                self.widen();
            }
        } else {
            place(&mut self.places, hash, index);
        }
        index
    }

    fn widen(&mut self) {
        let size = (self.entries.len() * 4).next_power_of_two();
        self.places = vec![0; size];
        for (index, entry) in self.entries.iter().enumerate() {
            place(&mut self.places, entry.hash, index);
        }
    }

    /// The map.
    pub fn finish(self, heap: &Heap) -> Value<'_> {
        if self.entries.is_empty() && !self.exact {
            return empty();
        }
        if self.entries.len() <= MAX_KEYS && !self.exact {
            let keys: Option<SmallVec<[Symbol; MAX_KEYS]>> =
                self.entries.iter().map(|e| e.key.as_symbol()).collect();
            if let Some(shape) = keys.and_then(|keys| Shape::of(&keys)) {
                let values: SmallVec<[Value<'_>; MAX_KEYS]> =
                    self.entries.iter().map(|e| heap.value(e.value)).collect();
                if let Some(map) = of_shape(heap, shape, &values) {
                    return map;
                }
            }
        }
        let entry = |e: &Entry| (e.hash, heap.value(e.key), heap.value(e.value));
        trie::build(heap, self.entries.iter().map(entry).collect(), self.exact)
    }
}

fn place(places: &mut [u32], hash: u64, index: usize) {
    let mask = places.len() - 1;
    let mut at = hash as usize & mask;
    while places[at] != 0 {
        at = (at + 1) & mask;
    }
    places[at] = index as u32 + 1;
}

impl Trace for MapBuilder {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for entry in &mut self.entries {
            visit(&mut entry.key);
            visit(&mut entry.value);
        }
    }
}
