//! Versions of maps and sets edited in place, against ordered entries; every version stays alive, while the heap
//! is collected and copies go to and fro.

use super::*;
use crate::data::{list, set};
use crate::heap::{Fragment, freeze};
use crate::inspect::inspect;
use crate::testing::{collect_next, stressed};
use crate::value::Word;
use proptest::prelude::*;
use proptest::sample::Index;

type Model = Vec<(i64, i64)>;

#[derive(Clone, Debug)]
enum Op {
    Put(Index, i64, i64),
    /// Many on one version, the newest of which is kept: how many, from where, how far apart.
    Run(Index, u16, i64, i64),
    Persistent(Index, i64, i64),
    Remove(Index, Index),
    Message(Index),
    Freeze(Index),
    Read(Index),
    Get(Index, i64),
    Forget(Index),
    Collect,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<Index>;
    let key = || prop_oneof![3 => 0i64..40, 1 => 0i64..3000];
    prop_oneof![
        6 => (which(), key(), 0i64..9).prop_map(|(v, k, n)| Op::Put(v, k, n)),
        1 => (which(), 1u16..100, key(), 1i64..70).prop_map(|(v, n, k, by)| Op::Run(v, n, k, by)),
        1 => (which(), key(), 0i64..9).prop_map(|(v, k, n)| Op::Persistent(v, k, n)),
        2 => (which(), which()).prop_map(|(v, k)| Op::Remove(v, k)),
        1 => which().prop_map(Op::Message),
        1 => which().prop_map(Op::Freeze),
        2 => which().prop_map(Op::Read),
        1 => (which(), key()).prop_map(|(v, k)| Op::Get(v, k)),
        2 => which().prop_map(Op::Forget),
        3 => Just(Op::Collect),
    ]
}

/// The key that stands for a number. Of sort 4 many have one hash.
fn key<'h>(heap: &'h Heap, sort: u8, n: i64) -> Value<'h> {
    let text = format!("key {}", n / 2);
    match (sort, n % 4) {
        (0, _) => heap.int(n * 7919),
        (1, 0) => heap.float(n as f64 / 2.0),
        (1, 1) => heap.string(&text),
        (1, 2) => Value::symbol(Symbol::intern(&format!("symbol{n}"))),
        (1, _) => list::new(heap, &[heap.int(n), heap.string(&text)]),
        (2, _) => heap.string(&"long ".repeat(20 + n as usize % 7).replace('l', &n.to_string())),
        // Members of sets: symbols and their texts.
        (3, 0 | 2) => Value::symbol(Symbol::intern(&text)),
        (3, _) => heap.string(&text),
        _ => {
            // What comes after the first few thousand entries does not go into the hash.
            let mut ints = vec![heap.int(n % 3); 4200];
            ints.push(heap.int(n));
            list::new(heap, &ints)
        }
    }
}

fn build<'h>(heap: &'h Heap, sort: u8, model: &Model) -> Value<'h> {
    let entries: Vec<_> = model.iter().map(|&(k, v)| (key(heap, sort, k), heap.int(v))).collect();
    if sort == 3 {
        let members: Vec<_> = entries.iter().map(|e| e.0).collect();
        return set::from_values(heap, &members);
    }
    from_entries(heap, &entries)
}

fn put_model(model: &mut Model, k: i64, v: i64) {
    match model.iter_mut().find(|e| e.0 == k) {
        Some(entry) => entry.1 = v,
        None => model.push((k, v)),
    }
}

/// The map (of sort 3: the set) with an entry.
fn put(heap: &mut Heap, map: Word, sort: u8, k: i64, v: i64) -> Word {
    let (key, value) = (key(heap, sort, k), heap.int(v));
    let edit = if sort == 3 {
        heap.value(map).as_set().unwrap().edit(key).raw
    } else {
        let map = heap.value(map).as_map().unwrap();
        match map.edit(key, value) {
            Some(edit) => edit.raw,
            None => return map.put(heap, key, value).word(),
        }
    };
    heap.edit(&edit)
}

fn check(heap: &Heap, sort: u8, word: Word, model: &Model) {
    let value = heap.value(word);
    if sort == 3 {
        let members = value.as_set().unwrap().members();
        assert_eq!(members.len(), model.len());
        for (&member, &(k, _)) in members.iter().zip(model) {
            assert_eq!(inspect(member), inspect(key(heap, sort, k)));
        }
        return assert!(strict_eq(value, build(heap, sort, model)));
    }
    let map = value.as_map().unwrap();
    assert_eq!(map.len(), model.len());
    for ((k, v), &(n, m)) in map.iter().zip(model) {
        let wanted = key(heap, sort, n);
        assert!(strict_eq(k, wanted), "{} is not {}", inspect(k), inspect(wanted));
        assert_eq!(v.as_small(), Some(m));
        assert_eq!(map.get(wanted).and_then(Value::as_small), Some(m));
    }
    assert!(strict_eq(value, build(heap, sort, model)));
}

