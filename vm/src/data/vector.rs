//! Vectors: homogeneous sequences, and the rule that what is no collection is one with one entry.
//!
//! In: values. Out: vectors in normal form. `[x]` is `x` unless x is a collection, so a one-entry
//! vector of anything else is never made; the empty vector is one static object.
//!
//! The kind of a vector is what its entries have in common (`nil` goes with all). Ints lie packed as
//! tagged words, floats as bytes of float with one NaN for nil, bools as bytes, all else as words; an
//! int vector with an int beyond 63 bits is kept as words. In a vector of vectors a word that is no
//! vector counts as a vector with that entry; if slicing has left none that is one, the vector's kind
//! is that of its entries ([`VecRef::kind`] looks).
//!
//! `build.rs` has what makes vectors longer or collects entries.

#[path = "build.rs"]
mod build;
use build::pack_for;
pub use build::{VecBuilder, append, begin, concat, from_values, prepend, push, reversed, whole};
#[path = "replace.rs"]
mod replace;
pub use replace::{Replaced, replace};

use crate::heap::buf::{self, End, Slice};
use crate::heap::layout;
use crate::heap::{FloatRoom, Heap, Obj, StaticObject};
use crate::value::{Kind, Value};

/// The most entries a vector may have.
pub const MAX_LEN: usize = buf::MAX_LEN;

/// The bits of the NaN that stands for nil in a vector of floats.
pub const NIL_FLOAT_BITS: u64 = 0x7ff8_0000_0000_07a2;

/// The NaN that stands for nil in a vector of floats.
pub const NIL_FLOAT: f64 = f64::from_bits(NIL_FLOAT_BITS);

/// The byte that stands for nil in a vector of bools.
pub const NIL_BOOL: u8 = 2;

/// Whether a float stored in a vector stands for nil.
#[inline(always)]
pub fn is_nil_float(f: f64) -> bool {
    f.to_bits() == NIL_FLOAT_BITS
}

/// A float as it is stored in a vector: every nan that is no nil becomes the one nan.
#[inline(always)]
pub fn stored_float(f: f64) -> f64 {
    if f.is_nan() { f64::NAN } else { f }
}

/// Why values make no vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VecError {
    /// Entries of these two kinds do not go together.
    Mixed(Kind, Kind),
    /// The operand is a collection other than a vector.
    NotVector(Kind),
    /// The vector would have more than [`MAX_LEN`] entries.
    TooLong,
}

/// The kinds that occur among some values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KindSet(u32);

const NUMBERS: u32 = 1 << Kind::Int as u32 | 1 << Kind::Float as u32;
const VECTOR: u32 = 1 << Kind::Vector as u32;
const OTHER_COLLECTIONS: u32 = 1 << Kind::List as u32
    | 1 << Kind::Map as u32
    | 1 << Kind::Set as u32
    | 1 << Kind::Table as u32;
const ANY: u32 = 1 << Kind::Nil as u32 | 1 << Kind::Empty as u32;

impl KindSet {
    /// The set of one kind.
    #[inline(always)]
    pub const fn of(kind: Kind) -> KindSet {
        KindSet(1 << kind as u32)
    }

    /// Both sets together.
    #[inline(always)]
    pub const fn with(self, other: KindSet) -> KindSet {
        KindSet(self.0 | other.0)
    }

    /// What the kinds have in common: ints and floats become floats, anything that is no other
    /// collection can stand among vectors, nil goes with all.
    pub fn common(self) -> Result<Kind, VecError> {
        let typed = self.0 & !ANY;
        if typed == 0 {
            return Ok(if self.0 & 1 << Kind::Nil as u32 != 0 { Kind::Nil } else { Kind::Empty });
        }
        if typed & (typed - 1) == 0 {
            return Ok(Kind::from_number(typed.trailing_zeros() as u8));
        }
        if typed & !NUMBERS == 0 {
            return Ok(Kind::Float);
        }
        if typed & VECTOR != 0 && typed & OTHER_COLLECTIONS == 0 {
            return Ok(Kind::Vector);
        }
        // Name two that clash: the first, and one that does not go with it.
        let first = typed.trailing_zeros();
        let mut rest = typed & (typed - 1);
        if NUMBERS & 1 << first != 0 && rest & !NUMBERS != 0 {
            rest &= !NUMBERS;
        }
        if rest & OTHER_COLLECTIONS != 0 {
            rest &= OTHER_COLLECTIONS;
        }
        Err(VecError::Mixed(
            Kind::from_number(first as u8),
            Kind::from_number(rest.trailing_zeros() as u8),
        ))
    }
}

