//! The heap under stress: what is reachable stays as it is, what is not goes, and nothing leaks.

use super::*;
use crate::compare::{cmp, strict_eq};
use crate::data::map::MapBuilder;
use crate::data::vector::{self, VecRef};
use crate::data::{int, list, map, set, string};
use crate::hash::hash;
use crate::inspect::inspect;
use crate::symbols::{Symbol, sym};
use crate::testing::recipe;
use crate::value::Trace;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Levels of nesting in the tests of deep values; fewer where every access is checked.
pub(super) fn levels() -> usize {
    if std::env::var_os("RATA_SMALL_TESTS").is_some() { 2_000 } else { 1_000_000 }
}

#[test]
fn sizes() {
    assert!(size_of::<Heap>() <= 104);
    assert_eq!(size_of::<Fragment>(), 16);
    assert_eq!(size_of::<Value<'_>>(), 8);
    assert_eq!(size_of::<Option<Value<'_>>>(), 16);
    let heap = Heap::new();
    assert_eq!(heap.reserved_bytes(), 0);
    let words = |before: usize| (heap.heap_bytes() - before) / 8;
    let mut before = heap.heap_bytes();
    heap.float(1.5);
    assert_eq!(words(before), 2, "a float");
    before = heap.heap_bytes();
    let vec = vector::of_floats(&heap, &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(words(before), 3 + 2 + 3, "a vector: handle, buffer, entries");
    before = heap.heap_bytes();
    vector::tail(&heap, vec.as_vec().unwrap());
    assert_eq!(words(before), 3, "a vector's tail");
    before = heap.heap_bytes();
    vector::range(&heap, 1, 1_000_000);
    assert_eq!(words(before), 3, "a range");
    before = heap.heap_bytes();
    heap.list(&[Value::NIL, Value::NIL]);
    assert_eq!(words(before), 3, "a list of two");
    before = heap.heap_bytes();
    map::from_entries(&heap, &[(Value::symbol(sym::OK), Value::NIL)]);
    assert_eq!(words(before), 3, "a map of one");
    assert_eq!(heap.reserved_bytes(), 256);
}

/// Builds values, and makes the heap collect with nothing but them as roots.
fn churn(heap: &mut Heap, words: &mut [Word]) {
    heap.collect(|visit: &mut dyn FnMut(&mut Word)| words.iter_mut().for_each(visit));
}

#[test]
fn small_messages_take_one_chunk_and_leave_their_source_alone() {
    let sender = Heap::new();
    let inner = sender.list(&[Value::symbol(sym::OK), sender.float(1.5)]);
    let flat = sender.list(&[Value::NIL, sender.float(2.5), sender.list(&[Value::TRUE])]);
    // Small all through; with something deep inside; with a vector; with one part in two places.
    let deep = sender.list(&[inner, Value::NIL]);
    let vector =
        sender.list(&[vector::range(&sender, 1, 9).unwrap(), string::new(&sender, "text")]);
    let twice = sender.list(&[flat.as_list().unwrap()[2], flat.as_list().unwrap()[2]]);
    for value in [inner, flat, deep, vector, twice] {
        let before = inspect(value);
        let fragment = Fragment::copy_of(value);
        assert_eq!(inspect(value), before);
        assert!(fragment.bytes() > 0 && fragment.bytes() <= 256);
        let receiver = Heap::new();
        assert!(strict_eq(receiver.attach(fragment), value));
        // To one who waits small ones go straight.
        match receiver.copy_in(value) {
            Some((copy, bytes)) => {
                assert!(strict_eq(copy, value) && inspect(value) == before);
                assert_eq!(bytes, Fragment::copy_of(value).bytes());
                assert_ne!(copy.word(), value.word());
            }
            None => assert_eq!(value.word(), twice.word()),
        }
    }
    assert_eq!(sender.copy_in(Value::TRUE).map(|(_, bytes)| bytes), Some(0));
    assert_eq!(Fragment::copy_of(flat).bytes(), (4 + 2 + 2) * 8);
    assert_eq!(Fragment::copy_of(Value::TRUE).bytes(), 0);
}

proptest! {
    #[test]
    fn collections_keep_what_is_reachable(recipes in prop::collection::vec(recipe(), 1..6)) {
        let mut heap = Heap::new();
        let mut words: Vec<Word> = recipes.iter().map(|r| r.build(&heap).word()).collect();
        let shown: Vec<String> = words.iter().map(|&w| inspect(heap.value(w))).collect();
        let hashes: Vec<u64> = words.iter().map(|&w| hash(heap.value(w))).collect();
        for round in 0..3 {
            churn(&mut heap, &mut words);
            for (i, recipe) in recipes.iter().enumerate() {
                let value = heap.value(words[i]);
                prop_assert_eq!(&inspect(value), &shown[i]);
                prop_assert_eq!(hash(value), hashes[i]);
                prop_assert!(strict_eq(value, recipe.build(&heap)));
            }
            if round == 1 {
                words.truncate(1);
                churn(&mut heap, &mut words);
                words.extend(recipes[1..].iter().map(|r| r.build(&heap).word()));
            }
        }
        let used = heap.used_bytes();
        churn(&mut heap, &mut words);
        prop_assert!(heap.used_bytes() <= used);
        words.clear();
        churn(&mut heap, &mut words);
        prop_assert_eq!(heap.used_bytes(), 0);
    }

    #[test]
    fn messages_arrive_as_they_were(recipes in prop::collection::vec(recipe(), 1..4)) {
        let mut receiver = Heap::new();
        let (mut arrived, mut expected) = (Vec::new(), Vec::new());
        let sender = Heap::new();
        for recipe in &recipes {
            let value = recipe.build(&sender);
            let before = inspect(value);
            let fragment = Fragment::copy_of(value);
            // The source is as it was, and can be copied again.
            prop_assert_eq!(&inspect(value), &before);
            let again = Fragment::copy_of(list::new(&sender, &[value, value]));
            drop(again);
            prop_assert!(strict_eq(fragment.value(), value));
            // To one who waits the same may go straight.
            if let Some((copy, bytes)) = receiver.copy_in(value) {
                prop_assert!(strict_eq(copy, value));
                prop_assert!(bytes <= fragment.bytes());
                prop_assert_eq!(&inspect(value), &before);
                arrived.push(copy.word());
                expected.push(recipe);
            }
            expected.push(recipe);
            let fragment = std::thread::spawn(move || fragment).join().unwrap();
            arrived.push(receiver.attach(fragment).word());
        }
        drop(sender);
        for _ in 0..2 {
            for (word, recipe) in arrived.iter().zip(&expected) {
                prop_assert!(strict_eq(receiver.value(*word), recipe.build(&receiver)));
            }
            churn(&mut receiver, &mut arrived);
        }
    }

    #[test]
    fn frozen_values_stay(recipe in recipe()) {
        let mut heap = Heap::new();
        let frozen = freeze(recipe.build(&heap));
        let inside = list::new(&heap, &[frozen, heap.int(1)]);
        let mut words = vec![inside.word()];
        churn(&mut heap, &mut words);
        let fragment = Fragment::copy_of(heap.value(words[0]));
        prop_assert!(fragment.bytes() <= 24 || !frozen.word().is_pointer());
        prop_assert_eq!(fragment.value().as_list().unwrap()[0].word(), frozen.word());
        prop_assert!(strict_eq(frozen, recipe.build(&heap)));
        // What is put beside frozen entries goes elsewhere.
        if let Some(vec) = frozen.as_vec().filter(|v| v.len() > 1) {
            let before = inspect(frozen);
            let first = vector::head(&heap, vec).unwrap();
            vector::prepend(&heap, first, frozen).unwrap();
            vector::append(&heap, frozen, first).unwrap();
            let rest = vector::tail(&heap, vec).unwrap();
            vector::append(&heap, rest, first).unwrap();
            prop_assert_eq!(inspect(frozen), before);
        }
    }
}

#[test]
fn sharing_is_kept() {
    let mut heap = Heap::new();
    let mut value = heap.list(&[heap.int(7)]);
    for _ in 0..60 {
        value = heap.list(&[value, value]);
    }
    // 2^60 paths, 61 objects.
    let fragment = Fragment::copy_of(value);
    assert_eq!(fragment.bytes(), (60 * 3 + 2) * 8);
    let mut words = vec![value.word(), heap.attach(fragment).word()];
    churn(&mut heap, &mut words);
    assert_eq!(heap.used_bytes(), 2 * (60 * 3 + 2) * 8);
}

#[test]
fn overlapping_slices_share_their_copy() {
    let heap = Heap::new();
    let text = heap.string("x");
    let mut vec = vector::empty();
    let mut tails = Vec::new();
    for _ in 0..2000 {
        vec = vector::prepend(&heap, text, vec).unwrap();
        tails.push(vec);
    }
    for order in [false, true] {
        if order {
            tails.reverse();
        }
        let all = heap.list(&tails);
        let fragment = Fragment::copy_of(all);
        assert!(fragment.bytes() < 2000 * 8 * 10, "{} bytes", fragment.bytes());
        assert!(strict_eq(fragment.value(), all));
    }
}

#[test]
fn deep_values_are_ordinary() {
    let mut heap = Heap::new();
    let depth = levels();
    let build = |heap: &Heap| {
        let mut value = heap.int(1).word();
        for i in 0..depth {
            let inner = heap.value(value);
            value = match i % 5 {
                0 => heap.list(&[inner, Value::NIL]),
                1 => vector::from_values(heap, &[inner]).unwrap(),
                2 => map::from_entries(heap, &[(Value::symbol(sym::OK), inner)]),
                3 => set::from_values(heap, &[heap.int(3)]),
                _ => heap.list(&[Value::NIL, inner]),
            }
            .word();
            if i % 5 == 3 {
                // Hashing a deep member at each level would be quadratic; lists stand in.
                value = heap.list(&[inner, heap.value(value)]).word();
            }
        }
        value
    };
    let mut words = vec![build(&heap), build(&heap)];
    churn(&mut heap, &mut words);
    let (a, b) = (heap.value(words[0]), heap.value(words[1]));
    assert!(strict_eq(a, b) && crate::compare::loose_eq(a, b));
    assert_eq!(cmp(a, b), std::cmp::Ordering::Equal);
    assert_eq!(hash(a), hash(b));
    assert!(inspect(a).len() > depth);
    let fragment = Fragment::copy_of(a);
    assert!(strict_eq(fragment.value(), b));
    drop(fragment);
    let fragment = Fragment::copy_of(b);
    let other = Heap::new();
    assert_eq!(hash(other.attach(fragment)), hash(a));
}

#[test]
fn maps_nested_as_keys_are_ordinary() {
    let heap = Heap::new();
    // Building hashes each level whole, so this is quadratic: fewer levels, but far more than
    // native recursion over them would bear on a small stack.
    let depth = levels() / 1000 + 500;
    let build = |heap| {
        let mut key = map::empty();
        for _ in 0..depth {
            key = map::from_entries(heap, &[(key, Value::NIL), (heap.int(1), Value::NIL)]);
        }
        key.word()
    };
    let words = [build(&heap), build(&heap)];
    let small = std::thread::Builder::new().stack_size(96 << 10);
    let check = move || {
        let (a, b) = (heap.value(words[0]), heap.value(words[1]));
        assert_eq!(cmp(a, b), std::cmp::Ordering::Equal);
        assert!(strict_eq(a, b));
        assert_eq!(hash(a), hash(b));
    };
    small.spawn(check).unwrap().join().unwrap();
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HostObject for Counted {
    fn type_name(&self) -> Symbol {
        sym::HOST
    }
    fn bytes(&self) -> usize {
        1000
    }
    fn inspect(&self, out: &mut String) {
        out.push_str("#counted");
    }
    fn compare(&self, _: &dyn HostObject) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
    fn hash(&self) -> u64 {
        0
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

pub(super) fn counted<'h>(heap: &'h Heap, count: &Arc<AtomicUsize>) -> Value<'h> {
    count.fetch_add(1, Ordering::SeqCst);
    heap.host(Arc::new(Counted(count.clone())))
}

#[test]
fn host_objects_die_with_their_last_value() {
    let count = Arc::new(AtomicUsize::new(0));
    let alive = || count.load(Ordering::SeqCst);
    let mut heap = Heap::new();
    let mut words = vec![counted(&heap, &count).word(), counted(&heap, &count).word()];
    assert_eq!(heap.off_heap_bytes(), 2000);
    let fragment = Fragment::copy_of(heap.value(words[0]));
    words.remove(0);
    churn(&mut heap, &mut words);
    assert_eq!((alive(), heap.off_heap_bytes()), (2, 1000));
    assert!(fragment.value().as_host().unwrap().downcast::<Counted>().is_some());
    drop(fragment);
    assert_eq!(alive(), 1);
    let kept = Fragment::copy_of(heap.value(words[0]));
    drop(heap);
    assert_eq!(alive(), 1);
    let mut other = Heap::new();
    let mut words = vec![other.attach(kept).word()];
    churn(&mut other, &mut words);
    assert_eq!((alive(), other.off_heap_bytes()), (1, 1000));
    churn(&mut other, &mut []);
    assert_eq!((alive(), other.used_bytes()), (0, 0));
}

#[test]
fn entries_that_no_slice_uses_die() {
    let count = Arc::new(AtomicUsize::new(0));
    let mut heap = Heap::new();
    let mut vec = vector::empty();
    for _ in 0..100 {
        vec = vector::append(&heap, vec, counted(&heap, &count)).unwrap();
    }
    let part = vector::slice(&heap, VecRef::of(vec).unwrap(), 40, 10).unwrap();
    let mut words = vec![part.word()];
    churn(&mut heap, &mut words);
    assert_eq!(count.load(Ordering::SeqCst), 10);
    churn(&mut heap, &mut words);
    assert!(heap.heap_bytes() < 8 * (3 + 2 + 40) + 10 * 32, "{}", heap.heap_bytes());
    assert_eq!(heap.value(words[0]).as_vec().unwrap().len(), 10);
    // The slice's ends are where they were: both can still be extended.
    for _ in 0..20 {
        let vec = heap.value(words[0]);
        let longer = vector::prepend(&heap, counted(&heap, &count), vec).unwrap();
        words[0] = vector::append(&heap, longer, counted(&heap, &count)).unwrap().word();
        churn(&mut heap, &mut words);
    }
    assert_eq!(count.load(Ordering::SeqCst), 50);
}

#[test]
fn large_data_is_shared_not_copied() {
    let heap = Heap::new();
    let floats = vector::of_floats(&heap, &vec![1.5; 100_000]).unwrap();
    let text = heap.string(&"é".repeat(50_000));
    let both = heap.list(&[floats, text, floats]);
    let fragment = Fragment::copy_of(both);
    let own = fragment.chunks().bytes - (4 + 3 + 3 + 3 + 3) * 8;
    assert_eq!(own, 0, "only handles are copied");
    assert!(fragment.bytes() > 900_000, "what is kept alive counts");
    drop(heap);
    let other = Heap::new();
    let got = other.attach(fragment).as_list().unwrap();
    assert_eq!(got[0].as_vec().unwrap().len(), 100_000);
    assert_eq!(got[1].as_str().unwrap().chars().count(), 50_000);
    assert_eq!(got[0].word(), got[2].word());
}

#[test]
fn two_processes_extend_one_buffer() {
    let heap = Heap::new();
    let mut base = vector::empty();
    for n in 0..2000 {
        base = vector::append(&heap, base, heap.int(n)).unwrap();
    }
    let text = heap.string(&"x".repeat(100));
    let text = string::concat(&heap, &[text, heap.string("y")]).unwrap();
    let workers: Vec<_> = (0..3)
        .map(|k| {
            let fragment = Fragment::copy_of(heap.list(&[base, text]));
            std::thread::spawn(move || {
                let heap = Heap::new();
                let parts = heap.attach(fragment).as_list().unwrap();
                let (mut vec, mut text) = (parts[0], parts[1]);
                for i in 0..3000 {
                    vec = vector::append(&heap, vec, heap.int(k * 10_000 + i)).unwrap();
                    let more = heap.string(&k.to_string());
                    text = string::concat(&heap, &[text, more]).unwrap();
                }
                let ints: Vec<i64> =
                    vec.as_vec().unwrap().iter(&heap).map(|v| v.as_small().unwrap()).collect();
                let wanted: Vec<i64> = (0..2000).chain((0..3000).map(|i| k * 10_000 + i)).collect();
                assert_eq!(ints, wanted);
                let text = text.as_str().unwrap();
                assert_eq!(text[101..], k.to_string().repeat(3000));
            })
        })
        .collect();
    workers.into_iter().for_each(|w| w.join().unwrap());
    assert_eq!(base.as_vec().unwrap().len(), 2000);
}

#[test]
fn appending_to_text_is_linear() {
    let heap = Heap::new();
    let mut text = string::empty();
    let piece = heap.string("0123456789");
    for _ in 0..20_000 {
        text = string::concat(&heap, &[text, piece]).unwrap();
    }
    assert_eq!(text.as_str().unwrap(), "0123456789".repeat(20_000));
    assert!(heap.off_heap_bytes() < 4 * 400_000, "{}", heap.off_heap_bytes());
    let part = string::slice(&heap, text, 10, 1000).unwrap();
    assert_eq!(part.as_str().unwrap().len(), 990);
    let short = string::slice(&heap, text, 3, 8).unwrap();
    assert_eq!(short.as_str(), Some("34567"));
    let accents = heap.string("éé");
    assert!(string::slice(&heap, accents, 1, 3).is_none(), "no half characters");
    assert!(string::slice(&heap, accents, 2, 9).is_none());
}

#[test]
fn garbage_makes_collections_due_and_memory_comes_back() {
    let mut heap = Heap::new();
    let mut live = vec![heap.list(&[heap.int(1), heap.int(2)]).word()];
    let mut collections = 0;
    for i in 0..200_000 {
        heap.list(&[heap.int(i), heap.float(0.5)]);
        if heap.should_collect() {
            churn(&mut heap, &mut live);
            collections += 1;
            assert!(!heap.should_collect());
        }
    }
    assert!((10..2000).contains(&collections), "{collections} collections");
    assert!(heap.reserved_bytes() < 512 << 10, "{}", heap.reserved_bytes());
    // A spike of live data, and then none.
    for i in 0..100_000 {
        live.push(heap.list(&[heap.int(i)]).word());
    }
    churn(&mut heap, &mut live);
    live.truncate(1);
    churn(&mut heap, &mut live);
    churn(&mut heap, &mut live);
    assert!(heap.reserved_bytes() <= 1024, "{}", heap.reserved_bytes());
}

#[test]
fn off_heap_garbage_makes_collections_due() {
    let mut heap = Heap::new();
    let zeros = vec![0.0; 1 << 13];
    for _ in 0..1000 {
        vector::of_floats(&heap, &zeros).unwrap();
        if heap.should_collect() {
            churn(&mut heap, &mut []);
        }
        assert!(heap.off_heap_bytes() < 1 << 20);
    }
}

#[test]
fn a_buffer_that_others_hold_makes_collections_due_ever_more_rarely() {
    let sender = Heap::new();
    let shared = vector::of_floats(&sender, &vec![0.0; 1 << 20]).unwrap();
    let mut receiver = Heap::new();
    let mut collections = 0;
    let mut receive = |receiver: &mut Heap, value: Value<'_>| {
        receiver.attach(Fragment::copy_of(value));
        if receiver.should_collect() {
            churn(receiver, &mut []);
            collections += 1;
        }
        collections
    };
    let after = (0..1000).map(|_| receive(&mut receiver, shared)).last().unwrap();
    assert!((10..100).contains(&after), "{after} collections");
    // Those that nobody else holds are freed as before, once the first have been met.
    for round in 0..200 {
        let sender = Heap::new();
        let own = vector::of_floats(&sender, &vec![0.0; 1 << 18]).unwrap();
        receive(&mut receiver, own);
        assert!(round < 150 || receiver.off_heap_bytes() < 4 << 20);
    }
}

#[test]
fn limits() {
    let mut heap = Heap::new();
    heap.set_limit(10_000);
    assert!(heap.has_room(9_000) && !heap.has_room(11_000));
    assert!(!Heap::new().has_room(usize::MAX));
    while !heap.over_limit() {
        heap.float(1.0);
        assert!(heap.used_bytes() < 20_000);
    }
    heap.collect(|_: &mut dyn FnMut(&mut Word)| {});
    assert!(!heap.over_limit());
    heap.string(&"x".repeat(20_000));
    assert!(heap.over_limit() && heap.should_collect());
}

#[test]
fn builders_survive_collections() {
    let mut heap = Heap::new();
    let mut builder = MapBuilder::new();
    let mut vec = vector::VecBuilder::new();
    for i in 0..300 {
        let key = heap.string(&format!("key {i}"));
        builder.put(&heap, key, heap.float(i as f64));
        vec.push(&heap, key);
        if i % 50 == 0 {
            heap.collect(|visit: &mut dyn FnMut(&mut Word)| {
                builder.trace(visit);
                vec.trace(visit);
            });
        }
    }
    let map = builder.finish(&heap).as_map().unwrap();
    assert_eq!(map.len(), 300);
    for key in vec.collect(&heap).as_vec().unwrap().iter(&heap) {
        assert!(map.get(key).is_some());
    }
}

#[test]
fn big_ints_move() {
    let mut heap = Heap::new();
    let big = int::pow(&heap, heap.int(-7), heap.int(501)).unwrap();
    let shown = inspect(big);
    let mut words = vec![big.word()];
    churn(&mut heap, &mut words);
    assert_eq!(inspect(heap.value(words[0])), shown);
    let large = int::pow(&heap, heap.int(3), heap.int(100_000)).unwrap();
    words.push(large.word());
    churn(&mut heap, &mut words);
    assert!(strict_eq(
        heap.value(words[1]),
        int::pow(&heap, heap.int(3), heap.int(100_000)).unwrap()
    ));
}

#[test]
fn constants_are_frozen_from_many_threads() {
    let workers: Vec<_> = (0..4)
        .map(|k| {
            std::thread::spawn(move || {
                let heap = Heap::new();
                (0..200)
                    .map(|i| {
                        let text = "x".repeat(i);
                        let list = heap.list(&[heap.int(k), heap.string(&text), heap.float(0.5)]);
                        let long = heap.list(&vec![list; i * 10]);
                        freeze(heap.list(&[list, long]))
                    })
                    .collect::<Vec<_>>()
                    .into_iter()
                    .enumerate()
                    .for_each(|(i, frozen)| {
                        let [list, long] = frozen.as_list().unwrap() else { panic!("two") };
                        assert_eq!(list.as_list().unwrap()[1].as_str().unwrap().len(), i);
                        assert_eq!(long.as_list().unwrap().len(), i * 10);
                    });
            })
        })
        .collect();
    workers.into_iter().for_each(|w| w.join().unwrap());
    assert!(frozen_bytes() > 0);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "stale word")]
fn an_untraced_word_is_found_out() {
    let mut heap = Heap::new();
    let word = heap.list(&[Value::NIL]).word();
    heap.collect(|_: &mut dyn FnMut(&mut Word)| {});
    heap.value(word);
}

#[test]
fn many_threads_extend_a_frozen_vector() {
    let heap = Heap::new();
    let (mut vec, mut text) = (vector::empty(), heap.string(&"x".repeat(70)));
    for n in 0..1500 {
        vec = vector::append(&heap, vec, heap.int(n)).unwrap();
        text = string::concat(&heap, &[text, heap.string("y")]).unwrap();
    }
    let frozen = freeze(heap.list(&[vec, text])).as_list().unwrap();
    drop(heap);
    let workers: Vec<_> = (0..4)
        .map(|k| {
            let words = [frozen[0].word(), frozen[1].word()];
            std::thread::spawn(move || {
                let heap = Heap::new();
                for i in 0..500 {
                    let before = heap.off_heap_bytes();
                    let longer = vector::append(&heap, heap.value(words[0]), heap.int(k)).unwrap();
                    assert!(heap.off_heap_bytes() > before + 1500 * 8, "a buffer of its own");
                    let part = vector::slice(&heap, longer.as_vec().unwrap(), 1, 1500).unwrap();
                    let part = vector::append(&heap, part, heap.int(i)).unwrap().as_vec().unwrap();
                    assert_eq!(part.at(&heap, -1).unwrap().as_small(), Some(i));
                    assert_eq!(part.at(&heap, -2).unwrap().as_small(), Some(k));
                    let piece = heap.string(&k.to_string());
                    let text = string::concat(&heap, &[heap.value(words[1]), piece]).unwrap();
                    assert!(text.as_str().unwrap().ends_with(&format!("y{k}")));
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|w| w.join().unwrap());
    assert_eq!(frozen[0].as_vec().unwrap().len(), 1500);
}

type Parts<'h> = (Value<'h>, *const Value<'h>, usize);

fn grown<'h>(heap: &'h Heap, item: Value<'h>, (vec, at, len): Parts<'h>) -> Option<Parts<'h>> {
    // SAFETY: the parts are those of a vector, or of what is left of it.
    let (vec, at) = unsafe { heap.vec_grown(item, vec, at.cast(), len)? };
    Some((vec, at, len + 1))
}

#[test]
fn slices_without_handles() {
    let heap = Heap::new();
    let parts = |vec| heap.vec_parts(vec);
    let show = |(vec, at, len): Parts<'_>| {
        // SAFETY: the parts are those of a vector, or of what is left of it.
        inspect(unsafe { heap.vec_at(vec, at.cast(), len) })
    };
    let entries = [1, 2, 3, 4].map(|n| heap.int(n));
    let vec = vector::from_values(&heap, &entries).unwrap();
    let (handle, at, len) = parts(vec).unwrap();
    assert_eq!((handle.word(), len), (vec.word(), 4));
    let rest = (handle, at.wrapping_add(1), 3);
    assert_eq!(show(rest), "[2, 3, 4]");
    let longer = grown(&heap, heap.int(9), rest).unwrap();
    assert_eq!(show(longer), "[9, 2, 3, 4]");
    assert_eq!(inspect(vec), "[1, 2, 3, 4]");
    for other in [heap.float(1.5), heap.string("x"), Value::NIL, heap.int(i64::MAX)] {
        assert!(grown(&heap, other, rest).is_none(), "{}", inspect(other));
    }
    let alone = parts(heap.int(7)).unwrap();
    assert_eq!(show((alone.0, alone.1, 1)), "[7]", "a handle of its own, for the while");
    let longer = grown(&heap, heap.int(8), alone).unwrap();
    assert_eq!(show(longer), "[8, 7]");
    let floats = vector::from_values(&heap, &[heap.float(0.5), heap.float(1.5)]).unwrap();
    let pair = heap.list(&[heap.int(1), heap.int(2)]);
    assert!(
        [floats, pair, Value::NIL, heap.float(1.5), vector::empty()]
            .iter()
            .all(|&v| parts(v).is_none())
    );
    let lists = vector::from_values(&heap, &[pair, pair]).unwrap();
    let longer = grown(&heap, pair, parts(lists).unwrap()).unwrap();
    assert_eq!(show(longer), "[{1, 2}, {1, 2}, {1, 2}]");
    assert!(grown(&heap, heap.int(1), parts(lists).unwrap()).is_none());
}
