//! Jump threading: unreachable blocks are emptied, jumps to blocks that only jump go where those
//! go, blocks with one predecessor join it, and a jump to a `return` is a `return`.

use super::cfg;
use crate::ir::{BlockId, Function, Term, TermKind, Val, Vals};

/// Runs the pass.
pub(crate) fn run(f: &mut Function) {
    returns(f);
    forward(f);
    let live = prune(f);
    merge(f, &live);
    prune(f);
}

/// Empties what cannot be reached; gives the rest in order.
fn prune(f: &mut Function) -> Vec<BlockId> {
    let order = cfg::order(f);
    let mut live = vec![false; f.blocks.len()];
    for block in &order {
        live[block.index()] = true;
    }
    for (block, _) in f.blocks.iter_mut().zip(live).filter(|(_, live)| !live) {
        block.insts.clear();
        block.params = Vals::EMPTY;
        block.term = Term::new(TermKind::Unset, Vals::EMPTY, 0);
        block.region = None;
    }
    order
}

/// A jump to a block that only returns is a return.
fn returns(f: &mut Function) {
    for at in 0..f.blocks.len() {
        let term = f.blocks[at].term;
        let TermKind::Jump(to) = term.kind else { continue };
        let target = &f.blocks[to.index()];
        if target.term.kind != TermKind::Return || !target.insts.is_empty() {
            continue;
        }
        let given = f.vals(term.args);
        let returned = f.vals(target.term.args)[0];
        let param = f.vals(target.params).iter().position(|&p| p == returned);
        let value = param.map_or(returned, |at| given[at]);
        let args = f.list(&[value]);
        f.blocks[at].term = Term::new(TermKind::Return, args, term.at);
    }
}

/// Edges to blocks that hold nothing but a jump lead to where that goes.
fn forward(f: &mut Function) {
    let empty = |f: &Function, block: BlockId| {
        let b = &f.blocks[block.index()];
        match b.term.kind {
            TermKind::Jump(to)
                if b.insts.is_empty() && b.params.len() == 0 && b.term.args.len() == 0 =>
            {
                Some(to)
            }
            _ => None,
        }
    };
    let mut ends: Vec<Option<BlockId>> = vec![None; f.blocks.len()];
    let mut on_path = vec![false; f.blocks.len()];
    let mut path = Vec::new();
    for at in 0..ends.len() {
        let mut end = BlockId(at as u32);
        while ends[end.index()].is_none() && !std::mem::replace(&mut on_path[end.index()], true) {
            path.push(end);
            match empty(f, end) {
                Some(next) => end = next,
                None => break,
            }
        }
        // an endless loop of empty blocks ends where it was entered
        let end = ends[end.index()].unwrap_or(end);
        for block in path.drain(..) {
            ends[block.index()] = Some(end);
        }
    }
    let ends: Vec<BlockId> = ends.into_iter().flatten().collect();
    for at in 0..f.blocks.len() {
        redirect(f, at, &ends);
    }
    for at in 0..f.cases.len() {
        let (_, to) = &mut f.cases[at];
        *to = ends[to.index()];
    }
}

fn redirect(f: &mut Function, at: usize, ends: &[BlockId]) {
    let term = &mut f.blocks[at].term;
    match &mut term.kind {
        TermKind::Jump(to) => *to = ends[to.index()],
        TermKind::Switch { default, .. } => *default = ends[default.index()],
        TermKind::Branch { test, then, els } => {
            *then = ends[then.index()];
            *els = ends[els.index()];
            if then == els && test.is_pure() {
                *term = Term::new(TermKind::Jump(*then), Vals::EMPTY, term.at);
            }
        }
        _ => {}
    }
}

/// A block that one jump leads to becomes part of the block that jumps.
fn merge(f: &mut Function, order: &[BlockId]) {
    let mut edges = vec![0u32; f.blocks.len()];
    edges[BlockId::ENTRY.index()] = 2; // never merged
    for &block in order {
        f.successors(block, |to| edges[to.index()] += 1);
    }
    // handlers are entered with a value that no jump gives
    for region in &f.regions {
        edges[region.handler.index()] += 2;
    }
    let mut same: Vec<Val> = Vec::new();
    for &block in order {
        loop {
            let term = f.blocks[block.index()].term;
            let TermKind::Jump(to) = term.kind else { break };
            if edges[to.index()] != 1
                || to == block
                || f.blocks[to.index()].region != f.blocks[block.index()].region
            {
                break;
            }
            if same.is_empty() {
                same = (0..f.vals).map(Val).collect();
            }
            let target = &mut f.blocks[to.index()];
            let (params, next) = (target.params, target.term);
            let insts = std::mem::take(&mut target.insts);
            target.params = Vals::EMPTY;
            target.term = Term::new(TermKind::Unset, Vals::EMPTY, 0);
            for at in 0..params.len() {
                same[f.vals(params)[at].index()] = f.vals(term.args)[at];
            }
            let from = &mut f.blocks[block.index()];
            if from.insts.is_empty() {
                from.insts = insts;
            } else {
                from.insts.extend(insts);
            }
            from.term = next;
        }
    }
    substitute(f, &mut same);
}

/// Replaces every use of a value by what it is the same as.
pub(super) fn substitute(f: &mut Function, same: &mut [Val]) {
    if same.is_empty() {
        return;
    }
    let mut pool = std::mem::take(&mut f.pool);
    for val in &mut pool {
        let mut end = *val;
        while same[end.index()] != end {
            // halve the path for those that come after
            let next = same[end.index()];
            same[end.index()] = same[next.index()];
            end = next;
        }
        *val = end;
    }
    f.pool = pool;
}
