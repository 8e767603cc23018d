//! Dead code: what only computes a value that nobody uses goes, block parameters included.

use super::cfg;
use crate::ir::{BlockId, Function, TermKind, Val, Vals};

/// Runs the pass.
pub(crate) fn run(f: &mut Function) {
    let order = cfg::order(f);
    let live = live(f, &order);
    for &block in &order {
        let block = &mut f.blocks[block.index()];
        block.insts.retain(|inst| !inst.op.is_pure() || live[inst.d.index()]);
    }
    let mut is_fixed = vec![false; f.blocks.len()];
    is_fixed[BlockId::ENTRY.index()] = true;
    for region in &f.regions {
        is_fixed[region.handler.index()] = true;
    }
    let fixed = |block: BlockId| is_fixed[block.index()];
    if !order
        .iter()
        .any(|&b| !fixed(b) && f.vals(f.blocks[b.index()].params).iter().any(|p| !live[p.index()]))
    {
        return;
    }
    for &block in &order {
        let term = f.blocks[block.index()].term;
        let TermKind::Jump(to) = term.kind else { continue };
        if term.args.len() > 0 {
            let params = f.vals(f.blocks[to.index()].params).to_vec();
            f.blocks[block.index()].term.args = f.retain(term.args, |at| live[params[at].index()]);
        }
    }
    for &block in &order {
        if !fixed(block) {
            let params = f.blocks[block.index()].params;
            let old = f.vals(params).to_vec();
            f.blocks[block.index()].params = f.retain(params, |at| live[old[at].index()]);
        }
    }
}

/// By value: whether something that must stay depends on it.
fn live(f: &Function, order: &[BlockId]) -> Vec<bool> {
    let mut live = vec![false; f.vals as usize];
    let mut todo: Vec<Val> = Vec::new();
    // what a value depends on: the arguments of the instruction that defines it …
    let mut defs = vec![Vals::EMPTY; f.vals as usize];
    // … or, for a parameter, what jumps give it: a chain of links per parameter
    let mut given: Vec<(Val, u32)> = Vec::new();
    let mut first = vec![u32::MAX; f.vals as usize];
    let need = |vals: &[Val], live: &mut Vec<bool>, todo: &mut Vec<Val>| {
        for &val in vals {
            if !std::mem::replace(&mut live[val.index()], true) {
                todo.push(val);
            }
        }
    };
    for &block in order {
        let block = &f.blocks[block.index()];
        for inst in &block.insts {
            if inst.d.is_some() {
                defs[inst.d.index()] = inst.args;
            }
            if !inst.op.is_pure() {
                need(f.vals(inst.args), &mut live, &mut todo);
            }
        }
        if let TermKind::Jump(to) = block.term.kind {
            let params = f.vals(f.blocks[to.index()].params);
            for (&param, &arg) in params.iter().zip(f.vals(block.term.args)) {
                given.push((arg, first[param.index()]));
                first[param.index()] = given.len() as u32 - 1;
            }
        } else {
            need(f.vals(block.term.args), &mut live, &mut todo);
        }
    }
    while let Some(val) = todo.pop() {
        need(f.vals(defs[val.index()]), &mut live, &mut todo);
        let mut link = first[val.index()];
        while let Some(&(arg, next)) = given.get(link as usize) {
            need(&[arg], &mut live, &mut todo);
            link = next;
        }
    }
    live
}
