//! The shape of a function's graph: the order of its blocks and who leads to whom.

use crate::ir::{BlockId, Function};

/// The blocks that can be reached, each after those that dominate it, and such that the block which
/// follows most often (the first target of a terminator) comes right after, if it can. Handlers come late.
pub(crate) fn order(f: &Function) -> Vec<BlockId> {
    let mut seen = vec![false; f.blocks.len()];
    let mut out = Vec::with_capacity(f.blocks.len());
    // blocks being visited, each with where its unvisited successors end in `todo`
    let mut stack: Vec<(BlockId, usize)> = Vec::new();
    let mut todo: Vec<BlockId> = Vec::new();
    let open = |block: BlockId, stack: &mut Vec<_>, todo: &mut Vec<_>| {
        stack.push((block, todo.len()));
        // taken from the end: the handler first, the first target last, so that it comes first when
        // the order is turned around
        f.successors(block, |to| todo.push(to));
    };
    seen[BlockId::ENTRY.index()] = true;
    open(BlockId::ENTRY, &mut stack, &mut todo);
    while let Some(&(block, base)) = stack.last() {
        if todo.len() > base {
            let next = todo.pop().expect("longer than its base");
            if !std::mem::replace(&mut seen[next.index()], true) {
                open(next, &mut stack, &mut todo);
            }
        } else {
            stack.pop();
            out.push(block);
        }
    }
    out.reverse();
    out
}

/// For every block, the blocks that lead to it (more than once if by several edges).
pub(crate) struct Preds {
    starts: Vec<u32>,
    all: Vec<BlockId>,
}

impl Preds {
    /// Those of the given blocks; with `handlers`, also those whose region leads to a handler.
    pub(crate) fn new(f: &Function, blocks: &[BlockId], handlers: bool) -> Preds {
        let mut starts = vec![0u32; f.blocks.len() + 1];
        let each = |visit: &mut dyn FnMut(BlockId, BlockId)| {
            for &block in blocks {
                if handlers {
                    f.successors(block, |to| visit(block, to));
                } else {
                    f.targets(&f.blocks[block.index()].term, |to| visit(block, to));
                }
            }
        };
        each(&mut |_, to| starts[to.index() + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut all = vec![BlockId::ENTRY; starts[f.blocks.len()] as usize];
        each(&mut |from, to| {
            all[next[to.index()] as usize] = from;
            next[to.index()] += 1;
        });
        Preds { starts, all }
    }

    /// The blocks that lead to `block`.
    pub(crate) fn of(&self, block: BlockId) -> &[BlockId] {
        &self.all[self.starts[block.index()] as usize..self.starts[block.index() + 1] as usize]
    }
}
