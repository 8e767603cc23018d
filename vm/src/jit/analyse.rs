//! What a function's executed instructions do: operands, ways on, liveness.
//!
//! In: a function's code words. Out: its instructions by word offset, each with the registers it reads and
//! writes, where it may go on (`decode.rs`), and which registers are live before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use rata_bytecode::natives::NATIVES;
use smallvec::SmallVec;

use super::abi::MOST_REGISTERS;
use super::decode::decode;
use super::feedback::Feedback;
use super::wrappers::{self, Wrapped};
use crate::code::exec::Ex;
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

/// Whom a function calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Calls {
    None,
    Others,
    Itself,
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
    /// What has been seen of its operands.
    pub(crate) feedback: Feedback,
    /// Calls in whose place stands the code of whom they call (`inline.rs`).
    pub(crate) inlined: BTreeMap<u32, Analysis>,
    /// Calls of closures, with the code of those that they mostly are.
    pub(crate) closures: BTreeMap<u32, Closures>,
}

/// What stands in the place of a call of a closure.
pub(crate) struct Closures {
    /// The code of those that were met.
    pub(crate) known: Vec<Analysis>,
    /// Whether others were met.
    pub(crate) many: bool,
}

impl Analysis {
    /// Of a function that can be compiled.
    pub(crate) fn of(function: &'static Function, vm: &Vm, feedback: Feedback) -> Option<Analysis> {
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
        let waits = code.values().filter(|ins| matches!(ins.op, Ex::RecvWait | Ex::JumpBack));
        let waits = waits.map(|ins| ins.next).collect();
        let mut analysis = Analysis {
            function,
            code,
            first: 3,
            roots: BTreeSet::new(),
            wrapped,
            waits,
            feedback,
            inlined: BTreeMap::new(),
            closures: BTreeMap::new(),
        };
        analysis.roots = analysis.calls_of("math_sqrt");
        analysis.find_live();
        Some(analysis)
    }

    /// Whom the function calls, but for calls in whose place it goes on.
    pub(crate) fn calls(&self) -> Calls {
        self.calls_within(std::ptr::from_ref(self.function) as u64)
    }

    /// The same, seen from the function that this code stands in.
    fn calls_within(&self, root: u64) -> Calls {
        self.code.values().fold(Calls::None, |calls, ins| {
            calls.max(match (ins.op, self.inlined.get(&ins.at)) {
                (_, Some(inlined)) => inlined.calls_within(root),
                (op, _) if !comes_back(op) => Calls::None,
                (Ex::CallImport | Ex::CallValue | Ex::CallField, _) => Calls::Others,
                _ if ins.ext[0] == root => Calls::Itself,
                _ => Calls::Others,
            })
        })
    }

    /// The reductions that a call costs. Calls that are inlined are not counted one by one, which would take longer than
    /// they do: half of them are made, let us say. Turns of a loop cost one: most such calls stand where it ends.
    pub(crate) fn weight(&self) -> i64 {
        1 + (self.inlined_calls() + 1) / 2
    }

    fn inlined_calls(&self) -> i64 {
        let closures = self.closures.values().flat_map(|closures| closures.known.first());
        self.inlined.values().chain(closures).map(|inner| 1 + inner.inlined_calls()).sum()
    }

    /// How often a function was called while it was interpreted.
    pub(crate) fn count(function: &Function) -> u64 {
        let code = &function.body().code;
        match code.get(1).map(|word| Ex::of(word.load(Ordering::Relaxed))) {
            Some(Ex::Enter) => code[2].load(Ordering::Relaxed),
            _ => 0,
        }
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

/// Whether it calls a function and goes on with what that returns.
pub(super) fn comes_back(op: Ex) -> bool {
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
