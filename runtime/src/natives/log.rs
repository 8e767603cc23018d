//! Natives of Log: lines on standard error, the level shown from, and values cut short for them.

use crate::output::Stream;
use crate::report;
use rata_vm::inspect::inspect_to;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;
use rata_vm::{Symbol, sym};
use std::fmt::Write;

/// How many bytes of what was raised are shown.
const RAISED: usize = 4000;

/// `level()`
pub fn log_level<'h>(_cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Native<'h> {
    Native::Value(Value::count(report::level()))
}

/// `set_level(rank)`
pub fn log_set_level<'h>(_cx: &mut Cx<'h, '_>, [rank]: [Value<'h>; 1]) -> Native<'h> {
    report::set_level(rank.as_small().unwrap_or(0).max(0) as usize);
    Native::Value(Value::symbol(sym::OK))
}

/// `write(level, text)`: one line, the further lines of the text indented.
pub fn log_write<'h>(cx: &mut Cx<'h, '_>, [level, text]: [Value<'h>; 2]) -> Native<'h> {
    let level = level.as_symbol().map(Symbol::text);
    let level = level.as_deref().unwrap_or("info");
    let text = text.as_str().unwrap_or_default();
    let mut line = format!("[{level}] ");
    let mut lines = text.lines();
    line.push_str(lines.next().unwrap_or_default());
    line.push('\n');
    for more in lines {
        let _ = writeln!(line, "  {more}");
    }
    // Who logs much is slowed down.
    crate::host::write(cx, Stream::Err, &line, Value::symbol(sym::OK))
}

/// `raised(value)`: `type: message` of an exception, the start of any other value as source.
pub fn log_raised<'h>(cx: &mut Cx<'h, '_>, [value]: [Value<'h>; 1]) -> Native<'h> {
    let mut text = report::raised_text(value);
    if text.len() > RAISED {
        text.truncate(text.floor_char_boundary(RAISED));
        text.push('…');
    }
    cx.charge(text.len() as u64 / 64);
    Native::Value(cx.heap().string(&text))
}

/// `show(value, limit)`: the start of the value as source, at most about `limit` bytes.
pub fn log_show<'h>(cx: &mut Cx<'h, '_>, [value, limit]: [Value<'h>; 2]) -> Native<'h> {
    let limit = limit.as_small().map_or(0, |n| n.clamp(0, 1 << 20) as usize);
    let mut text = String::new();
    if !inspect_to(value, &mut text, limit) {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
    cx.charge(text.len() as u64 / 64);
    Native::Value(cx.heap().string(&text))
}
