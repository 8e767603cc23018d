//! Values that are made or loaded: constants, lists, closures, maps, `[h | t]`, fields.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};
use std::mem::offset_of;
use std::sync::atomic::Ordering;

use super::registers::FLOAT_WORDS;
use super::{Flow, Translator, trusted};
use crate::code::exec::Ex;
use crate::code::function::Function;
use crate::code::module::{Global, Link, UNSET};
use crate::heap::{Heap, layout};
use crate::jit::abi;
use crate::jit::analyse::Ins;
use crate::jit::types::{Type, constant};
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
                self.set_as(ins.a, word, Type::Int);
            }
            Ex::LoadWord => {
                let word = self.int(ins.ext[0] as i64);
                self.set_as(ins.a, word, Type::of_word(ins.ext[0]));
                if let Some(float) = constant(ins.ext[0]) {
                    let float = self.b.ins().f64const(float);
                    self.note_boxed(ins.a, float);
                }
            }
            Ex::Move => {
                if self.code.live_at(ins.next).contains(ins.b) {
                    self.forget_room(ins.b);
                }
                let given = self.given(ins.b);
                self.put(ins.a, given);
            }
            Ex::List if !ins.args.is_empty() => {
                self.close(&ins.args);
                return self.object(ins, layout::LIST, &[]);
            }
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
            Ex::Field => self.entry_met(ins, 2),
            _ => return self.step_on(ins),
        }
        Flow::On
    }

    /// The value of a key in a map, if that is of the shape that the interpreter has met here, inline; its cache is
    /// so many words after the instruction's first.
    pub(super) fn entry_met(&mut self, ins: &Ins, n: usize) {
        let (map, cache) = (self.get(ins.b), self.cache(ins, n));
        let (slow, done) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I64);
        let entry = self.cached_entry(map, cache, slow);
        match entry {
            Some(value) => self.b.ins().jump(done, &[BlockArg::Value(value)]),
            None => self.b.ins().jump(slow, &[]),
        };
        self.b.switch_to_block(slow);
        let pc = self.step(ins, entry.is_some());
        if !ins.targets.is_empty() {
            self.go_to(ins, pc);
        }
        let value = self.image_load(ins.a);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        self.set(ins.a, result);
    }

    /// What the interpreter's inline cache holds, so many words after the instruction's first.
    fn cache(&self, ins: &Ins, n: usize) -> u64 {
        self.function.body().code[ins.at as usize + n].load(Ordering::Relaxed)
    }

    /// The value in a map of the shape that a cache knows; goes to `other` if it is none.
    fn cached_entry(&mut self, map: Value, cache: u64, other: Block) -> Option<Value> {
        let shape = (cache >> 32).checked_sub(1)?;
        let header = self.header(map, other);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::MAP as i64);
        self.unlikely(differs, other);
        let met = self.b.ins().load(I64, trusted(), map, 7);
        let differs = self.b.ins().icmp_imm_s(IntCC::NotEqual, met, shape as i64);
        self.unlikely(differs, other);
        let offset = 15 + 8 * (cache as u32 as i32);
        Some(self.b.ins().load(I64, trusted(), map, offset))
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
        let bytes = self.int(8 * words as i64);
        self.allocate_bytes(bytes)
    }

    /// The same of so many bytes.
    pub(super) fn allocate_bytes(&mut self, bytes: Value) -> Value {
        let heap = offset_of!(Process, heap);
        let top = self.process_load(heap + Heap::TOP_OFFSET);
        let end = self.process_load(heap + Heap::END_OFFSET);
        let new = self.b.ins().iadd(top, bytes);
        let full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, new, end);
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let at = self.b.append_block_param(done, I64);
        // Stored where it is calculated, or it would be calculated twice.
        self.process_store(heap + Heap::TOP_OFFSET, new);
        self.b.ins().brif(full, slow, &[], done, &[BlockArg::Value(top)]);
        self.b.switch_to_block(slow);
        self.process_store(heap + Heap::TOP_OFFSET, top);
        let words = self.b.ins().ushr_imm_u(bytes, 3);
        let value = self.tell(abi::quiet_allocate, &[words]);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);
        self.b.switch_to_block(done);
        at
    }

    /// An object of raw words and registers.
    fn object(&mut self, ins: &Ins, tag: layout::Tag, raw: &[u64]) -> Flow {
        let words = 1 + raw.len() + ins.args.len();
        if words > INLINE_WORDS {
            self.box_all(&ins.args);
            return self.step_on(ins);
        }
        // Together with the objects of its floats.
        let floats = self.bare_floats(&ins.args);
        let room = self.allocate(words + FLOAT_WORDS * floats.len());
        self.write_floats(room, &floats);
        let at = self.b.ins().iadd_imm_s(room, (8 * FLOAT_WORDS * floats.len()) as i64);
        let mut parts = vec![self.int(layout::header(tag, 0, 0, words) as i64)];
        parts.extend(raw.iter().map(|&word| self.b.ins().iconst(I64, word as i64)));
        for &register in &ins.args {
            let word = self.get(register);
            parts.push(word);
        }
        for (i, part) in parts.into_iter().enumerate() {
            self.b.ins().store(trusted(), part, at, 8 * i as i32);
        }
        let word = self.b.ins().iadd_imm_s(at, 1);
        let list = ins.op == Ex::List;
        let known = if list { Type::list(ins.args.len() as u64) } else { Type::Any };
        self.set_as(ins.defs[0], word, known);
        Flow::On
    }
}
