//! Source text in, bytecode packages out: `syntax` → `resolve` → `types` → `lower` → `passes` →
//! `emit`, strung together by `pipeline`. Pure: files are read by the caller (`Sources`).

pub mod diagnostics;
pub mod emit;
pub mod hir;
mod ir;
mod lower;
pub mod names;
mod passes;
pub mod span;
pub mod syntax;
