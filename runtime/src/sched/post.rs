//! Sending a signal to a process.
//!
//! In: a pid and a signal. Out: the signal in the process's inbox and the process queued if it was
//! waiting; or the signal back, if the process is dead.
//!
//! A process that waits lies in its parking place, and who takes it out owns it. So the commonest signals
//! need no way through the inbox: if it is empty (what the sender sent before has been handled then)
//! they do at once what they do, and those that give the process nothing to do need not wake it: its body
//! is laid down again. Anything else is pushed, and the parking place looked at once more.

use super::{gather, receive};
use crate::host::WorkerHost;
use crate::node::Schedule;
use crate::process::body::{Body, Rung};
use crate::process::relations::Watcher;
use crate::process::signal::{Envelope, Signal};
use crate::process::table::Slot;
use rata_vm::heap::Fragment;
use rata_vm::process::Priority;
use rata_vm::value::{Pid, Value};

/// What the sender of a signal should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posted {
    /// Nothing.
    Ahead,
    /// Many wait already.
    Behind,
    /// The receiver's mailbox is bounded: senders wait for room.
    Bounded,
}

/// Whether a sender of this priority waits for the receiver then. Who is far ahead lets it have a look at what it was sent: so
/// what waits stays in the cache, and both tend to run on one worker. Urgent processes wait for nobody.
#[inline]
pub fn waits_for_room(posted: Posted, priority: Priority) -> bool {
    match posted {
        Posted::Ahead => false,
        Posted::Bounded => true,
        Posted::Behind => priority <= Priority::Normal,
    }
}

/// With so many signals before one, and every so many more, its sender is told. If both run on one worker
/// what waits is to stay in the nearest cache; if the receiver runs on another, it is to have enough to do.
const MANY_HERE: usize = 128;
const MANY_ELSEWHERE: usize = 8192;
/// If so many wait others send from elsewhere, and a look at one's own is not what the receiver is short of.
const FLOOD: usize = 1024;
const EVERY: usize = 32;

/// Sends a signal to a pid; gives it back when the process is dead.
pub fn deliver(from: &mut impl Schedule, dest: Pid, signal: Signal) -> Result<(), Signal> {
    post(from, dest, signal).map(drop)
}

