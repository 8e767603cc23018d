//! The total order over all values: a machine of frames, each of which asks for comparisons and is
//! told their outcome.

use super::known::{Known, Outcomes, Seen};
use super::{Item, Number, is_simple, item, worth};
use crate::data::Work;
use crate::data::closure::place;
use crate::data::map::{MapRef, key_text};
use crate::data::vector::{Entries, VecRef};
use crate::value::{Kind, Value, View};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Which of two values comes first.
#[inline]
pub fn cmp(a: Value<'_>, b: Value<'_>) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_small(), b.as_small()) {
        return a.cmp(&b);
    }
    cmp_counted(a, b, &mut Work::default())
}

/// As [`cmp`]; adds to `work` what it took.
pub fn cmp_counted(a: Value<'_>, b: Value<'_>, work: &mut Work) -> Ordering {
    run(Want::Compare(Item::Value(a), Item::Value(b), false), work)
}

/// As [`cmp_counted`], for two entries of a vector of vectors: each counts as a vector.
pub fn cmp_nested_counted(a: Value<'_>, b: Value<'_>, work: &mut Work) -> Ordering {
    run(nested_entry(Item::Value(a), Item::Value(b)), work)
}

/// Sorts values by the total order; equal ones keep their places.
pub fn sort(values: &mut [Value<'_>]) {
    sort_counted(values, &mut Work::default());
}

pub(super) fn sort_counted(values: &mut [Value<'_>], work: &mut Work) {
    values.sort_by(|a, b| cmp_counted(*a, *b, work));
}

/// The entries of a map in the order of their keys.
pub(super) fn sorted_entries<'h>(map: MapRef<'h>, work: &mut Work) -> Vec<(Value<'h>, Value<'h>)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|a, b| run(Want::Compare(Item::Value(a.0), Item::Value(b.0), true), work));
    entries
}

/// Whether two keys of maps are the same.
pub(super) fn same_key(a: Value<'_>, b: Value<'_>, work: &mut Work) -> bool {
    run(Want::Compare(Item::Value(a), Item::Value(b), true), work) == Ordering::Equal
}

/// What a frame wants next.
enum Want<'h> {
    /// The order of these two; as keys of maps if the flag is set.
    Compare(Item<'h>, Item<'h>, bool),
    /// As `Compare`, of which the first step has been done.
    Begun(Result<Ordering, Frame<'h>>),
    /// Nothing more: this is its outcome.
    Done(Ordering),
}

enum Frame<'h> {
    Slices { a: &'h [Value<'h>], b: &'h [Value<'h>], next: usize },
    Vecs { a: VecRef<'h>, b: VecRef<'h>, next: usize, nested: bool },
    Sorted(Box<Sorted<'h>>),
}

/// Two maps or sets of one size: their keys are sorted, then compared, then their values.
struct Sorted<'h> {
    a: Sorter<'h>,
    b: Sorter<'h>,
    keys: bool,
    next: usize,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    SortFirst,
    SortSecond,
    Keys,
    Values,
}

/// Runs a comparison to its end.
fn run<'h>(want: Want<'h>, work: &mut Work) -> Ordering {
    let mut comparison = Comparison::beginning(want);
    loop {
        if let Some(order) = comparison.go_on(work, u64::MAX) {
            return order;
        }
    }
}

/// The comparison of two values, which can be left and taken up again.
pub(crate) struct Comparison<'h> {
    want: Want<'h>,
    frames: SmallVec<[Open<'h>; 4]>,
    /// How many of the frames sort.
    sorting: usize,
    known: Known,
    outcomes: Outcomes,
}

/// A frame, and the pair whose outcome it finds if that is to be remembered.
struct Open<'h> {
    frame: Frame<'h>,
    /// As equal, if they are.
    equal: Option<(Value<'h>, Value<'h>)>,
    /// Whatever it is.
    outcome: Option<(Value<'h>, Value<'h>)>,
}

