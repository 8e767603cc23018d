//! Hashes of values, equal for values that are equal as map keys.
//!
//! In: a value. Out: 64 bits, the same in every run. A symbol hashes as its text does (they are one
//! key), 0.0 as -0.0, every nan alike; a range as the ints it holds; maps and sets without regard to
//! order. Deep values are walked with a worklist.

use crate::data::Work;
use crate::data::map::MapWalk;
use crate::data::vector::{Entries, NIL_BOOL, is_nil_float};
use crate::value::{Value, View};
use smallvec::SmallVec;
use std::hash::{BuildHasher, Hasher};

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const NIL: u64 = 0x1319_8a2e_0370_7344;
const BOOL: u64 = 0xa409_3822_299f_31d0;
const FLOAT: u64 = 0x082e_fa98_ec4e_6c89;
const BIG: u64 = 0x4528_21e6_38d0_1377;
const MODULE: u64 = 0xbe54_66cf_34e9_0c6c;
const PID: u64 = 0xc0ac_29b7_c97c_50dd;
const REF: u64 = 0x3f84_d5b5_b547_0917;
const FUNCTION: u64 = 0x9216_d5d9_8979_fb1b;
const EXCEPTION: u64 = 0xd131_0ba6_98df_b5ac;
const LIST: u64 = 0x2ffd_72db_d01a_dfb7;
const VECTOR: u64 = 0xb8e1_afed_6a26_7e96;
const MAP: u64 = 0xba7c_9045_f12c_7f99;
const SET: u64 = 0x24a1_9947_b391_6cf7;
const HOST: u64 = 0x0801_f2e2_858e_fc16;

/// The hash of a string's text, and of the symbol with that text.
#[inline]
pub fn hash_text(text: &str) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(SEED).build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Spreads a word over all bits.
#[inline(always)]
fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 32)).wrapping_mul(0xe703_7ed1_a0b4_28db);
    let x = (x ^ (x >> 29)).wrapping_mul(0x8ebc_6af0_9c88_c6e3);
    x ^ (x >> 32)
}

#[inline(always)]
fn step(state: u64, x: u64) -> u64 {
    mix(state.rotate_left(23) ^ x)
}

fn int(n: i64) -> u64 {
    mix(n as u64 ^ SEED)
}

fn float(f: f64) -> u64 {
    let f = if f.is_nan() {
        f64::NAN
    } else if f == 0.0 {
        0.0
    } else {
        f
    };
    mix(f.to_bits() ^ FLOAT)
}

/// The hash of a value as a map key.
#[inline]
pub fn hash(value: Value<'_>) -> u64 {
    if let Some(n) = value.as_small() {
        return int(n);
    }
    if let Some(symbol) = value.as_symbol() {
        return symbol.text_hash();
    }
    match value.as_str() {
        Some(text) => hash_text(text),
        None => hash_counted(value, &mut Work::default()),
    }
}

/// The hash of a value as a map key; adds to `work` what it took.
pub fn hash_counted(value: Value<'_>, work: &mut Work) -> u64 {
    let mut hashing = Hashing::new(value);
    loop {
        if let Some(hash) = hashing.go_on(work, u64::MAX) {
            return hash;
        }
    }
}

