//! The table itself: shards that find symbols by their text, segments with what lasts.
//!
//! In: text, or a symbol. Out: the symbol, or its text and hash; [`super::Held`] takes and gives up holds.
#![allow(unsafe_code)]

use super::collected::Slots;
use super::{Symbol, Text, sym};
use crate::hash::hash_text;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

struct Entry {
    text: &'static str,
    hash: u64,
}

const SHARDS: usize = 64;
/// Bits of a collected symbol's number that say its shard.
const SHARD_BITS: u32 = SHARDS.ilog2();
/// Segment `k` holds `FIRST << k` entries.
const FIRST: u32 = 1024;
const SEGMENTS: usize = 22;
/// So many symbols made from data are kept for ever: to count holders would be dearer than they are …
const KEPT: u32 = 1 << 16;
/// … if their texts are no longer than this.
const SHORT: usize = 64;

#[derive(Default)]
struct Shard {
    /// What lasts: open addressing; 0 is a free place, otherwise id + 1. The length is a power of two.
    places: Vec<u32>,
    len: usize,
    /// What does not. No text is in both.
    collected: Slots,
}

pub(super) struct Table {
    shards: [RwLock<Shard>; SHARDS],
    segments: [AtomicPtr<Entry>; SEGMENTS],
    count: AtomicU32,
    grow: Mutex<()>,
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table = Table {
        shards: std::array::from_fn(|_| RwLock::default()),
        segments: std::array::from_fn(|_| AtomicPtr::default()),
        count: AtomicU32::new(0),
        grow: Mutex::new(()),
    };
    for (id, text) in sym::TEXTS.iter().enumerate() {
        let symbol = table.intern(text, hash_text(text));
        assert!(symbol.0 as usize == id, "well-known symbol {text} is listed twice");
    }
    table
});

/// How many more are kept.
static LEFT: AtomicU32 = AtomicU32::new(KEPT);
static ANY_COLLECTED: AtomicBool = AtomicBool::new(false);

#[inline(always)]
pub(super) fn any_collected() -> bool {
    ANY_COLLECTED.load(Ordering::Relaxed)
}

pub(super) fn keep_of_data(count: u32) {
    LEFT.store(count, Ordering::Relaxed);
}

/// The shard of a collected symbol.
pub(super) fn shard_of(symbol: Symbol) -> usize {
    symbol.0 as usize % SHARDS
}

/// What collected symbols are sorted by: shards come together.
pub(super) fn place_of(symbol: Symbol) -> u32 {
    symbol.0.rotate_right(SHARD_BITS)
}

/// The slot of a collected symbol in its shard.
fn slot_of(symbol: Symbol) -> u32 {
    (symbol.0 & !Symbol::COLLECTED) >> SHARD_BITS
}

fn collected(shard: usize, slot: u32) -> Symbol {
    assert!(slot < Symbol::COLLECTED >> SHARD_BITS, "too many symbols");
    Symbol(Symbol::COLLECTED | slot << SHARD_BITS | shard as u32)
}

/// Segment and place in it of the entry with this id.
fn place(id: u32) -> (usize, usize) {
    let n = id as u64 + FIRST as u64;
    let segment = (n.ilog2() - FIRST.ilog2()) as usize;
    (segment, (n - ((FIRST as u64) << segment)) as usize)
}

impl Table {
    fn entry(&self, id: u32) -> &Entry {
        let (segment, index) = place(id);
        let base = self.segments[segment].load(Ordering::Acquire);
        assert!(!base.is_null() && id < self.count.load(Ordering::Acquire), "no such symbol: {id}");
        // SAFETY: ids below `count` have been written, in a segment that is never freed or moved.
        unsafe { &*base.add(index) }
    }

