//! Standard output and error: text from any process, in order, written by a thread of its own so that a
//! slow reader never holds up a scheduler.
//!
//! Processes append to a buffer; the writer thread empties it. Who finds the buffer too full is told
//! so and waits (as a job) until there is room. What cannot be written ends the program with one
//! clear line; a reader that has gone away ends it quietly.

use parking_lot::{Condvar, Mutex};
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

/// How much may wait to be written before processes are slowed down.
const FULL: usize = 1 << 20;

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

#[derive(Default)]
struct State {
    /// Runs of text for one stream, in order.
    waiting: Vec<(bool, Vec<u8>)>,
    bytes: usize,
    writing: bool,
    started: bool,
    failed: bool,
}

/// See the module's description.
#[derive(Clone, Default)]
pub struct Output {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Output {
    /// Appends text. False when the buffer is full: the caller should `wait_for_room`.
    pub fn write(&self, stream: Stream, text: &str) -> bool {
        let (state, changed) = &*self.shared;
        let mut state = state.lock();
        let is_err = stream == Stream::Err;
        match state.waiting.last_mut() {
            Some((last, bytes)) if *last == is_err => bytes.extend_from_slice(text.as_bytes()),
            _ => state.waiting.push((is_err, text.as_bytes().to_vec())),
        }
        state.bytes += text.len();
        let has_room = state.bytes < FULL;
        if !state.started {
            state.started = true;
            let output = self.clone();
            let thread =
                std::thread::Builder::new().name("rata-output".into()).spawn(move || output.run());
            state.started = thread.is_ok();
        }
        changed.notify_all();
        has_room
    }

    /// Waits until the buffer is no longer full. Blocks: for pool threads only.
    pub fn wait_for_room(&self) {
        let (state, changed) = &*self.shared;
        let mut state = state.lock();
        while state.bytes >= FULL && state.started && !state.failed {
            changed.wait(&mut state);
        }
    }

    /// Writes out everything. Blocks: for the main thread at the end of the program, and pool threads.
    pub fn flush(&self) -> bool {
        let (state, changed) = &*self.shared;
        let mut guard = state.lock();
        while guard.writing && !guard.failed {
            changed.wait(&mut guard);
        }
        while !guard.waiting.is_empty() && !guard.failed {
            let runs = std::mem::take(&mut guard.waiting);
            guard.bytes = 0;
            guard.failed |= !write_runs(&runs);
        }
        changed.notify_all();
        !guard.failed
    }

    fn run(&self) {
        let (state, changed) = &*self.shared;
        let mut guard = state.lock();
        loop {
            while guard.waiting.is_empty() {
                changed.wait(&mut guard);
            }
            let runs = std::mem::take(&mut guard.waiting);
            guard.bytes = 0;
            guard.writing = true;
            drop(guard);
            let written = write_runs(&runs);
            guard = state.lock();
            guard.writing = false;
            changed.notify_all();
            if !written {
                guard.failed = true;
                drop(guard);
                std::process::exit(1);
            }
        }
    }
}

fn write_runs(runs: &[(bool, Vec<u8>)]) -> bool {
    runs.iter().all(|(is_err, bytes)| {
        if *is_err {
            // Nobody can be told that standard error does not work.
            let _ = io::stderr().lock().write_all(bytes);
            return true;
        }
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::BrokenPipe => false,
            Err(e) => {
                let _ = writeln!(io::stderr(), "error: cannot write to standard output: {e}");
                false
            }
        }
    })
}
