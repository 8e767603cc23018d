//! Source text in, bytecode packages out: `syntax` → `resolve` → `types` → `lower` → `passes` →
//! `emit`, strung together by `pipeline`. Pure: files are read by the caller (`project::Sources`).

pub mod diagnostics;
pub mod hir;
pub mod names;
pub mod project;
pub mod resolve;
pub mod source_map;
pub mod span;
pub mod syntax;
