//! Links, monitors, aliases and the name of a process: most have none, so they lie in a box of
//! their own, made at first need.

use super::signal::RefData;
use foldhash::{HashMap, HashSet};
use rata_vm::value::{Pid, Word};

/// The state of a link as one side sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Linked.
    Active,
    /// This side has ended it and waits for the other to acknowledge; what the other side sends about
    /// the link until then belongs to the past.
    Ending(u64),
}

/// What a monitor of this process's watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watch {
    /// The process.
    pub target: Pid,
}

/// A monitor that watches this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watcher {
    /// The monitor's ref; its creator watches.
    pub reference: RefData,
    /// The name it was set by, or nil.
    pub name: Word,
}

/// See the module's description.
#[derive(Default)]
pub struct Relations {
    /// By the other side.
    pub links: HashMap<Pid, Link>,
    /// Own monitors, by ref.
    pub monitors: HashMap<u64, Watch>,
    /// Those of others, by ref.
    pub watchers: HashMap<u64, Watcher>,
    /// Active aliases, and which of them allow urgent messages.
    pub aliases: HashMap<u64, bool>,
    /// Aliases that end with the first message (those of calls).
    pub once: HashSet<u64>,
    /// The registered name: a symbol or module; nil for none.
    pub name: Option<Word>,
    /// `Process.label(text)`.
    pub label: Option<String>,
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
        let active = |l: &(&Pid, &Link)| *l.1 == Link::Active;
        let mut pids: Vec<Pid> = self.links.iter().filter(active).map(|l| *l.0).collect();
        pids.sort_by_key(|pid| pid.serial());
        pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_made_while_another_ends_is_not_lost() {
        let (a, b) = (Pid::new(1, 1), Pid::new(2, 2));
        let mut of_a = Relations::default();
        assert!(of_a.accept_link(b));
        let first = of_a.unlink(b).unwrap();
        assert!(!of_a.linked_to(b));
        // A links again before B has answered.
        of_a.links.insert(b, Link::Active);
        of_a.unlinked(b, first);
        assert!(of_a.linked_to(b));
        assert_eq!(of_a.unlink(a), None);
    }
}
