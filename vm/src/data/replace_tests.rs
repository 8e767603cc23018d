//! Versions of vectors edited in place, against plain `Vec`s; every version stays alive, while the heap is
//! collected and copies go to and fro.

use super::super::{append, from_values, prepend, slice};
use super::*;
use crate::compare::strict_eq;
use crate::hash::hash;
use crate::heap::{Fragment, freeze, layout};
use crate::inspect::inspect;
use crate::testing::{collect_next, stressed};
use crate::value::Word;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Op {
    Replace(Index, Index, i64),
    /// Many on one version, the newest of which is kept.
    Run(Index, u8, i64),
    Slice(Index, Index),
    Append(Index, i64),
    Prepend(Index, i64),
    Message(Index),
    Nest(Index),
    Read(Index),
    Forget(Index),
    Collect,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<Index>;
    prop_oneof![
        6 => (which(), which(), 0i64..9).prop_map(|(v, i, n)| Op::Replace(v, i, n)),
        2 => (which(), 1u8..90, 0i64..9).prop_map(|(v, k, n)| Op::Run(v, k, n)),
        1 => (which(), which()).prop_map(|(v, i)| Op::Slice(v, i)),
        1 => (which(), 0i64..9).prop_map(|(v, n)| Op::Append(v, n)),
        1 => (which(), 0i64..9).prop_map(|(v, n)| Op::Prepend(v, n)),
        1 => which().prop_map(Op::Message),
        1 => which().prop_map(Op::Nest),
        2 => which().prop_map(Op::Read),
        2 => which().prop_map(Op::Forget),
        3 => Just(Op::Collect),
    ]
}

/// The value that stands for a number in vectors of this sort.
fn entry<'h>(heap: &'h Heap, sort: u8, n: i64) -> Value<'h> {
    match sort {
        0 => heap.int(n),
        1 => heap.float(n as f64 / 2.0),
        2 if n == 8 => Value::NIL,
        2 => Value::bool(n % 2 == 0),
        3 => heap.string(&"ab".repeat(n as usize)),
        _ => heap.list(&[heap.int(n), heap.float(0.5)]),
    }
}

fn build<'h>(heap: &'h Heap, sort: u8, model: &[i64]) -> Value<'h> {
    let entries: Vec<_> = model.iter().map(|&n| entry(heap, sort, n)).collect();
    from_values(heap, &entries).unwrap()
}

/// The vector with an entry replaced; whether that was done in place.
fn replaced(heap: &mut Heap, vec: Word, sort: u8, index: usize, n: i64) -> (Word, bool) {
    let vec = heap.value(vec).as_vec().unwrap();
    let edit = match replace(heap, vec, index, entry(heap, sort, n)).unwrap() {
        Replaced::Made(made) => return (made.word(), false),
        Replaced::Edit(edit) => edit.raw,
        Replaced::Anew => {
            let mut entries: Vec<_> = vec.iter(heap).collect();
            entries[index] = entry(heap, sort, n);
            return (from_values(heap, &entries).unwrap().word(), false);
        }
    };
    (heap.edit(&edit), true)
}

fn check(heap: &Heap, sort: u8, word: Word, model: &[i64]) {
    let (value, wanted) = (heap.value(word), build(heap, sort, model));
    assert!(strict_eq(value, wanted), "{} is not {}", inspect(value), inspect(wanted));
    assert_eq!(hash(value), hash(wanted));
    assert_eq!(value.as_vec().unwrap().len(), model.len());
}

struct Versions {
    sort: u8,
    words: Vec<Word>,
    models: Vec<Vec<i64>>,
    fragments: Vec<(Fragment, Vec<i64>)>,
    nested: Vec<Word>,
}

impl Versions {
    fn add(&mut self, word: Word, model: Vec<i64>) {
        self.words.push(word);
        self.models.push(model);
    }

    fn collect(&mut self, heap: &mut Heap) {
        let (words, nested) = (&mut self.words, &mut self.nested);
        collect_next(heap, |visit| words.iter_mut().chain(nested).for_each(visit));
    }

