//! One function's bytecode to Cranelift's IR. Enters: instruction words with
//! their liveness maps; leaves: IR in which every heap pointer that lives across
//! a safepoint is in a stack slot named by a user stack map.

use crate::code::{Function, Ins, call_args, decode, helper, op, target, width};
use crate::jit::Maps;
use crate::native::{self, Ctx};
use crate::word::{NIL, PAIR_BYTES, PAIR_HEADER, Word};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, FuncRef, Inst,
    InstBuilder, MemFlagsData, SigRef, Signature, StackSlot, StackSlotData, StackSlotKind,
    TrapCode, UserStackMapEntry, Value, types::I64,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, Variable};
use std::collections::HashMap;
use std::mem::offset_of;

/// The translation of one function in progress.
pub(crate) struct Tr<'a, 'b> {
    pub(crate) b: &'a mut FunctionBuilder<'b>,
    pub(crate) f: *const Function,
    pub(crate) code: &'a [u64],
    pub(crate) vars: Vec<Variable>,
    pub(crate) slots: Vec<Option<StackSlot>>,
    pub(crate) int: Vec<bool>,
    /// Registers found to hold small ints since the last label.
    pub(crate) known: u64,
    pub(crate) spill_ints: bool,
    pub(crate) blocks: HashMap<usize, Block>,
    pub(crate) sigs: HashMap<(usize, u8), SigRef>,
    pub(crate) this: FuncRef,
    pub(crate) maps: Maps,
}

const TAIL: u8 = 0;
const NO_RESULT: u8 = 1;
const COLD: u8 = 2;

fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

impl Tr<'_, '_> {
    fn get(&mut self, r: u16) -> Value {
        self.b.use_var(self.vars[r as usize])
    }
    pub(crate) fn set(&mut self, r: u16, v: Value) {
        self.known &= !(1 << r);
        self.b.def_var(self.vars[r as usize], v);
    }
    fn is_int(&self, r: u16) -> bool {
        self.int[r as usize] || self.known >> r & 1 == 1
    }
    fn imm(&mut self, n: u64) -> Value {
        self.b.ins().iconst(I64, n as i64)
    }
    fn ctx(&mut self) -> Value {
        self.b.ins().get_pinned_reg(I64)
    }
    pub(crate) fn ctx_load(&mut self, offset: usize) -> Value {
        let c = self.ctx();
        self.b.ins().load(I64, trusted(), c, offset as i32)
    }
    fn ctx_store(&mut self, offset: usize, v: Value) {
        let c = self.ctx();
        self.b.ins().store(trusted(), v, c, offset as i32);
    }
    fn sig(&mut self, n: usize, kind: u8) -> SigRef {
        if let Some(&s) = self.sigs.get(&(n, kind)) {
            return s;
        }
        let mut s =
            Signature::new(if kind == COLD { CallConv::PreserveAll } else { CallConv::Tail });
        s.params.extend((0..n).map(|_| AbiParam::new(I64)));
        if kind == TAIL {
            s.returns.push(AbiParam::new(I64));
        }
        let r = self.b.import_signature(s);
        self.sigs.insert((n, kind), r);
        r
    }
    fn cold_block(&mut self) -> Block {
        let b = self.b.create_block();
        self.b.set_cold_block(b);
        b
    }
    /// Branches to a fresh cold block when `cond` is non-zero; goes on in a fresh block.
    fn unlikely(&mut self, cond: Value) -> (Block, Block) {
        let cold = self.cold_block();
        let go_on = self.b.create_block();
        self.b.ins().brif(cond, cold, &[], go_on, &[]);
        self.b.switch_to_block(go_on);
        (cold, go_on)
    }
    /// Calls a helper whose thunk preserves every register.
    fn cold_call(&mut self, thunk: unsafe extern "sysv64" fn(), args: &[Value]) -> Value {
        let mut all = vec![self.ctx()];
        all.extend(args);
        let sig = self.sig(all.len(), COLD);
        let addr = self.imm(thunk as *const () as u64);
        self.b.ins().call_indirect(sig, addr, &all);
        self.ctx_load(offset_of!(Ctx, value))
    }

