//! Every register read is initialised on every path: forward data flow over the blocks that can be
//! reached, 128 registers at a time (`dataflow.rs`).
//!
//! On entry the parameters, the captures and the closure are initialised, nothing else. A handler's
//! target gets what is initialised wherever an exception may come from: since registers are never
//! un-initialised, that is what is initialised at the start of each block it protects.

use super::structure::entry_registers;
use crate::cfg::{Block, Cfg, Edge};
use crate::dataflow::{Facts, Lane, MAX_STEPS, Worklist};
use crate::liveness::is_feasible;
use crate::module::Function;
use crate::operand::Reg;

/// What is wrong, and at which instruction.
type Objection = (Option<u32>, String);

/// Checks a function whose structure and instructions have been checked.
pub(super) fn check(f: &Function) -> Result<(), Objection> {
    check_within(f, MAX_STEPS)
}

/// The same with another limit on the steps taken.
pub(crate) fn check_within(f: &Function, mut steps: u64) -> Result<(), Objection> {
    let cfg = Cfg::new(f);
    let facts = Facts::new(f, &cfg, entry_registers(f) as Reg);
    let too_complex = || {
        let (blocks, regs) = (cfg.len(), facts.regs.len());
        Err((None, format!("too complex: {blocks} blocks, {regs} registers between them")))
    };
    if facts.too_complex(&cfg) {
        return too_complex();
    }
    let order = cfg.reverse_postorder();
    for lane in 0..facts.lanes() {
        let found = check_lane(&facts, &cfg, &order, lane, &mut steps);
        if steps == 0 {
            return too_complex();
        }
        if let Some((block, bits)) = found {
            let bad = |reg: Reg| facts.bit(reg, lane) & bits != 0;
            return Err(explain(f, &cfg, block, bad));
        }
    }
    // The loader will want the liveness, and cannot reject the function then.
    if facts.may_be_slow(&cfg) && !is_feasible(f, &cfg) {
        return too_complex();
    }
    Ok(())
}

/// The first block that reads registers of the lane that are not initialised, and these.
fn check_lane(
    facts: &Facts,
    cfg: &Cfg,
    order: &[Block],
    lane: usize,
    steps: &mut u64,
) -> Option<(Block, Lane)> {
    let blocks = facts.lane(lane, cfg);
    // All but the entry begin as unreached, where anything holds.
    let mut known = vec![Lane::MAX; cfg.len()];
    known[0] = 0;
    let mut work = Worklist::new(cfg.len(), order.iter().copied());
    while let Some(block) = work.pop(cfg, steps) {
        let b = block as usize;
        for (to, edge) in cfg.edges(block) {
            let after = known[b]
                | match edge {
                    Edge::Fall => blocks.writes[b],
                    Edge::Jump => blocks.jump_writes[b],
                    Edge::Raise(d) => facts.bit(*d, lane),
                };
            let target = &mut known[*to as usize];
            if *target & !after != 0 {
                *target &= after;
                work.push(*to);
            }
        }
    }
    let bad = |&block: &Block| blocks.exposed[block as usize] & !known[block as usize];
    let first = order.iter().filter(|block| bad(block) != 0).min()?;
    Some((*first, bad(first)))
}

/// The first instruction of the block that reads a bad register.
fn explain(f: &Function, cfg: &Cfg, block: Block, bad: impl Fn(Reg) -> bool) -> Objection {
    for i in cfg.range(block) {
        let mut found = None;
        f.code[i].for_each_use(|reg| {
            if found.is_none() && bad(reg) {
                found = Some(reg);
            }
        });
        if let Some(reg) = found {
            let message = format!(
                "{} reads r{reg}, which is not initialised on every path",
                f.code[i].mnemonic()
            );
            return (Some(i as u32), message);
        }
    }
    (None, "a register is not initialised on every path".to_owned())
}
