//! (tests of processes)
