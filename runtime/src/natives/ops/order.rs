//! Sorting, and what rests on it: permutations and ranks.
//!
//! All sorts are stable and can stop in the middle. Order is that of all values; `descending` turns
//! it round, equal entries keep their places.

use crate::natives::support::merge::Merge;
use crate::natives::support::{Answer, Collector, Roots, Seq, Steps, run, value};
use rata_vm::compare::{cmp_counted, cmp_nested_counted};
use rata_vm::data::Work;
use rata_vm::data::vector::{Entries, MAX_LEN, VecBuilder, is_nil_float, of_floats};
use rata_vm::heap::Heap;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};
use std::cmp::Ordering;

/// Moves of a sort between two looks at the budget.
const MOVES: usize = 1024;

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// What comes of a sort.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Entries,
    Positions,
    Ranks,
}

/// Entries being sorted, each by a key: `(key, entry)`.
struct Sorting {
    merge: Option<Merge<(Word, Word)>>,
    descending: bool,
    list: bool,
    /// The keys are entries of a vector of vectors.
    nested: bool,
    wanted: Wanted,
}

impl Roots for Sorting {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.merge.roots(visit);
    }
}

impl Steps for Sorting {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let descending = self.descending;
        let compare = if self.nested { cmp_nested_counted } else { cmp_counted };
        let mut work = Work::default();
        let Some(merge) = &mut self.merge else { return Ok(Some(Value::NIL)) };
        let sorted = merge.advance(MOVES, &mut |a, b| {
            let order = compare(heap.value(a.0), heap.value(b.0), &mut work);
            directed(order, descending)
        });
        cx.charge(MOVES as u64 / 8 + work.0 / 16);
        match self.merge.take_if(|_| sorted) {
            None => Ok(None),
            Some(merge) => Ok(Some(self.result(heap, &merge.into_items()))),
        }
    }
}

impl Sorting {
    fn result<'h>(&self, heap: &'h Heap, sorted: &[(Word, Word)]) -> Value<'h> {
        if self.wanted == Wanted::Ranks {
            return ranks(heap, sorted);
        }
        let mut out = Collector::new(self.list && self.wanted == Wanted::Entries);
        for &(_, entry) in sorted {
            out.push(heap, heap.value(entry));
        }
        out.finish(heap)
    }
}

/// The rank of each entry, given keys in order with their positions; ties share their mean.
fn ranks<'h>(heap: &'h Heap, sorted: &[(Word, Word)]) -> Value<'h> {
    let mut ranks = vec![0.0; sorted.len()];
    let mut start = 0;
    let mut tied = false;
    while start < sorted.len() {
        let key = heap.value(sorted[start].0);
        let same = |&(other, _): &(Word, Word)| rata_vm::compare::loose_eq(key, heap.value(other));
        let end = start + 1 + sorted[start + 1..].iter().take_while(|o| same(o)).count();
        tied |= (start + end) % 2 == 0;
        for &(_, position) in &sorted[start..end] {
            let index = position.as_small().unwrap_or(1) as usize - 1;
            ranks[index] = (start + 1 + end) as f64 / 2.0;
        }
        start = end;
    }
    if tied {
        return of_floats(heap, &ranks).unwrap_or(Value::NIL);
    }
    let mut out = VecBuilder::with_capacity(ranks.len());
    for rank in ranks {
        out.push(heap, heap.int(rank as i64));
    }
    out.collect(heap)
}

/// Floats being sorted as they lie; nil first, nan last.
struct SortingFloats {
    merge: Option<Merge<f64>>,
    descending: bool,
}

impl Roots for SortingFloats {
    fn roots(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

fn cmp_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| {
        let class = |f: f64| if is_nil_float(f) { 0 } else { 1 + u8::from(f.is_nan()) };
        class(a).cmp(&class(b))
    })
}

impl Steps for SortingFloats {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let descending = self.descending;
        let Some(merge) = &mut self.merge else { return Ok(Some(Value::NIL)) };
        let sorted = merge.advance(MOVES * 4, &mut |a, b| directed(cmp_floats(*a, *b), descending));
        cx.charge(MOVES as u64 / 4);
        let Some(merge) = self.merge.take_if(|_| sorted) else { return Ok(None) };
        let floats = merge.into_items();
        Ok(Some(of_floats(cx.heap(), &floats).unwrap_or(Value::NIL)))
    }
}

/// Small ints (and nils) being sorted as words.
struct SortingInts {
    merge: Option<Merge<Word>>,
    descending: bool,
}