    /// Spills what lives across the safepoint at `map`.
    fn spill(&mut self, map: u64) -> Vec<(u16, StackSlot)> {
        if self.maps == Maps::Frontend {
            return vec![];
        }
        let mut spilled = vec![];
        for r in 0..self.vars.len() as u16 {
            if map >> r & 1 == 0 || (self.is_int(r) && !self.spill_ints) {
                continue;
            }
            let slot = *self.slots[r as usize].get_or_insert_with(|| {
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
                self.b.create_sized_stack_slot(data)
            });
            let v = self.b.use_var(self.vars[r as usize]);
            self.b.ins().stack_store(I64, v, slot, 0);
            spilled.push((r, slot));
        }
        spilled
    }
    fn attach(&mut self, inst: Inst, spilled: &[(u16, StackSlot)]) {
        for &(_, slot) in spilled {
            let entry = UserStackMapEntry { ty: I64, slot, offset: 0 };
            self.b.func.dfg.append_user_stack_map_entry(inst, entry);
        }
    }
    fn reload(&mut self, spilled: &[(u16, StackSlot)]) {
        for &(r, slot) in spilled {
            let v = self.b.ins().stack_load(I64, I64, slot, 0);
            self.b.def_var(self.vars[r as usize], v);
        }
    }

    /// A full call: safepoint, handler, result.
    fn call(&mut self, sig: SigRef, callee: Option<Value>, args: &[Value], result_at: usize) {
        let res = decode(self.code[result_at]);
        let spilled = self.spill(self.code[result_at + 1]);
        if res.c == 0 {
            let inst = match callee {
                Some(c) => self.b.ins().call_indirect(sig, c, args),
                None => self.b.ins().call(self.this, args),
            };
            self.attach(inst, &spilled);
            let v = self.b.inst_results(inst)[0];
            self.reload(&spilled);
            self.set(res.a, v);
            return;
        }
        let (normal, caught) = (self.b.create_block(), self.cold_block());
        let value = self.b.append_block_param(normal, I64);
        let exception = self.b.append_block_param(caught, I64);
        self.b.append_block_param(caught, I64);
        let pool = &mut self.b.func.dfg.value_lists;
        let on_normal = BlockCall::new(normal, [BlockArg::TryCallRet(0)], pool);
        let on_raise =
            BlockCall::new(caught, [BlockArg::TryCallExn(0), BlockArg::TryCallExn(1)], pool);
        let table =
            ExceptionTableData::new(sig, on_normal, [ExceptionTableItem::Default(on_raise)]);
        let table = self.b.func.dfg.exception_tables.push(table);
        let inst = match callee {
            Some(c) => self.b.ins().try_call_indirect(c, args, table),
            None => self.b.ins().try_call(self.this, args, table),
        };
        self.attach(inst, &spilled);
        self.b.switch_to_block(caught);
        self.reload(&spilled);
        self.set(res.b, exception);
        let handler = self.blocks[&target(result_at, res)];
        self.b.ins().jump(handler, &[]);
        self.b.switch_to_block(normal);
        self.reload(&spilled);
        self.set(res.a, value);
    }

    /// Arguments for a call of `f`: the first six as values, the others in the context.
    fn pass(&mut self, at: usize, n: usize) -> Vec<Value> {
        let regs: Vec<u16> = call_args(self.code, at, n).collect();
        let mut values = vec![];
        for (i, r) in regs.into_iter().enumerate() {
            let v = self.get(r);
            if i < 6 {
                values.push(v);
            } else {
                self.ctx_store(offset_of!(Ctx, args) + 8 * i, v);
            }
        }
        values
    }
    fn callee(&mut self, at: usize) -> Option<Value> {
        let f = self.code[at + 1];
        if f == self.f as u64 {
            return None;
        }
        let a = self.imm(f + offset_of!(Function, entry) as u64);
        Some(self.b.ins().load(I64, trusted(), a, 0))
    }

