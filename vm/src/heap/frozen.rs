//! Static memory: values copied once, shared by all processes, never moved, never freed.
//!
//! In: a value (a module constant, a literal). Out: an equal value that lives for ever. Collections
//! and message copies take pointers to it as they are. Buffers in it are never claimed.
#![allow(unsafe_code)]

use super::Fragment;
use super::copy::{self, Arena};
use crate::value::{Value, Word};
use std::sync::{Mutex, PoisonError};

struct Store(Arena);

// SAFETY: the arena is only used under the lock, and what it holds does not change any more.
unsafe impl Send for Store {}

static STORE: Mutex<Store> = Mutex::new(Store(Arena::new(true)));

/// A copy of a value that lives for ever.
pub fn freeze(value: Value<'_>) -> Value<'static> {
    // What a heap holds may have to be settled first: a copy of it does not.
    let whole = Fragment::copy_of(value);
    whole.keep_symbols();
    let value = whole.value();
    let mut store = STORE.lock().unwrap_or_else(PoisonError::into_inner);
    // Of the chunks filled earlier only the last is of use, for the room left in it.
    store.0.first = store.0.last;
    Value::new(copy::copy_into(&mut store.0, value).unwrap_or(Word::NIL))
}

/// Bytes of static memory in use.
pub fn frozen_bytes() -> usize {
    let store = STORE.lock().unwrap_or_else(PoisonError::into_inner);
    store.0.filled() + store.0.off_bytes
}
