//! Package → proof that no instruction of it can make the VM misbehave, or a [`VerifyError`].
//!
//! A file may be damaged or hostile; nothing that a decoded package says is believed. After this pass
//! the loader and the engines may rely on the following without looking again:
//!
//! - every register, label, constant, function, set, import, native, global and type is in range;
//! - constants and types refer to lower indices only; constants are of the kind that the
//!   instruction naming them needs; constant vectors are of one type;
//! - argument, capture and value counts agree with what they are for;
//! - control never runs off the end of the code; handlers are in range and nested inner first;
//! - every register read is initialised on every path that leads there (`flow.rs`);
//! - sizes stay within the limits below.
//!
//! What values are at run time is not proven: instructions check that themselves.

mod code;
mod constants;
pub(crate) mod flow;
mod structure;

use crate::module::{Function, Module, Package};
use crate::natives;
use std::fmt;

/// Most registers of a function, and most operands of an instruction.
pub const MAX_REGISTERS: u32 = 60_000;

/// Most parameters of a function and most arguments of a call.
pub const MAX_ARITY: u32 = 255;

/// Most instructions of a function.
pub const MAX_CODE: usize = 1 << 22;

/// Most types that a type consists of, repetitions counted.
pub const MAX_TYPE_SIZE: u32 = 10_000;

/// How deep types may nest: checks recurse.
pub const MAX_TYPE_DEPTH: u32 = 64;

/// What is wrong with a package, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The module's name; empty when the package as a whole is concerned.
    pub module: String,
    /// The function, as `name/arity`.
    pub function: Option<String>,
    /// The instruction's index.
    pub instruction: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid bytecode")?;
        if !self.module.is_empty() {
            write!(f, " in module {}", self.module)?;
        }
        if let Some(function) = &self.function {
            write!(f, ", function {function}")?;
        }
        if let Some(instruction) = self.instruction {
            write!(f, ", instruction {instruction}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for VerifyError {}

/// What the checks inside a module report: the message alone.
type Check<T = ()> = Result<T, String>;

/// Verifies a package against the natives of this version.
pub fn verify(package: &Package) -> Result<(), VerifyError> {
    verify_with(package, &exists)
}

fn exists(native: &str, arity: u32) -> bool {
    natives::find(native, arity).is_some()
}

/// Verifies a package; `native` says whether a native of that name and arity exists.
pub fn verify_with(
    package: &Package,
    native: &dyn Fn(&str, u32) -> bool,
) -> Result<(), VerifyError> {
    if let Some(entry) = package.entry
        && entry as usize >= package.modules.len()
    {
        return Err(VerifyError {
            module: String::new(),
            function: None,
            instruction: None,
            message: format!("the entry is module {entry}, there are {}", package.modules.len()),
        });
    }
    package.modules.iter().try_for_each(|module| verify_module(module, native))
}

/// Verifies one module; `native` says whether a native of that name and arity exists.
pub fn verify_module(
    module: &Module,
    native: &dyn Fn(&str, u32) -> bool,
) -> Result<(), VerifyError> {
    let whole = |message| VerifyError {
        module: module.name.clone(),
        function: None,
        instruction: None,
        message,
    };
    let keys = constants::check(module).map_err(whole)?;
    structure::check(module, native).map_err(whole)?;
    let code = code::Code { module, keys: &keys };
    module.functions.iter().try_for_each(|f| verify_function(&code, f))
}

fn verify_function(code: &code::Code<'_>, f: &Function) -> Result<(), VerifyError> {
    let error = |instruction, message| VerifyError {
        module: code.module.name.clone(),
        function: Some(format!("{}/{}", f.name, f.arity)),
        instruction,
        message,
    };
    structure::check_function(f).map_err(|message| error(None, message))?;
    for (i, op) in f.code.iter().enumerate() {
        code.check_op(f, op)
            .map_err(|message| error(Some(i as u32), format!("{}: {message}", op.mnemonic())))?;
    }
    flow::check(f).map_err(|(i, message)| error(i, message))
}
