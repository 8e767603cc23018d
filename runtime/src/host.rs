//! What the interpreter and the natives see of the runtime while a process runs on a worker.

use crate::node::{Node, Schedule};
use crate::output::Stream;
use crate::process::body::{Body, Extra, Hold};
use crate::process::signal::{Envelope, Signal};
use crate::sched::queue::Local;
use rata_vm::native::{Cx, Host, Native, Poll, Resume};
use rata_vm::process::Core;
use rata_vm::value::{Value, Word};
use std::any::Any;
use std::sync::Arc;

/// How many turns in a row may be taken by processes that were woken by the one before: a pair that
/// plays ping-pong stays on its core, but does not keep others from running.
const HANDOVERS: u32 = 32;

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
    /// Turns in a row taken by `next`.
    pub handovers: u32,
    /// Reductions per turn.
    pub budget: i64,
    /// Of the process that runs.
    pub extra: Option<Box<Extra>>,
    /// The tick at which this worker, if idle, has the allocator return freed memory.
    pub freed: Option<u64>,
}

impl WorkerHost {
    /// A worker's host with nothing to run.
    pub fn new(node: Arc<Node>, me: usize, local: Local) -> WorkerHost {
        let budget = node.options.budget;
        WorkerHost { node, me, local, next: None, handovers: 0, budget, extra: None, freed: None }
    }

    /// The runtime's part of the process that runs.
    pub fn extra(&mut self) -> &mut Extra {
        self.extra.as_mut().expect("lent while a process runs")
    }

    /// The body to run next: the one just woken, unless such have had many turns in a row or
    /// something more urgent waits.
    pub fn pick(&mut self) -> Option<Box<Body>> {
        if let Some(body) = self.next.take() {
            self.handovers += 1;
            if self.handovers < HANDOVERS && !self.local.outranks(body.process.core.priority) {
                return Some(body);
            }
            self.local.push(body);
        }
        self.handovers = 0;
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
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn poll(&mut self, core: &mut Core) -> Poll {
        let WorkerHost { node, extra, .. } = self;
        let extra = extra.as_mut().expect("lent while a process runs");
        if extra.has_pending() {
            return Poll::Signal;
        }
        let Some(slot) = node.table.get(core.pid) else { return Poll::Nothing };
        let bounded = extra.relations.as_ref().is_some_and(|r| r.queue_limit.is_some());
        let mut found = Poll::Nothing;
        for Envelope { dest, signal } in slot.inbox.take() {
            match signal {
                Signal::Message(message)
                    if dest == core.pid && found != Poll::Signal && !bounded =>
                {
                    core.mailbox.push(message);
                    found = Poll::Messages;
                }
                signal if dest == core.pid => {
                    extra.postpone(signal);
                    found = Poll::Signal;
                }
                signal => super::sched::exit::answer_for_dead(node, dest, signal),
            }
        }
        found
    }
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
    let output = cx.host::<WorkerHost>().map(|host| host.node.output.clone());
    match output.map(|output| output.write(to, text)) {
        Some(false) => hold(cx, Hold::Output, value),
        _ => Native::Value(value),
    }
}
