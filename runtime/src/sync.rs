//! The façade over `std` or, in model checking (`--cfg loom`), `loom`: what is shared between threads
//! in `process/` uses these types, so that its protocols can be explored exhaustively.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
