//! Ints so big that work on them takes long: a thread of the pool does it.
//!
//! In: an operator and two ints. Out: a job that holds copies of them, if that is worth it.

use num_bigint::{BigInt, Sign};

use super::Operator;
use crate::data::int::{self, Int};
use crate::heap::Heap;
use crate::native::{Cx, Job, Native, Resume};
use crate::value::{Value, View, Word};

/// What takes more reductions than this (about a millisecond) is not done on the process itself.
const LONG: u64 = if cfg!(test) { 8 } else { 50_000 };

/// About what an operation costs, in reductions.
pub(super) fn cost(op: Operator, a: Value<'_>, b: Value<'_>) -> u64 {
    let limbs = |v: Value<'_>| match v.view() {
        View::BigInt(n) => n.limbs().len() as u64,
        _ => 1,
    };
    let (x, y) = (limbs(a), limbs(b));
    match op {
        Operator::Add | Operator::Sub => (x + y) / 32,
        Operator::Pow => {
            // The last squaring is as long as all others together.
            let bits = match a.as_small() {
                Some(n) => 64 - n.unsigned_abs().leading_zeros() as u64,
                None => x * 64,
            };
            let result = bits.saturating_mul(b.as_small().unwrap_or(0).unsigned_abs()) / 64;
            result.saturating_mul(result) / 32
        }
        _ => x.saturating_mul(y) / 16,
    }
}

/// The job that does it, if it takes long and gives a result.
pub(super) fn job(heap: &Heap, op: Operator, a: Value<'_>, b: Value<'_>) -> Option<Box<dyn Job>> {
    let both_small = a.word().is_small() && b.word().is_small();
    if both_small && op != Operator::Pow || cost(op, a, b) < LONG {
        return None;
    }
    let (x, y) = (Int::of(a)?.into_big(), Int::of(b)?.into_big());
    let y = match op {
        Operator::Mul => Operand::Int(y),
        // No divisor that is so big is zero, but a small one may be.
        Operator::IntDiv | Operator::Mod if y.sign() != Sign::NoSign => Operand::Int(y),
        Operator::Pow => Operand::Power(int::power_fits(heap, &x, b.as_small()?)?),
        _ => return None,
    };
    Some(Box::new(Calculation { op, x, y }))
}

/// The second operand.
enum Operand {
    Int(BigInt),
    Power(u32),
}

struct Calculation {
    op: Operator,
    x: BigInt,
    y: Operand,
}

impl Job for Calculation {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let Calculation { op, x, y } = *self;
        Box::new(Calculated(match y {
            Operand::Power(n) => x.pow(n),
            Operand::Int(y) => match op {
                Operator::IntDiv => int::floor_div_big(&x, &y),
                Operator::Mod => int::modulo_big(&x, &y),
                _ => x * y,
            },
        }))
    }
}

struct Calculated(BigInt);

impl Resume for Calculated {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        cx.charge(self.0.bits() / 4096);
        Native::Value(int::from_bigint(cx.heap(), &self.0))
    }

    fn trace(&mut self, _: &mut dyn FnMut(&mut Word)) {}
}
