//! Arithmetic: exact ints, floats, joined strings; elementwise on vectors.
//!
//! In: two operands. Out: the result, or a :type_error that names both, :value_error for lengths that
//! do not go together, :division_by_zero. The `fast_` functions take words known to be small ints and
//! give nothing when the result is none.

use super::elementwise::{self, Fault, Lengths};
use super::fail;
use crate::data::int::{self, Int, IntError};
use crate::data::string;
use crate::data::vector::{self, Entries, VecBuilder, VecRef};
use crate::heap::Heap;
use crate::native::{Cx, Res};
use crate::value::{Kind, Value, Word};

/// Sum of two small ints.
#[inline(always)]
pub(crate) fn fast_add(a: Word, b: Word) -> Option<Word> {
    (a.bits() as i64).checked_add(b.bits() as i64).map(|n| Word::from_bits(n as u64))
}

/// Difference of two small ints.
#[inline(always)]
pub(crate) fn fast_sub(a: Word, b: Word) -> Option<Word> {
    (a.bits() as i64).checked_sub(b.bits() as i64).map(|n| Word::from_bits(n as u64))
}

/// Product of two small ints.
#[inline(always)]
pub(crate) fn fast_mul(a: Word, b: Word) -> Option<Word> {
    (a.bits() as i64).checked_mul(b.bits() as i64 >> 1).map(|n| Word::from_bits(n as u64))
}

/// Floor division of two small ints.
#[inline(always)]
pub(crate) fn fast_int_div(a: Word, b: Word) -> Option<Word> {
    let (a, b) = (a.bits() as i64 >> 1, b.bits() as i64 >> 1);
    if b == 0 || b == -1 {
        return None;
    }
    Some(Word::small_wrapping(a.div_euclid(b) - (b < 0 && a.rem_euclid(b) != 0) as i64))
}

/// Modulo of two small ints, with the sign of the divisor.
#[inline(always)]
pub(crate) fn fast_modulo(a: Word, b: Word) -> Option<Word> {
    let (a, b) = (a.bits() as i64 >> 1, b.bits() as i64 >> 1);
    if b == 0 || b == -1 {
        return None;
    }
    let rest = a % b;
    Some(Word::small_wrapping(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
}

/// An arithmetic operator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    IntDiv,
    Mod,
    Pow,
}
use Operator::*;

impl Operator {
    fn text(self) -> &'static str {
        match self {
            Add => "+",
            Sub => "-",
            Mul => "*",
            Div => "/",
            IntDiv => "%/%",
            Mod => "%%",
            Pow => "^",
        }
    }

    /// On floats.
    #[inline]
    fn floats(self, a: f64, b: f64) -> Result<f64, Fault> {
        Ok(match self {
            Add => a + b,
            Sub => a - b,
            Mul => a * b,
            Pow => return float_pow(a, b),
            _ if b == 0.0 => return Err(Fault::DivisionByZero),
            Div => a / b,
            IntDiv => (a / b).floor(),
            Mod => float_mod(a, b),
        })
    }
}

fn float_pow(a: f64, b: f64) -> Result<f64, Fault> {
    if a == 0.0 && b < 0.0 { Err(Fault::DivisionByZero) } else { Ok(a.powf(b)) }
}

fn float_mod(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident $op:expr),* $(,)?) => { $(
        $(#[$doc])*
        pub(crate) fn $name<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
            binary(cx, $op, a, b)
        }
    )* };
}

operators! {
    /// `a + b`
    add Add,
    /// `a - b`
    sub Sub,
    /// `a * b`
    mul Mul,
    /// `a / b`
    div Div,
    /// `a %/% b`
    int_div IntDiv,
    /// `a %% b`
    modulo Mod,
    /// `a ^ b`
    pow Pow,
}

#[inline(always)]
fn binary<'h>(cx: &mut Cx<'h, '_>, op: Operator, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    if let (Some(x), Some(y)) = (a.as_float(), b.as_float())
        && let Ok(f) = op.floats(x, y)
    {
        return Ok(cx.heap().float(f));
    }
    general(cx, op, a, b)
}

#[inline(never)]
fn general<'h>(cx: &mut Cx<'h, '_>, op: Operator, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    let vector = a.is_vector() || b.is_vector();
    let result = if vector { vectors(cx, op, a, b) } else { scalars(cx, op, a, b) };
    result.map_err(|fault| fail::operands(cx, op.text(), operands_of(op), fault, a, b))
}

