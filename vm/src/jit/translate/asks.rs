//! What compiled code reads and writes outside of its registers, and how it asks the rest of the VM.
//!
//! In: offsets, helpers' stubs and their arguments. Out: loads and stores of the process and of its image, calls of
//! thunks (`abi.rs`), single instructions that the interpreter does.

use std::mem::offset_of;
use std::rc::Rc;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, SigRef, Signature, SourceLoc, Value};
use cranelift_codegen::isa::CallConv;

use super::{Flow, Place, Translator, trusted};
use crate::code::exec::Ex;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::Ins;
use crate::jit::types::Type;
use crate::process::Process;

/// How something is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Between compiled functions.
    Tail,
    /// A thunk: two results.
    Thunk,
    /// A thunk that keeps all registers.
    Quiet,
}

impl Translator<'_, '_> {
    // ---- memory

    pub(super) fn process(&mut self) -> Value {
        let here = self.b.current_block();
        if let Some((block, process)) = self.process
            && here == Some(block)
        {
            return process;
        }
        let process = self.b.ins().get_pinned_reg(I64);
        self.process = here.map(|block| (block, process));
        process
    }

    pub(super) fn process_load(&mut self, offset: usize) -> Value {
        let process = self.process();
        self.b.ins().load(I64, trusted(), process, offset as i32)
    }

    pub(super) fn process_store(&mut self, offset: usize, value: Value) {
        let process = self.process();
        self.b.ins().store(trusted(), value, process, offset as i32);
    }

    pub(super) fn transit(&mut self) -> Value {
        self.process_load(offset_of!(Process, jit.transit))
    }

    pub(super) fn image_load(&mut self, register: u16) -> Value {
        let transit = self.transit();
        let offset = offset_of!(Transit, image) + 8 * register as usize;
        self.b.ins().load(I64, trusted(), transit, offset as i32)
    }

    pub(super) fn image_store(&mut self, registers: &[u16]) {
        if registers.is_empty() {
            return;
        }
        let transit = self.transit();
        for &register in registers {
            let value = self.get(register);
            let offset = offset_of!(Transit, image) + 8 * register as usize;
            self.b.ins().store(trusted(), value, transit, offset as i32);
        }
    }

    // ---- calls of helpers

    /// For a call that is written next: what it may not keep in a register is forgotten.
    pub(super) fn signature(&mut self, arguments: usize, kind: Kind) -> SigRef {
        self.process = None;
        if let Some(&signature) = self.signatures.get(&(arguments, kind)) {
            return signature;
        }
        let mut signature = Signature::new(match kind {
            Kind::Tail => CallConv::Tail,
            Kind::Thunk => CallConv::SystemV,
            Kind::Quiet => CallConv::PreserveAll,
        });
        signature.params.extend((0..arguments).map(|_| AbiParam::new(I64)));
        let results = match kind {
            Kind::Tail => 1,
            Kind::Thunk => 2,
            Kind::Quiet => 0,
        };
        signature.returns.extend((0..results).map(|_| AbiParam::new(I64)));
        let signature = self.b.import_signature(signature);
        self.signatures.insert((arguments, kind), signature);
        signature
    }

    /// Asks a helper that keeps all registers; goes to `failed` when it fails.
    pub(super) fn ask(&mut self, stub: abi::Stub, words: &[Value], failed: Block) -> Value {
        let mut arguments = vec![self.process()];
        arguments.extend(words);
        self.store_budget();
        let signature = self.signature(arguments.len(), Kind::Quiet);
        let stub = self.int(abi::address(stub) as i64);
        self.b.ins().call_indirect(signature, stub, &arguments);
        self.fetch_budget();
        let transit = self.transit();
        let flag = self.b.ins().load(I64, trusted(), transit, offset_of!(Transit, failed) as i32);
        self.unlikely(flag, failed);
        self.b.ins().load(I64, trusted(), transit, offset_of!(Transit, value) as i32)
    }

    /// The same of a helper that never fails, and uses no budget.
    pub(super) fn tell(&mut self, stub: abi::Stub, words: &[Value]) -> Value {
        let mut arguments = vec![self.process()];
        arguments.extend(words);
        let signature = self.signature(arguments.len(), Kind::Quiet);
        let stub = self.int(abi::address(stub) as i64);
        self.b.ins().call_indirect(signature, stub, &arguments);
        let transit = self.transit();
        self.b.ins().load(I64, trusted(), transit, offset_of!(Transit, value) as i32)
    }

    /// Has the instruction done by the interpreter's own code; gives the pc where it goes on.
    pub(super) fn step(&mut self, ins: &Ins, cold: bool) -> Value {
        self.image_store(&ins.uses.clone());
        let failed = self.exit_of(ins);
        let pc = self.int(self.function.pc_at(ins.at) as i64);
        if cold {
            return self.ask(abi::quiet_step, &[pc], failed);
        }
        let process = self.process();
        let signature = self.signature(2, Kind::Thunk);
        let stub = self.int(abi::address(abi::step) as i64);
        self.store_budget();
        let call = self.b.ins().call_indirect(signature, stub, &[process, pc]);
        self.fetch_budget();
        let (value, flag) = (self.b.inst_results(call)[0], self.b.inst_results(call)[1]);
        self.unlikely(flag, failed);
        value
    }

    /// The same for one that writes its registers and goes on with the next.
    pub(super) fn step_on(&mut self, ins: &Ins) -> Flow {
        self.step(ins, false);
        self.fetch(&ins.defs.clone());
        if ins.op == Ex::List {
            self.state[ins.defs[0] as usize] = Type::list(ins.args.len() as u64);
        }
        Flow::On
    }

    /// Takes what a step has written.
    pub(super) fn fetch(&mut self, registers: &[u16]) {
        for &register in registers {
            let value = self.image_load(register);
            self.set(register, value);
        }
    }

    /// Marks the call that is written next as one that needs a site.
    pub(super) fn begin_site(&mut self, place: Rc<Place>) {
        self.places.push(place);
        self.b.set_srcloc(SourceLoc::new(self.places.len() as u32));
    }

    pub(super) fn end_site(&mut self) {
        self.b.set_srcloc(SourceLoc::default());
    }
}
