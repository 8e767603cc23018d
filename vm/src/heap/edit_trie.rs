//! Putting an entry into the nodes of a trie, in place as far as they bear the right stamp.
//!
//! In: the word that holds the root, an entry. Out: what it did; the root's word and the nodes that may be
//! changed now have the entry. Others on the way are copied, and the copies put in their places: without
//! a stamp that is all of them, and so the persistent `put` is this too.
//!
//! A bucket that is full is split in two by the next bit of the hashes; if its directory looks at no more
//! bits, that is doubled; if that is as large as it may be, the bucket becomes a directory.
//!
//! Nodes that are changed may be old: then what is written is noted, since it may be young.
#![allow(unsafe_code)]

use super::object::fetch;
use super::{Heap, Obj, layout};
use crate::data::map::node::{
    self, BUCKET, Bucket, CAPACITY, ENTRY, Entry, HEAD, MOST_BITS, byte_of, count_of, depth_of,
};
use crate::data::map::trie::New;
use crate::data::map::{build_node, entries_of, group};
use crate::hash::hash;
use crate::value::{Value, Word};
use std::ptr;

/// What putting did.
pub(super) enum Put {
    Same,
    /// The key, as it was there, and its value.
    Replaced([u64; 2]),
    Added,
    /// Nothing, since the old version does not own its nodes any more.
    Lost,
}

/// Which of sixteen bytes, the first eight in the first word, are equal to one: a bitmap.
#[inline(always)]
pub(crate) fn equal_bytes(words: [u64; 2], byte: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every such processor has SSE2.
    unsafe {
        use std::arch::x86_64::*;
        let all = _mm_set_epi64x(words[1] as i64, words[0] as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(byte as i8))) as u32
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let bytes = words.iter().flat_map(|w| w.to_le_bytes());
        bytes.enumerate().fold(0, |map, (i, b)| map | u32::from(b == byte) << i)
    }
}

/// A word of a node, or that of the root, whose node is null.
#[derive(Clone, Copy)]
struct Slot {
    node: *mut u64,
    at: *mut u64,
}

/// Where a node hangs.
#[derive(Clone, Copy)]
struct Place {
    /// The word that holds it, in a directory unless it is the root.
    slot: Slot,
    /// The word that holds the directory.
    above: Slot,
    /// Which of its places that is, and of how many bits.
    index: usize,
    bits: u32,
    /// How many bits have been looked at before this directory.
    shift: u32,
}

impl Place {
    fn root(at: *mut u64) -> Place {
        let slot = Slot { node: ptr::null_mut(), at };
        Place { slot, above: slot, index: 0, bits: 0, shift: 0 }
    }

    /// The directory; null at the root.
    fn directory(&self) -> *mut u64 {
        self.slot.node
    }

    /// How many bits have been looked at.
    fn looked(&self) -> u32 {
        self.shift + self.bits
    }

    /// The place for a hash in the directory that is in this place.
    unsafe fn below(self, directory: *mut u64, hash: u64) -> Place {
        let shift = self.looked();
        // SAFETY: by contract a directory.
        unsafe {
            let bits = u32::from(layout::aux_of(*directory));
            let index = node::place_of(hash.checked_shr(shift).unwrap_or(0), bits);
            Place { slot: place_in(directory, index), above: self.slot, index, bits, shift }
        }
    }
}

/// A place of a directory.
unsafe fn place_in(directory: *mut u64, index: usize) -> Slot {
    // SAFETY: by contract it has so many places.
    Slot { node: directory, at: unsafe { directory.add(2 + index) } }
}

