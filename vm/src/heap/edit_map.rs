//! Maps (and sets) edited in place, and the old versions this leaves behind.
//!
//! In: a hash trie, a key, a value. Out: its next version, most of whose nodes are those of the last.
//!
//! It is the way of `edit.rs` with nodes in place of a buffer. A map that something has been put into is an OMAP: it
//! has an OWNER with a number, and the nodes that were made for it bear that number as a stamp. No other map
//! reaches those, so the next `put` changes them where they are and copies others. The old handle becomes
//! an SMAP: the key, what it stood for, and the next version. Who looks at it has it settled first: from the
//! newest version back along the chain, what each `put` did is undone by ordinary, persistent operations,
//! which is what copying paths would have cost at once. The newest version then owns nothing any more (it shares
//! its nodes), nor does an OMAP that any other operation makes a map from.
//!
//! Settling compares no keys and hashes none (an SMAP has the hash, and the very word that is in the node), since keys may
//! have to be settled themselves, and theirs, and so on. Putting does, and so may find that the map has
//! lost what it owned: then it begins again.
//!
//! A chain is cut after [`CHAIN`] versions by going on with a new number; so an old version is settled within a
//! millisecond. Only young nodes and handles are changed, so the collector need not know of any of this.
#![allow(unsafe_code)]

use super::edit::Attic;
use super::layout;
use super::{Heap, Obj};
use crate::data::map::same_key;
use crate::data::map::trie::{self, ENTRY, New, TrieRef};
use crate::value::{Value, Word};
use std::slice;

/// How many versions may depend on the newest one.
const CHAIN: u64 = 1024;
/// Words of an OMAP, of an SMAP and of what they become.
const WORDS: usize = 6;
/// Where the owner of an OMAP lies.
const OWNER: usize = 4;
/// What a `put` did, in an SMAP.
const REPLACED: u64 = 0;
const ADDED: u64 = 1;

/// An entry to be put; `set`: into a set.
#[derive(Clone, Copy)]
pub(crate) struct RawPut {
    pub(crate) trie: Word,
    pub(crate) key: Word,
    pub(crate) value: Word,
    pub(crate) hash: u64,
    pub(crate) set: bool,
}

/// What putting did.
enum Put {
    Same,
    /// The key, as it was there, and its value.
    Replaced([u64; 2]),
    Added,
    /// Nothing, since the old version does not own its nodes any more.
    Lost,
}

/// Makes an OMAP an HMAP: its nodes are going to be used by another map as well.
#[inline(always)]
pub(crate) fn disown(map: Obj<'_>) {
    if map.tag() == layout::OMAP {
        // SAFETY: a live object of this heap; no slice covers a header.
        unsafe { set_tag(map.pointer(), layout::HMAP) };
    }
}

unsafe fn set_tag(at: *mut u64, tag: layout::Tag) {
    // SAFETY: by contract an object.
    unsafe { *at = *at & !0xff | u64::from(tag) };
}

/// Makes an SMAP an HMAP of what it showed, and all versions between it and the newest one too.
///
/// # Safety
/// `at` is an SMAP of a heap that this thread uses, and no copy runs.
#[cold]
#[inline(never)]
pub(super) unsafe fn settle(at: *mut u64) {
    // SAFETY: by contract; the chain ends at a map with an owner, whose attic lives as long as the
    // heap. Nothing is collected meanwhile.
    unsafe {
        let mut chain = Vec::new();
        let mut end = at;
        while layout::tag_of(*end) == layout::SMAP {
            chain.push(end);
            end = Word::from_bits(*end.add(5)).address();
        }
        set_tag(end, layout::HMAP);
        let owner = *end.add(OWNER);
        let attic = &*(*Word::from_bits(owner).address().add(2) as *const Attic);
        let heap = &attic.heap;
        let mut next = TrieRef::new(Obj::new(end));
        for &at in chain.iter().rev() {
            let (hash, key, old) = (*at.add(2), Value::new(word(at, 3)), Value::new(word(at, 4)));
            let made = match *at.add(1) {
                ADDED => next.remove(heap, key, hash).unwrap_or(Value::NIL),
                _ => next.put(heap, key, hash, old),
            };
            // What has been put can be taken back.
            let Some(made) = TrieRef::of(made) else { continue };
            set_tag(at, layout::HMAP);
            for (i, part) in made.parts().into_iter().chain([owner, Word::NIL.bits()]).enumerate() {
                *at.add(1 + i) = part;
            }
            if *at & layout::bits(layout::OLD) != 0 {
                attic.changed.borrow_mut().push(at);
            }
            next = TrieRef::new(Obj::new(at));
        }
    }
}

