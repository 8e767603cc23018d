//! `v[i]` and `m.name`.
//!
//! In: a collection and an index, key or name. Out: what is there; :index_error, :key_error.
//! Field access is cached by shape: a cache word is `(shape + 1) << 32 | position`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::fail;
use super::fail::show;
use crate::data::int;
use crate::data::vector::{self, Entries, VecBuilder, VecRef};
use crate::heap::{get_quickly, layout};
use crate::native::{Cx, Res};
use crate::symbols::Symbol;
use crate::value::{Value, View};

/// The value in a map of the shape that a cache knows.
#[inline(always)]
pub(crate) fn cached_field<'h>(map: Value<'h>, cache: u64) -> Option<Value<'h>> {
    let (raw, values) = map.parts_of(layout::MAP)?;
    if raw[0] + 1 != cache >> 32 {
        return None;
    }
    values.get(cache as u32 as usize).copied()
}

/// The value of a symbol in a map; notes its place in the cache.
pub(crate) fn field_of<'h>(
    map: crate::data::map::MapRef<'h>,
    name: Symbol,
    cache: Option<&AtomicU64>,
) -> Option<Value<'h>> {
    if let (Some((shape, values)), Some(cache)) = (map.shaped(), cache) {
        let place = shape.find(name)?;
        cache.store((shape.id() as u64 + 1) << 32 | place as u64, Ordering::Relaxed);
        return values.get(place).copied();
    }
    map.get_symbol(name)
}

/// `m.name` of what is no module.
pub(crate) fn field<'h>(
    cx: &mut Cx<'h, '_>,
    m: Value<'h>,
    name: Symbol,
    cache: Option<&AtomicU64>,
) -> Res<'h> {
    match m.as_map() {
        Some(map) => field_of(map, name, cache).ok_or_else(|| fail::no_key(cx, m, name)),
        None => {
            let (name, shown) = (name.text(), fail::typed(m));
            Err(cx.type_error(&format!(".{name} needs a map or a module, not {shown}")))
        }
    }
}

/// `v[i]`
pub(crate) fn index<'h>(cx: &mut Cx<'h, '_>, v: Value<'h>, i: Value<'h>) -> Res<'h> {
    let heap = cx.heap();
    if let Some(value) = get_quickly(v, i) {
        return Ok(value);
    }
    if let Some(map) = v.as_map() {
        return Ok(map.get(i).unwrap_or(Value::NIL));
    }
    match v.view() {
        View::List(entries) => match i.as_small() {
            Some(position) => vector::index_of(position, entries.len())
                .map(|at| entries[at])
                .ok_or_else(|| out_of_range(cx, position, entries.len(), "list")),
            None => list_slice(cx, v, entries, i),
        },
        View::Set(_) | View::Host(_) => Err(not_indexable(cx, v)),
        _ => {
            let Some(vec) = VecRef::of(v) else { return Err(not_indexable(cx, v)) };
            match i.as_small() {
                Some(position) => vec
                    .at(heap, position)
                    .ok_or_else(|| out_of_range(cx, position, vec.len(), "vector")),
                None => vector_slice(cx, vec, i),
            }
        }
    }
}

fn not_indexable<'h>(cx: &Cx<'h, '_>, v: Value<'h>) -> Value<'h> {
    cx.type_error(&format!("a {} has no positions to index", v.type_of().text()))
}

fn out_of_range<'h>(cx: &Cx<'h, '_>, position: i64, len: usize, what: &str) -> Value<'h> {
    if position == 0 {
        return cx.index_error("position 0: positions count from 1");
    }
    let entries = if len == 1 { "entry" } else { "entries" };
    cx.index_error(&format!("position {position} is out of range: the {what} has {len} {entries}"))
}

/// The positions that an index vector names, as indices from 0.
fn positions<'h>(
    cx: &mut Cx<'h, '_>,
    i: Value<'h>,
    len: usize,
    what: &str,
) -> Result<Vec<usize>, Value<'h>> {
    let heap = cx.heap();
    let Some(wanted) = i.as_vec() else { return Err(bad_index(cx, i)) };
    cx.charge(wanted.len() as u64 / 16);
    let mut at = Vec::with_capacity(wanted.len().min(1 << 20));
    for entry in wanted.iter(heap) {
        let Some(position) = entry.as_small() else { return Err(bad_index(cx, i)) };
        match vector::index_of(position, len) {
            Some(index) => at.push(index),
            None => return Err(out_of_range(cx, position, len, what)),
        }
    }
    Ok(at)
}

fn bad_index<'h>(cx: &Cx<'h, '_>, i: Value<'h>) -> Value<'h> {
    let shown = show(i);
    if int::is_int(i) {
        return cx.index_error(&format!("position {shown} is out of range"));
    }
    cx.type_error(&format!("a position is an int or a vector of ints, not {shown}"))
}

/// Whether indices follow one another: the first and how many.
fn run(at: &[usize]) -> Option<(usize, usize)> {
    let first = *at.first()?;
    let follows = at.iter().enumerate().all(|(i, &index)| index == first + i);
    follows.then_some((first, at.len()))
}

/// The part that a range names: a range may be longer than memory, so its positions are not listed.
fn by_range<'h>(
    cx: &Cx<'h, '_>,
    vec: VecRef<'h>,
    (first, len): (i64, usize),
) -> Result<Option<Value<'h>>, Value<'h>> {
    let last = first + len as i64 - 1;
    let through_zero = (first < 0 && last >= 0).then_some(0);
    for position in [first].into_iter().chain(through_zero).chain([last]) {
        if vector::index_of(position, vec.len()).is_none() {
            return Err(out_of_range(cx, position, vec.len(), "vector"));
        }
    }
    let from = vector::index_of(first, vec.len()).unwrap_or(0);
    Ok(vector::slice(cx.heap(), vec, from, len))
}

fn vector_slice<'h>(cx: &mut Cx<'h, '_>, vec: VecRef<'h>, i: Value<'h>) -> Res<'h> {
    let heap = cx.heap();
    if let Some(Entries::Range(first, len @ 1..)) = i.as_vec().map(|v| v.entries())
        && let Some(part) = by_range(cx, vec, (first, len))?
    {
        return Ok(part);
    }
    let at = positions(cx, i, vec.len(), "vector")?;
    if at.is_empty() {
        return Ok(vector::empty());
    }
    if let Some((first, len)) = run(&at)
        && let Some(slice) = vector::slice(heap, vec, first, len)
    {
        return Ok(slice);
    }
    let mut builder = VecBuilder::with_capacity(at.len());
    for index in at {
        builder.push(heap, vec.get(heap, index).unwrap_or(Value::NIL));
    }
    Ok(builder.collect(heap))
}

fn list_slice<'h>(
    cx: &mut Cx<'h, '_>,
    list: Value<'h>,
    entries: &'h [Value<'h>],
    i: Value<'h>,
) -> Res<'h> {
    let at = positions(cx, i, entries.len(), "list")?;
    if at.len() == entries.len() && run(&at).is_some() {
        return Ok(list);
    }
    let picked: Vec<Value<'h>> = at.into_iter().map(|index| entries[index]).collect();
    Ok(cx.heap().list(&picked))
}
