//! Message fragments: a value copied once by the sender, whose memory the receiver takes over.
//!
//! In: a value of the sending heap. Out: a `Send` box of memory with the copy in it, which is either
//! attached to the receiving heap (its chunks become chunks of that heap, in O(1)) or dropped.
//! An immediate takes no memory at all, a small message one chunk.
#![allow(unsafe_code)]

use super::Heap;
use super::chunk::{self, Chunk};
use super::copy::{self, Arena};
use super::offheap::{drop_off_heap, off_heap_link};
use super::old::Old;
use crate::value::{Value, Word};
use std::ptr;

/// A message of more bytes becomes part of the old generation without being copied again.
const GROWN_UP: usize = 32 << 10;

/// A value with all it reaches, in memory of its own.
pub struct Fragment {
    root: Word,
    first: *mut Chunk,
    last: *mut Chunk,
    pub(super) bytes: usize,
    off_first: *mut u64,
    off_last: *mut u64,
    off_bytes: usize,
}

// SAFETY: a fragment owns its chunks and references alone; what it refers to outside is Send + Sync.
unsafe impl Send for Fragment {}

impl Fragment {
    /// A copy of a value.
    #[inline]
    pub fn copy_of(value: Value<'_>) -> Fragment {
        let mut fragment = Fragment::immediate(value.word());
        if value.word().is_pointer() {
            let mut arena = Arena::new(false);
            fragment.root = copy::copy_into(&mut arena, value);
            fragment.bytes = arena.filled();
            fragment.first = arena.first;
            fragment.last = arena.last;
            fragment.off_first = arena.off_first;
            fragment.off_last = arena.off_last;
            fragment.off_bytes = arena.off_bytes;
            if !arena.last.is_null() {
                // SAFETY: the arena's chunks are the fragment's now.
                unsafe { (*arena.last).top = arena.top };
            }
        }
        fragment
    }

    #[inline]
    const fn immediate(root: Word) -> Fragment {
        Fragment {
            root,
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            bytes: 0,
            off_first: ptr::null_mut(),
            off_last: ptr::null_mut(),
            off_bytes: 0,
        }
    }

    /// The value inside, as long as the fragment is not attached or dropped.
    #[inline]
    pub fn value(&self) -> Value<'_> {
        Value::new(self.root)
    }

    /// Bytes it takes, those outside that it keeps alive included.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes + self.off_bytes
    }
}

impl Drop for Fragment {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the fragment owns its chunks and the references in them.
        unsafe {
            drop_off_heap(self.off_first);
            let mut chunk = self.first;
            while !chunk.is_null() {
                chunk = chunk::release(chunk);
            }
        }
    }
}

impl Heap {
    /// Takes over a fragment's memory; returns its value, now of this heap.
    #[inline]
    pub fn attach(&self, fragment: Fragment) -> Value<'_> {
        let fragment = std::mem::ManuallyDrop::new(fragment);
        if !fragment.first.is_null() {
            self.attach_chunks(&fragment);
        }
        Value::new(fragment.root)
    }

    fn attach_chunks(&self, fragment: &Fragment) {
        if let Some(old) = &self.old
            && fragment.bytes >= GROWN_UP
        {
            return self.adopt_chunks(old, fragment);
        }
        // SAFETY: the fragment's chunks and off-heap objects go over to this heap.
        unsafe {
            let newest = self.chunks.get();
            if newest.is_null() {
                // The last chunk comes first in the heap's list, with its free room.
                if fragment.first == fragment.last {
                    self.chunks.set(fragment.first);
                    self.top.set((*fragment.first).top);
                    self.end.set(chunk::end_of(fragment.first));
                } else {
                    let own = chunk::acquire(0);
                    (*own).next = fragment.first;
                    self.chunks.set(own);
                    self.top.set(chunk::payload_of(own));
                    self.end.set(chunk::end_of(own));
                    self.full.set(self.full.get() + fragment.bytes);
                }
            } else {
                (*fragment.last).next = (*newest).next;
                (*newest).next = fragment.first;
                self.full.set(self.full.get() + fragment.bytes);
            }
            if !fragment.off_first.is_null() {
                *off_heap_link(fragment.off_last) = self.off_first.get() as u64;
                self.off_first.set(fragment.off_first);
            }
        }
        self.charge_off_heap(fragment.off_bytes);
    }

    /// Makes a large fragment part of the old generation as it is.
    fn adopt_chunks(&self, old: &Old, fragment: &Fragment) {
        // SAFETY: as in `attach_chunks`; what is in a fragment points to nothing outside of it.
        unsafe {
            old.adopt(fragment.first, fragment.last, fragment.bytes);
            if !fragment.off_first.is_null() {
                *off_heap_link(fragment.off_last) = old.off_first.get() as u64;
                old.off_first.set(fragment.off_first);
                old.off_bytes.set(old.off_bytes.get() + fragment.off_bytes);
            }
        }
        self.charge_off_heap(fragment.off_bytes);
    }
}
