//! Code: from a verified package to instructions that run.
//!
//! In: packages of `.ratab`. Out: modules, functions and their executed instructions, immortal and shared by
//! all threads. `load` links (natives, imports, constants, types), `specialise` chooses executed
//! instructions (`exec`), `emit` writes them.

pub(crate) mod consts;
pub(crate) mod emit;
pub(crate) mod exec;
pub(crate) mod function;
pub(crate) mod listing;
pub(crate) mod load;
pub(crate) mod methods;
pub(crate) mod module;
pub(crate) mod specialise;
pub(crate) mod stubs;
pub(crate) mod types;

use crate::value::Word;

/// The marker for an omitted argument: a special that no program sees.
pub(crate) const MISSING: Word = Word::from_bits(3 << 6 | 0b111);
