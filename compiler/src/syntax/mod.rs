//! Source text → tokens → tree. Never fails: gives a tree and a list of diagnostics.
//! Knows nothing of what names mean, of types or of files.

pub mod tree;
