//! Natives of Process: pids, messages, links, monitors, names, timers, the process dictionary.
//! Receiving is an instruction, and most of the module is written in rata (stdlib/process.rata).

use crate::host::WorkerHost;
use crate::node::{Alarm, Node, deliver};
use crate::process::body::{Body, Initial, Status};
use crate::process::relations::{Link, Watch, Watcher};
use crate::process::signal::{ExitKind, RefData, Signal};
use crate::report;
use crate::sched::exit::down_message;
use rata_vm::Symbol;
use rata_vm::data::{list, map, reference, vector_of};
use rata_vm::heap::{Fragment, Heap};
use rata_vm::native::{Cx, Native};
use rata_vm::process::Priority;
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value, Word};

/// The name of this node while it is not distributed.
pub fn node_name() -> Symbol {
    Symbol::intern("nonode@nohost")
}

/// A ref's value in a heap.
pub fn reference_value(heap: &Heap, data: RefData) -> Value<'_> {
    reference::new(heap, data.id, Some(data.creator), data.stamp)
}

/// The worker that the process runs on.
pub(super) fn host<'a>(cx: &'a mut Cx<'_, '_>) -> &'a mut WorkerHost {
    cx.host::<WorkerHost>().expect("processes run on workers")
}

fn wrong<'h>(cx: &Cx<'h, '_>, function: &str, what: &str, got: Value<'h>) -> Native<'h> {
    let text = format!("expected {what}, got {}", rata_vm::inspect::inspect(got));
    Native::Raise(cx.argument_error(&format!("Process.{function}"), &text))
}

/// `Process.self()`
pub fn process_self<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    Native::Value(Value::pid(cx.core.pid))
}

fn new_ref(cx: &mut Cx<'_, '_>) -> RefData {
    let stamp = cx.core.mailbox.stamp();
    let creator = cx.core.pid;
    let host = host(cx);
    RefData { id: host.node.next_ref(host.me), stamp, creator }
}

/// `Process.make_ref()`
pub fn process_make_ref<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let data = new_ref(cx);
    Native::Value(reference_value(cx.heap(), data))
}

/// What a new process has to do with the one that starts it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ties {
    link: bool,
    monitor: bool,
    /// The monitor's ref is an alias for one message as well, and the process's last argument.
    reply: bool,
}

impl Ties {
    fn of(mode: Value<'_>) -> Option<Ties> {
        let (link, monitor, reply) = match mode.as_symbol()?.text() {
            "plain" => (false, false, false),
            "link" => (true, false, false),
            "monitor" => (false, true, false),
            "reply" => (false, true, true),
            "reply_link" => (true, true, true),
            _ => return None,
        };
        Some(Ties { link, monitor, reply })
    }
}

/// The function to name in reports: that of a `call` which hands it on is its first argument.
fn initial_of(call: &[Value<'_>], ties: Ties) -> Initial {
    let handed_on = call.get(1).filter(|f| ties.reply && f.is_function());
    let arguments = if ties.reply { 0 } else { call.len() as u32 - 1 };
    let f = handed_on.unwrap_or(&call[0]);
    match (f.as_closure(), f.as_funref()) {
        (Some(closure), _) => Initial::Closure(closure.handle()),
        (_, Some(f)) => Initial::Named(f.module, f.name, arguments),
        _ => Initial::Main,
    }
}

/// `spawn(call, mode)`: call is a list of the function and its arguments; mode is `:plain`, `:link`,
/// `:monitor`, `:reply` or `:reply_link`. Gives the pid, or `{pid, ref}` where there is a monitor.
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
    let fragment = match reference {
        Some(reference) if ties.reply => {
            Fragment::copy_of(list::of_parts(cx.heap(), [entries, &[reference]]))
        }
        _ => Fragment::copy_of(*call),
    };
    let Some(mut body) = host(cx).node.new_process(fragment, Some(me), initial) else {
        let error = cx.error(Symbol::intern("system_limit"), "too many processes");
        return Native::Raise(error);
    };
    body.process.heap.set_limit(cx.heap().limit());
    let pid = body.extra.pid;
    if ties.link {
        body.extra.relations().links.insert(me, Link::Active);
        host(cx).extra().relations().links.insert(pid, Link::Active);
    }
    if let Some(data) = data {
        let watcher = Watcher { reference: data, name: Word::NIL };
        body.extra.relations().watchers.insert(data.id, watcher);
        let relations = host(cx).extra().relations();
        relations.monitors.insert(data.id, Watch { target: pid });
        if ties.reply {
            relations.aliases.insert(data.id, false);
            relations.once.insert(data.id);
        }
    }
    host(cx).enqueue(body);
    cx.charge(8);
    Native::Value(match reference {
        Some(reference) => cx.heap().list(&[Value::pid(pid), reference]),
        None => Value::pid(pid),
    })
}