impl<'h> Comparison<'h> {
    /// Which of two values comes first.
    pub(crate) fn new(a: Value<'h>, b: Value<'h>) -> Comparison<'h> {
        Comparison::beginning(Want::Compare(Item::Value(a), Item::Value(b), false))
    }

    fn beginning(want: Want<'h>) -> Comparison<'h> {
        Comparison {
            want,
            frames: SmallVec::new(),
            sorting: 0,
            known: Known::default(),
            outcomes: Outcomes::default(),
        }
    }

    /// Goes on until it is known, or until `work` is `most`.
    pub(crate) fn go_on(&mut self, work: &mut Work, most: u64) -> Option<Ordering> {
        loop {
            let outcome = match std::mem::replace(&mut self.want, Want::Done(Ordering::Equal)) {
                Want::Compare(x, y, keys) => {
                    work.add(1);
                    self.begin(x, y, keys, work)
                }
                Want::Begun(Ok(order)) => Some(order),
                Want::Begun(Err(frame)) => self.open(frame, None, None),
                Want::Done(order) => {
                    self.close(order);
                    Some(order)
                }
            };
            let Some(open) = self.frames.last_mut() else {
                return Some(outcome.unwrap_or(Ordering::Equal));
            };
            self.want = open.frame.resume(outcome);
            if work.0 >= most {
                return None;
            }
        }
    }

    /// The order of two items, if it is known at once.
    fn begin(&mut self, x: Item<'h>, y: Item<'h>, keys: bool, work: &mut Work) -> Option<Ordering> {
        let (mut equal, mut outcome) = (None, None);
        if let (Item::Value(a), Item::Value(b)) = (x, y)
            && a.word() != b.word()
            && !is_simple(a)
            && !is_simple(b)
        {
            match self.known.look(a, b) {
                Seen::Equal => return Some(Ordering::Equal),
                Seen::Pass => {}
                Seen::New => equal = Some((a, b)),
            }
            if self.sorting > 1 {
                if let Some(order) = self.outcomes.get(a, b) {
                    return Some(order);
                }
                outcome = Some((a, b));
            }
        }
        match begin(x, y, keys, work) {
            Ok(order) => Some(order),
            Err(frame) => self.open(frame, equal, outcome),
        }
    }

    fn open(
        &mut self,
        frame: Frame<'h>,
        equal: Option<(Value<'h>, Value<'h>)>,
        outcome: Option<(Value<'h>, Value<'h>)>,
    ) -> Option<Ordering> {
        self.sorting += usize::from(matches!(frame, Frame::Sorted(_)));
        self.frames.push(Open { frame, equal, outcome });
        None
    }

    /// The innermost frame has found this out.
    fn close(&mut self, order: Ordering) {
        let Some(open) = self.frames.pop() else { return };
        self.sorting -= usize::from(matches!(open.frame, Frame::Sorted(_)));
        if let (Some((a, b)), Ordering::Equal) = (open.equal, order) {
            self.known.unite(a, b);
        }
        if let Some((a, b)) = open.outcome {
            self.outcomes.put(a, b, order);
        }
    }
}

impl<'h> Frame<'h> {
    fn resume(&mut self, outcome: Option<Ordering>) -> Want<'h> {
        let decided = outcome.filter(|o| *o != Ordering::Equal);
        match self {
            Frame::Sorted(sorted) => sorted.resume(outcome),
            _ if decided.is_some() => Want::Done(decided.unwrap_or(Ordering::Equal)),
            Frame::Slices { a, b, next } => {
                let pair = (a.get(*next), b.get(*next));
                *next += 1;
                match pair {
                    (Some(x), Some(y)) => Want::Compare(Item::Value(*x), Item::Value(*y), false),
                    _ => Want::Done(a.len().cmp(&b.len())),
                }
            }
            Frame::Vecs { a, b, next, nested } => {
                let pair = (item(*a, *next), item(*b, *next));
                *next += 1;
                match pair {
                    (Some(x), Some(y)) if *nested => nested_entry(x, y),
                    (Some(x), Some(y)) => Want::Compare(x, y, false),
                    _ => Want::Done(a.len().cmp(&b.len())),
                }
            }
        }
    }
}

/// Two entries of vectors of vectors, each of which counts as a vector.
fn nested_entry<'h>(x: Item<'h>, y: Item<'h>) -> Want<'h> {
    let (Item::Value(a), Item::Value(b)) = (x, y) else { return Want::Compare(x, y, false) };
    match (VecRef::of(a), VecRef::of(b)) {
        (Some(v), Some(w)) if a.is_vector() != b.is_vector() => Want::Begun(vectors(v, w)),
        _ => Want::Compare(x, y, false),
    }
}

