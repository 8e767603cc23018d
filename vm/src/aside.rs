//! Bytes that others keep for a process, such as the messages of its timers: they count as held by it.
//!
//! In: so many bytes are set aside. Out: a charge; when whoever has that drops it, on whatever thread, they count no more.

use crate::process::Core;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a process has set aside, all in all.
pub(crate) type Account = Arc<AtomicUsize>;

/// Bytes that count as held by a process, until this is dropped.
pub struct Charge {
    account: Account,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.fetch_sub(self.bytes, Relaxed);
    }
}

impl Core {
    /// Sets so many bytes aside.
    pub fn set_aside(&mut self, bytes: usize) -> Charge {
        let account = Arc::clone(self.cold().aside.get_or_insert_default());
        account.fetch_add(bytes, Relaxed);
        Charge { account, bytes }
    }

    /// How many bytes have been set aside, and not been given back.
    pub fn aside(&self) -> usize {
        let account = self.cold.as_ref().and_then(|cold| cold.aside.as_ref());
        account.map_or(0, |account| account.load(Relaxed))
    }
}
