//! Natives of Process about links and monitors.

use super::send::{Dest, destination};
use super::{host, new_ref, reference_value, wrong};
use crate::natives::support::args::shown;
use crate::process::relations::{Alias, Watcher};
use crate::process::signal::Signal;
use crate::sched::exit::down_message;
use crate::sched::post::deliver;
use rata_vm::heap::{Fragment, Immediate};
use rata_vm::mailbox::Removal;
use rata_vm::native::{Cx, Native, Resume};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};

/// How many messages a flush looks at before it asks whether its turn is over.
const LOOKS: usize = 1000;

/// `link(pid)`
pub fn process_link<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(other) = args[0].as_pid() else { return wrong(cx, "link", "a pid", args[0]) };
    let me = cx.core.pid;
    if other == me || !host(cx).extra().relations().link(other) {
        return Native::Value(Value::TRUE);
    }
    if deliver(host(cx), other, Signal::Link { from: me }).is_ok() {
        return Native::Value(Value::TRUE);
    }
    host(cx).extra().relations().links.remove(&other);
    if cx.core.trap_exit {
        let heap = cx.heap();
        let parts = [Value::symbol(sym::EXIT), args[0], Value::symbol(sym::NOPROC)];
        cx.core.mailbox.push(Fragment::copy_of(heap.list(&parts)));
        return Native::Value(Value::TRUE);
    }
    let text = format!("{} is dead", shown(args[0]));
    Native::Raise(cx.error(sym::NOPROC, &text))
}

/// `unlink(pid)`
pub fn process_unlink<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(other) = args[0].as_pid() else { return wrong(cx, "unlink", "a pid", args[0]) };
    let me = cx.core.pid;
    let host = host(cx);
    if let Some(id) = host.extra().relations.as_mut().and_then(|r| r.unlink(other))
        && deliver(host, other, Signal::Unlink { from: me, id }).is_err()
    {
        host.extra().relations().links.remove(&other);
    }
    Native::Value(Value::TRUE)
}

/// `monitor(target, alias)`: target is a pid or a name; alias is nil, or true to make the ref an alias
/// for one reply as well.
pub fn process_monitor<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, alias] = args else { return Native::Value(Value::NIL) };
    let mut reason = sym::NOPROC;
    let pid = match destination(&host(cx).node, *target) {
        Dest::Pid(pid) => Some(pid),
        Dest::Unknown | Dest::Lost if target.as_ref().is_none() => None,
        Dest::Unreachable => {
            reason = sym::NOCONNECTION;
            None
        }
        _ => return wrong(cx, "monitor", "a pid or a registered name", *target),
    };
    let data = new_ref(cx);
    if alias.as_bool() == Some(true) {
        let relations = host(cx).extra().relations();
        relations.aliases.insert(data.id, Alias { urgent: false, once: true, settles: false });
    }
    // By name the message shows the name, as it was given or with this node's.
    let name = if target.as_pid().is_some() { Immediate::NIL } else { bare_name(*target) };
    if let Some(pid) = pid {
        host(cx).extra().relations().monitors.insert(data.id, pid);
        let signal = Signal::Monitor { reference: data, name: name.clone() };
        if deliver(host(cx), pid, signal).is_ok() {
            return Native::Value(reference_value(cx.heap(), data));
        }
    }
    let heap = cx.heap();
    let reference = reference_value(heap, data);
    let reason = Value::symbol(reason);
    let message = match target.as_list() {
        Some(_) => {
            let down = Value::symbol(sym::DOWN);
            let kind = Value::symbol(sym::PROCESS);
            heap.list(&[down, reference, kind, *target, reason])
        }
        None => {
            let watcher = Watcher { reference: data, name };
            down_message(heap, pid.unwrap_or(cx.core.pid), &watcher, reason)
        }
    };
    is_down(cx, data.id, message);
    Native::Value(reference)
}

/// A monitor whose process has ended before it was set: the message comes at once.
pub(super) fn is_down<'h>(cx: &mut Cx<'h, '_>, id: u64, message: Value<'h>) {
    let relations = host(cx).extra().relations();
    relations.monitors.remove(&id);
    relations.aliases.remove(&id);
    cx.core.mailbox.push(Fragment::copy_of(message));
}

/// The name in `name` or `{name, node}`.
fn bare_name(target: Value<'_>) -> Immediate {
    let name = target.as_list().and_then(|l| l.first()).copied().unwrap_or(target);
    Immediate::of(name).unwrap_or(Immediate::NIL)
}

/// `demonitor(ref, flush)`: true if the monitor was active, or its message was there to be flushed.
pub fn process_demonitor<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [reference, flush] = args else { return Native::Value(Value::NIL) };
    let Some(r) = reference.as_ref() else {
        return wrong(cx, "demonitor", "a ref", *reference);
    };
    let Some(flush) = flush.as_bool() else {
        return wrong(cx, "demonitor", "true or false as flush", *flush);
    };
    let id = r.id();
    let host = host(cx);
    let target = host.extra().relations.as_mut().and_then(|relations| {
        relations.aliases.remove(&id);
        relations.monitors.remove(&id)
    });
    if let Some(target) = target {
        // What it has sent already is dropped when it arrives.
        let _ = deliver(host, target, Signal::Demonitor { id });
        return Native::Value(Value::TRUE);
    }
    let may_be_there = cx.core.mailbox.has_after(r.stamp());
    if flush && may_be_there && r.creator() == Some(cx.core.pid) {
        return Box::new(Flush { id, stamp: r.stamp() }).resume(cx);
    }
    Native::Value(Value::FALSE)
}

/// Looks for the `:DOWN` of a monitor among the messages that came after it was set.
struct Flush {
    id: u64,
    stamp: u64,
}

impl Resume for Flush {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let heap = cx.heap();
        let id = self.id;
        let is_down = |w: Word| {
            let parts = heap.value(w).as_list().unwrap_or_default();
            parts.len() == 5
                && parts[0].as_symbol() == Some(sym::DOWN)
                && parts[1].as_ref().is_some_and(|other| other.id() == id)
        };
        loop {
            match cx.core.mailbox.remove_after(heap, self.stamp, LOOKS, is_down) {
                Removal::Removed => return Native::Value(Value::TRUE),
                Removal::NotThere => return Native::Value(Value::FALSE),
                Removal::Stopped(stamp) => self.stamp = stamp,
            }
            cx.charge(LOOKS as u64 / 8);
            if cx.out_of_budget() {
                return Native::suspend(self);
            }
        }
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}
