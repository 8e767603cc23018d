//! A table that many threads read and change at once: stored keys, each with an entry.
//!
//! In: keys with their hashes. Out: what is said about their entries, in one step each: nobody sees half a change.
//!
//! Shards by hash, each behind a lock of its own that readers share and hold for a look only. A shard has its entries
//! in numbered places, so that a walk over the table, which lets go of the locks between its steps, meets every entry
//! that was there all the time exactly once.

use crossbeam_utils::CachePadded;
use hashbrown::HashTable;
use parking_lot::RwLock;
use rata_vm::hash::hash;
use rata_vm::heap::Stored;
use rata_vm::value::Value;
use slab::Slab;
use std::sync::Arc;

/// So many threads may change a table at once without waiting for one another, if they are lucky.
const SHARDS: usize = 64;

struct Slot<E> {
    hash: u64,
    key: Arc<Stored>,
    entry: E,
}

struct Shard<E> {
    places: HashTable<usize>,
    slots: Slab<Slot<E>>,
}

impl<E> Default for Shard<E> {
    fn default() -> Self {
        Shard { places: HashTable::new(), slots: Slab::new() }
    }
}

/// See the module's description.
pub struct Table<E> {
    shards: Box<[CachePadded<RwLock<Shard<E>>>]>,
}

