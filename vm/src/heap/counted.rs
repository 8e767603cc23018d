//! The collected symbols that a heap, a message or something stored holds.
//!
//! In: words of symbols that come into the heap. Out: one hold for each such symbol, given up by the first full collection
//! that no longer meets it.
//!
//! A symbol is a word like any other: nothing in it leads to its count. So each heap keeps the set of the collected symbols
//! that may lie in it, and a message those in it. Whatever brings words from one memory to another looks for such
//! symbols among what it has copied, as soon as there are any in the node ([`any_collected`]); of what is copied on the
//! shortest ways (bags) such values are refused. When the set has grown a full collection is due, which looks for them in what it
//! has moved and in the roots.
#![allow(unsafe_code)]
// Invariant: every collected symbol in the memory of an owner is held by that owner.

use super::fragment::first_value;
use super::layout::{self, unpair};
use super::space::Space;
use super::{Heap, Wanted};
use crate::symbols::{Held, Symbol, Text, any_collected};
use crate::value::{Value, Word};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

type Symbols = HashSet<Symbol, foldhash::fast::FixedState>;

/// What a symbol takes beside its text, in the table and in the set of its holder.
const COST: usize = 128;
/// So much never makes a collection due.
const FLOOR: usize = 64 * COST;

/// See the module.
pub(super) struct Holdings {
    held: RefCell<Symbols>,
    bytes: Cell<usize>,
    /// When `bytes` reaches this a full collection is due.
    due_at: Cell<usize>,
}

impl Default for Holdings {
    fn default() -> Holdings {
        let (held, bytes) = (RefCell::default(), Cell::default());
        Holdings { held, bytes, due_at: Cell::new(FLOOR) }
    }
}

/// Collected symbols that are held, each once.
pub(super) struct Counted {
    pub(super) symbols: Vec<Symbol>,
    pub(super) bytes: usize,
}

impl Counted {
    /// Holds them.
    pub(super) fn new(mut symbols: Vec<Symbol>) -> Counted {
        let bytes = Counted::bytes_of(&mut symbols);
        Counted { symbols, bytes }
    }

    /// Takes a hold on each; the bytes that they take.
    fn bytes_of(symbols: &mut Vec<Symbol>) -> usize {
        Held::hold_all(symbols) + symbols.len() * COST
    }
}

impl Clone for Counted {
    fn clone(&self) -> Counted {
        Counted::new(self.symbols.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        Held::release_all(std::mem::take(&mut self.symbols));
    }
}

impl Holdings {
    fn hold(&self, mut symbols: Vec<Symbol>) {
        let mut held = self.held.borrow_mut();
        symbols.retain(|symbol| !held.contains(symbol));
        self.bytes.set(self.bytes.get() + Counted::bytes_of(&mut symbols));
        held.extend(symbols);
    }

    /// Gives up all but the symbols that were met.
    fn keep(&self, met: &Symbols) {
        let mut held = self.held.borrow_mut();
        debug_assert!(met.is_subset(&held), "a symbol came into a heap that does not hold it");
        let gone: Vec<Symbol> = held.extract_if(|symbol| !met.contains(symbol)).collect();
        held.shrink_to(met.len() * 2);
        drop(held);
        let bytes = gone.len() * COST + Held::release_all(gone);
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }
}

impl Drop for Holdings {
    fn drop(&mut self) {
        Held::release_all(self.held.take().into_iter().collect());
    }
}

/// Calls `each` with the collected symbols among the values of objects that lie one after the other.
///
/// # Safety
/// So many words are whole objects.
pub(super) unsafe fn symbols_in(mut at: *const u64, words: usize, mut each: impl FnMut(Symbol)) {
    // SAFETY: by contract objects lie here, as long as their headers say.
    unsafe {
        let end = at.add(words);
        while at < end {
            let size = layout::words_of(*at);
            symbols_of(at, size, &mut each);
            at = at.add(size);
        }
    }
}

/// The same for one object.
///
/// # Safety
/// An object of so many words lies there.
#[inline]
unsafe fn symbols_of(at: *const u64, size: usize, each: &mut impl FnMut(Symbol)) {
    // SAFETY: by contract; of a buffer the window is written.
    unsafe {
        let header = *at;
        let (from, to) = match layout::tag_of(header) {
            layout::BUF if first_value(header, size) < size => {
                let (lo, hi) = unpair(*at.add(1));
                (2 + lo, 2 + hi)
            }
            _ => (first_value(header, size), size),
        };
        for i in from..to {
            if let Some(symbol) = Word::from_bits(*at.add(i)).as_collected() {
                each(symbol);
            }
        }
    }
}

/// A word that is no pointer, kept outside of all heaps: if it is a symbol's, that is held.
#[derive(PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Immediate(Word);

impl Immediate {
    /// The word of `nil`.
    pub const NIL: Immediate = Immediate(Word::NIL);

    /// The word of a value, if it is no pointer.
    pub fn of(value: Value<'_>) -> Option<Immediate> {
        let word = value.word();
        word.as_collected().map(Held::new).into_iter().for_each(std::mem::forget);
        (!word.is_pointer()).then_some(Immediate(word))
    }

