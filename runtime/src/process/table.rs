//! The process table: from a pid to what others may touch of the process.
//!
//! Slots are never given back to the system and never move, so a sender needs no lock and no count
//! to reach one; a slot that serves its next process is told apart by the serial number in the pid.
//! A signal that was on its way to the earlier process carries that pid and is answered as if it had met
//! a dead process.

use super::body::Body;
use super::inbox::Inbox;
use super::life::Life;
use super::parking::Parking;
use super::signal::Envelope;
use crate::sync::{AtomicU64, Ordering};
use parking_lot::Mutex;
use rata_vm::value::Pid;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// The shared half of a process.
#[derive(Default)]
pub struct Slot {
    /// Signals for it.
    pub inbox: Inbox<Envelope>,
    /// Its body while it waits.
    pub parking: Parking<Body>,
    /// Which process lives here.
    pub life: Life,
    /// The worker that ran it last, as far as known: a hint for senders.
    worker: AtomicU32,
}

impl Slot {
    /// It runs on this worker now.
    #[inline]
    pub fn runs_on(&self, worker: usize) {
        if self.worker.load(Relaxed) != worker as u32 {
            self.worker.store(worker as u32, Relaxed);
        }
    }

    /// Whether it ran on this worker last.
    #[inline]
    pub fn ran_on(&self, worker: usize) -> bool {
        self.worker.load(Relaxed) == worker as u32
    }
}

/// Slots of page n: `FIRST_PAGE << n`.
const FIRST_PAGE: usize = 1024;
const PAGES: usize = Pid::SLOT_BITS as usize - 9;

/// All processes of a node.
pub struct Table {
    pages: [OnceLock<Box<[Slot]>>; PAGES],
    free: Mutex<Free>,
    serial: AtomicU64,
    live: AtomicU64,
}

#[derive(Default)]
struct Free {
    slots: Vec<u32>,
    /// Slots from here on were never used.
    fresh: u32,
}

impl Default for Table {
    fn default() -> Self {
        Table {
            pages: std::array::from_fn(|_| OnceLock::new()),
            free: Mutex::default(),
            serial: AtomicU64::new(0),
            live: AtomicU64::new(0),
        }
    }
}

/// The page of a slot and its place in there.
fn place(slot: u32) -> (usize, usize) {
    let n = slot as usize / FIRST_PAGE + 1;
    let page = n.ilog2() as usize;
    (page, slot as usize - FIRST_PAGE * ((1 << page) - 1))
}

impl Table {
    /// A pid for a new process, whose slot is open for signals from now on. `None` when there are as
    /// many processes as pids can tell apart.
    pub fn claim(&self) -> Option<Pid> {
        let slot = {
            let mut free = self.free.lock();
            match free.slots.pop() {
                Some(slot) => slot,
                None if free.fresh >> Pid::SLOT_BITS == 0 => {
                    free.fresh += 1;
                    free.fresh - 1
                }
                None => return None,
            }
        };
        let (page, index) = place(slot);
        let page = self
            .pages
            .get(page)?
            .get_or_init(|| (0..FIRST_PAGE << page).map(|_| Slot::default()).collect());
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        let pid = Pid::new(serial, slot);
        // Only now: what was still on its way to the last process here was given back to its sender.
        page[index].inbox.reopen();
        page[index].life.begin(pid.serial());
        self.live.fetch_add(1, Ordering::Relaxed);
        Some(pid)
    }

    /// The slot of a pid whose process lives (or did a moment ago).
    pub fn get(&self, pid: Pid) -> Option<&Slot> {
        let slot = self.slot(pid)?;
        (slot.life.serial() == pid.serial()).then_some(slot)
    }

    fn slot(&self, pid: Pid) -> Option<&Slot> {
        let (page, index) = place(pid.slot());
        self.pages.get(page)?.get()?.get(index)
    }

    /// Marks the process as ended: `get` knows it no more. True if a name points to it.
    pub fn retire(&self, pid: Pid) -> bool {
        self.slot(pid).is_some_and(|slot| slot.life.end())
    }

    /// The slot of a process that is being taken down.
    pub fn closing(&self, pid: Pid) -> Option<&Slot> {
        self.slot(pid)
    }

    /// Gives the slot of a retired process, whose inbox is closed, to the next one.
    pub fn release(&self, pid: Pid) {
        self.live.fetch_sub(1, Ordering::SeqCst);
        self.free.lock().slots.push(pid.slot());
    }

    /// How many processes there are.
    pub fn live(&self) -> u64 {
        self.live.load(Ordering::SeqCst)
    }

    /// The pids of all processes, oldest first.
    pub fn pids(&self) -> Vec<Pid> {
        let fresh = self.free.lock().fresh;
        let mut pids: Vec<Pid> = (0..fresh)
            .filter_map(|slot| {
                let (page, index) = place(slot);
                let serial = self.pages[page].get()?[index].life.serial();
                (serial != 0).then(|| Pid::new(serial, slot))
            })
            .collect();
        pids.sort_by_key(|pid| pid.serial());
        pids
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::signal::Signal;
    use super::*;

    #[test]
    fn places_cover_every_slot_once() {
        let mut expected = (0, 0);
        for slot in 0..100_000 {
            assert_eq!(place(slot), expected);
            expected.1 += 1;
            if expected.1 == FIRST_PAGE << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(place((1 << Pid::SLOT_BITS) - 1).0 < PAGES);
    }

    #[test]
    fn a_reused_slot_is_another_process() {
        let table = Table::default();
        let first = table.claim().unwrap();
        let nudge = |dest| Envelope { dest, signal: Signal::Nudge };
        assert!(table.get(first).unwrap().inbox.push(nudge(first)).is_ok());
        assert!(!table.retire(first));
        assert!(table.get(first).is_none());
        let closing = table.closing(first).unwrap();
        assert_eq!(closing.inbox.close().count(), 1);
        table.release(first);
        // A sender that looked the slot up in time is told that it came too late.
        assert!(closing.inbox.push(nudge(first)).is_err());
        let second = table.claim().unwrap();
        assert_eq!(first.slot(), second.slot());
        assert_ne!(first, second);
        assert!(table.get(first).is_none());
        assert!(table.get(second).is_some());
        assert_eq!(table.pids(), [second]);
    }
}
