//! The child process that runs cases: its limits are set, the number of each case is written to
//! standard output before it begins, and a panic or crash ends the process.

use crate::Mode;
use crate::corpus::Corpus;
use crate::random::Random;
use crate::subject::Subject;
use std::io::{self, Write};
use std::path::Path;
use std::thread;

/// Stack for the compiler: what the deepest source needs.
const STACK: usize = 512 << 20;

/// Sets the limits that make hangs and leaks visible.
pub fn limit(megabytes: u64) -> io::Result<()> {
    let bytes = megabytes << 20;
    rlimit::setrlimit(rlimit::Resource::AS, bytes, bytes)?;
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0)
}

/// The bit that marks a word as the number of accepted inputs so far.
pub const ACCEPTED: u64 = 1 << 63;

/// Runs cases `from..to`; a number before each on standard output, and `to` at the end.
pub fn cases(mode: Mode, root: &Path, seed: u64, from: u64, to: u64) {
    on_large_stack(|| {
        let mut subject = Subject::new(mode, Corpus::read(root));
        let mut out = io::stdout().lock();
        let mut accepted = 0;
        for case in from..to {
            if out.write_all(&case.to_le_bytes()).and_then(|()| out.flush()).is_err() {
                return; // nobody listens
            }
            let mut random = Random::new(seed, case);
            let input = subject.input(&mut random);
            accepted += u64::from(subject.run(&input));
        }
        // A failure here is a failure of the driver, which sees it.
        let _ = out.write_all(&(accepted | ACCEPTED).to_le_bytes());
        let _ = out.write_all(&to.to_le_bytes());
        let _ = out.flush();
    });
}

/// Runs one input from a file.
pub fn replay(mode: Mode, root: &Path, input: &[u8]) {
    on_large_stack(|| {
        let accepted = Subject::new(mode, Corpus::read(root)).run(input);
        eprintln!("{}", if accepted { "accepted" } else { "rejected" });
    });
}

/// Runs `work` with a stack for the deepest input; a panic there ends the process.
pub fn on_large_stack(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let ended = thread.map(thread::ScopedJoinHandle::join);
        if !matches!(ended, Ok(Ok(()))) {
            std::process::exit(101);
        }
    });
}
