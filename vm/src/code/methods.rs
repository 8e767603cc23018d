//! Functions called by name while the program runs, as a behaviour calls its callbacks: `module.f(args)`.
//!
//! In: a module, a name, a number of arguments. Out: the function, found again without a search. The cache belongs
//! to one snapshot of the modules, so loading another package empties it.

use std::sync::OnceLock;

use super::function::Function;
use crate::symbols::Symbol;
use crate::value::Word;

/// A power of two. Programs have some dozens of callbacks.
const SLOTS: usize = 512;

/// What a call by name leads to; immortal, and read by compiled code.
#[repr(C)]
pub(crate) struct Method {
    /// The module, as a word.
    pub(crate) module: Word,
    /// The address of the snapshot in which this holds.
    pub(crate) snapshot: usize,
    pub(crate) function: &'static Function,
    pub(crate) name: Symbol,
    pub(crate) arguments: u32,
}

/// See the module. A slot keeps what first came to it: what two names share is searched for each time.
pub(crate) struct Methods(Box<[OnceLock<&'static Method>; SLOTS]>);

impl Default for Methods {
    fn default() -> Methods {
        Methods(Box::new([const { OnceLock::new() }; SLOTS]))
    }
}

/// That of another snapshot, which is still empty.
impl Clone for Methods {
    fn clone(&self) -> Methods {
        Methods::default()
    }
}

impl Methods {
    fn slot(&self, module: Symbol, name: Symbol, arguments: u32) -> &OnceLock<&'static Method> {
        let mixed = module.id().wrapping_mul(31) ^ name.id().wrapping_mul(7) ^ arguments;
        &self.0[mixed as usize % SLOTS]
    }

    /// What has been found before.
    #[inline]
    pub(crate) fn get(&self, module: Symbol, name: Symbol, n: u32) -> Option<&'static Method> {
        let method = *self.slot(module, name, n).get()?;
        let same = method.module == Word::module(module);
        (same && method.name == name && method.arguments == n).then_some(method)
    }

    /// Keeps what was found, unless the place is taken.
    pub(crate) fn keep(&self, method: Method) {
        let Some(module) = method.module.as_module() else { return };
        let slot = self.slot(module, method.name, method.arguments);
        slot.get_or_init(|| Box::leak(Box::new(method)));
    }
}
