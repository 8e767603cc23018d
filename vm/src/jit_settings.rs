//! What is said about compiling to machine code, and told of it, whether or not there is a compiler (feature `jit`).
//!
//! In: a program's settings. Out: what has been compiled.

/// How functions are compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Whether at all.
    pub enabled: bool,
    /// After how many calls.
    pub threshold: u32,
    /// At once, by the process that calls, instead of on another thread.
    pub synchronous: bool,
}

impl Settings {
    /// Nothing is compiled.
    pub const OFF: Settings = Settings { enabled: false, threshold: 0, synchronous: false };
    /// After how many calls a function is compiled that is not said to be otherwise.
    pub const THRESHOLD: u32 = 1000;
    /// What is best for most programs.
    pub const ON: Settings = Settings { enabled: true, threshold: Self::THRESHOLD, ..Self::OFF };
}

/// A function that has been compiled, for whoever tells profilers and debuggers.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// `Module.name/arity`
    pub name: String,
    /// Where its code begins.
    pub address: usize,
    /// How many bytes that is.
    pub bytes: usize,
}
