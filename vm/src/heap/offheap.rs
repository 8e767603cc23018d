//! Objects that own something outside the heap: BUFREF (a counted buffer) and HOST (a Rust object).
//!
//! They are linked in one list per generation or fragment, by their last word. A collection keeps those it
//! moved and gives up the references of the others; what they keep alive is charged to the heap.
#![allow(unsafe_code)]

use super::{host, layout, shared};

/// Where an object in the off-heap list keeps its link to the next one.
///
/// # Safety
/// `object` points to a BUFREF or HOST object.
#[inline(always)]
pub(super) unsafe fn off_heap_link(object: *mut u64) -> *mut u64 {
    // SAFETY: by contract; both sorts keep the link in their last word.
    unsafe { object.add(layout::words_of(*object) - 1) }
}

/// Drops what a list of off-heap objects refers to. The objects themselves are not freed.
///
/// # Safety
/// The list is intact, and nobody uses the objects any more.
pub(super) unsafe fn drop_off_heap(mut object: *mut u64) {
    while !object.is_null() {
        // SAFETY: by contract.
        unsafe {
            let next = *off_heap_link(object) as *mut u64;
            let _ = drop_referent(object);
            object = next;
        }
    }
}

/// Gives up the reference that one off-heap object owns; whether it was the last, as far as known.
///
/// # Safety
/// `object` is a BUFREF or HOST object that owns its reference, and is not used again.
pub(super) unsafe fn drop_referent(object: *mut u64) -> bool {
    // SAFETY: by contract.
    unsafe {
        match layout::tag_of(*object) {
            layout::BUFREF => shared::release(*object.add(1) as *mut shared::SharedBuf),
            _ => {
                host::release(object);
                true
            }
        }
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
                swept.freed += if drop_referent(at) { bytes } else { 0 };
                at = next;
            }
        }
    }
}
