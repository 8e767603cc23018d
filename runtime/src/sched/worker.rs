//! The loop of a worker thread.

use super::shard::Alarm;
use super::turn;
use crate::host::WorkerHost;
use crate::node::Node;
use crate::process::body::Body;
use crate::process::signal::Signal;
use crate::report;
use crate::sched::post::{deliver, ring};
use crate::world::TICKS_PER_MS;
use rata_vm::heap::Fragment;
use rata_vm::value::Value;
use rata_vm::{Symbol, vm};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// How often an idle worker looks around before it parks.
const SPINS: u32 = 100;

/// How many ticks a timer may be late before another worker than its own fires it.
const PATIENCE: u64 = 6;
/// While others work, one idle worker looks around once in so many ticks: they may be kept for long by one process, and
/// have set timers or made work meanwhile.
const ROUND: u64 = 3 * TICKS_PER_MS;
/// The allocator returns memory to the system once it has been free for about so many ticks.
const HELD: u64 = 1100 * TICKS_PER_MS;

/// Runs processes until the program ends.
pub fn run(host: WorkerHost) {
    let node = Arc::clone(&host.node);
    // A defect of the VM must not leave the program hanging with a worker less.
    if let Err(cause) = catch_unwind(AssertUnwindSafe(|| work(host, &node))) {
        report::broken(&node, &*cause);
    }
}

fn work(mut host: WorkerHost, node: &Arc<Node>) {
    let mut loads = vm::loads_ended();
    while !node.is_stopping() {
        if host.looks_at_clock() {
            fire_timers(&mut host, node);
            host.trim();
        }
        if node.is_seeded() {
            ring_in_real_time(&mut host, node);
        }
        let found = host.pick().or_else(|| match node.is_seeded() {
            true => pass_time(&mut host, node),
            false => search(&mut host, node),
        });
        let Some(body) = found else { break };
        if !host.local.is_empty() {
            // There is more than this worker can do at once.
            node.idle.hint();
        }
        turn::run(&mut host, node, body);
        let now = vm::loads_ended();
        if now != loads {
            loads = now;
            turn::wake_loading(&mut host);
        }
    }
}

/// Fires what is due among this worker's timers, and what others are too busy to fire.
fn fire_timers(host: &mut WorkerHost, node: &Node) {
    if !node.has_timers() {
        return;
    }
    let tick = node.clock.tick();
    for (other, shard) in node.timers.iter().enumerate() {
        let patience = if other == host.me { 0 } else { PATIENCE };
        if shard.next().is_some_and(|next| next.saturating_add(patience) <= tick) {
            shard.fire(tick, |alarm| fire(host, node, alarm));
        }
    }
    if let Some(body) = host.next.take() {
        host.local.push(body);
    }
}

/// Does what a timer was set for. What comes back is to be set again, for that deadline.
pub fn fire(host: &mut WorkerHost, node: &Node, alarm: Alarm) -> Option<(u64, Alarm)> {
    // A process that is gone misses nothing.
    match alarm {
        Alarm::Wait { pid, number } => {
            return ring(host, pid, number).map(|deadline| (deadline, alarm));
        }
        Alarm::Idle { pid, reductions } => {
            let _ = deliver(host, pid, Signal::Idle { reductions });
        }
        Alarm::Send { dest, message, .. } => {
            if let Some(pid) = dest.word().as_pid().or_else(|| node.whereis(dest.word())) {
                let _ = deliver(host, pid, Signal::Message(message));
            }
        }
    }
    None
}

/// Tells whoever has asked to be told when so much time has really passed.
fn ring_in_real_time(host: &mut WorkerHost, node: &Node) {
    if let Some(pid) = node.real_alarm.due(&node.clock) {
        let late = Value::symbol(Symbol::intern("$tests_late"));
        // Who has ended need not know.
        let _ = deliver(host, pid, Signal::Message(Fragment::copy_of(late)));
    }
}

