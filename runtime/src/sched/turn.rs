//! One process's turn: its signals, then its code, then what became of it.

use super::exit::{self, Reason};
use super::gather;
use super::post::{deliver, lay_down, waits_for_room};
use super::receive::{let_catch_up, let_go_on, take_signals};
use super::shard::Alarm;
use crate::host::{SWITCH, WorkerHost};
use crate::node::{Node, Outside};
use crate::process::body::{Body, Extra, Hold, Status};
use crate::process::signal::Signal;
use crate::process::table::Slot;
use rata_vm::heap::Fragment;
use rata_vm::process::{Outcome, Wait};
use rata_vm::vm::{LoadState, ModuleIndex};
use rata_vm::{interp, native::Job};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How long a process with a large heap waits before it counts as idle.
const IDLE_MS: u64 = 200;

/// Gives a body its turn.
pub fn run(host: &mut WorkerHost, node: &Arc<Node>, mut body: Box<Body>) {
    host.spend(SWITCH);
    if let Some(leaving) = body.extra.unfinished.as_mut().and_then(|u| u.leaving.take()) {
        exit::tell(host, body, leaving);
        return;
    }
    let slot = node.table.get(body.extra.pid).expect("it lives");
    let pace = body.extra.pace;
    let mut budget = host.turn(pace);
    let measured = host.paced && pace.is_busy();
    let began = measured.then(|| node.clock.nanoseconds());
    loop {
        if let Some(reason) = take_signals(host, slot, &mut body) {
            exit::end(host, body, reason);
            return;
        }
        if matches!(
            body.extra.status,
            Status::Job | Status::Printing | Status::Sending | Status::Held
        ) {
            let_catch_up(host, &mut body, true);
            park(host, slot, body);
            let_go_on(host);
            return;
        }
        host.tracing = body.extra.traced().is_some();
        let outcome = match host.tracing {
            false => execute(host, node, &mut body, budget),
            true => execute_traced(host, node, &mut body, budget),
        };
        host.spend(budget.saturating_sub(body.process.core.budget));
        let goes_on = matches!(outcome, Outcome::Yield | Outcome::Wait(_));
        if goes_on && body.extra.relations.is_some() && holds_too_much(&mut body) {
            exit::end(host, body, Reason::Memory);
            return;
        }
        if body.extra.keeps_others_waiting() {
            grant_room(host, &mut body);
            let holds = body.extra.unfinished.as_ref().is_some_and(|u| u.hold.is_some());
            let_catch_up(host, &mut body, holds || !matches!(outcome, Outcome::Yield));
        }
        // A receive that met a signal goes on at once when the signal has been handled.
        budget = body.process.core.budget;
        let yields = matches!(outcome, Outcome::Yield);
        if !(yields && budget > 0 && body.extra.has_pending()) {
            body.extra.pace = match yields && budget <= 0 {
                true => {
                    let took = |began| node.clock.nanoseconds().saturating_sub(began);
                    pace.after_full_turn(began.map(took))
                }
                false => pace.after_rest(),
            };
            settle(host, slot, body, outcome);
            let_go_on(host);
            return;
        }
        let_go_on(host);
    }
}

#[inline(always)]
fn execute(host: &mut WorkerHost, node: &Node, body: &mut Body, budget: i64) -> Outcome {
    body.extra.status = Status::Runnable;
    host.extra = body.extra.lend();
    let outcome = interp::run(&mut body.process, &node.vm, host, budget);
    body.extra.give_back(host.extra.take());
    if host.gathered.is_any() {
        end_sending(host, body, &outcome);
    }
    outcome
}

