//! Executed instructions → Cranelift's IR, one family of instructions a file.
//!
//! In: the analysis of a function. Out: IR in which every word that lives across a call is in a stack slot
//! named by the call's stack map. A register is an IR variable; the fast path of an instruction is inline,
//! its slow path a cold block that asks a helper, and what fails leaves for the interpreter at the
//! instruction's own pc.
//!
//! To add an instruction: its operands in `decode.rs`, its translation in the file of its family. One
//! that is rare enough needs none: `leave` has the interpreter do it.
#![allow(unsafe_code)]

mod arith;
mod asks;
mod calls;
mod close;
mod cons;
mod edges;
mod entries;
mod entry;
mod floats;
mod grow;
mod inline;
mod intrinsics;
mod make;
mod natives;
mod numbers;
mod patterns;
mod receive;
mod registers;
mod replace;
mod slices;
mod vectors;

pub(crate) use calls::Cache;

use asks::Kind;
use edges::{Edge, Exit};
use inline::Outer;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cranelift_codegen::ir::types::{F64, I64};
use cranelift_codegen::ir::{
    Block, FuncRef, InstBuilder, MemFlagsData, SigRef, StackSlot, TrapCode, Value,
};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::abi::IN_REGISTERS;
use super::analyse::{Analysis, Ins, Registers};
use super::operators::numeric;
use super::types::{Mode, State, Type, Types};
use crate::code::emit::SwitchTable;
use crate::code::exec::Ex;
use crate::code::function::Function;
use crate::code::module::Link;
use crate::code::types::RtType;
use crate::data::map::Shape;
use crate::value;
use crate::vm::Vm;

/// A call that needs a site (`table.rs`): where its instruction goes on.
pub(crate) struct Place {
    pub(crate) function: &'static Function,
    pub(crate) next: u32,
    /// The call in whose place that function's code stands.
    around: Option<Rc<Place>>,
}

impl Place {
    /// The calls in whose place its function's code stands, from inside out.
    pub(crate) fn around(&self) -> impl Iterator<Item = &Place> {
        std::iter::successors(self.around.as_deref(), |place| place.around.as_deref())
    }
}

/// The translation of one function.
pub(crate) struct Translator<'a, 'b> {
    b: &'a mut FunctionBuilder<'b>,
    vm: &'a Vm,
    code: &'a Analysis,
    function: &'static Function,
    vars: Vec<Variable>,
    slots: Vec<Option<StackSlot>>,
    blocks: HashMap<(bool, u32), Block>,
    /// Whether it is a short loop, whose code is there twice; and which of the two is being made.
    doubled: bool,
    second: bool,
    signatures: HashMap<(usize, Kind), SigRef>,
    /// The function that is compiled, and its number in the IR.
    root: &'static Function,
    this: FuncRef,
    /// The call in whose place this function's code stands.
    outer: Option<Outer>,
    /// Where it leaves then.
    leave: Option<Block>,
    types: &'a Types,
    /// What the registers hold at the instruction being translated.
    state: State,
    /// Those that are floats have these beside their words.
    floats: Vec<Option<Variable>>,
    /// Those that are slices: where they lie, beside a handle.
    slices: Vec<Option<slices::Parts>>,
    /// Which slices may have room, and of what.
    growing: BTreeSet<u16>,
    kind_of_room: value::Kind,
    /// Registers whose stack slots hold what they do.
    in_slot: Registers,
    /// The budget, of a function with a loop of few values; what the process has is out of date.
    budget: Option<Variable>,
    /// Whether it may allocate between two turns of its loop.
    allocates: bool,
    /// The process, as a block has it since the last call there.
    process: Option<(Block, Value)>,
    /// Where to leave from the instruction being translated; the same for a wrong guess.
    exit: Option<Block>,
    miss: Option<Block>,
    /// Up to here instructions have been translated together with one before them.
    done: u32,
    exits: Vec<Exit>,
    edges: Vec<Edge>,
    /// Nothing was found that the types exclude.
    sound: bool,
    pub(crate) places: Vec<Rc<Place>>,
}

/// What an instruction leaves behind.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    /// Nothing follows in this block.
    Ended,
}

/// The table of a `Switch`.
pub(crate) fn switch_table(ins: &Ins) -> &'static SwitchTable {
    // SAFETY: the word after a `Switch` is the address of its immortal table.
    unsafe { &*(ins.ext[0] as *const SwitchTable) }
}

