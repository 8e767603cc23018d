//! Bits of ints of any size, negative ones in two's complement without end.

use super::{each_number, each_pair, int_of};
use crate::natives::support::{Answer, Arg};
use num_bigint::BigInt;
use rata_vm::data::int::{self, Int};
use rata_vm::native::{Cx, Res};
use rata_vm::value::Value;

macro_rules! bitwise {
    ($($name:ident $function:literal $op:tt;)*) => { $(
        /// A bitwise operation on ints.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
            const ARGS: [Arg; 2] = [Arg($function, "a"), Arg($function, "b")];
            each_pair(cx, ARGS, args, |cx, a, b| {
                let heap = cx.heap();
                match (int_of(cx, ARGS[0], a)?, int_of(cx, ARGS[1], b)?) {
                    (Int::Small(a), Int::Small(b)) => Ok(heap.int(a $op b)),
                    (a, b) => {
                        let (a, b) = (a.into_big(), b.into_big());
                        cx.charge((a.bits() + b.bits()) / 4096);
                        Ok(int::from_bigint(heap, &(a $op b)))
                    }
                }
            })
        }
    )* };
}

bitwise! {
    math_bit_and "Math.bit_and" &;
    math_bit_or "Math.bit_or" |;
    math_bit_xor "Math.bit_xor" ^;
}

/// `bit_not(a)`
pub fn math_bit_not<'h>(cx: &mut Cx<'h, '_>, [a]: [Value<'h>; 1]) -> Answer<'h> {
    const ARG: Arg = Arg("Math.bit_not", "a");
    each_number(cx, ARG, a, |cx, a| match int_of(cx, ARG, a)? {
        Int::Small(a) => Ok(cx.heap().int(!a)),
        Int::Big(a) => Ok(int::from_bigint(cx.heap(), &!a)),
    })
}

/// The most bits that an int may be shifted up by: 128 MiB of them.
const MOST_BITS: u64 = 1 << 30;

/// `a` times 2 to the power of `by`, rounded down.
fn shift<'h>(cx: &mut Cx<'h, '_>, args: [Arg; 2], a: Value<'h>, by: i64) -> Res<'h> {
    let heap = cx.heap();
    let n = int_of(cx, args[0], a)?;
    if by <= 0 {
        let by = by.unsigned_abs();
        return Ok(match n {
            Int::Small(n) => heap.int(n >> by.min(63)),
            Int::Big(n) => {
                cx.charge(n.bits() / 4096);
                int::from_bigint(heap, &(n >> by))
            }
        });
    }
    if n == Int::Small(0) {
        return Ok(a);
    }
    let n = n.into_big();
    let bits = n.bits().saturating_add(by.unsigned_abs());
    if bits > MOST_BITS || !heap.may_build(bits as usize / 8) {
        return Err(args[1].too_large(cx));
    }
    cx.charge(bits / 4096);
    let shifted: BigInt = n << by;
    Ok(int::from_bigint(heap, &shifted))
}

macro_rules! shifts {
    ($($name:ident $function:literal |$by:ident| $bits:expr;)*) => { $(
        /// An int shifted by a number of bits.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
            const ARGS: [Arg; 2] = [Arg($function, "a"), Arg($function, "bits")];
            each_pair(cx, ARGS, args, |cx, a, b| {
                let $by = ARGS[1].int(cx, b)?;
                shift(cx, ARGS, a, $bits)
            })
        }
    )* };
}

shifts! {
    math_shift_left "Math.shift_left" |by| by;
    math_shift_right "Math.shift_right" |by| by.checked_neg().unwrap_or(i64::MAX);
}
