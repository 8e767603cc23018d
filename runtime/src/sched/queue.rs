//! Run queues: bodies that can run, by priority, per worker; others may steal.

use crate::process::body::Body;
use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use rata_vm::process::Priority;
use std::sync::atomic::{AtomicBool, Ordering};

const LEVELS: usize = 4;
/// Levels below this come first, always, as in OTP.
const URGENT: usize = 2;

/// How often a lower priority gets its turn although a higher one has work: every n-th pick.
const STARVATION: u32 = 8;

/// How many picks pass between two looks at how much the other workers have to do.
const BALANCE: u32 = 64;

/// The queues of one worker.
pub struct Local {
    queues: [Deque<Box<Body>>; LEVELS],
    picks: u32,
}

/// What other workers see of them, and where other threads put bodies.
pub struct Shared {
    stealers: Vec<[Stealer<Box<Body>>; LEVELS]>,
    injectors: [Injector<Box<Body>>; LEVELS],
    /// There may be something in the injectors.
    injected: AtomicBool,
}

/// The queues for `workers` workers.
pub fn queues(workers: usize) -> (Vec<Local>, Shared) {
    let locals: Vec<Local> = (0..workers)
        .map(|_| Local { queues: std::array::from_fn(|_| Deque::new_fifo()), picks: 0 })
        .collect();
    let stealers = locals.iter().map(|l| std::array::from_fn(|i| l.queues[i].stealer())).collect();
    let injectors = std::array::from_fn(|_| Injector::new());
    (locals, Shared { stealers, injectors, injected: AtomicBool::new(false) })
}

/// The place of a priority among the queues.
pub(super) fn level(priority: Priority) -> usize {
    match priority {
        Priority::Max => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    }
}

impl Local {
    /// Adds a body at the end of its priority's queue.
    pub fn push(&mut self, body: Box<Body>) {
        self.queues[level(body.process.core.priority)].push(body);
    }

    /// Whether there is nothing to run here.
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(Deque::is_empty)
    }

    /// Whether there are at least two to run here.
    pub fn has_several(&self) -> bool {
        self.queues.iter().map(Deque::len).sum::<usize>() > 1
    }

    /// Whether something here comes before a process of this priority.
    pub fn outranks(&self, priority: Priority) -> bool {
        let urgent = &self.queues[..URGENT.min(level(priority))];
        urgent.iter().any(|queue| !queue.is_empty())
    }

    /// The next body: of the highest priority that has one, but low ones are not starved by normal
    /// ones (max and high always come first).
    pub fn pop(&mut self, shared: &Shared, me: usize) -> Option<Box<Body>> {
        self.picks = self.picks.wrapping_add(1);
        if shared.injected.load(Ordering::Relaxed) {
            self.take_injected(shared);
        }
        if self.picks.is_multiple_of(BALANCE) {
            self.balance(shared, me);
        }
        if let Some(body) = self.queues[0].pop().or_else(|| self.queues[1].pop()) {
            return Some(body);
        }
        let order = if self.picks.is_multiple_of(STARVATION) { [3, 2] } else { [2, 3] };
        order.iter().find_map(|l| self.queues[*l].pop())
    }

    /// Bodies from outside would wait for ever while this worker has others.
    fn take_injected(&mut self, shared: &Shared) {
        shared.injected.store(false, Ordering::SeqCst);
        for (injector, queue) in shared.injectors.iter().zip(&self.queues) {
            retry(|| injector.steal_batch(queue));
        }
        if shared.injectors.iter().any(|i| !i.is_empty()) {
            shared.injected.store(true, Ordering::SeqCst);
        }
    }

    /// Takes over some of what a much busier worker has waiting.
    fn balance(&mut self, shared: &Shared, me: usize) {
        for l in 0..LEVELS {
            let most = self.queues[l].len() * 2 + 4;
            let mut others = shared.stealers.iter().enumerate().filter(|(other, _)| *other != me);
            if let Some((_, busy)) = others.find(|(_, s)| s[l].len() > most) {
                retry(|| busy[l].steal_batch(&self.queues[l]));
            }
        }
    }

    /// Fetches work from the injector, or from another worker; returns one body to run.
    pub fn fetch(&mut self, shared: &Shared, me: usize) -> Option<Box<Body>> {
        for l in 0..LEVELS {
            if let Some(body) = retry(|| shared.injectors[l].steal_batch_and_pop(&self.queues[l])) {
                return Some(body);
            }
        }
        let workers = shared.stealers.len();
        for l in 0..LEVELS {
            for other in (1..workers).map(|n| (me + n) % workers) {
                let stealer = &shared.stealers[other][l];
                if let Some(body) = retry(|| stealer.steal_batch_and_pop(&self.queues[l])) {
                    return Some(body);
                }
            }
        }
        None
    }
}

fn retry<T>(mut steal: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(value) => return Some(value),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

impl Shared {
    /// Adds a body from a thread that is no worker.
    pub fn inject(&self, body: Box<Body>) {
        self.injectors[level(body.process.core.priority)].push(body);
        self.injected.store(true, Ordering::SeqCst);
    }

    /// How many wait in the queues of each worker, and in those where other threads put bodies.
    pub fn lengths(&self) -> (Vec<usize>, usize) {
        let of = |queues: &[Stealer<Box<Body>>; LEVELS]| queues.iter().map(Stealer::len).sum();
        let injected = self.injectors.iter().map(Injector::len).sum();
        (self.stealers.iter().map(of).collect(), injected)
    }

    /// Whether any worker could find something to run.
    pub fn has_work(&self) -> bool {
        self.injectors.iter().any(|i| !i.is_empty())
            || self.stealers.iter().flatten().any(|s| !s.is_empty())
    }
}