fn operands_of(op: Operator) -> &'static str {
    if op == Add { "numbers or strings" } else { "numbers" }
}

/// On two values that are no vectors.
fn scalars<'h>(
    cx: &mut Cx<'h, '_>,
    op: Operator,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Value<'h>, Fault> {
    let heap = cx.heap();
    match (a.kind(), b.kind()) {
        (Kind::Int, Kind::Int) => ints(cx, op, a, b),
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => {
            match (int::to_f64(a), int::to_f64(b)) {
                (Some(x), Some(y)) => Ok(heap.float(op.floats(x, y)?)),
                _ => Err(Fault::Type),
            }
        }
        (Kind::Str, Kind::Str) if op == Add => string::concat(heap, a, b).ok_or(Fault::Type),
        (Kind::Nil, Kind::Nil | Kind::Int | Kind::Float) => Ok(Value::NIL),
        (Kind::Int | Kind::Float, Kind::Nil) => Ok(Value::NIL),
        (Kind::Nil, Kind::Str) | (Kind::Str, Kind::Nil) if op == Add => Ok(Value::NIL),
        _ => Err(Fault::Type),
    }
}

/// On two ints of any size.
fn ints<'h>(
    cx: &mut Cx<'h, '_>,
    op: Operator,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Value<'h>, Fault> {
    let heap = cx.heap();
    if !a.word().is_small() || !b.word().is_small() {
        cx.charge(big_cost(op, a, b));
    }
    match op {
        Add => int::add(heap, a, b).ok_or(Fault::Type),
        Sub => int::sub(heap, a, b).ok_or(Fault::Type),
        Mul => int::mul(heap, a, b).ok_or(Fault::Type),
        Div => Ok(heap.float(int::true_div(a, b)?)),
        IntDiv => Ok(int::floor_div(heap, a, b)?),
        Mod => Ok(int::modulo(heap, a, b)?),
        Pow => match Int::of(b) {
            Some(Int::Small(n)) if n < 0 => power_of_floats(heap, a, b),
            Some(Int::Big(n)) if n.sign() == num_bigint::Sign::Minus => power_of_floats(heap, a, b),
            _ => Ok(int::pow(heap, a, b)?),
        },
    }
}

fn power_of_floats<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, Fault> {
    match (int::to_f64(a), int::to_f64(b)) {
        (Some(x), Some(y)) => Ok(heap.float(float_pow(x, y)?)),
        _ => Err(Fault::Type),
    }
}

/// About what an operation on big ints costs, in reductions.
fn big_cost(op: Operator, a: Value<'_>, b: Value<'_>) -> u64 {
    let limbs = |v: Value<'_>| match v.view() {
        crate::value::View::BigInt(n) => n.limbs().len() as u64,
        _ => 1,
    };
    let (a, b) = (limbs(a), limbs(b));
    match op {
        Add | Sub => (a + b) / 32,
        _ => a.saturating_mul(b) / 16,
    }
}

impl From<IntError> for Fault {
    fn from(error: IntError) -> Fault {
        match error {
            IntError::NotInt => Fault::Type,
            IntError::DivisionByZero => Fault::DivisionByZero,
            IntError::TooLarge => Fault::TooLarge,
        }
    }
}

/// Entry by entry.
fn vectors<'h>(
    cx: &mut Cx<'h, '_>,
    op: Operator,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Value<'h>, Fault> {
    let heap = cx.heap();
    let (Some(left), Some(right)) = (VecRef::of(a), VecRef::of(b)) else {
        return Err(Fault::Type);
    };
    check_kinds(op, left.kind(), right.kind())?;
    if let Some(moved) = move_range(heap, op, left, right) {
        return Ok(moved);
    }
    let lengths = Lengths::of(heap, left, right)?;
    cx.charge(lengths.len as u64 / 16);
    if let Some(floats) = packed(op, left, right, lengths)? {
        return vector::of_floats(heap, &floats).map_err(|_| Fault::TooLarge);
    }
    let mut builder = VecBuilder::with_capacity(lengths.len);
    for i in 0..lengths.len {
        let (x, y) = lengths.pair(heap, left, right, i);
        let entry = match (x.as_small(), y.as_small()) {
            (Some(_), Some(_)) => small_entry(op, x, y),
            _ => None,
        };
        let entry = match entry {
            Some(entry) => entry,
            None => scalars(cx, op, x, y)?,
        };
        builder.push(heap, entry);
    }
    builder.finish(heap).map_err(|_| Fault::Type)
}

