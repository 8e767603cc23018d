//! Looking at one process from a thread that is no worker.
//!
//! In: a pid and what is to be done with its body. Out: what came of it, now or soon. Who takes a body out of its parking
//! place owns it, so a process that waits is looked at here and laid down again, without a turn; any other gets a signal, and
//! the worker that has it does the same before its next turn.

use crate::node::{Node, Outside, Schedule};
use crate::process::body::Body;
use crate::process::signal::Signal;
use crate::sched::post::{deliver, lay_down};
use rata_vm::value::Pid;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// While this lives nobody takes the node for deadlocked: bodies are out of their places, and signals under way.
pub struct Looking<'n>(&'n Node);

impl<'n> Looking<'n> {
    /// Begins to look.
    pub fn at(node: &'n Node) -> Looking<'n> {
        node.begin_outside();
        Looking(node)
    }

    /// The node.
    pub fn node(&self) -> &'n Node {
        self.0
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.end_outside();
    }
}

/// What came of a look.
pub enum Looked<T> {
    /// This.
    Now(T),
    /// The process runs, or is about to: it will be told.
    Later(Receiver<T>),
    /// The process has ended.
    Gone,
}

impl Looking<'_> {
    /// Does something short with a process's body.
    pub fn look<T: Send + 'static>(
        &self,
        pid: Pid,
        what: impl FnOnce(&mut Body) -> T + Send + 'static,
    ) -> Looked<T> {
        let Some(slot) = self.0.table.get(pid) else { return Looked::Gone };
        if let Some(mut body) = slot.parking.take() {
            // The slot may have got its next process meanwhile.
            let found = (body.extra.pid == pid).then(|| what(&mut body));
            if let Some(body) = lay_down(slot, body) {
                Outside(self.0).schedule(body);
            }
            return found.map_or(Looked::Gone, Looked::Now);
        }
        let (answer, answers) = channel();
        let visit = Box::new(move |body: &mut Body| {
            // Nobody may wait for it any more.
            let _ = answer.send(what(body));
        });
        match deliver(&mut Outside(self.0), pid, Signal::Visit(visit)) {
            Ok(()) => Looked::Later(answers),
            Err(_) => Looked::Gone,
        }
    }

    /// The same, waiting until a moment: nothing if the process has ended, or has not come to it by then.
    pub fn look_until<T: Send + 'static>(
        &self,
        pid: Pid,
        until: Instant,
        what: impl FnOnce(&mut Body) -> T + Send + 'static,
    ) -> Option<T> {
        self.look(pid, what).by(until).ok()
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// The process has ended.
    Gone,
    /// It has not come to it yet.
    Busy,
}

impl<T> Looked<T> {
    /// What came of it by that moment.
    pub fn by(self, until: Instant) -> Result<T, NoAnswer> {
        match self {
            Looked::Now(found) => Ok(found),
            Looked::Gone => Err(NoAnswer::Gone),
            Looked::Later(answers) => {
                let left = until.saturating_duration_since(Instant::now());
                answers.recv_timeout(left.max(Duration::from_micros(1))).map_err(|e| match e {
                    RecvTimeoutError::Timeout => NoAnswer::Busy,
                    RecvTimeoutError::Disconnected => NoAnswer::Gone,
                })
            }
        }
    }
}