/// `hibernate(f)`: drops the stack; f is called when a message has arrived.
pub fn process_hibernate<'h>(_cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::Hibernate(args[0], Default::default())
}

/// Where a message goes.
enum Dest {
    Pid(Pid),
    Alias(RefData),
    Unknown,
    Wrong,
}

fn destination(node: &Node, dest: Value<'_>) -> Dest {
    if let Some(pid) = dest.as_pid() {
        return Dest::Pid(pid);
    }
    if dest.as_symbol().is_some() || dest.as_module().is_some() {
        return node.whereis(dest.word()).map_or(Dest::Unknown, Dest::Pid);
    }
    if let Some(r) = dest.as_ref() {
        return match r.creator() {
            Some(creator) => Dest::Alias(RefData { id: r.id(), stamp: r.stamp(), creator }),
            None => Dest::Unknown,
        };
    }
    match dest.as_list() {
        Some([name, node_symbol]) if node_symbol.as_symbol() == Some(node_name()) => {
            // To an unknown name on a named node a message is lost, as in OTP.
            match node.whereis(name.word()) {
                Some(pid) => Dest::Pid(pid),
                None => Dest::Wrong,
            }
        }
        _ => Dest::Wrong,
    }
}

/// `send(dest, message, urgent)`; the message is the value.
pub fn process_send<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [dest, message, urgent] = args else { return Native::Value(Value::NIL) };
    let target = destination(&host(cx).node, *dest);
    let signal_to = match target {
        Dest::Pid(pid) => (pid, None),
        Dest::Alias(data) => (data.creator, Some(data.id)),
        Dest::Unknown => {
            let text = format!("no process is registered as {}", rata_vm::inspect::inspect(*dest));
            return Native::Raise(cx.argument_error("Process.send", &text));
        }
        Dest::Wrong => return wrong(cx, "send", "a pid, a registered name or an alias", *dest),
    };
    let fragment = Fragment::copy_of(*message);
    cx.charge(1 + (fragment.bytes() / 512) as u64);
    let signal = match signal_to.1 {
        None => Signal::Message(fragment),
        Some(id) => {
            let urgent = urgent.as_bool() == Some(true);
            Signal::Alias { id, urgent, message: fragment }
        }
    };
    // To the dead: nothing.
    let _ = deliver(host(cx), signal_to.0, signal);
    Native::Value(*message)
}

/// `register(pid, name)`
pub fn process_register<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [pid, name] = args else { return Native::Value(Value::NIL) };
    let Some(target) = pid.as_pid() else { return wrong(cx, "register", "a pid", *pid) };
    if name.as_symbol().is_none() && name.as_module().is_none() {
        return wrong(cx, "register", "a symbol or module as the name", *name);
    }
    let me = cx.core.pid;
    let host = host(cx);
    let node = host.node.clone();
    // The name lies with the process too, so that it is freed with it: only the process itself can
    // write there, others ask it.
    let problem = {
        let mut names = node.names.write();
        if node.table.get(target).is_none() {
            Some("the process is dead")
        } else if names.contains_key(&name.word()) {
            Some("the name is taken")
        } else if names.values().any(|p| *p == target) {
            Some("the process has a name already")
        } else {
            names.insert(name.word(), target);
            None
        }
    };
    if let Some(problem) = problem {
        let text = format!("{problem}: {}", rata_vm::inspect::inspect(*name));
        return Native::Raise(cx.argument_error("Process.register", &text));
    }
    if target == me {
        self::host(cx).extra().relations().name = Some(name.word());
    } else if deliver(host, target, Signal::Named { name: name.word() }).is_err() {
        node.names.write().remove(&name.word());
        return Native::Raise(cx.argument_error("Process.register", "the process is dead"));
    }
    Native::Value(Value::TRUE)
}

