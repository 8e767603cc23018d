//! Natives of Math: functions of numbers, entry by entry on vectors. nil stays nil.
//!
//! Ints stay exact wherever the result is an int; rounding gives ints unless digits are asked for.

use super::support::{Answer, Arg, Roots, Seq, Steps, fold, run, value};
use num_bigint::BigInt;
use rata_vm::data::int::{self, Int};
use rata_vm::data::vector::VecBuilder;
use rata_vm::native::{Cx, Native, Res};
use rata_vm::value::{Value, Word};

pub mod bits;
pub mod ints;
pub mod rounding;

pub use bits::*;
pub use ints::*;
pub use rounding::*;

/// Applies `f` to a number, or to each of a vector of them.
pub fn each_number<'h, F>(cx: &mut Cx<'h, '_>, arg: Arg, x: Value<'h>, f: F) -> Answer<'h>
where
    F: for<'x, 'y> Fn(&mut Cx<'x, 'y>, Value<'x>) -> Res<'x> + Send + 'static,
{
    if !x.is_vector() {
        return if x.is_nil() { value(x) } else { f(cx, x).map(Native::Value) };
    }
    let seq = arg.vec_seq(cx, x)?;
    let out = VecBuilder::with_capacity(seq.len());
    fold(
        cx,
        seq,
        out,
        move |out, cx, entry| {
            let made = if entry.is_nil() { entry } else { f(cx, entry)? };
            out.push(cx.heap(), made);
            Ok(true)
        },
        |out, cx| value(out.collect(cx.heap())),
    )
}

/// Two operands, entry by entry.
struct Pairwise<F> {
    a: Word,
    b: Word,
    next: usize,
    len: usize,
    f: F,
    out: VecBuilder,
}

impl<F: Send + 'static> Roots for Pairwise<F> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.a.roots(visit);
        self.b.roots(visit);
        self.out.roots(visit);
    }
}

impl<F> Steps for Pairwise<F>
where
    F: for<'x, 'y> Fn(&mut Cx<'x, 'y>, Value<'x>, Value<'x>) -> Res<'x> + Send + 'static,
{
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let (a, b) = (Seq::at_rest(heap, self.a), Seq::at_rest(heap, self.b));
        let start = self.next;
        let end = self.len.min(start + 512);
        let entry = |seq: Seq<'h>, i: usize| {
            seq.get(heap, if seq.len() == 1 { 0 } else { i }).unwrap_or(Value::NIL)
        };
        while self.next < end {
            let (x, y) = (entry(a, self.next), entry(b, self.next));
            let nil = x.is_nil() || y.is_nil();
            let made = if nil { Value::NIL } else { (self.f)(cx, x, y)? };
            self.out.push(heap, made);
            self.next += 1;
            if cx.out_of_budget() {
                break;
            }
        }
        cx.charge(1 + (self.next - start) as u64 / 16);
        if self.next < self.len {
            return Ok(None);
        }
        Ok(Some(std::mem::take(&mut self.out).collect(heap)))
    }
}

/// Applies `f` to two numbers, or entry by entry to vectors of the same length (or one of them of one
/// entry).
pub fn each_pair<'h, F>(
    cx: &mut Cx<'h, '_>,
    [left, right]: [Arg; 2],
    [a, b]: [Value<'h>; 2],
    f: F,
) -> Answer<'h>
where
    F: for<'x, 'y> Fn(&mut Cx<'x, 'y>, Value<'x>, Value<'x>) -> Res<'x> + Send + 'static,
{
    if !a.is_vector() && !b.is_vector() {
        let nil = a.is_nil() || b.is_nil();
        return if nil { value(Value::NIL) } else { f(cx, a, b).map(Native::Value) };
    }
    let (x, y) = (left.vec(cx, a)?.len(), right.vec(cx, b)?.len());
    if x != y && x != 1 && y != 1 {
        let text = format!("{}: {} has {x} entries, {} has {y}", left.0, left.1, right.1);
        return Err(cx.value_error(&text));
    }
    let len = if x == 1 { y } else { x };
    let out = VecBuilder::with_capacity(len);
    run(cx, Pairwise { a: a.word(), b: b.word(), next: 0, len, f, out })
}

