//! Source text in, bytecode packages out: `syntax` → `resolve` → `types` → `lower` → `passes` →
//! `emit`, strung together by `pipeline`. Pure: files are read by the caller (`project::Sources`).

pub mod diagnostics;
pub mod emit;
pub mod hir;
pub mod ir;
pub mod lower;
pub mod names;
mod passes;
pub mod pipeline;
pub mod project;
pub mod resolve;
pub mod source_map;
pub mod span;
pub mod survey;
pub mod syntax;
pub mod types;
