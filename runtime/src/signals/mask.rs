//! Which threads the system may interrupt to tell of a signal.
#![allow(unsafe_code)]
// Invariant: a set of signals is filled by `sigemptyset` before anything else reads it.

use std::mem::MaybeUninit;
use std::ptr;

fn change(how: i32) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is made before it is used; changing a thread's mask touches no memory of ours. Neither fails with
    // signals that exist.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGINT, libc::SIGTERM] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(how, set.as_ptr(), ptr::null_mut());
    }
}

/// The calling thread, and those that it starts, are never interrupted.
pub fn hold_back() {
    change(libc::SIG_BLOCK);
}

/// The calling thread may be, and so may the programs that it starts.
pub fn let_through() {
    change(libc::SIG_UNBLOCK);
}
