//! Comparison operators and conditions.
//!
//! In: operands. Out: one bool for `==` and `!=`, bools entry by entry for the others; errors as
//! in `arith`.

use std::cmp::Ordering;

use rata_bytecode::operand::Cmp;

use super::elementwise::{Fault, Lengths};
use super::fail;
use crate::compare;
use crate::data::int;
use crate::data::vector::{Entries, VecBuilder, VecRef};
use crate::native::{Cx, Res};
use crate::value::{Kind, Value};

/// Whether a condition holds.
pub(crate) fn truth<'h>(cx: &mut Cx<'h, '_>, value: Value<'h>) -> Result<bool, Value<'h>> {
    value.truthy().ok_or_else(|| fail::condition(cx, value))
}

/// Whether `a op b` is truthy.
pub(crate) fn truth_of<'h>(
    cx: &mut Cx<'h, '_>,
    op: Cmp,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<bool, Value<'h>> {
    if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
        return Ok(floats(op, x, y));
    }
    let result = match op {
        Cmp::Eq => return Ok(equal(cx, a, b)),
        Cmp::Ne => return Ok(!equal(cx, a, b)),
        _ => order(cx, op, a, b)?,
    };
    truth(cx, result)
}

fn equal<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> bool {
    let mut work = crate::data::Work::default();
    let equal = compare::loose_eq_counted(a, b, &mut work);
    cx.charge(work.0 / 64);
    equal
}

/// `a == b`
pub(crate) fn eq<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    Ok(Value::bool(equal(cx, a, b)))
}

/// `a != b`
pub(crate) fn ne<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    Ok(Value::bool(!equal(cx, a, b)))
}

/// `a < b`
pub(crate) fn lt<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    order(cx, Cmp::Lt, a, b)
}

/// `a <= b`
pub(crate) fn le<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    order(cx, Cmp::Le, a, b)
}

/// `a > b`
pub(crate) fn gt<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    order(cx, Cmp::Gt, a, b)
}

/// `a >= b`
pub(crate) fn ge<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    order(cx, Cmp::Ge, a, b)
}

fn text(op: Cmp) -> &'static str {
    match op {
        Cmp::Eq => "==",
        Cmp::Ne => "!=",
        Cmp::Lt => "<",
        Cmp::Le => "<=",
        Cmp::Gt => ">",
        Cmp::Ge => ">=",
    }
}

fn floats(op: Cmp, a: f64, b: f64) -> bool {
    match op {
        Cmp::Eq => a == b,
        Cmp::Ne => a != b,
        Cmp::Lt => a < b,
        Cmp::Le => a <= b,
        Cmp::Gt => a > b,
        Cmp::Ge => a >= b,
    }
}

fn holds(op: Cmp, ordering: Option<Ordering>) -> bool {
    match (op, ordering) {
        (Cmp::Ne, ordering) => ordering != Some(Ordering::Equal),
        (_, None) => false,
        (Cmp::Eq, Some(o)) => o.is_eq(),
        (Cmp::Lt, Some(o)) => o.is_lt(),
        (Cmp::Le, Some(o)) => o.is_le(),
        (Cmp::Gt, Some(o)) => o.is_gt(),
        (Cmp::Ge, Some(o)) => o.is_ge(),
    }
}

#[inline(never)]
fn order<'h>(cx: &mut Cx<'h, '_>, op: Cmp, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    let vector = a.is_vector() || b.is_vector();
    let result = if vector { vectors(cx, op, a, b) } else { scalars(op, a, b) };
    result.map_err(|fault| fail::operands(cx, text(op), "numbers or two strings", fault, a, b))
}

fn scalars<'h>(op: Cmp, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, Fault> {
    use Kind::{Float, Int, Nil, Str};
    let ordering = match (a.kind(), b.kind()) {
        (Int, Int) => int::cmp(a, b),
        (Float, Float) => match (a.as_float(), b.as_float()) {
            (Some(x), Some(y)) => x.partial_cmp(&y),
            _ => None,
        },
        (Int, Float) => b.as_float().and_then(|f| int::cmp_float(a, f)),
        (Float, Int) => a.as_float().and_then(|f| int::cmp_float(b, f)).map(Ordering::reverse),
        (Str, Str) => a.as_str().cmp(&b.as_str()).into(),
        (Nil, Nil | Int | Float | Str) | (Int | Float | Str, Nil) => return Ok(Value::NIL),
        _ => return Err(Fault::Type),
    };
    Ok(Value::bool(holds(op, ordering)))
}

fn vectors<'h>(
    cx: &mut Cx<'h, '_>,
    op: Cmp,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Value<'h>, Fault> {
    let heap = cx.heap();
    let (Some(left), Some(right)) = (VecRef::of(a), VecRef::of(b)) else {
        return Err(Fault::Type);
    };
    check_kinds(left.kind(), right.kind())?;
    let lengths = Lengths::of(heap, left, right)?;
    cx.charge(lengths.len as u64 / 16);
    if let Some(bools) = packed(op, left, right, lengths) {
        return crate::data::vector::of_bools(heap, &bools).map_err(|_| Fault::TooLarge);
    }
    let mut builder = VecBuilder::with_capacity(lengths.len);
    for i in 0..lengths.len {
        let (x, y) = lengths.pair(heap, left, right, i);
        builder.push(heap, scalars(op, x, y)?);
    }
    builder.finish(heap).map_err(|_| Fault::Type)
}

fn check_kinds(a: Kind, b: Kind) -> Result<(), Fault> {
    use Kind::{Empty, Float, Int, Nil, Str};
    match (a, b) {
        (Int | Float | Nil | Empty, Int | Float | Nil | Empty) => Ok(()),
        (Str | Nil | Empty, Str | Nil | Empty) => Ok(()),
        _ => Err(Fault::Type),
    }
}

/// Float vectors, or one and a float: bools as bytes.
fn packed(op: Cmp, a: VecRef<'_>, b: VecRef<'_>, lengths: Lengths) -> Option<Vec<u8>> {
    use crate::data::vector::{NIL_BOOL, is_nil_float};
    let compare = |x: f64, y: f64| {
        if is_nil_float(x) || is_nil_float(y) { NIL_BOOL } else { floats(op, x, y) as u8 }
    };
    let mut out = Vec::with_capacity(lengths.len);
    match (a.entries(), b.entries()) {
        (Entries::Floats(x), Entries::Floats(y)) if x.len() == y.len() => {
            out.extend(x.iter().zip(y).map(|(&x, &y)| compare(x, y)));
        }
        (Entries::Floats(x), Entries::One(y)) => {
            let y = y.as_float()?;
            out.extend(x.iter().map(|&x| compare(x, y)));
        }
        (Entries::One(x), Entries::Floats(y)) => {
            let x = x.as_float()?;
            out.extend(y.iter().map(|&y| compare(x, y)));
        }
        _ => return None,
    }
    Some(out)
}
