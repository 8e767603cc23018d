//! Natives of Tests: what its runner cannot do in rata. It tells whoever started it what happens, loads modules one by
//! one, asks where a function stands, keeps apart what tests print, and looks into the mailbox.

use super::process::host;
use super::support::{Answer, value};
use rata_vm::Symbol;
use rata_vm::data::vector::VecRef;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// `tell(what, fields)`: hands texts to the listener of the node; its answer, "" if there is none.
pub fn tests_tell<'h>(cx: &mut Cx<'h, '_>, [what, fields]: [Value<'h>; 2]) -> Answer<'h> {
    let heap = cx.heap();
    let fields: Vec<&str> = VecRef::of(fields)
        .map(|fields| fields.iter(heap).map(|f| f.as_str().unwrap_or_default()).collect())
        .unwrap_or_default();
    let what = what.as_symbol().map(Symbol::text);
    let what = what.as_deref().unwrap_or("");
    cx.charge(fields.iter().map(|f| f.len() as u64).sum::<u64>() / 64);
    let answer = host(cx).node.listener.get().map(|listener| listener(what, &fields));
    value(heap.string(&answer.unwrap_or_default()))
}

/// `load(name)`: runs the bindings and statements of the module or file of that name, unless that has been done.
pub fn tests_load<'h>(cx: &mut Cx<'h, '_>, [name]: [Value<'h>; 1]) -> Answer<'h> {
    let name = name.as_str().unwrap_or_default();
    let Some(info) = Symbol::lookup(name).and_then(|name| cx.vm().module_info(name)) else {
        return Err(cx.argument_error("Tests.Runner", &format!("there is no module {name}")));
    };
    let index = Value::count(info.index as usize);
    Ok(Native::call(cx.vm().loader(), [index, Value::NIL].into_iter().collect()))
}

/// `place(f)`: `{file, line}` of a function, nil if it is none.
pub fn tests_place<'h>(cx: &mut Cx<'h, '_>, [f]: [Value<'h>; 1]) -> Answer<'h> {
    let heap = cx.heap();
    value(cx.vm().place_of(f).map_or(Value::NIL, |(file, line)| {
        heap.list(&[heap.string(file), Value::count(line as usize)])
    }))
}

/// `capture(wanted)`: a number for `captured_by`, 0 if nothing is to be captured.
pub fn tests_capture<'h>(cx: &mut Cx<'h, '_>, [wanted]: [Value<'h>; 1]) -> Answer<'h> {
    let number =
        if wanted.word() == Value::TRUE.word() { host(cx).node.captures.open() } else { 0 };
    value(Value::count(number as usize))
}

/// `captured_by(number)`: what this process and those that it starts print from now on is kept there.
pub fn tests_captured_by<'h>(cx: &mut Cx<'h, '_>, [number]: [Value<'h>; 1]) -> Answer<'h> {
    let number = number.as_small().unwrap_or(0) as u64;
    let host = host(cx);
    let capture = host.node.captures.get(number);
    if capture.is_some() || host.extra().relations.is_some() {
        host.extra().relations().capture = capture;
    }
    value(Value::symbol(rata_vm::sym::OK))
}

/// `captured(number)`: what was kept; nothing more will be.
pub fn tests_captured<'h>(cx: &mut Cx<'h, '_>, [number]: [Value<'h>; 1]) -> Answer<'h> {
    let text = host(cx).node.captures.close(number.as_small().unwrap_or(0) as u64);
    cx.charge(text.len() as u64 / 64);
    value(cx.heap().string(&text))
}

/// `cover(number)`: the line with this number has run.
pub fn tests_cover<'h>(cx: &mut Cx<'h, '_>, [number]: [Value<'h>; 1]) -> Answer<'h> {
    if let Some(coverage) = host(cx).node.coverage.get() {
        coverage.mark(number.as_small().unwrap_or(0) as u64);
    }
    value(Value::NIL)
}

/// `clock()`: milliseconds that have really passed since the program began.
pub fn tests_clock<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    value(Value::count(host(cx).node.clock.real_milliseconds() as usize))
}

/// `alarm(at)`: in a deterministic run has `:"$tests_late"` sent when `clock` says so, unless it is called again before; false in any other.
pub fn tests_alarm<'h>(cx: &mut Cx<'h, '_>, [at]: [Value<'h>; 1]) -> Answer<'h> {
    let whom = cx.core.pid;
    let node = &host(cx).node;
    let seeded = node.is_seeded();
    if seeded {
        node.real_alarm.set(at.as_small().unwrap_or(0) as u64, whom);
    }
    value(Value::bool(seeded))
}

/// Lets the mailbox look at its nth oldest message, of those it has been asked to look at by a receive.
fn look_at<'h>(cx: &mut Cx<'h, '_>, n: Value<'h>) -> Option<Value<'h>> {
    let heap = cx.heap();
    let before = n.as_small().map_or(0, |n| n.max(1) - 1);
    let mailbox = &mut cx.core.mailbox;
    mailbox.start();
    for _ in 0..before {
        mailbox.peek(heap)?;
        mailbox.skip();
    }
    mailbox.peek(heap).map(|word| heap.value(word))
}

/// `message(n)`: `{message}` of the nth oldest in the mailbox, which stays there; nil if there are not so many.
pub fn tests_message<'h>(cx: &mut Cx<'h, '_>, [n]: [Value<'h>; 1]) -> Answer<'h> {
    let message = look_at(cx, n);
    cx.charge(1 + n.as_small().unwrap_or(0) as u64 / 16);
    value(message.map_or(Value::NIL, |message| cx.heap().list(&[message])))
}

/// `take(n)`: removes the nth oldest message from the mailbox.
pub fn tests_take<'h>(cx: &mut Cx<'h, '_>, [n]: [Value<'h>; 1]) -> Answer<'h> {
    if look_at(cx, n).is_some() {
        cx.core.mailbox.take();
    }
    value(Value::symbol(rata_vm::sym::OK))
}
