//! What compiled code asks of the rest of the VM: the same helpers as the interpreter, behind thunks.
//!
//! In: the process and words. Out: a word and whether that has failed. They run on the worker's stack and
//! never collect. What fails is not reported: compiled code leaves, and the interpreter does the
//! instruction again, with all that belongs to it (exceptions, traces, operators that pause).
//!
//! # Safety
//! Called by the thunks of `abi.rs` only, with the process that compiled code runs in; its `Transit` and
//! [`Run`] were set up by `enter.rs` from the very references that the turn was given, which nobody else
//! uses meanwhile. Words come from verified code, so they are live words of the process.
#![allow(unsafe_code)]

use super::abi::Transit;
use super::translate::Cache;
use crate::code::function::fn_set_of;
use crate::data::vector;
use crate::heap::{Heap, get_quickly};
use crate::helpers::{access, arith, compare as comparison, construct, text};
use crate::interp::env::{Binary, Env, Step, step_of, words};
use crate::interp::machine::Machine;
use crate::interp::receive::More;
use crate::native::{Cx, Native, NativeFn, Res};
use crate::process::{Outcome, Process};
use crate::value::{Value, Word};
use rata_bytecode::operand::Cmp;
use std::sync::atomic::Ordering;

/// What a turn was given.
pub(crate) struct Run {
    pub(crate) env: *mut Env<'static>,
    /// What a native answered beside a value: for the interpreter.
    pub(crate) step: Option<Step>,
}

/// A helper's answer.
#[repr(C)]
pub(crate) struct Answer {
    value: u64,
    failed: u64,
}

/// What a helper gives. One that fails has had no effect: the interpreter does it again.
fn answer<E>(env: &mut Env<'_>, helper: impl FnOnce(&mut Env<'_>) -> Result<u64, E>) -> Answer {
    match helper(env) {
        Ok(value) => Answer { value, failed: 0 },
        Err(_) => {
            if let Some(cold) = &mut env.process.core.cold {
                cold.pause = None;
            }
            Answer { value: 0, failed: 1 }
        }
    }
}

/// The turn's context, what a native answers beside a value, and the image.
unsafe fn context<'a>(
    process: *mut Process,
) -> (&'a mut Env<'static>, &'a mut Option<Step>, *mut u64) {
    // SAFETY: see the module.
    unsafe {
        let transit = (*process).jit.transit as *mut Transit;
        let run = &mut *(*transit).run.cast::<Run>();
        (&mut *run.env, &mut run.step, (&raw mut (*transit).image).cast())
    }
}

/// The turn's context, and the first words of the image.
unsafe fn arguments<'a>(
    process: *mut Process,
    count: u64,
) -> (&'a mut Env<'static>, &'a mut Option<Step>, &'a [Word]) {
    // SAFETY: see the module; words are bits.
    unsafe {
        let (env, other, image) = context(process);
        (env, other, std::slice::from_raw_parts(image.cast::<Word>(), count as usize))
    }
}

/// Operators of two operands, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    IntDiv,
    Mod,
    Pow,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Index,
    Cons1,
    Same,
}

impl Operator {
    /// Whether it gives a truth.
    pub(crate) fn compares(self) -> bool {
        (Operator::Eq as u64..=Operator::Ge as u64).contains(&(self as u64))
    }
}

const BINARY: [Binary; 16] = [
    arith::add,
    arith::sub,
    arith::mul,
    arith::div,
    arith::int_div,
    arith::modulo,
    arith::pow,
    comparison::eq,
    comparison::ne,
    comparison::lt,
    comparison::le,
    comparison::gt,
    comparison::ge,
    access::index,
    construct::cons1,
    comparison::same,
];

/// `a op b`.
pub(super) unsafe extern "sysv64" fn binary(
    process: *mut Process,
    operator: u64,
    a: u64,
    b: u64,
) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    let helper = BINARY[operator as usize & 15];
    answer(env, |env| env.binary(helper, Word::from_bits(a), Word::from_bits(b)).map(Word::bits))
}

/// `v[i]`: most likely of a large map.
pub(super) unsafe extern "sysv64" fn index(process: *mut Process, v: u64, i: u64) -> Answer {
    // SAFETY: see the module.
    let heap = unsafe { &(*process).heap };
    let [map, key] = [v, i].map(|bits| heap.value(Word::from_bits(bits)));
    match get_quickly(map, key) {
        Some(value) => Answer { value: value.word().bits(), failed: 0 },
        // SAFETY: as above.
        None => unsafe { binary(process, Operator::Index as u64, v, i) },
    }
}

/// Whether `a op b` holds.
pub(super) unsafe extern "sysv64" fn compare(
    process: *mut Process,
    operator: u64,
    a: u64,
    b: u64,
) -> Answer {
    const OPERATORS: [Cmp; 6] = [Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le, Cmp::Gt, Cmp::Ge];
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    let operator = OPERATORS[operator as usize % 6];
    let (a, b) = (Word::from_bits(a), Word::from_bits(b));
    answer(env, |env| env.compare_truth(operator, a, b).map(u64::from))
}

