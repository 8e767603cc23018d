//! The laws of equality and order, on values of all sorts.

use super::*;
use crate::data::{Work, list, map, set, vector};
use crate::hash::hash;
use crate::heap::Heap;
use crate::symbols::Symbol;
use crate::testing::recipe;
use proptest::prelude::*;
use std::cmp::Ordering;

/// Equality, left and taken up again after every step.
fn in_pieces(a: Value<'_>, b: Value<'_>, loose: bool) -> bool {
    let mut equality = Equality::new(a, b, loose);
    loop {
        if let Some(equal) = equality.go_on(&mut Work::default(), 1) {
            return equal;
        }
    }
}

/// The order, found in pieces.
fn order_in_pieces(a: Value<'_>, b: Value<'_>) -> Ordering {
    let mut comparison = Comparison::new(a, b);
    loop {
        if let Some(order) = comparison.go_on(&mut Work::default(), 1) {
            return order;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn order_is_total(a in recipe(), b in recipe(), c in recipe()) {
        let heap = Heap::new();
        let (a, b, c) = (a.build(&heap), b.build(&heap), c.build(&heap));
        prop_assert_eq!(cmp(a, a), Ordering::Equal);
        prop_assert_eq!(cmp(a, b), cmp(b, a).reverse());
        prop_assert_eq!(cmp(a, b) == Ordering::Equal, strict_eq(a, b), "{:?} {:?}", a, b);
        if cmp(a, b).is_le() && cmp(b, c).is_le() {
            prop_assert!(cmp(a, c).is_le(), "{:?} <= {:?} <= {:?}", a, b, c);
        }
    }

    #[test]
    fn equal_values_hash_alike(r in recipe(), s in recipe()) {
        let heap = Heap::new();
        let (a, b, other) = (r.build(&heap), r.build(&heap), s.build(&heap));
        prop_assert!(strict_eq(a, b));
        prop_assert_eq!(hash(a), hash(b));
        prop_assert_eq!(cmp(a, other), order_in_pieces(a, other));
        prop_assert_eq!(cmp(a, b), Ordering::Equal);
        if strict_eq(a, other) {
            prop_assert_eq!(hash(a), hash(other));
            let has_nan = crate::inspect::inspect(a).contains("nan");
            prop_assert!(has_nan || loose_eq(a, other));
        }
        prop_assert_eq!(loose_eq(a, other), loose_eq(other, a));
        for (x, y) in [(a, b), (a, other)] {
            prop_assert_eq!(in_pieces(x, y, true), loose_eq(x, y));
            prop_assert_eq!(in_pieces(x, y, false), strict_eq(x, y));
        }
    }

    #[test]
    fn sorting_agrees_with_comparing(recipes in prop::collection::vec(recipe(), 0..12)) {
        let heap = Heap::new();
        let mut values: Vec<_> = recipes.iter().map(|r| r.build(&heap)).collect();
        sort(&mut values);
        prop_assert!(values.windows(2).all(|w| cmp(w[0], w[1]).is_le()));
        // Maps and sets sort inside the machine: the order of entries put must not matter.
        let entries: Vec<_> = values.iter().map(|&v| (v, v)).collect();
        let reversed: Vec<_> = entries.iter().rev().copied().collect();
        let (x, y) = (map::from_entries(&heap, &entries), map::from_entries(&heap, &reversed));
        // Of keys that are one (a symbol and its text) the last value counts: leave those out.
        if x.as_map().unwrap().len() == set::from_values(&heap, &values).as_set().unwrap().len() {
            prop_assert_eq!(cmp(x, y), Ordering::Equal);
            prop_assert!(strict_eq(x, y));
        }
    }
}

fn ints<'h>(heap: &'h Heap, ns: &[i64]) -> Value<'h> {
    let values: Vec<_> = ns.iter().map(|&n| heap.int(n)).collect();
    vector::from_values(heap, &values).unwrap()
}

#[test]
fn loose_equality() {
    let heap = Heap::new();
    assert!(loose_eq(heap.int(1), heap.float(1.0)));
    assert!(!strict_eq(heap.int(1), heap.float(1.0)));
    assert!(!loose_eq(heap.float(f64::NAN), heap.float(f64::NAN)));
    assert!(loose_eq(heap.float(0.0), heap.float(-0.0)));
    let floats = vector::of_floats(&heap, &[1.0, 2.0]).unwrap();
    assert!(loose_eq(ints(&heap, &[1, 2]), floats));
    assert!(loose_eq(vector::range(&heap, 1, 2).unwrap(), floats));
    assert!(!strict_eq(vector::range(&heap, 1, 2).unwrap(), floats));
    let of = |v| map::from_entries(&heap, &[(Value::symbol(Symbol::intern("a")), v)]);
    assert!(loose_eq(of(heap.int(1)), of(heap.float(1.0))));
    let keyed = |v| map::from_entries(&heap, &[(v, Value::NIL)]);
    assert!(!loose_eq(keyed(heap.int(1)), keyed(heap.float(1.0))));
    let one = list::new(&heap, &[heap.int(1)]);
    assert!(!loose_eq(one, heap.int(1)));
    assert!(!loose_eq(list::empty(), vector::empty()));
    assert!(!loose_eq(heap.int((1 << 53) + 1), heap.float(9007199254740992.0)));
}