    /// The text, if it is that of a symbol or the name of a module.
    pub fn text(&self) -> Option<Text<'static>> {
        self.0.as_symbol().or(self.0.as_module()).map(Symbol::text)
    }

    /// The word, for as long as this is kept.
    pub fn word(&self) -> Word {
        self.0
    }
}

impl Clone for Immediate {
    fn clone(&self) -> Immediate {
        self.0.as_collected().map(Held::new).into_iter().for_each(std::mem::forget);
        Immediate(self.0)
    }
}

impl Drop for Immediate {
    #[inline]
    fn drop(&mut self) {
        self.0.as_collected().map(Held::of_hold).into_iter().for_each(drop);
    }
}

impl Heap {
    /// The value of a word kept outside.
    pub fn immediate(&self, kept: &Immediate) -> Value<'_> {
        self.hold(kept.0.as_collected());
        Value::new(kept.0)
    }

    /// The value of a symbol that something outside holds: this heap does so too from now on.
    #[inline]
    pub fn symbol(&self, held: Held) -> Value<'_> {
        let symbol = held.symbol();
        if symbol.is_collected() {
            self.hold([symbol]);
        }
        Value::symbol(symbol)
    }

    /// Holds symbols whose words come into this heap.
    #[cold]
    pub(super) fn hold(&self, symbols: impl IntoIterator<Item = Symbol>) {
        let symbols: Vec<Symbol> = symbols.into_iter().collect();
        if symbols.is_empty() {
            return;
        }
        let holdings = self.counted.get_or_init(Box::default);
        holdings.hold(symbols);
        if holdings.bytes.get() >= holdings.due_at.get() {
            self.wanted.set(Wanted::Full);
            self.due.set(true);
        }
        self.note_due();
    }

    /// Holds the symbols among the values of objects that have been copied here.
    ///
    /// # Safety
    /// As of [`symbols_in`].
    #[inline]
    pub(super) unsafe fn hold_those_in(&self, at: *const u64, words: usize) {
        if any_collected() {
            // SAFETY: by contract.
            unsafe { symbols_in(at, words, |symbol| self.hold([symbol])) };
        }
    }

    /// Bytes that the symbols take that are held.
    pub(super) fn symbol_bytes(&self) -> usize {
        self.counted.get().map_or(0, |holdings| holdings.bytes.get())
    }

    /// What a full collection has to find out about symbols, if it has to.
    pub(super) fn census(&self) -> Option<Symbols> {
        let holdings = self.counted.get()?;
        let asked = self.wanted.get() != Wanted::Any || self.is_stressed();
        (asked || holdings.bytes.get() >= holdings.due_at.get()).then(Symbols::default)
    }

    /// Gives up the symbols that a full collection has met neither in the roots nor now among what it has moved.
    ///
    /// # Safety
    /// The space holds whole objects: all that lives.
    pub(super) unsafe fn settle_census(&self, mut met: Symbols, space: Space) {
        let Some(holdings) = self.counted.get() else { return };
        // SAFETY: by contract.
        unsafe {
            Space::walk(
                &mut met,
                Space::EMPTY.mark(),
                |_| space,
                |met, at, size| {
                    symbols_of(at, size, &mut |symbol| {
                        met.insert(symbol);
                    });
                },
            );
        }
        holdings.keep(&met);
        let grown = (holdings.bytes.get() * 2).max(space.bytes() / 2).max(FLOOR);
        holdings.due_at.set(grown);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bag, Fragment, Stored, freeze};
    use super::*;
    use crate::data::{map, vector_of};
    use crate::inspect::inspect;
    use crate::symbols::keep_of_data;
    use proptest::prelude::*;

    /// A text that no other test makes a symbol of.
    fn name(test: &str, n: usize) -> String {
        format!(
            "{test} {n}: a symbol made from data, of a text that is too long to be kept for ever"
        )
    }

    fn made<'h>(heap: &'h Heap, test: &str, n: usize) -> Value<'h> {
        keep_of_data(0);
        heap.symbol(Symbol::of_data(&name(test, n)))
    }

    /// Whether there is such a symbol: a new one would have a hold less than the one that is there.
    fn exists(test: &str, n: usize) -> bool {
        Symbol::is_held(&name(test, n))
    }

    fn keep(heap: &mut Heap, words: &mut [Word]) {
        heap.request_collection();
        heap.collect(|visit| words.iter_mut().for_each(visit));
    }

    #[test]
    fn symbols_go_with_the_last_that_holds_them() {
        let mut heap = Heap::new();
        let value = heap.list(&[made(&heap, "go", 1), made(&heap, "go", 2)]);
        let mut roots = [value.word(), made(&heap, "go", 3).word()];
        made(&heap, "go", 4);
        let bytes = heap.off_heap_bytes();
        assert!(bytes > 4 * COST && (1..=4).all(|n| exists("go", n)));
        keep(&mut heap, &mut roots);
        assert!((1..=3).all(|n| exists("go", n)) && !exists("go", 4));
        assert_eq!(inspect(heap.value(roots[1])), format!(":\"{}\"", name("go", 3)));
        let fragment = Fragment::copy_of(heap.value(roots[0]));
        assert!(fragment.bytes() > 2 * COST);
        drop(heap);
        assert!(exists("go", 1) && exists("go", 2) && !exists("go", 3));
        let mut heap = Heap::new();
        let mut roots = [heap.attach(fragment).as_list().unwrap()[1].word()];
        keep(&mut heap, &mut roots);
        assert!(!exists("go", 1) && exists("go", 2));
        keep(&mut heap, &mut []);
        assert!(!exists("go", 2));
        assert_eq!(heap.off_heap_bytes(), 0);
    }

    #[test]
    fn every_way_to_another_memory_holds_them() {
        let heap = Heap::new();
        let (bare, inside) = (made(&heap, "way", 1), made(&heap, "way", 2));
        let pair = heap.list(&[inside, Value::TRUE]);
        let mut bag = Bag::new();
        assert!(
            bag.add(bare).is_none() && bag.add(pair).is_none() && bag.add(Value::NIL).is_some()
        );
        let copies = Heap::new();
        let kept = [Immediate::of(bare).unwrap(), Immediate::of(bare).unwrap().clone()];
        let stored = [Stored::new(bare), Stored::new(pair)];
        copies.copy_in(bare).unwrap();
        copies.copy_in(pair).unwrap();
        drop(heap);
        assert!(exists("way", 1) && exists("way", 2));
        drop(copies);
        assert!(exists("way", 1) && exists("way", 2));
        let heap = Heap::new();
        let _ = stored.each_ref().map(|stored| heap.copy_of_stored(stored));
        let fragments = stored.each_ref().map(Stored::to_fragment);
        drop(stored);
        let other = Heap::new();
        other.immediate(&kept[0]);
        drop(kept);
        drop(heap);
        assert!(exists("way", 1) && exists("way", 2));
        drop(fragments);
        assert!(exists("way", 1) && !exists("way", 2));
        drop(other);
        assert!(!exists("way", 1));
    }

    #[test]
    fn what_becomes_part_of_a_program_stays() {
        let heap = Heap::new();
        let frozen = freeze(heap.list(&[made(&heap, "stay", 1)]));
        let word = made(&heap, "stay", 2).word();
        assert_eq!(Symbol::lookup(&name("stay", 2)), None);
        assert_eq!(Word::symbol(Symbol::intern(&name("stay", 2))), word);
        assert_eq!(Symbol::lookup(&name("stay", 2)), word.as_symbol());
        assert_eq!(made(&heap, "stay", 2).word(), word);
        drop(heap);
        assert!(exists("stay", 1) && exists("stay", 2));
        assert_eq!(inspect(frozen), format!("{{:\"{}\"}}", name("stay", 1)));
        assert_eq!(Word::symbol(Symbol::intern(&name("stay", 2))), word);
    }

    #[test]
    fn a_flood_of_symbols_makes_collections_due() {
        let mut heap = Heap::new();
        let (mut collections, mut most) = (0, 0);
        for n in 0..100_000 {
            made(&heap, "flood", n);
            most = most.max(heap.off_heap_bytes());
            if heap.should_collect() {
                collections += 1;
                heap.collect(|_| {});
            }
        }
        assert!(most < 4 * FLOOR && collections < 5000, "{most} bytes, {collections} collections");
    }

    #[test]
    fn many_threads_make_and_forget_the_same() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for round in 0..300 {
                        let heap = Heap::new();
                        let values: Vec<_> = (0..20).map(|n| made(&heap, "many", n)).collect();
                        let fragment = Fragment::copy_of(heap.list(&values));
                        drop(heap);
                        let heap = Heap::new();
                        let list = heap.attach(fragment).as_list().unwrap();
                        let n = round % 20;
                        assert_eq!(list[n].as_symbol().unwrap().text(), name("many", n));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!((0..20).all(|n| !exists("many", n)));
    }

    proptest! {
        #[test]
        fn only_what_is_reachable_is_held(
            kept in prop::collection::btree_set(0..40usize, 0..20),
            stressed in any::<bool>(),
        ) {
            static ROUND: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
            let round = ROUND.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let test = format!("reachable {round}");
            let mut heap = Heap::new();
            heap.set_stress(stressed);
            let symbols: Vec<_> = (0..40).map(|n| made(&heap, &test, n)).collect();
            // Some lie in vectors, some in maps, as keys and values.
            let chosen: Vec<_> = kept.iter().map(|&n| symbols[n]).collect();
            let (vector, rest) = chosen.split_at(chosen.len() / 2);
            let pairs: Vec<_> = rest.iter().map(|&symbol| (symbol, symbol)).collect();
            let mut roots = [vector_of(&heap, vector).word(), map::from_entries(&heap, &pairs).word()];
            for _ in 0..3 {
                keep(&mut heap, &mut roots);
            }
            for n in 0..40 {
                prop_assert_eq!(exists(&test, n), kept.contains(&n), "{}", n);
            }
        }
    }
}
