//! A trie without an entry.
//!
//! In: a node, a key with its hash. Out: the node that takes its place. A bucket of which little is left is joined
//! with its neighbour, and a directory that comes to hold one bucket in all its places gives way
//! to that: so what a map takes goes with what is in it. No key is hashed, nor compared if the very word is there.

use super::node::{
    Bucket, CAPACITY, ENTRY, Few, MOST_BITS, byte_of, clash, directory, find_in_clash, place_of,
    triple,
};
use crate::heap::{Heap, Obj, layout};
use crate::value::Value;
use smallvec::SmallVec;

/// A bucket is joined with its neighbour if it has no more entries than this …
const SPARSE: usize = 5;
/// … and both together no more than this.
const JOINED: usize = 10;

/// The key of an entry to be removed.
#[derive(Clone, Copy)]
pub(super) struct Key<'k> {
    pub(super) key: Value<'k>,
    pub(super) hash: u64,
    pub(super) exact: bool,
}

/// What is left of a node without an entry. It is on its way for a moment only: no need for a box.
#[allow(clippy::large_enum_variant)]
pub(super) enum Rest<'h> {
    Missing,
    /// A bucket of these, or nothing.
    Few(Few<'h>),
    Node(Value<'h>),
}

/// The node without the key; so many bits of its hash have been looked at.
pub(super) fn remove<'h>(heap: &'h Heap, at: Obj<'h>, key: &Key<'_>, shift: u32) -> Rest<'h> {
    match at.tag() {
        layout::HNODE => remove_below(heap, at, key, shift),
        layout::HCLASH => remove_clash(heap, at, key),
        _ => remove_in(at, key),
    }
}

fn remove_in<'h>(at: Obj<'h>, key: &Key<'_>) -> Rest<'h> {
    let Some(bucket) = Bucket::of(at) else { return Rest::Missing };
    let Some(found) = bucket.find(key.key, key.hash, key.exact) else { return Rest::Missing };
    let mut few = Few::default();
    for i in (0..bucket.len()).filter(|&i| i != found) {
        few.push(bucket.byte(i), bucket.entry(i));
    }
    Rest::Few(few)
}

fn remove_clash<'h>(heap: &'h Heap, at: Obj<'h>, key: &Key<'_>) -> Rest<'h> {
    let words = at.values();
    let Some(i) = find_in_clash(words, key.key, key.exact) else { return Rest::Missing };
    let (before, after) = (&words[..i * ENTRY], &words[(i + 1) * ENTRY..]);
    if words.len() / ENTRY > CAPACITY + 1 {
        return Rest::Node(clash(heap, at.raw()[0], [before, after]));
    }
    let mut few = Few::default();
    for entry in before.chunks_exact(ENTRY).chain(after.chunks_exact(ENTRY)) {
        few.push(byte_of(key.hash), triple(entry));
    }
    Rest::Few(few)
}

fn remove_below<'h>(heap: &'h Heap, at: Obj<'h>, key: &Key<'_>, shift: u32) -> Rest<'h> {
    let bits = u32::from(at.aux());
    let words = at.values();
    let place = place_of(key.hash.checked_shr(shift).unwrap_or(0), bits);
    let Some(child) = words.get(place).and_then(|w| w.object()) else { return Rest::Missing };
    match remove(heap, child, key, shift + bits) {
        Rest::Missing => Rest::Missing,
        Rest::Node(node) => Rest::Node(heap.object_with(at, place, node)),
        Rest::Few(few) => {
            let depth = Bucket::of(child).map_or(bits, Bucket::depth);
            let places = SmallVec::from_slice(words);
            Places { words: places, bits, place, depth, few }.settle(heap)
        }
    }
}

/// The places of a directory, in one of which a bucket has become smaller.
struct Places<'h> {
    words: SmallVec<[Value<'h>; 1 << MOST_BITS]>,
    bits: u32,
    place: usize,
    depth: u32,
    few: Few<'h>,
}

impl<'h> Places<'h> {
    fn settle(mut self, heap: &'h Heap) -> Rest<'h> {
        while self.depth > 0 && self.join() {
            self.depth -= 1;
        }
        if self.depth == 0 {
            return Rest::Few(self.few);
        }
        let made = self.few.bucket(heap, 0, self.depth, self.few.len());
        for place in group(self.place, self.depth, self.bits) {
            self.words[place] = made;
        }
        Rest::Node(directory(heap, 0, self.bits, &self.words))
    }

    /// Takes the entries of the neighbouring bucket, if both are small.
    fn join(&mut self) -> bool {
        let other = self.place ^ 1 << (self.depth - 1);
        let is_empty = |place: usize| self.words[place].is_nil();
        if group(other, self.depth, self.bits).all(is_empty) {
            return self.few.len() <= SPARSE;
        }
        let neighbour = self.words[other].object().and_then(Bucket::of);
        let Some(neighbour) = neighbour.filter(|n| n.depth() == self.depth) else { return false };
        let fits = self.few.len() <= SPARSE && self.few.len() + neighbour.len() <= JOINED;
        if fits {
            self.few.extend(neighbour);
        }
        fits
    }
}

/// The places in which a bucket of this depth is that is in one of them.
pub(crate) fn group(place: usize, depth: u32, bits: u32) -> impl Iterator<Item = usize> + use<> {
    let first = place & ((1 << depth) - 1);
    (first..1 << bits).step_by(1 << depth)
}
