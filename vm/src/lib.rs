//! One process's world: values, heap, interpreter.

pub mod compare;
pub mod data;
pub mod hash;
pub mod heap;
pub mod inspect;
pub mod symbols;
pub mod value;

pub use heap::{Fragment, Heap, freeze};
pub use symbols::{Symbol, sym};
pub use value::{Kind, Pid, Trace, Value, View, Word};
