//! Exact ints: small ones in the word, larger ones as limbs in the heap.
//!
//! In: int values. Out: int values in canonical form: whatever fits 63 bits is a small int, so words
//! tell small ints apart and two big ints are equal only if their limbs are.
//!
//! The functions on values return nothing if an operand is no int: the caller raises.

use crate::heap::{Heap, layout};
use crate::value::{Value, Word};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// An int beyond 63 bits.
#[derive(Clone, Copy)]
pub struct BigRef<'h> {
    negative: bool,
    limbs: &'h [u64],
}

impl<'h> BigRef<'h> {
    pub(crate) fn of(value: Value<'h>) -> Option<BigRef<'h>> {
        let object = value.object_of(layout::BIGINT)?;
        Some(BigRef { negative: object.flags() & layout::NEGATIVE != 0, limbs: object.raw() })
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// The 64-bit digits of its magnitude, least first; the last is not zero.
    pub fn limbs(self) -> &'h [u64] {
        self.limbs
    }

    /// A copy to calculate with.
    pub fn to_bigint(self) -> BigInt {
        let digits: Vec<u32> =
            self.limbs.iter().flat_map(|&l| [l as u32, (l >> 32) as u32]).collect();
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_biguint(sign, BigUint::new(digits))
    }

    /// The nearest float; an infinity if none is near.
    pub fn to_f64(self) -> f64 {
        let magnitude = match self.limbs {
            [a] => *a as f64,
            [a, b] => (*a as u128 | (*b as u128) << 64) as f64,
            _ => return self.to_bigint().to_f64().unwrap_or(f64::NAN),
        };
        if self.negative { -magnitude } else { magnitude }
    }

    fn cmp(self, other: BigRef<'_>) -> Ordering {
        if self.negative != other.negative {
            return other.negative.cmp(&self.negative);
        }
        let magnitudes = self
            .limbs
            .len()
            .cmp(&other.limbs.len())
            .then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()));
        if self.negative { magnitudes.reverse() } else { magnitudes }
    }
}

/// An int taken out of the heap, to calculate with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Int {
    /// An int of at most 64 bits.
    Small(i64),
    /// Any int.
    Big(BigInt),
}

impl Int {
    /// The int that a value is.
    pub fn of(value: Value<'_>) -> Option<Int> {
        match value.as_small() {
            Some(n) => Some(Int::Small(n)),
            None => BigRef::of(value).map(|b| Int::Big(b.to_bigint())),
        }
    }

    /// The int as a `BigInt`.
    pub fn into_big(self) -> BigInt {
        match self {
            Int::Small(n) => n.into(),
            Int::Big(n) => n,
        }
    }

    /// The value of this int.
    pub fn to_value<'h>(&self, heap: &'h Heap) -> Value<'h> {
        match self {
            Int::Small(n) => heap.int(*n),
            Int::Big(n) => from_bigint(heap, n),
        }
    }
}

/// Whether a value is an int of any size.
#[inline]
pub fn is_int(value: Value<'_>) -> bool {
    value.word().is_small() || value.object_of(layout::BIGINT).is_some()
}

/// How many 64-bit digits an int has: what operations on it cost grows with this.
#[inline]
pub fn digits(value: Value<'_>) -> usize {
    BigRef::of(value).map_or(1, |b| b.limbs.len())
}

/// The value of an int of up to 128 bits.
pub fn wide(heap: &Heap, n: i128) -> Value<'_> {
    if let Ok(small) = i64::try_from(n)
        && let Some(value) = Value::small(small)
    {
        return value;
    }
    let magnitude = n.unsigned_abs();
    from_limbs(heap, n < 0, &[magnitude as u64, (magnitude >> 64) as u64])
}

/// The value of an int.
pub fn from_bigint<'h>(heap: &'h Heap, n: &BigInt) -> Value<'h> {
    if let Some(small) = n.to_i64()
        && let Some(value) = Value::small(small)
    {
        return value;
    }
    from_limbs(heap, n.is_negative(), &n.magnitude().to_u64_digits())
}

/// The value of an int given by sign and 64-bit digits, least first.
fn from_limbs<'h>(heap: &'h Heap, negative: bool, limbs: &[u64]) -> Value<'h> {
    let len = limbs.iter().rposition(|&l| l != 0).map_or(0, |i| i + 1);
    let flags = if negative { layout::NEGATIVE } else { 0 };
    heap.object(layout::BIGINT, flags, 0, &limbs[..len], &[])
}

/// The float nearest to a number (int or float).
pub fn to_f64(value: Value<'_>) -> Option<f64> {
    match value.as_small() {
        Some(n) => Some(n as f64),
        None => value.as_float().or_else(|| BigRef::of(value).map(BigRef::to_f64)),
    }
}

fn both(a: Value<'_>, b: Value<'_>) -> Option<(BigInt, BigInt)> {
    Some((Int::of(a)?.into_big(), Int::of(b)?.into_big()))
}

/// `a + b`.
#[inline]
pub fn add<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Option<Value<'h>> {
    match (a.as_small(), b.as_small()) {
        (Some(a), Some(b)) => Some(heap.int(a + b)),
        _ => both(a, b).map(|(a, b)| from_bigint(heap, &(a + b))),
    }
}

