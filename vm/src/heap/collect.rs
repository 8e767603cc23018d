//! The collector: copying, generational, over linked chunks.
//!
//! In: the heap, and a visitor of roots. Out: the same heap with what is reachable moved to the old
//! generation (or, in a small heap, together), everything else gone, roots updated.
//!
//! Both collections are Cheney's: roots are moved to the new space; what was moved is then scanned in
//! the order it was moved (the space is its own worklist), which moves what it points to, until
//! nothing is left to scan. A moved object's old header is its new address. No recursion, no mark stack.
//!
//! - A *full* one moves all objects to a new space.
//! - A *minor* one moves young objects alone, to the end of the old generation: all that survive, at
//!   once, so that afterwards nothing is young and no root or object points to anything young. Or it
//!   moves nothing, and makes all that is young old as it lies, when all is thought to survive.
//!
//! **Why a minor collection is complete.** An object points only to what was there before it, since
//! objects do not change. The exception is the room of a buffer, claimed and written after the
//! buffer was made, maybe after it became old. The first claim in an old buffer finds it guarded, and
//! remembers it with the window it had (`Old::remember`); the entries beyond that window are roots
//! of the next minor collection. Vectors and maps that are edited in place are the other one: `edit.rs` notes
//! where. Of old handles of maps some are looked at only if something that was looked at refers to them: that is noted
//! (`held.rs`). Debug builds look through the old generation for what was missed
//! when every safepoint collects (`check.rs`).
//!
//! **Buffers of vectors** are not scanned as such. A BUF moves when the first vector using it is
//! scanned, with an empty window; each such vector then widens the window to its own range and
//! visits the entries that this adds. So entries that no vector uses any more keep nothing alive,
//! and the next collection finds them outside the window and gives their room back: it moves only
//! the old window with bounded slack, notes in the old BUF by how much entries shifted, and each
//! vector corrects its offset when it is scanned (which happens once per collection). A minor
//! collection does the same with young buffers, which only young vectors use, and leaves old ones
//! as they are.
#![allow(unsafe_code)]

use super::chunk;
use super::edit::Attic;
use super::edit_map;
use super::held::{self, MANY, MEMBERS, NOTED, ROOT};
use super::layout::{self, Format, pair, unpair};
use super::object::prefetch;
use super::offheap::{Swept, off_heap_link, sweep};
use super::old::{self, Claimed, Old};
use super::space::Space;
use super::{Heap, PINNED};
use crate::value::Word;
use std::ptr;

/// How many words ahead objects are fetched into the cache while a large one is scanned.
const AHEAD: usize = 4;

/// A collection at work.
struct Mover {
    /// Where the living are moved to.
    space: Space,
    /// Header bits of objects that stay where they are.
    stay: u64,
    /// Whether what is moved becomes old.
    age: bool,
    /// Maps that may be edited, and sets, which a root led to first.
    found: Vec<*mut u64>,
}

/// With no more roots a collection is quick.
const FEW_ROOTS: usize = 256;

impl Heap {
    /// A full collection: moves everything reachable from the roots and frees the rest. `roots`
    /// must call the visitor it is given on every word at rest that may be used afterwards.
    /// While something goes on that holds values this does nothing but note that a collection is due.
    pub fn collect(&mut self, roots: impl FnOnce(&mut dyn FnMut(&mut Word))) {
        if self.has_mode(PINNED) {
            return self.due.set(true);
        }
        self.clear_attic();
        let used = self.heap_bytes();
        let age = self.shall_age(used);
        let stay = layout::bits(layout::STATIC);
        let mut mover = Mover { space: Space::EMPTY, stay, age, found: Vec::new() };
        let mut swept = Swept::of(ptr::null_mut(), 0);
        let old = self.old.take();
        let patience = old.as_ref().map_or(0, |old| old.patience);
        let mut seen = 0;
        let mut census = self.census();
        // SAFETY: no value of this heap exists, since they borrow it; what is at rest is a root.
        unsafe {
            if used > 0 || census.is_some() {
                mover.space.extend(self.guess(used, old.as_deref()).min(1 << 20));
                roots(&mut |word| {
                    seen += 1;
                    if let Some(met) = &mut census {
                        met.extend(word.as_collected());
                    }
                    mover.visit_noting(word, ROOT);
                });
                mover.scan_from_start();
                if let Some(met) = census {
                    self.settle_census(met, mover.space);
                }
                sweep(self.off_first.get(), &mut swept);
                if let Some(old) = &old {
                    sweep(old.off_first.get(), &mut swept);
                }
            }
            self.drop_young();
            if let Some(old) = old {
                old.space.get().release();
            }
        }
        if let Some(attic) = self.attic.get() {
            attic.forget();
            // SAFETY: these have been moved.
            unsafe { attic.hold(mover.found, seen <= FEW_ROOTS) };
        }
        self.off_bytes.set(swept.bytes);
        self.note_swept(&swept);
        if age {
            self.old = Some(Box::new(Old::new(mover.space, swept.first, swept.bytes)));
        } else {
            self.off_first.set(swept.first);
            self.install(mover.space);
        }
        self.plan_after_full(seen, used, patience);
    }

