//! Making vectors: from values, by putting entries before or after, by collecting.
//!
//! In: entries one at a time or all at once. Out: a vector of what they have in common, an error that
//! names two kinds that do not go together, or (if asked) a list of them.

use super::{Entries, KindSet, NIL_BOOL, NIL_FLOAT, VecError, VecRef, empty, range, stored_float};
use crate::data::{int, list};
use crate::heap::Heap;
use crate::heap::buf::{End, Slice};
use crate::heap::layout::Format;
use crate::value::{Kind, Trace, Value, Word};
use smallvec::SmallVec;

/// A vector of these values.
#[inline]
pub fn from_values<'h>(heap: &'h Heap, values: &[Value<'h>]) -> Result<Value<'h>, VecError> {
    let set = values.iter().fold(KindSet::default(), |set, v| set.with(KindSet::of(v.kind())));
    of_kind(heap, set.common()?, values, 0, End::Back)
}

/// A vector of values known to have this kind in common, with room at one end.
fn of_kind<'h>(
    heap: &'h Heap,
    kind: Kind,
    values: &[Value<'h>],
    slack: usize,
    end: End,
) -> Result<Value<'h>, VecError> {
    match values {
        [] => return Ok(empty()),
        [one] if !one.kind().is_collection() => return Ok(*one),
        _ => {}
    }
    let made = match format_for(kind, values) {
        Format::Words => heap.vec_of(kind, [Slice::Words(values)], slack, end),
        Format::Ints => heap.vec_of(kind, [Slice::Ints(values)], slack, end),
        Format::Floats => {
            let floats: SmallVec<[f64; 8]> = values.iter().map(|&v| pack_float(v)).collect();
            heap.vec_of(kind, [Slice::Floats(&floats)], slack, end)
        }
        Format::Bools => {
            let bools: SmallVec<[u8; 32]> = values.iter().map(|&v| pack_bool(v)).collect();
            heap.vec_of(kind, [Slice::Bools(&bools)], slack, end)
        }
    };
    made.ok_or(VecError::TooLong)
}

/// The format in which values of this kind are kept.
fn format_for(kind: Kind, values: &[Value<'_>]) -> Format {
    match kind {
        Kind::Float => Format::Floats,
        Kind::Bool => Format::Bools,
        Kind::Int | Kind::Nil if values.iter().all(|v| int::packs(v.word())) => Format::Ints,
        _ => Format::Words,
    }
}

fn pack_float(value: Value<'_>) -> f64 {
    int::to_f64(value).map_or(NIL_FLOAT, stored_float)
}

fn pack_bool(value: Value<'_>) -> u8 {
    value.as_bool().map_or(NIL_BOOL, u8::from)
}

/// An entry in a vector's own format, if it can be kept in it.
pub(super) enum Packed<'h> {
    Word(Value<'h>),
    Int(Value<'h>),
    Float(f64),
    Bool(u8),
}

impl<'h> Packed<'h> {
    #[inline]
    pub(super) fn slice(&self) -> Slice<'_> {
        match self {
            Packed::Word(v) => Slice::Words(std::slice::from_ref(v)),
            Packed::Int(v) => Slice::Ints(std::slice::from_ref(v)),
            Packed::Float(f) => Slice::Floats(std::slice::from_ref(f)),
            Packed::Bool(b) => Slice::Bools(std::slice::from_ref(b)),
        }
    }
}

/// `x` as an entry of `vec` as it is, and the kind of the vector then.
#[inline]
pub(super) fn pack_for<'h>(vec: VecRef<'h>, x: Value<'h>) -> Option<(Packed<'h>, Kind)> {
    let kind = vec.declared_kind();
    match vec.entries() {
        Entries::Ints(_) if x.word().is_small() => Some((Packed::Int(x), Kind::Int)),
        Entries::Ints(_) if x.is_nil() => Some((Packed::Int(x), kind)),
        Entries::Floats(_) => match x.as_float() {
            Some(f) => Some((Packed::Float(stored_float(f)), kind)),
            None if x.is_nil() || int::is_int(x) => Some((Packed::Float(pack_float(x)), kind)),
            None => None,
        },
        Entries::Bools(_) if x.is_nil() || x.as_bool().is_some() => {
            Some((Packed::Bool(pack_bool(x)), kind))
        }
        Entries::Words(_) => {
            let common = KindSet::of(kind).with(KindSet::of(x.kind())).common().ok()?;
            // Floats and bools have formats of their own, which words would have to be packed to.
            let stays = !matches!(common, Kind::Float | Kind::Bool);
            stays.then_some((Packed::Word(x), common))
        }
        _ => None,
    }
}

