//! When to collect, and what.
//!
//! In: what a heap has allocated, what survived. Out: the numbers of bytes at which the next
//! collection is due, and which one it is.
//!
//! - A *small* heap has one generation. The next collection is due when it has grown to a multiple of
//!   what is alive: that costs less than remembering anything.
//! - Larger heaps have two. A minor collection is due when the young one fills about a cache; a full
//!   one when the old one has grown by a factor, or much has been allocated since the last (what
//!   has died in the old one meanwhile goes back to the system, however little survives now).
//! - While most of what is allocated survives (something large is being built) minor collections
//!   would copy it for nothing: of a growing number in a row only the last copies, to see how
//!   things are; the others make all that is young old as it is.
//! - A process that has been idle for a moment has its heap looked through if it is large and
//!   something was allocated since the last full collection; if that was in vain, much more must be
//!   allocated before it is tried again.

use super::offheap::Swept;
use super::old::Old;
use super::{FIRST_TRIGGER, Heap, OFF_HEAP_FLOOR, STRESS, Wanted};

/// The most a busy small heap may allocate before a collection if little is alive.
const SMALL_NURSERY: usize = 64 << 10;
/// A heap in which so much was allocated gets an old generation, …
const LARGE_HEAP: usize = 256 << 10;
/// … unless less than this is alive.
const LARGE_LIVE: usize = 64 << 10;
/// How much larger heaps allocate before a minor collection: about a processor's own cache.
const NURSERY: usize = 1 << 20;
/// How much young data one root visited in vain has to pay for.
const PER_ROOT: usize = 16;
/// A full collection is due after so many times what was alive has been allocated.
const LONG_SINCE: usize = 8;
/// Of so many collections in a row at most one copies, while most survives.
const STREAK: u32 = 3;
/// How often the room for off-heap data is doubled after collections in vain: up to 256 MiB.
const MOST_IN_VAIN: u8 = 10;
/// To move so much takes more than a millisecond.
const PAUSE: usize = 2 << 20;
/// The heap of an idle process is looked through if it is larger than this.
const SPIKE: usize = 1 << 20;

impl Heap {
    /// Whether the next collection of a heap is a minor one.
    pub fn is_minor_next(&self) -> bool {
        let Some(old) = &self.old else { return false };
        if self.has_mode(STRESS) {
            return matches!(self.collections.get() % 4, 1 | 2);
        }
        self.wanted.get() == Wanted::Any
            && old.lived >= LARGE_LIVE
            && old.bytes() < old.full_at
            && old.off_bytes.get() < old.off_full_at
            && old.spent < old.full_after
    }

    /// Whether the collection that is due may take milliseconds.
    pub(crate) fn pause_ahead(&self) -> bool {
        self.old.as_ref().is_some_and(|old| old.bytes() >= PAUSE) && !self.is_minor_next()
    }

    /// Whether a process that waits should have a full collection if nothing comes for a while.
    #[inline]
    pub fn could_shrink(&self) -> bool {
        self.old.as_ref().is_some_and(|old| {
            old.bytes() + old.off_bytes.get() > SPIKE
                && old.spent + self.young_bytes() > old.patience
        })
    }

    /// Asks for a full collection since the process is idle.
    pub fn tidy(&mut self) {
        if self.could_shrink() {
            self.request_collection();
            self.wanted.set(Wanted::Idle);
        }
    }

    /// Whether what a full collection moves becomes old.
    pub(super) fn shall_age(&self, used: usize) -> bool {
        if self.has_mode(STRESS) { self.collections.get() % 4 != 3 } else { used >= LARGE_HEAP }
    }

    /// How much will survive a full collection: as much as last time, as far as is known.
    pub(super) fn guess(&self, used: usize, old: Option<&Old>) -> usize {
        let lived = match old {
            Some(old) => old.lived,
            None if self.trigger.get() > SMALL_NURSERY => self.trigger.get() / 3,
            None => used / 8,
        };
        lived.min(used).max(64)
    }

