//! Runs the executable language reference.
