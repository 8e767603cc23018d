//! Making collections out of values.
//!
//! In: the values in order (the last one being the tail or the keys, where there is one). Out: the
//! collection; :type_error when the entries of a vector share no type.

use super::fail;
use crate::data::map::{self, MapBuilder};
use crate::data::vector::{self, VecBuilder, VecError};
use crate::data::{int, set as sets};
use crate::native::{Cx, Res};
use crate::value::Value;

/// `[items…]`
pub(crate) fn vector<'h>(cx: &mut Cx<'h, '_>, items: &[Value<'h>]) -> Res<'h> {
    cx.charge(items.len() as u64 / 64);
    vector::from_values(cx.heap(), items).map_err(|error| vector_error(cx, error))
}

/// `[item | tail]`
pub(crate) fn cons1<'h>(cx: &mut Cx<'h, '_>, item: Value<'h>, tail: Value<'h>) -> Res<'h> {
    vector::prepend(cx.heap(), item, tail).map_err(|error| vector_error(cx, error))
}

/// `[items… | tail]`, the tail being the last value.
pub(crate) fn cons<'h>(cx: &mut Cx<'h, '_>, values: &[Value<'h>]) -> Res<'h> {
    let Some((tail, items)) = values.split_last() else { return Ok(vector::empty()) };
    items.iter().rev().try_fold(*tail, |tail, item| cons1(cx, *item, tail))
}

fn vector_error<'h>(cx: &mut Cx<'h, '_>, error: VecError) -> Value<'h> {
    match error {
        VecError::Mixed(a, b) => {
            let (a, b) = (a.name().text(), b.name().text());
            cx.type_error(&format!(
                "a vector holds one type, not {a} and {b}; for different types use a list: {{…}}"
            ))
        }
        VecError::NotVector(kind) => {
            cx.type_error(&format!("a vector expected after |, not a {}", kind.name().text()))
        }
        VecError::TooLong => cx.value_error("the vector would be too long"),
    }
}

/// A map of values and their keys, a list that is the last value: for keys that make no shape.
pub(crate) fn map_keys<'h>(cx: &mut Cx<'h, '_>, values: &[Value<'h>]) -> Res<'h> {
    let heap = cx.heap();
    let Some((keys, values)) = values.split_last() else { return Ok(map::empty()) };
    let keys = keys.as_list().unwrap_or(&[]);
    let mut builder = MapBuilder::new();
    for (key, value) in keys.iter().zip(values) {
        builder.put(heap, *key, *value);
    }
    Ok(builder.finish(heap))
}

/// A map of key, value, key, value …
pub(crate) fn map<'h>(cx: &mut Cx<'h, '_>, entries: &[Value<'h>]) -> Res<'h> {
    let heap = cx.heap();
    cx.charge(entries.len() as u64 / 16);
    let mut builder = MapBuilder::new();
    for entry in entries.chunks_exact(2) {
        builder.put(heap, entry[0], entry[1]);
    }
    Ok(builder.finish(heap))
}

/// `#{items…}`
pub(crate) fn set<'h>(cx: &mut Cx<'h, '_>, items: &[Value<'h>]) -> Res<'h> {
    cx.charge(items.len() as u64 / 16);
    Ok(sets::from_values(cx.heap(), items))
}

/// `a..b`
pub(crate) fn range<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    match (a.as_small(), b.as_small()) {
        (Some(first), Some(last)) => vector::range(cx.heap(), first, last)
            .ok_or_else(|| cx.value_error("a range needs ints of at most 63 bits")),
        _ => wide_range(cx, a, b),
    }
}

/// A range whose ends are not both small: it is built, since only small ints have ranges.
#[cold]
fn wide_range<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    const MOST: i64 = 1 << 20;
    let heap = cx.heap();
    let Some(order) = int::cmp(a, b) else {
        let fault = super::elementwise::Fault::Type;
        return Err(fail::operands(cx, "..", "ints", fault, a, b));
    };
    if order.is_gt() {
        return Ok(vector::empty());
    }
    let last = int::sub(heap, b, a).and_then(|n| n.as_small()).filter(|&last| last < MOST);
    let Some(last) = last else {
        return Err(cx.value_error("a range beyond 63 bits has at most 1048576 entries"));
    };
    cx.charge(last as u64 / 16);
    let mut builder = VecBuilder::with_capacity(last as usize + 1);
    let entries = (0..=last).filter_map(|i| int::add(heap, a, Value::small(i)?));
    entries.for_each(|entry| builder.push(heap, entry));
    builder.finish(heap).map_err(|error| vector_error(cx, error))
}
