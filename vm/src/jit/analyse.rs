//! What a function's executed instructions do: operands, ways on, liveness.
//!
//! In: a function's code words. Out: its instructions by word offset, each with the registers it reads and
//! writes, where it may go on, and which registers are live before it. Instructions that go on with
//! the one behind them (`exec.rs`) come out as the plain ones that they stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use rata_bytecode::natives::NATIVES;
use smallvec::{SmallVec, smallvec};

use super::abi::MOST_REGISTERS;
use super::wrappers::{self, Wrapped};
use crate::code::emit::SwitchTable;
use crate::code::exec::{Ex, Shape, args_words};
use crate::code::function::{Function, Handler, Info};
use crate::vm::Vm;

/// The longest code that is compiled, in words.
const MOST_WORDS: usize = 6000;

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Registers([u64; 4]);

impl Registers {
    pub(crate) fn insert(&mut self, register: u16) {
        self.0[register as usize >> 6] |= 1 << (register & 63);
    }

    pub(crate) fn remove(&mut self, register: u16) {
        self.0[register as usize >> 6] &= !(1 << (register & 63));
    }

    pub(crate) fn contains(&self, register: u16) -> bool {
        self.0[register as usize >> 6] >> (register & 63) & 1 == 1
    }

    fn add(&mut self, other: Registers) {
        (0..4).for_each(|i| self.0[i] |= other.0[i]);
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u16> {
        (0..256).filter(move |&register| self.contains(register))
    }
}

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) struct Ins {
    pub(crate) op: Ex,
    /// Its word offset, and that of the next.
    pub(crate) at: u32,
    pub(crate) next: u32,
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) c: u16,
    /// The registers of an `args` instruction.
    pub(crate) args: SmallVec<[u16; 4]>,
    /// Its extension words.
    pub(crate) ext: SmallVec<[u64; 3]>,
    pub(crate) uses: SmallVec<[u16; 4]>,
    pub(crate) defs: SmallVec<[u16; 2]>,
    /// Where it may jump.
    pub(crate) targets: SmallVec<[u32; 1]>,
    /// Whether it may go on with the next.
    pub(crate) falls: bool,
    /// Live before it.
    pub(crate) live: Registers,
}

impl Ins {
    /// c as an int.
    pub(crate) fn c_int(&self) -> i64 {
        self.c as i16 as i64
    }

    /// b as an int.
    pub(crate) fn b_int(&self) -> i64 {
        self.b as i16 as i64
    }

    /// The info word, which comes last.
    pub(crate) fn info(&self) -> Info {
        Info(self.ext.last().copied().unwrap_or(0))
    }

    /// The count beside a distance.
    pub(crate) fn count(&self) -> u64 {
        self.ext[0] >> 32
    }
}

/// A function's instructions.
pub(crate) struct Analysis {
    pub(crate) function: &'static Function,
    pub(crate) code: BTreeMap<u32, Ins>,
    /// The first instruction behind `Enter`.
    pub(crate) first: u32,
    /// Calls of the native of `Math.sqrt`.
    pub(crate) roots: BTreeSet<u32>,
    /// Calls of functions that only call a native.
    pub(crate) wrapped: BTreeMap<u32, Wrapped>,
    /// Where it goes on when a wait for messages is over.
    pub(crate) waits: Vec<u32>,
}

impl Analysis {
    /// Of a function that can be compiled.
    pub(crate) fn of(function: &'static Function, vm: &Vm) -> Option<Analysis> {
        let words: Vec<u64> =
            function.body().code.iter().map(|word| word.load(Ordering::Relaxed)).collect();
        let parameters = function.arity + function.captures + 2;
        if function.registers() > MOST_REGISTERS
            || parameters as usize > MOST_REGISTERS
            || words.len() > MOST_WORDS
            || words.get(1).is_none_or(|&word| Ex::of(word) != Ex::Enter)
        {
            return None;
        }
        let mut code = BTreeMap::new();
        let mut at = 3;
        while at < words.len() {
            let ins = decode(&words, at)?;
            at = ins.next as usize;
            code.insert(ins.at, ins);
        }
        let wrapped = code.values().filter_map(|ins| Some((ins.at, wrapped_by(ins, vm)?)));
        let wrapped: BTreeMap<u32, Wrapped> = wrapped.collect();
        let waits =
            code.values().filter(|ins| ins.op == Ex::RecvWait).map(|ins| ins.next).collect();
        let roots = BTreeSet::new();
        let mut analysis = Analysis { function, code, first: 3, roots, wrapped, waits };
        analysis.roots = analysis.calls_of("math_sqrt");
        analysis.find_live();
        Some(analysis)
    }

