//! The end of a process: its links, watchers and names are told, its slot goes to the next one.

use super::turn::stop_timer;
use crate::host::WorkerHost;
use crate::node::{Node, Outside, Schedule, deliver};
use crate::process::body::Body;
use crate::process::relations::{Link, Watcher};
use crate::process::signal::{Envelope, ExitKind, Signal};
use crate::report;
use rata_vm::data::reference;
use rata_vm::heap::{Fragment, Heap};
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value, Word};

/// Why a process ends.
pub enum Reason {
    /// Its function returned.
    Normal,
    /// It raised, and nobody caught it.
    Crashed,
    /// `Process.exit(reason)`, or an exit signal.
    Exit(Fragment),
    /// It holds more memory than it may.
    Limit,
}

/// Ends a process.
pub fn end(host: &mut WorkerHost, mut body: Box<Body>, reason: Reason) {
    stop_timer(host, &mut body);
    let crashed = matches!(reason, Reason::Crashed);
    let limited = matches!(reason, Reason::Limit);
    let heap = &body.process.heap;
    let reason = match reason {
        Reason::Normal => Fragment::copy_of(Value::symbol(sym::NORMAL)),
        Reason::Limit => {
            let pair = [Value::symbol(sym::LIMIT), Value::symbol(sym::MEMORY)];
            Fragment::copy_of(heap.list(&pair))
        }
        Reason::Exit(reason) => reason,
        Reason::Crashed => {
            let lines = host.node.trace_lines(&body.process.stacktrace());
            let trace = report::trace_value(heap, &lines);
            Fragment::copy_of(heap.list(&[body.process.result(), trace]))
        }
    };
    let pid = body.extra.pid;
    let is_main = *host.node.main.lock() == Some(pid);
    if crashed || limited {
        report::crash(&host.node, &body, &reason, is_main);
    }
    leave(host, &mut body, &reason);
    if is_main {
        report::main_ended(&host.node, &reason, crashed || limited);
    }
}

/// Takes the process out of everything that knows it.
fn leave(host: &mut WorkerHost, body: &mut Body, reason: &Fragment) {
    let pid = body.extra.pid;
    if let Some(name) = body.extra.relations.as_ref().and_then(|r| r.name) {
        host.node.names.write().remove(&name);
    }
    host.node.table.retire(pid);
    let late: Vec<Envelope> = close(host, body);
    if let Some(relations) = body.extra.relations.take() {
        for (other, link) in &relations.links {
            if *link == Link::Active {
                let reason = Fragment::copy_of(reason.value());
                let signal = Signal::Exit { from: pid, kind: ExitKind::Link, reason };
                // One that is dead as well needs no telling.
                let _ = deliver(host, *other, signal);
            }
        }
        for watcher in relations.watchers.values() {
            send_down(host, pid, *watcher, reason.value());
        }
        for (id, watch) in &relations.monitors {
            let _ = deliver(host, watch.target, Signal::Demonitor { id: *id });
        }
    }
    for Envelope { dest, signal } in late {
        answer(host, dest, signal);
    }
    host.node.table.release(pid);
}

/// Closes the inbox; what nobody has handled.
fn close(host: &WorkerHost, body: &mut Body) -> Vec<Envelope> {
    let dest = body.extra.pid;
    let pending = body.extra.pending.drain(..).map(|signal| Envelope { dest, signal });
    let mut late: Vec<Envelope> = pending.collect();
    if let Some(slot) = host.node.table.closing(dest) {
        late.extend(slot.inbox.close());
    }
    late
}

/// Answers a signal whose receiver is dead, from wherever it turned up.
pub fn answer_for_dead(node: &Node, dest: Pid, signal: Signal) {
    answer(&mut Outside(node), dest, signal);
}

fn answer(from: &mut impl Schedule, dest: Pid, signal: Signal) {
    let noproc = Value::symbol(sym::NOPROC);
    match signal {
        Signal::Link { from: other } => {
            let reason = Fragment::copy_of(noproc);
            let signal = Signal::Exit { from: dest, kind: ExitKind::Link, reason };
            let _ = deliver(from, other, signal);
        }
        Signal::Unlink { from: other, id } => {
            let _ = deliver(from, other, Signal::UnlinkAck { from: dest, id });
        }
        Signal::Monitor { reference, name } => {
            send_down(from, dest, Watcher { reference, name }, noproc);
        }
        Signal::Info { reference, .. } => {
            let heap = Heap::new();
            let value = crate::natives::process::reference_value(&heap, reference);
            let message = Fragment::copy_of(heap.list(&[value, Value::NIL]));
            let _ = deliver(from, reference.creator, Signal::Message(message));
        }
        _ => {}
    }
}

/// `{:DOWN, ref, :process, pid or {name, node}, reason}`
pub fn down_message<'h>(
    heap: &'h Heap,
    pid: Pid,
    watcher: Watcher,
    reason: Value<'h>,
) -> Value<'h> {
    let data = watcher.reference;
    let reference = reference::new(heap, data.id, Some(data.creator), data.stamp);
    let who = match watcher.name {
        Word::NIL => Value::pid(pid),
        name => heap.list(&[heap.value(name), Value::symbol(crate::natives::process::node_name())]),
    };
    heap.list(&[Value::symbol(sym::DOWN), reference, Value::symbol(sym::PROCESS), who, reason])
}

fn send_down(from: &mut impl Schedule, pid: Pid, watcher: Watcher, reason: Value<'_>) {
    let heap = Heap::new();
    let reason = heap.attach(Fragment::copy_of(reason));
    let message = Fragment::copy_of(down_message(&heap, pid, watcher, reason));
    let signal = Signal::Down { id: watcher.reference.id, message };
    let _ = deliver(from, watcher.reference.creator, signal);
}
