//! Exceptions: what `raise` makes. Type, message, data, and the stack trace where it was raised.

use crate::heap::{Heap, layout};
use crate::symbols::Symbol;
use crate::value::Value;

/// An exception.
#[derive(Clone, Copy)]
pub struct ExceptionRef<'h>(&'h [Value<'h>]);

impl<'h> ExceptionRef<'h> {
    pub(crate) fn of(value: Value<'h>) -> Option<ExceptionRef<'h>> {
        value.object_of(layout::EXCEPTION).map(|o| ExceptionRef(o.values()))
    }

    /// Its type, a symbol such as `:type_error`.
    pub fn type_name(self) -> Symbol {
        self.0[0].as_symbol().unwrap_or(crate::sym::RUNTIME_ERROR)
    }

    /// Its message; a string where the program did not choose otherwise.
    pub fn message(self) -> Value<'h> {
        self.0[1]
    }

    /// What makes two exceptions equal: type, message and data.
    pub(crate) fn parts(self) -> &'h [Value<'h>] {
        &self.0[..3]
    }

    /// What it carries besides; nil if nothing.
    pub fn data(self) -> Value<'h> {
        self.0[2]
    }

    /// Its stack trace; nil before it is raised.
    pub fn trace(self) -> Value<'h> {
        self.0[3]
    }
}

/// An exception of a type with a message.
pub fn new<'h>(heap: &'h Heap, type_name: Symbol, message: &str) -> Value<'h> {
    let message = heap.string(message);
    with(heap, type_name, message, Value::NIL, Value::NIL)
}

/// An exception with all its parts.
pub fn with<'h>(
    heap: &'h Heap,
    type_name: Symbol,
    message: Value<'h>,
    data: Value<'h>,
    trace: Value<'h>,
) -> Value<'h> {
    heap.object(layout::EXCEPTION, 0, 0, &[], &[Value::symbol(type_name), message, data, trace])
}

/// The same exception with this stack trace.
pub fn with_trace<'h>(heap: &'h Heap, e: ExceptionRef<'h>, trace: Value<'h>) -> Value<'h> {
    with(heap, e.type_name(), e.message(), e.data(), trace)
}
