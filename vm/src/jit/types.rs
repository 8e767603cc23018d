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
use super::feedback::{Feedback, Seen};
use super::helpers::Operator;
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
    fn join(self, other: Type) -> Type {
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

/// The second operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    Register(u16),
    Int(i64),
}

/// What becomes of an operator's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Goes into a register.
    Value(u16),
    /// Is used by the instruction.
    Used,
    /// Decides a jump, taken if it is this.
    Branch(bool),
}

/// An operator on numbers, as an instruction has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numeric {
    pub(crate) operator: Operator,
    pub(crate) x: u16,
    pub(crate) y: Operand,
    pub(crate) form: Form,
}

/// Adding an int below zero is subtracting one, so that errors name the right operator.
fn offset(n: i64) -> (Operator, i64) {
    if n < 0 { (Operator::Sub, -n) } else { (Operator::Add, n) }
}

/// The operator of an instruction that has one of numbers.
pub(crate) fn numeric(ins: &Ins) -> Option<Numeric> {
    use Operator::{Add, Div, Eq, Ge, Gt, IntDiv, Le, Lt, Mod, Mul, Ne, Sub};
    let (rc, ic) = (Operand::Register(ins.c), Operand::Int(ins.c_int()));
    let (rb, ib) = (Operand::Register(ins.b), Operand::Int(ins.b_int()));
    let value = |operator, y| Numeric { operator, x: ins.b, y, form: Form::Value(ins.a) };
    let branch =
        |operator, y, wanted| Numeric { operator, x: ins.a, y, form: Form::Branch(wanted) };
    Some(match ins.op {
        Ex::Add => value(Add, rc),
        Ex::Sub => value(Sub, rc),
        Ex::Mul => value(Mul, rc),
        Ex::Div => value(Div, rc),
        Ex::IntDiv => value(IntDiv, rc),
        Ex::Mod => value(Mod, rc),
        Ex::AddInt => value(Add, ic),
        Ex::SubInt => value(Sub, ic),
        Ex::MulInt => value(Mul, ic),
        Ex::IntDivInt => value(IntDiv, ic),
        Ex::ModInt => value(Mod, ic),
        Ex::CountTailSelf2 | Ex::CallAddInt => {
            let (operator, n) = offset(ins.c_int());
            let counted = value(operator, Operand::Int(n));
            let form = if ins.op == Ex::CallAddInt { Form::Used } else { counted.form };
            Numeric { form, ..counted }
        }
        Ex::ReturnAdd => Numeric { form: Form::Used, ..value(Add, rc) },
        Ex::Eq => value(Eq, rc),
        Ex::Ne => value(Ne, rc),
        Ex::Lt => value(Lt, rc),
        Ex::Le => value(Le, rc),
        Ex::Gt => value(Gt, rc),
        Ex::Ge => value(Ge, rc),
        Ex::EqInt => value(Eq, ic),
        Ex::NeInt => value(Ne, ic),
        Ex::LtInt => value(Lt, ic),
        Ex::LeInt => value(Le, ic),
        Ex::GtInt => value(Gt, ic),
        Ex::GeInt => value(Ge, ic),
        Ex::IfEq => branch(Eq, rb, true),
        Ex::IfNe => branch(Ne, rb, true),
        Ex::IfLt => branch(Lt, rb, true),
        Ex::IfLe => branch(Le, rb, true),
        Ex::IfGt => branch(Gt, rb, true),
        Ex::IfGe => branch(Ge, rb, true),
        Ex::UnlessEq => branch(Eq, rb, false),
        Ex::UnlessNe => branch(Ne, rb, false),
        Ex::UnlessLt => branch(Lt, rb, false),
        Ex::UnlessLe => branch(Le, rb, false),
        Ex::UnlessGt => branch(Gt, rb, false),
        Ex::UnlessGe => branch(Ge, rb, false),
        Ex::IfEqInt => branch(Eq, ib, true),
        Ex::IfNeInt => branch(Ne, ib, true),
        Ex::IfLtInt => branch(Lt, ib, true),
        Ex::IfLeInt => branch(Le, ib, true),
        Ex::IfGtInt => branch(Gt, ib, true),
        Ex::IfGeInt => branch(Ge, ib, true),
        Ex::UnlessEqInt => branch(Eq, ib, false),
        Ex::UnlessNeInt => branch(Ne, ib, false),
        Ex::UnlessLtInt => branch(Lt, ib, false),
        Ex::UnlessLeInt => branch(Le, ib, false),
        Ex::UnlessGtInt => branch(Gt, ib, false),
        Ex::UnlessGeInt => branch(Ge, ib, false),
        _ => return None,
    })
}

/// What is known about a function's registers.
pub(crate) struct Types {
    before: BTreeMap<u32, State>,
    modes: BTreeMap<u32, Mode>,
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
    mixes: bool,
}

