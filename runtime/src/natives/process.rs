//! Natives of Process: pids, refs, the process dictionary here; all else by theme in the files beside.
//! Receiving is an instruction, and most of the module is written in rata (stdlib/process.rata).

pub mod flags;
pub mod info;
pub mod names;
pub mod request;
pub mod send;
pub mod spawn;
pub mod ties;
pub mod timers;

pub use flags::process_flag;
pub use info::{process_ask_info, process_is_alive, process_list, process_set_label};
pub use names::{process_register, process_registered, process_unregister, process_whereis};
pub use request::process_request;
pub use send::{
    process_alias, process_await_room, process_exit, process_exit_to, process_send, process_unalias,
};
pub use spawn::{process_hibernate, process_spawn};
pub use ties::{process_demonitor, process_link, process_monitor, process_unlink};
pub use timers::{process_cancel_timer, process_read_timer, process_send_after};

use crate::host::WorkerHost;
use crate::natives::support::args::shown;
use crate::process::signal::RefData;
use rata_vm::Symbol;
use rata_vm::data::{map, reference};
use rata_vm::heap::Heap;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// The name of this node while it is not distributed.
pub fn node_name() -> Symbol {
    Symbol::intern("nonode@nohost")
}

/// A ref's value in a heap.
pub fn reference_value(heap: &Heap, data: RefData) -> Value<'_> {
    reference::new(heap, data.id, Some(data.creator), data.stamp)
}

/// The worker that the process runs on: natives of Process are only called on one (see `natives`).
pub(super) fn host<'a>(cx: &'a mut Cx<'_, '_>) -> &'a mut WorkerHost {
    cx.host::<WorkerHost>().expect("processes run on workers")
}

fn wrong<'h>(cx: &Cx<'h, '_>, function: &str, what: &str, got: Value<'h>) -> Native<'h> {
    let text = format!("expected {what}, got {}", shown(got));
    Native::Raise(cx.argument_error(&format!("Process.{function}"), &text))
}

fn new_ref(cx: &mut Cx<'_, '_>) -> RefData {
    // That there is one more nobody can see.
    let (host, core) = cx.sender_and_core::<WorkerHost>().expect("processes run on workers");
    RefData { id: host.node.next_ref(host.me), stamp: core.mailbox.stamp(), creator: core.pid }
}

/// `self()`
pub fn process_self<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    Native::Value(Value::pid(cx.core.pid))
}

/// `make_ref()`
pub fn process_make_ref<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let data = new_ref(cx);
    Native::Value(reference_value(cx.heap(), data))
}

/// `get(key, default)` of the process dictionary.
pub fn process_get<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [key, default] = args else { return Native::Value(Value::NIL) };
    let dictionary = cx.core.dictionary(cx.heap());
    let found = dictionary.as_map().and_then(|map| map.get(*key));
    Native::Value(found.unwrap_or(*default))
}

/// `put(key, value)`: the old value or nil.
pub fn process_put<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let heap = cx.heap();
    let dictionary = cx.core.dictionary(heap);
    let entries = if dictionary.is_nil() { map::empty() } else { dictionary };
    let Some(map) = entries.as_map() else { return Native::Value(Value::NIL) };
    let old = map.get(args[0]).unwrap_or(Value::NIL);
    cx.core.dictionary = map.put(heap, args[0], args[1]).word();
    Native::Value(old)
}

/// `erase(key)`: the old value or nil.
pub fn process_erase<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let heap = cx.heap();
    let dictionary = cx.core.dictionary(heap);
    let Some(map) = dictionary.as_map() else { return Native::Value(Value::NIL) };
    let old = map.get(args[0]).unwrap_or(Value::NIL);
    if let Some(rest) = map.remove(heap, args[0]) {
        cx.core.dictionary = rest.word();
    }
    Native::Value(old)
}
