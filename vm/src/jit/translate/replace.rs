//! `Vector.replace_at` in place: an entry of eight bytes or a bool of a vector that owns its buffer.
//!
//! The layouts are those of `heap/edit.rs`, which has the same for the interpreter; what is not the
//! common case (entries that may be pointers, vectors of the old generation) goes there.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Value};

use super::vectors::{AUX, FORMAT, OFF_HEAP, TAG, format};
use super::{Flow, Translator, trusted};
use crate::code::exec::Ex;
use crate::heap::layout::{self, Format};
use crate::heap::shared;
use crate::jit::analyse::Ins;
use crate::jit::types::Type;
use crate::value::{Kind, Word};
use rata_bytecode::natives::NATIVES;

const OLD: i64 = layout::bits(layout::OLD) as i64;
/// From the word of a float to its eight bytes.
const FLOAT_AT: i32 = 3;

/// Whether an instruction replaces an entry.
pub(super) fn replaces(ins: &Ins) -> bool {
    let name = || NATIVES.get(ins.ext[0] as usize).map(|native| native.name);
    ins.op == Ex::CallNative && ins.args.len() == 3 && name() == Some("vector_replace_at")
}

/// A vector that owns its buffer, and the place in it.
#[derive(Clone, Copy)]
struct Place {
    header: Value,
    /// Where its entries begin, and which is meant.
    data: Value,
    index: Value,
}

