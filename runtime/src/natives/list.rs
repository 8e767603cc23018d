//! Natives of List. What is not particular to lists lies in `ops`.

use super::ops::shape;
use super::support::{Answer, Arg, value};
use super::vector::{entry_or, last};
use rata_vm::native::Cx;
use rata_vm::value::Value;

/// Natives that take a list and nothing else: name, function, what is done.
macro_rules! of_list {
    ($($(#[$doc:meta])* $name:ident $function:literal |$cx:ident, $l:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>($cx: &mut Cx<'h, '_>, [l]: [Value<'h>; 1]) -> Answer<'h> {
            let $l = Arg($function, "l").list_seq($cx, l)?;
            $body
        }
    )* };
}

of_list! {
    /// `length(l)`
    list_length "List.length" |_cx, l| value(Value::count(l.len()));
    /// `is_empty(l)`
    list_is_empty "List.is_empty" |_cx, l| value(Value::bool(l.is_empty()));
    /// `first(l)`, nil if there is none.
    list_first "List.first" |cx, l| value(l.get(cx.heap(), 0).unwrap_or(Value::NIL));
    /// `last(l)`, nil if there is none.
    list_last "List.last" |cx, l| value(last(cx, l));
    /// `rest(l)`
    list_rest "List.rest" |cx, l| value(l.part(cx.heap(), 1, usize::MAX));
    /// `reverse(l)`
    list_reverse "List.reverse" |cx, l| shape::reverse(cx, l);
    /// `to_vector(l)`: a vector, or the list itself if its entries do not share a type.
    list_to_vector "List.to_vector" |cx, l| shape::to_vector(cx, l);
}

/// `at(l, index, default)`
pub fn list_at<'h>(cx: &mut Cx<'h, '_>, [l, index, default]: [Value<'h>; 3]) -> Answer<'h> {
    let list = Arg("List.at", "l").list_seq(cx, l)?;
    entry_or(cx, "List.at", list, index, default)
}

/// `prepend(l, x)`
pub fn list_prepend<'h>(cx: &mut Cx<'h, '_>, [l, x]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.prepend", "l").list_seq(cx, l)?;
    value(shape::splice(cx, "List.prepend", list, 0, 0, Some(x))?)
}

/// `append(l, x)`
pub fn list_append<'h>(cx: &mut Cx<'h, '_>, [l, x]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.append", "l").list_seq(cx, l)?;
    value(shape::splice(cx, "List.append", list, list.len(), 0, Some(x))?)
}

/// `concat(a, b)`
pub fn list_concat<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let left = Arg("List.concat", "a").list_seq(cx, a)?;
    let right = Arg("List.concat", "b").list_seq(cx, b)?;
    value(shape::concat(cx, "List.concat", left, right)?)
}

/// `take(l, n)`
pub fn list_take<'h>(cx: &mut Cx<'h, '_>, [l, n]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.take", "l").list_seq(cx, l)?;
    let n = Arg("List.take", "n").int(cx, n)?;
    value(shape::take(cx, list, n))
}

/// `drop(l, n)`
pub fn list_drop<'h>(cx: &mut Cx<'h, '_>, [l, n]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.drop", "l").list_seq(cx, l)?;
    let n = Arg("List.drop", "n").int(cx, n)?;
    value(shape::drop(cx, list, n))
}

/// `put(l, index, x)`
pub fn list_put<'h>(cx: &mut Cx<'h, '_>, [l, index, x]: [Value<'h>; 3]) -> Answer<'h> {
    let list = Arg("List.put", "l").list_seq(cx, l)?;
    let at = shape::index_there(cx, "List.put", index, list.len())?;
    value(shape::splice(cx, "List.put", list, at, 1, Some(x))?)
}

/// `insert_at(l, index, x)`
pub fn list_insert_at<'h>(cx: &mut Cx<'h, '_>, [l, index, x]: [Value<'h>; 3]) -> Answer<'h> {
    let list = Arg("List.insert_at", "l").list_seq(cx, l)?;
    let at = shape::index_to_insert(cx, "List.insert_at", index, list.len())?;
    value(shape::splice(cx, "List.insert_at", list, at, 0, Some(x))?)
}

/// `delete_at(l, index)`
pub fn list_delete_at<'h>(cx: &mut Cx<'h, '_>, [l, index]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.delete_at", "l").list_seq(cx, l)?;
    let at = shape::index_there(cx, "List.delete_at", index, list.len())?;
    value(shape::splice(cx, "List.delete_at", list, at, 1, None)?)
}

/// `index_of(l, x)`
pub fn list_index_of<'h>(cx: &mut Cx<'h, '_>, [l, x]: [Value<'h>; 2]) -> Answer<'h> {
    let list = Arg("List.index_of", "l").list_seq(cx, l)?;
    super::ops::keyed::position(cx, list, x)
}

/// `from_vector(v)`
pub fn list_from_vector<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let seq = Arg("List.from_vector", "v").vec_seq(cx, v)?;
    shape::to_list(cx, seq)
}
