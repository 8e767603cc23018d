//! Between the interpreter and compiled code: entering, leaving, and coming back.
//!
//! In: the machine at a function's `Enter`, at `JitReturn`, or an exception with a landing. Out: the
//! machine where the interpreter goes on. Compiled code never stays half done: whenever it is left the
//! process stands in an interpreter's frame, so turns end, collections run and natives are resumed as ever.
//!
//! # Safety
//! Frames are laid out as `stack.rs` and `abi.rs` say; the reason with which compiled code was left says
//! which of them lies at `Transit::sp`. Room: whoever pushes checks the stack's limit, except for a return
//! address and a bridge (56 bytes), which have the red zone.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;

use super::abi::{self, Transit, reason};
use super::control::only_function;
use super::feedback::{Met, Miss, Seen};
use super::helpers::Run;
use super::table::{Code, Site};
use crate::code::function::Function;
use crate::interp::env::{Env, Exit};
use crate::interp::machine::Machine;
use crate::process::{Outcome, Process};
use crate::stack::{Frame, JIT_RETURN, POP_CHUNK};
use crate::tails;
use crate::value::Word;

type Done = Result<(), Exit>;

/// Words of a bridge, its return address not counted.
const BRIDGE: usize = 6;

/// Words of the chunks that compiled code goes on in: going from one to the next takes as long as
/// dozens of calls, so it should be rare.
const FURTHER: usize = 440;

/// Bytes of room for compiled code in processes whose calls keep going from one chunk to the next.
const WIDE: usize = 3 << 10;

/// Runs compiled code, which `go` enters; then brings the machine to where the interpreter goes on.
unsafe fn excursion(
    env: &mut Env<'_>,
    m: &mut Machine,
    go: impl FnOnce(&mut Machine, *mut Process, *mut Transit) -> u64,
) -> Done {
    let mut transit = MaybeUninit::<Transit>::uninit();
    let mut run = Run { env: ptr::from_mut(env).cast(), step: None };
    let process: *mut Process = &raw mut *env.process;
    let at = transit.as_mut_ptr();
    // SAFETY: compiled code and its helpers use the context and run until it is left, nobody else, and none after.
    let why = unsafe {
        (&raw mut (*at).run).write((&raw mut run).cast());
        (&raw mut (*at).raw).write([0; 4]);
        (&raw mut (*at).missed).write(0);
        (&raw mut (*at).wait).write(0);
        (&raw mut (*at).tails).write(tails::of_worker());
        (&raw mut (*at).why).write(reason::RETURNED);
        (*process).jit.transit = at as u64;
        go(m, process, at)
    };
    // SAFETY: whoever leaves has written what its reason says.
    unsafe {
        debug_assert!(why == reason::RETURNED || why == reason::LEFT);
        if why == reason::RETURNED {
            let value = Word::from_bits((*at).value);
            *m = Machine::new(ptr::null(), ptr::null_mut(), (*at).fp);
            m.ret(value);
            return Ok(());
        }
        let called = left(env, m, at);
        match run.step.take() {
            Some(step) => env.answered(m, step),
            None => called,
        }
    }
}

