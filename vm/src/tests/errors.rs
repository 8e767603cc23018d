//! (tests of errors)
