//! The constants that are left after the passes, numbered anew in order of use.

use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use crate::ir::pool;

const NONE: u32 = u32::MAX;

/// Old numbers → new ones, given out on demand.
pub(super) struct Consts<'p> {
    old: &'p pool::Consts,
    new_ids: Vec<u32>,
    all: Vec<Const>,
}

impl<'p> Consts<'p> {
    /// None used so far.
    pub(super) fn new(old: &'p pool::Consts) -> Self {
        Consts { old, new_ids: vec![NONE; old.len()], all: Vec::new() }
    }

    /// The new number of a constant; those it consists of get lower ones.
    pub(super) fn get(&mut self, id: ConstId) -> ConstId {
        let known = self.new_ids[id.0 as usize];
        if known != NONE {
            return ConstId(known);
        }
        let old: &'p pool::Consts = self.old;
        let mut list = |ids: &[ConstId]| ids.iter().map(|&id| self.get(id)).collect();
        let value = match old.get(id) {
            Const::Vector(ids) => Const::Vector(list(ids)),
            Const::List(ids) => Const::List(list(ids)),
            Const::Set(ids) => Const::Set(list(ids)),
            Const::Map(entries) => {
                Const::Map(entries.iter().map(|&(k, v)| (self.get(k), self.get(v))).collect())
            }
            plain => plain.clone(),
        };
        let new = self.all.len() as u32;
        self.all.push(value);
        self.new_ids[id.0 as usize] = new;
        ConstId(new)
    }

    /// The constants by their new numbers.
    pub(super) fn finish(self) -> Vec<Const> {
        self.all
    }
}