impl Heap {
    /// Writes a word of a node that may be changed.
    #[inline(always)]
    unsafe fn store(&self, node: *mut u64, at: *mut u64, word: Word) {
        // SAFETY: by contract.
        unsafe {
            *at = word.bits();
            if word.is_pointer() && !node.is_null() && *node & layout::bits(layout::OLD) != 0 {
                self.note_slot(at);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn note_slot(&self, at: *mut u64) {
        if let Some(attic) = self.attic.get() {
            attic.slots.borrow_mut().push(at);
        }
    }

    /// Puts another node in the places of one of this depth.
    unsafe fn set(&self, place: &Place, depth: u32, made: Word) {
        // SAFETY: by contract the directory may be changed.
        unsafe {
            let directory = place.directory();
            if directory.is_null() {
                *place.slot.at = made.bits();
                return;
            }
            for index in group(place.index, depth, place.bits) {
                self.store(directory, directory.add(2 + index), made);
            }
        }
    }

    /// Puts a node into this place alone.
    unsafe fn set_one(&self, place: &Place, made: Value<'_>) {
        // SAFETY: by contract the directory may be changed.
        unsafe {
            let directory = place.directory();
            self.store(directory, place.slot.at, made.word());
            if !directory.is_null() && made.object().is_some_and(|o| o.tag() == layout::HNODE) {
                *directory.add(1) |= 1 << place.index;
            }
        }
    }

    /// Puts an entry into a copy of what needs to be copied of a trie: the new root, and how many entries were
    /// added. Nothing if it was there.
    pub(crate) fn put_copying<'h>(
        &'h self,
        root: Value<'h>,
        new: &New<'h>,
    ) -> Option<(Value<'h>, usize)> {
        let mut root = root.word().bits();
        // SAFETY: the root of a trie; without a stamp nothing but that word is written.
        let put = unsafe { self.put_below(&raw mut root, new, &|| false) };
        let root = Value::new(Word::from_bits(root));
        match put {
            Put::Same | Put::Lost => None,
            Put::Replaced(_) => Some((root, 0)),
            Put::Added => Some((root, 1)),
        }
    }

    /// Puts an entry into the trie whose root is in `slot`. `is_lost`: whether the nodes with the stamp
    /// belong to others as well since a moment ago.
    ///
    /// # Safety
    /// The slot holds a root or nil; it may be written, and so may be nodes below with the stamp.
    pub(super) unsafe fn put_below<'h>(
        &'h self,
        slot: *mut u64,
        new: &New<'h>,
        is_lost: &dyn Fn() -> bool,
    ) -> Put {
        // SAFETY: by contract; directories on the way are made such as may be changed. Copies in the
        // place of what they are copies of change nothing.
        unsafe {
            let mut place = Place::root(slot);
            loop {
                let word = *place.slot.at;
                if word == Word::NIL.bits() {
                    let made = node::bucket(self, new.stamp, place.bits, &[new.entry]);
                    self.set_one(&place, made);
                    return Put::Added;
                }
                let node = Word::from_bits(word).address();
                match layout::tag_of(*node) {
                    layout::HNODE => {
                        let node = match is_own(node, new.stamp) {
                            true => node,
                            false => self.copy_directory(place.slot, node, new.stamp),
                        };
                        place = place.below(node, new.entry.hash);
                        if *node.add(1) >> place.index & 1 == 0 {
                            // In vain if nothing is there.
                            fetch(*place.slot.at, BUCKET);
                        }
                    }
                    layout::HCLASH => return self.put_in_clash(&place, node, new, is_lost),
                    _ => return self.put_in_bucket(&place, node, new, is_lost),
                }
            }
        }
    }

    unsafe fn put_in_bucket<'h>(
        &'h self,
        place: &Place,
        node: *mut u64,
        new: &New<'h>,
        is_lost: &dyn Fn() -> bool,
    ) -> Put {
        // SAFETY: by contract a bucket in this place.
        unsafe {
            let [key, value, number] = new.entry.words;
            let Some(bucket) = Bucket::of(Obj::new(node)) else { return Put::Lost };
            let found = bucket.find(key, new.entry.hash, new.exact);
            let count = bucket.len();
            if is_lost() {
                return Put::Lost;
            }
            if let Some(index) = found {
                let entry = node.add(HEAD + index * ENTRY);
                let before = [*entry, *entry.add(1)];
                if before[1] == value.word().bits() {
                    return Put::Same;
                }
                let node = self.own_bucket(place, node, count, new.stamp);
                self.store(node, node.add(HEAD + index * ENTRY + 1), value.word());
                return Put::Replaced(before);
            }
            if count == CAPACITY {
                let mut entries = entries_of(bucket.words(), hash);
                if is_lost() {
                    return Put::Lost;
                }
                entries.push(new.entry);
                let full = is_own(node, new.stamp).then_some(node);
                self.split(*place, bucket.depth(), &mut entries, full, new.stamp);
                return Put::Added;
            }
            let node = self.own_bucket(place, node, count + 1, new.stamp);
            for (i, word) in [key, value, number].into_iter().enumerate() {
                self.store(node, node.add(HEAD + count * ENTRY + i), word.word());
            }
            *node.add(1) += 1;
            *node.add(2 + count / 8) |= u64::from(byte_of(new.entry.hash)) << (count % 8 * 8);
            Put::Added
        }
    }

