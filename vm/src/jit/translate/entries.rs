//! Single entries of vectors and lists: `v[i]`, patterns.
//!
//! The layouts are those of `heap/buf.rs`, which has the same operations for the interpreter; what
//! is not the common case goes there.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::intrinsics::Ways;
use super::{Translator, trusted};
use crate::data::vector::{NIL_BOOL, NIL_FLOAT_BITS};
use crate::heap::layout;
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::jit::types::Type;
use crate::value::Word;

/// Whether a vector owns its buffer does not matter to who reads an entry.
const READ: i64 = !(layout::OWNED as i64);

impl Translator<'_, '_> {
    /// The word of a float in a vector; goes to `other` if it stands for nil.
    pub(super) fn float_entry(&mut self, at: Value, other: Block) -> Value {
        let bits = self.b.ins().load(I64, trusted(), at, 0);
        let nil = self.int(NIL_FLOAT_BITS as i64);
        let is_nil = self.b.ins().icmp(IntCC::Equal, bits, nil);
        self.unlikely(is_nil, other);
        let float = self.b.ins().load(F64, trusted(), at, 0);
        self.boxed(float)
    }

    /// The word of a bool in a vector, by where it would lie if entries took eight bytes, and the offset and
    /// index that went into that; goes to `other` if it is nil.
    fn bool_entry(&mut self, at: Value, [offset, index]: [Value; 2], other: Block) -> Value {
        let place = self.b.ins().iadd(offset, index);
        let excess = self.b.ins().imul_imm_s(place, 7);
        let at = self.b.ins().isub(at, excess);
        let entry = self.b.ins().uload8(I64, trusted(), at, 0);
        let nil = self.b.ins().icmp_imm_s(IntCC::Equal, entry, NIL_BOOL as i64);
        self.unlikely(nil, other);
        // The words of false and true follow each other.
        let step = (Word::TRUE.bits() - Word::FALSE.bits()) as i64;
        let word = self.b.ins().ishl_imm_u(entry, step.trailing_zeros() as i64);
        self.b.ins().iadd_imm_s(word, Word::FALSE.bits() as i64)
    }

    /// The entry at an index of the vector with this header.
    fn entry_of_vector(&mut self, [vec, header, index]: [Value; 3], ways: Ways) {
        let [words, floats, bools] = [(); 3].map(|()| self.b.create_block());
        let handle = self.handle(vec, header);
        let length = self.b.ins().ushr_imm_u(handle.range, 32);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, ways.slow);
        let at = self.entries(handle);
        let bytes = self.b.ins().ishl_imm_u(index, 3);
        let at = self.b.ins().iadd(at, bytes);
        self.by_format(header, words, floats, bools);
        self.b.switch_to_block(words);
        let entry = self.b.ins().load(I64, trusted(), at, 0);
        self.b.ins().jump(ways.done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(floats);
        let entry = self.float_entry(at, ways.slow);
        self.b.ins().jump(ways.done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(bools);
        let offset = self.offset_of(handle.range);
        let entry = self.bool_entry(at, [offset, index], ways.slow);
        self.b.ins().jump(ways.done, &[BlockArg::Value(entry)]);
    }

    /// An entry of what a pattern has found to be a vector that is long enough.
    pub(super) fn vector_entry(&mut self, ins: &Ins) {
        let vec = self.get(ins.b);
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let header = self.header(vec, slow);
        let tag = self.b.ins().band_imm_s(header, READ);
        self.check_tag(tag, layout::VEC, slow);
        let index = self.int(ins.count() as i64);
        self.entry_of_vector([vec, header, index], Ways { done, slow });
        self.b.switch_to_block(slow);
        self.step(ins, true);
        let value = self.image_load(ins.a);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }

    /// `v[i]` of a vector or list and an int above zero.
    pub(super) fn index(&mut self, ins: &Ins) {
        let (vec, position) = (self.get(ins.b), self.get(ins.c));
        let slow = self.cold_block();
        let [list, range, done] = [(); 3].map(|()| self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        if self.type_of(ins.c) != Type::Int {
            let odd = self.b.ins().band_imm_u(position, 1);
            self.unlikely(odd, slow);
        }
        // What is not above zero becomes greater than any length.
        let index = self.b.ins().sshr_imm_u(position, 1);
        let index = self.b.ins().iadd_imm_s(index, -1);
        let scalar = self.cold_block();
        let header = self.header(vec, scalar);
        let tag = self.b.ins().band_imm_s(header, READ);
        self.check_tag(tag, layout::VEC, list);
        self.entry_of_vector([vec, header, index], Ways { done, slow });
        self.b.switch_to_block(list);
        self.check_tag(header, layout::LIST, range);
        let length = self.b.ins().ushr_imm_u(header, 32);
        let length = self.b.ins().iadd_imm_s(length, -1);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, slow);
        let bytes = self.b.ins().ishl_imm_u(index, 3);
        let at = self.b.ins().iadd(vec, bytes);
        let entry = self.b.ins().load(I64, trusted(), at, 7);
        self.b.ins().jump(done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(range);
        self.check_tag(header, layout::RANGE, slow);
        let length = self.b.ins().load(I64, trusted(), vec, 15);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, slow);
        // All ints of a range are small.
        let first = self.b.ins().load(I64, trusted(), vec, 7);
        let int = self.b.ins().iadd(first, index);
        let entry = self.b.ins().ishl_imm_u(int, 1);
        self.b.ins().jump(done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(scalar);
        // An int is a vector with one entry.
        let tag = self.b.ins().band_imm_u(vec, 1);
        let other = self.b.ins().bor(tag, index);
        self.unlikely(other, slow);
        self.b.ins().jump(done, &[BlockArg::Value(vec)]);
        self.b.switch_to_block(slow);
        let failed = self.exit_of(ins);
        let value = self.ask(abi::quiet_index, &[vec, position], failed);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }
}
