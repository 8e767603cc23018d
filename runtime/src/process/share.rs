//! Limits of memory for many processes together: for a supervisor and all that is started below it.
//!
//! In: what a process holds, at the end of each of its turns. Out: whether the processes of its group hold more than they may
//! together, and it more than its share: then it is the one to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Processes with one limit; a group may lie within another.
pub struct Group {
    limit: usize,
    used: AtomicUsize,
    members: AtomicUsize,
    above: Option<Arc<Group>>,
}

/// The part of a process in its group.
pub struct Share {
    group: Arc<Group>,
    /// What the group knows of it.
    known: usize,
}

impl Share {
    /// The first part of a new group with this limit in bytes, within that of `above`.
    pub fn first(limit: usize, above: Option<&Share>) -> Share {
        let above = above.map(|share| Arc::clone(&share.group));
        let group = Group { limit, used: 0.into(), members: 0.into(), above };
        Share::of(Arc::new(group))
    }

    /// A part in the same group.
    pub fn another(&self) -> Share {
        Share::of(Arc::clone(&self.group))
    }

    fn of(group: Arc<Group>) -> Share {
        group.each(|group| {
            group.members.fetch_add(1, Relaxed);
        });
        Share { group, known: 0 }
    }

    /// The limit of its group.
    pub fn limit(&self) -> usize {
        self.group.limit
    }

    /// The process holds so many bytes now: whether it is to end.
    pub fn is_too_much(&mut self, bytes: usize) -> bool {
        let before = std::mem::replace(&mut self.known, bytes);
        let mut is_too_much = false;
        self.group.each(|group| {
            let used = group.used.fetch_add(bytes.wrapping_sub(before), Relaxed);
            let used = used.wrapping_add(bytes.wrapping_sub(before));
            let members = group.members.load(Relaxed);
            is_too_much |= used > group.limit && bytes.saturating_mul(members) >= used;
        });
        is_too_much
    }
}

impl Group {
    /// The group and those around it.
    fn each(&self, mut see: impl FnMut(&Group)) {
        let mut group = Some(self);
        while let Some(this) = group {
            see(this);
            group = this.above.as_deref();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.is_too_much(0);
        self.group.each(|group| {
            group.members.fetch_sub(1, Relaxed);
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn who_holds_most_is_to_end() {
        let mut outer = Share::first(1000, None);
        let mut inner = Share::first(400, Some(&outer));
        let mut other = inner.another();
        assert!(!outer.is_too_much(500) && !inner.is_too_much(100) && !other.is_too_much(290));
        // More than the inner group may hold, but this one has little of it.
        assert!(!inner.is_too_much(150));
        assert!(other.is_too_much(295));
        drop(other);
        assert!(!inner.is_too_much(390));
        // All together: 1,010.
        assert!(outer.is_too_much(620));
        drop(inner);
        assert!(!outer.is_too_much(1000) && outer.is_too_much(1001));
    }
}
