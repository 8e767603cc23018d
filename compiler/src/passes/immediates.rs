//! Small int constants become part of the instruction that uses them. (Operands never change sides
//! except in `==` and `!=`, which do not show them: errors name the operands in order.)

use rata_bytecode::module::Const;
use rata_bytecode::operand::Cmp;

use super::cfg;
use crate::ir::pool::Pools;
use crate::ir::{Function, Op, TermKind, Test, Val, Vals};

/// Runs the pass.
pub(crate) fn run(f: &mut Function, pools: &Pools) {
    let order = cfg::order(f);
    let mut small: Vec<Option<i32>> = Vec::new();
    small.resize(f.vals as usize, None);
    for &block in &order {
        for at in 0..f.blocks[block.index()].insts.len() {
            let inst = f.blocks[block.index()].insts[at];
            let (op, args) = match inst.op {
                Op::Const(k) => {
                    if let Const::Int(n) = pools.consts.get(k) {
                        small[inst.d.index()] = i32::try_from(*n).ok();
                    }
                    continue;
                }
                Op::Arith(op) => match second(f, inst.args, &small) {
                    Some((args, imm)) => (Op::ArithInt(op, imm), args),
                    None => continue,
                },
                Op::Compare(op) => match compared(f, op, inst.args, &small) {
                    Some((args, imm)) => (Op::CompareInt(op, imm), args),
                    None => continue,
                },
                _ => continue,
            };
            let inst = &mut f.blocks[block.index()].insts[at];
            (inst.op, inst.args) = (op, args);
        }
        let term = f.blocks[block.index()].term;
        if let TermKind::Branch { test: Test::Compare(op), then, els } = term.kind
            && let Some((args, imm)) = compared(f, op, term.args, &small)
        {
            let term = &mut f.blocks[block.index()].term;
            term.args = args;
            term.kind = TermKind::Branch { test: Test::CompareInt(op, imm), then, els };
        }
    }
}

/// The operands without the second, when that is a small constant.
fn second(f: &Function, args: Vals, small: &[Option<i32>]) -> Option<(Vals, i32)> {
    let imm = small[f.vals(args)[1].index()]?;
    Some((Function::shorten(args, 1), imm))
}

fn compared(f: &mut Function, op: Cmp, args: Vals, small: &[Option<i32>]) -> Option<(Vals, i32)> {
    if let Some(done) = second(f, args, small) {
        return Some(done);
    }
    let [a, b] = [f.vals(args)[0], f.vals(args)[1]];
    let imm = small[a.index()]?;
    if !matches!(op, Cmp::Eq | Cmp::Ne) {
        return None;
    }
    let vals: &mut [Val] = f.vals_mut(args);
    vals[0] = b;
    Some((Function::shorten(args, 1), imm))
}
