//! Code of another function in the place of a call (`jit/inline.rs` says which).
//!
//! In: a call, and the types of what it gives. Out: the other function's code, made by a translator of its own in the same
//! IR, whose returns go on behind the call. What it cannot do it leaves to the interpreter by a call of the way out; what
//! comes back from there may be anything, so it is checked to be what the types promise, and noted as a miss if not.
//!
//! In the place of a tail call there is nothing to come back to: its returns are the outer function's, and if that one
//! stands in no other's code its ways out are ordinary ones.

use std::rc::Rc;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlot, Value};
use cranelift_frontend::Variable;

use super::asks::Kind;
use super::calls::Given;
use super::registers::FLOAT_TAG;
use super::{Flow, Place, Translator, trusted};
use crate::jit::abi;
use crate::jit::analyse::{Analysis, Ins};
use crate::jit::feedback::Miss;
use crate::jit::types::{Inlined, Type, Types, constant};

/// The call in whose place code stands, and everything around it.
#[derive(Clone)]
pub(super) struct Outer {
    /// Where it goes on with a result of the type wanted; and with any word.
    back: Block,
    any: Block,
    /// A word of a small int, a float without an object, or any word.
    wanted: Type,
    pub(super) place: Rc<Place>,
    /// Words of the functions around it that live across the call.
    pub(super) held: Rc<[Held]>,
}

/// A word that a collection may move.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) variable: Variable,
    pub(super) slot: StackSlot,
    /// Whether the slot holds it anyway.
    pub(super) stored: bool,
}

impl<'a, 'b> Translator<'a, 'b> {
    /// The code that stands in the place of a call, if any does.
    pub(super) fn inlined(&self, ins: &Ins) -> Option<(&'a Analysis, &'a Inlined)> {
        let (code, types): (&'a Analysis, &'a _) = (self.code, self.types);
        Some((code.inlined.get(&ins.at)?, types.inlined.get(&ins.at)?))
    }

    /// A call with the instruction's arguments.
    pub(super) fn call_inlined(&mut self, ins: &Ins, inner: (&'a Analysis, &'a Inlined)) -> Flow {
        self.close(&ins.args);
        let floats =
            ins.args.iter().zip(&inner.1.given).filter(|(_, wanted)| **wanted != Type::Float);
        let others: Vec<u16> = floats.map(|(&register, _)| register).collect();
        self.box_all(&others);
        let given = ins.args.iter().map(|&register| self.given(register)).collect();
        self.inline(ins, inner, given)
    }

    /// A call of a closure, with the code of those that it was met with.
    pub(super) fn call_closures(&mut self, ins: &Ins) -> Flow {
        let (code, types): (&'a Analysis, &'a Types) = (self.code, self.types);
        let Some(known) = types.closures.get(&ins.at) else {
            self.sound = false;
            return self.leave(ins);
        };
        let closures = &code.closures[&ins.at];
        let register = ins.ext[0] as u16;
        self.close(&ins.uses);
        self.close(&self.live_after(ins).iter().collect::<Vec<u16>>());
        self.box_all(&[register]);
        let failed = self.exit_of(ins);
        let closure = self.get(register);
        let only = self.only_function(closure, failed);
        let done = self.b.create_block();
        let before = (self.state.clone(), self.in_slot);
        for (inner, known) in closures.known.iter().zip(known) {
            let (this, other) = (self.b.create_block(), self.b.create_block());
            let function = self.int(std::ptr::from_ref(inner.function) as i64);
            let is = self.b.ins().icmp(IntCC::Equal, only, function);
            self.b.ins().brif(is, this, &[], other, &[]);
            self.b.switch_to_block(this);
            let mut given: Vec<Given> =
                ins.args.iter().map(|&register| self.given(register)).collect();
            for i in 0..inner.function.captures {
                let word = self.b.ins().load(I64, trusted(), closure, 15 + 8 * i as i32);
                given.push(Given::word(word, Type::Any));
            }
            if inner.function.wants_self {
                given.push(Given::word(closure, Type::Any));
            }
            self.inline(ins, (inner, known), given);
            self.b.ins().jump(done, &[]);
            (self.state, self.in_slot, self.process) = (before.0.clone(), before.1, None);
            self.b.switch_to_block(other);
        }
        if closures.many {
            self.box_all(&ins.args);
            self.call_value(ins);
            self.b.ins().jump(done, &[]);
        } else {
            let miss = self.exit_at(ins.at, ins.live);
            if let Some(exit) = self.exits.last_mut() {
                exit.miss = Some(Miss::Callee { at: ins.at, register });
            }
            self.b.ins().jump(miss, &[]);
        }
        (self.state, self.in_slot, self.process) = (before.0, before.1, None);
        self.b.switch_to_block(done);
        let to = ins.defs[0];
        self.in_slot.remove(to);
        self.state[to as usize] = known.first().map_or(Type::Any, |inlined| inlined.result);
        Flow::On
    }

