//! Operators, comparisons and branches on them.
//!
//! Small ints inline, with checks of tag and overflow; all else by the helpers.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::{Flow, Translator};
use crate::code::exec::Ex;
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::jit::operators::Operand::{self, Int, Register};
use crate::jit::operators::{Form, Numeric};
use crate::jit::types::Type;
use crate::value::Word;

/// How small ints are compared.
pub(super) fn condition(operator: Operator) -> IntCC {
    match operator {
        Operator::Eq => IntCC::Equal,
        Operator::Ne => IntCC::NotEqual,
        Operator::Lt => IntCC::SignedLessThan,
        Operator::Le => IntCC::SignedLessThanOrEqual,
        Operator::Gt => IntCC::SignedGreaterThan,
        _ => IntCC::SignedGreaterThanOrEqual,
    }
}

impl Translator<'_, '_> {
    /// Operators whose operands may be anything.
    pub(super) fn any_number(&mut self, ins: &Ins, n: Numeric) -> Flow {
        if self.joins(ins, n) {
            return self.join(ins, n);
        }
        let value = match (n.operator, n.form) {
            (operator, Form::Branch(wanted)) => {
                self.branch(ins, operator, n, wanted);
                return Flow::On;
            }
            (operator, _) if operator.compares() => self.compare(ins, n),
            (Operator::IntDiv | Operator::Mod, _) => self.divide(ins, n),
            (Operator::Div, _) => self.quotient(ins, n),
            _ => self.sum(ins, n),
        };
        self.finish_number(ins, n, value, Type::Any)
    }

