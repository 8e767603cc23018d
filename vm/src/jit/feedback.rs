//! What has been seen of a function's operands.
//!
//! In: the parameters that it was called with when it became hot, and each guess of its code that was wrong. Out: what to
//! guess when it is compiled, and whether it should be compiled anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

use super::types::Kind;
use crate::code::function::Function;
use crate::value::{Value, Word};

/// After so many wrong guesses a function is compiled anew.
const MISSES: u32 = 12;
/// Compiled anew so many times, a function is compiled without guesses.
const ROUNDS: u32 = 5;

/// Kinds of words that were met: a set.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Seen(u8);

impl Seen {
    const INT: u8 = 1;
    const FLOAT: u8 = 2;
    const TEXT: u8 = 4;
    const OTHER: u8 = 8;
    pub(crate) const A_FLOAT: Seen = Seen(Seen::FLOAT);

    pub(crate) fn of(word: Word) -> Seen {
        Seen(match word.bits() {
            bits if bits & 1 == 0 => Seen::INT,
            bits if bits & 7 == 5 => Seen::FLOAT,
            _ => Seen::OTHER,
        })
    }

    /// The same of a word that is alive, so that it may be looked into.
    pub(crate) fn of_live(word: Word) -> Seen {
        match Value::new(word).as_str() {
            Some(_) => Seen(Seen::TEXT),
            None => Seen::of(word),
        }
    }

    /// The only kind of number met, if nothing else was.
    pub(crate) fn only(self) -> Option<Kind> {
        match self.0 {
            Seen::INT => Some(Kind::Int),
            Seen::FLOAT => Some(Kind::Float),
            _ => None,
        }
    }

    /// Whether strings were met.
    pub(crate) fn text(self) -> bool {
        self.0 & Seen::TEXT != 0
    }

    fn add(&mut self, other: Seen) -> bool {
        let before = self.0;
        self.0 |= other.0;
        self.0 != before
    }
}

/// What an operator has met.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Site {
    pub(crate) seen: [Seen; 2],
    /// No guess has proved right.
    pub(crate) generic: bool,
}

/// Whom a call of a closure has led to.
#[derive(Clone, Default)]
pub(crate) struct Callees {
    /// The first ones.
    pub(crate) functions: SmallVec<[&'static Function; 2]>,
    /// Whether there were others.
    pub(crate) many: bool,
}

impl Callees {
    fn add(&mut self, function: Option<&'static Function>) {
        match function {
            Some(function) if self.functions.len() < 2 => self.functions.push(function),
            _ => self.many = true,
        }
    }
}

/// What a guess that was wrong has met.
#[derive(Clone, Copy)]
pub(crate) struct Met {
    /// The kinds of its registers.
    pub(crate) seen: [Seen; 2],
    /// The only function of the closure.
    pub(crate) callee: Option<&'static Function>,
}

/// Of one function.
#[derive(Clone, Default)]
pub(crate) struct Feedback {
    params: Vec<Seen>,
    /// The functions of parameters that are closures.
    closures: Vec<Option<&'static Function>>,
    /// Whom calls of such led to, where that was guessed.
    callees: BTreeMap<u32, Callees>,
    /// Parameters that were no slices.
    odd: BTreeSet<u16>,
    sites: BTreeMap<u32, Site>,
    /// Wrong guesses since it was compiled.
    misses: u32,
    /// How often they were too many.
    rounds: u32,
}

impl Feedback {
    pub(crate) fn param(&self, i: usize) -> Seen {
        self.params.get(i).copied().unwrap_or_default()
    }

    /// Whom a call of the closure in a register leads to, so far as is known.
    pub(crate) fn callees(&self, at: u32, register: u16) -> Callees {
        if let Some(callees) = self.callees.get(&at) {
            return callees.clone();
        }
        let first = self.closures.get(register as usize).copied().flatten();
        Callees { functions: first.into_iter().collect(), many: false }
    }

    /// Whether a parameter was taken for a vector of words in vain.
    pub(crate) fn is_odd(&self, i: usize) -> bool {
        self.odd.contains(&(i as u16))
    }

    pub(crate) fn site(&self, at: u32) -> Site {
        self.sites.get(&at).copied().unwrap_or_default()
    }

    /// The operators that met strings on both sides.
    pub(crate) fn texts(&self) -> BTreeSet<u32> {
        let met = |site: &Site| site.seen.iter().all(|seen| seen.text());
        self.sites.iter().filter(|(_, site)| met(site)).map(|(at, _)| *at).collect()
    }

    /// Whether guesses are still worth it.
    pub(crate) fn may_guess(&self) -> bool {
        self.rounds < ROUNDS
    }

