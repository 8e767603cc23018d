//! Equality, strict and loose, with one worklist for both.

use super::known::{Known, Seen};
use super::{Item, Number, is_flat, is_simple, item, order, worth};
use crate::data::Work;
use crate::data::map::{MapRef, MapWalk};
use crate::data::set::SetRef;
use crate::data::vector::{Entries, VecRef, is_nil_float};
use crate::value::{Value, View};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Whether two values match: equal, and of the same types throughout.
#[inline]
pub fn strict_eq(a: Value<'_>, b: Value<'_>) -> bool {
    if a.word() == b.word() {
        return true;
    }
    if !a.word().is_pointer() || !b.word().is_pointer() {
        return false;
    }
    strict_eq_counted(a, b, &mut Work::default())
}

/// As [`strict_eq`]; adds to `work` what it took.
pub fn strict_eq_counted(a: Value<'_>, b: Value<'_>, work: &mut Work) -> bool {
    Equality::new(a, b, false).finish(work)
}

/// Whether two values are `==`.
#[inline]
pub fn loose_eq(a: Value<'_>, b: Value<'_>) -> bool {
    if !a.word().is_pointer() && !b.word().is_pointer() {
        return a.word() == b.word();
    }
    loose_eq_counted(a, b, &mut Work::default())
}

/// As [`loose_eq`]; adds to `work` what it took.
pub fn loose_eq_counted(a: Value<'_>, b: Value<'_>, work: &mut Work) -> bool {
    Equality::new(a, b, true).finish(work)
}

/// Pairs that remain to be compared.
enum Frame<'h> {
    Slices(&'h [Value<'h>], &'h [Value<'h>]),
    Vecs(VecRef<'h>, VecRef<'h>, usize),
    Pairs(std::vec::IntoIter<(Value<'h>, Value<'h>)>),
    /// Ints or floats of two vectors of one length, from an index on.
    Packed(Packed<'h>, usize),
    Texts(&'h [u8], &'h [u8]),
    /// Entries of a map that are looked up in another of the same size.
    Entries(Box<(MapRef<'h>, MapWalk<'h>, MapRef<'h>)>),
    /// Members of a set that are looked up in another of the same size.
    Members(Box<(SetRef<'h>, MapWalk<'h>, SetRef<'h>)>),
}

/// Packed entries of two vectors.
#[derive(Clone, Copy)]
enum Packed<'h> {
    Ints(&'h [Value<'h>], &'h [Value<'h>]),
    Floats(&'h [f64], &'h [f64]),
}

/// How many packed entries are compared in one step.
const ENTRIES: usize = 4096;
/// How many bytes of text are.
const BYTES: usize = 64 << 10;

/// What looking up a key counts as, in units of work.
const LOOK_UP: usize = 6;

/// What a frame wants next.
enum Next<'h> {
    Compare(Item<'h>, Item<'h>),
    /// So far all is equal.
    Equal,
    Different,
    /// Nothing more.
    Done,
}

impl<'h> Frame<'h> {
    fn next(&mut self, loose: bool, work: &mut Work) -> Next<'h> {
        let pair = match self {
            Frame::Slices(a, b) => match (a.split_first(), b.split_first()) {
                (Some((x, rest_a)), Some((y, rest_b))) => {
                    (*a, *b) = (rest_a, rest_b);
                    Some((Item::Value(*x), Item::Value(*y)))
                }
                _ => None,
            },
            Frame::Vecs(a, b, i) => {
                *i += 1;
                item(*a, *i - 1).zip(item(*b, *i - 1))
            }
            Frame::Pairs(rest) => rest.next().map(|(x, y)| (Item::Value(x), Item::Value(y))),
            Frame::Packed(packed, at) => return packed.next(at, loose, work),
            Frame::Texts(a, b) => {
                let n = a.len().min(BYTES);
                let ((x, rest_a), (y, rest_b)) = (a.split_at(n), b.split_at(n));
                (*a, *b) = (rest_a, rest_b);
                work.add(n / 64);
                return match x == y {
                    true if n == 0 => Next::Done,
                    true => Next::Equal,
                    false => Next::Different,
                };
            }
            Frame::Entries(maps) => {
                let (a, rest, b) = &mut **maps;
                let Some((key, value)) = rest.next() else { return Next::Done };
                work.add(LOOK_UP);
                if !is_flat(key) {
                    let (a, b) = (*a, *b);
                    return self.sort_entries(a, b, work);
                }
                return match b.get(key) {
                    Some(other) => Next::Compare(Item::Value(value), Item::Value(other)),
                    None => Next::Different,
                };
            }
            Frame::Members(sets) => {
                let (a, rest, b) = &mut **sets;
                let Some((member, _)) = rest.next() else { return Next::Done };
                work.add(LOOK_UP);
                return match is_flat(member) {
                    true if b.contains(member) => Next::Equal,
                    true => Next::Different,
                    false => same_members(*a, *b, work),
                };
            }
        };
        pair.map_or(Next::Done, |(x, y)| Next::Compare(x, y))
    }

    /// Keys that are not looked up are compared in order; then this frame stands for the values.
    fn sort_entries(&mut self, a: MapRef<'h>, b: MapRef<'h>, work: &mut Work) -> Next<'h> {
        let (x, y) = (order::sorted_entries(a, work), order::sorted_entries(b, work));
        if !x.iter().zip(&y).all(|(x, y)| order::same_key(x.0, y.0, work)) {
            return Next::Different;
        }
        let pairs: Vec<_> = x.into_iter().zip(y).map(|(x, y)| (x.1, y.1)).collect();
        *self = Frame::Pairs(pairs.into_iter());
        Next::Equal
    }
}

