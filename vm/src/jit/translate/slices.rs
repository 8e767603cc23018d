//! Vectors of words without a handle: taken apart and put together step by step in a loop.
//!
//! In: registers of type `Slice`. Out: IR that keeps each as the handle of a vector in the same buffer, the addresses
//! of the first entry and of the end, and the room before the first. Taking an entry off moves the address, putting one
//! before it (`grow.rs`) claims the room there; neither allocates. A handle is made where somebody else is to
//! see the vector (`close.rs`): before a call, since a collection moves buffers; where it is stored or returned; on a way
//! out.
//!
//! A slice of no entries, or of one that was given without a vector (an int is a vector with one entry), has the empty
//! vector as its handle; the one entry lies in a stack slot, which is written once, at the function's entry. A slice that has
//! grown to one entry has a handle that nobody else gets.
//!
//! Entries of a buffer in use do not change, and nothing is moved between two calls: so the addresses hold.
//!
//! # Room
//! A slice that was just put together is the only one that begins where its buffer's window does, so that it may go
//! on claiming without a look at that. Its room is what lies between the buffer's first entry, right behind the word with
//! the window, and its own: all other slices have none, and ask. Of slices that begin alike none has room: it is dropped
//! where a slice is copied and when its source grows.

use std::collections::BTreeSet;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlotData, StackSlotKind, Value};
use cranelift_frontend::Variable;

use super::vectors::{OFF_HEAP, TAG, format};
use super::{Translator, trusted};
use crate::code::exec::Ex;
use crate::heap::layout::{self, Format};
use crate::jit::analyse::{Analysis, Ins};
use crate::jit::types::Type;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) handle: Value,
    pub(super) at: Value,
    pub(super) end: Value,
    /// Where the room before it begins; nothing if it has none, or if nobody wants to know.
    pub(super) room: Option<Value>,
}

/// Where a slice is beside its handle.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    at: Variable,
    end: Variable,
    room: Variable,
}

