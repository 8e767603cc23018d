//! Equality, strict and loose, with one worklist for both.

use super::{Item, Number, is_simple, item, order, worth};
use crate::data::Work;
use crate::data::map::MapRef;
use crate::data::set::SetRef;
use crate::data::vector::{Entries, VecRef};
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
    equal(a, b, false, work)
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
    equal(a, b, true, work)
}

/// Pairs that remain to be compared.
enum Frame<'h> {
    Slices(&'h [Value<'h>], &'h [Value<'h>]),
    Vecs(VecRef<'h>, VecRef<'h>, usize),
    Pairs(std::vec::IntoIter<(Value<'h>, Value<'h>)>),
}

impl<'h> Frame<'h> {
    fn next(&mut self) -> Option<(Item<'h>, Item<'h>)> {
        match self {
            Frame::Slices(a, b) => {
                let (x, rest_a) = a.split_first()?;
                let (y, rest_b) = b.split_first()?;
                (*a, *b) = (rest_a, rest_b);
                Some((Item::Value(*x), Item::Value(*y)))
            }
            Frame::Vecs(a, b, i) => {
                let pair = (item(*a, *i)?, item(*b, *i)?);
                *i += 1;
                Some(pair)
            }
            Frame::Pairs(rest) => rest.next().map(|(x, y)| (Item::Value(x), Item::Value(y))),
        }
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

fn equal<'h>(a: Value<'h>, b: Value<'h>, loose: bool, work: &mut Work) -> bool {
    let mut frames: SmallVec<[Frame<'h>; 8]> = SmallVec::new();
    let mut pair = Some((Item::Value(a), Item::Value(b)));
    loop {
        if let Some((x, y)) = pair.take() {
            work.add(1);
            match step(x, y, loose, work) {
                Step::Equal => {}
                Step::Different => return false,
                Step::Inside(frame) => frames.push(frame),
            }
        }
        let Some(frame) = frames.last_mut() else { return true };
        pair = frame.next();
        if pair.is_none() {
            frames.pop();
        }
    }
}

fn step<'h>(x: Item<'h>, y: Item<'h>, loose: bool, work: &mut Work) -> Step<'h> {
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
    match (x, y) {
        (Item::Value(a), Item::Value(b)) => inside(a, b, loose, work),
        _ => Step::Different,
    }
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

fn inside<'h>(a: Value<'h>, b: Value<'h>, loose: bool, work: &mut Work) -> Step<'h> {
    match (a.view(), b.view()) {
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
        (View::Vec(a), View::Vec(b)) if a.len() == b.len() => vectors(a, b, loose, work),
        (View::Map(a), View::Map(b)) if a.len() == b.len() => maps(a, b, work),
        (View::Set(a), View::Set(b)) if a.len() == b.len() => sets(a, b, work).into(),
        // Immediates were compared as words; all else is of different types.
        _ => Step::Different,
    }
}

fn vectors<'h>(a: VecRef<'h>, b: VecRef<'h>, loose: bool, work: &mut Work) -> Step<'h> {
    match (a.entries(), b.entries()) {
        (Entries::Ints(x), Entries::Ints(y)) => {
            work.add(x.len() / 16);
            x.iter().zip(y).all(|(x, y)| x.word() == y.word()).into()
        }
        (Entries::Bools(x), Entries::Bools(y)) => (x == y).into(),
        (Entries::Floats(x), Entries::Floats(y)) => {
            work.add(x.len() / 16);
            let same = |(&x, &y): (&f64, &f64)| {
                use crate::data::vector::is_nil_float;
                match (is_nil_float(x), is_nil_float(y)) {
                    (false, false) => numbers(Number::Float(x), Number::Float(y), loose),
                    (x, y) => x && y,
                }
            };
            x.iter().zip(y).all(same).into()
        }
        (Entries::Range(x, _), Entries::Range(y, _)) => (x == y || a.is_empty()).into(),
        _ => Step::Inside(Frame::Vecs(a, b, 0)),
    }
}

fn maps<'h>(a: MapRef<'h>, b: MapRef<'h>, work: &mut Work) -> Step<'h> {
    if let (Some((shape, x)), Some((other, y))) = (a.shaped(), b.shaped())
        && shape.id() == other.id()
    {
        return Step::Inside(Frame::Slices(x, y));
    }
    work.add(a.len() * 4);
    let mut pairs = Vec::with_capacity(a.len());
    let mut simple = true;
    let all_found = a.each(&mut |key, value| {
        simple = is_simple(key);
        match if simple { b.get(key) } else { None } {
            Some(other) => {
                pairs.push((value, other));
                true
            }
            None => false,
        }
    });
    if !all_found {
        if simple {
            return Step::Different;
        }
        let (x, y) = (order::sorted_entries(a, work), order::sorted_entries(b, work));
        if !x.iter().zip(&y).all(|(x, y)| order::same_key(x.0, y.0, work)) {
            return Step::Different;
        }
        pairs = x.into_iter().zip(y).map(|(x, y)| (x.1, y.1)).collect();
    }
    Step::Inside(Frame::Pairs(pairs.into_iter()))
}

fn sets(a: SetRef<'_>, b: SetRef<'_>, work: &mut Work) -> bool {
    work.add(a.len() * 4);
    let mut simple = true;
    let all_found = a.each(&mut |member| {
        simple = is_simple(member);
        simple && b.contains(member)
    });
    if all_found || simple {
        return all_found;
    }
    let (mut x, mut y) = (a.members(), b.members());
    order::sort_counted(&mut x, work);
    order::sort_counted(&mut y, work);
    x.iter().zip(&y).all(|(x, y)| order::cmp_counted(*x, *y, work) == Ordering::Equal)
}
