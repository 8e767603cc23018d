//! The size of memory pages while a program starts.
//!
//! The allocator asks for huge pages, which serve large heaps best. But each is 2 MiB that the system has to clear, and
//! a program that is over in a moment touches little of it. So small pages are used from the very start of the
//! process (hence a constructor: the first huge page would be taken before `main`), and huge ones from when
//! [`allow_huge`] is called. Memory taken before stays as it is.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether huge pages are held back by us, and not by who started the process.
static HELD: AtomicBool = AtomicBool::new(false);

extern "C" fn hold_huge() {
    // SAFETY: neither command takes a pointer. Runs before `main`, uses nothing of the standard library
    // but an atomic.
    unsafe {
        if libc::prctl(libc::PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 {
            let held = libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0;
            HELD.store(held, Ordering::Relaxed);
        }
    }
}

// SAFETY: the section holds pointers to functions of this kind, called by the C library before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = hold_huge;

/// Memory that is taken from now on may be in huge pages.
pub fn allow_huge() {
    if HELD.swap(false, Ordering::Relaxed) {
        // SAFETY: the command takes no pointer. If it fails pages stay small, which works as well.
        unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 0, 0, 0, 0) };
    }
}
