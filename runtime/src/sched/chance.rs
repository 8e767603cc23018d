//! Deterministic runs: who runs next, and for how long, drawn from a seed.
//!
//! In: a seed, and the processes that can run. Out: one of them, by chance, and a turn of chance length. With one worker, a
//! clock that only moves by what is done (`world.rs`), jobs done on the spot and the interpreter alone, the same seed gives the
//! same run, message for message. Another seed gives another order, of those that real threads might show.

use super::queue::{Local, Shared, level};
use crate::natives::random::Generator;
use crate::process::body::Body;
use rata_vm::process::Priority;

/// The nanoseconds that a reduction takes on the clock of a deterministic run.
pub const NS_PER_REDUCTION: u64 = 100;

/// One time in so many, a process of low priority goes before the others.
const LOW_FIRST: u64 = 8;

/// See the module's description.
pub struct Chance {
    random: Generator,
    /// By priority, the highest first. Bodies are boxes wherever they wait, and are not opened here.
    #[allow(clippy::vec_box)]
    waiting: [Vec<Box<Body>>; 4],
}

impl Chance {
    /// What this seed brings.
    pub fn new(seed: u64) -> Chance {
        Chance { random: Generator::seeded(seed), waiting: Default::default() }
    }

    /// One of those that can run: those of the worker, of which `next` was woken last, and those left before.
    pub fn pick(
        &mut self,
        next: Option<Box<Body>>,
        local: &mut Local,
        shared: &Shared,
    ) -> Option<Box<Body>> {
        let mut new = next;
        while let Some(body) = new.take().or_else(|| local.pop(shared, 0)) {
            self.waiting[level(body.process.core.priority)].push(body);
        }
        let low = &self.waiting[level(Priority::Low)];
        let low_first = !low.is_empty() && self.random.below(LOW_FIRST) == 0;
        let [max, high, normal, low] = &mut self.waiting;
        let order = if low_first { [max, high, low, normal] } else { [max, high, normal, low] };
        let from = order.into_iter().find(|level| !level.is_empty())?;
        let at = self.random.below(from.len() as u64) as usize;
        Some(from.swap_remove(at))
    }

    /// A turn of up to so many reductions; short ones are as likely as long ones.
    pub fn budget(&mut self, most: i64) -> i64 {
        let longest = u64::try_from(most).unwrap_or(1).max(1);
        let scale = longest >> self.random.below(u64::from(64 - longest.leading_zeros()));
        1 + self.random.below(scale.max(1)) as i64
    }
}
