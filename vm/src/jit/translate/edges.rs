//! Ways between blocks, and out of compiled code.
//!
//! In: the types with which a way is taken. Out: registers as the instruction at its end expects them, or the
//! interpreter's frame. The budget of a function that loops is kept in a variable; the process has it
//! again before anything else may look at it.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, TrapCode, Value};

use super::asks::Kind;
use super::registers::FLOAT_TAG;
use super::{F64, Flow, Translator, trusted};
use crate::heap::Heap;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::{Ins, Registers};
use crate::jit::feedback::Miss;
use crate::jit::helpers::Operator;
use crate::jit::types::{self, State, Type};
use crate::process::Process;

/// A place where compiled code leaves for the interpreter.
pub(super) struct Exit {
    pub(super) block: Block,
    pub(super) pc: *const u64,
    pub(super) live: Registers,
    pub(super) state: State,
    /// A sum or difference that went wrong, and its second operand: the first was this register's.
    pub(super) undo: Option<Undo>,
    pub(super) miss: Option<Miss>,
}

/// A result from which an operand is found again, so that it need not be kept.
#[derive(Clone, Copy)]
pub(super) struct Undo {
    pub(super) register: u16,
    pub(super) operator: Operator,
    pub(super) result: Value,
    pub(super) by: Value,
}

/// A way to an instruction whose registers are to be of other types than those that come.
pub(super) struct Edge {
    pub(super) block: Block,
    pub(super) second: bool,
    pub(super) to: u32,
    pub(super) state: State,
}

impl Translator<'_, '_> {
    /// Blocks that nothing leads to, and the ways out.
    pub(super) fn finish(&mut self) {
        let trap = TrapCode::unwrap_user(1);
        while let Some(edge) = self.edges.pop() {
            self.b.switch_to_block(edge.block);
            self.second = edge.second;
            self.state = edge.state;
            self.jump_to(edge.to);
        }
        let ends: Vec<Block> = self
            .blocks
            .iter()
            .filter(|((_, at), _)| !self.code.code.contains_key(at))
            .map(|(_, &block)| block)
            .collect();
        for block in ends {
            self.b.switch_to_block(block);
            self.b.ins().trap(trap);
        }
        for exit in std::mem::take(&mut self.exits) {
            self.b.switch_to_block(exit.block);
            self.state = exit.state;
            if let Some(undo) = exit.undo {
                self.undo(undo);
            }
            if let Some(miss) = exit.miss {
                let bits = self.int(miss.bits() as i64);
                let root = self.int(std::ptr::from_ref(self.root) as i64);
                let transit = self.transit();
                for (word, offset) in
                    [(bits, offset_of!(Transit, missed)), (root, offset_of!(Transit, missed_by))]
                {
                    self.b.ins().store(trusted(), word, transit, offset as i32);
                }
            }
            self.write_exit(exit.pc, exit.live);
        }
    }

    /// A block that goes on at a label with the registers as they are.
    pub(super) fn way_to(&mut self, at: u32) -> Block {
        let target = self.block_at(at);
        let Some(wanted) = self.types.at(at) else {
            self.sound = false;
            return target;
        };
        let live = self.code.live_at(at);
        let same = live.iter().all(|register| {
            let (is, wanted) = (self.type_of(register), wanted[register as usize]);
            is == wanted || (!matches!(is, Type::Float | Type::Slice) && is.fits(wanted))
        });
        if same {
            return target;
        }
        let block = self.b.create_block();
        let (second, state) = (self.second, self.state.clone());
        self.edges.push(Edge { block, second, to: at, state });
        block
    }

    /// Goes on at a label: ends the block.
    pub(super) fn jump_to(&mut self, at: u32) {
        let target = self.block_at(at);
        if let Some(wanted) = self.types.at(at) {
            let mut raw = Vec::new();
            for register in self.code.live_at(at).iter() {
                let (is, wanted) = (self.type_of(register), wanted[register as usize]);
                let has_none = matches!(is, Type::Float | Type::Slice);
                if has_none && is != wanted {
                    raw.push(register);
                }
                self.sound &= is.fits(wanted);
            }
            self.box_all(&raw);
        } else {
            self.sound = false;
        }
        self.b.ins().jump(target, &[]);
    }

    /// Goes to `miss` unless these registers of unknown types are numbers of these kinds; from now on they are.
    pub(super) fn check_kinds(&mut self, registers: &[(u16, types::Kind)], miss: Block) {
        if let Some(odd) = self.oddness(registers) {
            self.unlikely(odd, miss);
        }
        registers.iter().for_each(|&(register, kind)| self.note_kind(register, kind));
    }

    /// What is not zero unless the words of registers are numbers of these kinds: all that is wrong with any of
    /// their tags.
    pub(super) fn oddness(&mut self, registers: &[(u16, types::Kind)]) -> Option<Value> {
        let of_kind = |wanted| registers.iter().filter(move |&&(_, kind)| kind == wanted);
        let ints = of_kind(types::Kind::Int).map(|&(register, _)| self.get(register));
        let ints: Vec<Value> = ints.collect();
        let floats: Vec<Value> = of_kind(types::Kind::Float)
            .map(|&(register, _)| {
                let word = self.get(register);
                self.b.ins().iadd_imm_s(word, -FLOAT_TAG)
            })
            .collect();
        let odd = [(ints, 1), (floats, 7)].map(|(words, mask)| {
            let all = words.into_iter().reduce(|x, y| self.b.ins().bor(x, y));
            all.map(|all| self.b.ins().band_imm_u(all, mask))
        });
        odd.into_iter().flatten().reduce(|x, y| self.b.ins().bor(x, y))
    }

