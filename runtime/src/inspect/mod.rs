//! Seeing inside a running node: who its processes are and what they do.
//!
//! In: a node; requests from a socket that only its owner can open (`ratavm run --inspect`). Out: tables, dumps, traces, as
//! text. Nothing here stops the world or keeps a process from running: a process that waits is looked at where its body lies
//! (`look`), one that runs or is queued is asked by a signal and looks at itself before its next turn. What one request may cost
//! is bounded: `sample` looks at some thousands of processes at a time, whatever their number.

pub mod crash;
pub mod details;
pub mod dump;
pub mod folder;
pub mod look;
pub mod sample;
pub mod server;
pub mod system;
pub mod trace;
pub mod wire;
