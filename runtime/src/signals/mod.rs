//! Signals of the system: SIGTERM stops the program in order, SIGINT in a terminal opens the break menu.
//!
//! In: a node. Out: a thread that attends to signals, once the program has run for a moment: one that is over sooner has
//! nothing to stop, and pays for no thread. What comes before waits for it. The handlers only set a flag and write into
//! a pipe.
//!
//! Compiled code runs with the stack pointer in a small block of a process's own, so no handler may run on a worker's thread:
//! workers hold these signals back (`mask`), and the system gives them to another.

pub mod mask;
mod menu;
mod stop;
pub mod terminal;

pub use menu::find;

use crate::node::Node;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::{emulate_default_handler, exit, pipe};
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// The exit code of a program that was stopped in order: 128 and the number of the signal.
pub const STOPPED: i32 = 128 + SIGTERM;
/// The exit code of a program that was interrupted.
const INTERRUPTED: i32 = 128 + SIGINT;

/// Signals that have come, and are not attended to yet.
#[derive(Default)]
struct Pending {
    stop: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
    /// Nobody can attend to them: what the system does by default is done.
    by_default: Arc<AtomicBool>,
}

/// See the module's description.
pub struct Signals {
    pending: Pending,
    pipe: UnixStream,
}

impl Signals {
    /// Catches signals from now on.
    pub fn catch() -> io::Result<Signals> {
        let (pipe, write) = UnixStream::pair()?;
        let pending = Pending::default();
        flag::register_conditional_default(SIGTERM, Arc::clone(&pending.by_default))?;
        flag::register(SIGTERM, Arc::clone(&pending.stop))?;
        if terminal::is_ours() {
            flag::register_conditional_default(SIGINT, Arc::clone(&pending.by_default))?;
            flag::register(SIGINT, Arc::clone(&pending.interrupt))?;
            pipe::register(SIGINT, write.try_clone()?)?;
        } else if std::process::id() == 1 {
            // The first process of a container has no default: it would never be interrupted.
            flag::register_conditional_shutdown(
                SIGINT,
                INTERRUPTED,
                Arc::new(AtomicBool::new(true)),
            )?;
        }
        pipe::register(SIGTERM, write)?;
        Ok(Signals { pending, pipe })
    }

    /// Attends to them on a thread of its own.
    pub fn attend(self, node: &Arc<Node>) {
        let by_default = Arc::clone(&self.pending.by_default);
        let node = Arc::clone(node);
        let thread = thread::Builder::new().name("rata-signals".into());
        if thread.spawn(move || self.run(&node)).is_err() {
            by_default.store(true, Ordering::SeqCst);
        }
    }

    fn run(mut self, node: &Arc<Node>) {
        let mut bytes = [0; 16];
        let mut asked = false;
        loop {
            if self.pending.stop.swap(false, Ordering::SeqCst) {
                if asked {
                    end_by(SIGTERM);
                }
                asked = true;
                begin_to_stop(node);
            }
            if self.pending.interrupt.swap(false, Ordering::SeqCst) {
                menu::interrupted(node);
            }
            match self.pipe.read(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

/// Stopping takes a thread, since the next signal is to end it.
fn begin_to_stop(node: &Arc<Node>) {
    let mine = Arc::clone(node);
    let work = move || {
        let until = stop::stop(&mine);
        // The main thread writes what is left of the output, and ends the program; not if nobody takes it.
        thread::sleep(until.saturating_duration_since(Instant::now()).max(stop::GRACE));
        end_by(SIGTERM);
    };
    if thread::Builder::new().name("rata-stop".into()).spawn(work).is_err() {
        node.stop(STOPPED);
    }
}

/// Ends the program at once as this signal does.
fn end_by(signal: i32) -> ! {
    // To the first process of a container the system does not do it.
    if std::process::id() != 1 {
        let _ = emulate_default_handler(signal);
    }
    exit(128 + signal)
}

/// Set when the exit code is that of a program stopped in order.
static WAS_STOPPED: AtomicBool = AtomicBool::new(false);

/// The program is over, all output written. If it was stopped in order this ends it as a signal does, which is what service
/// managers expect; shells see exit code 143 either way.
pub fn end_if_stopped() {
    if WAS_STOPPED.load(Ordering::SeqCst) {
        end_by(SIGTERM);
    }
}
