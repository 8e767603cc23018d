//! Natives of Process that tell what is known about processes.
//!
//! What a process knows only its owner may read, so `info` is a signal, answered when the process that is
//! asked looks at its signals: in order with all else that was sent to it.

use super::flags::{memory_limit, priority_name, shown_limit};
use super::{host, new_ref, reference_value, wrong};
use crate::host::WorkerHost;
use crate::node::Node;
use crate::process::body::{Body, Status};
use crate::process::relations::Alias;
use crate::process::signal::{Asked, RefData, Signal};
use crate::report;
use crate::sched::post::{deliver, is_at_rest};
use rata_vm::Symbol;
use rata_vm::data::{map, vector_of};
use rata_vm::heap::{Fragment, Heap};
use rata_vm::inspect::inspect_to;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value, Word};
use std::sync::Arc;

/// Above so many processes listing them is work for another thread.
const MANY: u64 = 10_000;
/// How many frames `info` shows of a stack.
const FRAMES: usize = 30;
/// What belongs to one entry only, and is longer than this, is left out of a map of all: so many links or monitors, …
const MANY_TIES: usize = 10_000;
/// … or a dictionary of so many bytes as text. Who wants it asks for that entry.
const LONG: usize = 64 << 10;

/// What there is to know.
const KEYS: &[&str] = &[
    "pid",
    "status",
    "current_function",
    "initial_call",
    "message_queue_len",
    "memory",
    "reductions",
    "links",
    "monitors",
    "monitored_by",
    "registered_name",
    "dictionary",
    "trap_exit",
    "priority",
    "parent",
    "label",
    "stacktrace",
    "heap_size",
    "stack_size",
    "off_heap_size",
    "max_heap_size",
    "message_queue_limit",
    "gc_count",
];

/// `alive?(pid)`: true or false; or a ref that `{ref, pid}` will come with, `{ref, nil}` if the process is dead by then. What
/// the caller has sent it before, an exit signal above all, counts: unless it waits, and has seen to all of it, it is asked.
pub fn process_is_alive<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(pid) = args[0].as_pid() else { return wrong(cx, "alive?", "a pid", args[0]) };
    if pid == cx.core.pid || is_at_rest(host(cx), pid) {
        return Native::Value(Value::TRUE);
    }
    match ask(cx, pid, Asked::One("pid")) {
        Some(reference) => Native::Value(reference),
        None => Native::Value(Value::FALSE),
    }
}

/// `list()`: all pids, oldest first.
pub fn process_list<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let node = Arc::clone(&host(cx).node);
    if node.table.live() > MANY {
        return Native::offload(Box::new(ListAll(node)));
    }
    Box::new(Listed(node.table.pids())).resume(cx)
}

struct ListAll(Arc<Node>);
struct Listed(Vec<Pid>);

impl Job for ListAll {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        Box::new(Listed(self.0.table.pids()))
    }
}

impl Resume for Listed {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let pids: Vec<Value<'h>> = self.0.into_iter().map(Value::pid).collect();
        cx.charge(pids.len() as u64 / 16);
        Native::Value(vector_of(cx.heap(), &pids))
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

/// `set_label(label)`: names the process in reports.
pub fn process_set_label<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    host(cx).extra().relations().label = Some(Fragment::copy_of(args[0]));
    Native::Value(Value::symbol(sym::OK))
}

/// Asks a process for its info, for one entry of it by its key, or for some by a list of keys: a ref that `{ref, info}` will come
/// with; nil if the process is dead.
pub fn process_ask_info<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, key] = args else { return Native::Value(Value::NIL) };
    let Some(pid) = target.as_pid() else { return wrong(cx, "info", "a pid", *target) };
    let asked = match key.as_list() {
        _ if key.is_nil() => Some(Asked::All),
        Some(keys) => keys.iter().map(|key| known(*key)).collect::<Option<_>>().map(Asked::These),
        None => known(*key).map(Asked::One),
    };
    match asked {
        Some(asked) => Native::Value(ask(cx, pid, asked).unwrap_or(Value::NIL)),
        None => wrong(cx, "info", "a key of the map that info(pid) gives, or several", *key),
    }
}

