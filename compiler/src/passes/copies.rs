//! Copy propagation: a block parameter that is given the same value on every way is that value.

use super::{cfg, clean};
use crate::ir::{Function, TermKind, Val};

/// What a parameter was seen to be given.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    Nothing,
    One(Val),
    Many,
}

/// Runs the pass.
pub(crate) fn run(f: &mut Function) {
    if !f.blocks[1..].iter().any(|block| block.params.len() > 0) {
        return;
    }
    let order = cfg::order(f);
    let mut given = vec![Given::Nothing; f.vals as usize];
    for &block in &order {
        let term = &f.blocks[block.index()].term;
        let TermKind::Jump(to) = term.kind else { continue };
        let params = f.vals(f.blocks[to.index()].params);
        for (&param, &arg) in params.iter().zip(f.vals(term.args)) {
            let given = &mut given[param.index()];
            *given = match *given {
                Given::Nothing if arg != param => Given::One(arg),
                Given::One(known) if arg != param && arg != known => Given::Many,
                known => known,
            };
        }
    }
    let mut same: Vec<Val> = (0..f.vals).map(Val).collect();
    let mut any = false;
    for &block in &order[1..] {
        let params = f.blocks[block.index()].params;
        for at in 0..params.len() {
            let param = f.vals(params)[at];
            if let Given::One(value) = given[param.index()] {
                same[param.index()] = value;
                any = true;
            }
        }
    }
    if !any {
        return;
    }
    let gone = |val: Val| matches!(given[val.index()], Given::One(_));
    // arguments first: the parameters tell which of them go
    for &block in &order {
        let term = f.blocks[block.index()].term;
        let TermKind::Jump(to) = term.kind else { continue };
        let params = f.vals(f.blocks[to.index()].params).to_vec();
        f.blocks[block.index()].term.args = f.retain(term.args, |at| !gone(params[at]));
    }
    for &block in &order[1..] {
        let params = f.blocks[block.index()].params;
        let old = f.vals(params).to_vec();
        f.blocks[block.index()].params = f.retain(params, |at| !gone(old[at]));
    }
    clean::substitute(f, &mut same);
}
