//! Natives of Process about registered names.

use super::{host, wrong};
use crate::natives::support::args::shown;
use crate::process::names::Refused;
use rata_vm::Symbol;
use rata_vm::data::vector_of;
use rata_vm::heap::Immediate;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// `register(pid, name)`
pub fn process_register<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [pid, name] = args else { return Native::Value(Value::NIL) };
    let Some(target) = pid.as_pid() else {
        // The library has put what is no pid here.
        let text = format!("expected a pid and a name, got {} and {}", shown(*name), shown(*pid));
        return Native::Raise(cx.argument_error("Process.register", &text));
    };
    let Some(kept) = Immediate::of(*name).filter(|_| is_name(*name)) else {
        return wrong(cx, "register", "a symbol or module as the name", *name);
    };
    let node = &host(cx).node;
    let problem = match node.names.register(&node.table, &kept, target) {
        Ok(()) => return Native::Value(Value::TRUE),
        Err(Refused::Dead) => "the process is dead",
        Err(Refused::Taken) => "the name is taken",
        Err(Refused::Named) => "the process has a name already",
    };
    let text = format!("{problem}: {}", shown(*name));
    Native::Raise(cx.argument_error("Process.register", &text))
}

fn is_name(value: Value<'_>) -> bool {
    value.as_symbol().is_some() || value.as_module().is_some()
}

/// `unregister(name)`
pub fn process_unregister<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    if !is_name(args[0]) {
        return wrong(cx, "unregister", "a symbol or module as the name", args[0]);
    }
    let node = &host(cx).node;
    if node.names.unregister(&node.table, args[0].word()) {
        return Native::Value(Value::TRUE);
    }
    let text = format!("no process is registered as {}", shown(args[0]));
    Native::Raise(cx.argument_error("Process.unregister", &text))
}

/// `whereis(name)`: a pid or nil.
pub fn process_whereis<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let found = host(cx).node.whereis(args[0].word());
    Native::Value(found.map_or(Value::NIL, Value::pid))
}

/// `registered()`: the names, in the order of their text; a vector, or a list when both symbols and
/// modules are among them (a vector holds one type).
pub fn process_registered<'h>(cx: &mut Cx<'h, '_>, _args: &[Value<'h>]) -> Native<'h> {
    let mut names: Vec<Immediate> = host(cx).node.names.all();
    let name_of = |kept: &Immediate| kept.word().as_symbol().or(kept.word().as_module());
    names.sort_by_cached_key(|kept| name_of(kept).map(Symbol::text));
    cx.charge(names.len() as u64 / 4);
    let heap = cx.heap();
    let values: Vec<Value<'h>> = names.iter().map(|kept| heap.immediate(kept)).collect();
    let symbols = names.iter().filter(|kept| kept.word().as_symbol().is_some()).count();
    Native::Value(match symbols == 0 || symbols == names.len() {
        true => vector_of(heap, &values),
        false => heap.list(&values),
    })
}
