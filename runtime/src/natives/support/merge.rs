//! A stable merge sort that can stop in the middle.
//!
//! In: items, and a comparison at each step. Out: the items sorted, after as many steps as it takes.
//! Short runs are sorted by the standard library, then runs of doubling width are merged.

use super::roots::Roots;
use rata_vm::value::Word;
use std::cmp::Ordering;

const RUN: usize = 128;

/// Items being sorted.
pub struct Merge<T> {
    items: Vec<T>,
    /// Where the merges of this pass go.
    out: Vec<T>,
    /// Runs of this many items are sorted; 0 at first.
    width: usize,
    /// The next item whose run is to be sorted, or the start of the two runs being merged.
    start: usize,
    /// How many items of the left and the right of these runs are merged.
    taken: [usize; 2],
}

impl<T: Copy> Merge<T> {
    /// Nothing is sorted yet.
    pub fn new(items: Vec<T>) -> Merge<T> {
        Merge { items, out: Vec::new(), width: 0, start: 0, taken: [0; 2] }
    }

    /// Goes on for about `amount` moves of items. True once all is sorted.
    pub fn advance(&mut self, amount: usize, compare: &mut impl FnMut(&T, &T) -> Ordering) -> bool {
        let mut left = amount;
        while left > 0 {
            if self.width == 0 {
                left = left.saturating_sub(RUN);
                self.sort_run(compare);
            } else if self.width >= self.items.len() {
                return true;
            } else {
                left = self.merge(left, compare);
            }
        }
        self.width > 0 && self.width >= self.items.len()
    }

    fn sort_run(&mut self, compare: &mut impl FnMut(&T, &T) -> Ordering) {
        let end = self.items.len().min(self.start + RUN);
        self.items[self.start..end].sort_by(&mut *compare);
        self.start = end;
        if end == self.items.len() {
            (self.start, self.width) = (0, RUN);
            if self.items.len() > RUN {
                self.out = Vec::with_capacity(self.items.len());
            }
        }
    }

    /// Merges up to `amount` items of the two runs at `start`; what is left of the amount.
    fn merge(&mut self, amount: usize, compare: &mut impl FnMut(&T, &T) -> Ordering) -> usize {
        let middle = self.items.len().min(self.start + self.width);
        let end = self.items.len().min(middle + self.width);
        let (left, right) = (&self.items[self.start..middle], &self.items[middle..end]);
        let [mut i, mut j] = self.taken;
        // Runs that are in order already are taken as they are.
        if i + j == 0
            && let (Some(last), Some(first)) = (left.last(), right.first())
            && compare(last, first) != Ordering::Greater
        {
            self.out.extend_from_slice(left);
            self.out.extend_from_slice(right);
            self.next_pair(end);
            return amount.saturating_sub(1 + (end - middle) / 16);
        }
        let mut moved = 0;
        while moved < amount && i < left.len() && j < right.len() {
            if compare(&left[i], &right[j]) == Ordering::Greater {
                self.out.push(right[j]);
                j += 1;
            } else {
                self.out.push(left[i]);
                i += 1;
            }
            moved += 1;
        }
        if i == left.len() || j == right.len() {
            self.out.extend_from_slice(&left[i..]);
            self.out.extend_from_slice(&right[j..]);
            self.next_pair(end);
            return amount - moved;
        }
        self.taken = [i, j];
        0
    }

    fn next_pair(&mut self, end: usize) {
        self.taken = [0; 2];
        self.start = end;
        if end == self.items.len() {
            std::mem::swap(&mut self.items, &mut self.out);
            self.out.clear();
            (self.start, self.width) = (0, self.width * 2);
        }
    }

    /// The items, sorted once `advance` has said so.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<T: Roots + Copy> Roots for Merge<T> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        // In the middle of a pass every item is in `items` still; those in `out` are copies.
        self.items.roots(visit);
        self.out.roots(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_stably_in_steps_of_any_size(
            keys in proptest::collection::vec(0u8..40, 0..2000),
            amount in 1usize..700,
        ) {
            let items: Vec<(u8, usize)> = keys.iter().copied().zip(0..).collect();
            let mut merge = Merge::new(items.clone());
            let mut steps = 0;
            while !merge.advance(amount, &mut |a, b| a.0.cmp(&b.0)) {
                steps += 1;
                prop_assert!(steps < 100_000);
            }
            let mut expected = items;
            expected.sort_by_key(|item| item.0);
            prop_assert_eq!(merge.into_items(), expected);
        }
    }

    #[test]
    fn sorted_input_takes_few_comparisons() {
        let mut merge = Merge::new((0..10_000).collect::<Vec<i32>>());
        let mut compared = 0;
        while !merge.advance(512, &mut |a, b| {
            compared += 1;
            a.cmp(b)
        }) {}
        assert!(compared < 12_000, "{compared}");
    }
}