impl Types {
    /// Finds them; guesses only if asked to.
    pub(crate) fn of(code: &Analysis, feedback: &Feedback, guessing: bool) -> Types {
        let mut candidates = if guessing { vectors_of(code, feedback) } else { BTreeSet::new() };
        loop {
            let mut search = Search::new(code, feedback, guessing);
            search.run(&candidates);
            let types = search.types;
            let kept = |i: &u16| types.slices.contains(i);
            if candidates.iter().all(kept) {
                return types;
            }
            // What has to become a vector on the way is better none from the beginning.
            candidates.retain(kept);
        }
    }

    fn none(code: &Analysis, feedback: &Feedback) -> Types {
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

struct Search<'a> {
    code: &'a Analysis,
    feedback: &'a Feedback,
    guessing: bool,
    types: Types,
    changed: BTreeSet<u32>,
}

impl<'a> Search<'a> {
    fn new(code: &'a Analysis, feedback: &'a Feedback, guessing: bool) -> Search<'a> {
        let types = Types::none(code, feedback);
        Search { code, feedback, guessing, types, changed: BTreeSet::new() }
    }

    /// Finds the types, with these parameters as slices.
    fn run(&mut self, slices: &BTreeSet<u16>) {
        let code = self.code;
        let mut entry = vec![Unset; code.function.registers()];
        let given = code.function.arity + code.function.captures + code.function.wants_self as u32;
        entry[..given as usize].fill(Any);
        let mut guesses = Vec::new();
        if self.guessing && code.code.values().any(|ins| code.is_loop(ins)) {
            let parameters = entry.iter_mut().take(code.function.arity as usize);
            for (i, known) in parameters.enumerate() {
                if slices.contains(&(i as u16)) {
                    *known = Slice;
                    self.types.slices.push(i as u16);
                    continue;
                }
                let Some(kind) = self.feedback.param(i).only() else { continue };
                *known = checked(kind);
                guesses.push((i as u16, kind));
            }
        }
        self.reach(code.first, &entry);
        // Where it is entered behind a wait, all comes as words.
        for &at in &code.waits {
            self.reach(at, &vec![Any; entry.len()]);
        }
        while let Some(at) = self.changed.pop_first() {
            if let Some(ins) = code.code.get(&at) {
                self.visit(ins);
            }
        }
        // Whatever the loop does not keep needs no check.
        let first = self.types.at(code.first).cloned().unwrap_or_default();
        let kept = |&i: &u16| first.get(i as usize).is_some_and(|&t| t != Any);
        guesses.retain(|(i, _)| kept(i));
        self.types.guards = guesses;
        self.types.slices.retain(kept);
    }

    fn reach(&mut self, at: u32, state: &[Type]) {
        let Some(old) = self.types.before.get_mut(&at) else {
            self.types.before.insert(at, state.to_vec());
            self.changed.insert(at);
            return;
        };
        let live = self.code.live_at(at);
        for (i, (old, &new)) in old.iter_mut().zip(state).enumerate() {
            let joined = old.join(new);
            let lost = |t: Type| matches!(t, Float | Slice) && t != joined;
            self.types.mixes |= live.contains(i as u16) && (lost(*old) || lost(new));
            if joined != *old {
                *old = joined;
                self.changed.insert(at);
            }
        }
    }

    fn visit(&mut self, ins: &Ins) {
        let Some(mut state) = self.types.at(ins.at).cloned() else { return };
        let comes_back = comes_back(ins.op) && !self.code.wrapped.contains_key(&ins.at);
        if comes_back {
            state.iter_mut().filter(|t| **t == Slice).for_each(|t| *t = Any);
        }
        // Only calls land in compiled code; whatever else raises leaves it.
        if ins.falls
            && comes_back
            && let Some(handler) = self.code.handler(ins.at)
        {
            let mut caught = state.clone();
            caught[handler.register as usize] = Any;
            self.reach(handler.target, &caught);
        }
        if self.code.is_loop(ins) {
            let given: State = ins.args.iter().map(|&register| state[register as usize]).collect();
            state[..given.len()].copy_from_slice(&given);
            self.reach(self.code.first, &state);
            return;
        }
        let sliced = self.types.sliced(ins, &state);
        let result = self.operate(ins, &mut state, sliced);
        for &target in &ins.targets {
            self.reach(target, &state);
        }
        if ins.falls {
            if ins.op == Ex::UnlessList {
                state[ins.a as usize] = Type::list(ins.count());
            }
            ins.defs.iter().for_each(|&register| state[register as usize] = result);
            if sliced.is_some() && ins.op == Ex::Uncons {
                state[ins.b as usize] = Slice;
            }
            self.reach(ins.next, &state);
        }
    }

