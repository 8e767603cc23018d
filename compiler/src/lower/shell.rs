//! What a bytecode module says besides code: names, exports, function sets, docstrings.

use rata_bytecode::module::{Export, Exported, FnEntry, FnSet, Global, Module};
use rata_bytecode::operand::{FnId, FnSetId, GlobalId};

use crate::hir;
use crate::names::Names;

/// Everything that is known before lowering.
pub(super) fn shell(hir: &hir::Module<'_>, names: &Names) -> Module {
    let text = |name| names.text(name).to_owned();
    let docs = hir
        .docs
        .iter()
        .map(|&(of, doc)| (of.map(|(name, arity)| (text(name), arity)), doc.to_owned()));
    Module {
        name: text(hir.name),
        kind: hir.kind,
        fn_sets: hir.sets.iter().map(|set| fn_set(set, names)).collect(),
        globals: hir.globals.iter().map(|g| Global { name: text(g.name) }).collect(),
        exports: hir.exports.iter().map(|e| export(e, hir, names)).collect(),
        behaviours: hir.behaviours.iter().map(|&name| text(name)).collect(),
        docs: docs.collect(),
        ..Module::default()
    }
}

fn fn_set(set: &hir::FnSet, names: &Names) -> FnSet {
    let entry = |&(min, max, f): &(u32, u32, hir::FnIdx)| FnEntry { min, max, f: FnId(f.0) };
    FnSet {
        name: names.text(set.name).to_owned(),
        entries: set.entries.iter().map(entry).collect(),
        lenient: false,
    }
}

fn export(export: &hir::Export, hir: &hir::Module<'_>, names: &Names) -> Export {
    let (name, what) = match *export {
        hir::Export::Set(set) => {
            (hir.sets[set.0 as usize].name, Exported::Functions(FnSetId(set.0)))
        }
        hir::Export::Global(global) => {
            (hir.globals[global.0 as usize].name, Exported::Global(GlobalId(global.0)))
        }
    };
    Export { name: names.text(name).to_owned(), what }
}
