//! Bags: several small messages for one receiver in one block of memory.
//!
//! In: values of the sending heap, one after the other. Out: a `Send` block with copies of them, one node of an
//! inbox; when the receiver comes to look at the first, all are copied into its heap.
//!
//! A message is a word with the number of its words and the low bits of its root, then its objects, the root
//! first; one that has no objects is a zero and its word. They point to nothing but themselves and static objects, own
//! nothing outside, and have no collected symbols. The last two words of the block are kept for what it is as a node of an inbox.
#![allow(unsafe_code)]
// Invariant: a bag owns its chunk, whose payload holds `count` messages, one after the other, up to `top`.

use super::chunk::{self, Chunk};
use super::copy::{self, LARGEST_SMALL, Room};
use super::counted::symbols_in;
use super::{Heap, fragment};
use crate::symbols::any_collected;
use crate::value::{Value, Word};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Bytes of a bag's block.
const SIZE: usize = 4096;
/// About so many of them are filled.
const USUAL: usize = SIZE - LARGEST_SMALL * 8;
/// A bag is full when less than this is left for the next message, in words.
const SPARE: usize = LARGEST_SMALL + 1;
/// Words at the end of the block.
const TAIL: usize = 2;

/// See the module.
pub struct Bag {
    memory: NonNull<Chunk>,
    count: u32,
    /// Of all messages together.
    bytes: u32,
}

// SAFETY: a bag owns its chunk alone, and nothing in it refers to anything outside but static objects.
unsafe impl Send for Bag {}

/// Where the objects of the next message go.
struct Next(*mut u64);

impl Room for Next {
    const OWNS: bool = false;

    #[inline(always)]
    fn room(&mut self, words: usize) -> *mut u64 {
        debug_assert!(words <= LARGEST_SMALL);
        self.0
    }

    unsafe fn own(&mut self, _: *mut u64) {
        unreachable!("objects that own something are not copied to where that is not wanted")
    }
}

impl Default for Bag {
    fn default() -> Bag {
        Bag::new()
    }
}

impl Bag {
    /// An empty bag.
    pub fn new() -> Bag {
        let chunk = chunk::acquire(SIZE - chunk::HEAD);
        // SAFETY: the chunk is ours.
        unsafe {
            (*chunk).top = chunk::payload_of(chunk);
            // Another processor may have read it last.
            prefetch::<{ prefetch::WRITE }>((*chunk).top, USUAL);
            Bag { memory: NonNull::new_unchecked(chunk), count: 0, bytes: 0 }
        }
    }

    /// How many messages are in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of its messages.
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Adds a copy of a value, and tells its bytes; nothing if the bag is full or the value not small.
    #[inline]
    pub fn add(&mut self, value: Value<'_>) -> Option<usize> {
        let chunk = self.memory.as_ptr();
        // SAFETY: the bag owns the chunk, which is filled up to `top`; there is room for what is written.
        unsafe {
            let top = (*chunk).top;
            if chunk::end_of(chunk) as usize - (top as usize) < (SPARE + TAIL) * 8 {
                return None;
            }
            let (root, words) = match value.word().is_pointer() {
                true => copy::copy_small(&mut Next(top.add(1)), value)?,
                false => (value.word(), 0),
            };
            if any_collected() && holds_collected(root, words) {
                return None;
            }
            if words == 0 {
                *top = 0;
                *top.add(1) = root.bits();
            } else {
                *top = (words as u64) << 3 | root.bits() & 7;
            }
            (*chunk).top = top.add(1 + words.max(1));
            self.count += 1;
            self.bytes += words as u32 * 8;
            Some(words * 8)
        }
    }