/// The eight bytes of `x` as an entry of `vec` and the vector's kind then, where neither takes any
/// thought: the common cases of [`pack_for`].
#[inline(always)]
fn plain_entry(vec: VecRef<'_>, x: Value<'_>) -> Option<(u64, Kind)> {
    let kind = vec.declared_kind();
    match vec.entries() {
        Entries::Ints(_) if x.word().is_small() => Some((x.word().bits(), Kind::Int)),
        Entries::Floats(_) => x.as_float().map(|f| (stored_float(f).to_bits(), kind)),
        Entries::Words(_) if x.is_nil() || x.kind() == kind => Some((x.word().bits(), kind)),
        _ => None,
    }
}

/// The vector `[x | vec]`: `x` before the entries of `vec`.
#[inline]
pub fn prepend<'h>(heap: &'h Heap, x: Value<'h>, vec: Value<'h>) -> Result<Value<'h>, VecError> {
    add(heap, vec, x, End::Front)
}

/// The vector of the entries of `vec` and then `x`.
#[inline]
pub fn append<'h>(heap: &'h Heap, vec: Value<'h>, x: Value<'h>) -> Result<Value<'h>, VecError> {
    add(heap, vec, x, End::Back)
}

#[inline]
fn add<'h>(heap: &'h Heap, to: Value<'h>, x: Value<'h>, end: End) -> Result<Value<'h>, VecError> {
    if let Some(vec) = to.as_vec() {
        if let (Some(object), Some((entry, kind))) = (to.object(), plain_entry(vec, x))
            && let Some(longer) = heap.vec_push(kind, object, entry, end)
        {
            return Ok(longer);
        }
        if let Some((packed, kind)) = pack_for(vec, x)
            && let Some(object) = to.object()
        {
            return heap.vec_extend(kind, object, packed.slice(), end).ok_or(VecError::TooLong);
        }
        return add_slow(heap, vec, x, end);
    }
    let kind = to.kind();
    if kind.is_collection() {
        return Err(VecError::NotVector(kind));
    }
    let values = if end == End::Front { [x, to] } else { [to, x] };
    let common = KindSet::of(kind).with(KindSet::of(x.kind())).common()?;
    of_kind(heap, common, &values, 2, end)
}

/// A vector with one entry, whatever that is, and room for so many: for a loop that gathers what it makes
/// with [`push`], and [`whole`] in the end. Nothing of what vectors take in more than one way.
pub fn begin<'h>(heap: &'h Heap, x: Value<'h>, expected: usize) -> Option<Value<'h>> {
    let kind = x.kind();
    let float = x.as_float().map(stored_float);
    let entry = match (&float, kind) {
        (Some(f), _) => Slice::Floats(std::slice::from_ref(f)),
        (None, Kind::Int) if x.word().is_small() => Slice::Ints(std::slice::from_ref(&x)),
        (None, Kind::Int | Kind::Bool | Kind::Nil | Kind::Vector) => return None,
        _ => Slice::Words(std::slice::from_ref(&x)),
    };
    // What lies in the heap is moved about: room is better taken as it is needed.
    let words = matches!(entry, Slice::Words(_));
    let most = if words || !heap.has_room(expected.saturating_mul(8)) { 64 } else { 1 << 24 };
    heap.vec_of(kind, [entry], expected.clamp(4, most) - 1, End::Back)
}

/// The vector that [`begin`] began, with another entry after the others; nothing if that is of another kind.
#[inline]
pub fn push<'h>(heap: &'h Heap, to: Value<'h>, x: Value<'h>) -> Option<Value<'h>> {
    let vec = to.as_vec()?;
    let object = to.object()?;
    let (entry, kind) = plain_entry(vec, x).filter(|_| !x.is_nil())?;
    if let Some(longer) = heap.vec_push(kind, object, entry, End::Back) {
        return Some(longer);
    }
    match (vec.entries(), x.as_float()) {
        (Entries::Floats(_), Some(f)) => {
            let f = stored_float(f);
            heap.vec_extend(kind, object, Slice::Floats(std::slice::from_ref(&f)), End::Back)
        }
        (Entries::Ints(_), _) => {
            heap.vec_extend(kind, object, Slice::Ints(std::slice::from_ref(&x)), End::Back)
        }
        _ => heap.vec_extend(kind, object, Slice::Words(std::slice::from_ref(&x)), End::Back),
    }
}

