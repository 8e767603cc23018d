//! Bytecode to machine code. Enters: a [`Function`]'s words; leaves: bytes in
//! [`CodeMemory`] with call sites recorded and the function's `entry` set.
//!
//! Two ways to keep heap pointers where the collector finds them:
//! [`Maps::Frontend`] lets cranelift-frontend spill at every definition and
//! reload at every use; [`Maps::Slots`] stores what the bytecode's liveness map
//! names into one slot per register just before a safepoint and reloads it
//! after, so paths without a safepoint stay in registers.

use crate::code::{Function, defs, instructions, op, target};
use crate::codemem::{CallSite, CodeMemory, EntryChecks};
use crate::native::Ctx;
use crate::translate::Tr;
use cranelift_codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, Function as Clif, InstBuilder, Signature,
    UserExternalName, UserFuncName, types::I64,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, FinalizedMachExceptionHandler, control::ControlPlane};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use std::collections::HashMap;
use std::mem::offset_of;

/// Who spills live heap pointers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maps {
    /// `declare_var_needs_stack_map`.
    Frontend,
    /// Explicit slots from the bytecode's liveness.
    Slots,
}

/// Compiler settings.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Who spills.
    pub maps: Maps,
    /// Register allocation in one pass.
    pub single_pass: bool,
    /// Spill values known to be small ints as if they were pointers. Otherwise
    /// they stay where the register allocator puts them: callee-saved registers.
    pub spill_ints: bool,
    /// Checks at function entry.
    pub entry: EntryChecks,
    /// Cranelift's verifier and register allocation checker.
    pub check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            maps: Maps::Slots,
            single_pass: false,
            spill_ints: true,
            entry: EntryChecks { stack: true, reductions: true },
            check: cfg!(debug_assertions),
        }
    }
}

fn isa(o: Options) -> OwnedTargetIsa {
    let mut b = settings::builder();
    for (k, v) in [
        ("opt_level", "speed"),
        ("regalloc_algorithm", if o.single_pass { "single_pass" } else { "backtracking" }),
        ("enable_pinned_reg", "true"),
        ("preserve_frame_pointers", "true"),
        ("unwind_info", "false"),
        ("enable_verifier", if o.check { "true" } else { "false" }),
        ("regalloc_checker", if o.check { "true" } else { "false" }),
    ] {
        b.set(k, v).expect("known setting");
    }
    cranelift_codegen::isa::lookup(target_lexicon::Triple::host())
        .expect("supported host")
        .finish(settings::Flags::new(b))
        .expect("isa")
}

/// Registers that can only ever hold small ints: no map needed. (The slow paths
/// of arithmetic answer small ints or raise.)
fn int_only(code: &[u64], arity: usize, nregs: usize) -> Vec<bool> {
    let mut int = vec![true; nregs];
    int[..arity].fill(false);
    loop {
        let mut changed = false;
        for (at, ins) in instructions(code) {
            let is_int = match ins.op {
                op::ADD | op::SUB | op::ADDI => true,
                op::CONST => code[at + 1] & 1 == 0,
                op::MOVE => int[ins.b as usize],
                _ => false,
            };
            for r in defs(ins) {
                if !is_int && int[r as usize] {
                    int[r as usize] = false;
                    changed = true;
                }
            }
        }
        if !changed {
            return int;
        }
    }
}

