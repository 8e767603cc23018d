//! What the interpreter and the natives see of the runtime while a process runs on a worker.

use crate::capture;
use crate::node::{Node, Options, Schedule};
use crate::output::Stream;
use crate::process::body::{Body, Extra, Hold};
use crate::process::pace::Pace;
use crate::process::signal::{Envelope, Signal};
use crate::process::table::{Slot, Spare};
use crate::sched::chance::{Chance, NS_PER_REDUCTION};
use crate::sched::gather::{self, Gathered};
use crate::sched::queue::Local;
use crate::world::TICKS_PER_MS;
use rata_vm::native::{Cx, Host, Native, Poll, Resume};
use rata_vm::process::Core;
use rata_vm::value::{Pid, Value, Word};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a turn costs beside what runs in it, in reductions.
pub const SWITCH: i64 = 8;
/// After so many reductions a worker looks at the clock.
const PER_CLOCK: u64 = 500;
/// Reductions between two looks at whether a second has passed; a clock read each is nothing then.
const PER_TRIM: u64 = 100_000;
/// So many ticks after it has freed what it did not need, a worker does so again.
const TRIM: u64 = 1000 * TICKS_PER_MS;

/// A worker's side of things; the current process's `extra` is lent to it.
pub struct WorkerHost {
    /// The node.
    pub node: Arc<Node>,
    /// The worker's number.
    pub me: usize,
    /// Its queues.
    pub local: Local,
    /// A body woken by the process that runs: it is next.
    pub next: Option<Box<Body>>,
    /// Reductions used on this worker.
    spent: u64,
    /// Where `spent` may go while processes run that were woken by the one before, if one does. All of them in
    /// a row have as much as one turn: a pair that plays ping-pong stays on its core, but does not keep
    /// others from running longer than a busy process does.
    handovers_end: Option<u64>,
    /// Where `spent` is when the worker looks at the clock next.
    clock_at: u64,
    /// Reductions per turn.
    pub budget: i64,
    /// Whether turns of busy processes are measured, to be made shorter or longer (`pace.rs`).
    pub paced: bool,
    /// Of the process that runs.
    pub extra: Option<Box<Extra>>,
    /// The process that runs is traced: what it does to others is to be noted.
    pub tracing: bool,
    /// Messages of the process that runs that are gathered for one receiver.
    pub gathered: Gathered,
    /// Senders that were far ahead of a process and may go on.
    pub going_on: VecDeque<Pid>,
    /// Slots for new processes.
    pub spare: Spare,
    /// In a deterministic run, what decides who is next.
    chance: Option<Box<Chance>>,
    /// The tick at which this worker, if idle, has the allocator return freed memory.
    pub freed: Option<u64>,
    /// Where `spent` is when the worker sees whether it is time to free what it keeps, …
    trim_at: u64,
    /// … and the tick from which it is.
    trim_from: u64,
}

impl WorkerHost {
    /// A worker's host with nothing to run.
    pub fn new(node: Arc<Node>, me: usize, local: Local) -> WorkerHost {
        let budget = node.options.budget;
        let chance = node.options.seed.map(|seed| Box::new(Chance::new(seed)));
        let paced = budget == Options::default().budget && chance.is_none();
        WorkerHost {
            node,
            me,
            local,
            next: None,
            spent: 0,
            handovers_end: None,
            clock_at: PER_CLOCK,
            budget,
            paced,
            extra: None,
            tracing: false,
            gathered: Gathered::default(),
            going_on: VecDeque::new(),
            spare: Spare::default(),
            chance,
            freed: None,
            trim_at: PER_TRIM,
            trim_from: TRIM,
        }
    }

    /// The runtime's part of the process that runs.
    pub fn extra(&mut self) -> &mut Extra {
        self.extra.as_mut().expect("lent while a process runs")
    }

    /// Writes text of the process that runs, or keeps it where its output is captured. False when the output is full:
    /// the process should wait for room.
    pub fn say(&self, to: Stream, text: &str) -> bool {
        let Some(extra) = self.extra.as_deref() else { return self.node.output.write(to, text) };
        if capture::keeps(extra, text) {
            return true;
        }
        self.node.make_way(extra.pid, text);
        self.node.output.write(to, text)
    }

    /// Counts what a turn uses, in reductions.
    pub fn spend(&mut self, reductions: i64) {
        let reductions = u64::from(u32::try_from(reductions.max(0)).unwrap_or(u32::MAX));
        self.spent += reductions;
        if self.chance.is_some() {
            self.node.clock.pass(reductions * NS_PER_REDUCTION);
        }
    }

    /// The reductions of the next turn of a process that keeps this pace.
    pub fn turn(&mut self, pace: Pace) -> i64 {
        let budget = pace.budget(self.budget);
        match &mut self.chance {
            Some(chance) => chance.budget(budget),
            None => budget,
        }
    }

    /// Whether it is time to look at the clock.
    pub fn looks_at_clock(&mut self) -> bool {
        let now = self.spent >= self.clock_at;
        if now {
            self.clock_at = self.spent + PER_CLOCK;
        }
        now
    }

