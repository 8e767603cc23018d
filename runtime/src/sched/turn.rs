//! One process's turn: its signals, then its code, then what became of it.

use super::exit::{self, Reason};
use crate::host::WorkerHost;
use crate::natives::process as native_process;
use crate::node::{Alarm, Outside, deliver};
use crate::process::body::{Body, Status};
use crate::process::relations::Link;
use crate::process::signal::{Envelope, ExitKind, Signal};
use rata_vm::heap::Fragment;
use rata_vm::process::{Outcome, Wait};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};
use rata_vm::{interp, native::Job};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How soon a process that waits for another to load a module looks again.
const LOADING_POLL_MS: u64 = 1;

/// Gives a body its turn.
pub fn run(host: &mut WorkerHost, mut body: Box<Body>) {
    if let Some(reason) = take_signals(host, &mut body) {
        exit::end(host, body, reason);
        return;
    }
    if body.extra.status == Status::Job {
        park(host, body);
        return;
    }
    body.extra.status = Status::Runnable;
    let Body { process, extra } = *body;
    let mut process = process;
    host.extra = Some(extra);
    let node = Arc::clone(&host.node);
    let outcome = interp::run(&mut process, &node.vm, host, node.options.budget);
    let extra = host.extra.take().expect("given back after the turn");
    *body = Body { process, extra };
    settle(host, body, outcome);
}

fn settle(host: &mut WorkerHost, mut body: Box<Body>, outcome: Outcome) {
    match outcome {
        Outcome::Yield => host.enqueue(body),
        Outcome::Wait(wait) => {
            start_wait(host, &mut body, wait);
            park(host, body);
        }
        Outcome::Offload(job) => {
            offload(host, &mut body, job);
            park(host, body);
        }
        Outcome::WaitForModule(_) => {
            body.extra.status = Status::Loading;
            start_timer(host, &mut body, LOADING_POLL_MS);
            park(host, body);
        }
        Outcome::Done => exit::end(host, body, Reason::Normal),
        Outcome::Crashed => exit::end(host, body, Reason::Crashed),
        Outcome::Exit => {
            let reason = Fragment::copy_of(body.process.result());
            exit::end(host, body, Reason::Exit(reason));
        }
        Outcome::LimitReached => exit::end(host, body, Reason::Limit),
    }
}

/// Lays the body down until a signal comes; if one has come meanwhile it goes on at once.
fn park(host: &mut WorkerHost, body: Box<Body>) {
    let pid = body.extra.pid;
    let back = {
        let slot = host.node.table.get(pid).expect("it lives");
        slot.parking.put(body);
        if slot.inbox.is_empty() { None } else { slot.parking.take() }
    };
    if let Some(body) = back {
        host.enqueue(body);
    }
}

/// The first wait of a receive sets its timer; later ones of the same receive keep it.
fn start_wait(host: &mut WorkerHost, body: &mut Body, wait: Wait) {
    if wait.first {
        match wait.timeout {
            Some(ms) => start_timer(host, body, ms),
            None => stop_timer(host, body),
        }
    }
    body.extra.status = Status::Receiving { timed: wait.timeout.is_some() };
}

fn start_timer(host: &mut WorkerHost, body: &mut Body, ms: u64) {
    stop_timer(host, body);
    let alarm = Alarm::Wait { pid: body.extra.pid, wait: body.extra.wait };
    let deadline = host.node.clock.deadline(ms);
    body.extra.timer = Some(host.node.set_alarm(host.me, deadline, alarm));
}

/// Takes back the timer of an earlier wait; one that is on its way is told apart by its number.
pub(super) fn stop_timer(host: &WorkerHost, body: &mut Body) {
    body.extra.wait += 1;
    if let Some(key) = body.extra.timer.take() {
        host.node.cancel_alarm(key);
    }
}

fn offload(host: &mut WorkerHost, body: &mut Body, job: Box<dyn Job>) {
    body.extra.status = Status::Job;
    let pid = body.extra.pid;
    let node = Arc::clone(&host.node);
    node.jobs.fetch_add(1, Ordering::SeqCst);
    host.node.pool.run(Box::new(move || {
        let done = job.run();
        // A process that has ended meanwhile wants no answer.
        let _ = deliver(&mut Outside(&node), pid, Signal::Done(done));
        node.jobs.fetch_sub(1, Ordering::SeqCst);
        node.idle.wake_one();
    }));
}

