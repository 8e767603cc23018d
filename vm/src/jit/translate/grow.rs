//! Entries put before a slice (`slices.rs`).
//!
//! In: an item and a slice. Out: IR for ints before ints and lists before lists, with room, by a claim as
//! `heap/buf.rs` makes it, or into a buffer that begins with the item; all else is asked for.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::slices::Slice;
use super::vectors::{AUX, FORMAT, OFF_HEAP, STATIC, TAG};
use super::{Translator, trusted};
use crate::code::exec::Ex;
use crate::heap::layout::{self, Format};
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::{Analysis, Ins};
use crate::jit::feedback::Miss;
use crate::jit::types::{Type, Types};
use crate::value::Kind;

/// How many entries a slice that begins with one has room for: it is likely to grow.
const FIRST_ROOM: usize = 8;

/// Of what the slices that have room in a function consist: ints, unless lists are put before one.
pub(super) fn kind_of_room(code: &Analysis, types: &Types) -> Kind {
    let lists = code.code.values().filter(|ins| ins.op == Ex::Cons1).any(|ins| {
        let item = types.at(ins.at).map(|state| state[ins.b as usize]);
        matches!(item, Some(Type::List(_)))
    });
    if lists { Kind::List } else { Kind::Int }
}

/// Where putting an entry before a slice goes.
#[derive(Clone, Copy)]
struct Ways {
    /// With the parts of the longer slice.
    done: Block,
    /// To ask.
    slow: Block,
}

impl Translator<'_, '_> {
    /// `[item | slice]`.
    pub(super) fn cons_slice(&mut self, ins: &Ins, slice: Slice) {
        let item = self.get(ins.b);
        let (lists, slow, done) = (self.b.create_block(), self.cold_block(), self.b.create_block());
        let [handle, at, end, room] = [(); 4].map(|()| self.b.append_block_param(done, I64));
        let ways = Ways { done, slow };
        let known = self.type_of(ins.b);
        let is_list = matches!(known, Type::List(_));
        if is_list {
            self.b.ins().jump(lists, &[]);
        } else {
            if known != Type::Int {
                let odd = self.b.ins().band_imm_u(item, 1);
                self.unlikely(odd, lists);
            }
            self.cons_to(item, slice, Kind::Int, ways);
        }
        self.b.switch_to_block(lists);
        if known == Type::Int {
            self.b.ins().jump(slow, &[]);
        } else {
            if !is_list {
                let header = self.header(item, slow);
                self.check_tag(header, layout::LIST, slow);
            }
            self.cons_to(item, slice, Kind::List, ways);
        }
        self.b.switch_to_block(slow);
        self.cons_slowly(ins, item, slice, done);
        self.b.switch_to_block(done);
        if ins.c != ins.a && self.code.live_at(ins.next).contains(ins.c) {
            self.forget_room(ins.c);
        }
        self.set_slice(ins.a, Slice { handle, at, end, room: Some(room) });
    }

    /// Puts an entry before a slice of this kind.
    fn cons_to(&mut self, item: Value, slice: Slice, kind: Kind, ways: Ways) {
        if kind == self.kind_of_room
            && let Some(room) = slice.room
        {
            let (ask, within) = (self.b.create_block(), self.b.create_block());
            let full = self.b.ins().icmp(IntCC::Equal, room, slice.at);
            self.b.ins().brif(full, ask, &[], within, &[]);
            self.b.switch_to_block(within);
            let window_at = self.b.ins().iadd_imm_s(room, -8);
            self.put_before(item, window_at, slice, room, ways);
            self.b.switch_to_block(ask);
        }
        let [fresh, some] = [(); 2].map(|()| self.b.create_block());
        let empty = self.b.ins().icmp(IntCC::Equal, slice.at, slice.end);
        self.b.ins().brif(empty, fresh, &[], some, &[]);
        self.b.switch_to_block(some);
        let format = if kind == Kind::Int { Format::Ints } else { Format::Words };
        let header = self.b.ins().load(I64, trusted(), slice.handle, -1);
        let wanted = layout::header(layout::VEC, format.flags(), kind as u16, 0);
        let bits = self.b.ins().band_imm_s(header, TAG | STATIC | FORMAT | AUX);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted as i64);
        self.unlikely(differs, ways.slow);
        self.claim_before(item, (header, kind), slice, ways);
        self.b.switch_to_block(fresh);
        self.begin_slice(item, (format, kind), ways);
    }

    /// Claims the room for an entry, given where the window's word is, and writes it there.
    fn put_before(&mut self, item: Value, window_at: Value, slice: Slice, room: Value, ways: Ways) {
        let window = self.b.ins().load(I64, trusted(), window_at, 0);
        let window = self.b.ins().iadd_imm_s(window, -1);
        self.b.ins().store(trusted(), window, window_at, 0);
        self.b.ins().store(trusted(), item, slice.at, -8);
        let at = self.b.ins().iadd_imm_s(slice.at, -8);
        let args: [BlockArg; 4] = [slice.handle.into(), at.into(), slice.end.into(), room.into()];
        self.b.ins().jump(ways.done, &args);
    }

    /// Puts an entry before a slice whose buffer has the room.
    fn claim_before(
        &mut self,
        item: Value,
        (header, kind): (Value, Kind),
        slice: Slice,
        ways: Ways,
    ) {
        let buffer = self.b.ins().load(I64, trusted(), slice.handle, 15);
        let [window_at, entries_at] = self.claimable(header, kind, buffer, ways.slow);
        let window = self.b.ins().load(I64, trusted(), window_at, 0);
        let low = self.offset_of(window);
        let bytes = self.b.ins().ishl_imm_u(low, 3);
        let edge = self.b.ins().iadd(entries_at, bytes);
        let within = self.b.ins().icmp(IntCC::NotEqual, edge, slice.at);
        self.unlikely(within, ways.slow);
        let full = self.b.ins().icmp_imm_s(IntCC::Equal, low, 0);
        self.unlikely(full, ways.slow);
        let mut room = self.b.ins().iadd_imm_s(slice.at, -8);
        if kind == self.kind_of_room {
            // Others may claim of what lies outside the heap.
            let outside = self.b.ins().band_imm_s(header, OFF_HEAP);
            room = self.b.ins().select(outside, room, entries_at);
        }
        self.put_before(item, window_at, slice, room, ways);
    }

    /// The first entry of a slice goes into a new buffer.
    fn begin_slice(&mut self, item: Value, (format, kind): (Format, Kind), ways: Ways) {
        let handle = self.new_vector(&[item], FIRST_ROOM, format, kind);
        // The handle lies right behind the entry, which is the last of the buffer.
        let [end, at] = [-1, -9].map(|by| self.b.ins().iadd_imm_s(handle, by));
        let start = self.b.ins().iadd_imm_s(handle, -1 - 8 * FIRST_ROOM as i64);
        let room = if kind == self.kind_of_room { start } else { at };
        self.b.ins().jump(ways.done, &[handle.into(), at.into(), end.into(), room.into()]);
    }

    fn cons_slowly(&mut self, ins: &Ins, item: Value, slice: Slice, done: Block) {
        let failed = self.exit_of(ins);
        let bytes = self.slice_bytes(slice);
        let length = self.b.ins().ushr_imm_u(bytes, 3);
        let handle = self.ask(abi::quiet_cons, &[item, slice.handle, slice.at, length], failed);
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
        let bytes = self.b.ins().ishl_imm_u(length, 3);
        let end = self.b.ins().iadd(at, bytes);
        self.b.ins().jump(done, &[handle.into(), at.into(), end.into(), at.into()]);
    }
}