/// `unregister(name)`
pub fn process_unregister<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let name = args[0];
    let removed = host(cx).node.names.write().remove(&name.word());
    let Some(pid) = removed else {
        let text = format!("no process is registered as {}", rata_vm::inspect::inspect(name));
        return Native::Raise(cx.argument_error("Process.unregister", &text));
    };
    if pid == cx.core.pid {
        host(cx).extra().relations().name = None;
    } else {
        let _ = deliver(host(cx), pid, Signal::Unnamed { name: name.word() });
    }
    Native::Value(Value::TRUE)
}

/// `whereis(name)`: a pid or nil.
pub fn process_whereis<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let found = host(cx).node.whereis(args[0].word());
    Native::Value(found.map_or(Value::NIL, Value::pid))
}

/// `registered()`: the names, in term order of their text.
pub fn process_registered<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let mut names: Vec<Word> = host(cx).node.names.read().keys().copied().collect();
    names.sort_by_key(|w| w.as_symbol().or(w.as_module()).map_or("", Symbol::text));
    let heap = cx.heap();
    let values: Vec<Value<'h>> = names.iter().map(|w| heap.value(*w)).collect();
    Native::Value(vector_of(heap, &values))
}

/// `link(pid)`
pub fn process_link<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(other) = args[0].as_pid() else { return wrong(cx, "link", "a pid", args[0]) };
    let me = cx.core.pid;
    if other == me || host(cx).extra().relations().linked_to(other) {
        return Native::Value(Value::TRUE);
    }
    host(cx).extra().relations().links.insert(other, Link::Active);
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
    let text = format!("{} is dead", rata_vm::inspect::inspect(args[0]));
    Native::Raise(cx.error(sym::NOPROC, &text))
}

/// `unlink(pid)`
pub fn process_unlink<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(other) = args[0].as_pid() else { return wrong(cx, "unlink", "a pid", args[0]) };
    let me = cx.core.pid;
    if let Some(id) = host(cx).extra().relations().unlink(other)
        && deliver(host(cx), other, Signal::Unlink { from: me, id }).is_err()
    {
        host(cx).extra().relations().links.remove(&other);
    }
    Native::Value(Value::TRUE)
}

/// `monitor(target, alias)`: target is a pid or a name; alias is nil, or true to make the ref an alias
/// for one reply as well.
pub fn process_monitor<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, alias] = args else { return Native::Value(Value::NIL) };
    let node = host(cx).node.clone();
    let (pid, name) = match destination(&node, *target) {
        Dest::Pid(pid) if target.as_pid().is_some() => (Some(pid), Word::NIL),
        Dest::Pid(pid) => (Some(pid), bare_name(*target)),
        Dest::Unknown => (None, bare_name(*target)),
        Dest::Wrong if target.as_list().is_some_and(|l| l.len() == 2) => (None, bare_name(*target)),
        _ => return wrong(cx, "monitor", "a pid or a registered name", *target),
    };
    let data = new_ref(cx);
    let relations = host(cx).extra().relations();
    if alias.as_bool() == Some(true) {
        relations.aliases.insert(data.id, false);
        relations.once.insert(data.id);
    }
    let watcher = Watcher { reference: data, name };
    let sent = pid.is_some_and(|pid| {
        host(cx).extra().relations().monitors.insert(data.id, Watch { target: pid });
        deliver(host(cx), pid, Signal::Monitor { reference: data, name }).is_ok()
    });
    if !sent {
        host(cx).extra().relations().monitors.remove(&data.id);
        let heap = cx.heap();
        let dead = pid.unwrap_or(cx.core.pid);
        let message = down_message(heap, dead, watcher, Value::symbol(sym::NOPROC));
        cx.core.mailbox.push(Fragment::copy_of(message));
    }
    Native::Value(reference_value(cx.heap(), data))
}

