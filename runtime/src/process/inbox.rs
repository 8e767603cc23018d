//! The inbox of a process: signals pushed by anyone, taken all at once by the owner, and closed for
//! good when the process has ended.
//!
//! A lock-free stack of nodes: a push is one compare-and-swap, and taking everything is one
//! swap, after which the owner reverses the list. Every sender's signals stay in the order sent. A value that has
//! room for a link in memory of its own is its own node; others are boxed.
//! Beside it stands about how many wait, for senders who should not be too far ahead: counted without
//! an atomic step of its own, so it may miss some.
#![allow(unsafe_code)]
// Invariant: a node is owned by the list from the successful push until the swap that takes it, and by
// whoever swapped from then on; `CLOSED` and null are never dereferenced.

use crate::sync::{AtomicPtr, Ordering};
use std::ptr::{self, NonNull};
// A hint: the model has no use for it.
use std::sync::atomic::AtomicU32;

#[repr(C)]
struct Node<T> {
    next: *mut Node<T>,
    value: T,
}

/// A value that may be a node of its own.
///
/// # Safety
/// The block that `pack` gives is aligned to 8 bytes, its first word may be written at will, and it stays where it is
/// until `unpack` has made the value of it again.
pub unsafe trait Pack: Sized {
    /// The value as a block of memory, if it is one.
    #[inline(always)]
    fn pack(self) -> Result<NonNull<u64>, Self> {
        Err(self)
    }

    /// The value of such a block.
    ///
    /// # Safety
    /// The block is one that `pack` gave, and is not used again.
    unsafe fn unpack(block: NonNull<u64>) -> Self;
}

/// So many may be counted as waiting that have been dealt with.
const FEW: u32 = 64;

/// Marks a pointer to a value that is its own node.
const PACKED: usize = 2;

impl<T: Pack> Node<T> {
    #[inline]
    fn make(value: T) -> *mut Node<T> {
        match value.pack() {
            Ok(block) => block.as_ptr().cast::<Node<T>>().map_addr(|at| at | PACKED),
            Err(value) => Box::into_raw(Box::new(Node { next: ptr::null_mut(), value })),
        }
    }

    /// Where a node's link is.
    #[inline(always)]
    fn link(node: *mut Node<T>) -> *mut *mut Node<T> {
        node.map_addr(|at| at & !PACKED).cast()
    }

    /// The value of a node.
    ///
    /// # Safety
    /// The caller owns the node and does not use it again.
    #[inline]
    unsafe fn open(node: *mut Node<T>) -> T {
        // SAFETY: by contract; a packed node is never null.
        unsafe {
            match node.addr() & PACKED {
                0 => Box::from_raw(node).value,
                _ => T::unpack(NonNull::new_unchecked(Node::link(node).cast())),
            }
        }
    }
}

/// See the module's description.
pub struct Inbox<T: Pack> {
    head: AtomicPtr<Node<T>>,
    waiting: AtomicU32,
    /// A number for whoever owns the inbox: there is room for it.
    pub hint: AtomicU32,
}

// SAFETY: values cross threads by being moved through the list; nothing is shared.
unsafe impl<T: Pack + Send> Send for Inbox<T> {}
// SAFETY: as above.
unsafe impl<T: Pack + Send> Sync for Inbox<T> {}

fn closed<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(1)
}

impl<T: Pack> Default for Inbox<T> {
    fn default() -> Self {
        Inbox {
            head: AtomicPtr::new(ptr::null_mut()),
            waiting: AtomicU32::new(0),
            hint: AtomicU32::new(0),
        }
    }
}

impl<T: Pack> Inbox<T> {
    /// Adds a value and tells about how many wait; gives it back when the inbox is closed.
    #[inline]
    pub fn push(&self, value: T) -> Result<u32, T> {
        self.push_as(value, 1)
    }

    /// The same for a value that counts as so many.
    pub fn push_as(&self, value: T, many: u32) -> Result<u32, T> {
        let node = Node::make(value);
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                // SAFETY: the node was made above and never published.
                return Err(unsafe { Node::open(node) });
            }
            // SAFETY: the node is still ours.
            unsafe { *Node::link(node) = head };
            match self.head.compare_exchange_weak(head, node, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        let waiting = self.waiting.load(Ordering::Relaxed).wrapping_add(many);
        self.waiting.store(waiting, Ordering::Relaxed);
        Ok(waiting)
    }

