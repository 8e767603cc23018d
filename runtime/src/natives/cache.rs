//! Natives of Cache: tables of all processes. Waiting for a lock is as short as the change of one entry; walks go in steps.

use super::process::host;
use super::support::args::{Answer, asker, shown, value};
use super::support::walk::{Shared, entries};
use crate::store::cache::{Cache, Heir};
use crate::store::table::Place;
use rata_vm::data::vector::VecBuilder;
use rata_vm::heap::{Heap, HostObject, Stored};
use rata_vm::native::Cx;
use rata_vm::sym;
use rata_vm::value::Value;
use std::sync::Arc;

/// The cache in an argument of a function of Cache.
fn cache<'h>(cx: &Cx<'h, '_>, function: &str, value: Value<'h>) -> Result<&'h Cache, Value<'h>> {
    let Some(cache) = value.as_host().and_then(|host| host.downcast::<Cache>()) else {
        let text = format!("expected a cache, got {}", shown(value));
        return Err(cx.argument_error(&format!("Cache.{function}"), &text));
    };
    still_there(cx, function, cache)?;
    Ok(cache)
}

/// An exception if the cache has ended.
fn still_there<'h>(cx: &Cx<'h, '_>, function: &str, cache: &Cache) -> Result<(), Value<'h>> {
    if !cache.has_ended() {
        return Ok(());
    }
    let mut text = String::new();
    cache.inspect(&mut text);
    text.push_str(" has ended");
    Err(cx.argument_error(&format!("Cache.{function}"), &text))
}

fn ok<'h>() -> Answer<'h> {
    value(Value::symbol(sym::OK))
}

/// What a stored value costs to copy.
fn charge(cx: &mut Cx<'_, '_>, bytes: usize) {
    cx.charge(1 + bytes as u64 / 512);
}

fn copied<'h>(cx: &mut Cx<'h, '_>, found: Option<Arc<Stored>>, default: Value<'h>) -> Value<'h> {
    let Some(stored) = found else { return default };
    charge(cx, stored.bytes());
    cx.heap().copy_of_stored(&stored)
}

fn heir<'h>(
    cx: &Cx<'h, '_>,
    function: &str,
    pid: Value<'h>,
    data: Value<'h>,
) -> Result<Option<Heir>, Value<'h>> {
    if pid.is_nil() {
        return Ok(None);
    }
    match pid.as_pid() {
        Some(pid) => Ok(Some(Heir { pid, data: Stored::new(data) })),
        None => {
            let text = format!("expected a pid or nil as the heir, got {}", shown(pid));
            Err(cx.argument_error(&format!("Cache.{function}"), &text))
        }
    }
}

/// `new(heir, data)`
pub fn cache_new<'h>(cx: &mut Cx<'h, '_>, [pid, data]: [Value<'h>; 2]) -> Answer<'h> {
    let heir = heir(cx, "new", pid, data)?;
    let cache = Cache::new(cx.core.pid, heir);
    host(cx).extra().relations().holdings.add(Arc::<Cache>::clone(&cache));
    value(cx.heap().host(cache))
}

/// `put(cache, key, value)`
pub fn cache_put<'h>(cx: &mut Cx<'h, '_>, [c, key, new]: [Value<'h>; 3]) -> Answer<'h> {
    let cache = cache(cx, "put", c)?;
    cx.before_effect();
    let bytes = cache.put(key, new, true).unwrap_or(0);
    charge(cx, bytes);
    ok()
}

/// `put_new(cache, key, value)`: whether it was put.
pub fn cache_put_new<'h>(cx: &mut Cx<'h, '_>, [c, key, new]: [Value<'h>; 3]) -> Answer<'h> {
    let cache = cache(cx, "put_new", c)?;
    cx.before_effect();
    let put = cache.put(key, new, false);
    charge(cx, put.unwrap_or(0));
    value(Value::bool(put.is_some()))
}

/// `get(cache, key, default)`
pub fn cache_get<'h>(cx: &mut Cx<'h, '_>, [c, key, default]: [Value<'h>; 3]) -> Answer<'h> {
    let found = cache(cx, "get", c)?.get(key);
    value(copied(cx, found, default))
}

/// `find(cache, key)`: nil, or the value in a list of one, so that it can be told from nothing.
pub fn cache_find<'h>(cx: &mut Cx<'h, '_>, [c, key]: [Value<'h>; 2]) -> Answer<'h> {
    let Some(found) = cache(cx, "update", c)?.get(key) else { return value(Value::NIL) };
    charge(cx, found.bytes());
    let heap = cx.heap();
    value(heap.list(&[heap.copy_of_stored(&found)]))
}

/// `has(cache, key)`
pub fn cache_has<'h>(cx: &mut Cx<'h, '_>, [c, key]: [Value<'h>; 2]) -> Answer<'h> {
    value(Value::bool(cache(cx, "has_key", c)?.has(key)))
}

/// `take(cache, key, default)`: what was there, which is taken out.
pub fn cache_take<'h>(cx: &mut Cx<'h, '_>, [c, key, default]: [Value<'h>; 3]) -> Answer<'h> {
    let cache = cache(cx, "take", c)?;
    cx.before_effect();
    let found = cache.take(key);
    value(copied(cx, found, default))
}