/// What [`begin`] began, as a vector like any other.
pub fn whole<'h>(heap: &'h Heap, gathered: Value<'h>) -> Value<'h> {
    match gathered.as_vec() {
        Some(vec) if vec.len() == 1 => match vec.get(heap, 0) {
            Some(only) if !only.kind().is_collection() => only,
            _ => gathered,
        },
        _ => gathered,
    }
}

/// Adds an entry that does not fit the vector's format, or to a range, or to the empty vector.
#[cold]
fn add_slow<'h>(
    heap: &'h Heap,
    vec: VecRef<'h>,
    x: Value<'h>,
    end: End,
) -> Result<Value<'h>, VecError> {
    if let (Entries::Range(first, len @ 1..), Some(n)) = (vec.entries(), x.as_small()) {
        let last = first + len as i64 - 1;
        let longer = match end {
            End::Front if n == first - 1 => range(heap, n, last),
            End::Back if n == last + 1 => range(heap, first, n),
            _ => None,
        };
        if let Some(longer) = longer {
            return Ok(longer);
        }
    }
    let set = KindSet::of(vec.declared_kind()).with(KindSet::of(x.kind()));
    let kind =
        set.common().or_else(|_| KindSet::of(vec.kind()).with(KindSet::of(x.kind())).common())?;
    let len = vec.len().saturating_add(1);
    fits(heap, len)?;
    let mut values: Vec<Value<'h>> = Vec::with_capacity(len);
    if end == End::Front {
        values.push(x);
    }
    values.extend(vec.iter(heap));
    if end == End::Back {
        values.push(x);
    }
    let slack = values.len().max(3);
    of_kind(heap, kind, &values, slack, end)
}

/// Whether a vector of so many entries can be had: a range is as long as it likes without taking
/// room, what is made of it is not.
fn fits(heap: &Heap, len: usize) -> Result<(), VecError> {
    let fits = len <= super::MAX_LEN && heap.may_build(len.saturating_mul(8));
    fits.then_some(()).ok_or(VecError::TooLong)
}

/// The entries of `a` and then those of `b`.
pub fn concat<'h>(heap: &'h Heap, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, VecError> {
    let left = VecRef::of(a).ok_or(VecError::NotVector(a.kind()))?;
    let right = VecRef::of(b).ok_or(VecError::NotVector(b.kind()))?;
    if left.is_empty() {
        return Ok(b);
    }
    if right.is_empty() {
        return Ok(a);
    }
    if let Entries::One(x) = right.entries() {
        return append(heap, a, x);
    }
    if let Entries::One(x) = left.entries() {
        return prepend(heap, x, b);
    }
    let set = KindSet::of(left.declared_kind()).with(KindSet::of(right.declared_kind()));
    let kind = match set.common() {
        Ok(kind) => kind,
        Err(_) => KindSet::of(left.kind()).with(KindSet::of(right.kind())).common()?,
    };
    let part = match (left.entries(), right.entries()) {
        (Entries::Words(_), Entries::Words(w)) => Some(Slice::Words(w)),
        (Entries::Words(_), Entries::Ints(w)) if !matches!(kind, Kind::Bool | Kind::Float) => {
            Some(Slice::Words(w))
        }
        (Entries::Ints(_), Entries::Ints(w)) => Some(Slice::Ints(w)),
        (Entries::Floats(_), Entries::Floats(f)) => Some(Slice::Floats(f)),
        (Entries::Bools(_), Entries::Bools(b)) => Some(Slice::Bools(b)),
        _ => None,
    };
    if let (Some(part), Some(object)) = (part, a.object()) {
        return heap.vec_extend(kind, object, part, End::Back).ok_or(VecError::TooLong);
    }
    fits(heap, left.len().saturating_add(right.len()))?;
    let values: Vec<_> = left.iter(heap).chain(right.iter(heap)).collect();
    of_kind(heap, kind, &values, 0, End::Back)
}