/// As `deliver`, and tells how the receiver keeps up.
pub fn post(from: &mut impl Schedule, dest: Pid, signal: Signal) -> Result<Posted, Signal> {
    let worker = from.worker();
    let (woken, posted) = {
        let Some(slot) = from.node().table.get(dest) else { return Err(signal) };
        match slot.parking.take() {
            Some(body) => hand_over(slot, worker, body, dest, signal),
            None => {
                let posted = push(slot, worker, dest, signal);
                // It may have been laid down meanwhile.
                (if posted.is_ok() { slot.parking.take() } else { None }, posted)
            }
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    posted
}

/// Whether a process lives and waits with all seen to that was sent to it. It is not woken for that.
pub fn is_at_rest(from: &mut impl Schedule, dest: Pid) -> bool {
    let (woken, at_rest) = {
        let Some(slot) = from.node().table.get(dest) else { return false };
        match slot.parking.take() {
            Some(body) if receive::is_free(slot, &body, dest) => (lay_down(slot, body), true),
            woken => (woken, false),
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    at_rest
}

/// The timer of a process's waits has gone off. Gives the deadline of its latest wait if that is still to come:
/// the timer is to be set again.
pub fn ring(from: &mut impl Schedule, dest: Pid, number: u32) -> Option<u64> {
    let (woken, again) = {
        let slot = from.node().table.get(dest)?;
        match slot.parking.take() {
            Some(mut body) if receive::is_free(slot, &body, dest) => {
                match body.extra.ring(number) {
                    Rung::Late => {
                        body.process.time_out();
                        (Some(body), None)
                    }
                    Rung::Early(deadline) => (lay_down(slot, body), Some(deadline)),
                    Rung::InVain => (lay_down(slot, body), None),
                }
            }
            woken => {
                // Who has ended misses nothing.
                let _ = push(slot, None, dest, Signal::Timeout { number });
                (woken.or_else(|| slot.parking.take()), None)
            }
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    again
}

/// Sends a message, the commonest signal of all, and tells its bytes. To the dead: nothing.
///
/// A process that waits gets it into its own heap if it is small: who has taken the body out owns that too. So does
/// one that this worker runs next.
#[inline(always)]
pub fn send(from: &mut WorkerHost, dest: Pid, message: Value<'_>) -> (Posted, usize) {
    if from.gathered.is_open()
        && let Some(sent) = gather::add(from, dest, message)
    {
        return sent;
    }
    let worker = from.worker();
    let (woken, sent) = {
        let Some(slot) = from.node.table.get(dest) else { return (Posted::Ahead, 0) };
        match slot.parking.take() {
            Some(mut body) if receive::is_free(slot, &body, dest) => {
                let bytes = receive::put(&mut body, message);
                (Some(body), (Posted::Ahead, bytes))
            }
            body => match &mut from.next {
                Some(next) if receive::is_free(slot, next, dest) => {
                    let bytes = receive::put(next, message);
                    let waiting = next.process.core.mailbox.len();
                    (body, (is_behind(waiting, 1, MANY_HERE), bytes))
                }
                _ => {
                    let is_busy = body.is_none();
                    if is_busy
                        && let Some(bytes) = gather::follow(&mut from.gathered, dest, message)
                    {
                        return (Posted::Ahead, bytes);
                    }
                    let (woken, sent) =
                        push_copy(slot, worker, dest, body, message, Signal::Message);
                    if is_busy && woken.is_none() && sent.0 != Posted::Bounded {
                        from.gathered.note(dest);
                    }
                    (woken, sent)
                }
            },
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    sent
}

/// Sends a bag of messages: tells how the receiver keeps up, or nothing if they are in its mailbox already, or lost.
pub(super) fn post_bag(from: &mut WorkerHost, dest: Pid, bag: Signal) -> Option<Posted> {
    let worker = from.worker();
    let (woken, posted) = {
        let slot = from.node.table.get(dest)?;
        match slot.parking.take() {
            Some(body) if receive::is_free(slot, &body, dest) => {
                let (body, _) = hand_over(slot, worker, body, dest, bag);
                (body, None)
            }
            body => {
                let posted = push(slot, worker, dest, bag).ok();
                // It may have been laid down meanwhile.
                (body.or_else(|| slot.parking.take()), posted)
            }
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    posted
}

/// Pushes a signal with a copy of a message, and tells the copy's bytes. The body, if the caller has taken it out, comes
/// back: it is to run.
fn push_copy(
    slot: &Slot,
    worker: Option<usize>,
    dest: Pid,
    body: Option<Box<Body>>,
    message: Value<'_>,
    signal: impl FnOnce(Fragment) -> Signal,
) -> (Option<Box<Body>>, (Posted, usize)) {
    let message = Fragment::copy_of(message);
    let bytes = message.bytes();
    match push(slot, worker, dest, signal(message)) {
        // It may have been laid down meanwhile.
        Ok(posted) => (body.or_else(|| slot.parking.take()), (posted, bytes)),
        Err(_) => (body, (Posted::Ahead, bytes)),
    }
}

/// What the sender should know if so many signals wait for the receiver, some of them pushed just now, of which `many`
/// are too many.
fn is_behind(waiting: usize, pushed: usize, many: usize) -> Posted {
    match waiting >= many && waiting % EVERY < pushed {
        true => Posted::Behind,
        false => Posted::Ahead,
    }
}

/// Monitors a process and sends it a message; nothing if it is dead.
pub fn request(
    from: &mut impl Schedule,
    dest: Pid,
    watcher: Watcher,
    message: Value<'_>,
) -> Option<(Posted, usize)> {
    let worker = from.worker();
    let (woken, sent) = {
        let slot = from.node().table.get(dest)?;
        match slot.parking.take() {
            Some(mut body) if receive::is_free(slot, &body, dest) => {
                body.extra.relations().watchers.insert(watcher.reference.id, watcher);
                let bytes = receive::put(&mut body, message);
                (Some(body), Some((Posted::Ahead, bytes)))
            }
            body => {
                let Watcher { reference, name } = watcher;
                match push(slot, worker, dest, Signal::Monitor { reference, name }) {
                    // Who ends meanwhile says so to those that monitor it.
                    Ok(_) => {
                        let (woken, sent) =
                            push_copy(slot, worker, dest, body, message, Signal::Message);
                        (woken, Some(sent))
                    }
                    Err(_) => (body, None),
                }
            }
        }
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    sent
}

/// Where a message to an alias goes.
#[derive(Clone, Copy)]
pub struct Answer {
    /// Who has made it.
    pub pid: Pid,
    /// Its number.
    pub id: u64,
    /// Whether the message goes ahead of others, if the alias allows that.
    pub urgent: bool,
}

/// Sends a message of `me` to an alias, and tells its bytes. To one that is none any more: nothing.
///
/// If it is the answer to a request, of the process that was monitored for it, then that is over for both sides.
pub fn answer(from: &mut WorkerHost, me: Pid, to: Answer, message: Value<'_>) -> (Posted, usize) {
    let Answer { pid: dest, id, urgent } = to;
    let worker = from.worker();
    let mut settled = false;
    let (woken, sent) = {
        let Some(slot) = from.node.table.get(dest) else { return (Posted::Ahead, 0) };
        match slot.parking.take() {
            Some(mut body) if !urgent && receive::is_free(slot, &body, dest) => {
                match receive::alias(&mut body, id) {
                    Some(alias) => {
                        settled = alias.settles && receive::is_answered(&mut body, id, me);
                        let bytes = receive::put(&mut body, message);
                        (Some(body), (Posted::Ahead, bytes))
                    }
                    None => (lay_down(slot, body), (Posted::Ahead, 0)),
                }
            }
            body => push_copy(slot, worker, dest, body, message, |message| Signal::Alias {
                id,
                urgent,
                message,
            }),
        }
    };
    if settled && let Some(relations) = &mut from.extra().relations {
        relations.watchers.remove(&id);
    }
    if let Some(body) = woken {
        from.schedule(body);
    }
    sent
}

/// A signal for a process whose body the caller has taken out (or the body of the slot's next process).
/// The body comes back if it has to run.
fn hand_over(
    slot: &Slot,
    worker: Option<usize>,
    mut body: Box<Body>,
    dest: Pid,
    signal: Signal,
) -> (Option<Box<Body>>, Result<Posted, Signal>) {
    let is_free = receive::is_free(slot, &body, dest);
    match if is_free { receive::at_once(&mut body, signal) } else { Err(signal) } {
        Ok(true) => (Some(body), Ok(Posted::Ahead)),
        Ok(false) => (lay_down(slot, body), Ok(Posted::Ahead)),
        Err(signal) => (Some(body), push(slot, worker, dest, signal)),
    }
}

#[inline]
fn push(slot: &Slot, worker: Option<usize>, dest: Pid, signal: Signal) -> Result<Posted, Signal> {
    let pushed = signal.weight();
    let waiting = slot.inbox.push_as(Envelope { dest, signal }, pushed).map_err(|e| e.signal)?;
    if slot.life.is_bounded() {
        return Ok(Posted::Bounded);
    }
    let is_here = worker.is_some_and(|worker| slot.ran_on(worker));
    let waiting = waiting as usize;
    let many = if is_here && waiting < FLOOD { MANY_HERE } else { MANY_ELSEWHERE };
    Ok(is_behind(waiting, pushed as usize, many))
}

/// Lays a body down until a signal comes. If one has come meanwhile, and nobody else has seen to it, the
/// body comes back: it is to be queued.
pub fn lay_down(slot: &Slot, body: Box<Body>) -> Option<Box<Body>> {
    slot.parking.put(body);
    // From here on another worker may run it, and even end it: what is taken out now may be the slot's
    // next process, which then merely looks at its signals once more.
    if slot.inbox.is_empty() { None } else { slot.parking.take() }
}
