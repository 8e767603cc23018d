//! Walks over whole values for natives, done over as many turns as they take.
//!
//! In: a native's context and arguments. Out: its answer: an order, a hash, a text. No collection
//! comes in between (`long.rs`), so nothing that is large and unchanging is copied or rooted.

use super::long::{self, Pieces};
use crate::compare::Comparison;
use crate::data::{Work, string};
use crate::hash::Hashing;
use crate::inspect::Inspection;
use crate::native::{Cx, Native, Res};
use crate::value::Value;

/// Units of work that cost one reduction.
const UNITS: u64 = 16;
/// Bytes of text that do.
const BYTES: usize = 64;

/// The work that the rest of the turn is good for.
fn most(cx: &Cx<'_, '_>) -> u64 {
    (cx.core.budget.max(1) as u64).saturating_mul(UNITS)
}

/// Which of two values comes first in the order of all values: -1, 0 or 1.
pub fn compare<'h>(cx: &mut Cx<'h, '_>, a: Value<'h>, b: Value<'h>) -> Native<'h> {
    long::native(cx, Comparison::new(a, b))
}

impl<'h> Pieces<'h> for Comparison<'h> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let mut work = Work::default();
        let order = Comparison::go_on(self, &mut work, most(cx));
        cx.charge(work.0 / UNITS);
        order.map(|order| Ok(cx.heap().int(order as i64)))
    }
}

/// The hash of a value: an int of at least 0.
pub fn hash<'h>(cx: &mut Cx<'h, '_>, v: Value<'h>) -> Native<'h> {
    long::native(cx, Hashing::new(v))
}

impl<'h> Pieces<'h> for Hashing<'h> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let mut work = Work::default();
        let hash = Hashing::go_on(self, &mut work, most(cx));
        cx.charge(work.0 / UNITS);
        hash.map(|hash| Ok(cx.heap().int((hash >> 2) as i64)))
    }
}

/// The text of a value as source. A `:value_error` if it would have more bytes than a string may, or
/// than the process has room for.
pub fn inspect<'h>(cx: &mut Cx<'h, '_>, v: Value<'h>) -> Native<'h> {
    let mut out = String::new();
    let rest = Inspection::begin(v, &mut out);
    long::native(cx, Inspecting { rest, out })
}

struct Inspecting<'h> {
    rest: Inspection<'h>,
    out: String,
}

impl<'h> Pieces<'h> for Inspecting<'h> {
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let before = self.out.len();
        let budget = usize::try_from(cx.core.budget.max(1)).unwrap_or(usize::MAX);
        let limit = before.saturating_add(budget.saturating_mul(BYTES));
        let whole = self.rest.go_on(&mut self.out, limit);
        let written = self.out.len() - before;
        if self.out.len() > string::MAX_LEN || !cx.heap().has_room(self.out.len()) {
            return Some(Err(cx.value_error("the text of the value would be too long")));
        }
        cx.charge(if whole { written / BYTES } else { written.div_ceil(BYTES).max(1) } as u64);
        whole.then(|| Ok(string::new(cx.heap(), &self.out)))
    }
}
