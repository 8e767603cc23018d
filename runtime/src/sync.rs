//! The façade over the ordinary primitives or, in model checking (`--cfg loom`), `loom`'s: what threads
//! share in `process/` and `sched/idle.rs` uses these types, so that its protocols can be explored
//! exhaustively.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::thread::{Thread, current};
#[cfg(not(loom))]
pub use parking_lot::Mutex;
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub use std::thread::{Thread, current};

/// `loom`'s mutex with the face of `parking_lot`'s: a panic while it is held poisons nothing.
#[cfg(loom)]
#[derive(Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    /// A mutex around a value.
    pub fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    /// Waits until it is free.
    pub fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("no model panics with a lock")
    }
}

/// Stands between a sequentially consistent read-modify-write and the sequentially consistent load of
/// another location that must not come before it: such accesses are in that order already, but `loom`
/// knows no total order of them except by fences.
#[inline(always)]
pub fn ordered() {
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}
