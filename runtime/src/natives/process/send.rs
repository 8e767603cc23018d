//! Natives of Process that send messages and exit signals.

use super::{host, new_ref, node_name, reference_value, wrong};
use crate::host::{WorkerHost, after_signals, hold};
use crate::natives::support::args::shown;
use crate::node::Node;
use crate::process::body::Hold;
use crate::process::relations::{Alias, OPEN};
use crate::process::signal::{ExitKind, RefData, Signal};
use crate::sched::gather;
use crate::sched::post::{Answer, Posted, answer, deliver, send, waits_for_room};
use rata_vm::heap::Fragment;
use rata_vm::native::{Cx, Native};
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};

/// Where a message goes.
pub(super) enum Dest {
    /// To a process.
    Pid(Pid),
    /// To the process that has made a ref.
    Alias(RefData),
    /// A name that no process has.
    Unknown,
    /// `{name, node}` with a name that no process has there.
    Lost,
    /// `{name, node}` with a node that is not connected.
    Unreachable,
    /// No destination at all.
    Wrong,
}

/// What a destination leads to.
pub(super) fn destination(node: &Node, dest: Value<'_>) -> Dest {
    if let Some(pid) = dest.as_pid() {
        return Dest::Pid(pid);
    }
    if dest.as_symbol().is_some() || dest.as_module().is_some() {
        return node.whereis(dest.word()).map_or(Dest::Unknown, Dest::Pid);
    }
    if let Some(r) = dest.as_ref() {
        return match r.creator() {
            Some(creator) => Dest::Alias(RefData { id: r.id(), stamp: r.stamp(), creator }),
            None => Dest::Lost,
        };
    }
    let Some([name, place]) = dest.as_list() else { return Dest::Wrong };
    if name.as_symbol().is_none() && name.as_module().is_none() {
        return Dest::Wrong;
    }
    match place.as_symbol() {
        Some(place) if place == node_name() => {
            node.whereis(name.word()).map_or(Dest::Lost, Dest::Pid)
        }
        Some(_) => Dest::Unreachable,
        None => Dest::Wrong,
    }
}

/// `send(dest, message, urgent)`; the message is the value.
pub fn process_send<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [dest, message, urgent] = args else { return Native::Value(Value::NIL) };
    let Some((host, core)) = cx.sender_and_core::<WorkerHost>() else {
        return Native::Raise(cx.runtime_error("Process.send needs a scheduler"));
    };
    let (pid, alias) = match destination(&host.node, *dest) {
        Dest::Pid(pid) => (pid, None),
        Dest::Alias(data) => (data.creator, Some(data.id)),
        // As to a dead process.
        Dest::Lost | Dest::Unreachable => return Native::Value(*message),
        Dest::Unknown => {
            let text = format!("no process is registered as {}", shown(*dest));
            return Native::Raise(cx.argument_error("Process.send", &text));
        }
        Dest::Wrong => return wrong(cx, "send", "a pid, a registered name or an alias", *dest),
    };
    if host.tracing {
        note_send(host, core.pid, pid, *message);
    }
    // To the dead: nothing.
    let (posted, bytes) = match alias {
        None => send(host, pid, *message),
        Some(id) => {
            gather::flush(host);
            let urgent = urgent.as_bool() == Some(true);
            let (posted, bytes) = answer(host, core.pid, Answer { pid, id, urgent }, *message);
            // Whose mailbox has no room must not keep those waiting who answer it.
            let is_answer = posted == Posted::Bounded && id & OPEN == 0;
            (if is_answer { Posted::Ahead } else { posted }, bytes)
        }
    };
    sent(cx, posted, bytes, pid, *message)
}

/// Notes a message of a traced process.
#[cold]
pub(super) fn note_send(host: &mut WorkerHost, me: Pid, to: Pid, message: Value<'_>) {
    if let Some(traced) = host.extra().traced() {
        traced.sends(me, to, message);
    }
}

/// What a native answers that has sent so many bytes to a process: `value`, now or when the receiver has caught up.
#[inline]
pub(super) fn sent<'h>(
    cx: &mut Cx<'h, '_>,
    posted: Posted,
    bytes: usize,
    to: Pid,
    value: Value<'h>,
) -> Native<'h> {
    cx.core.charge(1 + (bytes / 512) as u64);
    if waits_for_room(posted, cx.core.priority) && to != cx.core.pid {
        return hold(cx, Hold::Mailbox(to), value);
    }
    Native::Value(value)
}

/// `await_room(pid)`: `:ok`, when a process has room for more messages or has seen to some.
pub fn process_await_room<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    match args[0].as_pid() {
        Some(pid) => hold(cx, Hold::Mailbox(pid), Value::symbol(sym::OK)),
        None => wrong(cx, "await_room", "a pid", args[0]),
    }
}

/// `alias(urgent)`: a ref that messages can be sent to until `unalias`. With nil it is for answers that are owed, which no bound of
/// the mailbox keeps out.
pub fn process_alias<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let is_owed = args[0].is_nil();
    let Some(urgent) = args[0].as_bool().or(is_owed.then_some(false)) else {
        return wrong(cx, "alias", "true or false as priority", args[0]);
    };
    let data = new_ref(cx);
    let data = RefData { id: if is_owed { data.id } else { data.id | OPEN }, ..data };
    let alias = Alias { urgent, once: false, settles: false };
    host(cx).extra().relations().aliases.insert(data.id, alias);
    Native::Value(reference_value(cx.heap(), data))
}

/// `unalias(ref)`: true if it was active.
pub fn process_unalias<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(r) = args[0].as_ref() else { return wrong(cx, "unalias", "a ref", args[0]) };
    let id = r.id();
    let relations = &mut host(cx).extra().relations;
    let removed = relations.as_mut().and_then(|relations| relations.aliases.remove(&id));
    Native::Value(Value::bool(removed.is_some()))
}

/// `exit(reason)`
pub fn process_exit<'h>(_cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::Exit(args[0])
}

/// `exit(pid, reason)`
pub fn process_exit_to<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, reason] = args else { return Native::Value(Value::NIL) };
    let Some(pid) = target.as_pid() else { return wrong(cx, "exit", "a pid", *target) };
    let is_kill = reason.as_symbol() == Some(sym::KILL);
    let kind = if is_kill { ExitKind::Kill } else { ExitKind::Asked };
    let me = cx.core.pid;
    let host = host(cx);
    if host.tracing
        && let Some(traced) = host.extra().traced()
    {
        traced.sends_exit(me, pid, *reason);
    }
    let reason = Fragment::copy_of(*reason);
    // The dead need no ending.
    let _ = deliver(host, pid, Signal::Exit { from: me, kind, reason });
    if pid == me { after_signals(Value::TRUE) } else { Native::Value(Value::TRUE) }
}
