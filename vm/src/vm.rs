//! The VM: natives and all loaded code, shared by every scheduler thread.
//!
//! In: packages, at any time. Out: modules and members by name, stack-trace lines, the code stubs
//! that processes start in. Reading takes no lock: the tables are immutable snapshots behind one
//! pointer, replaced as a whole when a package is loaded.
//!
//! Loaded code lives as long as the program: closures, frames and frozen values point to it.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use foldhash::HashMap;
use rata_bytecode::library::{Library, Modules};
use rata_bytecode::module::{ModuleKind, Package};
use rata_bytecode::natives::{self, NATIVES};

use crate::code::function::{FnEntry, FnSet, Function, fn_set_of};
use crate::code::listing;
use crate::code::load::{LoadError, Origin, link_module};
use crate::code::methods::{Method, Methods};
use crate::code::module::{Export, Global, Module};
use crate::code::stubs::{Stubs, capture};
use crate::data::closure;
use crate::helpers::fail::full_name;
use crate::jit::Jit;
use crate::jit_settings::{Compiled, Settings};
use crate::native::NativeFn;
use crate::symbols::Symbol;
use crate::tails::TAIL;
use crate::value::{Value, View, Word};

pub use crate::code::module::{LoadState, ModuleIndex, loads_ended};

/// The modules by name.
#[derive(Default, Clone)]
struct Tables {
    stdlib: HashMap<Symbol, Entry>,
    program: HashMap<Symbol, Entry>,
    /// Scripts and tests: found when nothing else bears their name.
    others: HashMap<Symbol, Entry>,
    all: Vec<Entry>,
    /// Functions found by name in these modules.
    methods: Methods,
}

