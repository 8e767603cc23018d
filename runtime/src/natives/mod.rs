//! The natives: one file per stdlib module, each a plain safe function over values. This file only
//! puts them in the order of the natives table.
//!
//! A native takes a context and its arguments as an array (so its arity is checked when it is
//! compiled) and gives a value, an exception to raise, or one of the other answers of [`Native`].

mod ops;
pub mod support;

pub mod apply;
pub mod cache;
pub mod constant;
pub mod core;
pub mod counter;
pub mod dataload;
pub mod enums;
pub mod file;
pub mod io;
pub mod list;
pub mod log;
pub mod maps;
pub mod math;
pub mod module;
pub mod process;
pub mod random;
pub mod registry;
pub mod set;
pub mod string;
pub mod system;
pub mod vector;

#[cfg(test)]
mod tests;

use crate::host::WorkerHost;
use rata_vm::native::{Cx, Native, NativeFn};
use rata_vm::value::Value;
use support::Reply;

/// The answer to a call with another number of arguments than the native has. The verifier lets none
/// through; a damaged table would end here.
#[cold]
fn wrong_arity<'h>(cx: &mut Cx<'h, '_>, name: &str) -> Native<'h> {
    Native::Raise(cx.error(rata_vm::sym::BAD_ARITY, &format!("the native {name} takes others")))
}

/// The answer in a process that no worker runs: a VM can have another host.
#[cold]
fn no_worker<'h>(cx: &mut Cx<'h, '_>, name: &str) -> Native<'h> {
    Native::Raise(cx.runtime_error(&format!("the native {name} needs a scheduler")))
}

macro_rules! table {
    ($($module:ident { $($name:ident / $arity:literal),* $(,)? })*) => {
        vec![$($( table!(@entry $module $name $arity) ),*),*]
    };
    // Sending looks at the host itself, once.
    (@entry process process_send $arity:literal) => { process::process_send as NativeFn };
    // The natives of Process take a slice, and those of some modules want the scheduler around them.
    (@entry process $name:ident $arity:literal) => {{
        fn call<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
            // Asked for as senders do: many of them do nothing that others could see.
            if cx.sender_and_core::<WorkerHost>().is_none() {
                return no_worker(cx, stringify!($name));
            }
            process::$name(cx, args)
        }
        call as NativeFn
    }};
    (@entry cache $name:ident $arity:literal) => { table!(@worker cache $name $arity) };
    (@entry registry $name:ident $arity:literal) => { table!(@worker registry $name $arity) };
    (@entry io $name:ident $arity:literal) => { table!(@worker io $name $arity) };
    (@entry random $name:ident $arity:literal) => { table!(@worker random $name $arity) };
    (@entry system $name:ident $arity:literal) => { table!(@worker system $name $arity) };
    (@worker $module:ident $name:ident $arity:literal) => {{
        fn call<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
            match <&[Value<'h>; $arity]>::try_from(args) {
                Ok(_) if cx.host::<WorkerHost>().is_none() => no_worker(cx, stringify!($name)),
                Ok(args) => self::$module::$name(cx, *args).native(),
                Err(_) => wrong_arity(cx, stringify!($name)),
            }
        }
        call as NativeFn
    }};
    (@entry $module:ident $name:ident $arity:literal) => {{
        fn call<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
            match <&[Value<'h>; $arity]>::try_from(args) {
                Ok(args) => self::$module::$name(cx, *args).native(),
                Err(_) => wrong_arity(cx, stringify!($name)),
            }
        }
        call as NativeFn
    }};
}

/// All natives, in the order of the natives table.
pub fn natives() -> Vec<NativeFn> {
    rata_bytecode::for_each_native!(table)
}
