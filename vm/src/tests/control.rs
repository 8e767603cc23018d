//! (tests of control)
