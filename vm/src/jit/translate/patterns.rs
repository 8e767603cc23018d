//! Jumps, and patterns: tests of a value's shape and taking it apart.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use cranelift_frontend::Switch;
use rata_bytecode::module;

use super::{Flow, Translator, switch_table, tested, trusted};
use crate::code::exec::Ex;
use crate::heap::layout;
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::jit::types::Type;
use crate::value::Word;

/// The flags of a header that say where its object lies: static memory, the old generation.
pub(super) const PLACE: i64 = layout::bits(layout::STATIC | layout::OLD | layout::GUARDED) as i64;

/// Which bits of a word, being so, show that a value is of a type; other words that are no pointers show that it
/// is not. Nothing for types that words tell nothing of.
fn word_test(ty: &module::Type) -> Option<(i64, i64)> {
    Some(match ty {
        module::Type::Int | module::Type::Numeric => (1, 0),
        module::Type::Float => (7, 5),
        module::Type::Pid => (7, 3),
        module::Type::Symbol => (63, 1 << 3 | 7),
        module::Type::Module => (63, 2 << 3 | 7),
        _ => return None,
    })
}

impl Translator<'_, '_> {
    pub(super) fn pattern(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::Jump => {
                self.jump_to(ins.targets[0]);
                return Flow::Ended;
            }
            Ex::JumpBack => {
                let due = self.exit_of(ins);
                self.charge(1, due);
                self.jump_to(ins.targets[0]);
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
            Ex::UnlessList if self.type_of(ins.a) == Type::list(ins.count()) => {}
            Ex::UnlessList => {
                let to = self.way_to(ins.targets[0]);
                let word = self.get(ins.a);
                let header = self.header(word, to);
                let words = layout::header(layout::LIST, 0, 0, 1 + ins.count() as usize);
                self.check_header(header, words, to);
                self.note_list(ins.a, ins.count());
            }
            Ex::UnlessMap => {
                let value = self.step(ins, false);
                self.go_to(ins, value);
            }
            Ex::ListEntry => self.list_entry(ins),
            Ex::VectorEntry => self.vector_entry(ins),
            Ex::Uncons => self.uncons(ins),
            Ex::UnlessType => self.type_test(ins),
            Ex::CheckType => return self.step_on(ins),
            Ex::MapEntry => self.entry_met(ins, 3),
            Ex::UnlessVector | Ex::UnlessLonger => self.length(ins),
            Ex::MapEntryAt | Ex::Prefix => {
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

    /// Jumps unless a value is of a type: what a word alone tells is found out here.
    fn type_test(&mut self, ins: &Ins) {
        let Some((mask, wanted)) = tested(ins).plain().and_then(word_test) else {
            let pc = self.step(ins, false);
            return self.go_to(ins, pc);
        };
        let word = self.get(ins.a);
        let to = self.way_to(ins.targets[0]);
        let (on, other, slow) = (self.b.create_block(), self.b.create_block(), self.cold_block());
        let bits = self.b.ins().band_imm_u(word, mask);
        let holds = self.b.ins().icmp_imm_s(IntCC::Equal, bits, wanted);
        self.b.ins().brif(holds, on, &[], other, &[]);
        self.b.switch_to_block(other);
        let bits = self.b.ins().band_imm_u(word, 3);
        let pointer = self.b.ins().icmp_imm_s(IntCC::Equal, bits, 1);
        self.b.ins().brif(pointer, slow, &[], to, &[]);
        self.b.switch_to_block(slow);
        let pc = self.step(ins, true);
        self.go_to(ins, pc);
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
    }

    /// Jumps unless a vector has so many entries, or at least so many.
    fn length(&mut self, ins: &Ins) {
        let vec = self.get(ins.a);
        let to = self.way_to(ins.targets[0]);
        let [scalar, other, slow] = [(); 3].map(|()| self.cold_block());
        let on = self.b.create_block();
        let count = ins.count();
        let fits = |n: u64| if ins.op == Ex::UnlessVector { n == count } else { n >= count };
        let header = self.header(vec, scalar);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::VEC as i64);
        self.unlikely(differs, other);
        let range = self.b.ins().load(I64, trusted(), vec, 7);
        let length = self.b.ins().ushr_imm_u(range, 32);
        let code = match ins.op {
            Ex::UnlessVector => IntCC::Equal,
            _ => IntCC::UnsignedGreaterThanOrEqual,
        };
        let holds = self.b.ins().icmp_imm_s(code, length, count as i64);
        self.b.ins().brif(holds, on, &[], to, &[]);
        self.b.switch_to_block(other);
        self.if_empty(vec, if fits(0) { on } else { to }, slow);
        self.b.switch_to_block(scalar);
        // An int is a vector with one entry.
        let tag = self.b.ins().band_imm_u(vec, 1);
        self.unlikely(tag, slow);
        self.b.ins().jump(if fits(1) { on } else { to }, &[]);
        self.b.switch_to_block(slow);
        let pc = self.step(ins, true);
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
        let to = self.way_to(ins.targets[0]);
        let on = self.b.create_block();
        self.b.ins().brif(condition, on, &[], to, &[]);
        self.b.switch_to_block(on);
    }

    /// The header of the object that a word points to; goes to `other` if it is no pointer to an object
    /// other than a float.
    pub(super) fn header(&mut self, word: Value, other: Block) -> Value {
        let address = self.b.ins().iadd_imm_s(word, -1);
        let odd = self.b.ins().band_imm_u(address, 7);
        self.unlikely(odd, other);
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
        let to = self.way_to(ins.targets[0]);
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
        let default = self.way_to(at(table.default));
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
                let to = self.way_to(at(distance));
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
            let to = self.way_to(at(distance));
            cases.set_entry(word as u128, to);
        }
        cases.emit(self.b, word, immediates);
        Flow::Ended
    }

    /// The register's word is known to be a list of so many entries.
    fn note_list(&mut self, register: u16, count: u64) {
        self.state[register as usize] = Type::list(count);
    }

    fn list_entry(&mut self, ins: &Ins) {
        let word = self.get(ins.b);
        let index = ins.count() as i64;
        let offset = i32::try_from(7 + 8 * index).unwrap_or(i32::MAX);
        if let Type::List(n) = self.type_of(ins.b)
            && index < n as i64
        {
            let value = self.b.ins().load(I64, trusted(), word, offset);
            self.set(ins.a, value);
            return;
        }
        let failed = self.exit_of(ins);
        let header = self.header(word, failed);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::LIST as i64);
        self.unlikely(other, failed);
        let words = self.b.ins().ushr_imm_u(header, 32);
        let short = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, words, index + 1);
        self.unlikely(short, failed);
        let value = self.b.ins().load(I64, trusted(), word, offset);
        self.set(ins.a, value);
    }
}
