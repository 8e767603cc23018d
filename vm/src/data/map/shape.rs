//! Shapes: the key layouts of small maps, one for all maps with the same symbols in the same order.
//!
//! In: symbols. Out: a [`Shape`] that says at which index the value of a key lies. Shapes live for
//! ever, so their number is bounded; when it is reached, maps with new layouts become tries.

use crate::symbols::Symbol;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

/// The most keys of a shape.
pub const MAX_KEYS: usize = 32;
/// The most shapes there can be.
pub const MAX_SHAPES: usize = SEGMENT * SEGMENTS;

const SEGMENT: usize = 1024;
const SEGMENTS: usize = 64;
const FREE: u8 = u8::MAX;

/// A key layout.
#[derive(Debug)]
pub struct Shape {
    id: u32,
    keys: Box<[Symbol]>,
    /// Open addressing by symbol: the index of the key, or FREE. At least half is free.
    places: Box<[u8]>,
    shift: u32,
    longer: RwLock<HashMap<u32, &'static Shape, foldhash::fast::FixedState>>,
}

type Segment = Box<[OnceLock<&'static Shape>]>;

/// Shapes by number, read without a lock.
static BY_ID: [OnceLock<Segment>; SEGMENTS] = [const { OnceLock::new() }; SEGMENTS];

type ByKeys = HashMap<Box<[Symbol]>, &'static Shape, foldhash::fast::FixedState>;

static BY_KEYS: LazyLock<RwLock<ByKeys>> = LazyLock::new(|| {
    let mut map = ByKeys::default();
    add(&mut map, &[]);
    RwLock::new(map)
});

/// The number of the shape without keys.
const EMPTY_ID: u32 = 0;

fn spread(symbol: Symbol, shift: u32) -> usize {
    (symbol.id().wrapping_mul(0x9e37_79b1) >> shift) as usize
}

/// Makes and publishes a shape; nothing if there are too many.
fn add(map: &mut ByKeys, keys: &[Symbol]) -> Option<&'static Shape> {
    let id = map.len();
    if id >= MAX_SHAPES {
        return None;
    }
    let size = (keys.len() * 2).next_power_of_two().max(4);
    let shift = 32 - size.trailing_zeros();
    let mut places = vec![FREE; size].into_boxed_slice();
    for (index, &key) in keys.iter().enumerate() {
        let mut at = spread(key, shift);
        while places[at] != FREE {
            at = (at + 1) & (size - 1);
        }
        places[at] = index as u8;
    }
    let shape: &'static Shape = Box::leak(Box::new(Shape {
        id: id as u32,
        keys: keys.into(),
        places,
        shift,
        longer: RwLock::default(),
    }));
    let segment =
        BY_ID[id / SEGMENT].get_or_init(|| (0..SEGMENT).map(|_| OnceLock::new()).collect());
    // The map is locked for writing, so nobody else fills this place.
    let _ = segment[id % SEGMENT].set(shape);
    map.insert(keys.into(), shape);
    Some(shape)
}

impl Shape {
    /// The shape with these keys, in this order; nothing if they are too many, not all
    /// different, or not to stay, or if there are too many shapes.
    pub fn of(keys: &[Symbol]) -> Option<&'static Shape> {
        if keys.iter().any(|key| key.is_collected()) {
            return None;
        }
        if keys.len() > MAX_KEYS || keys.iter().enumerate().any(|(i, k)| keys[..i].contains(k)) {
            return None;
        }
        if let Some(shape) = BY_KEYS.read().unwrap_or_else(PoisonError::into_inner).get(keys) {
            return Some(shape);
        }
        let mut map = BY_KEYS.write().unwrap_or_else(PoisonError::into_inner);
        match map.get(keys) {
            Some(shape) => Some(shape),
            None => add(&mut map, keys),
        }
    }

    /// The shape with this number.
    #[inline]
    pub fn of_id(id: u32) -> Option<&'static Shape> {
        let segment = BY_ID.get(id as usize / SEGMENT)?;
        match segment.get().and_then(|s| s[id as usize % SEGMENT].get()) {
            Some(shape) => Some(shape),
            // The shape of the static empty map may be asked for before any other was made.
            None if id == EMPTY_ID => Shape::of(&[]),
            None => None,
        }
    }

    /// Its number.
    #[inline]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its keys.
    #[inline]
    pub fn keys(&self) -> &[Symbol] {
        &self.keys
    }

    /// The number of its keys.
    #[inline]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has no keys.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The index of a key's value.
    #[inline]
    pub fn find(&self, key: Symbol) -> Option<usize> {
        let mask = self.places.len() - 1;
        let mut at = spread(key, self.shift) & mask;
        loop {
            let index = self.places[at];
            if index == FREE {
                return None;
            }
            if self.keys[index as usize] == key {
                return Some(index as usize);
            }
            at = (at + 1) & mask;
        }
    }

    /// The shape with one more key, which it does not have yet.
    pub fn with(&'static self, key: Symbol) -> Option<&'static Shape> {
        if self.len() >= MAX_KEYS {
            return None;
        }
        let known = self.longer.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shape) = known.get(&key.id()) {
            return Some(shape);
        }
        drop(known);
        let keys: Vec<Symbol> = self.keys.iter().copied().chain([key]).collect();
        let shape = Shape::of(&keys)?;
        self.longer.write().unwrap_or_else(PoisonError::into_inner).insert(key.id(), shape);
        Some(shape)
    }

    /// The shape without the key at `index`.
    pub fn without(&self, index: usize) -> Option<&'static Shape> {
        let mut keys = self.keys.to_vec();
        if index < keys.len() {
            keys.remove(index);
        }
        Shape::of(&keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_shape_for_one_layout() {
        let [a, b, c] = ["shape a", "shape b", "shape c"].map(Symbol::intern);
        let ab = Shape::of(&[a, b]).unwrap();
        assert_eq!(ab.id(), Shape::of(&[a]).unwrap().with(b).unwrap().id());
        assert_ne!(ab.id(), Shape::of(&[b, a]).unwrap().id());
        assert_eq!((ab.find(a), ab.find(b), ab.find(c)), (Some(0), Some(1), None));
        assert_eq!(ab.without(0).unwrap().keys(), [b]);
        assert_eq!(Shape::of_id(ab.id()).unwrap().keys(), [a, b]);
        assert!(Shape::of(&[a, a]).is_none());
    }

    #[test]
    fn the_largest_shape_finds_all_its_keys() {
        let keys: Vec<_> = (0..33).map(|i| Symbol::intern(&format!("wide {i}"))).collect();
        let shape = Shape::of(&keys[..32]).unwrap();
        assert!(keys[..32].iter().enumerate().all(|(i, &k)| shape.find(k) == Some(i)));
        assert!(shape.find(keys[32]).is_none() && shape.with(keys[32]).is_none());
    }
}