    fn find(&self, shard: &Shard, text: &str, hash: u64) -> Option<Symbol> {
        if shard.places.is_empty() {
            return None;
        }
        let mask = shard.places.len() - 1;
        let mut at = (hash >> 6) as usize & mask;
        loop {
            match shard.places[at] {
                0 => return None,
                n => {
                    let entry = self.entry(n - 1);
                    if entry.hash == hash && entry.text == text {
                        return Some(Symbol(n - 1));
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn read(&self, shard: usize) -> RwLockReadGuard<'_, Shard> {
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, shard: usize) -> RwLockWriteGuard<'_, Shard> {
        self.shards[shard].write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lookup(&self, text: &str, hash: u64) -> Option<Symbol> {
        let index = hash as usize % SHARDS;
        let shard = self.read(index);
        let lasting = || Some(collected(index, shard.collected.find_lasting(text)?));
        self.find(&shard, text, hash).or_else(lasting)
    }

    /// A symbol that lasts.
    pub(super) fn intern(&self, text: &str, hash: u64) -> Symbol {
        let index = hash as usize % SHARDS;
        let mut shard = self.write(index);
        if let Some(symbol) = self.find(&shard, text, hash) {
            return symbol;
        }
        if let Some(slot) = shard.collected.find(text) {
            // Words of it are in heaps already.
            shard.collected.keep(slot);
            return collected(index, slot);
        }
        self.put(&mut shard, text, hash)
    }

    /// A symbol that may not last, held once more.
    pub(super) fn hold(&self, text: &str, hash: u64) -> Symbol {
        let index = hash as usize % SHARDS;
        let found = self.read(index).collected.find(text);
        if let Some(slot) = found {
            return collected(index, slot);
        }
        let mut shard = self.write(index);
        if let Some(symbol) = self.find(&shard, text, hash) {
            return symbol;
        }
        if let Some(slot) = shard.collected.find(text) {
            return collected(index, slot);
        }
        let is_kept = |left: u32| left.checked_sub(1);
        if text.len() <= SHORT
            && LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_kept).is_ok()
        {
            return self.put(&mut shard, text, hash);
        }
        ANY_COLLECTED.store(true, Ordering::Relaxed);
        collected(index, shard.collected.add(text, hash))
    }

    /// One holder more of collected symbols of one shard, which have some; gives the bytes of their texts.
    pub(super) fn retain(&self, symbols: &[Symbol]) -> usize {
        let Some(&first) = symbols.first() else { return 0 };
        let shard = self.read(shard_of(first));
        symbols.iter().map(|&symbol| shard.collected.retain(slot_of(symbol))).sum()
    }

    /// One holder less of collected symbols of one shard; gives the bytes of their texts.
    pub(super) fn release(&self, symbols: &[Symbol]) -> usize {
        let Some(&first) = symbols.first() else { return 0 };
        let (mut bytes, mut left) = (0, false);
        let shard = self.read(shard_of(first));
        for &symbol in symbols {
            let (text, was_last) = shard.collected.release(slot_of(symbol));
            bytes += text;
            left |= was_last;
        }
        drop(shard);
        if left {
            let mut shard = self.write(shard_of(first));
            symbols.iter().for_each(|&symbol| shard.collected.clear(slot_of(symbol)));
        }
        bytes
    }

    pub(super) fn text(&self, symbol: Symbol) -> Text<'static> {
        if !symbol.is_collected() {
            return Text::Plain(self.entry(symbol.0).text);
        }
        let shard = self.read(shard_of(symbol));
        let slot = shard.collected.get(slot_of(symbol));
        debug_assert!(slot.is_some(), "a symbol was collected that is in use");
        slot.map_or(Text::Plain(""), |slot| Text::Counted(slot.text.clone()))
    }

    pub(super) fn lasting_text(&self, symbol: Symbol) -> &'static str {
        match symbol.is_collected() {
            true => self.write(shard_of(symbol)).collected.keep(slot_of(symbol)),
            false => self.entry(symbol.0).text,
        }
    }

    pub(super) fn text_hash(&self, symbol: Symbol) -> u64 {
        if !symbol.is_collected() {
            return self.entry(symbol.0).hash;
        }
        let shard = self.read(shard_of(symbol));
        let slot = shard.collected.get(slot_of(symbol));
        debug_assert!(slot.is_some(), "a symbol was collected that is in use");
        slot.map_or(0, |slot| slot.hash)
    }

    #[cfg(test)]
    pub(super) fn is_held(&self, text: &str, hash: u64) -> bool {
        self.read(hash as usize % SHARDS).collected.contains(text)
    }

    pub(super) fn count(&self) -> usize {
        let collected = (0..SHARDS).map(|shard| self.read(shard).collected.len());
        self.count.load(Ordering::Acquire) as usize + collected.sum::<usize>()
    }

    /// A new entry, kept for ever.
    fn put(&self, shard: &mut Shard, text: &str, hash: u64) -> Symbol {
        if shard.len * 4 >= shard.places.len() * 3 {
            self.widen(shard);
        }
        let id = self.add(text, hash);
        shard.put(id, hash);
        shard.len += 1;
        Symbol(id)
    }

    fn widen(&self, shard: &mut Shard) {
        let old = std::mem::take(&mut shard.places);
        shard.places = vec![0; (old.len() * 2).max(16)];
        for n in old.into_iter().filter(|&n| n != 0) {
            shard.put(n - 1, self.entry(n - 1).hash);
        }
    }

    fn add(&self, text: &str, hash: u64) -> u32 {
        let _guard = self.grow.lock().unwrap_or_else(PoisonError::into_inner);
        let id = self.count.load(Ordering::Relaxed);
        let (segment, index) = place(id);
        let mut base = self.segments[segment].load(Ordering::Acquire);
        if base.is_null() {
            let len = (FIRST as usize) << segment;
            let mut entries = Vec::with_capacity(len);
            entries.resize_with(len, || Entry { text: "", hash: 0 });
            base = Box::leak(entries.into_boxed_slice()).as_mut_ptr();
            self.segments[segment].store(base, Ordering::Release);
        }
        let text: &'static str = Box::leak(text.into());
        // SAFETY: `index` lies in the segment, and no reader looks at an id not below `count`.
        unsafe { base.add(index).write(Entry { text, hash }) };
        self.count.store(id + 1, Ordering::Release);
        id
    }
}

impl Shard {
    fn put(&mut self, id: u32, hash: u64) {
        let mask = self.places.len() - 1;
        let mut at = (hash >> 6) as usize & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = id + 1;
    }
}
