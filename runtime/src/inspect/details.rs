//! What is told of one process: from its body to plain data and text, all of it bounded.

use crate::node::Node;
use crate::process::body::{Body, Status};
use crate::report::initial_text;
use rata_vm::heap::Immediate;
use rata_vm::inspect::inspect_to;
use rata_vm::process::Priority;
use rata_vm::value::{Pid, Value};
use std::fmt::Write;

/// How many links a dump names.
const LINKS: usize = 20;
/// The most bytes of a label or name.
const NAME: usize = 100;

/// See the module's description.
#[derive(Clone, Debug)]
pub struct Details {
    /// Which process.
    pub pid: Pid,
    /// Its registered name.
    pub name: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// The function it was started with.
    pub initial: String,
    /// Who has started it.
    pub parent: Option<Pid>,
    /// What it is about.
    pub status: &'static str,
    /// Whether it turns exits into messages.
    pub trap_exit: bool,
    /// Its priority.
    pub priority: &'static str,
    /// Reductions since its beginning.
    pub reductions: u64,
    /// Bytes that it holds: all, and the parts.
    pub memory: usize,
    /// Of its heap.
    pub heap: usize,
    /// Of its stack.
    pub stack: usize,
    /// Shared data.
    pub off_heap: usize,
    /// Collections.
    pub collections: u64,
    /// Messages in its mailbox.
    pub queue: usize,
    /// The first links, and how many there are.
    pub links: (Vec<Pid>, usize),
    /// Its own monitors, and those of others.
    pub monitors: [usize; 2],
    /// Where it stands: places for `Vm::trace_line`, innermost first.
    pub places: Vec<u64>,
}

/// A status in a word.
pub fn status_text(status: Status) -> &'static str {
    match status {
        Status::Runnable => "runnable",
        Status::Receiving { .. } => "waiting",
        Status::Job => "blocked",
        Status::Loading => "loading",
        Status::Printing => "printing",
        Status::Sending => "sending",
        Status::Held => "held",
    }
}

fn priority_text(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Max => "max",
    }
}

/// One line of at most so many bytes, without control characters.
pub fn tidy(text: &str, most: usize) -> String {
    let mut line: String =
        text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() > most {
        line.truncate(line.floor_char_boundary(most));
    }
    if line.len() < text.len() {
        line.push('…');
    }
    line
}

/// A label as rata shows it.
fn label_text(label: Value<'_>) -> String {
    let mut text = String::new();
    inspect_to(label, &mut text, NAME);
    tidy(&text, NAME)
}

/// A pid as rata shows it.
pub fn pid_text(pid: Pid) -> String {
    rata_vm::inspect::inspect(Value::pid(pid))
}

/// A registered name as rata shows it.
pub fn name_text(name: &Immediate) -> String {
    let text = name.text().as_deref().unwrap_or_default().to_owned();
    match name.word().as_symbol() {
        Some(_) => tidy(&format!(":{text}"), NAME),
        None => tidy(&text, NAME),
    }
}

impl Details {
    /// Looks at a body, at most `frames` deep. Names are looked up later (`named`), off the worker.
    pub fn of(body: &Body, frames: usize) -> Details {
        let (process, core, extra) = (&body.process, &body.process.core, &*body.extra);
        let relations = extra.relations.as_deref();
        let mut links = (Vec::new(), 0);
        if let Some(relations) = relations {
            links.1 = relations.links.len();
            links.0 = relations.links.iter().map(|l| *l.0).take(LINKS).collect();
        }
        Details {
            pid: extra.pid,
            name: None,
            label: relations.and_then(|r| r.label.as_ref()).map(|l| label_text(l.value())),
            initial: initial_text(extra.initial),
            parent: extra.parent.as_pid(),
            status: status_text(extra.status),
            trap_exit: core.trap_exit,
            priority: priority_text(core.priority),
            reductions: core.reductions,
            memory: process.memory() + size_of::<Body>(),
            heap: process.heap.heap_bytes(),
            stack: process.stack_bytes(),
            off_heap: process.heap.off_heap_bytes(),
            collections: process.heap.collections() as u64,
            queue: core.mailbox.len(),
            links,
            monitors: relations.map_or([0, 0], |r| [r.monitors.len(), r.watchers.len()]),
            places: process.current_stacktrace(frames),
        }
    }

    /// With its registered name.
    pub fn named(mut self, node: &Node) -> Details {
        self.name = node.names.name_of(self.pid).as_ref().map(name_text);
        self
    }

    /// What people know it by: its name, its label, or the function it was started with.
    pub fn title(&self) -> String {
        match (&self.name, &self.label) {
            (Some(name), _) => name.clone(),
            (None, Some(label)) => label.clone(),
            (None, None) => self.initial.clone(),
        }
    }

    /// The function it is in.
    pub fn function(&self, node: &Node) -> String {
        let line = self.places.first().and_then(|place| node.vm.trace_line(*place));
        line.map_or_else(String::new, |line| line.to_string())
    }

    /// All of it, for a dump.
    pub fn write(&self, node: &Node, text: &mut String) {
        let pid = pid_text(self.pid);
        let _ = writeln!(text, "process {pid} {}", self.title());
        let parent = self.parent.map_or_else(|| "none".to_owned(), pid_text);
        let _ = writeln!(text, "  started with {} by {parent}", self.initial);
        let trap = if self.trap_exit { ", traps exits" } else { "" };
        let Details { status, priority, reductions, queue, .. } = self;
        let _ = writeln!(
            text,
            "  {status}, priority {priority}{trap}, {reductions} reductions, {queue} in its mailbox"
        );
        let Details { memory, heap, stack, off_heap, collections, .. } = self;
        let _ = writeln!(
            text,
            "  memory {memory}: heap {heap}, stack {stack}, outside {off_heap}; {collections} collections"
        );
        self.write_ties(text);
        for place in &self.places {
            if let Some(line) = node.vm.trace_line(*place) {
                let _ = writeln!(text, "    at {line}");
            }
        }
    }

    fn write_ties(&self, text: &mut String) {
        let (links, count) = &self.links;
        let [own, others] = self.monitors;
        if *count + own + others == 0 {
            return;
        }
        let named: Vec<String> = links.iter().map(|pid| pid_text(*pid)).collect();
        let more = count - links.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(
            text,
            "  links: {}{more}; monitors {own}, monitored by {others}",
            if named.is_empty() { "none".to_owned() } else { named.join(" ") }
        );
    }
}
