//! Vectors of eight-byte entries: their parts, taking one apart.
//!
//! The layouts are those of `heap/buf.rs`, which has the same operations for the interpreter; what
//! is not the common case goes there.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::patterns::PLACE;
use super::{Translator, trusted};
use crate::data::vector;
use crate::heap::layout::{self, Format};
use crate::heap::shared;
use crate::jit::analyse::Ins;
use crate::value::Kind;

/// Bits of a header.
pub(super) const FORMAT: i64 = 3 << (8 + layout::FORMAT_SHIFT);
pub(super) const STATIC: i64 = layout::bits(layout::STATIC) as i64;
/// Of buffers of which nothing may be claimed as things are.
pub(super) const FENCED: i64 = layout::bits(layout::STATIC | layout::GUARDED) as i64;
pub(super) const OFF_HEAP: i64 = (layout::OFF_HEAP as i64) << 8;
pub(super) const TAG: i64 = 0xff;
pub(super) const AUX: i64 = 0xffff << 16;

/// The format in a header.
pub(super) const fn format(format: Format) -> i64 {
    (format as i64) << (8 + layout::FORMAT_SHIFT)
}

/// A vector's parts: header, `offset | length << 32`, buffer word.
#[derive(Clone, Copy)]
pub(super) struct Handle {
    header: Value,
    pub(super) range: Value,
    pub(super) buffer: Value,
}

impl Translator<'_, '_> {
    /// The parts of a VEC with this header.
    pub(super) fn handle(&mut self, vec: Value, header: Value) -> Handle {
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let buffer = self.b.ins().load(I64, trusted(), vec, 15);
        Handle { header, range, buffer }
    }

    /// The low half of a range: the offset.
    pub(super) fn offset_of(&mut self, range: Value) -> Value {
        let offset = self.b.ins().ireduce(I32, range);
        self.b.ins().uextend(I64, offset)
    }

    /// Where the entries begin that the vector uses.
    pub(super) fn entries(&mut self, handle: Handle) -> Value {
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
    pub(super) fn by_format(&mut self, header: Value, words: Block, floats: Block, other: Block) {
        let high = self.b.ins().band_imm_s(header, format(Format::Floats));
        let rest = self.b.create_block();
        self.b.ins().brif(high, rest, &[], words, &[]);
        self.b.switch_to_block(rest);
        let bits = self.b.ins().band_imm_s(header, FORMAT);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, format(Format::Floats));
        self.b.ins().brif(is, floats, &[], other, &[]);
    }

