//! One process's world: values, heap, interpreter.
//!
//! A runtime makes one [`Vm`], loads packages into it, and runs each [`Process`] a turn at a
//! time with [`interp::run`], which answers with an [`Outcome`].

pub mod aside;
pub(crate) mod code;
pub mod compare;
pub mod data;
pub mod hash;
pub mod heap;
pub(crate) mod helpers;
pub mod inspect;
pub mod interp;
#[cfg(all(feature = "jit", target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod jit;
#[cfg(not(all(feature = "jit", target_arch = "x86_64", target_os = "linux")))]
#[path = "jit_none.rs"]
pub(crate) mod jit;
mod jit_settings;
pub mod mailbox;
pub mod native;
pub mod process;
pub(crate) mod stack;
pub mod symbols;
pub(crate) mod tails;
#[cfg(test)]
mod testing;
pub mod value;
pub mod vm;

#[cfg(test)]
mod tests;

pub use code::load::{LoadError, Origin};
pub use heap::{Fragment, Heap, freeze};
pub use helpers::compare::ordered;
pub use helpers::text as print;
pub use interp::run;
pub use jit::tell_debuggers;
pub use jit_settings::{Compiled, Settings as JitSettings};
pub use native::{Cx, Host, Job, Native, NativeFn, Poll, Res, Resume};
pub use process::{Core, Outcome, Priority, Process, Wait};
pub use symbols::{Held, Symbol, sym};
pub use tails::hide_tail_calls;
pub use value::{Kind, Pid, Trace, Value, View, Word};
pub use vm::{LoadState, ModuleIndex, TraceLine, Vm};
