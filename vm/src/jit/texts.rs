//! Which sums are of strings, as far as the code itself shows: before anything has been seen of their operands.
//!
//! In: a function's instructions. Out: the additions with an operand that is a string constant or an f-string, and
//! those whose sums go on in such. Only a hint: whatever comes to be added is added.

use std::collections::{BTreeMap, BTreeSet};

use super::analyse::{Analysis, Ins};
use super::helpers::Operator;
use super::operators::{Operand, numeric};
use crate::code::exec::Ex;
use crate::value::{Value, Word};

/// What a register was given last, on the straight way to an instruction.
#[derive(Clone, Copy)]
enum Given {
    Text,
    /// The sum of the addition at this place.
    Sum(u32),
}

/// See the module.
pub(crate) fn sums_of_texts(code: &Analysis) -> BTreeSet<u32> {
    let targets: BTreeSet<u32> = code.code.values().flat_map(|ins| ins.targets.clone()).collect();
    let mut given: BTreeMap<u16, Given> = BTreeMap::new();
    let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    for ins in code.code.values() {
        if targets.contains(&ins.at) {
            given.clear();
        }
        let operands = operands(ins);
        for operand in operands.iter().filter_map(|register| given.get(register)) {
            match operand {
                Given::Text => open.push(ins.at),
                Given::Sum(at) => parts.entry(ins.at).or_default().push(*at),
            }
        }
        for register in &ins.defs {
            match made(ins) {
                Some(now) => given.insert(*register, now),
                None => given.remove(register),
            };
        }
    }
    while let Some(at) = open.pop() {
        if found.insert(at) {
            open.extend(parts.get(&at).into_iter().flatten());
        }
    }
    found
}

/// The operands of an addition of registers.
fn operands(ins: &Ins) -> Vec<u16> {
    match numeric(ins) {
        Some(n) if n.operator == Operator::Add => match n.y {
            Operand::Register(y) => vec![n.x, y],
            Operand::Int(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What an instruction makes, if that tells something.
fn made(ins: &Ins) -> Option<Given> {
    match ins.op {
        Ex::Text => Some(Given::Text),
        // A constant, which is immortal.
        Ex::LoadWord if Value::new(Word::from_bits(ins.ext[0])).as_str().is_some() => {
            Some(Given::Text)
        }
        _ => (!operands(ins).is_empty()).then_some(Given::Sum(ins.at)),
    }
}