#[test]
fn the_types_in_order() {
    let heap = Heap::new();
    let set = set::from_values(&heap, &[]);
    let exception = crate::data::exception::new(&heap, crate::sym::ERROR, "e");
    let ordered = [
        Value::NIL,
        Value::FALSE,
        Value::TRUE,
        heap.float(f64::NEG_INFINITY),
        heap.int(-1),
        heap.int(1),
        heap.float(1.0),
        heap.float(1.5),
        heap.int(i64::MAX),
        heap.float(f64::INFINITY),
        heap.float(f64::NAN),
        Value::symbol(Symbol::intern("a")),
        Value::symbol(Symbol::intern("b")),
        heap.string(""),
        heap.string("a"),
        heap.string("é"),
        crate::data::reference::new(&heap, 1, None, 0),
        crate::data::reference::new(&heap, 2, None, 0),
        crate::data::closure::funref(&heap, Symbol::intern("A"), Symbol::intern("f")),
        Value::pid(crate::Pid::new(1, 9)),
        Value::pid(crate::Pid::new(2, 1)),
        Value::module(Symbol::intern("A")),
        exception,
        list::empty(),
        list::new(&heap, &[heap.int(1)]),
        list::new(&heap, &[heap.int(1), heap.int(1)]),
        list::new(&heap, &[heap.int(2)]),
        map::empty(),
        map::from_entries(&heap, &[(heap.int(1), heap.int(5))]),
        map::from_entries(&heap, &[(heap.int(1), heap.int(6))]),
        map::from_entries(&heap, &[(heap.int(2), heap.int(1))]),
        vector::empty(),
        ints(&heap, &[1, 2]),
        ints(&heap, &[1, 3]),
        ints(&heap, &[1, 3, 0]),
        vector::from_values(&heap, &[ints(&heap, &[0, 1]), heap.int(1)]).unwrap(),
        vector::from_values(&heap, &[heap.int(1), ints(&heap, &[0, 1])]).unwrap(),
        vector::from_values(&heap, &[heap.int(1), ints(&heap, &[1, 1])]).unwrap(),
        set,
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(cmp(*a, *b), i.cmp(&j), "{a:?} against {b:?}");
        }
    }
}

type Make = for<'h> fn(&'h Heap, Value<'h>) -> Value<'h>;

/// Ways to make a value of two others that are the same.
const MAKERS: [Make; 6] = [
    |heap, v| list::new(heap, &[v, v]),
    |heap, v| vector::from_values(heap, &[v, v]).unwrap(),
    |heap, v| {
        let keys = ["a", "b"].map(|key| Value::symbol(Symbol::intern(key)));
        map::from_entries(heap, &[(keys[0], v), (keys[1], v)])
    },
    |heap, v| map::from_entries(heap, &[(v, v)]),
    |heap, v| map::from_entries(heap, &[(v, v), (list::new(heap, &[v]), v)]),
    |heap, v| set::from_values(heap, &[v, list::new(heap, &[v])]),
];

#[test]
fn values_larger_than_memory_are_compared_soon() {
    let heap = Heap::new();
    for make in MAKERS {
        // Up to 2^60 times as large as the memory they take.
        let build = |last: Value<'static>| (0..60).fold(last, |v, _| make(&heap, v));
        let [a, b, c] = [1, 1, 2].map(|n| build(Value::count(n)));
        assert!(strict_eq(a, b) && loose_eq(a, b) && !strict_eq(a, c) && !loose_eq(a, c));
        assert_eq!((cmp(a, b), cmp(a, c), cmp(c, b)), (Ordering::Equal, Ordering::Less, Ordering::Greater));
        let [x, y] = [a, b].map(|v| heap.list(&[v, heap.float(f64::NAN), v]));
        assert!(strict_eq(x, y) && !loose_eq(x, y) && !loose_eq(x, x));
    }
}

#[test]
fn a_nan_that_is_shared_equals_nothing() {
    let heap = Heap::new();
    let nan = list::new(&heap, &[heap.float(f64::NAN)]);
    let deep = (0..60).fold(nan, |v, _| list::new(&heap, &[heap.int(1), v]));
    assert!(strict_eq(deep, deep) && !loose_eq(deep, deep));
    let fine = (0..60).fold(heap.int(1), |v, _| list::new(&heap, &[v, v]));
    let both = list::new(&heap, &[fine, fine, deep]);
    assert!(!loose_eq(both, both) && loose_eq(fine, fine));
}

#[test]
fn long_ranges_are_compared_at_once() {
    let heap = Heap::new();
    let range = |first, last| vector::range(&heap, first, last).unwrap();
    let (a, b, longer) = (range(1, 1 << 60), range(1, 1 << 60), range(1, 1 << 61));
    assert_eq!((cmp(a, b), cmp(a, longer)), (Ordering::Equal, Ordering::Less));
    assert!(strict_eq(a, b) && !strict_eq(a, longer));
    assert_eq!(cmp(range(2, 3), longer), Ordering::Greater);
}