/// Makes the interpreter's frame that compiled code was left for.
unsafe fn left(env: &mut Env<'_>, m: &mut Machine, transit: *const Transit) -> Done {
    // SAFETY: written by whoever left.
    let (mut fits, pc) = (true, unsafe { (*transit).pc });
    // SAFETY: `callee` was written on the way; `sp` is at the return address of what was left.
    unsafe {
        let function = &*(env.process.jit.callee as *const Function);
        let under_header = *(*transit).sp as usize == abi::return_to_interpreter();
        let stack = &mut env.process.stack;
        if under_header {
            *m = Machine::new(ptr::null(), ptr::null_mut(), (*transit).fp);
            fits = m.fits_in_place(stack, function);
            m.replace(stack, function);
        } else {
            let bridge = (*transit).sp.sub(1);
            *bridge = (*transit).fp as u64;
            for (i, word) in (*transit).saved.into_iter().enumerate() {
                *bridge.sub(1 + i) = word;
            }
            let above = (*transit).sp.sub(BRIDGE);
            *m = Machine::new(ptr::null(), above, bridge);
            if m.has_room_at_all(stack, function) {
                m.push_bare(above, function, JIT_RETURN.pc());
            } else {
                fits = false;
                stack.note_crossing();
                let words = (function.registers() + 3).max(FURTHER);
                let first = stack.grow(words, above, JIT_RETURN.pc());
                m.push_bare(first, function, POP_CHUNK.pc());
            }
        }
        // Not all of the image has been written: what is not live there is not read either.
        let image = (&raw const (*transit).image).cast::<u64>();
        if pc.is_null() {
            receive_arguments(m, function, image);
        } else {
            let Transit { missed, missed_by, raw, .. } = &*transit;
            if let Some(miss) = Miss::of(*missed) {
                note(env, [function, &**missed_by], miss, *raw, image);
            }
            m.copy_registers(image, function.registers());
            if raw.iter().any(|bits| *bits != 0) {
                make_floats(env, m, *raw);
            }
            m.go_to(pc);
        }
    }
    if !fits && env.process.over_limit() {
        m.save(&mut env.process.stack);
        return Err(Exit::Leave(Outcome::LimitReached));
    }
    let due = env.process.core.budget <= 0 || env.process.heap.should_collect();
    let at_entry = || pc.is_null() || ptr::eq(pc, m.function().entry());
    if due && at_entry() { Err(Exit::Entry) } else { Ok(()) }
}

/// Makes objects of the floats that compiled code had none for.
#[cold]
fn make_floats(env: &Env<'_>, m: &mut Machine, raw: [u64; 4]) {
    for (i, mut bits) in raw.into_iter().enumerate() {
        while bits != 0 {
            let register = 64 * i + bits.trailing_zeros() as usize;
            let float = f64::from_bits(m.get(register).bits());
            m.set(register, env.process.heap.float(float).word());
            bits &= bits - 1;
        }
    }
}