    /// Whether the function calls itself, other than in place of its frame.
    pub(crate) fn is_recursive(&self) -> bool {
        let this = std::ptr::from_ref(self.function) as u64;
        self.code.values().any(|ins| match ins.op {
            Ex::Call | Ex::Call0 | Ex::Call1 | Ex::Call2 | Ex::Call3 | Ex::CallAddInt => {
                ins.ext[0] == this
            }
            _ => false,
        })
    }

    /// Whether an instruction is a tail call of the function itself, with all its parameters.
    pub(crate) fn is_loop(&self, ins: &Ins) -> bool {
        match ins.op {
            Ex::TailSelf1 | Ex::TailSelf2 | Ex::TailSelf3 => true,
            Ex::TailCall | Ex::TailCall0 | Ex::TailCall1 | Ex::TailCall2 | Ex::TailCall3 => {
                let f = self.function;
                let plain = f.captures == 0 && !f.wants_self;
                plain
                    && ins.ext[0] == std::ptr::from_ref(f) as u64
                    && ins.args.len() == f.arity as usize
            }
            _ => false,
        }
    }

    /// The calls of a native with one argument, or of a function that only calls it.
    pub(crate) fn calls_of(&self, name: &str) -> BTreeSet<u32> {
        let native = |ins: &Ins| match (ins.op, self.wrapped.get(&ins.at)) {
            (Ex::CallNative, _) => Some(ins.ext[0] as usize),
            (Ex::CallImport, Some(wrapped)) => Some(wrapped.native),
            _ => None,
        };
        let is_it = |i: usize| NATIVES.get(i).is_some_and(|native| native.name == name);
        let calls = self.code.values().filter(|ins| ins.args.len() == 1);
        calls.filter(|ins| native(ins).is_some_and(is_it)).map(|ins| ins.at).collect()
    }