    /// A minor collection: moves young objects that are reachable to the old generation and frees
    /// the other young ones. `roots` may leave out what has been a root of the last collection and
    /// has not been written since. Only if [`Heap::is_minor_next`].
    pub fn collect_young(&mut self, roots: impl FnOnce(&mut dyn FnMut(&mut Word))) {
        if self.has_mode(PINNED) {
            return self.due.set(true);
        }
        self.clear_attic();
        let young = self.young_bytes();
        let Some(old) = self.old.take() else { return };
        #[cfg(debug_assertions)]
        self.check_old(&old);
        if self.is_wholesale(&old) {
            return self.keep_young(old);
        }
        let before = old.space.get();
        let stay = layout::bits(layout::STATIC | layout::OLD);
        let mut mover = Mover { space: before, stay, age: true, found: Vec::new() };
        let mut seen = 0;
        let mut swept = Swept::of(old.off_first.get(), old.off_bytes.get());
        // SAFETY: as in `collect`; what is old points to nothing young, but by remembered claims.
        unsafe {
            if young > 0 {
                if let Some(attic) = self.attic.get() {
                    attic.note_anew();
                }
                roots(&mut |word| {
                    seen += 1;
                    mover.visit_noting(word, ROOT);
                });
                old.claimed.borrow_mut().drain(..).for_each(|claimed| mover.visit_claimed(claimed));
                if let Some(attic) = self.attic.get() {
                    mover.visit_changed(attic);
                }
                mover.scan(before);
                if let Some(attic) = self.attic.get() {
                    mover.decide(attic);
                    mover.found.append(&mut attic.held.take());
                    attic.forget();
                    attic.hold(mover.found, seen <= FEW_ROOTS);
                }
                sweep(self.off_first.get(), &mut swept);
            } else if let Some(attic) = self.attic.get() {
                // Who refers to them now has not been looked for.
                attic.held.borrow_mut().clear();
            }
            self.drop_young();
        }
        self.off_bytes.set(swept.bytes);
        self.note_swept(&swept);
        old.off_first.set(swept.first);
        old.off_bytes.set(swept.bytes);
        old.space.set(mover.space);
        let moved = mover.space.bytes() - before.bytes();
        self.old = Some(old);
        self.plan_after_minor(young, moved, seen);
    }

    /// Makes all that is young old as it is: nothing moves, no root changes.
    fn keep_young(&mut self, old: Box<Old>) {
        let young = self.young_bytes();
        let newest = self.chunks.replace(ptr::null_mut());
        // SAFETY: the chunks become those of the old generation; the lists are intact.
        unsafe {
            if !newest.is_null() {
                (*newest).top = self.top.get();
                let mut last = newest;
                while !(*last).next.is_null() {
                    last = (*last).next;
                }
                old.adopt(newest, last, young);
            }
            if let Some(attic) = self.attic.get() {
                attic.forget();
            }
            for claimed in old.claimed.borrow_mut().drain(..) {
                *claimed.buf |= layout::bits(layout::GUARDED);
            }
            let first = self.off_first.get();
            if !first.is_null() {
                let mut last = first;
                while *off_heap_link(last) != 0 {
                    last = *off_heap_link(last) as *mut u64;
                }
                *off_heap_link(last) = old.off_first.replace(first) as u64;
            }
            old.off_bytes.set(self.off_bytes.get());
            self.old = Some(old);
            self.drop_young();
        }
        self.plan_after_wholesale(young);
    }

    /// Gives the young generation's chunks back; what is alive has been moved.
    ///
    /// # Safety
    /// Nothing in them is used again.
    unsafe fn drop_young(&mut self) {
        // SAFETY: the heap owns its chunks.
        unsafe { chunk::release_all(self.chunks.get()) };
        self.chunks.set(ptr::null_mut());
        self.off_first.set(ptr::null_mut());
        self.top.set(ptr::null_mut());
        self.end.set(ptr::null_mut());
        self.full.set(0);
    }