/// `delete(cache, key)`
pub fn cache_delete<'h>(cx: &mut Cx<'h, '_>, [c, key]: [Value<'h>; 2]) -> Answer<'h> {
    let cache = cache(cx, "delete", c)?;
    cx.before_effect();
    drop(cache.take(key));
    ok()
}

/// `exchange(cache, key, {old} or nil, new)`: puts `new` if `old` is there, or nothing with nil; whether it did.
pub fn cache_exchange<'h>(cx: &mut Cx<'h, '_>, [c, key, old, new]: [Value<'h>; 4]) -> Answer<'h> {
    let cache = cache(cx, "update", c)?;
    cx.before_effect();
    let old = old.as_list().and_then(|list| list.first()).copied();
    value(Value::bool(cache.exchange(key, old, new)))
}

/// `add(cache, key, by, first)`: the new number; nil if one of them is no small int.
pub fn cache_add<'h>(cx: &mut Cx<'h, '_>, [c, key, by, first]: [Value<'h>; 4]) -> Answer<'h> {
    let cache = cache(cx, "update_counter", c)?;
    let (Some(by), Some(first)) = (by.as_small(), first.as_small()) else {
        return value(Value::NIL);
    };
    cx.before_effect();
    value(cache.add(key, by, first).unwrap_or(Value::NIL))
}

/// `size(cache)`
pub fn cache_size<'h>(cx: &mut Cx<'h, '_>, [c]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::count(cache(cx, "size", c)?.len()))
}

/// `clear(cache)`
pub fn cache_clear<'h>(cx: &mut Cx<'h, '_>, [c]: [Value<'h>; 1]) -> Answer<'h> {
    let cache = cache(cx, "clear", c)?;
    cache.clear(&host(cx).node);
    ok()
}

/// `end(cache)`: by its owner.
pub fn cache_end<'h>(cx: &mut Cx<'h, '_>, [c]: [Value<'h>; 1]) -> Answer<'h> {
    let cache = cache(cx, "stop", c)?;
    only_owner(cx, "stop", cache)?;
    let host = host(cx);
    host.extra().relations().holdings.remove(cache);
    cache.end(&host.node);
    ok()
}

fn only_owner<'h>(cx: &Cx<'h, '_>, function: &str, cache: &Cache) -> Result<(), Value<'h>> {
    if cache.owner() == cx.core.pid {
        return Ok(());
    }
    let text = format!("only its owner may do that: {}", shown(Value::pid(cache.owner())));
    Err(cx.argument_error(&format!("Cache.{function}"), &text))
}

/// `owner(cache)`
pub fn cache_owner<'h>(cx: &mut Cx<'h, '_>, [c]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::pid(cache(cx, "owner", c)?.owner()))
}

/// `set_heir(cache, pid or nil, data)`
pub fn cache_set_heir<'h>(cx: &mut Cx<'h, '_>, [c, pid, data]: [Value<'h>; 3]) -> Answer<'h> {
    let cache = cache(cx, "set_heir", c)?;
    only_owner(cx, "set_heir", cache)?;
    let heir = heir(cx, "set_heir", pid, data)?;
    cache.set_heir(heir);
    ok()
}

/// `give(cache, pid, data)`: whether the process lives, and has it now.
pub fn cache_give<'h>(cx: &mut Cx<'h, '_>, [c, to, data]: [Value<'h>; 3]) -> Answer<'h> {
    let cache = cache(cx, "give_away", c)?;
    only_owner(cx, "give_away", cache)?;
    let Some(to) = to.as_pid() else {
        let text = format!("expected a pid, got {}", shown(to));
        return Err(cx.argument_error("Cache.give_away", &text));
    };
    let host = host(cx);
    let given = cache.give(&host.node, to, &Stored::new(data));
    if given {
        host.extra().relations().holdings.remove(cache);
    }
    value(Value::bool(given))
}

/// `entries(cache, function)`: all, as `{key, value}`, in no order.
pub fn cache_entries<'h>(cx: &mut Cx<'h, '_>, [c, function]: [Value<'h>; 2]) -> Answer<'h> {
    let function = asker(function);
    let cache = cache(cx, function, c)?.handle();
    entries(cx, Entries { cache, function: function.to_owned() })
}

/// The entries of a cache, for a function of Cache.
struct Entries {
    cache: Arc<Cache>,
    function: String,
}

impl Shared for Entries {
    fn some<'h>(
        &self,
        cx: &mut Cx<'h, '_>,
        from: Place,
        most: usize,
        found: &mut VecBuilder,
    ) -> Result<(Option<Place>, usize), Value<'h>> {
        still_there(cx, &self.function, &self.cache)?;
        let heap = cx.heap();
        let mut bytes = 0;
        let at = self.cache.walk(from, most, |key, entry| {
            bytes += key.bytes() + entry.bytes();
            push_entry(heap, found, key, entry);
        });
        Ok((at, bytes))
    }
}

fn push_entry(heap: &Heap, to: &mut VecBuilder, key: &Stored, entry: &Stored) {
    let parts = [heap.copy_of_stored(key), heap.copy_of_stored(entry)];
    to.push(heap, heap.list(&parts));
}
