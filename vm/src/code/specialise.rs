//! File instructions → executed instructions.
//!
//! In: a verified function and the addresses of what its instructions name. Out: code words. Operators
//! and immediates become instructions of their own, constants and addresses stand in the code,
//! and calls carry the liveness at their return.

mod calls;
mod fuse;
mod select;

use std::collections::BTreeMap;
use std::ptr::from_ref;

use rata_bytecode::liveness::live_across;
use rata_bytecode::module as file;
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op;

use super::emit::{CallSite, Emitter, SwitchPlan};
use super::exec::Ex;
use super::function::{FnSet, Function, Handler, Info};
use super::module::{Global, Link};
use super::types::RtType;
use crate::data::map::Shape;
use crate::symbols::Symbol;
use crate::value::{Value, Word};
use select::{COMPARE, COMPARE_INT, IF, IF_INT, UNLESS, UNLESS_INT, arith, arith_int, pick};

/// What the instructions of a module name.
pub(crate) struct Names<'a> {
    pub(crate) consts: &'a [Word],
    pub(crate) functions: &'a [&'static Function],
    /// The same in the file.
    pub(crate) file: &'a [file::Function],
    pub(crate) fn_sets: &'a [&'static FnSet],
    pub(crate) links: &'a [&'static Link],
    pub(crate) natives: &'a [u32],
    pub(crate) globals: &'a [Global],
    pub(crate) types: &'a [&'static RtType],
    /// Whether functions begin with `Enter`.
    pub(crate) counted: bool,
}

/// A function's code and what is derived with it.
pub(crate) struct Specialised {
    pub(crate) words: Vec<u64>,
    pub(crate) registers: u32,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) lines: Vec<(u32, u32)>,
    pub(crate) wide: Vec<Box<[u64]>>,
    pub(crate) calls: Vec<CallSite>,
}

struct Specialiser<'a> {
    names: &'a Names<'a>,
    out: Emitter,
    infos: Vec<u64>,
    /// Whether the instruction is a call with one argument that nobody needs afterwards.
    passed_on: Vec<bool>,
    /// The function's index.
    this: usize,
    /// A register that the file does not know of.
    scratch: Reg,
    scratch_used: bool,
}

/// Specialises one function, the one with index `this`.
pub(crate) fn specialise(names: &Names<'_>, f: &file::Function, this: usize) -> Specialised {
    let mut wide = Vec::new();
    let mut infos = vec![0; f.code.len()];
    let mut passed_on = vec![false; f.code.len()];
    let mut back = back_labels(f);
    let mut registers = Vec::new();
    let entry = live_across(f, |i, op, live| {
        if needs_info(op) {
            infos[i] = info(result(op), live.as_slice(), f.registers, &mut wide).0;
        }
        if let Op::Call { args, .. } = op {
            passed_on[i] = matches!(*args.0, [arg] if !live.contains(arg));
        }
        if let Some(word) = back.get_mut(&(i as u32)) {
            registers.clear();
            registers.extend_from_slice(live.as_slice());
            op.for_each_use(|reg| registers.push(reg));
            *word = info(0, &registers, f.registers, &mut wide).0;
        }
    });
    let entry = info(0, entry.as_slice(), f.registers, &mut wide).0;
    let mut s = Specialiser {
        names,
        out: Emitter::new(entry, back),
        infos,
        passed_on,
        this,
        scratch: f.registers as Reg,
        scratch_used: false,
    };
    if names.counted {
        s.out.op(Ex::Enter, 0, 0, 0);
        s.out.ext(0);
    }
    let leaders = fuse::leaders(f);
    let mut i = 0;
    while let Some(op) = f.code.get(i) {
        s.out.begin();
        match f.code.get(i + 1).filter(|_| !leaders[i + 1]) {
            Some(next) if s.pair(i, op, next) => {
                s.out.begin_within();
                i += 2;
            }
            _ => {
                let at = s.out.words.len();
                s.op(i, op);
                if let Some(&first) = s.out.words.get(at) {
                    s.out.words[at] = s.with_next(first, op, &f.code[i + 1..]);
                }
                i += 1;
            }
        }
    }
    s.out.finish();
    let start = |label: Label| s.out.starts[label.0 as usize];
    let handler = |h: &file::Handler| Handler {
        start: start(h.start),
        end: start(h.end),
        target: s.out.target(start(h.end) as usize, h.target),
        register: h.d.0,
        guard: h.guard,
    };
    Specialised {
        handlers: f.handlers.iter().map(handler).collect(),
        lines: f.lines.iter().map(|&(at, line)| (start(Label(at)), line)).collect(),
        registers: f.registers + s.scratch_used as u32,
        words: s.out.words,
        wide,
        calls: s.out.calls,
    }
}

