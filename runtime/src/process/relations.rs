//! Links, monitors and aliases of a process, its label, the bound of its mailbox, what it holds outside, who captures its output, its random
//! numbers: most have none, so they lie in a box of their own, made at first need.
//!
//! Links follow OTP's protocol. Each side has a state of its own. Who unlinks sends `Unlink` and keeps
//! the link as `Ending` until the answer: what the other side sent about the link before it read that
//! belongs to the past and is dropped, a `Link` that crossed included, so both sides agree in the end.

use super::few::FewMap;
use super::share::Share;
use super::signal::RefData;
use crate::capture::Capture;
#[cfg(unix)]
use crate::inspect::trace::Traced;
use crate::natives::random::Generator;
use crate::store::holding::Holdings;
use rata_vm::heap::{Fragment, Immediate};
use rata_vm::mailbox::Mailbox;
use rata_vm::value::Pid;
use std::sync::Arc;

/// The state of a link as one side sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Linked.
    Active,
    /// This side has ended it and waits for the other to acknowledge; what the other side sends about
    /// the link until then belongs to the past.
    Ending(u64),
}

/// A monitor that watches this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watcher {
    /// The monitor's ref; its creator watches.
    pub reference: RefData,
    /// The name it was set by, or nil.
    pub name: Immediate,
}

/// A ref that messages can be sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alias {
    /// It allows urgent messages.
    pub urgent: bool,
    /// It ends with the first message (those of calls).
    pub once: bool,
    /// The monitor of the same ref ends with it too, if the message is of the process that is monitored.
    pub settles: bool,
}

/// The bit of a ref's number that makes it an alias for anybody, `Process.alias()`: what is sent to it is bounded as other
/// messages are. Those of calls, of tasks and the like are for an answer that is owed.
pub const OPEN: u64 = 1 << 8;

/// What happens to a message that finds the mailbox full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenFull {
    /// It is dropped.
    Drop,
    /// The process ends.
    Kill,
    /// It is taken, and its sender waits until there is room.
    Block,
}

/// The bound of a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueLimit {
    /// The most messages.
    pub max: usize,
    /// The most bytes.
    pub bytes: usize,
    /// What happens to more.
    pub when_full: WhenFull,
    /// Processes that this one starts get the same bound.
    pub inherit: bool,
    /// Who waits for room.
    pub waiting: Vec<Pid>,
}

impl QueueLimit {
    /// The bound that bounds nothing.
    pub fn none() -> QueueLimit {
        QueueLimit {
            max: usize::MAX,
            bytes: usize::MAX,
            when_full: WhenFull::Block,
            inherit: false,
            waiting: Vec::new(),
        }
    }

    /// The same bound for another process.
    pub fn fresh(&self) -> QueueLimit {
        QueueLimit { waiting: Vec::new(), ..self.clone() }
    }

    /// Whether it bounds anything.
    pub fn bounds(&self) -> bool {
        self.max != usize::MAX || self.bytes != usize::MAX
    }

    /// Whether senders have to wait for room.
    pub fn blocks(&self) -> bool {
        self.bounds() && self.when_full == WhenFull::Block
    }

    /// Whether a mailbox has no room for another message.
    pub fn is_full(&self, mailbox: &Mailbox) -> bool {
        mailbox.len() >= self.max || mailbox.queued_bytes() >= self.bytes
    }

    /// What becomes of a message of so many bytes, if the mailbox does not take it. Who had to wait for room is let in, however
    /// large the message is: else it would wait for ever.
    pub fn refuses(&self, mailbox: &Mailbox, bytes: usize) -> Option<WhenFull> {
        let too_much = mailbox.queued_bytes().saturating_add(bytes) > self.bytes;
        let refuses = self.when_full != WhenFull::Block && (too_much || self.is_full(mailbox));
        refuses.then_some(self.when_full)
    }
}

/// See the module's description.
#[derive(Default)]
pub struct Relations {
    /// By the other side.
    pub links: FewMap<Pid, Link>,
    /// Own monitors: whom they watch, by ref.
    pub monitors: FewMap<u64, Pid>,
    /// Those of others, by ref.
    pub watchers: FewMap<u64, Watcher>,
    /// Active aliases, by ref.
    pub aliases: FewMap<u64, Alias>,
    /// The bound of the mailbox.
    pub queue_limit: Option<Box<QueueLimit>>,
    /// The trace that notes what it does. Then it has a bound of the mailbox too.
    #[cfg(unix)]
    pub traced: Option<Box<Traced>>,
    /// `Process.set_label(label)`.
    pub label: Option<Fragment>,
    /// Its part in the memory of a group of processes.
    pub share: Option<Box<Share>>,
    /// What it holds outside itself.
    pub holdings: Holdings,
    /// Who keeps what it prints and logs, and what is reported of it: a test. Processes that it starts inherit it.
    pub capture: Option<Arc<Capture>>,
    /// Its random numbers, once it has drawn one or set a seed.
    pub random: Option<Box<Generator>>,
    next_unlink: u64,
}

