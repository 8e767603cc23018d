//! Compares rata with its peers.
//!
//! What enters: the workloads of [`workloads::WORKLOADS`], each with a rata program in `programs/` and the same
//! algorithm in `peers/`, and the words of the command line. What leaves: a table (plain, Markdown or JSON) of what
//! each side took and of the ratio between them.
//!
//! The rule of the comparison: rata and Erlang take turns (A B A B …), so that a machine that speeds up or slows
//! down does so for both; each turn is a process of its own; every side times itself by the monotonic clock; and a
//! figure counts only if both sides arrived at the same check value.

pub mod cli;
pub mod exec;
pub mod record;
pub mod report;
pub mod session;
pub mod stats;
pub mod targets;
pub mod tools;
pub mod workload;
pub mod workloads;
