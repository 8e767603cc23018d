//! Natives of IO: standard output through the node's writer, standard input on a thread of the pool.

use super::support::{Answer, Arg};
use crate::host::WorkerHost;
use crate::output::{Output, Stream};
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::print::{Part, print};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};
use std::io::{BufRead, Read};

/// Natives that print the text that a value has been made: name, stream, what follows it.
macro_rules! printers {
    ($($(#[$doc:meta])* $name:ident $stream:ident $end:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
            Ok(print(cx, [Part::Display(v), Part::Text($end)], |cx, text| {
                crate::host::write(cx, Stream::$stream, &text, Value::symbol(sym::OK))
            }))
        }
    )* };
}

printers! {
    /// A text and a newline; who writes faster than it can be shown is held up. The answer is `:ok`.
    io_puts Out "\n";
    /// A text alone.
    io_print Out "";
    /// A text and a newline on standard error.
    io_error Err "\n";
}

/// The text of a value as source, after a label if there is one.
pub fn io_inspect<'h>(cx: &mut Cx<'h, '_>, [source, label]: [Value<'h>; 2]) -> Answer<'h> {
    let [label, colon] = super::core::labelled(label);
    let parts = [label, colon, Part::Display(source), Part::Text("\n")];
    Ok(print(cx, parts, |cx, text| {
        crate::host::write(cx, Stream::Out, &text, Value::symbol(sym::OK))
    }))
}

/// How much is read.
#[derive(Clone, Copy)]
enum Wanted {
    Line,
    All,
}

/// Reads standard input. What was printed before is shown first, so that a question is seen.
struct ReadInput(Output, Wanted);

/// What was read: text, nothing at the end of the input, or why it cannot be read.
struct Input(Result<Option<String>, String>);

impl Job for ReadInput {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let ReadInput(output, wanted) = *self;
        output.flush();
        #[cfg(unix)]
        let _turn = match wanted {
            Wanted::Line => crate::signals::terminal::wait_for_line(),
            Wanted::All => None,
        };
        let mut input = std::io::stdin().lock();
        let mut bytes = Vec::new();
        let result = match wanted {
            Wanted::Line => input.read_until(b'\n', &mut bytes),
            Wanted::All => input.read_to_end(&mut bytes),
        };
        let text = |bytes| String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned());
        Box::new(Input(match (result, wanted) {
            (Err(e), _) => Err(e.to_string()),
            (Ok(0), Wanted::Line) => Ok(None),
            (Ok(_), _) => text(bytes).map(Some),
        }))
    }
}

impl Resume for Input {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        match self.0 {
            Ok(Some(text)) => Native::Value(cx.heap().string(&text)),
            Ok(None) => Native::Value(Value::symbol(sym::EOF)),
            Err(why) => {
                Native::Raise(cx.runtime_error(&format!("cannot read standard input: {why}")))
            }
        }
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

fn read<'h>(cx: &mut Cx<'h, '_>, wanted: Wanted) -> Answer<'h> {
    let host = cx.host::<WorkerHost>().expect("processes run on workers");
    let output = host.node.output.clone();
    Ok(Native::offload(Box::new(ReadInput(output, wanted))))
}

/// `gets(prompt)`: a line with its end, or `:eof`.
pub fn io_gets<'h>(cx: &mut Cx<'h, '_>, [prompt]: [Value<'h>; 1]) -> Answer<'h> {
    if !prompt.is_nil() {
        let prompt = Arg("IO.gets", "prompt").text(cx, prompt)?;
        // No matter how much waits: reading shows it all first.
        if let Some(host) = cx.host::<WorkerHost>() {
            host.say(Stream::Out, prompt);
        }
    }
    read(cx, Wanted::Line)
}

/// `read()`: all that is left of standard input.
pub fn io_read<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    read(cx, Wanted::All)
}
