//! Whole programs, built instruction by instruction and run in every mode: plainly, with a
//! collection at every safepoint, with the turn over at every safepoint, and both.

mod build;
mod calls;
mod control;
mod errors;
mod fused;
mod hostile;
mod long;
mod modules;
mod processes;
mod speed;
mod values;

pub(crate) use build::*;