unsafe fn word(at: *mut u64, index: usize) -> Word {
    // SAFETY: by contract the object has this word, a value.
    unsafe { Word::from_bits(*at.add(index)) }
}

impl Heap {
    /// Puts an entry: in place as far as the map owns its nodes.
    pub(super) fn put(&mut self, put: RawPut) -> Word {
        loop {
            if let Some(word) = self.try_put(&put) {
                return word;
            }
        }
    }

    /// Nothing if the old version has lost what it owned: the next attempt does without.
    fn try_put(&self, put: &RawPut) -> Option<Word> {
        let heap = self;
        let at = put.trie.address();
        let new = heap.allocate(WORDS);
        // SAFETY: an HMAP or OMAP, by contract of `Edit`; no value is borrowed. All words of the
        // new handle are written before anything else is allocated.
        let trie = unsafe {
            let header = *at;
            let flags = layout::flags_of(header) & layout::EXACT_TEXT;
            let owner = heap.owner_for(at);
            for (i, part) in [*at.add(1), *at.add(2), *at.add(3)].into_iter().enumerate() {
                new.add(1 + i).write(part);
            }
            new.add(OWNER).write(owner.map_or(Word::NIL, Word::object).bits());
            new.add(5).write(Word::NIL.bits());
            new.write(layout::header(layout::OMAP, flags, 0, WORDS));
            let in_place = owner.is_some();
            let owner = owner.unwrap_or_else(|| {
                disown(Obj::new(at));
                let owner = heap.new_owner(true);
                new.add(OWNER).write(Word::object(owner).bits());
                owner
            });
            let source = in_place.then_some(at);
            let (what, [key, old]) = match heap.put_in(new, *owner.add(3), put, source) {
                Put::Lost => return None,
                Put::Same => return Some(heap.as_asked(put.trie, put)),
                Put::Replaced(before) => (REPLACED, before),
                Put::Added => {
                    *new.add(1) += 1;
                    *new.add(2) += 1;
                    (ADDED, [put.key.bits(), Word::NIL.bits()])
                }
            };
            if in_place {
                *owner.add(1) += 1;
                set_tag(at, layout::SMAP);
                let next = Word::object(new).bits();
                for (i, part) in [what, put.hash, key, old, next].into_iter().enumerate() {
                    *at.add(1 + i) = part;
                }
            }
            Word::object(new)
        };
        Some(heap.as_asked(trie, put))
    }

    /// The map, or the set of its keys.
    fn as_asked(&self, trie: Word, put: &RawPut) -> Word {
        match put.set {
            true => self.object(layout::SET, 0, 0, &[], &[Value::new(trie)]).word(),
            false => trie,
        }
    }

    /// The owner of a map that may be edited in place.
    unsafe fn owner_for(&self, at: *mut u64) -> Option<*mut u64> {
        // SAFETY: by contract a map; an OMAP has an owner.
        unsafe {
            let header = *at;
            if layout::tag_of(header) != layout::OMAP || header & layout::bits(layout::OLD) != 0 {
                return None;
            }
            let owner = word(at, OWNER).address();
            (*owner.add(1) < CHAIN && *owner.add(3) != 0).then_some(owner)
        }
    }

