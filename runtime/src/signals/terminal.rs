//! The terminal that the program was started from: whether it is ours, and whose turn it is to read from it.
//!
//! Of two that read from a terminal, the one that came first gets the line. So who reads a line for a process waits for one
//! without reading, and the break menu takes the turn first.

use parking_lot::{Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp};
use std::io::{IsTerminal, stdin};

static TURN: Mutex<()> = Mutex::new(());

/// The right to read from the terminal.
pub struct Turn {
    _held: MutexGuard<'static, ()>,
}

/// Whether standard input is a terminal, whose interrupts are not ignored.
pub fn is_ours() -> bool {
    stdin().is_terminal() && !ignores_interrupts()
}

/// Whether whoever started us wants us not to be interrupted (as shells do with what runs in the background).
fn ignores_interrupts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal_hook::consts::SIGINT - 1) & 1 == 1
}

/// Whether we may read from it: who is in the background would be suspended.
pub fn is_in_front() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|front| front == getpgrp())
}

/// Takes the turn for the break menu.
pub fn take() -> Turn {
    Turn { _held: TURN.lock() }
}

/// Waits until there is a line to read, and it is the caller's turn. Nothing where reading needs no turn: from all but a
/// terminal that gives lines.
pub fn wait_for_line() -> Option<Turn> {
    let input = stdin();
    let gives_lines = |modes: LocalModes| modes.contains(LocalModes::ICANON);
    if !tcgetattr(&input).is_ok_and(|state| gives_lines(state.local_modes)) {
        return None;
    }
    loop {
        let is_there = |wait: Option<&Timespec>| {
            let mut ready = [PollFd::new(&input, PollFlags::IN)];
            poll(&mut ready, wait).is_ok_and(|n| n > 0)
        };
        if !is_there(None) {
            // Interrupted.
            continue;
        }
        let turn = take();
        // The menu may have read it.
        if is_there(Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            return Some(turn);
        }
    }
}
