//! Equality and order of values.
//!
//! In: two values. Out: whether they match (strict), whether they are `==` (where `1 == 1.0`), or
//! which comes first in the total order of all values.
//!
//! * [`strict_eq`]: patterns, map keys, members. 1 and 1.0 differ; 0.0 and -0.0 match; nan matches
//!   itself.
//! * [`loose_eq`]: `==`. Numbers compare by what they are worth; nan equals nothing. Keys of maps and
//!   members of sets stay strict.
//! * [`cmp`]: the total order. It is equal exactly where `strict_eq` holds.
//!
//! Each is a loop over a worklist of its own: nesting costs memory, not native stack, and the loop can
//! be left and taken up again. Maps and sets whose keys hold collections themselves are not looked up
//! in (that would recurse) but sorted, by a merge sort that is one of the order's frames and lets the
//! loop do its comparisons.

mod equal;
mod known;
mod order;

pub(crate) use equal::Equality;
pub use equal::{loose_eq, loose_eq_counted, strict_eq, strict_eq_counted};
pub(crate) use order::Comparison;
pub use order::{cmp, cmp_counted, cmp_nested_counted, sort};

use crate::data::int;
use crate::data::vector::{Entries, VecRef, bool_entry, is_nil_float};
use crate::value::Value;
use std::cmp::Ordering;

/// An entry of a vector, which may be a float that is not boxed.
#[derive(Clone, Copy)]
enum Item<'h> {
    Value(Value<'h>),
    Float(f64),
}

/// A number, an int being any value that is one.
#[derive(Clone, Copy)]
enum Number<'h> {
    Int(Value<'h>),
    Float(f64),
}

impl<'h> Item<'h> {
    #[inline]
    fn number(self) -> Option<Number<'h>> {
        match self {
            Item::Float(f) => Some(Number::Float(f)),
            Item::Value(v) => match v.as_float() {
                Some(f) => Some(Number::Float(f)),
                None if int::is_int(v) => Some(Number::Int(v)),
                None => None,
            },
        }
    }
}

#[inline]
fn item(vec: VecRef<'_>, index: usize) -> Option<Item<'_>> {
    let value = match vec.entries() {
        Entries::Words(w) | Entries::Ints(w) => *w.get(index)?,
        Entries::Floats(f) => {
            let f = *f.get(index)?;
            if !is_nil_float(f) {
                return Some(Item::Float(f));
            }
            Value::NIL
        }
        Entries::Bools(b) => bool_entry(*b.get(index)?),
        Entries::Range(first, n) if index < n => Value::small(first + index as i64)?,
        Entries::One(v) if index == 0 => v,
        _ => return None,
    };
    Some(Item::Value(value))
}

/// How two numbers compare by what they are worth; nothing if one is nan.
fn worth(a: Number<'_>, b: Number<'_>) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => int::cmp(a, b),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => int::cmp_float(a, b),
        (Number::Float(a), Number::Int(b)) => int::cmp_float(b, a).map(Ordering::reverse),
    }
}

/// How two numbers compare by what they are worth, as `<` and its kin do; nothing if one is nan, or
/// no number.
pub fn cmp_numbers(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    worth(Item::Value(a).number()?, Item::Value(b).number()?)
}

/// Whether a value is equal or ordered without looking inside it.
pub(crate) fn is_simple(value: Value<'_>) -> bool {
    use crate::value::Kind;
    !(value.kind().is_collection() || matches!(value.kind(), Kind::Exception | Kind::Fn))
}

/// How many entries a flat key may have.
const FLAT: usize = 64;

/// Whether a key is simple, or a short vector or list of what is: looking it up goes no deeper.
fn is_flat(key: Value<'_>) -> bool {
    if is_simple(key) {
        return true;
    }
    match (key.as_list(), key.as_vec()) {
        (Some(entries), _) => entries.len() <= FLAT && entries.iter().all(|v| is_simple(*v)),
        (None, Some(vec)) if vec.len() <= FLAT => (0..vec.len()).all(|i| match item(vec, i) {
            Some(Item::Value(v)) => is_simple(v),
            _ => true,
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