/// Whether two sets of one size have the same members, all of them.
fn same_members<'h>(a: SetRef<'_>, b: SetRef<'_>, work: &mut Work) -> Next<'h> {
    let (mut x, mut y) = (a.members(), b.members());
    order::sort_counted(&mut x, work);
    order::sort_counted(&mut y, work);
    match x.iter().zip(&y).all(|(x, y)| order::cmp_counted(*x, *y, work) == Ordering::Equal) {
        true => Next::Done,
        false => Next::Different,
    }
}

impl Packed<'_> {
    fn next<'h>(self, at: &mut usize, loose: bool, work: &mut Work) -> Next<'h> {
        let len = match self {
            Packed::Ints(x, _) => x.len(),
            Packed::Floats(x, _) => x.len(),
        };
        let (from, to) = (*at, len.min(*at + ENTRIES));
        if from == to {
            return Next::Done;
        }
        *at = to;
        work.add((to - from) / 16);
        let same = match self {
            Packed::Ints(x, y) => {
                x[from..to].iter().zip(&y[from..to]).all(|(x, y)| x.word() == y.word())
            }
            Packed::Floats(x, y) => {
                x[from..to].iter().zip(&y[from..to]).all(|(&x, &y)| same_floats(x, y, loose))
            }
        };
        if same { Next::Equal } else { Next::Different }
    }
}

/// Whether two packed floats, either of which may be nil, are equal.
fn same_floats(x: f64, y: f64, loose: bool) -> bool {
    match (is_nil_float(x), is_nil_float(y)) {
        (false, false) => numbers(Number::Float(x), Number::Float(y), loose),
        (x, y) => x && y,
    }
}

/// What comparing two items came to.
enum Step<'h> {
    Equal,
    Different,
    Inside(Frame<'h>),
}

impl From<bool> for Step<'_> {
    fn from(equal: bool) -> Self {
        if equal { Step::Equal } else { Step::Different }
    }
}

/// The comparison of two values, which can be left and taken up again.
pub(crate) struct Equality<'h> {
    frames: SmallVec<[Frame<'h>; 4]>,
    pair: Option<(Item<'h>, Item<'h>)>,
    loose: bool,
    /// Pairs inside that are equal, or else all is different.
    known: Known,
}

impl<'h> Equality<'h> {
    /// Whether `a == b`, if `loose`; otherwise whether they match.
    pub(crate) fn new(a: Value<'h>, b: Value<'h>, loose: bool) -> Equality<'h> {
        let pair = Some((Item::Value(a), Item::Value(b)));
        Equality { frames: SmallVec::new(), pair, loose, known: Known::default() }
    }

    fn finish(&mut self, work: &mut Work) -> bool {
        loop {
            if let Some(equal) = self.go_on(work, u64::MAX) {
                return equal;
            }
        }
    }

    /// Goes on until it is known, or until `work` is `most`.
    pub(crate) fn go_on(&mut self, work: &mut Work, most: u64) -> Option<bool> {
        loop {
            if let Some((x, y)) = self.pair.take() {
                work.add(1);
                match step(x, y, self.loose, &mut self.known, work) {
                    Step::Equal => {}
                    Step::Different => return Some(false),
                    Step::Inside(frame) => self.frames.push(frame),
                }
            }
            let Some(frame) = self.frames.last_mut() else { return Some(true) };
            match frame.next(self.loose, work) {
                Next::Compare(x, y) => self.pair = Some((x, y)),
                Next::Equal => {}
                Next::Different => return Some(false),
                Next::Done => {
                    self.frames.pop();
                }
            }
            if work.0 >= most {
                return None;
            }
        }
    }
}

