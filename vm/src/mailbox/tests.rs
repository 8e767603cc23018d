//! A mailbox against a vector that does the same by brute force, with collections of both kinds in between.

use super::*;
use crate::testing::stressed;
use proptest::prelude::*;

/// What happens to a mailbox.
#[derive(Clone, Debug)]
enum Step {
    Push,
    PushAttached,
    PushBag(usize),
    PushUrgent,
    /// A receive that skips so many and takes the next.
    Take(usize),
    /// A receive that looks at so many and waits.
    Look(usize),
    /// A receive of what comes after the stamp, once more has come.
    Answer,
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Push),
        2 => Just(Step::PushAttached),
        1 => (1..5_usize).prop_map(Step::PushBag),
        1 => Just(Step::PushUrgent),
        4 => (0..20_usize).prop_map(Step::Take),
        1 => (0..20_usize).prop_map(Step::Look),
        2 => Just(Step::Answer),
        4 => Just(Step::Collect),
    ]
}

/// A mailbox, the heap its messages come to, and what should be in it.
struct Both {
    heap: Heap,
    mailbox: Mailbox,
    /// The numbers of messages, urgent ones first.
    model: Vec<i64>,
    urgent: usize,
    last: i64,
}

impl Both {
    /// The next message: its number, in an object.
    fn next<'h>(&mut self, heap: &'h Heap) -> Value<'h> {
        self.last += 1;
        heap.list(&[Value::count(self.last as usize)])
    }

    fn push(&mut self) {
        let sender = Heap::new();
        let message = self.next(&sender);
        self.mailbox.push(Fragment::copy_of(message));
        self.model.push(self.last);
    }

    /// A receive that takes what stands there, if anything does.
    fn take(&mut self, at: usize) {
        for _ in 0..at {
            self.mailbox.peek(&self.heap);
            self.mailbox.skip();
        }
        let found = self.mailbox.peek(&self.heap).map(|word| number(&self.heap, word));
        assert_eq!(found, self.model.get(at).copied());
        if found.is_some() {
            self.mailbox.take();
            self.model.remove(at);
            self.urgent -= usize::from(at < self.urgent);
        }
    }

    fn collect(&mut self) {
        let mailbox = &mut self.mailbox;
        match self.heap.is_minor_next() {
            true => self.heap.collect_young(|visit| mailbox.trace_unsettled(visit)),
            false => self.heap.collect(|visit| mailbox.trace(visit)),
        }
        mailbox.settle();
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Push => self.push(),
            Step::PushAttached if self.mailbox.takes_attached() => {
                self.last += 1;
                let message = self.heap.list(&[Value::count(self.last as usize)]);
                self.mailbox.push_attached(message, 16);
                self.model.push(self.last);
            }
            Step::PushAttached => self.push(),
            Step::PushBag(messages) => {
                let (sender, mut bag) = (Heap::new(), Bag::new());
                for _ in 0..messages {
                    bag.add(self.next(&sender)).unwrap();
                    self.model.push(self.last);
                }
                self.mailbox.push_bag(bag);
            }
            Step::PushUrgent => {
                let sender = Heap::new();
                let message = self.next(&sender);
                self.mailbox.push_urgent(Fragment::copy_of(message));
                self.model.insert(self.urgent, self.last);
                self.urgent += 1;
            }
            Step::Take(at) => {
                self.mailbox.start();
                self.take(at);
            }
            Step::Look(most) => {
                self.mailbox.start();
                for _ in 0..most {
                    self.mailbox.peek(&self.heap);
                    self.mailbox.skip();
                }
            }
            Step::Answer => {
                let stamp = self.mailbox.stamp();
                self.push();
                self.mailbox.start_after(&self.heap, stamp);
                let before = self.model.len() - 1;
                // Urgent ones are looked at first, and then all.
                let skipped = if self.urgent > 0 { before } else { 0 };
                for _ in 0..skipped {
                    self.mailbox.peek(&self.heap);
                    self.mailbox.skip();
                }
                let word = self.mailbox.peek(&self.heap).unwrap();
                assert_eq!(Some(number(&self.heap, word)), self.model.pop());
                self.mailbox.take();
            }
            Step::Collect => self.collect(),
        }
    }
}

fn number(heap: &Heap, word: Word) -> i64 {
    heap.value(word).as_list().unwrap()[0].as_small().unwrap()
}

proptest! {
    #[test]
    fn a_mailbox_is_a_row_of_messages(steps in prop::collection::vec(step(), 1..300)) {
        let mut both = Both {
            heap: stressed(),
            mailbox: Mailbox::default(),
            model: Vec::new(),
            urgent: 0,
            last: 0,
        };
        for step in steps {
            both.run(step);
            prop_assert_eq!(both.mailbox.len(), both.model.len());
        }
        both.collect();
        let words = both.mailbox.words(&both.heap);
        let found: Vec<i64> = words.into_iter().map(|word| number(&both.heap, word)).collect();
        prop_assert_eq!(&found, &both.model);
        for at in (0..found.len()).rev() {
            both.mailbox.start();
            both.take(at);
        }
        both.collect();
        both.heap.set_stress(false);
        both.heap.collect(|visit| both.mailbox.trace(visit));
        prop_assert_eq!((both.heap.used_bytes(), both.mailbox.queued_bytes()), (0, 0));
    }
}