    /// What catches the exceptions of an instruction.
    pub(crate) fn handler(&self, at: u32) -> Option<&'static Handler> {
        self.function.handler(at)
    }

    /// What is live before the instruction at a place.
    pub(crate) fn live_at(&self, at: u32) -> Registers {
        self.code.get(&at).map_or_else(Registers::default, |ins| ins.live)
    }

    /// Backward data flow, until nothing changes.
    fn find_live(&mut self) {
        let places: Vec<u32> = self.code.keys().rev().copied().collect();
        loop {
            let mut changed = false;
            for at in &places {
                let ins = &self.code[at];
                let mut live = Registers::default();
                if ins.falls {
                    live = self.live_at(ins.next);
                    ins.defs.iter().for_each(|&register| live.remove(register));
                }
                for &target in &ins.targets {
                    live.add(self.live_at(target));
                }
                if let Some(handler) = self.handler(*at) {
                    let mut caught = self.live_at(handler.target);
                    caught.remove(handler.register);
                    live.add(caught);
                }
                ins.uses.iter().for_each(|&register| live.insert(register));
                if live != ins.live {
                    changed = true;
                    if let Some(ins) = self.code.get_mut(at) {
                        ins.live = live;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }
}

/// The native that the function which a call leads to consists of.
fn wrapped_by(ins: &Ins, vm: &Vm) -> Option<Wrapped> {
    if !matches!(ins.op, Ex::CallImport | Ex::TailImport) {
        return None;
    }
    wrappers::wrapped(linked(ins, vm)?, ins.args.len())
}

/// The function that an import leads to, if its module is there.
pub(crate) fn linked(ins: &Ins, vm: &Vm) -> Option<&'static Function> {
    let link = super::translate::link_of(ins);
    link.function().or_else(|| vm.link(link, ins.args.len() as u32))
}

fn field(word: u64, n: u32) -> u16 {
    (word >> (16 * n)) as u16
}

/// The instruction at a word offset; nothing if it is none that compiled functions have.
pub(crate) fn decode(words: &[u64], at: usize) -> Option<Ins> {
    let word = *words.get(at)?;
    let op = Ex::of(word);
    let (shape, ext) = op.shape();
    let [a, b, c] = [field(word, 1), field(word, 2), field(word, 3)];
    let count = shape.registers(a);
    let length = count.map_or(1, args_words);
    let register = |i: usize| field(words[at + (i + 2) / 4], (i as u32 + 2) % 4);
    let mut ins = Ins {
        op,
        at: at as u32,
        next: (at + length + ext) as u32,
        a,
        b,
        c,
        args: (0..count.unwrap_or(0)).map(register).collect(),
        ext: words.get(at + length..at + length + ext)?.into(),
        uses: smallvec![],
        defs: smallvec![],
        targets: smallvec![],
        falls: true,
        live: Registers::default(),
    };
    if shape == Shape::Rel {
        ins.targets.push((at as i64 + (word as i64 >> 32)) as u32);
    }
    plain_form(&mut ins, words);
    operands(&mut ins).then_some(ins)
}

/// Makes an instruction that goes on with the next one the plain one it stands for.
fn plain_form(ins: &mut Ins, words: &[u64]) {
    let next = ins.next as usize;
    let argument = |of: usize, i: u16| field(words[of + (i as usize + 2) / 4], (i as u32 + 2) % 4);
    match ins.op {
        Ex::UnlessListThenEntry => ins.op = Ex::UnlessList,
        Ex::ListEntryTwice => ins.op = Ex::ListEntry,
        Ex::AddTailSelf2 | Ex::AddTailSelf3 => {
            ins.op = Ex::Add;
            ins.a = argument(next, ins.a);
        }
        // Its sum is an argument of the `TailSelf` after the addition that follows.
        Ex::CountTailSelf2 => ins.a = argument(next + 1, ins.a),
        _ => {}
    }
}

/// Finds what it reads and writes and where it goes on; false for what is never compiled.
fn operands(ins: &mut Ins) -> bool {
    let (a, b, c) = (ins.a, ins.b, ins.c);
    let jump = |ins: &Ins| (ins.at as i64 + ins.ext[0] as u32 as i32 as i64) as u32;
    let d = ins.ext.first().map_or(0, |&word| word as u16);
    ins.uses.extend(ins.args.iter().copied());
    match ins.op {
        Ex::LoadSmall | Ex::LoadWord => ins.defs.push(a),
        Ex::Move | Ex::Neg | Ex::Not | Ex::Field | Ex::ExceptionType | Ex::ExceptionParts => {
            ins.defs.push(a);
            ins.uses.push(b);
        }
        Ex::Vector | Ex::List | Ex::MapKeys | Ex::Map | Ex::Set | Ex::Text | Ex::Closure => {
            ins.defs.push(d);
        }
        Ex::Cons => {
            ins.defs.push(d);
            ins.uses.push((ins.ext[0] >> 16) as u16);
        }
        Ex::Cons1 | Ex::Range | Ex::Index => {
            ins.defs.push(a);
            ins.uses.extend([b, c]);
        }
        Ex::Add | Ex::Sub | Ex::Mul | Ex::Div | Ex::IntDiv | Ex::Mod | Ex::Pow => {
            ins.defs.push(a);
            ins.uses.extend([b, c]);
        }
        Ex::Eq | Ex::Ne | Ex::Lt | Ex::Le | Ex::Gt | Ex::Ge => {
            ins.defs.push(a);
            ins.uses.extend([b, c]);
        }
        Ex::AddInt | Ex::SubInt | Ex::MulInt | Ex::IntDivInt | Ex::ModInt | Ex::CountTailSelf2 => {
            ins.defs.push(a);
            ins.uses.push(b);
        }
        Ex::EqInt | Ex::NeInt | Ex::LtInt | Ex::LeInt | Ex::GtInt | Ex::GeInt => {
            ins.defs.push(a);
            ins.uses.push(b);
        }
        Ex::ListEntry | Ex::VectorEntry | Ex::VectorRest => {
            ins.defs.push(a);
            ins.uses.push(b);
        }
        Ex::Jump | Ex::JumpBack => ins.falls = false,
        Ex::If | Ex::Unless => ins.uses.push(a),
        Ex::IfEq
        | Ex::IfNe
        | Ex::IfLt
        | Ex::IfLe
        | Ex::IfGt
        | Ex::IfGe
        | Ex::UnlessEq
        | Ex::UnlessNe
        | Ex::UnlessLt
        | Ex::UnlessLe
        | Ex::UnlessGt
        | Ex::UnlessGe
        | Ex::UnlessSame => {
            ins.uses.extend([a, b]);
            ins.targets.push(jump(ins));
        }
        Ex::IfEqInt
        | Ex::IfNeInt
        | Ex::IfLtInt
        | Ex::IfLeInt
        | Ex::IfGtInt
        | Ex::IfGeInt
        | Ex::UnlessEqInt
        | Ex::UnlessNeInt
        | Ex::UnlessLtInt
        | Ex::UnlessLeInt
        | Ex::UnlessGtInt
        | Ex::UnlessGeInt
        | Ex::UnlessWord
        | Ex::UnlessConst
        | Ex::UnlessList
        | Ex::UnlessVector
        | Ex::UnlessLonger
        | Ex::UnlessMap
        | Ex::UnlessType
        | Ex::RecvWait => {
            ins.uses.push(a);
            ins.targets.push(jump(ins));
        }
        Ex::Switch => {
            ins.uses.push(a);
            let table = super::translate::switch_table(ins);
            ins.targets = switch_targets(ins.at, table);
            ins.falls = false;
        }
        Ex::Uncons => {
            ins.defs.extend([a, b]);
            ins.uses.push(c);
            ins.targets.push(jump(ins));
        }
        Ex::MapEntry | Ex::Prefix => {
            ins.defs.push(a);
            ins.uses.push(b);
            ins.targets.push(jump(ins));
        }
        Ex::MapEntryAt => {
            ins.defs.push(a);
            ins.uses.extend([b, c]);
            ins.targets.push(jump(ins));
        }
        Ex::RecvPeek => ins.defs.push(a),
        Ex::Call
        | Ex::Call0
        | Ex::Call1
        | Ex::Call2
        | Ex::Call3
        | Ex::CallImport
        | Ex::CallNative => ins.defs.push(ins.info().register() as u16),
        Ex::CallAddInt => {
            ins.uses.push(b);
            ins.defs.push(ins.info().register() as u16);
        }
        Ex::CallValue | Ex::CallField | Ex::CallNamed => {
            ins.uses.push(d);
            ins.defs.push(ins.info().register() as u16);
        }
        Ex::TailCall
        | Ex::TailCall0
        | Ex::TailCall1
        | Ex::TailCall2
        | Ex::TailCall3
        | Ex::TailSelf1
        | Ex::TailSelf2
        | Ex::TailSelf3
        | Ex::TailImport
        | Ex::Fail
        | Ex::ReturnWord => ins.falls = false,
        Ex::TailValue | Ex::TailField | Ex::TailNamed => {
            ins.uses.push(d);
            ins.falls = false;
        }
        Ex::Return | Ex::Raise | Ex::Reraise => {
            ins.uses.push(a);
            ins.falls = false;
        }
        Ex::ReturnAdd => {
            ins.uses.extend([b, c]);
            ins.falls = false;
        }
        Ex::Global | Ex::Member => ins.defs.push(a),
        Ex::SetGlobal | Ex::CheckType | Ex::RecvMark => ins.uses.push(a),
        Ex::Define | Ex::CheckDefined | Ex::RecvStart | Ex::RecvTake | Ex::RecvSkip => {}
        _ => return false,
    }
    true
}

fn switch_targets(at: u32, table: &SwitchTable) -> SmallVec<[u32; 1]> {
    let cases = table.words.iter().map(|&(_, distance)| distance);
    let boxed = table.boxed.iter().map(|&(_, distance)| distance);
    let all = cases.chain(boxed).chain([table.default]);
    all.map(|distance| (at as i64 + distance as i64) as u32).collect()
}
