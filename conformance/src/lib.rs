//! Runs the executable language reference: in come the chapters (`conformance/*.md`) and
//! programs (`conformance/programs/*.rata`), out come failures that name the chapter, the line,
//! the mode and what differs.
//!
//! The suite drives `ratac` and `ratavm` as a user would, as processes, and knows nothing of
//! their insides. `README.md` beside this crate's manifest documents the format of an example.

pub mod attributes;
pub mod bless;
pub mod chapter;
pub mod diff;
pub mod example;
pub mod matching;
pub mod process;
pub mod program;
pub mod run;
pub mod suite;
pub mod tools;

use std::path::PathBuf;

/// The folder that holds the chapters.
pub fn conformance_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