/// Compiles `f` into `mem` and makes it native.
///
/// # Safety
/// `f` must be finished and not yet running.
pub unsafe fn compile(mem: &mut CodeMemory, f: *mut Function, o: Options) -> String {
    // SAFETY: the caller's.
    let fun = unsafe { &mut *f };
    let isa = isa(o);
    let n = fun.arity as usize;
    let mut sig = Signature::new(CallConv::Tail);
    sig.params.extend((0..n.min(6)).map(|_| AbiParam::new(I64)));
    sig.returns.push(AbiParam::new(I64));
    let mut clif = Clif::with_name_signature(UserFuncName::user(0, 0), sig.clone());
    let mut fctx = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut clif, &mut fctx);
    let int = int_only(&fun.code, n, fun.nregs as usize);
    let this = {
        let name = b.func.declare_imported_user_function(UserExternalName::new(0, 0));
        let signature = b.import_signature(sig);
        b.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    };
    let vars: Vec<Variable> = int
        .iter()
        .map(|&int| {
            let v = b.declare_var(I64);
            if !int && o.maps == Maps::Frontend {
                b.declare_var_needs_stack_map(v);
            }
            v
        })
        .collect();
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let mut blocks = HashMap::new();
    for (at, ins) in instructions(&fun.code) {
        if ins.c != 0
            && matches!(ins.op, op::JLT | op::JLTI | op::JNIL | op::JUMP | op::LOOP | op::RESULT)
        {
            blocks.entry(target(at, ins)).or_insert_with(|| b.create_block());
        }
    }
    let slots = vec![None; vars.len()];
    let mut t = Tr {
        b: &mut b,
        f,
        code: &fun.code,
        vars,
        slots,
        int,
        known: 0,
        spill_ints: o.spill_ints,
        blocks,
        sigs: HashMap::new(),
        this,
        maps: o.maps,
    };
    for r in 0..n {
        let v = if r < 6 {
            t.b.block_params(entry)[r]
        } else {
            t.ctx_load(offset_of!(Ctx, args) + 8 * r)
        };
        t.set(r as u16, v);
    }
    let mut ended = false;
    for (at, ins) in instructions(&fun.code) {
        if let Some(&block) = t.blocks.get(&at) {
            if !ended {
                t.b.ins().jump(block, &[]);
            }
            t.b.switch_to_block(block);
            t.known = 0;
            ended = false;
        }
        if !ended {
            ended = t.instruction(at, ins);
        }
    }
    b.seal_all_blocks();
    b.finalize(isa.frontend_config());
    let mut cx = Context::for_function(clif);
    cx.set_disasm(o.check);
    let mut plane = ControlPlane::default();
    let code = cx.compile(&*isa, &mut plane).unwrap_or_else(|e| panic!("{}: {e:?}", fun.name));
    let listing = code.vcode.clone().unwrap_or_default();
    install(mem, fun, code, o.entry);
    listing
}

/// Copies the code out, resolves self-calls and records every call site.
fn install(
    mem: &mut CodeMemory,
    fun: &mut Function,
    code: &cranelift_codegen::CompiledCode,
    checks: EntryChecks,
) {
    let buffer = &code.buffer;
    let frame = buffer.frame_layout().expect("Cranelift gives it").frame_to_fp_offset;
    let (entry, body) = mem.emit_function(fun, frame, buffer.data(), checks);
    for r in buffer.relocs() {
        use cranelift_codegen::binemit::Reloc;
        assert!(matches!(r.kind, Reloc::X86CallPCRel4), "{r:?}");
        let at = body + r.offset as u64;
        let rel = entry as i64 + r.addend - at as i64;
        // SAFETY: four bytes of the body just emitted.
        unsafe { (at as *mut i32).write_unaligned(rel as i32) };
    }
    for site in buffer.call_sites() {
        let handler = site.exception_handlers.iter().find_map(|h| match h {
            FinalizedMachExceptionHandler::Default(o) => Some(body + *o as u64),
            _ => None,
        });
        assert!(site.frame_offset.is_none_or(|size| size == frame));
        let info = CallSite { frame_size: frame, roots: Box::default(), handler };
        mem.sites.insert(body + site.ret_addr as u64, info);
    }
    for (offset, size, map) in buffer.user_stack_maps() {
        let site = mem.sites.entry(body + *offset as u64).or_default();
        assert!(*size >= frame, "map span {size} frame {frame}");
        site.frame_size = frame;
        site.roots = map.entries().map(|(_, off)| frame - off).collect();
    }
    fun.native_frame = frame + 16;
    fun.entry = entry;
    fun.native = true;
}