impl Translator<'_, '_> {
    pub(super) fn replace_at(&mut self, ins: &Ins) -> Flow {
        let [vec, position, entry] = [0, 1, 2].map(|i| self.get(ins.args[i]));
        let slow = self.cold_block();
        let [ints, rest, floats, bools, end, done] = [(); 6].map(|()| self.b.create_block());
        // The header of the new version, that of the old one, what was there.
        let ends = [(); 3].map(|()| self.b.append_block_param(end, I64));
        let result = self.b.append_block_param(done, I64);
        let is_int = self.type_of(ins.args[1]) == Type::Int;
        let place = self.place_in([vec, position], is_int, slow);
        let bits = self.b.ins().band_imm_s(place.header, FORMAT | AUX);
        let wanted = format(Format::Ints) | (Kind::Int as i64) << 16;
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, wanted);
        self.b.ins().brif(is, ints, &[], rest, &[]);
        self.b.switch_to_block(rest);
        let bits = self.b.ins().band_imm_s(place.header, FORMAT);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, format(Format::Bools));
        let other = self.b.create_block();
        self.b.ins().brif(is, bools, &[], other, &[]);
        self.b.switch_to_block(other);
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, format(Format::Floats));
        self.b.ins().brif(is, floats, &[], slow, &[]);
        self.replace_ints(ints, place, entry, [end, slow]);
        self.replace_floats(floats, place, entry, [end, slow]);
        self.replace_bools(bools, place, entry, [end, slow]);
        self.b.switch_to_block(end);
        let word = self.next_version(vec, place.index, ends);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(slow);
        self.call_native(ins);
        let word = self.get(ins.defs[0]);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(done);
        self.set(ins.defs[0], result);
        Flow::On
    }

    /// Finds the entry; goes to `slow` if it cannot be replaced in place.
    fn place_in(&mut self, [vec, position]: [Value; 2], is_int: bool, slow: Block) -> Place {
        let header = self.header(vec, slow);
        let bits = self.b.ins().band_imm_s(header, TAG | OLD);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, layout::OVEC as i64);
        self.unlikely(other, slow);
        if !is_int {
            let odd = self.b.ins().band_imm_u(position, 1);
            self.unlikely(odd, slow);
        }
        // What is not above zero becomes greater than any length.
        let index = self.b.ins().sshr_imm_u(position, 1);
        let index = self.b.ins().iadd_imm_s(index, -1);
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let length = self.b.ins().ushr_imm_u(range, 32);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.unlikely(beyond, slow);
        let owner = self.b.ins().load(I64, trusted(), vec, 23);
        let edits = self.b.ins().load(I64, trusted(), owner, 7);
        let many = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, edits, length);
        self.unlikely(many, slow);
        let buffer = self.b.ins().load(I64, trusted(), vec, 15);
        let [outside, inside, found] = [(); 3].map(|()| self.b.create_block());
        let data = self.b.append_block_param(found, I64);
        let flag = self.b.ins().band_imm_s(header, OFF_HEAP);
        self.b.ins().brif(flag, outside, &[], inside, &[]);
        self.b.switch_to_block(outside);
        let shared = self.b.ins().load(I64, trusted(), buffer, 7);
        let refs = self.b.ins().iadd_imm_s(shared, shared::offset::REFS as i64);
        let refs = self.b.ins().atomic_load(I64, MemFlagsData::trusted(), refs);
        let several = self.b.ins().icmp_imm_s(IntCC::NotEqual, refs, 1);
        self.unlikely(several, slow);
        let at = self.b.ins().iadd_imm_s(shared, shared::HEAD as i64);
        self.b.ins().jump(found, &[BlockArg::Value(at)]);
        self.b.switch_to_block(inside);
        let at = self.b.ins().iadd_imm_s(buffer, 15);
        self.b.ins().jump(found, &[BlockArg::Value(at)]);
        self.b.switch_to_block(found);
        Place { header, data, index }
    }

    /// Where an entry of eight bytes lies. Whoever owns a buffer uses it from its beginning.
    fn slot(&mut self, place: Place) -> Value {
        let bytes = self.b.ins().ishl_imm_u(place.index, 3);
        self.b.ins().iadd(place.data, bytes)
    }

    fn replace_ints(&mut self, at: Block, place: Place, entry: Value, [end, slow]: [Block; 2]) {
        self.b.switch_to_block(at);
        let odd = self.b.ins().band_imm_u(entry, 1);
        self.unlikely(odd, slow);
        let slot = self.slot(place);
        let before = self.b.ins().load(I64, trusted(), slot, 0);
        self.b.ins().store(trusted(), entry, slot, 0);
        self.replaced(place, before, layout::STALE, end);
    }

    fn replace_floats(&mut self, at: Block, place: Place, entry: Value, [end, slow]: [Block; 2]) {
        self.b.switch_to_block(at);
        let tag = self.b.ins().band_imm_u(entry, 7);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, 5);
        self.unlikely(other, slow);
        let float = self.b.ins().load(F64, trusted(), entry, FLOAT_AT);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, float, float);
        self.unlikely(nan, slow);
        let slot = self.slot(place);
        let before = self.b.ins().load(I64, trusted(), slot, 0);
        self.b.ins().store(trusted(), float, slot, 0);
        self.replaced(place, before, layout::STALE_RAW, end);
    }

    fn replace_bools(&mut self, at: Block, place: Place, entry: Value, [end, slow]: [Block; 2]) {
        self.b.switch_to_block(at);
        let yes = self.b.ins().icmp_imm_s(IntCC::Equal, entry, Word::TRUE.bits() as i64);
        let no = self.b.ins().icmp_imm_s(IntCC::Equal, entry, Word::FALSE.bits() as i64);
        let known = self.b.ins().bor(yes, no);
        let on = self.b.create_block();
        self.b.ins().brif(known, on, &[], slow, &[]);
        self.b.switch_to_block(on);
        let slot = self.b.ins().iadd(place.data, place.index);
        let before = self.b.ins().uload8(I64, trusted(), slot, 0);
        self.b.ins().store(trusted(), yes, slot, 0);
        self.replaced(place, before, layout::STALE_RAW, end);
    }

    /// Goes on with the header of the old version.
    fn replaced(&mut self, place: Place, before: Value, tag: layout::Tag, end: Block) {
        let change = tag as i64 - layout::OVEC as i64;
        let stale = self.b.ins().iadd_imm_s(place.header, change);
        self.b.ins().jump(end, &[place.header.into(), stale.into(), before.into()]);
    }

    /// The handle of the new version; the old one becomes stale.
    fn next_version(&mut self, vec: Value, index: Value, parts: [Value; 3]) -> Value {
        let [header, stale, before] = parts;
        let new = self.allocate(4);
        let word = self.b.ins().iadd_imm_s(new, 1);
        let [range, buffer, owner] =
            [7, 15, 23].map(|at| self.b.ins().load(I64, trusted(), vec, at));
        for (i, part) in [header, range, buffer, owner].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, new, 8 * i as i32);
        }
        for (i, part) in [stale, index, before, word].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, vec, 8 * i as i32 - 1);
        }
        let edits = self.b.ins().load(I64, trusted(), owner, 7);
        let edits = self.b.ins().iadd_imm_s(edits, 1);
        self.b.ins().store(trusted(), edits, owner, 7);
        word
    }
}
