//! Prototype: compiled and interpreted frames on one process stack that never
//! moves, under a moving collector, preempted anywhere and resumed on any thread.
//! See README.md for what it establishes.

pub mod code;
pub mod codemem;
pub mod heap;
pub mod helpers;
pub mod interp;
pub mod jit;
pub mod native;
pub mod process;
pub mod programs;
pub mod stack;
mod translate;
pub mod word;
