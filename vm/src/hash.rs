//! Hashes of values, equal for values that are equal as map keys.
//!
//! In: a value. Out: 64 bits, the same in every run. A symbol hashes as its text does (they are one
//! key), 0.0 as -0.0, every nan alike; a range as the ints it holds; maps and sets without regard to
//! order. Deep values are walked with a worklist.
//!
//! # How far it looks
//! A value can be far larger than the memory it takes (a range; a list that holds another twice, which
//! holds another twice …), and hashing is not interrupted. So only [`MOST`] entries are looked at, which
//! ones depending on nothing but what the value is: of lists, vectors and texts in it the first ones; the entries of
//! a map or set, whose order must not matter, get equal shares of what is left, and if it has more
//! entries than that only their number counts.

use crate::compare::is_simple;
use crate::data::Work;
use crate::data::vector::{Entries, NIL_BOOL, is_nil_float};
use crate::value::{Value, View};
use smallvec::SmallVec;
use std::cell::Cell;
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
    hash_bytes(text.as_bytes())
}

#[inline]
fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(SEED).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// How many entries of a value are looked at.
const MOST: usize = 1 << 12;
/// As how many entries a map or set counts for itself: it takes longer than a list.
const UNORDERED: usize = 16;
/// Bytes of text that count as one more entry.
const BYTES: usize = 64;
/// Digits of a large int that do.
const LIMBS: usize = BYTES / 8;

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

/// The hash of a small int.
#[inline(always)]
pub(crate) fn int(n: i64) -> u64 {
    mix(n as u64 ^ SEED)
}

/// The int of 63 bits with this hash, if there is one.
#[cfg(test)]
pub(crate) fn int_with_hash(hash: u64) -> Option<i64> {
    // Newton's iteration doubles the bits that are right; of an odd number the first three are its own.
    let inverse =
        |odd: u64| (0..5).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))));
    let x = (hash ^ (hash >> 32)).wrapping_mul(inverse(0x8ebc_6af0_9c88_c6e3));
    let x = (x ^ (x >> 29) ^ (x >> 58)).wrapping_mul(inverse(0xe703_7ed1_a0b4_28db));
    let n = (x ^ (x >> 32) ^ SEED) as i64;
    (n << 1 >> 1 == n).then_some(n)
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
    let mut work = Work::default();
    let hash = hash_counted(value, &mut work);
    if work != Work::default() {
        UNCHARGED.set(UNCHARGED.get() + work.0);
    }
    hash
}

thread_local! {
    /// What large keys took to hash that nobody has been charged for yet: maps are looked into in
    /// many places that know of no process.
    static UNCHARGED: Cell<u64> = const { Cell::new(0) };
}

/// The work of [`hash`] on this thread since this was last asked.
#[inline]
pub(crate) fn take_work() -> Work {
    Work(UNCHARGED.take())
}

/// The hash of a value as a map key; adds to `work` what it took.
#[inline]
pub fn hash_counted(value: Value<'_>, work: &mut Work) -> u64 {
    if let Some(symbol) = value.as_symbol() {
        return symbol.text_hash();
    }
    if let Some(text) = value.as_str() {
        work.add(text.len() / BYTES);
        return hash_text(text);
    }
    walk(value, work)
}

fn walk(value: Value<'_>, work: &mut Work) -> u64 {
    let mut walk = Walk { state: SEED, frames: SmallVec::new(), only: None, left: MOST };
    walk.feed(value);
    if let (Some(scalar), true) = (walk.only, walk.frames.is_empty()) {
        return scalar;
    }
    while walk.advance() {
        work.add(1);
    }
    walk.state
}

enum Frame<'h> {
    Values(std::slice::Iter<'h, Value<'h>>),
    Entries(Box<Unordered<'h>>),
    /// The value of an entry whose key has been fed.
    Value(Value<'h>),
}

/// Entries whose order does not matter.
struct Unordered<'h> {
    rest: std::vec::IntoIter<(Value<'h>, Value<'h>)>,
    /// Of the entries' hashes.
    sum: u64,
    /// The state before them.
    outer: u64,
    /// How much may be looked at in each entry.
    share: usize,
    /// How much of all will be left after those looked at.
    left: usize,
}

struct Walk<'h> {
    state: u64,
    frames: SmallVec<[Frame<'h>; 8]>,
    /// The hash of the value fed last, if it was no collection.
    only: Option<u64>,
    /// How many more entries are looked at.
    left: usize,
}

