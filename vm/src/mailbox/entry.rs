//! A place in a mailbox: a message, or where one was.
//!
//! In: the fragment that came. Out: its word, once it is part of the heap.

use crate::heap::Fragment;
use crate::value::Word;

pub(super) enum Message {
    /// As it came: memory of its own.
    Fragment(Fragment),
    /// Looked at once: part of the heap, a root.
    Attached(Word),
    /// Taken.
    Gone,
}

pub(super) struct Entry {
    pub(super) arrival: u64,
    pub(super) message: Message,
    /// Bytes of the message when it came.
    pub(super) bytes: usize,
}

impl Entry {
    pub(super) fn new(arrival: u64, fragment: Fragment) -> Entry {
        let bytes = fragment.bytes();
        Entry { arrival, message: Message::Fragment(fragment), bytes }
    }

    /// Whether the message has been taken.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.message, Message::Gone)
    }

    /// Shows the message if it lies in the heap; tells whether it does.
    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut Word)) -> bool {
        match &mut self.message {
            Message::Attached(word) => visit(word),
            _ => return false,
        }
        true
    }
}