    /// The bag in a block of no more than it needs, if it fills less than half of this one: it may lie in a mailbox for long.
    pub fn trimmed(self) -> Bag {
        let (old, first) = (self.memory.as_ptr(), self.first());
        // SAFETY: the bag owns its chunk, filled with messages up to `top`; in the new one there is room for them and
        // what `into_block` puts at its end.
        unsafe {
            let filled = (*old).top as usize - first as usize;
            if filled > SIZE / 2 {
                return self;
            }
            let chunk = chunk::acquire(filled + TAIL * 8);
            let to = chunk::payload_of(chunk);
            (*chunk).top = to.byte_add(filled);
            let mut at = first;
            for _ in 0..self.count {
                let (new, words) = (to.byte_add(at as usize - first as usize), message(at).1);
                *new = *at;
                match words {
                    0 => *new.add(1) = *at.add(1),
                    _ => fragment::relocate_all(at.add(1), words, new.add(1)),
                }
                at = at.add(1 + words.max(1));
            }
            let Bag { count, bytes, .. } = self;
            Bag { memory: NonNull::new_unchecked(chunk), count, bytes }
        }
    }

    /// The bag and a word of the caller's as one block, as [`super::Fragment::into_block`] makes of a message.
    pub fn into_block(self, word: u64) -> NonNull<u64> {
        let bag = ManuallyDrop::new(self);
        // SAFETY: the bag owns the chunk, whose last words are free.
        unsafe {
            let end = chunk::end_of(bag.memory.as_ptr());
            *end.sub(2) = fragment::bag_mark(bag.count, bag.bytes);
            *end.sub(1) = word;
        }
        bag.memory.cast()
    }

    /// The bag of such a block.
    ///
    /// # Safety
    /// `chunk` is the block of a bag of so many messages and bytes, and is not used again.
    pub(super) unsafe fn from_chunk(chunk: *mut Chunk, count: u32, bytes: u32) -> Bag {
        // SAFETY: by contract.
        Bag { memory: unsafe { NonNull::new_unchecked(chunk) }, count, bytes }
    }

    /// Its messages, in order.
    pub fn values(&self) -> impl Iterator<Item = Value<'_>> {
        let mut at = self.first();
        (0..self.count).map(move |_| {
            // SAFETY: so many messages lie one after the other, as long as the bag does.
            unsafe {
                let (root, words) = message(at);
                at = at.add(1 + words.max(1));
                Value::new(root)
            }
        })
    }

    fn first(&self) -> *mut u64 {
        // SAFETY: the bag owns the chunk.
        unsafe { chunk::payload_of(self.memory.as_ptr()) }
    }

    /// Has all of it fetched that another processor has written. For a bag that is going to be unpacked soon.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch::<{ prefetch::READ }>(self.first(), self.count as usize * 8 + self.bytes as usize);
    }
}

/// How memory is to be fetched.
mod prefetch {
    pub(super) const READ: i32 = 3;
    pub(super) const WRITE: i32 = 7;
}