/// Learns from a wrong guess, and has the function compiled anew after some of them.
#[cold]
unsafe fn note(
    env: &Env<'_>,
    functions: [&'static Function; 2],
    miss: Miss,
    raw: [u64; 4],
    image: *const u64,
) {
    let seen = miss.registers().map(|register| {
        let n = register as usize;
        match register {
            Miss::NONE => Seen::of(Word::small_wrapping(0)),
            _ if raw[n >> 6] >> (n & 63) & 1 == 1 => Seen::A_FLOAT,
            _ => {
                // SAFETY: what a guess is about is in the image.
                let word = Word::from_bits(unsafe { *image.add(n) });
                // Operands are live where the guess is made; a parameter need not be.
                match miss {
                    Miss::Operator { .. } => Seen::of_live(word),
                    Miss::Param(_) | Miss::Slice(_) | Miss::Callee { .. } => Seen::of(word),
                }
            }
        }
    });
    let callee = match miss {
        // SAFETY: as above, and it is an operand.
        Miss::Callee { register, .. } => {
            only_function(Word::from_bits(unsafe { *image.add(register as usize) }))
        }
        _ => None,
    };
    env.vm.jit().missed(env.vm, functions, miss, Met { seen, callee });
}

/// Puts what a function was called with into its registers: a closure comes after the arguments.
unsafe fn receive_arguments(m: &mut Machine, function: &'static Function, image: *const u64) {
    let arity = function.arity as usize;
    // SAFETY: the function has that many parameters, and its captures after them.
    unsafe { m.copy_registers(image, arity) };
    if takes_closure(function) {
        // SAFETY: the caller has passed it.
        let closure = Word::from_bits(unsafe { *image.add(arity) });
        // The process's own, just passed.
        let captures = crate::value::Value::new(closure).as_closure();
        m.fill_captures(function, captures.map_or(&[][..], |c| c.captures()), closure);
    }
}

/// Whether compiled code expects the closure after the arguments.
pub(crate) fn takes_closure(function: &Function) -> bool {
    function.captures != 0 || function.wants_self
}

/// The machine stands at the first instruction of a compiled function, its parameters (and captures) in the
/// frame: runs the code in its place.
pub(crate) fn enter(env: &mut Env<'_>, m: &mut Machine, code: &'static Code) -> Done {
    let function = m.function();
    let arity = function.arity as usize;
    let captures = function.captures as usize + function.wants_self as usize;
    // SAFETY: the image has room for all registers of a compiled function; there is room for the
    // frame under the header at fp.
    unsafe {
        excursion(env, m, |m, process, transit| {
            let image = (&raw mut (*transit).image).cast::<u64>();
            for i in 0..arity {
                *image.add(i) = m.get(i).bits();
            }
            if takes_closure(function) {
                // No closure here: its captures follow one by one.
                *image.add(arity) = 0;
                for i in arity..arity + captures {
                    *image.add(1 + i) = m.get(i).bits();
                }
            }
            make_room(m, process, code);
            abi::enter_call(process, code.body, m.fp())
        })
    }
}

/// Makes the room that compiled code should have when it is entered.
///
/// # Safety
/// Nobody else uses the process's stack meanwhile.
unsafe fn make_room(m: &mut Machine, process: *mut Process, code: &Code) {
    // SAFETY: by contract.
    let stack = unsafe { &mut (*process).stack };
    let room = if stack.is_crossed_often() { code.room.max(WIDE) } else { code.room };
    m.make_room_in_place(stack, room);
}

/// The machine stands behind a wait of a compiled function: runs the code from there in its place.
#[inline(always)]
pub(crate) fn enter_behind(
    env: &mut Env<'_>,
    m: &mut Machine,
    code: &'static Code,
    wait: usize,
) -> Done {
    let registers = m.function().registers();
    // SAFETY: as in `enter`; what is not live in the frame is not read.
    unsafe {
        excursion(env, m, |m, process, transit| {
            let image = (&raw mut (*transit).image).cast::<u64>();
            m.copy_registers_to(image, registers);
            (*transit).wait = wait as u64;
            make_room(m, process, code);
            abi::enter_call(process, code.body, m.fp())
        })
    }
}

/// An interpreted function has returned to compiled code: the value is in register 0, the bridge is fp.
pub(crate) fn go_back(env: &mut Env<'_>, m: &mut Machine) -> Done {
    let (value, bridge) = (m.get(0), m.fp());
    // SAFETY: `left` made the bridge.
    unsafe {
        let (target, fp) = (*bridge.add(1) as usize, *bridge as *mut u64);
        let saved = std::array::from_fn(|i| *bridge.sub(1 + i));
        excursion(env, m, |_, process, transit| {
            (*transit).value = value.bits();
            (*transit).saved = saved;
            abi::enter_at(process, target, bridge.add(2), fp)
        })
    }
}

/// An exception is caught by compiled code: the stack has been unwound to its frame.
pub(crate) fn land(
    env: &mut Env<'_>,
    m: &mut Machine,
    frame: Frame,
    site: &Site,
    value: Word,
) -> Done {
    let Some(landing) = site.landing else { return Ok(()) };
    // SAFETY: the frame lies at fp, with the size that its call's site says. No register survives into a
    // landing.
    unsafe {
        let sp = frame.fp.cast::<u8>().sub(site.frame as usize).cast::<u64>();
        excursion(env, m, |_, process, transit| {
            (*transit).value = value.bits();
            (*transit).saved = [0; 4];
            abi::enter_at(process, landing, sp, frame.fp)
        })
    }
}