/// `a - b`.
#[inline]
pub fn sub<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Option<Value<'h>> {
    match (a.as_small(), b.as_small()) {
        (Some(a), Some(b)) => Some(heap.int(a - b)),
        _ => both(a, b).map(|(a, b)| from_bigint(heap, &(a - b))),
    }
}

/// `a * b`.
#[inline]
pub fn mul<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Option<Value<'h>> {
    match (a.as_small(), b.as_small()) {
        (Some(a), Some(b)) => match a.checked_mul(b) {
            Some(n) => Some(heap.int(n)),
            None => Some(wide(heap, a as i128 * b as i128)),
        },
        _ => both(a, b).map(|(a, b)| from_bigint(heap, &(a * b))),
    }
}

/// `-a`.
#[inline]
pub fn neg<'h>(heap: &'h Heap, a: Value<'h>) -> Option<Value<'h>> {
    match a.as_small() {
        Some(n) => Some(heap.int(-n)),
        None => Int::of(a).map(|a| from_bigint(heap, &-a.into_big())),
    }
}

/// Why an operation on two ints gave none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntError {
    /// An operand is no int.
    NotInt,
    /// The divisor is zero.
    DivisionByZero,
    /// The result would not fit in memory.
    TooLarge,
}

/// Quotient and remainder rounded down, for a divisor other than 0.
fn floor(a: i64, b: i64) -> (i64, i64) {
    let (q, r) = (a.wrapping_div(b), a.wrapping_rem(b));
    if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) }
}

fn floor_big(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let (q, r) = (a / b, a % b);
    if !r.is_zero() && r.is_negative() != b.is_negative() { (q - 1, r + b) } else { (q, r) }
}

/// The quotient rounded down, for a divisor other than 0.
pub(crate) fn floor_div_big(a: &BigInt, b: &BigInt) -> BigInt {
    floor_big(a, b).0
}

/// The remainder with the sign of the divisor, which is not 0.
pub(crate) fn modulo_big(a: &BigInt, b: &BigInt) -> BigInt {
    floor_big(a, b).1
}

/// `a %/% b`: the quotient rounded down.
#[inline]
pub fn floor_div<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, IntError> {
    match (a.as_small(), b.as_small()) {
        (Some(_), Some(0)) => Err(IntError::DivisionByZero),
        (Some(a), Some(b)) => Ok(heap.int(floor(a, b).0)),
        _ => {
            let (a, b) = both(a, b).ok_or(IntError::NotInt)?;
            if b.is_zero() {
                return Err(IntError::DivisionByZero);
            }
            Ok(from_bigint(heap, &floor_big(&a, &b).0))
        }
    }
}

/// `a %% b`: the remainder, with the sign of the divisor.
#[inline]
pub fn modulo<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, IntError> {
    match (a.as_small(), b.as_small()) {
        (Some(_), Some(0)) => Err(IntError::DivisionByZero),
        (Some(a), Some(b)) => Ok(heap.int(floor(a, b).1)),
        _ => {
            let (a, b) = both(a, b).ok_or(IntError::NotInt)?;
            if b.is_zero() {
                return Err(IntError::DivisionByZero);
            }
            Ok(from_bigint(heap, &floor_big(&a, &b).1))
        }
    }
}

/// `a / b` of ints: the float nearest to the exact quotient.
pub fn true_div(a: Value<'_>, b: Value<'_>) -> Result<f64, IntError> {
    const EXACT: i64 = 1 << 53;
    match (a.as_small(), b.as_small()) {
        (Some(_), Some(0)) => return Err(IntError::DivisionByZero),
        (Some(a), Some(b)) if a.abs() <= EXACT && b.abs() <= EXACT => {
            return Ok(a as f64 / b as f64);
        }
        _ => {}
    }
    let (a, b) = both(a, b).ok_or(IntError::NotInt)?;
    if b.is_zero() {
        return Err(IntError::DivisionByZero);
    }
    let quotient = ratio(a.magnitude(), b.magnitude());
    Ok(if a.is_negative() != b.is_negative() { -quotient } else { quotient })
}

/// The float nearest to `a / b`.
fn ratio(a: &BigUint, b: &BigUint) -> f64 {
    if a.is_zero() {
        return 0.0;
    }
    // Scale so that the quotient has 65 to 67 bits: more than a float keeps, less than a u128 does.
    // What is left over only matters in that it is not zero.
    let scale = 66 + b.bits() as i64 - a.bits() as i64;
    let (a, b) =
        if scale >= 0 { (a << scale as u64, b.clone()) } else { (a.clone(), b << (-scale) as u64) };
    let (q, r) = (&a / &b, &a % &b);
    let q = q.to_u128().unwrap_or(u128::MAX) | u128::from(!r.is_zero());
    scale_by_power(q, -scale)
}

