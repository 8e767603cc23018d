//! What processes send one another, messages being one kind.
#![allow(unsafe_code)]
// Invariant: what is unpacked here was packed here.

use super::body::Body;
use super::inbox::Pack;
use crate::store::holding::Holding;
use rata_vm::heap::Immediate;
use rata_vm::heap::{Bag, Block, Fragment};
use rata_vm::native::Resume;
use rata_vm::value::{Pid, Word};
use std::ptr::NonNull;
use std::sync::Arc;

/// A ref as plain data, to make the value again in another heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefData {
    /// Its number.
    pub id: u64,
    /// How many messages its creator had had.
    pub stamp: u64,
    /// Who made it.
    pub creator: Pid,
}

/// A signal and whom it was meant for.
pub struct Envelope {
    /// The pid it was sent to: the slot may serve another process by now.
    pub dest: Pid,
    /// What.
    pub signal: Signal,
}

// SAFETY: the block is a fragment's or a bag's, which keep the promise; only such blocks are unpacked.
unsafe impl Pack for Envelope {
    #[inline(always)]
    fn pack(self) -> Result<NonNull<u64>, Envelope> {
        let Envelope { dest, signal } = self;
        match signal {
            Signal::Message(message) => message
                .into_block(Word::pid(dest).bits())
                .map_err(|message| Envelope { dest, signal: Signal::Message(message) }),
            Signal::Bag(bag) => Ok(bag.into_block(Word::pid(dest).bits())),
            signal => Err(Envelope { dest, signal }),
        }
    }

    #[inline(always)]
    unsafe fn unpack(block: NonNull<u64>) -> Envelope {
        // SAFETY: by contract it was made in `pack`, of a message and a pid's word.
        let (block, dest) = unsafe { Fragment::from_block(block) };
        let dest = Word::from_bits(dest).as_pid().expect("the word of a pid");
        let signal = match block {
            Block::Message(message) => Signal::Message(message),
            Block::Bag(bag) => Signal::Bag(bag),
        };
        Envelope { dest, signal }
    }
}

/// What of a process's info is asked for.
pub enum Asked {
    /// The map of all, in which what is very long is left out.
    All,
    /// One entry.
    One(&'static str),
    /// A map of these entries.
    These(Vec<&'static str>),
}

/// Why an exit signal was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitKind {
    /// A linked process ended.
    Link,
    /// `Process.exit(pid, reason)`.
    Asked,
    /// `Process.exit(pid, :kill)`.
    Kill,
}

impl Signal {
    /// As how many it counts.
    #[inline]
    pub fn weight(&self) -> u32 {
        match self {
            Signal::Bag(bag) => bag.len() as u32,
            _ => 1,
        }
    }
}

/// The kinds of signal.
pub enum Signal {
    /// A message.
    Message(Fragment),
    /// Messages, in order.
    Bag(Bag),
    /// A message to an alias, taken if the alias is still active.
    Alias {
        /// The alias.
        id: u64,
        /// Goes ahead of the queue if the alias allows it.
        urgent: bool,
        /// What.
        message: Fragment,
    },
    /// An exit signal.
    Exit {
        /// Whose.
        from: Pid,
        /// Why it was sent.
        kind: ExitKind,
        /// The reason.
        reason: Fragment,
    },
    /// `from` has linked itself to the receiver.
    Link {
        /// Who.
        from: Pid,
    },
    /// `from` has ended the link; `id` comes back in the answer.
    Unlink {
        /// Who.
        from: Pid,
        /// Numbers the request.
        id: u64,
    },
    /// The answer to `Unlink`.
    UnlinkAck {
        /// Who answers.
        from: Pid,
        /// The request.
        id: u64,
    },
    /// `from` monitors the receiver.
    Monitor {
        /// The monitor's ref; its creator is who monitors.
        reference: RefData,
        /// The name it was monitored by, or nil.
        name: Immediate,
    },
    /// It does no longer.
    Demonitor {
        /// The monitor's ref.
        id: u64,
    },
    /// A monitored process has ended: the message is taken if the monitor is still active.
    Down {
        /// The monitor's ref.
        id: u64,
        /// `{:DOWN, …}`
        message: Fragment,
    },
    /// The timer of a process's waits has gone off.
    Timeout {
        /// The number of the timer.
        number: u32,
    },
    /// The time has come to see whether the receiver, whose heap is large, has been idle: whether
    /// it has used no more than so many reductions.
    Idle {
        /// How many it had used when it began to wait.
        reductions: u64,
    },
    /// A job is done: the native that asked for it goes on with this.
    Done(Box<dyn Resume>),
    /// `Process.info(pid)` of another process: to be answered with `{ref, info}`.
    Info {
        /// The ref to answer with; its creator asks.
        reference: RefData,
        /// What is to be told.
        asked: Asked,
    },
    /// `from` has sent a message to the full mailbox of the receiver and waits for `Go`.
    Room {
        /// Who.
        from: Pid,
    },
    /// It has been given this; the message tells it so.
    Hold {
        /// What.
        holding: Arc<dyn Holding>,
        /// Comes whatever the bound of the mailbox is.
        message: Fragment,
    },
    /// What it waits for has come: there is room.
    Go,
    /// Nothing but: look at your signals and at what you wait for.
    Nudge,
    /// A look at the process from outside, or a change to it: whoever owns the body calls it.
    Visit(Visit),
}

/// What is done with the body of a process between its turns; it must be short.
pub type Visit = Box<dyn FnOnce(&mut Body) + Send>;
