//! IR → bytecode. What enters is an [`ir::Module`]; what leaves is a
//! [`rata_bytecode::module::Module`] without anything that is not used. Also the front door of the middle
//! of the compiler: [`compile`] lowers, runs the passes and emits.

mod code;
mod consts;

use rata_bytecode::module::{self as bc, Export, Exported, Global};
use rata_bytecode::operand::{FnId, FnSetId, GlobalId};

use crate::diagnostics::{Diagnostic, Severity};
use crate::hir;
use crate::ir;
use crate::names::Names;
use crate::span::FileId;
use crate::{lower, passes};

/// What lines are needed for: where a byte offset of a file stands.
pub type LineOf<'l> = &'l dyn Fn(FileId, u32) -> u32;

/// Compiles a resolved module. `file` is its source file as stack traces show it. Errors and warnings
/// go to `diagnostics`; there is no module when there were errors.
pub fn compile(
    hir: &hir::Module<'_>,
    names: &Names,
    file: &str,
    line_of: LineOf<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<bc::Module> {
    let before = diagnostics.len();
    let module = optimised(hir, names, diagnostics);
    if diagnostics[before..].iter().any(|d| d.severity == Severity::Error) {
        return None;
    }
    let out = assemble(&module, hir, names, file, line_of, diagnostics)?;
    Some(out)
}

/// The IR of a resolved module after all passes, as text.
pub fn listing(hir: &hir::Module<'_>, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> String {
    ir::print::module(&optimised(hir, names, diagnostics))
}

/// A package of modules in load order; `entry` names the one whose `main` is called.
pub fn package(modules: Vec<bc::Module>, entry: Option<&str>) -> bc::Package {
    let entry = entry.and_then(|entry| modules.iter().position(|m| m.name == entry));
    bc::Package { modules, entry: entry.map(|at| at as u32) }
}

fn optimised(
    hir: &hir::Module<'_>,
    names: &Names,
    diagnostics: &mut Vec<Diagnostic>,
) -> ir::Module {
    let mut module = lower::lower(hir, names, diagnostics);
    for f in &mut module.functions {
        passes::run(f, &mut module.pools, &module.fn_sets);
    }
    module
}

fn assemble(
    module: &ir::Module,
    hir: &hir::Module<'_>,
    names: &Names,
    file: &str,
    line_of: LineOf<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<bc::Module> {
    let mut consts = consts::Consts::new(&module.pools.consts);
    let mut functions = Vec::with_capacity(module.functions.len());
    let line = |at| line_of(hir.file, at);
    for f in &module.functions {
        match code::function(f, &mut consts, &line) {
            Ok(f) => functions.push(f),
            Err(code::TooLarge) => {
                let span = crate::span::Span::new(f.at, f.end);
                diagnostics.push(
                    Diagnostic::error("E0302", hir.file, span, "this function is too large")
                        .label("more than 65,535 values are needed at once here")
                        .help("split it into several functions"),
                );
            }
        }
    }
    if functions.len() < module.functions.len() {
        return None;
    }
    let text = |name| names.text(name).to_owned();
    let export = |export: &hir::Export| match *export {
        hir::Export::Set(set) => Export {
            name: text(hir.sets[set.0 as usize].name),
            what: Exported::Functions(FnSetId(set.0)),
        },
        hir::Export::Global(global) => Export {
            name: text(hir.globals[global.0 as usize].name),
            what: Exported::Global(GlobalId(global.0)),
        },
    };
    let docs = hir
        .docs
        .iter()
        .map(|&(of, doc)| (of.map(|(name, arity)| (text(name), arity)), doc.to_owned()));
    Some(bc::Module {
        name: text(hir.name),
        kind: hir.kind,
        file: file.into(),
        consts: consts.finish(),
        functions,
        fn_sets: module.fn_sets.clone(),
        imports: module.pools.imports().to_vec(),
        natives: module.pools.natives().to_vec(),
        globals: hir.globals.iter().map(|g| Global { name: text(g.name) }).collect(),
        types: module.pools.types().to_vec(),
        exports: hir.exports.iter().map(export).collect(),
        init: module.init.map(|FnId(f)| FnId(f)),
        behaviours: hir.behaviours.iter().map(|&name| text(name)).collect(),
        docs: docs.collect(),
    })
}

#[cfg(test)]
mod tests;