impl Roots for SortingInts {
    fn roots(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

impl Steps for SortingInts {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let descending = self.descending;
        let Some(merge) = &mut self.merge else { return Ok(Some(Value::NIL)) };
        // Of the words nil has none but the smallest int, and Option puts None first.
        let sorted = merge
            .advance(MOVES * 4, &mut |a, b| directed(a.as_small().cmp(&b.as_small()), descending));
        cx.charge(MOVES as u64 / 4);
        let Some(merge) = self.merge.take_if(|_| sorted) else { return Ok(None) };
        let heap = cx.heap();
        let words = merge.into_items();
        let sorted = rata_vm::data::vector::from_values(heap, heap.values(&words));
        Ok(Some(sorted.unwrap_or(Value::NIL)))
    }
}

/// The entries in order.
pub fn sort<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, descending: bool) -> Answer<'h> {
    if seq.len() < 2 {
        return value(seq.value());
    }
    if let Seq::Vec(vec) = seq {
        match vec.entries() {
            Entries::Range(..) if !descending => return value(seq.value()),
            Entries::Floats(floats) => {
                let merge = Some(Merge::new(floats.to_vec()));
                return run(cx, SortingFloats { merge, descending });
            }
            Entries::Ints(words) => {
                let merge = Some(Merge::new(words.iter().map(|w| w.word()).collect()));
                return run(cx, SortingInts { merge, descending });
            }
            _ => {}
        }
    }
    fits(cx, seq)?;
    let heap = cx.heap();
    let words = (0..seq.len()).filter_map(|i| seq.get(heap, i)).map(|v| (v.word(), v.word()));
    let items: Vec<_> = words.collect();
    cx.charge(items.len() as u64 / 64);
    start(cx, items, descending, seq.is_list(), seq.is_nested(), Wanted::Entries)
}

fn start<'h>(
    cx: &mut Cx<'h, '_>,
    items: Vec<(Word, Word)>,
    descending: bool,
    list: bool,
    nested: bool,
    wanted: Wanted,
) -> Answer<'h> {
    run(cx, Sorting { merge: Some(Merge::new(items)), descending, list, nested, wanted })
}

/// The entries in the order of their keys (as many as there are entries).
pub fn sort_by<'h>(
    cx: &mut Cx<'h, '_>,
    seq: Seq<'h>,
    keys: &[Value<'h>],
    descending: bool,
) -> Answer<'h> {
    if seq.len() < 2 {
        return value(seq.value());
    }
    let heap = cx.heap();
    let entries = (0..seq.len()).filter_map(|i| seq.get(heap, i));
    let items: Vec<_> = keys.iter().zip(entries).map(|(k, v)| (k.word(), v.word())).collect();
    cx.charge(items.len() as u64 / 64);
    start(cx, items, descending, seq.is_list(), false, Wanted::Entries)
}

/// An error for what is too long to be put in order: a range takes no room, its entries do.
fn fits<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>) -> Result<(), Value<'h>> {
    if seq.len() <= MAX_LEN && cx.heap().may_build(seq.len() * 16) {
        return Ok(());
    }
    Err(cx.value_error(&format!("{} entries are too many to be put in order", seq.len())))
}

fn with_positions<'h>(heap: &'h Heap, seq: Seq<'h>) -> Vec<(Word, Word)> {
    let entries = (0..seq.len()).filter_map(|i| seq.get(heap, i));
    entries.zip(1..).map(|(v, i)| (v.word(), Value::count(i).word())).collect()
}

/// The positions of the entries in order.
pub fn positions<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, descending: bool) -> Answer<'h> {
    fits(cx, seq)?;
    let items = with_positions(cx.heap(), seq);
    cx.charge(items.len() as u64 / 64);
    start(cx, items, descending, false, seq.is_nested(), Wanted::Positions)
}

/// For each entry, which in order it is.
pub fn rank<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    fits(cx, seq)?;
    let items = with_positions(cx.heap(), seq);
    cx.charge(items.len() as u64 / 64);
    start(cx, items, false, false, seq.is_nested(), Wanted::Ranks)
}

/// These values in order, as a vector if they share a type, else as a list.
pub fn sorted<'h>(cx: &mut Cx<'h, '_>, values: &[Value<'h>]) -> Answer<'h> {
    let items = values.iter().map(|v| (v.word(), v.word())).collect();
    start(cx, items, false, false, false, Wanted::Entries)
}
