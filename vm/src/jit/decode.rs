//! Executed instructions, decoded: operands, what they read and write, where they may go on.
//!
//! In: code words. Out: [`Ins`]. Instructions that go on with
//! the one behind them (`exec.rs`) come out as the plain ones that they stand for.

use smallvec::{SmallVec, smallvec};

use super::analyse::{Ins, Registers};
use crate::code::emit::SwitchTable;
use crate::code::exec::{Ex, Shape, args_words};

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
