//! What the interpreter and the natives see of the runtime while a process runs on a worker.

use crate::node::{Node, Schedule};
use crate::process::body::{Body, Extra};
use crate::process::signal::{Envelope, Signal};
use crate::sched::queue::Local;
use rata_vm::native::{Host, Poll};
use rata_vm::process::Core;
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
    /// Of the process that runs.
    pub extra: Option<Extra>,
}

impl WorkerHost {
    /// The runtime's part of the process that runs.
    pub fn extra(&mut self) -> &mut Extra {
        self.extra.as_mut().expect("lent while a process runs")
    }

    /// The body to run next: the one just woken, unless such have had many turns in a row.
    pub fn pick(&mut self) -> Option<Box<Body>> {
        if let Some(body) = self.next.take() {
            self.handovers += 1;
            if self.handovers < HANDOVERS {
                return Some(body);
            }
            self.local.push(body);
        }
        self.handovers = 0;
        self.local.pop()
    }

    /// Adds a body at the end of the queue.
    pub fn enqueue(&mut self, body: Box<Body>) {
        self.local.push(body);
        self.node.idle.wake_one();
    }
}

impl Schedule for WorkerHost {
    fn node(&self) -> &Node {
        &self.node
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
        if !extra.pending.is_empty() {
            return Poll::Signal;
        }
        let Some(slot) = node.table.get(core.pid) else { return Poll::Nothing };
        let mut found = Poll::Nothing;
        for Envelope { dest, signal } in slot.inbox.take() {
            match signal {
                Signal::Message(message) if dest == core.pid && found != Poll::Signal => {
                    core.mailbox.push(message);
                    found = Poll::Messages;
                }
                signal if dest == core.pid => {
                    extra.pending.push_back(signal);
                    found = Poll::Signal;
                }
                signal => super::sched::exit::answer_for_dead(node, dest, signal),
            }
        }
        found
    }
}
