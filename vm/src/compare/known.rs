//! Pairs of objects found equal: what lets values that share parts be compared in time that follows the
//! memory they take, not their size written out, which can be exponentially larger (a list that
//! holds another twice, which holds another twice …).
//!
//! In: each pair of objects met. Out: whether they need not be looked into.
//!
//! Remembering every pair would make ordinary comparisons slow and take much memory. So, as Adams and
//! Dybvig do in "Efficient Nondestructive Equality Checking for Trees and Graphs", most pairs are
//! let pass; every few hundred some are looked up and remembered, and as long as that is of use all are.
//! The pairs are the edges of a union-find structure, since equality is transitive: there are
//! at most as many as objects.

use crate::value::Value;
use foldhash::fast::FixedState;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Pairs let pass at first, and on average later.
const PASS: i32 = if cfg!(test) { 1 } else { 400 };
/// Pairs in a row that are remembered although that was of no use.
const REMEMBER: i32 = if cfg!(test) { 2 } else { 40 };

/// What is known about a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// They are equal.
    Equal,
    /// Nothing, and it is not worth remembering what will be found.
    Pass,
    /// Nothing; if they are found equal, [`Known::unite`] wants to know.
    New,
}

/// See the module.
pub(super) struct Known {
    /// By address: another member of the set of equal objects, or itself.
    sets: HashMap<u64, u64, FixedState>,
    /// Pairs to let pass; not above 0: those remembered in vain.
    pass: i32,
    random: u32,
}

impl Default for Known {
    fn default() -> Known {
        Known { sets: HashMap::default(), pass: PASS, random: 1 }
    }
}

impl Known {
    /// What is known about two objects.
    #[inline]
    pub(super) fn look(&mut self, a: Value<'_>, b: Value<'_>) -> Seen {
        if self.pass > 0 {
            self.pass -= 1;
            return Seen::Pass;
        }
        self.look_up(a, b)
    }

    fn look_up(&mut self, a: Value<'_>, b: Value<'_>) -> Seen {
        let (a, b) = (a.word().bits(), b.word().bits());
        let found = match a == b {
            // That an object equals itself must have been found out: it may hold a nan.
            true => self.sets.contains_key(&a),
            false => self.root(a) == self.root(b),
        };
        if found {
            self.pass = 0;
            return Seen::Equal;
        }
        self.pass -= 1;
        if self.pass <= -REMEMBER {
            // Knuth's: which pairs are remembered must not keep step with the values' form.
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.pass = (self.random >> 16) as i32 % (2 * PASS);
        }
        Seen::New
    }

    /// Two objects are equal.
    pub(super) fn unite(&mut self, a: Value<'_>, b: Value<'_>) {
        let (a, b) = (self.root(a.word().bits()), self.root(b.word().bits()));
        self.sets.insert(a, b);
        self.sets.insert(b, b);
    }

    /// The member that stands for an object's set.
    fn root(&mut self, mut at: u64) -> u64 {
        while let Some(&next) = self.sets.get(&at) {
            let after = self.sets.get(&next).copied().unwrap_or(next);
            if after == next {
                return next;
            }
            // Shorter for the next who asks.
            self.sets.insert(at, after);
            at = after;
        }
        at
    }
}

/// How pairs of objects are ordered, where one comparison may well be wanted several times: within the
/// sorting of maps' keys within the sorting of maps' keys.
#[derive(Default)]
pub(super) struct Outcomes(HashMap<(u64, u64), Ordering, FixedState>);

impl Outcomes {
    /// The outcome, if it is known.
    pub(super) fn get(&self, a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
        self.0.get(&(a.word().bits(), b.word().bits())).copied()
    }

    /// Remembers an outcome.
    pub(super) fn put(&mut self, a: Value<'_>, b: Value<'_>, outcome: Ordering) {
        self.0.insert((a.word().bits(), b.word().bits()), outcome);
    }
}
