//! What each signal does to the process that receives it.

use super::exit::{self, Reason};
use crate::host::WorkerHost;
use crate::natives::process::info;
use crate::process::body::{Body, Rung, Status};
use crate::process::relations::{Alias, OPEN, Watcher, WhenFull};
use crate::process::signal::{Envelope, ExitKind, Signal};
use crate::process::table::Slot;
use crate::sched::post::deliver;
use crate::sched::turn::set_timer;
use rata_vm::heap::{Bag, Fragment, Heap};
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value, Word};

/// A process with so many messages in its mailbox is left to take some of them before senders that are
/// far ahead of it send more, …
const BACKLOG: usize = 4096;
/// … for at most so many turns.
const TURNS: u32 = 16;
/// So many of them send at a time: if all did, each could send but little before it has to wait again.
const AT_A_TIME: usize = 4;

/// Handles what has arrived, in order. The reason when the process ends by it.
#[inline]
pub(super) fn take_signals(host: &mut WorkerHost, slot: &Slot, body: &mut Body) -> Option<Reason> {
    slot.runs_on(host.me);
    if (body.extra.unfinished.is_some() || !slot.inbox.is_empty())
        && let Some(reason) = take_all(host, slot, body)
    {
        return Some(reason);
    }
    let limit = body.process.heap.limit();
    if limit != usize::MAX && body.process.memory() > limit {
        // What waits in the mailbox counts as well.
        body.process.heap.request_collection();
    }
    None
}

fn take_all(host: &mut WorkerHost, slot: &Slot, body: &mut Body) -> Option<Reason> {
    let traced = body.extra.traced().cloned();
    while let Some(signal) = body.extra.unfinished.as_mut().and_then(|u| u.pending.pop_front()) {
        if let Some(traced) = &traced {
            traced.received(body.extra.pid, &signal);
        }
        if let Some(reason) = receive(host, body, signal) {
            return Some(reason);
        }
    }
    let pid = body.extra.pid;
    if body.extra.unfinished.as_ref().is_some_and(|u| u.ahead.is_empty()) {
        body.extra.unfinished = None;
    }
    let mut taken = slot.inbox.take();
    while let Some(Envelope { dest, signal }) = taken.next() {
        if dest != pid {
            exit::answer_for_dead(&host.node, dest, signal);
            continue;
        }
        if let Some(traced) = &traced {
            traced.received(pid, &signal);
        }
        if let Some(reason) = receive(host, body, signal) {
            // What came later is answered when the process is taken down.
            for Envelope { dest, signal } in taken {
                if dest == pid {
                    body.extra.postpone(signal);
                } else {
                    exit::answer_for_dead(&host.node, dest, signal);
                }
            }
            return Some(reason);
        }
    }
    slot.inbox.still_wait(body.process.core.mailbox.len());
    None
}

