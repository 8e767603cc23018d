//! The exceptions that instructions raise, with messages that show what they were given.

use rata_bytecode::module::ModuleKind;
use rata_bytecode::operand::Failure;

use super::elementwise::Fault;
use super::types;
use crate::code::function::Function;
use crate::code::module::{Global, Module};
use crate::code::types::RtType;
use crate::data::exception;
use crate::inspect::{display_to, inspect_to};
use crate::native::Cx;
use crate::symbols::{Symbol, sym};
use crate::value::Value;

/// How many bytes of a value a message shows.
const SHOWN: usize = 400;

/// The text of a value as source, cut short if long.
pub(crate) fn show(value: Value<'_>) -> String {
    let mut text = String::new();
    if !inspect_to(value, &mut text, SHOWN) {
        text.push('…');
    }
    text
}

/// Type and text of a value: `int 5`.
pub(crate) fn typed(value: Value<'_>) -> String {
    if value.is_nil() {
        return "nil".to_owned();
    }
    format!("{} {}", value.type_of().text(), show(value))
}

/// An operator whose operands do not go together.
pub(crate) fn operands<'h>(
    cx: &Cx<'h, '_>,
    operator: &str,
    expected: &str,
    fault: Fault,
    a: Value<'h>,
    b: Value<'h>,
) -> Value<'h> {
    match fault {
        Fault::Type => cx.type_error(&format!(
            "{operator} takes {expected}, not {} {operator} {}",
            typed(a),
            typed(b)
        )),
        Fault::Lengths(x, y) => cx.value_error(&format!(
            "{operator} takes vectors of equal length or one entry, not of {x} and {y} entries"
        )),
        Fault::DivisionByZero => cx.error(
            sym::DIVISION_BY_ZERO,
            &format!("division by zero: {} {operator} {}", show(a), show(b)),
        ),
        Fault::TooLarge => cx.value_error(&format!("the result of {operator} is too large")),
    }
}

/// An operator with one operand that does not fit.
pub(crate) fn operand<'h>(
    cx: &Cx<'h, '_>,
    operator: &str,
    expected: &str,
    value: Value<'h>,
) -> Value<'h> {
    cx.type_error(&format!("{operator} takes {expected}, not {}", typed(value)))
}

/// A condition that is no single value.
pub(crate) fn condition<'h>(cx: &Cx<'h, '_>, value: Value<'h>) -> Value<'h> {
    let len = value.as_vec().map_or(1, |vec| vec.len());
    cx.value_error(&format!("a condition has one entry, not {len}: {}", show(value)))
}

/// A key that a map does not have.
pub(crate) fn no_key<'h>(cx: &Cx<'h, '_>, map: Value<'h>, name: Symbol) -> Value<'h> {
    cx.key_error(&format!("no key {} in {}", name.text(), show(map)))
}

/// A pattern instruction that was given something else.
pub(crate) fn no_entry<'h>(cx: &Cx<'h, '_>, what: &str) -> Value<'h> {
    cx.type_error(&format!("{what} with more entries expected"))
}

/// A value that is not of the declared type.
pub(crate) fn type_mismatch<'h>(
    cx: &Cx<'h, '_>,
    function: &Function,
    what: Value<'_>,
    ty: &RtType,
    value: Value<'h>,
) -> Value<'h> {
    let (name, expected) = (full_name(function), types::text(ty));
    let what = match what.as_symbol() {
        Some(parameter) => format!("{} of {name}", parameter.text()),
        None => format!("the result of {name}"),
    };
    cx.type_error(&format!("{what} must be {expected}, not {}", typed(value)))
}

/// `Module.name/arity`.
pub(crate) fn full_name(function: &Function) -> String {
    let (name, arity) = (function.name.text(), function.arity);
    match function.module.kind {
        ModuleKind::Script => format!("{name}/{arity}"),
        _ => format!("{}.{name}/{arity}", function.module.name.text()),
    }
}

/// A function of a script called before its definition has run.
pub(crate) fn not_defined<'h>(cx: &Cx<'h, '_>, function: &Function) -> Value<'h> {
    let name = full_name(function);
    cx.error(sym::UNDEFINED_FUNCTION, &format!("{name} is called before its definition has run"))
}