/// The entries of a vector.
#[derive(Clone, Copy)]
pub enum Entries<'h> {
    /// Values.
    Words(&'h [Value<'h>]),
    /// Small ints and nils.
    Ints(&'h [Value<'h>]),
    /// Floats; [`is_nil_float`] tells a nil.
    Floats(&'h [f64]),
    /// Bools: 0 false, 1 true, 2 nil.
    Bools(&'h [u8]),
    /// Consecutive small ints: the first, and how many.
    Range(i64, usize),
    /// A value that counts as a vector with one entry.
    One(Value<'h>),
}

/// A vector, or a value that counts as one.
#[derive(Clone, Copy)]
pub struct VecRef<'h> {
    value: Value<'h>,
    kind: Kind,
    entries: Entries<'h>,
}

static EMPTY: StaticObject<3> =
    StaticObject([layout::header(layout::RANGE, layout::STATIC, 0, 3), 0, 0]);

/// The vector without entries, `[]`.
#[inline]
pub fn empty() -> Value<'static> {
    EMPTY.value()
}

impl<'h> VecRef<'h> {
    #[inline]
    pub(crate) fn of_vector(value: Value<'h>) -> Option<VecRef<'h>> {
        let object = value.object()?;
        match object.tag() {
            layout::VEC | layout::OVEC | layout::STALE | layout::STALE_RAW => {
                object.settle();
                let entries = match buf::slice_of(object) {
                    Slice::Words(w) => Entries::Words(w),
                    Slice::Ints(w) => Entries::Ints(w),
                    Slice::Floats(f) => Entries::Floats(f),
                    Slice::Bools(b) => Entries::Bools(b),
                };
                Some(VecRef { value, kind: Kind::from_number(object.aux() as u8), entries })
            }
            layout::RANGE => {
                let raw = object.raw();
                let len = raw[1] as usize;
                let kind = if len == 0 { Kind::Empty } else { Kind::Int };
                Some(VecRef { value, kind, entries: Entries::Range(raw[0] as i64, len) })
            }
            _ => None,
        }
    }

    /// A value as a vector; nothing for a collection that is none.
    #[inline]
    pub fn of(value: Value<'h>) -> Option<VecRef<'h>> {
        match VecRef::of_vector(value) {
            Some(vec) => Some(vec),
            None => {
                let kind = value.kind();
                let one = VecRef { value, kind, entries: Entries::One(value) };
                if kind.is_collection() { None } else { Some(one) }
            }
        }
    }

    /// The value this is.
    #[inline(always)]
    pub fn value(self) -> Value<'h> {
        self.value
    }

    /// The entries as they lie in memory.
    #[inline(always)]
    pub fn entries(self) -> Entries<'h> {
        self.entries
    }

    /// The number of entries.
    #[inline(always)]
    pub fn len(self) -> usize {
        match self.entries {
            Entries::Words(w) | Entries::Ints(w) => w.len(),
            Entries::Floats(f) => f.len(),
            Entries::Bools(b) => b.len(),
            Entries::Range(_, n) => n,
            Entries::One(_) => 1,
        }
    }

    /// Whether there are no entries.
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The kind its maker gave it: `Vector` may be wrong after slicing, see [`VecRef::kind`].
    #[inline(always)]
    pub(crate) fn declared_kind(self) -> Kind {
        self.kind
    }

    /// What its entries have in common. O(1) except for a vector of vectors, which is looked
    /// through for one.
    pub fn kind(self) -> Kind {
        match self.entries {
            Entries::Words(words) if self.kind == Kind::Vector => {
                if words.iter().any(|w| w.is_vector()) {
                    return Kind::Vector;
                }
                let set =
                    words.iter().fold(KindSet::default(), |s, w| s.with(KindSet::of(w.kind())));
                set.common().unwrap_or(Kind::Vector)
            }
            _ => self.kind,
        }
    }

    /// The entry at `index`, counted from 0.
    #[inline]
    pub fn get(self, heap: &'h Heap, index: usize) -> Option<Value<'h>> {
        match self.entries {
            Entries::Words(w) | Entries::Ints(w) => w.get(index).copied(),
            Entries::Floats(f) => f.get(index).map(|&f| float_entry(heap, f)),
            Entries::Bools(b) => b.get(index).map(|&b| bool_entry(b)),
            Entries::Range(first, n) if index < n => Value::small(first + index as i64),
            Entries::One(v) if index == 0 => Some(v),
            _ => None,
        }
    }

    /// The entry at a position as programs count: from 1, or from the end if negative.
    #[inline]
    pub fn at(self, heap: &'h Heap, position: i64) -> Option<Value<'h>> {
        self.get(heap, index_of(position, self.len())?)
    }

    /// All entries, boxed where necessary.
    pub fn iter(self, heap: &'h Heap) -> impl ExactSizeIterator<Item = Value<'h>> {
        (0..self.len()).map(move |i| self.get(heap, i).unwrap_or(Value::NIL))
    }

    fn object(self) -> Option<Obj<'h>> {
        match self.entries {
            Entries::One(_) => None,
            _ => self.value.object(),
        }
    }
}

/// The index from 0 of a position counted from 1, or from the end if negative.
#[inline]
pub fn index_of(position: i64, len: usize) -> Option<usize> {
    let index = match position {
        0 => return None,
        1.. => position as usize - 1,
        _ => len.checked_sub(position.unsigned_abs() as usize)?,
    };
    (index < len).then_some(index)
}

/// The value of a float stored in a vector.
#[inline]
pub fn float_entry(heap: &Heap, f: f64) -> Value<'_> {
    if is_nil_float(f) { Value::NIL } else { heap.float(f) }
}

/// The value of a bool stored in a vector.
#[inline]
pub fn bool_entry(b: u8) -> Value<'static> {
    match b {
        0 => Value::FALSE,
        1 => Value::TRUE,
        _ => Value::NIL,
    }
}

