//! What compiled code knows about registers: a forward data flow over a function's instructions.
//!
//! In: the analysis of a function, and what its misses have taught so far (`feedback.rs`). Out: the type
//! of every register before every instruction, and in which way each number operator is done.
//!
//! # The lattice
//! ```text
//!                Any                    a word
//!       /     |      |      \
//!     Int  List(n)  Slice  Float         a small int's word · a list of n entries · a vector without a
//!       |     |      |      |            handle (`translate/slices.rs`) · a float without an object
//!       |     |      |    Boxed          the same, and its object is at hand too
//!        \    |      |     /
//!               Unset                    not written on any way here
//! ```
//! Where ways meet, types are joined; the translator makes an object of a float where `Float` becomes `Any`, and
//! a handle where `Slice` does. Slices begin at the parameters of a loop that takes a vector apart or puts entries
//! before one, and end at every call.
//! An operator whose operands are not known guesses them: ints, unless the other one is a float or an earlier
//! miss has shown otherwise. A guess is checked once and known from there on; a wrong one leaves for the
//! interpreter, which notes what it met. So a function may be compiled some times over, and at last
//! without guesses.

use std::collections::{BTreeMap, BTreeSet};

use super::analyse::{Analysis, Ins};
use super::operators::numeric;
use super::search::{Search, vectors_of};
use super::texts::sums_of_texts;
use super::translate::switch_table;
use crate::code::exec::Ex;
use crate::value::{Value, Word};

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    Unset,
    Any,
    Int,
    List(u32),
    Slice,
    Float,
    Boxed,
}
use Type::{Any, Boxed, Float, Int, List, Slice, Unset};

impl Type {
    pub(super) fn join(self, other: Type) -> Type {
        match (self, other) {
            (Unset, t) | (t, Unset) => t,
            (Float | Boxed, Float | Boxed) if self != other => Float,
            _ if self == other => self,
            _ => Any,
        }
    }

    /// Whether a register of this type may be used where the other is expected.
    pub(crate) fn fits(self, wanted: Type) -> bool {
        wanted == Unset || self.join(wanted) == wanted || (self, wanted) == (Float, Boxed)
    }

    /// Of a list of so many entries.
    pub(crate) fn list(n: u64) -> Type {
        u32::try_from(n).map_or(Any, List)
    }

    /// Of a word known when the code is made.
    pub(crate) fn of_word(word: u64) -> Type {
        match word {
            _ if word & 1 == 0 => Int,
            _ if word & 7 == 5 => Boxed,
            _ => Any,
        }
    }
}

/// The types of all registers at one place.
pub(crate) type State = Vec<Type>;

/// Numbers that machines calculate with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Int,
    Float,
}

/// How a number operator is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// For all operands.
    Generic,
    /// For operands of these kinds; others are a miss.
    Of(Kind, Kind),
}

/// What is known about a function's registers.
pub(crate) struct Types {
    pub(super) before: BTreeMap<u32, State>,
    pub(super) modes: BTreeMap<u32, Mode>,
    /// Additions that most likely join strings.
    pub(crate) texts: BTreeSet<u32>,
    /// Parameters whose kind is checked when the function is called, since it loops.
    pub(crate) guards: Vec<(u16, Kind)>,
    /// Parameters that are taken for vectors of words and made slices then.
    pub(crate) slices: Vec<u16>,
    /// Where entries are put before vectors that are no slices afterwards.
    odd: BTreeSet<u32>,
    /// Where vectors are turned round.
    reversals: BTreeSet<u32>,
    /// Objects or handles are made where ways meet.
    pub(super) mixes: bool,
    /// What it returns, but for what others return in its place.
    pub(crate) result: Type,
    /// The code in the place of calls.
    pub(crate) inlined: BTreeMap<u32, Inlined>,
    /// The same of closures.
    pub(crate) closures: BTreeMap<u32, Vec<Inlined>>,
}

/// What is known about the registers of a function that stands in another one's code.
pub(crate) struct Inlined {
    /// What it is called with.
    pub(crate) given: Vec<Type>,
    pub(crate) types: Types,
    /// What the caller gets.
    pub(crate) result: Type,
}

impl Inlined {
    /// Finds it, unless that was done before for such arguments.
    pub(super) fn of(old: Option<Inlined>, code: &Analysis, given: &[Type]) -> Inlined {
        match old {
            Some(old) if old.given == given => old,
            _ => {
                let types = Types::of(code, given);
                Inlined { given: given.into(), result: types.result, types }
            }
        }
    }
}

