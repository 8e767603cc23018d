//! Registers as compiled code has them: words, floats without objects, stack slots across calls.
//!
//! In: the type of each register (`types.rs`). Out: IR values in the representation that is asked for. A register
//! is a variable of words and, of floats, one of floats beside it: of type `Float` only that one holds
//! something, of type `Boxed` both. Small ints and floats live across calls wherever the register
//! allocator keeps them; other words go to a stack slot that the call's site names.
//!
//! An instruction has the objects of its operands made (`box_all`) before it branches, so that what it asks for
//! in a block of its own changes nothing elsewhere.

use std::rc::Rc;

use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{
    Inst, InstBuilder, StackSlot, StackSlotData, StackSlotKind, UserStackMapEntry, Value,
};
use cranelift_frontend::Variable;

use super::edges::Undo;
use super::inline::Held;
use super::{Translator, trusted};
use crate::heap::layout;
use crate::jit::helpers::Operator;
use crate::jit::types::Type;

/// Words of a float's object.
pub(super) const FLOAT_WORDS: usize = 2;
/// The tag of a pointer to a float.
pub(super) const FLOAT_TAG: i64 = 5;

impl Translator<'_, '_> {
    /// The word of a register.
    pub(super) fn get(&mut self, register: u16) -> Value {
        self.sound &= !matches!(self.type_of(register), Type::Float | Type::Slice);
        self.b.use_var(self.vars[register as usize])
    }

    pub(super) fn type_of(&self, register: u16) -> Type {
        self.state[register as usize]
    }

    /// Puts a word of any kind into a register.
    pub(super) fn set(&mut self, register: u16, value: Value) {
        self.set_as(register, value, Type::Any);
    }

    /// Puts a word of a known type into a register; of a float `set_float` follows.
    pub(super) fn set_as(&mut self, register: u16, value: Value, known: Type) {
        self.in_slot.remove(register);
        self.state[register as usize] = known;
        self.b.def_var(self.vars[register as usize], value);
    }

    /// The float of a register that is known to hold one.
    pub(super) fn float(&mut self, register: u16) -> Value {
        self.sound &= matches!(self.type_of(register), Type::Float | Type::Boxed);
        let variable = self.float_variable(register);
        self.b.use_var(variable)
    }

    fn float_variable(&mut self, register: u16) -> Variable {
        let b = &mut *self.b;
        *self.floats[register as usize].get_or_insert_with(|| b.declare_var(F64))
    }

    /// Puts a float into a register, without an object.
    pub(super) fn set_float(&mut self, register: u16, value: Value) {
        self.in_slot.remove(register);
        self.note_float(register, value, Type::Float);
    }

    /// The register's word is that of this float.
    pub(super) fn note_boxed(&mut self, register: u16, value: Value) {
        self.note_float(register, value, Type::Boxed);
    }

    fn note_float(&mut self, register: u16, value: Value, known: Type) {
        self.state[register as usize] = known;
        let variable = self.float_variable(register);
        self.b.def_var(variable, value);
    }

    /// Makes objects of those registers that are floats without, and handles of those that are slices.
    pub(super) fn box_all(&mut self, registers: &[u16]) {
        self.close(registers);
        let raw = self.bare_floats(registers);
        if raw.is_empty() {
            return;
        }
        let at = self.allocate(FLOAT_WORDS * raw.len());
        self.write_floats(at, &raw);
    }

    /// Those that are floats without an object.
    pub(super) fn bare_floats(&self, registers: &[u16]) -> Vec<u16> {
        let mut raw: Vec<u16> = registers.to_vec();
        raw.retain(|&register| self.type_of(register) == Type::Float);
        raw.sort_unstable();
        raw.dedup();
        raw
    }

    /// Makes their objects in room that lies there.
    pub(super) fn write_floats(&mut self, at: Value, raw: &[u16]) {
        let header = self.int(layout::header(layout::FLOAT, 0, 0, 2) as i64);
        for (i, &register) in raw.iter().enumerate() {
            let (float, offset) = (self.float(register), 16 * i as i32);
            self.b.ins().store(trusted(), header, at, offset);
            self.b.ins().store(trusted(), float, at, offset + 8);
            let word = self.b.ins().iadd_imm_s(at, offset as i64 + FLOAT_TAG);
            self.set_as(register, word, Type::Boxed);
        }
    }

    // ---- operands that are not kept

    /// Finds an operand again.
    pub(super) fn undo(&mut self, Undo { register, operator, result, by }: Undo) {
        let word = match operator {
            Operator::Add => self.b.ins().isub(result, by),
            _ => self.b.ins().iadd(result, by),
        };
        self.set_as(register, word, Type::Int);
    }

    // ---- words that live across calls

    /// Stores the words among these that a collection may move.
    pub(super) fn spill(&mut self, live: &[u16]) -> Vec<(u16, StackSlot)> {
        let mut spilled = Vec::with_capacity(live.len());
        for &register in live {
            if matches!(self.type_of(register), Type::Int | Type::Float) {
                continue;
            }
            let slot = self.slot_of(register);
            if !self.in_slot.contains(register) {
                let value = self.get(register);
                self.b.ins().stack_store(I64, value, slot, 0);
            }
            spilled.push((register, slot));
        }
        for held in self.held().iter().filter(|held| !held.stored) {
            let value = self.b.use_var(held.variable);
            self.b.ins().stack_store(I64, value, held.slot, 0);
        }
        spilled
    }

    /// The words that live across the call in whose place this code stands.
    fn held(&self) -> Rc<[Held]> {
        self.outer
            .as_ref()
            .map_or_else(|| Rc::new([]) as Rc<[Held]>, |outer| Rc::clone(&outer.held))
    }

    /// The stack slot of a register.
    pub(super) fn slot_of(&mut self, register: u16) -> StackSlot {
        let b = &mut *self.b;
        *self.slots[register as usize].get_or_insert_with(|| {
            b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3))
        })
    }

    pub(super) fn attach(&mut self, call: Inst, spilled: &[(u16, StackSlot)]) {
        let held = self.held();
        for slot in spilled.iter().map(|&(_, slot)| slot).chain(held.iter().map(|held| held.slot)) {
            let entry = UserStackMapEntry { ty: I64, slot, offset: 0 };
            self.b.func.dfg.append_user_stack_map_entry(call, entry);
        }
    }

    pub(super) fn reload(&mut self, spilled: &[(u16, StackSlot)]) {
        for &(register, slot) in spilled {
            let value = self.b.ins().stack_load(I64, I64, slot, 0);
            self.b.def_var(self.vars[register as usize], value);
            self.in_slot.insert(register);
        }
        for held in self.held().iter() {
            let value = self.b.ins().stack_load(I64, I64, held.slot, 0);
            self.b.def_var(held.variable, value);
        }
    }
}
