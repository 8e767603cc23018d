//! How values print.

use super::*;
use crate::data::{exception, list, map, reference, set, vector};
use crate::heap::Heap;
use crate::symbols::Symbol;
use crate::value::Pid;

fn symbol(text: &str) -> Value<'static> {
    Value::symbol(Symbol::intern(text))
}

#[test]
fn floats() {
    let heap = Heap::new();
    for (f, text) in [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-5"),
        (0.000012345, "1.2345e-5"),
        (150000.0, "150000.0"),
        (9999999999999998.0, "9999999999999998.0"),
        (1.0e16, "1.0e16"),
        (-1.5e300, "-1.5e300"),
        (5e-324, "5.0e-324"),
        (1.0 / 3.0, "0.3333333333333333"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ] {
        assert_eq!(inspect(heap.float(f)), text);
        if f.is_finite() {
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), f.to_bits());
        }
    }
}

#[test]
fn text() {
    let heap = Heap::new();
    assert_eq!(inspect(heap.string("a\"b\\c\n\t\r\0é{}")), r#""a\"b\\c\n\t\r\0é{}""#);
    assert_eq!(inspect(heap.string("\u{1}\u{7f}\u{202e}")), r#""\u{1}\u{7F}\u{202E}""#);
    assert_eq!(inspect(symbol("ok")), ":ok");
    assert_eq!(inspect(symbol("empty?")), ":empty?");
    assert_eq!(inspect(symbol("DOWN")), ":DOWN");
    assert_eq!(inspect(symbol("any text")), ":\"any text\"");
    assert_eq!(inspect(symbol("")), ":\"\"");
    assert_eq!(inspect(symbol("?")), ":\"?\"");
    assert_eq!(inspect(symbol("1a")), ":\"1a\"");
    assert_eq!(inspect(symbol("été")), ":\"été\"");
}

#[test]
fn collections() {
    let heap = Heap::new();
    let [one, two] = [1, 2].map(|n| heap.int(n));
    assert_eq!(inspect(list::empty()), "{,}");
    assert_eq!(inspect(map::empty()), "{}");
    assert_eq!(inspect(vector::empty()), "[]");
    assert_eq!(inspect(set::empty(&heap)), "#{}");
    assert_eq!(inspect(list::new(&heap, &[one])), "{1}");
    let entries = [
        (symbol("name"), one),
        (heap.string("zip code"), two),
        (heap.int(5), list::new(&heap, &[one, Value::NIL])),
        (symbol("Upper"), Value::TRUE),
        (symbol("end"), Value::FALSE),
        (list::new(&heap, &[one]), map::empty()),
    ];
    let all = map::from_entries(&heap, &entries);
    let shown = "{name: 1, \"zip code\": 2, (5): {1, nil}, \"Upper\": true, end: false, ({1}): {}}";
    assert_eq!(inspect(all), shown);
    let options = map::from_entries(&heap, &[(symbol("restart"), symbol("permanent"))]);
    let reader = Value::module(Symbol::intern("Reader"));
    let child = list::new(&heap, &[reader, options]);
    assert_eq!(inspect(child), "{Reader, {restart: :permanent}}");
    let set = set::from_values(&heap, &[heap.string("b"), two, symbol("c"), one, Value::NIL]);
    assert_eq!(inspect(set), "#{nil, 1, 2, :c, \"b\"}");
    let bools = vector::of_bools(&heap, &[1, 0, 2]).unwrap();
    assert_eq!(inspect(bools), "[true, false, nil]");
    let nested = vector::from_values(&heap, &[bools, Value::NIL, one]).unwrap();
    assert_eq!(inspect(nested), "[[true, false, nil], nil, [1]]");
}

#[test]
fn opaque_values_and_display() {
    let heap = Heap::new();
    assert_eq!(inspect(Value::pid(Pid::new(12, 5))), "#pid<12>");
    assert_eq!(inspect(reference::new(&heap, 7, None, 0)), "#ref<7>");
    let f = crate::data::closure::funref(&heap, Symbol::intern("Math"), Symbol::intern("sin"));
    assert_eq!(inspect(f), "#fn<Math.sin>");
    let e = exception::new(&heap, crate::sym::TYPE_ERROR, "no\nint");
    assert_eq!(inspect(e), "#exception<:type_error, \"no\\nint\">");
    assert_eq!(display(e), "no\nint");
    assert_eq!(display(heap.string("a\"b")), "a\"b");
    assert_eq!(display(list::new(&heap, &[heap.string("a")])), "{\"a\"}");
    assert_eq!(display(symbol("ok")), ":ok");
}

#[test]
fn a_limit_stops_the_printer() {
    let heap = Heap::new();
    let range = vector::range(&heap, 1, 1 << 40).unwrap();
    let mut out = String::from("x");
    assert!(!inspect_to(range, &mut out, 100));
    assert!((100..200).contains(&out.len()));
    let mut out = String::new();
    assert!(!display_to(heap.string("éé"), &mut out, 3));
    assert_eq!(out, "é");
}

#[test]
fn what_is_long_is_cut_before_it_is_written() {
    let heap = Heap::new();
    let long = "\u{1F600}\n\"".repeat(1000);
    let expected = format!("\"{}\"", "\u{1F600}\\n\\\"".repeat(1000));
    assert_eq!(inspect(heap.string(&long)), expected);
    let mut out = String::new();
    assert!(!inspect_to(heap.string(&long), &mut out, 50));
    assert!((50..100).contains(&out.len()), "{out}");
    // An int that would take minutes.
    let huge = int::from_bigint(&heap, &(num_bigint::BigInt::from(1) << (1 << 28)));
    let mut out = String::new();
    assert!(!inspect_to(list::new(&heap, &[heap.int(5), huge]), &mut out, 1_000));
    assert_eq!(out, "{5, ");
}

#[test]
fn exceptions_within_exceptions() {
    let heap = Heap::new();
    let wrap = |e, _| exception::with(&heap, crate::sym::TYPE_ERROR, e, Value::NIL, Value::NIL);
    let shown = inspect((0..100_000).fold(heap.int(1), wrap));
    assert!(shown.ends_with(&format!("1{}", ">".repeat(100_000))));
}
