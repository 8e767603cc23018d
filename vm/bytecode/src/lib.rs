//! The treaty between compiler and VM: instructions, natives and the `.ratab` layout.