    /// A call with these arguments.
    pub(super) fn inline(
        &mut self,
        ins: &Ins,
        (code, known): (&'a Analysis, &'a Inlined),
        given: Vec<Given>,
    ) -> Flow {
        let outer =
            if ins.falls { Some(self.outer(ins, known.result)) } else { self.outer.clone() };
        self.store_budget();
        self.process = None;
        let mut inner = Translator::new(&mut *self.b, self.vm, code, &known.types, self.this);
        inner.root = self.root;
        inner.outer = outer.clone();
        inner.doubled = false;
        inner.places = std::mem::take(&mut self.places);
        inner.signatures = std::mem::take(&mut self.signatures);
        inner.translate_inlined(given, &known.given);
        self.sound &= inner.sound;
        self.places = std::mem::take(&mut inner.places);
        self.signatures = std::mem::take(&mut inner.signatures);
        match outer {
            Some(outer) if ins.falls => {
                self.come_back(ins, &outer);
                Flow::On
            }
            _ => Flow::Ended,
        }
    }

    /// What code in the place of this call has to know of everything around it.
    fn outer(&mut self, ins: &Ins, wanted: Type) -> Outer {
        let mut live = self.live_after(ins);
        live.remove(ins.defs[0]);
        let live: Vec<u16> = live.iter().collect();
        self.close(&live);
        let mut held: Vec<Held> = Vec::new();
        for register in live {
            if !matches!(self.type_of(register), Type::Int | Type::Float) {
                let (variable, slot) = (self.vars[register as usize], self.slot_of(register));
                held.push(Held { variable, slot, stored: self.in_slot.contains(register) });
            }
        }
        if let Some(outer) = &self.outer {
            held.extend(outer.held.iter().map(|&held| Held { stored: false, ..held }));
        }
        let (back, any) = (self.b.create_block(), self.cold_block());
        self.b.append_block_param(back, if wanted == Type::Float { F64 } else { I64 });
        self.b.append_block_param(any, I64);
        Outer { back, any, wanted, place: self.place(ins), held: held.into() }
    }

    /// Where a call of this instruction goes on, for walkers.
    pub(super) fn place(&self, ins: &Ins) -> Rc<Place> {
        let around = self.outer.as_ref().map(|outer| Rc::clone(&outer.place));
        Rc::new(Place { function: self.function, next: ins.next, around })
    }

    /// Translates a function in the place of a call.
    fn translate_inlined(&mut self, given: Vec<Given>, wanted: &[Type]) {
        self.fetch_budget();
        for (i, given) in given.into_iter().enumerate() {
            self.sound &= given.known.fits(wanted[i]);
            self.put(i as u16, given);
            if wanted[i] == Type::Any {
                self.state[i] = Type::Any;
            }
        }
        self.check_guards();
        self.find_labels();
        self.jump_to(self.code.first);
        self.copy();
        self.finish();
        if let (Some(leave), Some(outer)) = (self.leave, self.outer.clone()) {
            self.b.switch_to_block(leave);
            self.leave_by_call(leave, &outer);
        }
    }

