//! The treaty between compiler and VM: instructions, natives and the `.ratab` layout.
//! Depends on neither side.

pub mod module;
pub mod natives;
pub mod operand;
pub mod ops;
