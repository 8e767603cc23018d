//! The slow paths: one list of plain functions over safe values, called by the interpreter and by
//! compiled code alike. Each takes a context and values and gives a value, or the value it raises.

pub(crate) mod access;
pub(crate) mod arith;
pub(crate) mod call;
pub(crate) mod compare;
pub(crate) mod construct;
pub(crate) mod elementwise;
pub(crate) mod fail;
pub(crate) mod long;
pub(crate) mod pattern;
pub mod text;
pub(crate) mod types;
