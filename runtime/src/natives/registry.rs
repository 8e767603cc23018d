//! Natives of Registry and PubSub: processes by keys.

use super::process::host;
use super::support::args::{Answer, asker, shown, value};
use super::support::roots::Roots;
use super::support::steps::{Steps, run};
use super::support::walk::{Shared, entries};
use crate::sched::post::{send, waits_for_room};
use crate::store::registry::{Member, Owned, Registry};
use crate::store::table::Place;
use rata_vm::data::vector::VecBuilder;
use rata_vm::heap::{Heap, Stored};
use rata_vm::native::Cx;
use rata_vm::sym;
use rata_vm::value::{Pid, Value, Word};
use std::sync::Arc;

/// The registries of these modules are always there.
const LASTING: [&str; 3] = ["Application", "PartitionSupervisor", "PubSub"];

/// The registry with a name, for a function of Registry.
fn registry<'h>(
    cx: &mut Cx<'h, '_>,
    function: &str,
    name: Value<'h>,
) -> Result<Arc<Registry>, Value<'h>> {
    let registries = &host(cx).node.registries;
    if let Some(found) = registries.find(name.word()) {
        return Ok(found);
    }
    if name.as_module().is_some_and(|name| LASTING.contains(&&*name.text())) {
        return Ok(registries.lasting(name.word()));
    }
    Err(no_registry(cx, function, name))
}

fn no_registry<'h>(cx: &Cx<'h, '_>, function: &str, name: Value<'h>) -> Value<'h> {
    let text = format!("there is no registry {}", shown(name));
    cx.argument_error(&format!("Registry.{function}"), &text)
}

/// `open(name, unique)`: a registry that ends with the calling process; false if the name is taken.
pub fn registry_open<'h>(cx: &mut Cx<'h, '_>, [name, unique]: [Value<'h>; 2]) -> Answer<'h> {
    let host = host(cx);
    let unique = unique.as_bool() == Some(true);
    let opened = host.node.registries.open(name.word(), unique);
    let made = opened.is_some();
    if let Some(registry) = opened {
        let owned = Owned { name: name.word(), registry };
        host.extra().relations().holdings.add(Arc::new(owned));
    }
    value(Value::bool(made))
}

/// `register(registry, key, value)`: nil, or who has the key already.
pub fn registry_register<'h>(cx: &mut Cx<'h, '_>, [name, key, v]: [Value<'h>; 3]) -> Answer<'h> {
    let registry = registry(cx, "register", name)?;
    let member = Member { pid: cx.core.pid, value: Arc::new(Stored::new(v)) };
    let host = host(cx);
    host.extra().relations().holdings.add(Arc::<Registry>::clone(&registry));
    let taken = registry.register(&host.node.table, key, member);
    // It may have ended before this process was in there to be told.
    if registry.has_ended() {
        return Err(no_registry(cx, "register", name));
    }
    value(taken.map_or_else(Value::pid, |()| Value::NIL))
}

/// `unregister(registry, key, out)`: the calling process. `out` is nil, or a list that tells which of its registrations there end.
pub fn registry_unregister<'h>(
    cx: &mut Cx<'h, '_>,
    [name, key, out]: [Value<'h>; 3],
) -> Answer<'h> {
    let registry = registry(cx, "unregister", name)?;
    registry.unregister(key, cx.core.pid, |n| match out.as_list() {
        Some(out) => out.get(n).and_then(|out| out.as_bool()) == Some(true),
        None => true,
    });
    value(Value::symbol(sym::OK))
}

/// `lookup(registry, key, function)`: `{pid, value}` for each process there.
pub fn registry_lookup<'h>(
    cx: &mut Cx<'h, '_>,
    [name, key, function]: [Value<'h>; 3],
) -> Answer<'h> {
    let registry = registry(cx, asker(function), name)?;
    let heap = cx.heap();
    let mut found = VecBuilder::new();
    let mut bytes = 0;
    registry.look_up(&host(cx).node.table, key, |member| {
        bytes += member.value.bytes() + 64;
        found.push(heap, heap.list(&[Value::pid(member.pid), heap.copy_of_stored(&member.value)]));
    });
    cx.charge(1 + bytes as u64 / 512);
    value(found.collect(heap))
}

