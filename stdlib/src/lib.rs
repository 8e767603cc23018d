//! The standard library, compiled: the rata sources beside this crate's manifest in, a library of
//! their modules out, made and verified when this crate is built.

use rata_bytecode::library::{Library, Volume};
use std::borrow::Cow;

/// All modules of the standard library.
pub static LIBRARY: Library = Library::of(VOLUMES);

include!(concat!(env!("OUT_DIR"), "/volumes.rs"));
