//! Buffers outside any heap, shared between processes by counted reference.
//!
//! In: a size. Out: a buffer whose *window* `[lo, hi)` of entries is written and does not change, but for
//! vectors edited in place by the only heap that refers to it (`edit.rs`).
//!
//! A buffer holds no pointers: small ints, floats, bools or text. Room beside the window may be
//! claimed by whoever holds the slice that ends at its edge: the claim is one compare-and-swap of the
//! window, after which the winner alone writes the claimed room, before it makes the first slice that
//! covers it. Other processes get such a slice only by message, which orders the writes before the
//! reads. So every entry is written before anybody else can read it.
#![allow(unsafe_code)]

use super::layout::{pair, unpair};
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// The head of a shared buffer; its data follows.
#[repr(C, align(16))]
pub(crate) struct SharedBuf {
    refs: AtomicUsize,
    capacity: usize,
    window: AtomicU64,
    /// Whether all of its room has been written, if only with zeros.
    written: bool,
}

/// Bytes before the data.
pub(crate) const HEAD: usize = size_of::<SharedBuf>();

/// Where the parts of the head lie, for code that claims room inline as [`SharedBuf::claim`] does: nobody else can hold,
/// or come to hold, the buffer of the only reference.
#[cfg_attr(not(feature = "jit"), allow(dead_code))]
pub(crate) mod offset {
    use super::SharedBuf;
    use std::mem::offset_of;

    pub(crate) const REFS: usize = offset_of!(SharedBuf, refs);
    /// The bytes of room.
    pub(crate) const CAPACITY: usize = offset_of!(SharedBuf, capacity);
    pub(crate) const WINDOW: usize = offset_of!(SharedBuf, window);
}

fn layout(capacity: usize) -> Layout {
    Layout::from_size_align(capacity.saturating_add(HEAD), 16)
        .unwrap_or_else(|_| handle_alloc_error(Layout::new::<SharedBuf>()))
}

impl SharedBuf {
    /// A buffer with room for so many bytes and this window, owned by one reference. The caller
    /// writes the window's entries before anybody reads them.
    pub(crate) fn create(capacity: usize, lo: usize, hi: usize) -> *mut SharedBuf {
        // SAFETY: the layout's size is not zero; a spare buffer is ours.
        unsafe {
            match spare::take(capacity, false) {
                Some(buf) => SharedBuf::begin(buf, (*buf).capacity, (*buf).written, (lo, hi)),
                None => {
                    let at = alloc(layout(capacity)).cast();
                    SharedBuf::begin(at, capacity, false, (lo, hi))
                }
            }
        }
    }

    /// The same with an empty window, and all room written: with zeros, or whatever was there.
    pub(crate) fn create_written(capacity: usize) -> *mut SharedBuf {
        // SAFETY: as for `create`.
        unsafe {
            match spare::take(capacity, true) {
                Some(buf) => SharedBuf::begin(buf, (*buf).capacity, true, (0, 0)),
                None => {
                    let at = alloc_zeroed(layout(capacity)).cast();
                    SharedBuf::begin(at, capacity, true, (0, 0))
                }
            }
        }
    }

    /// # Safety
    /// `at` is null, or the caller's, with so many bytes behind the head.
    unsafe fn begin(
        at: *mut SharedBuf,
        capacity: usize,
        written: bool,
        (lo, hi): (usize, usize),
    ) -> *mut SharedBuf {
        if at.is_null() {
            handle_alloc_error(layout(capacity));
        }
        let (refs, window) = (AtomicUsize::new(1), AtomicU64::new(pair(lo, hi)));
        // SAFETY: by contract.
        unsafe { at.write(SharedBuf { refs, capacity, window, written }) };
        at
    }