/// A number as a float, for functions that only know floats.
fn float_of<'h>(cx: &Cx<'h, '_>, arg: Arg, x: Value<'h>) -> Result<f64, Value<'h>> {
    int::to_f64(x).ok_or_else(|| arg.wrong(cx, "a number", x))
}

/// Functions from a float to a float: name, function, how.
macro_rules! float_functions {
    ($($name:ident $function:literal $f:expr;)*) => { $(
        /// A function of floats.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [x]: [Value<'h>; 1]) -> Answer<'h> {
            const ARG: Arg = Arg($function, "x");
            let f: fn(f64) -> f64 = $f;
            each_number(cx, ARG, x, move |cx, x| Ok(cx.heap().float(f(float_of(cx, ARG, x)?))))
        }
    )* };
}

float_functions! {
    math_sqrt "Math.sqrt" f64::sqrt;
    math_cbrt "Math.cbrt" f64::cbrt;
    math_exp "Math.exp" f64::exp;
    math_sin "Math.sin" f64::sin;
    math_cos "Math.cos" f64::cos;
    math_tan "Math.tan" f64::tan;
    math_asin "Math.asin" f64::asin;
    math_acos "Math.acos" f64::acos;
    math_atan "Math.atan" f64::atan;
    math_sinh "Math.sinh" f64::sinh;
    math_cosh "Math.cosh" f64::cosh;
    math_tanh "Math.tanh" f64::tanh;
}

/// A number as a float times a power of 2: ints beyond all floats have logarithms too.
fn scaled<'h>(cx: &Cx<'h, '_>, arg: Arg, x: Value<'h>) -> Result<(f64, f64), Value<'h>> {
    let f = float_of(cx, arg, x)?;
    if f != f64::INFINITY || x.as_float().is_some() {
        return Ok((f, 0.0));
    }
    let Some(n) = Int::of(x) else { return Ok((f, 0.0)) };
    let n = n.into_big();
    let shift = n.bits().saturating_sub(64);
    let top = int::from_bigint(cx.heap(), &(n >> shift));
    Ok((float_of(cx, arg, top)?, shift as f64))
}

/// Logarithms: name, function, how, and the logarithm of 2.
macro_rules! logarithms {
    ($($name:ident $function:literal $log:expr, $of_two:expr;)*) => { $(
        /// A logarithm.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [x]: [Value<'h>; 1]) -> Answer<'h> {
            const ARG: Arg = Arg($function, "x");
            let log: fn(f64) -> f64 = $log;
            each_number(cx, ARG, x, move |cx, x| {
                let (x, shift) = scaled(cx, ARG, x)?;
                let more = if shift > 0.0 { shift * $of_two } else { 0.0 };
                Ok(cx.heap().float(log(x) + more))
            })
        }
    )* };
}

logarithms! {
    math_log10 "Math.log10" f64::log10, std::f64::consts::LOG10_2;
    math_log2 "Math.log2" f64::log2, 1.0;
    math_ln "Math.log" f64::ln, std::f64::consts::LN_2;
}

/// `log(x, base)`
pub fn math_log<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
    const ARGS: [Arg; 2] = [Arg("Math.log", "x"), Arg("Math.log", "base")];
    each_pair(cx, ARGS, args, |cx, x, base| {
        let ((x, shift), (base, wide)) = (scaled(cx, ARGS[0], x)?, scaled(cx, ARGS[1], base)?);
        if shift == 0.0 && wide == 0.0 {
            return Ok(cx.heap().float(log(x, base)));
        }
        let of_two = std::f64::consts::LN_2;
        let quotient = (x.ln() + shift * of_two) / (base.ln() + wide * of_two);
        // Powers of 2 come out exactly.
        let exact = (base == 2.0).then(|| x.log2() + shift);
        Ok(cx.heap().float(exact.unwrap_or(quotient)))
    })
}

/// Functions of two floats: name, function, names of the arguments, how.
macro_rules! float_pairs {
    ($($name:ident $function:literal $a:literal $b:literal $f:expr;)*) => { $(
        /// A function of two floats.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
            const LEFT: Arg = Arg($function, $a);
            const RIGHT: Arg = Arg($function, $b);
            let f: fn(f64, f64) -> f64 = $f;
            each_pair(cx, [LEFT, RIGHT], args, move |cx, x, y| {
                Ok(cx.heap().float(f(float_of(cx, LEFT, x)?, float_of(cx, RIGHT, y)?)))
            })
        }
    )* };
}

