//! Calls of every sort, and returns.
//!
//! A call goes through `Function::native` of the callee, which is its code or the way into the
//! interpreter; a call of the function itself goes straight. `Link::callee` tells the interpreter whom it
//! was for. Tail calls are jumps, since no argument lies on the stack; one of the function itself is a
//! loop.

use std::mem::offset_of;
use std::rc::Rc;
use std::sync::atomic::AtomicPtr;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, InstBuilder, SigRef,
    StackSlot, Value,
};

use super::asks::Kind;
use super::inline::Outer;
use super::replace::replaces;
use super::slices::Slice;
use super::{Flow, Place, Translator, function_at, in_registers, trusted};
use crate::code::MISSING;
use crate::code::exec::Ex;
use crate::code::function::{FnSet, Function};
use crate::code::methods::Method;
use crate::heap::layout;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::{Analysis, Ins, Registers, linked};
use crate::jit::types::Type;
use crate::process::Process;
use crate::tails::{Entry, KEPT, Tails};

/// Whom a call is for.
#[derive(Clone, Copy)]
enum Callee {
    Known(&'static Function),
    /// The address of a function.
    Found(Value),
}

/// Whether a function is so short that its loop is worth being made twice: what a turn costs beside what it does
/// is halved then.
pub(super) fn is_short(code: &Analysis) -> bool {
    const MOST: usize = 16;
    code.code.len() <= MOST && code.code.values().any(|ins| code.is_loop(ins))
}

/// A register's word, float and slice, as far as there are such.
pub(super) struct Given {
    pub(super) known: Type,
    word: Option<Value>,
    float: Option<Value>,
    slice: Option<Slice>,
}

impl Given {
    /// A word of this type.
    pub(super) fn word(word: Value, known: Type) -> Given {
        Given { known, word: Some(word), float: None, slice: None }
    }
}

impl Translator<'_, '_> {
    pub(super) fn call(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::Return => self.return_register(ins.a),
            Ex::ReturnWord => self.return_word(ins.ext[0]),
            Ex::CallNative if replaces(ins) => self.replace_at(ins),
            Ex::CallNative => self.call_native(ins),
            Ex::CallImport | Ex::TailImport => self.call_import(ins),
            Ex::CallValue | Ex::TailValue => self.call_value(ins),
            Ex::CallField | Ex::TailField => self.call_field(ins),
            _ => self.call_with(ins, Callee::Known(function_at(ins)), None),
        }
    }

    /// A call of a function of another module, if that is there; of one that only calls a native, it is
    /// this that is called.
    fn call_import(&mut self, ins: &Ins) -> Flow {
        let code = self.code;
        if let Some(wrapped) = code.wrapped.get(&ins.at) {
            let value = self.call_wrapped(ins, wrapped);
            if !ins.falls {
                return self.give_back(value);
            }
            self.set(ins.defs[0], value);
            return Flow::On;
        }
        match linked(ins, self.vm) {
            Some(function) => self.call_with(ins, Callee::Known(function), None),
            None => self.leave(ins),
        }
    }

    /// What `CallAddInt` and `ReturnAdd` do with the sum.
    pub(super) fn use_sum(&mut self, ins: &Ins, sum: Value, known: Type) -> Flow {
        if ins.op == Ex::ReturnAdd {
            return self.give_back(sum);
        }
        if let Some(inner) = self.inlined(ins) {
            return self.inline(ins, inner, vec![Given::word(sum, known)]);
        }
        self.full_call(ins, Callee::Known(function_at(ins)), vec![sum])
    }

    /// A call or tail call with the instruction's arguments, and the closure after them.
    fn call_with(&mut self, ins: &Ins, callee: Callee, closure: Option<Value>) -> Flow {
        let mut values: Vec<Value> = ins.args.iter().map(|&register| self.get(register)).collect();
        if let Callee::Known(function) = callee {
            for _ in values.len()..function.arity as usize {
                let missing = self.int(MISSING.bits() as i64);
                values.push(missing);
            }
        }
        values.extend(closure);
        match ins.falls {
            true => self.full_call(ins, callee, values),
            false => self.tail_call(ins, callee, values),
        }
    }