#[derive(Default)]
struct Versions {
    sort: u8,
    words: Vec<Word>,
    models: Vec<Model>,
    fragments: Vec<(Fragment, Model)>,
}

impl Versions {
    fn add(&mut self, word: Word, model: Model) {
        self.words.push(word);
        self.models.push(model);
    }

    fn collect(&mut self, heap: &mut Heap) {
        let words = &mut self.words;
        collect_next(heap, |visit| words.iter_mut().for_each(visit));
    }

    fn of(&self, which: &Index) -> (Word, Model) {
        let v = which.index(self.words.len());
        (self.words[v], self.models[v].clone())
    }

    fn apply(&mut self, heap: &mut Heap, op: &Op) {
        let sort = self.sort;
        match op {
            Op::Put(v, k, n) => {
                let (word, mut model) = self.of(v);
                put_model(&mut model, *k, *n);
                self.add(put(heap, word, sort, *k, *n), model);
            }
            Op::Run(v, times, from, by) => {
                let (mut word, mut model) = self.of(v);
                let times = if sort == 4 { 5 } else { i64::from(*times) };
                for i in 0..times {
                    put_model(&mut model, from + i * by, i % 9);
                    word = put(heap, word, sort, from + i * by, i % 9);
                }
                self.add(word, model);
            }
            Op::Persistent(v, k, n) => {
                let (word, mut model) = self.of(v);
                put_model(&mut model, *k, *n);
                let (key, value) = (key(heap, sort, *k), heap.int(*n));
                let made = match heap.value(word).as_set() {
                    Some(set) => set.add(heap, key),
                    None => heap.value(word).as_map().unwrap().put(heap, key, value),
                };
                self.add(made.word(), model);
            }
            Op::Remove(v, which) => {
                let (word, mut model) = self.of(v);
                if model.is_empty() {
                    return;
                }
                let (k, _) = model.remove(which.index(model.len()));
                let key = key(heap, sort, k);
                let made = match heap.value(word).as_set() {
                    Some(set) => set.remove(heap, key),
                    None => heap.value(word).as_map().unwrap().remove(heap, key),
                };
                self.add(made.unwrap().word(), model);
            }
            Op::Message(v) => {
                let (word, model) = self.of(v);
                let around = heap.list(&[heap.value(word), heap.value(self.words[0])]);
                let fragment = Fragment::copy_of(around);
                let parts = fragment.value().as_list().unwrap();
                assert!(strict_eq(parts[1], heap.value(self.words[0])));
                self.fragments.push((fragment, model));
                if self.fragments.len() > 2 {
                    let (fragment, model) = self.fragments.remove(0);
                    let word = heap.attach(fragment).as_list().unwrap()[0].word();
                    self.add(word, model);
                }
            }
            Op::Freeze(v) => {
                let (word, model) = self.of(v);
                if model.len() < 20 && sort < 4 {
                    self.add(freeze(heap.value(word)).word(), model);
                }
            }
            Op::Read(v) => {
                let (word, model) = self.of(v);
                check(heap, sort, word, &model);
            }
            Op::Get(v, k) => {
                let (word, model) = self.of(v);
                let there = model.iter().any(|e| e.0 == *k);
                let key = key(heap, sort, *k);
                match heap.value(word).as_set() {
                    Some(set) => assert_eq!(set.contains(key), there),
                    None => {
                        let found = heap.value(word).as_map().unwrap().get(key);
                        assert_eq!(found.is_some(), there);
                    }
                }
            }
            Op::Forget(v) => {
                if self.words.len() > 1 {
                    let v = v.index(self.words.len());
                    self.words.swap_remove(v);
                    self.models.swap_remove(v);
                }
            }
            Op::Collect => self.collect(heap),
        }
    }
}

proptest! {
    #[test]
    fn every_version_keeps_what_it_showed(
        sort in prop_oneof![4 => 0u8..4, 1 => Just(4u8)],
        stress in any::<bool>(),
        first in 0i64..200,
        ops in prop::collection::vec(op(), 1..40),
    ) {
        let mut heap = if stress { stressed() } else { Heap::new() };
        let first = if sort == 4 { first % 8 } else { first };
        let model: Model = (0..first).map(|n| (n * 3, n % 9)).collect();
        let mut all = Versions { sort, ..Versions::default() };
        let ops = if sort == 4 { &ops[..ops.len().min(8)] } else { &ops[..] };
        let word = build(&heap, sort, &model).word();
        all.add(word, model);
        for op in ops {
            all.apply(&mut heap, op);
            if stress {
                all.collect(&mut heap);
            }
        }
        for (&word, model) in all.words.iter().zip(&all.models).rev() {
            check(&heap, sort, word, model);
        }
        for (fragment, model) in &all.fragments {
            let whole = fragment.value().as_list().unwrap()[0];
            prop_assert!(strict_eq(whole, build(&heap, sort, model)));
        }
        all.collect(&mut heap);
        for (&word, model) in all.words.iter().zip(&all.models) {
            check(&heap, sort, word, model);
        }
    }
}