/// The ints from `first` to `last`; empty if there are none. Nothing if one needs more than 63 bits,
/// or if they are too many.
pub fn range(heap: &Heap, first: i64, last: i64) -> Option<Value<'_>> {
    let (start, _) = (Value::small(first)?, Value::small(last)?);
    if last < first {
        return Some(empty());
    }
    let len = (last - first) as u64 + 1;
    if len == 1 {
        return Some(start);
    }
    Some(heap.object(layout::RANGE, 0, 0, &[first as u64, len], &[]))
}

/// A vector of floats. [`NIL_FLOAT`] is taken as nil, other nans as nan.
pub fn of_floats<'h>(heap: &'h Heap, floats: &[f64]) -> Result<Value<'h>, VecError> {
    match floats {
        [] => Ok(empty()),
        [f] => Ok(float_entry(heap, *f)),
        _ => {
            heap.vec_of(Kind::Float, [Slice::Floats(floats)], 0, End::Back).ok_or(VecError::TooLong)
        }
    }
}

/// The vector of floats gathered; they are taken as by [`of_floats`].
pub(crate) fn of_room<'h>(heap: &'h Heap, room: FloatRoom) -> Result<Value<'h>, VecError> {
    match room.floats() {
        few @ ([] | [_]) => of_floats(heap, few),
        _ => room.vector(heap).ok_or(VecError::TooLong),
    }
}

/// A vector of bools: 0 false, 1 true, 2 nil.
pub fn of_bools<'h>(heap: &'h Heap, bools: &[u8]) -> Result<Value<'h>, VecError> {
    match bools {
        [] => Ok(empty()),
        [b] => Ok(bool_entry(*b)),
        _ => heap.vec_of(Kind::Bool, [Slice::Bools(bools)], 0, End::Back).ok_or(VecError::TooLong),
    }
}

/// A vector of one value, no collection, over and over. Takes O(len) at once.
pub fn filled<'h>(heap: &'h Heap, value: Value<'h>, len: usize) -> Result<Value<'h>, VecError> {
    if let (Some(f), 2..) = (value.as_float(), len) {
        return of_floats(heap, &vec![stored_float(f); len]);
    }
    if let (Some(b), 2..) = (value.as_bool(), len) {
        return of_bools(heap, &vec![u8::from(b); len]);
    }
    from_values(heap, &vec![value; len])
}

/// The `len` entries of a vector from index `from` (counted from 0) on; nothing if they are not all
/// there. Shares the vector's buffer.
#[inline]
pub fn slice<'h>(heap: &'h Heap, vec: VecRef<'h>, from: usize, len: usize) -> Option<Value<'h>> {
    let all = vec.len();
    if from > all || len > all - from {
        return None;
    }
    if len == all {
        return Some(vec.value);
    }
    match len {
        0 => return Some(empty()),
        1 => {
            let entry = vec.get(heap, from)?;
            if !matches!(vec.entries, Entries::Words(_)) || !entry.kind().is_collection() {
                return Some(entry);
            }
        }
        _ => {}
    }
    match vec.entries {
        Entries::Range(first, _) => {
            let first = first + from as i64;
            Some(heap.object(layout::RANGE, 0, 0, &[first as u64, len as u64], &[]))
        }
        _ => Some(heap.vec_slice(vec.object()?, from, len)),
    }
}

/// The first entry; nothing if there is none.
#[inline]
pub fn head<'h>(heap: &'h Heap, vec: VecRef<'h>) -> Option<Value<'h>> {
    vec.get(heap, 0)
}

/// All entries but the first; nothing if there is none.
#[inline]
pub fn tail<'h>(heap: &'h Heap, vec: VecRef<'h>) -> Option<Value<'h>> {
    slice(heap, vec, 1, vec.len().checked_sub(1)?)
}

#[cfg(test)]
#[path = "vector_tests.rs"]
mod tests;