/// Handles what has arrived, in order. The reason when the process ends by it.
fn take_signals(host: &mut WorkerHost, body: &mut Body) -> Option<Reason> {
    while let Some(signal) = body.extra.pending.pop_front() {
        if let Some(reason) = receive(host, body, signal) {
            return Some(reason);
        }
    }
    let pid = body.extra.pid;
    let mut taken = host.node.table.get(pid).expect("it lives").inbox.take();
    while let Some(Envelope { dest, signal }) = taken.next() {
        if dest != pid {
            exit::answer_for_dead(&host.node, dest, signal);
            continue;
        }
        if let Some(reason) = receive(host, body, signal) {
            // What came later is answered when the process is taken down.
            body.extra.pending.extend(taken.map(|e| e.signal));
            return Some(reason);
        }
    }
    None
}

fn receive(host: &mut WorkerHost, body: &mut Body, signal: Signal) -> Option<Reason> {
    let extra = &mut body.extra;
    match signal {
        Signal::Message(message) => body.process.core.mailbox.push(message),
        Signal::Alias { id, urgent, message } => receive_alias(body, id, urgent, message),
        Signal::Exit { from, kind, reason } => {
            if kind == ExitKind::Link {
                let relations = extra.relations.as_mut()?;
                if relations.links.get(&from) != Some(&Link::Active) {
                    return None;
                }
                relations.links.remove(&from);
            }
            return receive_exit(body, from, kind, reason);
        }
        Signal::Link { from } => {
            extra.relations().accept_link(from);
        }
        Signal::Unlink { from, id } => {
            let pid = extra.pid;
            if let Some(relations) = &mut extra.relations
                && relations.links.get(&from) == Some(&Link::Active)
            {
                relations.links.remove(&from);
            }
            // The other side may have ended meanwhile.
            let _ = deliver(host, from, Signal::UnlinkAck { from: pid, id });
        }
        Signal::UnlinkAck { from, id } => {
            if let Some(relations) = &mut extra.relations {
                relations.unlinked(from, id);
            }
        }
        Signal::Monitor { reference, name } => {
            let watcher = crate::process::relations::Watcher { reference, name };
            extra.relations().watchers.insert(reference.id, watcher);
        }
        Signal::Demonitor { id } => {
            if let Some(relations) = &mut extra.relations {
                relations.watchers.remove(&id);
            }
        }
        Signal::Down { id, message } => {
            if let Some(relations) = &mut extra.relations
                && relations.monitors.remove(&id).is_some()
            {
                relations.aliases.remove(&id);
                body.process.core.mailbox.push(message);
            }
        }
        Signal::Timeout { wait } => {
            if wait == extra.wait {
                extra.timer = None;
                body.process.time_out();
            }
        }
        Signal::Done(native) => {
            extra.status = Status::Runnable;
            body.process.resume_with(native);
        }
        Signal::Info { reference, key } => native_process::answer_info(host, body, reference, key),
        Signal::Named { name } => extra.relations().name = Some(name),
        Signal::Unnamed { name } => {
            if let Some(relations) = &mut extra.relations
                && relations.name == Some(name)
            {
                relations.name = None;
            }
        }
        Signal::Nudge => {}
    }
    None
}

fn receive_alias(body: &mut Body, id: u64, urgent: bool, message: Fragment) {
    let Some(relations) = &mut body.extra.relations else { return };
    let Some(&allows) = relations.aliases.get(&id) else { return };
    if relations.once.remove(&id) {
        relations.aliases.remove(&id);
    }
    if urgent && allows {
        body.process.core.mailbox.push_urgent(message);
    } else {
        body.process.core.mailbox.push(message);
    }
}

fn receive_exit(
    body: &mut Body,
    from: rata_vm::value::Pid,
    kind: ExitKind,
    reason: Fragment,
) -> Option<Reason> {
    if kind == ExitKind::Kill {
        return Some(Reason::Exit(Fragment::copy_of(Value::symbol(sym::KILLED))));
    }
    if body.process.core.trap_exit {
        let heap = &body.process.heap;
        let message = heap.list(&[Value::symbol(sym::EXIT), Value::pid(from), reason.value()]);
        let message = Fragment::copy_of(message);
        body.process.core.mailbox.push(message);
        return None;
    }
    let is_normal = reason.value().word() == Word::symbol(sym::NORMAL);
    if is_normal && from != body.extra.pid {
        return None;
    }
    Some(Reason::Exit(reason))
}
