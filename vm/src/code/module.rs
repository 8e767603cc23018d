//! A loaded module: what its code, other modules and the runtime see of it.
//!
//! In: what the loader makes of a verified module. Out: exports, globals, the state of its
//! initialisation. Immortal; only the atomics change.
#![allow(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use foldhash::HashMap;

use super::function::{FnSet, Function};
use crate::symbols::Symbol;
use crate::value::Word;
use rata_bytecode::module::ModuleKind;

/// The position of a module in the VM's table.
pub type ModuleIndex = u32;

/// How far the initialisation of a module is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadState {
    /// Its bindings and statements have not run.
    Unloaded,
    /// The process with this pid (the bits of its word) is running them.
    Loading(u64),
    /// They have run.
    Loaded,
}

const UNLOADED: u64 = 0;
const LOADED: u64 = 1;

/// A loaded module.
pub(crate) struct Module {
    pub(crate) index: ModuleIndex,
    pub(crate) name: Symbol,
    pub(crate) kind: ModuleKind,
    pub(crate) file: String,
    pub(crate) exports: HashMap<Symbol, Export>,
    pub(crate) globals: Vec<Global>,
    pub(crate) behaviours: Vec<Symbol>,
    pub(crate) docs: Vec<(Option<(String, u32)>, String)>,
    /// Filled in when the functions have been made (they point here).
    pub(crate) functions: OnceLock<Vec<&'static Function>>,
    pub(crate) fn_sets: OnceLock<Vec<&'static FnSet>>,
    pub(crate) init: OnceLock<&'static Function>,
    /// `UNLOADED`, `LOADED`, or the word of the pid that is loading it.
    state: AtomicU64,
}

/// What other modules see under a name.
#[derive(Clone, Copy)]
pub(crate) enum Export {
    /// The function set with this number.
    Functions(u32),
    /// The global with this number.
    Global(u32),
}

/// A module constant.
pub(crate) struct Global {
    pub(crate) name: Symbol,
    pub(crate) module: ModuleIndex,
    pub(crate) number: u32,
    /// [`UNSET`], or the bits of a frozen value.
    pub(crate) word: AtomicU64,
}

/// The bits of no word: a global that has not been set.
pub(crate) const UNSET: u64 = 1;

impl Global {
    /// Its value.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Word> {
        match self.word.load(Ordering::Acquire) {
            UNSET => None,
            bits => Some(Word::from_bits(bits)),
        }
    }
}

impl Module {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        index: ModuleIndex,
        name: Symbol,
        kind: ModuleKind,
        file: String,
        exports: HashMap<Symbol, Export>,
        globals: Vec<Global>,
        behaviours: Vec<Symbol>,
        docs: Vec<(Option<(String, u32)>, String)>,
    ) -> Module {
        Module {
            index,
            name,
            kind,
            file,
            exports,
            globals,
            behaviours,
            docs,
            functions: OnceLock::new(),
            fn_sets: OnceLock::new(),
            init: OnceLock::new(),
            state: AtomicU64::new(UNLOADED),
        }
    }

    /// How far its initialisation is.
    pub(crate) fn state(&self) -> LoadState {
        match self.state.load(Ordering::Acquire) {
            UNLOADED => LoadState::Unloaded,
            LOADED => LoadState::Loaded,
            pid => LoadState::Loading(pid),
        }
    }

    /// Begins to load it as this process, unless it is loaded or being loaded.
    pub(crate) fn begin(&self, pid: u64) -> LoadState {
        let swap = self.state.compare_exchange(UNLOADED, pid, Ordering::AcqRel, Ordering::Acquire);
        match swap {
            Ok(_) => LoadState::Unloaded,
            Err(LOADED) => LoadState::Loaded,
            Err(other) => LoadState::Loading(other),
        }
    }

    /// It is loaded.
    pub(crate) fn finish(&self) {
        self.state.store(LOADED, Ordering::Release);
        LOADS_ENDED.fetch_add(1, Ordering::Release);
    }

    /// Its initialisation has failed: the next who needs it tries again, from the beginning.
    pub(crate) fn abandon(&self) {
        self.globals.iter().for_each(|g| g.word.store(UNSET, Ordering::Release));
        self.state.store(UNLOADED, Ordering::Release);
        LOADS_ENDED.fetch_add(1, Ordering::Release);
    }

    /// The function set with this number.
    pub(crate) fn fn_set(&self, number: u32) -> Option<&'static FnSet> {
        self.fn_sets.get()?.get(number as usize).copied()
    }
}

static LOADS_ENDED: AtomicU64 = AtomicU64::new(0);

/// How many loads of modules have ended so far, well or not: when it has changed, who waits for one
/// should look again.
#[inline]
pub fn loads_ended() -> u64 {
    LOADS_ENDED.load(Ordering::Acquire)
}

/// What a name of another module leads to, found at the first use.
pub(crate) struct Link {
    pub(crate) module: Symbol,
    pub(crate) name: Symbol,
    /// Whether the name stands in the standard library, which keeps using its own modules.
    pub(crate) stdlib: bool,
    /// The function called, once found: that with as many arguments.
    pub(crate) function: AtomicPtr<Function>,
    /// The member's value, or `UNSET`.
    pub(crate) value: AtomicU64,
}

impl Link {
    /// The function called, if it has been found.
    #[inline(always)]
    pub(crate) fn function(&self) -> Option<&'static Function> {
        let function = self.function.load(Ordering::Acquire);
        // SAFETY: only ever set to an immortal function.
        unsafe { function.as_ref() }
    }

    /// The member's value, if it has been found.
    #[inline(always)]
    pub(crate) fn value(&self) -> Option<Word> {
        match self.value.load(Ordering::Acquire) {
            UNSET => None,
            bits => Some(Word::from_bits(bits)),
        }
    }

    pub(crate) fn new(module: Symbol, name: Symbol, stdlib: bool) -> Link {
        Link { module, name, stdlib, function: AtomicPtr::default(), value: AtomicU64::new(UNSET) }
    }
}