    /// The word of a vector with these parts.
    pub(super) fn new_handle(&mut self, header: Value, range: Value, buffer: Value) -> Value {
        let new = self.allocate(3);
        for (i, part) in [header, range, buffer].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, new, 8 * i as i32);
        }
        self.b.ins().iadd_imm_s(new, 1)
    }

    /// Goes to `other` unless a header's tag is this one.
    pub(super) fn check_tag(&mut self, header: Value, tag: layout::Tag, other: Block) {
        let bits = self.b.ins().band_imm_u(header, TAG);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, tag as i64);
        let on = self.b.create_block();
        self.b.ins().brif(differs, other, &[], on, &[]);
        self.b.switch_to_block(on);
    }

    /// The word of the empty vector.
    pub(super) fn empty_vector(&mut self) -> Value {
        self.int(vector::empty().word().bits() as i64)
    }

    /// Goes to `yes` if a word is the empty vector, and to `no` otherwise.
    pub(super) fn if_empty(&mut self, word: Value, yes: Block, no: Block) {
        let empty = self.empty_vector();
        let is = self.b.ins().icmp(IntCC::Equal, word, empty);
        self.b.ins().brif(is, yes, &[], no, &[]);
    }

    /// First entry and rest of a vector.
    pub(super) fn uncons(&mut self, ins: &Ins) {
        let vec = self.get(ins.c);
        let to = self.way_to(ins.targets[0]);
        let [plain, words, rest, done] = [(); 4].map(|()| self.b.create_block());
        let [odd, scalar, other, slow] = [(); 4].map(|()| self.cold_block());
        // `words`: where the first entry is, the vector's range and buffer. `rest`: the entry itself, and those.
        let at_words = [(); 3].map(|()| self.b.append_block_param(words, I64));
        let at_rest = [(); 3].map(|()| self.b.append_block_param(rest, I64));
        let [head, tail] = [(); 2].map(|()| self.b.append_block_param(done, I64));
        let header = self.header(vec, scalar);
        // Words within the heap: the most frequent case is one comparison.
        let bits = self.b.ins().band_imm_s(header, TAG | OFF_HEAP | format(Format::Floats));
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, layout::VEC as i64);
        self.b.ins().brif(is, plain, &[], odd, &[]);
        self.b.switch_to_block(plain);
        let handle = self.handle(vec, header);
        let offset = self.offset_of(handle.range);
        let bytes = self.b.ins().ishl_imm_u(offset, 3);
        let at = self.b.ins().iadd(handle.buffer, bytes);
        let at = self.b.ins().iadd_imm_s(at, 15);
        self.b.ins().jump(words, &[at.into(), handle.range.into(), handle.buffer.into()]);
        self.b.switch_to_block(odd);
        self.check_tag(header, layout::VEC, other);
        self.uncons_odd(vec, header, [words, rest, slow]);
        self.b.switch_to_block(words);
        self.uncons_words(header, at_words, [rest, done, slow]);
        self.b.switch_to_block(rest);
        let [first, range, buffer] = at_rest;
        let header = self.b.ins().band_imm_s(header, 0xffff_ffff & !PLACE);
        let size = self.int(layout::header(0, 0, 0, 3) as i64);
        let header = self.b.ins().bor(header, size);
        // One further, one less.
        let range = self.b.ins().iadd_imm_s(range, 1 - (1 << 32));
        let others = self.new_handle(header, range, buffer);
        self.b.ins().jump(done, &[first.into(), others.into()]);
        self.b.switch_to_block(other);
        self.if_empty(vec, to, slow);
        self.b.switch_to_block(scalar);
        // An int is a vector with one entry.
        let tag = self.b.ins().band_imm_u(vec, 1);
        self.unlikely(tag, slow);
        let none = self.empty_vector();
        self.b.ins().jump(done, &[vec.into(), none.into()]);
        self.b.switch_to_block(slow);
        let pc = self.step(ins, true);
        self.go_to(ins, pc);
        let [h, t] = [self.image_load(ins.a), self.image_load(ins.b)];
        self.b.ins().jump(done, &[h.into(), t.into()]);
        self.b.switch_to_block(done);
        self.set(ins.a, head);
        self.set(ins.b, tail);
    }

    /// The same of a vector of floats, or whose entries lie outside the heap.
    fn uncons_odd(&mut self, vec: Value, header: Value, [words, rest, slow]: [Block; 3]) {
        let [ints, floats] = [(); 2].map(|()| self.cold_block());
        let handle = self.handle(vec, header);
        let at = self.entries(handle);
        self.by_format(header, ints, floats, slow);
        self.b.switch_to_block(ints);
        self.b.ins().jump(words, &[at.into(), handle.range.into(), handle.buffer.into()]);
        self.b.switch_to_block(floats);
        let length = self.b.ins().ushr_imm_u(handle.range, 32);
        let short = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, length, 3);
        self.unlikely(short, slow);
        let entry = self.float_entry(at, slow);
        self.b.ins().jump(rest, &[entry.into(), handle.range.into(), handle.buffer.into()]);
    }

    /// The same of entries that are words.
    fn uncons_words(
        &mut self,
        header: Value,
        [at, range, buffer]: [Value; 3],
        [rest, done, slow]: [Block; 3],
    ) {
        let [few, many, some] = [(); 3].map(|()| self.b.create_block());
        let length = self.b.ins().ushr_imm_u(range, 32);
        let is = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, length, 3);
        self.b.ins().brif(is, many, &[], few, &[]);
        self.b.switch_to_block(many);
        let entry = self.b.ins().load(I64, trusted(), at, 0);
        self.b.ins().jump(rest, &[entry.into(), range.into(), buffer.into()]);
        self.b.switch_to_block(few);
        self.b.ins().brif(length, some, &[], slow, &[]);
        self.b.switch_to_block(some);
        let entry = self.b.ins().load(I64, trusted(), at, 0);
        let whole: [BlockArg; 3] = [entry.into(), range.into(), buffer.into()];
        self.uncons_few(header, [length, at, entry], whole, [rest, done, slow]);
    }

    /// The same of one or two entries that are words: one that is left is itself the rest, unless it is a
    /// collection.
    fn uncons_few(
        &mut self,
        header: Value,
        [length, at, entry]: [Value; 3],
        whole: [BlockArg; 3],
        [rest, done, slow]: [Block; 3],
    ) {
        let [two, one, pointer, object] = [(); 4].map(|()| self.b.create_block());
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, length, 2);
        self.b.ins().brif(is, two, &[], one, &[]);
        self.b.switch_to_block(one);
        let none = self.empty_vector();
        self.b.ins().jump(done, &[entry.into(), none.into()]);
        self.b.switch_to_block(two);
        let second = self.b.ins().load(I64, trusted(), at, 8);
        let tag = self.b.ins().band_imm_u(second, 7);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, tag, 1);
        self.b.ins().brif(is, pointer, &[], done, &[entry.into(), second.into()]);
        self.b.switch_to_block(pointer);
        let kind = self.b.ins().ushr_imm_u(header, 16);
        let kind = self.b.ins().band_imm_u(kind, 0xffff);
        let plain = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, kind, Kind::List as i64);
        self.b.ins().brif(plain, done, &[entry.into(), second.into()], object, &[]);
        self.b.switch_to_block(object);
        let other = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, kind, Kind::Map as i64);
        self.b.ins().brif(other, slow, &[], rest, &whole);
    }
}
