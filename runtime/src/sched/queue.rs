//! Run queues: bodies that can run, by priority, per worker; others may steal.

use crate::process::body::Body;
use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use rata_vm::process::Priority;

const LEVELS: usize = 4;

/// How often a lower priority gets its turn although a higher one has work: every n-th pick.
const STARVATION: u32 = 8;

/// The queues of one worker.
pub struct Local {
    queues: [Deque<Box<Body>>; LEVELS],
    picks: u32,
}

/// What other workers see of them, and where other threads put bodies.
pub struct Shared {
    stealers: Vec<[Stealer<Box<Body>>; LEVELS]>,
    injectors: [Injector<Box<Body>>; LEVELS],
}

/// The queues for `workers` workers.
pub fn queues(workers: usize) -> (Vec<Local>, Shared) {
    let locals: Vec<Local> = (0..workers)
        .map(|_| Local { queues: std::array::from_fn(|_| Deque::new_fifo()), picks: 0 })
        .collect();
    let stealers = locals.iter().map(|l| std::array::from_fn(|i| l.queues[i].stealer())).collect();
    let injectors = std::array::from_fn(|_| Injector::new());
    (locals, Shared { stealers, injectors })
}

fn level(priority: Priority) -> usize {
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

    /// The next body: of the highest priority that has one, but low ones are not starved by normal
    /// ones (max and high always come first, as in OTP).
    pub fn pop(&mut self) -> Option<Box<Body>> {
        self.picks = self.picks.wrapping_add(1);
        if let Some(body) = self.queues[0].pop().or_else(|| self.queues[1].pop()) {
            return Some(body);
        }
        let order = if self.picks.is_multiple_of(STARVATION) { [3, 2] } else { [2, 3] };
        order.iter().find_map(|l| self.queues[*l].pop())
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
    }

    /// Whether any worker could find something to run.
    pub fn has_work(&self) -> bool {
        self.injectors.iter().any(|i| !i.is_empty())
            || self.stealers.iter().flatten().any(|s| !s.is_empty())
    }
}
