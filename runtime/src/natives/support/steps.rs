//! Loops over user data that can stop in the middle.
//!
//! In: state that knows its words ([`Roots`]) and what to do for an entry. Out: the native's answer;
//! a suspension when the turn's budget is used up, from which the loop goes on where it stopped.

use super::args::Answer;
use super::roots::Roots;
use super::seq::Seq;
use rata_vm::native::{Cx, Native, Res, Resume};
use rata_vm::value::{Value, Word};

/// Entries handled between two looks at the budget.
pub const STEP: usize = 512;
/// Entries that cost one reduction, for work of the usual sort (a push, a look-up).
pub const PER_REDUCTION: u64 = 16;

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
            None => Native::Suspend(self),
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
        None => Native::Suspend(Box::new(Running(steps))),
    })
}

/// What a loop over a sequence does: state, a function for each entry that says whether to go on,
/// and one for the end.
struct Fold<S, E, D> {
    source: Word,
    next: usize,
    /// Gone once the loop is over.
    state: Option<S>,
    each: E,
    done: D,
}

impl<S: Roots, E: Send + 'static, D: Send + 'static> Roots for Fold<S, E, D> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
        self.state.roots(visit);
    }
}

impl<S, E, D> Steps for Fold<S, E, D>
where
    S: Roots,
    E: for<'x, 'y> Fn(&mut S, &mut Cx<'x, 'y>, Value<'x>) -> Result<bool, Value<'x>>
        + Send
        + 'static,
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Res<'x> + Send + 'static,
{
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let source = Seq::at_rest(heap, self.source);
        let Some(state) = &mut self.state else { return Ok(Some(Value::NIL)) };
        let (start, end) = (self.next, source.len().min(self.next + STEP));
        let mut go_on = true;
        while self.next < end && go_on {
            let entry = source.get(heap, self.next).unwrap_or(Value::NIL);
            self.next += 1;
            go_on = (self.each)(state, cx, entry)?;
            // What an entry costs beyond the usual, `each` has charged.
            if cx.out_of_budget() {
                break;
            }
        }
        cx.charge(1 + (self.next - start) as u64 / PER_REDUCTION);
        go_on &= self.next < source.len();
        match self.state.take_if(|_| !go_on) {
            Some(state) => (self.done)(state, cx).map(Some),
            None => Ok(None),
        }
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
    D: for<'x, 'y> Fn(S, &mut Cx<'x, 'y>) -> Res<'x> + Send + 'static,
{
    run(cx, Fold { source: source.value().word(), next: 0, state: Some(state), each, done })
}
