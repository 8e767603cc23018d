//! The beginning of a function: its parameters, and what a loop wants of them.
//!
//! In: arguments in machine registers and in the image, captures in a closure or in the image. Out: registers as
//! the types say that they are before the first instruction.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};

use super::edges::Exit;
use super::{Translator, trusted};
use crate::jit::enter::takes_closure;
use crate::jit::feedback::Miss;

impl Translator<'_, '_> {
    /// Takes parameters out of machine registers and the image.
    pub(super) fn take_parameters(&mut self, entry: Block) {
        let arity = self.function.arity as usize;
        let mut values: Vec<Value> = self.b.block_params(entry).to_vec();
        for i in values.len()..arity + takes_closure(self.function) as usize {
            values.push(self.image_load(i as u16));
        }
        for (i, &value) in values.iter().take(arity).enumerate() {
            self.set(i as u16, value);
        }
        if !takes_closure(self.function) {
            return;
        }
        // Called as a closure; or by the interpreter, with what it has captured in the image.
        let closure = values[arity];
        let (unpack, copy, done) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.ins().brif(closure, unpack, &[], copy, &[]);
        let captures = self.function.captures as usize;
        self.b.switch_to_block(unpack);
        for i in 0..captures {
            let value = self.b.ins().load(I64, trusted(), closure, 15 + 8 * i as i32);
            self.set((arity + i) as u16, value);
        }
        if self.function.wants_self {
            self.set((arity + captures) as u16, closure);
        }
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(copy);
        for i in 0..captures + self.function.wants_self as usize {
            let value = self.image_load((arity + 1 + i) as u16);
            self.set((arity + i) as u16, value);
        }
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    /// Checks the parameters that a loop wants to be numbers.
    pub(super) fn check_guards(&mut self) {
        let guards = &self.types.guards;
        if let Some(odd) = self.oddness(guards) {
            let (wrong, on) = (self.cold_block(), self.b.create_block());
            self.b.ins().brif(odd, wrong, &[], on, &[]);
            // Which of them it was is found out only then.
            self.b.switch_to_block(wrong);
            for &(register, kind) in guards {
                let miss = self.refused(register, Miss::Param(register));
                let odd = self.oddness(&[(register, kind)]);
                odd.into_iter().for_each(|odd| self.unlikely(odd, miss));
            }
            self.b.ins().jump(on, &[]);
            self.b.switch_to_block(on);
        }
        guards.iter().for_each(|&(register, kind)| self.note_kind(register, kind));
        for &register in &self.types.slices {
            let miss = self.refused(register, Miss::Slice(register));
            self.check_slice(register, miss);
        }
    }

    /// Where to leave if a parameter is not what it was guessed to be.
    fn refused(&mut self, register: u16, miss: Miss) -> Block {
        let block = self.cold_block();
        let at = self.code.first;
        let mut live = self.code.live_at(at);
        live.insert(register);
        let (pc, state) = (self.function.pc_at(at), self.state.clone());
        self.exits.push(Exit { block, pc, live, state, undo: None, miss: Some(miss) });
        block
    }
}
