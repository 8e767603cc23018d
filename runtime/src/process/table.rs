//! The process table: from a pid to what others may touch of the process.
//!
//! Slots are never given back to the system and never move, so a sender needs no lock and no count
//! to reach one; a slot that serves its next process is told apart by the serial number in the pid.
//! A signal that was on its way to the earlier process carries that pid and is answered as if it had met
//! a dead process.
#![allow(unsafe_code)]
// Invariant: all zeros is a slot that nobody uses.

use super::body::Body;
use super::inbox::Inbox;
use super::life::Life;
use super::parking::Parking;
use super::signal::Envelope;
use crate::sync::{AtomicU64, Ordering};
use parking_lot::Mutex;
use rata_vm::value::Pid;
use std::sync::OnceLock;
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
}

// A million processes have a million.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 32);

impl Slot {
    /// It runs on this worker now: a hint for senders.
    #[inline]
    pub fn runs_on(&self, worker: usize) {
        let last = &self.inbox.hint;
        if last.load(Relaxed) != worker as u32 {
            last.store(worker as u32, Relaxed);
        }
    }

    /// Whether it ran on this worker last, as far as known.
    #[inline]
    pub fn ran_on(&self, worker: usize) -> bool {
        self.inbox.hint.load(Relaxed) == worker as u32
    }
}

/// Slots of page n: `FIRST_PAGE << n`.
const FIRST_PAGE: usize = 1024;
const PAGES: usize = Pid::SLOT_BITS as usize - 9;

/// So many slots nobody has used. The memory of a large page is taken when a slot is first used: half of all
/// slots lie in the last page.
#[cfg(not(loom))]
fn new_page(slots: usize) -> Box<[Slot]> {
    // SAFETY: a slot of zeros is that of `Slot::default()`: it has atomic integers and pointers only.
    unsafe { Box::new_zeroed_slice(slots).assume_init() }
}

#[cfg(loom)]
fn new_page(slots: usize) -> Box<[Slot]> {
    (0..slots).map(|_| Slot::default()).collect()
}

/// All processes of a node.
pub struct Table {
    pages: [OnceLock<Box<[Slot]>>; PAGES],
    free: Mutex<Free>,
    /// How many processes there have been, which is the serial number of the youngest.
    serial: AtomicU64,
    /// How many of them have ended.
    ended: AtomicU64,
}

/// Free slots at hand: every worker has some of its own.
#[derive(Default)]
pub struct Spare(Vec<u32>);

/// How many slots are handed over at a time.
const BATCH: usize = 64;

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
            ended: AtomicU64::new(0),
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
    pub fn claim(&self, spare: &mut Spare) -> Option<Pid> {
        if spare.0.is_empty() {
            self.refill(spare);
        }
        let slot = spare.0.pop()?;
        let (page, index) = place(slot);
        let page = self.pages.get(page)?.get_or_init(|| new_page(FIRST_PAGE << page));
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        let pid = Pid::new(serial, slot);
        // Only now: what was still on its way to the last process here was given back to its sender.
        page[index].inbox.reopen();
        page[index].life.begin(pid.serial());
        Some(pid)
    }

    #[cold]
    fn refill(&self, spare: &mut Spare) {
        let mut free = self.free.lock();
        let kept = free.slots.len().saturating_sub(BATCH);
        spare.0.extend(free.slots.drain(kept..));
        if spare.0.is_empty() {
            let from = free.fresh;
            free.fresh = (from + BATCH as u32).min(1 << Pid::SLOT_BITS);
            spare.0.extend((from..free.fresh).rev());
        }
    }

    /// Takes back slots that nobody needs.
    pub fn give_back(&self, spare: Spare) {
        self.free.lock().slots.extend(spare.0);
    }

    /// The slot of a pid whose process lives (or did a moment ago).
    #[inline(always)]
    pub fn get(&self, pid: Pid) -> Option<&Slot> {
        let slot = self.slot(pid)?;
        (slot.life.serial() == pid.serial()).then_some(slot)
    }

    #[inline(always)]
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
    pub fn release(&self, pid: Pid, spare: &mut Spare) {
        self.ended.fetch_add(1, Ordering::SeqCst);
        spare.0.push(pid.slot());
        if spare.0.len() > 2 * BATCH {
            self.free.lock().slots.extend(spare.0.drain(..BATCH));
        }
    }

    /// How many processes there are.
    pub fn live(&self) -> u64 {
        // In this order: those that end meanwhile have begun before.
        let ended = self.ended.load(Ordering::SeqCst);
        self.serial.load(Ordering::SeqCst) - ended
    }

    /// The pids of all processes, oldest first.
    pub fn pids(&self) -> Vec<Pid> {
        let mut pids: Vec<Pid> =
            (0..self.slots()).filter_map(|slot| self.at(slot)).map(|(pid, _)| pid).collect();
        pids.sort_by_key(|pid| pid.serial());
        pids
    }

    /// Only the slots below this number have ever been used.
    pub fn slots(&self) -> u32 {
        self.free.lock().fresh
    }

    /// The process that lives in a slot.
    pub fn at(&self, slot: u32) -> Option<(Pid, &Slot)> {
        let (page, index) = place(slot);
        let found = self.pages.get(page)?.get()?.get(index)?;
        let serial = found.life.serial();
        (serial != 0).then(|| (Pid::new(serial, slot), found))
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
        let mut spare = Spare::default();
        let first = table.claim(&mut spare).unwrap();
        let nudge = |dest| Envelope { dest, signal: Signal::Nudge };
        assert!(table.get(first).unwrap().inbox.push(nudge(first)).is_ok());
        assert!(!table.retire(first));
        assert!(table.get(first).is_none());
        let closing = table.closing(first).unwrap();
        assert_eq!(closing.inbox.close().count(), 1);
        table.release(first, &mut spare);
        // A sender that looked the slot up in time is told that it came too late.
        assert!(closing.inbox.push(nudge(first)).is_err());
        let second = table.claim(&mut spare).unwrap();
        assert_eq!(first.slot(), second.slot());
        assert_ne!(first, second);
        assert!(table.get(first).is_none());
        assert!(table.get(second).is_some());
        assert_eq!(table.pids(), [second]);
        assert_eq!(table.live(), 1);
    }

    #[test]
    fn slots_go_from_one_worker_to_another() {
        let table = Table::default();
        let (mut a, mut b) = (Spare::default(), Spare::default());
        let mut most = 0;
        for _ in 0..100 {
            let pids: Vec<Pid> = (0..500).map(|_| table.claim(&mut a).unwrap()).collect();
            assert_eq!((table.live(), table.pids()), (500, pids.clone()));
            most = most.max(pids.iter().map(|p| p.slot()).max().unwrap());
            for pid in pids {
                table.retire(pid);
                table.release(pid, &mut b);
            }
            assert_eq!(table.live(), 0);
        }
        assert!(most < 1000, "slots are used again: {most}");
        table.give_back(a);
        assert!(table.pids().is_empty());
    }
}
