//! The private mailbox of a process: messages in the order of arrival, taken from anywhere.
//!
//! In: messages, pushed by the runtime: as fragments from the queue that others send to, or in the heap
//! already. Out: the message that a receive looks at, its fragment attached to the heap in O(1).
//!
//! A message keeps its arrival number. Taking one out of the middle leaves a tombstone, swept from
//! both ends at once and everywhere else when tombstones outnumber messages, so taking is amortised
//! O(1) however many messages wait in front. Numbers ascend, so the first message that arrived
//! after a ref was made is found by binary search. A minor collection looks at what has come since the last one: what many
//! messages that wait for long cost is paid once.

mod backlog;
mod entry;
mod settled;
#[cfg(test)]
mod tests;

use backlog::{Backlog, Parcel};
use entry::{Entry, Message};
use settled::Settled;
use std::collections::VecDeque;
use std::ops::Range;

use crate::heap::{Bag, Fragment, Heap};
use crate::value::{Value, Word};

/// Room for so many entries stays.
const FEW: usize = 64;
/// Room for so many is kept for a while: senders are held up when about so many messages wait.
const USUAL_FLOOD: usize = 1 << 14;

/// How a search for a message to remove has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// It is removed.
    Removed,
    /// It is not there.
    NotThere,
    /// It was not found among as many as were to be looked at: go on after this stamp.
    Stopped(u64),
}

/// See the module.
#[derive(Default)]
pub struct Mailbox {
    entries: VecDeque<Entry>,
    /// What came after them, from a bag on: bags are unpacked when a receive gets to them. And more.
    backlog: Option<Box<Backlog>>,
    /// The arrival number of the next message.
    next_arrival: u64,
    /// Index of the entry that the current receive looks at.
    cursor: u32,
    /// How many entries are tombstones.
    gone: u32,
    /// How many entries at the front are urgent (they carry arrival number 0).
    urgent: u32,
    /// How many entries are roots.
    attached: u32,
    /// Bytes of all messages, and of those that are no part of the heap yet.
    queued_bytes: usize,
    outside_bytes: usize,
}

impl Mailbox {
    /// Where the index lies of the entry that a receive looks at, for code that skips it inline as [`Mailbox::skip`] does.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) const CURSOR: usize = std::mem::offset_of!(Mailbox, cursor);

    /// Adds a message at the end.
    pub fn push(&mut self, fragment: Fragment) {
        self.next_arrival += 1;
        if self.has_parcels() {
            self.count(fragment.bytes());
            self.push_parcel(1, Parcel::Message(fragment));
            return;
        }
        let entry = Entry::new(self.next_arrival, fragment);
        self.count(entry.bytes);
        self.entries.push_back(entry);
    }

    /// Adds the messages of a bag at the end.
    pub fn push_bag(&mut self, bag: Bag) {
        self.next_arrival += bag.len() as u64;
        self.count(bag.bytes());
        self.push_parcel(bag.len(), Parcel::Bag(bag));
    }

