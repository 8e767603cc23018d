//! Maps against an association list.

use super::*;
use crate::compare::strict_eq;
use crate::data::{list, set};
use crate::inspect::inspect;
use crate::testing::{Recipe, collect_next, leaf, stressed};
use crate::value::{Trace, Word};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Put(Recipe, i64),
    Remove(Recipe),
    Back(usize),
    Merge(usize),
    Collect,
}

fn key() -> impl Strategy<Value = Recipe> {
    let symbols: Vec<&'static str> =
        (0..40).map(|i| Symbol::intern(&format!("key{i}")).lasting_text()).collect();
    prop_oneof![
        6 => prop::sample::select(symbols.clone()).prop_map(Recipe::Symbol),
        2 => prop::sample::select(symbols).prop_map(|s| Recipe::Str(s.into())),
        3 => (0i128..60).prop_map(Recipe::Int),
        2 => leaf(),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        12 => (key(), any::<i64>()).prop_map(|(k, v)| Op::Put(k, v)),
        4 => key().prop_map(Op::Remove),
        1 => (0usize..30).prop_map(Op::Back),
        1 => (0usize..30).prop_map(Op::Merge),
        1 => Just(Op::Collect),
    ];
    prop::collection::vec(op, 0..120)
}

type Model = Vec<(Recipe, i64)>;

fn same(heap: &Heap, a: &Recipe, b: &Recipe) -> bool {
    let (a, b) = (a.build(heap), b.build(heap));
    match (key_text(a), key_text(b)) {
        (Some(a), Some(b)) => a == b,
        _ => strict_eq(a, b),
    }
}

fn put(heap: &Heap, model: &mut Model, key: &Recipe, value: i64) {
    match model.iter().position(|(k, _)| same(heap, k, key)) {
        Some(i) => model[i].1 = value,
        None => model.push((key.clone(), value)),
    }
}

fn check(heap: &Heap, map: MapRef<'_>, model: &Model) {
    assert_eq!(map.len(), model.len());
    for ((key, value), (wanted, n)) in map.iter().zip(model) {
        assert!(strict_eq(key, wanted.build(heap)), "{key:?} is not {wanted:?}");
        assert!(strict_eq(value, heap.int(*n)));
        let (found, _) = map.entry(wanted.build(heap)).unwrap();
        assert!(strict_eq(found, key));
        assert!(strict_eq(map.get(key).unwrap(), value));
    }
}

proptest! {
    #[test]
    fn any_history_agrees_with_an_association_list(ops in ops()) {
        let mut heap = stressed();
        let mut past: Vec<(Word, Model)> = vec![(empty().word(), Vec::new())];
        for op in ops {
            if let Op::Collect = op {
                collect_next(&mut heap, |visit: &mut dyn FnMut(&mut Word)| {
                    past.iter_mut().for_each(|(w, _)| visit(w));
                });
                continue;
            }
            let (word, model) = past.last().unwrap();
            let (value, mut model) = (heap.value(*word), model.clone());
            let map = value.as_map().unwrap();
            let next = match op {
                Op::Put(key, n) => {
                    put(&heap, &mut model, &key, n);
                    map.put(&heap, key.build(&heap), heap.int(n))
                }
                Op::Remove(key) => {
                    let rest = map.remove(&heap, key.build(&heap));
                    let at = model.iter().position(|(k, _)| same(&heap, k, &key));
                    prop_assert_eq!(rest.is_some(), at.is_some());
                    if let Some(at) = at {
                        model.remove(at);
                    }
                    rest.unwrap_or(value)
                }
                Op::Back(n) => {
                    let (word, old) = &past[past.len().saturating_sub(n + 1)];
                    model = old.clone();
                    heap.value(*word)
                }
                Op::Merge(n) => {
                    let (word, other) = &past[past.len().saturating_sub(n + 1)];
                    for (key, value) in other {
                        put(&heap, &mut model, key, *value);
                    }
                    map.merge(&heap, heap.value(*word).as_map().unwrap())
                }
                Op::Collect => value,
            };
            past.push((next.word(), model));
        }
        for (word, model) in past.iter().rev().step_by(7) {
            check(&heap, heap.value(*word).as_map().unwrap(), model);
        }
    }

    #[test]
    fn equality_ignores_order(keys in prop::collection::vec(key(), 0..50)) {
        let heap = Heap::new();
        let built: Vec<_> = keys.iter().map(|k| k.build(&heap)).collect();
        let forward = from_entries(&heap, &built.iter().map(|&k| (k, k)).collect::<Vec<_>>());
        let map = forward.as_map().unwrap();
        let mut entries: Vec<_> = map.iter().collect();
        entries.reverse();
        let backward = from_entries(&heap, &entries);
        prop_assert!(strict_eq(forward, backward));
        prop_assert_eq!(hash(forward), hash(backward));
        prop_assert_eq!(crate::compare::cmp(forward, backward), std::cmp::Ordering::Equal);
    }
}

fn symbol(text: &str) -> Value<'static> {
    Value::symbol(Symbol::intern(text))
}

