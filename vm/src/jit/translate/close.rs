//! Handles of slices (`slices.rs`), for whoever is to see the vector.
//!
//! In: slices. Out: the words of the vectors that they are, or of these from last to first.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::patterns::PLACE;
use super::slices::Slice;
use super::vectors::{AUX, FORMAT, OFF_HEAP, TAG};
use super::{Translator, trusted};
use crate::heap::layout;
use crate::jit::abi;
use crate::jit::analyse::{Ins, Registers};
use crate::jit::types::Type;
use crate::value::Kind;

/// Vectors of at most so many entries are turned round inline.
const SHORT: i64 = 64;
/// Words of a buffer before its entries, and of a handle.
const BUF_WORDS: usize = 2;
const HANDLE_WORDS: usize = 3;

impl Translator<'_, '_> {
    fn slices_among(&self, registers: impl Iterator<Item = u16>) -> Vec<u16> {
        let mut slices: Vec<u16> = registers.collect();
        slices.retain(|&register| self.type_of(register) == Type::Slice);
        slices.sort_unstable();
        slices.dedup();
        slices
    }

    /// Makes vectors of those registers that are slices.
    pub(super) fn close(&mut self, registers: &[u16]) {
        for register in self.slices_among(registers.iter().copied()) {
            let slice = self.slice(register);
            let word = self.closed(slice);
            self.set(register, word);
        }
    }

    /// The same on a way out: little code.
    pub(super) fn close_far(&mut self, registers: Registers) {
        for register in self.slices_among(registers.iter()) {
            let slice = self.slice(register);
            let word = self.closed_far(slice);
            self.set(register, word);
        }
    }

    fn closed_far(&mut self, slice: Slice) -> Value {
        let bytes = self.slice_bytes(slice);
        let length = self.b.ins().ushr_imm_u(bytes, 3);
        self.tell(abi::quiet_close, &[slice.handle, slice.at, length])
    }

    /// The word of the vector.
    fn closed(&mut self, slice: Slice) -> Value {
        let [many, few, done] = [(); 3].map(|()| self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let bytes = self.slice_bytes(slice);
        let is = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, bytes, 8);
        self.b.ins().brif(is, many, &[], few, &[]);
        self.b.switch_to_block(few);
        let inside = self.close_few(slice, bytes, done);
        self.b.switch_to_block(many);
        let met = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let far = self.cold_block();
        let flag = self.b.ins().band_imm_s(met, OFF_HEAP);
        self.b.ins().brif(flag, far, &[], inside, &[met.into()]);
        self.b.switch_to_block(far);
        let word = self.closed_far(slice);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(inside);
        let header = self.b.block_params(inside)[0];
        let buffer = self.b.ins().load(I64, trusted(), slice.handle, 15);
        let offset = self.b.ins().isub(slice.at, buffer);
        let offset = self.b.ins().iadd_imm_s(offset, -15);
        let offset = self.b.ins().ushr_imm_u(offset, 3);
        let high = self.b.ins().ishl_imm_u(bytes, 29);
        let range = self.b.ins().bor(offset, high);
        let header = self.b.ins().band_imm_s(header, 0xffff_ffff & !PLACE);
        let size = self.int(layout::header(0, 0, 0, HANDLE_WORDS) as i64);
        let header = self.b.ins().bor(header, size);
        let word = self.new_handle(header, range, buffer);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(done);
        result
    }