    #[inline]
    fn has_parcels(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| backlog.has_parcels())
    }

    fn push_parcel(&mut self, messages: usize, what: Parcel) {
        self.backlog.get_or_insert_default().push(self.next_arrival, messages, what);
    }

    /// The messages of the next parcel become entries: false if there is none.
    #[inline(never)]
    fn unpack(&mut self, heap: &Heap) -> bool {
        let Some((last, what)) = self.backlog.as_mut().and_then(|backlog| backlog.pop()) else {
            return false;
        };
        match what {
            Parcel::Message(fragment) => self.entries.push_back(Entry::new(last, fragment)),
            Parcel::Bag(bag) => {
                self.attached += bag.len() as u32;
                self.outside_bytes -= bag.bytes();
                let mut arrival = last - bag.len() as u64;
                let entries = &mut self.entries;
                entries.reserve(bag.len());
                heap.unpack(&bag, |word, bytes| {
                    arrival += 1;
                    entries.push_back(Entry { arrival, message: Message::Attached(word), bytes });
                });
            }
        }
        true
    }

    /// Whether a message may be added that is part of the heap already.
    #[inline]
    pub fn takes_attached(&self) -> bool {
        !self.has_parcels()
    }

    /// Adds at the end a message that is part of the process's heap already, of so many bytes, if it
    /// takes such.
    #[inline]
    pub fn push_attached(&mut self, message: Value<'_>, bytes: usize) {
        debug_assert!(self.takes_attached());
        self.next_arrival += 1;
        let message = Message::Attached(message.word());
        self.entries.push_back(Entry { arrival: self.next_arrival, message, bytes });
        self.attached += 1;
        self.queued_bytes += bytes;
    }

    /// Adds an urgent message: behind other urgent ones, ahead of all else.
    pub fn push_urgent(&mut self, fragment: Fragment) {
        let at = self.urgent as usize;
        self.next_arrival += 1;
        let entry = Entry::new(0, fragment);
        self.count(entry.bytes);
        self.entries.insert(at, entry);
        self.urgent += 1;
        self.when_settled(|settled| settled.insert(at as u32));
        // A waiting receive has passed this place: it looks again from here.
        self.cursor = self.cursor.min(at as u32);
    }

    fn count(&mut self, bytes: usize) {
        self.queued_bytes += bytes;
        self.outside_bytes += bytes;
    }

    /// Bytes of the messages that wait.
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Bytes of those that are no part of the heap yet.
    pub fn outside_bytes(&self) -> usize {
        self.outside_bytes
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        let unread = self.backlog.as_ref().map_or(0, |backlog| backlog.messages());
        self.entries.len() - self.gone as usize + unread
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The arrival number a ref made now has to carry: every message that can answer to it
    /// arrives with a greater one.
    pub fn stamp(&self) -> u64 {
        self.next_arrival
    }

    /// Whether a message waits that arrived after `stamp`, and is no urgent one.
    pub fn has_after(&self, stamp: u64) -> bool {
        self.has_parcels() && self.next_arrival > stamp
            || self.entries.back().is_some_and(|newest| newest.arrival > stamp)
    }

    /// Begins a receive at the oldest message.
    pub fn start(&mut self) {
        self.cursor = 0;
    }

    /// Begins a receive at the first message that arrived after `stamp`.
    pub fn start_after(&mut self, heap: &Heap, stamp: u64) {
        self.cursor = match self.urgent {
            0 => self.first_after(heap, stamp),
            _ => 0,
        };
    }

    /// The first message behind the urgent ones that arrived after `stamp`.
    fn first_after(&mut self, heap: &Heap, stamp: u64) -> u32 {
        while self.entries.back().is_none_or(|e| e.arrival <= stamp) && self.unpack(heap) {}
        let (mut from, mut to) = (self.urgent as usize, self.entries.len());
        // A fresh ref is mostly asked about, and at most the answer has come: a search would fetch entries from all over.
        for _ in 0..2 {
            if to == from || self.entries[to - 1].arrival <= stamp {
                return to as u32;
            }
            to -= 1;
        }
        while from < to {
            let middle = usize::midpoint(from, to);
            match self.entries[middle].arrival <= stamp {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        from as u32
    }

    /// The message that the receive looks at; none if it has seen all.
    #[inline]
    pub fn peek(&mut self, heap: &Heap) -> Option<Word> {
        if let Some(entry) = self.entries.get(self.cursor as usize)
            && let Message::Attached(word) = entry.message
        {
            let cursor = self.cursor;
            self.when_settled(|settled| settled.read(cursor));
            return Some(word);
        }
        self.peek_further(heap)
    }

    /// The same where the entry is no part of the heap yet, a tombstone, or not there.
    #[inline(never)]
    fn peek_further(&mut self, heap: &Heap) -> Option<Word> {
        loop {
            let cursor = self.cursor;
            self.when_settled(|settled| settled.read(cursor));
            let Some(entry) = self.entries.get_mut(cursor as usize) else {
                if self.backlog.is_some() && self.unpack(heap) {
                    continue;
                }
                return None;
            };
            match &entry.message {
                Message::Gone => self.cursor += 1,
                Message::Attached(word) => return Some(*word),
                Message::Fragment(_) => {
                    let message = std::mem::replace(&mut entry.message, Message::Gone);
                    let Message::Fragment(fragment) = message else { continue };
                    let word = heap.attach(fragment).word();
                    entry.message = Message::Attached(word);
                    self.outside_bytes -= entry.bytes;
                    self.attached += 1;
                    return Some(word);
                }
            }
        }
    }

    /// Leaves the message looked at where it is and goes on to the next.
    pub fn skip(&mut self) {
        if (self.cursor as usize) < self.entries.len() {
            self.cursor += 1;
        }
    }

    /// Removes the message looked at; the receive is over.
    #[inline]
    pub fn take(&mut self) {
        match self.entries.front() {
            // As good as always: it is the oldest, and no other has been taken from behind it.
            Some(Entry { message: Message::Attached(_), bytes, .. })
                if self.cursor == 0 && self.gone == 0 =>
            {
                self.attached -= 1;
                self.queued_bytes -= bytes;
                self.urgent = self.urgent.saturating_sub(1);
                self.when_settled(Settled::drop_first);
                self.entries.pop_front();
            }
            _ => self.take_from_within(),
        }
    }

    #[cold]
    fn take_from_within(&mut self) {
        let at = self.cursor as usize;
        if let Some(entry) = self.entries.get_mut(at) {
            match std::mem::replace(&mut entry.message, Message::Gone) {
                Message::Attached(_) => self.attached -= 1,
                Message::Fragment(_) => self.outside_bytes -= entry.bytes,
                Message::Gone => return,
            }
            self.gone += 1;
            self.queued_bytes -= entry.bytes;
        }
        self.cursor = 0;
        self.sweep();
    }

    /// Removes the first message that `wanted` takes among those that arrived after `stamp`, such as the
    /// `:DOWN` of a monitor given up; looks at `most` of them only. Not within a receive.
    pub fn remove_after(
        &mut self,
        heap: &Heap,
        stamp: u64,
        most: usize,
        mut wanted: impl FnMut(Word) -> bool,
    ) -> Removal {
        self.cursor = self.first_after(heap, stamp);
        let mut last = stamp;
        for _ in 0..most {
            let Some(word) = self.peek(heap) else { return Removal::NotThere };
            if wanted(word) {
                self.take();
                return Removal::Removed;
            }
            last = self.entries[self.cursor as usize].arrival;
            self.cursor += 1;
        }
        Removal::Stopped(last)
    }

    /// Every message in order, for `Process.info` and distribution.
    pub fn words(&mut self, heap: &Heap) -> Vec<Word> {
        let cursor = std::mem::replace(&mut self.cursor, 0);
        let mut words = Vec::with_capacity(self.len());
        while let Some(word) = self.peek(heap) {
            words.push(word);
            self.cursor += 1;
        }
        self.cursor = cursor;
        words
    }

    /// Shows the messages that lie in the heap to the collector.
    pub fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        // They tend to be the oldest, or the newest: those end the search from both sides.
        let mut left = self.attached;
        let mut entries = self.entries.iter_mut();
        while left > 0
            && let Some(entry) = entries.next()
        {
            for entry in std::iter::once(entry).chain(entries.next_back()) {
                left -= u32::from(entry.visit(visit));
            }
        }
    }

    /// Shows those of them that have come there since the last collection.
    pub(crate) fn trace_unsettled(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        let settled = self.backlog.as_ref().map(|backlog| backlog.settled.range());
        let Range { start, end } = settled.unwrap_or_default();
        for entry in self.entries.range_mut(..start) {
            entry.visit(visit);
        }
        for entry in self.entries.range_mut(end..) {
            entry.visit(visit);
        }
    }

    /// A collection has left nothing young.
    pub(crate) fn settle(&mut self) {
        let len = self.entries.len();
        if len > FEW {
            self.backlog.get_or_insert_default().settled.all(len);
        } else {
            self.when_settled(|settled| settled.all(len));
        }
    }

    #[inline(always)]
    fn when_settled(&mut self, then: impl FnOnce(&mut Settled)) {
        if let Some(backlog) = &mut self.backlog {
            then(&mut backlog.settled);
        }
    }

    /// Drops tombstones: those at both ends always, all when they are the majority.
    fn sweep(&mut self) {
        while self.entries.front().is_some_and(Entry::is_gone) {
            self.entries.pop_front();
            self.gone -= 1;
            self.urgent = self.urgent.saturating_sub(1);
            self.when_settled(Settled::drop_first);
        }
        while self.entries.back().is_some_and(Entry::is_gone) {
            self.entries.pop_back();
            self.gone -= 1;
        }
        if self.gone as usize > self.entries.len() / 2 + 16 {
            let left = |end: u32| Self::present(&self.entries, end);
            let urgent = left(self.urgent);
            if let Some(backlog) = &mut self.backlog {
                backlog.settled.keep(left);
            }
            self.urgent = urgent;
            self.entries.retain(|entry| !entry.is_gone());
            self.gone = 0;
        }
        let len = self.entries.len();
        self.urgent = self.urgent.min(len as u32);
        self.when_settled(|settled| settled.cut(len));
    }

    /// How many of the entries before an index are no tombstones.
    fn present(entries: &VecDeque<Entry>, end: u32) -> u32 {
        entries.iter().take(end as usize).filter(|entry| !entry.is_gone()).count() as u32
    }

    /// Gives back what a flood has left of room, but for what a usual one takes: the next may come soon. For a process that
    /// goes to wait; tells whether it should see to it once more ([`Mailbox::shrink`]) when it has waited for long.
    #[inline]
    pub fn rest(&mut self) -> bool {
        if self.entries.capacity() > USUAL_FLOOD {
            self.shrink();
        }
        self.entries.capacity() > FEW || self.backlog.is_some()
    }

    /// Gives back what a flood has left of room.
    pub fn shrink(&mut self) {
        if self.entries.is_empty() && self.entries.capacity() > FEW {
            self.entries = VecDeque::new();
        }
        if !self.has_parcels() && self.entries.len() <= FEW {
            self.backlog = None;
        }
    }
}
