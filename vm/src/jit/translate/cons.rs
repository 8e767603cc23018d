//! `[item | vec]`: a small int before a vector of such, a list before a vector of such.
//!
//! As `heap/buf.rs` does it for the interpreter; what is not the common case goes there.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::vectors::{AUX, FENCED, FORMAT, OFF_HEAP, STATIC, TAG, format};
use super::{Translator, trusted};
use crate::heap::layout::{self, Format};
use crate::heap::shared;
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::jit::types::Type;
use crate::value::Kind;

/// How many entries a small vector that is put together has room for.
const ROOM: usize = 6;

impl Translator<'_, '_> {
    /// `[item | vec]` of a small int and a vector of such, or of a list and a vector of such.
    pub(super) fn cons1(&mut self, ins: &Ins) {
        let (item, vec) = (self.get(ins.b), self.get(ins.c));
        let (lists, slow) = (self.b.create_block(), self.cold_block());
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let known = self.type_of(ins.b);
        match known {
            Type::List(_) => drop(self.b.ins().jump(lists, &[])),
            Type::Int => self.cons_int([item, vec], done, slow),
            _ => {
                let odd = self.b.ins().band_imm_u(item, 1);
                self.unlikely(odd, lists);
                self.cons_int([item, vec], done, slow);
            }
        }
        self.b.switch_to_block(lists);
        if !matches!(known, Type::List(_)) {
            let header = self.header(item, slow);
            self.check_tag(header, layout::LIST, slow);
        }
        self.cons_list([item, vec], done, slow);
        self.b.switch_to_block(slow);
        let value = self.ask_binary(ins, Operator::Cons1, item, vec);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }

