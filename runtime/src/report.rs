//! What the runtime tells the user on standard error: crashes, the end of the program, deadlock.

use crate::capture;
use crate::node::Node;
use crate::process::body::{Body, Initial, Status};
use rata_vm::data::{closure, vector_of};
use rata_vm::heap::{Fragment, Heap};
use rata_vm::inspect;
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};
use std::any::Any;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most frames that a report shows of one stack.
const FRAMES: usize = 30;
/// The most bytes that a report shows of one value.
const SHOWN: usize = 8 << 10;

/// The level that is reported from, as the rank that stdlib/log.rata gives it.
static LEVEL: AtomicUsize = AtomicUsize::new(0);
/// The rank from which nothing is reported.
const NONE: usize = 4;

/// The level that is reported from.
pub fn level() -> usize {
    LEVEL.load(Ordering::Relaxed)
}

/// Reports from this level on.
pub fn set_level(rank: usize) {
    LEVEL.store(rank, Ordering::Relaxed);
}

/// A stack trace as a value: a vector of lines.
pub fn trace_value<'h>(heap: &'h Heap, lines: &[String]) -> Value<'h> {
    let lines: Vec<Value<'h>> = lines.iter().map(|l| heap.string(l)).collect();
    vector_of(heap, &lines)
}

/// A value as source, cut short if it is very long.
fn shown(value: Value<'_>) -> String {
    let mut text = String::new();
    if !inspect::inspect_to(value, &mut text, SHOWN) {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push('…');
    }
    text
}

/// `type: message` of an exception, any other value as `inspect` shows it; cut short if very long.
pub fn raised_text(value: Value<'_>) -> String {
    let Some(exception) = value.as_exception() else { return shown(value) };
    let kind = exception.type_name().text();
    match exception.message().as_str() {
        Some(text) if text.len() <= SHOWN => format!("{kind}: {text}"),
        Some(text) => format!("{kind}: {}…", &text[..text.floor_char_boundary(SHOWN)]),
        None => format!("{kind}: {}", shown(exception.message())),
    }
}

/// Reports a process that ended by an exception that nobody caught, or by a limit. Why the program failed is told at any level.
pub fn crash(node: &Node, body: &Body, reason: &Fragment, is_main: bool) {
    if !is_main && level() >= NONE {
        return;
    }
    let mut text = String::new();
    let process = who(node, body, is_main);
    match reason.value().as_list() {
        Some([first, what]) if first.as_symbol() == Some(sym::LIMIT) => {
            let share =
                body.extra.relations.as_ref().and_then(|relations| relations.share.as_ref());
            let limit = body.process.heap.limit();
            if what.as_symbol() == Some(sym::MEMORY) && limit != usize::MAX {
                let _ =
                    writeln!(text, "error: {process} reached its memory limit of {limit} bytes");
            } else if let (Some(sym::MEMORY), Some(share)) = (what.as_symbol(), share) {
                let held = body.process.memory();
                let limit = share.limit();
                let _ = writeln!(
                    text,
                    "error: {process} holds {held} bytes, more than its share of the {limit} that its supervisor's processes may hold together"
                );
            } else {
                let queued = body.process.core.mailbox.len();
                let _ = writeln!(
                    text,
                    "error: {process} reached the limit of its mailbox, with {queued} messages"
                );
            }
        }
        Some([raised, _]) => {
            let _ = writeln!(text, "error: uncaught exception in {process}");
            indent(&mut text, &raised_text(*raised));
        }
        _ => {}
    }
    let lines = match body.process.stacktrace() {
        // A limit may end it in the midst of anything: where it stands is what helps.
        trace if trace.is_empty() => node.trace_lines(&body.process.current_stacktrace(FRAMES + 1)),
        trace => node.trace_lines(&trace),
    };
    for line in lines.iter().take(FRAMES) {
        let _ = writeln!(text, "    at {line}");
    }
    if lines.len() > FRAMES {
        // How many nobody knows: traces are cut as they are taken.
        text.push_str("    …\n");
    }
    if !capture::keeps(&body.extra, &text) {
        node.make_way(body.extra.pid, &text);
        node.output.report(&text);
    }
}