fn receive(host: &mut WorkerHost, body: &mut Body, signal: Signal) -> Option<Reason> {
    let extra = &mut body.extra;
    match signal {
        Signal::Message(message) => return receive_message(body, message),
        Signal::Bag(bag) => return receive_bag(body, bag),
        Signal::Alias { id, urgent, message } => match refusal(body, &message, id & OPEN != 0) {
            Some(WhenFull::Kill) if is_alias(body, id) => return Some(Reason::Queue),
            Some(_) => {}
            None => drop(receive_alias(body, id, urgent, message)),
        },
        Signal::Exit { from, kind, reason } => {
            if extra.status == Status::Held && kind != ExitKind::Kill {
                return None;
            }
            // The signal of a link that was ended belongs to the past.
            let counts = kind != ExitKind::Link
                || extra.relations.as_mut().is_some_and(|r| r.lose_link(from));
            return if counts { receive_exit(body, from, kind, reason) } else { None };
        }
        Signal::Link { from } => {
            extra.relations().accept_link(from);
        }
        Signal::Unlink { from, id } => {
            let pid = extra.pid;
            if let Some(relations) = &mut extra.relations {
                relations.lose_link(from);
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
            extra.relations().watchers.insert(reference.id, Watcher { reference, name });
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
        Signal::Timeout { number } => match extra.ring(number) {
            Rung::Late => body.process.time_out(),
            Rung::Early(deadline) => set_timer(host, extra, deadline),
            Rung::InVain => {}
        },
        Signal::Idle { reductions } => {
            extra.watched = false;
            if reductions == body.process.core.reductions {
                body.process.shrink();
            }
        }
        Signal::Done(native) => {
            if extra.status != Status::Held {
                extra.status = Status::Runnable;
            }
            body.process.resume_with(native);
        }
        Signal::Info { reference, asked } => info::answer(host, body, reference, &asked),
        Signal::Room { from } => receive_room(host, body, from),
        Signal::Go => {
            if let Status::Printing | Status::Sending = extra.status {
                extra.status = Status::Runnable;
            }
        }
        Signal::Hold { holding, message } => {
            extra.relations().holdings.add(holding);
            body.process.core.mailbox.push(message);
        }
        Signal::Nudge => {}
        Signal::Visit(visit) => visit(body),
    }
    None
}

/// Whether signals for a process may do at once what they do: the caller holds its body, no earlier signal
/// waits, and its mailbox takes whatever comes.
#[inline]
pub(super) fn is_free(slot: &Slot, body: &Body, dest: Pid) -> bool {
    let extra = &*body.extra;
    extra.pid == dest
        && slot.inbox.is_empty()
        && extra.relations.as_ref().is_none_or(|r| r.queue_limit.is_none())
        && !extra.has_pending()
}

/// Puts a message into the mailbox of a process that is free to take it, and tells its bytes.
#[inline]
pub(super) fn put(body: &mut Body, message: Value<'_>) -> usize {
    let process = &mut body.process;
    if process.core.mailbox.takes_attached()
        && let Some((message, bytes)) = process.heap.copy_in(message)
    {
        process.core.mailbox.push_attached(message, bytes);
        return bytes;
    }
    let message = Fragment::copy_of(message);
    let bytes = message.bytes();
    process.core.mailbox.push(message);
    bytes
}

/// Does to a process that is free to take signals what the commonest ones do: whether it is to run now.
/// Others are given back.
#[inline]
pub(super) fn at_once(body: &mut Body, signal: Signal) -> Result<bool, Signal> {
    let extra = &mut body.extra;
    match signal {
        Signal::Message(message) => {
            body.process.core.mailbox.push(message);
            Ok(true)
        }
        Signal::Bag(bag) => {
            body.process.core.mailbox.push_bag(bag);
            Ok(true)
        }
        Signal::Alias { id, urgent, message } => Ok(receive_alias(body, id, urgent, message)),
        Signal::Monitor { reference, name } => {
            extra.relations().watchers.insert(reference.id, Watcher { reference, name });
            Ok(false)
        }
        Signal::Demonitor { id } => {
            if let Some(relations) = &mut extra.relations {
                relations.watchers.remove(&id);
            }
            Ok(false)
        }
        other => Err(other),
    }
}

fn receive_message(body: &mut Body, message: Fragment) -> Option<Reason> {
    match refusal(body, &message, true) {
        Some(WhenFull::Kill) => return Some(Reason::Queue),
        Some(_) => {}
        None => body.process.core.mailbox.push(message),
    }
    None
}

/// What becomes of a message that the mailbox does not take, if it is `bounded` at all.
fn refusal(body: &Body, message: &Fragment, bounded: bool) -> Option<WhenFull> {
    let limit = body.extra.relations.as_ref()?.queue_limit.as_ref().filter(|_| bounded)?;
    limit.refuses(&body.process.core.mailbox, message.bytes())
}

fn receive_bag(body: &mut Body, bag: Bag) -> Option<Reason> {
    if body.extra.relations.as_ref().is_none_or(|r| r.queue_limit.is_none()) {
        body.process.core.mailbox.push_bag(bag);
        return None;
    }
    // Its mailbox has become a bounded one.
    bag.values().find_map(|message| receive_message(body, Fragment::copy_of(message)))
}

fn receive_room(host: &mut WorkerHost, body: &mut Body, from: Pid) {
    let mailbox = &body.process.core.mailbox;
    let limit = body.extra.relations.as_mut().and_then(|r| r.queue_limit.as_mut());
    match limit.filter(|l| l.when_full == WhenFull::Block && l.is_full(mailbox)) {
        Some(limit) => limit.waiting.push(from),
        None if mailbox.len() >= BACKLOG => body.extra.unfinished().ahead.push(from),
        // Who has ended sends no more.
        None => drop(deliver(host, from, Signal::Go)),
    }
}

/// A turn is over: the senders that were far ahead may go on, if the process has caught up with them, waits, or has had
/// turns enough to: it may be busy with something else. They do ([`let_go_on`]) when it has been seen to itself.
pub(super) fn let_catch_up(host: &mut WorkerHost, body: &mut Body, waits: bool) {
    let Some(unfinished) = &mut body.extra.unfinished else { return };
    let ahead = &mut unfinished.ahead;
    if ahead.is_empty() {
        return;
    }
    unfinished.turns += 1;
    let many = match waits || unfinished.turns >= TURNS {
        true => ahead.len(),
        false if body.process.core.mailbox.len() < BACKLOG => AT_A_TIME.min(ahead.len()),
        false => return,
    };
    unfinished.turns = 0;
    host.going_on.extend(ahead.drain(..many));
}

/// Lets senders go on that waited for a process, which comes first itself: on another worker, if one is idle.
#[inline]
pub(super) fn let_go_on(host: &mut WorkerHost) {
    if !host.going_on.is_empty() {
        send_on(host);
    }
}

#[inline(never)]
fn send_on(host: &mut WorkerHost) {
    let next = host.next.take();
    while let Some(sender) = host.going_on.pop_front() {
        // Who has ended sends no more.
        let _ = deliver(host, sender, Signal::Go);
        if let Some(body) = host.next.take() {
            host.enqueue(body);
        }
    }
    host.next = next;
}

/// Whether the message was taken.
fn receive_alias(body: &mut Body, id: u64, urgent: bool, message: Fragment) -> bool {
    let Some(alias) = alias(body, id) else { return false };
    if urgent && alias.urgent {
        body.process.core.mailbox.push_urgent(message);
    } else {
        body.process.core.mailbox.push(message);
    }
    true
}

fn is_alias(body: &Body, id: u64) -> bool {
    body.extra.relations.as_ref().is_some_and(|r| r.aliases.get(&id).is_some())
}

/// An active alias that a message has come for: one for one message ends with it.
pub(super) fn alias(body: &mut Body, id: u64) -> Option<Alias> {
    let aliases = &mut body.extra.relations.as_mut()?.aliases;
    let alias = *aliases.get(&id)?;
    if alias.once {
        aliases.remove(&id);
    }
    Some(alias)
}

/// The answer of a process has come that is monitored by the same ref, if it is: ends that.
pub(super) fn is_answered(body: &mut Body, id: u64, by: Pid) -> bool {
    let Some(relations) = &mut body.extra.relations else { return false };
    let monitored = relations.monitors.get(&id) == Some(&by);
    if monitored {
        relations.monitors.remove(&id);
    }
    monitored
}

fn receive_exit(body: &mut Body, from: Pid, kind: ExitKind, reason: Fragment) -> Option<Reason> {
    if kind == ExitKind::Kill {
        return Some(Reason::Signal(Fragment::copy_of(Value::symbol(sym::KILLED))));
    }
    if body.process.core.trap_exit {
        put_exit(body, from, reason.value());
        return None;
    }
    let is_normal = reason.value().word() == Word::symbol(sym::NORMAL);
    if is_normal && from != body.extra.pid {
        return None;
    }
    match from == body.extra.pid {
        true => Some(Reason::Exit(reason)),
        false => Some(Reason::Signal(reason)),
    }
}

/// Puts the message into the mailbox of a process that traps exits that an exit signal becomes.
pub fn put_exit(body: &mut Body, from: Pid, reason: Value<'_>) {
    let heap = Heap::new();
    let reason = heap.attach(Fragment::copy_of(reason));
    let message = heap.list(&[Value::symbol(sym::EXIT), Value::pid(from), reason]);
    body.process.core.mailbox.push(Fragment::copy_of(message));
}
