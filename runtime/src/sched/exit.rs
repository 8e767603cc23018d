//! The end of a process: its name is freed, its links and watchers are told, its slot goes to the next
//! one. With many of them that takes several turns; nobody can tell, as the process is dead to
//! everybody from the first moment.

use super::turn::stop_timer;
use crate::host::WorkerHost;
use crate::natives::process::{node_name, reference_value};
use crate::node::{Node, Outside, Schedule};
use crate::process::body::{Body, Unfinished};
use crate::process::few;
use crate::process::inbox::Taken;
use crate::process::relations::{Link, Relations, Watcher};
use crate::process::signal::{Envelope, ExitKind, Signal};
use crate::report;
use crate::sched::post::deliver;
use rata_vm::Symbol;
use rata_vm::heap::{Fragment, Heap, Immediate};
use rata_vm::process::Process;
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};
use std::vec::IntoIter;

/// How many others are told in one turn.
const TOLD: usize = 1000;

/// Why a process ends.
pub enum Reason {
    /// Its function returned.
    Normal,
    /// It raised, and nobody caught it.
    Crashed,
    /// `Process.exit(reason)`, of itself.
    Exit(Fragment),
    /// The exit signal of another process.
    Signal(Fragment),
    /// It holds more memory than it may.
    Memory,
    /// Its mailbox holds more than it may.
    Queue,
}

/// Who is still to be told of a death.
pub struct Leaving {
    reason: Fragment,
    links: few::IntoIter<Pid, Link>,
    /// Who depends on it without a link.
    dependent: IntoIter<Pid>,
    watchers: few::IntoIter<u64, Watcher>,
    monitors: few::IntoIter<u64, Pid>,
    /// Senders that wait for room in its mailbox.
    senders: IntoIter<Pid>,
    /// Signals that nobody has handled.
    pending: IntoIter<Signal>,
    late: Taken<Envelope>,
}

/// Ends a process.
pub fn end(host: &mut WorkerHost, mut body: Box<Body>, reason: Reason) {
    stop_timer(host, &mut body);
    let reported = matches!(reason, Reason::Crashed | Reason::Memory | Reason::Queue);
    let by_another = matches!(reason, Reason::Signal(_));
    let by_itself = matches!(reason, Reason::Exit(_));
    let reason = reason_value(host, &body, reason);
    let pid = body.extra.pid;
    let is_main = host.node.is_main(pid);
    if let Some(traced) = body.extra.traced() {
        traced.ends(pid, reason.value());
    }
    if reported {
        report::crash(&host.node, &body, &reason, is_main);
    }
    if is_main {
        if host.node.is_asked_to_stop()
            && let Some(relations) = &mut body.extra.relations
        {
            // Who stops the program tells those that are linked to it, one after the other.
            relations.links = Default::default();
        }
        let copy = Fragment::copy_of(reason.value());
        let trace = if by_itself { body.process.stacktrace() } else { Vec::new() };
        let place = host.node.trace_lines(&trace);
        leave(host, body, reason);
        match reported || by_another {
            true => report::main_failed(&host.node, &copy, &place, reported),
            false => report::main_ended(&host.node, &copy, &place),
        }
    } else {
        leave(host, body, reason);
    }
}

fn reason_value(host: &WorkerHost, body: &Body, reason: Reason) -> Fragment {
    let heap = &body.process.heap;
    let limit = |what| {
        let heap = Heap::new();
        Fragment::copy_of(heap.list(&[Value::symbol(sym::LIMIT), Value::symbol(what)]))
    };
    match reason {
        Reason::Normal => Fragment::copy_of(Value::symbol(sym::NORMAL)),
        Reason::Memory => limit(sym::MEMORY),
        Reason::Queue => limit(Symbol::intern("message_queue")),
        Reason::Exit(reason) | Reason::Signal(reason) => reason,
        Reason::Crashed => {
            let lines = host.node.trace_lines(&body.process.stacktrace());
            let trace = report::trace_value(heap, &lines);
            Fragment::copy_of(heap.list(&[body.process.result(), trace]))
        }
    }
}

