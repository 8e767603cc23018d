//! IR → IR, one file a pass, and the two analyses that `emit` needs: the order of blocks and the
//! registers of values.

pub(crate) mod cfg;
mod checks;
mod clean;
mod copies;
mod dead;
mod fold;
mod immediates;
pub(crate) mod liveness;
pub(crate) mod registers;
mod remat;

use crate::ir::pool::Pools;
use crate::ir::{Function, lint};
use rata_bytecode::module::FnSet;
use rata_bytecode::operand::TypeId;

/// What passes know of the module that a function stands in.
pub(crate) struct Around<'m> {
    /// Function values.
    pub(crate) sets: &'m [FnSet],
    /// The number of parameters of each function.
    pub(crate) arities: &'m [u32],
    /// The result type that each function declares and checks.
    pub(crate) declared: &'m [Option<TypeId>],
}

/// Runs all passes over a function.
pub(crate) fn run(f: &mut Function, pools: &mut Pools, around: &Around<'_>) {
    check(f, "lower");
    clean::run(f);
    check(f, "clean");
    if fold::run(f, pools, around.sets, around.arities) {
        check(f, "fold");
        clean::run(f);
        check(f, "clean after fold");
    }
    copies::run(f);
    check(f, "copies");
    immediates::run(f, pools);
    check(f, "immediates");
    checks::run(f, pools, around.declared);
    check(f, "checks");
    remat::run(f);
    check(f, "remat");
    dead::run(f);
    check(f, "dead");
    clean::run(f);
    check(f, "clean at the end");
}

/// In debug builds, stops where a pass broke the form.
fn check(f: &Function, pass: &str) {
    if cfg!(debug_assertions)
        && let Err(what) = lint::check(f)
    {
        panic!("after {pass}, {}: {what}\n{}", f.name, crate::ir::print::function(f, None));
    }
}

#[cfg(test)]
mod tests;
