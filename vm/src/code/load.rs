//! A package → loaded modules.
//!
//! In: a decoded package, which is verified here. Out: modules in the VM's table, their functions
//! ready to run; their bindings and statements have not run yet.
//!
//! Functions and sets are made first, without code, since code holds their addresses.

use std::sync::atomic::AtomicU64;

use rata_bytecode::module as file;
use rata_bytecode::natives;

use super::consts::freeze_constants;
use super::function::{Body, FnEntry, FnSet, Function};
use super::module::{Export, Global, Link, Module, ModuleIndex, UNSET};
use super::specialise::{Names, specialise};
use super::types::link_types;
use crate::symbols::Symbol;
use crate::vm::Vm;

/// Why a package cannot be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// Its code does not verify.
    Invalid(rata_bytecode::VerifyError),
    /// Something cannot be linked: the module and what.
    Unlinked(String, String),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Invalid(error) => error.fmt(f),
            LoadError::Unlinked(module, what) => write!(f, "cannot load module {module}: {what}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Whose modules a package holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The standard library, which sees its own modules first.
    Stdlib,
    /// The program, whose modules hide those of the standard library.
    Program,
}

/// Links one verified module. `first_number` is the number of its first function in the VM.
pub(crate) fn link_module(
    vm: &Vm,
    from: &file::Module,
    origin: Origin,
    index: ModuleIndex,
    first_number: u32,
) -> Result<&'static Module, LoadError> {
    let module = declare(from, index);
    let functions = declare_functions(from, module, first_number);
    let fn_sets = declare_sets(from, module, &functions);
    let fail = |what: String| LoadError::Unlinked(from.name.clone(), what);
    let types = link_types(&from.types).map_err(fail)?;
    let consts =
        freeze_constants(&from.consts, &fn_sets, |m, f, n| vm.capture(m, f, n)).map_err(fail)?;
    let natives = from.natives.iter().map(native).collect::<Result<Vec<u32>, _>>().map_err(fail)?;
    let stdlib = origin == Origin::Stdlib;
    let link = |i: &file::Import| -> &'static Link {
        let (module, name) = (Symbol::intern(&i.module), Symbol::intern(&i.name));
        Box::leak(Box::new(Link::new(module, name, stdlib)))
    };
    let links: Vec<&'static Link> = from.imports.iter().map(link).collect();
    let names = Names {
        consts: &consts,
        functions: &functions,
        file: &from.functions,
        fn_sets: &fn_sets,
        links: &links,
        natives: &natives,
        globals: &module.globals,
        types: &types,
        counted: vm.jit().is_enabled(),
    };
    let mut calls = Vec::new();
    for (this, (function, code)) in functions.iter().zip(&from.functions).enumerate() {
        let made = specialise(&names, code, this);
        calls.extend(made.calls.into_iter().map(|call| (*function, call)));
        function.set_body(
            made.registers,
            Body {
                code: made.words.into_iter().map(AtomicU64::new).collect(),
                handlers: made.handlers,
                lines: made.lines,
                wide: made.wide,
            },
        );
    }
    for (caller, call) in calls {
        caller.complete_call(&call, functions[call.callee.0 as usize]);
    }
    if let Some(init) = from.init {
        // Set once: the module is new.
        let _ = module.init.set(functions[init.0 as usize]);
    }
    let _ = module.functions.set(functions);
    let _ = module.fn_sets.set(fn_sets);
    Ok(module)
}

/// The module with what does not need its functions.
fn declare(from: &file::Module, index: ModuleIndex) -> &'static Module {
    let export = |e: &file::Export| {
        let what = match e.what {
            file::Exported::Functions(set) => Export::Functions(set.0),
            file::Exported::Global(global) => Export::Global(global.0),
        };
        (Symbol::intern(&e.name), what)
    };
    let global = |(number, g): (usize, &file::Global)| Global {
        name: Symbol::intern(&g.name),
        module: index,
        number: number as u32,
        word: AtomicU64::new(UNSET),
    };
    let module = Module::new(
        index,
        Symbol::intern(&from.name),
        from.kind,
        from.file.clone(),
        from.exports.iter().map(export).collect(),
        from.globals.iter().enumerate().map(global).collect(),
        from.behaviours.iter().map(|name| Symbol::intern(name)).collect(),
        from.docs.clone(),
    );
    Box::leak(Box::new(module))
}

fn declare_functions(
    from: &file::Module,
    module: &'static Module,
    first_number: u32,
) -> Vec<&'static Function> {
    let param = |name: &String| (!name.is_empty()).then(|| Symbol::intern(name));
    let declare = |(i, f): (usize, &file::Function)| -> &'static Function {
        Box::leak(Box::new(Function::new(
            Symbol::intern(&f.name),
            module,
            first_number + i as u32,
            [f.arity, f.captures],
            f.wants_self,
            f.params.iter().map(param).collect(),
        )))
    };
    from.functions.iter().enumerate().map(declare).collect()
}

fn declare_sets(
    from: &file::Module,
    module: &'static Module,
    functions: &[&'static Function],
) -> Vec<&'static FnSet> {
    let entry =
        |e: &file::FnEntry| FnEntry { min: e.min, max: e.max, function: functions[e.f.0 as usize] };
    let declare = |set: &file::FnSet| {
        let name = (!set.name.is_empty()).then(|| Symbol::intern(&set.name));
        FnSet::make(name, module.name, set.entries.iter().map(entry).collect(), set.lenient)
    };
    from.fn_sets.iter().map(declare).collect()
}

fn native(wanted: &file::NativeRef) -> Result<u32, String> {
    natives::find(&wanted.name, wanted.arity)
        .ok_or_else(|| format!("there is no native {}/{}", wanted.name, wanted.arity))
}
