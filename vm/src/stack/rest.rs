//! Room given back by processes that wait.
//!
//! In: the stack of a process that stands in an interpreter's frame. Out: the same without the chunk that was made for the compiled
//! code that the frame stands for: a server that waits for long takes no more than one that was never compiled.
#![allow(unsafe_code)]

use std::ptr;

use super::{POP_CHUNK, Stack, low};
use crate::code::function::Function;

/// A process that has given back its room so often and needed it again keeps it until it has waited for long.
const OFTEN: u8 = 16;
/// Chunks of fewer bytes are not worth it.
const WIDE: u32 = 1 << 10;
/// Words of a frame that are no registers.
const LINKS: usize = 3;

impl Stack {
    /// The process goes to wait, as those do that are woken soon and those that are not. Whether there is room to give back if it
    /// waits for long ([`Stack::withdraw`]).
    #[inline]
    pub(crate) fn rest(&mut self) -> bool {
        if !self.is_wide() {
            return false;
        }
        if self.withdrawn < OFTEN {
            self.withdrawn += 1;
            self.withdraw();
            return false;
        }
        true
    }

    #[inline]
    fn is_wide(&self) -> bool {
        // SAFETY: the newest chunk is alive.
        !self.head.is_null()
            && unsafe { (*self.head).bytes >= WIDE && !(*self.head).prev.is_null() }
    }

    /// Moves the innermost frame from a chunk of its own to the one before, if there is room.
    pub(crate) fn withdraw(&mut self) {
        if !self.is_wide() {
            return;
        }
        // SAFETY: the process stands in an interpreter's frame, which lies at fp as the module says. If it is first in its chunk
        // the head knows where it would lie otherwise, and nothing else lies below that.
        unsafe {
            let head = self.head;
            let (above, to, prev) = ((*head).base, (*head).pc, (*head).prev);
            let function = &*(*self.fp.sub(1) as *const Function);
            let words = function.registers() + LINKS;
            let room = (above as usize).saturating_sub(Stack::limit_of(prev) as usize) / 8;
            if *self.fp.add(1) != POP_CHUNK.pc() as u64 || room < words {
                return;
            }
            ptr::copy_nonoverlapping(self.fp.add(2).sub(words), above.sub(words), words);
            self.fp = above.sub(2);
            *self.fp.add(1) = to as u64;
            self.enter(prev);
            self.free(head);
            debug_assert!(low(prev) < self.fp);
        }
    }
}