fn step<'h>(
    x: Item<'h>,
    y: Item<'h>,
    loose: bool,
    known: &mut Known,
    work: &mut Work,
) -> Step<'h> {
    if let (Item::Value(a), Item::Value(b)) = (x, y)
        && a.word() == b.word()
        // What is the same need not be equal: a nan may be inside.
        && !(loose && a.word().is_pointer())
    {
        return Step::Equal;
    }
    if let (Some(a), Some(b)) = (x.number(), y.number()) {
        return numbers(a, b, loose).into();
    }
    let (Item::Value(a), Item::Value(b)) = (x, y) else { return Step::Different };
    if !is_simple(a) && !is_simple(b) {
        match known.look(a, b) {
            Seen::Equal => return Step::Equal,
            Seen::Pass => {}
            // If they turn out not to be, what else was taken for equal does not matter.
            Seen::New => known.unite(a, b),
        }
    }
    inside(a, b, work)
}

fn numbers(a: Number<'_>, b: Number<'_>, loose: bool) -> bool {
    if loose {
        return worth(a, b) == Some(Ordering::Equal);
    }
    match (a, b) {
        (Number::Float(a), Number::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Number::Int(_), Number::Int(_)) => worth(a, b) == Some(Ordering::Equal),
        _ => false,
    }
}

fn inside<'h>(a: Value<'h>, b: Value<'h>, work: &mut Work) -> Step<'h> {
    match (a.view(), b.view()) {
        (View::Str(a), View::Str(b)) if a.len() > BYTES && a.len() == b.len() => {
            Step::Inside(Frame::Texts(a.as_bytes(), b.as_bytes()))
        }
        (View::Str(a), View::Str(b)) => {
            work.add(a.len().min(b.len()) / 64);
            (a == b).into()
        }
        (View::Ref(a), View::Ref(b)) => (a.id() == b.id()).into(),
        (View::FunRef(a), View::FunRef(b)) => (a == b).into(),
        (View::Closure(a), View::Closure(b)) => {
            if a.handle() != b.handle() || a.captures().len() != b.captures().len() {
                return Step::Different;
            }
            Step::Inside(Frame::Slices(a.captures(), b.captures()))
        }
        (View::Exception(a), View::Exception(b)) => {
            Step::Inside(Frame::Slices(a.parts(), b.parts()))
        }
        (View::Host(a), View::Host(b)) => {
            let same_type = a.type_name() == b.type_name();
            (same_type && a.get().compare(&**b.get()) == Ordering::Equal).into()
        }
        (View::List(a), View::List(b)) if a.len() == b.len() => Step::Inside(Frame::Slices(a, b)),
        (View::Vec(a), View::Vec(b)) if a.len() == b.len() => vectors(a, b, work),
        (View::Map(a), View::Map(b)) if a.len() == b.len() => maps(a, b),
        (View::Set(a), View::Set(b)) if a.len() == b.len() => {
            Step::Inside(Frame::Members(Box::new((a, a.walk(), b))))
        }
        // Immediates were compared as words; all else is of different types.
        _ => Step::Different,
    }
}

fn vectors<'h>(a: VecRef<'h>, b: VecRef<'h>, work: &mut Work) -> Step<'h> {
    match (a.entries(), b.entries()) {
        (Entries::Ints(x), Entries::Ints(y)) => Step::Inside(Frame::Packed(Packed::Ints(x, y), 0)),
        (Entries::Bools(x), Entries::Bools(y)) => {
            work.add(x.len() / 64);
            (x == y).into()
        }
        (Entries::Floats(x), Entries::Floats(y)) => {
            Step::Inside(Frame::Packed(Packed::Floats(x, y), 0))
        }
        (Entries::Range(x, _), Entries::Range(y, _)) => (x == y || a.is_empty()).into(),
        _ => Step::Inside(Frame::Vecs(a, b, 0)),
    }
}

fn maps<'h>(a: MapRef<'h>, b: MapRef<'h>) -> Step<'h> {
    if let (Some((shape, x)), Some((other, y))) = (a.shaped(), b.shaped())
        && shape.id() == other.id()
    {
        return Step::Inside(Frame::Slices(x, y));
    }
    Step::Inside(Frame::Entries(Box::new((a, a.walk(), b))))
}