    /// Makes the new space the young generation of a small heap.
    fn install(&mut self, space: Space) {
        let newest = space.into_list();
        self.chunks.set(newest);
        if !newest.is_null() {
            self.top.set(space.top);
            self.end.set(space.end());
            self.full.set(space.full());
        }
    }
}

impl Mover {
    /// The same as `visit`, of a root or the word of a set.
    #[inline(always)]
    unsafe fn visit_noting(&mut self, word: &mut Word, by: u16) {
        if !word.is_pointer() {
            return;
        }
        let at = word.address();
        // SAFETY: as for `visit`.
        unsafe {
            let header = *at;
            if !held::is_noted(header) {
                return self.visit(word);
            }
            if header & self.stay != 0 {
                return held::note_old(at, by);
            }
            let new = self.move_object(at, header);
            *at |= NOTED;
            held::clear_note(new);
            held::note(new, by);
            self.found.push(new);
            *word = Word::object(new);
        }
    }

    /// Moves what a word points to, if it has not been moved yet, and updates the word.
    #[inline(always)]
    unsafe fn visit(&mut self, word: &mut Word) {
        if !word.is_pointer() {
            return;
        }
        let at = word.address();
        // SAFETY: a pointer at rest points to an object of the old space, or a static one.
        unsafe {
            let header = *at;
            let new = if layout::is_forward(header) {
                if header & NOTED != 0 {
                    held::note((header & !NOTED) as *mut u64, MANY);
                }
                header & !NOTED
            } else if header & self.stay != 0 {
                if held::is_noted(header) {
                    held::note_old(at, MANY);
                }
                return;
            } else {
                self.move_object(at, header) as u64
            };
            *word = Word::from_bits(new | (word.bits() & 7));
        }
    }

    #[inline(always)]
    unsafe fn move_object(&mut self, at: *mut u64, header: u64) -> *mut u64 {
        let words = layout::words_of(header);
        // SAFETY: the object is so long, and there is room for it.
        unsafe {
            let new = self.space.allocate(words);
            new.write(self.aged(header));
            if words <= 8 {
                for i in 1..words {
                    new.add(i).write(*at.add(i));
                }
            } else {
                ptr::copy_nonoverlapping(at.add(1), new.add(1), words - 1);
            }
            *at = new as u64;
            new
        }
    }

    /// The header of a moved object that is no BUF.
    #[inline(always)]
    fn aged(&self, header: u64) -> u64 {
        layout::fresh(header) | if self.age { layout::bits(layout::OLD) } else { 0 }
    }

    /// Visits the entries of an old buffer that were claimed since the last collection, and guards
    /// it again.
    unsafe fn visit_claimed(&mut self, claimed: Claimed) {
        let Claimed { buf, window } = claimed;
        // SAFETY: a BUF's window is written, and only grows.
        unsafe {
            let (lo, hi) = unpair(*buf.add(1));
            let (from, to) = unpair(window);
            self.visit_entries(buf, lo, from);
            self.visit_entries(buf, to, hi);
            *buf |= layout::bits(layout::GUARDED);
        }
    }

    /// Visits what old objects point to since vectors were edited in place.
    unsafe fn visit_changed(&mut self, attic: &Attic) {
        // SAFETY: these are old objects, and words of old buffers.
        unsafe {
            for &at in attic.changed.borrow().iter() {
                self.scan_object(at, layout::words_of(*at));
            }
            for &slot in attic.slots.borrow().iter() {
                self.visit(&mut *slot.cast::<Word>());
            }
        }
    }

    /// Scans the old handles of maps that something has been found to refer to, until there are no more of
    /// them, and buries the others.
    unsafe fn decide(&mut self, attic: &Attic) {
        let mut left = attic.undecided.take();
        // SAFETY: these are old objects; all else that lives has been scanned.
        unsafe {
            loop {
                let before = (self.space, left.len());
                left.retain(|&at| {
                    let lives = layout::aux_of(*at) != 0 || layout::tag_of(*at) != layout::SMAP;
                    if lives {
                        self.scan_object(at, layout::words_of(*at));
                    }
                    !lives
                });
                if left.len() == before.1 {
                    break;
                }
                self.scan(before.0);
            }
            left.into_iter().for_each(|at| edit_map::bury(at));
        }
    }

    unsafe fn visit_entries(&mut self, buf: *mut u64, from: usize, to: usize) {
        for i in from..to {
            // SAFETY: by contract these entries are written, and words.
            unsafe { self.visit(&mut *buf.add(2 + i).cast::<Word>()) };
        }
    }