    /// The bucket, or one in its places with its entries, that may be changed and has room for `n`.
    unsafe fn own_bucket(&self, place: &Place, node: *mut u64, n: usize, stamp: u64) -> *mut u64 {
        // SAFETY: by contract a bucket in this place; all words of the new one are written.
        unsafe {
            let capacity = (layout::words_of(*node) - HEAD) / ENTRY;
            if is_own(node, stamp) && n <= capacity {
                return node;
            }
            let meta = *node.add(1);
            let count = count_of(meta);
            let capacity = if stamp == 0 { n } else { node::room_for(n) };
            let (used, words) = (HEAD + count * ENTRY, HEAD + capacity * ENTRY);
            let new = self.allocate(words);
            ptr::copy_nonoverlapping(node, new, used);
            *new = layout::header(layout::HBUCKET, 0, 0, words);
            *new.add(1) = node::stamped(meta, stamp);
            for i in used..words {
                new.add(i).write(Word::NIL.bits());
            }
            self.set(place, depth_of(meta), Word::object(new));
            new
        }
    }

    /// Puts the entries of a full bucket and a new one into several buckets, in its places. The first of
    /// them may be the full one, if that is given.
    unsafe fn split<'h>(
        &'h self,
        mut place: Place,
        depth: u32,
        entries: &mut [Entry<'h>],
        full: Option<*mut u64>,
        stamp: u64,
    ) {
        // SAFETY: by contract: the directory may be changed.
        unsafe {
            if place.directory().is_null() {
                return self.set_one(&place, build_node(self, entries, stamp, 0, 0));
            }
            let differ = entries.iter().fold(0, |d, e| d | e.hash ^ entries[0].hash);
            let same = (differ >> place.shift >> depth).trailing_zeros();
            let wanted = (depth + same.min(MOST_BITS) + 1).min(MOST_BITS);
            while place.bits < wanted {
                place = self.double(place, entries[0].hash, stamp);
            }
            self.fill(&place, depth, entries, &mut { full }, stamp);
        }
    }

    /// Puts entries into the places that agree with this one in so many bits, as they do.
    unsafe fn fill<'h>(
        &'h self,
        place: &Place,
        depth: u32,
        entries: &mut [Entry<'h>],
        full: &mut Option<*mut u64>,
        stamp: u64,
    ) {
        // SAFETY: by contract: the directory may be changed, and a full bucket holds so many.
        unsafe {
            if entries.len() <= CAPACITY {
                let made = match full.take_if(|_| !entries.is_empty()) {
                    Some(node) => self.refill(node, depth, entries, stamp),
                    None => node::bucket(self, stamp, depth, entries).word(),
                };
                return self.set(place, depth, made);
            }
            if depth == place.bits {
                let made = build_node(self, entries, stamp, place.looked(), depth);
                return self.set_one(place, made);
            }
            let mut zeros = 0;
            for i in 0..entries.len() {
                if entries[i].hash >> place.shift >> depth & 1 == 0 {
                    entries.swap(i, zeros);
                    zeros += 1;
                }
            }
            let (zeros, ones) = entries.split_at_mut(zeros);
            let low = place.index & ((1 << depth) - 1);
            for (bit, half) in [(0, zeros), (1, ones)] {
                let index = low | bit << depth;
                let slot = place_in(place.directory(), index);
                self.fill(&Place { slot, index, ..*place }, depth + 1, half, full, stamp);
            }
        }
    }