    /// The word of a vector of one entry or none. Gives the block to go to with the header of the handle if it
    /// needs a handle all the same.
    fn close_few(&mut self, slice: Slice, bytes: Value, done: Block) -> Block {
        let [one, none, object, inside] = [(); 4].map(|()| self.b.create_block());
        self.b.append_block_param(inside, I64);
        let far = self.cold_block();
        self.b.ins().brif(bytes, one, &[], none, &[]);
        self.b.switch_to_block(none);
        let empty = self.empty_vector();
        self.b.ins().jump(done, &[BlockArg::Value(empty)]);
        self.b.switch_to_block(one);
        let entry = self.b.ins().load(I64, trusted(), slice.at, 0);
        let tag = self.b.ins().band_imm_u(entry, 7);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, tag, 1);
        self.b.ins().brif(is, object, &[], done, &[BlockArg::Value(entry)]);
        self.b.switch_to_block(object);
        // A list alone stays in a vector.
        let met = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let bits = self.b.ins().band_imm_s(met, TAG | AUX);
        let wanted = layout::header(layout::VEC, 0, Kind::List as u16, 0) as i64;
        let lists = self.b.ins().icmp_imm_s(IntCC::Equal, bits, wanted);
        self.b.ins().brif(lists, inside, &[met.into()], far, &[]);
        self.b.switch_to_block(far);
        let word = self.closed_far(slice);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        inside
    }

    /// A call of `Vector.reverse` with a slice: short ones are copied, entry by entry.
    pub(super) fn reverse_slice(&mut self, ins: &Ins, slice: Slice) {
        let [other, few, copy, done] = [(); 4].map(|()| self.b.create_block());
        let long = self.cold_block();
        let result = self.b.append_block_param(done, I64);
        let bytes = self.slice_bytes(slice);
        let less = self.b.ins().iadd_imm_s(bytes, -16);
        let is = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, less, 8 * SHORT - 16);
        self.b.ins().brif(is, other, &[], copy, &[]);
        self.b.switch_to_block(copy);
        let word = self.turned_round(slice, bytes);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(other);
        let is = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, bytes, 8);
        self.b.ins().brif(is, long, &[], few, &[]);
        self.b.switch_to_block(few);
        let word = self.closed(slice);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(long);
        let state = self.state.clone();
        let word = self.closed_far(slice);
        self.set(ins.args[0], word);
        self.call(ins);
        let word = self.get(ins.defs[0]);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.state = state;
        self.b.switch_to_block(done);
        self.set(ins.defs[0], result);
    }

    /// The same of several entries.
    fn turned_round(&mut self, slice: Slice, bytes: Value) -> Value {
        let all = self.b.ins().iadd_imm_s(bytes, 8 * (BUF_WORDS + HANDLE_WORDS) as i64);
        let new = self.allocate_bytes(all);
        let met = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let length = self.b.ins().ishl_imm_u(bytes, 29);
        // Header and window.
        let bits = self.b.ins().band_imm_s(met, FORMAT);
        let header = self.int(layout::header(layout::BUF, 0, 0, BUF_WORDS) as i64);
        let header = self.b.ins().bor(header, bits);
        let header = self.b.ins().iadd(header, length);
        self.b.ins().store(trusted(), header, new, 0);
        self.b.ins().store(trusted(), length, new, 8);
        // The handle behind the entries.
        let behind = self.b.ins().iadd(new, bytes);
        let bits = self.b.ins().band_imm_s(met, TAG | FORMAT | AUX);
        let size = self.int(layout::header(0, 0, 0, HANDLE_WORDS) as i64);
        let header = self.b.ins().bor(bits, size);
        let buffer = self.b.ins().iadd_imm_s(new, 1);
        for (i, part) in [header, length, buffer].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, behind, 8 * (BUF_WORDS + i) as i32);
        }
        let (turn, on) = (self.b.create_block(), self.b.create_block());
        let [from, to] = [(); 2].map(|()| self.b.append_block_param(turn, I64));
        self.b.ins().jump(turn, &[slice.at.into(), behind.into()]);
        self.b.switch_to_block(turn);
        let entry = self.b.ins().load(I64, trusted(), from, 0);
        self.b.ins().store(trusted(), entry, to, 8 * (BUF_WORDS as i32 - 1));
        let next = self.b.ins().iadd_imm_s(from, 8);
        let before = self.b.ins().iadd_imm_s(to, -8);
        let last = self.b.ins().icmp(IntCC::Equal, next, slice.end);
        self.b.ins().brif(last, on, &[], turn, &[next.into(), before.into()]);
        self.b.switch_to_block(on);
        self.b.ins().iadd_imm_s(behind, 8 * BUF_WORDS as i64 + 1)
    }
}