    /// Puts an entry into the trie of a new handle, whose nodes bear this stamp as far as they are its own:
    /// by now they may still be those of `source`.
    unsafe fn put_in(
        &self,
        map: *mut u64,
        stamp: u64,
        put: &RawPut,
        source: Option<*mut u64>,
    ) -> Put {
        // SAFETY: by contract; `slot` is a word of the new handle or of a node of its own. Copies in
        // the place of what they are copies of change nothing.
        unsafe {
            let is_lost = || source.is_some_and(|at| layout::tag_of(*at) != layout::OMAP);
            let exact = layout::flags_of(*map) & layout::EXACT_TEXT != 0;
            let number = Value::count(*map.add(2) as usize);
            let (key, value) = (Value::new(put.key), Value::new(put.value));
            let new = New { hash: put.hash, key, value, number, exact, stamp };
            let mut slot = map.add(3);
            let mut shift = 0;
            loop {
                if *slot == Word::NIL.bits() {
                    let made =
                        trie::node(self, stamp, trie::bit_of(put.hash, 0), 0, [&new.words()]);
                    *slot = made.word().bits();
                    return Put::Added;
                }
                let node = Word::from_bits(*slot).address();
                if layout::tag_of(*node) == layout::HCLASH {
                    let (done, made) = self.put_in_clash(node, &new);
                    if is_lost() {
                        return Put::Lost;
                    }
                    *slot = made;
                    return done;
                }
                let maps = *node.add(1);
                let is_own =
                    maps >> 32 == stamp && *node & layout::bits(layout::OLD) == 0 && stamp != 0;
                if trie::is_full(maps) {
                    let node = if is_own { node } else { self.copy_node(slot, node, stamp) };
                    slot = node.add(2 + trie::place_of(put.hash >> shift));
                    shift += trie::BITS;
                    continue;
                }
                let (entries, children) = trie::maps_of(maps);
                let bit = trie::bit_of(put.hash, shift);
                let words = node.add(2);
                if entries & bit != 0 {
                    let at = trie::rank(entries, bit) * ENTRY;
                    let is_same = same_key(Value::new(word(words, at)), key, exact);
                    if is_lost() {
                        return Put::Lost;
                    }
                    if is_same {
                        let there = *words.add(at);
                        let old = *words.add(at + 1);
                        if old == put.value.bits() {
                            return Put::Same;
                        }
                        let node = if is_own { node } else { self.copy_node(slot, node, stamp) };
                        *node.add(2 + at + 1) = put.value.bits();
                        return Put::Replaced([there, old]);
                    }
                    let made = trie::split(self, Obj::new(node), at, shift, bit, &new);
                    if is_lost() {
                        return Put::Lost;
                    }
                    *slot = made.word().bits();
                    return Put::Added;
                }
                if children & bit == 0 {
                    *slot = trie::widen(self, Obj::new(node), bit, &new).word().bits();
                    return Put::Added;
                }
                let to = trie::child_at(entries, trie::rank(children, bit));
                let node = if is_own { node } else { self.copy_node(slot, node, stamp) };
                slot = node.add(2 + to);
                shift += trie::BITS;
            }
        }
    }

    /// What putting into an HCLASH does, and what is to take its place.
    unsafe fn put_in_clash(&self, node: *mut u64, new: &New<'_>) -> (Put, u64) {
        // SAFETY: by contract an HCLASH.
        let clash = unsafe { Obj::new(node) };
        let words = clash.values();
        let found = trie::find_in_clash(words, new.key, new.exact).map(|i| i * ENTRY);
        let before = found.map(|i| [words[i], words[i + 1]].map(|v| v.word().bits()));
        match trie::put_clash(self, clash, new) {
            trie::Put::Same => (Put::Same, Word::object(node).bits()),
            trie::Put::Replaced(made) | trie::Put::Added(made) => {
                (before.map_or(Put::Added, Put::Replaced), made.word().bits())
            }
        }
    }

    /// A copy of a node with another stamp, put in its place.
    unsafe fn copy_node(&self, slot: *mut u64, node: *mut u64, stamp: u64) -> *mut u64 {
        // SAFETY: by contract a node; there is room for as many words.
        unsafe {
            let words = layout::words_of(*node);
            let new = self.allocate(words);
            let source = slice::from_raw_parts(node, words);
            slice::from_raw_parts_mut(new, words).copy_from_slice(source);
            *new = layout::header(layout::HNODE, 0, 0, words);
            *new.add(1) = trie::stamped(*new.add(1), stamp);
            *slot = Word::object(new).bits();
            new
        }
    }
}
