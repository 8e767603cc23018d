//! Source text in, bytecode packages out.
