//! The body of a process: what its owner (a run queue, a worker, or the parking place) holds.

use super::relations::Relations;
use super::signal::Signal;
use crate::natives::random::Generator;
use crate::sched::timer::TimerKey;
use rata_vm::Symbol;
use rata_vm::process::Process;
use rata_vm::value::Pid;
use std::collections::VecDeque;

/// A process, as its owner holds it.
pub struct Body {
    /// Heap, stack and mailbox.
    pub process: Process,
    /// The runtime's part.
    pub extra: Extra,
}

/// What the runtime keeps of a process besides; lent to the natives while the process runs.
pub struct Extra {
    /// Its pid.
    pub pid: Pid,
    /// Who spawned it; itself for the first.
    pub parent: Pid,
    /// Links, monitors, names.
    pub relations: Option<Box<Relations>>,
    /// Signals taken from the inbox that only the worker can handle, and what came after them.
    pub pending: VecDeque<Signal>,
    /// The timer of the wait under way.
    pub timer: Option<TimerKey>,
    /// Numbers the waits, so that a late timer is told apart.
    pub wait: u64,
    /// What it is about.
    pub status: Status,
    /// The function it was started with, for reports.
    pub initial: Initial,
    /// Its random numbers, once it has drawn one or set a seed.
    pub random: Option<Box<Generator>>,
}

/// The function that a process was started with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Initial {
    /// The program itself.
    Main,
    /// A closure, by the loader's handle of its functions.
    Closure(usize),
    /// A function by module, name and number of arguments.
    Named(Symbol, Symbol, u32),
}

/// What a process is about, as its owner last left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It can run.
    Runnable,
    /// It waits for a message; with a deadline or not.
    Receiving {
        /// Whether a timer will wake it.
        timed: bool,
    },
    /// A job runs for it.
    Job,
    /// Another process loads a module that it needs.
    Loading,
}

impl Extra {
    /// Links, monitors and names, made at first need.
    pub fn relations(&mut self) -> &mut Relations {
        self.relations.get_or_insert_default()
    }
}
