//! What the natives share: arguments and their errors, sequences, loops that can stop in the middle.

pub mod args;
pub mod files;
pub mod merge;
pub mod roots;
pub mod seq;
pub mod steps;
pub mod walk;

pub use args::{Answer, Arg, Reply, value};
pub use roots::Roots;
pub use seq::{Collector, Seq};
pub use steps::{Steps, finish_map, finish_set, fold, fold_keys, run};
