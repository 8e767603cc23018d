//! What only a mailbox has in which many messages wait, or a bag.
//!
//! In: what comes since a bag did that nobody has looked into yet. Out: the same, one after the other.

use std::collections::VecDeque;

use super::settled::Settled;
use crate::heap::{Bag, Fragment};

/// See the module.
#[derive(Default)]
pub(super) struct Backlog {
    /// Each with the arrival number of its last message.
    parcels: VecDeque<(u64, Parcel)>,
    /// How many messages those are.
    messages: usize,
    /// Entries of the mailbox that point to nothing young.
    pub(super) settled: Settled,
}

pub(super) enum Parcel {
    Message(Fragment),
    Bag(Bag),
}

impl Backlog {
    /// Whether there is anything that nobody has looked into yet.
    pub(super) fn has_parcels(&self) -> bool {
        !self.parcels.is_empty()
    }

    /// How many messages there are in it.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    /// Adds so many messages; the last one has this number.
    pub(super) fn push(&mut self, last: u64, messages: usize, what: Parcel) {
        self.messages += messages;
        self.parcels.push_back((last, what));
    }

    /// The next parcel, with the number of its last message.
    pub(super) fn pop(&mut self) -> Option<(u64, Parcel)> {
        let (last, what) = self.parcels.pop_front()?;
        self.messages -= match &what {
            Parcel::Message(_) => 1,
            Parcel::Bag(bag) => bag.len(),
        };
        if let (Parcel::Bag(_), Some((_, Parcel::Bag(next)))) = (&what, self.parcels.front()) {
            next.prefetch();
        }
        Some((last, what))
    }
}
