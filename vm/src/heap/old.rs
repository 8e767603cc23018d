//! The old generation of a heap, and what it has to remember.
//!
//! In: chunks whose objects have survived, claims of room in old buffers. Out: the young values that
//! old objects may point to, for the next collection of the young ones.
#![allow(unsafe_code)]

use super::chunk::{self, Chunk};
use super::layout::{self, Format};
use super::space::Space;
use std::cell::{Cell, RefCell};
use std::ptr;

/// An old buffer of which something was claimed, and the window it had when the last collection ended:
/// what lies outside that may be young.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    pub(super) buf: *mut u64,
    pub(super) window: u64,
}

/// See the module. Only heaps with more than a little alive have one.
pub(super) struct Old {
    pub(super) space: Cell<Space>,
    /// Its objects that own something outside the heap, and the bytes of that.
    pub(super) off_first: Cell<*mut u64>,
    pub(super) off_bytes: Cell<usize>,
    pub(super) claimed: RefCell<Vec<Claimed>>,
    /// A full collection is due when the old generation, or what it keeps outside the heap, has
    /// grown to so many bytes, …
    pub(super) full_at: usize,
    pub(super) off_full_at: usize,
    /// … or when so much has been allocated since the last.
    pub(super) full_after: usize,
    /// How often in a row most of what was allocated survived, and how many more times it is
    /// taken to survive as a whole.
    pub(super) streak: u32,
    pub(super) wholesale: u32,
    /// How much has to be allocated before an idle process has a full collection again.
    pub(super) patience: usize,
    /// Bytes alive when the last full collection ended.
    pub(super) lived: usize,
    /// Bytes allocated since then.
    pub(super) spent: usize,
}

impl Old {
    /// An old generation of these objects.
    pub(super) fn new(space: Space, off_first: *mut u64, off_bytes: usize) -> Old {
        Old {
            space: Cell::new(space),
            off_first: Cell::new(off_first),
            off_bytes: Cell::new(off_bytes),
            claimed: RefCell::default(),
            full_at: usize::MAX,
            off_full_at: usize::MAX,
            full_after: usize::MAX,
            streak: 0,
            wholesale: 0,
            patience: 0,
            lived: space.bytes(),
            spent: 0,
        }
    }

    /// Bytes of its objects.
    pub(super) fn bytes(&self) -> usize {
        self.space.get().bytes()
    }

    /// Room of a guarded buffer has been claimed, which had this window before: the collector has
    /// to know.
    ///
    /// # Safety
    /// `buf` is a BUF of this generation.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn remember(&self, buf: *mut u64, window: u64) {
        // SAFETY: by contract.
        unsafe { *buf &= !layout::bits(layout::GUARDED) };
        self.claimed.borrow_mut().push(Claimed { buf, window });
    }

    /// Takes over chunks with so many bytes of objects that point to nothing outside of them, without
    /// moving anything.
    ///
    /// # Safety
    /// The caller owned the chunks, which are linked and filled up to their tops.
    pub(super) unsafe fn adopt(&self, first: *mut Chunk, last: *mut Chunk, bytes: usize) {
        let mut space = self.space.get();
        // SAFETY: by contract.
        unsafe {
            let mut chunk = first;
            while !chunk.is_null() {
                let mut at = chunk::payload_of(chunk);
                while at != (*chunk).top {
                    *at |= marks_of(*at);
                    at = at.add(layout::words_of(*at));
                }
                chunk = if chunk == last { ptr::null_mut() } else { (*chunk).next };
            }
            space.prepend(first, last, bytes);
        }
        self.space.set(space);
    }
}

/// The bits in the header of an object that make it one of the old generation.
#[inline(always)]
pub(super) fn marks_of(header: u64) -> u64 {
    let traced = Format::of_flags(layout::flags_of(header)).traced();
    if layout::tag_of(header) == layout::BUF && traced {
        layout::bits(layout::OLD | layout::GUARDED)
    } else {
        layout::bits(layout::OLD)
    }
}
