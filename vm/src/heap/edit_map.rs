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
//! millisecond. But that makes every node be copied again.
//!
//! **Generations.** A map that has become old may be edited, and its nodes with it, if it is *held*: when it became old
//! there was nothing but one root that led to it, or to the set it is (a collection sees every reference to what it moves: `held.rs`). So there
//! is no older version, and its chain begins anew. Who edits it must have read that root since, or what was
//! read from it: so the next minor collection looks at it again, as at all that was written meanwhile, and so sees whether
//! the old handle is alive. If not, it and its chain are dropped, though it points to young ones. Other old maps get
//! a new number. A held map that is edited again and again has a minor collection made before its chain is cut.
//! Young words that get into old nodes are noted in the attic.
#![allow(unsafe_code)]

use super::edit::Attic;
use super::edit_trie::Put;
use super::layout;
use super::{Heap, Obj};
use crate::data::map::node::Entry;
use crate::data::map::trie::{New, TrieRef};
use crate::value::{Value, Word};

/// How many versions may depend on the newest one.
const CHAIN: u64 = 1024;
/// After so many, a collection may find that none does.
const ASK: u64 = CHAIN / 4 * 3;
/// Mark beside the number of edits of an owner: a collection has found that before.
const FOUND: u64 = 1 << 32;
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

/// Notes that nothing depends on a map but its only root: its chain of versions begins anew.
///
/// # Safety
/// An OMAP.
pub(super) unsafe fn begin_anew(at: *mut u64) {
    // SAFETY: by contract it has an owner.
    unsafe { *word(at, OWNER).address().add(1) = FOUND };
}

/// Makes an SMAP that nothing refers to an empty map, so that it refers to nothing.
///
/// # Safety
/// An SMAP.
pub(super) unsafe fn bury(at: *mut u64) {
    // SAFETY: by contract it has so many words.
    unsafe {
        set_tag(at, layout::HMAP);
        for (i, part) in [0, 0].into_iter().chain([Word::NIL.bits(); 3]).enumerate() {
            *at.add(1 + i) = part;
        }
    }
}

unsafe fn word(at: *mut u64, index: usize) -> Word {
    // SAFETY: by contract the object has this word, a value.
    unsafe { Word::from_bits(*at.add(index)) }
}

impl Heap {
    /// Puts an entry: in place as far as the map owns its nodes.
    pub(super) fn put(&mut self, put: &RawPut) -> Word {
        loop {
            if let Some(word) = self.try_put(put) {
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
            let number = *new.add(2) as usize;
            let (key, value) = (Value::new(put.key), Value::new(put.value));
            let entry = Entry::nth(number, put.hash, key, value);
            let exact = flags & layout::EXACT_TEXT != 0;
            let new_entry = New { entry, exact, stamp: *owner.add(3) };
            let is_lost = || in_place && layout::tag_of(*at) != layout::OMAP;
            let (what, [key, old]) = match heap.put_below(new.add(3), &new_entry, &is_lost) {
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
                heap.note_edit(at, owner);
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

    /// Notes that a map becomes an SMAP.
    unsafe fn note_edit(&self, at: *mut u64, owner: *mut u64) {
        let Some(attic) = self.attic.get() else { return };
        // SAFETY: by contract a map and its owner.
        unsafe {
            *owner.add(1) += 1;
            if *owner.add(1) == FOUND | ASK && self.old.is_some() && attic.is_quick.get() {
                self.due.set(true);
            }
            if *at & layout::bits(layout::OLD) != 0 {
                attic.held.borrow_mut().retain(|&held| held != at);
                attic.undecided.borrow_mut().push(at);
            }
        }
    }

    /// The owner of a map that may be edited in place.
    unsafe fn owner_for(&self, at: *mut u64) -> Option<*mut u64> {
        // SAFETY: by contract a map; an OMAP has an owner.
        unsafe {
            let header = *at;
            if layout::tag_of(header) != layout::OMAP {
                return None;
            }
            let is_held = || self.attic.get().is_some_and(|a| a.held.borrow().contains(&at));
            if header & layout::bits(layout::OLD) != 0 && !is_held() {
                return None;
            }
            let owner = word(at, OWNER).address();
            let edits = *owner.add(1) & (FOUND - 1);
            (edits < CHAIN && *owner.add(3) != 0).then_some(owner)
        }
    }
}
