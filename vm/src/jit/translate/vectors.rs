//! Vectors of eight-byte entries: taking one apart, indexing, putting an int in front.
//!
//! The layouts are those of `heap/buf.rs`, which has the same operations for the interpreter; what
//! is not the common case goes there.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F64, I32, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::patterns::PLACE;
use super::{Translator, trusted};
use crate::data::vector::NIL_FLOAT_BITS;
use crate::heap::layout::{self, Format};
use crate::heap::shared;
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::value::Kind;

/// Bits of a header.
const FORMAT: i64 = 3 << (8 + layout::FORMAT_SHIFT);
const STATIC: i64 = layout::bits(layout::STATIC) as i64;
/// Of buffers of which nothing may be claimed as things are.
const FENCED: i64 = layout::bits(layout::STATIC | layout::GUARDED) as i64;
const OFF_HEAP: i64 = (layout::OFF_HEAP as i64) << 8;
const TAG: i64 = 0xff;

/// The format in a header.
const fn format(format: Format) -> i64 {
    (format as i64) << (8 + layout::FORMAT_SHIFT)
}

/// A vector's parts: header, `offset | length << 32`, buffer word.
#[derive(Clone, Copy)]
struct Handle {
    header: Value,
    range: Value,
    buffer: Value,
}

impl Translator<'_, '_> {
    /// The parts of a VEC with this header.
    fn handle(&mut self, vec: Value, header: Value) -> Handle {
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let buffer = self.b.ins().load(I64, trusted(), vec, 15);
        Handle { header, range, buffer }
    }

    /// The low half of a range: the offset.
    fn offset_of(&mut self, range: Value) -> Value {
        let offset = self.b.ins().ireduce(I32, range);
        self.b.ins().uextend(I64, offset)
    }

    /// Where the entries begin that the vector uses.
    fn entries(&mut self, handle: Handle) -> Value {
        let (outside, inside, done) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let data = self.b.append_block_param(done, I64);
        let flag = self.b.ins().band_imm_s(handle.header, OFF_HEAP);
        self.b.ins().brif(flag, outside, &[], inside, &[]);
        self.b.switch_to_block(outside);
        let shared = self.b.ins().load(I64, trusted(), handle.buffer, 7);
        let at = self.b.ins().iadd_imm_s(shared, shared::HEAD as i64);
        self.b.ins().jump(done, &[BlockArg::Value(at)]);
        self.b.switch_to_block(inside);
        let at = self.b.ins().iadd_imm_s(handle.buffer, 15);
        self.b.ins().jump(done, &[BlockArg::Value(at)]);
        self.b.switch_to_block(done);
        let offset = self.offset_of(handle.range);
        let bytes = self.b.ins().ishl_imm_u(offset, 3);
        self.b.ins().iadd(data, bytes)
    }

