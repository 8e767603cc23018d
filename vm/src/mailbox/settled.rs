//! Which messages of a mailbox a minor collection need not look at.
//!
//! In: what happens to the entries. Out: the range of those that point to nothing young: they were there when a collection
//! ended, and nobody has read them since. (What has been read may be referred to from elsewhere as well, which
//! the collector wants to know of maps that it lets edit in place.)

use std::ops::Range;

/// See the module.
#[derive(Default)]
pub(super) struct Settled(Range<u32>);

impl Settled {
    /// The entries.
    pub(super) fn range(&self) -> Range<usize> {
        self.0.start as usize..self.0.end as usize
    }

    /// A collection has seen to so many entries: all.
    pub(super) fn all(&mut self, len: usize) {
        self.0 = 0..len as u32;
    }

    /// The entry there has been read: so have been those before it, or they may be looked at again.
    #[inline]
    pub(super) fn read(&mut self, at: u32) {
        if at < self.0.end {
            self.0.start = self.0.start.max(at + 1);
        }
    }

    /// The first entry is gone.
    #[inline]
    pub(super) fn drop_first(&mut self) {
        self.0 = self.0.start.saturating_sub(1)..self.0.end.saturating_sub(1);
    }

    /// There are entries up to here only.
    pub(super) fn cut(&mut self, len: usize) {
        self.0.end = self.0.end.min(len as u32);
        self.0.start = self.0.start.min(self.0.end);
    }

    /// An entry has been put in there.
    pub(super) fn insert(&mut self, at: u32) {
        if at <= self.0.start && !self.0.is_empty() {
            self.0 = self.0.start + 1..self.0.end + 1;
        } else {
            self.0.end = self.0.end.min(at);
        }
    }

    /// Entries have been removed everywhere: of those before an index, so many are left.
    pub(super) fn keep(&mut self, left: impl Fn(u32) -> u32) {
        self.0 = left(self.0.start)..left(self.0.end);
    }
}