    /// Puts arguments beyond those in machine registers into the image.
    fn pass(&mut self, values: &mut Vec<Value>) {
        let registers = in_registers(values.len());
        if values.len() == registers {
            return;
        }
        let transit = self.transit();
        for (i, &value) in values.iter().enumerate().skip(registers) {
            let offset = offset_of!(Transit, image) + 8 * i;
            self.b.ins().store(trusted(), value, transit, offset as i32);
        }
        values.truncate(registers);
    }

    /// The address to call; none is the function itself.
    fn target(&mut self, callee: Callee) -> Option<Value> {
        let address = match callee {
            Callee::Known(function) if std::ptr::eq(function, self.root) => return None,
            Callee::Known(function) => self.int(std::ptr::from_ref(function) as i64),
            Callee::Found(address) => address,
        };
        self.process_store(offset_of!(Process, jit.callee), address);
        let offset = offset_of!(Function, native) as i32;
        Some(self.b.ins().load(I64, trusted(), address, offset))
    }

    fn tail_call(&mut self, ins: &Ins, callee: Callee, mut values: Vec<Value>) -> Flow {
        if let Some(outer) = self.outer.clone() {
            return self.last_call(&outer, callee, values);
        }
        self.note_tail(ins, callee);
        self.store_budget();
        self.pass(&mut values);
        let signature = self.signature(values.len(), Kind::Tail);
        match self.target(callee) {
            Some(target) => self.b.ins().return_call_indirect(signature, target, &values),
            None => self.b.ins().return_call(self.this, &values),
        };
        Flow::Ended
    }

    /// Remembers a tail call of another function, as the interpreter does (`Tails::note`).
    fn note_tail(&mut self, ins: &Ins, callee: Callee) {
        let address = |function: &'static Function| std::ptr::from_ref(function) as i64;
        let callee = match callee {
            Callee::Known(function) if std::ptr::eq(function, self.root) => return,
            Callee::Known(function) => self.int(address(function)),
            Callee::Found(address) => address,
        };
        let pc = self.function.pc_at(ins.at).wrapping_add(1) as i64;
        let (function, pc) = (self.int(address(self.function)), self.int(pc));
        let pid = self.process_load(offset_of!(Process, core.pid));
        let transit = self.transit();
        let ins = self.b.ins();
        let tails = ins.load(I64, trusted(), transit, offset_of!(Transit, tails) as i32);
        let count = offset_of!(Tails, count) as i32;
        let many = self.b.ins().load(I64, trusted(), tails, count);
        let place = self.b.ins().band_imm_u(many, KEPT as i64 - 1);
        let place = self.b.ins().imul_imm_u(place, size_of::<Entry>() as i64);
        let entry = self.b.ins().iadd(tails, place);
        let frame = self.b.ins().get_frame_pointer(I64);
        let link = self.b.ins().load(I64, trusted(), frame, 0);
        let words = [
            (offset_of!(Entry, pid), pid),
            (offset_of!(Entry, link), link),
            (offset_of!(Entry, callee), callee),
            (offset_of!(Entry, function), function),
            (offset_of!(Entry, pc), pc),
        ];
        for (offset, word) in words {
            let offset = (offset_of!(Tails, entries) + offset) as i32;
            self.b.ins().store(trusted(), word, entry, offset);
        }
        let many = self.b.ins().iadd_imm_u(many, 1);
        self.b.ins().store(trusted(), many, tails, count);
    }

    /// A tail call in code that stands in the place of a call: what it returns goes on there.
    fn last_call(&mut self, outer: &Outer, callee: Callee, mut values: Vec<Value>) -> Flow {
        let spilled = self.spill(&[]);
        self.store_budget();
        self.pass(&mut values);
        let target = self.target(callee);
        let signature = self.signature(values.len(), Kind::Tail);
        let place = Rc::clone(&outer.place);
        let word = self.call_at(place, (signature, target, &values), &spilled);
        self.give_back_any(outer, word)
    }

    /// A call with a site, of the function itself if there is no target: gives what it returns.
    pub(super) fn call_at(
        &mut self,
        place: Rc<Place>,
        (signature, target, values): (SigRef, Option<Value>, &[Value]),
        spilled: &[(u16, StackSlot)],
    ) -> Value {
        self.begin_site(place);
        let call = match target {
            Some(target) => self.b.ins().call_indirect(signature, target, values),
            None => self.b.ins().call(self.this, values),
        };
        self.end_site();
        self.attach(call, spilled);
        let value = self.b.inst_results(call)[0];
        self.reload(spilled);
        value
    }