/// Has so many bytes fetched from another processor's cache, all at once and not one line after the other.
#[inline]
fn prefetch<const HOW: i32>(from: *const u64, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (from.addr()..from.addr() + bytes).step_by(64) {
        // SAFETY: nothing is read; any address will do.
        unsafe { std::arch::x86_64::_mm_prefetch::<HOW>(std::ptr::without_provenance(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, bytes);
}

impl Drop for Bag {
    fn drop(&mut self) {
        // SAFETY: the bag owns the chunk.
        unsafe { chunk::release(self.memory.as_ptr()) };
    }
}

/// Whether there are collected symbols in a message: its root, and so many words of objects from there on.
///
/// # Safety
/// It has been copied.
#[cold]
unsafe fn holds_collected(root: Word, words: usize) -> bool {
    let mut found = root.as_collected().is_some();
    if words > 0 {
        // SAFETY: by contract.
        unsafe { symbols_in(root.address(), words, |_| found = true) };
    }
    found
}

/// The root of the message here, and the words of its objects.
///
/// # Safety
/// A message lies here.
#[inline(always)]
unsafe fn message(at: *mut u64) -> (Word, usize) {
    // SAFETY: by contract.
    unsafe {
        match *at {
            0 => (Word::from_bits(*at.add(1)), 0),
            head => (Word::from_bits(at.add(1) as u64 | head & 7), (head >> 3) as usize),
        }
    }
}

impl Heap {
    /// Copies the messages of a bag here, and hands them out in order, with the bytes of each.
    pub(crate) fn unpack(&self, bag: &Bag, mut each: impl FnMut(Word, usize)) {
        let mut at = bag.first();
        for _ in 0..bag.count {
            // SAFETY: so many messages lie one after the other, of whole objects that point to one another or to
            // static ones.
            unsafe {
                let (root, words) = message(at);
                each(
                    if words == 0 { root } else { self.copy_over(at.add(1), words, root) },
                    words * 8,
                );
                at = at.add(1 + words.max(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Fragment;
    use crate::heap::fragment::Block;
    use crate::inspect::inspect;
    use crate::mailbox::Mailbox;
    use crate::symbols::sym;
    use crate::testing::recipe;
    use proptest::prelude::*;

    fn shown(mailbox: &mut Mailbox, heap: &Heap) -> Vec<String> {
        mailbox.words(heap).into_iter().map(|word| inspect(heap.value(word))).collect()
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let sender = Heap::new();
        let mut bag = Bag::new();
        let mut expected = Vec::new();
        for n in 0.. {
            let value = match n % 4 {
                0 => sender.list(&[Value::symbol(sym::OK), Value::count(n)]),
                1 => Value::count(n),
                2 => sender.float(n as f64 / 2.0),
                _ => sender.list(&[sender.string("text"), sender.list(&[Value::count(n)])]),
            };
            let Some(bytes) = bag.add(value) else { break };
            assert_eq!(bytes == 0, n % 4 == 1);
            expected.push(inspect(value));
        }
        assert!(bag.len() > 50 && bag.len() == expected.len());
        drop(sender);
        let bag = bag.trimmed();
        let found: Vec<String> = bag.values().map(inspect).collect();
        assert_eq!(found, expected);
        let block = bag.into_block(42);
        // SAFETY: it was just made.
        let (Block::Bag(bag), 42) = (unsafe { Fragment::from_block(block) }) else { panic!() };
        let (mut heap, mut mailbox) = (Heap::new(), Mailbox::default());
        mailbox.push_bag(bag);
        assert_eq!((mailbox.len(), heap.used_bytes()), (expected.len(), 0));
        assert!(
            mailbox.outside_bytes() > 1000 && mailbox.queued_bytes() == mailbox.outside_bytes()
        );
        // Some are taken and forgotten first, and the heap is collected while others wait.
        let rest = expected.split_off(expected.len() / 2);
        for text in expected {
            mailbox.start();
            let word = mailbox.peek(&heap).unwrap();
            assert_eq!(inspect(heap.value(word)), text);
            mailbox.take();
            heap.collect(|visit| mailbox.trace(visit));
        }
        assert_eq!(shown(&mut mailbox, &heap), rest);
        assert_eq!(mailbox.outside_bytes(), 0);
    }

    #[test]
    fn what_is_large_or_owned_elsewhere_is_refused() {
        let heap = Heap::new();
        let mut bag = Bag::new();
        let long = heap.string(&"long ".repeat(100));
        let wide = heap.list(&[Value::NIL; 40]);
        for value in [long, wide, heap.list(&[long])] {
            assert_eq!(bag.add(value), None);
            assert!(bag.add(Value::NIL).is_some());
        }
        assert_eq!(bag.len(), 3);
    }

    proptest! {
        #[test]
        fn bags_are_rows_of_messages(
            recipes in prop::collection::vec(recipe(), 1..20),
            dropped in any::<bool>(),
        ) {
            let sender = Heap::new();
            let (mut bag, mut expected) = (Bag::new(), Vec::new());
            for recipe in &recipes {
                let value = recipe.build(&sender);
                if bag.add(value).is_some() {
                    expected.push(inspect(value));
                }
            }
            drop(sender);
            let (heap, mut mailbox) = (Heap::new(), Mailbox::default());
            mailbox.push_bag(bag.trimmed());
            if !dropped {
                prop_assert_eq!(shown(&mut mailbox, &heap), expected);
            }
        }
    }
}