fn known(key: Value<'_>) -> Option<&'static str> {
    let name = key.as_symbol().map(Symbol::text)?;
    KEYS.iter().copied().find(|key| *key == &*name)
}

/// Asks a process for its info: the ref that the answer will come with, unless it is dead.
fn ask<'h>(cx: &mut Cx<'h, '_>, pid: Pid, asked: Asked) -> Option<Value<'h>> {
    let data = new_ref(cx);
    deliver(host(cx), pid, Signal::Info { reference: data, asked }).ok()?;
    // The answer is dropped by no limit of the mailbox.
    let aliases = &mut host(cx).extra().relations().aliases;
    aliases.insert(data.id, Alias { urgent: false, once: true, settles: false });
    Some(reference_value(cx.heap(), data))
}

/// Answers a request for info: with a map, or the one entry asked for.
pub fn answer(host: &mut WorkerHost, body: &mut Body, reference: RefData, asked: &Asked) {
    let heap = Heap::new();
    let brief = matches!(asked, Asked::All);
    let teller = Teller { node: &host.node, body, heap: &heap, asker: reference.creator, brief };
    let value = match asked {
        Asked::All => teller.entries(KEYS),
        Asked::One(key) => teller.entry(key),
        Asked::These(keys) => teller.entries(keys),
    };
    let message = Fragment::copy_of(heap.list(&[reference_value(&heap, reference), value]));
    host.spend((message.bytes() / PER_REDUCTION) as i64);
    let signal = Signal::Alias { id: reference.id, urgent: false, message };
    // Who has asked may have ended.
    let _ = deliver(host, reference.creator, signal);
}

/// How many bytes of an answer take as long as a reduction.
const PER_REDUCTION: usize = 512;

struct Teller<'h, 'b> {
    node: &'b Node,
    body: &'b Body,
    heap: &'h Heap,
    asker: Pid,
    /// One of many entries is asked for: it is not to be long.
    brief: bool,
}

impl<'h> Teller<'h, '_> {
    fn entries(&self, keys: &[&str]) -> Value<'h> {
        let keyed: Vec<(Value<'h>, Value<'h>)> =
            keys.iter().map(|key| (Value::symbol(Symbol::intern(key)), self.entry(key))).collect();
        map::from_entries(self.heap, &keyed)
    }

    fn entry(&self, key: &str) -> Value<'h> {
        let Teller { body, heap, .. } = *self;
        let (process, core) = (&body.process, &body.process.core);
        match key {
            "pid" => Value::pid(core.pid),
            "status" => Value::symbol(self.status()),
            "current_function" => self.current_function(),
            "initial_call" => heap.string(&report::initial_text(body.extra.initial)),
            "message_queue_len" => Value::count(core.mailbox.len()),
            "memory" => Value::count(process.memory() + size_of::<Body>()),
            "reductions" => Value::count(core.reductions as usize),
            "links" | "monitors" | "monitored_by" => self.pids(key),
            "registered_name" => {
                self.node.names.name_of(core.pid).map_or(Value::NIL, |name| heap.immediate(&name))
            }
            "dictionary" => self.dictionary(),
            "trap_exit" => Value::bool(core.trap_exit),
            "priority" => Value::symbol(priority_name(core.priority)),
            "parent" => heap.value(body.extra.parent),
            "label" => {
                let label = body.extra.relations.as_ref().and_then(|r| r.label.as_ref());
                label.map_or(Value::NIL, |label| heap.attach(Fragment::copy_of(label.value())))
            }
            "stacktrace" => report::trace_value(heap, &self.stack(FRAMES)),
            "heap_size" => Value::count(process.heap.heap_bytes()),
            "stack_size" => Value::count(process.stack_bytes()),
            "off_heap_size" => Value::count(process.heap.off_heap_bytes()),
            "max_heap_size" => memory_limit(&process.heap),
            "message_queue_limit" => {
                let relations = body.extra.relations.as_ref();
                shown_limit(heap, relations.and_then(|r| r.queue_limit.as_deref()))
            }
            "gc_count" => Value::count(process.heap.collections() as usize),
            _ => Value::NIL,
        }
    }

    fn status(&self) -> Symbol {
        match self.body.extra.status {
            Status::Runnable if self.asker == self.body.extra.pid => sym::RUNNING,
            Status::Runnable => sym::RUNNABLE,
            _ => sym::WAITING,
        }
    }

    fn stack(&self, most: usize) -> Vec<String> {
        self.node.trace_lines(&self.body.process.current_stacktrace(most))
    }

    fn current_function(&self) -> Value<'h> {
        let line = self.stack(1).pop();
        line.map_or(Value::NIL, |line| {
            self.heap.string(line.split(" (").next().unwrap_or_default())
        })
    }

    fn pids(&self, key: &str) -> Value<'h> {
        let Some(relations) = &self.body.extra.relations else {
            return vector_of(self.heap, &[]);
        };
        let count = match key {
            "links" => relations.links.len(),
            "monitors" => relations.monitors.len(),
            _ => relations.watchers.len(),
        };
        if self.brief && count > MANY_TIES {
            return large();
        }
        let pids: Vec<Pid> = match key {
            "links" => relations.active_links(),
            "monitors" => relations.monitors.iter().map(|m| *m.1).collect(),
            _ => relations.watchers.iter().map(|w| w.1.reference.creator).collect(),
        };
        let values: Vec<Value<'h>> = pids.into_iter().map(Value::pid).collect();
        vector_of(self.heap, &values)
    }

    fn dictionary(&self) -> Value<'h> {
        let process = &self.body.process;
        let dictionary = process.core.dictionary(&process.heap);
        if self.brief && !inspect_to(dictionary, &mut String::new(), LONG) {
            return large();
        }
        let copy = Fragment::copy_of(dictionary);
        let dictionary = self.heap.attach(copy);
        if dictionary.is_nil() { map::empty() } else { dictionary }
    }
}

/// In place of what is too long to be told with all else.
fn large() -> Value<'static> {
    Value::symbol(Symbol::intern("large"))
}