#[inline(always)]
fn small_entry<'h>(op: Operator, x: Value<'h>, y: Value<'h>) -> Option<Value<'h>> {
    let (x, y) = (x.word(), y.word());
    let word = match op {
        Add => fast_add(x, y),
        Sub => fast_sub(x, y),
        Mul => fast_mul(x, y),
        IntDiv => fast_int_div(x, y),
        Mod => fast_modulo(x, y),
        Div | Pow => None,
    }?;
    Value::small(word.as_small()?)
}

/// A range and a small int: `1..10 + 5` is a range too.
fn move_range<'h>(heap: &'h Heap, op: Operator, a: VecRef<'h>, b: VecRef<'h>) -> Option<Value<'h>> {
    let (first, len, by) = match (op, a.entries(), b.entries()) {
        (Add, Entries::Range(first, len), Entries::One(n))
        | (Add, Entries::One(n), Entries::Range(first, len)) => (first, len, n.as_small()?),
        (Sub, Entries::Range(first, len), Entries::One(n)) => (first, len, -n.as_small()?),
        _ => return None,
    };
    let first = first.checked_add(by)?;
    let last = first.checked_add(i64::try_from(len).ok()?)?.checked_sub(1)?;
    vector::range(heap, first, last)
}

/// Whether vectors of these kinds go together, so that empty ones are checked too.
fn check_kinds(op: Operator, a: Kind, b: Kind) -> Result<(), Fault> {
    use Kind::{Empty, Float, Int, Nil, Str};
    match (a, b) {
        (Int | Float | Nil | Empty, Int | Float | Nil | Empty) => Ok(()),
        (Str | Nil | Empty, Str | Nil | Empty) if op == Add => Ok(()),
        _ => Err(Fault::Type),
    }
}

/// Packed floats on both sides, or a float vector and a number.
fn packed(
    op: Operator,
    a: VecRef<'_>,
    b: VecRef<'_>,
    lengths: Lengths,
) -> Result<Option<Vec<f64>>, Fault> {
    let nil = vector::is_nil_float;
    let mut out = Vec::new();
    let calculate = |x: f64, y: f64| -> Result<f64, Fault> {
        if nil(x) || nil(y) {
            Ok(vector::NIL_FLOAT)
        } else {
            op.floats(x, y).map(vector::stored_float)
        }
    };
    match (a.entries(), b.entries()) {
        (Entries::Floats(x), Entries::Floats(y)) if x.len() == y.len() => {
            out.reserve_exact(lengths.len);
            for (&x, &y) in x.iter().zip(y) {
                out.push(calculate(x, y)?);
            }
        }
        (Entries::Floats(x), Entries::One(y)) => {
            let Some(y) = int::to_f64(y) else { return Ok(None) };
            out.reserve_exact(lengths.len);
            for &x in x {
                out.push(calculate(x, y)?);
            }
        }
        (Entries::One(x), Entries::Floats(y)) => {
            let Some(x) = int::to_f64(x) else { return Ok(None) };
            out.reserve_exact(lengths.len);
            for &y in y {
                out.push(calculate(x, y)?);
            }
        }
        _ => return Ok(None),
    }
    Ok(Some(out))
}

/// `-s`
pub(crate) fn neg<'h>(cx: &mut Cx<'h, '_>, s: Value<'h>) -> Res<'h> {
    let heap = cx.heap();
    let one = |value: Value<'h>| -> Option<Value<'h>> {
        match value.as_float() {
            Some(f) => Some(heap.float(-f)),
            None if value.is_nil() => Some(value),
            None => int::neg(heap, value),
        }
    };
    if !s.is_vector() {
        return one(s).ok_or_else(|| fail::operand(cx, "-", "a number", s));
    }
    let Some(vec) = VecRef::of(s) else { return Ok(s) };
    if let Err(fault) = Lengths::of(heap, vec, vec) {
        return Err(fail::operands(cx, "-", "numbers", fault, s, s));
    }
    cx.charge(vec.len() as u64 / 16);
    elementwise::map(heap, vec, one).ok_or_else(|| fail::operand(cx, "-", "numbers", s))
}
