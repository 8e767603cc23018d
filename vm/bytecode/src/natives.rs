//! The natives table: the functions that the standard library is built on and that the runtime
//! supplies, by name and number of arguments. Names are `module_function`.
//!
//! A `.ratab` file names natives by text, so the order here is free; the loader resolves them to
//! indices into this table, and the runtime hands the VM one function per entry.

/// A native's name and number of arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NativeSpec {
    /// `module_function`.
    pub name: &'static str,
    /// Number of arguments.
    pub arity: u32,
}

/// Calls `$m!` with the whole table: `name / arity`, one line a native.
#[macro_export]
macro_rules! for_each_native {
    ($m:ident) => {
        $m! {
            core_typeof / 1,
            core_inspect / 1,
            io_puts / 1,
        }
    };
}

macro_rules! define_table {
    ($($name:ident / $arity:literal),* $(,)?) => {
        /// Every native.
        pub const NATIVES: &[NativeSpec] =
            &[$(NativeSpec { name: stringify!($name), arity: $arity }),*];
    };
}
for_each_native!(define_table);
