//! Sums, products, extremes, means and running totals of sequences.
//!
//! A missing entry makes the result missing, as in R. Ints stay exact.

use crate::natives::support::{Answer, Arg, Roots, Seq, Steps, fold, run, value};
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use rata_vm::compare::{cmp_counted, cmp_nested_counted};
use rata_vm::data::Work;
use rata_vm::data::int::{self, Int};
use rata_vm::data::vector::{Entries, NIL_BOOL, VecBuilder, is_nil_float};
use rata_vm::heap::Heap;
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};
use std::cmp::Ordering;

/// Packed entries added up between two looks at the budget.
const PACKED: usize = 1 << 14;

/// A sum on its way: ints exactly, floats apart from them.
#[derive(Default)]
struct Total {
    small: i128,
    big: BigInt,
    float: f64,
    has_float: bool,
    missing: bool,
}

impl Total {
    /// Adds an entry; false if it is no number.
    fn add(&mut self, entry: Value<'_>) -> bool {
        if let Some(n) = entry.as_small() {
            self.small += n as i128;
        } else if let Some(f) = entry.as_float() {
            self.add_float(f);
        } else if entry.is_nil() {
            self.missing = true;
        } else if let Some(b) = entry.as_bool() {
            self.small += b as i128;
        } else if let Some(n) = Int::of(entry) {
            self.big += n.into_big();
        } else {
            return false;
        }
        true
    }

    fn add_float(&mut self, f: f64) {
        self.has_float = true;
        self.float += f;
    }

    fn ints(&self) -> BigInt {
        &self.big + self.small
    }

    fn sum<'h>(&self, heap: &'h Heap) -> Value<'h> {
        if self.missing {
            Value::NIL
        } else if !self.has_float {
            int::from_bigint(heap, &self.ints())
        } else if self.small == 0 && self.big == BigInt::ZERO {
            heap.float(self.float)
        } else {
            heap.float(self.float + self.ints().to_f64().unwrap_or(f64::NAN))
        }
    }

    fn mean<'h>(&self, heap: &'h Heap, len: usize) -> Value<'h> {
        let sum = self.sum(heap);
        if len == 0 || sum.is_nil() {
            return Value::NIL;
        }
        let mean = match sum.as_float() {
            Some(f) => Ok(f / len as f64),
            None => int::true_div(sum, Value::count(len)),
        };
        mean.map_or(Value::NIL, |f| heap.float(f))
    }
}

struct Adding {
    source: Word,
    next: usize,
    total: Total,
    mean: bool,
    arg: Arg,
}

impl Roots for Adding {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
    }
}

impl Steps for Adding {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let source = Seq::at_rest(heap, self.source);
        let (start, end) = (self.next, source.len().min(self.next + PACKED));
        self.next = end;
        let total = &mut self.total;
        let entries = match source {
            Seq::Vec(vec) => vec.entries(),
            Seq::List(_, entries) => Entries::Words(entries),
        };
        match entries {
            Entries::Floats(floats) => {
                for &f in &floats[start..end] {
                    total.missing |= is_nil_float(f);
                    total.add_float(f);
                }
            }
            Entries::Bools(bools) => {
                for &b in &bools[start..end] {
                    total.missing |= b == NIL_BOOL;
                    total.small += b as i128;
                }
            }
            Entries::Range(first, len) => {
                let last = first as i128 + len as i128 - 1;
                total.small = (first as i128 + last) * len as i128 / 2;
                self.next = len;
            }
            Entries::Words(words) | Entries::Ints(words) => {
                for &entry in &words[start..end] {
                    if !total.add(entry) {
                        return Err(self.arg.wrong(cx, "numbers", source.value()));
                    }
                }
            }
            Entries::One(entry) => {
                if !total.add(entry) {
                    return Err(self.arg.wrong(cx, "numbers", entry));
                }
            }
        }
        cx.charge(1 + (end - start) as u64 / 64);
        if self.next < source.len() {
            return Ok(None);
        }
        let total = &self.total;
        let mean = self.mean;
        Ok(Some(if mean { total.mean(heap, source.len()) } else { total.sum(heap) }))
    }
}

