//! The loop of a worker thread.

use super::turn;
use crate::host::WorkerHost;
use crate::node::{Alarm, Node, Outside, deliver};
use crate::process::signal::Signal;
use crate::report;
use std::sync::atomic::Ordering;

/// How often an idle worker looks around before it parks.
const SPINS: u32 = 100;

/// How many turns pass between two looks at the clock.
const TURNS_PER_CLOCK: u32 = 4;

/// Runs processes until the program ends.
pub fn run(mut host: WorkerHost) {
    let mut turns = 0u32;
    while !host.node.is_stopping() {
        if turns.is_multiple_of(TURNS_PER_CLOCK) {
            fire_timers(&mut host);
        }
        turns = turns.wrapping_add(1);
        let node = host.node.clone();
        let body = host.pick().or_else(|| host.local.fetch(&node.queues, host.me));
        match body {
            Some(body) => {
                if !host.local.is_empty() {
                    // There is more than this worker can do at once.
                    node.idle.wake_one();
                }
                turn::run(&mut host, body);
            }
            None => {
                turns = 0;
                rest(&mut host);
            }
        }
    }
}

/// Fires what is due among this worker's timers.
fn fire_timers(host: &mut WorkerHost) {
    let node = host.node.clone();
    let due = {
        let mut shard = node.timers[host.me].lock();
        let Some(next) = shard.wheel.next_tick() else { return };
        let tick = node.clock.tick();
        if next > tick {
            return;
        }
        let mut due = Vec::new();
        shard.wheel.advance(tick, |alarm| due.push(alarm));
        for alarm in &due {
            if let Alarm::Send { id, .. } = alarm {
                shard.by_ref.remove(id);
            }
        }
        due
    };
    for alarm in due {
        // A process that is gone misses nothing.
        match alarm {
            Alarm::Wait { pid, wait } => {
                let _ = deliver(host, pid, Signal::Timeout { wait });
            }
            Alarm::Send { dest, message, .. } => {
                if let Some(pid) = dest.as_pid().or_else(|| node.whereis(dest)) {
                    let _ = deliver(host, pid, Signal::Message(message));
                }
            }
        }
    }
    if let Some(body) = host.next.take() {
        host.local.push(body);
    }
}

/// Nothing to do: spin a little, then sleep until woken or the next timer.
fn rest(host: &mut WorkerHost) {
    let node = host.node.clone();
    for _ in 0..SPINS {
        std::hint::spin_loop();
        if node.queues.has_work() {
            return;
        }
    }
    node.idle.announce(host.me);
    if node.queues.has_work() || node.is_stopping() {
        node.idle.retract(host.me);
        return;
    }
    let next = node.timers[host.me].lock().wheel.next_tick();
    match next {
        Some(tick) => std::thread::park_timeout(node.clock.until(tick)),
        None => {
            if is_deadlocked(&node) {
                report::deadlock(&node);
            } else {
                std::thread::park();
            }
        }
    }
    node.idle.retract(host.me);
}

/// Whether nothing can ever happen again while the main process still waits.
fn is_deadlocked(node: &Node) -> bool {
    !node.main_ended.load(Ordering::SeqCst)
        && node.idle.count() == node.timers.len()
        && node.jobs.load(Ordering::SeqCst) == 0
        && !node.has_timers()
        && !node.queues.has_work()
        // A woken worker leaves the list before it runs: count again after looking.
        && node.idle.count() == node.timers.len()
        && !node.is_stopping()
}

/// Tells a worker-less thread's signal to a process; for the threads of the runtime itself.
pub fn send_from_outside(node: &Node, pid: rata_vm::value::Pid, signal: Signal) -> bool {
    deliver(&mut Outside(node), pid, signal).is_ok()
}
