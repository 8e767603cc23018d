//! The forward data flow that finds the types of registers (`types.rs`).
//!
//! In: the analysis of a function, what its misses have taught, which parameters may be slices. Out: [`Types`].

use std::collections::BTreeSet;

use super::analyse::{Analysis, Closures, Ins, comes_back};
use super::feedback::Seen;
use super::helpers::Operator;
use super::operators::{Form, Numeric, Operand, numeric};
use super::types::Type::{Any, Boxed, Float, Int, List, Slice, Unset};
use super::types::{Inlined, Kind, Mode, State, Type, Types, checked};
use crate::code::exec::Ex;

/// What is found meanwhile.
pub(super) struct Search<'a> {
    code: &'a Analysis,
    guessing: bool,
    pub(super) types: Types,
    changed: BTreeSet<u32>,
}

impl<'a> Search<'a> {
    pub(super) fn new(code: &'a Analysis) -> Search<'a> {
        let (types, guessing) = (Types::none(code), code.feedback.may_guess());
        Search { code, guessing, types, changed: BTreeSet::new() }
    }

    /// Finds the types, with these parameters as slices, for arguments of types that are known so far.
    pub(super) fn run(&mut self, slices: &BTreeSet<u16>, given: &[Type]) {
        let code = self.code;
        let mut entry = vec![Unset; code.function.registers()];
        let all = code.function.arity + code.function.captures + code.function.wants_self as u32;
        entry[..all as usize].fill(Any);
        entry[..given.len()].copy_from_slice(given);
        let mut guesses = Vec::new();
        if self.guessing && code.code.values().any(|ins| code.is_loop(ins)) {
            let parameters = entry.iter_mut().take(code.function.arity as usize);
            for (i, known) in parameters.enumerate() {
                if slices.contains(&(i as u16)) {
                    *known = Slice;
                    self.types.slices.push(i as u16);
                    continue;
                }
                if let Some(kind) = code.feedback.param(i).only()
                    && *known == Any
                {
                    *known = checked(kind);
                    guesses.push((i as u16, kind));
                }
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
        // Whatever the loop does not keep needs no check; what it does not read may be gone.
        let first = self.types.at(code.first).cloned().unwrap_or_default();
        let live = code.live_at(code.first);
        let kept = |&i: &u16| first.get(i as usize).is_some_and(|&t| t != Any) && live.contains(i);
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
        if let Some(inner) = self.code.inlined.get(&ins.at) {
            return self.visit_inlined(ins, inner, state);
        }
        if let Some(closures) = self.code.closures.get(&ins.at) {
            return self.visit_closures(ins, closures, state);
        }
        let sliced = self.types.sliced(ins, &state);
        let result = self.operate(ins, &mut state, sliced);
        self.returned(ins, &state);
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

    /// The code of another function stands in the place of a call.
    fn visit_inlined(&mut self, ins: &Ins, inner: &Analysis, mut state: State) {
        let given: Vec<Type> = match ins.op {
            Ex::CallAddInt => {
                self.operate(ins, &mut state, None);
                let ints = self.types.mode(ins.at) == Mode::Of(Kind::Int, Kind::Int);
                vec![if ints { Int } else { Any }]
            }
            _ => {
                for &register in &ins.args {
                    let known = &mut state[register as usize];
                    *known = if *known == Slice { Any } else { *known };
                }
                ins.args.iter().map(|&register| state[register as usize]).collect()
            }
        };
        let old = self.types.inlined.remove(&ins.at);
        // With arguments of more types another guess may be right: what was found before counts as well.
        let before = old.as_ref().map_or(Unset, |old| old.result);
        let mut known = Inlined::of(old, inner, &given);
        let result = known.types.result;
        let result = before.join(if ins.falls { self.given_back(ins, result) } else { result });
        known.result = result;
        self.types.inlined.insert(ins.at, known);
        if !ins.falls {
            self.types.result = self.types.result.join(result);
            return;
        }
        ins.defs.iter().for_each(|&register| state[register as usize] = result);
        self.reach(ins.next, &state);
    }

    /// The code of closures stands in the place of a call.
    fn visit_closures(&mut self, ins: &Ins, closures: &Closures, mut state: State) {
        let closure = ins.ext[0] as u16;
        for &register in ins.args.iter().chain([&closure]) {
            let known = &mut state[register as usize];
            *known = match *known {
                Slice => Any,
                Float if register == closure => Boxed,
                other => other,
            };
        }
        let given: Vec<Type> = ins.args.iter().map(|&register| state[register as usize]).collect();
        let old = self.types.closures.remove(&ins.at).unwrap_or_default();
        let before = old.first().map_or(Unset, |old| old.result);
        let mut old = old.into_iter();
        let mut result = if closures.many { Any } else { Unset };
        let mut known = Vec::with_capacity(closures.known.len());
        for inner in &closures.known {
            let f = inner.function;
            let mut given = given.clone();
            given.resize(given.len() + f.captures as usize + f.wants_self as usize, Any);
            let inlined = Inlined::of(old.next(), inner, &given);
            result = result.join(inlined.types.result);
            known.push(inlined);
        }
        let result = before.join(self.given_back(ins, result));
        known.iter_mut().for_each(|inlined| inlined.result = result);
        self.types.closures.insert(ins.at, known);
        ins.defs.iter().for_each(|&register| state[register as usize] = result);
        self.reach(ins.next, &state);
    }

    /// What a call gives back in whose place code stands that returns this.
    fn given_back(&self, ins: &Ins, result: Type) -> Type {
        let site = self.code.feedback.site(ins.at);
        let known = site.seen[0] == Seen::default() && !site.generic;
        // If it never returns, whoever is called in its place may do so.
        if known && result != Unset { result } else { Any }
    }

    /// What an instruction returns, if it does.
    fn returned(&mut self, ins: &Ins, state: &State) {
        let known = match ins.op {
            Ex::Return => state[ins.a as usize],
            Ex::ReturnWord => Type::of_word(ins.ext[0]),
            Ex::ReturnAdd => match self.types.mode(ins.at) {
                Mode::Generic => Any,
                Mode::Of(Kind::Int, Kind::Int) => Int,
                Mode::Of(..) => Float,
            },
            Ex::TailImport if self.code.wrapped.contains_key(&ins.at) => Any,
            _ => return,
        };
        let known = match known {
            Boxed => Float,
            Int | Float => known,
            _ => Any,
        };
        self.types.result = self.types.result.join(known);
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
        let site = self.code.feedback.site(ins.at);
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
        let site = self.code.feedback.site(at);
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
pub(super) fn vectors_of(code: &Analysis) -> BTreeSet<u16> {
    let mut registers = BTreeSet::new();
    let feedback = &code.feedback;
    if feedback.may_guess() && code.code.values().any(|ins| code.is_loop(ins)) {
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

/// What an operand may be.
#[derive(Clone, Copy)]
enum Guess {
    Kind(Kind),
    Open,
    None,
}

fn refine(state: &mut State, register: u16, kind: Kind) {
    let state = &mut state[register as usize];
    if *state == Any {
        *state = checked(kind);
    }
}
