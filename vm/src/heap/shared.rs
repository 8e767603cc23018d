//! Buffers outside any heap, shared between processes by counted reference.
//!
//! In: a size. Out: a buffer whose *window* `[lo, hi)` of entries is written and never changes.
//!
//! A buffer holds no pointers: small ints, floats, bools or text. Room beside the window may be
//! claimed by whoever holds the slice that ends at its edge: the claim is one compare-and-swap of the
//! window, after which the winner alone writes the claimed room, before it makes the first slice that
//! covers it. Other processes get such a slice only by message, which orders the writes before the
//! reads. So every entry is written once, before anybody can read it.
#![allow(unsafe_code)]

use super::layout::{pair, unpair};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// The head of a shared buffer; its data follows.
#[repr(C, align(16))]
pub(crate) struct SharedBuf {
    refs: AtomicUsize,
    capacity: usize,
    window: AtomicU64,
    unused: u64,
}

/// Bytes before the data.
pub(crate) const HEAD: usize = size_of::<SharedBuf>();
/// Where its window lies, and its count of references, for code that claims inline as [`SharedBuf::claim`] does.
pub(crate) const WINDOW: usize = offset_of!(SharedBuf, window);
/// See [`WINDOW`].
pub(crate) const REFS: usize = offset_of!(SharedBuf, refs);

fn layout(capacity: usize) -> Layout {
    Layout::from_size_align(capacity.saturating_add(HEAD), 16)
        .unwrap_or_else(|_| handle_alloc_error(Layout::new::<SharedBuf>()))
}

impl SharedBuf {
    /// A buffer with room for so many bytes and this window, owned by one reference. The caller
    /// writes the window's entries before anybody reads them.
    pub(crate) fn create(capacity: usize, lo: usize, hi: usize) -> *mut SharedBuf {
        // SAFETY: the layout's size is not zero, and the head fits in it.
        unsafe {
            let at = alloc(layout(capacity)).cast::<SharedBuf>();
            if at.is_null() {
                handle_alloc_error(layout(capacity));
            }
            at.write(SharedBuf {
                refs: AtomicUsize::new(1),
                capacity,
                window: AtomicU64::new(pair(lo, hi)),
                unused: 0,
            });
            at
        }
    }

    /// Bytes of room for data.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes this buffer takes.
    pub(crate) fn bytes(&self) -> usize {
        self.capacity + HEAD
    }

    /// The entries in use by anybody.
    pub(crate) fn window(&self) -> (usize, usize) {
        unpair(self.window.load(Ordering::Relaxed))
    }

    /// Widens the window from `old` to `new`; false if it is no longer `old`. Whoever calls this owns
    /// a reference (which those who reach the buffer through static memory do not).
    pub(crate) fn claim(&self, old: (usize, usize), new: (usize, usize)) -> bool {
        let (old, new) = (pair(old.0, old.1), pair(new.0, new.1));
        if self.refs.load(Ordering::Acquire) == 1 {
            // Nobody else can hold, or come to hold, this buffer while we use our reference.
            if self.window.load(Ordering::Relaxed) != old {
                return false;
            }
            self.window.store(new, Ordering::Relaxed);
            return true;
        }
        self.window.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// One more reference.
    pub(crate) fn retain(&self) {
        self.refs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where the data of a buffer begins.
///
/// # Safety
/// `buf` points to a live buffer, with the right to all of it.
#[inline(always)]
pub(crate) unsafe fn data(buf: *mut SharedBuf) -> *mut u8 {
    // SAFETY: the data follows the head.
    unsafe { buf.cast::<u8>().add(HEAD) }
}

/// Gives up one reference, and frees the buffer with the last.
///
/// # Safety
/// The caller owns a reference and does not use it again.
pub(crate) unsafe fn release(buf: *mut SharedBuf) {
    // SAFETY: the reference keeps the buffer alive up to here.
    unsafe {
        if (*buf).refs.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            super::chunk::note_freed((*buf).capacity);
            dealloc(buf.cast(), layout((*buf).capacity));
        }
    }
}