/// A key to look for: a value, or one that is in the table.
#[derive(Clone, Copy)]
pub enum Key<'k> {
    /// A value and its hash.
    Value(Value<'k>, u64),
    /// The very key of an entry and its hash.
    Stored(&'k Arc<Stored>, u64),
}

impl<'k> Key<'k> {
    /// The key that is this value.
    pub fn of(value: Value<'k>) -> Key<'k> {
        Key::Value(value, hash(value))
    }

    fn hash(self) -> u64 {
        match self {
            Key::Value(_, hash) | Key::Stored(_, hash) => hash,
        }
    }

    fn is(self, key: &Arc<Stored>) -> bool {
        match self {
            Key::Value(value, _) => key.is_key(value),
            Key::Stored(other, _) => Arc::ptr_eq(key, other),
        }
    }

    fn stored(self) -> Arc<Stored> {
        match self {
            Key::Value(value, _) => Arc::new(Stored::new(value)),
            Key::Stored(key, _) => Arc::clone(key),
        }
    }
}

/// Where a walk has come to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Place {
    shard: usize,
    slot: usize,
}

/// What becomes of an entry.
pub enum Change<E> {
    /// It stays as it is, or is not made.
    Keep,
    /// This takes its place, or is made.
    Put(E),
    /// It is taken out.
    Remove,
}

impl<E> Default for Table<E> {
    fn default() -> Self {
        Table { shards: (0..SHARDS).map(|_| CachePadded::default()).collect() }
    }
}

impl<E> Table<E> {
    fn shard(&self, hash: u64) -> &RwLock<Shard<E>> {
        // The low bits choose within a shard.
        &self.shards[(hash >> 40) as usize % SHARDS]
    }

    /// What `look` says of a key's entry, if it has one.
    pub fn read<R>(&self, key: Key<'_>, look: impl FnOnce(&E) -> R) -> Option<R> {
        let shard = self.shard(key.hash()).read();
        let place = shard.places.find(key.hash(), |place| key.is(&shard.slots[*place].key))?;
        Some(look(&shard.slots[*place].entry))
    }

    /// Changes a key's entry as `change` wants it, which sees the key as it lies in the table and the entry, if there is one. Gives what
    /// `change` says, and what was replaced or taken out.
    pub fn change<R>(
        &self,
        key: Key<'_>,
        change: impl FnOnce(Option<(&Arc<Stored>, &mut E)>) -> (Change<E>, R),
    ) -> (R, Option<E>) {
        let hash = key.hash();
        let mut guard = self.shard(hash).write();
        let Shard { places, slots } = &mut *guard;
        let found = places.find_entry(hash, |place| key.is(&slots[*place].key));
        match found {
            Ok(found) => {
                let slot = &mut slots[*found.get()];
                let (change, said) = change(Some((&slot.key, &mut slot.entry)));
                let old = match change {
                    Change::Keep => None,
                    Change::Put(entry) => Some(std::mem::replace(&mut slot.entry, entry)),
                    Change::Remove => Some(slots.remove(found.remove().0).entry),
                };
                (said, old)
            }
            Err(_) => {
                let (change, said) = change(None);
                if let Change::Put(entry) = change {
                    let place = slots.insert(Slot { hash, key: key.stored(), entry });
                    places.insert_unique(hash, place, |place| slots[*place].hash);
                }
                (said, None)
            }
        }
    }

    /// Shows so many entries at most, from a place on; where to go on, or `None` at the end.
    pub fn walk(
        &self,
        mut from: Place,
        most: usize,
        mut see: impl FnMut(&Arc<Stored>, &E),
    ) -> Option<Place> {
        let mut left = most;
        while from.shard < SHARDS {
            let shard = self.shards[from.shard].read();
            // Places without an entry take their time as well.
            let end = shard.slots.capacity().min(from.slot + left);
            for slot in from.slot..end {
                if let Some(slot) = shard.slots.get(slot) {
                    see(&slot.key, &slot.entry);
                }
            }
            left -= end - from.slot;
            if left == 0 {
                return Some(Place { slot: end, ..from });
            }
            from = Place { shard: from.shard + 1, slot: 0 };
        }
        None
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().places.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.read().places.is_empty())
    }

    /// Takes everything out; dropping it may take long.
    pub fn take(&self) -> Vec<impl Send + use<E>>
    where
        E: Send,
    {
        self.shards.iter().map(|shard| std::mem::take(&mut *shard.write())).collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn key<'k>(n: i64) -> Key<'k> {
        Key::of(Value::small(n).expect("a small int"))
    }

    fn put(table: &Table<i64>, n: i64, entry: i64) -> Option<i64> {
        table.change(key(n), |_| (Change::Put(entry), ())).1
    }

    fn walk(table: &Table<i64>, step: usize, mut between: impl FnMut()) -> Vec<(i64, i64)> {
        let mut seen = Vec::new();
        let mut place = Some(Place::default());
        while let Some(from) = place {
            place = table.walk(from, step, |key, entry| {
                seen.push((key.as_small().unwrap(), *entry));
            });
            between();
        }
        seen
    }

    #[test]
    fn agrees_with_a_map() {
        let (table, mut model) = (Table::default(), BTreeMap::new());
        let mut random = 1u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (n, what) = ((random >> 40) as i64 % 500, random >> 33 & 3);
            match what {
                0 | 1 => assert_eq!(put(&table, n, random as i64), model.insert(n, random as i64)),
                2 => {
                    let removed = table.change(key(n), |_| (Change::Remove, ())).1;
                    assert_eq!(removed, model.remove(&n));
                }
                _ => assert_eq!(table.read(key(n), |entry| *entry), model.get(&n).copied()),
            }
            assert_eq!(table.len(), model.len());
        }
        let seen: BTreeMap<i64, i64> = walk(&table, 7, || ()).into_iter().collect();
        assert_eq!(seen, model);
        drop(table.take());
        assert!(table.is_empty() && !model.is_empty());
    }

    #[test]
    fn a_walk_meets_once_what_stays() {
        let table = Table::default();
        for n in 0..1000 {
            put(&table, n, n);
        }
        let mut n = 1000;
        // Even ones stay; odd ones go and others come meanwhile.
        let seen = walk(&table, 10, || {
            n += 1;
            table.change(key(2 * n - 2001), |_| (Change::Remove, ()));
            put(&table, n, n);
        });
        let even: Vec<i64> = seen.iter().map(|s| s.0).filter(|n| *n < 1000 && n % 2 == 0).collect();
        assert_eq!(even.len(), 500);
        assert_eq!(even.into_iter().collect::<BTreeSet<_>>().len(), 500);
    }
}