    /// Leaves for a slow path unless the listed registers all hold small ints;
    /// on the fast path they are then known to.
    fn check_ints(&mut self, regs: &[u16]) -> Option<Block> {
        let unknown: Vec<u16> = regs.iter().copied().filter(|&r| !self.is_int(r)).collect();
        let mut all = self.get(*unknown.first()?);
        for &r in &unknown[1..] {
            let v = self.get(r);
            all = self.b.ins().bor(all, v);
        }
        let tag = self.b.ins().band_imm_u(all, 1);
        unknown.iter().for_each(|r| self.known |= 1 << r);
        Some(self.unlikely(tag).0)
    }
    fn arith(&mut self, ins: Ins) {
        let x = self.get(ins.b);
        let imm = Word::int(ins.c as i16 as i64).0;
        let y = if ins.op == op::ADDI { self.imm(imm) } else { self.get(ins.c) };
        let before = self.known;
        let tags = match ins.op {
            op::ADDI => self.check_ints(&[ins.b]),
            _ => self.check_ints(&[ins.b, ins.c]),
        };
        let (r, over) = match ins.op {
            op::ADDI => {
                let r = self.b.ins().iadd(x, y);
                let cc = if (ins.c as i16) < 0 {
                    IntCC::SignedGreaterThan
                } else {
                    IntCC::SignedLessThan
                };
                (r, self.b.ins().icmp(cc, r, x))
            }
            op::ADD => self.b.ins().sadd_overflow(x, y),
            _ => self.b.ins().ssub_overflow(x, y),
        };
        let (slow, _) = self.unlikely(over);
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        self.b.ins().jump(done, &[BlockArg::Value(r)]);
        if let Some(cold) = tags {
            self.b.switch_to_block(cold);
            self.b.ins().jump(slow, &[]);
        }
        self.b.switch_to_block(slow);
        let thunk = if ins.op == op::SUB { native::cold_sub } else { native::cold_add };
        let v = self.cold_call(thunk, &[x, y]);
        self.b.ins().jump(done, &[BlockArg::Value(v)]);
        self.b.switch_to_block(done);
        // Where the slow path joins, an operand may be nil after all.
        self.known = before;
        self.set(ins.a, result);
        self.known |= 1 << ins.a;
    }
    fn type_error(&mut self, block: Block) {
        let here = self.b.current_block().expect("in a block");
        self.b.switch_to_block(block);
        self.cold_call(native::cold_type_error, &[]);
        self.b.ins().trap(TrapCode::unwrap_user(1));
        self.b.switch_to_block(here);
    }
    fn cons(&mut self, ins: Ins) {
        let (head, tail) = (self.get(ins.b), self.get(ins.c));
        let hp = self.ctx_load(offset_of!(Ctx, hp));
        let end = self.ctx_load(offset_of!(Ctx, hp_end));
        let new = self.b.ins().iadd_imm_s(hp, PAIR_BYTES as i64);
        let full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, new, end);
        let (cold, _) = self.unlikely(full);
        self.ctx_store(offset_of!(Ctx, hp), new);
        let done = self.b.create_block();
        let p = self.b.append_block_param(done, I64);
        self.b.ins().jump(done, &[BlockArg::Value(hp)]);
        self.b.switch_to_block(cold);
        let v = self.cold_call(native::cold_reserve, &[]);
        self.b.ins().jump(done, &[BlockArg::Value(v)]);
        self.b.switch_to_block(done);
        let header = self.imm(PAIR_HEADER);
        self.b.ins().store(trusted(), header, p, 0);
        self.b.ins().store(trusted(), head, p, 8);
        self.b.ins().store(trusted(), tail, p, 16);
        let word = self.b.ins().iadd_imm_s(p, 1);
        self.set(ins.a, word);
    }
    fn field(&mut self, ins: Ins) {
        let p = self.get(ins.b);
        let tag = self.b.ins().band_imm_u(p, 7);
        let bad = self.b.ins().icmp_imm_s(IntCC::NotEqual, tag, 1);
        let (cold, _) = self.unlikely(bad);
        self.type_error(cold);
        let v = self.b.ins().load(I64, trusted(), p, if ins.op == op::HEAD { 7 } else { 15 });
        self.set(ins.a, v);
    }
    fn branch_to(&mut self, cond: Value, at: usize, ins: Ins) {
        let then = self.blocks[&target(at, ins)];
        let go_on = self.b.create_block();
        self.b.ins().brif(cond, then, &[], go_on, &[]);
        self.b.switch_to_block(go_on);
    }
    /// A back-edge: counts, and on the slow path is a safepoint with a map.
    fn back_edge(&mut self, at: usize, ins: Ins) {
        let n = self.ctx_load(offset_of!(Ctx, reds));
        let n = self.b.ins().iadd_imm_s(n, -1);
        self.ctx_store(offset_of!(Ctx, reds), n);
        let spent = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, n, 0);
        let (cold, _) = self.unlikely(spent);
        let to = self.blocks[&target(at, ins)];
        self.b.ins().jump(to, &[]);
        self.b.switch_to_block(cold);
        let spilled = self.spill(self.code[at + 1]);
        let sig = self.sig(0, NO_RESULT);
        let stub = self.imm(native::stub_safepoint as *const () as u64);
        let inst = self.b.ins().call_indirect(sig, stub, &[]);
        self.attach(inst, &spilled);
        self.reload(&spilled);
        self.b.ins().jump(to, &[]);
    }

    /// Translates one instruction; true if it ends its block.
    pub(crate) fn instruction(&mut self, at: usize, ins: Ins) -> bool {
        match ins.op {
            op::ENTER | op::RESULT => {}
            op::CONST => {
                let v = self.imm(self.code[at + 1]);
                self.set(ins.a, v);
            }
            op::MOVE => {
                let v = self.get(ins.b);
                self.set(ins.a, v);
            }
            op::ADD | op::SUB | op::ADDI => self.arith(ins),
            op::JLT | op::JLTI => {
                let x = self.get(ins.a);
                let (y, checked) = if ins.op == op::JLTI {
                    let y = self.imm(Word::int(ins.b as i16 as i64).0);
                    (y, self.check_ints(&[ins.a]))
                } else {
                    (self.get(ins.b), self.check_ints(&[ins.a, ins.b]))
                };
                if let Some(cold) = checked {
                    self.type_error(cold);
                }
                let lt = self.b.ins().icmp(IntCC::SignedLessThan, x, y);
                self.branch_to(lt, at, ins);
            }
            op::JNIL => {
                let x = self.get(ins.a);
                let is = self.b.ins().icmp_imm_s(IntCC::Equal, x, NIL.0 as i64);
                self.branch_to(is, at, ins);
            }
            op::JUMP => {
                let to = self.blocks[&target(at, ins)];
                self.b.ins().jump(to, &[]);
                return true;
            }
            op::LOOP => {
                self.back_edge(at, ins);
                return true;
            }
            op::CONS => self.cons(ins),
            op::HEAD | op::TAIL => self.field(ins),
            op::CALL => {
                let args = self.pass(at, ins.b as usize);
                let sig = self.sig(args.len(), TAIL);
                let callee = self.callee(at);
                self.call(sig, callee, &args, at + width(op::CALL));
            }
            op::CALLN => {
                let arg = self.get(self.code[at + 1] as u16);
                let ctx = self.ctx();
                let thunk: unsafe extern "sysv64" fn() = match ins.a {
                    helper::GC => native::thunk_gc,
                    helper::PAUSE => native::thunk_pause,
                    _ => native::thunk_length,
                };
                let sig = self.sig(2, TAIL);
                let callee = self.imm(thunk as *const () as u64);
                self.call(sig, Some(callee), &[ctx, arg], at + width(op::CALLN));
            }
            op::TAILCALL => {
                let args = self.pass(at, ins.b as usize);
                let sig = self.sig(args.len(), TAIL);
                match self.callee(at) {
                    Some(c) => self.b.ins().return_call_indirect(sig, c, &args),
                    None => self.b.ins().return_call(self.this, &args),
                };
                return true;
            }
            op::RET => {
                let v = self.get(ins.a);
                self.b.ins().return_(&[v]);
                return true;
            }
            op::RAISE => {
                let v = self.get(ins.a);
                let ctx = self.ctx();
                let sig = self.sig(2, TAIL);
                let callee = self.imm(native::thunk_raise as *const () as u64);
                self.b.ins().call_indirect(sig, callee, &[ctx, v]);
                self.b.ins().trap(TrapCode::unwrap_user(1));
                return true;
            }
            other => panic!("unknown op {other}"),
        }
        false
    }
}