    /// Operators that are not of numbers alone.
    pub(super) fn operator(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::Pow => {
                let (x, y) = (self.get(ins.b), self.get(ins.c));
                let value = self.ask_binary(ins, Operator::Pow, x, y);
                self.set(ins.a, value);
            }
            Ex::Index => self.index(ins),
            Ex::Cons1 => self.cons1(ins),
            Ex::Neg => return self.step_on(ins),
            Ex::Not => self.not(ins),
            Ex::If => self.condition(ins, true),
            Ex::Unless => self.condition(ins, false),
            _ => return self.leave(ins),
        }
        Flow::On
    }

    pub(super) fn operand(&mut self, operand: Operand) -> Value {
        match operand {
            Register(register) => self.get(register),
            Int(n) => self.int(Word::small_wrapping(n).bits() as i64),
        }
    }

    /// Goes to `slow` unless both operands are small ints, or what else their words alone compare: two that
    /// are no pointers are equal if they are one word. False if both are known to be small.
    fn check_small(&mut self, n: Numeric, slow: Block) -> bool {
        let mut unknown = vec![n.x];
        if let Register(y) = n.y
            && y != n.x
        {
            unknown.push(y);
        }
        unknown.retain(|&register| self.type_of(register) != Type::Int);
        let mut bits = None;
        for register in unknown {
            let mut word = self.get(register);
            if matches!(n.operator, Operator::Eq | Operator::Ne) {
                // The last bit is set in pointers alone.
                let next = self.b.ins().ushr_imm_u(word, 1);
                word = self.b.ins().band_not(word, next);
            }
            bits = Some(match bits {
                Some(other) => self.b.ins().bor(other, word),
                None => word,
            });
        }
        let Some(bits) = bits else { return false };
        let tag = self.b.ins().band_imm_u(bits, 1);
        self.unlikely(tag, slow);
        true
    }

    /// The sum, difference or product of small ints, and whether it is none.
    pub(super) fn exact(&mut self, operator: Operator, x: Value, y: Value) -> (Value, Value) {
        match operator {
            Operator::Add => self.b.ins().sadd_overflow(x, y),
            Operator::Sub => self.b.ins().ssub_overflow(x, y),
            _ => {
                let y = self.b.ins().sshr_imm_u(y, 1);
                self.b.ins().smul_overflow(x, y)
            }
        }
    }

    /// `x op y`, wherever that goes.
    fn sum(&mut self, ins: &Ins, n: Numeric) -> Value {
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(n.x), self.operand(n.y));
        self.check_small(n, slow);
        let (value, over) = self.exact(n.operator, vx, vy);
        self.unlikely(over, slow);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(slow);
        if matches!(n.y, Register(_)) {
            self.float_arith(n.operator, [vx, vy], done);
        }
        let value = self.ask_binary(ins, n.operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        result
    }

    /// `a / b`: of floats inline.
    fn quotient(&mut self, ins: &Ins, n: Numeric) -> Value {
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(n.x), self.operand(n.y));
        self.float_arith(Operator::Div, [vx, vy], done);
        let value = self.ask_binary(ins, Operator::Div, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        result
    }

    pub(super) fn ask_binary(
        &mut self,
        ins: &Ins,
        operator: Operator,
        x: Value,
        y: Value,
    ) -> Value {
        let failed = self.exit_of(ins);
        let number = self.int(operator as i64);
        self.ask(abi::quiet_binary, &[number, x, y], failed)
    }

    /// Floor division and modulo by a divisor above zero.
    fn divide(&mut self, ins: &Ins, n: Numeric) -> Value {
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(n.x), self.operand(n.y));
        self.check_small(n, slow);
        if !matches!(n.y, Int(1..)) {
            let odd = self.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, vy, 0);
            self.unlikely(odd, slow);
        }
        let value = self.floor(n.operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(slow);
        let value = self.ask_binary(ins, n.operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        result
    }

    /// The same of words of small ints, the second above zero.
    pub(super) fn floor(&mut self, operator: Operator, vx: Value, vy: Value) -> Value {
        // Both are doubled: so is the rest, and the quotient is not.
        let rest = self.b.ins().srem(vx, vy);
        let below = self.b.ins().sshr_imm_u(rest, 63);
        if operator == Operator::Mod {
            let more = self.b.ins().band(below, vy);
            return self.b.ins().iadd(rest, more);
        }
        let quotient = self.b.ins().sdiv(vx, vy);
        let floor = self.b.ins().iadd(quotient, below);
        self.b.ins().ishl_imm_u(floor, 1)
    }

    /// The word of a truth (0 or 1).
    pub(super) fn bool_word(&mut self, truth: Value) -> Value {
        let [no, yes] = [Word::FALSE, Word::TRUE].map(|word| self.int(word.bits() as i64));
        self.b.ins().select(truth, yes, no)
    }

    fn compare(&mut self, ins: &Ins, n: Numeric) -> Value {
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(n.x), self.operand(n.y));
        self.check_small(n, slow);
        let truth = self.b.ins().icmp(condition(n.operator), vx, vy);
        let word = self.bool_word(truth);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(slow);
        let word = self.ask_binary(ins, n.operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(done);
        result
    }

    fn branch(&mut self, ins: &Ins, operator: Operator, n: Numeric, wanted: bool) {
        let (slow, code) = (self.cold_block(), condition(operator));
        let (vx, vy) = (self.get(n.x), self.operand(n.y));
        let checked = self.check_small(n, slow);
        let truth = self.b.ins().icmp(code, vx, vy);
        let on = self.fork(ins, truth, wanted);
        self.b.switch_to_block(slow);
        if checked {
            if matches!(n.y, Register(_)) {
                let truth = self.float_compare(code, [vx, vy]);
                if let Some((truth, other)) = truth {
                    self.fork_to(ins, truth, wanted, on);
                    self.b.switch_to_block(other);
                }
            }
            let failed = self.exit_of(ins);
            let number = self.int(operator as i64 - Operator::Eq as i64);
            let truth = self.ask(abi::quiet_compare, &[number, vx, vy], failed);
            self.fork_to(ins, truth, wanted, on);
        } else {
            self.b.ins().jump(on, &[]);
        }
        self.b.switch_to_block(on);
    }

    /// Jumps if the truth is as wanted; gives the block of going on.
    pub(super) fn fork(&mut self, ins: &Ins, truth: Value, wanted: bool) -> Block {
        let on = self.b.create_block();
        self.fork_to(ins, truth, wanted, on);
        on
    }

    fn fork_to(&mut self, ins: &Ins, truth: Value, wanted: bool, on: Block) {
        let to = self.way_to(ins.targets[0]);
        let (yes, no) = if wanted { (to, on) } else { (on, to) };
        self.b.ins().brif(truth, yes, &[], no, &[]);
    }

    /// `If` and `Unless`.
    fn condition(&mut self, ins: &Ins, wanted: bool) {
        let word = self.get(ins.a);
        let (is_true, on) = (self.b.create_block(), self.b.create_block());
        let (other, slow) = (self.b.create_block(), self.cold_block());
        let to = self.way_to(ins.targets[0]);
        let (yes, no) = if wanted { (to, on) } else { (on, to) };
        let holds = self.b.ins().icmp_imm_s(IntCC::Equal, word, Word::TRUE.bits() as i64);
        self.b.ins().brif(holds, is_true, &[], other, &[]);
        self.b.switch_to_block(is_true);
        self.b.ins().jump(yes, &[]);
        self.b.switch_to_block(other);
        // nil is 7, false 71.
        let cleared = self.b.ins().band_imm_s(word, !64);
        let fails = self.b.ins().icmp_imm_s(IntCC::Equal, cleared, Word::NIL.bits() as i64);
        self.b.ins().brif(fails, no, &[], slow, &[]);
        self.b.switch_to_block(slow);
        let failed = self.exit_of(ins);
        let truth = self.ask(abi::quiet_truth, &[word], failed);
        self.b.ins().brif(truth, yes, &[], no, &[]);
        self.b.switch_to_block(on);
    }

    fn not(&mut self, ins: &Ins) {
        let word = self.get(ins.b);
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let [no, yes] = [Word::FALSE, Word::TRUE].map(|word| self.int(word.bits() as i64));
        let is_true = self.b.ins().icmp(IntCC::Equal, word, yes);
        let is_false = self.b.ins().icmp(IntCC::Equal, word, no);
        let neither = self.b.ins().bor(is_true, is_false);
        let neither = self.b.ins().icmp_imm_s(IntCC::Equal, neither, 0);
        self.unlikely(neither, slow);
        let value = self.b.ins().select(is_true, no, yes);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(slow);
        let failed = self.exit_of(ins);
        let truth = self.ask(abi::quiet_truth, &[word], failed);
        let value = self.b.ins().select(truth, no, yes);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }
}
