//! Symbols that go when nobody holds them any more: those made from data.
//!
//! In: text, and who takes and gives up holds. Out: slots with the text, the hash of it and the count of holders.
//!
//! Each shard of the table has some. Whoever may have the symbol in its memory is a holder, once: a heap, a message
//! under way, something stored, a name in one of the runtime's tables. A symbol that nobody holds is forgotten at once, and its slot
//! serves the next.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) struct Slot {
    pub(super) text: Arc<str>,
    pub(super) hash: u64,
    /// Changed under the shard's lock, be it only one for reading; of one that stays it says nothing.
    holders: AtomicU32,
    /// The text for ever, once it is part of a program: then the slot stays.
    pub(super) lasting: Option<&'static str>,
}

/// Those of a shard.
#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_text: HashMap<Arc<str>, u32, foldhash::fast::FixedState>,
}

impl Slots {
    /// How many symbols there are.
    pub(super) fn len(&self) -> usize {
        self.by_text.len()
    }

    #[cfg(test)]
    pub(super) fn contains(&self, text: &str) -> bool {
        self.by_text.contains_key(text)
    }

    pub(super) fn get(&self, at: u32) -> Option<&Slot> {
        self.slots.get(at as usize)?.as_ref()
    }

    /// The slot of a text, with one hold more.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let at = *self.by_text.get(text)?;
        self.retain(at);
        Some(at)
    }

    /// The slot of a text whose symbol has become one that stays.
    pub(super) fn find_lasting(&self, text: &str) -> Option<u32> {
        if self.by_text.is_empty() {
            return None;
        }
        let at = *self.by_text.get(text)?;
        self.get(at)?.lasting.map(|_| at)
    }

    /// A new slot, held once.
    pub(super) fn add(&mut self, text: &str, hash: u64) -> u32 {
        let text: Arc<str> = text.into();
        let slot =
            Slot { text: Arc::clone(&text), hash, holders: AtomicU32::new(1), lasting: None };
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[at as usize] = Some(slot);
        self.by_text.insert(text, at);
        at
    }

    /// One holder more; gives the bytes of the text.
    pub(super) fn retain(&self, at: u32) -> usize {
        let slot = self.get(at);
        debug_assert!(slot.is_some(), "a symbol was collected that somebody holds");
        let Some(slot) = slot else { return 0 };
        slot.holders.fetch_add(1, Ordering::Relaxed);
        slot.text.len()
    }

    /// One holder less: the bytes of the text, and whether it was the last.
    pub(super) fn release(&self, at: u32) -> (usize, bool) {
        let slot = self.get(at);
        debug_assert!(slot.is_some(), "a symbol was collected that somebody holds");
        let Some(slot) = slot else { return (0, false) };
        let was_last = slot.holders.fetch_sub(1, Ordering::Relaxed) == 1;
        (slot.text.len(), was_last && slot.lasting.is_none())
    }

    /// Forgets a symbol, if it has no holder.
    pub(super) fn clear(&mut self, at: u32) {
        let Some(place) = self.slots.get_mut(at as usize) else { return };
        let held = |slot: &Slot| slot.holders.load(Ordering::Relaxed) > 0 || slot.lasting.is_some();
        if place.as_ref().is_none_or(held) {
            return;
        }
        if let Some(slot) = place.take() {
            self.by_text.remove(&slot.text);
            self.free.push(at);
        }
        self.shrink();
    }

    /// Gives back what a flood has left of room.
    fn shrink(&mut self) {
        if self.by_text.is_empty() && self.slots.len() > 64 {
            *self = Slots::default();
        }
    }

    /// Makes a symbol one that stays.
    pub(super) fn keep(&mut self, at: u32) -> &'static str {
        let Some(Some(slot)) = self.slots.get_mut(at as usize) else { return "" };
        slot.lasting.get_or_insert_with(|| Box::leak(Box::from(&*slot.text)))
    }
}
