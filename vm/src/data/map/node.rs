//! The nodes of a trie: directories, buckets, and entries that clash.
//!
//! In: entries with their hashes. Out: nodes that hold them, and which entries of a bucket may have a key.
//!
//! A *directory* (HNODE) has a place for each value of the next 1 to 5 bits of a hash, the low ones first. In a
//! place is a directory, a bucket, a clash, or nothing. A *bucket* (HBUCKET) holds up to 16 entries, without gaps, and
//! may have room for more. It has a *depth*: so many bits of those that its directory looks at are the same in
//! the hashes of its entries, and all places that agree in them hold this bucket. Directories and clashes are in
//! one place each, and in directories of five bits (or at the root) only: so a smaller one can be doubled by
//! having everything in two places. Keys whose 64 hash bits are all the same, if they are too many for a
//! bucket, are in a *clash* (HCLASH), and are searched one by one.
//!
//! Which key is where in a bucket is found by one byte of each entry's hash, all of which are
//! compared at once: nearly always one is equal, and that is it.
//!
//! Directories and buckets bear the stamp of the map that may change them where they are, if there is one:
//! `heap/edit_map.rs`.

use crate::heap::{Heap, Obj, equal_bytes, layout};
use crate::value::Value;
use smallvec::SmallVec;

use super::same_key;

/// Words of an entry.
pub(crate) const ENTRY: usize = 3;
/// Entries of a bucket, at most.
pub(crate) const CAPACITY: usize = 16;
/// Bits of a hash that a directory looks at, at most.
pub(crate) const MOST_BITS: u32 = 5;
/// Words of a bucket before its entries.
pub(crate) const HEAD: usize = 4;

/// Words of a bucket that are fetched at once: those that most have.
pub(crate) const BUCKET: usize = 32;

/// An entry with the hash of its key: key, value, insertion number.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'h> {
    pub(crate) hash: u64,
    pub(crate) words: [Value<'h>; ENTRY],
}

impl<'h> Entry<'h> {
    /// The entry with this insertion number.
    pub(crate) fn nth(n: usize, hash: u64, key: Value<'h>, value: Value<'h>) -> Entry<'h> {
        Entry { hash, words: [key, value, Value::count(n)] }
    }
}

/// The first word of a directory or bucket with another stamp.
#[inline(always)]
pub(crate) fn stamped(word: u64, stamp: u64) -> u64 {
    word & 0xffff_ffff | stamp << 32
}

/// The first word of a bucket.
#[inline(always)]
pub(crate) fn first_word(entries: usize, depth: u32, stamp: u64) -> u64 {
    stamped(entries as u64 | u64::from(depth) << 8, stamp)
}

/// How many entries a bucket with this first word has.
#[inline(always)]
pub(crate) fn count_of(word: u64) -> usize {
    (word & 0xff) as usize
}

/// The depth of a bucket with this first word.
#[inline(always)]
pub(crate) fn depth_of(word: u64) -> u32 {
    (word >> 8 & 0xff) as u32
}

/// The byte of a hash that is kept with an entry. No directory but the deepest looks at it.
#[inline(always)]
pub(crate) fn byte_of(hash: u64) -> u8 {
    (hash >> 56) as u8
}

/// In which of so many bits' places a hash belongs, shifted so that this level's bits come first.
#[inline(always)]
pub(crate) fn place_of(hash: u64, bits: u32) -> usize {
    (hash & ((1 << bits) - 1)) as usize
}

/// For how many entries a bucket that is made for an edit has room, if it will have `n`.
pub(crate) fn room_for(n: usize) -> usize {
    if n < 4 { n } else { (n + 1 + n / 4).min(CAPACITY) }
}

/// A directory of the places in `words`, two to the `bits`.
pub(crate) fn directory<'h>(
    heap: &'h Heap,
    stamp: u64,
    bits: u32,
    words: &[Value<'h>],
) -> Value<'h> {
    let is_directory = |w: &Value<'h>| w.object().is_some_and(|o| o.tag() == layout::HNODE);
    let mask = words.iter().rev().fold(0, |mask, w| mask << 1 | u64::from(is_directory(w)));
    heap.object(layout::HNODE, 0, bits as u16, &[stamped(mask, stamp)], words)
}