/// The name in `name` or `{name, node}`.
fn bare_name(target: Value<'_>) -> Word {
    target.as_list().and_then(|l| l.first()).map_or(target.word(), |n| n.word())
}

/// `demonitor(ref, flush)`: true if the monitor was active.
pub fn process_demonitor<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [reference, flush] = args else { return Native::Value(Value::NIL) };
    let Some(r) = reference.as_ref() else {
        return wrong(cx, "demonitor", "a ref", *reference);
    };
    let id = r.id();
    let host = host(cx);
    let watch = match &mut host.extra().relations {
        Some(relations) => {
            relations.aliases.remove(&id);
            relations.once.remove(&id);
            relations.monitors.remove(&id)
        }
        None => None,
    };
    if let Some(watch) = watch {
        let _ = deliver(host, watch.target, Signal::Demonitor { id });
    }
    let mut flushed = false;
    if flush.as_bool() == Some(true) && watch.is_none() {
        let heap = cx.heap();
        let is_down = |w: Word| {
            let parts = heap.value(w).as_list().unwrap_or_default();
            parts.len() == 5
                && parts[0].as_symbol() == Some(sym::DOWN)
                && parts[1].as_ref().is_some_and(|other| other.id() == id)
        };
        flushed = cx.core.mailbox.remove_first(heap, is_down);
    }
    Native::Value(Value::bool(watch.is_some() || flushed))
}

/// `exit(reason)`
pub fn process_exit<'h>(_cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::Exit(args[0])
}

/// `exit(pid, reason)`
pub fn process_exit_to<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, reason] = args else { return Native::Value(Value::NIL) };
    let Dest::Pid(pid) = destination(&host(cx).node, *target) else {
        return wrong(cx, "exit", "a pid", *target);
    };
    let is_kill = reason.as_symbol() == Some(sym::KILL);
    let kind = if is_kill { ExitKind::Kill } else { ExitKind::Asked };
    let me = cx.core.pid;
    let reason = Fragment::copy_of(*reason);
    let _ = deliver(host(cx), pid, Signal::Exit { from: me, kind, reason });
    if pid == me {
        // What it did to itself holds before the next thing it does.
        cx.core.budget = 0;
    }
    Native::Value(Value::TRUE)
}

/// `flag(name, value)`: the old value.
pub fn process_flag<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [name, value] = args else { return Native::Value(Value::NIL) };
    match name.as_symbol().map(Symbol::text) {
        Some("trap_exit") => match value.as_bool() {
            Some(on) => {
                let old = std::mem::replace(&mut cx.core.trap_exit, on);
                Native::Value(Value::bool(old))
            }
            None => wrong(cx, "flag", "true or false for :trap_exit", *value),
        },
        Some("priority") => {
            let wanted = match value.as_symbol().map(Symbol::text) {
                Some("low") => Priority::Low,
                Some("normal") => Priority::Normal,
                Some("high") => Priority::High,
                Some("max") => Priority::Max,
                _ => return wrong(cx, "flag", ":low, :normal, :high or :max", *value),
            };
            let old = std::mem::replace(&mut cx.core.priority, wanted);
            Native::Value(Value::symbol(priority_name(old)))
        }
        Some("max_heap_size") => {
            let old = limit_value(cx.heap());
            match value.as_small() {
                Some(bytes) if bytes > 0 => cx.heap().set_limit(bytes as usize),
                None if value.is_nil() => cx.heap().set_limit(usize::MAX),
                _ => return wrong(cx, "flag", "a number of bytes, or nil", *value),
            }
            Native::Value(old)
        }
        _ => wrong(cx, "flag", ":trap_exit, :priority or :max_heap_size", *name),
    }
}

/// The bytes that a process may hold, or nil.
fn limit_value(heap: &Heap) -> Value<'static> {
    if heap.limit() == usize::MAX { Value::NIL } else { Value::count(heap.limit()) }
}

fn priority_name(priority: Priority) -> Symbol {
    Symbol::intern(match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Max => "max",
    })
}

