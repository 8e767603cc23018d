//! Workers with nothing to do: who they are, how they are woken, and when all of them are.
//!
//! A worker without work *searches*, then *announces* itself as idle, looks once more and parks. Who
//! makes work available does so first and then calls [`Idle::wake_one`], which wakes nobody while some
//! worker searches: that one will find it. A search ends with work found (then the searcher, if it was
//! the last, wakes another when there is more) or in the announcement, after which it looks
//! once more. Both sides separate their two steps by a sequentially consistent fence, so no work is left
//! lying with everybody asleep (`tests/loom.rs`).

use crate::sync::{AtomicU64, AtomicUsize, Mutex, Ordering, Thread, current, fence};

/// The idle workers.
#[derive(Default)]
pub struct Idle {
    /// How many are announced.
    count: AtomicUsize,
    /// How many are awake and look for work.
    searching: AtomicUsize,
    /// Rises whenever an announced worker leaves the list.
    epoch: AtomicU64,
    parked: Mutex<Vec<(usize, Thread)>>,
}

impl Idle {
    /// A worker begins to search.
    pub fn search(&self) {
        self.searching.fetch_add(1, Ordering::SeqCst);
    }

    /// A searcher has found work. True if it was the last: then it must call `wake_one` when it sees
    /// that there is more, as nobody was woken for it meanwhile.
    pub fn found(&self) -> bool {
        let last = self.searching.fetch_sub(1, Ordering::SeqCst) == 1;
        fence(Ordering::SeqCst);
        last
    }

    /// The searcher `me` (the calling thread) is idle. It must look for work once more now.
    pub fn announce(&self, me: usize) {
        self.parked.lock().push((me, current()));
        self.count.fetch_add(1, Ordering::SeqCst);
        self.searching.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Worker `me` searches again. (If someone woke it, it counts as a searcher already.)
    pub fn retract(&self, me: usize) {
        let mut parked = self.parked.lock();
        if let Some(at) = parked.iter().position(|p| p.0 == me) {
            self.leave(&mut parked, at);
        }
    }

    /// Wakes one idle worker, if there is one and nobody searches. To be called after the work
    /// was made available.
    pub fn wake_one(&self) {
        fence(Ordering::SeqCst);
        if !self.would_help() {
            return;
        }
        let woken = {
            let mut parked = self.parked.lock();
            match parked.len() {
                0 => None,
                n => Some(self.leave(&mut parked, n - 1)),
            }
        };
        if let Some(thread) = woken {
            thread.unpark();
        }
    }

    /// The same for a worker that has work enough itself: help is welcome, but nothing is lost without.
    pub fn hint(&self) {
        if self.would_help() {
            self.wake_one();
        }
    }

    fn would_help(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0 && self.searching.load(Ordering::Relaxed) == 0
    }

    fn leave(&self, parked: &mut Vec<(usize, Thread)>, at: usize) -> Thread {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.searching.fetch_add(1, Ordering::SeqCst);
        self.count.fetch_sub(1, Ordering::SeqCst);
        parked.swap_remove(at).1
    }

    /// Wakes worker `me` if it is parked (its timers have changed).
    pub fn wake(&self, me: usize) {
        let parked = self.parked.lock();
        if let Some((_, thread)) = parked.iter().find(|p| p.0 == me) {
            thread.unpark();
        }
    }

    /// Wakes all.
    pub fn wake_all(&self) {
        self.parked.lock().iter().for_each(|p| p.1.unpark());
    }

    /// Whether worker `me` is announced as idle.
    pub fn is_idle(&self, me: usize) -> bool {
        self.parked.lock().iter().any(|p| p.0 == me)
    }

    /// Whether `me`, being announced, looks around while it rests: some of so many workers are busy, and it is the
    /// first that is not.
    pub fn does_rounds(&self, me: usize, workers: usize) -> bool {
        let parked = self.parked.lock();
        parked.len() < workers && parked.iter().all(|p| p.0 >= me)
    }

    /// Whether all `workers` are idle while `quiet` looks around and finds nothing that could wake one.
    pub fn all_rest(&self, workers: usize, quiet: impl FnOnce() -> bool) -> bool {
        let epoch = self.epoch.load(Ordering::SeqCst);
        self.count.load(Ordering::SeqCst) == workers
            && quiet()
            // Who was woken meanwhile may have done anything, and be idle again.
            && self.epoch.load(Ordering::SeqCst) == epoch
            && self.count.load(Ordering::SeqCst) == workers
    }
}