    /// Goes on behind a call with what the code in its place has returned.
    fn come_back(&mut self, ins: &Ins, outer: &Outer) {
        let (state, in_slot, to) = (self.state.clone(), self.in_slot, ins.defs[0]);
        self.process = None;
        self.b.switch_to_block(outer.any);
        let word = self.b.block_params(outer.any)[0];
        self.fetch_budget();
        self.set(to, word);
        let value = self.checked_result(ins, outer.wanted, word);
        self.store_budget();
        self.b.ins().jump(outer.back, &[BlockArg::Value(value)]);
        (self.state, self.in_slot, self.process) = (state, in_slot, None);
        self.b.switch_to_block(outer.back);
        let value = self.b.block_params(outer.back)[0];
        self.fetch_budget();
        match outer.wanted {
            Type::Float => self.set_float(to, value),
            known => self.set_as(to, value, known),
        }
    }

    /// A result as the types say that it is; any other is a miss, and goes on in the interpreter.
    fn checked_result(&mut self, ins: &Ins, wanted: Type, word: Value) -> Value {
        let (mask, tag) = match wanted {
            Type::Int => (1, 0),
            Type::Float => (7, FLOAT_TAG),
            _ => return word,
        };
        let to = ins.defs[0];
        let mut live = self.code.live_at(ins.next);
        live.insert(to);
        let miss = self.exit_at(ins.next, live);
        if let Some(exit) = self.exits.last_mut() {
            exit.miss = Some(Miss::Operator { at: ins.at, registers: [to, Miss::NONE] });
        }
        let bits = self.b.ins().band_imm_u(word, mask);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, bits, tag);
        self.unlikely(other, miss);
        match wanted {
            Type::Float => self.b.ins().load(F64, trusted(), word, 8 - FLOAT_TAG as i32),
            _ => word,
        }
    }

    // ---- the ends of such code

    /// Whether it returns floats without objects.
    pub(super) fn returns_floats(&self) -> bool {
        self.outer.as_ref().is_some_and(|outer| outer.wanted == Type::Float)
    }

    /// Returns what a register holds.
    pub(super) fn return_register(&mut self, register: u16) -> Flow {
        if self.returns_floats() {
            let float = self.float(register);
            return self.give_back(float);
        }
        let (value, known) = (self.get(register), self.type_of(register));
        self.sound &= self.outer.as_ref().is_none_or(|outer| known.fits(outer.wanted));
        self.give_back(value)
    }

    /// Returns a constant.
    pub(super) fn return_word(&mut self, word: u64) -> Flow {
        if self.returns_floats() {
            let float = constant(word);
            self.sound &= float.is_some();
            let float = self.b.ins().f64const(float.unwrap_or_default());
            return self.give_back(float);
        }
        let value = self.int(word as i64);
        self.give_back(value)
    }

    /// Returns a value as it is wanted.
    pub(super) fn give_back(&mut self, value: Value) -> Flow {
        self.store_budget();
        match &self.outer {
            Some(outer) => self.b.ins().jump(outer.back, &[BlockArg::Value(value)]),
            None => self.b.ins().return_(&[value]),
        };
        Flow::Ended
    }

    /// Returns any word.
    pub(super) fn give_back_any(&mut self, outer: &Outer, word: Value) -> Flow {
        self.b.ins().jump(outer.any, &[BlockArg::Value(word)]);
        Flow::Ended
    }

    /// Where such code leaves for the interpreter, with a pc.
    pub(super) fn way_out(&mut self) -> Option<Block> {
        self.outer.as_ref()?;
        if self.leave.is_none() {
            let block = self.cold_block();
            self.b.append_block_param(block, I64);
            self.leave = Some(block);
        }
        self.leave
    }

    /// Calls the way out: the interpreter goes on in a frame of this function's, and its result comes back.
    fn leave_by_call(&mut self, leave: Block, outer: &Outer) {
        let pc = self.b.block_params(leave)[0];
        let spilled = self.spill(&[]);
        let function = self.int(std::ptr::from_ref(self.function) as i64);
        let stub = self.int(abi::address(abi::exit) as i64);
        let signature = self.signature(2, Kind::Tail);
        let place = Rc::clone(&outer.place);
        let call = (signature, Some(stub), &[function, pc][..]);
        let word = self.call_at(place, call, &spilled);
        self.give_back_any(outer, word);
    }
}