    fn cons_int(&mut self, [item, vec]: [Value; 2], done: Block, slow: Block) {
        let [scalar, other] = [(); 2].map(|()| self.cold_block());
        let header = self.header(vec, scalar);
        let bits = self.b.ins().band_imm_s(header, TAG | STATIC | FORMAT);
        let wanted = layout::VEC as i64 | format(Format::Ints);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted);
        self.unlikely(differs, other);
        let outside = self.b.ins().band_imm_s(header, OFF_HEAP);
        let longer = layout::header(layout::VEC, Format::Ints.flags(), Kind::Int as u16, 3);
        let longer = self.int(longer as i64);
        let longer = self.b.ins().bor(longer, outside);
        self.claim([item, vec], [header, longer], Kind::Int, [done, slow]);
        self.b.switch_to_block(other);
        // `[n]` is n.
        let empty = self.empty_vector();
        let is = self.b.ins().icmp(IntCC::Equal, vec, empty);
        self.b.ins().brif(is, done, &[BlockArg::Value(item)], slow, &[]);
        self.b.switch_to_block(scalar);
        let tag = self.b.ins().band_imm_u(vec, 1);
        self.unlikely(tag, slow);
        let word = self.new_vector(&[item, vec], ROOM, Format::Ints, Kind::Int);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
    }

    fn cons_list(&mut self, [item, vec]: [Value; 2], done: Block, slow: Block) {
        let [other, single] = [(); 2].map(|()| self.cold_block());
        let header = self.header(vec, slow);
        let bits = self.b.ins().band_imm_s(header, TAG | OFF_HEAP | STATIC | FORMAT | AUX);
        let wanted = layout::header(layout::VEC, Format::Words.flags(), Kind::List as u16, 0);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, wanted as i64);
        self.unlikely(differs, other);
        let longer = layout::header(layout::VEC, Format::Words.flags(), Kind::List as u16, 3);
        let longer = self.int(longer as i64);
        self.claim([item, vec], [header, longer], Kind::List, [done, slow]);
        self.b.switch_to_block(other);
        self.if_empty(vec, single, slow);
        self.b.switch_to_block(single);
        let word = self.new_vector(&[item], ROOM, Format::Words, Kind::List);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
    }

    /// A vector of these entries, with room for further ones before them.
    pub(super) fn new_vector(
        &mut self,
        entries: &[Value],
        room: usize,
        format: Format,
        kind: Kind,
    ) -> Value {
        let (len, words) = (entries.len(), 2 + room);
        let off = room - len;
        let at = self.allocate(words + 3);
        let range = (off | len << 32) as i64;
        let buffer = self.b.ins().iadd_imm_s(at, 1);
        let parts = [
            self.int(layout::header(layout::BUF, format.flags(), 0, words) as i64),
            self.int((off | room << 32) as i64),
        ];
        for (i, part) in parts.into_iter().enumerate() {
            self.b.ins().store(trusted(), part, at, 8 * i as i32);
        }
        for (i, &entry) in entries.iter().enumerate() {
            self.b.ins().store(trusted(), entry, at, 8 * (2 + off + i) as i32);
        }
        let header = self.int(layout::header(layout::VEC, format.flags(), kind as u16, 3) as i64);
        let range = self.int(range);
        for (i, part) in [header, range, buffer].into_iter().enumerate() {
            self.b.ins().store(trusted(), part, at, 8 * (words + i) as i32);
        }
        self.b.ins().iadd_imm_s(at, 8 * words as i64 + 1)
    }

    /// Where the window of a buffer lies and where its entries begin, if something may be claimed of it; goes to
    /// `slow` otherwise. The header is that of a vector that uses it.
    pub(super) fn claimable(
        &mut self,
        header: Value,
        kind: Kind,
        buffer: Value,
        slow: Block,
    ) -> [Value; 2] {
        let fixed = self.b.ins().load(I64, trusted(), buffer, -1);
        let fixed = self.b.ins().band_imm_s(fixed, FENCED);
        self.unlikely(fixed, slow);
        if kind == Kind::List {
            // Pointers lie in the heap.
            return [7, 15].map(|at| self.b.ins().iadd_imm_s(buffer, at));
        }
        let [inside, found] = [(); 2].map(|()| self.b.create_block());
        let [outside, alone] = [(); 2].map(|()| self.cold_block());
        let result = [(); 2].map(|()| self.b.append_block_param(found, I64));
        let flag = self.b.ins().band_imm_s(header, OFF_HEAP);
        self.b.ins().brif(flag, outside, &[], inside, &[]);
        self.b.switch_to_block(outside);
        let shared = self.b.ins().load(I64, trusted(), buffer, 7);
        // As `SharedBuf::claim`: nobody else has it.
        let refs = self.b.ins().load(I64, trusted(), shared, shared::offset::REFS as i32);
        let one = self.b.ins().icmp_imm_s(IntCC::Equal, refs, 1);
        self.b.ins().brif(one, alone, &[], slow, &[]);
        self.b.switch_to_block(alone);
        let window = self.b.ins().iadd_imm_s(shared, shared::offset::WINDOW as i64);
        let entries = self.b.ins().iadd_imm_s(shared, shared::HEAD as i64);
        self.b.ins().jump(found, &[window.into(), entries.into()]);
        self.b.switch_to_block(inside);
        let window = self.b.ins().iadd_imm_s(buffer, 7);
        let entries = self.b.ins().iadd_imm_s(buffer, 15);
        self.b.ins().jump(found, &[window.into(), entries.into()]);
        self.b.switch_to_block(found);
        result
    }

    /// Puts an entry before a vector whose buffer has the room, and goes to `done` with the vector that has it, given
    /// the headers of both.
    fn claim(
        &mut self,
        [item, vec]: [Value; 2],
        [header, longer]: [Value; 2],
        kind: Kind,
        [done, slow]: [Block; 2],
    ) {
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let buffer = self.b.ins().load(I64, trusted(), vec, 15);
        let [window_at, entries_at] = self.claimable(header, kind, buffer, slow);
        let window = self.b.ins().load(I64, trusted(), window_at, 0);
        let [off, low] = [range, window].map(|pair| self.b.ins().ireduce(I32, pair));
        let inside = self.b.ins().icmp(IntCC::NotEqual, off, low);
        self.unlikely(inside, slow);
        let full = self.b.ins().icmp_imm_s(IntCC::Equal, low, 0);
        self.unlikely(full, slow);
        let lo = self.b.ins().uextend(I64, low);
        let window = self.b.ins().iadd_imm_s(window, -1);
        self.b.ins().store(trusted(), window, window_at, 0);
        let bytes = self.b.ins().ishl_imm_u(lo, 3);
        let at = self.b.ins().iadd(entries_at, bytes);
        self.b.ins().store(trusted(), item, at, -8);
        // One sooner, one more.
        let range = self.b.ins().iadd_imm_s(range, (1 << 32) - 1);
        let word = self.new_handle(longer, range, buffer);
        self.b.ins().jump(done, &[BlockArg::Value(word)]);
    }
}
