//! What a process holds outside itself, and what becomes of that when it ends.

use crate::node::Node;
use rata_vm::value::Pid;
use std::sync::Arc;

/// Something that a process has a part in until it ends.
pub trait Holding: Send + Sync {
    /// The process has ended: nobody finds it in here any more. Gives those that depend on it as if they were linked to it.
    fn ended(self: Arc<Self>, node: &Node, pid: Pid) -> Vec<Pid>;
    /// The same thing as another holding?
    fn address(&self) -> usize;
}

/// The holdings of a process, each once.
#[derive(Default)]
pub struct Holdings(Vec<Arc<dyn Holding>>);

impl Holdings {
    /// One more.
    pub fn add(&mut self, holding: Arc<dyn Holding>) {
        if self.0.iter().all(|held| held.address() != holding.address()) {
            self.0.push(holding);
        }
    }

    /// One less.
    pub fn remove(&mut self, holding: &dyn Holding) {
        self.0.retain(|held| held.address() != holding.address());
    }

    /// The process has ended: who depends on it.
    pub fn end(self, node: &Node, pid: Pid) -> Vec<Pid> {
        self.0.into_iter().flat_map(|holding| holding.ended(node, pid)).collect()
    }
}