    /// Bytes of room for data.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes this buffer takes.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.capacity + HEAD
    }

    /// The entries in use by anybody.
    #[inline]
    pub(crate) fn window(&self) -> (usize, usize) {
        unpair(self.window.load(Ordering::Relaxed))
    }

    /// Widens the window from `old` to `new`; false if it is no longer `old`. Whoever calls this owns
    /// a reference (which those who reach the buffer through static memory do not).
    #[inline]
    pub(crate) fn claim(&self, old: (usize, usize), new: (usize, usize)) -> bool {
        let (old, new) = (pair(old.0, old.1), pair(new.0, new.1));
        if self.is_single() {
            if self.window.load(Ordering::Relaxed) != old {
                return false;
            }
            self.window.store(new, Ordering::Relaxed);
            return true;
        }
        self.window.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether nobody else holds, or can come to hold, this buffer: asked by who owns a reference.
    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        self.refs.load(Ordering::Acquire) == 1
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

/// Gives up so many references, and frees the buffer with the last: whether that was among them.
///
/// # Safety
/// The caller owns as many references and does not use them again.
pub(crate) unsafe fn release(buf: *mut SharedBuf, many: usize) -> bool {
    // SAFETY: the references keep the buffer alive up to here.
    unsafe {
        let last = (*buf).refs.fetch_sub(many, Ordering::Release) == many;
        if last {
            fence(Ordering::Acquire);
            if !spare::keep(buf) {
                free(buf);
            }
        }
        last
    }
}

/// Frees a buffer.
unsafe fn free(buf: *mut SharedBuf) {
    // SAFETY: the caller owns the buffer, which was allocated with this layout.
    unsafe {
        super::chunk::note_freed((*buf).capacity);
        dealloc(buf.cast(), layout((*buf).capacity));
    }
}

/// Large buffers that the next ones are made of: a program that calculates with large vectors makes and drops
/// one after the other, and the system would have to clear the pages of each. Kept by the thread that has freed them,
/// until it has nothing to do.
pub(super) mod spare {
    use super::{SharedBuf, free};
    use std::cell::Cell;
    use std::ptr;

    /// Smaller buffers the allocator has at hand itself.
    const LEAST: usize = 256 << 10;
    /// The most bytes that a thread keeps.
    const MOST: usize = 32 << 20;
    /// How many buffers.
    const COUNT: usize = 4;

    struct Spare {
        kept: [Cell<*mut SharedBuf>; COUNT],
        bytes: Cell<usize>,
    }

    impl Spare {
        fn clear(&self) {
            self.bytes.set(0);
            for place in &self.kept {
                let buf = place.replace(ptr::null_mut());
                if !buf.is_null() {
                    // SAFETY: what is kept is owned.
                    unsafe { free(buf) };
                }
            }
        }
    }

    impl Drop for Spare {
        fn drop(&mut self) {
            self.clear();
        }
    }

    thread_local! {
        static SPARE: Spare = const {
            Spare { kept: [const { Cell::new(ptr::null_mut()) }; COUNT], bytes: Cell::new(0) }
        };
    }

    /// A buffer with room for so many bytes, and not many more; one that has been written if so wanted.
    pub(super) fn take(capacity: usize, written: bool) -> Option<*mut SharedBuf> {
        if capacity < LEAST {
            return None;
        }
        SPARE
            .try_with(|spare| {
                let place = spare.kept.iter().find(|place| {
                    let buf = place.get();
                    // SAFETY: what is kept is owned.
                    !buf.is_null()
                        && unsafe {
                            let fits = capacity..=capacity + capacity / 8;
                            fits.contains(&(*buf).capacity) && ((*buf).written || !written)
                        }
                })?;
                let buf = place.replace(ptr::null_mut());
                // SAFETY: as above.
                spare.bytes.set(spare.bytes.get() - unsafe { (*buf).capacity });
                Some(buf)
            })
            .ok()
            .flatten()
    }

    /// Keeps a buffer, if it is one of those worth it.
    ///
    /// # Safety
    /// The caller owns the buffer, and gives it up if this says true.
    pub(super) unsafe fn keep(buf: *mut SharedBuf) -> bool {
        // SAFETY: by contract.
        let capacity = unsafe { (*buf).capacity };
        if capacity < LEAST {
            return false;
        }
        SPARE
            .try_with(|spare| {
                let bytes = spare.bytes.get() + capacity;
                let free = spare.kept.iter().find(|place| place.get().is_null());
                let Some(place) = free.filter(|_| bytes <= MOST) else { return false };
                place.set(buf);
                spare.bytes.set(bytes);
                true
            })
            .unwrap_or(false)
    }

    /// Whether this thread keeps any.
    pub(in crate::heap) fn any() -> bool {
        SPARE.try_with(|spare| spare.bytes.get() > 0).unwrap_or(false)
    }

    /// Frees what this thread keeps.
    pub(in crate::heap) fn clear() {
        // A thread that ends has done so.
        let _ = SPARE.try_with(Spare::clear);
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::heap::shared::release;

        #[test]
        fn large_buffers_are_used_again_within_a_thread() {
            std::thread::spawn(|| {
                let first = SharedBuf::create(1 << 20, 0, 0);
                // SAFETY: the references are ours.
                unsafe { release(first, 1) };
                assert!(any());
                let small = SharedBuf::create(1 << 10, 0, 0);
                let larger = SharedBuf::create((1 << 20) + 1, 0, 0);
                let again = SharedBuf::create((1 << 20) - 8, 3, 9);
                assert!(again == first && larger != first && !any());
                // SAFETY: as above.
                unsafe {
                    assert_eq!(((*again).capacity(), (*again).window()), (1 << 20, (3, 9)));
                    for buf in [small, larger, again] {
                        release(buf, 1);
                    }
                }
                clear();
                assert!(!any());
            })
            .join()
            .unwrap();
        }

        #[test]
        fn no_more_is_kept_than_allowed() {
            std::thread::spawn(|| {
                let bufs: Vec<_> = (0..6).map(|_| SharedBuf::create(10 << 20, 0, 0)).collect();
                for buf in bufs {
                    // SAFETY: the references are ours.
                    unsafe { release(buf, 1) };
                }
                SPARE.with(|spare| assert!(spare.bytes.get() <= MOST));
            })
            .join()
            .unwrap();
        }
    }
}