    unsafe fn scan_from_start(&mut self) {
        // SAFETY: by contract.
        unsafe { self.scan(Space::EMPTY) }
    }

    /// Scans what has been moved since the space was as it was, until all it points to has been
    /// moved as well.
    unsafe fn scan(&mut self, before: Space) {
        // SAFETY: the space held these objects then, and holds objects only.
        unsafe {
            let space_of = |mover: &Mover| mover.space;
            Space::walk(self, before.mark(), space_of, |mover, at, words| {
                mover.scan_object(at, words);
            });
        }
    }

    #[inline(always)]
    unsafe fn scan_object(&mut self, at: *mut u64, words: usize) {
        // SAFETY: the object is so long; its words after the raw ones are values.
        unsafe {
            let tag = layout::tag_of(*at);
            if tag & !layout::OWNED == layout::VEC {
                if words > 3 {
                    // The owner.
                    self.visit(&mut *at.add(3).cast::<Word>());
                }
                return self.scan_vec(at);
            }
            let raw = layout::raw_words(tag);
            if raw == layout::ALL_RAW {
                return;
            }
            if tag == layout::SET {
                return self.visit_noting(&mut *at.add(1).cast::<Word>(), MEMBERS);
            }
            if words > AHEAD {
                for i in 1 + raw as usize..words - AHEAD {
                    prefetch(*at.add(i + AHEAD));
                    self.visit(&mut *at.add(i).cast::<Word>());
                }
            }
            for i in (1 + raw as usize).max(words.saturating_sub(AHEAD))..words {
                self.visit(&mut *at.add(i).cast::<Word>());
            }
        }
    }

    unsafe fn scan_vec(&mut self, at: *mut u64) {
        // SAFETY: a VEC is header, offset and length, buffer; its range lies in the old window.
        unsafe {
            let word = &mut *at.add(2).cast::<Word>();
            let old = word.address();
            let header = *old;
            if layout::flags_of(*at) & layout::OFF_HEAP != 0 {
                return self.visit(word);
            }
            let buf = if layout::is_forward(header) {
                header as *mut u64
            } else if header & self.stay != 0 {
                return;
            } else {
                self.move_buf(old, header)
            };
            *word = Word::object(buf);
            let shift = *old.add(1) as usize;
            let (off, len) = unpair(*at.add(1));
            let off = off - shift;
            *at.add(1) = pair(off, len);
            self.widen(buf, off, off + len);
        }
    }

    /// Moves a buffer's old window with some slack; its new window is empty. The old buffer keeps the
    /// new address and by how much entries shifted.
    unsafe fn move_buf(&mut self, from: *mut u64, header: u64) -> *mut u64 {
        // SAFETY: a BUF is header, window, room; the window's entries are written.
        unsafe {
            let size = Format::of_flags(layout::flags_of(header)).entry_bytes();
            let (lo, hi) = unpair(*from.add(1));
            let capacity = (layout::words_of(header) - 2) * 8 / size;
            let used = hi - lo;
            let (front, back) = if capacity <= used * 3 + 8 {
                (lo, capacity - hi)
            } else {
                (lo.min(used / 2 + 2), (capacity - hi).min(used / 2 + 2))
            };
            let words = 2 + ((front + used + back) * size).div_ceil(8);
            let new = self.space.allocate(words);
            let header = layout::header(layout::BUF, layout::flags_of(header), 0, words);
            new.write(header | if self.age { old::marks_of(header) } else { 0 });
            new.add(1).write(pair(front, front));
            ptr::copy_nonoverlapping(
                from.add(2).cast::<u8>().add(lo * size),
                new.add(2).cast::<u8>().add(front * size),
                used * size,
            );
            *from = new as u64;
            *from.add(1) = (lo - front) as u64;
            new
        }
    }

    /// Widens a moved buffer's window to cover `[from, to)`, visiting the entries this adds.
    unsafe fn widen(&mut self, buf: *mut u64, from: usize, to: usize) {
        // SAFETY: the range lies in what was moved of the buffer's old window.
        unsafe {
            let traced = Format::of_flags(layout::flags_of(*buf)).traced();
            let (lo, hi) = unpair(*buf.add(1));
            let (lo, hi, ranges) = if lo == hi {
                (from, to, [(from, to), (0, 0)])
            } else {
                (lo.min(from), hi.max(to), [(from, lo), (hi, to)])
            };
            *buf.add(1) = pair(lo, hi);
            if traced {
                for (from, to) in ranges {
                    self.visit_entries(buf, from, to);
                }
            }
        }
    }
}