    fn apply(&mut self, heap: &mut Heap, op: &Op) {
        let sort = self.sort;
        let at = |v: &Index, versions: &Versions| v.index(versions.words.len());
        match op {
            Op::Replace(v, i, n) => {
                let v = at(v, self);
                let mut model = self.models[v].clone();
                let index = i.index(model.len());
                model[index] = *n;
                let (word, _) = replaced(heap, self.words[v], sort, index, *n);
                self.add(word, model);
            }
            Op::Run(v, times, n) => {
                let v = at(v, self);
                let (mut word, mut model) = (self.words[v], self.models[v].clone());
                for k in 0..*times as usize {
                    let index = (k * 7) % model.len();
                    model[index] = (*n + k as i64) % 9;
                    word = replaced(heap, word, sort, index, model[index]).0;
                }
                self.add(word, model);
            }
            Op::Slice(v, i) => {
                let v = at(v, self);
                let (vec, len) =
                    (heap.value(self.words[v]).as_vec().unwrap(), self.models[v].len());
                let from = i.index(len / 2);
                let part = slice(heap, vec, from, len - from).unwrap();
                self.add(part.word(), self.models[v][from..].to_vec());
            }
            Op::Append(v, n) => {
                let v = at(v, self);
                let mut model = self.models[v].clone();
                model.push(*n);
                let longer = append(heap, heap.value(self.words[v]), entry(heap, sort, *n));
                self.add(longer.unwrap().word(), model);
            }
            Op::Prepend(v, n) => {
                let v = at(v, self);
                let mut model = self.models[v].clone();
                model.insert(0, *n);
                let longer = prepend(heap, entry(heap, sort, *n), heap.value(self.words[v]));
                self.add(longer.unwrap().word(), model);
            }
            Op::Message(v) => {
                let v = at(v, self);
                let fragment = Fragment::copy_of(heap.value(self.words[v]));
                self.fragments.push((fragment, self.models[v].clone()));
                if self.fragments.len() > 2 {
                    let (fragment, model) = self.fragments.remove(0);
                    let word = heap.attach(fragment).word();
                    self.add(word, model);
                }
            }
            Op::Nest(v) => {
                let v = at(v, self);
                let last = *self.words.last().unwrap();
                let pair = heap.list(&[heap.value(self.words[v]), heap.value(last)]);
                let fragment = Fragment::copy_of(pair);
                let parts = fragment.value().as_list().unwrap();
                assert!(strict_eq(parts[0], pair.as_list().unwrap()[0]));
                self.nested.push(pair.word());
                let first = pair.as_list().unwrap()[0].word();
                self.add(first, self.models[v].clone());
            }
            Op::Read(v) => {
                let v = at(v, self);
                check(heap, sort, self.words[v], &self.models[v]);
            }
            Op::Forget(v) => {
                let v = at(v, self);
                if self.words.len() > 1 {
                    self.words.swap_remove(v);
                    self.models.swap_remove(v);
                    self.nested.clear();
                }
            }
            Op::Collect => self.collect(heap),
        }
    }
}

proptest! {
    #[test]
    fn every_version_keeps_what_it_showed(
        sort in 0u8..5,
        long in any::<bool>(),
        stress in any::<bool>(),
        first in prop::collection::vec(0i64..9, 2..40),
        ops in prop::collection::vec(op(), 1..50),
    ) {
        let mut heap = if stress { stressed() } else { Heap::new() };
        // Long ones lie outside the heap where they can.
        let times = match (long, sort) { (false, _) => 1, (_, 2) => 4200 / first.len(), _ => 600 / first.len() };
        let model = first.repeat(times.max(1));
        let word = build(&heap, sort, &model).word();
        let mut all = Versions { sort, words: vec![], models: vec![], fragments: vec![], nested: vec![] };
        all.add(word, model);
        for op in &ops {
            all.apply(&mut heap, op);
            if stress {
                all.collect(&mut heap);
            }
        }
        for (&word, model) in all.words.iter().zip(&all.models).rev() {
            check(&heap, sort, word, model);
        }
        for (fragment, model) in &all.fragments {
            prop_assert!(strict_eq(fragment.value(), build(&heap, sort, model)));
        }
        all.collect(&mut heap);
        for (&word, model) in all.words.iter().zip(&all.models) {
            check(&heap, sort, word, model);
        }
    }
}

