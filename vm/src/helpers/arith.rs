//! Arithmetic: exact ints, floats, joined strings; elementwise on vectors.
//!
//! In: two operands. Out: the result, or a :type_error that names both, :value_error for lengths that
//! do not go together, :division_by_zero. The `fast_` functions take words known to be small ints and
//! give nothing when the result is none.

mod big;

use super::elementwise::{self, Entrywise, Fault, Lengths, Pass, Side, one_by_one};
use super::{fail, long};
use crate::data::int::{self, Int, IntError};
use crate::data::string;
use crate::data::vector::{self, Entries, VecRef};
use crate::heap::{FloatRoom, Heap};
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
    if op == Add
        && let Some(text) = texts(cx, &[a, b])
    {
        return text;
    }
    general(cx, op, a, b)
}

#[inline(never)]
fn general<'h>(cx: &mut Cx<'h, '_>, op: Operator, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    if a.is_vector() || b.is_vector() {
        let result = vectors(cx, op, a, b);
        return result.unwrap_or_else(|fault| Err(op.fault(cx, fault, a, b)));
    }
    if let Some(job) = big::job(cx.heap(), op, a, b) {
        return long::offload(cx, job);
    }
    scalars(cx, op, a, b).map_err(|fault| op.fault(cx, fault, a, b))
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
        (Kind::Str, Kind::Str) if op == Add => {
            texts(cx, &[a, b]).and_then(Res::ok).ok_or(Fault::Type)
        }
        (Kind::Nil, Kind::Nil | Kind::Int | Kind::Float) => Ok(Value::NIL),
        (Kind::Int | Kind::Float, Kind::Nil) => Ok(Value::NIL),
        (Kind::Nil, Kind::Str) | (Kind::Str, Kind::Nil) if op == Add => Ok(Value::NIL),
        _ => Err(Fault::Type),
    }
}

/// `a + b + c …` of what are most likely strings, in one go then.
#[cfg_attr(not(feature = "jit"), allow(dead_code))]
pub(crate) fn sum<'h>(cx: &mut Cx<'h, '_>, parts: &[Value<'h>]) -> Res<'h> {
    if let Some(text) = texts(cx, parts) {
        return text;
    }
    let mut rest = parts.iter();
    let first = rest.next().copied().unwrap_or(Value::NIL);
    rest.try_fold(first, |sum, part| add(cx, sum, *part))
}

/// Texts one after another. What is copied for it is charged: a long text is off the heap, and grows in
/// place or into a new buffer.
#[inline]
fn texts<'h>(cx: &mut Cx<'h, '_>, parts: &[Value<'h>]) -> Option<Res<'h>> {
    const BYTES: usize = 512;
    /// Shorter ones may be put together without asking for room.
    const LARGE: usize = 1 << 20;
    let heap = cx.heap();
    let bytes = |text: Value<'_>| text.as_str().map_or(0, str::len);
    if parts.iter().any(|part| bytes(*part) > LARGE) {
        let total = parts.iter().map(|part| bytes(*part)).sum();
        if total > string::MAX_LEN || !heap.may_build(total) {
            return Some(Err(cx.value_error("`+`: the result would be too large")));
        }
    }
    let before = heap.off_heap_bytes();
    let text = string::concat(heap, parts)?;
    let appended = bytes(text) - parts.first().map_or(0, |first| bytes(*first));
    let fresh = heap.off_heap_bytes().saturating_sub(before);
    cx.charge(((appended + fresh) / BYTES) as u64);
    Some(Ok(text))
}

/// On two ints of any size.
fn ints<'h>(
    cx: &mut Cx<'h, '_>,
    op: Operator,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Value<'h>, Fault> {
    let heap = cx.heap();
    // The power of two small ints may be huge.
    if op == Pow || !a.word().is_small() || !b.word().is_small() {
        cx.charge(big::cost(op, a, b));
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
) -> Result<Res<'h>, Fault> {
    let heap = cx.heap();
    let (Some(left), Some(right)) = (VecRef::of(a), VecRef::of(b)) else {
        return Err(Fault::Type);
    };
    check_kinds(op, left.kind(), right.kind())?;
    if let Some(moved) = move_range(heap, op, left, right) {
        return Ok(Ok(moved));
    }
    let pass = Pass::new(heap, op, (a, left), (b, right))?;
    Ok(long::run(cx, pass))
}

/// What `f` makes of floats; false if a nan is among it.
#[inline(always)]
fn lanes(x: Side<'_>, y: Side<'_>, out: &mut [f64], f: impl Fn(f64, f64) -> f64) -> bool {
    let mut nans = false;
    let mut put = |out: &mut f64, float: f64| {
        *out = float;
        nans |= float.is_nan();
    };
    match (x, y) {
        (Side::Many(x), Side::Many(y)) => {
            out.iter_mut().zip(x).zip(y).for_each(|((out, &x), &y)| put(out, f(x, y)));
        }
        (Side::Many(x), Side::One(y)) => {
            out.iter_mut().zip(x).for_each(|(out, &x)| put(out, f(x, y)));
        }
        (Side::One(x), Side::Many(y)) => {
            out.iter_mut().zip(y).for_each(|(out, &y)| put(out, f(x, y)));
        }
        (Side::One(x), Side::One(y)) => out.iter_mut().for_each(|out| put(out, f(x, y))),
    }
    !nans
}

impl Entrywise for Operator {
    type Packed = f64;
    type Room = FloatRoom;

    #[inline(always)]
    fn entry<'h>(
        self,
        cx: &mut Cx<'h, '_>,
        x: Value<'h>,
        y: Value<'h>,
    ) -> Result<Value<'h>, Fault> {
        let entry = match (x.as_small(), y.as_small()) {
            (Some(_), Some(_)) => small_entry(self, x, y),
            _ => None,
        };
        match entry {
            Some(entry) => Ok(entry),
            None => scalars(cx, self, x, y),
        }
    }

    #[inline(always)]
    fn packed(self, x: f64, y: f64) -> Result<f64, Fault> {
        if vector::is_nil_float(x) || vector::is_nil_float(y) {
            Ok(vector::NIL_FLOAT)
        } else {
            self.floats(x, y).map(vector::stored_float)
        }
    }

    /// Nil is a nan, and what is made of it one too: only where one comes out need it be known which.
    fn run(self, x: Side<'_>, y: Side<'_>, out: &mut [f64]) -> Result<(), Fault> {
        let plain = match self {
            Add => lanes(x, y, out, |a, b| a + b),
            Sub => lanes(x, y, out, |a, b| a - b),
            Mul => lanes(x, y, out, |a, b| a * b),
            Div if matches!(y, Side::One(by) if by != 0.0) => lanes(x, y, out, |a, b| a / b),
            _ => false,
        };
        if plain { Ok(()) } else { one_by_one(self, x, y, out) }
    }

    fn beside_floats(self, one: Value<'_>) -> Option<f64> {
        int::to_f64(one)
    }

    #[cold]
    fn fault<'h>(self, cx: &Cx<'h, '_>, fault: Fault, a: Value<'h>, b: Value<'h>) -> Value<'h> {
        fail::operands(cx, self.text(), operands_of(self), fault, a, b)
    }
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
