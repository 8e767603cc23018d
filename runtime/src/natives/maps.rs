//! Natives of Maps.

use super::support::{
    Answer, Arg, Collector, Roots, Seq, Steps, finish_map, fold_keys, run, value,
};
use rata_vm::data::map::{self, MapBuilder, MapRef};
use rata_vm::heap::Heap;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

const STEP: usize = 512;

/// `size(m)`
pub fn maps_size<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::count(Arg("Maps.size", "m").map(cx, m)?.len()))
}

/// `get(m, key, default)`
pub fn maps_get<'h>(cx: &mut Cx<'h, '_>, [m, key, default]: [Value<'h>; 3]) -> Answer<'h> {
    value(Arg("Maps.get", "m").map(cx, m)?.get(key).unwrap_or(default))
}

/// `{value}` of a key that is there, otherwise nil.
pub fn maps_find<'h>(cx: &mut Cx<'h, '_>, [m, key]: [Value<'h>; 2]) -> Answer<'h> {
    let found = Arg("Maps.update", "m").map(cx, m)?.get(key);
    value(found.map_or(Value::NIL, |v| cx.heap().list(&[v])))
}

/// `get!(m, key)`
pub fn maps_fetch<'h>(cx: &mut Cx<'h, '_>, [m, key]: [Value<'h>; 2]) -> Answer<'h> {
    let map = Arg("Maps.get!", "m").map(cx, m)?;
    value(map.get(key).ok_or_else(|| no_key(cx, "Maps.get!", map, key))?)
}

/// The value to be updated, that of `update(m, key, f)`.
pub fn maps_old<'h>(cx: &mut Cx<'h, '_>, [m, key]: [Value<'h>; 2]) -> Answer<'h> {
    let map = Arg("Maps.update", "m").map(cx, m)?;
    value(map.get(key).ok_or_else(|| no_key(cx, "Maps.update", map, key))?)
}

/// The `:key_error` for a key that is not there.
fn no_key<'h>(cx: &Cx<'h, '_>, function: &str, map: MapRef<'h>, key: Value<'h>) -> Value<'h> {
    let keys: Vec<String> =
        map.iter().take(8).map(|(key, _)| super::support::args::shown(key)).collect();
    let more = if map.len() > keys.len() { ", …" } else { "" };
    let there = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") + more };
    let key = super::support::args::shown(key);
    cx.key_error(&format!("{function}: there is no key {key}; the keys are: {there}"))
}

/// `put(m, key, v)`
pub fn maps_put<'h>(cx: &mut Cx<'h, '_>, [m, key, v]: [Value<'h>; 3]) -> Answer<'h> {
    match map::edit_at_once(m, key, v) {
        Some(edit) => Ok(cx.edit(edit)),
        None => put(cx, Arg("Maps.put", "m").map(cx, m)?, key, v),
    }
}

/// The map with an entry, in place where that can be.
fn put<'h>(cx: &mut Cx<'h, '_>, map: MapRef<'h>, key: Value<'h>, v: Value<'h>) -> Answer<'h> {
    match map.edit(key, v) {
        Some(edit) => Ok(cx.edit(edit)),
        None => value(map.put(cx.heap(), key, v)),
    }
}

/// `put_new(m, key, v)`
pub fn maps_put_new<'h>(cx: &mut Cx<'h, '_>, [m, key, v]: [Value<'h>; 3]) -> Answer<'h> {
    let map = Arg("Maps.put_new", "m").map(cx, m)?;
    if map.get(key).is_some() { value(m) } else { put(cx, map, key, v) }
}

/// `delete(m, key)`
pub fn maps_delete<'h>(cx: &mut Cx<'h, '_>, [m, key]: [Value<'h>; 2]) -> Answer<'h> {
    let map = Arg("Maps.delete", "m").map(cx, m)?;
    value(map.remove(cx.heap(), key).unwrap_or(m))
}

/// `has_key(m, key)`
pub fn maps_has_key<'h>(cx: &mut Cx<'h, '_>, [m, key]: [Value<'h>; 2]) -> Answer<'h> {
    value(Value::bool(Arg("Maps.has_key", "m").map(cx, m)?.get(key).is_some()))
}