/// `alive?(pid)`
pub fn process_is_alive<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(pid) = args[0].as_pid() else { return wrong(cx, "alive?", "a pid", args[0]) };
    Native::Value(Value::bool(host(cx).node.table.get(pid).is_some()))
}

/// `list()`: all pids, oldest first.
pub fn process_list<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let pids: Vec<Value<'h>> = host(cx).node.table.pids().into_iter().map(Value::pid).collect();
    cx.charge(pids.len() as u64 / 16);
    Native::Value(vector_of(cx.heap(), &pids))
}

/// `send_after(dest, message, ms)`: a ref.
pub fn process_send_after<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [dest, message, ms] = args else { return Native::Value(Value::NIL) };
    let Some(ms) = ms.as_small().filter(|ms| *ms >= 0) else {
        return wrong(cx, "send_after", "milliseconds, 0 or more", *ms);
    };
    let is_name = dest.as_symbol().is_some() || dest.as_module().is_some();
    if dest.as_pid().is_none() && !is_name {
        return wrong(cx, "send_after", "a pid or a registered name", *dest);
    }
    let data = new_ref(cx);
    let message = Fragment::copy_of(*message);
    let host = host(cx);
    let deadline = host.node.clock.deadline(ms as u64);
    let alarm = Alarm::Send { dest: dest.word(), id: data.id, message };
    host.node.set_alarm(host.me, deadline, alarm);
    Native::Value(reference_value(cx.heap(), data))
}

/// `cancel_timer(ref)`: the ms left, or false.
pub fn process_cancel_timer<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    timer(cx, args[0], "cancel_timer", true)
}

/// `read_timer(ref)`: the ms left, or false.
pub fn process_read_timer<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    timer(cx, args[0], "read_timer", false)
}

fn timer<'h>(
    cx: &mut Cx<'h, '_>,
    reference: Value<'h>,
    function: &str,
    cancel: bool,
) -> Native<'h> {
    let Some(r) = reference.as_ref() else { return wrong(cx, function, "a ref", reference) };
    let node = host(cx).node.clone();
    let Some(shard) = node.timers.get((r.id() & 0xff) as usize) else {
        return Native::Value(Value::FALSE);
    };
    let mut shard = shard.lock();
    let Some(&key) = shard.by_ref.get(&r.id()) else { return Native::Value(Value::FALSE) };
    let Some(deadline) = shard.wheel.deadline(key) else { return Native::Value(Value::FALSE) };
    if cancel {
        shard.wheel.cancel(key);
        shard.by_ref.remove(&r.id());
    }
    // Rounded down, so that no more is left than was asked for.
    let left = node.clock.until(deadline).as_millis();
    Native::Value(Value::count(left as usize))
}

/// `get(key)` of the process dictionary: the value or nil.
pub fn process_get<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let dictionary = cx.core.dictionary(cx.heap());
    let found = dictionary.as_map().and_then(|map| map.get(args[0]));
    Native::Value(found.unwrap_or(Value::NIL))
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

/// `alias(urgent)`: a ref that messages can be sent to until `unalias`.
pub fn process_alias<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let data = new_ref(cx);
    let urgent = args[0].as_bool() == Some(true);
    host(cx).extra().relations().aliases.insert(data.id, urgent);
    Native::Value(reference_value(cx.heap(), data))
}

/// `unalias(ref)`: true if it was active.
pub fn process_unalias<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let Some(r) = args[0].as_ref() else { return wrong(cx, "unalias", "a ref", args[0]) };
    let id = r.id();
    let relations = host(cx).extra().relations();
    relations.once.remove(&id);
    Native::Value(Value::bool(relations.aliases.remove(&id).is_some()))
}

/// `label(text)`: names the process in reports.
pub fn process_set_label<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let label = match args[0].as_str() {
        Some(text) => text.to_string(),
        None => rata_vm::inspect::inspect(args[0]),
    };
    host(cx).extra().relations().label = Some(label);
    Native::Value(Value::symbol(sym::OK))
}

