//! The native that calls of servers are made of.

use super::send::{note_send, sent};
use super::ties::is_down;
use super::{host, new_ref, reference_value, wrong};
use crate::process::relations::{Alias, Watcher};
use crate::sched::exit::down_message;
use crate::sched::post::request;
use rata_vm::heap::Immediate;
use rata_vm::native::{Cx, Native};
use rata_vm::symbols::sym;
use rata_vm::value::Value;

/// `request(pid, tag, request)`: monitors a process and sends it `{tag, {self, ref}, request}`. The ref is the monitor's,
/// and the alias for one answer, which ends the monitor too if it is the process that answers.
pub fn process_request<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, tag, request_] = args else { return Native::Value(Value::NIL) };
    let Some(pid) = target.as_pid() else { return wrong(cx, "request", "a pid", *target) };
    let data = new_ref(cx);
    let heap = cx.heap();
    let reference = reference_value(heap, data);
    let from = heap.list(&[Value::pid(cx.core.pid), reference]);
    let message = heap.list(&[*tag, from, *request_]);
    let watcher = Watcher { reference: data, name: Immediate::NIL };
    let me = cx.core.pid;
    let host = host(cx);
    if host.tracing {
        note_send(host, me, pid, message);
    }
    let relations = host.extra().relations();
    relations.aliases.insert(data.id, Alias { urgent: false, once: true, settles: true });
    relations.monitors.insert(data.id, pid);
    match request(host, pid, watcher.clone(), message) {
        Some((posted, bytes)) => sent(cx, posted, bytes, pid, reference),
        None => {
            is_down(cx, data.id, down_message(heap, pid, &watcher, Value::symbol(sym::NOPROC)));
            Native::Value(reference)
        }
    }
}
