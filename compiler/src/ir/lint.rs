//! Checks that a function is well-formed; run between passes in debug builds and by tests.

use super::{BlockId, Function, TermKind, Val};
use crate::passes::cfg::{self, Preds};

/// From how many blocks on dominance is not checked: it takes time in their square at worst.
const MANY: usize = 4000;

/// What is wrong with `f`, if anything.
pub(crate) fn check(f: &Function) -> Result<(), String> {
    let order = cfg::order(f);
    for &block in &order {
        shape(f, block)?;
    }
    let home = homes(f, &order)?;
    if order.len() > MANY {
        return Ok(());
    }
    dominance(f, &order, &home)
}

fn shape(f: &Function, id: BlockId) -> Result<(), String> {
    let block = &f.blocks[id.index()];
    let mut wrong: Result<(), String> = Ok(());
    f.successors(id, |to| {
        if to.index() >= f.blocks.len() {
            wrong = Err(format!("b{} leads to b{}, which is none", id.0, to.0));
        }
    });
    wrong.clone()?;
    match block.term.kind {
        TermKind::Unset => return Err(format!("b{} does not end", id.0)),
        TermKind::Jump(to) => {
            let (given, wanted) = (block.term.args.len(), f.blocks[to.index()].params.len());
            if given != wanted {
                return Err(format!("b{} gives {given} values to b{} of {wanted}", id.0, to.0));
            }
        }
        _ => f.targets(&block.term, |to| {
            if f.blocks[to.index()].params.len() > 0 {
                wrong = Err(format!("b{} gives no values to b{}", id.0, to.0));
            }
        }),
    }
    if let Some(region) = block.region {
        let handler = f.regions[region.0 as usize].handler;
        if f.blocks[handler.index()].params.len() != 1 {
            return Err(format!("handler b{} wants one value", handler.0));
        }
    }
    wrong
}

/// By value, where it is defined: (block, position; parameters at 0, terminators last).
fn homes(f: &Function, order: &[BlockId]) -> Result<Vec<Option<(BlockId, usize)>>, String> {
    let mut home: Vec<Option<(BlockId, usize)>> = vec![None; f.vals as usize];
    let mut define = |val: Val, at: (BlockId, usize)| match home[val.index()].replace(at) {
        Some(_) => Err(format!("v{} is defined twice", val.0)),
        None => Ok(()),
    };
    for &id in order {
        let block = &f.blocks[id.index()];
        for &param in f.vals(block.params) {
            define(param, (id, 0))?;
        }
        for (at, inst) in block.insts.iter().enumerate() {
            if inst.d.is_some() {
                define(inst.d, (id, at + 1))?;
            }
        }
        for def in block.term.defs() {
            define(def, (id, usize::MAX))?;
        }
    }
    Ok(home)
}

/// Every use is dominated by its definition.
fn dominance(
    f: &Function,
    order: &[BlockId],
    home: &[Option<(BlockId, usize)>],
) -> Result<(), String> {
    let tree = Dominators::new(f, order);
    for &id in order {
        let block = &f.blocks[id.index()];
        let lists = block.insts.iter().map(|inst| inst.args).chain([block.term.args]);
        for (at, args) in lists.enumerate() {
            for &val in f.vals(args) {
                let Some((from, position)) = home.get(val.index()).copied().flatten() else {
                    return Err(format!("v{} is used in b{} but not defined", val.0, id.0));
                };
                let fine = if from == id { position <= at } else { tree.dominates(from, id) };
                if !fine {
                    return Err(format!("v{} is used in b{} where it may not be", val.0, id.0));
                }
            }
        }
    }
    Ok(())
}

/// The dominator tree (Cooper, Harvey, Kennedy), numbered so that asking takes no walk.
struct Dominators {
    /// By block: its number and the number after the last block that it dominates.
    spans: Vec<(usize, usize)>,
}

impl Dominators {
    fn new(f: &Function, order: &[BlockId]) -> Dominators {
        let idom = immediate(f, order);
        // sizes of subtrees: what is dominated comes later in the order
        let mut size = vec![1; order.len()];
        for at in (1..order.len()).rev() {
            size[idom[at]] += size[at];
        }
        let mut spans = vec![(0, 0); f.blocks.len()];
        // by place: the number that the next dominated block gets
        let mut next = vec![1; order.len()];
        spans[order[0].index()] = (0, size[0]);
        for at in 1..order.len() {
            let number = next[idom[at]];
            next[idom[at]] += size[at];
            next[at] = number + 1;
            spans[order[at].index()] = (number, number + size[at]);
        }
        Dominators { spans }
    }

    fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let ((start, end), (b, _)) = (self.spans[a.index()], self.spans[b.index()]);
        (start..end).contains(&b)
    }
}

/// By place in the order: the place of the immediate dominator.
fn immediate(f: &Function, order: &[BlockId]) -> Vec<usize> {
    let preds = Preds::new(f, order, true);
    let mut place = vec![usize::MAX; f.blocks.len()];
    for (at, block) in order.iter().enumerate() {
        place[block.index()] = at;
    }
    let mut idom = vec![usize::MAX; order.len()];
    idom[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for (at, &block) in order.iter().enumerate().skip(1) {
            let mut new = usize::MAX;
            for pred in preds.of(block) {
                let mut other = place[pred.index()];
                if idom[other] == usize::MAX {
                    continue;
                }
                if new == usize::MAX {
                    new = other;
                }
                while new != other {
                    if new > other { new = idom[new] } else { other = idom[other] }
                }
            }
            if idom[at] != new {
                idom[at] = new;
                changed = true;
            }
        }
    }
    idom
}
