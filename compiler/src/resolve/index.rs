//! What is known of modules from the outside: their public members, by name and arity.
//!
//! Filled from compiled modules (the standard library) and from the outlines of the project's own
//! modules; asked by `resolve` wherever a name leads into another module. Of compiled modules only those are
//! read that the sources may mean.

use crate::names::{Name, Names};
use foldhash::HashMap;
use rata_bytecode::library::Modules;
use rata_bytecode::module::{Exported, FnEntry, Function, Module};
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
#[derive(Default)]
pub struct Index<'k> {
    modules: HashMap<Name, ModuleInfo>,
    /// Compiled modules that nothing in the sources can mean, and where they are.
    unread: Vec<(Name, &'k dyn Modules, usize)>,
}

impl<'k> Index<'k> {
    /// What is known of `module`.
    pub fn get(&self, module: Name) -> Option<&ModuleInfo> {
        self.modules.get(&module)
    }

    /// Makes `module` known, hiding an earlier one of that name.
    pub fn insert(&mut self, module: Name, info: ModuleInfo) {
        self.unread.retain(|unread| unread.0 != module);
        self.modules.insert(module, info);
    }

    /// The names of all modules.
    pub fn module_names(&self) -> impl Iterator<Item = Name> + '_ {
        self.modules.keys().copied().chain(self.unread.iter().map(|unread| unread.0))
    }

    /// The names of all modules that have a public member of this name, read or not.
    pub fn modules_with(&self, member: Name, names: &Names) -> Vec<Name> {
        let public = |info: &ModuleInfo| info.members.get(&member).is_some_and(|m| m.public);
        let read = self.modules.iter().filter(|m| public(m.1)).map(|m| *m.0);
        let text = names.text(member);
        let exports = |known: &dyn Modules, at| {
            known.module(at).is_some_and(|m| m.exports.iter().any(|e| e.name == text))
        };
        let unread = self.unread.iter().filter(|m| exports(m.1, m.2)).map(|m| m.0);
        read.chain(unread).collect()
    }

    /// Adds compiled modules. All sources must have been parsed into `names`: a module is read only if its name
    /// may stand in them.
    pub fn add(&mut self, known: &'k dyn Modules, names: &mut Names) {
        let modules = known.names();
        let meant: Vec<bool> = modules.iter().map(|module| may_be_meant(module, names)).collect();
        for (at, (module, meant)) in modules.into_iter().zip(meant).enumerate() {
            let name = names.intern(module);
            let module = if meant { known.module(at) } else { None };
            match module {
                Some(module) => self.insert(name, outside(&module, names)),
                None => self.unread.push((name, known, at)),
            }
        }
    }
}

/// Whether sources with these names can lead to a module: by its name, whose last part then is one of theirs
/// (an alias may stand for those before); as the module that needs no naming; as the defaults of a behaviour.
fn may_be_meant(module: &str, names: &Names) -> bool {
    let module = module.strip_suffix(".Defaults").unwrap_or(module);
    let last = module.rsplit('.').next().unwrap_or(module);
    module == "Core" || names.find(last).is_some()
}

/// What a compiled module exports.
fn outside(module: &Module, names: &mut Names) -> ModuleInfo {
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
    info
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
