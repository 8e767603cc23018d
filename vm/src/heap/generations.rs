//! Tests of the generations: minor collections keep what is reachable and free the rest, old buffers
//! remember what is claimed of them, memory comes back.

use super::tests::{counted, levels};
use super::*;
use crate::compare::strict_eq;
use crate::data::vector;
use crate::hash::hash;
use crate::inspect::inspect;
use crate::testing::{collect_next, recipe, stressed};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn next(heap: &mut Heap, words: &mut [Word]) {
    collect_next(heap, |visit| words.iter_mut().for_each(visit));
}

fn full(heap: &mut Heap, words: &mut [Word]) {
    heap.collect(|visit| words.iter_mut().for_each(visit));
}

/// A heap with an old generation of at least so many bytes, kept alive by the word.
fn large(bytes: usize) -> (Heap, Word) {
    let mut heap = Heap::new();
    let mut words = [vector::empty().word()];
    while heap.heap_bytes() < bytes.max(512 << 10) {
        let entry = heap.list(&[heap.float(0.5), Value::NIL]);
        words[0] = vector::append(&heap, heap.value(words[0]), entry).unwrap().word();
    }
    full(&mut heap, &mut words);
    assert!(heap.is_minor_next());
    (heap, words[0])
}

/// How many entries of a test that takes long with every access checked.
fn many(n: usize) -> usize {
    if levels() < 10_000 { n / 100 } else { n }
}

proptest! {
    #[test]
    fn collections_in_turn_keep_what_is_reachable(
        recipes in prop::collection::vec(recipe(), 2..6),
        kept in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let mut heap = stressed();
        let mut words: Vec<Word> = Vec::new();
        let mut model: Vec<usize> = Vec::new();
        for which in kept {
            // Every round adds some, drops one, and refers to an old one from a new one.
            for (i, recipe) in recipes.iter().enumerate() {
                words.push(recipe.build(&heap).word());
                model.push(i);
            }
            let gone = which.index(words.len());
            words.swap_remove(gone);
            model.swap_remove(gone);
            let around = heap.list(&[heap.value(words[which.index(words.len())])]).word();
            words.push(around);
            next(&mut heap, &mut words);
            let around = heap.value(words.pop().unwrap());
            let inside = around.as_list().unwrap()[0];
            prop_assert_eq!(inside.word(), words[which.index(words.len())]);
            for (&word, &i) in words.iter().zip(&model) {
                let (value, wanted) = (heap.value(word), recipes[i].build(&heap));
                prop_assert!(strict_eq(value, wanted));
                prop_assert_eq!(inspect(value), inspect(wanted));
                prop_assert_eq!(hash(value), hash(wanted));
                prop_assert!(strict_eq(Fragment::copy_of(value).value(), wanted));
            }
        }
        words.clear();
        heap.set_stress(false);
        full(&mut heap, &mut words);
        prop_assert_eq!((heap.used_bytes(), heap.reserved_bytes()), (0, 0));
    }
}

#[test]
fn minor_collections_leave_the_old_alone() {
    let (mut heap, old) = large(0);
    let (before, at) = (heap.heap_bytes(), old);
    let mut words = [old, heap.list(&[heap.value(old), heap.float(1.5)]).word()];
    for _ in 0..1000 {
        heap.list(&[Value::NIL, Value::NIL]);
    }
    next(&mut heap, &mut words);
    assert_eq!(words[0], at, "what is old stays where it is");
    assert_eq!(heap.value(words[1]).as_list().unwrap()[0].word(), at);
    assert_eq!(heap.heap_bytes(), before + (3 + 2) * 8, "survivors only");
    next(&mut heap, &mut words);
    assert_eq!(heap.heap_bytes(), before + (3 + 2) * 8);
}