/// The entries of a bucket that is not made yet.
#[derive(Default)]
pub(crate) struct Few<'h> {
    bytes: [u8; CAPACITY],
    entries: SmallVec<[[Value<'h>; ENTRY]; CAPACITY]>,
}

impl<'h> Few<'h> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// One more; there are fewer than CAPACITY.
    pub(crate) fn push(&mut self, byte: u8, words: [Value<'h>; ENTRY]) {
        self.bytes[self.len()] = byte;
        self.entries.push(words);
    }

    /// All of a bucket's; there is room for them.
    pub(crate) fn extend(&mut self, bucket: Bucket<'h>) {
        for i in 0..bucket.len() {
            self.push(bucket.byte(i), bucket.entry(i));
        }
    }

    /// The bucket, with room for so many; nil if there are no entries.
    pub(crate) fn bucket(
        &self,
        heap: &'h Heap,
        stamp: u64,
        depth: u32,
        capacity: usize,
    ) -> Value<'h> {
        let n = self.len();
        if n == 0 {
            return Value::NIL;
        }
        let halves = self.bytes.split_at(8);
        let half = |bytes: &[u8]| bytes.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b));
        let first = first_word(n, depth, stamp);
        let room = [Value::NIL; CAPACITY * ENTRY];
        let parts = [self.entries.as_flattened(), &room[..(capacity - n) * ENTRY]];
        let raw = [first, half(halves.0), half(halves.1)];
        heap.object_of_parts(layout::HBUCKET, 0, 0, &raw, parts)
    }
}

/// A bucket of these entries, no more than CAPACITY.
pub(crate) fn bucket<'h>(
    heap: &'h Heap,
    stamp: u64,
    depth: u32,
    entries: &[Entry<'h>],
) -> Value<'h> {
    let mut few = Few::default();
    for entry in entries {
        few.push(byte_of(entry.hash), entry.words);
    }
    let n = entries.len();
    few.bucket(heap, stamp, depth, if stamp == 0 { n } else { room_for(n) })
}

/// Entries whose keys have one hash.
pub(crate) fn clash<'h, const N: usize>(
    heap: &'h Heap,
    hash: u64,
    parts: [&[Value<'h>]; N],
) -> Value<'h> {
    heap.object_of_parts(layout::HCLASH, 0, 0, &[hash], parts)
}

/// A bucket taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Bucket<'h> {
    raw: &'h [u64],
    words: &'h [Value<'h>],
}

impl<'h> Bucket<'h> {
    #[inline(always)]
    pub(crate) fn of(object: Obj<'h>) -> Option<Bucket<'h>> {
        let (raw, words) = object.parts_of(layout::HBUCKET)?;
        Some(Bucket { raw, words })
    }

    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        count_of(self.raw[0])
    }

    pub(crate) fn depth(self) -> u32 {
        depth_of(self.raw[0])
    }

    /// All entries' words.
    #[inline(always)]
    pub(crate) fn words(self) -> &'h [Value<'h>] {
        &self.words[..self.len() * ENTRY]
    }

    #[inline(always)]
    pub(crate) fn entry(self, index: usize) -> [Value<'h>; ENTRY] {
        triple(&self.words[index * ENTRY..(index + 1) * ENTRY])
    }

    pub(crate) fn byte(self, index: usize) -> u8 {
        (self.raw[1 + index / 8] >> (index % 8 * 8)) as u8
    }

    /// Which entries may have a key with this hash: a bitmap.
    #[inline(always)]
    pub(crate) fn equal(self, hash: u64) -> u32 {
        equal_bytes([self.raw[1], self.raw[2]], byte_of(hash)) & ((1 << self.len()) - 1)
    }

    /// Which entry in a bitmap has this very word as a key.
    #[inline(always)]
    pub(crate) fn find_word(self, key: Value<'_>, mut left: u32) -> Option<usize> {
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            if self.words[index * ENTRY].word() == key.word() {
                return Some(index);
            }
            left &= left - 1;
        }
        None
    }

    /// Which entry has a key. The very same word is looked for first: who has that compares no keys.
    #[inline(always)]
    pub(crate) fn find(self, key: Value<'_>, hash: u64, exact: bool) -> Option<usize> {
        let equal = self.equal(hash);
        let found = self.find_word(key, equal);
        if found.is_some() || equal == 0 { found } else { self.find_other(key, equal, exact) }
    }

    /// The same of a key that is none of the words that are there, among the entries in a bitmap.
    fn find_other(self, key: Value<'_>, mut left: u32, exact: bool) -> Option<usize> {
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            if same_key(self.words[index * ENTRY], key, exact) {
                return Some(index);
            }
            left &= left - 1;
        }
        None
    }
}

/// The words of an entry.
#[inline(always)]
pub(crate) fn triple<'h>(words: &[Value<'h>]) -> [Value<'h>; ENTRY] {
    [words[0], words[1], words[2]]
}

/// Which of the entries of an HCLASH has this key. The very same word is looked for first.
pub(crate) fn find_in_clash(words: &[Value<'_>], key: Value<'_>, exact: bool) -> Option<usize> {
    let same = words.chunks_exact(ENTRY).position(|e| e[0].word() == key.word());
    same.or_else(|| words.chunks_exact(ENTRY).position(|e| same_key(e[0], key, exact)))
}
