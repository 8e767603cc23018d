//! The treaty between compiler and VM: instructions, natives and the `.ratab` layout.
//! Depends on neither side.
//!
//! ```text
//! compiler → module::Package → encode → bytes → decode → verify → loader
//! ```

mod cfg;
pub mod codec;
mod dataflow;
pub mod decode;
pub mod disasm;
pub mod encode;
pub mod fuzz;
pub mod layout;
pub mod library;
pub mod liveness;
pub mod module;
pub mod natives;
pub mod operand;
pub mod ops;
pub mod verify;
pub mod wire;

pub use decode::{DecodeError, decode};
pub use encode::encode;
pub use fuzz::fuzz_load;
pub use verify::{VerifyError, verify};

#[cfg(test)]
mod tests;