impl<'h> Walk<'h> {
    /// Takes the next value; false when there is none.
    fn advance(&mut self) -> bool {
        let Some(frame) = self.frames.last_mut() else { return false };
        let next = match frame {
            Frame::Values(_) if self.left == 0 => None,
            Frame::Values(rest) => {
                let next = rest.next().copied();
                self.left -= usize::from(next.is_some());
                next
            }
            Frame::Value(value) => {
                let value = *value;
                self.frames.pop();
                self.feed(value);
                return true;
            }
            Frame::Entries(entries) => {
                entries.sum = entries.sum.wrapping_add(mix(self.state));
                entries.left = entries.left.saturating_sub(entries.share - self.left);
                match entries.rest.next() {
                    Some((key, value)) => {
                        self.state = SEED;
                        self.left = entries.share;
                        self.frames.push(Frame::Value(value));
                        Some(key)
                    }
                    None => {
                        self.state = step(entries.outer, entries.sum);
                        self.left = entries.left;
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

    /// A text, or a symbol with that text, whose hash `hash` knows.
    fn text(&mut self, text: &str, hash: impl FnOnce() -> u64) {
        let cost = text.len() / BYTES;
        let hash = match self.left.checked_sub(cost) {
            Some(_) => hash(),
            None => hash_bytes(&text.as_bytes()[..self.left * BYTES]),
        };
        self.left = self.left.saturating_sub(cost);
        self.scalar(hash);
    }

    fn collection(&mut self, tag: u64, len: usize, entries: &'h [Value<'h>]) {
        self.only = None;
        self.state = step(self.state, tag ^ len as u64);
        self.frames.push(Frame::Values(entries.iter()));
    }

    fn feed(&mut self, value: Value<'h>) {
        match value.view() {
            View::Int(n) => self.scalar(int(n)),
            View::Float(f) => self.scalar(float(f)),
            View::Symbol(s) => self.text(&s.text(), || s.text_hash()),
            View::Str(s) => self.text(s, || hash_text(s)),
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
                let limbs = n.limbs().iter().take(LIMBS * (1 + self.left));
                self.left = self.left.saturating_sub(n.limbs().len() / LIMBS);
                self.scalar(limbs.fold(BIG ^ sign, |h, &limb| step(h, limb)));
            }
            View::Closure(f) => {
                let captures = f.captures();
                self.collection(FUNCTION ^ mix(f.handle() as u64), captures.len(), captures);
            }
            View::Exception(e) => self.collection(EXCEPTION, 3, e.parts()),
            View::List(entries) => self.collection(LIST, entries.len(), entries),
            View::Vec(vec) => self.vector(vec.entries(), vec.len()),
            View::Map(map) => self.unordered(MAP, map.len(), |f| map.each(f)),
            View::Set(set) => {
                self.unordered(SET, set.len(), |f| set.each(&mut |member| f(member, Value::NIL)));
            }
        }
    }

    /// `each` calls what it is given on all entries.
    fn unordered(
        &mut self,
        tag: u64,
        len: usize,
        each: impl FnOnce(&mut dyn FnMut(Value<'h>, Value<'h>) -> bool) -> bool,
    ) {
        self.only = None;
        self.state = step(self.state, tag ^ len as u64);
        if len + UNORDERED > self.left {
            self.left = 0;
            return;
        }
        let mut entries = Vec::with_capacity(len);
        let mut large = 0;
        each(&mut |key, value| {
            large += usize::from(!is_simple(key) || !is_simple(value));
            entries.push((key, value));
            true
        });
        let left = self.left - len - UNORDERED;
        // What is simple takes next to nothing of its share.
        let share = left / large.max(1);
        self.left = share;
        self.frames.push(Frame::Entries(Box::new(Unordered {
            rest: entries.into_iter(),
            sum: 0,
            outer: self.state,
            share,
            left,
        })));
    }

    fn vector(&mut self, entries: Entries<'h>, len: usize) {
        self.only = None;
        self.state = step(self.state, VECTOR ^ len as u64);
        let seen = len.min(self.left);
        match entries {
            Entries::Words(words) | Entries::Ints(words) => {
                self.frames.push(Frame::Values(words.iter()));
                return;
            }
            Entries::Floats(floats) => {
                for &f in &floats[..seen] {
                    let hash = if is_nil_float(f) { mix(NIL) } else { float(f) };
                    self.state = step(self.state, hash);
                }
            }
            Entries::Bools(bools) => {
                for &b in &bools[..seen] {
                    let hash = if b == NIL_BOOL { mix(NIL) } else { mix(BOOL ^ u64::from(b)) };
                    self.state = step(self.state, hash);
                }
            }
            Entries::Range(first, _) => {
                for i in 0..seen as i64 {
                    self.state = step(self.state, int(first + i));
                }
            }
            Entries::One(value) => self.feed(value),
        }
        self.left -= seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{list, map, set, vector};
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

    /// A value that is `2^60` times as large as the memory it takes.
    fn doubled<'h>(heap: &'h Heap, make: impl Fn(Value<'h>) -> Value<'h>) -> Value<'h> {
        (0..60).fold(heap.int(1), |v, _| make(v))
    }

    #[test]
    fn values_larger_than_memory_are_hashed_at_once() {
        let heap = Heap::new();
        let list = |last: i64| {
            let twice = (0..60).fold(heap.int(last), |v, _| list::new(&heap, &[v, v]));
            hash(list::new(&heap, &[heap.int(last), twice]))
        };
        assert_eq!(list(1), list(1));
        assert_ne!(list(1), list(2));
        hash(doubled(&heap, |v| set::from_values(&heap, &[v, heap.list(&[v])])));
        hash(doubled(&heap, |v| map::from_entries(&heap, &[(v, v), (heap.list(&[v]), v)])));
        let ranges = [1, 2].map(|first| vector::range(&heap, first, 1 << 60).unwrap());
        assert_ne!(hash(ranges[0]), hash(ranges[1]));
    }

    #[test]
    fn what_is_left_does_not_depend_on_the_order_of_entries() {
        let heap = Heap::new();
        let long = |n: i64| {
            let ints: Vec<_> = (0..n).map(|i| heap.int(i)).collect();
            list::new(&heap, &ints)
        };
        let members = [long(5), long(3_000), heap.string("a"), long(900), long(7_000)];
        let mut other = members;
        other.reverse();
        let sets = [members, other].map(|members| set::from_values(&heap, &members));
        let after = |set| hash(list::new(&heap, &[set, long(9_000)]));
        assert_eq!(hash(sets[0]), hash(sets[1]));
        assert_eq!(after(sets[0]), after(sets[1]));
        let keys = members.map(|v| (v, v));
        let mut reversed = keys;
        reversed.reverse();
        let maps = [keys, reversed].map(|entries| map::from_entries(&heap, &entries));
        assert_eq!(after(maps[0]), after(maps[1]));
    }
}
