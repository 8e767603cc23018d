//! Floats: operators and comparisons of two boxed floats inline.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::F64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::registers::FLOAT_TAG;
use super::{Translator, trusted};
use crate::heap::layout;
use crate::jit::helpers::Operator;

impl Translator<'_, '_> {
    /// Goes to `other` unless both words are floats; gives those.
    fn unbox(&mut self, words: [Value; 2], other: Block) -> [Value; 2] {
        let [x, y] = words;
        // Both tags at once: a difference shows in some bit of either.
        let [x, y] = [x, y].map(|word| self.b.ins().bxor_imm_s(word, FLOAT_TAG));
        let both = self.b.ins().bor(x, y);
        let tag = self.b.ins().band_imm_u(both, 7);
        let on = self.b.create_block();
        self.b.ins().brif(tag, other, &[], on, &[]);
        self.b.switch_to_block(on);
        words.map(|word| self.b.ins().load(F64, trusted(), word, 8 - FLOAT_TAG as i32))
    }

    pub(super) fn boxed(&mut self, float: Value) -> Value {
        let at = self.allocate(2);
        let header = self.int(layout::header(layout::FLOAT, 0, 0, 2) as i64);
        self.b.ins().store(trusted(), header, at, 0);
        self.b.ins().store(trusted(), float, at, 8);
        self.b.ins().iadd_imm_s(at, FLOAT_TAG)
    }

    /// Goes to `done` with the result if both are floats; otherwise on in a fresh block.
    pub(super) fn float_arith(&mut self, operator: Operator, words: [Value; 2], done: Block) {
        let other = self.cold_block();
        let [x, y] = self.unbox(words, other);
        let float = match operator {
            Operator::Add => self.b.ins().fadd(x, y),
            Operator::Sub => self.b.ins().fsub(x, y),
            Operator::Mul => self.b.ins().fmul(x, y),
            _ => {
                self.check_divisor(y, other);
                self.b.ins().fdiv(x, y)
            }
        };
        let word = self.boxed(float);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(other);
    }

    /// Goes to `none` if a float is zero.
    pub(super) fn check_divisor(&mut self, float: Value, none: Block) {
        // Whether it is no number at all is looked at only then: that takes another branch.
        let (odd, on) = (self.cold_block(), self.b.create_block());
        let zero = self.b.ins().f64const(0.0);
        let is = self.b.ins().fcmp(FloatCC::UnorderedOrEqual, float, zero);
        self.b.ins().brif(is, odd, &[], on, &[]);
        self.b.switch_to_block(odd);
        let is = self.b.ins().fcmp(FloatCC::Equal, float, zero);
        self.b.ins().brif(is, none, &[], on, &[]);
        self.b.switch_to_block(on);
    }

    /// A comparison of floats, and the block to go to if they are none (yet to be filled).
    pub(super) fn float_compare(
        &mut self,
        code: IntCC,
        words: [Value; 2],
    ) -> Option<(Value, Block)> {
        let code = float_code(code)?;
        let other = self.cold_block();
        let [x, y] = self.unbox(words, other);
        Some((self.b.ins().fcmp(code, x, y), other))
    }
}

/// The comparison of floats that one of ints stands for.
pub(super) fn float_code(code: IntCC) -> Option<FloatCC> {
    Some(match code {
        IntCC::Equal => FloatCC::Equal,
        IntCC::NotEqual => FloatCC::NotEqual,
        IntCC::SignedLessThan => FloatCC::LessThan,
        IntCC::SignedLessThanOrEqual => FloatCC::LessThanOrEqual,
        IntCC::SignedGreaterThan => FloatCC::GreaterThan,
        IntCC::SignedGreaterThanOrEqual => FloatCC::GreaterThanOrEqual,
        _ => return None,
    })
}