/// The instructions that are jumped back to, from jumps and from handlers.
fn back_labels(f: &file::Function) -> BTreeMap<u32, u64> {
    let mut back = BTreeMap::new();
    for (i, op) in f.code.iter().enumerate() {
        op.for_each_label(|to| {
            if to.0 as usize <= i {
                back.insert(to.0, 0);
            }
        });
    }
    for handler in f.handlers.iter().filter(|h| h.target < h.end) {
        back.insert(handler.target.0, 0);
    }
    back
}

/// Whether an instruction is a safepoint inside a function.
fn needs_info(op: &Op) -> bool {
    matches!(
        op,
        Op::Call { .. }
            | Op::CallImport { .. }
            | Op::CallValue { .. }
            | Op::CallField { .. }
            | Op::CallNamed { .. }
            | Op::CallNative { .. }
            | Op::TailNative { .. }
            | Op::Field { .. }
            | Op::Global { .. }
            | Op::Member { .. }
            | Op::RecvWait { .. }
    )
}

/// The register that takes the instruction's result.
fn result(op: &Op) -> Reg {
    let mut register = 0;
    op.for_each_def(|reg| register = reg);
    register
}

fn info(register: Reg, live: &[Reg], registers: u32, wide: &mut Vec<Box<[u64]>>) -> Info {
    if live.iter().all(|&reg| (reg as usize) < Info::NARROW) {
        return Info::narrow(register, live.iter().fold(0, |bits, reg| bits | 1 << reg));
    }
    let mut bits = vec![0u64; (registers as usize).div_ceil(64)];
    live.iter().for_each(|&reg| bits[reg as usize / 64] |= 1 << (reg % 64));
    wide.push(bits.into());
    Info::wide(register, wide.len() - 1)
}

