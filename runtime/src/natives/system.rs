//! Natives of System: the command line, the environment, clocks, cores, memory, other programs.

use super::process::host;
use super::support::{Answer, Arg, value};
use rata_vm::Symbol;
use rata_vm::data::int;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::vector_of;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::symbols::sym;
use rata_vm::value::{Value, Word};
use std::process::{Command, ExitStatus};

/// `argv()`
pub fn system_argv<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    let node = host(cx).node.clone();
    let heap = cx.heap();
    let args: Vec<_> = node.options.args.iter().map(|arg| heap.string(arg)).collect();
    value(vector_of(heap, &args))
}

/// `env(name)`: a variable's text, or nil; all of them as a map without a name.
pub fn system_env<'h>(cx: &mut Cx<'h, '_>, [name]: [Value<'h>; 1]) -> Answer<'h> {
    let heap = cx.heap();
    if name.is_nil() {
        let mut all = MapBuilder::new();
        for (name, text) in std::env::vars_os() {
            let (name, text) = (name.to_string_lossy(), text.to_string_lossy());
            all.put(heap, heap.string(&name), heap.string(&text));
        }
        return value(all.finish(heap));
    }
    let name = Arg("System.env", "name").text(cx, name)?;
    // A name with these characters is no name for the system.
    let found = match name.is_empty() || name.contains(['=', '\0']) {
        true => None,
        false => std::env::var_os(name),
    };
    value(found.map_or(Value::NIL, |text| heap.string(&text.to_string_lossy())))
}

/// Nanoseconds in a unit, rounded down.
fn in_unit<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    nanoseconds: i128,
    unit: Value<'h>,
) -> Answer<'h> {
    let size = match unit.as_symbol() {
        Some(sym::S) => 1_000_000_000,
        Some(sym::MS) => 1_000_000,
        Some(sym::US) => 1_000,
        Some(sym::NS) => 1,
        _ => return Err(Arg(function, "unit").bad(cx, ":s, :ms, :us or :ns", unit)),
    };
    value(int::wide(cx.heap(), nanoseconds.div_euclid(size)))
}

/// `monotonic_time(unit)`: since the program began; never runs backwards.
pub fn system_monotonic_time<'h>(cx: &mut Cx<'h, '_>, [unit]: [Value<'h>; 1]) -> Answer<'h> {
    let now = host(cx).node.clock.nanoseconds() as i128;
    in_unit(cx, "System.monotonic_time", now, unit)
}

/// `os_time(unit)`: since the beginning of 1970.
pub fn system_os_time<'h>(cx: &mut Cx<'h, '_>, [unit]: [Value<'h>; 1]) -> Answer<'h> {
    let now = host(cx).node.clock.system_nanoseconds();
    in_unit(cx, "System.os_time", now, unit)
}

/// `cores()`: how many processes can run at the same time.
pub fn system_cores<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    value(Value::count(host(cx).node.timers.len()))
}

/// Bytes of memory that the program holds, as the system counts; nil where that is unknown.
pub fn system_memory<'h>(_cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        let resident = text.split_whitespace().nth(1)?;
        resident.parse::<usize>().ok()
    });
    const PAGE: usize = 4096;
    value(pages.map_or(Value::NIL, |pages| Value::count(pages * PAGE)))
}

/// `version()`
pub fn system_version<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    value(cx.heap().string(env!("CARGO_PKG_VERSION")))
}

/// The end of the program is under way: the process that asked for it does nothing more.
struct Halting;

impl Resume for Halting {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        cx.core.budget = 0;
        Native::suspend(self)
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

/// `halt(code)`
pub fn system_halt<'h>(cx: &mut Cx<'h, '_>, [code]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("System.halt", "code");
    let code_number = arg.int(cx, code)?;
    if !(0..=255).contains(&code_number) {
        return Err(arg.bad(cx, "from 0 to 255", code));
    }
    host(cx).node.stop(code_number as i32);
    cx.core.budget = 0;
    Ok(Native::suspend(Box::new(Halting)))
}

/// A program to be run.
struct Run {
    program: String,
    args: Vec<String>,
    folder: Option<String>,
}

/// How it went: output and exit code, or why it could not be started.
struct Ran(Result<(String, i32), &'static str>);

impl Job for Run {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(std::process::Stdio::null());
        command.stderr(std::process::Stdio::inherit());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        Box::new(Ran(match command.output() {
            Ok(out) => {
                let text = String::from_utf8_lossy(&out.stdout).into_owned();
                Ok((text, exit_code(out.status)))
            }
            Err(error) => Err(super::support::files::reason(&error)),
        }))
    }
}

/// The exit code; 128 and the signal's number for a program that a signal has ended, as shells give it.
fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(-1)
}

impl Resume for Ran {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let heap = cx.heap();
        Native::Value(match &self.0 {
            Ok((text, code)) => {
                let result = heap.list(&[heap.string(text), heap.int(i64::from(*code))]);
                heap.list(&[Value::symbol(sym::OK), result])
            }
            Err(reason) => {
                heap.list(&[Value::symbol(sym::ERROR), Value::symbol(Symbol::intern(reason))])
            }
        })
    }

    fn trace(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

/// `cmd(program, args, folder)`: `{:ok, {output, exit code}}` or `{:error, reason}`.
pub fn system_cmd<'h>(cx: &mut Cx<'h, '_>, [program, args, folder]: [Value<'h>; 3]) -> Answer<'h> {
    let program = Arg("System.cmd", "program").text(cx, program)?.to_owned();
    let arg = Arg("System.cmd", "args");
    let list = arg.seq(cx, args)?;
    let mut args = Vec::new();
    for i in 0..list.len() {
        let text = list.get(cx.heap(), i).unwrap_or(Value::NIL);
        args.push(arg.text(cx, text)?.to_owned());
    }
    let folder = match folder.is_nil() {
        true => None,
        false => Some(Arg("System.cmd", "folder").text(cx, folder)?.to_owned()),
    };
    Ok(Native::offload(Box::new(Run { program, args, folder })))
}