/// `set_value(registry, key, value)`: of the calling process; whether it is registered there.
pub fn registry_set_value<'h>(cx: &mut Cx<'h, '_>, [name, key, v]: [Value<'h>; 3]) -> Answer<'h> {
    let registry = registry(cx, "update_value", name)?;
    let set = registry.set_value(key, cx.core.pid, Arc::new(Stored::new(v)));
    value(Value::bool(set))
}

/// `keys(registry, pid)`
pub fn registry_keys<'h>(cx: &mut Cx<'h, '_>, [name, pid]: [Value<'h>; 2]) -> Answer<'h> {
    let registry = registry(cx, "keys", name)?;
    let Some(pid) = pid.as_pid() else {
        let text = format!("expected a pid, got {}", shown(pid));
        return Err(cx.argument_error("Registry.keys", &text));
    };
    let heap = cx.heap();
    let mut found = VecBuilder::new();
    let keys = registry.keys_by(pid);
    cx.charge(keys.len() as u64 / 4);
    keys.iter().for_each(|key| found.push(heap, heap.copy_of_stored(key)));
    value(found.collect(heap))
}

/// `is_unique(registry, function)`
pub fn registry_is_unique<'h>(cx: &mut Cx<'h, '_>, [name, function]: [Value<'h>; 2]) -> Answer<'h> {
    value(Value::bool(registry(cx, asker(function), name)?.is_unique()))
}

/// `entries(registry, function)`: `{key, pid, value}` for each process under each key.
pub fn registry_entries<'h>(cx: &mut Cx<'h, '_>, [name, function]: [Value<'h>; 2]) -> Answer<'h> {
    let registry = registry(cx, asker(function), name)?;
    entries(cx, registry)
}

impl Shared for Arc<Registry> {
    fn some<'h>(
        &self,
        cx: &mut Cx<'h, '_>,
        from: Place,
        most: usize,
        found: &mut VecBuilder,
    ) -> Result<(Option<Place>, usize), Value<'h>> {
        let heap = cx.heap();
        let processes = &host(cx).node.table;
        let mut bytes = 0;
        let at = self.walk(from, most, |key, member| {
            if processes.get(member.pid).is_some() {
                bytes += key.bytes() + member.value.bytes() + 64;
                push_entry(heap, found, key, member);
            }
        });
        Ok((at, bytes))
    }
}

fn push_entry(heap: &Heap, to: &mut VecBuilder, key: &Stored, member: &Member) {
    let (key, v) = (heap.copy_of_stored(key), heap.copy_of_stored(&member.value));
    to.push(heap, heap.list(&[key, Value::pid(member.pid), v]));
}

/// `broadcast(registry, key, message, pid or nil)`: sends it to every process there but one. The pids of those whose mailboxes
/// the caller is to wait for (`process_await_room`), in a list.
pub fn registry_broadcast<'h>(
    cx: &mut Cx<'h, '_>,
    [name, key, message, except]: [Value<'h>; 4],
) -> Answer<'h> {
    let registry = registry(cx, "dispatch", name)?;
    let mut to = Vec::new();
    registry.look_up(&host(cx).node.table, key, |member| to.push(member.pid));
    cx.charge(1 + to.len() as u64 / 64);
    if let Some(except) = except.as_pid() {
        to.retain(|pid| *pid != except);
    }
    run(cx, Broadcast { message: message.word(), to, next: 0, behind: Vec::new() })
}

struct Broadcast {
    message: Word,
    to: Vec<Pid>,
    next: usize,
    behind: Vec<Pid>,
}

/// So many are sent to between two looks at the budget.
const SENT: usize = 16;

impl Roots for Broadcast {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.message.roots(visit);
    }
}

impl Steps for Broadcast {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let message = cx.heap().value(self.message);
        let end = self.to.len().min(self.next + SENT);
        for pid in &self.to[self.next..end] {
            let (posted, bytes) = send(host(cx), *pid, message);
            cx.charge(1 + bytes as u64 / 512);
            if waits_for_room(posted, cx.core.priority) && *pid != cx.core.pid {
                self.behind.push(*pid);
            }
        }
        self.next = end;
        if end < self.to.len() {
            return Ok(None);
        }
        let behind: Vec<_> = self.behind.iter().map(|pid| Value::pid(*pid)).collect();
        Ok(Some(cx.heap().list(&behind)))
    }
}
