//! What processes share beside messages: tables that all may read at once (`cache.rs`), and who is registered under
//! which key (`registry.rs`), both over one kind of concurrent table (`table.rs`).
//!
//! Values are kept outside all heaps (`rata_vm::heap::Stored`). What a process holds in here ends with it: its
//! relations name its holdings, and its end tells them (`holding.rs`).
//! Must not know: schedulers, instructions.

pub mod cache;
pub mod holding;
pub mod registry;
pub mod table;
