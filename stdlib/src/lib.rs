//! The standard library, compiled: the rata sources beside this crate's manifest in, one `.ratab`
//! image out, made when this crate is built.

/// The image: a package of all modules of the standard library.
pub const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stdlib.ratab"));
