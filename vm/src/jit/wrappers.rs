//! Functions that do nothing but hand their parameters to a native: most of the standard library.
//!
//! In: a function, and with how many arguments it is called. Out: the native, and what each of its
//! arguments is: one of the call's, or a constant (a default). Compiled code that calls such a function
//! calls the native instead, without a frame between. Should the native answer anything but a value, the
//! interpreter makes the call as it stands, with the frame that belongs into the trace; so only natives
//! without effects will do, and (as their work is done twice then) those that take long are left out.

use std::sync::atomic::Ordering;

use rata_bytecode::natives::NATIVES;
use smallvec::SmallVec;

use super::decode::decode;
use super::translate::function_at;
use crate::code::MISSING;
use crate::code::exec::Ex;
use crate::code::function::Function;

/// Instructions that are followed at most.
const MOST: usize = 32;

/// What a register, or an argument of a native, holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// An argument of the call, by position.
    Argument(usize),
    /// A constant's word.
    Word(u64),
}

/// A call of a native.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrapped {
    /// Its index.
    pub(crate) native: usize,
    pub(crate) arguments: SmallVec<[Source; 4]>,
}

/// The native that a function calls, if that is all it does with so many arguments.
pub(crate) fn wrapped(function: &'static Function, count: usize) -> Option<Wrapped> {
    let mut given: SmallVec<[Source; 4]> = (0..count).map(Source::Argument).collect();
    let mut function = function;
    let mut left = MOST;
    loop {
        match follow(function, &given, &mut left)? {
            End::Native(call) => return is_light(call.native).then_some(call),
            End::Tail(next, arguments) => (function, given) = (next, arguments),
        }
    }
}

/// What following a function's code has come to.
enum End {
    Native(Wrapped),
    Tail(&'static Function, SmallVec<[Source; 4]>),
}

/// Follows the one way that a function's code takes with these arguments.
fn follow(function: &'static Function, given: &[Source], left: &mut usize) -> Option<End> {
    let body = function.body();
    if function.captures != 0 || function.wants_self || !body.handlers.is_empty() {
        return None;
    }
    let words: Vec<u64> = body.code.iter().map(|word| word.load(Ordering::Relaxed)).collect();
    let missing = Source::Word(MISSING.bits());
    let mut registers: Vec<Option<Source>> = vec![None; function.registers()];
    for (i, register) in registers.iter_mut().enumerate().take(function.arity as usize) {
        *register = Some(given.get(i).copied().unwrap_or(missing));
    }
    let mut at = if Ex::of(*words.get(1)?) == Ex::Enter { 3 } else { 1 };
    loop {
        *left = left.checked_sub(1)?;
        let ins = decode(&words, at as usize)?;
        at = ins.next;
        let sources = || ins.args.iter().map(|&r| registers[r as usize]).collect::<Option<_>>();
        match ins.op {
            Ex::LoadSmall => {
                let n = (words[ins.at as usize] as i64 >> 32) << 1;
                registers[ins.a as usize] = Some(Source::Word(n as u64));
            }
            Ex::LoadWord => registers[ins.a as usize] = Some(Source::Word(ins.ext[0])),
            Ex::Move => registers[ins.a as usize] = registers[ins.b as usize],
            Ex::Jump => at = *ins.targets.first()?,
            Ex::UnlessWord => {
                let holds = match registers[ins.a as usize]? {
                    Source::Word(word) => word == ins.ext[1],
                    // What is passed is never missing.
                    Source::Argument(_) if ins.ext[1] == MISSING.bits() => false,
                    Source::Argument(_) => return None,
                };
                at = if holds { at } else { *ins.targets.first()? };
            }
            Ex::TailCall | Ex::TailCall0 | Ex::TailCall1 | Ex::TailCall2 | Ex::TailCall3 => {
                return Some(End::Tail(function_at(&ins), sources()?));
            }
            Ex::CallNative => {
                let returned = decode(&words, ins.next as usize)?;
                let whole = returned.op == Ex::Return && returned.a == ins.defs[0];
                let call = Wrapped { native: ins.ext[0] as usize, arguments: sources()? };
                return whole.then_some(End::Native(call));
            }
            _ => return None,
        }
    }
}

/// Whether a native has no effects, and is done at once but for unusual operands.
fn is_light(native: usize) -> bool {
    const OTHERS: &[&str] = &[
        "vector_length",
        "vector_at",
        "vector_is_empty",
        "vector_first",
        "vector_last",
        "list_length",
        "list_at",
        "list_is_empty",
        "list_first",
        "list_last",
        "list_rest",
        "maps_get",
        "maps_put",
        "maps_has_key",
        "maps_size",
        "maps_is_empty",
        "maps_delete",
        "set_contains",
        "set_put",
        "set_size",
        "set_delete",
        "string_byte_size",
        "string_starts_with",
        "string_ends_with",
        "core_typeof",
        "core_compare",
        "core_is_truthy",
    ];
    let Some(name) = NATIVES.get(native).map(|native| native.name) else { return false };
    name.starts_with("math_") || name.starts_with("core_is_") || OTHERS.contains(&name)
}
