//! Register allocation. In SSA form, giving each value, in an order where definitions come before uses, a register
//! that no value alive at that point has, needs no more registers than are alive at once:
//! frames are stacked a million deep, so that is what counts. Parameters of blocks and what jumps give
//! them prefer the same register (then the jump moves nothing), and arguments of tail calls the
//! register where the callee wants them.

use super::liveness::Live;
use crate::ir::{BlockId, Function, Term, TermKind, Val};

/// Not given yet.
const NONE: u32 = u32::MAX;

/// What a value would like.
#[derive(Clone, Copy)]
enum Wish {
    None,
    /// The register of this parameter, or of what else is given to it.
    Param(Val),
    /// This register.
    Reg(u32),
}

/// The registers of a function's values.
pub(crate) struct Registers {
    of: Vec<u32>,
    /// How many are used.
    pub(crate) count: u32,
}

impl Registers {
    /// The register of a value.
    pub(crate) fn get(&self, val: Val) -> u32 {
        self.of[val.index()]
    }
}

struct Alloc<'f> {
    f: &'f Function,
    live: &'f Live,
    regs: Registers,
    wishes: Vec<Wish>,
    /// By parameter: the register that something given to it has.
    offered: Vec<u32>,
    /// Registers in use here, as bits.
    busy: Vec<u64>,
    /// By value: the last block (and one) it was seen to be needed after.
    needed: Vec<u32>,
    /// By value: never used.
    unused: Vec<bool>,
    /// (instruction, value) where values are used for the last time in the block, last first.
    last: Vec<(usize, Val)>,
}

/// Gives every value of the blocks in `order` a register.
pub(crate) fn run(f: &Function, order: &[BlockId], live: &Live) -> Registers {
    let vals = f.vals as usize;
    let mut a = Alloc {
        f,
        live,
        regs: Registers { of: vec![NONE; vals], count: 0 },
        wishes: vec![Wish::None; vals],
        offered: vec![NONE; vals],
        busy: Vec::new(),
        needed: vec![0; vals],
        unused: vec![false; vals],
        last: Vec::new(),
    };
    a.wish(order);
    for &block in order {
        a.block(block);
    }
    a.regs
}

impl Alloc<'_> {
    fn wish(&mut self, order: &[BlockId]) {
        let f = self.f;
        for &block in order {
            let term = &f.blocks[block.index()].term;
            let args = f.vals(term.args);
            match term.kind {
                TermKind::Jump(to) => {
                    let params = f.vals(f.blocks[to.index()].params);
                    for (&param, &arg) in params.iter().zip(args) {
                        self.wishes[arg.index()] = Wish::Param(param);
                    }
                }
                TermKind::TailCall(_) | TermKind::TailImport(_) => {
                    for (&arg, reg) in args.iter().zip(0..) {
                        if let Wish::None = self.wishes[arg.index()] {
                            self.wishes[arg.index()] = Wish::Reg(reg);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn block(&mut self, id: BlockId) {
        let (f, live) = (self.f, self.live);
        let block = &f.blocks[id.index()];
        self.busy.fill(0);
        for &val in live.at_start(id) {
            self.take(self.regs.get(val));
        }
        self.last_uses(id);
        let params = f.vals(block.params);
        for (&param, at) in params.iter().zip(0..) {
            if id == BlockId::ENTRY {
                self.take(at);
                self.give(param, at);
            } else {
                self.define(param);
            }
        }
        for &param in params {
            self.free_if_unused(param);
        }
        for (at, inst) in block.insts.iter().enumerate() {
            self.free_last(at);
            if inst.d.is_some() {
                self.define(inst.d);
                self.free_if_unused(inst.d);
            }
        }
        self.free_last(block.insts.len());
        self.term_defs(&block.term);
    }

    /// What a test defines is written only when it succeeds, after its operands were read: so it may take the
    /// register of an operand that only the other way needs.
    fn term_defs(&mut self, term: &Term) {
        let TermKind::Branch { then, .. } = term.kind else { return };
        if term.defs().next().is_none() {
            return;
        }
        for &arg in self.f.vals(term.args) {
            if self.live.at_start(then).binary_search(&arg).is_err() {
                self.release(self.regs.get(arg));
            }
        }
        for def in term.defs() {
            self.define(def);
        }
    }

    /// Finds where values are used for the last time in a block, and what is never used.
    fn last_uses(&mut self, id: BlockId) {
        let (f, stamp) = (self.f, id.0 + 1);
        let block = &f.blocks[id.index()];
        let (needed, live) = (&mut self.needed, self.live);
        f.successors(id, |to| {
            for val in live.at_start(to) {
                needed[val.index()] = stamp;
            }
        });
        self.last.clear();
        for (at, args, d) in std::iter::once((block.insts.len(), block.term.args, Val::NONE))
            .chain(block.insts.iter().enumerate().rev().map(|(at, inst)| (at, inst.args, inst.d)))
        {
            if d.is_some() {
                self.unused[d.index()] = self.needed[d.index()] != stamp;
            }
            for &val in f.vals(args) {
                if std::mem::replace(&mut self.needed[val.index()], stamp) != stamp {
                    self.last.push((at, val));
                }
            }
        }
        for param in f.vals(block.params) {
            self.unused[param.index()] = self.needed[param.index()] != stamp;
        }
    }

    fn free_last(&mut self, at: usize) {
        while let Some(&(last, val)) = self.last.last()
            && last == at
        {
            self.last.pop();
            self.release(self.regs.get(val));
        }
    }

    fn free_if_unused(&mut self, val: Val) {
        if self.unused[val.index()] {
            self.release(self.regs.get(val));
        }
    }

    /// Gives a value the register it would like, or the first that is free.
    fn define(&mut self, val: Val) {
        let liked = match self.wishes[val.index()] {
            Wish::Param(param) => match self.regs.get(param) {
                NONE => self.offered[param.index()],
                reg => reg,
            },
            Wish::Reg(reg) if reg <= self.regs.count => reg,
            _ => NONE,
        };
        let own = self.offered[val.index()];
        let reg = [own, liked]
            .into_iter()
            .find(|&reg| reg != NONE && !self.is_busy(reg))
            .unwrap_or_else(|| self.first_free());
        self.take(reg);
        self.give(val, reg);
    }

    fn give(&mut self, val: Val, reg: u32) {
        self.regs.of[val.index()] = reg;
        self.regs.count = self.regs.count.max(reg + 1);
        if let Wish::Param(param) = self.wishes[val.index()]
            && self.offered[param.index()] == NONE
        {
            self.offered[param.index()] = reg;
        }
    }

    fn is_busy(&self, reg: u32) -> bool {
        self.busy.get(reg as usize / 64).is_some_and(|bits| bits >> (reg % 64) & 1 == 1)
    }

    fn take(&mut self, reg: u32) {
        let at = reg as usize / 64;
        if at >= self.busy.len() {
            self.busy.resize(at + 1, 0);
        }
        self.busy[at] |= 1 << (reg % 64);
    }

    fn release(&mut self, reg: u32) {
        self.busy[reg as usize / 64] &= !(1 << (reg % 64));
    }

    fn first_free(&self) -> u32 {
        let at = self.busy.iter().position(|&bits| bits != u64::MAX).unwrap_or(self.busy.len());
        let bits = self.busy.get(at).copied().unwrap_or(0);
        at as u32 * 64 + bits.trailing_ones()
    }
}