    fn note(&mut self, miss: Miss, Met { seen, callee }: Met) {
        match miss {
            Miss::Callee { at, register } => {
                let mut callees = self.callees(at, register);
                let known =
                    |&other: &&'static Function| callee.is_some_and(|f| std::ptr::eq(f, other));
                if !callees.functions.iter().any(known) {
                    callees.add(callee);
                }
                self.callees.insert(at, callees);
            }
            Miss::Param(i) => {
                if let Some(param) = self.params.get_mut(i as usize) {
                    param.add(seen[0]);
                }
            }
            Miss::Slice(i) => drop(self.odd.insert(i)),
            Miss::Operator { at, .. } => {
                let site = self.sites.entry(at).or_default();
                let [x, y] = &mut site.seen;
                // Nothing new, and wrong all the same: a result that is no small int.
                let new = x.add(seen[0]) | y.add(seen[1]);
                site.generic |= !new || seen.iter().all(|s| *s == Seen(Seen::INT));
            }
        }
    }
}

/// A guess that was wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Miss {
    /// That of a parameter.
    Param(u16),
    /// That a parameter is a vector of words.
    Slice(u16),
    /// Those of an operator's operands: at which word of the code, which registers (`NONE` for a
    /// constant).
    Operator { at: u32, registers: [u16; 2] },
    /// Whom a call of the closure in a register leads to.
    Callee { at: u32, register: u16 },
}

impl Miss {
    pub(crate) const NONE: u16 = u16::MAX;

    /// As `Transit::missed` has it; 0 is none.
    pub(crate) fn bits(self) -> u64 {
        match self {
            Miss::Param(i) => 1 | (i as u64) << 16,
            Miss::Slice(i) => 3 | (i as u64) << 16,
            Miss::Operator { at, registers: [x, y] } => {
                2 | (at as u64) << 48 | (x as u64) << 16 | (y as u64) << 32
            }
            Miss::Callee { at, register } => 4 | (at as u64) << 48 | (register as u64) << 16,
        }
    }

    #[inline]
    pub(crate) fn of(bits: u64) -> Option<Miss> {
        if bits == 0 {
            return None;
        }
        let field = |n: u32| (bits >> (16 * n)) as u16;
        match field(0) {
            1 => Some(Miss::Param(field(1))),
            3 => Some(Miss::Slice(field(1))),
            2 => Some(Miss::Operator { at: field(3) as u32, registers: [field(1), field(2)] }),
            4 => Some(Miss::Callee { at: field(3) as u32, register: field(1) }),
            _ => None,
        }
    }

    /// The registers that hold what was met.
    pub(crate) fn registers(self) -> [u16; 2] {
        match self {
            Miss::Param(register) | Miss::Callee { register, .. } => [register, Miss::NONE],
            Miss::Slice(_) => [Miss::NONE; 2],
            Miss::Operator { registers, .. } => registers,
        }
    }
}

/// Of all functions that were compiled.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<usize, Feedback>>);

impl Memory {
    fn with<T>(&self, function: &Function, act: impl FnOnce(&mut Feedback) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(std::ptr::from_ref(function) as usize).or_default())
    }

    /// Notes what a function is called with.
    pub(crate) fn called(
        &self,
        function: &Function,
        params: Vec<Seen>,
        closures: Vec<Option<&'static Function>>,
    ) {
        self.with(function, |feedback| {
            (feedback.params, feedback.closures) = (params, closures);
        });
    }

    /// Notes a wrong guess about a function, in whose code its own stands or another one's; tells whether that one should be
    /// compiled anew.
    pub(crate) fn missed(
        &self,
        [function, root]: [&Function; 2],
        miss: Miss,
        met: Met,
        most: u32,
    ) -> bool {
        self.with(function, |feedback| feedback.note(miss, met));
        self.with(root, |feedback| {
            feedback.misses += 1;
            // Code without guesses misses nothing, but what it was compiled in place of may still run.
            let again = feedback.misses == most.min(MISSES) && feedback.may_guess();
            feedback.rounds += again as u32;
            again
        })
    }

    /// For compiling it now.
    pub(crate) fn take(&self, function: &Function) -> Feedback {
        self.with(function, |feedback| {
            feedback.misses = 0;
            feedback.clone()
        })
    }

    /// The same for code that is to stand in another function's.
    pub(crate) fn take_within(&self, function: &Function, root: &Feedback) -> Feedback {
        let feedback = self.with(function, |feedback| feedback.clone());
        Feedback { rounds: root.rounds, ..feedback }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_are_words() {
        let operator = Miss::Operator { at: 5999, registers: [3, Miss::NONE] };
        let callee = Miss::Callee { at: 5999, register: 239 };
        for miss in [Miss::Param(7), Miss::Slice(8), operator, callee] {
            assert_eq!(Miss::of(miss.bits()), Some(miss));
        }
        assert_eq!(Miss::of(0), None);
    }

    #[test]
    fn a_site_learns_its_kinds_and_then_gives_up() {
        let (float, int) = (Seen(Seen::FLOAT), Seen(Seen::INT));
        let miss = Miss::Operator { at: 9, registers: [0, 1] };
        let mut feedback = Feedback::default();
        let met = Met { seen: [float, int], callee: None };
        feedback.note(miss, met);
        assert_eq!(feedback.site(9).seen.map(Seen::only), [Some(Kind::Float), Some(Kind::Int)]);
        assert!(!feedback.site(9).generic);
        feedback.note(miss, met);
        assert!(feedback.site(9).generic, "nothing new was learnt");
        assert!(!feedback.site(8).generic);
    }

    #[test]
    fn a_sum_beyond_small_ints_is_generic_at_once() {
        let int = Seen(Seen::INT);
        let mut feedback = Feedback::default();
        let met = Met { seen: [int, int], callee: None };
        feedback.note(Miss::Operator { at: 9, registers: [0, 1] }, met);
        assert!(feedback.site(9).generic);
    }
}
