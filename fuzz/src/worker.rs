//! The child process that runs cases: its limits are set, the number of each case is written to
//! standard output before it begins, and a panic or crash ends the process.

use crate::Mode;
use crate::corpus::Corpus;
use crate::random::Random;
use crate::subject::{Ran, Subject};
use std::io::{self, Write};
use std::path::Path;
use std::thread;

/// Stack for the compiler: what the deepest source needs.
const LARGE_STACK: usize = 512 << 20;
/// Stack for the virtual machine: what the runtime's workers have.
const SMALL_STACK: usize = 2 << 20;

fn stack_of(mode: Mode) -> usize {
    match mode {
        Mode::Parse => LARGE_STACK,
        Mode::Load => SMALL_STACK,
        // The compiler runs there too.
        Mode::Diff => LARGE_STACK,
    }
}

/// Sets the limits that make hangs and leaks visible.
pub fn limit(megabytes: u64) -> io::Result<()> {
    let bytes = megabytes << 20;
    rlimit::setrlimit(rlimit::Resource::AS, bytes, bytes)?;
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0)
}

/// The bit that marks a word as one of the counts at the end.
pub const COUNT: u64 = 1 << 63;

/// What the cases of a process came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Inputs that could be read.
    pub decoded: u64,
    /// Inputs that came through all checks.
    pub accepted: u64,
    /// Inputs that ran for more than a few steps.
    pub ran: u64,
    /// All steps.
    pub reductions: u64,
    /// Functions compiled to machine code.
    pub native: u64,
}

/// Fewer reductions than that are nothing to speak of.
const FEW: u64 = 100;

impl Counts {
    /// As they are told to the driver.
    pub fn words(self) -> [u64; 5] {
        [self.decoded, self.accepted, self.ran, self.reductions, self.native]
    }

    fn add(&mut self, ran: Ran) {
        self.decoded += u64::from(ran.decoded);
        self.accepted += u64::from(ran.accepted);
        self.ran += u64::from(ran.reductions >= FEW);
        self.reductions += ran.reductions;
        self.native += ran.native;
    }
}

/// Runs cases `from..to`; a number before each on standard output, and `to` at the end.
pub fn cases(mode: Mode, root: &Path, seed: u64, from: u64, to: u64) {
    end_with_panics();
    let mut subject = subject(mode, root);
    on_stack(stack_of(mode), || {
        let mut out = io::stdout().lock();
        let mut counts = Counts::default();
        for case in from..to {
            if out.write_all(&case.to_le_bytes()).and_then(|()| out.flush()).is_err() {
                return; // nobody listens
            }
            let mut random = Random::new(seed, case);
            let input = subject.input(&mut random);
            counts.add(subject.run(&input));
        }
        // A failure here is a failure of the driver, which sees it.
        for count in counts.words() {
            let _ = out.write_all(&(count | COUNT).to_le_bytes());
        }
        let _ = out.write_all(&to.to_le_bytes());
        let _ = out.flush();
    });
}

/// Runs one input from a file.
pub fn replay(mode: Mode, root: &Path, input: &[u8]) {
    end_with_panics();
    let mut subject = subject(mode, root);
    on_stack(stack_of(mode), || {
        eprintln!("{:?}", subject.run(input));
    });
}

/// A panic on any thread ends the process: the runtime would go on.
fn end_with_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        hook(info);
        std::process::exit(101);
    }));
}

/// The input of a case.
pub fn input(mode: Mode, root: &Path, seed: u64, case: u64) -> Vec<u8> {
    let mut subject = subject(mode, root);
    let mut input = Vec::new();
    let (made, from) = (&mut input, &mut subject);
    on_stack(LARGE_STACK, move || *made = from.input(&mut Random::new(seed, case)));
    input
}

/// Prepares a mode; compiles what it starts from.
fn subject(mode: Mode, root: &Path) -> Subject {
    let mut made = None;
    on_stack(LARGE_STACK, || made = Some(Subject::new(mode, Corpus::read(root))));
    made.expect("made, or the process has ended")
}

/// Runs `work` on a thread with such a stack; a panic there ends the process.
fn on_stack(bytes: usize, work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work);
        let ended = thread.map(thread::ScopedJoinHandle::join);
        if !matches!(ended, Ok(Ok(()))) {
            std::process::exit(101);
        }
    });
}

#[cfg(test)]
pub(crate) fn on_large_stack(work: impl FnOnce() + Send) {
    on_stack(LARGE_STACK, work);
}