    /// So many of the values taken have not been dealt with: they wait as well. Only the owner calls this.
    #[inline]
    pub fn still_wait(&self, many: usize) {
        let known = self.waiting.load(Ordering::Relaxed);
        // Nobody asks about few, and the store would take the cache line from those who push.
        if known >= FEW || many >= FEW as usize {
            self.waiting.store(u32::try_from(many).unwrap_or(u32::MAX / 2), Ordering::Relaxed);
        }
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::SeqCst);
        head.is_null() || head == closed()
    }

    /// Takes everything, oldest first. Only the owner calls this.
    pub fn take(&self) -> Taken<T> {
        if self.is_empty() {
            return Taken { next: ptr::null_mut() };
        }
        Taken::reversed(self.head.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    /// Closes the inbox and takes what is left: later pushes are given back.
    pub fn close(&self) -> Taken<T> {
        let head = self.head.swap(closed(), Ordering::AcqRel);
        Taken::reversed(if head == closed() { ptr::null_mut() } else { head })
    }

    /// Opens a closed inbox for the slot's next process.
    pub fn reopen(&self) {
        self.waiting.store(0, Ordering::Relaxed);
        self.head.store(ptr::null_mut(), Ordering::Release);
    }
}

impl<T: Pack> Drop for Inbox<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// What was taken, oldest first.
pub struct Taken<T: Pack> {
    next: *mut Node<T>,
}

// SAFETY: it owns its nodes.
unsafe impl<T: Pack + Send> Send for Taken<T> {}

impl<T: Pack> Taken<T> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.next.is_null()
    }

    fn reversed(mut node: *mut Node<T>) -> Taken<T> {
        let mut reversed: *mut Node<T> = ptr::null_mut();
        while !node.is_null() {
            // SAFETY: the list was taken by a swap and is ours alone.
            unsafe {
                let next = std::mem::replace(&mut *Node::link(node), reversed);
                reversed = node;
                node = next;
            }
        }
        Taken { next: reversed }
    }
}

impl<T: Pack> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: the node is ours; the rest of the list is kept.
        unsafe {
            let node = self.next;
            self.next = *Node::link(node);
            Some(Node::open(node))
        }
    }
}

impl<T: Pack> Drop for Taken<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

/// In tests and models even numbers are nodes of their own.
#[cfg(any(test, loom))]
mod numbers {
    use super::Pack;
    use std::ptr::NonNull;

    // SAFETY: the block is a box of two words.
    unsafe impl Pack for u32 {
        fn pack(self) -> Result<NonNull<u64>, u32> {
            match self % 2 {
                0 => Ok(NonNull::from(Box::leak(Box::new([0, u64::from(self)]))).cast()),
                _ => Err(self),
            }
        }

        unsafe fn unpack(block: NonNull<u64>) -> u32 {
            // SAFETY: it was made by `pack`.
            unsafe { Box::from_raw(block.cast::<[u64; 2]>().as_ptr())[1] as u32 }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn keeps_the_order_of_each_sender() {
        let inbox = Arc::new(Inbox::default());
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let inbox = Arc::clone(&inbox);
                thread::spawn(move || {
                    for n in 0..1000 {
                        inbox.push(sender << 16 | n).unwrap();
                    }
                })
            })
            .collect();
        let mut next = [0; 4];
        let mut count = 0;
        while count < 4000 {
            for number in inbox.take() {
                let (sender, n) = (number as usize >> 16, number & 0xffff);
                assert_eq!(next[sender], n);
                next[sender] += 1;
                count += 1;
            }
        }
        senders.into_iter().for_each(|s| s.join().unwrap());
    }

    #[test]
    fn gives_back_what_comes_after_closing() {
        let inbox = Inbox::<u32>::default();
        inbox.push(1).unwrap();
        inbox.push(2).unwrap();
        assert_eq!(inbox.close().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(inbox.push(3), Err(3));
        assert_eq!(inbox.push(4), Err(4));
        assert!(inbox.is_empty());
        inbox.reopen();
        inbox.push(6).unwrap();
        inbox.push(5).unwrap();
        let mut taken = inbox.take();
        assert_eq!(taken.next(), Some(6));
        // What nobody has looked at is freed.
        drop(taken);
        inbox.push(8).unwrap();
    }
}
