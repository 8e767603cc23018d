//! Who lives in a slot of the process table, and two facts about it that others must learn in one
//! look: whether it bears a name (its death then frees it), and whether senders wait for room in its
//! mailbox.
//!
//! All lies in one word, so that every question and every change is one atomic step: a name given
//! while the process dies is either refused, or known to the dying process; never neither.

use crate::sync::{AtomicU64, Ordering};

/// Set while a name points to the process. Serial numbers have 35 bits.
const NAMED: u64 = 1 << 63;
/// Set while its mailbox is bounded and senders have to wait for room.
const BOUNDED: u64 = 1 << 62;
const SERIAL: u64 = BOUNDED - 1;

/// See the module's description.
#[derive(Default)]
pub struct Life {
    word: AtomicU64,
}

impl Life {
    /// A process with this serial number, above 0, moves in.
    pub fn begin(&self, serial: u64) {
        self.word.store(serial, Ordering::Release);
    }

    /// The serial number of who lives here; 0 for nobody.
    pub fn serial(&self) -> u64 {
        self.word.load(Ordering::Acquire) & SERIAL
    }

    /// Whether senders have to wait for room in the mailbox of who lives here.
    pub fn is_bounded(&self) -> bool {
        self.word.load(Ordering::Relaxed) & BOUNDED != 0
    }

    /// The process with this number is going to bear a name: false if it is dead.
    pub fn set_named(&self, serial: u64) -> bool {
        self.change(serial, |word| word | NAMED)
    }

    /// It bears none any more.
    pub fn clear_named(&self, serial: u64) {
        self.change(serial, |word| word & !NAMED);
    }

    /// Whether senders have to wait from now on.
    pub fn set_bounded(&self, serial: u64, bounded: bool) {
        self.change(serial, |word| if bounded { word | BOUNDED } else { word & !BOUNDED });
    }

    /// The process dies; true if a name points to it.
    pub fn end(&self) -> bool {
        self.word.swap(0, Ordering::AcqRel) & NAMED != 0
    }

    fn change(&self, serial: u64, change: impl Fn(u64) -> u64) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        while word & SERIAL == serial {
            let (ok, err) = (Ordering::AcqRel, Ordering::Acquire);
            match self.word.compare_exchange_weak(word, change(word), ok, err) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn facts_end_with_the_process() {
        let life = Life::default();
        assert!(!life.set_named(7));
        life.begin(7);
        assert!(life.set_named(7) && !life.set_named(8));
        life.set_bounded(7, true);
        assert!(life.is_bounded());
        assert_eq!(life.serial(), 7);
        assert!(life.end());
        life.begin(8);
        life.set_bounded(7, true);
        assert!(!life.is_bounded());
        life.set_bounded(8, true);
        life.set_bounded(8, false);
        assert!(!life.is_bounded() && !life.end());
    }
}
