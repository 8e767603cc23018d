//! The quick way to an entry of a large map: as few instructions as there can be between one wait for memory and the
//! next, so that the processor gets at several look-ups at once.
//!
//! In: any value and a key. Out: what the key stands for, if the one is a trie and the other a small int; `trie.rs` does
//! the same for any key.
#![allow(unsafe_code)]

use super::edit_trie::equal_bytes;
use super::layout;
use super::object::fetch;
use crate::data::map::node::{BUCKET, ENTRY, HEAD, byte_of, count_of};
use crate::hash;
use crate::value::{Value, Word};

/// The value of a key in a map, or nil. Nothing if that is not found out at once.
#[inline(always)]
pub(crate) fn get_quickly<'h>(map: Value<'h>, key: Value<'_>) -> Option<Value<'h>> {
    let n = key.as_small()?;
    let object = map.object()?;
    if !matches!(object.tag(), layout::HMAP | layout::OMAP) {
        return None;
    }
    // SAFETY: the root of a trie or nil; a directory has a place for each value of so many bits, and says
    // in which there are directories; what is left is nil, a bucket with so many entries, or a clash.
    unsafe {
        let hash = hash::int(n);
        let mut left = hash;
        let mut at = *object.pointer().add(3);
        let mut is_directory = at != Word::NIL.bits()
            && layout::tag_of(*Word::from_bits(at).address()) == layout::HNODE;
        while is_directory {
            let directory = Word::from_bits(at).address();
            let bits = layout::aux_of(*directory) as u32 & 63;
            let place = (left & !(u64::MAX << bits)) as usize;
            at = *directory.add(2 + place);
            left >>= bits;
            is_directory = *directory.add(1) >> place & 1 != 0;
        }
        if at == Word::NIL.bits() {
            return Some(Value::NIL);
        }
        // Some of it will be looked at, one after the other.
        fetch(at, BUCKET);
        let bucket = Word::from_bits(at).address();
        if layout::tag_of(*bucket) != layout::HBUCKET {
            return None;
        }
        let equal = equal_bytes([*bucket.add(2), *bucket.add(3)], byte_of(hash));
        let mut equal = equal & ((1 << count_of(*bucket.add(1))) - 1);
        while equal != 0 {
            let entry = bucket.add(HEAD + equal.trailing_zeros() as usize * ENTRY);
            // No other word is the same key.
            if *entry == key.word().bits() {
                return Some(Value::new(Word::from_bits(*entry.add(1))));
            }
            equal &= equal - 1;
        }
        Some(Value::NIL)
    }
}
