//! The treaty between compiler and VM: instructions, natives and the `.ratab` layout.
//! Depends on neither side.
//!
//! ```text
//! compiler → module::Package → encode → bytes → decode → verify → loader
//! ```

pub mod codec;
pub mod decode;
pub mod encode;
pub mod layout;
pub mod module;
pub mod natives;
pub mod operand;
pub mod ops;
pub mod wire;