#[test]
fn what_is_claimed_of_an_old_buffer_lives() {
    for end in [false, true] {
        let (mut heap, old) = large(0);
        let mut words = [old, vector::empty().word()];
        let grow = |heap: &Heap, word: Word, text: &str| {
            let (vec, entry) = (heap.value(word), heap.string(text));
            if end {
                vector::append(heap, vec, entry).unwrap().word()
            } else {
                vector::prepend(heap, entry, vec).unwrap().word()
            }
        };
        for n in 0..many(200_000) {
            words[1] = grow(&heap, words[1], &n.to_string());
            if n % 1000 == 0 {
                next(&mut heap, &mut words);
            }
        }
        let vec = heap.value(words[1]).as_vec().unwrap();
        for (i, entry) in vec.iter(&heap).enumerate() {
            let n = if end { i } else { vec.len() - 1 - i };
            assert_eq!(entry.as_str().unwrap(), n.to_string());
        }
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "is young")]
fn a_claim_that_is_not_remembered_is_found_out() {
    let mut heap = stressed();
    let text = heap.string("x");
    let vec = vector::from_values(&heap, &[text, text]).unwrap();
    let mut words = [vector::prepend(&heap, text, vec).unwrap().word()];
    full(&mut heap, &mut words);
    let at = heap.value(words[0]).object_of(layout::VEC).unwrap().pointer();
    // SAFETY: a VEC's third word is its buffer; its header loses the flag that guards it.
    unsafe {
        let buf = Word::from_bits(*at.add(2)).address();
        assert!(layout::is_guarded(*buf));
        *buf &= !layout::bits(layout::GUARDED);
    }
    words[0] = vector::prepend(&heap, heap.string("y"), heap.value(words[0])).unwrap().word();
    let claimed = heap.old.as_ref().unwrap().claimed.borrow().len();
    assert_eq!(claimed, 0);
    // What keeps the check from being about guards alone.
    // SAFETY: as above.
    unsafe {
        let at = heap.value(words[0]).object_of(layout::VEC).unwrap().pointer();
        *Word::from_bits(*at.add(2)).address() |= layout::bits(layout::GUARDED);
    }
    next(&mut heap, &mut words);
}

#[test]
fn host_objects_are_charged_to_their_generation() {
    let count = Arc::new(AtomicUsize::new(0));
    let alive = || count.load(Ordering::SeqCst);
    let (mut heap, old) = large(0);
    let mut words = vec![old, counted(&heap, &count).word(), counted(&heap, &count).word()];
    next(&mut heap, &mut words);
    assert_eq!((alive(), heap.off_heap_bytes()), (2, 2000));
    words.pop();
    counted(&heap, &count);
    words.push(counted(&heap, &count).word());
    assert_eq!((alive(), heap.off_heap_bytes()), (4, 4000));
    next(&mut heap, &mut words);
    assert_eq!((alive(), heap.off_heap_bytes()), (3, 3000), "an old one is left for a full one");
    full(&mut heap, &mut words);
    assert_eq!((alive(), heap.off_heap_bytes()), (2, 2000));
    drop(heap);
    assert_eq!(alive(), 0);
}

#[test]
fn large_messages_become_old_as_they_are() {
    let count = Arc::new(AtomicUsize::new(0));
    let sender = Heap::new();
    let entries: Vec<_> = (0..5000).map(|n| sender.string(&n.to_string())).collect();
    let vec = vector::from_values(&sender, &entries).unwrap();
    let fragment = Fragment::copy_of(sender.list(&[vec, counted(&sender, &count)]));
    drop(sender);
    let (mut heap, old) = large(0);
    let before = heap.reserved_bytes();
    let pair = heap.attach(fragment).as_list().unwrap();
    let mut words = [old, pair[0].word(), Word::NIL, pair[1].word()];
    assert!(heap.reserved_bytes() > before + 5000 * 24);
    let at = words[1];
    words[2] = vector::append(&heap, heap.value(at), heap.string("more")).unwrap().word();
    next(&mut heap, &mut words);
    assert_eq!((words[1], heap.off_heap_bytes()), (at, 1000), "nothing was moved");
    words[1] = vector::prepend(&heap, heap.string("less"), heap.value(words[2])).unwrap().word();
    next(&mut heap, &mut words);
    full(&mut heap, &mut words);
    let vec = heap.value(words[1]).as_vec().unwrap();
    let text = |i: i64| vec.at(&heap, i).unwrap().as_str().map(str::to_owned);
    assert_eq!((vec.len(), text(1).as_deref()), (5002, Some("less")));
    assert_eq!((text(5001).as_deref(), text(5002).as_deref()), (Some("4999"), Some("more")));
    full(&mut heap, &mut []);
    assert_eq!((heap.used_bytes(), count.load(Ordering::SeqCst)), (0, 0));
}

/// Allocates garbage until a collection has been due so many times; how many were minor.
fn busy(heap: &mut Heap, words: &mut [Word], collections: usize) -> usize {
    let mut minor = 0;
    for _ in 0..collections {
        while !heap.should_collect() {
            heap.list(&[Value::NIL, Value::NIL]);
        }
        minor += usize::from(heap.is_minor_next());
        next(heap, words);
    }
    minor
}

