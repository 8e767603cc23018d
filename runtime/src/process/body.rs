//! The body of a process: what its owner (a run queue, a worker, or the parking place) holds.

use super::pace::Pace;
use super::relations::Relations;
use super::signal::Signal;
#[cfg(unix)]
use crate::inspect::trace::Traced;
use crate::sched::exit::Leaving;
use crate::sched::timer::TimerKey;
use rata_vm::Symbol;
use rata_vm::process::Process;
use rata_vm::value::{Pid, Word};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

/// A process, as its owner holds it.
pub struct Body {
    /// Heap, stack and mailbox.
    pub process: Process,
    /// The runtime's part.
    pub extra: Lent,
}

/// The runtime's part of a process, in the body but for the time that it is lent to the worker's host:
/// while the interpreter runs.
pub struct Lent(Option<Box<Extra>>);

impl Lent {
    /// At home.
    pub fn new(extra: Extra) -> Lent {
        Lent(Some(Box::new(extra)))
    }

    /// Gives it away.
    pub fn lend(&mut self) -> Option<Box<Extra>> {
        self.0.take()
    }

    /// Takes it back.
    pub fn give_back(&mut self, extra: Option<Box<Extra>>) {
        self.0 = extra;
    }
}

const AT_HOME: &str = "lent only while the interpreter runs";

impl Deref for Lent {
    type Target = Extra;

    #[inline(always)]
    fn deref(&self) -> &Extra {
        self.0.as_ref().expect(AT_HOME)
    }
}

impl DerefMut for Lent {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Extra {
        self.0.as_mut().expect(AT_HOME)
    }
}

// Every process has one.
const _: () = assert!(size_of::<Extra>() == 64);

/// What the runtime keeps of a process besides; lent to the natives while the process runs. Most processes
/// have none of what lies in boxes.
pub struct Extra {
    /// Its pid.
    pub pid: Pid,
    /// The pid of who spawned it; nil for the first.
    pub parent: Word,
    /// Links, monitors, aliases.
    pub relations: Option<Box<Relations>>,
    /// What goes beyond the end of a turn.
    pub unfinished: Option<Box<Unfinished>>,
    /// The timer of its waits, once it has waited with a deadline.
    pub waker: Option<Box<Waker>>,
    /// Whether a timer runs that looks whether it is idle, its heap being large.
    pub watched: bool,
    /// It was linked to its parent when it was started.
    pub born_linked: bool,
    /// How long its turns are.
    pub pace: Pace,
    /// What it is about.
    pub status: Status,
    /// The function it was started with, for reports.
    pub initial: Initial,
}

/// The timer of a process's waits. It stays when a wait is over before its deadline: most waits are, and the
/// next one, which ends later, keeps it. When it goes off too early it is set again.
#[derive(Default)]
pub struct Waker {
    /// The timer, if one is set.
    key: Option<TimerKey>,
    /// Numbers the timers set, so that one that has gone off already is told apart.
    number: u32,
    /// When it goes off.
    at: u64,
    /// When the latest wait is to end.
    deadline: u64,
}

/// What a timer that has gone off means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rung {
    /// Nothing: it was no longer wanted.
    InVain,
    /// The deadline has passed.
    Late,
    /// The deadline is this one: the timer is to be set again.
    Early(u64),
}

impl Waker {
    /// A wait begins: whether a timer must be set for its deadline.
    pub fn begin(&mut self, deadline: u64) -> bool {
        self.deadline = deadline;
        self.key.is_none() || deadline < self.at
    }

    /// The number of the next timer.
    pub fn renumber(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// It has been set for the deadline.
    pub fn set(&mut self, key: TimerKey) {
        self.key = Some(key);
        self.at = self.deadline;
    }

    /// Takes it out, to be taken back.
    pub fn stop(&mut self) -> Option<TimerKey> {
        self.key.take()
    }

    /// The timer with this number has gone off.
    fn ring(&mut self, number: u32) -> Rung {
        if self.key.is_none() || number != self.number {
            return Rung::InVain;
        }
        if self.deadline > self.at {
            self.at = self.deadline;
            return Rung::Early(self.deadline);
        }
        self.key = None;
        Rung::Late
    }
}

/// What goes beyond the end of a turn.
#[derive(Default)]
pub struct Unfinished {
    /// Signals taken from the inbox that only the worker can handle, and what came after them.
    pub pending: VecDeque<Signal>,
    /// A native that suspends itself sets this to be resumed at `Signal::Go` only.
    pub hold: Option<Hold>,
    /// The rest of its end.
    pub leaving: Option<Leaving>,
    /// Senders far ahead of it that wait until it has caught up.
    pub ahead: Vec<Pid>,
    /// How many turns it has had while they wait.
    pub turns: u32,
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
    /// It waits for room in the node's output.
    Printing,
    /// It waits for room in another's mailbox.
    Sending,
    /// The program is being stopped: the main process goes on no more, but is not dead to others yet.
    Held,
}

/// Where a process waits for room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// In the node's output.
    Output,
    /// In the mailbox of this process.
    Mailbox(Pid),
}

impl Extra {
    /// Links, monitors and names, made at first need.
    pub fn relations(&mut self) -> &mut Relations {
        self.relations.get_or_insert_default()
    }

    /// That of a new process.
    pub fn new(pid: Pid, parent: Option<Pid>, initial: Initial) -> Extra {
        Extra {
            pid,
            parent: parent.map_or(Word::NIL, Word::pid),
            relations: None,
            unfinished: None,
            waker: None,
            watched: false,
            born_linked: false,
            pace: Pace::default(),
            status: Status::Runnable,
            initial,
        }
    }

    /// The timer of its waits, with this number, has gone off.
    pub fn ring(&mut self, number: u32) -> Rung {
        self.waker.as_mut().map_or(Rung::InVain, |waker| waker.ring(number))
    }

    /// Keeps a signal for the next turn.
    pub fn postpone(&mut self, signal: Signal) {
        self.unfinished().pending.push_back(signal);
    }

    /// What goes beyond the end of a turn, made at first need.
    pub fn unfinished(&mut self) -> &mut Unfinished {
        self.unfinished.get_or_insert_default()
    }

    /// Whether senders may wait for it, for room in its mailbox or until it has caught up with them.
    #[inline]
    pub fn keeps_others_waiting(&self) -> bool {
        self.unfinished.is_some()
            || self.relations.as_ref().is_some_and(|r| r.queue_limit.is_some())
    }

    /// The trace that notes what it does.
    #[cfg(unix)]
    #[inline]
    pub fn traced(&self) -> Option<&Traced> {
        self.relations.as_ref()?.traced.as_deref()
    }

    /// Whether signals wait to be handled.
    #[inline]
    pub fn has_pending(&self) -> bool {
        self.unfinished.as_ref().is_some_and(|u| !u.pending.is_empty())
    }
}