    /// Frees, about once a second, the memory that this worker keeps and has not needed meanwhile.
    pub fn trim(&mut self) {
        if self.spent < self.trim_at {
            return;
        }
        self.trim_at = self.spent + PER_TRIM;
        let now = self.node.clock.tick();
        if now >= self.trim_from {
            self.trim_from = now.saturating_add(TRIM);
            rata_vm::heap::trim();
        }
    }

    /// The body to run next: the one just woken, unless such have run for long or something more urgent
    /// waits.
    pub fn pick(&mut self) -> Option<Box<Body>> {
        if let Some(chance) = &mut self.chance {
            return chance.pick(self.next.take(), &mut self.local, &self.node.queues);
        }
        if let Some(body) = self.next.take() {
            let one_turn = u64::try_from(self.budget).unwrap_or(0);
            let end = *self.handovers_end.get_or_insert(self.spent + one_turn);
            if self.spent < end && !self.local.outranks(body.process.core.priority) {
                return Some(body);
            }
            self.local.push(body);
        }
        self.handovers_end = None;
        self.local.pop(&self.node.queues, self.me)
    }

    /// Adds a body at the end of the queue. One alone is not worth another worker's waking: it may well
    /// be next here.
    pub fn enqueue(&mut self, body: Box<Body>) {
        self.local.push(body);
        if self.local.has_several() {
            self.node.idle.hint();
        }
    }
}

impl Schedule for WorkerHost {
    fn node(&self) -> &Node {
        &self.node
    }

    fn worker(&self) -> Option<usize> {
        Some(self.me)
    }

    fn schedule(&mut self, body: Box<Body>) {
        if let Some(earlier) = self.next.replace(body) {
            self.enqueue(earlier);
        }
    }
}

impl Host for WorkerHost {
    #[inline]
    fn as_any(&mut self) -> &mut dyn Any {
        gather::flush(self);
        self
    }

    fn as_sender(&mut self) -> &mut dyn Any {
        self
    }

    fn before_effect(&mut self) {
        gather::flush(self);
    }

    fn before_pause(&mut self) {
        gather::flush(self);
        if let Some(body) = self.next.take() {
            self.local.push(body);
        }
        if !self.local.is_empty() {
            self.node.idle.hint();
        }
    }

    fn poll(&mut self, core: &mut Core) -> Poll {
        gather::flush(self);
        let WorkerHost { node, extra, .. } = self;
        let extra = extra.as_mut().expect("lent while a process runs");
        if extra.has_pending() {
            return Poll::Signal;
        }
        match node.table.get(core.pid) {
            Some(slot) if !slot.inbox.is_empty() => take_messages(node, slot, extra, core),
            _ => Poll::Nothing,
        }
    }
}

/// Takes what has arrived while a process runs: messages into its mailbox, and all that comes after something
/// else to where the end of the turn finds it.
#[inline(never)]
fn take_messages(node: &Node, slot: &Slot, extra: &mut Extra, core: &mut Core) -> Poll {
    let bounded = extra.relations.as_ref().is_some_and(|r| r.queue_limit.is_some());
    let mut found = Poll::Nothing;
    for Envelope { dest, signal } in slot.inbox.take() {
        match signal {
            Signal::Message(message) if dest == core.pid && found != Poll::Signal && !bounded => {
                core.mailbox.push(message);
                found = Poll::Messages;
            }
            Signal::Bag(bag) if dest == core.pid && found != Poll::Signal && !bounded => {
                core.mailbox.push_bag(bag);
                found = Poll::Messages;
            }
            signal if dest == core.pid => {
                extra.postpone(signal);
                found = Poll::Signal;
            }
            signal => super::sched::exit::answer_for_dead(node, dest, signal),
        }
    }
    slot.inbox.still_wait(core.mailbox.len());
    found
}

/// A native's answer that the process gets later, when what it waits for has come.
struct Later(Word);

impl Resume for Later {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        Native::Value(cx.heap().value(self.0))
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(&mut self.0);
    }
}

/// A native's answer `value`, after the process's signals have been handled: what it has done to
/// itself holds before the next thing it does.
pub fn after_signals<'h>(value: Value<'h>) -> Native<'h> {
    Native::suspend(Box::new(Later(value.word())))
}

/// A native's answer `value`, once there is room.
pub fn hold<'h>(cx: &mut Cx<'h, '_>, hold: Hold, value: Value<'h>) -> Native<'h> {
    if let Some(host) = cx.host::<WorkerHost>() {
        host.extra().unfinished().hold = Some(hold);
    }
    Native::suspend(Box::new(Later(value.word())))
}

/// Writes text; the native's answer `value` comes when the output is not full.
pub fn write<'h>(cx: &mut Cx<'h, '_>, to: Stream, text: &str, value: Value<'h>) -> Native<'h> {
    cx.charge(1 + text.len() as u64 / 64);
    let has_room = cx.host::<WorkerHost>().is_none_or(|host| host.say(to, text));
    if has_room { Native::Value(value) } else { hold(cx, Hold::Output, value) }
}
