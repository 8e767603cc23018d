//! The compiler to machine code: functions that run often are compiled while the program runs.
//!
//! In: functions whose counters say that they are hot. Out: machine code that calls, is called by, returns
//! to, raises through and is preempted like interpreted code, on the same stack.
//!
//! # The model
//! - *Profile.* Every function that may be compiled begins with `Enter`, which counts. At the threshold the
//!   function is queued; the runtime's compile thread takes it ([`Jit::next`]), or, when compilation is
//!   synchronous, the process does it at once.
//! - *Compile.* `analyse` decodes the executed instructions and finds what is live where; `translate`
//!   makes Cranelift's IR of them, one family of instructions a file; `install` puts machine code into
//!   `memory` and what walkers need into `table`. Publication is one store to `Function::compiled` (for
//!   the interpreter, at `Enter`) and one to `Function::native` (for compiled callers).
//! - *Run.* `abi` has the registers and stubs, `enter` the ways in and out, `helpers` what compiled code
//!   has done for it by the rest of the VM.
//! - *Leave.* Compiled code that cannot go on stores the live registers into an image and tail-calls
//!   `abi::exit` with a pc: an interpreter's frame takes its place. So what is rare needs no code, what
//!   fails is done again by the interpreter with all that belongs to it, and a guess that turns out wrong
//!   costs no more than that.

mod abi;
mod analyse;
mod compile;
mod control;
mod decode;
mod enter;
mod feedback;
mod gdb;
mod helpers;
mod inline;
mod install;
mod memory;
mod operators;
mod search;
mod table;
mod texts;
mod translate;
mod types;
mod wrappers;

pub(crate) use abi::{Link, return_to_interpreter};
pub(crate) use control::{Jit, enter_function, interpreted_entry, looped, waited};
pub(crate) use enter::{go_back, land};
pub use gdb::tell_debuggers;
pub(crate) use table::{Site, site_at};
