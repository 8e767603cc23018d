//! The private part of a process: what only the thread that runs it touches.
//!
//! In: a function value to start with, messages pushed by the runtime, a budget per turn. Out: an
//! [`Outcome`] per turn. What other processes may touch (status, links, names, the incoming queue)
//! belongs to the runtime, which holds a `Process` wherever it likes: it is plain memory, `Send`,
//! and frees what it owns when dropped.
//!
//! A turn: `interp::run(&mut process, &vm, &mut host, budget)`. Between turns the runtime may push
//! messages, call [`Process::resume_with`] (an offloaded job is done) or [`Process::time_out`].

use crate::aside::Account;
use crate::code::module::Module;
use crate::heap::{Fragment, Heap};
use crate::jit;
use crate::mailbox::Mailbox;
use crate::native::{Job, Resume};
use crate::stack::Stack;
use crate::value::{Pid, Value, Word};
use crate::vm::{ModuleIndex, Vm};

/// How a turn ended. Two words of one sort (hence the boxes), so that it comes back in registers.
pub enum Outcome {
    /// The budget is used up, or the host asked for the end of the turn: run again.
    Yield,
    /// Nothing in the mailbox fits: run again when a message has been pushed or the time is over.
    Wait(Wait),
    /// The first function returned: the value is [`Process::result`].
    Done,
    /// Nobody caught what was raised: [`Process::result`], [`Process::stacktrace`].
    Crashed,
    /// `Process.exit(reason)`: [`Process::result`].
    Exit,
    /// Blocking work: run it elsewhere, then [`Process::resume_with`] what it made and run again.
    Offload(Box<Box<dyn Job>>),
    /// Another process is loading this module: run again when that is over
    /// ([`Vm::load_state`] tells).
    WaitForModule(Box<ModuleIndex>),
    /// The process holds more memory than it may: end it.
    LimitReached,
}

/// The most milliseconds that a timer is set for, some 278 years: more is for ever.
pub const LONGEST: u64 = 1 << 43;

/// How long a receive waits, in one word, so that an outcome comes back in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait(u64);

impl Wait {
    const FIRST: u64 = 1 << 63;
    const FOR_EVER: u64 = Wait::FIRST - 1;

    pub(crate) fn new(timeout: Option<u64>, first: bool) -> Wait {
        let ms = timeout.map_or(Wait::FOR_EVER, |ms| ms.min(Wait::FOR_EVER - 1));
        Wait(if first { ms | Wait::FIRST } else { ms })
    }

    /// Milliseconds, counted from the first wait of this receive; `None` is for ever.
    pub fn timeout(self) -> Option<u64> {
        Some(self.0 & !Wait::FIRST).filter(|&ms| ms != Wait::FOR_EVER)
    }

    /// Whether this is the first wait of this receive: the clock starts now. Otherwise the
    /// deadline set then goes on to hold.
    pub fn is_first(self) -> bool {
        self.0 & Wait::FIRST != 0
    }
}

/// Scheduling priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
    Max,
}

/// How far the current receive is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Receiving {
    /// It has not waited.
    #[default]
    Looking,
    /// It has waited; the host holds its deadline.
    Waiting,
    /// Its deadline has passed.
    TimedOut,
}

/// Why the handlers are being looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Something was raised.
    Raised,
    /// `Process.exit(reason)`.
    Exit,
}

/// Something caught: so that raising it again keeps its trace and class.
pub(crate) struct Caught {
    pub(crate) value: Word,
    pub(crate) trace: Word,
    pub(crate) class: Class,
}

/// What few processes need.
#[derive(Default)]
pub(crate) struct Cold {
    /// Values caught lately that cannot carry a trace themselves; the newest last.
    pub(crate) caught: Vec<Caught>,
    /// Modules whose initialisation this process is running.
    pub(crate) loading: Vec<&'static Module>,
    /// The operator that is being executed wants to go on later (`helpers/long.rs`).
    pub(crate) pause: Option<Pause>,
    /// It has been left in the middle; the heap is pinned until it is done.
    pub(crate) midway: bool,
    /// What it came to: the answer when it is executed again.
    pub(crate) answer: Option<Word>,
    /// What others keep for it (`aside.rs`).
    pub(crate) aside: Option<Account>,
}

/// How an operator goes on that takes long.
pub(crate) enum Pause {
    /// In the process's next turn.
    Turn(Box<dyn Resume>),
    /// By a thread of the pool.
    Job(Box<dyn Job>),
}

/// How many bytes a full collection moves for a reduction.
const PER_REDUCTION: u64 = 512;

/// How many values caught are remembered.
const CAUGHT: usize = 16;

