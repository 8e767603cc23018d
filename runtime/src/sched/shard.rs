//! The timers of one worker: set and fired by it, cancelled by anyone; fired by another worker when the
//! owner is busy for too long.

use super::timer::{TimerKey, Timers};
use foldhash::HashMap;
use parking_lot::Mutex;
use rata_vm::aside::Charge;
use rata_vm::heap::{Fragment, Immediate};
use rata_vm::value::Pid;
use std::sync::atomic::{AtomicU64, Ordering};

/// What happens at a deadline.
pub enum Alarm {
    /// A wait is over.
    Wait {
        /// Whose.
        pid: Pid,
        /// Which of its timers.
        number: u32,
    },
    /// A process with a large heap may have been idle for a while.
    Idle {
        /// Whose.
        pid: Pid,
        /// How many reductions it had used when it began to wait.
        reductions: u64,
    },
    /// A message is sent.
    Send {
        /// To a pid, or a registered name.
        dest: Immediate,
        /// The timer's ref.
        id: u64,
        /// What.
        message: Fragment,
        /// It counts as held by who has set the timer.
        charge: Charge,
    },
}

/// What a shard holds.
pub struct Wheels {
    wheel: Timers<Alarm>,
    /// Timers that sends were delayed by, by ref.
    by_ref: HashMap<u64, TimerKey>,
}

/// See the module's description.
pub struct Shard {
    /// The earliest tick at which there may be something to do; `u64::MAX` if and only if no timer is set. Written
    /// under the lock.
    next: AtomicU64,
    wheels: Mutex<Wheels>,
}

impl Shard {
    /// The shard of a worker.
    pub fn new(worker: u32) -> Shard {
        let wheels = Wheels { wheel: Timers::new(worker), by_ref: HashMap::default() };
        Shard { next: AtomicU64::new(u64::MAX), wheels: Mutex::new(wheels) }
    }

    /// The earliest tick at which there may be something to do.
    pub fn next(&self) -> Option<u64> {
        match self.next.load(Ordering::SeqCst) {
            u64::MAX => None,
            tick => Some(tick),
        }
    }

    /// Sets a timer.
    pub fn set(&self, deadline: u64, alarm: Alarm) -> TimerKey {
        let mut wheels = self.wheels.lock();
        let id = if let Alarm::Send { id, .. } = &alarm { Some(*id) } else { None };
        let key = wheels.wheel.insert(deadline, alarm);
        if let Some(id) = id {
            wheels.by_ref.insert(id, key);
        }
        if deadline < self.next.load(Ordering::Relaxed) {
            self.next.store(deadline, Ordering::SeqCst);
        }
        key
    }

    /// Takes a timer back.
    pub fn cancel(&self, key: TimerKey) {
        let mut wheels = self.wheels.lock();
        wheels.wheel.cancel(key);
        self.note_cancelled(&wheels);
    }

    /// A timer less: the next tick to look at may be one with nothing to do now, but when none is left that
    /// must be known.
    fn note_cancelled(&self, wheels: &Wheels) {
        if wheels.wheel.is_empty() {
            self.next.store(u64::MAX, Ordering::SeqCst);
        }
    }

    /// The destination and deadline of the delayed send with this ref, if it has not been sent.
    pub fn find(&self, id: u64) -> Option<(Immediate, u64)> {
        let wheels = self.wheels.lock();
        let key = *wheels.by_ref.get(&id)?;
        match wheels.wheel.get(key)? {
            (deadline, Alarm::Send { dest, .. }) => Some((dest.clone(), deadline)),
            _ => None,
        }
    }

    /// Takes back the delayed send with this ref; false if it has been sent.
    pub fn cancel_send(&self, id: u64) -> bool {
        let mut wheels = self.wheels.lock();
        let Some(key) = wheels.by_ref.remove(&id) else { return false };
        let was_set = wheels.wheel.cancel(key).is_some();
        self.note_cancelled(&wheels);
        was_set
    }

    /// Fires what is due at `tick`; what comes back is set again. The lock is held meanwhile: who finds
    /// that a timer cannot be cancelled any more finds its message in the inbox.
    pub fn fire(&self, tick: u64, mut fire: impl FnMut(Alarm) -> Option<(u64, Alarm)>) {
        let mut wheels = self.wheels.lock();
        let Wheels { wheel, by_ref } = &mut *wheels;
        wheel.advance(tick, |alarm| {
            if let Alarm::Send { id, .. } = &alarm {
                by_ref.remove(id);
            }
            fire(alarm)
        });
        let next = wheel.next_tick().unwrap_or(u64::MAX);
        self.next.store(next, Ordering::SeqCst);
    }
}
