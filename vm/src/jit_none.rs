//! Without a compiler to machine code: not asked for, or none for this architecture.
//!
//! The same names as in `jit/mod.rs`, of which none is ever reached: no function begins with `Enter`, so
//! no frame is a compiled one.

use crate::code::function::Function;
use crate::interp::env::{Env, Exit, Raised};
use crate::interp::machine::Machine;
use crate::jit_settings::{Compiled, Settings};
use crate::stack::Frame;
use crate::value::Word;
use crate::vm::Vm;

#[derive(Default)]
pub(crate) struct Link {}

pub(crate) struct Site {
    pub(crate) function: &'static Function,
    pub(crate) place: u32,
    pub(crate) roots: Box<[u32]>,
    pub(crate) around: Box<[(&'static Function, u32)]>,
}

pub(crate) struct Jit;

impl Jit {
    pub(crate) fn new(_: Settings) -> Jit {
        Jit
    }

    pub(crate) fn is_enabled(&self) -> bool {
        false
    }

    pub(crate) fn next(&self) -> Option<&'static Function> {
        None
    }

    pub(crate) fn close(&self) {}

    pub(crate) fn observe(&self, _: Box<dyn Fn(Compiled) + Send + Sync>) {}

    pub(crate) fn start_with(&self, _: Box<dyn FnOnce() + Send>) {}

    pub(crate) fn compile(&self, _: &Vm, _: &'static Function) {}
}

/// Tells debuggers of a function: there is none.
pub fn tell_debuggers(_: &Compiled) {}

pub(crate) fn site_at(_: usize) -> &'static Site {
    unreachable!("there is no compiled code")
}

pub(crate) fn return_to_interpreter() -> usize {
    0
}

pub(crate) fn looped(_: &Function) {}

fn none() -> Result<(), Exit> {
    Err(Exit::Raise(Raised::new(Word::NIL)))
}

pub(crate) fn enter_function(_: &mut Env<'_>, m: &mut Machine) -> Result<(), Exit> {
    m.next(2);
    Ok(())
}

pub(crate) fn waited(_: &mut Env<'_>, _: &mut Machine) -> Result<(), Exit> {
    Ok(())
}

pub(crate) fn go_back(_: &mut Env<'_>, _: &mut Machine) -> Result<(), Exit> {
    none()
}

pub(crate) fn land(
    _: &mut Env<'_>,
    _: &mut Machine,
    _: Frame,
    _: &Site,
    _: Word,
) -> Result<(), Exit> {
    none()
}

pub(crate) fn interpreted_entry() -> *mut u8 {
    std::ptr::null_mut()
}
