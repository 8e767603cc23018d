//! Objects that own something outside the heap: BUFREF (a counted buffer) and HOST (a Rust object).
//!
//! They are linked in one list per generation or fragment, by their last word. A collection keeps those it
//! moved and gives up the references of the others; what they keep alive is charged to the heap.
#![allow(unsafe_code)]

use super::shared::SharedBuf;
use super::{host, layout, shared};
use std::ptr;

/// Where an object in the off-heap list keeps its link to the next one.
///
/// # Safety
/// `object` points to a BUFREF or HOST object.
#[inline(always)]
pub(super) unsafe fn off_heap_link(object: *mut u64) -> *mut u64 {
    // SAFETY: by contract; both sorts keep the link in their last word.
    unsafe { object.add(layout::words_of(*object) - 1) }
}

/// References to be given up. Many messages in a row may refer to one buffer, whose count others change at the same
/// time: that is changed once for all of them.
struct Dropped {
    buffer: *mut SharedBuf,
    many: usize,
    /// The bytes of what nobody else holds, as far as known.
    freed: usize,
}

impl Dropped {
    fn new() -> Dropped {
        Dropped { buffer: ptr::null_mut(), many: 0, freed: 0 }
    }

    /// One more: that of an off-heap object, which keeps so many bytes alive.
    ///
    /// # Safety
    /// `object` is a BUFREF or HOST object that owns its reference, and is not used again.
    unsafe fn add(&mut self, object: *mut u64, bytes: usize) {
        // SAFETY: by contract.
        unsafe {
            if layout::tag_of(*object) != layout::BUFREF {
                host::release(object);
                self.freed += bytes;
                return;
            }
            let buffer = *object.add(1) as *mut SharedBuf;
            if buffer != self.buffer {
                self.give_up();
                self.buffer = buffer;
            }
            self.many += 1;
        }
    }

    /// Gives them up.
    ///
    /// # Safety
    /// Nobody uses the objects any more.
    unsafe fn give_up(&mut self) {
        if self.many > 0 {
            // SAFETY: each object had a reference, which is not used again.
            unsafe {
                let bytes = (*self.buffer).bytes();
                self.freed += if shared::release(self.buffer, self.many) { bytes } else { 0 };
            }
            self.many = 0;
        }
    }
}

/// Drops what a list of off-heap objects refers to. The objects themselves are not freed.
///
/// # Safety
/// The list is intact, and nobody uses the objects any more.
pub(super) unsafe fn drop_off_heap(mut object: *mut u64) {
    let mut dropped = Dropped::new();
    // SAFETY: by contract.
    unsafe {
        while !object.is_null() {
            let next = *off_heap_link(object) as *mut u64;
            dropped.add(object, 0);
            object = next;
        }
        dropped.give_up();
    }
}

/// The bytes that one off-heap object keeps alive.
///
/// # Safety
/// `object` is a BUFREF or HOST object that owns its reference.
pub(super) unsafe fn referent_bytes(object: *mut u64) -> usize {
    // SAFETY: by contract.
    unsafe {
        match layout::tag_of(*object) {
            layout::BUFREF => (*(*object.add(1) as *mut shared::SharedBuf)).bytes(),
            _ => host::bytes(object),
        }
    }
}

/// What a sweep has found.
pub(super) struct Swept {
    /// The first of the living, linked.
    pub(super) first: *mut u64,
    /// What these keep alive, in bytes.
    pub(super) bytes: usize,
    /// The bytes of what was given up, and of the part of it that nobody else holds.
    pub(super) given_up: usize,
    pub(super) freed: usize,
}

impl Swept {
    /// Nothing but this list so far.
    pub(super) fn of(first: *mut u64, bytes: usize) -> Swept {
        Swept { first, bytes, given_up: 0, freed: 0 }
    }
}

/// Moves the living of a list of off-heap objects to another list, with their bytes, and gives up the
/// references of the others.
///
/// # Safety
/// Everything reachable has been moved; the old space is still there.
pub(super) unsafe fn sweep(list: *mut u64, swept: &mut Swept) {
    let mut at = list;
    let mut dropped = Dropped::new();
    // SAFETY: the list is intact: of a moved object only the header was overwritten, so the link is
    // found by the size in the new header.
    unsafe {
        while !at.is_null() {
            let header = *at;
            if layout::is_forward(header) {
                let new = header as *mut u64;
                swept.bytes += referent_bytes(new);
                let link = off_heap_link(new);
                at = *link as *mut u64;
                *link = swept.first as u64;
                swept.first = new;
            } else {
                let next = *off_heap_link(at) as *mut u64;
                let bytes = referent_bytes(at);
                swept.given_up += bytes;
                dropped.add(at, bytes);
                at = next;
            }
        }
        dropped.give_up();
    }
    swept.freed += dropped.freed;
}
