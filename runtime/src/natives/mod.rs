//! The natives: one file per stdlib module, each a plain safe function over values. This file only
//! puts them in the order of the natives table.

pub mod process;