/// Whether a condition holds.
pub(super) unsafe extern "sysv64" fn truth(process: *mut Process, word: u64) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    answer(env, |env| env.truth(Word::from_bits(word)).map(u64::from))
}

/// Executes the instruction at `pc` on the image: gives where it goes on.
pub(super) unsafe extern "sysv64" fn step(process: *mut Process, pc: *const u64) -> Answer {
    // SAFETY: see the module; the instruction's operands are in the image, as large as a frame.
    let (env, _, image) = unsafe { context(process) };
    let mut machine = Machine::new(pc, image, std::ptr::null_mut());
    answer(env, |env| env.single(&mut machine).map(|()| machine.pc() as u64))
}

/// Calls a native with so many arguments, the first words of the image. What it answers but a value is kept
/// for the interpreter.
pub(super) unsafe extern "sysv64" fn native(
    process: *mut Process,
    native: *const (),
    count: u64,
) -> Answer {
    // SAFETY: as for `step`; that many words were just put there, and the address is a native's.
    unsafe { call(process, native, count, |cx, answer, other| *other = Some(step_of(cx, answer))) }
}

/// The same of a native without effects, called in place of a function that does nothing else: if it
/// answers anything but a value, it has not been called.
pub(super) unsafe extern "sysv64" fn inlined(
    process: *mut Process,
    native: *const (),
    count: u64,
) -> Answer {
    // SAFETY: as for `native`. What it wanted to go on with is dropped.
    unsafe { call(process, native, count, |cx, _, _| cx.heap().pin(false)) }
}

/// Calls a native, and does the edit that it has laid down; `otherwise` gets what it answers but a value.
#[inline(always)]
unsafe fn call(
    process: *mut Process,
    native: *const (),
    count: u64,
    otherwise: impl for<'h> FnOnce(&mut Cx<'h, '_>, Native<'h>, &mut Option<Step>),
) -> Answer {
    // SAFETY: by contract, as for `native`.
    let (env, other, args) = unsafe { arguments(process, count) };
    // SAFETY: as above.
    let native = unsafe { std::mem::transmute::<*const (), NativeFn>(native) };
    let mut cx = env.cx();
    let args = cx.heap().values(args);
    let edit = match native(&mut cx, args) {
        Native::Value(value) => return Answer { value: value.word().bits(), failed: 0 },
        Native::Edit => cx.edit,
        answer => {
            otherwise(&mut cx, answer, other);
            return Answer { value: 0, failed: 1 };
        }
    };
    // Nothing borrows the heap any more.
    let word = match &edit {
        Some(edit) => env.process.heap.edit(edit),
        None => Word::NIL,
    };
    Answer { value: word.bits(), failed: 0 }
}

/// The sum of so many operands, the first words of the image: most likely strings.
pub(super) unsafe extern "sysv64" fn join(process: *mut Process, count: u64) -> Answer {
    // SAFETY: as for `native`.
    unsafe { of_many(process, count, arith::sum) }
}

/// An f-string of so many parts, the first words of the image.
pub(super) unsafe extern "sysv64" fn text(process: *mut Process, count: u64) -> Answer {
    // SAFETY: as for `native`.
    unsafe { of_many(process, count, text::text) }
}

/// What a helper makes of the first words of the image.
unsafe fn of_many(
    process: *mut Process,
    count: u64,
    helper: impl for<'h> FnOnce(&mut Cx<'h, '_>, &[Value<'h>]) -> Res<'h>,
) -> Answer {
    // SAFETY: as for `native`.
    let (env, _, operands) = unsafe { arguments(process, count) };
    answer(env, |env| {
        let mut cx = env.cx();
        let operands = cx.heap().values(operands);
        words(helper(&mut cx, operands)).map(Word::bits)
    })
}

const DONE: Answer = Answer { value: 0, failed: 0 };

/// Begins a receive at the oldest message.
pub(super) unsafe extern "sysv64" fn receive_start(process: *mut Process) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    env.receive_start();
    DONE
}

/// Begins a receive at the first message that can answer to a ref.
pub(super) unsafe extern "sysv64" fn receive_mark(process: *mut Process, word: u64) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    env.receive_mark(Word::from_bits(word));
    DONE
}

/// The message looked at; fails if there is none.
pub(super) unsafe extern "sysv64" fn receive_peek(process: *mut Process) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    match env.receive_peek() {
        Some(word) => Answer { value: word.bits(), failed: 0 },
        None => Answer { value: 0, failed: 1 },
    }
}

/// Takes the message looked at.
pub(super) unsafe extern "sysv64" fn receive_take(process: *mut Process) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    env.receive_take();
    DONE
}

/// What [`receive_more`] says beside 0: that messages have come, to be looked at in this turn.
pub(super) const WAITS: u64 = 1;
pub(super) const UNKNOWN: u64 = 2;

