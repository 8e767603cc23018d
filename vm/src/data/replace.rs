//! Replacing an entry of a vector: in place where nothing else uses its buffer, otherwise in a copy.
//!
//! In: a vector, an index, a value. Out: the vector with it, or the edit that makes it (`heap/edit.rs`).

use super::pack_for;
use super::{Entries, VecError, VecRef, stored_float};
use crate::heap::buf::Slice;
use crate::heap::{Edit, Heap};
use crate::value::{Kind, Value};

/// What replacing an entry takes.
pub enum Replaced<'h> {
    /// The new vector.
    Made(Value<'h>),
    /// An edit of the old one: for `Cx::edit`.
    Edit(Edit<'h>),
    /// The value does not fit among the others as they lie: the vector has to be made anew.
    Anew,
}

/// The vector with `x` at an index that is there. A copy costs O(len), an edit O(1).
#[inline]
pub fn replace<'h>(
    heap: &'h Heap,
    vec: VecRef<'h>,
    index: usize,
    x: Value<'h>,
) -> Result<Replaced<'h>, VecError> {
    let Some(object) = vec.object() else { return Ok(Replaced::Anew) };
    if let Some((entry, kind)) = plain(vec, x)
        && index < vec.len()
        && heap.may_edit(object)
    {
        return Ok(Replaced::Edit(Edit::new(vec.value(), index, entry, kind)));
    }
    copied(heap, vec, index, x)
}

/// The bits of `x` as an entry of `vec`, and the vector's kind then, where that takes no thought.
#[inline]
fn plain(vec: VecRef<'_>, x: Value<'_>) -> Option<(u64, Kind)> {
    let kind = vec.declared_kind();
    match vec.entries() {
        Entries::Ints(_) if x.word().is_small() => Some((x.word().bits(), Kind::Int)),
        Entries::Floats(_) => x.as_float().map(|f| (stored_float(f).to_bits(), kind)),
        Entries::Bools(_) => x.as_bool().map(|b| (u64::from(b), kind)),
        Entries::Words(_) if x.kind() == kind => Some((x.word().bits(), kind)),
        _ => None,
    }
}

#[inline(never)]
fn copied<'h>(
    heap: &'h Heap,
    vec: VecRef<'h>,
    index: usize,
    x: Value<'h>,
) -> Result<Replaced<'h>, VecError> {
    let old = match vec.entries() {
        Entries::Words(w) => Slice::Words(w),
        Entries::Ints(w) => Slice::Ints(w),
        Entries::Floats(f) => Slice::Floats(f),
        Entries::Bools(b) => Slice::Bools(b),
        _ => return Ok(Replaced::Anew),
    };
    // A vector of vectors may be something else without one of them, and `[x]` is x.
    if index >= old.len() || old.len() < 2 || vec.declared_kind() == Kind::Vector && !x.is_vector()
    {
        return Ok(Replaced::Anew);
    }
    let Some((packed, kind)) = pack_for(vec, x) else { return Ok(Replaced::Anew) };
    let made = heap.vec_replaced(kind, old, index, packed.slice());
    made.map(Replaced::Made).ok_or(VecError::TooLong)
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