enum Frame<'h> {
    Values(std::slice::Iter<'h, Value<'h>>),
    /// Packed entries, from an index on.
    Packed(Entries<'h>, usize),
    Entries {
        rest: Box<MapWalk<'h>>,
        sum: u64,
        outer: u64,
    },
    /// The value of an entry whose key has been fed.
    Value(Value<'h>),
}

/// How many packed entries are hashed in one step.
const PACKED: usize = 1024;

/// The hashing of a value, which can be left and taken up again.
pub(crate) struct Hashing<'h> {
    state: u64,
    frames: SmallVec<[Frame<'h>; 8]>,
    /// The hash of the value fed last, if it was no collection.
    only: Option<u64>,
}

impl<'h> Hashing<'h> {
    /// Begins.
    pub(crate) fn new(value: Value<'h>) -> Hashing<'h> {
        let mut hashing = Hashing { state: SEED, frames: SmallVec::new(), only: None };
        hashing.feed(value);
        hashing
    }

    /// Goes on until the hash is known, or until `work` is `most`.
    pub(crate) fn go_on(&mut self, work: &mut Work, most: u64) -> Option<u64> {
        if let (Some(scalar), true) = (self.only, self.frames.is_empty()) {
            return Some(scalar);
        }
        while self.advance(work) {
            work.add(1);
            if work.0 >= most {
                return None;
            }
        }
        Some(self.state)
    }

    /// Takes the next value; false when there is none.
    fn advance(&mut self, work: &mut Work) -> bool {
        let Some(frame) = self.frames.last_mut() else { return false };
        self.only = None;
        let next = match frame {
            Frame::Values(rest) => rest.next().copied(),
            Frame::Packed(entries, at) => {
                let from = *at;
                *at += PACKED;
                let (state, done) = packed(self.state, *entries, from);
                self.state = state;
                work.add(PACKED / 4);
                if done {
                    self.frames.pop();
                }
                return true;
            }
            Frame::Value(value) => {
                let value = *value;
                self.frames.pop();
                self.feed(value);
                return true;
            }
            Frame::Entries { rest, sum, outer } => {
                *sum = sum.wrapping_add(mix(self.state));
                match rest.next() {
                    Some((key, value)) => {
                        self.state = SEED;
                        self.frames.push(Frame::Value(value));
                        Some(key)
                    }
                    None => {
                        self.state = step(*outer, *sum);
                        None
                    }
                }
            }
        };
        match next {
            Some(value) => self.feed(value),
            None => {
                self.frames.pop();
            }
        }
        true
    }

    fn scalar(&mut self, hash: u64) {
        self.only = Some(hash);
        self.state = step(self.state, hash);
    }

    fn collection(&mut self, tag: u64, len: usize, frame: Frame<'h>) {
        self.only = None;
        self.state = step(self.state, tag ^ len as u64);
        self.frames.push(frame);
    }

    fn feed(&mut self, value: Value<'h>) {
        match value.view() {
            View::Int(n) => self.scalar(int(n)),
            View::Float(f) => self.scalar(float(f)),
            View::Symbol(s) => self.scalar(s.text_hash()),
            View::Str(s) => self.scalar(hash_text(s)),
            View::Nil => self.scalar(mix(NIL)),
            View::Bool(b) => self.scalar(mix(BOOL ^ u64::from(b))),
            View::Module(name) => self.scalar(mix(MODULE ^ name.text_hash())),
            View::Pid(pid) => self.scalar(mix(PID ^ pid.serial())),
            View::Ref(r) => self.scalar(mix(REF ^ r.id())),
            View::FunRef(f) => {
                self.scalar(step(mix(FUNCTION ^ f.module.text_hash()), f.name.text_hash()));
            }
            View::Host(host) => self.scalar(mix(HOST ^ host.get().hash())),
            View::BigInt(n) => {
                let sign = u64::from(n.is_negative());
                self.scalar(n.limbs().iter().fold(BIG ^ sign, |h, &limb| step(h, limb)));
            }
            View::Closure(f) => {
                let frame = Frame::Values(f.captures().iter());
                self.collection(FUNCTION ^ mix(f.handle() as u64), f.captures().len(), frame);
            }
            View::Exception(e) => {
                self.collection(EXCEPTION, 3, Frame::Values(e.parts().iter()));
            }
            View::List(entries) => {
                self.collection(LIST, entries.len(), Frame::Values(entries.iter()));
            }
            View::Vec(vec) => self.vector(vec.entries(), vec.len()),
            View::Map(map) => self.unordered(MAP, map.len(), map.walk()),
            View::Set(set) => self.unordered(SET, set.len(), set.walk()),
        }
    }

    fn unordered(&mut self, tag: u64, len: usize, rest: MapWalk<'h>) {
        self.state = step(self.state, tag ^ len as u64);
        let outer = self.state;
        self.only = None;
        self.frames.push(Frame::Entries { rest: Box::new(rest), sum: 0, outer });
    }

    fn vector(&mut self, entries: Entries<'h>, len: usize) {
        self.only = None;
        self.state = step(self.state, VECTOR ^ len as u64);
        match entries {
            Entries::Words(words) | Entries::Ints(words) => {
                self.frames.push(Frame::Values(words.iter()));
            }
            Entries::One(value) => self.feed(value),
            packed => self.frames.push(Frame::Packed(packed, 0)),
        }
    }
}

/// Takes up to so many packed entries from an index on; whether they were the last.
fn packed(mut state: u64, entries: Entries<'_>, from: usize) -> (u64, bool) {
    let end = |len: usize| len.min(from + PACKED);
    let len = match entries {
        Entries::Floats(floats) => {
            for &f in &floats[from..end(floats.len())] {
                state = step(state, if is_nil_float(f) { mix(NIL) } else { float(f) });
            }
            floats.len()
        }
        Entries::Bools(bools) => {
            for &b in &bools[from..end(bools.len())] {
                state =
                    step(state, if b == NIL_BOOL { mix(NIL) } else { mix(BOOL ^ u64::from(b)) });
            }
            bools.len()
        }
        Entries::Range(first, n) => {
            for i in from..end(n) {
                state = step(state, int(first + i as i64));
            }
            n
        }
        // These are not packed.
        Entries::Words(_) | Entries::Ints(_) | Entries::One(_) => 0,
    };
    (state, from + PACKED >= len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{list, map, vector};
    use crate::heap::Heap;
    use crate::symbols::Symbol;

    #[test]
    fn keys_that_are_one_hash_alike() {
        let heap = Heap::new();
        assert_eq!(hash(heap.string("ok")), hash(Value::symbol(Symbol::intern("ok"))));
        assert_eq!(hash(heap.float(0.0)), hash(heap.float(-0.0)));
        assert_eq!(hash(heap.float(f64::NAN)), hash(heap.float(-f64::NAN)));
        assert_ne!(hash(heap.float(1.0)), hash(heap.int(1)));
        let range = vector::range(&heap, 1, 3).unwrap();
        let vec = vector::from_values(&heap, &[1, 2, 3].map(|n| heap.int(n))).unwrap();
        assert_eq!(hash(range), hash(vec));
        assert_ne!(hash(range), hash(list::new(&heap, &[1, 2, 3].map(|n| heap.int(n)))));
    }

    #[test]
    fn maps_hash_without_order() {
        let heap = Heap::new();
        let (a, b) = (heap.string("a"), heap.int(7));
        let one = map::from_entries(&heap, &[(a, b), (b, a)]);
        let two = map::from_entries(&heap, &[(b, a), (a, b)]);
        assert_eq!(hash(one), hash(two));
        let swapped = map::from_entries(&heap, &[(a, a), (b, b)]);
        assert_ne!(hash(one), hash(swapped));
    }
}