/// The function that a call names.
pub(crate) fn function_at(ins: &Ins) -> &'static Function {
    // SAFETY: the word after the arguments is an immortal function.
    unsafe { &*(ins.ext[0] as *const Function) }
}

/// The link of a `CallImport` or `TailImport`.
pub(crate) fn link_of(ins: &Ins) -> &'static Link {
    // SAFETY: the word after the arguments is an immortal link.
    unsafe { &*(ins.ext[0] as *const Link) }
}

fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

impl<'a, 'b> Translator<'a, 'b> {
    pub(crate) fn new(
        b: &'a mut FunctionBuilder<'b>,
        vm: &'a Vm,
        code: &'a Analysis,
        types: &'a Types,
        this: FuncRef,
    ) -> Translator<'a, 'b> {
        let function = code.function;
        let vars = (0..function.registers()).map(|_| b.declare_var(I64)).collect();
        let loops = code.code.values().any(|ins| code.is_loop(ins) || ins.op == Ex::JumpBack);
        // Where slices are, other things need registers more.
        let budget = (loops && types.slices.is_empty()).then(|| b.declare_var(I64));
        Translator {
            b,
            vm,
            code,
            function,
            vars,
            slots: vec![None; function.registers()],
            blocks: HashMap::new(),
            doubled: loops && calls::is_short(code) && !types.may_allocate(code),
            second: false,
            signatures: HashMap::new(),
            root: function,
            this,
            outer: None,
            leave: None,
            types,
            state: vec![Type::Any; function.registers()],
            floats: vec![None; function.registers()],
            slices: vec![None; function.registers()],
            growing: slices::growing(code),
            kind_of_room: grow::kind_of_room(code, types),
            in_slot: Registers::default(),
            budget,
            allocates: types.may_allocate(code),
            process: None,
            exit: None,
            miss: None,
            done: 0,
            exits: Vec::new(),
            edges: Vec::new(),
            sound: true,
            places: Vec::new(),
        }
    }

    /// Translates the whole function; `entry` has its parameters.
    pub(crate) fn translate(&mut self, entry: Block) {
        self.b.switch_to_block(entry);
        self.fetch_budget();
        self.go_behind_wait();
        self.take_parameters(entry);
        self.check_guards();
        self.find_labels();
        self.jump_to(self.code.first);
        self.copy();
        if self.doubled {
            (self.second, self.done) = (true, 0);
            self.find_labels();
            self.copy();
        }
        self.finish();
    }

    /// Translates all instructions.
    fn copy(&mut self) {
        let (code, mut open) = (self.code, false);
        for ins in code.code.values() {
            if let Some(block) = self.label(ins.at) {
                if open {
                    self.jump_to(ins.at);
                }
                self.b.switch_to_block(block);
                open = self.begin(ins.at);
            }
            if open && ins.at >= self.done {
                (self.exit, self.miss) = (None, None);
                open = self.instruction(ins) == Flow::On;
            }
        }
        if open {
            self.b.ins().trap(TrapCode::unwrap_user(1));
        }
    }

    /// The block of an instruction that is jumped to.
    fn label(&self, at: u32) -> Option<Block> {
        self.blocks.get(&(self.second, at)).copied()
    }

    /// Makes the blocks that are jumped to.
    fn find_labels(&mut self) {
        let code = self.code;
        self.block_at(code.first);
        for ins in code.code.values() {
            for &target in &ins.targets {
                self.block_at(target);
            }
            if !ins.falls {
                self.block_at(ins.next);
            }
            if let Some(handler) = code.handler(ins.at) {
                self.block_at(handler.target);
            }
        }
    }

    /// Begins at a label; false if no way leads there.
    fn begin(&mut self, at: u32) -> bool {
        self.in_slot = Registers::default();
        match self.types.at(at) {
            Some(state) => {
                self.state.clone_from(state);
                true
            }
            None => {
                self.b.ins().trap(TrapCode::unwrap_user(1));
                false
            }
        }
    }

    /// Whether all types fitted.
    pub(crate) fn is_sound(&self) -> bool {
        self.sound
    }

    fn block_at(&mut self, at: u32) -> Block {
        let b = &mut *self.b;
        *self.blocks.entry((self.second, at)).or_insert_with(|| b.create_block())
    }

