//! What elementwise operators share: lengths that go together, and why they fail.

use crate::data::vector::{Entries, MAX_LEN, VecBuilder, VecRef};
use crate::heap::Heap;
use crate::value::Value;

/// Why an operator has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// An operand is of no fitting type.
    Type,
    /// The operands have these lengths.
    Lengths(usize, usize),
    DivisionByZero,
    /// The result would not fit into memory.
    TooLarge,
}

/// How two operands go together.
#[derive(Clone, Copy)]
pub(crate) struct Lengths {
    /// Entries of the result.
    pub(crate) len: usize,
    left_one: bool,
    right_one: bool,
}

impl Lengths {
    /// Equal lengths, or one side has one entry; and the result fits into memory.
    pub(crate) fn of(heap: &Heap, a: VecRef<'_>, b: VecRef<'_>) -> Result<Lengths, Fault> {
        let (x, y) = (a.len(), b.len());
        if x != y && x != 1 && y != 1 {
            return Err(Fault::Lengths(x, y));
        }
        let len = if x == 1 { y } else { x };
        // Ranges are as long as they like without taking room; what is made of them is not.
        if len > MAX_LEN || !heap.has_room(len.saturating_mul(8)) {
            return Err(Fault::TooLarge);
        }
        Ok(Lengths { len, left_one: x == 1, right_one: y == 1 })
    }

    /// The operands of entry `i`.
    #[inline(always)]
    pub(crate) fn pair<'h>(
        self,
        heap: &'h Heap,
        a: VecRef<'h>,
        b: VecRef<'h>,
        i: usize,
    ) -> (Value<'h>, Value<'h>) {
        (
            entry(heap, a, if self.left_one { 0 } else { i }),
            entry(heap, b, if self.right_one { 0 } else { i }),
        )
    }
}

#[inline(always)]
fn entry<'h>(heap: &'h Heap, vec: VecRef<'h>, i: usize) -> Value<'h> {
    match vec.entries() {
        Entries::Ints(words) if i < words.len() => words[i],
        _ => vec.get(heap, i).unwrap_or(Value::NIL),
    }
}

/// The vector of what `f` makes of the entries; nothing if it makes nothing of one.
pub(crate) fn map<'h>(
    heap: &'h Heap,
    vec: VecRef<'h>,
    mut f: impl FnMut(Value<'h>) -> Option<Value<'h>>,
) -> Option<Value<'h>> {
    let mut builder = VecBuilder::with_capacity(vec.len());
    for i in 0..vec.len() {
        builder.push(heap, f(vec.get(heap, i)?)?);
    }
    builder.finish(heap).ok()
}
