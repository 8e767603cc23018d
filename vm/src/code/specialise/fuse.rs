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

impl Specialiser<'_> {
    /// The instruction that does the work of `op` and goes on with `next`, which stands behind it,
    /// without a further dispatch; `ex` if there is none.
    pub(super) fn with_next(&self, ex: Ex, op: &Op, next: Option<&Op>) -> Ex {
        let Some(next) = next else { return ex };
        match (ex, op, next) {
            (Ex::Add, _, Op::TailCall { f, args }) if f.0 as usize == self.this => {
                match args.0.len() {
                    2 => Ex::AddTailSelf2,
                    3 => Ex::AddTailSelf3,
                    _ => ex,
                }
            }
            (Ex::UnlessList, Op::UnlessList { s, .. }, Op::ListEntry { s: of, .. })
                if s == of =>
            {
                Ex::UnlessListThenEntry
            }
            (Ex::ListEntry, Op::ListEntry { d, s, .. }, Op::ListEntry { s: of, .. })
                if s == of && d.0 != s.0 =>
            {
                Ex::ListEntryTwice
            }
            _ => ex,
        }
    }

    /// Writes the instruction for instructions `i` and `i + 1`; false: there is none.
    pub(super) fn pair(&mut self, i: usize, op: &Op, next: &Op) -> bool {
        match (op, next) {
            (Op::ArithInt { op, d, a, imm }, Op::Call { f, args, .. }) if *args.0 == [d.0] => {
                let added = match op {
                    Arith::Add => i16::try_from(imm.0).ok(),
                    Arith::Sub => imm.0.checked_neg().and_then(|n| i16::try_from(n).ok()),
                    _ => None,
                };
                let Some(n) = added.filter(|_| self.passed_on[i + 1] && self.has_small_frame(*f))
                else {
                    return false;
                };
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