/// Asks another process for its info: a ref that `{ref, info}` will come with.
pub fn process_ask_info<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [target, key] = args else { return Native::Value(Value::NIL) };
    let Some(pid) = target.as_pid() else { return wrong(cx, "info", "a pid", *target) };
    let data = new_ref(cx);
    let key = key.word();
    if deliver(host(cx), pid, Signal::Info { reference: data, key }).is_err() {
        return Native::Value(Value::NIL);
    }
    if pid == cx.core.pid {
        cx.core.budget = 0; // it answers at its next turn
    }
    Native::Value(reference_value(cx.heap(), data))
}

/// Answers a request for info: with the map, or the one entry asked for.
pub fn answer_info(host: &mut WorkerHost, body: &mut Body, reference: RefData, key: Word) {
    let heap = Heap::new();
    let entries = info_entries(host, body, &heap);
    let value = match key.as_symbol() {
        None => {
            let keyed: Vec<(Value<'_>, Value<'_>)> = entries
                .into_iter()
                .map(|(name, value)| (Value::symbol(Symbol::intern(name)), value))
                .collect();
            map::from_entries(&heap, &keyed)
        }
        Some(wanted) => {
            let found = entries.into_iter().find(|e| e.0 == wanted.text());
            found.map_or(Value::NIL, |e| e.1)
        }
    };
    let message = heap.list(&[reference_value(&heap, reference), value]);
    let _ = deliver(host, reference.creator, Signal::Message(Fragment::copy_of(message)));
}

fn info_entries<'h>(
    host: &WorkerHost,
    body: &Body,
    heap: &'h Heap,
) -> Vec<(&'static str, Value<'h>)> {
    let core = &body.process.core;
    let relations = body.extra.relations.as_deref();
    let pids = |list: Vec<Pid>| -> Value<'h> {
        let values: Vec<Value<'h>> = list.into_iter().map(Value::pid).collect();
        vector_of(heap, &values)
    };
    let status = match body.extra.status {
        Status::Runnable => "runnable",
        Status::Receiving { .. } => "waiting",
        Status::Job | Status::Loading => "blocked",
    };
    let trace = host.node.trace_lines(&body.process.current_stacktrace(30));
    let current = trace
        .first()
        .map_or(Value::NIL, |line| heap.string(line.split(" (").next().unwrap_or_default()));
    let monitored: Vec<Pid> =
        relations.map_or(Vec::new(), |r| r.monitors.values().map(|w| w.target).collect());
    let watched: Vec<Pid> = relations
        .map_or(Vec::new(), |r| r.watchers.values().map(|w| w.reference.creator).collect());
    let name = relations.and_then(|r| r.name).map_or(Value::NIL, |w| heap.value(w));
    let label = relations.and_then(|r| r.label.as_ref()).map_or(Value::NIL, |l| heap.string(l));
    let dictionary = heap.attach(Fragment::copy_of(core.dictionary(&body.process.heap)));
    let dictionary = if dictionary.is_nil() { map::empty() } else { dictionary };
    vec![
        ("pid", Value::pid(core.pid)),
        ("status", Value::symbol(Symbol::intern(status))),
        ("current_function", current),
        ("initial_call", heap.string(&report::initial_text(&host.node, body.extra.initial))),
        ("message_queue_len", Value::count(core.mailbox.len())),
        ("memory", Value::count(body.process.memory() + size_of::<Body>())),
        ("reductions", Value::count(core.reductions as usize)),
        ("links", pids(relations.map_or(Vec::new(), |r| r.active_links()))),
        ("monitors", pids(monitored)),
        ("monitored_by", pids(watched)),
        ("registered_name", name),
        ("dictionary", dictionary),
        ("trap_exit", Value::bool(core.trap_exit)),
        ("priority", Value::symbol(priority_name(core.priority))),
        ("parent", Value::pid(body.extra.parent)),
        ("label", label),
        ("stacktrace", report::trace_value(heap, &trace)),
        ("heap_size", Value::count(body.process.heap.heap_bytes())),
        ("off_heap_size", Value::count(body.process.heap.off_heap_bytes())),
        ("max_heap_size", limit_value(&body.process.heap)),
        ("garbage_collections", Value::count(body.process.heap.collections() as usize)),
    ]
}
