//! Vectors against a plain `Vec`, and the rules of normal form.

use super::*;
use crate::compare::strict_eq;
use crate::data::{list, map};
use crate::inspect::inspect;
use crate::testing::{collect_next, stressed};
use proptest::prelude::*;

fn ints<'h>(heap: &'h Heap, ns: &[i64]) -> Vec<Value<'h>> {
    ns.iter().map(|&n| heap.int(n)).collect()
}

/// What a model's entry is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Nil,
    Int(i64),
    Float(f64),
    Str(u8),
}

impl Entry {
    fn value<'h>(self, heap: &'h Heap) -> Value<'h> {
        match self {
            Entry::Nil => Value::NIL,
            Entry::Int(n) => heap.int(n),
            Entry::Float(f) => heap.float(f),
            Entry::Str(n) => heap.string(&"x".repeat(n as usize)),
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Prepend(Entry),
    Append(Entry),
    Tail,
    Slice(usize, usize),
    Concat(usize),
    Back(usize),
    Collect,
}

fn entry(kind: u8) -> BoxedStrategy<Entry> {
    match kind {
        0 => prop_oneof![
            1 => Just(Entry::Nil),
            8 => (-5i64..5).prop_map(Entry::Int),
            1 => any::<i64>().prop_map(Entry::Int)
        ]
        .boxed(),
        1 => prop_oneof![
            1 => Just(Entry::Nil),
            8 => (-5.0..5.0).prop_map(Entry::Float),
            2 => (-5i64..5).prop_map(Entry::Int)
        ]
        .boxed(),
        _ => prop_oneof![1 => Just(Entry::Nil), 4 => (0u8..90).prop_map(Entry::Str)].boxed(),
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    (0u8..3).prop_flat_map(|kind| {
        let op = prop_oneof![
            4 => entry(kind).prop_map(Op::Prepend),
            4 => entry(kind).prop_map(Op::Append),
            2 => Just(Op::Tail),
            1 => (0usize..20, 0usize..20).prop_map(|(a, b)| Op::Slice(a, b)),
            1 => (0usize..9).prop_map(Op::Concat),
            2 => (0usize..9).prop_map(Op::Back),
            2 => Just(Op::Collect),
        ];
        prop::collection::vec(op, 0..80)
    })
}

/// A vector once it holds a float: all numbers are floats.
fn normal(entries: &[Entry]) -> Vec<Entry> {
    let float = entries.iter().any(|e| matches!(e, Entry::Float(_)));
    let each = |e: &Entry| match e {
        Entry::Int(n) if float => Entry::Float(*n as f64),
        e => *e,
    };
    entries.iter().map(each).collect()
}

fn check(heap: &Heap, value: Value<'_>, model: &[Entry]) {
    let vec = VecRef::of(value).unwrap();
    assert_eq!(vec.len(), model.len());
    for (i, e) in model.iter().enumerate() {
        let got = vec.get(heap, i).unwrap();
        assert!(strict_eq(got, e.value(heap)), "entry {i} of {value:?} is not {e:?}");
    }
    assert_eq!(value.is_vector(), model.len() != 1);
}

proptest! {
    #[test]
    fn any_history_agrees_with_a_plain_vec(ops in ops()) {
        let mut heap = stressed();
        let mut past: Vec<(crate::Word, Vec<Entry>)> = vec![(empty().word(), Vec::new())];
        for op in ops {
            if let Op::Collect = op {
                collect_next(&mut heap, |visit: &mut dyn FnMut(&mut crate::Word)| {
                    past.iter_mut().for_each(|(w, _)| visit(w));
                });
                continue;
            }
            let (word, model) = past.last().unwrap();
            let value = heap.value(*word);
            let mut model = model.clone();
            let next = match op {
                Op::Prepend(e) => {
                    model.insert(0, e);
                    prepend(&heap, e.value(&heap), value).unwrap()
                }
                Op::Append(e) => {
                    model.push(e);
                    append(&heap, value, e.value(&heap)).unwrap()
                }
                Op::Tail => {
                    let rest = tail(&heap, VecRef::of(value).unwrap());
                    prop_assert_eq!(rest.is_some(), !model.is_empty());
                    if !model.is_empty() {
                        model.remove(0);
                    }
                    rest.unwrap_or(value)
                }
                Op::Slice(from, len) => {
                    let part = slice(&heap, VecRef::of(value).unwrap(), from, len);
                    prop_assert_eq!(part.is_some(), from + len <= model.len());
                    if part.is_some() {
                        model = model[from..from + len].to_vec();
                    }
                    part.unwrap_or(value)
                }
                Op::Concat(back) => {
                    let (word, other) = &past[past.len().saturating_sub(back + 1)];
                    model.extend(other);
                    concat(&heap, value, heap.value(*word)).unwrap()
                }
                Op::Back(n) => {
                    let (word, other) = &past[past.len().saturating_sub(n + 1)];
                    model = other.clone();
                    heap.value(*word)
                }
                Op::Collect => value,
            };
            // Converting to floats is for good.
            model = if VecRef::of(next).unwrap().kind() == Kind::Float {
                model.push(Entry::Float(0.0));
                let mut all = normal(&model);
                all.pop();
                all
            } else {
                model
            };
            past.push((next.word(), model));
        }
        for (word, model) in &past {
            check(&heap, heap.value(*word), model);
        }
    }
}

#[test]
fn a_vector_of_one_is_its_entry_unless_that_is_a_collection() {
    let heap = Heap::new();
    let five = heap.int(5);
    assert_eq!(from_values(&heap, &[five]).unwrap().as_small(), Some(5));
    assert_eq!(prepend(&heap, five, empty()).unwrap().as_small(), Some(5));
    let one = list::new(&heap, &[five]);
    let of_list = from_values(&heap, &[one]).unwrap();
    assert!(of_list.is_vector());
    assert_eq!(inspect(of_list), "[{5}]");
    assert_eq!(inspect(prepend(&heap, one, empty()).unwrap()), "[{5}]");
    let three = from_values(&heap, &ints(&heap, &[1, 2, 3])).unwrap();
    assert_eq!(slice(&heap, three.as_vec().unwrap(), 2, 1).unwrap().as_small(), Some(3));
    assert_eq!(range(&heap, 4, 4).unwrap().as_small(), Some(4));
}

#[test]
fn kinds_that_go_together() {
    let heap = Heap::new();
    let (one, half, text) = (heap.int(1), heap.float(0.5), heap.string("a"));
    assert_eq!(inspect(from_values(&heap, &[one, half]).unwrap()), "[1.0, 0.5]");
    assert_eq!(inspect(from_values(&heap, &[one, Value::NIL]).unwrap()), "[1, nil]");
    assert_eq!(inspect(from_values(&heap, &[Value::NIL, half]).unwrap()), "[nil, 0.5]");
    assert_eq!(from_values(&heap, &[one, text]).err(), Some(VecError::Mixed(Kind::Int, Kind::Str)));
    assert_eq!(
        from_values(&heap, &[one, half, map::empty()]).err(),
        Some(VecError::Mixed(Kind::Int, Kind::Map))
    );
    let pair = from_values(&heap, &ints(&heap, &[1, 2])).unwrap();
    assert_eq!(inspect(from_values(&heap, &[pair, heap.int(3)]).unwrap()), "[[1, 2], [3]]");
    assert_eq!(inspect(prepend(&heap, pair, pair).unwrap()), "[[1, 2], [1], [2]]");
    let with_list = from_values(&heap, &[pair, list::new(&heap, &[one])]);
    assert_eq!(with_list.err(), Some(VecError::Mixed(Kind::List, Kind::Vector)));
    assert_eq!(append(&heap, map::empty(), one).err(), Some(VecError::NotVector(Kind::Map)));
}

#[test]
fn slicing_away_the_vectors_leaves_their_kind() {
    let heap = Heap::new();
    let pair = from_values(&heap, &ints(&heap, &[1, 2])).unwrap();
    let nested = from_values(&heap, &[pair, heap.int(3), heap.int(4)]).unwrap();
    let rest = tail(&heap, nested.as_vec().unwrap()).unwrap();
    assert_eq!(rest.as_vec().unwrap().kind(), Kind::Int);
    assert_eq!(inspect(rest), "[3, 4]");
    assert!(strict_eq(rest, from_values(&heap, &ints(&heap, &[3, 4])).unwrap()));
    assert_eq!(inspect(append(&heap, rest, heap.int(5)).unwrap()), "[3, 4, 5]");
}

#[test]
fn ints_beyond_63_bits_unpack_the_vector() {
    let heap = Heap::new();
    let vec = from_values(&heap, &ints(&heap, &[1, 2])).unwrap();
    let grown = append(&heap, vec, heap.int(i64::MAX)).unwrap();
    assert_eq!(inspect(grown), "[1, 2, 9223372036854775807]");
    assert_eq!(grown.as_vec().unwrap().kind(), Kind::Int);
    assert!(matches!(grown.as_vec().unwrap().entries(), Entries::Words(_)));
}

#[test]
fn building_by_cons_and_append_is_linear() {
    let heap = Heap::new();
    let n = 100_000;
    let (mut front, mut back) = (empty(), empty());
    let (mut text_front, x) = (empty(), heap.string("x"));
    for i in 0..n {
        front = prepend(&heap, heap.int(i), front).unwrap();
        back = append(&heap, back, heap.int(i)).unwrap();
        text_front = prepend(&heap, x, text_front).unwrap();
    }
    assert_eq!(front.as_vec().unwrap().len(), n as usize);
    assert_eq!(back.as_vec().unwrap().at(&heap, -1).unwrap().as_small(), Some(n - 1));
    assert_eq!(text_front.as_vec().unwrap().len(), n as usize);
    // Handles of 3 words each, and buffers that add up to less than 4 times the last.
    let bytes = heap.used_bytes();
    assert!(bytes < n as usize * (3 * 24 + 3 * 8 * 4), "{bytes} bytes");
}

#[test]
fn older_slices_never_see_what_was_claimed() {
    let heap = Heap::new();
    let base = from_values(&heap, &ints(&heap, &[1, 2])).unwrap();
    let a = append(&heap, base, heap.int(3)).unwrap();
    let b = append(&heap, a, heap.int(4)).unwrap();
    let c = append(&heap, a, heap.int(5)).unwrap();
    let shown: Vec<_> = [base, a, b, c].map(inspect).into();
    assert_eq!(shown, ["[1, 2]", "[1, 2, 3]", "[1, 2, 3, 4]", "[1, 2, 3, 5]"]);
}

#[test]
fn short_vectors_are_reversed() {
    let heap = Heap::new();
    let words = [heap.string("a"), Value::NIL, heap.string("c")];
    let floats = [heap.float(0.5), Value::NIL, heap.float(-1.0)];
    let cases = [
        (from_values(&heap, &ints(&heap, &[1, 2, 3])), Some("[3, 2, 1]")),
        (from_values(&heap, &words), Some("[\"c\", nil, \"a\"]")),
        (from_values(&heap, &floats), Some("[-1.0, nil, 0.5]")),
        (from_values(&heap, &[Value::TRUE, Value::FALSE]), None),
        (from_values(&heap, &ints(&heap, &[7; 65])), None),
        (Ok(range(&heap, 1, 3).unwrap()), None),
        (Ok(empty()), Some("[]")),
        (Ok(heap.int(5)), None),
    ];
    for (vec, wanted) in cases {
        let reversed = reversed(&heap, vec.unwrap()).map(inspect);
        assert_eq!(reversed.as_deref(), wanted);
    }
}

#[test]
fn a_vector_in_front_of_itself() {
    let mut heap = Heap::new();
    let mut word = {
        let pair = from_values(&heap, &ints(&heap, &[1, 2])).unwrap();
        let nested = prepend(&heap, pair, pair).unwrap();
        prepend(&heap, nested, nested).unwrap().word()
    };
    for _ in 0..3 {
        heap.collect(&mut |visit: &mut dyn FnMut(&mut crate::Word)| visit(&mut word));
        let shown = inspect(heap.value(word));
        assert_eq!(shown, "[[[1, 2], [1], [2]], [1, 2], [1], [2]]");
    }
}

#[test]
fn ranges() {
    let heap = Heap::new();
    let range = range(&heap, 2, 5).unwrap();
    assert_eq!(inspect(range), "[2, 3, 4, 5]");
    assert_eq!(inspect(tail(&heap, range.as_vec().unwrap()).unwrap()), "[3, 4, 5]");
    assert_eq!(inspect(prepend(&heap, heap.int(1), range).unwrap()), "[1, 2, 3, 4, 5]");
    assert_eq!(inspect(append(&heap, range, heap.int(9)).unwrap()), "[2, 3, 4, 5, 9]");
    assert_eq!(inspect(append(&heap, range, Value::NIL).unwrap()), "[2, 3, 4, 5, nil]");
    assert!(super::range(&heap, 5, 4).unwrap().as_vec().unwrap().is_empty());
    assert!(super::range(&heap, 0, i64::MAX).is_none());
    let wide = super::range(&heap, crate::Word::MIN_SMALL, crate::Word::MAX_SMALL).unwrap();
    let wide = wide.as_vec().unwrap();
    assert_eq!(wide.at(&heap, -1).unwrap().as_small(), Some(crate::Word::MAX_SMALL));
}

#[test]
fn builders_turn_to_lists_when_asked() {
    let heap = Heap::new();
    let mut builder = VecBuilder::new();
    builder.push(&heap, heap.float(1.5));
    builder.push(&heap, heap.int(2));
    assert_eq!(inspect(builder.collect(&heap)), "[1.5, 2.0]");
    let mut builder = VecBuilder::new();
    builder.push(&heap, heap.float(1.5));
    builder.push(&heap, Value::NIL);
    builder.push(&heap, heap.int(2));
    builder.push(&heap, heap.string("a"));
    assert_eq!(inspect(builder.collect(&heap)), "{1.5, nil, 2, \"a\"}");
    let mut builder = VecBuilder::new();
    builder.push(&heap, Value::TRUE);
    builder.push(&heap, heap.int(2));
    assert_eq!(builder.finish(&heap).err(), Some(VecError::Mixed(Kind::Int, Kind::Bool)));
    assert_eq!(inspect(VecBuilder::new().collect(&heap)), "[]");
    assert_eq!(inspect(VecBuilder::new().into_list(&heap)), "{,}");
}

#[test]
fn positions_count_from_one_and_from_the_end() {
    assert_eq!(index_of(1, 3), Some(0));
    assert_eq!(index_of(3, 3), Some(2));
    assert_eq!(index_of(-1, 3), Some(2));
    assert_eq!(index_of(-3, 3), Some(0));
    assert!([0, 4, -4, i64::MIN, i64::MAX].iter().all(|&p| index_of(p, 3).is_none()));
}

#[test]
fn nans_in_vectors_are_one_nan_and_never_nil() {
    let heap = Heap::new();
    let looks_like_nil = heap.float(NIL_FLOAT);
    let vec = from_values(&heap, &[looks_like_nil, heap.float(-f64::NAN), Value::NIL]).unwrap();
    assert_eq!(inspect(vec), "[nan, nan, nil]");
}

/// Gathers values as loops do: those that fitted, as a vector, and how many they were.
fn gathered<'h>(heap: &'h Heap, values: &[Value<'h>], expected: usize) -> (Value<'h>, usize) {
    let Some(mut made) = values.first().and_then(|first| begin(heap, *first, expected)) else {
        return (empty(), 0);
    };
    for (i, value) in values.iter().enumerate().skip(1) {
        match push(heap, made, *value) {
            Some(longer) => made = longer,
            None => return (whole(heap, made), i),
        }
    }
    (whole(heap, made), values.len())
}

#[test]
fn what_is_gathered_is_a_vector_like_any_other() {
    fn make(heap: &Heap, sort: usize, i: usize) -> Value<'_> {
        match sort {
            0 => heap.int(i as i64 - 3),
            1 => heap.float(i as f64 / 2.0),
            2 => heap.string(&format!("text {i}")),
            3 => heap.list(&[heap.int(i as i64)]),
            _ => Value::symbol(crate::symbols::Symbol::intern("same")),
        }
    }
    let heap = Heap::new();
    for sort in 0..5 {
        for n in [1, 2, 3, 5, 600, 2000] {
            let values: Vec<Value<'_>> = (0..n).map(|i| make(&heap, sort, i)).collect();
            for expected in [0, n, 10 * n] {
                let (made, len) = gathered(&heap, &values, expected);
                assert_eq!(len, n);
                assert_eq!(inspect(made), inspect(from_values(&heap, &values).unwrap()));
            }
        }
    }
}