/// A module in the tables: linked, or to be when someone asks for it.
#[derive(Clone, Copy)]
enum Entry {
    Linked(&'static Module),
    Shelved(&'static Shelved),
}

/// A module of a library. Its index and name are settled; all else is made by the first who needs it,
/// while others wait, and published by the cell.
struct Shelved {
    library: &'static Library,
    /// Where in the library.
    at: usize,
    index: ModuleIndex,
    module: OnceLock<Option<&'static Module>>,
}

/// See the module.
pub struct Vm {
    natives: Vec<NativeFn>,
    /// A leaked snapshot, replaced under `loading`. Compiled code compares its address, hence where it lies.
    tables: &'static AtomicPtr<Tables>,
    loading: Mutex<()>,
    functions: RwLock<Vec<&'static Function>>,
    /// Functions captured as `M.f/2`.
    captures: Mutex<HashMap<(Symbol, Symbol, u32), Word>>,
    stubs: Stubs,
    loader: OnceLock<&'static FnSet>,
    next_ref: AtomicU64,
    jit: Jit,
}

/// What a name in a module is.
#[derive(Clone, Copy)]
pub(crate) enum Member {
    Functions(&'static FnSet),
    Global(&'static Global),
}

/// A line of a stack trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceLine {
    /// The module's name.
    pub module: &'static str,
    /// What it was in the source.
    pub kind: ModuleKind,
    /// The function's name.
    pub function: &'static str,
    /// Number of its parameters.
    pub arity: u32,
    /// Source file.
    pub file: &'static str,
    /// Line, 0 if unknown.
    pub line: u32,
    /// The frame is gone: the function ended in a call of the one shown before.
    pub tail: bool,
}

impl std::fmt::Display for TraceLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.kind == ModuleKind::Named {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}/{} ({}:{})", self.function, self.arity, self.file, self.line)?;
        if self.tail { f.write_str(" … (tail call)") } else { Ok(()) }
    }
}

/// What introspection tells of a module.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    /// Its index.
    pub index: ModuleIndex,
    /// Its name.
    pub name: Symbol,
    /// What it was in the source.
    pub kind: ModuleKind,
    /// Source file.
    pub file: &'static str,
    /// Exported functions with the numbers of arguments they take.
    pub functions: Vec<(Symbol, Vec<u32>)>,
    /// Exported constants.
    pub constants: Vec<Symbol>,
    /// Modules named by `use`.
    pub behaviours: &'static [Symbol],
    /// Docstrings, as in the package.
    pub docs: &'static [(Option<(String, u32)>, String)],
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vm {
    /// A VM without modules. `natives` has one function per entry of `NATIVES`, in that order.
    pub fn new(natives: Vec<NativeFn>) -> Vm {
        Vm::with_jit(natives, Settings::OFF)
    }

    /// The same, with a compiler to machine code as far as there is one.
    pub fn with_jit(natives: Vec<NativeFn>, jit: Settings) -> Vm {
        assert!(natives.len() == NATIVES.len(), "one function per entry of the natives table");
        closure::set_describer(describe);
        Vm {
            natives,
            tables: Box::leak(Box::new(AtomicPtr::new(Box::leak(Box::default())))),
            loading: Mutex::new(()),
            functions: RwLock::default(),
            captures: Mutex::default(),
            stubs: Stubs::make(),
            loader: OnceLock::new(),
            next_ref: AtomicU64::new(1),
            jit: Jit::new(jit),
        }
    }

    /// A VM with the same natives and no modules.
    #[cfg(test)]
    pub(crate) fn twin(&self, jit: Settings) -> Vm {
        Vm::with_jit(self.natives.clone(), jit)
    }

    pub(crate) fn jit(&self) -> &Jit {
        &self.jit
    }

    /// Compiles what has become hot, as it comes, until [`Vm::stop_compiling`]: the work of a thread of
    /// its own. Returns at once if there is no compiler.
    pub fn compile_hot_functions(&self) {
        while let Some(function) = self.jit.next() {
            self.jit.compile(self, function);
        }
    }

    /// Calls `starter` when the first function has become hot, so that whoever is to compile it need not wait for
    /// it from the start.
    pub fn when_first_hot(&self, starter: Box<dyn FnOnce() + Send>) {
        self.jit.start_with(starter);
    }

    /// Tells of every function that is compiled from now on, for profilers; there is one observer.
    pub fn observe_code(&self, observer: Box<dyn Fn(Compiled) + Send + Sync>) {
        self.jit.observe(observer);
    }

    /// The function that a link leads to with so many arguments, if its module is there.
    #[cfg(all(feature = "jit", target_arch = "x86_64", target_os = "linux"))]
    pub(crate) fn link(
        &self,
        link: &crate::code::module::Link,
        arguments: u32,
    ) -> Option<&'static Function> {
        let member = self.member(link.module, link.name, link.stdlib)?;
        let Member::Functions(set) = member else { return None };
        let target = set.target(arguments).filter(|target| target.taken == arguments)?;
        let function = std::ptr::from_ref(target.function).cast_mut();
        link.function.store(function, Ordering::Release);
        Some(target.function)
    }

    /// Ends `compile_hot_functions`.
    pub fn stop_compiling(&self) {
        self.jit.close();
    }

    /// Whether functions that become hot are compiled.
    pub fn has_compiler(&self) -> bool {
        self.jit.is_enabled()
    }

