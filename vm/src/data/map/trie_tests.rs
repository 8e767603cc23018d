//! The shape of tries: what directories, buckets and clashes must be like whatever has been put and removed; with
//! hashes that agree in many bits, and with maps that become old between edits.

use super::node::{Bucket, CAPACITY, ENTRY, MOST_BITS, byte_of};
use super::*;
use crate::data::set;
use crate::hash::int_with_hash;
use crate::heap::Obj;
use crate::testing::{collect_next, stressed};
use crate::value::Word;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Where in a trie a node is: what the hashes below have in common.
#[derive(Clone, Copy)]
struct Path {
    bits: u32,
    low: u64,
    /// How many bits the directory above looks at, and in which of its places the node is.
    above: u32,
    place: usize,
}

impl Path {
    fn agrees(self, hash: u64, bits: u32) -> bool {
        let mask = 1u64.checked_shl(bits).map_or(u64::MAX, |b| b - 1);
        (hash ^ self.low) & mask == 0
    }
}

/// Checks a node and all below; how many entries there are.
fn check_node(node: Obj<'_>, path: Path, depth_of_tree: u32) -> usize {
    assert!(depth_of_tree <= 65, "every directory looks at a bit at least");
    let is_root = path.bits == 0;
    if let Some(bucket) = Bucket::of(node) {
        assert!((1..=CAPACITY).contains(&bucket.len()) && bucket.depth() <= path.above);
        for i in 0..bucket.len() {
            let hash = hash(bucket.entry(i)[0]);
            assert_eq!(bucket.byte(i), byte_of(hash));
            assert!(path.agrees(hash, path.bits - path.above + bucket.depth()));
        }
        assert!(node.values()[bucket.len() * ENTRY..].iter().all(|w| w.is_nil()));
        return bucket.len();
    }
    assert!(is_root || path.above == MOST_BITS, "a small directory can be doubled");
    if node.tag() == layout::HCLASH {
        let words = node.values();
        for entry in words.chunks_exact(ENTRY) {
            assert_eq!(hash(entry[0]), node.raw()[0]);
            assert!(path.agrees(hash(entry[0]), path.bits));
        }
        assert!(words.len() > CAPACITY * ENTRY);
        return words.len() / ENTRY;
    }
    let bits = u32::from(node.aux());
    let words = node.values();
    assert!((1..=MOST_BITS).contains(&bits) && words.len() == 1 << bits);
    let mut all = 0;
    for (place, word) in words.iter().enumerate() {
        let child = word.object();
        let is_directory = child.is_some_and(|c| c.tag() == layout::HNODE);
        assert_eq!(node.raw()[0] >> place & 1 == 1, is_directory);
        let Some(child) = child else { continue };
        let depth = Bucket::of(child).map_or(bits, Bucket::depth);
        assert!(group(place, depth, bits).all(|p| words[p].word() == word.word()));
        let low = path.low | (place as u64) << path.bits;
        let below = Path { bits: path.bits + bits, low, above: bits, place };
        if below.place >> depth == 0 {
            all += check_node(child, below, depth_of_tree + 1);
        }
    }
    all
}

fn check_shape(map: Value<'_>) {
    let map = MapRef::of(map).unwrap();
    if let Form::Trie(trie) = map.form {
        let root = Value::new(Word::from_bits(trie.parts()[2]));
        let path = Path { bits: 0, low: 0, above: 0, place: 0 };
        let entries = root.object().map_or(0, |root| check_node(root, path, 0));
        assert_eq!(entries, map.len());
    }
}

/// A small int whose hash has the low bits of this one.
fn with_low_bits(low: u64, bits: u32, mut other: u64) -> i64 {
    loop {
        other = other.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        if let Some(n) = int_with_hash(low & ((1 << bits) - 1) | other << bits) {
            return n;
        }
    }
}