/// The turn of a process that is traced: for its calls, in steps from one to the next.
#[inline(never)]
fn execute_traced(host: &mut WorkerHost, node: &Node, body: &mut Body, budget: i64) -> Outcome {
    let traced = body.extra.traced().filter(|traced| traced.wants_calls()).cloned();
    let Some(traced) = traced else { return execute(host, node, body, budget) };
    let mut left = budget;
    loop {
        let outcome = execute(host, node, body, 1);
        left = left.saturating_sub(1 - body.process.core.budget);
        body.process.core.budget = left;
        if !matches!(outcome, Outcome::Yield) {
            return outcome;
        }
        traced.calls(node, body);
        let holds = body.extra.unfinished.as_ref();
        let holds = holds.is_some_and(|u| u.hold.is_some() || !u.pending.is_empty());
        if left <= 0 || holds || !traced.wants_calls() {
            return outcome;
        }
    }
}

/// Whether the process holds more than its share of what its group may hold, and must end.
fn holds_too_much(body: &mut Body) -> bool {
    let Body { process, extra } = body;
    let share = extra.relations.as_mut().and_then(|relations| relations.share.as_mut());
    let Some(share) = share else { return false };
    if !share.is_too_much(process.memory()) {
        return false;
    }
    // Garbage is not held against it.
    process.collect();
    share.is_too_much(process.memory())
}

/// Sends what has been gathered; who is far ahead of its receiver then waits for that, unless it waits anyway.
#[inline(never)]
fn end_sending(host: &mut WorkerHost, body: &mut Body, outcome: &Outcome) {
    if let Some((dest, posted)) = gather::end_turn(host)
        && matches!(outcome, Outcome::Yield)
        && waits_for_room(posted, body.process.core.priority)
        && dest != body.extra.pid
    {
        body.extra.unfinished().hold.get_or_insert(Hold::Mailbox(dest));
    }
}

fn settle(host: &mut WorkerHost, slot: &Slot, mut body: Box<Body>, outcome: Outcome) {
    match outcome {
        Outcome::Wait(wait) => {
            start_wait(host, &mut body, wait);
            park(host, slot, body);
        }
        Outcome::Yield => match body.extra.unfinished.as_mut().and_then(|u| u.hold.take()) {
            Some(hold) => start_hold(host, slot, body, hold),
            None => host.enqueue(body),
        },
        Outcome::Offload(job) if host.node.is_seeded() => {
            do_at_once(host, &mut body, *job);
            host.enqueue(body);
        }
        Outcome::Offload(job) => {
            offload(host, &mut body, *job);
            park(host, slot, body);
        }
        Outcome::WaitForModule(module) => wait_for_module(host, slot, body, *module),
        Outcome::Done => exit::end(host, body, Reason::Normal),
        Outcome::Crashed => exit::end(host, body, Reason::Crashed),
        Outcome::Exit => {
            let reason = Fragment::copy_of(body.process.result());
            exit::end(host, body, Reason::Exit(reason));
        }
        Outcome::LimitReached => exit::end(host, body, Reason::Memory),
    }
}

/// Lays the body down until a signal comes; if one has come meanwhile it goes on at once.
fn park(host: &mut WorkerHost, slot: &Slot, body: Box<Body>) {
    if let Some(body) = lay_down(slot, body) {
        host.enqueue(body);
    }
}

/// The first wait of a receive sets its timer; later ones of the same receive keep it.
fn start_wait(host: &mut WorkerHost, body: &mut Body, wait: Wait) {
    match wait.timeout() {
        _ if !wait.is_first() => {}
        None => stop_timer(host, body),
        Some(ms) => {
            let deadline = host.node.clock.deadline(ms);
            if body.extra.waker.get_or_insert_default().begin(deadline) {
                stop_timer(host, body);
                set_timer(host, &mut body.extra, deadline);
            }
        }
    }
    body.extra.status = Status::Receiving { timed: wait.timeout().is_some() };
    if body.process.rest() && !body.extra.watched {
        body.extra.watched = true;
        let alarm = Alarm::Idle { pid: body.extra.pid, reductions: body.process.core.reductions };
        host.node.timers[host.me].set(host.node.clock.deadline(IDLE_MS), alarm);
    }
}