    /// Goes to the block of words or of floats by the format of a vector, or to `other`.
    fn by_format(&mut self, header: Value, words: Block, floats: Block, other: Block) {
        let high = self.b.ins().band_imm_s(header, format(Format::Floats));
        let rest = self.b.create_block();
        self.b.ins().brif(high, rest, &[], words, &[]);
        self.b.switch_to_block(rest);
        let bits = self.b.ins().band_imm_s(header, FORMAT);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, format(Format::Floats));
        self.b.ins().brif(is, floats, &[], other, &[]);
    }

    /// The word of a float in a vector; goes to `other` if it stands for nil.
    fn float_entry(&mut self, at: Value, other: Block) -> Value {
        let bits = self.b.ins().load(I64, trusted(), at, 0);
        let nil = self.int(NIL_FLOAT_BITS as i64);
        let is_nil = self.b.ins().icmp(IntCC::Equal, bits, nil);
        self.unlikely(is_nil, other);
        let float = self.b.ins().load(F64, trusted(), at, 0);
        self.boxed(float)
    }

    /// The word of a vector with these parts.
    fn new_handle(&mut self, header: Value, range: Value, buffer: Value) -> Value {
        let new = self.allocate(3);
        for (i, part) in [header, range, buffer].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, new, 8 * i as i32);
        }
        self.b.ins().iadd_imm_s(new, 1)
    }

    /// Goes to `other` unless a header's tag is this one.
    fn check_tag(&mut self, header: Value, tag: layout::Tag, other: Block) {
        let bits = self.b.ins().band_imm_u(header, TAG);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, tag as i64);
        let on = self.b.create_block();
        self.b.ins().brif(differs, other, &[], on, &[]);
        self.b.switch_to_block(on);
    }

    /// First entry and rest of a vector with more than two entries.
    pub(super) fn uncons(&mut self, ins: &Ins) {
        let vec = self.get(ins.c);
        let [slow, words, floats, rest, done] = [(); 5].map(|()| self.b.create_block());
        let first = self.b.append_block_param(rest, I64);
        let [head, tail] = [(); 2].map(|()| self.b.append_block_param(done, I64));
        let header = self.header(vec, slow);
        self.check_tag(header, layout::VEC, slow);
        let handle = self.handle(vec, header);
        let length = self.b.ins().ushr_imm_u(handle.range, 32);
        let short = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, length, 3);
        self.unlikely(short, slow);
        let at = self.entries(handle);
        self.by_format(header, words, floats, slow);
        self.b.switch_to_block(words);
        let entry = self.b.ins().load(I64, trusted(), at, 0);
        self.b.ins().jump(rest, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(floats);
        let entry = self.float_entry(at, slow);
        self.b.ins().jump(rest, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(rest);
        let header = self.b.ins().band_imm_s(header, !PLACE);
        // One further, one less.
        let range = self.b.ins().iadd_imm_s(handle.range, 1 - (1 << 32));
        let others = self.new_handle(header, range, handle.buffer);
        self.b.ins().jump(done, &[first.into(), others.into()]);
        self.b.switch_to_block(slow);
        let pc = self.step(ins, true);
        self.go_to(ins, pc);
        let [h, t] = [self.image_load(ins.a), self.image_load(ins.b)];
        self.b.ins().jump(done, &[h.into(), t.into()]);
        self.b.switch_to_block(done);
        self.set(ins.a, head);
        self.set(ins.b, tail);
    }

    /// `v[i]` of a vector or list and an int above zero.
    pub(super) fn index(&mut self, ins: &Ins) {
        let (vec, position) = (self.get(ins.b), self.get(ins.c));
        let slow = self.cold_block();
        let [list, words, floats, done] = [(); 4].map(|()| self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let odd = self.b.ins().band_imm_u(position, 1);
        self.unlikely(odd, slow);
        // What is not above zero becomes greater than any length.
        let index = self.b.ins().sshr_imm_u(position, 1);
        let index = self.b.ins().iadd_imm_s(index, -1);
        let header = self.header(vec, slow);
        self.check_tag(header, layout::VEC, list);
        let handle = self.handle(vec, header);
        let length = self.b.ins().ushr_imm_u(handle.range, 32);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, slow);
        let at = self.entries(handle);
        let bytes = self.b.ins().ishl_imm_u(index, 3);
        let at = self.b.ins().iadd(at, bytes);
        self.by_format(header, words, floats, slow);
        self.b.switch_to_block(words);
        let entry = self.b.ins().load(I64, trusted(), at, 0);
        self.b.ins().jump(done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(floats);
        let entry = self.float_entry(at, slow);
        self.b.ins().jump(done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(list);
        self.check_tag(header, layout::LIST, slow);
        let length = self.b.ins().ushr_imm_u(header, 32);
        let length = self.b.ins().iadd_imm_s(length, -1);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, slow);
        let bytes = self.b.ins().ishl_imm_u(index, 3);
        let at = self.b.ins().iadd(vec, bytes);
        let entry = self.b.ins().load(I64, trusted(), at, 7);
        self.b.ins().jump(done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(slow);
        let value = self.ask_binary(ins, Operator::Index, vec, position);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }

    /// `[item | vec]` of a small int and a vector of such whose buffer has the room.
    pub(super) fn cons1(&mut self, ins: &Ins) {
        let (item, vec) = (self.get(ins.b), self.get(ins.c));
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let odd = self.b.ins().band_imm_u(item, 1);
        self.unlikely(odd, slow);
        let header = self.header(vec, slow);
        let bits = self.b.ins().band_imm_s(header, TAG | OFF_HEAP | STATIC | FORMAT);
        let wanted = layout::VEC as i64 | format(Format::Ints);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted);
        self.unlikely(other, slow);
        let handle = self.handle(vec, header);
        let fixed = self.b.ins().load(I64, trusted(), handle.buffer, -1);
        let fixed = self.b.ins().band_imm_s(fixed, FENCED);
        self.unlikely(fixed, slow);
        let window = self.b.ins().load(I64, trusted(), handle.buffer, 7);
        let (off, lo) = (self.offset_of(handle.range), self.offset_of(window));
        let inside = self.b.ins().icmp(IntCC::NotEqual, off, lo);
        self.unlikely(inside, slow);
        let full = self.b.ins().icmp_imm_s(IntCC::Equal, lo, 0);
        self.unlikely(full, slow);
        let window = self.b.ins().iadd_imm_s(window, -1);
        self.b.ins().store(trusted(), window, handle.buffer, 7);
        let bytes = self.b.ins().ishl_imm_u(lo, 3);
        let at = self.b.ins().iadd(handle.buffer, bytes);
        self.b.ins().store(trusted(), item, at, 15 - 8);
        let header = layout::header(layout::VEC, Format::Ints.flags(), Kind::Int as u16, 3);
        let header = self.int(header as i64);
        // One sooner, one more.
        let range = self.b.ins().iadd_imm_s(handle.range, (1 << 32) - 1);
        let word = self.new_handle(header, range, handle.buffer);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(slow);
        let value = self.ask_binary(ins, Operator::Cons1, item, vec);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }
}
