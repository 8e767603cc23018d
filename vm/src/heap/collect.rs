//! The collector: Cheney's copying collection over linked chunks.
//!
//! In: the heap, and a visitor of all roots. Out: the same heap with everything reachable moved
//! together, everything else gone, roots updated.
//!
//! Roots are moved to fresh chunks; the moved objects are then scanned in the order they were moved
//! (the chunks are their own worklist), which moves what they point to, until nothing is left to
//! scan. A moved object's old header is its new address. No recursion, no mark stack.
//!
//! **Buffers of vectors** are not scanned as such. A BUF moves when the first vector using it is
//! scanned, with an empty window; each such vector then widens the window to its own range and
//! visits the entries that this adds. So entries that no vector uses any more keep nothing alive,
//! and the next collection finds them outside the window and gives their room back: it moves only
//! the old window with bounded slack, notes in the old BUF by how much entries shifted, and each
//! vector corrects its offset when it is scanned (which happens once per collection).
#![allow(unsafe_code)]

use super::chunk::{self, Chunk};
use super::layout::{self, Format, pair, unpair};
use super::offheap::{drop_referent, off_heap_link, referent_bytes};
use super::{FIRST_TRIGGER, Heap, OFF_HEAP_FLOOR};
use crate::value::Word;
use std::ptr;

/// The most a busy heap may allocate before a collection if little is alive.
const NURSERY: usize = 64 << 10;

/// How many words ahead objects are fetched into the cache while a large one is scanned.
const AHEAD: usize = 4;