/// A heap's words, collected when that is due.
fn collect_due(heap: &mut Heap, words: &mut [Word]) {
    if heap.should_collect() {
        collect_next(heap, |visit| words.iter_mut().for_each(visit));
    }
}

#[test]
fn large_maps_keep_their_snapshots() {
    for every in [1, 100, 5000] {
        let mut heap = Heap::new();
        let mut words = vec![empty().word()];
        for n in 0..12_000 {
            let map = words[words.len() - 1];
            let map = put(&mut heap, map, 0, n * 31 % 7_001, n);
            *words.last_mut().unwrap() = map;
            if n % every == 0 && words.len() < 500 {
                words.push(map);
            }
            collect_due(&mut heap, &mut words);
        }
        for (i, &word) in words.iter().enumerate().rev().step_by(7).chain([(0, &words[0])]) {
            let map = heap.value(word).as_map().unwrap();
            let last = if i + 1 == words.len() { 11_999 } else { i as i64 * every };
            assert_eq!(map.len() as i64, (last + 1).min(7_001));
            for n in (0..=last).step_by(97) {
                let newer = n + 7_001;
                let wanted = if newer <= last { newer } else { n };
                let found = map.get(key(&heap, 0, n * 31 % 7_001));
                assert_eq!(found.and_then(Value::as_small), Some(wanted));
            }
        }
    }
}

#[test]
fn old_versions_hold_on_to_little() {
    let mut heap = Heap::new();
    let mut words = [empty().word(); 2];
    for n in 0..100 {
        words[0] = put(&mut heap, words[0], 0, n, 0);
    }
    words[1] = words[0];
    for n in 0..100_000 {
        words[1] = put(&mut heap, words[1], 0, n % 100, n);
        collect_due(&mut heap, &mut words);
    }
    heap.collect(|visit| words.iter_mut().for_each(visit));
    assert!(heap.used_bytes() < 1024 * 48 + 20_000, "{} bytes", heap.used_bytes());
    check(&heap, 0, words[0], &(0..100).map(|n| (n, 0)).collect());
    check(&heap, 0, words[1], &(0..100).map(|n| (n, 99_900 + n)).collect());
}

#[test]
fn maps_whose_keys_are_their_own_old_versions() {
    let mut heap = Heap::new();
    // Every version is a key of the next, and of a chain of others, so that nearly all are stale.
    let (mut map, mut versions) = (put(&mut heap, empty().word(), 0, 0, 0), Vec::new());
    for n in 0..300 {
        versions.push(map);
        let edit = {
            let (m, key) = (heap.value(map).as_map().unwrap(), heap.value(versions[n / 2]));
            m.edit(key, heap.int(n as i64)).unwrap().raw
        };
        map = heap.edit(&edit);
        map = put(&mut heap, map, 0, n as i64, 7);
    }
    for (n, &version) in versions.iter().enumerate().rev() {
        let m = heap.value(version).as_map().unwrap();
        assert_eq!(m.len(), n.max(1) + n.div_ceil(2));
        for k in 0..n {
            assert_eq!(m.get(key(&heap, 0, k as i64)).and_then(Value::as_small), Some(7));
        }
    }
}

#[test]
fn deep_chains_of_stale_keys_are_settled_without_recursion() {
    let mut heap = Heap::new();
    let mut words = [put(&mut heap, empty().word(), 0, 1, 1), Word::NIL];
    for n in 0..5_000 {
        // The inner one becomes a key while it is the newest version, and stale after that.
        let outer = put(&mut heap, empty().word(), 0, 2, n);
        let edit = {
            let (m, key) = (heap.value(outer).as_map().unwrap(), heap.value(words[0]));
            m.edit(key, heap.int(n)).unwrap().raw
        };
        words[1] = put(&mut heap, words[0], 0, 3, n);
        words[0] = heap.edit(&edit);
        collect_due(&mut heap, &mut words);
    }
    let last = put(&mut heap, words[0], 0, 5, 5);
    assert_eq!(heap.value(words[0]).as_map().unwrap().len(), 2);
    assert_eq!(heap.value(last).as_map().unwrap().len(), 3);
}
