//! The hash trie of large maps and of sets: directories of up to 32 places over buckets of up to 16 entries, with
//! insertion numbers.
//!
//! In: a key with its hash. Out: the value found, or a new trie that shares all but the path.
//!
//! An HMAP object holds the number of entries, the next insertion number and the root node; `node.rs` tells what
//! nodes there are. A look-up goes through directories, which are few and so in the cache, to a bucket,
//! which is not if the map is large. All directories of a level being full alike, it can be foretold which way it goes:
//! so the processor begins with the next look-up while it waits for memory.
//!
//! Putting is in `heap/edit_map.rs`, whether in place or not: what a map does not own is copied.

use super::node::{BUCKET, Bucket, ENTRY, Entry, find_in_clash, place_of, triple};
use super::{bulk, remove};
use crate::hash::hash;
use crate::heap::{Edit, Heap, Obj, RawPut, edit_map, layout};
use crate::value::Value;
use remove::Rest;

/// A trie: a map (not shaped), or the members of a set.
#[derive(Clone, Copy)]
pub(crate) struct TrieRef<'h> {
    object: Obj<'h>,
}

/// An entry to be put.
#[derive(Clone, Copy)]
pub(crate) struct New<'h> {
    pub(crate) entry: Entry<'h>,
    pub(crate) exact: bool,
    /// What the nodes made for it are stamped with.
    pub(crate) stamp: u64,
}

impl<'h> TrieRef<'h> {
    pub(crate) fn new(object: Obj<'h>) -> TrieRef<'h> {
        TrieRef { object }
    }

    pub(crate) fn of(value: Value<'h>) -> Option<TrieRef<'h>> {
        let object = value.object()?;
        object.settle();
        matches!(object.tag(), layout::HMAP | layout::OMAP).then_some(TrieRef { object })
    }

    /// Number of entries, next insertion number and root, as they lie in the object.
    pub(crate) fn parts(self) -> [u64; 3] {
        [self.len() as u64, self.next_number() as u64, self.object.values()[0].word().bits()]
    }

    /// Puts an entry as [`TrieRef::put`] does, in place where that can be.
    #[inline(always)]
    pub(crate) fn edit(self, key: Value<'h>, value: Value<'h>, set: bool) -> Edit<'h> {
        let [trie, key, value] = [self.object.value(), key, value].map(Value::word);
        let hash = hash(Value::new(key));
        Edit::put(RawPut { trie, key, value, hash, set })
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.object.raw()[0] as usize
    }

    fn next_number(self) -> usize {
        self.object.raw()[1] as usize
    }

    fn exact(self) -> bool {
        self.object.flags() & layout::EXACT_TEXT != 0
    }

    fn root(self) -> Option<Obj<'h>> {
        self.object.values()[0].object()
    }

    #[inline]
    pub(crate) fn get(self, key: Value<'_>, hash: u64) -> Option<Value<'h>> {
        self.find(key, hash).map(|entry| entry[1])
    }

    pub(crate) fn entry(self, key: Value<'_>, hash: u64) -> Option<(Value<'h>, Value<'h>)> {
        self.find(key, hash).map(|entry| (entry[0], entry[1]))
    }

    #[inline]
    fn find(self, key: Value<'_>, hash: u64) -> Option<[Value<'h>; ENTRY]> {
        let exact = self.exact();
        let leaf = leaf_of(self.root()?, hash)?;
        match Bucket::of(leaf) {
            Some(bucket) => bucket.find(key, hash, exact).map(|i| bucket.entry(i)),
            None => {
                let words = leaf.values();
                let found = find_in_clash(words, key, exact)?;
                Some(triple(&words[found * ENTRY..]))
            }
        }
    }

    /// The trie with `key` standing for `value`.
    #[inline]
    pub(crate) fn put(
        self,
        heap: &'h Heap,
        key: Value<'h>,
        hash: u64,
        value: Value<'h>,
    ) -> Value<'h> {
        edit_map::disown(self.object);
        let (len, next) = (self.len(), self.next_number());
        let entry = Entry::nth(next, hash, key, value);
        let new = New { entry, exact: self.exact(), stamp: 0 };
        let Some((root, added)) = heap.put_copying(self.object.values()[0], &new) else {
            return self.object.value();
        };
        let flags = self.object.flags() & layout::EXACT_TEXT;
        bulk::root_object(heap, flags, len + added, next + added, root)
    }