    /// A call that comes back: a safepoint.
    fn full_call(&mut self, ins: &Ins, callee: Callee, mut values: Vec<Value>) -> Flow {
        let live = self.live_after(ins);
        self.close(&live.iter().collect::<Vec<u16>>());
        let spilled = self.spill(&live.iter().collect::<Vec<u16>>());
        self.store_budget();
        self.pass(&mut values);
        let target = self.target(callee);
        let signature = self.signature(values.len(), Kind::Tail);
        if let Some(handler) = self.code.handler(ins.at) {
            self.guarded_call(ins, (signature, target, &values), &spilled, handler);
            return Flow::On;
        }
        let value = self.call_at(self.place(ins), (signature, target, &values), &spilled);
        self.fetch_budget();
        self.set(ins.defs[0], value);
        Flow::On
    }

    /// The same where a handler catches what is raised.
    fn guarded_call(
        &mut self,
        ins: &Ins,
        (signature, target, values): (SigRef, Option<Value>, &[Value]),
        spilled: &[(u16, StackSlot)],
        handler: &crate::code::function::Handler,
    ) {
        let (returned, caught) = (self.b.create_block(), self.cold_block());
        let value = self.b.append_block_param(returned, I64);
        let exception = self.b.append_block_param(caught, I64);
        self.b.append_block_param(caught, I64);
        let pool = &mut self.b.func.dfg.value_lists;
        let normal = BlockCall::new(returned, [BlockArg::TryCallRet(0)], pool);
        let raised = [BlockArg::TryCallExn(0), BlockArg::TryCallExn(1)];
        let raised = BlockCall::new(caught, raised, pool);
        let items = [ExceptionTableItem::Default(raised)];
        let table = ExceptionTableData::new(signature, normal, items);
        let table = self.b.func.dfg.exception_tables.push(table);
        self.begin_site(self.place(ins));
        let call = match target {
            Some(target) => self.b.ins().try_call_indirect(target, values, table),
            None => self.b.ins().try_call(self.this, values, table),
        };
        self.end_site();
        self.attach(call, spilled);
        self.b.switch_to_block(caught);
        let (state, in_slot) = (self.state.clone(), self.in_slot);
        self.fetch_budget();
        self.reload(spilled);
        self.set(handler.register, exception);
        self.jump_to(handler.target);
        (self.state, self.in_slot) = (state, in_slot);
        self.b.switch_to_block(returned);
        self.fetch_budget();
        self.reload(spilled);
        self.set(ins.defs[0], value);
    }

    /// What lives across the instruction, as its info word says.
    pub(super) fn live_after(&self, ins: &Ins) -> Registers {
        let mut live = Registers::default();
        ins.info().for_each_live(self.function, |register| live.insert(register as u16));
        live
    }

    /// A tail call of the function itself.
    pub(super) fn loop_again(&mut self, ins: &Ins) -> Flow {
        let several = |register| ins.args.iter().filter(|&&other| other == register).count() > 1;
        for &register in ins.args.iter().filter(|&&register| several(register)) {
            self.forget_room(register);
        }
        let given: Vec<Given> = ins.args.iter().map(|&register| self.given(register)).collect();
        for (i, given) in given.into_iter().enumerate() {
            self.put(i as u16, given);
        }
        let here = self.second;
        self.second = self.doubled && !here;
        if !self.second {
            let live = self.code.live_at(self.code.first);
            let due = self.exit_at(1, live);
            self.charge(1 + self.doubled as i64, due);
        }
        self.jump_to(self.code.first);
        self.second = here;
        Flow::Ended
    }

    /// What a register holds, in all its forms.
    pub(super) fn given(&mut self, register: u16) -> Given {
        let known = self.type_of(register);
        let bare = matches!(known, Type::Float | Type::Slice);
        let word = (!bare).then(|| self.get(register));
        let slice = (known == Type::Slice).then(|| self.slice(register));
        let is_float = matches!(known, Type::Float | Type::Boxed);
        let float = is_float.then(|| self.float(register));
        Given { known, word, float, slice }
    }

