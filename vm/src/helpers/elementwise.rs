//! What elementwise operators share: lengths that go together, the way through two vectors in pieces,
//! and why they fail.

use super::long::{PIECE, Pieces};
use crate::data::vector::{self, Entries, MAX_LEN, VecBuilder, VecError, VecRef};
use crate::heap::{FloatRoom, Heap};
use crate::native::{Cx, Res};
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
        if len > MAX_LEN || !heap.may_build(len.saturating_mul(8)) {
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

/// An operator on the entries of two vectors.
pub(crate) trait Entrywise: Copy {
    /// An entry of a result that lies packed.
    type Packed: Copy;
    /// Where those are gathered.
    type Room: Room<Self::Packed>;

    /// The result for two entries.
    fn entry<'h>(self, cx: &mut Cx<'h, '_>, x: Value<'h>, y: Value<'h>)
    -> Result<Value<'h>, Fault>;

    /// The result for two floats of packed operands, either of which may be nil.
    fn packed(self, x: f64, y: f64) -> Result<Self::Packed, Fault>;

    /// The results for as many pairs as `out` has room for.
    #[inline]
    fn run(self, x: Side<'_>, y: Side<'_>, out: &mut [Self::Packed]) -> Result<(), Fault> {
        one_by_one(self, x, y, out)
    }

    /// The float that an operand with one entry counts as beside packed floats.
    fn beside_floats(self, one: Value<'_>) -> Option<f64>;

    /// What is raised.
    fn fault<'h>(self, cx: &Cx<'h, '_>, fault: Fault, a: Value<'h>, b: Value<'h>) -> Value<'h>;
}

/// [`Entrywise::run`] for all floats and any operator.
#[inline]
pub(crate) fn one_by_one<O: Entrywise>(
    op: O,
    x: Side<'_>,
    y: Side<'_>,
    out: &mut [O::Packed],
) -> Result<(), Fault> {
    for (i, out) in out.iter_mut().enumerate() {
        *out = op.packed(x.at(i), y.at(i))?;
    }
    Ok(())
}

/// Where a packed result is gathered.
pub(crate) trait Room<T>: Sized {
    /// Room for so many entries.
    fn with_capacity(entries: usize) -> Self;
    /// So many more entries, to be written; no more than there is room for.
    fn more(&mut self, n: usize) -> &mut [T];
    /// The vector of all entries.
    fn finish<'h>(self, heap: &'h Heap) -> Result<Value<'h>, VecError>;
}

impl Room<f64> for FloatRoom {
    fn with_capacity(entries: usize) -> FloatRoom {
        FloatRoom::with_capacity(entries)
    }

    #[inline]
    fn more(&mut self, n: usize) -> &mut [f64] {
        FloatRoom::more(self, n)
    }

    fn finish<'h>(self, heap: &'h Heap) -> Result<Value<'h>, VecError> {
        vector::of_room(heap, self)
    }
}

impl Room<u8> for Vec<u8> {
    fn with_capacity(entries: usize) -> Vec<u8> {
        Vec::with_capacity(entries)
    }

    #[inline]
    fn more(&mut self, n: usize) -> &mut [u8] {
        let from = self.len();
        self.resize(from + n, 0);
        &mut self[from..]
    }

    fn finish<'h>(self, heap: &'h Heap) -> Result<Value<'h>, VecError> {
        vector::of_bools(heap, &self)
    }
}

/// One operand of a packed operation.
#[derive(Clone, Copy)]
pub(crate) enum Side<'h> {
    Many(&'h [f64]),
    One(f64),
}

impl<'h> Side<'h> {
    #[inline(always)]
    fn at(self, i: usize) -> f64 {
        match self {
            Side::Many(floats) => floats[i],
            Side::One(float) => float,
        }
    }

    fn part(self, from: usize, to: usize) -> Side<'h> {
        match self {
            Side::Many(floats) => Side::Many(&floats[from..to]),
            one => one,
        }
    }
}

/// How many packed results are made at once, and anew one by one if a nan is among them.
const RUN: usize = 512;

/// An operator's way through two vectors.
pub(crate) struct Pass<'h, O: Entrywise> {
    op: O,
    operands: (Value<'h>, Value<'h>),
    left: VecRef<'h>,
    right: VecRef<'h>,
    lengths: Lengths,
    sides: Option<(Side<'h>, Side<'h>)>,
    at: usize,
    packed: Option<O::Room>,
    builder: VecBuilder,
}

impl<'h, O: Entrywise> Pass<'h, O> {
    /// A way through the vectors that `a` and `b` are.
    pub(crate) fn new(
        heap: &'h Heap,
        op: O,
        (a, left): (Value<'h>, VecRef<'h>),
        (b, right): (Value<'h>, VecRef<'h>),
    ) -> Result<Pass<'h, O>, Fault> {
        let lengths = Lengths::of(heap, left, right)?;
        let sides = match (left.entries(), right.entries()) {
            (Entries::Floats(x), Entries::Floats(y)) if x.len() == y.len() => {
                Some((Side::Many(x), Side::Many(y)))
            }
            (Entries::Floats(x), Entries::One(y)) => {
                op.beside_floats(y).map(|y| (Side::Many(x), Side::One(y)))
            }
            (Entries::One(x), Entries::Floats(y)) => {
                op.beside_floats(x).map(|x| (Side::One(x), Side::Many(y)))
            }
            _ => None,
        };
        let (mut packed, mut builder) = (None, VecBuilder::new());
        match sides {
            Some(_) => packed = Some(O::Room::with_capacity(lengths.len)),
            None => builder = VecBuilder::with_capacity(lengths.len),
        }
        Ok(Pass { op, operands: (a, b), left, right, lengths, sides, at: 0, packed, builder })
    }

    /// Works on the entries up to `to`.
    fn piece(&mut self, cx: &mut Cx<'h, '_>, to: usize) -> Result<(), Fault> {
        let (op, at) = (self.op, self.at);
        if let (Some((x, y)), Some(room)) = (self.sides, &mut self.packed) {
            for from in (at..to).step_by(RUN) {
                let until = to.min(from + RUN);
                op.run(x.part(from, until), y.part(from, until), room.more(until - from))?;
            }
        } else {
            let heap = cx.heap();
            for i in at..to {
                let (x, y) = self.lengths.pair(heap, self.left, self.right, i);
                let entry = op.entry(cx, x, y)?;
                self.builder.push(heap, entry);
            }
        }
        self.at = to;
        Ok(())
    }

    fn finish(&mut self, heap: &'h Heap) -> Result<Value<'h>, Fault> {
        match self.packed.take() {
            Some(room) => room.finish(heap).map_err(|_| Fault::TooLarge),
            None => std::mem::take(&mut self.builder).finish(heap).map_err(|_| Fault::Type),
        }
    }
}

impl<'h, O: Entrywise> Pieces<'h> for Pass<'h, O> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let (a, b) = self.operands;
        loop {
            let to = self.at.saturating_add(PIECE).min(self.lengths.len);
            cx.charge(((to - self.at) as u64).div_ceil(16));
            if let Err(fault) = self.piece(cx, to) {
                return Some(Err(self.op.fault(cx, fault, a, b)));
            }
            if to == self.lengths.len {
                let made = self.finish(cx.heap());
                return Some(made.map_err(|fault| self.op.fault(cx, fault, a, b)));
            }
            if cx.out_of_budget() {
                return None;
            }
        }
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