impl<'h> Sorted<'h> {
    fn resume(&mut self, mut outcome: Option<Ordering>) -> Want<'h> {
        loop {
            match self.stage {
                Stage::SortFirst | Stage::SortSecond => {
                    let first = self.stage == Stage::SortFirst;
                    let sorter = if first { &mut self.a } else { &mut self.b };
                    if let Some((x, y)) = sorter.resume(outcome.take()) {
                        return Want::Compare(Item::Value(x), Item::Value(y), self.keys);
                    }
                    self.stage = if first { Stage::SortSecond } else { Stage::Keys };
                }
                Stage::Keys | Stage::Values => {
                    match outcome.take() {
                        None | Some(Ordering::Equal) => {}
                        Some(order) => return Want::Done(order),
                    }
                    let pair = (self.a.entries.get(self.next), self.b.entries.get(self.next));
                    self.next += 1;
                    match pair {
                        (Some(x), Some(y)) if self.stage == Stage::Keys => {
                            return Want::Compare(Item::Value(x.0), Item::Value(y.0), self.keys);
                        }
                        (Some(x), Some(y)) => {
                            return Want::Compare(Item::Value(x.1), Item::Value(y.1), false);
                        }
                        _ if self.stage == Stage::Keys => {
                            self.stage = Stage::Values;
                            self.next = 0;
                        }
                        _ => return Want::Done(Ordering::Equal),
                    }
                }
            }
        }
    }
}

/// A merge sort by keys that asks for its comparisons.
struct Sorter<'h> {
    entries: Vec<(Value<'h>, Value<'h>)>,
    merged: Vec<(Value<'h>, Value<'h>)>,
    /// Length of the runs that are sorted.
    width: usize,
    /// The entries at which the two runs being merged stand.
    left: usize,
    right: usize,
    /// Where the left run began.
    start: usize,
}

impl<'h> Sorter<'h> {
    fn new(entries: Vec<(Value<'h>, Value<'h>)>) -> Sorter<'h> {
        let len = entries.len();
        let merged = Vec::with_capacity(len);
        Sorter { entries, merged, width: 1, left: 0, right: 1, start: 0 }
    }

    fn take(&mut self, from_left: bool) {
        let at = if from_left { &mut self.left } else { &mut self.right };
        self.merged.push(self.entries[*at]);
        *at += 1;
    }

    /// Takes the outcome of the comparison asked for last; the next one, or nothing if all is sorted.
    fn resume(&mut self, outcome: Option<Ordering>) -> Option<(Value<'h>, Value<'h>)> {
        if let Some(order) = outcome {
            self.take(order != Ordering::Greater);
        }
        let len = self.entries.len();
        loop {
            if self.width >= len {
                return None;
            }
            let middle = (self.start + self.width).min(len);
            let end = (self.start + 2 * self.width).min(len);
            if self.left < middle && self.right < end {
                return Some((self.entries[self.left].0, self.entries[self.right].0));
            }
            while self.left < middle {
                self.take(true);
            }
            while self.right < end {
                self.take(false);
            }
            self.start = end;
            if end == len {
                std::mem::swap(&mut self.entries, &mut self.merged);
                self.merged.clear();
                self.width *= 2;
                self.start = 0;
            }
            self.left = self.start;
            self.right = (self.start + self.width).min(len);
        }
    }
}

fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Empty | Kind::Nil => 0,
        Kind::Bool => 1,
        Kind::Int | Kind::Float => 2,
        Kind::Symbol => 3,
        Kind::Str => 4,
        Kind::Ref => 5,
        Kind::Fn => 6,
        Kind::Pid => 7,
        Kind::Module => 8,
        Kind::Exception => 9,
        Kind::List => 10,
        Kind::Map => 11,
        Kind::Vector => 12,
        Kind::Set => 13,
        Kind::Table => 14,
        Kind::Host => 15,
    }
}

fn numbers(a: Number<'_>, b: Number<'_>) -> Ordering {
    let is_nan = |n: &Number<'_>| matches!(n, Number::Float(f) if f.is_nan());
    let is_float = |n: &Number<'_>| matches!(n, Number::Float(_));
    match worth(a, b) {
        Some(order) => order.then(is_float(&a).cmp(&is_float(&b))),
        None => is_nan(&a).cmp(&is_nan(&b)),
    }
}

/// The order of two items, or the frame that finds it out.
fn begin<'h>(x: Item<'h>, y: Item<'h>, keys: bool, work: &mut Work) -> Result<Ordering, Frame<'h>> {
    if let (Some(a), Some(b)) = (x.number(), y.number()) {
        return Ok(numbers(a, b));
    }
    let (a, b) = match (x, y) {
        (Item::Value(a), Item::Value(b)) => (a, b),
        (Item::Float(_), Item::Value(b)) => return Ok(rank(Kind::Float).cmp(&rank(b.kind()))),
        (Item::Value(a), _) => return Ok(rank(a.kind()).cmp(&rank(Kind::Float))),
        (Item::Float(_), Item::Float(_)) => return Ok(Ordering::Equal),
    };
    if a.word() == b.word() {
        return Ok(Ordering::Equal);
    }
    if keys && let (Some(a), Some(b)) = (key_text(a), key_text(b)) {
        return Ok(a.cmp(&b));
    }
    let (x, y) = (rank(a.kind()), rank(b.kind()));
    if x != y {
        return Ok(x.cmp(&y));
    }
    same_rank(a, b, work)
}