    fn int(&mut self, n: i64) -> Value {
        self.b.ins().iconst(I64, n)
    }

    // ---- blocks

    fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Goes to `cold` when the condition is not zero, and on in a fresh block.
    fn unlikely(&mut self, condition: Value, cold: Block) {
        let on = self.b.create_block();
        self.b.ins().brif(condition, cold, &[], on, &[]);
        self.b.switch_to_block(on);
    }

    /// Translates one instruction.
    fn instruction(&mut self, ins: &Ins) -> Flow {
        if let Some(numeric) = numeric(ins) {
            return self.number(ins, numeric);
        }
        if self.code.is_loop(ins) {
            return self.loop_again(ins);
        }
        if self.types.mode(ins.at) != Mode::Generic {
            return self.root(ins);
        }
        if let Some(inner) = self.inlined(ins) {
            return self.call_inlined(ins, inner);
        }
        if self.code.closures.contains_key(&ins.at) {
            return self.call_closures(ins);
        }
        let takes_floats = match ins.op {
            Ex::Move | Ex::List => true,
            Ex::Return => self.returns_floats(),
            _ => false,
        };
        if !takes_floats {
            let sliced = self.types.sliced(ins, &self.state);
            let others = ins.uses.iter().copied().filter(|&register| Some(register) != sliced);
            self.box_all(&others.collect::<Vec<u16>>());
            if let Some(register) = sliced {
                self.use_slice(ins, register);
                return Flow::On;
            }
        }
        match ins.op {
            Ex::LoadSmall
            | Ex::LoadWord
            | Ex::Move
            | Ex::List
            | Ex::Closure
            | Ex::Global
            | Ex::Member
            | Ex::CheckDefined
            | Ex::Field
            | Ex::MapKeys => self.make(ins),
            Ex::Vector
            | Ex::Cons
            | Ex::Map
            | Ex::Set
            | Ex::Range
            | Ex::ExceptionType
            | Ex::ExceptionParts
            | Ex::VectorRest => self.step_on(ins),
            Ex::RecvStart
            | Ex::RecvMark
            | Ex::RecvPeek
            | Ex::RecvTake
            | Ex::RecvSkip
            | Ex::RecvWait => self.receive_step(ins),
            Ex::Text => self.text(ins),
            Ex::Jump
            | Ex::JumpBack
            | Ex::Switch
            | Ex::UnlessWord
            | Ex::UnlessConst
            | Ex::UnlessSame
            | Ex::UnlessList
            | Ex::UnlessVector
            | Ex::UnlessLonger
            | Ex::UnlessMap
            | Ex::UnlessType
            | Ex::ListEntry
            | Ex::VectorEntry
            | Ex::Uncons
            | Ex::MapEntry
            | Ex::MapEntryAt
            | Ex::Prefix
            | Ex::CheckType => self.pattern(ins),
            Ex::Call
            | Ex::Call0
            | Ex::Call1
            | Ex::Call2
            | Ex::Call3
            | Ex::CallImport
            | Ex::CallValue
            | Ex::CallField
            | Ex::TailField
            | Ex::CallNative
            | Ex::TailCall
            | Ex::TailCall0
            | Ex::TailCall1
            | Ex::TailCall2
            | Ex::TailCall3
            | Ex::TailImport
            | Ex::TailValue
            | Ex::Return
            | Ex::ReturnWord => self.call(ins),
            Ex::CallNamed
            | Ex::TailNamed
            | Ex::SetGlobal
            | Ex::Define
            | Ex::Raise
            | Ex::Reraise
            | Ex::Fail => self.leave(ins),
            _ => self.operator(ins),
        }
    }
}

/// The type that an `UnlessType` tests.
fn tested(ins: &Ins) -> &'static RtType {
    // SAFETY: the second word after the instruction is the address of an immortal type.
    unsafe { &*(ins.ext[1] as *const RtType) }
}

/// The number of the shape that a `MapKeys` makes.
fn shape_id(ins: &Ins) -> u64 {
    // SAFETY: the word is the address of an immortal shape.
    unsafe { &*(ins.ext[1] as *const Shape) }.id() as u64
}

/// How many of the arguments go in machine registers.
pub(crate) fn in_registers(n: usize) -> usize {
    n.min(IN_REGISTERS)
}
