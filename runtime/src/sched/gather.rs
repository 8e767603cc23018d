//! Messages gathered on their way to one busy receiver.
//!
//! In: messages that a process sends in one turn. Out: bags of them in the receiver's inbox, each one signal.
//!
//! The first message to a receiver that neither waits nor runs next here is sent at once; those that follow in the same
//! turn, with no other receiver in between, are copied one after the other into a bag: a push for each would have its node
//! fetched from the other processor's cache, one after the other, and both contend for the inbox.
//!
//! Nobody can tell from the order of things: a bag is sent before its process does anything else that others can see.
//! A native that could has to ask for the host, or to say so, and the host flushes (`Host::as_any`, `before_effect`); so it
//! does before the process looks for messages and at the end of the turn, however that ends. Only sending asks by another
//! way: it adds to the bag, or flushes it first. So nothing waits for longer than its sender's turn; and if the receiver begins
//! to wait meanwhile, not beyond the next message.

use super::post::{self, Posted};
use crate::host::WorkerHost;
use crate::process::signal::Signal;
use rata_vm::heap::Bag;
use rata_vm::value::{Pid, Value};

/// What the process that runs has sent to whom.
#[derive(Default)]
pub struct Gathered {
    /// The receiver found busy last in this turn.
    to: Option<Pid>,
    /// The messages for it that have not been sent yet.
    bag: Option<Bag>,
}

impl Gathered {
    /// Whether anything has not been sent yet.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.bag.is_some()
    }

    /// Whether there is anything to be seen to at the end of the turn.
    #[inline(always)]
    pub(super) fn is_any(&self) -> bool {
        self.to.is_some()
    }

    /// A message was sent to a process that was found busy.
    #[inline]
    pub(super) fn note(&mut self, to: Pid) {
        self.to = Some(to);
    }
}

/// Sends what has been gathered.
#[inline(always)]
pub fn flush(host: &mut WorkerHost) {
    if host.gathered.is_open() {
        send_bag(host);
    }
}

/// The turn is over. Tells of a receiver that the process is far ahead of.
pub(super) fn end_turn(host: &mut WorkerHost) -> Option<(Pid, Posted)> {
    let posted = if host.gathered.is_open() { send_bag(host) } else { None };
    let to = host.gathered.to.take()?;
    posted.filter(|&posted| posted != Posted::Ahead).map(|posted| (to, posted))
}

/// Sends the bag; tells how the receiver keeps up, or nothing if it has it already.
#[inline(never)]
fn send_bag(host: &mut WorkerHost) -> Option<Posted> {
    let bag = host.gathered.bag.take()?;
    // What the dead are sent is lost.
    let to = host.gathered.to?;
    post::post_bag(host, to, Signal::Bag(bag.trimmed()))
}

/// Adds a message to the bag, or to the next if that is full. Nothing if it has to be sent by itself; what came before has
/// been sent then.
#[inline(never)]
pub(super) fn add(host: &mut WorkerHost, dest: Pid, message: Value<'_>) -> Option<(Posted, usize)> {
    if host.gathered.to == Some(dest)
        && let Some(bag) = &mut host.gathered.bag
        && let Some(slot) = host.node.table.get(dest)
        && !slot.parking.is_occupied()
    {
        if let Some(bytes) = bag.add(message) {
            return Some((Posted::Ahead, bytes));
        }
        let posted = send_bag(host)?;
        return begin(&mut host.gathered, message).map(|bytes| (posted, bytes));
    }
    flush(host);
    None
}

/// Begins a bag for the receiver of the latest message, with this one, and tells the message's bytes.
#[inline(never)]
fn begin(gathered: &mut Gathered, message: Value<'_>) -> Option<usize> {
    let mut bag = Bag::new();
    let bytes = bag.add(message)?;
    gathered.bag = Some(bag);
    Some(bytes)
}

/// Begins a bag with a message to a process that was found busy, if it was the one found so last.
#[inline]
pub(super) fn follow(gathered: &mut Gathered, dest: Pid, message: Value<'_>) -> Option<usize> {
    if gathered.to != Some(dest) {
        return None;
    }
    begin(gathered, message)
}
