//! The native behind `Process.flag`.

use super::spawn::set_queue_limit;
use super::{host, wrong};
use crate::process::relations::{QueueLimit, WhenFull};
use crate::process::share::Share;
use rata_vm::Symbol;
use rata_vm::data::map;
use rata_vm::heap::Heap;
use rata_vm::native::{Cx, Native};
use rata_vm::process::Priority;
use rata_vm::symbols::sym;
use rata_vm::value::Value;

/// `flag(name, value)`: the old value.
pub fn process_flag<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [name, value] = args else { return Native::Value(Value::NIL) };
    match name.as_symbol() {
        Some(sym::TRAP_EXIT) => match value.as_bool() {
            Some(on) => {
                let old = std::mem::replace(&mut cx.core.trap_exit, on);
                Native::Value(Value::bool(old))
            }
            None => wrong(cx, "flag", "true or false for :trap_exit", *value),
        },
        Some(sym::PRIORITY) => match priority_of(*value) {
            Some(wanted) => {
                let old = std::mem::replace(&mut cx.core.priority, wanted);
                Native::Value(Value::symbol(priority_name(old)))
            }
            None => wrong(cx, "flag", ":low, :normal, :high or :max", *value),
        },
        Some(sym::MAX_HEAP_SIZE) => {
            let old = memory_limit(cx.heap());
            match value.as_small() {
                Some(bytes) if bytes > 0 => cx.heap().set_limit(bytes as usize),
                None if value.is_nil() => cx.heap().set_limit(usize::MAX),
                _ => return wrong(cx, "flag", "a number of bytes, or nil", *value),
            }
            Native::Value(old)
        }
        Some(sym::MESSAGE_QUEUE_LIMIT) => queue_limit(cx, *value),
        Some(name) if name.text() == "max_subtree_memory" => subtree_limit(cx, *value),
        _ => {
            let known = ":trap_exit, :priority, :max_heap_size or :message_queue_limit";
            wrong(cx, "flag", known, *name)
        }
    }
}

/// The bytes that a process may hold, or nil.
pub(super) fn memory_limit(heap: &Heap) -> Value<'static> {
    if heap.limit() == usize::MAX { Value::NIL } else { Value::count(heap.limit()) }
}

fn priority_of(value: Value<'_>) -> Option<Priority> {
    Some(match value.as_symbol()? {
        sym::LOW => Priority::Low,
        sym::NORMAL => Priority::Normal,
        sym::HIGH => Priority::High,
        sym::MAX => Priority::Max,
        _ => return None,
    })
}

pub(super) fn priority_name(priority: Priority) -> Symbol {
    match priority {
        Priority::Low => sym::LOW,
        Priority::Normal => sym::NORMAL,
        Priority::High => sym::HIGH,
        Priority::Max => sym::MAX,
    }
}

/// Limits what the process and all that are started below it from now on may hold together.
fn subtree_limit<'h>(cx: &mut Cx<'h, '_>, value: Value<'h>) -> Native<'h> {
    let Some(bytes) = value.as_small().filter(|bytes| *bytes > 0) else {
        return wrong(cx, "flag", "a number of bytes for :max_subtree_memory", value);
    };
    let share = &mut host(cx).extra().relations().share;
    let old = share.as_ref().map_or(Value::NIL, |share| Value::count(share.limit()));
    *share = Some(Box::new(Share::first(bytes as usize, share.as_deref())));
    Native::Value(old)
}

fn queue_limit<'h>(cx: &mut Cx<'h, '_>, value: Value<'h>) -> Native<'h> {
    let Some(mut limit) = limit_of(value) else {
        let what = "{max: messages, bytes: bytes, when_full: :drop | :kill | :block, inherit: true} or nil";
        return wrong(cx, "flag", what, value);
    };
    let old = shown_limit(
        cx.heap(),
        host(cx).extra().relations.as_ref().and_then(|r| r.queue_limit.as_deref()),
    );
    let host = host(cx);
    // The extra is lent to the host: out and in again.
    if let Some(mut extra) = host.extra.take() {
        // Who waits already goes on waiting, or goes on, at the end of the turn.
        let before = extra.relations.as_mut().and_then(|r| r.queue_limit.take());
        limit.waiting = before.map(|b| b.waiting).unwrap_or_default();
        if limit.bounds() || !limit.waiting.is_empty() || extra.traced().is_some() {
            set_queue_limit(host, &mut extra, limit);
        } else if let Some(slot) = host.node.table.get(extra.pid) {
            slot.life.set_bounded(extra.pid.serial(), false);
        }
        host.extra = Some(extra);
    }
    Native::Value(old)
}

/// The bound that a value asks for; nil for none.
fn limit_of(value: Value<'_>) -> Option<QueueLimit> {
    let mut limit = QueueLimit::none();
    if value.is_nil() {
        return Some(limit);
    }
    let map = value.as_map()?;
    let number = |value: Value<'_>| value.as_small().filter(|n| *n > 0).map(|n| n as usize);
    for (key, value) in map.iter() {
        match key.as_symbol()? {
            sym::MAX => limit.max = number(value)?,
            sym::BYTES => limit.bytes = number(value)?,
            sym::WHEN_FULL => {
                limit.when_full = match value.as_symbol()? {
                    sym::DROP => WhenFull::Drop,
                    sym::KILL => WhenFull::Kill,
                    sym::BLOCK => WhenFull::Block,
                    _ => return None,
                }
            }
            key if key.text() == "inherit" => limit.inherit = value.as_bool()?,
            _ => return None,
        }
    }
    limit.bounds().then_some(limit)
}

/// A bound as a value; nil for none.
pub(super) fn shown_limit<'h>(heap: &'h Heap, limit: Option<&QueueLimit>) -> Value<'h> {
    let Some(limit) = limit.filter(|limit| limit.bounds()) else { return Value::NIL };
    let mut entries = Vec::new();
    for (key, n) in [(sym::MAX, limit.max), (sym::BYTES, limit.bytes)] {
        if n != usize::MAX {
            entries.push((Value::symbol(key), Value::count(n)));
        }
    }
    let when_full = match limit.when_full {
        WhenFull::Drop => sym::DROP,
        WhenFull::Kill => sym::KILL,
        WhenFull::Block => sym::BLOCK,
    };
    entries.push((Value::symbol(sym::WHEN_FULL), Value::symbol(when_full)));
    if limit.inherit {
        entries.push((Value::symbol(Symbol::intern("inherit")), Value::TRUE));
    }
    map::from_entries(heap, &entries)
}
