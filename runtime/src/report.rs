//! What the runtime tells the user on standard error: crashes, the end of the program, deadlock.

use crate::node::Node;
use crate::output::Stream;
use crate::process::body::{Body, Initial, Status};
use rata_vm::data::{closure, vector_of};
use rata_vm::heap::{Fragment, Heap};
use rata_vm::inspect;
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// The most frames that a report shows of one stack.
const FRAMES: usize = 30;

/// A stack trace as a value: a vector of lines.
pub fn trace_value<'h>(heap: &'h Heap, lines: &[String]) -> Value<'h> {
    let lines: Vec<Value<'h>> = lines.iter().map(|l| heap.string(l)).collect();
    vector_of(heap, &lines)
}

/// `type: message` of an exception, any other value as `inspect` shows it.
pub fn raised_text(value: Value<'_>) -> String {
    match value.as_exception() {
        Some(e) => {
            let kind = e.type_name().text();
            match e.message().as_str() {
                Some(text) => format!("{kind}: {text}"),
                None => format!("{kind}: {}", inspect::inspect(e.message())),
            }
        }
        None => inspect::inspect(value),
    }
}

/// Reports a process that ended by an exception that nobody caught, or by a limit.
pub fn crash(node: &Node, body: &Body, reason: &Fragment, is_main: bool) {
    let mut text = String::new();
    let process = who(node, body, is_main);
    match reason.value().as_list() {
        Some([first, _]) if first.as_symbol() == Some(sym::LIMIT) => {
            let _ = writeln!(
                text,
                "error: {process} reached its memory limit of {} bytes",
                body.process.heap.limit()
            );
        }
        Some([raised, _]) => {
            let _ = writeln!(text, "error: uncaught exception in {process}");
            indent(&mut text, &raised_text(*raised));
        }
        _ => {}
    }
    let lines = node.trace_lines(&body.process.stacktrace());
    for line in lines.iter().take(FRAMES) {
        let _ = writeln!(text, "    at {line}");
    }
    if lines.len() > FRAMES {
        let _ = writeln!(text, "    … {} more", lines.len() - FRAMES);
    }
    node.output.write(Stream::Err, &text);
}

fn indent(text: &mut String, block: &str) {
    for line in block.lines() {
        let _ = writeln!(text, "  {line}");
    }
}

fn who(node: &Node, body: &Body, is_main: bool) -> String {
    let pid = inspect::inspect(Value::pid(body.extra.pid));
    let mut text =
        if is_main { format!("the main process {pid}") } else { format!("process {pid}") };
    if let Some(relations) = &body.extra.relations {
        if let Some(name) = relations.name {
            let _ = write!(text, " ({})", inspect::inspect(body.process.heap.value(name)));
        }
        if let Some(label) = &relations.label {
            let _ = write!(text, " \"{label}\"");
        }
    }
    let initial = initial_text(node, body.extra.initial);
    if !is_main {
        let _ = write!(text, ", started with {initial}");
    }
    text
}

/// The function that a process was started with.
pub fn initial_text(_node: &Node, initial: Initial) -> String {
    match initial {
        Initial::Main => "main".to_string(),
        Initial::Closure(handle) => closure::describe(handle),
        Initial::Named(module, name, arity) => {
            format!("{}.{}/{arity}", module.text(), name.text())
        }
    }
}

/// The main process has ended: so does the program, unless it is to go on without.
pub fn main_ended(node: &Node, reason: &Fragment, reported: bool) {
    node.main_ended.store(true, Ordering::SeqCst);
    let value = reason.value();
    let mut code = exit_code(value);
    if reported {
        code = 1;
    } else if code != 0 && shutdown_code(value).is_none() {
        let text = format!("error: the main process ended: {}\n", inspect::inspect(value));
        node.output.write(Stream::Err, &text);
    }
    if !node.options.no_halt || code != 0 {
        node.stop(code);
    }
}

/// 0 for `:normal` and `:shutdown`, n for `{:shutdown, n}`, otherwise 1.
fn exit_code(reason: Value<'_>) -> i32 {
    match reason.as_symbol() {
        Some(sym::NORMAL | sym::SHUTDOWN) => 0,
        _ => shutdown_code(reason).unwrap_or(1),
    }
}

fn shutdown_code(reason: Value<'_>) -> Option<i32> {
    let [first, code] = reason.as_list()? else { return None };
    (first.as_symbol() == Some(sym::SHUTDOWN)).then(|| code.as_small())?.map(|c| c as i32)
}

/// Every process waits and nothing can wake one: says so, who waits where, and ends the program.
pub fn deadlock(node: &Node) {
    let mut text = String::from(
        "error: deadlock: every process waits for a message, and nothing is left that could send one\n",
    );
    let pids = node.table.pids();
    for pid in pids.iter().take(FRAMES) {
        describe_waiting(node, *pid, &mut text);
    }
    if pids.len() > FRAMES {
        let _ = writeln!(text, "  … and {} more processes", pids.len() - FRAMES);
    }
    node.output.write(Stream::Err, &text);
    node.stop(1);
}

fn describe_waiting(node: &Node, pid: Pid, text: &mut String) {
    let Some(body) = node.table.get(pid).and_then(|slot| slot.parking.take()) else { return };
    let is_main = *node.main.lock() == Some(pid);
    let process = who(node, &body, is_main);
    let queued = body.process.core.mailbox.len();
    let what = match body.extra.status {
        Status::Loading => "waits for a module to load",
        _ => "waits in receive",
    };
    let _ = write!(text, "  {process} {what}");
    if queued > 0 {
        let plural = if queued == 1 { "" } else { "s" };
        let _ = write!(text, " ({queued} message{plural} in its mailbox fit no clause)");
    }
    text.push('\n');
    for line in node.trace_lines(&body.process.current_stacktrace(3)) {
        let _ = writeln!(text, "    at {line}");
    }
    if let Some(slot) = node.table.get(pid) {
        slot.parking.put(body);
    }
}
