//! Natives of Core: types, tests, exceptions, order, hashes.

use super::support::args::shown;
use super::support::{Answer, Arg, value};
use crate::host::WorkerHost;
use crate::output::Stream;
use rata_vm::data::{Work, exception};
use rata_vm::hash::hash_counted;
use rata_vm::native::{Cx, Native};
use rata_vm::print::{Part, print};
use rata_vm::symbols::sym;
use rata_vm::value::{Kind, Value, View};

/// `typeof(v)`
pub fn core_typeof<'h>(_cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::symbol(v.type_of()))
}

/// `inspect(v)`
pub fn core_inspect<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    Ok(print(cx, [Part::Inspect(v)], |cx, text| Native::Value(cx.heap().string(&text))))
}

/// The text that `IO.puts` and f-strings show.
pub fn core_display<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    if v.as_str().is_some() {
        return value(v);
    }
    Ok(print(cx, [Part::Display(v)], |cx, text| Native::Value(cx.heap().string(&text))))
}

/// A label and a colon, if there is a label.
pub fn labelled(label: Value<'_>) -> [Part<'_>; 2] {
    match label.is_nil() {
        true => [Part::Text(""), Part::Text("")],
        false => [Part::Display(label), Part::Text(": ")],
    }
}

macro_rules! type_tests {
    ($($name:ident $test:expr;)*) => { $(
        /// Whether a value is of this type.
        pub fn $name<'h>(_cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
            let test: fn(Value<'_>) -> bool = $test;
            value(Value::bool(test(v)))
        }
    )* };
}

type_tests! {
    core_is_int |v| v.kind() == Kind::Int;
    core_is_float |v| v.kind() == Kind::Float;
    core_is_numeric |v| matches!(v.kind(), Kind::Int | Kind::Float);
    core_is_posint |v| match v.view() {
        View::Int(n) => n > 0,
        View::BigInt(n) => !n.is_negative(),
        _ => false,
    };
    core_is_bool |v| v.kind() == Kind::Bool;
    core_is_string |v| v.kind() == Kind::Str;
    core_is_symbol |v| v.kind() == Kind::Symbol;
    core_is_nil |v| v.is_nil();
    core_is_function |v| v.kind() == Kind::Fn;
    core_is_pid |v| v.kind() == Kind::Pid;
    core_is_ref |v| v.kind() == Kind::Ref;
    core_is_module |v| v.kind() == Kind::Module;
    core_is_vector |v| v.kind() == Kind::Vector || !v.kind().is_collection();
    core_is_list |v| v.kind() == Kind::List;
    core_is_map |v| v.kind() == Kind::Map;
    core_is_set |v| v.kind() == Kind::Set;
    core_is_table |v| v.kind() == Kind::Table;
    core_is_exception |v| v.kind() == Kind::Exception;
}

/// `is_truthy(v)`: what a condition makes of it.
pub fn core_is_truthy<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    match v.truthy() {
        Some(truth) => value(Value::bool(truth)),
        None => {
            let text = format!("a condition needs one entry, not the vector {}", shown(v));
            Err(cx.value_error(&text))
        }
    }
}

/// `compare(a, b)`: -1, 0 or 1.
pub fn core_compare<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Native<'h> {
    rata_vm::ordered(cx, a, b)
}

/// `hash(v)`: an int of at least 0.
pub fn core_hash<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let mut work = Work::default();
    let hash = hash_counted(v, &mut work);
    cx.charge(work.0 / 64);
    value(cx.heap().int((hash >> 2) as i64))
}

/// `exception(type, message, data)`
pub fn core_exception<'h>(
    cx: &mut Cx<'h, '_>,
    [type_name, message, data]: [Value<'h>; 3],
) -> Answer<'h> {
    let Some(name) = type_name.as_symbol() else {
        return Err(Arg("Core.exception", "type").wrong(cx, "a symbol", type_name));
    };
    value(exception::with(cx.heap(), name, message, data, Value::NIL))
}

macro_rules! exception_parts {
    ($($name:ident $function:literal |$e:ident| $part:expr;)*) => { $(
        /// A part of an exception.
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
            match v.as_exception() {
                Some($e) => value($part),
                None => Err(Arg($function, "e").wrong(cx, "an exception", v)),
            }
        }
    )* };
}

exception_parts! {
    core_exception_type "Core.exception_type" |e| Value::symbol(e.type_name());
    core_exception_message "Core.exception_message" |e| e.message();
    core_exception_data "Core.exception_data" |e| e.data();
}

/// `assert_type(v, type)`: v, if it is of the type with this name.
pub fn core_assert_type<'h>(cx: &mut Cx<'h, '_>, [v, wanted]: [Value<'h>; 2]) -> Answer<'h> {
    let Some(name) = wanted.as_symbol() else {
        return Err(Arg("Core.assert_type", "type").wrong(cx, "the name of a type", wanted));
    };
    let kind = v.kind();
    let fits = match name {
        sym::ANY => true,
        sym::NUMERIC => matches!(kind, Kind::Int | Kind::Float),
        sym::POSINT => {
            matches!(v.view(), View::Int(1..))
                || matches!(v.view(), View::BigInt(n) if !n.is_negative())
        }
        sym::VECTOR => kind == Kind::Vector || !kind.is_collection(),
        name => v.type_of() == name,
    };
    if fits {
        return value(v);
    }
    let text = format!("expected {}, not the {} {}", name.text(), v.type_of().text(), shown(v));
    Err(cx.type_error(&text))
}

/// `debug(v, label)`: shows v on standard error.
pub fn core_debug<'h>(cx: &mut Cx<'h, '_>, [v, label]: [Value<'h>; 2]) -> Answer<'h> {
    let [label, colon] = labelled(label);
    let answer = print(cx, [label, colon, Part::Inspect(v), Part::Text("\n")], |cx, text| {
        if let Some(host) = cx.host::<WorkerHost>() {
            host.say(Stream::Err, &text);
        }
        Native::Value(Value::NIL)
    });
    Ok(answer)
}

/// Whether a function value has a form for just this many arguments (a `~` that ignores surplus ones
/// does not count for them).
pub fn core_takes<'h>(cx: &mut Cx<'h, '_>, [f, n]: [Value<'h>; 2]) -> Answer<'h> {
    let n = n.as_small().unwrap_or(0) as u32;
    value(Value::bool(cx.vm().takes(f, n)))
}