/// The entries of a vector from last to first, if it is short and no range.
#[inline]
pub fn reversed<'h>(heap: &'h Heap, vec: Value<'h>) -> Option<Value<'h>> {
    const SHORT: usize = 64;
    match VecRef::of_vector(vec)?.len() {
        0 | 1 => Some(vec),
        2..=SHORT => heap.vec_reversed(vec.object()?),
        _ => None,
    }
}

/// Collects entries into a vector.
///
/// It holds bare words: while it lives across a collection, [`Trace::trace`] must be called on it.
#[derive(Default)]
pub struct VecBuilder {
    kinds: KindSet,
    entries: Collected,
}

enum Collected {
    Words(Vec<Word>),
    Floats(Vec<f64>),
}

impl Default for Collected {
    fn default() -> Collected {
        Collected::Words(Vec::new())
    }
}

impl VecBuilder {
    /// An empty builder.
    pub fn new() -> VecBuilder {
        VecBuilder::default()
    }

    /// An empty builder with room for so many entries.
    pub fn with_capacity(entries: usize) -> VecBuilder {
        // What was asked for may come from a program: more than this is taken as it comes.
        let words = Vec::with_capacity(entries.min(1 << 20));
        VecBuilder { kinds: KindSet::default(), entries: Collected::Words(words) }
    }

    /// The number of entries so far.
    pub fn len(&self) -> usize {
        match &self.entries {
            Collected::Words(w) => w.len(),
            Collected::Floats(f) => f.len(),
        }
    }

    /// Whether there are no entries yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry.
    #[inline]
    pub fn push<'h>(&mut self, heap: &'h Heap, value: Value<'h>) {
        if let Some(f) = value.as_float() {
            return self.push_float(heap, f);
        }
        self.kinds = self.kinds.with(KindSet::of(value.kind()));
        match &mut self.entries {
            Collected::Words(words) => words.push(value.word()),
            Collected::Floats(floats) if value.is_nil() => floats.push(NIL_FLOAT),
            Collected::Floats(_) => self.words(heap).push(value.word()),
        }
    }

    /// Adds a float.
    #[inline]
    pub fn push_float(&mut self, heap: &Heap, f: f64) {
        self.kinds = self.kinds.with(KindSet::of(Kind::Float));
        match &mut self.entries {
            Collected::Floats(floats) => floats.push(stored_float(f)),
            Collected::Words(words) if words.is_empty() => {
                let mut floats = Vec::with_capacity(words.capacity().max(4));
                floats.push(stored_float(f));
                self.entries = Collected::Floats(floats);
            }
            Collected::Words(words) => words.push(heap.float(f).word()),
        }
    }

    /// Adds all entries of a vector.
    pub fn extend<'h>(&mut self, heap: &'h Heap, vec: VecRef<'h>) {
        for value in vec.iter(heap) {
            self.push(heap, value);
        }
    }

    /// Boxes the floats packed so far, as something else is to stand among them.
    #[cold]
    fn words(&mut self, heap: &Heap) -> &mut Vec<Word> {
        if let Collected::Floats(floats) = &self.entries {
            let words = floats.iter().map(|&f| super::float_entry(heap, f).word()).collect();
            self.entries = Collected::Words(words);
        }
        match &mut self.entries {
            Collected::Words(words) => words,
            // Not reached: the entries have just been made words.
            Collected::Floats(_) => unreachable!("entries are words"),
        }
    }

    /// The vector; an error if the entries have no type in common.
    pub fn finish(self, heap: &Heap) -> Result<Value<'_>, VecError> {
        let kind = self.kinds.common()?;
        match &self.entries {
            Collected::Floats(floats) => super::of_floats(heap, floats),
            Collected::Words(words) => of_kind(heap, kind, heap.values(words), 0, End::Back),
        }
    }

    /// The vector; a list if the entries have no type in common (or are too many for a vector).
    pub fn collect(self, heap: &Heap) -> Value<'_> {
        if self.kinds.common().is_err() || self.len() > super::MAX_LEN {
            return self.into_list(heap);
        }
        // A vector was possible, so this is no error.
        self.finish(heap).unwrap_or(Value::NIL)
    }

    /// The list of the entries.
    pub fn into_list(mut self, heap: &Heap) -> Value<'_> {
        let words = std::mem::take(self.words(heap));
        list::new(heap, heap.values(&words))
    }
}

impl Trace for VecBuilder {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        if let Collected::Words(words) = &mut self.entries {
            words.trace(visit);
        }
    }
}