    /// What an instruction does to its operands, one of which may be used as a slice; gives the type of what it
    /// defines (first).
    fn operate(&mut self, ins: &Ins, state: &mut State, sliced: Option<u16>) -> Type {
        match ins.op {
            Ex::LoadSmall => return Int,
            Ex::LoadWord => return Type::of_word(ins.ext[0]),
            Ex::Move => return state[ins.b as usize],
            _ => {}
        }
        let mut result = if ins.op == Ex::List { Type::list(ins.args.len() as u64) } else { Any };
        if let Some(operator) = numeric(ins)
            && let Mode::Of(x, y) = self.mode(ins.at, operator, state)
        {
            refine(state, operator.x, x);
            if let Operand::Register(register) = operator.y {
                refine(state, register, y);
            }
            if matches!(operator.form, Form::Value(_)) && !operator.operator.compares() {
                result = if (x, y) == (Kind::Int, Kind::Int) { Int } else { Float };
            }
            return result;
        }
        if self.code.roots.contains(&ins.at)
            && self.root_mode(ins, state) == Mode::Of(Kind::Float, Kind::Float)
        {
            refine(state, ins.args[0], Kind::Float);
            return Float;
        }
        for &register in ins.uses.iter().filter(|&&register| Some(register) != sliced) {
            let known = &mut state[register as usize];
            *known = match *known {
                Float => Boxed,
                Slice => Any,
                other => other,
            };
        }
        match ins.op {
            Ex::Cons1 | Ex::VectorRest if sliced.is_some() => Slice,
            _ => result,
        }
    }

    /// How the operator is done, which only ever becomes more general.
    fn mode(&mut self, at: u32, operator: Numeric, state: &State) -> Mode {
        let now = self.choose(at, operator, state);
        let mode = self.types.modes.entry(at).or_insert(now);
        if *mode != now {
            *mode = Mode::Generic;
        }
        *mode
    }

    /// How a square root is taken.
    fn root_mode(&mut self, ins: &Ins, state: &State) -> Mode {
        let site = self.feedback.site(ins.at);
        let now = match Self::operand(state[ins.args[0] as usize], site.seen[0]) {
            Guess::Kind(Kind::Float) | Guess::Open if self.guessing && !site.generic => {
                Mode::Of(Kind::Float, Kind::Float)
            }
            _ => Mode::Generic,
        };
        let mode = self.types.modes.entry(ins.at).or_insert(now);
        if *mode != now {
            *mode = Mode::Generic;
        }
        *mode
    }

    fn choose(&self, at: u32, n: Numeric, state: &State) -> Mode {
        let site = self.feedback.site(at);
        if site.generic || !self.guessing || self.types.texts.contains(&at) {
            return Mode::Generic;
        }
        let x = Self::operand(state[n.x as usize], site.seen[0]);
        let y = match n.y {
            Operand::Register(register) => Self::operand(state[register as usize], site.seen[1]),
            Operand::Int(_) => Guess::Kind(Kind::Int),
        };
        let (x, y) = match (x, y) {
            (Guess::None, _) | (_, Guess::None) => return Mode::Generic,
            (Guess::Open, Guess::Open) if matches!(n.operator, Operator::Eq | Operator::Ne) => {
                return Mode::Generic;
            }
            (Guess::Open, Guess::Open) => (Kind::Int, Kind::Int),
            (Guess::Kind(x), Guess::Open) => (x, x),
            (Guess::Open, Guess::Kind(y)) => (y, y),
            (Guess::Kind(x), Guess::Kind(y)) => (x, y),
        };
        let (ints, same) = ((x, y) == (Kind::Int, Kind::Int), x == y);
        let possible = match n.operator {
            Operator::Add | Operator::Sub | Operator::Mul => true,
            Operator::Div => !ints,
            Operator::IntDiv | Operator::Mod => ints,
            _ => same,
        };
        if possible { Mode::Of(x, y) } else { Mode::Generic }
    }

    fn operand(known: Type, seen: Seen) -> Guess {
        match known {
            Int => Guess::Kind(Kind::Int),
            Float | Boxed => Guess::Kind(Kind::Float),
            List(_) | Slice => Guess::None,
            _ if seen == Seen::default() => Guess::Open,
            _ => seen.only().map_or(Guess::None, Guess::Kind),
        }
    }
}

/// The parameters of a loop whose registers have entries taken off or put before them.
fn vectors_of(code: &Analysis, feedback: &Feedback) -> BTreeSet<u16> {
    let mut registers = BTreeSet::new();
    if code.code.values().any(|ins| code.is_loop(ins)) {
        registers.extend(code.code.values().filter_map(vector_of));
    }
    registers.retain(|&i| (i as u32) < code.function.arity && !feedback.is_odd(i as usize));
    registers
}

fn vector_of(ins: &Ins) -> Option<u16> {
    match ins.op {
        Ex::Uncons | Ex::Cons1 => Some(ins.c),
        Ex::VectorRest => Some(ins.b),
        _ => None,
    }
}

/// Whether it calls a function and goes on with what that returns.
fn comes_back(op: Ex) -> bool {
    matches!(
        op,
        Ex::Call
            | Ex::Call0
            | Ex::Call1
            | Ex::Call2
            | Ex::Call3
            | Ex::CallAddInt
            | Ex::CallImport
            | Ex::CallValue
            | Ex::CallField
    )
}

/// What an operand may be.
#[derive(Clone, Copy)]
enum Guess {
    Kind(Kind),
    Open,
    None,
}

/// The type of a register that was found to hold a number.
pub(crate) fn checked(kind: Kind) -> Type {
    match kind {
        Kind::Int => Int,
        Kind::Float => Boxed,
    }
}

fn refine(state: &mut State, register: u16, kind: Kind) {
    let state = &mut state[register as usize];
    if *state == Any {
        *state = checked(kind);
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
