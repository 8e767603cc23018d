//! `receive`: its clauses, and the ref that all of them wait for.

use super::Resolver;
use crate::hir;
use crate::syntax::tree::*;

impl<'a> Resolver<'a, '_> {
    /// `receive { … after ms -> … }`
    pub(super) fn receive(
        &mut self,
        clauses: &[Clause<'a>],
        after: Option<&After<'a>>,
    ) -> hir::ExprKind<'a> {
        let clauses: Vec<_> = clauses.iter().map(|c| self.clause(c)).collect();
        let after = after.map(|a| hir::After {
            timeout: self.expression_ref(a.timeout),
            body: self.block(&a.body),
        });
        let mark = common_pin(&clauses);
        hir::ExprKind::Receive { clauses: self.slice(&clauses), after, mark }
    }
}

/// A variable that every clause compares a part of the message with: if it holds a ref, no message
/// older than the ref can match.
fn common_pin(clauses: &[hir::Clause<'_>]) -> Option<hir::Var> {
    let (first, rest) = clauses.split_first()?;
    let mut pins = Vec::new();
    pinned(first.pattern, &mut pins);
    // A name that stands twice compares with a part of the message itself.
    let mut own = Vec::new();
    bound(first.pattern, &mut own);
    pins.retain(|pin| !own.contains(pin));
    pins.into_iter().find(|pin| {
        rest.iter().all(|clause| {
            let mut others = Vec::new();
            pinned(clause.pattern, &mut others);
            others.contains(pin)
        })
    })
}

/// Variables from outside that stand in the pattern where a match requires them.
fn pinned(pattern: &hir::Pattern<'_>, pins: &mut Vec<hir::Var>) {
    match &pattern.kind {
        hir::PatternKind::Same(hir::Expr { kind: hir::ExprKind::Var(var), .. }) => pins.push(*var),
        hir::PatternKind::List(items) => items.iter().for_each(|p| pinned(p, pins)),
        hir::PatternKind::Vector { items, .. } => items.iter().for_each(|p| pinned(p, pins)),
        hir::PatternKind::Map(entries) => entries.iter().for_each(|e| pinned(&e.1, pins)),
        hir::PatternKind::Alias { pattern, .. } => pinned(pattern, pins),
        _ => {}
    }
}

/// Variables that the pattern binds.
fn bound(pattern: &hir::Pattern<'_>, vars: &mut Vec<hir::Var>) {
    match &pattern.kind {
        hir::PatternKind::Var(var) => vars.push(*var),
        hir::PatternKind::List(items) => items.iter().for_each(|p| bound(p, vars)),
        hir::PatternKind::Vector { items, tail } => {
            items.iter().for_each(|p| bound(p, vars));
            tail.iter().for_each(|p| bound(p, vars));
        }
        hir::PatternKind::Map(entries) => entries.iter().for_each(|e| bound(&e.1, vars)),
        hir::PatternKind::Prefix { rest, .. } => bound(rest, vars),
        hir::PatternKind::Alias { pattern, var, .. } => {
            vars.push(*var);
            bound(pattern, vars);
        }
        _ => {}
    }
}