#[test]
fn a_symbol_and_its_text_are_one_key() {
    let heap = Heap::new();
    let one = heap.int(1);
    let by_symbol = from_entries(&heap, &[(symbol("a"), one)]);
    let by_text = from_entries(&heap, &[(heap.string("a"), one)]);
    assert!(strict_eq(by_symbol, by_text));
    assert_eq!((inspect(by_symbol), inspect(by_text)), ("{a: 1}".into(), "{\"a\": 1}".into()));
    let map = by_text.as_map().unwrap();
    assert_eq!(map.get(symbol("a")).unwrap().as_small(), Some(1));
    assert_eq!(inspect(map.put(&heap, symbol("a"), heap.int(2))), "{\"a\": 2}");
    let map = by_symbol.as_map().unwrap();
    assert_eq!(inspect(map.put(&heap, heap.string("a"), heap.int(2))), "{a: 2}");
    // Only for a key itself.
    let inside = |v| from_entries(&heap, &[(list::new(&heap, &[v]), one)]);
    assert!(!strict_eq(inside(symbol("a")), inside(heap.string("a"))));
}

#[test]
fn keys_that_clash_in_all_bits() {
    // A symbol and its text have one hash, and are two members of a set.
    let heap = Heap::new();
    let both = [symbol("clash"), heap.string("clash")];
    let set = set::from_values(&heap, &both).as_set().unwrap();
    assert_eq!(set.len(), 2);
    assert!(both.iter().all(|&m| set.contains(m)));
    let less = set.remove(&heap, both[0]).unwrap().as_set().unwrap();
    assert!(!less.contains(both[0]) && less.contains(both[1]));
    let again = less.add(&heap, both[0]).as_set().unwrap();
    assert_eq!(again.len(), 2);
    assert!(again.add(&heap, both[1]).as_set().unwrap().len() == 2);
    let none = less.remove(&heap, both[1]).unwrap().as_set().unwrap();
    assert!(none.is_empty());
    assert_eq!(inspect(none.value()), "#{}");
}

#[test]
fn number_keys() {
    let heap = Heap::new();
    let keys =
        [heap.int(1), heap.float(1.0), heap.float(0.0), heap.float(-0.0), heap.float(f64::NAN)];
    let entries: Vec<_> = keys.iter().enumerate().map(|(i, &k)| (k, Value::count(i))).collect();
    let map = from_entries(&heap, &entries);
    assert_eq!(inspect(map), "{(1): 0, (1.0): 1, (0.0): 3, (nan): 4}");
    let nan = map.as_map().unwrap().get(heap.float(-f64::NAN)).unwrap();
    assert_eq!(nan.as_small(), Some(4));
}

#[test]
fn many_int_keys_keep_their_order() {
    let heap = Heap::new();
    let mut map = empty().as_map().unwrap();
    let order: Vec<i64> = (0..20_000).map(|i| (i * 7919) % 20_011).collect();
    for &n in &order {
        map = map.put(&heap, heap.int(n), heap.int(n + 1)).as_map().unwrap();
    }
    let keys: Vec<i64> = map.iter().map(|(k, _)| k.as_small().unwrap()).collect();
    assert_eq!(keys, order);
    for &n in &order[..19_990] {
        map = map.remove(&heap, heap.int(n)).unwrap().as_map().unwrap();
    }
    let keys: Vec<i64> = map.iter().map(|(k, _)| k.as_small().unwrap()).collect();
    assert_eq!(keys, order[19_990..]);
}

#[test]
fn merging_large_maps() {
    let heap = Heap::new();
    let of = |range: std::ops::Range<i64>, by: i64| {
        let entries: Vec<_> = range.map(|n| (heap.int(n), heap.int(n * by))).collect();
        from_entries(&heap, &entries).as_map().unwrap()
    };
    let merged = of(0..100, 1).merge(&heap, of(50..150, 2)).as_map().unwrap();
    let found: Vec<_> =
        merged.iter().map(|(k, v)| (k.as_small().unwrap(), v.as_small().unwrap())).collect();
    let wanted: Vec<_> = (0..150).map(|n| (n, if n < 50 { n } else { 2 * n })).collect();
    assert_eq!(found, wanted);
}

#[test]
fn large_maps_are_finished_in_parts() {
    for n in [0, 1, 33, 300, 5000] {
        let mut heap = Heap::new();
        let mut builder = MapBuilder::new();
        for i in 0..n {
            builder.put(&heap, heap.list(&[heap.int(i)]), heap.int(-i));
        }
        let made = loop {
            // What is made already is a root.
            heap.collect(|visit| builder.trace(visit));
            if let Some(made) = builder.finish_some(&heap, 100) {
                break made.word();
            }
        };
        let map = MapRef::of(heap.value(made)).unwrap();
        assert_eq!(map.len(), n as usize);
        let in_order: Vec<i64> = map.iter().filter_map(|(_, v)| v.as_small()).collect();
        assert_eq!(in_order, (0..n).map(|i| -i).collect::<Vec<_>>());
        for i in 0..n {
            assert_eq!(map.get(heap.list(&[heap.int(i)])).and_then(|v| v.as_small()), Some(-i));
        }
        assert!(map.get(heap.list(&[heap.int(n)])).is_none());
        // Histories of puts and removals go on from there.
        let rest = map.remove(&heap, heap.list(&[heap.int(0)]));
        assert_eq!(rest.is_some(), n > 0);
        let key = heap.string("more");
        let more = MapRef::of(map.put(&heap, key, key)).unwrap();
        assert_eq!((more.len(), more.iter().count()), (n as usize + 1, n as usize + 1));
        assert!(more.get(key).is_some());
    }
}