fn add_up<'h>(cx: &mut Cx<'h, '_>, arg: Arg, seq: Seq<'h>, mean: bool) -> Answer<'h> {
    let source = seq.value().word();
    run(cx, Adding { source, next: 0, total: Total::default(), mean, arg })
}

/// The sum; 0 of nothing.
pub fn sum<'h>(cx: &mut Cx<'h, '_>, arg: Arg, seq: Seq<'h>) -> Answer<'h> {
    add_up(cx, arg, seq, false)
}

/// The mean, a float; nil of nothing.
pub fn mean<'h>(cx: &mut Cx<'h, '_>, arg: Arg, seq: Seq<'h>) -> Answer<'h> {
    add_up(cx, arg, seq, true)
}

/// The sum or product of two numbers, nil if one of them is; nothing if one is no number.
fn combine<'h>(heap: &'h Heap, add: bool, a: Value<'h>, b: Value<'h>) -> Option<Value<'h>> {
    if a.is_nil() || b.is_nil() {
        return (a.is_nil() || int::to_f64(a).is_some())
            .then_some(Value::NIL)
            .filter(|_| b.is_nil() || int::to_f64(b).is_some());
    }
    if int::is_int(a) && int::is_int(b) {
        return if add { int::add(heap, a, b) } else { int::mul(heap, a, b) };
    }
    let (x, y) = (int::to_f64(a)?, int::to_f64(b)?);
    Some(heap.float(if add { x + y } else { x * y }))
}

/// About what a number beyond 63 bits costs to work with, in reductions.
fn size_cost(v: Value<'_>) -> u64 {
    match v.view() {
        rata_vm::View::BigInt(n) => n.limbs().len() as u64 / 32,
        _ => 0,
    }
}

/// The product; 1 of nothing.
pub fn product<'h>(cx: &mut Cx<'h, '_>, arg: Arg, seq: Seq<'h>) -> Answer<'h> {
    let one = Value::count(1).word();
    fold(
        cx,
        seq,
        one,
        move |acc, cx, entry| {
            let heap = cx.heap();
            let Some(product) = combine(heap, false, heap.value(*acc), entry) else {
                return Err(arg.wrong(cx, "numbers", entry));
            };
            cx.charge(size_cost(product));
            *acc = product.word();
            Ok(true)
        },
        |acc, cx| value(cx.heap().value(acc)),
    )
}

/// Running sums or products. After a missing entry all are missing.
pub fn running<'h>(cx: &mut Cx<'h, '_>, arg: Arg, seq: Seq<'h>, add: bool) -> Answer<'h> {
    let start = Value::count(if add { 0 } else { 1 }).word();
    fold(
        cx,
        seq,
        (start, VecBuilder::with_capacity(seq.len())),
        move |(acc, out), cx, entry| {
            let heap = cx.heap();
            let Some(next) = combine(heap, add, heap.value(*acc), entry) else {
                return Err(arg.wrong(cx, "numbers", entry));
            };
            cx.charge(size_cost(next));
            *acc = next.word();
            out.push(heap, next);
            Ok(true)
        },
        |(_, out), cx| value(out.collect(cx.heap())),
    )
}

/// The first of the smallest (or largest) entries in the order of all values; nil if an entry is
/// missing, or there is none.
pub fn extreme<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, wanted: Ordering) -> Answer<'h> {
    if let Seq::Vec(vec) = seq
        && let Entries::Range(first, len @ 1..) = vec.entries()
    {
        let last = first + len as i64 - 1;
        return value(cx.heap().int(if wanted == Ordering::Less { first } else { last }));
    }
    let compare = if seq.is_nested() { cmp_nested_counted } else { cmp_counted };
    fold(
        cx,
        seq,
        None::<Word>,
        move |best, cx, entry| {
            if entry.is_nil() {
                *best = Some(entry.word());
                return Ok(false);
            }
            let heap = cx.heap();
            let mut work = Work::default();
            let mut beats = |b| compare(entry, heap.value(b), &mut work) == wanted;
            if best.is_none_or(&mut beats) {
                *best = Some(entry.word());
            }
            cx.charge(work.0 / 64);
            Ok(true)
        },
        |best: Option<Word>, cx| value(best.map_or(Value::NIL, |b| cx.heap().value(b))),
    )
}