    /// Puts other entries into a bucket that may be changed.
    unsafe fn refill(
        &self,
        bucket: *mut u64,
        depth: u32,
        entries: &[Entry<'_>],
        stamp: u64,
    ) -> Word {
        let mut bytes = [0; 2];
        // SAFETY: by contract there is room for them.
        unsafe {
            for (i, entry) in entries.iter().enumerate() {
                bytes[i / 8] |= u64::from(byte_of(entry.hash)) << (i % 8 * 8);
                for (j, word) in entry.words.into_iter().enumerate() {
                    self.store(bucket, bucket.add(HEAD + i * ENTRY + j), word.word());
                }
            }
            for i in HEAD + entries.len() * ENTRY..layout::words_of(*bucket) {
                *bucket.add(i) = Word::NIL.bits();
            }
            *bucket.add(1) = node::first_word(entries.len(), depth, stamp);
            *bucket.add(2) = bytes[0];
            *bucket.add(3) = bytes[1];
        }
        Word::object(bucket)
    }

    /// Has a directory look at one more bit; it holds no directories. The place of a hash in it.
    unsafe fn double(&self, place: Place, hash: u64, stamp: u64) -> Place {
        // SAFETY: by contract a directory; all words of the new one are written.
        unsafe {
            let places = 1 << place.bits;
            let words = 2 + 2 * places;
            let new = self.allocate(words);
            let bits = place.bits + 1;
            *new = layout::header(layout::HNODE, 0, bits as u16, words);
            *new.add(1) = node::stamped(0, stamp);
            for half in 0..2 {
                let from = place.directory().add(2);
                ptr::copy_nonoverlapping(from, new.add(2 + half * places), places);
            }
            self.store(place.above.node, place.above.at, Word::object(new));
            let index = node::place_of(hash >> place.shift, bits);
            Place { slot: place_in(new, index), index, bits, ..place }
        }
    }

    unsafe fn put_in_clash<'h>(
        &'h self,
        place: &Place,
        node: *mut u64,
        new: &New<'h>,
        is_lost: &dyn Fn() -> bool,
    ) -> Put {
        // SAFETY: by contract an HCLASH in this place.
        unsafe {
            let at = Obj::new(node);
            let (common, words) = (at.raw()[0], at.values());
            if common != new.entry.hash {
                let mut entries = entries_of(words, |_| common);
                entries.push(new.entry);
                let made = build_node(self, &mut entries, new.stamp, place.looked(), place.bits);
                self.set_one(place, made);
                return Put::Added;
            }
            let [key, value, _] = new.entry.words;
            let found = node::find_in_clash(words, key, new.exact);
            if is_lost() {
                return Put::Lost;
            }
            let Some(at_value) = found.map(|i| i * ENTRY + 1) else {
                let made = node::clash(self, common, [words, &new.entry.words]);
                self.set_one(place, made);
                return Put::Added;
            };
            let before = [at_value - 1, at_value].map(|i| words[i].word().bits());
            if before[1] == value.word().bits() {
                return Put::Same;
            }
            self.set_one(place, self.object_with(at, at_value, value));
            Put::Replaced(before)
        }
    }

    /// A copy of a directory with another stamp, put in its place.
    unsafe fn copy_directory(&self, slot: Slot, node: *mut u64, stamp: u64) -> *mut u64 {
        // SAFETY: by contract a directory; there is room for as many words.
        unsafe {
            let words = layout::words_of(*node);
            let new = self.allocate(words);
            ptr::copy_nonoverlapping(node, new, words);
            *new = layout::header(layout::HNODE, 0, layout::aux_of(*node), words);
            *new.add(1) = node::stamped(*new.add(1), stamp);
            self.store(slot.node, slot.at, Word::object(new));
            new
        }
    }
}

/// Whether a node may be changed by a map that has this stamp.
#[inline(always)]
unsafe fn is_own(node: *mut u64, stamp: u64) -> bool {
    // SAFETY: by contract a directory or bucket.
    unsafe { *node.add(1) >> 32 == stamp && stamp != 0 }
}