fn same_rank<'h>(a: Value<'h>, b: Value<'h>, work: &mut Work) -> Result<Ordering, Frame<'h>> {
    match (a.view(), b.view()) {
        (View::Bool(a), View::Bool(b)) => Ok(a.cmp(&b)),
        (View::Symbol(a), View::Symbol(b)) | (View::Module(a), View::Module(b)) => {
            Ok(a.text().cmp(&b.text()))
        }
        (View::Str(a), View::Str(b)) => {
            work.add(a.len().min(b.len()) / 64);
            Ok(a.cmp(b))
        }
        (View::Ref(a), View::Ref(b)) => Ok(a.id().cmp(&b.id())),
        (View::Pid(a), View::Pid(b)) => Ok(a.cmp(&b)),
        (View::List(a), View::List(b)) => Err(Frame::Slices { a, b, next: 0 }),
        (View::Exception(a), View::Exception(b)) => {
            Err(Frame::Slices { a: a.parts(), b: b.parts(), next: 0 })
        }
        (View::Vec(a), View::Vec(b)) => vectors(a, b),
        (View::Map(a), View::Map(b)) => {
            let lists = || (a.iter().collect(), b.iter().collect());
            sorted(a.len(), b.len(), lists, true, work)
        }
        (View::Set(a), View::Set(b)) => {
            let list = |s: crate::data::set::SetRef<'h>| {
                s.members().into_iter().map(|m| (m, Value::NIL)).collect()
            };
            sorted(a.len(), b.len(), || (list(a), list(b)), false, work)
        }
        (View::Host(a), View::Host(b)) => {
            let by_type = a.type_name().text().cmp(&b.type_name().text());
            Ok(by_type.then_with(|| a.get().compare(&**b.get())))
        }
        _ => functions(a, b),
    }
}

type Listed<'h> = Vec<(Value<'h>, Value<'h>)>;

fn sorted<'h>(
    len: usize,
    other: usize,
    lists: impl FnOnce() -> (Listed<'h>, Listed<'h>),
    keys: bool,
    work: &mut Work,
) -> Result<Ordering, Frame<'h>> {
    if len != other {
        return Ok(len.cmp(&other));
    }
    work.add(len * 4);
    let (a, b) = lists();
    let (a, b) = (Sorter::new(a), Sorter::new(b));
    Err(Frame::Sorted(Box::new(Sorted { a, b, keys, next: 0, stage: Stage::SortFirst })))
}

fn vectors<'h>(a: VecRef<'h>, b: VecRef<'h>) -> Result<Ordering, Frame<'h>> {
    let (Some(x), Some(y)) = (item(a, 0), item(b, 0)) else { return Ok(a.len().cmp(&b.len())) };
    let kind_of = |item| match item {
        Item::Value(v) => Value::kind(v),
        Item::Float(_) => Kind::Float,
    };
    match (a.kind() == Kind::Vector, b.kind() == Kind::Vector) {
        (true, false) => Ok(rank(Kind::Vector).cmp(&rank(kind_of(y)))),
        (false, true) => Ok(rank(kind_of(x)).cmp(&rank(Kind::Vector))),
        (nested, _) => match (a.entries(), b.entries()) {
            // They can be longer than anybody would wait.
            (Entries::Range(x, n), Entries::Range(y, m)) => Ok(x.cmp(&y).then(n.cmp(&m))),
            _ => Err(Frame::Vecs { a, b, next: 0, nested }),
        },
    }
}

/// Functions: by what they are called, those called alike in the order of loading, then by what they captured.
fn functions<'h>(a: Value<'h>, b: Value<'h>) -> Result<Ordering, Frame<'h>> {
    let name = |v: Value<'h>| match v.view() {
        View::Closure(f) => place(f.handle()),
        View::FunRef(f) => (format!("{}.{}", f.module.text(), f.name.text()), 0),
        _ => (String::new(), 0),
    };
    let (x, y) = (a.as_closure(), b.as_closure());
    let handle = |f: Option<crate::data::closure::ClosureRef<'h>>| f.map(|f| f.handle());
    let order = match handle(x) == handle(y) && x.is_some() {
        true => Ordering::Equal,
        false => name(a).cmp(&name(b)),
    };
    match (x, y) {
        (Some(x), Some(y)) if order == Ordering::Equal => {
            Err(Frame::Slices { a: x.captures(), b: y.captures(), next: 0 })
        }
        _ => Ok(order),
    }
}
