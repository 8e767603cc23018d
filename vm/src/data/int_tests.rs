//! Ints against `i128` and `BigInt`.

use super::*;
use proptest::prelude::*;

fn big(heap: &Heap, n: i128) -> Value<'_> {
    wide(heap, n)
}

fn read(v: Value<'_>) -> i128 {
    Int::of(v).unwrap().into_big().to_i128().unwrap()
}

fn interesting() -> impl Strategy<Value = i128> {
    let edge = 1i128 << 62;
    prop_oneof![
        -20i128..20,
        (edge - 3)..(edge + 3),
        (-edge - 3)..(-edge + 3),
        any::<i64>().prop_map(i128::from),
        any::<i64>().prop_map(|n| i128::from(n) * 3),
    ]
}

proptest! {
    #[test]
    fn arithmetic_agrees_with_i128(a in interesting(), b in interesting()) {
        let heap = Heap::new();
        let (x, y) = (big(&heap, a), big(&heap, b));
        prop_assert_eq!(read(add(&heap, x, y).unwrap()), a + b);
        prop_assert_eq!(read(sub(&heap, x, y).unwrap()), a - b);
        let product = Int::of(mul(&heap, x, y).unwrap()).unwrap().into_big();
        prop_assert_eq!(product, BigInt::from(a) * BigInt::from(b));
        prop_assert_eq!(read(neg(&heap, x).unwrap()), -a);
        prop_assert_eq!(cmp(x, y), Some(a.cmp(&b)));
        if b == 0 {
            prop_assert_eq!(floor_div(&heap, x, y).err(), Some(IntError::DivisionByZero));
            prop_assert_eq!(modulo(&heap, x, y).err(), Some(IntError::DivisionByZero));
        } else {
            let q = a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
            prop_assert_eq!(read(floor_div(&heap, x, y).unwrap()), q);
            prop_assert_eq!(read(modulo(&heap, x, y).unwrap()), a - q * b);
        }
    }

    #[test]
    fn results_are_canonical(a in interesting(), b in interesting()) {
        let heap = Heap::new();
        let sum = sub(&heap, add(&heap, big(&heap, a), big(&heap, b)).unwrap(), big(&heap, b));
        let fits = (-(1i128 << 62)..1i128 << 62).contains(&a);
        prop_assert_eq!(sum.unwrap().word().is_small(), fits);
    }

    #[test]
    fn int_against_float_is_exact(a in interesting(), f in any::<f64>()) {
        let heap = Heap::new();
        let got = cmp_float(big(&heap, a), f);
        let near = cmp_float(big(&heap, a), a as f64);
        prop_assert_eq!(near, Some(a.cmp(&(a as f64 as i128))));
        if f.abs() < 1e30 {
            let expected = a.cmp(&(f.floor() as i128))
                .then(if f.fract() != 0.0 { Ordering::Less } else { Ordering::Equal });
            prop_assert_eq!(got, Some(expected));
        }
    }

    #[test]
    fn division_rounds_once(a in any::<i64>(), b in any::<i64>()) {
        prop_assume!(b != 0);
        let heap = Heap::new();
        let got = true_div(heap.int(a), heap.int(b)).unwrap();
        // |got - a/b| <= half an ulp  <=>  2|got*b - a| <= |b| ulp, in exact arithmetic.
        let exact = |f: f64| -> BigInt {
            num_traits::FromPrimitive::from_f64(f * 2f64.powi(200)).unwrap()
        };
        let scaled: BigInt = BigInt::from(a) << 200u32;
        let error = |f: f64| -> BigInt {
            let e: BigInt = exact(f) * BigInt::from(b) - &scaled;
            e.abs()
        };
        prop_assert!(error(got) <= error(got.next_up()) && error(got) <= error(got.next_down()));
    }
}

#[test]
fn powers() {
    let heap = Heap::new();
    let n = |n: i64| heap.int(n);
    assert_eq!(read(pow(&heap, n(-3), n(3)).unwrap()), -27);
    assert_eq!(read(pow(&heap, n(2), n(100)).unwrap()), 1 << 100);
    assert_eq!(read(pow(&heap, n(0), n(0)).unwrap()), 1);
    let huge = big(&heap, (1 << 80) + 1);
    assert_eq!(read(pow(&heap, n(-1), huge).unwrap()), -1);
    assert_eq!(pow(&heap, n(2), huge).err(), Some(IntError::TooLarge));
    assert_eq!(pow(&heap, n(7), n(1 << 40)).err(), Some(IntError::TooLarge));
}

#[test]
fn huge_quotients_stay_finite() {
    let heap = Heap::new();
    let a = pow(&heap, heap.int(10), heap.int(400)).unwrap();
    let b = pow(&heap, heap.int(10), heap.int(399)).unwrap();
    assert_eq!(true_div(a, b), Ok(10.0));
    assert_eq!(true_div(heap.int(1), a), Ok(0.0));
    assert_eq!(true_div(a, heap.int(-1)), Ok(f64::NEG_INFINITY));
    let tiny = pow(&heap, heap.int(2), heap.int(1074)).unwrap();
    assert_eq!(true_div(heap.int(1), tiny), Ok(f64::from_bits(1)));
}
