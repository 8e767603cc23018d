//! Vectors of words without a handle: taken apart and put together step by step in a loop.
//!
//! In: registers of type `Slice`. Out: IR that keeps each as three values: the handle of a vector in the same
//! buffer, the address of the first entry, the length. Taking an entry off moves the address, putting one before
//! it claims the room there as `heap/buf.rs` does; neither allocates. A handle is made where somebody else is to
//! see the vector (`close`): before a call, since a collection moves buffers; where it is stored or returned; on a way
//! out.
//!
//! A slice of no entries, or of one that was given without a vector (an int is a vector with one entry), has the empty
//! vector as its handle; the one entry lies in a stack slot, which is written once, at the function's entry. A slice that has
//! grown to one entry has a handle that nobody else gets.
//!
//! Entries of a buffer in use do not change, and nothing is moved between two calls: so the addresses hold.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlotData, StackSlotKind, Value};

use super::patterns::PLACE;
use super::vectors::{AUX, FORMAT, OFF_HEAP, STATIC, TAG, format};
use super::{Translator, trusted};
use crate::code::exec::Ex;
use crate::heap::layout::{self, Format};
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::{Ins, Registers};
use crate::jit::feedback::Miss;
use crate::jit::types::Type;
use crate::value::Kind;

/// How many entries a slice that begins with one has room for: it is likely to grow.
const FIRST_ROOM: usize = 8;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    handle: Value,
    at: Value,
    length: Value,
}

impl Slice {
    fn args(self) -> [BlockArg; 3] {
        [self.handle.into(), self.at.into(), self.length.into()]
    }
}

impl Translator<'_, '_> {
    /// The parts of a register that is a slice.
    pub(super) fn slice(&mut self, register: u16) -> Slice {
        self.sound &= self.type_of(register) == Type::Slice;
        let [at, length] = self.slice_variables(register);
        Slice {
            handle: self.b.use_var(self.vars[register as usize]),
            at: self.b.use_var(at),
            length: self.b.use_var(length),
        }
    }

    fn slice_variables(&mut self, register: u16) -> [cranelift_frontend::Variable; 2] {
        let b = &mut *self.b;
        *self.slices[register as usize].get_or_insert_with(|| [(); 2].map(|()| b.declare_var(I64)))
    }

    /// Makes a register this slice.
    pub(super) fn set_slice(&mut self, register: u16, slice: Slice) {
        let [at, length] = self.slice_variables(register);
        self.set_as(register, slice.handle, Type::Slice);
        self.b.def_var(at, slice.at);
        self.b.def_var(length, slice.length);
    }

    fn slice_block(&mut self) -> (Block, Slice) {
        let block = self.b.create_block();
        let [handle, at, length] = [(); 3].map(|()| self.b.append_block_param(block, I64));
        (block, Slice { handle, at, length })
    }

