//! Rounding. Halves go away from zero. Without digits the result is an int; with digits after the point
//! it is the float nearest to the decimal number, judged by the float's exact value.

use super::{each_number, each_pair};
use crate::natives::support::{Answer, Arg};
use num_bigint::{BigInt, Sign};
use rata_vm::data::int::{self, Int};
use rata_vm::native::{Cx, Res};
use rata_vm::value::Value;

/// A float that is whole as an int; itself if it is not finite.
fn whole<'h>(cx: &Cx<'h, '_>, f: f64) -> Value<'h> {
    let heap = cx.heap();
    int::from_float(heap, f).unwrap_or_else(|| heap.float(f))
}

macro_rules! to_whole {
    ($($name:ident $function:literal $f:expr;)*) => { $(
        /// A number as an int.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [x]: [Value<'h>; 1]) -> Answer<'h> {
            const ARG: Arg = Arg($function, "x");
            let f: fn(f64) -> f64 = $f;
            each_number(cx, ARG, x, move |cx, x| match x.as_float() {
                Some(x) => Ok(whole(cx, f(x))),
                None if int::is_int(x) => Ok(x),
                None => Err(ARG.wrong(cx, "a number", x)),
            })
        }
    )* };
}

to_whole! {
    math_floor "Math.floor" f64::floor;
    math_ceil "Math.ceil" f64::ceil;
    math_trunc "Math.trunc" f64::trunc;
}

/// `round(x, digits)`
pub fn math_round<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
    const ARGS: [Arg; 2] = [Arg("Math.round", "x"), Arg("Math.round", "digits")];
    each_pair(cx, ARGS, args, |cx, x, digits| {
        let digits = ARGS[1].int(cx, digits)?;
        match x.as_float() {
            Some(f) if !f.is_finite() => Ok(x),
            Some(f) if digits > 0 => Ok(cx.heap().float(round_decimal(f, digits))),
            Some(f) if digits == 0 => Ok(whole(cx, f.round())),
            Some(f) => round_tens(cx, whole(cx, f.trunc()), digits),
            None if !int::is_int(x) => Err(ARGS[0].wrong(cx, "a number", x)),
            None if digits >= 0 => Ok(x),
            None => round_tens(cx, x, digits),
        }
    })
}

/// The float nearest to `f` with so many digits after the point.
fn round_decimal(f: f64, digits: i64) -> f64 {
    // Beyond so many digits a float has none left.
    if digits > 340 {
        return f;
    }
    let places = digits as usize;
    // Printing rounds exactly, but halves to even. A half is a number of just one binary digit more than
    // decimal digits are kept: times 10^places, each place takes one of them away.
    let scaled = f.abs() * 2f64.powi(places as i32 + 1);
    if scaled % 2.0 != 1.0 {
        return format!("{f:.places$}").parse().unwrap_or(f);
    }
    let exact = format!("{:.*}", places + 1, f.abs());
    let point = exact.find('.').unwrap_or(exact.len());
    let kept = exact[..point + 1 + places].replace('.', "");
    let up = kept.parse::<BigInt>().map(|n| (n + 1u8).to_string()).unwrap_or(kept);
    let text = format!("{up}e-{places}");
    text.parse::<f64>().map_or(f, |rounded| rounded.copysign(f))
}

/// An int rounded to tens, hundreds, …: `digits` is negative.
fn round_tens<'h>(cx: &mut Cx<'h, '_>, x: Value<'h>, digits: i64) -> Res<'h> {
    let heap = cx.heap();
    let Some(n) = Int::of(x).map(Int::into_big) else { return Ok(x) };
    let places = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
    // A unit of more digits than the number has leaves nothing.
    if places as u64 > n.bits() / 3 + 2 {
        return Ok(heap.int(0));
    }
    let unit = BigInt::from(10).pow(places);
    let half = &unit / 2;
    cx.charge(super::int_cost(&n, &unit));
    let magnitude = if n.sign() == Sign::Minus { -&n } else { n.clone() };
    let rounded: BigInt = (magnitude + half) / &unit * unit;
    Ok(int::from_bigint(heap, &if n.sign() == Sign::Minus { -rounded } else { rounded }))
}

#[cfg(test)]
mod tests {
    use super::round_decimal;

    #[test]
    fn decimals_are_judged_by_the_exact_value() {
        assert_eq!(round_decimal(2.567, 2), 2.57);
        assert_eq!(round_decimal(2.675, 2), 2.67);
        assert_eq!(round_decimal(0.125, 2), 0.13);
        assert_eq!(round_decimal(-0.125, 2), -0.13);
        assert_eq!(round_decimal(9.5e-2, 1), 0.1);
        assert_eq!(round_decimal(0.25, 1), 0.3);
        assert_eq!(round_decimal(99.95, 1), 100.0);
        assert_eq!(round_decimal(1e300, 5), 1e300);
        assert_eq!(round_decimal(5e-324, 300), 0.0);
        assert_eq!(round_decimal(1.5, 400), 1.5);
    }
}
