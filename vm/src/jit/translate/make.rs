//! Values that are made or loaded: constants, lists, closures, maps, `[h | t]`, fields.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value};
use std::mem::offset_of;

use super::{Flow, Translator, trusted};
use crate::code::exec::Ex;
use crate::code::function::Function;
use crate::code::module::{Global, Link, UNSET};
use crate::heap::{Heap, layout};
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::process::Process;
use crate::value::Word;

/// Objects of at most so many words are made inline.
const INLINE_WORDS: usize = 16;

impl Translator<'_, '_> {
    pub(super) fn make(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::LoadSmall => {
                let n = (ins.b as u32 | (ins.c as u32) << 16) as i32;
                let word = self.int(Word::small_wrapping(n as i64).bits() as i64);
                self.set(ins.a, word);
                self.known.insert(ins.a);
            }
            Ex::LoadWord => {
                let word = self.int(ins.ext[0] as i64);
                self.set(ins.a, word);
                if ins.ext[0] & 1 == 0 {
                    self.known.insert(ins.a);
                }
            }
            Ex::Move => {
                let value = self.get(ins.b);
                self.set(ins.a, value);
                if self.known.contains(ins.b) {
                    self.known.insert(ins.a);
                }
            }
            Ex::List if !ins.args.is_empty() => return self.object(ins, layout::LIST, &[]),
            Ex::Closure => return self.object(ins, layout::CLOSURE, &[ins.ext[1]]),
            Ex::MapKeys if ins.ext[1] != 0 => {
                return self.object(ins, layout::MAP, &[super::shape_id(ins)]);
            }
            Ex::Global => {
                let at = ins.ext[0] as usize + offset_of!(Global, word);
                self.load_set(ins, at);
            }
            Ex::Member => {
                let at = ins.ext[0] as usize + offset_of!(Link, value);
                self.load_set(ins, at);
            }
            Ex::CheckDefined => {
                let failed = self.exit_of(ins);
                let at = self.int((ins.ext[0] as usize + offset_of!(Function, defined)) as i64);
                let defined = self.b.ins().uload8(I64, trusted(), at, 0);
                let missing = self.b.ins().icmp_imm_s(IntCC::Equal, defined, 0);
                self.unlikely(missing, failed);
            }
            _ => return self.step_on(ins),
        }
        Flow::On
    }

    /// Loads a word that is set once; before that the interpreter does it.
    fn load_set(&mut self, ins: &Ins, at: usize) {
        let failed = self.exit_of(ins);
        let at = self.int(at as i64);
        let word = self.b.ins().load(I64, trusted(), at, 0);
        let unset = self.b.ins().icmp_imm_s(IntCC::Equal, word, UNSET as i64);
        self.unlikely(unset, failed);
        self.set(ins.a, word);
    }

    /// Room for an object of so many words: its address.
    pub(super) fn allocate(&mut self, words: usize) -> Value {
        let heap = offset_of!(Process, heap);
        let top = self.process_load(heap + Heap::TOP_OFFSET);
        let end = self.process_load(heap + Heap::END_OFFSET);
        let new = self.b.ins().iadd_imm_s(top, 8 * words as i64);
        let full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, new, end);
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let at = self.b.append_block_param(done, I64);
        self.unlikely(full, slow);
        self.process_store(heap + Heap::TOP_OFFSET, new);
        self.b.ins().jump(done, &[BlockArg::Value(top)]);
        self.b.switch_to_block(slow);
        let failed = self.cold_block();
        let words = self.int(words as i64);
        let value = self.ask(abi::quiet_allocate, &[words], failed);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(failed);
        // It never fails.
        self.b.ins().trap(cranelift_codegen::ir::TrapCode::unwrap_user(2));
        self.b.switch_to_block(done);
        at
    }

    /// An object of raw words and registers.
    fn object(&mut self, ins: &Ins, tag: layout::Tag, raw: &[u64]) -> Flow {
        let words = 1 + raw.len() + ins.args.len();
        if words > INLINE_WORDS {
            return self.step_on(ins);
        }
        let at = self.allocate(words);
        let mut parts = vec![self.int(layout::header(tag, 0, 0, words) as i64)];
        parts.extend(raw.iter().map(|&word| self.b.ins().iconst(I64, word as i64)));
        parts.extend(ins.args.iter().map(|&register| {
            let variable = self.vars[register as usize];
            self.b.use_var(variable)
        }));
        for (i, part) in parts.into_iter().enumerate() {
            self.b.ins().store(trusted(), part, at, 8 * i as i32);
        }
        let word = self.b.ins().iadd_imm_s(at, 1);
        self.set(ins.defs[0], word);
        Flow::On
    }
}
