//! Pairs of instructions that follow one another so often that one instruction does both.
//!
//! In: two instructions of the file. Out: one executed instruction in place of both, if nothing leads
//! to the second but the first (`pair`); or one for the first that goes on with the second, which
//! stays where it is (`with_next`).

use rata_bytecode::module as file;
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op;

use super::Specialiser;
use crate::code::exec::Ex;

/// For each instruction, whether something beside the one before it leads to it, or a handler's
/// range begins or ends there.
pub(super) fn leaders(f: &file::Function) -> Vec<bool> {
    let mut leaders = vec![false; f.code.len() + 1];
    let mut mark = |at: Label| leaders[at.0 as usize] = true;
    for op in &f.code {
        op.for_each_label(&mut mark);
    }
    for handler in &f.handlers {
        [handler.start, handler.end, handler.target].into_iter().for_each(&mut mark);
    }
    leaders
}

/// Where a register stands among arguments; nothing unless it stands there once.
fn position(args: &[Reg], reg: Reg) -> Option<u64> {
    let mut found = args.iter().enumerate().filter(|(_, arg)| **arg == reg);
    match (found.next(), found.next()) {
        (Some((position, _)), None) => Some(position as u64),
        _ => None,
    }
}

/// The 16-bit offset that adding or subtracting an int is: below zero if, and only if, it subtracts,
/// so that errors can name the right operator.
fn offset(op: Arith, imm: Imm) -> Option<i16> {
    match op {
        Arith::Add if imm.0 >= 0 => i16::try_from(imm.0).ok(),
        Arith::Sub if imm.0 > 0 => i16::try_from(imm.0).ok().map(|n| -n),
        _ => None,
    }
}

impl Specialiser<'_> {
    /// What stands in place of the first word of `op` so that it goes on with the instructions behind
    /// it, which stay there, without a further dispatch.
    pub(super) fn with_next(&self, word: u64, op: &Op, rest: &[Op]) -> u64 {
        let as_is = |ex: Ex| word & !0xffff | ex as u64;
        match (Ex::of(word), op, rest) {
            (Ex::Add, Op::Arith { d, .. }, [Op::TailCall { f, args }, ..]) if self.is_this(*f) => {
                let ex = match args.0.len() {
                    2 => Ex::AddTailSelf2,
                    3 => Ex::AddTailSelf3,
                    _ => return word,
                };
                match position(&args.0, d.0) {
                    Some(position) => as_is(ex) & !0xffff_0000 | position << 16,
                    None => word,
                }
            }
            (
                Ex::AddInt | Ex::SubInt,
                Op::ArithInt { op, d, a, imm },
                [Op::Arith { op: Arith::Add, d: e, a: x, b: y }, Op::TailCall { f, args }, ..],
            ) if self.is_this(*f) && args.0.len() == 2 && ![x.0, y.0, e.0].contains(&d.0) => {
                let step = offset(*op, *imm);
                match (position(&args.0, d.0), position(&args.0, e.0), step) {
                    (Some(position), Some(_), Some(step)) => {
                        let operands = (a.0 as u64) << 32 | (step as u16 as u64) << 48;
                        Ex::CountTailSelf2 as u64 | position << 16 | operands
                    }
                    _ => word,
                }
            }
            (Ex::UnlessList, Op::UnlessList { s, .. }, [Op::ListEntry { s: of, .. }, ..])
                if s == of =>
            {
                as_is(Ex::UnlessListThenEntry)
            }
            (Ex::ListEntry, Op::ListEntry { d, s, .. }, [Op::ListEntry { s: of, .. }, ..])
                if s == of && d.0 != s.0 =>
            {
                as_is(Ex::ListEntryTwice)
            }
            _ => word,
        }
    }

    fn is_this(&self, f: FnId) -> bool {
        f.0 as usize == self.this
    }

    /// Writes the instruction for instructions `i` and `i + 1`; false: there is none.
    pub(super) fn pair(&mut self, i: usize, op: &Op, next: &Op) -> bool {
        match (op, next) {
            (Op::ArithInt { op, d, a, imm }, Op::Call { f, args, .. }) if *args.0 == [d.0] => {
                let fits = self.passed_on[i + 1] && self.has_small_frame(*f);
                let Some(n) = offset(*op, *imm).filter(|_| fits) else { return false };
                let function = self.function(*f);
                self.out.call_known(Ex::CallAddInt, [a.0, n as u16], function, *f);
                self.out.ext(self.infos[i + 1]);
            }
            (Op::Arith { op: Arith::Add, d, a, b }, Op::Return { s }) if d.0 == s.0 => {
                self.out.op(Ex::ReturnAdd, 0, a.0, b.0);
            }
            (Op::Const { d, k }, Op::Return { s }) if d.0 == s.0 => {
                self.out.op(Ex::ReturnWord, 0, 0, 0);
                self.out.ext(self.constant(*k).bits());
            }
            _ => return false,
        }
        true
    }
}