#[test]
fn garbage_is_collected_by_minor_collections() {
    let (mut heap, old) = large(4 << 20);
    let mut words = [old];
    let live = heap.heap_bytes();
    let reserved = heap.reserved_bytes();
    let rounds = many(1000) + 10;
    let minor = busy(&mut heap, &mut words, rounds);
    assert!((rounds * 9 / 10..=rounds).contains(&minor), "{minor} of {rounds}");
    assert_eq!(heap.heap_bytes(), live);
    assert!(heap.reserved_bytes() <= reserved + (1 << 20));
}

#[test]
fn memory_comes_back_after_a_spike() {
    let (mut heap, old) = large(many(64 << 20));
    let mut words = [old];
    let spike = heap.reserved_bytes();
    words[0] = Word::NIL;
    let mut rounds = 0;
    while heap.reserved_bytes() > 1 << 20 {
        busy(&mut heap, &mut words, 1);
        rounds += 1;
        assert!(rounds * (256 << 10) < spike * 12, "{} bytes kept", heap.reserved_bytes());
    }
    // A small heap again: collected as a whole.
    busy(&mut heap, &mut words, 20);
    assert!(!heap.is_minor_next() && heap.old.is_none());
    full(&mut heap, &mut []);
    assert_eq!(heap.reserved_bytes(), 0);
}

#[test]
fn what_grows_fast_is_mostly_left_where_it_is() {
    let (mut heap, old) = large(1 << 20);
    let mut words = vec![vector::empty().word(), old];
    let (mut moved, mut all) = (0, 0);
    let mut last = Word::NIL;
    while heap.heap_bytes() < many(32 << 20).max(4 << 20) {
        let text = heap.string(&words.len().to_string());
        words[0] = vector::append(&heap, heap.value(words[0]), text).unwrap().word();
        words.push(heap.list(&[heap.float(1.0), text]).word());
        if heap.should_collect() {
            last = *words.last().unwrap();
            next(&mut heap, &mut words);
            all += 1;
            moved += usize::from(last != *words.last().unwrap());
        }
    }
    assert!(last.is_pointer() && all > 5 && moved <= all / 2 + 1, "{moved} of {all}");
    full(&mut heap, &mut words);
    for (i, &word) in words.iter().enumerate().skip(2) {
        assert_eq!(heap.value(word).as_list().unwrap()[1].as_str().unwrap(), i.to_string());
    }
    // Then everything dies young again: soon that shows.
    let mut copied = words[..2].to_vec();
    assert!(busy(&mut heap, &mut copied, 20) > 0);
    let bytes = heap.heap_bytes();
    busy(&mut heap, &mut copied, 5);
    assert!(heap.heap_bytes() <= bytes);
}

#[test]
fn an_idle_heap_is_looked_through_as_long_as_that_helps() {
    let (mut heap, old) = large(4 << 20);
    let mut words = vec![old];
    let tidy = |heap: &mut Heap, words: &mut [Word]| {
        heap.list(&[Value::NIL]);
        heap.tidy();
        let asked = heap.should_collect();
        if asked {
            assert!(!heap.is_minor_next());
            next(heap, words);
        }
        asked
    };
    assert!(!heap.could_shrink(), "nothing has been allocated since the last one");
    assert!(tidy(&mut heap, &mut words));
    assert!(!tidy(&mut heap, &mut words), "that was in vain");
    while !heap.could_shrink() {
        busy(&mut heap, &mut words, 1);
    }
    words[0] = Word::NIL;
    assert!(tidy(&mut heap, &mut words));
    assert!(heap.heap_bytes() < 1000 && !heap.could_shrink());
}

#[test]
fn limits_count_both_generations() {
    let (mut heap, old) = large(1 << 20);
    let mut words = [old];
    heap.set_limit(heap.used_bytes() + 100_000);
    assert!(heap.has_room(50_000) && !heap.has_room(150_000));
    assert!(!heap.over_limit());
    while !heap.should_collect() {
        heap.list(&[Value::NIL, Value::NIL]);
    }
    next(&mut heap, &mut words);
    assert!(!heap.over_limit());
    heap.set_limit(heap.used_bytes() - 1);
    assert!(heap.over_limit() && heap.should_collect());
}