/// The private part of a process beside heap and stack: what natives work on.
pub struct Core {
    /// Whose it is.
    pub pid: Pid,
    /// Reductions left in this turn; natives charge it.
    pub budget: i64,
    /// Reductions of earlier turns.
    pub reductions: u64,
    /// Messages not taken yet.
    pub mailbox: Mailbox,
    /// The process dictionary: nil, or a map.
    pub dictionary: Word,
    /// Exit signals become messages.
    pub trap_exit: bool,
    /// Its functions are interpreted from now on, whether they are compiled or not: somebody traces its calls.
    pub interpreted: bool,
    /// As set by `Process.flag`.
    pub priority: Priority,
    pub(crate) receiving: Receiving,
    /// What the process ended with.
    pub(crate) result: Word,
    pub(crate) trace: Word,
    /// A native that goes on at the next turn.
    pub(crate) suspended: Option<Box<dyn Resume>>,
    pub(crate) cold: Option<Box<Cold>>,
}

impl Drop for Cold {
    /// Who waits for a module that this process was loading loads it instead.
    fn drop(&mut self) {
        self.loading.iter().for_each(|module| module.abandon());
    }
}

impl Core {
    /// Charges reductions.
    #[inline]
    pub fn charge(&mut self, n: u64) {
        self.budget = self.budget.saturating_sub_unsigned(n);
    }

    /// The value of a key of the process dictionary is in this map (nil when none was put).
    pub fn dictionary<'h>(&self, heap: &'h Heap) -> Value<'h> {
        heap.value(self.dictionary)
    }

    /// Whether an operator has been left in the middle.
    pub(crate) fn is_midway(&self) -> bool {
        self.cold.as_ref().is_some_and(|cold| cold.midway)
    }

    pub(crate) fn cold(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    /// Remembers a caught value's trace and class.
    pub(crate) fn remember(&mut self, value: Word, trace: Word, class: Class) {
        let caught = &mut self.cold().caught;
        caught.retain(|c| c.value != value);
        if caught.len() == CAUGHT {
            caught.remove(0);
        }
        caught.push(Caught { value, trace, class });
    }

    /// What is known about a value that is raised again.
    pub(crate) fn recall(&self, value: Word) -> Option<(Word, Class)> {
        let caught = &self.cold.as_ref()?.caught;
        caught.iter().rev().find(|c| c.value == value).map(|c| (c.trace, c.class))
    }

    /// What is known about a value that a `catch` has taken: its stack trace (entries for
    /// [`Vm::trace_line`]), and whether it is the reason of a `Process.exit`.
    pub fn caught(&self, value: Value<'_>) -> (Vec<u64>, bool) {
        let (trace, class) = match self.recall(value.word()) {
            // Both live in the same heap.
            Some((trace, class)) => (Value::new(trace), class),
            None => (value.as_exception().map_or(Value::NIL, |e| e.trace()), Class::Raised),
        };
        let entries = trace.as_list().unwrap_or(&[]);
        let places = entries.iter().filter_map(|e| e.as_small()).map(|n| n as u64).collect();
        (places, class == Class::Exit)
    }

    pub(crate) fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.mailbox.trace(visit);
        self.trace_own(visit);
    }

    /// As [`Core::trace`], without the messages that the last collection has seen to.
    fn trace_unsettled(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.mailbox.trace_unsettled(visit);
        self.trace_own(visit);
    }

    /// What is no message.
    fn trace_own(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(&mut self.dictionary);
        visit(&mut self.result);
        visit(&mut self.trace);
        if let Some(native) = &mut self.suspended {
            native.trace(visit);
        }
        if let Some(cold) = &mut self.cold {
            for caught in &mut cold.caught {
                visit(&mut caught.value);
                visit(&mut caught.trace);
            }
        }
    }
}

/// The private part of a process.
pub struct Process {
    /// Its values.
    pub heap: Heap,
    /// Its frames.
    pub(crate) stack: Stack,
    /// All else.
    pub core: Core,
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) jit: jit::Link,
}

impl Process {
    /// A process that has nothing to run yet.
    pub fn new(pid: Pid) -> Process {
        Process {
            heap: Heap::new(),
            stack: Stack::new(),
            core: Core {
                pid,
                budget: 0,
                reductions: 0,
                mailbox: Mailbox::default(),
                dictionary: Word::NIL,
                trap_exit: false,
                interpreted: false,
                priority: Priority::Normal,
                receiving: Receiving::Looking,
                result: Word::NIL,
                trace: Word::NIL,
                suspended: None,
                cold: None,
            },
            jit: jit::Link::default(),
        }
    }

    /// Sets what runs at the first turn: the call of a function value, given as a message that is
    /// a list: the function, then its arguments. For a call without any the function alone will do.
    pub fn start(&mut self, vm: &Vm, call: Fragment) {
        let call = self.heap.attach(call).word();
        self.stack.start(vm.stubs().apply, &[call]);
    }

    /// Sets what runs at the first turn: the bindings and statements of these modules, in order, as
    /// far as they have not run, then the call (as for `start`), whose value is the result.
    pub fn start_program(&mut self, vm: &Vm, modules: &[ModuleIndex], call: Option<Fragment>) {
        let call = call.map_or(Word::NIL, |call| self.heap.attach(call).word());
        let modules: Vec<Value<'_>> =
            modules.iter().map(|&index| Value::count(index as usize)).collect();
        let modules = self.heap.list(&modules).word();
        self.stack.start(vm.stubs().program, &[modules, Value::count(0).word(), call]);
    }

