//! Natives of Process that start processes, and the one that lets one start afresh.

use super::{host, new_ref, reference_value, wrong};
use crate::host::WorkerHost;
use crate::process::body::{Body, Extra, Initial};
use crate::process::relations::{Alias, QueueLimit, Watcher};
use rata_vm::Symbol;
use rata_vm::data::list;
use rata_vm::heap::{Fragment, Immediate};
use rata_vm::native::{Cx, Native};
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};

/// What a new process has to do with the one that starts it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ties {
    link: bool,
    monitor: bool,
    /// The monitor's ref is an alias as well, and the process's last argument.
    reply: bool,
    /// The alias is for one message.
    once: bool,
    /// The first argument is the function that it is all about, which reports name; the second may be a list of
    /// what that is called with.
    for_another: bool,
}

impl Ties {
    const PLAIN: Ties =
        Ties { link: false, monitor: false, reply: false, once: false, for_another: false };
    const TASK: Ties = Ties { for_another: true, ..Ties::PLAIN };
    const REPLY: Ties = Ties { monitor: true, reply: true, once: true, ..Ties::TASK };
}

impl Ties {
    fn of(mode: Value<'_>) -> Option<Ties> {
        Some(match mode.as_symbol()? {
            sym::PLAIN => Ties::PLAIN,
            sym::LINK => Ties { link: true, ..Ties::PLAIN },
            sym::MONITOR => Ties { monitor: true, ..Ties::PLAIN },
            sym::TASK => Ties::TASK,
            sym::TASK_LINK => Ties { link: true, ..Ties::TASK },
            sym::REPLY => Ties::REPLY,
            sym::REPLY_LINK => Ties { link: true, ..Ties::REPLY },
            sym::TALK_LINK => Ties { link: true, once: false, ..Ties::REPLY },
            _ => return None,
        })
    }
}

/// The function to name in reports: that of a `call` which hands it on is its first argument, or the `init` of the
/// module that is.
fn initial_of(call: &[Value<'_>], ties: Ties) -> Initial {
    let module = call.get(1).and_then(|m| m.as_module().or_else(|| m.as_symbol()));
    if let Some(module) = module.filter(|_| ties.reply) {
        return Initial::Named(module, sym::INIT, 1);
    }
    let handed_on = call.get(1).filter(|f| ties.for_another && f.is_function());
    let arguments = match ties.for_another {
        true => call.get(2).and_then(|args| args.as_list()).map_or(0, |args| args.len()),
        false => call.len() - 1,
    };
    let f = handed_on.unwrap_or(&call[0]);
    match (f.as_closure(), f.as_funref()) {
        (Some(closure), _) => Initial::Closure(closure.handle()),
        (_, Some(f)) => Initial::Named(f.module, f.name, arguments as u32),
        _ => Initial::Main,
    }
}

/// `spawn(call, mode)`: call is a list of the function and its arguments; mode is `:plain`, `:link`,
/// `:monitor`, `:task` or `:task_link` (for calls that hand a function on), `:reply`, `:reply_link`, or `:talk_link`, which makes the ref an alias for as many messages as
/// come while the monitor lasts. Gives the pid, or `{pid, ref}` where there is a monitor.
pub fn process_spawn<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [call, mode] = args else { return wrong(cx, "spawn", "two arguments", Value::NIL) };
    let Some(entries) = call.as_list().filter(|e| e.first().is_some_and(|f| f.is_function()))
    else {
        return wrong(cx, "spawn", "a function", *call);
    };
    let Some(ties) = Ties::of(*mode) else { return wrong(cx, "spawn", "a mode", *mode) };
    let initial = initial_of(entries, ties);
    let me = cx.core.pid;
    let data = ties.monitor.then(|| new_ref(cx));
    let reference = data.map(|data| reference_value(cx.heap(), data));
    let fragment = match (reference, entries) {
        (Some(reference), _) if ties.reply => {
            Fragment::copy_of(list::of_parts(cx.heap(), [entries, &[reference]]))
        }
        // A function that captures nothing is no copy at all.
        (_, [alone]) => Fragment::copy_of(*alone),
        _ => Fragment::copy_of(*call),
    };
    cx.charge(8 + (fragment.bytes() / 512) as u64);
    let host = host(cx);
    let made = host.node.new_process(&mut host.spare, fragment, Some(me), initial);
    let Some(mut body) = made else {
        let error = cx.error(Symbol::intern("system_limit"), "too many processes");
        return Native::Raise(error);
    };
    let pid = body.extra.pid;
    if ties.link {
        body.extra.born_linked = true;
        body.extra.relations().link(me);
        host.extra().relations().link(pid);
    }
    if let Some(data) = data {
        let watcher = Watcher { reference: data, name: Immediate::NIL };
        body.extra.relations().watchers.insert(data.id, watcher);
        let relations = host.extra().relations();
        relations.monitors.insert(data.id, pid);
        if ties.reply {
            let alias = Alias { urgent: false, once: ties.once, settles: false };
            relations.aliases.insert(data.id, alias);
        }
    }
    inherit(host, &mut body.extra);
    if host.tracing {
        note_spawn(host, me, &body);
    }
    host.enqueue(body);
    Native::Value(match reference {
        Some(reference) => cx.heap().list(&[Value::pid(pid), reference]),
        None => Value::pid(pid),
    })
}

#[cold]
fn note_spawn(host: &mut WorkerHost, me: Pid, child: &Body) {
    if let Some(traced) = host.extra().traced() {
        traced.spawns(me, child);
    }
}

/// What a process has from the one that starts it.
fn inherit(host: &mut WorkerHost, extra: &mut Extra) {
    let Some(relations) = host.extra().relations.as_ref() else { return };
    let share = relations.share.as_ref().map(|share| share.another());
    let capture = relations.capture.clone();
    let limit = relations.queue_limit.as_ref().filter(|limit| limit.inherit);
    let limit = limit.map(|limit| limit.fresh());
    if let Some(share) = share {
        extra.relations().share = Some(Box::new(share));
    }
    if capture.is_some() {
        extra.relations().capture = capture;
    }
    if let Some(limit) = limit {
        set_queue_limit(host, extra, limit);
    }
}

/// Bounds a mailbox, or frees it.
pub fn set_queue_limit(host: &WorkerHost, extra: &mut Extra, limit: QueueLimit) {
    let (pid, blocks) = (extra.pid, limit.blocks());
    extra.relations().queue_limit = Some(Box::new(limit));
    if let Some(slot) = host.node.table.get(pid) {
        slot.life.set_bounded(pid.serial(), blocks);
    }
}

/// `hibernate(f)`: drops the stack; f is called when a message has arrived.
pub fn process_hibernate<'h>(_cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::hibernate(args[0], Default::default())
}
