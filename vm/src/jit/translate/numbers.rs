//! Operators of operands whose kinds are known or guessed: no slow path, a miss leaves.
//!
//! In: an operator and the kinds of its operands. Out: a small int's word or a float, in registers whose
//! types say so.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::F64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};

use super::arith::condition;
use super::edges::Undo;
use super::floats::float_code;
use super::{Flow, Translator};
use crate::code::exec::Ex;
use crate::jit::analyse::Ins;
use crate::jit::feedback::Miss;
use crate::jit::helpers::Operator;
use crate::jit::operators::{Form, Numeric, Operand};
use crate::jit::types::{Kind, Mode, Type};

impl Translator<'_, '_> {
    /// An instruction with an operator of numbers.
    pub(super) fn number(&mut self, ins: &Ins, n: Numeric) -> Flow {
        let Mode::Of(x, y) = self.types.mode(ins.at) else {
            self.box_all(&ins.uses);
            return self.any_number(ins, n);
        };
        self.check_operands(ins, n, [x, y]);
        if n.operator.compares() {
            return self.compare_numbers(ins, n, x);
        }
        if (x, y) == (Kind::Int, Kind::Int) {
            let word = self.int_result(ins, n);
            return self.finish_number(ins, n, word, Type::Int);
        }
        let float = self.float_result(ins, n, [x, y]);
        match n.form {
            Form::Value(register) => self.set_float(register, float),
            _ if ins.op == Ex::ReturnAdd && self.returns_floats() => {
                return self.give_back(float);
            }
            _ => {
                let word = self.boxed(float);
                return self.finish_number(ins, n, word, Type::Any);
            }
        }
        Flow::On
    }

    pub(super) fn finish_number(
        &mut self,
        ins: &Ins,
        n: Numeric,
        word: Value,
        known: Type,
    ) -> Flow {
        match n.form {
            Form::Value(register) => {
                self.set_as(register, word, known);
                Flow::On
            }
            _ => self.use_sum(ins, word, known),
        }
    }

    fn registers(n: Numeric) -> [u16; 2] {
        match n.y {
            Operand::Register(y) => [n.x, y],
            Operand::Int(_) => [n.x, Miss::NONE],
        }
    }

    /// Afterwards the operands are of these kinds.
    fn check_operands(&mut self, ins: &Ins, n: Numeric, kinds: [Kind; 2]) {
        let registers = Self::registers(n);
        let mut unknown: Vec<(u16, Kind)> = registers.into_iter().zip(kinds).collect();
        unknown
            .retain(|&(register, _)| register != Miss::NONE && self.type_of(register) == Type::Any);
        if n.y == Operand::Register(n.x) {
            unknown.truncate(1);
        }
        if !unknown.is_empty() {
            let miss = self.miss_of(ins, registers);
            self.check_kinds(&unknown, miss);
        }
    }

    fn int_result(&mut self, ins: &Ins, n: Numeric) -> Value {
        let (x, y) = (self.get(n.x), self.operand(n.y));
        match n.operator {
            Operator::IntDiv | Operator::Mod => self.int_quotient(ins, n, x, y),
            _ => {
                let (word, over) = match (n.operator, n.y) {
                    (Operator::Add | Operator::Sub, Operand::Int(by)) if by > 0 => {
                        self.count(n.operator, x, by)
                    }
                    _ => self.exact(n.operator, x, y),
                };
                let miss = match n.operator {
                    operator @ (Operator::Add | Operator::Sub) if self.budget.is_some() => {
                        let undo = Undo { register: n.x, operator, result: word, by: y };
                        self.wrapped(ins, n, undo)
                    }
                    _ => self.miss_of(ins, Self::registers(n)),
                };
                self.unlikely(over, miss);
                word
            }
        }
    }

    /// Where to leave when a sum or difference is no small int.
    fn wrapped(&mut self, ins: &Ins, n: Numeric, undo: Undo) -> Block {
        let block = self.exit_at(ins.at, ins.live);
        if let Some(exit) = self.exits.last_mut() {
            exit.miss = Some(Miss::Operator { at: ins.at, registers: Self::registers(n) });
            // What is twice the same would be lost with the first.
            exit.undo = (n.y != Operand::Register(n.x)).then_some(undo);
        }
        block
    }

