//! Many processes: schedulers, signals, timers, I/O and the natives.
//!
//! Enters: loaded code. Leaves: the program's output and its exit code. `node` is what all processes
//! share, `process` what others may touch of one, `store` what they share beside messages, `sched` who runs when, `compiler` the thread that
//! compiles hot functions, `natives` what the standard
//! library is built on, `program` the way from packages to an exit code.

pub mod capture;
mod compiler;
pub mod coverage;
pub mod host;
#[cfg(unix)]
pub mod inspect;
pub mod natives;
pub mod node;
pub mod output;
pub mod process;
pub mod program;
mod report;
pub mod sched;
#[cfg(unix)]
pub mod signals;
pub mod store;
pub mod sync;
mod world;

pub use rata_vm::JitSettings;
pub use rata_vm::symbols::keep_of_data;