    /// The trie without `key`; nothing if it has no such key.
    pub(crate) fn remove(self, heap: &'h Heap, key: Value<'_>, hash: u64) -> Option<Value<'h>> {
        edit_map::disown(self.object);
        let key = remove::Key { key, hash, exact: self.exact() };
        let root = match remove::remove(heap, self.root()?, &key, 0) {
            Rest::Missing => return None,
            Rest::Few(few) => few.bucket(heap, 0, 0, few.len()),
            Rest::Node(node) => node,
        };
        let flags = self.object.flags() & layout::EXACT_TEXT;
        Some(bulk::root_object(heap, flags, self.len() - 1, self.next_number(), root))
    }

    /// Calls `f` with key, value and insertion number of each entry, in any order, until it returns
    /// false; whether it never did.
    pub(crate) fn each(self, f: &mut dyn FnMut(Value<'h>, Value<'h>, i64) -> bool) -> bool {
        self.walk().all(|(key, value, number)| f(key, value, number))
    }

    /// The entries with their insertion numbers, in any order, found as they are asked for.
    pub(crate) fn walk(self) -> TrieWalk<'h> {
        TrieWalk { entries: [].chunks_exact(ENTRY), nodes: self.root().into_iter().collect() }
    }

    /// All entries in the order of their insertion.
    pub(crate) fn in_order(self) -> Vec<(Value<'h>, Value<'h>)> {
        let len = self.len();
        let numbers = self.next_number();
        if numbers > len.saturating_mul(4) + 64 {
            let mut entries = Vec::with_capacity(len);
            self.each(&mut |key, value, number| {
                entries.push((number, key, value));
                true
            });
            entries.sort_unstable_by_key(|e| e.0);
            return entries.into_iter().map(|(_, key, value)| (key, value)).collect();
        }
        let mut places: Vec<Option<(Value<'h>, Value<'h>)>> = vec![None; numbers];
        self.each(&mut |key, value, number| {
            places[number as usize] = Some((key, value));
            true
        });
        places.into_iter().flatten().collect()
    }
}

/// The bucket (or clash) for a hash, below a root.
#[inline(always)]
fn leaf_of<'h>(root: Obj<'h>, hash: u64) -> Option<Obj<'h>> {
    let (mut at, mut left) = (root, hash);
    if at.tag() != layout::HNODE {
        return Some(at);
    }
    while let Some((raw, words)) = at.parts_of(layout::HNODE) {
        let bits = u32::from(at.aux());
        let place = place_of(left, bits);
        at = words.get(place)?.object()?;
        left >>= bits;
        // What it is says the directory, which is at hand.
        if raw[0] >> place & 1 == 0 {
            // Some of them will be looked at, one after the other.
            at.fetch(BUCKET);
            break;
        }
    }
    Some(at)
}

/// The entries of a trie, in any order.
pub(crate) struct TrieWalk<'h> {
    entries: std::slice::ChunksExact<'h, Value<'h>>,
    /// Nodes still to be looked at.
    nodes: Vec<Obj<'h>>,
}

impl<'h> Iterator for TrieWalk<'h> {
    type Item = (Value<'h>, Value<'h>, i64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some((entry[0], entry[1], entry[2].as_small().unwrap_or(0)));
            }
            let at = self.nodes.pop()?;
            match Bucket::of(at) {
                Some(bucket) => self.entries = bucket.words().chunks_exact(ENTRY),
                None if at.tag() == layout::HCLASH => {
                    self.entries = at.values().chunks_exact(ENTRY);
                }
                None => self.nodes.extend(children(at)),
            }
        }
    }
}

/// What is in the places of a directory: each node once, by the first of its places.
fn children<'h>(directory: Obj<'h>) -> impl Iterator<Item = Obj<'h>> {
    directory.values().iter().enumerate().filter_map(|(place, word)| {
        let node = word.object()?;
        let is_first = Bucket::of(node).is_none_or(|b| place >> b.depth() == 0);
        is_first.then_some(node)
    })
}
