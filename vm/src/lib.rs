//! One process's world: values, heap, interpreter.
