//! IR → IR, one file a pass, and the two analyses that `emit` needs: the order of blocks and the
//! registers of values.

pub(crate) mod cfg;
mod clean;
mod copies;
mod dead;
mod fold;
mod immediates;
pub(crate) mod liveness;
pub(crate) mod registers;

use crate::ir::pool::Pools;
use crate::ir::{Function, lint};
use rata_bytecode::module::FnSet;

/// Runs all passes over a function.
pub(crate) fn run(f: &mut Function, pools: &mut Pools, sets: &[FnSet]) {
    check(f, "lower");
    clean::run(f);
    check(f, "clean");
    if fold::run(f, pools, sets) {
        check(f, "fold");
        clean::run(f);
        check(f, "clean after fold");
    }
    copies::run(f);
    check(f, "copies");
    immediates::run(f, pools);
    check(f, "immediates");
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
