//! The kinds of values one by one: how each is made, read and taken apart. All safe code.

pub mod closure;
pub(crate) mod decimal;
pub mod exception;
pub mod int;
pub mod list;
pub mod map;
pub mod reference;
pub mod set;
pub mod string;
pub mod vector;

/// A work meter: operations on user data add to it what they did, so that natives can charge it.
/// One unit is about ten nanoseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Work(pub u64);

impl Work {
    /// Adds some work.
    #[inline(always)]
    pub fn add(&mut self, units: usize) {
        self.0 += units as u64;
    }
}

/// A vector of these values, or a list when they share no type.
pub fn vector_of<'h>(
    heap: &'h crate::heap::Heap,
    values: &[crate::value::Value<'h>],
) -> crate::value::Value<'h> {
    let mut builder = vector::VecBuilder::with_capacity(values.len());
    values.iter().for_each(|value| builder.push(heap, *value));
    builder.collect(heap)
}
