//! Natives for calling and for what was caught: functions by module and name with arguments in a
//! collection; class and stack trace of something a `catch` has taken.

use super::support::args::shown;
use crate::host::WorkerHost;
use crate::report;
use rata_vm::Symbol;
use rata_vm::data::closure;
use rata_vm::data::vector::VecRef;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// The most arguments that a function may have.
const MOST: usize = 255;

/// The entries of a vector or list that holds arguments.
pub fn arguments<'h>(
    cx: &Cx<'h, '_>,
    function: &str,
    args: Value<'h>,
) -> Result<Vec<Value<'h>>, Value<'h>> {
    let found: Option<Vec<Value<'h>>> = match args.as_list() {
        Some(entries) if entries.len() <= MOST => Some(entries.to_vec()),
        Some(_) => None,
        None => VecRef::of(args)
            .filter(|vec| vec.len() <= MOST)
            .map(|vec| vec.iter(cx.heap()).collect()),
    };
    found.ok_or_else(|| {
        let text = format!("expected a vector or list of arguments, got {}", shown(args));
        cx.argument_error(function, &text)
    })
}

/// The function that `module` and `name` say.
fn function<'h>(
    cx: &Cx<'h, '_>,
    caller: &str,
    module: Value<'h>,
    name: Value<'h>,
) -> Result<Value<'h>, Value<'h>> {
    match (module.as_module(), name.as_symbol()) {
        (Some(module), Some(name)) => Ok(closure::funref(cx.heap(), module, name)),
        _ => {
            let (module, name) = (shown(module), shown(name));
            let text = format!("expected a module and a function's name, got {module} and {name}");
            Err(cx.argument_error(caller, &text))
        }
    }
}

/// The name of the module that an argument is.
pub fn argument_module<'h>(
    cx: &Cx<'h, '_>,
    function: &str,
    module: Value<'h>,
) -> Result<Symbol, Value<'h>> {
    module.as_module().filter(|name| cx.vm().has_module(*name)).ok_or_else(|| {
        let text = format!("expected a module, got {}", shown(module));
        cx.argument_error(function, &text)
    })
}

/// `apply(f, args)`: calls f, a function or `{module, name}`.
pub fn core_apply<'h>(cx: &mut Cx<'h, '_>, [f, args]: [Value<'h>; 2]) -> Native<'h> {
    let callee = match f.as_list() {
        Some([module, name]) => function(cx, "apply", *module, *name),
        _ => Ok(f),
    };
    match callee.and_then(|callee| Ok((callee, arguments(cx, "apply", args)?))) {
        Ok((callee, args)) => {
            cx.charge(args.len() as u64 / 16);
            Native::call(callee, args.into())
        }
        Err(raised) => Native::Raise(raised),
    }
}

/// `call_list(module, name, args)`: the list that a process is started with.
pub fn core_call_list<'h>(cx: &mut Cx<'h, '_>, [module, name, args]: [Value<'h>; 3]) -> Native<'h> {
    let callee = function(cx, "Process.spawn", module, name);
    match callee.and_then(|callee| Ok((callee, arguments(cx, "Process.spawn", args)?))) {
        Ok((callee, mut args)) => {
            args.insert(0, callee);
            Native::Value(cx.heap().list(&args))
        }
        Err(raised) => Native::Raise(raised),
    }
}

/// `accepts(f, n)`: whether f is a function that can be called with n arguments.
pub fn core_accepts<'h>(cx: &mut Cx<'h, '_>, [f, n]: [Value<'h>; 2]) -> Native<'h> {
    let n = n.as_small().and_then(|n| u32::try_from(n).ok());
    Native::Value(Value::bool(n.is_some_and(|n| cx.vm().accepts(f, n))))
}

/// `caught(e)`: `{:exit, []}` for the reason of `Process.exit`, `{:raise, trace}` for what was raised.
pub fn core_caught<'h>(cx: &mut Cx<'h, '_>, [value]: [Value<'h>; 1]) -> Native<'h> {
    let (places, is_exit) = cx.core.caught(value);
    let class = if is_exit { Symbol::intern("exit") } else { Symbol::intern("raise") };
    let lines = match cx.host::<WorkerHost>() {
        Some(host) if !is_exit => host.node.trace_lines(&places),
        _ => Vec::new(),
    };
    let trace = report::trace_value(cx.heap(), &lines);
    Native::Value(cx.heap().list(&[Value::symbol(class), trace]))
}