/// Fails unless messages have come meanwhile: then the process waits, or it is for the interpreter to find out.
pub(super) unsafe extern "sysv64" fn receive_more(process: *mut Process, timeout: u64) -> Answer {
    // SAFETY: see the module.
    let (env, step, _) = unsafe { context(process) };
    let failed = match env.receive_more(Word::from_bits(timeout)) {
        More::Messages => 0,
        More::Wait(wait) => {
            *step = Some(Step::Leave(Outcome::Wait(wait)));
            WAITS
        }
        More::Unknown => UNKNOWN,
    };
    Answer { value: 0, failed }
}

/// The function that a call by name goes to, with as many arguments as it has parameters; remembered in the call's cache.
pub(super) unsafe extern "sysv64" fn method(
    process: *mut Process,
    module: u64,
    name: u64,
    arguments: u64,
    cache: &'static Cache,
) -> Answer {
    // SAFETY: see the module.
    let (env, ..) = unsafe { context(process) };
    let (module, name) = (Word::from_bits(module).as_module(), Word::from_bits(name).as_symbol());
    let found = module.zip(name).and_then(|(module, name)| {
        let method = env.vm.method(module, name, arguments as u32)?;
        (method.function.arity as u64 == arguments).then_some(method)
    });
    let Some(found) = found else { return Answer { value: 0, failed: 1 } };
    cache.store(std::ptr::from_ref(found).cast_mut(), Ordering::Relaxed);
    Answer { value: std::ptr::from_ref(found.function) as u64, failed: 0 }
}

/// Which of a closure's functions is called with as many arguments as it has parameters.
pub(super) unsafe extern "sysv64" fn choice(
    _process: *mut Process,
    closure: u64,
    arguments: u64,
) -> Answer {
    let closure = Value::new(Word::from_bits(closure)).as_closure();
    let target = closure.and_then(|closure| fn_set_of(closure.handle()).target(arguments as u32));
    match target {
        Some(target) if target.function.arity as u64 == arguments => {
            Answer { value: std::ptr::from_ref(target.function) as u64, failed: 0 }
        }
        _ => Answer { value: 0, failed: 1 },
    }
}

/// The vector that a slice is.
///
/// # Safety
/// The slice is one of this heap's.
unsafe fn closed(heap: &Heap, handle: u64, at: *const u64, length: u64) -> Value<'_> {
    // SAFETY: of a slice with entries the first lies at `at`; its handle is a vector, or it has one entry
    // that is no collection.
    unsafe {
        match length {
            0 => return vector::empty(),
            1 => {
                let entry = heap.value(Word::from_bits(*at));
                if !entry.kind().is_collection() {
                    return entry;
                }
            }
            _ => {}
        }
        heap.vec_at(heap.value(Word::from_bits(handle)), at, length as usize)
    }
}

/// A short vector from last to first; fails for all else.
pub(super) unsafe extern "sysv64" fn reverse(process: *mut Process, vec: u64) -> Answer {
    // SAFETY: see the module.
    let heap = unsafe { &(*process).heap };
    match vector::reversed(heap, heap.value(Word::from_bits(vec))) {
        Some(vec) => Answer { value: vec.word().bits(), failed: 0 },
        None => Answer { value: 0, failed: 1 },
    }
}

/// The vector that a slice is.
pub(super) unsafe extern "sysv64" fn close(
    process: *mut Process,
    handle: u64,
    at: *const u64,
    length: u64,
) -> Answer {
    // SAFETY: see the module.
    let vec = unsafe { closed(&(*process).heap, handle, at, length) };
    Answer { value: vec.word().bits(), failed: 0 }
}

/// A slice with an entry before it: its handle; the rest is in the transit. Where that can be none, the vector
/// and a length of -1.
pub(super) unsafe extern "sysv64" fn cons(
    process: *mut Process,
    item: u64,
    handle: u64,
    at: *const u64,
    length: u64,
) -> Answer {
    // SAFETY: see the module.
    unsafe {
        let heap = &(*process).heap;
        let transit = (*process).jit.transit as *mut Transit;
        let (before, first) =
            (heap.value(Word::from_bits(handle)), heap.value(Word::from_bits(item)));
        if let Some((longer, at)) = heap.vec_grown(first, before, at, length as usize) {
            (*transit).slice = [at as u64, length + 1];
            return Answer { value: longer.word().bits(), failed: 0 };
        }
        let vec = closed(heap, handle, at, length).word();
        let (env, ..) = context(process);
        let item = Word::from_bits(item);
        let mut made = answer(env, |env| env.binary(construct::cons1, item, vec).map(Word::bits));
        if made.failed == 0 {
            let heap = &(*process).heap;
            let longer = heap.value(Word::from_bits(made.value));
            (*transit).slice = [0, u64::MAX];
            if let Some((handle, at, length)) = heap.vec_parts(longer) {
                (*transit).slice = [at as u64, length as u64];
                made.value = handle.word().bits();
            }
        }
        made
    }
}

/// Room for an object of so many words.
pub(super) unsafe extern "sysv64" fn allocate(process: *mut Process, words: u64) -> Answer {
    // SAFETY: see the module.
    let heap = unsafe { &(*process).heap };
    Answer { value: heap.allocate(words as usize) as u64, failed: 0 }
}
