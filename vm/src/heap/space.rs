//! Where a collection moves the living to: chunks linked oldest first, filled one after the other.
//!
//! In: how many words an object takes. Out: room for it. A space is its own worklist: what was moved
//! there lies in the order it was moved, from a [`Mark`] on.
#![allow(unsafe_code)]

use super::chunk::{self, Chunk};
use super::layout;
use std::ptr;

/// The largest chunk taken for small objects.
const CHUNK: usize = 1 << 20;

/// See the module. A copy is the same space: whoever has changed one forgets the other.
#[derive(Clone, Copy)]
pub(super) struct Space {
    pub(super) top: *mut u64,
    end: *mut u64,
    first: *mut Chunk,
    last: *mut Chunk,
    /// Bytes filled in all chunks but the last.
    full: usize,
}

/// A place in a space, between two objects; before the first one if the chunk is null.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    chunk: *mut Chunk,
    at: *mut u64,
}

impl Space {
    pub(super) const EMPTY: Space = Space {
        top: ptr::null_mut(),
        end: ptr::null_mut(),
        first: ptr::null_mut(),
        last: ptr::null_mut(),
        full: 0,
    };

    /// Bytes filled.
    pub(super) fn bytes(&self) -> usize {
        if self.last.is_null() {
            return 0;
        }
        // SAFETY: the space's last chunk is filled up to `top`.
        self.full + (self.top as usize - unsafe { chunk::payload_of(self.last) } as usize)
    }

    /// Bytes of its chunks, free room included.
    pub(super) fn reserved(&self) -> usize {
        chunk::reserved(self.first)
    }

    /// Where the next object goes, unless a new chunk is needed for it.
    pub(super) fn mark(&self) -> Mark {
        Mark { chunk: self.last, at: self.top }
    }

    /// Takes a chunk with at least so many bytes of room.
    pub(super) fn extend(&mut self, payload: usize) {
        let chunk = chunk::acquire(payload);
        // SAFETY: the chunk is ours.
        unsafe { self.append(chunk) };
    }

    /// Goes on in a chunk of the caller's, with nothing in it.
    unsafe fn append(&mut self, chunk: *mut Chunk) {
        // SAFETY: the space owns its chunks, and this one by contract, with nothing in it.
        unsafe {
            self.full = self.bytes();
            if self.last.is_null() {
                self.first = chunk;
            } else {
                (*self.last).top = self.top;
                (*self.last).next = chunk;
            }
            self.last = chunk;
            self.top = chunk::payload_of(chunk);
            self.end = chunk::end_of(chunk);
        }
    }

    /// Takes over chunks with so many bytes of objects in front of all others: the last chunk keeps
    /// its free room.
    ///
    /// # Safety
    /// The caller owned them; they are linked from the first to the last and filled up to their tops.
    pub(super) unsafe fn prepend(&mut self, first: *mut Chunk, last: *mut Chunk, bytes: usize) {
        if self.last.is_null() {
            self.extend(0);
        }
        // SAFETY: the space owns its chunks, and these by contract.
        unsafe { (*last).next = self.first };
        self.first = first;
        self.full += bytes;
    }

    /// Room for an object.
    #[inline(always)]
    pub(super) fn allocate(&mut self, words: usize) -> *mut u64 {
        if words > (self.end as usize - self.top as usize) / 8 {
            self.make_room(words * 8);
        }
        let at = self.top;
        // SAFETY: there is room.
        self.top = unsafe { at.add(words) };
        at
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, bytes: usize) {
        let size = (self.full * 2).clamp(512, CHUNK);
        self.extend(bytes.max(size - chunk::HEAD));
    }

    /// Calls `each` with every object from a mark on and its size in words, those added meanwhile
    /// included.
    ///
    /// # Safety
    /// The mark is of this space; `each` gets at the space by `space_of`.
    pub(super) unsafe fn walk<T>(
        context: &mut T,
        from: Mark,
        space_of: impl Fn(&T) -> Space,
        mut each: impl FnMut(&mut T, *mut u64, usize),
    ) {
        // SAFETY: a space's chunks are filled with objects up to their top.
        unsafe {
            let (mut chunk, mut at) = (from.chunk, from.at);
            if chunk.is_null() {
                chunk = space_of(context).first;
                if chunk.is_null() {
                    return;
                }
                at = chunk::payload_of(chunk);
            }
            loop {
                let space = space_of(context);
                let last = chunk == space.last;
                let top = if last { space.top } else { (*chunk).top };
                if at != top {
                    let words = layout::words_of(*at);
                    each(context, at, words);
                    at = at.add(words);
                } else if last {
                    return;
                } else {
                    chunk = (*chunk).next;
                    at = chunk::payload_of(chunk);
                }
            }
        }
    }

    /// Its chunks, newest first as a heap links them, the newest without what it has of free room;
    /// nothing if no object is in it.
    pub(super) fn into_list(self) -> *mut Chunk {
        let mut newest = ptr::null_mut();
        let mut chunk = self.first;
        // SAFETY: the chunks are ours, linked oldest first.
        unsafe {
            while !chunk.is_null() {
                let next = (*chunk).next;
                (*chunk).next = newest;
                newest = chunk;
                chunk = next;
            }
            if self.bytes() == 0 {
                while !newest.is_null() {
                    newest = chunk::release(newest);
                }
            }
        }
        newest
    }

    /// The end of the last chunk.
    pub(super) fn end(&self) -> *mut u64 {
        self.end
    }

    /// Bytes in all chunks but the last.
    pub(super) fn full(&self) -> usize {
        self.full
    }

    /// Gives all chunks back.
    ///
    /// # Safety
    /// Nothing in it is used again.
    pub(super) unsafe fn release(self) {
        // SAFETY: the chunks are ours.
        unsafe { chunk::release_all(self.first) }
    }
}