/// The shape of a map with these keys, if it can have one.
fn shape_of(keys: Value<'static>) -> Option<&'static Shape> {
    let keys: Option<Vec<Symbol>> = keys.as_list()?.iter().map(|key| key.as_symbol()).collect();
    Shape::of(&keys?)
}

fn address<T>(of: &'static T) -> u64 {
    from_ref(of) as u64
}

impl Specialiser<'_> {
    fn constant(&self, k: ConstId) -> Word {
        self.names.consts[k.0 as usize]
    }

    fn function(&self, f: FnId) -> u64 {
        address(self.names.functions[f.0 as usize])
    }

    /// Whether the size of a function's frame fits into 16 bits.
    fn has_small_frame(&self, f: FnId) -> bool {
        self.names.file[f.0 as usize].registers < 65_000
    }

    fn link(&self, import: ImportId) -> u64 {
        address(self.names.links[import.0 as usize])
    }

    fn global(&self, g: GlobalId) -> u64 {
        from_ref(&self.names.globals[g.0 as usize]) as u64
    }

    fn ty(&self, ty: TypeId) -> u64 {
        address(self.names.types[ty.0 as usize])
    }

    fn op(&mut self, i: usize, op: &Op) {
        match op {
            Op::Const { .. }
            | Op::Move { .. }
            | Op::Vector { .. }
            | Op::Cons { .. }
            | Op::List { .. }
            | Op::MapKeys { .. }
            | Op::Map { .. }
            | Op::Set { .. }
            | Op::Text { .. }
            | Op::Closure { .. }
            | Op::Range { .. } => self.value(op),
            Op::Arith { .. }
            | Op::ArithInt { .. }
            | Op::Neg { .. }
            | Op::Not { .. }
            | Op::Compare { .. }
            | Op::CompareInt { .. }
            | Op::Index { .. }
            | Op::Field { .. } => self.operator(i, op),
            Op::Jump { .. }
            | Op::If { .. }
            | Op::Unless { .. }
            | Op::IfCompare { .. }
            | Op::UnlessCompare { .. }
            | Op::IfCompareInt { .. }
            | Op::UnlessCompareInt { .. }
            | Op::Switch { .. } => self.jump(op),
            Op::UnlessConst { .. }
            | Op::UnlessSame { .. }
            | Op::UnlessList { .. }
            | Op::ListEntry { .. }
            | Op::UnlessVector { .. }
            | Op::UnlessLonger { .. }
            | Op::VectorEntry { .. }
            | Op::VectorRest { .. }
            | Op::Uncons { .. }
            | Op::UnlessMap { .. }
            | Op::MapEntry { .. }
            | Op::MapEntryAt { .. }
            | Op::Prefix { .. }
            | Op::UnlessType { .. }
            | Op::UnlessMissing { .. }
            | Op::ExceptionType { .. }
            | Op::ExceptionParts { .. } => self.pattern(op),
            Op::Call { .. }
            | Op::CallImport { .. }
            | Op::CallValue { .. }
            | Op::CallField { .. }
            | Op::CallNamed { .. }
            | Op::CallNative { .. } => self.call(i, op),
            Op::TailCall { .. }
            | Op::TailImport { .. }
            | Op::TailValue { .. }
            | Op::TailField { .. }
            | Op::TailNamed { .. }
            | Op::TailNative { .. }
            | Op::Return { .. } => self.tail(i, op),
            _ => self.rest(i, op),
        }
    }

    fn value(&mut self, op: &Op) {
        match op {
            Op::Const { d, k } => self.load(d.0, self.constant(*k)),
            Op::Move { d, s } => self.out.op(Ex::Move, d.0, s.0, 0),
            Op::Vector { d, items } => self.build(Ex::Vector, d.0, &items.0),
            Op::Cons { d, items, tail } => match *items.0 {
                [item] => self.out.op(Ex::Cons1, d.0, item, tail.0),
                _ => {
                    self.out.args(Ex::Cons, &items.0);
                    self.out.ext(d.0 as u64 | (tail.0 as u64) << 16);
                }
            },
            Op::List { d, items } => self.build(Ex::List, d.0, &items.0),
            Op::MapKeys { d, keys, values } => {
                self.build(Ex::MapKeys, d.0, &values.0);
                let keys = Value::new(self.constant(*keys));
                self.out.ext(shape_of(keys).map_or(0, |shape| from_ref(shape) as u64));
                self.out.ext(keys.word().bits());
            }
            Op::Map { d, entries } => self.build(Ex::Map, d.0, &entries.0),
            Op::Set { d, items } => self.build(Ex::Set, d.0, &items.0),
            Op::Text { d, parts } => self.build(Ex::Text, d.0, &parts.0),
            Op::Closure { d, set, captures } => {
                self.build(Ex::Closure, d.0, &captures.0);
                self.out.ext(address(self.names.fn_sets[set.0 as usize]));
            }
            Op::Range { d, a, b } => self.out.op(Ex::Range, d.0, a.0, b.0),
            _ => {}
        }
    }

    fn build(&mut self, ex: Ex, d: Reg, items: &[Reg]) {
        self.out.args(ex, items);
        self.out.ext(d as u64);
    }

    fn load(&mut self, d: Reg, word: Word) {
        match word.as_small().and_then(|n| i32::try_from(n).ok()) {
            Some(n) => self.out.op(Ex::LoadSmall, d, n as u16, (n >> 16) as u16),
            None => {
                self.out.op(Ex::LoadWord, d, 0, 0);
                self.out.ext(word.bits());
            }
        }
    }

    /// An int as a 16-bit field, or loaded into the scratch register.
    fn small(&mut self, imm: Imm) -> Result<u16, Reg> {
        i16::try_from(imm.0).map(|n| n as u16).map_err(|_| {
            self.scratch_used = true;
            self.load(self.scratch, Word::small_wrapping(imm.0 as i64));
            self.scratch
        })
    }

    fn operator(&mut self, i: usize, op: &Op) {
        match *op {
            Op::Arith { op, d, a, b } => self.out.op(arith(op), d.0, a.0, b.0),
            Op::ArithInt { op, d, a, imm } => match arith_int(op) {
                Some(ex) => match self.small(imm) {
                    Ok(n) => self.out.op(ex, d.0, a.0, n),
                    Err(reg) => self.out.op(arith(op), d.0, a.0, reg),
                },
                None => {
                    self.scratch_used = true;
                    self.load(self.scratch, Word::small_wrapping(imm.0 as i64));
                    self.out.op(arith(op), d.0, a.0, self.scratch);
                }
            },
            Op::Neg { d, s } => self.out.op(Ex::Neg, d.0, s.0, 0),
            Op::Not { d, s } => self.out.op(Ex::Not, d.0, s.0, 0),
            Op::Compare { op, d, a, b } => self.out.op(pick(COMPARE, op), d.0, a.0, b.0),
            Op::CompareInt { op, d, a, imm } => match self.small(imm) {
                Ok(n) => self.out.op(pick(COMPARE_INT, op), d.0, a.0, n),
                Err(reg) => self.out.op(pick(COMPARE, op), d.0, a.0, reg),
            },
            Op::Index { d, v, i } => self.out.op(Ex::Index, d.0, v.0, i.0),
            Op::Field { d, m, name } => {
                self.out.op(Ex::Field, d.0, m.0, 0);
                self.out.ext(self.constant(name).bits());
                self.out.ext(0);
                self.out.ext(self.infos[i]);
            }
            _ => {}
        }
    }

    fn jump(&mut self, op: &Op) {
        match op {
            Op::Jump { to } => self.out.rel(Ex::Jump, 0, *to),
            Op::If { s, to } => self.out.rel(Ex::If, s.0, *to),
            Op::Unless { s, to } => self.out.rel(Ex::Unless, s.0, *to),
            Op::IfCompare { op, a, b, to } => {
                self.out.jump(pick(IF, *op), [a.0, b.0, 0], *to, 0);
            }
            Op::UnlessCompare { op, a, b, to } => {
                self.out.jump(pick(UNLESS, *op), [a.0, b.0, 0], *to, 0);
            }
            Op::IfCompareInt { op, a, imm, to } => {
                let (ex, b) = match self.small(*imm) {
                    Ok(n) => (pick(IF_INT, *op), n),
                    Err(reg) => (pick(IF, *op), reg),
                };
                self.out.jump(ex, [a.0, b, 0], *to, 0);
            }
            Op::UnlessCompareInt { op, a, imm, to } => {
                let (ex, b) = match self.small(*imm) {
                    Ok(n) => (pick(UNLESS_INT, *op), n),
                    Err(reg) => (pick(UNLESS, *op), reg),
                };
                self.out.jump(ex, [a.0, b, 0], *to, 0);
            }
            Op::Switch { s, cases, default } => {
                let mut plan =
                    SwitchPlan { words: Vec::new(), boxed: Vec::new(), default: *default };
                for &(k, to) in &cases.0 {
                    let word = self.constant(k);
                    if word.is_pointer() {
                        plan.boxed.push((word, to));
                    } else if !plan.words.iter().any(|&(w, _)| w == word.bits()) {
                        plan.words.push((word.bits(), to));
                    }
                }
                self.out.switch(s.0, plan);
            }
            _ => {}
        }
    }

    fn pattern(&mut self, op: &Op) {
        let out = &mut self.out;
        match *op {
            Op::UnlessSame { a, b, to } => out.jump(Ex::UnlessSame, [a.0, b.0, 0], to, 0),
            Op::UnlessList { s, n, to } => out.jump(Ex::UnlessList, [s.0, 0, 0], to, n.0),
            Op::UnlessVector { s, n, to } => out.jump(Ex::UnlessVector, [s.0, 0, 0], to, n.0),
            Op::UnlessLonger { s, n, to } => out.jump(Ex::UnlessLonger, [s.0, 0, 0], to, n.0),
            Op::Uncons { h, t, s, to } => out.jump(Ex::Uncons, [h.0, t.0, s.0], to, 0),
            Op::UnlessMap { s, to } => out.jump(Ex::UnlessMap, [s.0, 0, 0], to, 0),
            Op::MapEntryAt { d, s, key, to } => {
                out.jump(Ex::MapEntryAt, [d.0, s.0, key.0], to, 0);
            }
            Op::ListEntry { d, s, i } => {
                out.op(Ex::ListEntry, d.0, s.0, 0);
                out.ext((i.0 as u64) << 32);
            }
            Op::VectorEntry { d, s, i } => {
                out.op(Ex::VectorEntry, d.0, s.0, 0);
                out.ext((i.0 as u64) << 32);
            }
            Op::VectorRest { d, s, n } => {
                out.op(Ex::VectorRest, d.0, s.0, 0);
                out.ext((n.0 as u64) << 32);
            }
            Op::ExceptionType { d, s } => out.op(Ex::ExceptionType, d.0, s.0, 0),
            Op::ExceptionParts { d, s } => out.op(Ex::ExceptionParts, d.0, s.0, 0),
            Op::UnlessConst { s, k, to } => {
                let word = self.constant(k);
                let ex = if word.is_pointer() { Ex::UnlessConst } else { Ex::UnlessWord };
                self.out.jump(ex, [s.0, 0, 0], to, 0);
                self.out.ext(word.bits());
            }
            Op::UnlessMissing { s, to } => {
                self.out.jump(Ex::UnlessWord, [s.0, 0, 0], to, 0);
                self.out.ext(super::MISSING.bits());
            }
            Op::MapEntry { d, s, key, to } => {
                self.out.jump(Ex::MapEntry, [d.0, s.0, 0], to, 0);
                self.out.ext(self.constant(key).bits());
                self.out.ext(0);
            }
            Op::Prefix { d, s, prefix, to } => {
                self.out.jump(Ex::Prefix, [d.0, s.0, 0], to, 0);
                self.out.ext(self.constant(prefix).bits());
            }
            Op::UnlessType { s, ty, to } => {
                self.out.jump(Ex::UnlessType, [s.0, 0, 0], to, 0);
                self.out.ext(self.ty(ty));
            }
            _ => {}
        }
    }
}
