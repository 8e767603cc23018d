//! Verified function → which registers are live across each instruction, by backward data flow.
//!
//! A register is live at a place when some path from there reads it before writing it. *Across* an
//! instruction means: while it runs. That is what a collector must know at a safepoint (a call, a
//! wait): the registers whose values are needed after it, without those it writes itself, but with
//! all that are live into the handler that protects it, since it may raise.
//!
//! In a verified function every register live across a reachable instruction is initialised
//! there, so a collector that follows these sets never sees rubbish, and dead registers keep nothing alive.

use crate::cfg::{Block, Cfg, Edge};
use crate::dataflow::{Facts, LANE, Lane, MAX_STEPS, Worklist};
use crate::module::Function;
use crate::operand::Reg;
use crate::ops::Op;

/// A set of registers: constant time to add, remove and clear; iterating costs what is in it.
#[derive(Clone, Debug, Default)]
pub struct RegSet {
    members: Vec<Reg>,
    places: Vec<Reg>,
}

impl RegSet {
    /// An empty set of registers below `registers` (at most 65,535).
    pub fn new(registers: u32) -> RegSet {
        RegSet { members: Vec::new(), places: vec![0; registers as usize] }
    }

    /// Whether it holds the register.
    pub fn contains(&self, reg: Reg) -> bool {
        let place = self.places.get(reg as usize).copied().unwrap_or(0);
        self.members.get(place as usize) == Some(&reg)
    }

    /// Adds a register.
    pub fn insert(&mut self, reg: Reg) {
        if !self.contains(reg) {
            self.places[reg as usize] = self.members.len() as Reg;
            self.members.push(reg);
        }
    }

    /// Removes a register.
    pub fn remove(&mut self, reg: Reg) {
        if self.contains(reg) {
            let place = self.places[reg as usize];
            self.members.swap_remove(place as usize);
            if let Some(&moved) = self.members.get(place as usize) {
                self.places[moved as usize] = place;
            }
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.members.clear();
    }

    /// The registers, in no particular order.
    pub fn as_slice(&self) -> &[Reg] {
        &self.members
    }

    /// The registers in ascending order.
    pub fn sorted(&self) -> Vec<Reg> {
        let mut regs = self.members.clone();
        regs.sort_unstable();
        regs
    }
}

/// Calls `at(index, op, live)` for every instruction of a verified function with the registers live
/// across it (see above): blocks in ascending order, the instructions of each in descending order.
/// The instruction's own operands are not in `live` unless they are needed afterwards.
/// Returns the registers live at entry (parameters, captures and the closure, as far as needed).
pub fn live_across(f: &Function, mut at: impl FnMut(usize, &Op, &RegSet)) -> RegSet {
    let cfg = Cfg::new(f);
    // The verifier has seen that it ends soon.
    let mut unlimited = u64::MAX;
    let live = LiveIn::solve(f, &cfg, &mut unlimited);
    let mut set = RegSet::new(f.registers);
    let mut raise = RegSet::new(f.registers);
    for block in 0..cfg.len() as Block {
        live.scan_block(f, &cfg, block, &mut set, &mut raise, &mut at);
    }
    set.clear();
    live.for_each(0, |reg| set.insert(reg));
    set
}

/// Whether [`live_across`] takes no more than [`MAX_STEPS`]. The verifier sees to it.
pub(crate) fn is_feasible(f: &Function, cfg: &Cfg) -> bool {
    let mut steps = MAX_STEPS;
    LiveIn::solve(f, cfg, &mut steps);
    steps > 0
}

/// The registers live at the start of each block.
struct LiveIn {
    facts: Facts,
    /// By block, then by lane.
    sets: Vec<Lane>,
}

impl LiveIn {
    fn solve(f: &Function, cfg: &Cfg, steps: &mut u64) -> LiveIn {
        let facts = Facts::new(f, cfg, 0);
        let lanes = facts.lanes();
        let mut sets = vec![0; cfg.len() * lanes];
        let (all, first) = cfg.predecessors();
        for lane in 0..lanes {
            let live = solve_lane(&facts, cfg, lane, (&all, &first), steps);
            for (block, live) in live.into_iter().enumerate() {
                sets[block * lanes + lane] = live;
            }
        }
        LiveIn { facts, sets }
    }

    fn for_each(&self, block: Block, mut f: impl FnMut(Reg)) {
        let lanes = self.facts.lanes();
        let sets = &self.sets[block as usize * lanes..][..lanes];
        for (lane, set) in sets.iter().enumerate() {
            let mut left = *set;
            while left != 0 {
                f(self.facts.regs[lane * LANE + left.trailing_zeros() as usize]);
                left &= left - 1;
            }
        }
    }

    fn scan_block(
        &self,
        f: &Function,
        cfg: &Cfg,
        block: Block,
        set: &mut RegSet,
        raise: &mut RegSet,
        at: &mut impl FnMut(usize, &Op, &RegSet),
    ) {
        set.clear();
        raise.clear();
        for (to, edge) in cfg.edges(block) {
            match edge {
                Edge::Fall => self.for_each(*to, |reg| set.insert(reg)),
                Edge::Jump => {}
                Edge::Raise(d) => self.for_each(*to, |reg| {
                    if reg != *d {
                        raise.insert(reg);
                    }
                }),
            }
        }
        let range = cfg.range(block);
        let last = range.end - 1;
        for i in range.rev() {
            let op = &f.code[i];
            op.for_each_def(|reg| set.remove(reg));
            if i == last {
                for (to, _) in cfg.edges(block).iter().filter(|(_, edge)| *edge == Edge::Jump) {
                    self.for_each(*to, |reg| set.insert(reg));
                }
                raise.as_slice().iter().for_each(|&reg| set.insert(reg));
            } else {
                op.for_each_def(|reg| {
                    if raise.contains(reg) {
                        set.insert(reg);
                    }
                });
            }
            at(i, op, set);
            op.for_each_use(|reg| set.insert(reg));
        }
    }
}

/// The registers of a lane that are live at the start of each block; `steps` is what is left to spend.
fn solve_lane(
    facts: &Facts,
    cfg: &Cfg,
    lane: usize,
    (preds, first): (&[Block], &[u32]),
    steps: &mut u64,
) -> Vec<Lane> {
    let blocks = facts.lane(lane, cfg);
    let mut live: Vec<Lane> = blocks.exposed.clone();
    let mut work = Worklist::new(cfg.len(), (0..cfg.len() as Block).rev());
    while let Some(block) = work.pop(cfg, steps) {
        let b = block as usize;
        let mut new = live[b];
        for (to, edge) in cfg.edges(block) {
            let after = live[*to as usize];
            new |= match edge {
                Edge::Fall => after & !blocks.writes[b],
                Edge::Jump => after & !blocks.jump_writes[b],
                Edge::Raise(d) => after & !facts.bit(*d, lane),
            };
        }
        if new != live[b] {
            live[b] = new;
            preds[first[b] as usize..first[b + 1] as usize].iter().for_each(|&p| work.push(p));
        }
    }
    live
}
