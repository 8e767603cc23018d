//! IR → bytecode. What enters is an [`ir::Module`]; what leaves is a
//! [`rata_bytecode::module::Module`] with the constants that are used. Values get registers, blocks their
//! order, regions become handlers and places in the source lines.

mod code;
mod consts;

use rata_bytecode::module::{Module, Package};

use crate::ir;

/// Emits a module. In debug builds the verifier must like it.
pub fn emit_module(module: &ir::Module) -> Module {
    let mut consts = consts::Consts::new(&module.pools.consts);
    let functions = module
        .functions
        .iter()
        .map(|f| code::function(f, &mut consts, &module.line_starts))
        .collect();
    let out = Module {
        consts: consts.finish(),
        functions,
        imports: module.pools.imports().to_vec(),
        natives: module.pools.natives().to_vec(),
        types: module.pools.types().to_vec(),
        ..module.shell.clone()
    };
    if cfg!(debug_assertions)
        && !module.failed
        && let Err(error) = rata_bytecode::verify::verify_module(&out, &|_, _| true)
    {
        let package = Package { modules: vec![out], entry: None };
        panic!("{error}\n{}", rata_bytecode::disasm::disassemble(&package));
    }
    out
}

/// A package of modules in load order; `entry` names the one whose `main` is called.
pub fn package(modules: Vec<Module>, entry: Option<&str>) -> Package {
    let entry = entry.and_then(|entry| modules.iter().position(|m| m.name == entry));
    Package { modules, entry: entry.map(|at| at as u32) }
}

#[cfg(test)]
pub(crate) mod tests;