#[test]
fn gathering_stops_at_what_does_not_fit() {
    let heap = Heap::new();
    let (one, text, half) = (heap.int(1), heap.string("a"), heap.float(0.5));
    let big = crate::data::int::from_bigint(&heap, &(num_bigint::BigInt::from(1) << 80));
    for odd in [text, half, big, Value::NIL, Value::TRUE, empty()] {
        let (made, len) = gathered(&heap, &[one, one, odd, one], 4);
        assert_eq!((inspect(made).as_str(), len), ("[1, 1]", 2));
    }
    for first in [big, Value::NIL, Value::TRUE, empty()] {
        assert!(begin(&heap, first, 4).is_none());
    }
}

#[test]
fn what_is_gathered_leaves_earlier_vectors_as_they_are() {
    let heap = Heap::new();
    let short = (1..600).fold(begin(&heap, heap.int(0), 9).unwrap(), |made, i| {
        push(&heap, made, heap.int(i)).unwrap()
    });
    let (a, b) = (push(&heap, short, heap.int(-1)), push(&heap, short, heap.int(-2)));
    for (vec, wanted) in [(a, -1), (b, -2), (Some(short), 599)] {
        let last = VecRef::of(vec.unwrap()).unwrap().at(&heap, -1);
        assert_eq!(last.and_then(Value::as_small), Some(wanted));
    }
}
