//! The intermediate form between the resolved tree and bytecode: what `lower` makes, `passes`
//! rewrite, and `emit` turns into a `rata_bytecode` module.
//!
//! A function is a control-flow graph of basic blocks in SSA form: every value is defined once, by a
//! block parameter, an instruction or a terminator; only `Jump` passes arguments to block parameters, so no edge
//! needs splitting. Instructions mirror the bytecode's; those that jump when a value has not
//! the wanted shape are terminators (`Branch`) and define the parts they found on the edge to `then`
//! only, which is why that block has no other predecessor.
//!
//! A block may lie in a *region*: whatever raises there goes on at the region's handler block,
//! whose one parameter is what was raised. Values used in a handler are defined before the region.
//!
//! Everything is small `Copy` structs in vectors; lists of values are slices of one pool per function.

pub(crate) mod lint;
mod ops;
pub(crate) mod pool;
pub mod print;

use std::sync::Arc;

use rata_bytecode::operand::ConstId;

pub(crate) use ops::{Op, TermKind, Test};

/// A value of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct Val(pub(crate) u32);

impl Val {
    /// Stands where an instruction defines nothing.
    pub(crate) const NONE: Val = Val(u32::MAX);

    /// As an index into per-value tables.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether it is a value at all.
    pub(crate) fn is_some(self) -> bool {
        self != Val::NONE
    }
}

/// A basic block of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct BlockId(pub(crate) u32);

impl BlockId {
    /// The block where a function begins; its parameters are the function's.
    pub(crate) const ENTRY: BlockId = BlockId(0);

    /// As an index into [`Function::blocks`].
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A region of blocks with one handler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct RegionId(pub(crate) u32);

/// See [`Function::regions`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    /// The region it lies in.
    pub(crate) parent: Option<RegionId>,
    /// Where to go on; its one parameter receives what was raised.
    pub(crate) handler: BlockId,
    /// Raising only means that a guard failed.
    pub(crate) guard: bool,
}

/// A slice of [`Function::pool`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Vals {
    start: u32,
    len: u32,
}

impl Vals {
    /// No values.
    pub(crate) const EMPTY: Vals = Vals { start: 0, len: 0 };

    /// How many.
    pub(crate) fn len(self) -> usize {
        self.len as usize
    }
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    /// What it does.
    pub(crate) op: Op,
    /// The value it defines, or `Val::NONE`.
    pub(crate) d: Val,
    /// The values it reads.
    pub(crate) args: Vals,
    /// Where it stands in the source (a byte offset).
    pub(crate) at: u32,
}

/// The end of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    /// How.
    pub(crate) kind: TermKind,
    /// The values it reads.
    pub(crate) args: Vals,
    /// The values it defines on the edge to `then` (`Val::NONE` where fewer).
    pub(crate) defs: [Val; 2],
    /// Where it stands in the source.
    pub(crate) at: u32,
}

impl Term {
    /// A terminator that defines nothing.
    pub(crate) fn new(kind: TermKind, args: Vals, at: u32) -> Term {
        Term { kind, args, defs: [Val::NONE; 2], at }
    }

    /// The values it defines.
    pub(crate) fn defs(&self) -> impl Iterator<Item = Val> + use<> {
        self.defs.into_iter().filter(|d| d.is_some())
    }
}

/// A basic block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The values it is given by jumps.
    pub(crate) params: Vals,
    /// Its instructions.
    pub(crate) insts: Vec<Inst>,
    /// How it ends.
    pub(crate) term: Term,
    /// The innermost region it lies in.
    pub(crate) region: Option<RegionId>,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    /// Name in traces.
    pub(crate) name: String,
    /// Number of parameters: the first values.
    pub(crate) arity: u32,
    /// Number of captured values: the next ones.
    pub(crate) captures: u32,
    /// Whether the value after those is the closure itself.
    pub(crate) wants_self: bool,
    /// Parameter names for named arguments.
    pub(crate) params: Vec<String>,
    /// Where it stands in the source.
    pub(crate) at: u32,
    /// How far it goes.
    pub(crate) end: u32,
    /// The blocks; unreachable ones may be among them.
    pub(crate) blocks: Vec<Block>,
    /// The regions.
    pub(crate) regions: Vec<Region>,
    /// Lists of values.
    pub(crate) pool: Vec<Val>,
    /// The cases of switches.
    pub(crate) cases: Vec<(ConstId, BlockId)>,
    /// Number of values.
    pub(crate) vals: u32,
}