impl Types {
    /// Finds them, for a function that is called with arguments of such types, as far as they are known.
    pub(crate) fn of(code: &Analysis, given: &[Type]) -> Types {
        let mut candidates = vectors_of(code);
        candidates.retain(|&i| given.get(i as usize).is_none_or(|&known| known == Any));
        loop {
            let mut search = Search::new(code);
            search.run(&candidates, given);
            let types = search.types;
            let kept = |i: &u16| types.slices.contains(i);
            if candidates.iter().all(kept) {
                return types;
            }
            // What has to become a vector on the way is better none from the beginning.
            candidates.retain(kept);
        }
    }

    pub(super) fn none(code: &Analysis) -> Types {
        let feedback = &code.feedback;
        let mut texts = feedback.texts();
        texts.extend(sums_of_texts(code));
        let generic = |ins: &&Ins| ins.op == Ex::Cons1 && feedback.site(ins.at).generic;
        Types {
            before: BTreeMap::new(),
            modes: BTreeMap::new(),
            texts,
            guards: Vec::new(),
            slices: Vec::new(),
            odd: code.code.values().filter(generic).map(|ins| ins.at).collect(),
            reversals: code.calls_of("vector_reverse"),
            mixes: false,
            result: Unset,
            inlined: BTreeMap::new(),
            closures: BTreeMap::new(),
        }
    }

    /// The types before an instruction; nothing where no way leads.
    pub(crate) fn at(&self, at: u32) -> Option<&State> {
        self.before.get(&at)
    }

    /// Whether running the function may allocate before it calls or leaves.
    pub(crate) fn may_allocate(&self, code: &Analysis) -> bool {
        let bare = |ins: &Ins, state: &State| {
            ins.uses.iter().any(|&register| matches!(state[register as usize], Float | Slice))
        };
        let small = |ins: &Ins| {
            let Some(state) = self.before.get(&ins.at) else { return true };
            match ins.op {
                Ex::LoadSmall | Ex::LoadWord | Ex::Move | Ex::Jump => true,
                Ex::Return | Ex::ReturnWord => true,
                Ex::UnlessWord => !bare(ins, state),
                Ex::Switch => switch_table(ins).boxed.is_empty() && !bare(ins, state),
                Ex::Cons1 => false,
                _ if self.reversals.contains(&ins.at) => false,
                _ if code.is_loop(ins) || self.sliced(ins, state).is_some() => true,
                _ => {
                    let known = numeric(ins).is_some() || code.roots.contains(&ins.at);
                    known && self.mode(ins.at) != Mode::Generic
                }
            }
        };
        self.mixes || !code.code.values().all(small)
    }

    /// The register that an instruction uses as a slice, without a handle.
    pub(crate) fn sliced(&self, ins: &Ins, state: &State) -> Option<u16> {
        let register = match ins.op {
            Ex::Cons1 if ins.b == ins.c || self.odd.contains(&ins.at) => return None,
            Ex::Uncons | Ex::Cons1 => ins.c,
            Ex::VectorEntry | Ex::VectorRest => ins.b,
            Ex::UnlessVector | Ex::UnlessLonger => ins.a,
            _ if self.reversals.contains(&ins.at) => ins.args[0],
            _ => return None,
        };
        (state[register as usize] == Slice).then_some(register)
    }

    /// How an operator is done.
    pub(crate) fn mode(&self, at: u32) -> Mode {
        self.modes.get(&at).copied().unwrap_or(Mode::Generic)
    }
}

/// The type of a register that was found to hold a number.
pub(crate) fn checked(kind: Kind) -> Type {
    match kind {
        Kind::Int => Int,
        Kind::Float => Boxed,
    }
}

/// The float that a constant word is.
pub(crate) fn constant(word: u64) -> Option<f64> {
    Value::new(Word::from_bits(word)).as_float()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Type; 8] = [Unset, Any, Int, List(2), List(3), Slice, Float, Boxed];

    #[test]
    fn types_are_a_lattice() {
        for a in ALL {
            assert_eq!(a.join(a), a);
            assert_eq!(a.join(Unset), a);
            assert_eq!(a.join(Any), Any);
            for b in ALL {
                assert_eq!(a.join(b), b.join(a));
                for c in ALL {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a:?} {b:?} {c:?}");
                }
            }
        }
        assert_eq!(Float.join(Boxed), Float);
        assert_eq!(Int.join(Float), Any);
        assert_eq!(List(2).join(List(3)), Any);
    }

    #[test]
    fn whatever_is_joined_fits() {
        for a in ALL {
            for b in ALL {
                assert!(a.fits(a.join(b)), "{a:?} {b:?}");
            }
        }
        assert!(!Any.fits(Int) && !Int.fits(Float) && !Any.fits(Boxed));
    }

    #[test]
    fn constants_have_types() {
        assert_eq!(Type::of_word(Word::small_wrapping(-3).bits()), Int);
        assert_eq!(Type::of_word(Word::NIL.bits()), Any);
        assert_eq!(constant(Word::NIL.bits()), None);
    }
}
