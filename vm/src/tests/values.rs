//! (tests of values)