/// The registers whose slices may have room: those that entries are put before, and what goes from one to
/// another of these.
pub(super) fn growing(code: &Analysis) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for ins in code.code.values() {
            match ins.op {
                Ex::Cons1 => found.extend([ins.a, ins.c]),
                Ex::Move if found.contains(&ins.a) || found.contains(&ins.b) => {
                    found.extend([ins.a, ins.b]);
                }
                _ if code.is_loop(ins) => {
                    for (i, &register) in ins.args.iter().enumerate() {
                        if found.contains(&(i as u16)) || found.contains(&register) {
                            found.extend([i as u16, register]);
                        }
                    }
                }
                _ => {}
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

impl Translator<'_, '_> {
    /// The parts of a register that is a slice.
    pub(super) fn slice(&mut self, register: u16) -> Slice {
        self.sound &= self.type_of(register) == Type::Slice;
        let Parts { at, end, room } = self.slice_parts(register);
        Slice {
            handle: self.b.use_var(self.vars[register as usize]),
            at: self.b.use_var(at),
            end: self.b.use_var(end),
            room: self.growing.contains(&register).then(|| self.b.use_var(room)),
        }
    }

    fn slice_parts(&mut self, register: u16) -> Parts {
        let b = &mut *self.b;
        *self.slices[register as usize].get_or_insert_with(|| {
            let [at, end, room] = [(); 3].map(|()| b.declare_var(I64));
            Parts { at, end, room }
        })
    }

    /// Makes a register this slice.
    pub(super) fn set_slice(&mut self, register: u16, slice: Slice) {
        let Parts { at, end, .. } = self.slice_parts(register);
        self.set_as(register, slice.handle, Type::Slice);
        self.b.def_var(at, slice.at);
        self.b.def_var(end, slice.end);
        match slice.room {
            Some(room) if self.growing.contains(&register) => {
                let variable = self.slice_parts(register).room;
                self.b.def_var(variable, room);
            }
            _ => self.drop_room(register, slice.at),
        }
    }

    /// A register's slice, which begins there, has no room from now on.
    fn drop_room(&mut self, register: u16, at: Value) {
        if self.growing.contains(&register) {
            let variable = self.slice_parts(register).room;
            self.b.def_var(variable, at);
        }
    }

    /// The same if the register is one.
    pub(super) fn forget_room(&mut self, register: u16) {
        if self.type_of(register) == Type::Slice {
            let at = self.slice_parts(register).at;
            let at = self.b.use_var(at);
            self.drop_room(register, at);
        }
    }

    /// The length of a slice, in bytes.
    pub(super) fn slice_bytes(&mut self, slice: Slice) -> Value {
        self.b.ins().isub(slice.end, slice.at)
    }

    /// Makes a slice of a register of unknown type; goes to `miss` if it is no vector of words.
    pub(super) fn check_slice(&mut self, register: u16, miss: Block) {
        let word = self.get(register);
        let done = self.b.create_block();
        let [handle, at, end] = [(); 3].map(|()| self.b.append_block_param(done, I64));
        let plain = self.b.create_block();
        let [scalar, odd, outside, other, empty, object] = [(); 6].map(|()| self.cold_block());
        let none = self.empty_vector();
        if self.growing.contains(&register) {
            // It has most likely to grow from nothing.
            let on = self.b.create_block();
            self.if_empty(word, empty, on);
            self.b.switch_to_block(on);
        }
        let header = self.header(word, scalar);
        let bits = self.b.ins().band_imm_s(header, TAG | OFF_HEAP | format(Format::Floats));
        let is = self.b.ins().icmp_imm_s(IntCC::Equal, bits, layout::VEC as i64);
        self.b.ins().brif(is, plain, &[], odd, &[]);
        self.b.switch_to_block(plain);
        let vec = self.handle(word, header);
        let offset = self.offset_of(vec.range);
        let bytes = self.b.ins().ishl_imm_u(offset, 3);
        let at_plain = self.b.ins().iadd(vec.buffer, bytes);
        let at_plain = self.b.ins().iadd_imm_s(at_plain, 15);
        self.enter_slice(done, word, at_plain, vec.range);
        self.b.switch_to_block(odd);
        self.check_tag(header, layout::VEC, other);
        let packed = self.b.ins().band_imm_s(header, format(Format::Floats));
        self.b.ins().brif(packed, miss, &[], outside, &[]);
        self.b.switch_to_block(outside);
        let vec = self.handle(word, header);
        let at_outside = self.entries(vec);
        self.enter_slice(done, word, at_outside, vec.range);
        self.b.switch_to_block(other);
        self.if_empty(word, empty, object);
        self.b.switch_to_block(empty);
        self.b.ins().jump(done, &[none.into(), none.into(), none.into()]);
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
        let at_slot = self.b.ins().stack_addr(I64, slot, 0);
        let behind = self.b.ins().iadd_imm_s(at_slot, 8);
        self.b.ins().jump(done, &[none.into(), at_slot.into(), behind.into()]);
        self.b.switch_to_block(done);
        self.set_slice(register, Slice { handle, at, end, room: None });
    }

    /// Goes on with a slice of all of a vector with this range.
    fn enter_slice(&mut self, done: Block, handle: Value, at: Value, range: Value) {
        let length = self.b.ins().ushr_imm_u(range, 32);
        let bytes = self.b.ins().ishl_imm_u(length, 3);
        let end = self.b.ins().iadd(at, bytes);
        let args: [BlockArg; 3] = [handle.into(), at.into(), end.into()];
        self.b.ins().jump(done, &args);
    }

    /// An instruction that uses this register as a slice.
    pub(super) fn use_slice(&mut self, ins: &Ins, register: u16) {
        let slice = self.slice(register);
        let count = || ins.count() as i64;
        match ins.op {
            Ex::Uncons => {
                let to = self.way_to(ins.targets[0]);
                let on = self.b.create_block();
                let none = self.b.ins().icmp(IntCC::Equal, slice.at, slice.end);
                self.b.ins().brif(none, to, &[], on, &[]);
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
                let bytes = self.slice_bytes(slice);
                let wanted = self.int(count().saturating_mul(8));
                let holds = self.b.ins().icmp(code, bytes, wanted);
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
                self.forget_room(register);
                self.set_slice(ins.a, rest);
            }
            Ex::Cons1 => self.cons_slice(ins, slice),
            _ => self.reverse_slice(ins, slice),
        }
    }

    fn without(&mut self, slice: Slice, n: i64) -> Slice {
        let at = self.b.ins().iadd_imm_s(slice.at, 8 * n);
        Slice { at, room: None, ..slice }
    }

    /// Leaves unless the slice has so many entries: the interpreter raises.
    fn check_length(&mut self, ins: &Ins, slice: Slice, least: i64) {
        let exit = self.exit_of(ins);
        let (bytes, least) = (self.slice_bytes(slice), self.int(8 * least));
        let short = self.b.ins().icmp(IntCC::UnsignedLessThan, bytes, least);
        self.unlikely(short, exit);
    }
}