fn put(heap: &mut Heap, map: Word, key: i64, value: i64, in_place: bool) -> Word {
    let (key, value) = (heap.int(key), heap.int(value));
    let map = MapRef::of(heap.value(map)).unwrap();
    match map.edit(key, value).filter(|_| in_place) {
        Some(edit) => {
            let edit = edit.raw;
            heap.edit(&edit)
        }
        None => map.put(heap, key, value).word(),
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// So many keys, whose hashes agree in so many bits.
    Put(u8, u32, u64, bool),
    Remove(prop::sample::Index, u8),
    Keep,
    Collect,
}

proptest! {
    #[test]
    fn shapes_hold_whatever_the_hashes(ops in prop::collection::vec(prop_oneof![
        4 => (1u8..60, 0u32..59, any::<u64>(), any::<bool>())
            .prop_map(|(n, bits, low, here)| Op::Put(n, bits, low, here)),
        3 => (any::<prop::sample::Index>(), 1u8..90).prop_map(|(at, n)| Op::Remove(at, n)),
        1 => Just(Op::Keep),
        1 => Just(Op::Collect),
    ], 1..20)) {
        let mut heap = stressed();
        let mut words = vec![empty().word()];
        let mut models: Vec<BTreeMap<i64, i64>> = vec![BTreeMap::new()];
        for op in ops {
            let model = models.last_mut().unwrap();
            let map = words.last_mut().unwrap();
            match op {
                Op::Put(n, bits, low, in_place) => {
                    for i in 0..i64::from(n) {
                        let key = with_low_bits(low, bits, low ^ i as u64);
                        *map = put(&mut heap, *map, key, i, in_place);
                        model.insert(key, i);
                    }
                }
                Op::Remove(at, n) => {
                    for _ in 0..n.min(model.len() as u8) {
                        let key = *model.keys().nth(at.index(model.len())).unwrap();
                        model.remove(&key);
                        let m = MapRef::of(heap.value(*map)).unwrap();
                        *map = m.remove(&heap, heap.int(key)).unwrap().word();
                    }
                }
                Op::Keep => {
                    let (map, model) = (*map, model.clone());
                    words.push(map);
                    models.push(model);
                }
                Op::Collect => collect_next(&mut heap, |visit| words.iter_mut().for_each(visit)),
            }
            check_shape(heap.value(*words.last().unwrap()));
        }
        for (&map, model) in words.iter().zip(&models) {
            check_shape(heap.value(map));
            let map = MapRef::of(heap.value(map)).unwrap();
            prop_assert_eq!(map.len(), model.len());
            for (&key, &value) in model {
                prop_assert_eq!(map.get(heap.int(key)).and_then(Value::as_small), Some(value));
            }
            let other = model.iter().map(|(&k, &v)| (heap.int(k), heap.int(v)));
            let other = from_entries(&heap, &other.collect::<Vec<_>>());
            check_shape(other);
            prop_assert!(crate::compare::strict_eq(map.value(), other));
        }
    }
}

#[test]
fn what_a_map_takes_goes_with_its_entries() {
    for in_place in [false, true] {
        let mut heap = Heap::new();
        let mut words = [empty().word()];
        let n = 20_000;
        for i in 0..n {
            words[0] = put(&mut heap, words[0], i * 31, i, in_place);
            if heap.should_collect() {
                collect_next(&mut heap, |visit| words.iter_mut().for_each(visit));
            }
        }
        check_shape(heap.value(words[0]));
        heap.collect(|visit| words.iter_mut().for_each(visit));
        let full = heap.used_bytes();
        assert!(full < n as usize * 36, "{full} bytes");
        for i in 0..n - 10 {
            let key = heap.int(i * 7_919 % n * 31);
            words[0] = MapRef::of(heap.value(words[0])).unwrap().remove(&heap, key).unwrap().word();
            if i % 997 == 0 {
                check_shape(heap.value(words[0]));
            }
            if heap.should_collect() {
                collect_next(&mut heap, |visit| words.iter_mut().for_each(visit));
            }
        }
        check_shape(heap.value(words[0]));
        heap.collect(|visit| words.iter_mut().for_each(visit));
        assert!(heap.used_bytes() < 3_000, "{} bytes", heap.used_bytes());
    }
}

#[test]
fn many_parts_make_one_shape() {
    for n in [40, 3_000, 40_000] {
        let heap = Heap::new();
        let mut builder = MapBuilder::new();
        for i in 0..n {
            builder.put(&heap, heap.int(i * 3), heap.int(i));
        }
        let made = loop {
            if let Some(made) = builder.finish_some(&heap, 38) {
                break made;
            }
        };
        check_shape(made);
    }
}

/// The root node of a map.
fn root(heap: &Heap, map: Word) -> u64 {
    let map = MapRef::of(heap.value(map)).unwrap();
    let Form::Trie(trie) = map.form else { panic!("no trie") };
    trie.parts()[2]
}

/// A heap with an old generation, and a map in it that has been edited.
fn old_map() -> (Heap, Word) {
    let mut heap = Heap::new();
    let mut words = [empty().word()];
    for i in 0..20_000 {
        words[0] = put(&mut heap, words[0], i, i, true);
    }
    heap.collect(|visit| words.iter_mut().for_each(visit));
    assert!(heap.is_minor_next());
    (heap, words[0])
}

fn young(heap: &mut Heap, words: &mut [Word]) {
    heap.list(&[Value::NIL]);
    heap.collect_young(|visit| words.iter_mut().for_each(visit));
}

#[test]
fn a_held_map_is_edited_though_it_is_old() {
    let (mut heap, map) = old_map();
    let mut words = [map];
    let before = root(&heap, map);
    for round in 0..5 {
        words[0] = put(&mut heap, words[0], 7, -round, true);
        assert_eq!(root(&heap, words[0]), before, "nothing is copied");
        young(&mut heap, &mut words);
    }
    // What two roots have, or an object, is not held.
    let mut two = [words[0]; 2];
    two[0] = put(&mut heap, two[0], 7, 1, true);
    two[1] = two[0];
    young(&mut heap, &mut two);
    let newer = put(&mut heap, two[0], 7, 2, true);
    assert_ne!(root(&heap, newer), before);
    let get = |heap: &Heap, map: Word| {
        MapRef::of(heap.value(map)).unwrap().get(heap.int(7)).and_then(Value::as_small)
    };
    let mut words = [newer, two[1], heap.list(&[heap.value(newer)]).word()];
    young(&mut heap, &mut words);
    let newest = put(&mut heap, words[0], 7, 3, true);
    assert_ne!(root(&heap, newest), root(&heap, words[0]));
    assert_eq!([newest, words[0], words[1]].map(|m| get(&heap, m)), [3, 2, 1].map(Some));
    // Nor is one that a collection has not been asked for since.
    let mut words = [newest];
    young(&mut heap, &mut words);
    let at = root(&heap, words[0]);
    words[0] = put(&mut heap, words[0], 7, 4, true);
    assert_eq!(root(&heap, words[0]), at);
}

#[test]
fn so_is_a_held_set() {
    let (mut heap, map) = old_map();
    let members = |set: Value<'_>| -> Word { set.object().unwrap().values()[0].word() };
    let add = |heap: &mut Heap, set: Word, n: i64| {
        let edit = heap.value(set).as_set().unwrap().edit(heap.int(n)).raw;
        heap.edit(&edit)
    };
    let mut words = vec![set::empty(&heap).word(), map];
    for n in 0..1_000 {
        words[0] = add(&mut heap, words[0], n);
    }
    young(&mut heap, &mut words);
    for n in 1_000..1_010 {
        let before = root(&heap, members(heap.value(words[0])));
        let old = words[0];
        words[0] = add(&mut heap, old, n * n);
        assert_eq!(root(&heap, members(heap.value(words[0]))), before);
        if n % 3 == 0 {
            words.push(heap.list(&[heap.value(old)]).word());
        }
        let size = |word: Word| heap.value(word).as_set().unwrap().len() as i64;
        let sizes = [size(words[0]), n % 3];
        young(&mut heap, &mut words);
        // What something else has is not held; nor is what was edited after that, till the next time.
        if n % 3 == 0 {
            let old = heap.value(*words.last().unwrap()).as_list().unwrap()[0];
            assert!(!old.as_set().unwrap().contains(heap.int(n * n)));
            assert_eq!(old.as_set().unwrap().len() as i64 + 1, sizes[0]);
            words[0] = add(&mut heap, words[0], -n);
            young(&mut heap, &mut words);
        }
    }
}

#[test]
fn old_handles_of_held_maps_live_if_something_has_them() {
    // Kept by: nothing, a root, a young object, an entry of the newest version, an entry of another old map.
    for keeper in 0..5 {
        let (mut heap, map) = old_map();
        let other = put(&mut heap, empty().word(), 1, 1, true);
        let mut words = vec![map, other];
        young(&mut heap, &mut words);
        for i in 100..150 {
            // Copies the nodes that were made under another number.
            words[0] = put(&mut heap, words[0], i, 0, true);
            words[0] = put(&mut heap, words[0], i, i, true);
        }
        young(&mut heap, &mut words);
        let (old, before) = (words[0], heap.heap_bytes());
        match keeper {
            1 => words.push(old),
            2 => words.push(heap.list(&[heap.value(old)]).word()),
            3 | 4 => {
                let into = if keeper == 3 { words[0] } else { words[1] };
                let map = MapRef::of(heap.value(into)).unwrap();
                let edit = map.edit(heap.int(1), heap.value(old)).unwrap().raw;
                words[keeper - 3] = heap.edit(&edit);
            }
            _ => {}
        }
        for i in 100..150 {
            words[0] = put(&mut heap, words[0], i, -i, true);
        }
        let text = heap.string("young").word();
        words.push(text);
        young(&mut heap, &mut words);
        // Its versions are of no use to anybody if it is dead.
        assert_eq!(heap.heap_bytes() < before + 50 * 48, keeper == 0);
        let one = |heap: &Heap, map: Word| {
            MapRef::of(heap.value(map)).unwrap().get(heap.int(1)).unwrap().word()
        };
        let old = match keeper {
            1 => words[2],
            2 => heap.value(words[2]).as_list().unwrap()[0].word(),
            3 | 4 => one(&heap, words[keeper - 3]),
            _ => continue,
        };
        let [old, new] = [old, words[0]].map(|m| MapRef::of(heap.value(m)).unwrap());
        for i in 100..150 {
            let get = |m: MapRef<'_>| m.get(Value::count(i)).and_then(Value::as_small);
            assert_eq!((get(old), get(new)), (Some(i as i64), Some(-(i as i64))));
        }
    }
}

#[test]
fn young_words_in_old_nodes_live() {
    let (mut heap, map) = old_map();
    let mut words = [map];
    let n = 30_000;
    for i in 0..n {
        let edit = {
            let (key, value) =
                (heap.string(&format!("key {}", i % 9_000)), heap.list(&[heap.int(i)]));
            MapRef::of(heap.value(words[0])).unwrap().edit(key, value).unwrap().raw
        };
        words[0] = heap.edit(&edit);
        if heap.should_collect() || i % 1_234 == 0 {
            collect_next(&mut heap, |visit| words.iter_mut().for_each(visit));
        }
    }
    check_shape(heap.value(words[0]));
    let map = MapRef::of(heap.value(words[0])).unwrap();
    assert_eq!(map.len(), 29_000);
    for i in n - 9_000..n {
        let key = heap.string(&format!("key {}", i % 9_000));
        let found = map.get(key).and_then(|v| v.as_list()).unwrap();
        assert_eq!(found[0].as_small(), Some(i));
    }
}
