//! Jumps, and patterns: tests of a value's shape and taking it apart.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};
use cranelift_frontend::Switch;
use std::mem::offset_of;

use super::{Flow, Translator, switch_table, trusted};
use crate::code::exec::Ex;
use crate::heap::{Heap, layout};
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::process::Process;
use crate::value::Word;

/// The flags of a header that say where its object lies: static memory, the old generation.
pub(super) const PLACE: i64 = layout::bits(layout::STATIC | layout::OLD | layout::GUARDED) as i64;

impl Translator<'_, '_> {
    pub(super) fn pattern(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::Jump => {
                let to = self.block_at(ins.targets[0]);
                self.b.ins().jump(to, &[]);
                return Flow::Ended;
            }
            Ex::JumpBack => {
                let due = self.exit_of(ins);
                self.charge(due);
                let to = self.block_at(ins.targets[0]);
                self.b.ins().jump(to, &[]);
                return Flow::Ended;
            }
            Ex::Switch => return self.switch(ins),
            Ex::UnlessWord => {
                let word = self.get(ins.a);
                let wanted = self.int(ins.ext[1] as i64);
                let same = self.b.ins().icmp(IntCC::Equal, word, wanted);
                self.go_on_if(ins, same);
            }
            Ex::UnlessSame => {
                let (x, y) = (self.get(ins.a), self.get(ins.b));
                self.same(ins, x, y);
            }
            Ex::UnlessConst => {
                let x = self.get(ins.a);
                let y = self.int(ins.ext[1] as i64);
                self.same(ins, x, y);
            }
            Ex::UnlessList => {
                let to = self.block_at(ins.targets[0]);
                let word = self.get(ins.a);
                let header = self.header(word, to);
                let words = layout::header(layout::LIST, 0, 0, 1 + ins.count() as usize);
                self.check_header(header, words, to);
            }
            Ex::UnlessMap => {
                let value = self.step(ins, false);
                self.go_to(ins, value);
            }
            Ex::ListEntry => self.list_entry(ins),
            Ex::Uncons => self.uncons(ins),
            Ex::CheckType => return self.step_on(ins),
            Ex::MapEntry => self.map_entry(ins),
            Ex::UnlessVector | Ex::UnlessLonger => self.length(ins),
            Ex::MapEntryAt | Ex::Prefix | Ex::RecvPeek => {
                let pc = self.step(ins, false);
                self.go_to(ins, pc);
                self.fetch(&ins.defs.clone());
            }
            _ => {
                let pc = self.step(ins, false);
                self.go_to(ins, pc);
            }
        }
        Flow::On
    }

    /// The value of a constant key: in a map of the shape met here inline.
    fn map_entry(&mut self, ins: &Ins) {
        let (map, cache) = (self.get(ins.b), self.cache(ins, 3));
        let (slow, done) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        match self.cached_entry(map, cache, slow) {
            Some(value) => self.b.ins().jump(done, &[BlockArg::Value(value)]),
            None => self.b.ins().jump(slow, &[]),
        };
        self.b.switch_to_block(slow);
        let pc = self.step(ins, false);
        self.go_to(ins, pc);
        let value = self.image_load(ins.a);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }

    /// Jumps unless a vector has so many entries, or at least so many.
    fn length(&mut self, ins: &Ins) {
        let vec = self.get(ins.a);
        let to = self.block_at(ins.targets[0]);
        let (other, on) = (self.b.create_block(), self.b.create_block());
        let header = self.header(vec, other);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::VEC as i64);
        self.unlikely(differs, other);
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let length = self.b.ins().ushr_imm_u(range, 32);
        let code = match ins.op {
            Ex::UnlessVector => IntCC::Equal,
            _ => IntCC::UnsignedGreaterThanOrEqual,
        };
        let holds = self.b.ins().icmp_imm_s(code, length, ins.count() as i64);
        self.b.ins().brif(holds, on, &[], to, &[]);
        self.b.switch_to_block(other);
        let pc = self.step(ins, false);
        self.go_to(ins, pc);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// Jumps if the pc is that of the jump.
    pub(super) fn go_to(&mut self, ins: &Ins, pc: Value) {
        let next = self.int(self.function.pc_at(ins.next) as i64);
        let on = self.b.ins().icmp(IntCC::Equal, pc, next);
        self.go_on_if(ins, on);
    }

    fn go_on_if(&mut self, ins: &Ins, condition: Value) {
        let to = self.block_at(ins.targets[0]);
        let on = self.b.create_block();
        self.b.ins().brif(condition, on, &[], to, &[]);
        self.b.switch_to_block(on);
    }

    /// Counts a reduction; goes to `due` when the turn is over or a collection is due.
    pub(super) fn charge(&mut self, due: Block) {
        let offset = offset_of!(Process, core.budget);
        let budget = self.process_load(offset);
        let budget = self.b.ins().iadd_imm_s(budget, -1);
        self.process_store(offset, budget);
        let spent = self.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, budget, 0);
        self.unlikely(spent, due);
        let process = self.process();
        let offset = offset_of!(Process, heap) + Heap::DUE_OFFSET;
        let flag = self.b.ins().uload8(I64, trusted(), process, offset as i32);
        self.unlikely(flag, due);
    }

    /// The header of the object that a word points to; goes to `other` if it is no pointer to an object
    /// other than a float.
    pub(super) fn header(&mut self, word: Value, other: Block) -> Value {
        let tag = self.b.ins().band_imm_u(word, 7);
        let none = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, 1);
        let on = self.b.create_block();
        self.b.ins().brif(none, other, &[], on, &[]);
        self.b.switch_to_block(on);
        self.b.ins().load(I64, trusted(), word, -1)
    }

    /// Goes to `other` unless a header is this one, whatever memory the object lies in.
    pub(super) fn check_header(&mut self, header: Value, wanted: u64, other: Block) {
        let bits = self.b.ins().band_imm_s(header, !PLACE);
        let wanted = self.int(wanted as i64);
        let differs = self.b.ins().icmp(IntCC::NotEqual, bits, wanted);
        let on = self.b.create_block();
        self.b.ins().brif(differs, other, &[], on, &[]);
        self.b.switch_to_block(on);
    }

    /// Jumps unless two values match.
    fn same(&mut self, ins: &Ins, x: Value, y: Value) {
        let to = self.block_at(ins.targets[0]);
        let (on, differ, slow) = (self.b.create_block(), self.b.create_block(), self.cold_block());
        let equal = self.b.ins().icmp(IntCC::Equal, x, y);
        // A float that is no number is the same as itself only if it is the same object to compare:
        // the helper knows.
        self.b.ins().brif(equal, on, &[], differ, &[]);
        self.b.switch_to_block(differ);
        // Only two pointers can match without being one word.
        let [x3, y3] = [x, y].map(|v| self.b.ins().band_imm_u(v, 3));
        let [px, py] = [x3, y3].map(|v| self.b.ins().icmp_imm_s(IntCC::Equal, v, 1));
        let both = self.b.ins().band(px, py);
        self.b.ins().brif(both, slow, &[], to, &[]);
        self.b.switch_to_block(slow);
        let failed = self.exit_of(ins);
        let number = self.int(Operator::Same as i64);
        let word = self.ask(abi::quiet_binary, &[number, x, y], failed);
        let holds = self.b.ins().icmp_imm_s(IntCC::Equal, word, Word::TRUE.bits() as i64);
        self.b.ins().brif(holds, on, &[], to, &[]);
        self.b.switch_to_block(on);
    }

    fn switch(&mut self, ins: &Ins) -> Flow {
        let table = switch_table(ins);
        let at = |distance: i32| (ins.at as i64 + distance as i64) as u32;
        let word = self.get(ins.a);
        let default = self.block_at(at(table.default));
        let immediates = if table.boxed.is_empty() {
            default
        } else {
            let (pointer, immediate) = (self.b.create_block(), self.b.create_block());
            let tag = self.b.ins().band_imm_u(word, 3);
            let is = self.b.ins().icmp_imm_s(IntCC::Equal, tag, 1);
            self.b.ins().brif(is, pointer, &[], immediate, &[]);
            self.b.switch_to_block(pointer);
            let pc = self.step(ins, false);
            for &(_, distance) in &table.boxed {
                let to = self.block_at(at(distance));
                let case = self.int(self.function.pc_at(at(distance)) as i64);
                let here = self.b.ins().icmp(IntCC::Equal, pc, case);
                let other = self.b.create_block();
                self.b.ins().brif(here, to, &[], other, &[]);
                self.b.switch_to_block(other);
            }
            self.b.ins().jump(default, &[]);
            self.b.switch_to_block(immediate);
            default
        };
        let mut cases = Switch::new();
        for &(word, distance) in &table.words {
            let to = self.block_at(at(distance));
            cases.set_entry(word as u128, to);
        }
        cases.emit(self.b, word, immediates);
        Flow::Ended
    }

    fn list_entry(&mut self, ins: &Ins) {
        let word = self.get(ins.b);
        let failed = self.exit_of(ins);
        let header = self.header(word, failed);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::LIST as i64);
        self.unlikely(other, failed);
        let words = self.b.ins().ushr_imm_u(header, 32);
        let index = ins.count() as i64;
        let short = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, words, index + 1);
        self.unlikely(short, failed);
        let offset = i32::try_from(7 + 8 * index).unwrap_or(i32::MAX);
        let value = self.b.ins().load(I64, trusted(), word, offset);
        self.set(ins.a, value);
    }
}
