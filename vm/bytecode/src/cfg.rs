//! Function → its basic blocks with the edges between them, for the data-flow analyses.
//!
//! What enters must have passed the structural checks of [`mod@crate::verify`]: labels in range, the
//! last instruction ends the flow, handlers nested inner first.
//!
//! Blocks begin at instruction 0, at every label, after every instruction with a label, and at the
//! borders and targets of handlers; so all instructions of a block are protected by the same handler.
//! An instruction that raises has written nothing, and a jump that an instruction with results takes
//! happens instead of writing them. Hence three kinds of edges, see [`Edge`].

use crate::module::{Function, Handler};
use crate::operand::Reg;

/// A block's number.
pub(crate) type Block = u32;

/// How control gets from one block to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edge {
    /// After the last instruction: all it writes is written.
    Fall,
    /// By a jump of the last instruction: what that one writes is not written.
    Jump,
    /// By an exception in any instruction: nothing that the block writes can be relied on; the
    /// handler's register is written.
    Raise(Reg),
}

/// The blocks of a function.
pub(crate) struct Cfg {
    /// First instruction of each block, and the number of instructions as the last entry.
    starts: Vec<u32>,
    edges: Vec<(Block, Edge)>,
    first_edge: Vec<u32>,
    /// The handler in force, if any, by block.
    pub(crate) handlers: Vec<Option<u32>>,
}

impl Cfg {
    /// Finds the blocks of a function.
    pub(crate) fn new(f: &Function) -> Cfg {
        let (starts, block_at) = find_blocks(f);
        let handlers = active_handlers(&f.handlers, &starts);
        let mut cfg = Cfg { starts, edges: Vec::new(), first_edge: vec![0], handlers };
        for block in 0..cfg.len() as Block {
            cfg.add_edges(f, block, &block_at);
            cfg.first_edge.push(cfg.edges.len() as u32);
        }
        cfg
    }

    fn add_edges(&mut self, f: &Function, block: Block, block_at: &[Block]) {
        let last = self.range(block).end - 1;
        let op = &f.code[last];
        if !op.ends_flow() {
            self.edges.push((block_at[last + 1], Edge::Fall));
        }
        let edges = &mut self.edges;
        op.for_each_label(|to| edges.push((block_at[to.0 as usize], Edge::Jump)));
        if let Some(handler) = self.handlers[block as usize] {
            let handler = &f.handlers[handler as usize];
            let target = block_at[handler.target.0 as usize];
            self.edges.push((target, Edge::Raise(handler.d.0)));
        }
    }

    /// Number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of edges.
    pub(crate) fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The instructions of a block.
    pub(crate) fn range(&self, block: Block) -> std::ops::Range<usize> {
        self.starts[block as usize] as usize..self.starts[block as usize + 1] as usize
    }

    /// Where control goes from a block.
    pub(crate) fn edges(&self, block: Block) -> &[(Block, Edge)] {
        let from = self.first_edge[block as usize] as usize;
        &self.edges[from..self.first_edge[block as usize + 1] as usize]
    }

    /// The blocks that lead to each block (with repetitions), as (all, first index by block).
    pub(crate) fn predecessors(&self) -> (Vec<Block>, Vec<u32>) {
        let mut first = vec![0u32; self.len() + 1];
        for (to, _) in &self.edges {
            first[*to as usize + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut next = first.clone();
        let mut all = vec![0; self.edges.len()];
        for from in 0..self.len() as Block {
            for (to, _) in self.edges(from) {
                let place = &mut next[*to as usize];
                all[*place as usize] = from;
                *place += 1;
            }
        }
        (all, first)
    }

    /// The blocks that can be reached, each after as many of its predecessors as loops allow.
    pub(crate) fn reverse_postorder(&self) -> Vec<Block> {
        let mut seen = vec![false; self.len()];
        let mut order = Vec::new();
        let mut path: Vec<(Block, u32)> = vec![(0, 0)];
        seen[0] = true;
        while let Some((block, next)) = path.last_mut() {
            match self.edges(*block).get(*next as usize) {
                Some((to, _)) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[*to as usize], true) {
                        path.push((*to, 0));
                    }
                }
                None => {
                    order.push(*block);
                    path.pop();
                }
            }
        }
        order.reverse();
        order
    }
}

/// The blocks' first instructions (and the end), and the block of every instruction.
fn find_blocks(f: &Function) -> (Vec<u32>, Vec<Block>) {
    let mut leads = vec![false; f.code.len() + 1];
    leads[0] = true;
    for (i, op) in f.code.iter().enumerate() {
        let mut branches = op.ends_flow();
        op.for_each_label(|to| {
            leads[to.0 as usize] = true;
            branches = true;
        });
        leads[i + 1] |= branches;
    }
    for handler in &f.handlers {
        for label in [handler.start, handler.end, handler.target] {
            leads[label.0 as usize] = true;
        }
    }
    let mut starts = Vec::new();
    let mut block_at = Vec::with_capacity(f.code.len());
    for (i, lead) in leads[..f.code.len()].iter().enumerate() {
        if *lead {
            starts.push(i as u32);
        }
        block_at.push(starts.len() as Block - 1);
    }
    starts.push(f.code.len() as u32);
    (starts, block_at)
}

/// The handlers' numbers, outer ones before those they contain.
pub(crate) fn outer_first(handlers: &[Handler]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..handlers.len() as u32).collect();
    order.sort_unstable_by_key(|&i| {
        let handler = &handlers[i as usize];
        (handler.start, std::cmp::Reverse(handler.end), std::cmp::Reverse(i))
    });
    order
}

/// The innermost handler of each block.
fn active_handlers(handlers: &[Handler], starts: &[u32]) -> Vec<Option<u32>> {
    let mut coming = outer_first(handlers).into_iter().peekable();
    let mut open: Vec<u32> = Vec::new();
    let mut active = Vec::with_capacity(starts.len() - 1);
    for &start in &starts[..starts.len() - 1] {
        while open.last().is_some_and(|&h| handlers[h as usize].end.0 <= start) {
            open.pop();
        }
        while let Some(h) = coming.next_if(|&h| handlers[h as usize].start.0 == start) {
            open.push(h);
        }
        active.push(open.last().copied());
    }
    active
}