/// `q * 2^exponent`, rounded once.
fn scale_by_power(q: u128, exponent: i64) -> f64 {
    let top = 127 - q.leading_zeros() as i64 + exponent;
    if top > 1023 {
        return f64::INFINITY;
    }
    if top >= -1022 {
        // The result is normal: rounding q to 53 bits is the only rounding.
        let (half, rest) = (exponent / 2, exponent - exponent / 2);
        return q as f64 * 2f64.powi(half as i32) * 2f64.powi(rest as i32);
    }
    // Subnormal: round to a multiple of 2^-1074 by hand.
    let drop = -1074 - exponent;
    if drop > 127 {
        return 0.0;
    }
    let (kept, lost) = (q >> drop, q & ((1 << drop) - 1));
    let half = 1u128 << (drop - 1);
    let up = lost > half || (lost == half && kept & 1 == 1);
    f64::from_bits((kept + u128::from(up)) as u64)
}

/// Most bits that a power may have: 128 MiB of them.
const MAX_BITS: u64 = 1 << 30;

/// `base ^ exponent` for an exponent of at least 0.
pub fn pow<'h>(
    heap: &'h Heap,
    base: Value<'h>,
    exponent: Value<'h>,
) -> Result<Value<'h>, IntError> {
    let base_int = Int::of(base).ok_or(IntError::NotInt)?;
    if !is_int(exponent) {
        return Err(IntError::NotInt);
    }
    let even = match exponent.as_small() {
        Some(n) => n % 2 == 0,
        None => BigRef::of(exponent).is_some_and(|b| b.limbs()[0] % 2 == 0),
    };
    match (&base_int, exponent.as_small()) {
        (_, Some(0)) => return Ok(heap.int(1)),
        (Int::Small(0 | 1), _) => return Ok(base),
        (Int::Small(-1), _) => return Ok(heap.int(if even { 1 } else { -1 })),
        _ => {}
    }
    let Some(n) = exponent.as_small().and_then(|n| u32::try_from(n).ok()) else {
        return Err(IntError::TooLarge);
    };
    if let Int::Small(b) = base_int
        && let Some(power) = b.checked_pow(n)
    {
        return Ok(heap.int(power));
    }
    let big = base_int.into_big();
    match power_fits(heap, &big, n as i64) {
        Some(n) => Ok(from_bigint(heap, &big.pow(n))),
        None => Err(IntError::TooLarge),
    }
}

/// The exponent, if `base ^ exponent` is an int that fits into the heap.
pub(crate) fn power_fits(heap: &Heap, base: &BigInt, exponent: i64) -> Option<u32> {
    let n = u32::try_from(exponent).ok()?;
    let bits = base.bits().saturating_mul(n as u64);
    (bits <= MAX_BITS && heap.may_build(bits as usize / 8)).then_some(n)
}

/// How two ints compare; nothing if one is no int.
#[inline]
pub fn cmp(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    match (a.as_small(), b.as_small()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(_), None) => {
            BigRef::of(b).map(|b| if b.negative { Ordering::Greater } else { Ordering::Less })
        }
        (None, Some(_)) => {
            BigRef::of(a).map(|a| if a.negative { Ordering::Less } else { Ordering::Greater })
        }
        (None, None) => Some(BigRef::of(a)?.cmp(BigRef::of(b)?)),
    }
}

/// How an int compares with a float, exactly; nothing if `a` is no int or `f` is nan.
pub fn cmp_float(a: Value<'_>, f: f64) -> Option<Ordering> {
    if !is_int(a) || f.is_nan() {
        return None;
    }
    if let Some(n) = a.as_small() {
        // Beyond 2^62 every float is beyond every small int; below, its floor is an i64.
        const EDGE: f64 = (1u64 << 62) as f64;
        if f >= EDGE {
            return Some(Ordering::Less);
        }
        if f < -EDGE {
            return Some(Ordering::Greater);
        }
        let floor = f.floor();
        let by_floor = n.cmp(&(floor as i64));
        return Some(by_floor.then(if f > floor { Ordering::Less } else { Ordering::Equal }));
    }
    let a = BigRef::of(a)?;
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    // A big int is at least 2^62 away from 0, where floats of its size have no fraction.
    let b = num_traits::FromPrimitive::from_f64(f.trunc());
    b.map(|b: BigInt| a.to_bigint().cmp(&b))
}

/// The digits of an int.
pub fn to_string(value: Value<'_>) -> Option<String> {
    match value.as_small() {
        Some(n) => Some(n.to_string()),
        None => BigRef::of(value).map(|b| b.to_bigint().to_string()),
    }
}

/// The int nearest to an integral float; nothing if it is not finite.
pub fn from_float(heap: &Heap, f: f64) -> Option<Value<'_>> {
    if !f.is_finite() {
        return None;
    }
    if f.abs() < (1u64 << 62) as f64 {
        return Some(heap.int(f as i64));
    }
    let big: BigInt = num_traits::FromPrimitive::from_f64(f.trunc())?;
    Some(from_bigint(heap, &big))
}

/// Whether a word is a small int or nil: what the packed int format holds.
#[inline(always)]
pub(crate) fn packs(word: Word) -> bool {
    word.is_small() || word.is_nil()
}

#[cfg(test)]
#[path = "int_tests.rs"]
mod tests;
