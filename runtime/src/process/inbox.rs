//! The inbox of a process: signals pushed by anyone, taken all at once by the owner, and closed for
//! good when the process has ended.
//!
//! A lock-free stack of boxed nodes: a push is one compare-and-swap, and taking everything is one
//! swap, after which the owner reverses the list. Every sender's signals stay in the order sent.
//! Beside it stands about how many wait, for senders who should not be too far ahead: counted without
//! an atomic step of its own, so it may miss some.
#![allow(unsafe_code)]
// Invariant: a node is owned by the list from the successful push until the swap that takes it, and by
// whoever swapped from then on; `CLOSED` and null are never dereferenced.

use crate::sync::{AtomicPtr, Ordering};
use std::ptr;
// A hint: the model has no use for it.
use std::sync::atomic::AtomicU32;

struct Node<T> {
    next: *mut Node<T>,
    value: T,
}

/// See the module's description.
pub struct Inbox<T> {
    head: AtomicPtr<Node<T>>,
    waiting: AtomicU32,
}

// SAFETY: values cross threads by being moved through the list; nothing is shared.
unsafe impl<T: Send> Send for Inbox<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Inbox<T> {}

fn closed<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(1)
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Inbox { head: AtomicPtr::new(ptr::null_mut()), waiting: AtomicU32::new(0) }
    }
}

impl<T> Inbox<T> {
    /// Adds a value and tells about how many wait; gives it back when the inbox is closed.
    pub fn push(&self, value: T) -> Result<u32, T> {
        let node = Box::into_raw(Box::new(Node { next: ptr::null_mut(), value }));
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                // SAFETY: the node was made above and never published.
                return Err(unsafe { Box::from_raw(node) }.value);
            }
            // SAFETY: the node is still ours.
            unsafe { (*node).next = head };
            match self.head.compare_exchange_weak(head, node, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        let waiting = match head.is_null() {
            true => 1,
            false => self.waiting.load(Ordering::Relaxed).wrapping_add(1),
        };
        self.waiting.store(waiting, Ordering::Relaxed);
        Ok(waiting)
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
        self.head.store(ptr::null_mut(), Ordering::Release);
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// What was taken, oldest first.
pub struct Taken<T> {
    next: *mut Node<T>,
}

// SAFETY: it owns its nodes.
unsafe impl<T: Send> Send for Taken<T> {}

impl<T> Taken<T> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.next.is_null()
    }

    fn reversed(mut node: *mut Node<T>) -> Taken<T> {
        let mut reversed: *mut Node<T> = ptr::null_mut();
        while !node.is_null() {
            // SAFETY: the list was taken by a swap and is ours alone.
            unsafe {
                let next = (*node).next;
                (*node).next = reversed;
                reversed = node;
                node = next;
            }
        }
        Taken { next: reversed }
    }
}

impl<T> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: the node is ours; the rest of the list is kept.
        let node = unsafe { Box::from_raw(self.next) };
        self.next = node.next;
        Some(node.value)
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        self.for_each(drop);
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
                        inbox.push((sender, n)).unwrap();
                    }
                })
            })
            .collect();
        let mut last = [-1; 4];
        let mut count = 0;
        while count < 4000 {
            for (sender, n) in inbox.take() {
                let sender: usize = sender;
                assert_eq!(last[sender] + 1, n);
                last[sender] = n;
                count += 1;
            }
        }
        senders.into_iter().for_each(|s| s.join().unwrap());
    }

    #[test]
    fn gives_back_what_comes_after_closing() {
        let inbox = Inbox::default();
        inbox.push(1).unwrap();
        assert_eq!(inbox.close().collect::<Vec<_>>(), [1]);
        assert_eq!(inbox.push(2), Err(2));
        assert!(inbox.is_empty());
        inbox.reopen();
        inbox.push(3).unwrap();
        assert_eq!(inbox.take().collect::<Vec<_>>(), [3]);
    }
}