/// Nothing to do in a deterministic run: the time of the next timer comes at once. `None` when the program ends.
fn pass_time(host: &mut WorkerHost, node: &Arc<Node>) -> Option<Box<Body>> {
    loop {
        fire_timers(host, node);
        if let Some(body) = host.pick() {
            return Some(body);
        }
        if node.is_stopping() {
            return None;
        }
        match node.timers[host.me].next() {
            Some(tick) => node.clock.pass_until(tick),
            None if node.has_main_ended() || node.is_busy_outside() => {
                std::thread::sleep(Duration::from_millis(1));
            }
            None => report::deadlock(node),
        }
    }
}

/// Nothing to do here: looks around for a while, then sleeps until woken or the next timer. `None`
/// when the program ends.
fn search(host: &mut WorkerHost, node: &Arc<Node>) -> Option<Box<Body>> {
    node.idle.search();
    loop {
        if let Some(body) = look_around(host, node) {
            if node.idle.found() && node.queues.has_work() {
                node.idle.wake_one();
            }
            return Some(body);
        }
        if node.is_stopping() {
            return None;
        }
        node.idle.announce(host.me);
        let memory = held_memory(host, node);
        if memory != Held::Due && !node.queues.has_work() && !node.is_stopping() {
            rest(host, node, memory);
        }
        node.idle.retract(host.me);
        if memory == Held::Due {
            // That may take long: the others are to see that this worker's timers are theirs meanwhile.
            node.idle.wake_all();
            host.freed = None;
            rata_vm::heap::return_memory();
        }
    }
}

fn look_around(host: &mut WorkerHost, node: &Node) -> Option<Box<Body>> {
    fire_timers(host, node);
    for _ in 0..SPINS {
        let mine = host.local.pop(&node.queues, host.me);
        if let Some(body) = mine.or_else(|| host.local.fetch(&node.queues, host.me)) {
            return Some(body);
        }
        if node.is_stopping() {
            return None;
        }
        std::hint::spin_loop();
    }
    None
}

/// Sleeps. The worker is announced as idle.
fn rest(host: &mut WorkerHost, node: &Node, memory: Held) {
    let memory = if let Held::Until(tick) = memory { Some(tick) } else { None };
    let own = node.timers[host.me].next();
    let others = node.timers.iter().enumerate().filter(|(other, _)| {
        // An idle worker looks after its timers itself.
        *other != host.me && !node.idle.is_idle(*other)
    });
    let others = others.filter_map(|(_, shard)| shard.next()).min();
    let others = others.map(|tick| tick.saturating_add(PATIENCE));
    let round = node.idle.does_rounds(host.me, node.timers.len());
    let round = round.then(|| node.clock.tick() + ROUND);
    if own.is_none() && others.is_none() && round.is_none() && is_deadlocked(node) {
        return report::deadlock(node);
    }
    match [own, others, round, memory].into_iter().flatten().min() {
        Some(tick) => std::thread::park_timeout(node.clock.until(tick)),
        None => std::thread::park(),
    }
}

/// What the allocator holds that was freed by this worker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Nothing.
    Nothing,
    /// Something that it is to return then, if it is not needed before.
    Until(u64),
    /// Something that it is to return now.
    Due,
}

fn held_memory(host: &mut WorkerHost, node: &Node) -> Held {
    if !rata_vm::heap::may_hold_memory() {
        host.freed = None;
        return Held::Nothing;
    }
    let now = node.clock.tick();
    match *host.freed.get_or_insert(now.saturating_add(HELD)) {
        again if again > now => Held::Until(again),
        _ => Held::Due,
    }
}

/// Whether nothing can ever happen again while the main process still waits. Without the main process
/// the program was asked to go on (`--no-halt`): it waits to be told to stop.
fn is_deadlocked(node: &Node) -> bool {
    let quiet = || !node.is_busy_outside() && !node.has_timers() && !node.queues.has_work();
    !node.has_main_ended() && node.idle.all_rest(node.timers.len(), quiet) && !node.is_stopping()
}
