//! What no function may exceed: the verifier's limits, reported as errors of the program.

use rata_bytecode::verify::{MAX_ARITY, MAX_CODE, MAX_REGISTERS};

use super::Lowerer;
use crate::diagnostics::Diagnostic;
use crate::ir::Function;
use crate::passes::{cfg, liveness, registers};
use crate::span::{FileId, Span};

/// The code of these errors.
const CODE: &str = "E0306";

/// Reports a function that needs too many registers or instructions.
pub(super) fn check(f: &Function, file: FileId, diagnostics: &mut Vec<Diagnostic>) {
    let insts: usize = f.blocks.iter().map(|block| block.insts.len() + 2).sum();
    // a value needs one register at most, and moves are bounded by the lists of values
    let registers = if f.vals < MAX_REGISTERS {
        f.vals
    } else {
        let order = cfg::order(f);
        let live = liveness::run(f, &order);
        registers::run(f, &order, &live).count + 1
    };
    if insts + f.pool.len() < MAX_CODE && registers <= MAX_REGISTERS {
        return;
    }
    diagnostics.push(
        Diagnostic::error(CODE, file, Span::new(f.at, f.end), "this function is too large")
            .label(format!(
                "it needs more than {MAX_CODE} instructions, or {MAX_REGISTERS} values at once"
            ))
            .help("split it into several functions"),
    );
}

impl Lowerer<'_, '_> {
    /// Reports more parameters or arguments than there may be, at the first of them (if `span` knows
    /// where that is).
    pub(super) fn check_arity(
        &mut self,
        count: usize,
        what: &str,
        span: impl FnOnce(usize) -> Option<Span>,
        whole: Span,
    ) {
        if count > MAX_ARITY as usize {
            let message = format!("{count} {what} are too many");
            let at = span(MAX_ARITY as usize).unwrap_or(whole);
            self.diagnostics.push(
                Diagnostic::error(CODE, self.hir.file, at, message)
                    .label(format!("at most {MAX_ARITY} are possible")),
            );
        }
    }
}