/// A thread of the runtime has panicked: tells so and ends the program, as nobody knows what it has left
/// undone.
pub fn broken(node: &Arc<Node>, cause: &(dyn Any + Send)) {
    let cause = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no cause given");
    let mut text = format!(
        "error: the VM has failed: {cause}\nThis is a defect of rata, not of the program.\n"
    );
    #[cfg(unix)]
    if let Some(path) = crate::inspect::crash::leave(node, &format!("the VM has failed: {cause}")) {
        let _ = writeln!(text, "What it was doing is in {}.", path.display());
    }
    node.output.report(&text);
    node.stop(1);
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
    if let Some(name) = node.names.name_of(body.extra.pid) {
        let _ = write!(text, " ({})", inspect::inspect(Heap::new().immediate(&name)));
    }
    if let Some(label) = body.extra.relations.as_ref().and_then(|r| r.label.as_ref()) {
        let _ = write!(text, " {}", shown(label.value()));
    }
    let initial = initial_text(body.extra.initial);
    if !is_main {
        let _ = write!(text, ", started with {initial}");
    }
    text
}

/// The function that a process was started with.
pub fn initial_text(initial: Initial) -> String {
    match initial {
        Initial::Main => "main".to_string(),
        Initial::Closure(handle) => closure::describe(handle),
        Initial::Named(module, name, arity) => {
            format!("{}.{}/{arity}", module.text(), name.text())
        }
    }
}

/// The main process has ended of itself, there: the program has failed if it says so.
pub fn main_ended(node: &Node, reason: &Fragment, place: &[String]) {
    match exit_code(reason.value()) {
        Some(code) => node.main_ended(code),
        None => main_failed(node, reason, place, false),
    }
}

/// The main process has ended by a mistake or by another one's exit, be that `:shutdown`: the program did not come to its
/// end. Says so, and where if that is known, unless it is reported already, or what it was asked for.
pub fn main_failed(node: &Node, reason: &Fragment, place: &[String], reported: bool) {
    if !reported && !node.is_asked_to_stop() {
        let mut text = format!("error: the main process ended: {}\n", shown(reason.value()));
        for line in place.iter().take(FRAMES) {
            let _ = writeln!(text, "    at {line}");
        }
        node.output.report(&text);
    }
    node.main_ended(1);
}

/// The exit code that a reason asks for: 0 for `:normal`, `:shutdown` and `{:shutdown, why}`, n for
/// `{:shutdown, n}`; none for all that is a failure.
fn exit_code(reason: Value<'_>) -> Option<i32> {
    if let Some(sym::NORMAL | sym::SHUTDOWN) = reason.as_symbol() {
        return Some(0);
    }
    match reason.as_list()? {
        [first, why] if first.as_symbol() == Some(sym::SHUTDOWN) => match why.as_small() {
            // The system keeps eight bits of it: a failure must not become a success.
            Some(code) if (0..=255).contains(&code) => Some(code as i32),
            Some(_) => Some(1),
            None => Some(0),
        },
        _ => None,
    }
}

/// Every process waits and nothing can wake one: says so, who waits where, and ends the program.
pub fn deadlock(node: &Node) {
    let pids = node.table.pids();
    let (mut text, mut all_receive) = (String::new(), true);
    for pid in pids.iter().take(FRAMES) {
        all_receive &= describe_waiting(node, *pid, &mut text);
    }
    let head = match all_receive {
        true => "every process waits for a message, and nothing is left that could send one",
        false => "every process waits for another, and nothing is left that could wake one",
    };
    text.insert_str(0, &format!("error: deadlock: {head}\n"));
    if pids.len() > FRAMES {
        let _ = writeln!(text, "  … and {} more processes", pids.len() - FRAMES);
    }
    node.output.report(&text);
    node.stop(1);
}

/// Tells where a process waits, and whether that is in a receive.
fn describe_waiting(node: &Node, pid: Pid, text: &mut String) -> bool {
    let Some(body) = node.table.get(pid).and_then(|slot| slot.parking.take()) else { return true };
    let is_main = node.is_main(pid);
    let process = who(node, &body, is_main);
    let queued = body.process.core.mailbox.len();
    let (what, receives) = match body.extra.status {
        Status::Loading => ("waits for another to load a module", false),
        Status::Sending => ("waits for room in the mailbox of another", false),
        _ => ("waits in receive", true),
    };
    let _ = write!(text, "  {process} {what}");
    if queued > 0 {
        let plural = if queued == 1 { "" } else { "s" };
        let fit = if receives { "fit no clause" } else { "wait" };
        let _ = write!(text, " ({queued} message{plural} in its mailbox {fit})");
    }
    text.push('\n');
    for line in node.trace_lines(&body.process.current_stacktrace(3)) {
        let _ = writeln!(text, "    at {line}");
    }
    if let Some(slot) = node.table.get(pid) {
        slot.parking.put(body);
    }
    receives
}
