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
            process_self / 0,
            process_make_ref / 0,
            process_spawn / 2,
            process_send / 3,
            process_register / 2,
            process_unregister / 1,
            process_whereis / 1,
            process_registered / 0,
            process_link / 1,
            process_unlink / 1,
            process_monitor / 2,
            process_demonitor / 2,
            process_exit / 1,
            process_exit_to / 2,
            process_flag / 2,
            process_is_alive / 1,
            process_list / 0,
            process_send_after / 3,
            process_cancel_timer / 1,
            process_read_timer / 1,
            process_get / 1,
            process_put / 2,
            process_erase / 1,
            process_alias / 1,
            process_unalias / 1,
            process_set_label / 1,
            process_ask_info / 2,
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