/// A module that needs itself to be loaded; of a script, a function bound below that is not there yet.
pub(crate) fn load_cycle<'h>(cx: &Cx<'h, '_>, module: &Module) -> Value<'h> {
    let name = module.name.text();
    if module.kind == ModuleKind::Script {
        let text = format!("a function of {name} is used before its definition has run");
        return cx.error(sym::UNDEFINED_FUNCTION, &text);
    }
    cx.error(sym::LOAD_CYCLE, &format!("module {name} needs a constant of its own to be loaded"))
}

/// A constant is set that has its value already; no compiler writes such code.
#[cold]
pub(crate) fn set_twice<'h>(cx: &Cx<'h, '_>, global: &Global) -> Value<'h> {
    cx.runtime_error(&format!("the constant {} is set again", global.name.text()))
}

/// Code that cannot be reached was.
pub(crate) fn broken<'h>(cx: &Cx<'h, '_>) -> Value<'h> {
    cx.runtime_error("the end of the code was reached")
}

/// What a `Fail` instruction raises.
pub(crate) fn failure<'h>(
    cx: &Cx<'h, '_>,
    kind: u64,
    function: &Function,
    values: &[Value<'h>],
) -> Value<'h> {
    let first = values.first().copied().unwrap_or(Value::NIL);
    let with = |kind: Symbol, text: String, data: Value<'h>| {
        exception::with(cx.heap(), kind, cx.heap().string(&text), data, Value::NIL)
    };
    let is = |failure: Failure| kind == failure as u64;
    if is(Failure::CaseClause) {
        with(sym::CASE_CLAUSE, format!("no clause matches {}", show(first)), first)
    } else if is(Failure::FunctionClause) {
        let shown: Vec<String> = values.iter().map(|v| show(*v)).collect();
        let text = format!("no clause of {} matches ({})", full_name(function), shown.join(", "));
        with(sym::FUNCTION_CLAUSE, text, cx.heap().list(values))
    } else if is(Failure::Match) {
        with(sym::MATCH_ERROR, format!("the pattern does not match {}", show(first)), first)
    } else if is(Failure::AssertCompare) {
        assert_compare(cx, values)
    } else if is(Failure::Assert) {
        let get = |i: usize| values.get(i).copied().unwrap_or(Value::NIL);
        let text = format!("assert {}\n  value: {}", bare(get(0)), show(get(1)));
        cx.error(sym::ASSERTION_ERROR, &with_message(text, get(2)))
    } else if is(Failure::UndefinedFunction) {
        undefined_by_values(cx, values)
    } else {
        cx.error(sym::ARGUMENT_ERROR, &bare(first))
    }
}

fn bare(value: Value<'_>) -> String {
    let mut text = String::new();
    display_to(value, &mut text, 4 * SHOWN);
    text
}

fn with_message(text: String, message: Value<'_>) -> String {
    if message.is_nil() { text } else { format!("{}\n  {text}", bare(message)) }
}

fn assert_compare<'h>(cx: &Cx<'h, '_>, values: &[Value<'h>]) -> Value<'h> {
    let get = |i: usize| values.get(i).copied().unwrap_or(Value::NIL);
    let text =
        format!("assert {}\n  left:  {}\n  right: {}", bare(get(0)), show(get(2)), show(get(3)));
    let text = cx.heap().string(&with_message(text, get(4)));
    let data = cx.heap().list(&[get(2), get(3)]);
    exception::with(cx.heap(), sym::ASSERTION_ERROR, text, data, Value::NIL)
}

fn undefined_by_values<'h>(cx: &Cx<'h, '_>, values: &[Value<'h>]) -> Value<'h> {
    let get = |i: usize| values.get(i).copied().unwrap_or(Value::NIL);
    let (module, name, arity) = (get(0), bare(get(1)), show(get(2)));
    let text = match module.is_nil() {
        true => format!("{name}/{arity} is not defined"),
        false => format!("{}.{name}/{arity} is not defined", bare(module)),
    };
    cx.error(sym::UNDEFINED_FUNCTION, &text)
}
