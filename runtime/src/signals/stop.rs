//! Stopping the program in order, as SIGTERM asks for.
//!
//! The main process is to the processes below it what a supervisor is to its children: they are asked to end one after the other,
//! the youngest first, each by the exit signal `:shutdown` from its parent's side (from its own, if it was not linked to that from the start), and waited for. Those are the processes that
//! trap exits (so they have something to see to: supervisors, servers that clean up) and are linked to the main process, or were
//! started by it or by one that has ended. What they have started themselves is theirs to stop. One that does not care, that is, that
//! waits after some seconds where it waited before, is left where it is.
//!
//! The main process itself goes on no more meanwhile, unless it traps exits: then it is told before all others, by
//! `{:EXIT, self, :shutdown}`, and has the time that it needs; its end is no exit signal to the others, so that they still end one
//! after the other. All in all that takes no longer than `Options::stop_limit`.

use super::{STOPPED, WAS_STOPPED};
use crate::inspect::look::{Looked, Looking};
use crate::node::{Node, Outside};
use crate::process::body::{Body, Status};
use crate::process::signal::{ExitKind, Signal};
use crate::sched::post::deliver;
use crate::sched::receive::put_exit;
use rata_vm::heap::Fragment;
use rata_vm::symbols::sym;
use rata_vm::value::{Pid, Value};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// How long the main thread has at least to write what is left of the output.
pub const GRACE: Duration = Duration::from_secs(3);
/// How long a process may take that has not said what it does with exits: it is busy.
const BUSY: Duration = Duration::from_millis(500);
/// After so long we look whether a process that was asked is at it, or does not care.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many frames tell one place from another.
const PLACES: usize = 20;
/// How often we look whether a process has ended.
const STEP: Duration = Duration::from_millis(1);

/// A process that is asked to end.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Top {
    pid: Pid,
    /// Whose exit it learns of.
    from: Pid,
    /// Where it waits for messages, if it does.
    place: Option<Vec<u64>>,
}

/// Stops the program: when this returns the exit code is set, and the node is ending. Gives the time at which all is to be
/// over.
pub fn stop(node: &Node) -> Instant {
    let until = Instant::now() + node.options.stop_limit;
    let looking = Looking::at(node);
    if !node.begin_to_stop() {
        return until;
    }
    let main = node.main_pid().filter(|pid| node.table.get(*pid).is_some());
    let before = node.code_of_main();
    if let Some(pid) = main {
        stop_main(&looking, pid, until);
    }
    for top in tops(&looking, node.main_pid()) {
        ask(node, top.pid, top.from);
        let mut cares = true;
        while cares && !wait_for(node, top.pid, until.min(Instant::now() + PATIENCE)) {
            cares = Instant::now() < until && !node.is_stopping() && is_at_it(&looking, &top);
        }
        if Instant::now() >= until || node.is_stopping() {
            break;
        }
    }
    // One that has seen to its end itself says how it went.
    let own = if before.is_none() { node.code_of_main() } else { None };
    if own.is_none() && !node.is_stopping() {
        WAS_STOPPED.store(true, Ordering::SeqCst);
    }
    node.stop(own.unwrap_or(STOPPED));
    until
}

/// Has the main process go on no more; or tells it, if it traps exits, and waits for its end.
fn stop_main(looking: &Looking<'_>, pid: Pid, until: Instant) {
    let node = looking.node();
    let holds = looking.look_until(pid, until.min(Instant::now() + PATIENCE), move |body| {
        let holds = !body.process.core.trap_exit;
        if holds {
            body.extra.status = Status::Held;
        } else {
            put_exit(body, pid, Value::symbol(sym::SHUTDOWN));
        }
        holds
    });
    if holds != Some(false) {
        return;
    }
    // It may wait for just that.
    let _ = deliver(&mut Outside(node), pid, Signal::Nudge);
    if wait_for(node, pid, until.min(Instant::now() + PATIENCE)) {
        return;
    }
    // It waits, and left the message where it is: it does not care. Whoever took it is at work.
    let ignores = looking.look_until(pid, Instant::now() + BUSY, |body| {
        matches!(body.extra.status, Status::Receiving { .. })
            && !body.process.core.mailbox.is_empty()
    });
    if ignores != Some(true) {
        wait_for(node, pid, until);
    }
}

/// The processes to ask, the youngest first.
fn tops(looking: &Looking<'_>, main: Option<Pid>) -> Vec<Top> {
    let node = looking.node();
    let mut found = Vec::new();
    let mut later = Vec::new();
    for pid in node.table.pids() {
        if Some(pid) == main {
            continue;
        }
        match looking.look(pid, move |body| describe(body, main)) {
            Looked::Now(known) => found.extend(known),
            Looked::Gone => {}
            asked => later.push(asked),
        }
    }
    let until = Instant::now() + BUSY;
    found.extend(later.into_iter().filter_map(|asked| asked.by(until).ok().flatten()));
    let mut tops: Vec<Top> = found
        .into_iter()
        .filter(|(_, parent)| parent.is_none_or(|p| node.table.get(p).is_none() || Some(p) == main))
        .map(|(top, _)| top)
        .collect();
    tops.sort_by_key(|top| std::cmp::Reverse(top.pid.serial()));
    tops
}

/// What is to be known of a process that traps exits: its parent counts unless it is linked to the main process.
fn describe(body: &mut Body, main: Option<Pid>) -> Option<(Top, Option<Pid>)> {
    let extra = &body.extra;
    if !body.process.core.trap_exit {
        return None;
    }
    let linked =
        main.is_some_and(|main| extra.relations.as_ref().is_some_and(|r| r.linked_to(main)));
    let parent = extra.parent.as_pid();
    let from = if linked { main } else { parent.filter(|_| extra.born_linked) };
    let top = Top { pid: extra.pid, from: from.unwrap_or(extra.pid), place: place(body) };
    Some((top, if linked { None } else { parent }))
}

/// Where a process waits for messages, if it does.
fn place(body: &mut Body) -> Option<Vec<u64>> {
    let waits = matches!(body.extra.status, Status::Receiving { .. });
    waits.then(|| body.process.current_stacktrace(PLACES))
}

/// Whether a process that was asked to end does something about it. One that waits where it waited before does not.
fn is_at_it(looking: &Looking<'_>, top: &Top) -> bool {
    let now = looking.look_until(top.pid, Instant::now() + BUSY, place);
    !now.is_some_and(|place| place.is_some() && place == top.place)
}

fn ask(node: &Node, pid: Pid, from: Pid) {
    let reason = Fragment::copy_of(Value::symbol(sym::SHUTDOWN));
    // Who has ended meanwhile needs no asking.
    let _ = deliver(&mut Outside(node), pid, Signal::Exit { from, kind: ExitKind::Asked, reason });
}

/// Waits for the end of a process: false if it is still alive by then.
fn wait_for(node: &Node, pid: Pid, until: Instant) -> bool {
    while node.table.get(pid).is_some() {
        if Instant::now() >= until || node.is_stopping() {
            return false;
        }
        thread::sleep(STEP);
    }
    true
}
