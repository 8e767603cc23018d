//! Building a map (or a set) of many entries at once.
//!
//! In: entries, one by one, with look-ups in between. Out: the map they make, in the order in which
//! keys were first put. An index over a plain table takes the place of path copying, so an entry
//! costs a fraction of a `put`.

use super::shape::{MAX_KEYS, Shape};
use super::{Value, bulk, empty, node, of_shape, same_key};
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
    finishing: Option<Box<Finishing>>,
}

/// A large map that is being finished part by part of its trie.
struct Finishing {
    /// The indices of the entries, by part.
    order: Vec<u32>,
    /// Where each part begins in `order`, and where the last one ends.
    starts: Vec<u32>,
    /// The parts made so far: nodes, or nil.
    made: Vec<Word>,
}

impl Finishing {
    fn new(entries: &[Entry]) -> Finishing {
        let parts = bulk::parts_of(entries.len());
        let mut starts = vec![0; parts + 1];
        for entry in entries {
            starts[bulk::part_of(entry.hash, parts) + 1] += 1;
        }
        for part in 0..parts {
            starts[part + 1] += starts[part];
        }
        let mut next = starts.clone();
        let mut order = vec![0; entries.len()];
        for (index, entry) in entries.iter().enumerate() {
            let at = &mut next[bulk::part_of(entry.hash, parts)];
            order[*at as usize] = index as u32;
            *at += 1;
        }
        Finishing { order, starts, made: Vec::with_capacity(parts) }
    }

    /// How many parts there are.
    fn parts(&self) -> usize {
        self.starts.len() - 1
    }
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

    /// As [`MapBuilder::finish`], but of a large map only as much as a look at `most` entries makes;
    /// to be called again until the map is there.
    pub fn finish_some<'h>(&mut self, heap: &'h Heap, most: usize) -> Option<Value<'h>> {
        if self.finishing.is_none() {
            if self.entries.len() <= most.max(MAX_KEYS) {
                return Some(std::mem::take(self).finish(heap));
            }
            self.finishing = Some(Box::new(Finishing::new(&self.entries)));
            return None;
        }
        let Some(f) = &mut self.finishing else { return None };
        let entries = &self.entries;
        let (mut seen, parts) = (0, f.parts());
        while seen < most && f.made.len() < parts {
            let part = f.made.len();
            let indices = &f.order[f.starts[part] as usize..f.starts[part + 1] as usize];
            let of = |&i: &u32| {
                let e = &entries[i as usize];
                node::Entry::nth(i as usize, e.hash, heap.value(e.key), heap.value(e.value))
            };
            let made = bulk::build_part(heap, indices.iter().map(of).collect(), parts);
            f.made.push(made.word());
            seen += indices.len();
        }
        if f.made.len() < parts {
            return None;
        }
        Some(bulk::join_parts(heap, heap.values(&f.made), entries.len(), self.exact))
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
        bulk::build(heap, self.entries.iter().map(entry).collect(), self.exact)
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
        if let Some(finishing) = &mut self.finishing {
            finishing.made.iter_mut().for_each(visit);
        }
    }
}
