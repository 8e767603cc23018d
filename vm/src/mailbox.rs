//! The private mailbox of a process: messages in the order of arrival, taken from anywhere.
//!
//! In: messages as fragments, pushed by the runtime from the queue that others send to. Out: the
//! message that a receive looks at, its fragment attached to the heap in O(1).
//!
//! A message keeps its arrival number. Taking one out of the middle leaves a tombstone, swept from
//! the front at once and everywhere else when tombstones outnumber messages, so taking is amortised
//! O(1) however many messages wait in front. Numbers ascend, so the first message that arrived
//! after a ref was made is found by binary search.

use std::collections::VecDeque;

use crate::heap::{Fragment, Heap};
use crate::value::Word;

enum Message {
    /// As it came: memory of its own.
    Fragment(Fragment),
    /// Looked at once: part of the heap, a root.
    Attached(Word),
    /// Taken.
    Gone,
}

struct Entry {
    arrival: u64,
    message: Message,
}

/// See the module.
#[derive(Default)]
pub struct Mailbox {
    entries: VecDeque<Entry>,
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
}

impl Mailbox {
    /// Adds a message at the end.
    pub fn push(&mut self, fragment: Fragment) {
        self.next_arrival += 1;
        let arrival = self.next_arrival;
        self.entries.push_back(Entry { arrival, message: Message::Fragment(fragment) });
    }

    /// Adds an urgent message: behind other urgent ones, ahead of all else.
    pub fn push_urgent(&mut self, fragment: Fragment) {
        let at = self.urgent as usize;
        self.next_arrival += 1;
        self.entries.insert(at, Entry { arrival: 0, message: Message::Fragment(fragment) });
        self.urgent += 1;
        // A waiting receive has passed this place: it looks again from here.
        self.cursor = self.cursor.min(at as u32);
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.entries.len() - self.gone as usize
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

    /// Begins a receive at the oldest message.
    pub fn start(&mut self) {
        self.cursor = 0;
    }

    /// Begins a receive at the first message that arrived after `stamp`.
    pub fn start_after(&mut self, stamp: u64) {
        let from = match self.urgent {
            0 => self.entries.partition_point(|entry| entry.arrival <= stamp),
            _ => 0,
        };
        self.cursor = from as u32;
    }

    /// The message that the receive looks at; none if it has seen all.
    pub fn peek(&mut self, heap: &Heap) -> Option<Word> {
        loop {
            let entry = self.entries.get_mut(self.cursor as usize)?;
            match std::mem::replace(&mut entry.message, Message::Gone) {
                Message::Gone => self.cursor += 1,
                Message::Attached(word) => {
                    entry.message = Message::Attached(word);
                    return Some(word);
                }
                Message::Fragment(fragment) => {
                    let word = heap.attach(fragment).word();
                    entry.message = Message::Attached(word);
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
    pub fn take(&mut self) {
        let at = self.cursor as usize;
        if let Some(entry) = self.entries.get_mut(at) {
            if let Message::Attached(_) = entry.message {
                self.attached -= 1;
            }
            if !matches!(entry.message, Message::Gone) {
                entry.message = Message::Gone;
                self.gone += 1;
            }
        }
        self.cursor = 0;
        self.sweep();
    }

    /// Removes the first message that `wanted` takes, such as the `:DOWN` of a monitor given up.
    pub fn remove_first(&mut self, heap: &Heap, mut wanted: impl FnMut(Word) -> bool) -> bool {
        let cursor = std::mem::replace(&mut self.cursor, 0);
        while let Some(word) = self.peek(heap) {
            if wanted(word) {
                self.take();
                return true;
            }
            self.cursor += 1;
        }
        self.cursor = cursor;
        false
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
        let mut left = self.attached;
        for entry in &mut self.entries {
            if left == 0 {
                return;
            }
            if let Message::Attached(word) = &mut entry.message {
                visit(word);
                left -= 1;
            }
        }
    }

    /// Drops tombstones: those in front always, all when they are the majority.
    fn sweep(&mut self) {
        while let Some(Entry { message: Message::Gone, .. }) = self.entries.front() {
            self.entries.pop_front();
            self.gone -= 1;
            self.urgent = self.urgent.saturating_sub(1);
        }
        if self.gone as usize > self.entries.len() / 2 + 16 {
            let urgent = self.urgent as usize;
            let kept = self.entries.iter().take(urgent);
            self.urgent = kept.filter(|e| !matches!(e.message, Message::Gone)).count() as u32;
            self.entries.retain(|entry| !matches!(entry.message, Message::Gone));
            self.gone = 0;
        }
        if self.entries.is_empty() && self.entries.capacity() > 64 {
            self.entries = VecDeque::new();
        }
    }
}