impl Function {
    /// A new value.
    pub(crate) fn val(&mut self) -> Val {
        let val = Val(self.vals);
        self.vals += 1;
        val
    }

    /// Stores a list of values.
    pub(crate) fn list(&mut self, vals: &[Val]) -> Vals {
        if vals.is_empty() {
            return Vals::EMPTY;
        }
        let start = self.pool.len() as u32;
        self.pool.extend_from_slice(vals);
        Vals { start, len: vals.len() as u32 }
    }

    /// The values of a list.
    pub(crate) fn vals(&self, list: Vals) -> &[Val] {
        &self.pool[list.start as usize..][..list.len()]
    }

    /// The values of a list, to be replaced.
    pub(crate) fn vals_mut(&mut self, list: Vals) -> &mut [Val] {
        &mut self.pool[list.start as usize..][..list.len as usize]
    }

    /// A list without its first value.
    pub(crate) fn skip_first(&self, list: Vals) -> Vals {
        Vals { start: list.start + 1, len: list.len - 1 }
    }

    /// The list of those of its values that `keep` wants, told their positions; in place.
    pub(crate) fn retain(&mut self, list: Vals, mut keep: impl FnMut(usize) -> bool) -> Vals {
        let mut len = 0;
        for at in 0..list.len() {
            if keep(at) {
                self.pool[list.start as usize + len] = self.pool[list.start as usize + at];
                len += 1;
            }
        }
        Vals { start: list.start, len: len as u32 }
    }

    /// The list without what follows its first `len` values.
    pub(crate) fn shorten(list: Vals, len: usize) -> Vals {
        Vals { start: list.start, len: list.len.min(len as u32) }
    }

    /// A new block with `params` new parameters.
    pub(crate) fn block(&mut self, params: usize, region: Option<RegionId>) -> BlockId {
        let start = self.pool.len() as u32;
        for _ in 0..params {
            let val = self.val();
            self.pool.push(val);
        }
        let id = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block {
            params: Vals { start, len: params as u32 },
            insts: Vec::new(),
            term: Term::new(TermKind::Unset, Vals::EMPTY, 0),
            region,
        });
        id
    }

    /// Calls `visit` with each block that `term` may go on at.
    pub(crate) fn targets(&self, term: &Term, mut visit: impl FnMut(BlockId)) {
        match term.kind {
            TermKind::Jump(to) => visit(to),
            TermKind::Branch { then, els, .. } => {
                visit(then);
                visit(els);
            }
            TermKind::Switch { start, len, default } => {
                for &(_, to) in &self.cases[start as usize..][..len as usize] {
                    visit(to);
                }
                visit(default);
            }
            _ => {}
        }
    }

    /// Calls `visit` with each block where control may go from `block`, its handler included (last).
    pub(crate) fn successors(&self, block: BlockId, mut visit: impl FnMut(BlockId)) {
        let block = &self.blocks[block.index()];
        self.targets(&block.term, &mut visit);
        if let Some(region) = block.region {
            visit(self.regions[region.0 as usize].handler);
        }
    }
}

/// A module of functions, with the tables that they refer to.
#[derive(Default)]
pub struct Module {
    /// What of the bytecode module is known already: all but functions and constants.
    pub(crate) shell: rata_bytecode::module::Module,
    /// In the order of the bytecode's functions.
    pub(crate) functions: Vec<Function>,
    /// Constants, types and references.
    pub(crate) pools: pool::Pools,
    /// Offset of the first byte of each line of the source file.
    pub(crate) line_starts: Arc<[u32]>,
    /// Errors were reported: the module is not meant to be run.
    pub(crate) failed: bool,
}