impl Relations {
    /// Ends the link to `other` from this side; the number for the `Unlink` signal, or `None` when
    /// there was no link.
    pub fn unlink(&mut self, other: Pid) -> Option<u64> {
        let link = self.links.get_mut(&other)?;
        if *link != Link::Active {
            return None;
        }
        self.next_unlink += 1;
        *link = Link::Ending(self.next_unlink);
        Some(self.next_unlink)
    }

    /// Links to `other` from this side; false if it is linked already.
    pub fn link(&mut self, other: Pid) -> bool {
        self.links.insert(other, Link::Active) != Some(Link::Active)
    }

    /// `other` has ended the link: whether there was an active one.
    pub fn lose_link(&mut self, other: Pid) -> bool {
        if !self.linked_to(other) {
            return false;
        }
        self.links.remove(&other);
        true
    }

    /// Whether there is an active link.
    pub fn linked_to(&self, other: Pid) -> bool {
        self.links.get(&other) == Some(&Link::Active)
    }

    /// `other` has linked itself: true unless this side is ending an earlier link.
    pub fn accept_link(&mut self, other: Pid) -> bool {
        match self.links.get(&other) {
            Some(Link::Ending(_)) => false,
            _ => {
                self.links.insert(other, Link::Active);
                true
            }
        }
    }

    /// The other side has acknowledged.
    pub fn unlinked(&mut self, other: Pid, id: u64) {
        if self.links.get(&other) == Some(&Link::Ending(id)) {
            self.links.remove(&other);
        }
    }

    /// The pids linked to.
    pub fn active_links(&self) -> Vec<Pid> {
        let active = self.links.iter().filter(|l| *l.1 == Link::Active);
        let mut pids: Vec<Pid> = active.map(|l| *l.0).collect();
        pids.sort_by_key(|pid| pid.serial());
        pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn a_link_made_while_another_ends_is_not_lost() {
        let (a, b) = (Pid::new(1, 1), Pid::new(2, 2));
        let mut of_a = Relations::default();
        assert!(of_a.accept_link(b));
        let first = of_a.unlink(b).unwrap();
        assert!(!of_a.linked_to(b));
        // A links again before B has answered.
        assert!(of_a.link(b));
        of_a.unlinked(b, first);
        assert!(of_a.linked_to(b));
        assert_eq!(of_a.unlink(a), None);
    }

    #[derive(Clone, Copy)]
    enum Sent {
        Link,
        Unlink(u64),
        Ack(u64),
    }

    /// Two processes and the signals under way to each.
    struct Pair {
        sides: [Relations; 2],
        under_way: [VecDeque<Sent>; 2],
    }

    const PIDS: [Pid; 2] = [Pid::new(1, 1), Pid::new(2, 2)];

    impl Pair {
        fn step(&mut self, side: usize, what: usize) {
            let (other, pid) = (1 - side, PIDS[1 - side]);
            match what {
                0 if self.sides[side].link(pid) => self.under_way[other].push_back(Sent::Link),
                1 => {
                    if let Some(id) = self.sides[side].unlink(pid) {
                        self.under_way[other].push_back(Sent::Unlink(id));
                    }
                }
                2 => self.receive(side),
                _ => {}
            }
        }

        fn receive(&mut self, side: usize) {
            let (other, pid) = (1 - side, PIDS[1 - side]);
            match self.under_way[side].pop_front() {
                Some(Sent::Link) => {
                    self.sides[side].accept_link(pid);
                }
                Some(Sent::Unlink(id)) => {
                    self.sides[side].lose_link(pid);
                    self.under_way[other].push_back(Sent::Ack(id));
                }
                Some(Sent::Ack(id)) => self.sides[side].unlinked(pid, id),
                None => {}
            }
        }
    }

    #[test]
    fn both_sides_agree_whatever_crosses() {
        // Every run of seven steps, by either side: link, unlink, receive.
        for run in 0..6usize.pow(7) {
            let mut pair = Pair { sides: Default::default(), under_way: Default::default() };
            let mut left = run;
            for _ in 0..7 {
                pair.step(left % 2, left / 2 % 3);
                left /= 6;
            }
            while pair.under_way.iter().any(|u| !u.is_empty()) {
                pair.receive(0);
                pair.receive(1);
            }
            let [a, b] = [pair.sides[0].linked_to(PIDS[1]), pair.sides[1].linked_to(PIDS[0])];
            assert_eq!(a, b, "run {run}");
            assert!(pair.sides.iter().all(|s| s.links.len() == usize::from(a)), "run {run}");
        }
    }
}
