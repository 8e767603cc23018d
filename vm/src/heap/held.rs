//! Which maps nothing but one root leads to, directly or by way of a set.
//!
//! In: each reference to a map (or set, or old version) that may matter, as a collection meets it. Out: the maps that
//! are *held*, which may be edited in place though they are old; and whether an old handle is alive. `edit_map.rs`
//! tells why that is found out so.
#![allow(unsafe_code)]

use super::edit::Attic;
use super::{edit_map, layout};
use crate::value::Word;

/// The address of a moved object is marked so if what refers to it is noted, …
pub(super) const NOTED: u64 = 2;
/// … in its header: here.
const NOTE_SHIFT: u32 = 16;
/// What is noted: nothing but one root refers to it, nothing but one set, or anything else.
pub(super) const ROOT: u16 = 1;
pub(super) const MEMBERS: u16 = 2;
pub(super) const MANY: u16 = 3;
/// So many maps are held at most.
const HELD: usize = 8;

impl Attic {
    /// Forgets what was noted of old maps that matter.
    pub(super) unsafe fn note_anew(&self) {
        for &at in self.held.borrow().iter().chain(self.undecided.borrow().iter()) {
            // SAFETY: by contract these are old objects.
            unsafe { clear_note(at) };
        }
    }

    /// Keeps those of these maps, and maps of these sets, that nothing but one root leads to.
    pub(super) unsafe fn hold(&self, mut found: Vec<*mut u64>, is_quick: bool) {
        // SAFETY: by contract these are live objects, or old ones.
        unsafe {
            let sets: Vec<*mut u64> = found
                .iter()
                .filter(|&&at| layout::tag_of(*at) == layout::SET && layout::aux_of(*at) == ROOT)
                .map(|&at| members_of(at))
                .take(HELD)
                .collect();
            found.retain(|&at| {
                let is_only = match layout::aux_of(*at) {
                    ROOT => true,
                    MEMBERS => sets.contains(&at),
                    _ => false,
                };
                is_only && layout::tag_of(*at) == layout::OMAP
            });
            found.truncate(HELD);
            found.iter().for_each(|&at| edit_map::begin_anew(at));
        }
        *self.held.borrow_mut() = found;
        self.is_quick.set(is_quick);
    }
}

/// The map that a set is.
unsafe fn members_of(set: *mut u64) -> *mut u64 {
    // SAFETY: by contract a set.
    unsafe { Word::from_bits(*set.add(1)).address() }
}

pub(super) unsafe fn clear_note(at: *mut u64) {
    // SAFETY: by contract an object; of one that is noted the sixteen bits mean nothing else.
    unsafe { *at &= !(0xffff << NOTE_SHIFT) };
}

/// Notes another reference to an object.
#[cold]
#[inline(never)]
pub(super) unsafe fn note(at: *mut u64, by: u16) {
    // SAFETY: by contract an object that is noted.
    unsafe {
        let noted = if layout::aux_of(*at) == 0 { by } else { MANY };
        clear_note(at);
        *at |= u64::from(noted) << NOTE_SHIFT;
    }
}

/// The same of one that stays where it is; a set leads to its map.
#[cold]
#[inline(never)]
pub(super) unsafe fn note_old(at: *mut u64, by: u16) {
    // SAFETY: by contract an object that is noted, and so is the map of a set unless it cannot be edited.
    unsafe {
        if layout::tag_of(*at) != layout::SET {
            return note(at, by);
        }
        let members = members_of(at);
        if is_noted(*members) {
            note(members, MANY);
        }
    }
}

/// Whether it is noted what refers to the object with this header.
#[inline(always)]
pub(super) fn is_noted(header: u64) -> bool {
    matches!(layout::tag_of(header), layout::OMAP | layout::SMAP | layout::SET)
}