#[test]
fn most_replacements_are_in_place() {
    for sort in 0..5 {
        let mut heap = Heap::new();
        let mut model: Vec<i64> = (0..1000).map(|n| n % 9).collect();
        let mut word = build(&heap, sort, &model).word();
        let mut edits = 0;
        for k in 0..5000usize {
            let index = k * 7 % 1000;
            model[index] = k as i64 % 9;
            let (next, in_place) = replaced(&mut heap, word, sort, index, model[index]);
            word = next;
            // Nil has to be packed.
            edits += usize::from(in_place);
            if heap.should_collect() {
                let roots = std::slice::from_mut(&mut word);
                collect_next(&mut heap, |visit| roots.iter_mut().for_each(visit));
            }
        }
        check(&heap, sort, word, &model);
        assert!(edits > 4000, "{edits} of sort {sort}");
    }
}

#[test]
fn old_versions_hold_on_to_no_more_than_their_length() {
    let mut heap = Heap::new();
    let model = vec![1; 100];
    let mut words = [build(&heap, 0, &model).word(); 2];
    (words[0], _) = replaced(&mut heap, words[0], 0, 0, 1);
    words[1] = words[0];
    for k in 0..100_000 {
        (words[1], _) = replaced(&mut heap, words[1], 0, k % 100, 2);
        if heap.should_collect() {
            collect_next(&mut heap, |visit| words.iter_mut().for_each(visit));
        }
    }
    heap.collect(|visit| words.iter_mut().for_each(visit));
    assert!(heap.used_bytes() < 100 * 5 * 8 + 3000, "{} bytes", heap.used_bytes());
    check(&heap, 0, words[0], &model);
    check(&heap, 0, words[1], &vec![2; 100]);
}

#[test]
fn constants_of_old_versions_are_whole() {
    let mut heap = Heap::new();
    let model = vec![3; 40];
    let first = build(&heap, 4, &model).word();
    let (first, _) = replaced(&mut heap, first, 4, 0, 3);
    let (second, edited) = replaced(&mut heap, first, 4, 5, 7);
    assert!(edited && layout::is_stale(unmasked(heap.value(first))));
    let pair = heap.list(&[heap.value(first), heap.value(second), heap.value(first)]);
    let frozen = freeze(pair).as_list().unwrap();
    let mut other = model.clone();
    other[5] = 7;
    for (value, model) in [(frozen[0], &model), (frozen[1], &other), (frozen[2], &model)] {
        assert!(strict_eq(value, build(&heap, 4, model)));
        assert_eq!(layout::tag_of(unmasked(value)), layout::VEC);
    }
    // What is constant is copied.
    let vec = frozen[1].as_vec().unwrap();
    assert!(matches!(replace(&heap, vec, 0, heap.list(&[])), Ok(Replaced::Made(_))));
}

fn unmasked(value: Value<'_>) -> u64 {
    let object = value.object().unwrap();
    layout::header(object.tag(), object.flags(), object.aux(), 4)
}

#[test]
fn large_vectors_are_edited_in_the_old_generation() {
    let mut heap = Heap::new();
    let mut model: Vec<i64> = (0..60_000).map(|n| n % 9).collect();
    let mut words = [build(&heap, 3, &model).word()];
    let (mut copies, mut minor) = (0, 0);
    for k in 0..40_000usize {
        let index = k * 7 % model.len();
        model[index] = k as i64 % 9;
        let (next, in_place) = replaced(&mut heap, words[0], 3, index, model[index]);
        words[0] = next;
        copies += usize::from(!in_place);
        if heap.should_collect() {
            minor += usize::from(heap.is_minor_next());
            collect_next(&mut heap, |visit| words.iter_mut().for_each(visit));
        }
    }
    assert!(copies == 1 && minor > 0, "{copies} copies, {minor} minor collections");
    check(&heap, 3, words[0], &model);
}