float_pairs! {
    math_hypot "Math.hypot" "x" "y" f64::hypot;
    math_atan2 "Math.atan2" "y" "x" f64::atan2;
}

/// The logarithm in a base, exact where the bases 2 and 10 are.
fn log(x: f64, base: f64) -> f64 {
    if base == 2.0 {
        x.log2()
    } else if base == 10.0 {
        x.log10()
    } else {
        x.ln() / base.ln()
    }
}

/// `abs(x)`
pub fn math_abs<'h>(cx: &mut Cx<'h, '_>, [x]: [Value<'h>; 1]) -> Answer<'h> {
    const ARG: Arg = Arg("Math.abs", "x");
    each_number(cx, ARG, x, |cx, x| {
        let heap = cx.heap();
        match x.as_float() {
            Some(f) => Ok(heap.float(f.abs())),
            None if is_negative(x) => int::neg(heap, x).ok_or_else(|| ARG.wrong(cx, "a number", x)),
            None if int::is_int(x) => Ok(x),
            None => Err(ARG.wrong(cx, "a number", x)),
        }
    })
}

fn is_negative(x: Value<'_>) -> bool {
    match x.view() {
        rata_vm::View::Int(n) => n < 0,
        rata_vm::View::BigInt(n) => n.is_negative(),
        _ => false,
    }
}

/// `sign(x)`: -1, 0 or 1.
pub fn math_sign<'h>(cx: &mut Cx<'h, '_>, [x]: [Value<'h>; 1]) -> Answer<'h> {
    const ARG: Arg = Arg("Math.sign", "x");
    each_number(cx, ARG, x, |cx, x| {
        let heap = cx.heap();
        match x.as_float() {
            Some(f) if f == 0.0 || f.is_nan() => Ok(x),
            Some(f) => Ok(heap.float(f.signum())),
            None if is_negative(x) => Ok(heap.int(-1)),
            None if int::is_int(x) => Ok(heap.int(i64::from(x.as_small() != Some(0)))),
            None => Err(ARG.wrong(cx, "a number", x)),
        }
    })
}

/// An int argument of any size.
pub fn int_of<'h>(cx: &Cx<'h, '_>, arg: Arg, x: Value<'h>) -> Result<Int, Value<'h>> {
    Int::of(x).ok_or_else(|| arg.wrong(cx, "an int", x))
}

/// About what an operation on ints of these sizes costs, in reductions.
pub fn int_cost(a: &BigInt, b: &BigInt) -> u64 {
    (a.bits() / 64 + 1).saturating_mul(b.bits() / 64 + 1) / 32
}

fn less(a: Value<'_>, b: Value<'_>) -> bool {
    rata_vm::compare::cmp_numbers(a, b) == Some(std::cmp::Ordering::Less)
}

/// `clamp(x, low, high)`
pub fn math_clamp<'h>(cx: &mut Cx<'h, '_>, [x, low, high]: [Value<'h>; 3]) -> Answer<'h> {
    const ARG: Arg = Arg("Math.clamp", "x");
    for (bound, name) in [(low, "low"), (high, "high")] {
        Arg("Math.clamp", name).float(cx, bound)?;
    }
    if less(high, low) {
        return Err(Arg("Math.clamp", "high").bad(cx, "at least low", high));
    }
    if !x.is_vector() {
        if x.is_nil() {
            return value(x);
        }
        ARG.float(cx, x)?;
        return value(if less(x, low) {
            low
        } else if less(high, x) {
            high
        } else {
            x
        });
    }
    let numbers = ARG.vec_seq(cx, x)?;
    fold(
        cx,
        numbers,
        (low.word(), high.word(), VecBuilder::new()),
        move |(low, high, out), cx, x| {
            let heap = cx.heap();
            let (low, high) = (heap.value(*low), heap.value(*high));
            if !x.is_nil() {
                ARG.float(cx, x)?;
            }
            out.push(
                heap,
                if less(x, low) {
                    low
                } else if less(high, x) {
                    high
                } else {
                    x
                },
            );
            Ok(true)
        },
        |(.., out), cx| value(out.collect(cx.heap())),
    )
}
