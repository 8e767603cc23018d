//! The place where a waiting process's body lies. Whoever takes the box out owns it.
#![allow(unsafe_code)]
// Invariant: a non-null pointer in the cell came from `Box::into_raw` and is owned by the cell; the swap
// that takes it out moves the ownership to exactly one taker.

use crate::sync::{AtomicPtr, Ordering, ordered};
use std::ptr;

/// A cell for one box.
pub struct Parking<T> {
    cell: AtomicPtr<T>,
}

impl<T> Default for Parking<T> {
    fn default() -> Self {
        Parking { cell: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T> Parking<T> {
    /// Lays the box down. What the caller checks after this, others that changed it before they
    /// called `take` are seen to have changed, if check and change are sequentially consistent, as those of
    /// an inbox are: all four accesses then have one order (and none needs a fence besides).
    pub fn put(&self, value: Box<T>) {
        let old = self.cell.swap(Box::into_raw(value), Ordering::SeqCst);
        debug_assert!(old.is_null(), "one body per slot");
        ordered();
    }

    /// Whether a box lies here, as a hint.
    pub fn is_occupied(&self) -> bool {
        !self.cell.load(Ordering::Relaxed).is_null()
    }

    /// Takes the box, if it is there and nobody else was faster.
    pub fn take(&self) -> Option<Box<T>> {
        ordered();
        if self.cell.load(Ordering::SeqCst).is_null() {
            return None;
        }
        let taken = self.cell.swap(ptr::null_mut(), Ordering::AcqRel);
        if taken.is_null() {
            return None;
        }
        // SAFETY: the swap made this call the owner.
        Some(unsafe { Box::from_raw(taken) })
    }
}

impl<T> Drop for Parking<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
