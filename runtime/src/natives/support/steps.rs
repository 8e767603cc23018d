//! Loops over user data that can stop in the middle.
//!
//! In: state that knows its words ([`Roots`]) and what to do for an entry. Out: the native's answer;
//! a suspension when the turn's budget is used up, from which the loop goes on where it stopped.

use super::args::Answer;
use super::roots::Roots;
use super::seq::Seq;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::set::SetBuilder;
use rata_vm::native::{Cx, Native, Resume};
use rata_vm::value::{Value, Word};

/// Entries handled between two looks at the budget.
pub const STEP: usize = 512;
/// Entries that cost one reduction, for work of the usual sort (a push, a look-up).
pub const PER_REDUCTION: u64 = 16;
/// The same for keys that are looked up or put among many: they lie anywhere in memory.
pub const KEYS_PER_REDUCTION: u64 = 4;

/// Work done in steps. Each step charges what it does, and is short.
pub trait Steps: Roots {
    /// Goes one step further; the result once it is there.
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>>;
}

struct Running<S>(S);

impl<S: Steps> Resume for Running<S> {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        match until_out(cx, &mut self.0) {
            Some(native) => native,
            None => Native::suspend(self),
        }
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.0.roots(visit);
    }
}

fn until_out<'h>(cx: &mut Cx<'h, '_>, steps: &mut impl Steps) -> Option<Native<'h>> {
    loop {
        match steps.step(cx) {
            Ok(None) if cx.out_of_budget() => return None,
            Ok(None) => {}
            Ok(Some(value)) => return Some(Native::Value(value)),
            Err(raised) => return Some(Native::Raise(raised)),
        }
    }
}

/// Does the work, in as many turns as it takes.
pub fn run<'h>(cx: &mut Cx<'h, '_>, mut steps: impl Steps) -> Answer<'h> {
    Ok(match until_out(cx, &mut steps) {
        Some(native) => native,
        None => Native::suspend(Box::new(Running(steps))),
    })
}

/// What a loop over a sequence does: state, a function for each entry that says whether to go on,
/// and one for the end.
struct Fold<S, E, D> {
    source: Word,
    next: usize,
    state: S,
    each: E,
    done: D,
    per_reduction: u64,
}

impl<S, E, D> Fold<S, E, D>
where
    S: Roots,
    E: for<'x, 'y> Fn(&mut S, &mut Cx<'x, 'y>, Value<'x>) -> Result<bool, Value<'x>>
        + Send
        + 'static,
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Answer<'x> + Send + 'static,
{
    /// Handles some entries; whether there are more.
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<bool, Value<'h>> {
        let heap = cx.heap();
        let source = Seq::at_rest(heap, self.source);
        let (start, end) = (self.next, source.len().min(self.next + STEP));
        let mut go_on = true;
        while self.next < end && go_on {
            let entry = source.get(heap, self.next).unwrap_or(Value::NIL);
            self.next += 1;
            go_on = (self.each)(&mut self.state, cx, entry)?;
            // What an entry costs beyond the usual, `each` has charged.
            if cx.out_of_budget() {
                break;
            }
        }
        cx.charge(1 + (self.next - start) as u64 / self.per_reduction);
        Ok(go_on && self.next < source.len())
    }

    fn go_on<'h>(mut self, cx: &mut Cx<'h, '_>) -> Native<'h> {
        loop {
            match self.step(cx) {
                Ok(true) if cx.out_of_budget() => return Native::suspend(Box::new(self)),
                Ok(true) => {}
                Ok(false) => return (self.done)(self.state, cx).unwrap_or_else(Native::Raise),
                Err(raised) => return Native::Raise(raised),
            }
        }
    }
}

impl<S, E, D> Resume for Fold<S, E, D>
where
    S: Roots,
    E: for<'x, 'y> Fn(&mut S, &mut Cx<'x, 'y>, Value<'x>) -> Result<bool, Value<'x>>
        + Send
        + 'static,
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Answer<'x> + Send + 'static,
{
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        self.go_on(cx)
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
        self.state.roots(visit);
    }
}

/// Calls `each` on the entries in turn until it says false, then `done`.
pub fn fold<'h, S, E, D>(
    cx: &mut Cx<'h, '_>,
    source: Seq<'h>,
    state: S,
    each: E,
    done: D,
) -> Answer<'h>
where
    S: Roots,
    E: for<'x, 'y> Fn(&mut S, &mut Cx<'x, 'y>, Value<'x>) -> Result<bool, Value<'x>>
        + Send
        + 'static,
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Answer<'x> + Send + 'static,
{
    let source = source.value().word();
    Ok(Fold { source, next: 0, state, each, done, per_reduction: PER_REDUCTION }.go_on(cx))
}

/// As [`fold`], where each entry is looked up, or put, among many others.
pub fn fold_keys<'h, S, E, D>(
    cx: &mut Cx<'h, '_>,
    source: Seq<'h>,
    state: S,
    each: E,
    done: D,
) -> Answer<'h>
where
    S: Roots,
    E: for<'x, 'y> Fn(&mut S, &mut Cx<'x, 'y>, Value<'x>) -> Result<bool, Value<'x>>
        + Send
        + 'static,
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Answer<'x> + Send + 'static,
{
    let source = source.value().word();
    Ok(Fold { source, next: 0, state, each, done, per_reduction: KEYS_PER_REDUCTION }.go_on(cx))
}

/// Entries of a map or set that are put into place between two looks at the budget.
const PLACED: usize = 2048;

struct Finishing<B>(B);

impl Roots for Finishing<MapBuilder> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.0.roots(visit);
    }
}

impl Steps for Finishing<MapBuilder> {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        cx.charge(self.0.len().min(PLACED) as u64 / KEYS_PER_REDUCTION);
        Ok(self.0.finish_some(cx.heap(), PLACED))
    }
}

impl Roots for Finishing<SetBuilder> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.0.roots(visit);
    }
}

impl Steps for Finishing<SetBuilder> {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        cx.charge(self.0.len().min(PLACED) as u64 / KEYS_PER_REDUCTION);
        Ok(self.0.finish_some(cx.heap(), PLACED))
    }
}

/// The map under construction.
pub fn finish_map<'h>(cx: &mut Cx<'h, '_>, map: MapBuilder) -> Answer<'h> {
    run(cx, Finishing(map))
}

/// The set under construction.
pub fn finish_set<'h>(cx: &mut Cx<'h, '_>, set: SetBuilder) -> Answer<'h> {
    run(cx, Finishing(set))
}
