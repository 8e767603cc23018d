//! Natives of File: whole files as text, read on a thread of the pool.

use super::support::files::reason;
use super::support::{Answer, Arg};
use rata_vm::Symbol;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};

struct Read {
    path: String,
    raise: bool,
}

/// What was read: the text, or a symbol and a text that say why it was not.
struct Arrived {
    text: Result<String, (&'static str, String)>,
    raise: bool,
}

impl Job for Read {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let path = &self.path;
        let text = match std::fs::read(path) {
            Err(e) => Err((reason(&e), format!("{path}: {e}"))),
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| ("invalid_utf8", format!("{path}: the file is not valid UTF-8"))),
        };
        Box::new(Arrived { text, raise: self.raise })
    }
}

impl Resume for Arrived {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let heap = cx.heap();
        match self.text {
            Ok(text) if self.raise => Native::Value(heap.string(&text)),
            Ok(text) => Native::Value(heap.list(&[Value::symbol(sym::OK), heap.string(&text)])),
            Err((kind, text)) if self.raise => Native::Raise(cx.error(Symbol::intern(kind), &text)),
            Err((kind, _)) => {
                let kind = Value::symbol(Symbol::intern(kind));
                Native::Value(heap.list(&[Value::symbol(sym::ERROR), kind]))
            }
        }
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

fn read<'h>(cx: &mut Cx<'h, '_>, function: &'static str, path: Value<'h>) -> Answer<'h> {
    let path = Arg(function, "path").text(cx, path)?.to_owned();
    let raise = function.ends_with('!');
    Ok(Native::offload(Box::new(Read { path, raise })))
}

/// `read(path)`: `{:ok, text}` or `{:error, reason}`.
pub fn file_read<'h>(cx: &mut Cx<'h, '_>, [path]: [Value<'h>; 1]) -> Answer<'h> {
    read(cx, "File.read", path)
}

/// `read!(path)`: the text, or an exception whose type is the reason.
pub fn file_must_read<'h>(cx: &mut Cx<'h, '_>, [path]: [Value<'h>; 1]) -> Answer<'h> {
    read(cx, "File.read!", path)
}