/// Sets the timer of a process's waits, of which none is set.
pub(super) fn set_timer(host: &WorkerHost, extra: &mut Extra, deadline: u64) {
    let pid = extra.pid;
    let Some(waker) = &mut extra.waker else { return };
    let alarm = Alarm::Wait { pid, number: waker.renumber() };
    waker.set(host.node.timers[host.me].set(deadline, alarm));
}

/// Takes the timer back.
pub(super) fn stop_timer(host: &WorkerHost, body: &mut Body) {
    if let Some(key) = body.extra.waker.as_mut().and_then(|waker| waker.stop()) {
        host.node.timers[key.shard as usize].cancel(key);
    }
}

/// Does a job on the spot: nothing may depend on how long it takes.
fn do_at_once(host: &mut WorkerHost, body: &mut Body, job: Box<dyn Job>) {
    match catch_unwind(AssertUnwindSafe(|| job.run())) {
        Ok(done) => body.process.resume_with(done),
        Err(cause) => crate::report::broken(&host.node, &*cause),
    }
}

fn offload(host: &mut WorkerHost, body: &mut Body, job: Box<dyn Job>) {
    body.extra.status = Status::Job;
    let pid = body.extra.pid;
    let node = Arc::clone(&host.node);
    node.begin_outside();
    host.node.pool.run(Box::new(move || {
        match catch_unwind(AssertUnwindSafe(|| job.run())) {
            // A process that has ended meanwhile wants no answer.
            Ok(done) => drop(deliver(&mut Outside(&node), pid, Signal::Done(done))),
            Err(cause) => crate::report::broken(&node, &*cause),
        }
        node.end_outside();
    }));
}

/// Waits until another process has loaded a module, or has failed to.
fn wait_for_module(host: &mut WorkerHost, slot: &Slot, mut body: Box<Body>, module: ModuleIndex) {
    body.extra.status = Status::Loading;
    host.node.loading.lock().push((module, body.extra.pid));
    if matches!(host.node.vm.load_state(module), LoadState::Loading(_)) {
        park(host, slot, body);
    } else {
        // It was over before anybody could know who waits.
        host.enqueue(body);
    }
}

/// The loading of some module has ended: who waits looks again.
pub fn wake_loading(host: &mut WorkerHost) {
    let waiting = std::mem::take(&mut *host.node.loading.lock());
    for (_, pid) in waiting {
        // Who has ended waits no more.
        let _ = deliver(host, pid, Signal::Nudge);
    }
}

/// The process waits for room somewhere; `Signal::Go` tells it that there is.
fn start_hold(host: &mut WorkerHost, slot: &Slot, mut body: Box<Body>, hold: Hold) {
    let pid = body.extra.pid;
    match hold {
        Hold::Output if host.node.is_seeded() => {
            host.node.output.wait_for_room();
            host.enqueue(body);
            return;
        }
        Hold::Output => {
            body.extra.status = Status::Printing;
            let node = Arc::clone(&host.node);
            node.begin_outside();
            host.node.output.when_room(Box::new(move || {
                // Who has ended prints no more.
                let _ = deliver(&mut Outside(&node), pid, Signal::Go);
                node.end_outside();
            }));
        }
        Hold::Mailbox(dest) => {
            if deliver(host, dest, Signal::Room { from: pid }).is_err() {
                host.enqueue(body);
                return;
            }
            body.extra.status = Status::Sending;
        }
    }
    park(host, slot, body);
}

/// Lets the senders go on that wait for room, if there is room now.
fn grant_room(host: &mut WorkerHost, body: &mut Body) {
    let Some(relations) = &mut body.extra.relations else { return };
    let Some(limit) = &mut relations.queue_limit else { return };
    if limit.waiting.is_empty() || limit.is_full(&body.process.core.mailbox) {
        return;
    }
    for sender in std::mem::take(&mut limit.waiting) {
        // Who has ended sends no more.
        let _ = deliver(host, sender, Signal::Go);
    }
}
