//! The common cases of the commonest natives, inline: bits of small ints, lengths, the gathering of results.
//!
//! In: a native's name, the words it is called with. Out: code that goes to `done` with the value, or to `slow`
//! for the native itself. What a native does in these cases must be no more than what is done here.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};

use super::{Translator, trusted};
use crate::heap::layout::{self, Format};
use crate::heap::shared::{self, offset};
use crate::value::{Kind, Word};

/// Where an intrinsic goes.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    /// With the value.
    pub(super) done: Block,
    /// To have the native called.
    pub(super) slow: Block,
}

const OFF_HEAP: i64 = (layout::OFF_HEAP as i64) << 8;
const FENCED: i64 = layout::bits(layout::STATIC | layout::GUARDED) as i64;
/// One entry more in a range or window, whose upper half counts them.
const MORE: i64 = 1 << 32;

impl Translator<'_, '_> {
    /// Writes the common case of a native, if it has one; false if not.
    pub(super) fn intrinsic(&mut self, name: &str, words: &[Value], ways: Ways) -> bool {
        match (name, words) {
            ("math_bit_and" | "math_bit_or" | "math_bit_xor", &[x, y]) => {
                self.both_small(&[x, y], ways.slow);
                let value = match name {
                    "math_bit_and" => self.b.ins().band(x, y),
                    "math_bit_or" => self.b.ins().bor(x, y),
                    _ => self.b.ins().bxor(x, y),
                };
                self.finish_with(value, ways.done);
            }
            ("math_shift_left" | "math_shift_right", &[x, y]) => {
                self.both_small(&[x, y], ways.slow);
                self.shift(name == "math_shift_left", x, y, ways);
            }
            ("math_abs", &[x]) => {
                self.both_small(&[x], ways.slow);
                let zero = self.int(0);
                let (negated, over) = self.b.ins().ssub_overflow(zero, x);
                self.unlikely(over, ways.slow);
                let value = self.b.ins().smax(x, negated);
                self.finish_with(value, ways.done);
            }
            ("math_is_even" | "math_is_odd", &[x]) => {
                self.both_small(&[x], ways.slow);
                let wanted = if name == "math_is_odd" { 2 } else { 0 };
                let bit = self.b.ins().band_imm_u(x, 2);
                let truth = self.b.ins().icmp_imm_s(IntCC::Equal, bit, wanted);
                let value = self.bool_word(truth);
                self.finish_with(value, ways.done);
            }
            ("core_is_nil", &[x]) => {
                let truth = self.b.ins().icmp_imm_s(IntCC::Equal, x, Word::NIL.bits() as i64);
                let value = self.bool_word(truth);
                self.finish_with(value, ways.done);
            }
            ("vector_length" | "enum_length", &[v]) => {
                let header = self.header(v, ways.slow);
                self.check_tag(header, layout::VEC, ways.slow);
                let range = self.b.ins().load(I64, trusted(), v, 7);
                self.finish_length(range, 0, ways.done);
            }
            ("list_length", &[v]) => {
                let header = self.header(v, ways.slow);
                self.check_tag(header, layout::LIST, ways.slow);
                self.finish_length(header, 1, ways.done);
            }
            ("enum_source" | "enum_is_stream", &[v]) => {
                let header = self.header(v, ways.slow);
                self.check_tag(header, layout::VEC, ways.slow);
                let not = self.int(Word::FALSE.bits() as i64);
                let value = if name == "enum_source" { v } else { not };
                self.finish_with(value, ways.done);
            }
            ("enum_push", &[made, x]) => self.push(made, x, ways),
            _ => return false,
        }
        true
    }

    fn finish_with(&mut self, value: Value, done: Block) {
        self.b.ins().jump(done, &[value.into()]);
    }

    /// The upper half of a word, less `but`, as an int.
    fn finish_length(&mut self, word: Value, but: i64, done: Block) {
        let length = self.b.ins().ushr_imm_u(word, 32);
        let length = self.b.ins().iadd_imm_s(length, -but);
        let value = self.b.ins().ishl_imm_u(length, 1);
        self.finish_with(value, done);
    }

    /// Goes to `slow` unless all words are small ints.
    fn both_small(&mut self, words: &[Value], slow: Block) {
        let all = words.iter().copied().reduce(|x, y| self.b.ins().bor(x, y));
        if let Some(bits) = all {
            let tag = self.b.ins().band_imm_u(bits, 1);
            self.unlikely(tag, slow);
        }
    }