    /// What the next collection of a heap may wait for after a full one that saw so many roots;
    /// `used` and `patience` are of before.
    pub(super) fn plan_after_full(&mut self, roots: usize, used: usize, patience: usize) {
        let live = self.heap_bytes();
        let off = self.off_bytes.get();
        let off_grown = (off * 2).max(off + self.off_slack());
        self.off_trigger.set(off_grown);
        let grown = live.saturating_mul(factor(live));
        let idle = self.wanted.get() == Wanted::Idle;
        match &mut self.old {
            Some(old) if live >= LARGE_LIVE => {
                old.full_at = grown.max(live + LARGE_HEAP);
                old.off_full_at = off_grown;
                old.full_after = live.saturating_mul(LONG_SINCE);
                let in_vain = used - live.min(used) < used / 8;
                old.patience = match idle {
                    true if in_vain => (patience * 2).clamp(live / 16, live.saturating_mul(4)),
                    true => 0,
                    false => patience,
                };
                self.trigger.set(nursery(live, roots));
                self.plan_off_heap();
            }
            old => {
                let times = self.collections.get().saturating_add(1).min(8);
                let small = (FIRST_TRIGGER << times).min(SMALL_NURSERY);
                let kept = if old.is_some() { live } else { 0 };
                if let Some(old) = old {
                    old.full_at = live + LARGE_HEAP;
                }
                self.trigger.set(grown.max(small) - kept);
            }
        }
        self.done();
    }

    /// The same after a minor one, which moved so much of so many young bytes.
    pub(super) fn plan_after_minor(&mut self, young: usize, moved: usize, roots: usize) {
        if let Some(old) = &mut self.old {
            old.spent += young;
            let grows = moved > young / 2 && young >= LARGE_LIVE;
            old.streak = if grows { (old.streak + 1).min(STREAK) } else { 0 };
            old.wholesale = (1 << old.streak) - 1;
            self.trigger.set(nursery(old.bytes(), roots));
        }
        self.plan_off_heap();
        self.done();
    }

    /// Whether a minor collection takes all that is young to survive.
    pub(super) fn is_wholesale(&self, old: &Old) -> bool {
        // To be edited in place is worth more to a large map than not to be moved to what is new in it.
        let is_edited = || self.attic.get().is_some_and(|a| !a.undecided.borrow().is_empty());
        match self.has_mode(STRESS) {
            true => self.collections.get() % 4 == 2,
            false => old.wholesale > 0 && !is_edited(),
        }
    }

    /// The same after a minor one that took all to survive.
    pub(super) fn plan_after_wholesale(&mut self, young: usize) {
        if let Some(old) = &mut self.old {
            old.spent += young;
            old.wholesale = old.wholesale.saturating_sub(1);
        }
        self.plan_off_heap();
        self.done();
    }

    fn plan_off_heap(&self) {
        let off = self.off_bytes.get();
        self.off_trigger.set(off + (off / 2).max(self.off_slack()));
    }

    /// How much more off-heap data makes a collection due. Whoever is sent the same large buffer again and
    /// again frees nothing by giving it up: he has to do so ever more rarely.
    fn off_slack(&self) -> usize {
        OFF_HEAP_FLOOR << self.off_in_vain.get()
    }

    /// Takes note of what a collection has given up outside the heap.
    pub(super) fn note_swept(&self, swept: &Swept) {
        self.off_in_vain.set(match swept.given_up {
            0 => self.off_in_vain.get(),
            bytes if swept.freed < bytes / 8 => (self.off_in_vain.get() + 1).min(MOST_IN_VAIN),
            _ => 0,
        });
    }

    fn done(&self) {
        self.collections.set(self.collections.get().saturating_add(1));
        self.wanted.set(Wanted::Any);
        self.due.set(self.has_mode(STRESS));
    }

    /// Puts full collections off by so many bytes of allocation. For an owner whose roots take long
    /// to look through: the more of them there are, the rarer full collections should be.
    pub fn postpone(&mut self, bytes: usize) {
        match &mut self.old {
            Some(old) if old.lived >= LARGE_LIVE => {
                old.full_at = old.full_at.saturating_add(bytes);
                old.full_after = old.full_after.saturating_add(bytes);
            }
            _ => {
                let least = self.young_bytes().saturating_add(bytes);
                self.trigger.set(self.trigger.get().max(least));
            }
        }
    }

    /// Forgets the habits of a busy past: the next chunks are taken small again. For a process that
    /// goes to sleep; collect first.
    pub fn calm(&mut self) {
        self.collections.set(0);
        if self.old.is_none() {
            self.trigger.set((self.heap_bytes() * 2).max(FIRST_TRIGGER));
        }
    }
}

/// To how many times its size a heap may grow until the next full collection. The more may be
/// allocated in between, the less a collection costs per byte; but memory is taken for it. Heaps that
/// are small against the machine may take some more.
fn factor(live: usize) -> usize {
    if live < 32 << 20 { 3 } else { 2 }
}

/// How much may be allocated until the next minor collection.
fn nursery(live: usize, roots: usize) -> usize {
    // A chunk is noted when it is full, and its head does not count.
    (live * 2).clamp(SMALL_NURSERY, NURSERY).max(roots.saturating_mul(PER_ROOT)) - 4096
}