    /// Puts that into a register.
    pub(super) fn put(&mut self, register: u16, given: Given) {
        let Given { known, word, float, slice } = given;
        if let Some(slice) = slice {
            self.set_slice(register, slice);
        }
        if let Some(word) = word {
            self.set_as(register, word, known);
        }
        match (float, known) {
            (Some(float), Type::Boxed) => self.note_boxed(register, float),
            (Some(float), _) => self.set_float(register, float),
            _ => {}
        }
    }

    /// The function of a closure that has only one, 0 of others.
    pub(super) fn only_function(&mut self, closure: Value, failed: Block) -> Value {
        let header = self.header(closure, failed);
        let tag = self.b.ins().band_imm_u(header, 0xff);
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, layout::CLOSURE as i64);
        self.unlikely(other, failed);
        let set = self.b.ins().load(I64, trusted(), closure, 7);
        self.b.ins().load(I64, trusted(), set, offset_of!(FnSet, only) as i32)
    }

    /// A closure with a function that has so many parameters; all else is the interpreter's.
    pub(super) fn call_value(&mut self, ins: &Ins) -> Flow {
        let failed = self.exit_of(ins);
        let closure = self.get(ins.ext[0] as u16);
        let only = self.only_function(closure, failed);
        let (several, found) = (self.cold_block(), self.b.create_block());
        let function = self.b.append_block_param(found, I64);
        let none = self.b.ins().icmp_imm_s(IntCC::Equal, only, 0);
        self.unlikely(none, several);
        let arity = self.b.ins().load(I32, trusted(), only, offset_of!(Function, arity) as i32);
        let wanted = ins.args.len() as i64;
        let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, arity, wanted);
        self.unlikely(other, failed);
        self.b.ins().jump(found, &[only.into()]);
        self.b.switch_to_block(several);
        let count = self.int(wanted);
        let one = self.ask(abi::quiet_choice, &[closure, count], failed);
        self.b.ins().jump(found, &[one.into()]);
        self.b.switch_to_block(found);
        self.call_with(ins, Callee::Found(function), Some(closure))
    }
}

impl Translator<'_, '_> {
    /// `module.name(args)`: the function found here last, if the module is the same and none was loaded since; all but
    /// functions of modules is the interpreter's.
    fn call_field(&mut self, ins: &Ins) -> Flow {
        let (object, name) = (self.get(ins.ext[0] as u16), self.int(ins.ext[1] as i64));
        let failed = self.exit_of(ins);
        let (look, found) = (self.cold_block(), self.b.create_block());
        let function = self.b.append_block_param(found, I64);
        let cache: &'static Cache = Box::leak(Box::new(AtomicPtr::new(nowhere())));
        let cache = self.int(std::ptr::from_ref(cache) as i64);
        let method = self.b.ins().load(I64, trusted(), cache, 0);
        let field = |of: usize| of as i32;
        let module = self.b.ins().load(I64, trusted(), method, field(offset_of!(Method, module)));
        let other = self.b.ins().icmp(IntCC::NotEqual, module, object);
        self.unlikely(other, look);
        let now = self.int(self.vm.snapshot() as i64);
        let now = self.b.ins().load(I64, trusted(), now, 0);
        let then = self.b.ins().load(I64, trusted(), method, field(offset_of!(Method, snapshot)));
        let other = self.b.ins().icmp(IntCC::NotEqual, now, then);
        self.unlikely(other, look);
        let at = self.b.ins().load(I64, trusted(), method, field(offset_of!(Method, function)));
        self.b.ins().jump(found, &[BlockArg::Value(at)]);
        self.b.switch_to_block(look);
        let n = self.int(ins.args.len() as i64);
        let at = self.ask(abi::quiet_method, &[object, name, n, cache], failed);
        self.b.ins().jump(found, &[BlockArg::Value(at)]);
        self.b.switch_to_block(found);
        self.call_with(ins, Callee::Found(function), None)
    }
}

/// What a call by name found last.
pub(crate) type Cache = AtomicPtr<Method>;

/// What no call by name leads to.
fn nowhere() -> *mut Method {
    static NOWHERE: [u64; size_of::<Method>() / 8] = [0; size_of::<Method>() / 8];
    NOWHERE.as_ptr().cast_mut().cast()
}
