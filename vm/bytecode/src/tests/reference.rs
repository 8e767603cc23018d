//! The data flow said plainly: one instruction at a time, sets of at most 64 registers in a word,
//! everything repeated until nothing changes. And an execution that takes arbitrary turns.

use super::source::Source;
use crate::liveness::RegSet;
use crate::module::{Function, Handler};
use crate::operand::Reg;
use crate::ops::Op;

pub(super) fn defs(op: &Op) -> u64 {
    let mut bits = 0;
    op.for_each_def(|reg| bits |= 1 << reg);
    bits
}

pub(super) fn uses(op: &Op) -> u64 {
    let mut bits = 0;
    op.for_each_use(|reg| bits |= 1 << reg);
    bits
}

fn labels(op: &Op) -> Vec<usize> {
    let mut labels = Vec::new();
    op.for_each_label(|label| labels.push(label.0 as usize));
    labels
}

fn handler(f: &Function, at: usize) -> Option<&Handler> {
    f.handlers.iter().find(|h| (h.start.0 as usize..h.end.0 as usize).contains(&at))
}

fn filled(f: &Function) -> u64 {
    (1 << (f.arity + f.captures + u32::from(f.wants_self))) - 1
}

/// Whether every register read is initialised on every path.
pub(super) fn is_initialised(f: &Function) -> bool {
    let mut known: Vec<Option<u64>> = vec![None; f.code.len()];
    known[0] = Some(filled(f));
    let mut changed = true;
    while changed {
        changed = false;
        for (i, op) in f.code.iter().enumerate() {
            let Some(now) = known[i] else { continue };
            let mut flow = |to: usize, after: u64| {
                let merged = known[to].map_or(after, |before| before & after);
                changed |= known[to] != Some(merged);
                known[to] = Some(merged);
            };
            if !op.ends_flow() {
                flow(i + 1, now | defs(op));
            }
            labels(op).into_iter().for_each(|to| flow(to, now));
            if let Some(h) = handler(f, i) {
                flow(h.target.0 as usize, now | 1 << h.d.0);
            }
        }
    }
    f.code.iter().zip(&known).all(|(op, known)| known.is_none_or(|known| uses(op) & !known == 0))
}

/// The registers live across each instruction.
pub(super) fn live_across(f: &Function) -> Vec<u64> {
    let mut live = vec![0u64; f.code.len()];
    let mut across = vec![0u64; f.code.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (i, op) in f.code.iter().enumerate().rev() {
            let fall = if op.ends_flow() { 0 } else { live[i + 1] & !defs(op) };
            let jumps = labels(op).into_iter().fold(0, |bits, to| bits | live[to]);
            let raise = handler(f, i).map_or(0, |h| live[h.target.0 as usize] & !(1 << h.d.0));
            across[i] = fall | jumps | raise;
            let new = across[i] | uses(op);
            changed |= new != live[i];
            live[i] = new;
        }
    }
    across
}

pub(super) fn bits(set: &RegSet) -> u64 {
    set.as_slice().iter().fold(0, |bits, reg: &Reg| bits | 1 << reg)
}

/// Runs the function with arbitrary turns at jumps and arbitrary exceptions, forgetting at each
/// instruction all that is not live across it. Panics when it reads what is not there or leaves the code.
pub(super) fn run(f: &Function, across: &[u64], turns: &mut Source<'_>) {
    let mut at = 0;
    let mut there = filled(f);
    for _ in 0..200 {
        let op = &f.code[at];
        assert_eq!(uses(op) & !there, 0, "{op:?} at {at} reads what is not there, in {f:#?}");
        there &= across[at];
        let mut ways: Vec<(usize, u64)> = labels(op).into_iter().map(|to| (to, there)).collect();
        if !op.ends_flow() {
            ways.push((at + 1, there | defs(op)));
        }
        if let Some(h) = handler(f, at) {
            ways.push((h.target.0 as usize, there | 1 << h.d.0));
        }
        if ways.is_empty() {
            return;
        }
        (at, there) = ways[turns.below(ways.len() as u32) as usize];
    }
}
