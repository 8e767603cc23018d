//! Comparison operators and conditions.
//!
//! In: operands. Out: one bool for `==` and `!=`, bools entry by entry for the others; errors as
//! in `arith`.

use std::cmp::Ordering;

use rata_bytecode::operand::Cmp;

use super::elementwise::{Entrywise, Fault, Pass};
use super::fail;
use super::long::{self, NativePieces, Pieces};
use crate::compare::{Comparison, Equality};
use crate::data::vector::{self, VecRef};
use crate::data::{Work, int};
use crate::heap::Heap;
use crate::native::{Cx, Native, Res};
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
        Cmp::Eq => eq(cx, a, b)?,
        Cmp::Ne => ne(cx, a, b)?,
        _ => order(cx, op, a, b)?,
    };
    truth(cx, result)
}

/// `a == b`
pub(crate) fn eq<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    equal(cx, a, b, true)
}

/// `a != b`
pub(crate) fn ne<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    equal(cx, a, b, false)
}

/// Whether it is `wanted` that `a == b`.
fn equal<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>, wanted: bool) -> Res<'h> {
    if !a.word().is_pointer() && !b.word().is_pointer() {
        return Ok(Value::bool((a.word() == b.word()) == wanted));
    }
    long::run(cx, Sameness { equality: Equality::new(a, b, true), wanted })
}

/// Whether `a` and `b` match, as patterns do.
pub(crate) fn same<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Res<'h> {
    if let (Some(a), Some(b)) = (a.as_ref(), b.as_ref()) {
        // As the answers to all calls are told apart.
        return Ok(Value::bool(a.id() == b.id()));
    }
    long::run(cx, Sameness { equality: Equality::new(a, b, false), wanted: true })
}

/// Whether two values are equal, or whether they are not.
struct Sameness<'h> {
    equality: Equality<'h>,
    wanted: bool,
}

/// Steps of a comparison that cost one reduction.
const STEPS: u64 = 16;

impl<'h> Pieces<'h> for Sameness<'h> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let mut work = Work::default();
        let most = (cx.core.budget.max(1) as u64).saturating_mul(STEPS);
        let equal = self.equality.go_on(&mut work, most);
        cx.charge(work.0 / STEPS);
        equal.map(|equal| Ok(Value::bool(equal == self.wanted)))
    }
}

/// A native's answer: which of two values comes first in the order of all values, as -1, 0 or 1.
pub fn ordered<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Native<'h> {
    long::run_native(cx, Comparison::new(a, b))
}

impl<'h> NativePieces<'h> for Comparison<'h> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Native<'h>> {
        let mut work = Work::default();
        let most = (cx.core.budget.max(1) as u64).saturating_mul(STEPS);
        let order = Comparison::go_on(self, &mut work, most);
        cx.charge(work.0 / STEPS);
        order.map(|order| Native::Value(cx.heap().int(order as i64)))
    }
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
    if a.is_vector() || b.is_vector() {
        return match vectors(cx.heap(), op, a, b) {
            Ok(pass) => long::run(cx, pass),
            Err(fault) => Err(op.fault(cx, fault, a, b)),
        };
    }
    scalars(op, a, b).map_err(|fault| op.fault(cx, fault, a, b))
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
    heap: &'h Heap,
    op: Cmp,
    a: Value<'h>,
    b: Value<'h>,
) -> Result<Pass<'h, Cmp>, Fault> {
    let (Some(left), Some(right)) = (VecRef::of(a), VecRef::of(b)) else {
        return Err(Fault::Type);
    };
    check_kinds(left.kind(), right.kind())?;
    Pass::new(heap, op, (a, left), (b, right))
}

impl Entrywise for Cmp {
    /// A bool as vectors keep it.
    type Packed = u8;
    type Room = Vec<u8>;

    fn entry<'h>(self, _: &mut Cx<'h, '_>, x: Value<'h>, y: Value<'h>) -> Result<Value<'h>, Fault> {
        scalars(self, x, y)
    }

    #[inline(always)]
    fn packed(self, x: f64, y: f64) -> Result<u8, Fault> {
        let nil = vector::is_nil_float(x) || vector::is_nil_float(y);
        Ok(if nil { vector::NIL_BOOL } else { floats(self, x, y) as u8 })
    }

    fn beside_floats(self, one: Value<'_>) -> Option<f64> {
        one.as_float()
    }

    #[cold]
    fn fault<'h>(self, cx: &Cx<'h, '_>, fault: Fault, a: Value<'h>, b: Value<'h>) -> Value<'h> {
        fail::operands(cx, text(self), "numbers or two strings", fault, a, b)
    }
}

fn check_kinds(a: Kind, b: Kind) -> Result<(), Fault> {
    use Kind::{Empty, Float, Int, Nil, Str};
    match (a, b) {
        (Int | Float | Nil | Empty, Int | Float | Nil | Empty) => Ok(()),
        (Str | Nil | Empty, Str | Nil | Empty) => Ok(()),
        _ => Err(Fault::Type),
    }
}