    /// By 0 to 31 bits, none of which is lost to the left.
    fn shift(&mut self, left: bool, x: Value, y: Value, ways: Ways) {
        let far = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, y, 2 * 31);
        self.unlikely(far, ways.slow);
        let by = self.b.ins().ushr_imm_u(y, 1);
        if left {
            let value = self.b.ins().ishl(x, by);
            let back = self.b.ins().sshr(value, by);
            let lost = self.b.ins().icmp(IntCC::NotEqual, back, x);
            self.unlikely(lost, ways.slow);
            self.finish_with(value, ways.done);
        } else {
            let value = self.b.ins().sshr(x, by);
            let value = self.b.ins().band_imm_s(value, -2);
            self.finish_with(value, ways.done);
        }
    }

    /// A small int after the others of a vector that a loop gathers (`vector::push`).
    fn push(&mut self, made: Value, x: Value, ways: Ways) {
        let (inside, outside) = (self.b.create_block(), self.b.create_block());
        self.both_small(&[x], ways.slow);
        let header = self.header(made, ways.slow);
        let wanted = layout::header(layout::VEC, Format::Ints.flags(), 0, 0) as i64;
        let format = 0xff | 3 << (8 + layout::FORMAT_SHIFT) | layout::bits(layout::STATIC) as i64;
        let bits = self.b.ins().band_imm_s(header, format);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted);
        self.unlikely(other, ways.slow);
        let range = self.b.ins().load(I64, trusted(), made, 7);
        let buffer = self.b.ins().load(I64, trusted(), made, 15);
        let fixed = self.b.ins().load(I64, trusted(), buffer, -1);
        let fenced = self.b.ins().band_imm_s(fixed, FENCED);
        self.unlikely(fenced, ways.slow);
        let flag = self.b.ins().band_imm_s(header, OFF_HEAP);
        self.b.ins().brif(flag, outside, &[], inside, &[]);

        self.b.switch_to_block(inside);
        let window = self.b.ins().load(I64, trusted(), buffer, 7);
        let words = self.b.ins().ushr_imm_u(fixed, 32);
        let capacity = self.b.ins().iadd_imm_s(words, -2);
        let hi = self.free_entry(range, window, capacity, ways.slow);
        let longer = self.b.ins().iadd_imm_s(window, MORE);
        self.b.ins().store(trusted(), longer, buffer, 7);
        self.put_entry([buffer, hi, x], 15);
        self.finish_push(range, buffer, 0, ways.done);

        self.b.switch_to_block(outside);
        let shared = self.b.ins().load(I64, trusted(), buffer, 7);
        let refs = self.b.ins().load(I64, trusted(), shared, offset::REFS as i32);
        let others = self.b.ins().icmp_imm_s(IntCC::NotEqual, refs, 1);
        self.unlikely(others, ways.slow);
        let at = offset::WINDOW as i32;
        let window = self.b.ins().load(I64, trusted(), shared, at);
        let bytes = self.b.ins().load(I64, trusted(), shared, offset::CAPACITY as i32);
        let capacity = self.b.ins().ushr_imm_u(bytes, 3);
        let hi = self.free_entry(range, window, capacity, ways.slow);
        let longer = self.b.ins().iadd_imm_s(window, MORE);
        self.b.ins().store(trusted(), longer, shared, at);
        self.put_entry([shared, hi, x], shared::HEAD as i32);
        self.finish_push(range, buffer, layout::OFF_HEAP, ways.done);
    }

    /// The place after a range that ends where its buffer's window does, if there is room.
    fn free_entry(&mut self, range: Value, window: Value, capacity: Value, slow: Block) -> Value {
        let hi = self.b.ins().ushr_imm_u(window, 32);
        let len = self.b.ins().ushr_imm_u(range, 32);
        let off = self.b.ins().band_imm_u(range, u32::MAX as i64);
        let end = self.b.ins().iadd(off, len);
        let inside = self.b.ins().icmp(IntCC::NotEqual, end, hi);
        self.unlikely(inside, slow);
        let full = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, hi, capacity);
        self.unlikely(full, slow);
        hi
    }

    fn put_entry(&mut self, [buffer, hi, x]: [Value; 3], offset: i32) {
        let bytes = self.b.ins().ishl_imm_u(hi, 3);
        let at = self.b.ins().iadd(buffer, bytes);
        self.b.ins().store(trusted(), x, at, offset);
    }

    fn finish_push(&mut self, range: Value, buffer: Value, flags: u8, done: Block) {
        let flags = Format::Ints.flags() | flags;
        let header = self.int(layout::header(layout::VEC, flags, Kind::Int as u16, 3) as i64);
        let range = self.b.ins().iadd_imm_s(range, MORE);
        let word = self.new_handle(header, range, buffer);
        self.finish_with(word, done);
    }
}
