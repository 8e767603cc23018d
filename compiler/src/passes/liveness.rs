//! Liveness: which values are still needed where a block begins. Found value by value, walking up from the uses, so
//! that the many values that never leave their block cost nothing.

use super::cfg::Preds;
use crate::ir::{BlockId, Function, Val};

/// By block, the values that are defined before it and used in it or after it.
pub(crate) struct Live {
    at_start: Vec<Vec<Val>>,
}

impl Live {
    /// The values needed where `block` begins (its parameters are not among them).
    pub(crate) fn at_start(&self, block: BlockId) -> &[Val] {
        &self.at_start[block.index()]
    }
}

/// By value, the block that defines it.
fn definitions(f: &Function, order: &[BlockId]) -> Vec<BlockId> {
    let mut home = vec![BlockId::ENTRY; f.vals as usize];
    for &id in order {
        let block = &f.blocks[id.index()];
        for param in f.vals(block.params) {
            home[param.index()] = id;
        }
        for inst in block.insts.iter().filter(|inst| inst.d.is_some()) {
            home[inst.d.index()] = id;
        }
        for def in block.term.defs() {
            home[def.index()] = id;
        }
    }
    home
}

/// Runs the analysis over the blocks in `order`.
pub(crate) fn run(f: &Function, order: &[BlockId]) -> Live {
    let home = definitions(f, order);
    let preds = Preds::new(f, order, true);
    let mut uses: Vec<(Val, BlockId)> = Vec::new();
    for &id in order {
        let block = &f.blocks[id.index()];
        let lists = block.insts.iter().map(|inst| inst.args).chain([block.term.args]);
        for val in lists.flat_map(|args| f.vals(args)) {
            if home[val.index()] != id && uses.last() != Some(&(*val, id)) {
                uses.push((*val, id));
            }
        }
    }
    uses.sort_unstable();
    let mut at_start: Vec<Vec<Val>> = vec![Vec::new(); f.blocks.len()];
    let mut todo = Vec::new();
    for (val, block) in uses {
        todo.push(block);
        while let Some(block) = todo.pop() {
            let live = &mut at_start[block.index()];
            // values come in order, so one that is there already is the last
            if live.last() == Some(&val) {
                continue;
            }
            live.push(val);
            for &pred in preds.of(block) {
                if pred != home[val.index()] {
                    todo.push(pred);
                }
            }
        }
    }
    Live { at_start }
}
