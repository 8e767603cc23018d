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
use crate::value::Word;

/// The second operand.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Register(u16),
    Int(i64),
}
use Operand::{Int, Register};

/// A comparison: how to compare small ints, and the helper's number for the others.
type Comparison = (IntCC, Operator);

const EQ: Comparison = (IntCC::Equal, Operator::Eq);
const NE: Comparison = (IntCC::NotEqual, Operator::Ne);
const LT: Comparison = (IntCC::SignedLessThan, Operator::Lt);
const LE: Comparison = (IntCC::SignedLessThanOrEqual, Operator::Le);
const GT: Comparison = (IntCC::SignedGreaterThan, Operator::Gt);
const GE: Comparison = (IntCC::SignedGreaterThanOrEqual, Operator::Ge);

impl Translator<'_, '_> {
    pub(super) fn operator(&mut self, ins: &Ins) -> Flow {
        let (b, c) = (Register(ins.c), Int(ins.c_int()));
        let (a_b, a_imm) = (Register(ins.b), Int(ins.b_int()));
        match ins.op {
            Ex::Add => self.arith(ins, Operator::Add, b),
            Ex::Sub => self.arith(ins, Operator::Sub, b),
            Ex::Mul => self.arith(ins, Operator::Mul, b),
            Ex::IntDiv => self.divide(ins, Operator::IntDiv, b),
            Ex::Mod => self.divide(ins, Operator::Mod, b),
            Ex::AddInt => self.arith(ins, Operator::Add, c),
            Ex::SubInt => self.arith(ins, Operator::Sub, c),
            Ex::MulInt => self.arith(ins, Operator::Mul, c),
            Ex::IntDivInt => self.divide(ins, Operator::IntDiv, c),
            Ex::ModInt => self.divide(ins, Operator::Mod, c),
            Ex::CountTailSelf2 => {
                let (operator, n) = offset(ins.c_int());
                self.arith(ins, operator, Int(n))
            }
            Ex::Div => self.quotient(ins),
            Ex::Pow => self.by_helper(ins, Operator::Pow),
            Ex::Index => self.index(ins),
            Ex::Cons1 => self.cons1(ins),
            Ex::Neg => return self.step_on(ins),
            Ex::Not => self.not(ins),
            Ex::Eq => self.compare(ins, EQ, b),
            Ex::Ne => self.compare(ins, NE, b),
            Ex::Lt => self.compare(ins, LT, b),
            Ex::Le => self.compare(ins, LE, b),
            Ex::Gt => self.compare(ins, GT, b),
            Ex::Ge => self.compare(ins, GE, b),
            Ex::EqInt => self.compare(ins, EQ, c),
            Ex::NeInt => self.compare(ins, NE, c),
            Ex::LtInt => self.compare(ins, LT, c),
            Ex::LeInt => self.compare(ins, LE, c),
            Ex::GtInt => self.compare(ins, GT, c),
            Ex::GeInt => self.compare(ins, GE, c),
            Ex::If => self.condition(ins, true),
            Ex::Unless => self.condition(ins, false),
            Ex::IfEq => self.branch(ins, EQ, a_b, true),
            Ex::IfNe => self.branch(ins, NE, a_b, true),
            Ex::IfLt => self.branch(ins, LT, a_b, true),
            Ex::IfLe => self.branch(ins, LE, a_b, true),
            Ex::IfGt => self.branch(ins, GT, a_b, true),
            Ex::IfGe => self.branch(ins, GE, a_b, true),
            Ex::UnlessEq => self.branch(ins, EQ, a_b, false),
            Ex::UnlessNe => self.branch(ins, NE, a_b, false),
            Ex::UnlessLt => self.branch(ins, LT, a_b, false),
            Ex::UnlessLe => self.branch(ins, LE, a_b, false),
            Ex::UnlessGt => self.branch(ins, GT, a_b, false),
            Ex::UnlessGe => self.branch(ins, GE, a_b, false),
            Ex::IfEqInt => self.branch(ins, EQ, a_imm, true),
            Ex::IfNeInt => self.branch(ins, NE, a_imm, true),
            Ex::IfLtInt => self.branch(ins, LT, a_imm, true),
            Ex::IfLeInt => self.branch(ins, LE, a_imm, true),
            Ex::IfGtInt => self.branch(ins, GT, a_imm, true),
            Ex::IfGeInt => self.branch(ins, GE, a_imm, true),
            Ex::UnlessEqInt => self.branch(ins, EQ, a_imm, false),
            Ex::UnlessNeInt => self.branch(ins, NE, a_imm, false),
            Ex::UnlessLtInt => self.branch(ins, LT, a_imm, false),
            Ex::UnlessLeInt => self.branch(ins, LE, a_imm, false),
            Ex::UnlessGtInt => self.branch(ins, GT, a_imm, false),
            Ex::UnlessGeInt => self.branch(ins, GE, a_imm, false),
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

    /// Goes to `slow` unless both operands are small ints; afterwards they are known to be.
    fn check_small(&mut self, a: u16, b: Operand, slow: Block) {
        let mut unknown = Vec::new();
        if !self.known.contains(a) {
            unknown.push(a);
        }
        if let Register(b) = b
            && b != a
            && !self.known.contains(b)
        {
            unknown.push(b);
        }
        let Some(&first) = unknown.first() else { return };
        let mut bits = self.get(first);
        if let Some(&second) = unknown.get(1) {
            let other = self.get(second);
            bits = self.b.ins().bor(bits, other);
        }
        let tag = self.b.ins().band_imm_u(bits, 1);
        self.unlikely(tag, slow);
        unknown.into_iter().for_each(|register| self.known.insert(register));
    }

    /// The sum, difference or product of small ints, and whether it is none.
    fn exact(&mut self, operator: Operator, x: Value, y: Value) -> (Value, Value) {
        match operator {
            Operator::Add => self.b.ins().sadd_overflow(x, y),
            Operator::Sub => self.b.ins().ssub_overflow(x, y),
            _ => {
                let y = self.b.ins().sshr_imm_u(y, 1);
                self.b.ins().smul_overflow(x, y)
            }
        }
    }

    fn arith(&mut self, ins: &Ins, operator: Operator, y: Operand) {
        let value = self.sum(ins, operator, ins.b, y);
        self.set(ins.a, value);
    }

    /// `x op y`, wherever that goes.
    pub(super) fn sum(&mut self, ins: &Ins, operator: Operator, x: u16, y: Operand) -> Value {
        let before = self.known;
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(x), self.operand(y));
        self.check_small(x, y, slow);
        let (value, over) = self.exact(operator, vx, vy);
        self.unlikely(over, slow);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(slow);
        if matches!(y, Register(_)) {
            self.float_arith(operator, [vx, vy], done);
        }
        let value = self.ask_binary(ins, operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        // Where the slow path joins, operands may be something else after all.
        self.known = before;
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

    fn by_helper(&mut self, ins: &Ins, operator: Operator) {
        let (x, y) = (self.get(ins.b), self.get(ins.c));
        let value = self.ask_binary(ins, operator, x, y);
        self.set(ins.a, value);
    }

    /// Floor division and modulo by a divisor above zero.
    fn divide(&mut self, ins: &Ins, operator: Operator, y: Operand) {
        let before = self.known;
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(ins.b), self.operand(y));
        self.check_small(ins.b, y, slow);
        if !matches!(y, Int(1..)) {
            let odd = self.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, vy, 0);
            self.unlikely(odd, slow);
        }
        // Both are doubled: so is the rest, and the quotient is not.
        let rest = self.b.ins().srem(vx, vy);
        let below = self.b.ins().sshr_imm_u(rest, 63);
        let value = if operator == Operator::Mod {
            let more = self.b.ins().band(below, vy);
            self.b.ins().iadd(rest, more)
        } else {
            let quotient = self.b.ins().sdiv(vx, vy);
            let floor = self.b.ins().iadd(quotient, below);
            self.b.ins().ishl_imm_u(floor, 1)
        };
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(slow);
        let value = self.ask_binary(ins, operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.known = before;
        self.set(ins.a, result);
    }

    /// The word of a truth (0 or 1).
    fn bool_word(&mut self, truth: Value) -> Value {
        let [no, yes] = [Word::FALSE, Word::TRUE].map(|word| self.int(word.bits() as i64));
        self.b.ins().select(truth, yes, no)
    }

    fn compare(&mut self, ins: &Ins, (code, operator): Comparison, y: Operand) {
        let before = self.known;
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let (vx, vy) = (self.get(ins.b), self.operand(y));
        self.check_small(ins.b, y, slow);
        let truth = self.b.ins().icmp(code, vx, vy);
        let word = self.bool_word(truth);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(slow);
        let word = self.ask_binary(ins, operator, vx, vy);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(done);
        self.known = before;
        self.set(ins.a, result);
    }

    fn branch(&mut self, ins: &Ins, (code, operator): Comparison, y: Operand, wanted: bool) {
        let before = self.known;
        let slow = self.cold_block();
        let (vx, vy) = (self.get(ins.a), self.operand(y));
        self.check_small(ins.a, y, slow);
        let truth = self.b.ins().icmp(code, vx, vy);
        let on = self.fork(ins, truth, wanted);
        if self.known != before {
            self.b.switch_to_block(slow);
            if matches!(y, Register(_)) {
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
            self.known = before;
        } else {
            self.b.switch_to_block(slow);
            self.b.ins().jump(on, &[]);
        }
        self.b.switch_to_block(on);
    }

    /// Jumps if the truth is as wanted; gives the block of going on.
    fn fork(&mut self, ins: &Ins, truth: Value, wanted: bool) -> Block {
        let on = self.b.create_block();
        self.fork_to(ins, truth, wanted, on);
        on
    }

    fn fork_to(&mut self, ins: &Ins, truth: Value, wanted: bool, on: Block) {
        let to = self.block_at(ins.targets[0]);
        let (yes, no) = if wanted { (to, on) } else { (on, to) };
        self.b.ins().brif(truth, yes, &[], no, &[]);
    }

    /// `If` and `Unless`.
    fn condition(&mut self, ins: &Ins, wanted: bool) {
        let word = self.get(ins.a);
        let (is_true, on) = (self.b.create_block(), self.b.create_block());
        let (other, slow) = (self.b.create_block(), self.cold_block());
        let to = self.block_at(ins.targets[0]);
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

/// Adding an int below zero is subtracting one, so that errors name the right operator.
pub(super) fn offset(n: i64) -> (Operator, i64) {
    if n < 0 { (Operator::Sub, -n) } else { (Operator::Add, n) }
}