/// What is listed of a map's entries.
#[derive(Clone, Copy)]
enum Part {
    Keys,
    Values,
    Pairs,
    /// The map from values to keys.
    Inverted,
}

/// A map's entries on their way into a sequence (or map).
struct Listing {
    /// Key, value, key, value …
    words: Vec<Word>,
    next: usize,
    part: Part,
    out: Option<Collector>,
    inverted: MapBuilder,
}

impl Roots for Listing {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        // What has been listed is not needed any more.
        for word in &mut self.words[self.next..] {
            visit(word);
        }
        self.out.roots(visit);
        self.inverted.roots(visit);
    }
}

impl Listing {
    fn add<'h>(&mut self, heap: &'h Heap, key: Value<'h>, v: Value<'h>) {
        let Some(out) = &mut self.out else { return };
        match self.part {
            Part::Keys => out.push(heap, key),
            Part::Values => out.push(heap, v),
            Part::Pairs => out.push(heap, heap.list(&[key, v])),
            Part::Inverted => self.inverted.put(heap, v, key),
        }
    }
}

impl Steps for Listing {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let end = self.words.len().min(self.next + 2 * STEP);
        for at in (self.next..end).step_by(2) {
            let (key, v) = (heap.value(self.words[at]), heap.value(self.words[at + 1]));
            self.add(heap, key, v);
        }
        cx.charge(1 + (end - self.next) as u64 / 32);
        self.next = end;
        if end < self.words.len() {
            return Ok(None);
        }
        if let Part::Inverted = self.part {
            cx.charge(self.inverted.len().min(STEP) as u64 / 4);
            return Ok(self.inverted.finish_some(heap, STEP));
        }
        Ok(self.out.take().map(|out| out.finish(heap)))
    }
}

fn listed<'h>(cx: &mut Cx<'h, '_>, map: MapRef<'h>, part: Part, list: bool) -> Answer<'h> {
    cx.charge(map.len() as u64 / 16);
    let words = map.iter().flat_map(|(key, v)| [key.word(), v.word()]).collect();
    let out = Some(Collector::new(list));
    run(cx, Listing { words, next: 0, part, out, inverted: MapBuilder::new() })
}

/// The entries `{key, value}`, in order.
pub fn pairs<'h>(cx: &mut Cx<'h, '_>, map: MapRef<'h>, list: bool) -> Answer<'h> {
    listed(cx, map, Part::Pairs, list)
}

/// `keys(m)`
pub fn maps_keys<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    let map = Arg("Maps.keys", "m").map(cx, m)?;
    listed(cx, map, Part::Keys, false)
}

/// `values(m)`
pub fn maps_values<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    let map = Arg("Maps.values", "m").map(cx, m)?;
    listed(cx, map, Part::Values, false)
}

/// `to_list(m)`
pub fn maps_to_list<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    let map = Arg("Maps.to_list", "m").map(cx, m)?;
    pairs(cx, map, true)
}

/// The entries of a map as a vector, for the functions that take `m` and a function.
pub fn maps_entries<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    let map = Arg("Maps", "m").map(cx, m)?;
    pairs(cx, map, false)
}

/// `invert(m)`
pub fn maps_invert<'h>(cx: &mut Cx<'h, '_>, [m]: [Value<'h>; 1]) -> Answer<'h> {
    let map = Arg("Maps.invert", "m").map(cx, m)?;
    listed(cx, map, Part::Inverted, false)
}

/// Puts the pairs of a sequence into a map under construction.
pub fn put_pairs<'h>(
    cx: &mut Cx<'h, '_>,
    arg: Arg,
    pairs: Seq<'h>,
    builder: MapBuilder,
) -> Answer<'h> {
    fold_keys(
        cx,
        pairs,
        builder,
        move |builder, cx, pair| match pair.as_list() {
            Some([key, v]) => {
                builder.put(cx.heap(), *key, *v);
                Ok(true)
            }
            _ => Err(arg.wrong(cx, "pairs {key, value}", pair)),
        },
        |builder, cx| finish_map(cx, builder),
    )
}

