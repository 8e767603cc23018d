//! What the two data-flow analyses share: which registers matter between blocks, and where blocks
//! read and write them.
//!
//! Most registers are temporaries: written, then read in the same block. Only a register that some
//! block reads before writing it (*exposed*) can be live between blocks, and only of such a register
//! must it be proven that it is initialised. These get numbers of their own, and the
//! analyses take them 128 at a time: one machine word of facts per block, whatever the number of registers.
//! So memory, and for code as compilers make it time too, stay in proportion to blocks × exposed
//! registers / 128. That product is bounded ([`Facts::too_complex`]), and since control flow can be contrived that makes facts
//! trickle through one by one, so are the steps taken ([`MAX_STEPS`]); the verifier rejects what is beyond.

use crate::cfg::{Block, Cfg};
use crate::module::Function;
use crate::operand::Reg;

/// A set of 128 registers.
pub(crate) type Lane = u128;

/// Registers in a [`Lane`].
pub(crate) const LANE: usize = Lane::BITS as usize;

/// Most blocks × exposed registers of a function.
const MAX_FACTS: u64 = 1 << 30;

/// Most visits to blocks and edges in all of an analysis.
pub(crate) const MAX_STEPS: u64 = 1 << 28;

const NONE: u32 = u32::MAX;

/// What the blocks of a function do with exposed registers.
pub(crate) struct Facts {
    /// The exposed registers; the index is the register's number in lanes.
    pub(crate) regs: Vec<Reg>,
    numbers: Vec<u32>,
    exposed: Vec<Event>,
    writes: Vec<Event>,
}

/// A block reads a register before writing it, or writes it.
#[derive(Clone, Copy)]
struct Event {
    number: u32,
    block: Block,
    /// A write by the last instruction, which does not happen when that one jumps.
    last: bool,
}

/// The facts of one lane, by block.
pub(crate) struct LaneFacts {
    /// Read before written.
    pub(crate) exposed: Vec<Lane>,
    /// Written when the block falls through.
    pub(crate) writes: Vec<Lane>,
    /// Written when its last instruction jumps.
    pub(crate) jump_writes: Vec<Lane>,
}

impl Facts {
    /// Walks over the code; `first` is the first register of interest.
    pub(crate) fn new(f: &Function, cfg: &Cfg, first: Reg) -> Facts {
        let mut facts = Facts {
            regs: Vec::new(),
            numbers: vec![NONE; f.registers as usize],
            exposed: Vec::new(),
            writes: Vec::new(),
        };
        facts.find_exposed(f, cfg, first);
        if !facts.regs.is_empty() {
            facts.find_writes(f, cfg);
        }
        // Stable by lane: each lane's events are then one run.
        facts.exposed.sort_by_key(|event| event.number as usize / LANE);
        facts.writes.sort_by_key(|event| event.number as usize / LANE);
        facts
    }

    fn find_exposed(&mut self, f: &Function, cfg: &Cfg, first: Reg) {
        // By register: the last block (plus one) that wrote it or was seen to read it.
        let mut settled = vec![0u32; f.registers as usize];
        for block in 0..cfg.len() as Block {
            for op in &f.code[cfg.range(block)] {
                op.for_each_use(|reg| {
                    let settled = &mut settled[reg as usize];
                    if reg >= first && *settled != block + 1 {
                        *settled = block + 1;
                        let number = self.number(reg);
                        self.exposed.push(Event { number, block, last: false });
                    }
                });
                op.for_each_def(|reg| settled[reg as usize] = block + 1);
            }
        }
    }

    fn find_writes(&mut self, f: &Function, cfg: &Cfg) {
        let mut settled = vec![0u32; f.registers as usize];
        for block in 0..cfg.len() as Block {
            let range = cfg.range(block);
            let last = range.end - 1;
            for i in range {
                f.code[i].for_each_def(|reg| {
                    let number = self.numbers[reg as usize];
                    if number != NONE && settled[reg as usize] != block + 1 {
                        settled[reg as usize] = block + 1;
                        self.writes.push(Event { number, block, last: i == last });
                    }
                });
            }
        }
    }

    fn number(&mut self, reg: Reg) -> u32 {
        let number = &mut self.numbers[reg as usize];
        if *number == NONE {
            *number = self.regs.len() as u32;
            self.regs.push(reg);
        }
        *number
    }

    /// Whether analysing would take unreasonably long.
    pub(crate) fn too_complex(&self, cfg: &Cfg) -> bool {
        self.size(cfg) > MAX_FACTS
    }

    /// Whether an analysis might need more than [`MAX_STEPS`]: a visit that leads to others has
    /// changed at least one fact.
    pub(crate) fn may_be_slow(&self, cfg: &Cfg) -> bool {
        cfg.edge_count() as u64 * self.regs.len() as u64 + cfg.len() as u64 > MAX_STEPS
    }

    fn size(&self, cfg: &Cfg) -> u64 {
        cfg.len() as u64 * self.regs.len() as u64
    }

    /// Number of lanes.
    pub(crate) fn lanes(&self) -> usize {
        self.regs.len().div_ceil(LANE)
    }

    /// The bit of a register in a lane, if it is there.
    pub(crate) fn bit(&self, reg: Reg, lane: usize) -> Lane {
        match self.numbers[reg as usize] {
            number if number != NONE && number as usize / LANE == lane => {
                1 << (number as usize % LANE)
            }
            _ => 0,
        }
    }

    /// The facts of one lane.
    pub(crate) fn lane(&self, lane: usize, cfg: &Cfg) -> LaneFacts {
        let empty = || vec![0; cfg.len()];
        let mut facts = LaneFacts { exposed: empty(), writes: empty(), jump_writes: empty() };
        let run = |events: &[Event]| {
            let start = events.partition_point(|event| (event.number as usize / LANE) < lane);
            let end = events.partition_point(|event| event.number as usize / LANE <= lane);
            start..end
        };
        for event in &self.exposed[run(&self.exposed)] {
            facts.exposed[event.block as usize] |= 1 << (event.number as usize % LANE);
        }
        for event in &self.writes[run(&self.writes)] {
            let bit = 1 << (event.number as usize % LANE);
            facts.writes[event.block as usize] |= bit;
            if !event.last {
                facts.jump_writes[event.block as usize] |= bit;
            }
        }
        facts
    }
}

/// Blocks waiting to be looked at, each at most once.
pub(crate) struct Worklist {
    queue: std::collections::VecDeque<Block>,
    waiting: Vec<bool>,
}

impl Worklist {
    /// Begins with these blocks.
    pub(crate) fn new(blocks: usize, first: impl Iterator<Item = Block>) -> Worklist {
        let mut list = Worklist { queue: Default::default(), waiting: vec![false; blocks] };
        first.for_each(|block| list.push(block));
        list
    }

    /// Adds a block unless it waits already.
    pub(crate) fn push(&mut self, block: Block) {
        if !std::mem::replace(&mut self.waiting[block as usize], true) {
            self.queue.push_back(block);
        }
    }

    /// The block that has waited longest; none either when no steps are left.
    pub(crate) fn pop(&mut self, cfg: &Cfg, steps: &mut u64) -> Option<Block> {
        if *steps == 0 {
            return None;
        }
        let block = self.queue.pop_front()?;
        *steps = steps.saturating_sub(1 + cfg.edges(block).len() as u64);
        self.waiting[block as usize] = false;
        Some(block)
    }
}
