//! What is known of modules from the outside: their public members, by name and arity.
//!
//! Filled from compiled packages (the standard library) and from the outlines of the project's own
//! modules; asked by `resolve` wherever a name leads into another module.

use crate::names::{Name, Names};
use foldhash::HashMap;
use rata_bytecode::module::{Exported, FnEntry, Function, Module, Package};
use rata_bytecode::ops::Op;

/// How a function may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Fewest arguments.
    pub min: u32,
    /// Parameter names (`None`: a pattern); as many as the arity.
    pub params: Vec<Option<Name>>,
    /// The native that it only hands its arguments to: callers may as well call that.
    pub forward: Option<Name>,
}

impl Signature {
    /// Most arguments.
    pub fn arity(&self) -> u32 {
        self.params.len() as u32
    }

    /// Whether `count` arguments may be given.
    pub fn takes(&self, count: u32) -> bool {
        self.min <= count && count <= self.arity()
    }
}

/// What a module has under a name.
#[derive(Clone, Debug)]
pub enum MemberKind {
    /// Functions, by arity.
    Functions(Vec<Signature>),
    /// A constant.
    Constant,
}

/// A member and whether others may see it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Functions or constant.
    pub kind: MemberKind,
    /// Not withheld by `export`.
    pub public: bool,
}

/// A module from the outside.
#[derive(Clone, Debug, Default)]
pub struct ModuleInfo {
    /// Its members.
    pub members: HashMap<Name, Member>,
}

/// Every module known to a compilation.
#[derive(Clone, Debug, Default)]
pub struct Index {
    modules: HashMap<Name, ModuleInfo>,
}

impl Index {
    /// What is known of `module`.
    pub fn get(&self, module: Name) -> Option<&ModuleInfo> {
        self.modules.get(&module)
    }

    /// Makes `module` known, hiding an earlier one of that name.
    pub fn insert(&mut self, module: Name, info: ModuleInfo) {
        self.modules.insert(module, info);
    }

    /// The names of all modules.
    pub fn module_names(&self) -> impl Iterator<Item = Name> + '_ {
        self.modules.keys().copied()
    }

    /// Adds the exports of a compiled package.
    pub fn add_package(&mut self, package: &Package, names: &mut Names) {
        for module in &package.modules {
            let mut info = ModuleInfo::default();
            for export in &module.exports {
                let kind = match export.what {
                    Exported::Global(_) => MemberKind::Constant,
                    Exported::Functions(set) => {
                        let entries = &module.fn_sets[set.0 as usize].entries;
                        MemberKind::Functions(signatures(module, entries, names))
                    }
                };
                info.members.insert(names.intern(&export.name), Member { kind, public: true });
            }
            let name = names.intern(&module.name);
            self.insert(name, info);
        }
    }
}

/// One signature per arity: the entry that evaluates defaults is folded into that of its body.
fn signatures(module: &Module, entries: &[FnEntry], names: &mut Names) -> Vec<Signature> {
    let mut found: Vec<Signature> = Vec::new();
    for entry in entries {
        let function = &module.functions[entry.f.0 as usize];
        match found.iter_mut().find(|s| s.arity() == function.arity) {
            Some(signature) => signature.min = signature.min.min(entry.min),
            None => {
                let name = |text: &String, names: &mut Names| {
                    (!text.is_empty()).then(|| names.intern(text))
                };
                let mut params: Vec<_> = function.params.iter().map(|p| name(p, names)).collect();
                params.resize(function.arity as usize, None);
                let forward = forwards_to(module, function, names);
                found.push(Signature { min: entry.min, params, forward });
            }
        }
    }
    found.sort_by_key(Signature::arity);
    found
}

/// The native that a compiled function tail-calls with just its own arguments.
fn forwards_to(module: &Module, function: &Function, names: &mut Names) -> Option<Name> {
    let [Op::TailNative { native, args }] = &function.code[..] else { return None };
    let same = args.0.len() == function.arity as usize
        && args.0.iter().enumerate().all(|(i, reg)| usize::from(*reg) == i);
    let native = module.natives.get(native.0 as usize)?;
    (same && function.captures == 0).then(|| names.intern(&native.name))
}