/// `from_list(entries)`
pub fn maps_from_list<'h>(cx: &mut Cx<'h, '_>, [entries]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("Maps.from_list", "entries");
    let entries = arg.seq(cx, entries)?;
    put_pairs(cx, arg, entries, MapBuilder::new())
}

/// A map of keys and values at the same positions.
pub fn maps_from_keys<'h>(cx: &mut Cx<'h, '_>, [keys, values]: [Value<'h>; 2]) -> Answer<'h> {
    let keys = Arg("Maps", "keys").seq(cx, keys)?;
    fold_keys(
        cx,
        keys,
        (values.word(), 0usize, MapBuilder::new()),
        |(values, next, builder), cx, key| {
            let heap = cx.heap();
            let v = Seq::at_rest(heap, *values).get(heap, *next).unwrap_or(Value::NIL);
            *next += 1;
            builder.put(heap, key, v);
            Ok(true)
        },
        |(.., builder), cx| finish_map(cx, builder),
    )
}

/// `merge(a, b)`: a large map is rebuilt in steps, a small one is put in key by key.
pub fn maps_merge<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let left = Arg("Maps.merge", "a").map(cx, a)?;
    let right = Arg("Maps.merge", "b").map(cx, b)?;
    if right.len() <= STEP && right.len() * 4 <= left.len().max(64) {
        cx.charge(right.len() as u64 / 4);
        return value(left.merge(cx.heap(), right));
    }
    if left.is_empty() {
        return value(b);
    }
    cx.charge((left.len() + right.len()) as u64 / 16);
    let words = left.iter().chain(right.iter()).flat_map(|(key, v)| [key.word(), v.word()]);
    run(cx, Merging { words: words.collect(), next: 0, builder: MapBuilder::new() })
}

/// The entries of two maps on their way into one.
struct Merging {
    words: Vec<Word>,
    next: usize,
    builder: MapBuilder,
}

impl Roots for Merging {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for word in &mut self.words[self.next..] {
            visit(word);
        }
        self.builder.roots(visit);
    }
}

impl Steps for Merging {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let end = self.words.len().min(self.next + 2 * STEP);
        for pair in self.words[self.next..end].chunks_exact(2) {
            self.builder.put(heap, heap.value(pair[0]), heap.value(pair[1]));
        }
        cx.charge(1 + (end - self.next) as u64 / 8);
        self.next = end;
        if end < self.words.len() {
            return Ok(None);
        }
        cx.charge(self.builder.len().min(STEP) as u64 / 4);
        Ok(self.builder.finish_some(heap, STEP))
    }
}

/// `take(m, keys)`: only these keys, in the order given.
pub fn maps_take<'h>(cx: &mut Cx<'h, '_>, [m, keys]: [Value<'h>; 2]) -> Answer<'h> {
    Arg("Maps.take", "m").map(cx, m)?;
    let keys = Arg("Maps.take", "keys").seq(cx, keys)?;
    fold_keys(
        cx,
        keys,
        (m.word(), MapBuilder::new()),
        |(m, builder), cx, key| {
            let heap = cx.heap();
            if let Some((key, v)) = heap.value(*m).as_map().and_then(|m| m.entry(key)) {
                builder.put(heap, key, v);
            }
            Ok(true)
        },
        |(_, builder), cx| finish_map(cx, builder),
    )
}

/// `drop(m, keys)`
pub fn maps_drop<'h>(cx: &mut Cx<'h, '_>, [m, keys]: [Value<'h>; 2]) -> Answer<'h> {
    Arg("Maps.drop", "m").map(cx, m)?;
    let keys = Arg("Maps.drop", "keys").seq(cx, keys)?;
    fold_keys(
        cx,
        keys,
        m.word(),
        |m, cx, key| {
            let heap = cx.heap();
            let map = heap.value(*m).as_map();
            if let Some(rest) = map.and_then(|map| map.remove(heap, key)) {
                *m = rest.word();
            }
            Ok(true)
        },
        |m, cx| value(cx.heap().value(m)),
    )
}
