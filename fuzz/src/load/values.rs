//! Values of all sorts: what functions are called with and what processes are sent.

use crate::random::Random;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::vector::VecBuilder;
use rata_vm::data::{closure, exception, int, map, reference, set, vector};
use rata_vm::{Heap, Pid, Symbol, Value};

const NAMES: &[&str] =
    &["ok", "error", "infinity", "name", "asc", "left", "normal", "kill", "EXIT"];
const TEXTS: &[&str] =
    &["", "a", "abc", "é\u{1F600}e\u{301}", "1,2\n3", "%d", "12", "-1.5e3", "\u{feff}"];
const INTS: &[i64] =
    &[i64::MIN, i64::MAX, 1 << 62, -(1 << 62), (1 << 62) - 1, 1 << 61, 1 << 32, 1_000_000, 255, -1];
const FLOATS: &[f64] =
    &[0.0, -0.0, -1.5, 1e300, 5e-324, 0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e16];

/// Makes values in a heap.
pub struct Values<'v, 'h> {
    pub heap: &'h Heap,
    pub random: &'v mut Random,
    /// Functions and pids that there are.
    pub given: &'v [Value<'h>],
}

impl<'h> Values<'_, 'h> {
    /// Some value; collections in it are nested this deep at most.
    pub fn value(&mut self, depth: usize) -> Value<'h> {
        match self.random.below(40) {
            _ if depth == 0 => self.simple(),
            0 if self.random.one_in(4) => self.strange(),
            1..=19 => self.simple(),
            _ => self.collection(depth),
        }
    }

    fn several(&mut self, count: usize, depth: usize) -> Vec<Value<'h>> {
        match self.random.below(4) {
            0 | 1 => (0..count).map(|_| self.value(depth)).collect(),
            2 => (0..count).map(|_| self.heap.int(self.random.below(9) as i64 - 2)).collect(),
            _ => (0..count).map(|_| self.heap.string(self.random.of(TEXTS))).collect(),
        }
    }

    fn collection(&mut self, depth: usize) -> Value<'h> {
        let (heap, count) = (self.heap, self.random.small(6));
        match self.random.below(10) {
            0..=2 => heap.list(&self.several(count, depth - 1)),
            3 => set::from_values(heap, &self.several(count, depth - 1)),
            4 => {
                let values = self.several(count, depth - 1);
                let pairs = NAMES.iter().map(|key| Value::symbol(Symbol::intern(key))).zip(values);
                map::from_entries(heap, &pairs.collect::<Vec<_>>())
            }
            5 => {
                let (keys, values) =
                    (self.several(count, depth - 1), self.several(count, depth - 1));
                map::from_entries(heap, &keys.into_iter().zip(values).collect::<Vec<_>>())
            }
            6 => {
                let first = self.random.below(5) as i64 - 2;
                vector::range(heap, first, self.random.small(2_000) as i64).unwrap_or(Value::NIL)
            }
            7 => self.packed(),
            _ => {
                let entries = self.several(count, depth - 1);
                vector::from_values(heap, &entries).unwrap_or_else(|_| heap.list(&entries))
            }
        }
    }

    /// A vector of floats or bools, short or long.
    fn packed(&mut self) -> Value<'h> {
        let count = if self.random.one_in(4) { 700 } else { self.random.below(7) };
        let mut entries = VecBuilder::new();
        let bools = self.random.one_in(3);
        for _ in 0..count {
            let entry = match bools {
                _ if self.random.one_in(9) => Value::NIL,
                true => Value::bool(self.random.one_in(2)),
                false => self.heap.float(FLOATS[self.random.below(FLOATS.len())]),
            };
            entries.push(self.heap, entry);
        }
        entries.collect(self.heap)
    }

    fn simple(&mut self) -> Value<'h> {
        let heap = self.heap;
        match self.random.below(16) {
            0 => Value::NIL,
            1 => Value::bool(self.random.one_in(2)),
            2 => heap.float(FLOATS[self.random.below(FLOATS.len())]),
            3 | 4 => heap.string(self.random.of(TEXTS)),
            5 => heap.string(&"long é ".repeat(self.random.below(40))),
            6 | 7 => Value::symbol(Symbol::intern(self.random.of(NAMES))),
            8 if !self.given.is_empty() => self.given[self.random.below(self.given.len())],
            9 => heap.int(INTS[self.random.below(INTS.len())]),
            10 => match self.random.below(6) {
                0 => Value::pid(Pid::new(self.random.below(3) as u64, 1)),
                1 => reference::new(heap, self.random.next(), None, self.random.next()),
                2 => closure::funref(heap, Symbol::intern("Enum"), Symbol::intern("map")),
                3 => Value::module(Symbol::intern("Enum")),
                4 => {
                    let message = heap.string("what");
                    let data = heap.list(&[message]);
                    exception::with(heap, Symbol::intern("error"), message, data, Value::NIL)
                }
                _ => int::wide(heap, (i128::from(self.random.next()) << 40) - (1 << 90)),
            },
            _ => heap.int(self.random.below(7) as i64 - 1),
        }
    }

    /// What is larger, or deeper, than anything a program would make.
    fn strange(&mut self) -> Value<'h> {
        let heap = self.heap;
        let last = self.simple();
        match self.random.below(6) {
            0 => vector::range(heap, -5, 1 << 60).unwrap_or(Value::NIL),
            1 => (0..60).fold(last, |v, _| heap.list(&[v, v])),
            2 => (0..60).fold(last, |v, _| vector::from_values(heap, &[v, v]).unwrap_or(v)),
            3 => (0..20_000).fold(last, |v, _| heap.list(&[v])),
            4 => {
                let mut entries = MapBuilder::new();
                for i in 0..300 {
                    let key = if i % 3 == 0 { heap.string(&i.to_string()) } else { heap.int(i) };
                    entries.put(heap, key, last);
                }
                entries.finish(heap)
            }
            _ => (0..25).fold(last, |v, _| set::from_values(heap, &[v, heap.list(&[v])])),
        }
    }
}
