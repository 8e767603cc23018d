//! Divisors, factorials, even and odd: exact on ints of any size.

use super::{each_number, each_pair, int_cost, int_of};
use crate::natives::support::{Answer, Arg, Roots, Steps, run};
use num_bigint::BigInt;
use rata_vm::data::int::{self, Int};
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

fn gcd(mut a: BigInt, mut b: BigInt) -> BigInt {
    while b != BigInt::ZERO {
        let rest = &a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    if a.sign() == num_bigint::Sign::Minus { -a } else { a }
}

/// The greatest common divisor of two ints of at most 64 bits.
fn gcd_small(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

macro_rules! divisors {
    ($($(#[$doc:meta])* $name:ident $function:literal |$a:ident, $b:ident| $small:expr, $big:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, args: [Value<'h>; 2]) -> Answer<'h> {
            const ARGS: [Arg; 2] = [Arg($function, "a"), Arg($function, "b")];
            each_pair(cx, ARGS, args, |cx, a, b| {
                let (x, y) = (int_of(cx, ARGS[0], a)?, int_of(cx, ARGS[1], b)?);
                if let (Int::Small($a), Int::Small($b)) = (&x, &y) {
                    let ($a, $b) = (*$a, *$b);
                    return Ok(int::wide(cx.heap(), $small));
                }
                let ($a, $b) = (x.into_big(), y.into_big());
                cx.charge(int_cost(&$a, &$b));
                Ok(int::from_bigint(cx.heap(), &$big))
            })
        }
    )* };
}

divisors! {
    /// `gcd(a, b)`
    math_gcd "Math.gcd" |a, b| gcd_small(a, b) as i128, gcd(a, b);
    /// `lcm(a, b)`
    math_lcm "Math.lcm" |a, b| lcm_small(a, b), lcm(a, b);
}

fn lcm_small(a: i64, b: i64) -> i128 {
    match gcd_small(a, b) {
        0 => 0,
        divisor => (a as i128 / divisor as i128 * b as i128).abs(),
    }
}

fn lcm(a: BigInt, b: BigInt) -> BigInt {
    let divisor = gcd(a.clone(), b.clone());
    if divisor == BigInt::ZERO {
        return divisor;
    }
    let multiple = a / divisor * b;
    if multiple.sign() == num_bigint::Sign::Minus { -multiple } else { multiple }
}

/// A factorial on its way: products of ranges, multiplied in the end, so that the factors stay
/// about as large as each other.
struct Factorial {
    /// Products of so many factors each, the later ones of fewer.
    parts: Vec<(u32, BigInt)>,
    next: u64,
    last: u64,
}

impl Roots for Factorial {
    fn roots(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

impl Steps for Factorial {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let over = self.next > self.last;
        if !over {
            let end = self.last.min(self.next + 63);
            let part = (self.next..=end).fold(BigInt::from(1), |acc, n| acc * n);
            self.parts.push((0, part));
            self.next = end + 1;
            cx.charge(4);
        }
        while let [.., (a, x), (b, y)] = self.parts.as_slice()
            && (over || a == b)
        {
            let product = (*a.max(b) + 1, x * y);
            cx.charge(int_cost(x, y));
            self.parts.truncate(self.parts.len() - 2);
            self.parts.push(product);
            if cx.out_of_budget() {
                return Ok(None);
            }
        }
        match self.parts.as_slice() {
            [(_, product)] if over => Ok(Some(int::from_bigint(cx.heap(), product))),
            _ => Ok(None),
        }
    }
}

/// The largest number whose factorial is worked out: it has about 5.5 million digits.
const MOST_FACTORIAL: u64 = 1_000_000;

/// `factorial(n)` of one int.
pub fn math_factorial<'h>(cx: &mut Cx<'h, '_>, [n]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("Math.factorial", "n");
    let last = arg.count(cx, n)? as u64;
    if last > MOST_FACTORIAL {
        return Err(arg.too_large(cx));
    }
    run(cx, Factorial { parts: vec![(0, BigInt::from(1))], next: 2, last })
}

macro_rules! parity {
    ($($name:ident $function:literal $wanted:literal;)*) => { $(
        /// Whether an int is even, or odd.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [n]: [Value<'h>; 1]) -> Answer<'h> {
            const ARG: Arg = Arg($function, "n");
            each_number(cx, ARG, n, |cx, n| {
                let odd = match int_of(cx, ARG, n)? {
                    Int::Small(n) => n & 1 == 1,
                    Int::Big(n) => n.bit(0),
                };
                Ok(Value::bool(odd == $wanted))
            })
        }
    )* };
}

parity! {
    math_is_even "Math.is_even" false;
    math_is_odd "Math.is_odd" true;
}
