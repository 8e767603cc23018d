//! (tests of modules)