/// Has the processor fetch what a word points to, if it is a pointer; a hint, without effect on any
/// other word.
#[inline(always)]
fn prefetch(word: u64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching reads nothing: any address will do.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>((word & !7) as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = word;
}

/// Where the living are moved to.
struct Space {
    top: *mut u64,
    end: *mut u64,
    first: *mut Chunk,
    last: *mut Chunk,
    /// Bytes filled in all chunks but the last.
    full: usize,
}

impl Heap {
    /// Moves everything reachable from the roots together and frees the rest. `roots` must call the
    /// visitor it is given on every word at rest that may be used afterwards. While something goes on
    /// that holds values this does nothing but note that a collection is due.
    pub fn collect(&mut self, roots: impl FnOnce(&mut dyn FnMut(&mut Word))) {
        if self.pinned.get() {
            return self.due.set(true);
        }
        let used = self.heap_bytes();
        let from = self.chunks.get();
        // What lived last time is the best guess at what lives now; `trigger` is a multiple of that,
        // or the nursery if little lived.
        let lived = if self.trigger.get() > NURSERY { self.trigger.get() / 3 } else { used / 8 };
        let guess = lived.min(used).max(64);
        let mut space = Space {
            top: ptr::null_mut(),
            end: ptr::null_mut(),
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            full: 0,
        };
        // SAFETY: no value of this heap exists, since they borrow it; what is at rest is a root.
        unsafe {
            if used > 0 {
                space.extend(guess.min(1 << 20));
                roots(&mut |word| space.visit(word));
                space.scan();
                self.sweep();
            }
            let mut chunk = from;
            while !chunk.is_null() {
                chunk = chunk::release(chunk);
            }
        }
        self.install(space);
    }

    /// Makes the new space the heap.
    fn install(&mut self, space: Space) {
        // SAFETY: the chunks of the space are ours, linked oldest first; a heap's are newest first.
        unsafe {
            let mut newest = ptr::null_mut();
            let mut chunk = space.first;
            while !chunk.is_null() {
                let next = (*chunk).next;
                (*chunk).next = newest;
                newest = chunk;
                chunk = next;
            }
            if !newest.is_null() && chunk::payload_of(newest) == space.top {
                newest = chunk::release(newest);
                debug_assert!(newest.is_null(), "only a single chunk can stay empty");
                self.top.set(ptr::null_mut());
                self.end.set(ptr::null_mut());
            } else {
                self.top.set(space.top);
                self.end.set(space.end);
            }
            self.chunks.set(newest);
        }
        self.full.set(space.full);
        self.collections.set(self.collections.get().saturating_add(1));
        let nursery = (FIRST_TRIGGER << self.collections.get().min(8)).min(NURSERY);
        // The more may be allocated in between, the less a collection costs per byte; but memory
        // is taken for it. Heaps that are small against the machine may take some more.
        let live = self.heap_bytes();
        let factor = if live < 32 << 20 { 3 } else { 2 };
        self.trigger.set((live * factor).max(nursery));
        self.off_trigger.set((self.off_bytes.get() * 2).max(OFF_HEAP_FLOOR));
        self.due.set(self.stress.get());
    }

    /// Keeps the off-heap objects that were moved, gives up the references of the others.
    ///
    /// # Safety
    /// Everything reachable has been moved; the old space is still there.
    unsafe fn sweep(&mut self) {
        let mut old = self.off_first.get();
        let (mut first, mut bytes) = (ptr::null_mut::<u64>(), 0);
        // SAFETY: the list is intact: of a moved object only the header was overwritten, so the link
        // is found by the size in the new header.
        unsafe {
            while !old.is_null() {
                let header = *old;
                if layout::is_forward(header) {
                    let new = header as *mut u64;
                    bytes += referent_bytes(new);
                    let link = off_heap_link(new);
                    old = *link as *mut u64;
                    *link = first as u64;
                    first = new;
                } else {
                    let next = *off_heap_link(old) as *mut u64;
                    drop_referent(old);
                    old = next;
                }
            }
        }
        self.off_first.set(first);
        self.off_bytes.set(bytes);
    }

    /// Forgets the habits of a busy past: the next chunks are taken small again. For a process that
    /// goes to sleep; collect first.
    pub fn calm(&mut self) {
        self.collections.set(0);
        self.trigger.set((self.heap_bytes() * 2).max(FIRST_TRIGGER));
    }
}

impl Space {
    unsafe fn extend(&mut self, payload: usize) {
        // SAFETY: the space owns its chunks.
        unsafe {
            let chunk = chunk::acquire(payload);
            if self.last.is_null() {
                self.first = chunk;
            } else {
                (*self.last).top = self.top;
                (*self.last).next = chunk;
                self.full += self.top as usize - chunk::payload_of(self.last) as usize;
            }
            self.last = chunk;
            self.top = chunk::payload_of(chunk);
            self.end = chunk::end_of(chunk);
        }
    }

    #[inline(always)]
    unsafe fn allocate(&mut self, words: usize) -> *mut u64 {
        if words > (self.end as usize - self.top as usize) / 8 {
            let size = (self.full * 2).clamp(512, 1 << 20);
            // SAFETY: extending makes room for `words`.
            unsafe { self.extend((words * 8).max(size - chunk::HEAD)) };
        }
        let at = self.top;
        // SAFETY: there is room.
        self.top = unsafe { at.add(words) };
        at
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
                header
            } else if layout::is_static(header) {
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
            let new = self.allocate(words);
            if words <= 8 {
                for i in 0..words {
                    new.add(i).write(*at.add(i));
                }
            } else {
                ptr::copy_nonoverlapping(at, new, words);
            }
            *at = new as u64;
            new
        }
    }

    /// Scans moved objects until all they point to has been moved.
    unsafe fn scan(&mut self) {
        let mut chunk = self.first;
        // SAFETY: a space's chunks are filled with objects up to their top.
        unsafe {
            while !chunk.is_null() {
                let mut at = chunk::payload_of(chunk);
                loop {
                    // Scanning may fill this chunk further, or take another.
                    let top = if chunk == self.last { self.top } else { (*chunk).top };
                    if at == top {
                        break;
                    }
                    let words = layout::words_of(*at);
                    self.scan_object(at, words);
                    at = at.add(words);
                }
                if chunk == self.last {
                    break;
                }
                chunk = (*chunk).next;
            }
        }
    }

    #[inline(always)]
    unsafe fn scan_object(&mut self, at: *mut u64, words: usize) {
        // SAFETY: the object is so long; its words after the raw ones are values.
        unsafe {
            let tag = layout::tag_of(*at);
            if tag == layout::VEC {
                return self.scan_vec(at);
            }
            let raw = layout::raw_words(tag);
            if raw == layout::ALL_RAW {
                return;
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
            } else if layout::is_static(header) {
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
    unsafe fn move_buf(&mut self, old: *mut u64, header: u64) -> *mut u64 {
        // SAFETY: a BUF is header, window, room; the window's entries are written.
        unsafe {
            let size = Format::of_flags(layout::flags_of(header)).entry_bytes();
            let (lo, hi) = unpair(*old.add(1));
            let capacity = (layout::words_of(header) - 2) * 8 / size;
            let used = hi - lo;
            let (front, back) = if capacity <= used * 3 + 8 {
                (lo, capacity - hi)
            } else {
                (lo.min(used / 2 + 2), (capacity - hi).min(used / 2 + 2))
            };
            let words = 2 + ((front + used + back) * size).div_ceil(8);
            let new = self.allocate(words);
            new.write(layout::header(layout::BUF, layout::flags_of(header), 0, words));
            new.add(1).write(pair(front, front));
            ptr::copy_nonoverlapping(
                old.add(2).cast::<u8>().add(lo * size),
                new.add(2).cast::<u8>().add(front * size),
                used * size,
            );
            *old = new as u64;
            *old.add(1) = (lo - front) as u64;
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
                    for i in from..to {
                        self.visit(&mut *buf.add(2 + i).cast::<Word>());
                    }
                }
            }
        }
    }
}