    /// Floor division and modulo by a divisor above zero.
    fn int_quotient(&mut self, ins: &Ins, n: Numeric, x: Value, y: Value) -> Value {
        if let Operand::Int(divisor @ 1..) = n.y
            && divisor.count_ones() == 1
        {
            let shift = divisor.trailing_zeros() as i64;
            if n.operator == Operator::Mod {
                return self.b.ins().band_imm_s(x, 2 * divisor - 1);
            }
            let quotient = self.b.ins().sshr_imm_u(x, shift);
            return self.b.ins().band_imm_s(quotient, -2);
        }
        if !matches!(n.y, Operand::Int(1..)) {
            let miss = self.miss_of(ins, Self::registers(n));
            let odd = self.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, y, 0);
            self.unlikely(odd, miss);
        }
        self.floor(n.operator, x, y)
    }

    /// A register or constant as a float.
    fn as_float(&mut self, operand: Operand, kind: Kind) -> Value {
        match (operand, kind) {
            (Operand::Register(register), Kind::Float) => self.float(register),
            (Operand::Register(register), Kind::Int) => {
                let word = self.get(register);
                let int = self.b.ins().sshr_imm_u(word, 1);
                self.b.ins().fcvt_from_sint(F64, int)
            }
            (Operand::Int(n), _) => self.b.ins().f64const(n as f64),
        }
    }

    fn float_result(&mut self, ins: &Ins, n: Numeric, [kx, ky]: [Kind; 2]) -> Value {
        let x = self.as_float(Operand::Register(n.x), kx);
        let y = self.as_float(n.y, ky);
        match n.operator {
            Operator::Add => self.b.ins().fadd(x, y),
            Operator::Sub => self.b.ins().fsub(x, y),
            Operator::Mul => self.b.ins().fmul(x, y),
            _ => {
                // The interpreter raises.
                let exit = self.exit_of(ins);
                self.check_divisor(y, exit);
                self.b.ins().fdiv(x, y)
            }
        }
    }

    /// A call of the native of `Math.sqrt` with a float.
    pub(super) fn root(&mut self, ins: &Ins) -> Flow {
        let x = ins.args[0];
        if self.type_of(x) == Type::Any {
            let miss = self.miss_of(ins, [x, Miss::NONE]);
            self.check_kinds(&[(x, Kind::Float)], miss);
        }
        let float = self.float(x);
        let root = self.b.ins().sqrt(float);
        self.set_float(ins.defs[0], root);
        Flow::On
    }

    /// A sum or difference with a constant above zero goes one way only, unless it is no small int.
    fn count(&mut self, operator: Operator, x: Value, n: i64) -> (Value, Value) {
        let y = 2 * n;
        if operator == Operator::Add {
            let word = self.b.ins().iadd_imm_s(x, y);
            (word, self.b.ins().icmp(IntCC::SignedLessThan, word, x))
        } else {
            let word = self.b.ins().iadd_imm_s(x, -y);
            (word, self.b.ins().icmp(IntCC::SignedGreaterThan, word, x))
        }
    }

    fn compare_numbers(&mut self, ins: &Ins, n: Numeric, kind: Kind) -> Flow {
        let code = condition(n.operator);
        let truth = match (kind, float_code(code)) {
            (Kind::Float, Some(code)) => {
                let x = self.float(n.x);
                let y = self.as_float(n.y, Kind::Float);
                self.b.ins().fcmp(code, x, y)
            }
            _ => {
                let (x, y) = (self.get(n.x), self.operand(n.y));
                self.b.ins().icmp(code, x, y)
            }
        };
        match n.form {
            Form::Branch(wanted) => {
                let on = self.fork(ins, truth, wanted);
                self.b.switch_to_block(on);
                Flow::On
            }
            _ => {
                let word = self.bool_word(truth);
                self.finish_number(ins, n, word, Type::Any)
            }
        }
    }
}