    fn tables(&self) -> &'static Tables {
        // SAFETY: always a leaked snapshot.
        unsafe { &*self.tables.load(Ordering::Acquire) }
    }

    /// Makes the modules of a library known, as the standard library's. Each is decoded, verified and linked when
    /// it is first asked for; one that does not pass is as if it were not there.
    pub fn shelve(&self, library: &'static Library) {
        let _guard = lock(&self.loading);
        let mut tables = self.tables().clone();
        for (at, name) in library.names().into_iter().enumerate() {
            let index = tables.all.len() as ModuleIndex;
            let shelved = Shelved { library, at, index, module: OnceLock::new() };
            let entry = Entry::Shelved(Box::leak(Box::new(shelved)));
            tables.stdlib.insert(Symbol::intern(name), entry);
            tables.all.push(entry);
        }
        self.tables.store(Box::leak(Box::new(tables)), Ordering::Release);
    }

    /// The module of an entry, which is linked now if it was not.
    #[inline]
    fn open(&self, entry: Entry) -> Option<&'static Module> {
        match entry {
            Entry::Linked(module) => Some(module),
            Entry::Shelved(shelved) => *shelved.module.get_or_init(|| self.take_down(shelved)),
        }
    }

    /// Links a module of a library. Linking asks for no other module, so nobody waits for himself.
    #[cold]
    fn take_down(&self, shelved: &Shelved) -> Option<&'static Module> {
        let module = shelved.library.module(shelved.at)?;
        let exists = |name: &str, arity| natives::find(name, arity).is_some();
        rata_bytecode::verify::verify_module(&module, &exists).ok()?;
        let _guard = lock(&self.loading);
        let first = self.functions.read().unwrap_or_else(PoisonError::into_inner).len() as u32;
        let linked = link_module(self, &module, Origin::Stdlib, shelved.index, first).ok()?;
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        functions.extend(linked.functions.get().into_iter().flatten());
        Some(linked)
    }

    /// The module with an index.
    fn at(&self, index: ModuleIndex) -> Option<&'static Module> {
        self.open(*self.tables().all.get(index as usize)?)
    }

    /// Verifies and links a package; its modules' bindings and statements do not run yet. A module
    /// of a name that is there already hides the older one from now on.
    pub fn load(&self, package: &Package, origin: Origin) -> Result<Vec<ModuleIndex>, LoadError> {
        rata_bytecode::verify(package).map_err(LoadError::Invalid)?;
        let _guard = lock(&self.loading);
        let mut tables = self.tables().clone();
        let mut number = self.functions.read().unwrap_or_else(PoisonError::into_inner).len();
        let mut loaded = Vec::new();
        for module in &package.modules {
            let index = tables.all.len() as ModuleIndex;
            let module = link_module(self, module, origin, index, number as u32)?;
            number += module.functions.get().map_or(0, Vec::len);
            let names = match (module.kind, origin) {
                (ModuleKind::Named, Origin::Stdlib) => &mut tables.stdlib,
                (ModuleKind::Named, Origin::Program) => &mut tables.program,
                _ => &mut tables.others,
            };
            names.insert(module.name, Entry::Linked(module));
            tables.all.push(Entry::Linked(module));
            loaded.push(module);
        }
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        loaded.iter().filter_map(|m| m.functions.get()).for_each(|f| functions.extend(f));
        self.tables.store(Box::leak(Box::new(tables)), Ordering::Release);
        Ok(loaded.iter().map(|module| module.index).collect())
    }

    fn module(&self, name: Symbol, stdlib: bool) -> Option<&'static Module> {
        self.open(self.entry(name, stdlib)?)
    }

    fn entry(&self, name: Symbol, stdlib: bool) -> Option<Entry> {
        let tables = self.tables();
        let (first, second) = match stdlib {
            true => (&tables.stdlib, &tables.program),
            false => (&tables.program, &tables.stdlib),
        };
        let found = first.get(&name).or_else(|| second.get(&name));
        found.or_else(|| tables.others.get(&name)).copied()
    }

    /// What a name in a module is; `stdlib` says who asks.
    pub(crate) fn member(&self, module: Symbol, name: Symbol, stdlib: bool) -> Option<Member> {
        let module = self.module(module, stdlib)?;
        match module.exports.get(&name)? {
            Export::Functions(number) => module.fn_set(*number).map(Member::Functions),
            Export::Global(number) => module.globals.get(*number as usize).map(Member::Global),
        }
    }

    /// The exported function that a call by name with so many arguments goes to; nothing if there is none to which all
    /// of them are passed.
    pub(crate) fn method(&self, module: Symbol, name: Symbol, n: u32) -> Option<&'static Method> {
        let tables = self.tables();
        if let Some(method) = tables.methods.get(module, name, n) {
            return Some(method);
        }
        let Some(Member::Functions(set)) = self.member(module, name, false) else { return None };
        let target = set.target(n).filter(|target| target.taken == n)?;
        tables.methods.keep(Method {
            module: Word::module(module),
            snapshot: std::ptr::from_ref(tables) as usize,
            function: target.function,
            name,
            arguments: n,
        });
        tables.methods.get(module, name, n)
    }

    /// Where the address of the present snapshot of the modules lies.
    #[cfg(all(feature = "jit", target_arch = "x86_64", target_os = "linux"))]
    pub(crate) fn snapshot(&self) -> usize {
        std::ptr::from_ref(self.tables) as usize
    }

    /// The module with an index, given as a word.
    pub(crate) fn module_of(&self, word: Word) -> Option<&'static Module> {
        self.at(ModuleIndex::try_from(word.as_small()?).ok()?)
    }

    /// The native with an index.
    #[inline(always)]
    pub(crate) fn native(&self, index: usize) -> NativeFn {
        self.natives[index]
    }

    pub(crate) fn stubs(&self) -> &Stubs {
        &self.stubs
    }

    /// Whether there is a module of this name.
    pub fn has_module(&self, name: Symbol) -> bool {
        self.entry(name, false).is_some()
    }

    /// Whether a module has a function that takes so many arguments.
    pub fn has_function(&self, module: Symbol, name: Symbol, arity: u32) -> bool {
        match self.member(module, name, false) {
            Some(Member::Functions(set)) => set.target(arity).is_some(),
            _ => false,
        }
    }

    /// Whether a value is a function that can be called with so many arguments.
    pub fn accepts(&self, function: Value<'_>, arity: u32) -> bool {
        match function.view() {
            View::Closure(closure) => fn_set_of(closure.handle()).target(arity).is_some(),
            View::FunRef(f) => self.has_function(f.module, f.name, arity),
            _ => false,
        }
    }

    /// Whether a function value has a form for just so many arguments. One that ignores surplus
    /// arguments does not count as having a form for more than it names.
    pub fn takes(&self, function: Value<'_>, arity: u32) -> bool {
        let named = |set: &FnSet| set.entries.iter().any(|e| e.min <= arity && arity <= e.max);
        match function.view() {
            View::Closure(closure) => named(fn_set_of(closure.handle())),
            View::FunRef(f) => match self.member(f.module, f.name, false) {
                Some(Member::Functions(set)) => named(set),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a module has a constant of this name.
    pub fn has_constant(&self, module: Symbol, name: Symbol) -> bool {
        matches!(self.member(module, name, false), Some(Member::Global(_)))
    }

    /// The exported function `name` of the module with this index, as a value, with the numbers of
    /// arguments it takes.
    pub fn exported(&self, index: ModuleIndex, name: Symbol) -> Option<(Value<'static>, Vec<u32>)> {
        let module = self.at(index)?;
        match module.exports.get(&name)? {
            Export::Functions(number) => {
                let set = module.fn_set(*number)?;
                let arities = set.entries.iter().flat_map(|e| e.min..=e.max).collect();
                Some((Value::new(set.function_value()), arities))
            }
            Export::Global(_) => None,
        }
    }

    /// A function of (index of a module, nil) that loads the module unless that has been done.
    pub fn loader(&self) -> Value<'static> {
        let function = self.stubs.load;
        let entry = FnEntry { min: 2, max: 2, function };
        let set =
            self.loader.get_or_init(|| FnSet::make(None, function.module.name, vec![entry], false));
        Value::new(set.function_value())
    }

    /// Source file and line of the beginning of a function value's code.
    pub fn place_of(&self, function: Value<'_>) -> Option<(&'static str, u32)> {
        let set = match function.view() {
            View::Closure(closure) => fn_set_of(closure.handle()),
            View::FunRef(f) => match self.member(f.module, f.name, false) {
                Some(Member::Functions(set)) => set,
                _ => return None,
            },
            _ => return None,
        };
        let function = set.entries.first()?.function;
        Some((&function.module.file, function.line(1)))
    }

    /// What is known of a module.
    pub fn module_info(&self, name: Symbol) -> Option<ModuleInfo> {
        self.module(name, false).map(info)
    }

    /// What is known of the module with an index.
    pub fn module_at(&self, index: ModuleIndex) -> Option<ModuleInfo> {
        self.at(index).map(info)
    }

    /// The names of all modules.
    pub fn module_names(&self) -> Vec<Symbol> {
        let tables = self.tables();
        let mut names: Vec<Symbol> =
            tables.stdlib.keys().chain(tables.program.keys()).copied().collect();
        names.sort_by_key(|name| name.text());
        names.dedup();
        names
    }

    /// The executed instructions of a module, as text.
    pub fn listing(&self, index: ModuleIndex) -> Option<String> {
        let module = self.at(index)?;
        let mut out = String::new();
        for function in module.functions.get()? {
            out.push_str(&full_name(function));
            out.push('\n');
            out.push_str(&listing::list(function).ok()?);
        }
        Some(out)
    }

    /// How far the initialisation of a module is.
    pub fn load_state(&self, index: ModuleIndex) -> LoadState {
        self.at(index).map_or(LoadState::Loaded, Module::state)
    }

    /// The line that an entry of a stack trace stands for.
    pub fn trace_line(&self, entry: u64) -> Option<TraceLine> {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        let tail = entry & TAIL != 0;
        let entry = entry & !TAIL;
        let function = *functions.get((entry >> 31) as usize)?;
        Some(TraceLine {
            module: function.module.name.lasting_text(),
            kind: function.module.kind,
            function: function.name.lasting_text(),
            arity: function.arity,
            file: &function.module.file,
            line: (entry & 0x7fff_ffff) as u32,
            tail,
        })
    }

    /// A number for a new reference: unique, and greater than all before.
    pub fn next_ref(&self) -> u64 {
        self.next_ref.fetch_add(1, Ordering::Relaxed)
    }

    /// The function value `module.name/arity`.
    pub(crate) fn capture(&self, module: Symbol, name: Symbol, arity: u32) -> Word {
        *lock(&self.captures).entry((module, name, arity)).or_insert_with(|| {
            let function = capture(module, name, arity);
            let entry = FnEntry { min: arity, max: arity, function };
            FnSet::make(Some(name), module, vec![entry], false).function_value()
        })
    }
}

fn info(module: &'static Module) -> ModuleInfo {
    let mut functions = Vec::new();
    let mut constants = Vec::new();
    for (&name, export) in &module.exports {
        match export {
            Export::Global(_) => constants.push(name),
            Export::Functions(number) => {
                let entries = module.fn_set(*number).map_or(&[][..], |set| &set.entries);
                functions.push((name, entries.iter().flat_map(|e| e.min..=e.max).collect()));
            }
        }
    }
    functions.sort_by_key(|(name, _): &(Symbol, Vec<u32>)| name.text());
    constants.sort_by_key(|name| name.text());
    ModuleInfo {
        index: module.index,
        name: module.name,
        kind: module.kind,
        file: &module.file,
        functions,
        constants,
        behaviours: &module.behaviours,
        docs: &module.docs,
    }
}

/// How a function set prints, and its number.
fn describe(handle: usize) -> (String, u64) {
    let set = fn_set_of(handle);
    let name = match (set.name, &set.entries[..]) {
        (Some(name), [entry]) if entry.min == entry.max => {
            format!("{}.{}/{}", set.module.text(), name.text(), entry.min)
        }
        (Some(name), _) => format!("{}.{}", set.module.text(), name.text()),
        (None, [entry, ..]) => full_name(entry.function),
        (None, []) => "fn".to_owned(),
    };
    (name, set.number)
}