    /// Makes a slice of a register of unknown type; goes to `miss` if it is no vector of words.
    pub(super) fn check_slice(&mut self, register: u16, miss: Block) {
        let word = self.get(register);
        let (done, result) = self.slice_block();
        let plain = self.b.create_block();
        let [scalar, odd, outside, other, empty, object] = [(); 6].map(|()| self.cold_block());
        let none = self.empty_vector();
        let header = self.header(word, scalar);
        let bits = self.b.ins().band_imm_s(header, TAG | OFF_HEAP | format(Format::Floats));
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, layout::VEC as i64);
        self.b.ins().brif(is, plain, &[], odd, &[]);
        self.b.switch_to_block(plain);
        let vec = self.handle(word, header);
        let (offset, length) = (self.offset_of(vec.range), self.b.ins().ushr_imm_u(vec.range, 32));
        let bytes = self.b.ins().ishl_imm_u(offset, 3);
        let at = self.b.ins().iadd(vec.buffer, bytes);
        let at = self.b.ins().iadd_imm_s(at, 15);
        self.b.ins().jump(done, &[word.into(), at.into(), length.into()]);
        self.b.switch_to_block(odd);
        self.check_tag(header, layout::VEC, other);
        let packed = self.b.ins().band_imm_s(header, format(Format::Floats));
        self.b.ins().brif(packed, miss, &[], outside, &[]);
        self.b.switch_to_block(outside);
        let vec = self.handle(word, header);
        let (at, length) = (self.entries(vec), self.b.ins().ushr_imm_u(vec.range, 32));
        self.b.ins().jump(done, &[word.into(), at.into(), length.into()]);
        self.b.switch_to_block(other);
        self.if_empty(word, empty, object);
        self.b.switch_to_block(empty);
        let zero = self.int(0);
        self.b.ins().jump(done, &[none.into(), none.into(), zero.into()]);
        self.b.switch_to_block(object);
        // Strings are no collections; what else is none is not worth a test.
        let tag = self.b.ins().band_imm_u(header, TAG & !((layout::STR ^ layout::STRSLICE) as i64));
        let text = (layout::STR & layout::STRSLICE) as i64;
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, tag, text);
        self.b.ins().brif(is, scalar, &[], miss, &[]);
        self.b.switch_to_block(scalar);
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
        let slot = self.b.create_sized_stack_slot(slot);
        self.b.ins().stack_store(I64, word, slot, 0);
        let (at, one) = (self.b.ins().stack_addr(I64, slot, 0), self.int(1));
        self.b.ins().jump(done, &[none.into(), at.into(), one.into()]);
        self.b.switch_to_block(done);
        self.set_slice(register, result);
    }

    /// An instruction that uses this register as a slice.
    pub(super) fn use_slice(&mut self, ins: &Ins, register: u16) {
        let slice = self.slice(register);
        let count = || ins.count() as i64;
        match ins.op {
            Ex::Uncons => {
                let to = self.way_to(ins.targets[0]);
                let on = self.b.create_block();
                self.b.ins().brif(slice.length, on, &[], to, &[]);
                self.b.switch_to_block(on);
                let head = self.b.ins().load(I64, trusted(), slice.at, 0);
                let rest = self.without(slice, 1);
                self.set(ins.a, head);
                self.set_slice(ins.b, rest);
            }
            Ex::UnlessVector | Ex::UnlessLonger => {
                let to = self.way_to(ins.targets[0]);
                let exact = ins.op == Ex::UnlessVector;
                let code = if exact { IntCC::Equal } else { IntCC::UnsignedGreaterThanOrEqual };
                let holds = self.b.ins().icmp_imm_s(code, slice.length, count());
                let on = self.b.create_block();
                self.b.ins().brif(holds, on, &[], to, &[]);
                self.b.switch_to_block(on);
            }
            Ex::VectorEntry => {
                self.check_length(ins, slice, count() + 1);
                let at = self.b.ins().iadd_imm_s(slice.at, 8 * count());
                let entry = self.b.ins().load(I64, trusted(), at, 0);
                self.set(ins.a, entry);
            }
            Ex::VectorRest => {
                self.check_length(ins, slice, count());
                let rest = self.without(slice, count());
                self.set_slice(ins.a, rest);
            }
            _ => self.cons_slice(ins, slice),
        }
    }

    fn without(&mut self, slice: Slice, n: i64) -> Slice {
        let at = self.b.ins().iadd_imm_s(slice.at, 8 * n);
        let length = self.b.ins().iadd_imm_s(slice.length, -n);
        Slice { at, length, ..slice }
    }

    /// Leaves unless the slice has so many entries: the interpreter raises.
    fn check_length(&mut self, ins: &Ins, slice: Slice, least: i64) {
        let exit = self.exit_of(ins);
        let short = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, slice.length, least);
        self.unlikely(short, exit);
    }

    /// `[item | slice]`.
    fn cons_slice(&mut self, ins: &Ins, slice: Slice) {
        let item = self.get(ins.b);
        let (lists, slow) = (self.b.create_block(), self.cold_block());
        let (done, result) = self.slice_block();
        let header = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let known = self.type_of(ins.b);
        let is_list = matches!(known, Type::List(_));
        if is_list {
            self.b.ins().jump(lists, &[]);
        } else {
            if known != Type::Int {
                let odd = self.b.ins().band_imm_u(item, 1);
                self.unlikely(odd, lists);
            }
            self.cons_to([item, header], slice, (Format::Ints, Kind::Int), [done, slow]);
        }
        self.b.switch_to_block(lists);
        if !is_list {
            let header = self.header(item, slow);
            self.check_tag(header, layout::LIST, slow);
        }
        self.cons_to([item, header], slice, (Format::Words, Kind::List), [done, slow]);
        self.b.switch_to_block(slow);
        self.cons_slowly(ins, item, slice, done);
        self.b.switch_to_block(done);
        self.set_slice(ins.a, result);
    }

    /// Puts an entry before a slice of such, and goes to `done` with what that makes.
    fn cons_to(
        &mut self,
        [item, header]: [Value; 2],
        slice: Slice,
        (format, kind): (Format, Kind),
        [done, slow]: [Block; 2],
    ) {
        let other = self.cold_block();
        let wanted = layout::header(layout::VEC, format.flags(), kind as u16, 0);
        let bits = self.b.ins().band_imm_s(header, TAG | STATIC | FORMAT | AUX);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted as i64);
        self.unlikely(differs, other);
        self.claim_before([item, header], slice, [done, slow]);
        self.b.switch_to_block(other);
        self.begin_slice(item, slice, (format, kind), [done, slow]);
    }

    /// Puts an entry before a slice whose buffer has the room, and goes to `done` with what that makes.
    fn claim_before(&mut self, [item, header]: [Value; 2], slice: Slice, [done, slow]: [Block; 2]) {
        let buffer = self.b.ins().load(I64, trusted(), slice.handle, 15);
        let [window_at, entries_at] = self.claimable(header, buffer, slow);
        let window = self.b.ins().load(I64, trusted(), window_at, 0);
        let low = self.offset_of(window);
        let bytes = self.b.ins().ishl_imm_u(low, 3);
        let edge = self.b.ins().iadd(entries_at, bytes);
        let within = self.b.ins().icmp(IntCC::NotEqual, edge, slice.at);
        self.unlikely(within, slow);
        let full = self.b.ins().icmp_imm_s(IntCC::Equal, low, 0);
        self.unlikely(full, slow);
        let window = self.b.ins().iadd_imm_s(window, -1);
        self.b.ins().store(trusted(), window, window_at, 0);
        self.b.ins().store(trusted(), item, slice.at, -8);
        let longer = self.without(slice, -1);
        self.b.ins().jump(done, &longer.args());
    }

    /// The first entry goes into a new buffer.
    fn begin_slice(
        &mut self,
        item: Value,
        slice: Slice,
        (format, kind): (Format, Kind),
        [done, slow]: [Block; 2],
    ) {
        let fresh = self.cold_block();
        self.b.ins().brif(slice.length, slow, &[], fresh, &[]);
        self.b.switch_to_block(fresh);
        let handle = self.new_vector(&[item], FIRST_ROOM, format, kind);
        // The handle lies right behind the entry.
        let at = self.b.ins().iadd_imm_s(handle, -9);
        let one = self.int(1);
        self.b.ins().jump(done, &[handle.into(), at.into(), one.into()]);
    }

    fn cons_slowly(&mut self, ins: &Ins, item: Value, slice: Slice, done: Block) {
        let failed = self.exit_of(ins);
        let Slice { handle, at, length } = slice;
        let handle = self.ask(abi::quiet_cons, &[item, handle, at, length], failed);
        let transit = self.transit();
        let offset = offset_of!(Transit, slice) as i32;
        let at = self.b.ins().load(I64, trusted(), transit, offset);
        let length = self.b.ins().load(I64, trusted(), transit, offset + 8);
        let (on, none) = (self.b.create_block(), self.cold_block());
        let is_none = self.b.ins().icmp_imm_s(IntCC::Equal, length, -1);
        self.b.ins().brif(is_none, none, &[], on, &[]);
        self.b.switch_to_block(none);
        // No vector of words: the interpreter goes on with it.
        let (state, in_slot) = (self.state.clone(), self.in_slot);
        self.set(ins.a, handle);
        let out = self.exit_at(ins.next, self.code.live_at(ins.next));
        if let Some(exit) = self.exits.last_mut() {
            exit.miss = Some(Miss::Operator { at: ins.at, registers: [Miss::NONE; 2] });
        }
        self.b.ins().jump(out, &[]);
        (self.state, self.in_slot) = (state, in_slot);
        self.b.switch_to_block(on);
        self.b.ins().jump(done, &[handle.into(), at.into(), length.into()]);
    }

    // ---- handles

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

    fn closed_far(&mut self, Slice { handle, at, length }: Slice) -> Value {
        self.tell(abi::quiet_close, &[handle, at, length])
    }

    /// The word of the vector.
    fn closed(&mut self, slice: Slice) -> Value {
        let [many, few, one, none, done, inside] = [(); 6].map(|()| self.b.create_block());
        let (object, far) = (self.b.create_block(), self.cold_block());
        let result = self.b.append_block_param(done, I64);
        let header = self.b.append_block_param(inside, I64);
        let is = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, slice.length, 1);
        self.b.ins().brif(is, many, &[], few, &[]);
        self.b.switch_to_block(many);
        let met = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let flag = self.b.ins().band_imm_s(met, OFF_HEAP);
        self.b.ins().brif(flag, far, &[], inside, &[met.into()]);
        self.b.switch_to_block(inside);
        let buffer = self.b.ins().load(I64, trusted(), slice.handle, 15);
        let bytes = self.b.ins().isub(slice.at, buffer);
        let bytes = self.b.ins().iadd_imm_s(bytes, -15);
        let offset = self.b.ins().ushr_imm_u(bytes, 3);
        let high = self.b.ins().ishl_imm_u(slice.length, 32);
        let range = self.b.ins().bor(offset, high);
        let header = self.b.ins().band_imm_s(header, 0xffff_ffff & !PLACE);
        let size = self.int(layout::header(0, 0, 0, 3) as i64);
        let header = self.b.ins().bor(header, size);
        let word = self.new_handle(header, range, buffer);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
        self.b.switch_to_block(few);
        self.b.ins().brif(slice.length, one, &[], none, &[]);
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
        self.b.switch_to_block(done);
        result
    }
}
