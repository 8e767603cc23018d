//! A map for what is nearly always small: a row searched from the front, a hash table from the
//! seventeenth entry on. Empty it takes no memory of its own.

use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::hash::Hash;

const FEW: usize = 16;

/// See the module's description.
pub enum FewMap<K, V> {
    /// At most `FEW` entries.
    Few(Vec<(K, V)>),
    /// More, or fewer again; in an order that is the same in each run.
    Many(Box<HashMap<K, V, FixedState>>),
}

impl<K, V> Default for FewMap<K, V> {
    fn default() -> Self {
        FewMap::Few(Vec::new())
    }
}

impl<K: Copy + Eq + Hash, V> FewMap<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        match self {
            FewMap::Few(row) => row.iter().find(|e| e.0 == *key).map(|e| &e.1),
            FewMap::Many(map) => map.get(key),
        }
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self {
            FewMap::Few(row) => row.iter_mut().find(|e| e.0 == *key).map(|e| &mut e.1),
            FewMap::Many(map) => map.get_mut(key),
        }
    }

    /// Puts a value; the one it takes the place of.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        match self {
            FewMap::Few(row) if row.len() < FEW => row.push((key, value)),
            FewMap::Few(row) => {
                let mut map: HashMap<K, V, FixedState> = row.drain(..).collect();
                map.insert(key, value);
                *self = FewMap::Many(Box::new(map));
            }
            FewMap::Many(map) => {
                map.insert(key, value);
            }
        }
        None
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        match self {
            FewMap::Few(row) => {
                let at = row.iter().position(|e| e.0 == *key)?;
                Some(row.swap_remove(at).1)
            }
            FewMap::Many(map) => {
                let value = map.remove(key);
                if map.is_empty() {
                    *self = FewMap::default();
                }
                value
            }
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        match self {
            FewMap::Few(row) => row.len(),
            FewMap::Many(map) => map.len(),
        }
    }

    /// All entries, in no order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (&K, &V)> + '_> {
        match self {
            FewMap::Few(row) => Box::new(row.iter().map(|e| (&e.0, &e.1))),
            FewMap::Many(map) => Box::new(map.iter()),
        }
    }
}

/// The entries of a map that is taken apart, one by one: of a million, too, the first comes at once.
pub enum IntoIter<K, V> {
    /// Of a few.
    Few(std::vec::IntoIter<(K, V)>),
    /// Of more.
    Many(std::collections::hash_map::IntoIter<K, V>),
}

impl<K, V> IntoIterator for FewMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        match self {
            FewMap::Few(row) => IntoIter::Few(row.into_iter()),
            FewMap::Many(map) => IntoIter::Many(map.into_iter()),
        }
    }
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        match self {
            IntoIter::Few(row) => row.next(),
            IntoIter::Many(map) => map.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_map_at_every_size() {
        let mut few = FewMap::default();
        for n in 0..100u64 {
            assert_eq!(few.insert(n, n), None);
            assert_eq!(few.insert(n, n * 2), Some(n));
            assert_eq!(few.len() as u64, n + 1);
        }
        *few.get_mut(&7).unwrap() = 1;
        assert_eq!((few.get(&7), few.get(&8), few.get(&100)), (Some(&1), Some(&16), None));
        let mut keys: Vec<u64> = few.iter().map(|e| *e.0).collect();
        keys.sort_unstable();
        assert_eq!(keys, (0..100).collect::<Vec<_>>());
        for n in 0..100u64 {
            assert!(few.remove(&n).is_some());
            assert_eq!(few.remove(&n), None);
        }
        assert!(few.is_empty() && matches!(few, FewMap::Few(_)));
        few.insert(3, 4);
        assert_eq!(few.into_iter().collect::<Vec<_>>(), [(3, 4)]);
    }
}