    /// The register's word is known to be a number of this kind.
    pub(super) fn note_kind(&mut self, register: u16, kind: types::Kind) {
        match kind {
            types::Kind::Int => self.state[register as usize] = Type::Int,
            types::Kind::Float => {
                let word = self.get(register);
                let float = self.b.ins().load(F64, trusted(), word, 8 - FLOAT_TAG as i32);
                self.note_boxed(register, float);
            }
        }
    }

    // ---- ways out

    /// A block that leaves for the interpreter at this instruction.
    pub(super) fn exit_of(&mut self, ins: &Ins) -> Block {
        if let Some(block) = self.exit {
            return block;
        }
        let block = self.exit_at(ins.at, ins.live);
        self.exit = Some(block);
        block
    }

    /// The same for operands that are none of those guessed.
    pub(super) fn miss_of(&mut self, ins: &Ins, registers: [u16; 2]) -> Block {
        if let Some(block) = self.miss {
            return block;
        }
        let block = self.exit_at(ins.at, ins.live);
        if let Some(exit) = self.exits.last_mut() {
            exit.miss = Some(Miss::Operator { at: ins.at, registers });
        }
        self.miss = Some(block);
        block
    }

    pub(super) fn exit_at(&mut self, at: u32, live: Registers) -> Block {
        let (block, pc) = (self.cold_block(), self.function.pc_at(at));
        let state = self.state.clone();
        self.exits.push(Exit { block, pc, live, state, undo: None, miss: None });
        block
    }

    /// Leaves for the interpreter at this instruction.
    pub(super) fn leave(&mut self, ins: &Ins) -> Flow {
        self.write_exit(self.function.pc_at(ins.at), ins.live);
        Flow::Ended
    }

    pub(super) fn write_exit(&mut self, pc: *const u64, live: Registers) {
        self.close_far(live);
        self.store_budget();
        let (words, floats): (Vec<u16>, Vec<u16>) =
            live.iter().partition(|&register| self.type_of(register) != Type::Float);
        self.image_store(&words);
        self.image_floats(&floats);
        let pc = self.int(pc as i64);
        if let Some(leave) = self.way_out() {
            self.b.ins().jump(leave, &[BlockArg::Value(pc)]);
            return;
        }
        let function = self.int(std::ptr::from_ref(self.function) as i64);
        let stub = self.int(abi::address(abi::exit) as i64);
        let signature = self.signature(2, Kind::Tail);
        self.b.ins().return_call_indirect(signature, stub, &[function, pc]);
    }

    /// Puts floats into the image as they are, and says that they are.
    fn image_floats(&mut self, registers: &[u16]) {
        if registers.is_empty() {
            return;
        }
        let transit = self.transit();
        let mut mask = [0u64; 4];
        for &register in registers {
            mask[register as usize >> 6] |= 1 << (register & 63);
            let value = self.float(register);
            let offset = offset_of!(Transit, image) + 8 * register as usize;
            self.b.ins().store(trusted(), value, transit, offset as i32);
        }
        for (i, bits) in mask.into_iter().enumerate().filter(|&(_, bits)| bits != 0) {
            let bits = self.int(bits as i64);
            let offset = offset_of!(Transit, raw) + 8 * i;
            self.b.ins().store(trusted(), bits, transit, offset as i32);
        }
    }

    // ---- the budget

    /// Gives the process its budget back before anything else uses it.
    pub(super) fn store_budget(&mut self) {
        if let Some(variable) = self.budget {
            let budget = self.b.use_var(variable);
            self.process_store(offset_of!(Process, core.budget), budget);
        }
    }

    /// Takes it again.
    pub(super) fn fetch_budget(&mut self) {
        if let Some(variable) = self.budget {
            let budget = self.process_load(offset_of!(Process, core.budget));
            self.b.def_var(variable, budget);
        }
    }

    /// Counts reductions; goes to `due` when the turn is over or a collection is due.
    pub(super) fn charge(&mut self, count: i64, due: Block) {
        let at = offset_of!(Process, core.budget);
        let budget = match self.budget {
            Some(variable) => self.b.use_var(variable),
            None => self.process_load(at),
        };
        let budget = self.b.ins().iadd_imm_s(budget, -count);
        match self.budget {
            Some(variable) => self.b.def_var(variable, budget),
            None => self.process_store(at, budget),
        }
        // A loop that ends here goes back by this very jump.
        let goes_on = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, budget, 0);
        let on = self.b.create_block();
        self.b.ins().brif(goes_on, on, &[], due, &[]);
        self.b.switch_to_block(on);
        if self.allocates {
            let process = self.process();
            let offset = offset_of!(Process, heap) + Heap::DUE_OFFSET;
            let flag = self.b.ins().uload8(super::I64, trusted(), process, offset as i32);
            self.unlikely(flag, due);
        }
    }
}