    /// Sets what the process goes on with: the result of an offloaded job.
    pub fn resume_with(&mut self, native: Box<dyn Resume>) {
        self.core.suspended = Some(native);
    }

    /// The deadline of the current receive has passed. Without effect unless it waits.
    pub fn time_out(&mut self) {
        if self.core.receiving == Receiving::Waiting {
            self.core.receiving = Receiving::TimedOut;
        }
    }

    /// What the process ended with, after `Done`, `Crashed` or `Exit`.
    pub fn result(&self) -> Value<'_> {
        self.heap.value(self.core.result)
    }

    /// The stack trace of what it crashed with: entries for [`Vm::trace_line`].
    pub fn stacktrace(&self) -> Vec<u64> {
        let entries = self.heap.value(self.core.trace).as_list().unwrap_or(&[]);
        entries.iter().filter_map(|e| e.as_small()).map(|n| n as u64).collect()
    }

    /// The stack trace of where it stands now, innermost first.
    pub fn current_stacktrace(&self, limit: usize) -> Vec<u64> {
        self.stack.stacktrace(limit)
    }

    /// If it stands at the entry of a function that was just called: the place, for [`Vm::trace_line`], and the arguments, but
    /// for those that the function does not use.
    pub fn entering(&self) -> Option<(u64, Vec<Option<Value<'_>>>)> {
        let (place, words) = self.stack.top()?.entering()?;
        Some((place, words.into_iter().map(|word| Some(self.heap.value(word?))).collect()))
    }

    /// Bytes held by heap, stack and mailbox, off-heap data and what others keep for it included.
    pub fn memory(&self) -> usize {
        let inside = self.heap.used_bytes() + self.stack.bytes();
        inside + self.core.mailbox.outside_bytes() + self.core.aside()
    }

    /// The process goes to wait: gives back room that it has had use for and will hardly need soon. Tells whether there is more to
    /// give back ([`Process::shrink`]) when it has waited for long.
    #[inline]
    pub fn rest(&mut self) -> bool {
        let roomy = [self.stack.rest(), self.core.mailbox.rest(), self.heap.could_shrink()];
        roomy.contains(&true)
    }

    /// It has waited for long: gives back what it can.
    pub fn shrink(&mut self) {
        self.stack.withdraw();
        self.core.mailbox.shrink();
        self.heap.tidy();
    }

    /// Bytes held by the stack.
    pub fn stack_bytes(&self) -> usize {
        self.stack.bytes()
    }

    /// Whether it holds more than `heap.limit()`, which counts for all of them together.
    pub(crate) fn over_limit(&self) -> bool {
        self.memory() > self.heap.limit()
    }

    /// Collects all garbage, whether that is due or not (`Process.garbage_collect`, hibernation). Only
    /// between turns. In the middle of an operator (or a native like it) it is put off until that
    /// is done.
    pub fn collect(&mut self) {
        let Process { heap, stack, core, .. } = self;
        if heap.is_pinned() {
            heap.request_collection();
            return;
        }
        heap.collect(|visit| {
            stack.trace(visit);
            core.trace(visit);
        });
        // Others have waited meanwhile. Collections made for a test change nothing else.
        if !heap.is_stressed() {
            core.charge(heap.heap_bytes() as u64 / PER_REDUCTION);
        }
        // Every full collection looks through the whole stack: let a deep one pay for itself.
        heap.postpone(stack.bytes() / 2);
        self.settle();
    }

    /// Collects what is due. As for [`Process::collect`].
    pub(crate) fn collect_due(&mut self) {
        if self.heap.is_pinned() {
            // It stays due.
            return;
        }
        if !self.heap.is_minor_next() || self.over_limit() {
            return self.collect();
        }
        let Process { heap, stack, core, .. } = self;
        heap.collect_young(|visit| {
            stack.trace_unsettled(visit);
            core.trace_unsettled(visit);
        });
        self.settle();
    }

    fn settle(&mut self) {
        self.stack.settle();
        self.core.mailbox.settle();
        #[cfg(debug_assertions)]
        if self.heap.is_settled() {
            self.stack.trace(&mut |word| self.heap.assert_settled(*word));
            self.core.trace(&mut |word| self.heap.assert_settled(*word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_fits_in_registers() {
        assert_eq!(size_of::<Outcome>(), 16);
    }

    #[test]
    fn waits_keep_what_they_are_given() {
        for timeout in [None, Some(0), Some(5000), Some((1 << 63) - 2)] {
            for first in [true, false] {
                let wait = Wait::new(timeout, first);
                assert_eq!((wait.timeout(), wait.is_first()), (timeout, first));
            }
        }
        // Longer than for ever would be for ever: 292 million years.
        assert_eq!(Wait::new(Some(u64::MAX), false).timeout(), Some((1 << 63) - 2));
    }
}
