//! Workers with nothing to do: who they are, how they are woken, and when all of them are.
//!
//! A worker announces itself as idle, looks for work once more, then parks; who makes work available
//! does so first and then wakes one idle worker. Both sides separate their steps by a sequentially
//! consistent fence, so no work is left lying with everybody asleep.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::thread::Thread;

/// The idle workers.
#[derive(Default)]
pub struct Idle {
    count: AtomicUsize,
    parked: Mutex<Vec<(usize, Thread)>>,
}

impl Idle {
    /// Announces that worker `me` (the calling thread) is idle. It must look for work once more now.
    pub fn announce(&self, me: usize) {
        self.parked.lock().push((me, std::thread::current()));
        self.count.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Worker `me` is busy again (unless someone woke it, who has taken it from the list already).
    pub fn retract(&self, me: usize) {
        let mut parked = self.parked.lock();
        if let Some(at) = parked.iter().position(|p| p.0 == me) {
            parked.swap_remove(at);
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Wakes one idle worker, if there is one. To be called after the work was made available.
    pub fn wake_one(&self) {
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let woken = {
            let mut parked = self.parked.lock();
            let woken = parked.pop();
            if woken.is_some() {
                self.count.fetch_sub(1, Ordering::SeqCst);
            }
            woken
        };
        if let Some((_, thread)) = woken {
            thread.unpark();
        }
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

    /// How many workers are idle.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}
