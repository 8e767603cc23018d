//! One function → machine code, published.
//!
//! In: a function that has become hot. Out: its code in memory, known to walkers, entered from now on. A
//! function that cannot be compiled stays as it is, for good.
//!
//! There is one compiler in a program, since there is one region of code memory.

use std::sync::{Mutex, OnceLock, PoisonError};

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{
    AbiParam, Block, ExtFuncData, ExternalName, FuncRef, Function as Clif, Signature,
    UserExternalName, UserFuncName,
};
use cranelift_codegen::isa::{self, CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::analyse::Analysis;
use super::enter::takes_closure;
use super::inline;
use super::install;
use super::memory::CodeMemory;
use super::table::{self, Code};
use super::translate::{Translator, in_registers};
use super::types::Types;
use crate::code::function::Function;
use crate::vm::Vm;

/// Everything that compiling needs.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
    memory: CodeMemory,
    builder: FunctionBuilderContext,
    context: Context,
}

/// The compiler; nothing if the system grants no memory for code.
pub(crate) fn compiler() -> Option<&'static Mutex<Compiler>> {
    static COMPILER: OnceLock<Option<Mutex<Compiler>>> = OnceLock::new();
    COMPILER.get_or_init(|| Compiler::new().map(Mutex::new)).as_ref()
}

/// Compiles a function (anew), unless it cannot be.
pub(crate) fn compile(vm: &Vm, function: &'static Function) -> Option<&'static Code> {
    let mut compiler = compiler()?.lock().unwrap_or_else(PoisonError::into_inner);
    compiler.compile(vm, function)
}

impl Compiler {
    fn new() -> Option<Compiler> {
        let memory = CodeMemory::reserve()?;
        let mut flags = settings::builder();
        let check = if cfg!(debug_assertions) { "true" } else { "false" };
        for (name, value) in [
            ("opt_level", "speed"),
            ("enable_pinned_reg", "true"),
            ("preserve_frame_pointers", "true"),
            ("unwind_info", "false"),
            ("enable_verifier", check),
            ("regalloc_checker", check),
        ] {
            flags.set(name, value).ok()?;
        }
        let mut isa = isa::lookup(target_lexicon::Triple::host()).ok()?;
        for (feature, there) in features() {
            if there {
                isa.enable(feature).ok()?;
            }
        }
        let isa = isa.finish(settings::Flags::new(flags)).ok()?;
        table::publish_map(memory.map());
        let (builder, context) = (FunctionBuilderContext::new(), Context::new());
        Some(Compiler { isa, memory, builder, context })
    }

    fn compile(&mut self, vm: &Vm, function: &'static Function) -> Option<&'static Code> {
        let feedback = vm.jit().memory().take(function);
        let mut analysis = Analysis::of(function, vm, feedback)?;
        inline::choose(&mut analysis, vm);
        let types = Types::of(&analysis, &[]);
        let parameters = function.arity as usize + takes_closure(function) as usize;
        let mut signature = Signature::new(CallConv::Tail);
        let registers = in_registers(parameters);
        signature.params.extend((0..registers).map(|_| AbiParam::new(I64)));
        signature.returns.push(AbiParam::new(I64));
        self.context.clear();
        self.context.func = Clif::with_name_signature(UserFuncName::user(0, 0), signature.clone());
        let mut builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let entry = entry_block(&mut builder);
        let this = declare_self(&mut builder, signature);
        let mut translator = Translator::new(&mut builder, vm, &analysis, &types, this);
        translator.translate(entry);
        let places = std::mem::take(&mut translator.places);
        let sound = translator.is_sound();
        debug_assert!(sound, "types that do not fit");
        builder.seal_all_blocks();
        builder.finalize(self.isa.frontend_config());
        if !sound {
            return None;
        }
        let mut plane = ControlPlane::default();
        let compiled = match self.context.compile(&*self.isa, &mut plane) {
            Ok(compiled) => compiled,
            Err(error) => {
                // The interpreter does without; whoever tests the compiler wants to know.
                debug_assert!(false, "{error:?}");
                return None;
            }
        };
        install::install(&mut self.memory, function, compiled, &places, &analysis)
    }
}

/// What this processor can do beyond the least, and what of that makes code shorter.
fn features() -> [(&'static str, bool); 5] {
    [
        ("has_sse41", is_x86_feature_detected!("sse4.1")),
        ("has_sse42", is_x86_feature_detected!("sse4.2")),
        ("has_avx", is_x86_feature_detected!("avx")),
        ("has_bmi1", is_x86_feature_detected!("bmi1")),
        ("has_bmi2", is_x86_feature_detected!("bmi2")),
    ]
}

fn entry_block(builder: &mut FunctionBuilder<'_>) -> Block {
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    entry
}

/// The function as it calls itself.
fn declare_self(builder: &mut FunctionBuilder<'_>, signature: Signature) -> FuncRef {
    let name = builder.func.declare_imported_user_function(UserExternalName::new(0, 0));
    let signature = builder.import_signature(signature);
    builder.import_function(ExtFuncData {
        name: ExternalName::user(name),
        signature,
        colocated: true,
        patchable: false,
    })
}
