//! Branches, conditions and results.

use super::Checker;
use super::kinds::{Kinds, type_text};
use super::report::mismatch;
use crate::diagnostics::Diagnostic;
use crate::hir::*;

impl<'a> Checker<'a, '_> {
    /// What must be one value, and gives its kinds.
    pub(super) fn condition(&mut self, e: &Expr<'a>) -> Kinds {
        let kinds = self.value(e, false);
        // A vector that holds one collection is one value.
        let several = Kinds::ALL_VECTORS - Kinds::OTHER_COLLECTIONS.vectors() - Kinds::NESTED;
        if !kinds.within(several) {
            return kinds;
        }
        self.report(|me| {
            let what = kinds.brief();
            let help = if kinds.within(Kinds::EMPTY) {
                "`v == []` tells whether v is empty"
            } else {
                "`Enum.all?(v)` and `Enum.any?(v)` make one answer of many"
            };
            Diagnostic::error("E0404", me.module.file, e.span, "a condition must be one value")
                .label(format!("this is {what}"))
                .help(help)
        });
        Kinds::NEVER
    }

    pub(super) fn if_else(
        &mut self,
        cond: &Expr<'a>,
        then: &Block<'a>,
        otherwise: &Block<'a>,
        tail: bool,
    ) -> Kinds {
        self.condition(cond);
        let keep = tells_no_kinds(cond);
        let kinds = self.branch(keep, |me| me.block(then, tail));
        kinds | self.branch(keep, |me| me.block(otherwise, tail))
    }

    pub(super) fn case(
        &mut self,
        subject: &Expr<'a>,
        clauses: &'a [Clause<'a>],
        tail: bool,
    ) -> Kinds {
        self.value(subject, false);
        self.clauses(clauses, tail)
    }

    fn clauses(&mut self, clauses: &'a [Clause<'a>], tail: bool) -> Kinds {
        clauses.iter().fold(Kinds::NEVER, |all, clause| all | self.clause(clause, tail))
    }

    fn clause(&mut self, clause: &Clause<'a>, tail: bool) -> Kinds {
        self.branch(false, |me| {
            if let Some(guard) = clause.guard {
                me.guard(guard);
            }
            me.block(&clause.body, tail)
        })
    }

    /// A guard that raises only fails.
    pub(super) fn guard(&mut self, guard: &Expr<'a>) {
        self.quietly(|me| me.value(guard, false));
    }

    pub(super) fn receive(
        &mut self,
        clauses: &'a [Clause<'a>],
        after: &Option<After<'a>>,
        tail: bool,
    ) -> Kinds {
        let mut kinds = Kinds::NEVER;
        if let Some(after) = after {
            self.value(after.timeout, false);
            kinds = self.branch(false, |me| me.block(&after.body, tail));
        }
        kinds | self.clauses(clauses, tail)
    }

    pub(super) fn try_catch(&mut self, t: &Try<'a>, tail: bool) -> Kinds {
        // With an `else` the value of the body is dropped.
        let body_tail = tail && t.otherwise.is_none();
        let mut kinds = match t.catch {
            Some(_) => self.quietly(|me| me.block(&t.body, body_tail)),
            None => self.block(&t.body, body_tail),
        };
        if let Some(otherwise) = &t.otherwise {
            kinds = self.branch(false, |me| me.block(otherwise, tail));
        }
        for clause in t.catch.unwrap_or_default() {
            kinds |= self.clause(&clause.clause, tail);
        }
        if let Some(after) = &t.after {
            self.branch(false, |me| me.block(after, false));
        }
        kinds
    }

    pub(super) fn assertion(&mut self, cond: &Expr<'a>, message: Option<&'a Expr<'a>>) -> Kinds {
        let kinds = self.condition(cond);
        if let Some(message) = message {
            self.branch(false, |me| me.value(message, false));
        }
        kinds
    }

    /// `e` is what the function under way gives.
    pub(super) fn gives(&mut self, e: &Expr<'a>, kinds: Kinds) {
        let Some(expected) = self.result else { return };
        let Some(found) = mismatch(self, e, kinds, expected.kinds, Some(expected.ty)) else {
            return;
        };
        if expected.quiet > 0 {
            return;
        }
        let ty = type_text(expected.ty);
        let name = self.names.text(expected.function.name);
        let message = format!("the result of `{name}` must be {ty}, not {}", found.what);
        let diagnostic = Diagnostic::error("E0401", self.module.file, found.span, message)
            .label(found.label)
            .also(expected.ty.span, format!("declared to be {ty}"));
        self.diagnostics.push(found.help.into_iter().fold(diagnostic, Diagnostic::help));
    }
}

/// Whether a condition holds or not regardless of the kinds of what it looks at, as far as it is
/// evaluated at all: comparisons of size and with numbers.
fn tells_no_kinds(cond: &Expr<'_>) -> bool {
    let is_number = |e: &Expr<'_>| match e.kind {
        ExprKind::Lit(Lit::Int(_) | Lit::BigInt(_) | Lit::Float(_)) => true,
        ExprKind::Arith { op, .. } => op != Arith::Add,
        _ => false,
    };
    let is_simple = |e: &Expr<'_>| match e.kind {
        ExprKind::Var(_) | ExprKind::Global(_) | ExprKind::Lit(_) => true,
        ExprKind::Arith { left, right, .. } => [left, right]
            .iter()
            .all(|e| matches!(e.kind, ExprKind::Var(_) | ExprKind::Global(_) | ExprKind::Lit(_))),
        _ => false,
    };
    let mut at = cond;
    loop {
        // The links of a chain of `and` and `or` lie to the left.
        let (next, link) = match at.kind {
            ExprKind::And { left, right } | ExprKind::Or { left, right } => (Some(left), right),
            _ => (None, at),
        };
        match link.kind {
            ExprKind::Compare { op: Cmp::Eq | Cmp::Ne, left, right }
                if is_number(left) && is_simple(right) || is_number(right) && is_simple(left) => {}
            ExprKind::Compare { op: Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge, left, right }
                if is_simple(left) && is_simple(right) => {}
            _ => return false,
        }
        match next {
            Some(left) => at = left,
            None => return true,
        }
    }
}
