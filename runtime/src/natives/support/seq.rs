//! Sequences: vectors and lists alike, and collecting entries into one of them.
//!
//! The functions of Enum turn maps and sets into sequences first (`enum_source`), so natives see
//! only these two.

use super::roots::Roots;
use rata_vm::data::vector::{self, VecBuilder, VecRef};
use rata_vm::heap::Heap;
use rata_vm::value::{Kind, Value, Word};

/// A vector (or a value that counts as one), or a list.
#[derive(Clone, Copy)]
pub enum Seq<'h> {
    /// A vector.
    Vec(VecRef<'h>),
    /// A list: the value and its entries.
    List(Value<'h>, &'h [Value<'h>]),
}

impl<'h> Seq<'h> {
    /// A value as a sequence; nothing for other collections.
    #[inline]
    pub fn of(v: Value<'h>) -> Option<Seq<'h>> {
        match v.as_list() {
            Some(entries) => Some(Seq::List(v, entries)),
            None => VecRef::of(v).map(Seq::Vec),
        }
    }

    /// The sequence that a word at rest is; empty if it is none.
    pub fn at_rest(heap: &'h Heap, word: Word) -> Seq<'h> {
        Seq::of(heap.value(word)).unwrap_or(Seq::List(rata_vm::data::list::empty(), &[]))
    }

    /// The value this is.
    pub fn value(self) -> Value<'h> {
        match self {
            Seq::Vec(vec) => vec.value(),
            Seq::List(value, _) => value,
        }
    }

    /// The number of entries.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Seq::Vec(vec) => vec.len(),
            Seq::List(_, entries) => entries.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is a vector of vectors: each entry counts as one.
    pub fn is_nested(self) -> bool {
        matches!(self, Seq::Vec(vec) if vec.kind() == Kind::Vector)
    }

    /// Whether this is a list.
    pub fn is_list(self) -> bool {
        matches!(self, Seq::List(..))
    }

    /// The entry at an index from 0.
    #[inline]
    pub fn get(self, heap: &'h Heap, index: usize) -> Option<Value<'h>> {
        match self {
            Seq::Vec(vec) => vec.get(heap, index),
            Seq::List(_, entries) => entries.get(index).copied(),
        }
    }

    /// `len` entries from the index `from` (from 0) on, as far as there are any: of the same sort as
    /// the whole. A vector's buffer is shared.
    pub fn part(self, heap: &'h Heap, from: usize, len: usize) -> Value<'h> {
        let from = from.min(self.len());
        let len = len.min(self.len() - from);
        match self {
            Seq::Vec(vec) => vector::slice(heap, vec, from, len).unwrap_or(vector::empty()),
            Seq::List(value, entries) if len == entries.len() => value,
            Seq::List(_, entries) => heap.list(&entries[from..from + len]),
        }
    }

    /// The sequence without entries of the same sort.
    pub fn none(self) -> Value<'h> {
        if self.is_list() { rata_vm::data::list::empty() } else { vector::empty() }
    }
}

/// Collects entries into a list for a list, and otherwise into a vector, or a list if they do not
/// share a type.
pub struct Collector {
    entries: VecBuilder,
    list: bool,
}

impl Collector {
    /// A collector for something made from this sequence.
    pub fn like(seq: Seq<'_>) -> Collector {
        Collector { entries: VecBuilder::with_capacity(seq.len()), list: seq.is_list() }
    }

    /// A collector into a list, or if possible a vector.
    pub fn new(list: bool) -> Collector {
        Collector { entries: VecBuilder::new(), list }
    }

    /// Adds an entry.
    #[inline]
    pub fn push<'h>(&mut self, heap: &'h Heap, entry: Value<'h>) {
        self.entries.push(heap, entry);
    }

    /// The number of entries so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none so far.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What was collected.
    pub fn finish(self, heap: &Heap) -> Value<'_> {
        if self.list { self.entries.into_list(heap) } else { self.entries.collect(heap) }
    }
}

impl Roots for Collector {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.entries.roots(visit);
    }
}