/// Takes the process out of everything that knows it.
fn leave(host: &mut WorkerHost, mut body: Box<Body>, reason: Fragment) {
    let pid = body.extra.pid;
    if host.node.table.retire(pid) {
        host.node.names.forget(pid);
    }
    let slot = host.node.table.closing(pid).expect("a process has a slot");
    let late = slot.inbox.close();
    let relations = body.extra.relations.take();
    let Unfinished { pending, ahead, .. } = *body.extra.unfinished.take().unwrap_or_default();
    if relations.is_none() && pending.is_empty() && ahead.is_empty() && late.is_empty() {
        host.node.release(pid, &mut host.spare);
        return;
    }
    let Relations { links, watchers, monitors, queue_limit, holdings, .. } =
        *relations.unwrap_or_default();
    let dependent = holdings.end(&host.node, pid);
    let mut senders = queue_limit.map(|l| l.waiting).unwrap_or_default();
    senders.extend(ahead);
    let leaving = Leaving {
        reason,
        links: links.into_iter(),
        dependent: dependent.into_iter(),
        watchers: watchers.into_iter(),
        monitors: monitors.into_iter(),
        senders: senders.into_iter(),
        pending: Vec::from(pending).into_iter(),
        late,
    };
    tell(host, body, leaving);
}

/// Tells as many as one turn allows; the rest at the next one.
pub(super) fn tell(host: &mut WorkerHost, mut body: Box<Body>, mut leaving: Leaving) {
    let pid = body.extra.pid;
    for _ in 0..TOLD {
        if !leaving.step(host, pid) {
            host.node.release(pid, &mut host.spare);
            return;
        }
    }
    // Its memory is of no use to anybody any more.
    body.process = Process::new(pid);
    body.extra.unfinished().leaving = Some(leaving);
    host.enqueue(body);
}

impl Leaving {
    /// Tells one of them; false when there is none left.
    fn step(&mut self, host: &mut WorkerHost, pid: Pid) -> bool {
        // One that is dead as well needs no telling.
        if let Some((other, link)) = self.links.next() {
            if link == Link::Active {
                self.send_exit(host, pid, other, ExitKind::Link);
            }
        } else if let Some(other) = self.dependent.next() {
            self.send_exit(host, pid, other, ExitKind::Asked);
        } else if let Some((_, watcher)) = self.watchers.next() {
            send_down(host, pid, watcher, self.reason.value());
        } else if let Some((id, target)) = self.monitors.next() {
            let _ = deliver(host, target, Signal::Demonitor { id });
        } else if let Some(sender) = self.senders.next() {
            let _ = deliver(host, sender, Signal::Go);
        } else if let Some(signal) = self.pending.next() {
            answer(host, pid, signal);
        } else if let Some(Envelope { dest, signal }) = self.late.next() {
            answer(host, dest, signal);
        } else {
            return false;
        }
        true
    }

    fn send_exit(&self, host: &mut WorkerHost, pid: Pid, other: Pid, kind: ExitKind) {
        let reason = Fragment::copy_of(self.reason.value());
        let _ = deliver(host, other, Signal::Exit { from: pid, kind, reason });
    }
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
            let value = reference_value(&heap, reference);
            let message = Fragment::copy_of(heap.list(&[value, Value::NIL]));
            let signal = Signal::Alias { id: reference.id, urgent: false, message };
            let _ = deliver(from, reference.creator, signal);
        }
        Signal::Room { from: sender } => drop(deliver(from, sender, Signal::Go)),
        Signal::Hold { holding, .. } => drop(holding.ended(from.node(), dest)),
        _ => {}
    }
}

/// `{:DOWN, ref, :process, pid or {name, node}, reason}`
pub fn down_message<'h>(
    heap: &'h Heap,
    pid: Pid,
    watcher: &Watcher,
    reason: Value<'h>,
) -> Value<'h> {
    let reference = reference_value(heap, watcher.reference);
    let who = match watcher.name == Immediate::NIL {
        true => Value::pid(pid),
        false => heap.list(&[heap.immediate(&watcher.name), Value::symbol(node_name())]),
    };
    heap.list(&[Value::symbol(sym::DOWN), reference, Value::symbol(sym::PROCESS), who, reason])
}

fn send_down(from: &mut impl Schedule, pid: Pid, watcher: Watcher, reason: Value<'_>) {
    let heap = Heap::new();
    let reason = heap.attach(Fragment::copy_of(reason));
    let message = Fragment::copy_of(down_message(&heap, pid, &watcher, reason));
    let signal = Signal::Down { id: watcher.reference.id, message };
    let _ = deliver(from, watcher.reference.creator, signal);
}
