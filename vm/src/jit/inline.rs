//! Which calls are replaced by the code of the function that they call.
//!
//! In: the analysis of a function. Out: the same, with the analyses of those functions at the calls, and in these
//! further ones. The nearest calls come first, so that a function that calls itself unfolds evenly.
//!
//! # What stays as it was
//! Who looks at the stack sees the frames that the bytecode has: a call inside such code has a site that names all
//! functions around it (`Site::around`), and code that has to leave for the interpreter does so by a *call* of the way
//! out: the interpreter's frame of the inner function stands where it would have stood, and what it returns goes on in the
//! outer one's compiled code. So there is never more than one interpreter's frame to be made of a compiled one.
//!
//! # What is not inlined
//! A function that catches what its calls raise, and a call whose exceptions are caught: only calls land in compiled
//! code, and there is one landing. Loops, but in the place of a tail call with many
//! arguments: others are as fast when called, and have all registers. Waits for messages.
//!
//! # Closures
//! A call of a closure that came as a parameter has the code of the closures that it was met with, two at most, and asks
//! which it is. Any other is a miss, from which the next compilation knows it, or a call when there were several.

use super::abi::IN_REGISTERS;
use super::analyse::{Analysis, Closures, Ins, comes_back, linked};
use super::feedback::Feedback;
use super::translate::function_at;
use crate::code::exec::Ex;
use crate::code::function::Function;
use crate::vm::Vm;

/// Instructions of a function that is inlined.
const MOST: usize = 20;
/// Instructions of one that takes the place of a tail call whose arguments do not fit into machine registers.
const MOST_LAST: usize = 100;
/// Instructions of all that are inlined in one function, but for such.
const ROOM: usize = 64;
/// How deep.
const DEPTH: usize = 3;

/// Chooses the calls of a function, and finds what is needed about whom they call.
pub(crate) fn choose(root: &mut Analysis, vm: &Vm) {
    let mut room = ROOM;
    for depth in 1..=DEPTH {
        extend(root, depth, true, &mut Choice { vm, room: &mut room });
    }
}

struct Choice<'a> {
    vm: &'a Vm,
    room: &'a mut usize,
}

/// Inlines calls that are so deep. Whether the code returns to no other one is told by `last`.
fn extend(code: &mut Analysis, depth: usize, last: bool, choice: &mut Choice<'_>) {
    if depth > 1 {
        for (at, inner) in &mut code.inlined {
            extend(inner, depth - 1, last && !code.code[at].falls, choice);
        }
        for inner in code.closures.values_mut().flat_map(|closures| &mut closures.known) {
            extend(inner, depth - 1, false, choice);
        }
        return;
    }
    choose_closures(code, choice);
    let calls = code.code.values().filter_map(|ins| Some((ins.at, callee(code, ins, choice.vm)?)));
    for (at, function) in calls.collect::<Vec<_>>() {
        let last = last && !code.code[&at].falls;
        if let Some(inner) = inner(function, last, &code.feedback, choice) {
            *choice.room = choice.room.saturating_sub(inner.code.len());
            code.inlined.insert(at, inner);
        }
    }
}

/// Inlines the closures that calls were met with.
fn choose_closures(code: &mut Analysis, choice: &mut Choice<'_>) {
    let calls = code.code.values().filter(|ins| ins.op == Ex::CallValue);
    let calls = calls.filter(|ins| code.handler(ins.at).is_none());
    let calls: Vec<_> = calls
        .map(|ins| (ins.at, ins.args.len(), code.feedback.callees(ins.at, ins.ext[0] as u16)))
        .collect();
    for (at, arguments, callees) in calls {
        let fitting = callees.functions.iter().filter(|f| f.arity as usize == arguments);
        let known: Vec<Analysis> =
            fitting.filter_map(|&f| inner(f, false, &code.feedback, choice)).collect();
        if known.is_empty() {
            continue;
        }
        // Whom there is no code of is called.
        let many = callees.many || known.len() < callees.functions.len();
        let room: usize = known.iter().map(|inner| inner.code.len()).sum();
        *choice.room = choice.room.saturating_sub(room);
        code.closures.insert(at, Closures { known, many });
    }
}

/// Whom a call leads to, if its place may be taken.
fn callee(code: &Analysis, ins: &Ins, vm: &Vm) -> Option<&'static Function> {
    let function = match ins.op {
        Ex::Call | Ex::Call0 | Ex::Call1 | Ex::Call2 | Ex::Call3 | Ex::CallAddInt => {
            function_at(ins)
        }
        Ex::TailCall | Ex::TailCall0 | Ex::TailCall1 | Ex::TailCall2 | Ex::TailCall3 => {
            function_at(ins)
        }
        Ex::CallImport | Ex::TailImport if !code.wrapped.contains_key(&ins.at) => linked(ins, vm)?,
        _ => return None,
    };
    let given = if ins.op == Ex::CallAddInt { 1 } else { ins.args.len() };
    let plain = function.captures == 0 && !function.wants_self && function.arity as usize == given;
    (plain && code.handler(ins.at).is_none() && !code.is_loop(ins)).then_some(function)
}

/// A function's analysis, if it may stand in another one's code.
fn inner(
    function: &'static Function,
    last: bool,
    outer: &Feedback,
    choice: &Choice<'_>,
) -> Option<Analysis> {
    let Choice { vm, ref room } = *choice;
    let warm = || vm.jit().is_warm(Analysis::count(function));
    if !function.requested.load(std::sync::atomic::Ordering::Relaxed) && !warm() {
        return None;
    }
    let many = last && function.arity as usize > IN_REGISTERS;
    let most = if many { MOST_LAST } else { MOST.min(**room) };
    // A word at least for each instruction.
    if function.body().code.len() > 8 * most {
        return None;
    }
    let mut inner = Analysis::of(function, vm, Feedback::default())?;
    let fits = |ins: &Ins| match ins.op {
        Ex::JumpBack => false,
        Ex::RecvStart | Ex::RecvMark | Ex::RecvPeek => false,
        op if comes_back(op) => inner.handler(ins.at).is_none(),
        // Its own code has that one inlined.
        _ if !last && !ins.falls && ins.args.len() > IN_REGISTERS => false,
        _ => many || !inner.is_loop(ins),
    };
    if inner.code.len() > most || !inner.code.values().all(fits) {
        return None;
    }
    inner.feedback = vm.jit().memory().take_within(function, outer);
    Some(inner)
}
