//! Guards: what they need, and whether they can raise.

use rata_bytecode::operand::Cmp;

use super::Lowerer;
use crate::hir::{Expr, ExprKind, Lit, Target, Var};

impl<'a> Lowerer<'a, '_> {
    /// Whether evaluating the guard as a condition can never raise: then it needs no handler.
    pub(super) fn is_total(&self, e: &Expr<'_>) -> bool {
        match e.kind {
            ExprKind::Not(s) => self.is_total(s),
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                self.is_total(left) && self.is_total(right)
            }
            ExprKind::Compare { op: Cmp::Eq | Cmp::Ne, left, right } => {
                self.is_quiet(left) && self.is_quiet(right)
            }
            ExprKind::Lit(Lit::Bool(_) | Lit::Nil) => true,
            ExprKind::Call { target: Target::Native(name), args: [arg] } => {
                super::call::tested_type(self.text(name)).is_some() && self.is_quiet(arg)
            }
            _ => false,
        }
    }

    /// Whether evaluating `e` for its value can never raise.
    fn is_quiet(&self, e: &Expr<'_>) -> bool {
        matches!(e.kind, ExprKind::Var(_) | ExprKind::Lit(_))
    }
}

/// Adds the variables that a guard mentions.
pub(super) fn variables(e: &Expr<'_>, out: &mut Vec<Var>) {
    match e.kind {
        ExprKind::Var(var) => out.push(var),
        ExprKind::Not(s) | ExprKind::Neg(s) | ExprKind::Field { object: s, .. } => {
            variables(s, out);
        }
        ExprKind::And { left, right }
        | ExprKind::Or { left, right }
        | ExprKind::Compare { left, right, .. }
        | ExprKind::Arith { left, right, .. }
        | ExprKind::Range { left, right }
        | ExprKind::Index { object: left, index: right } => {
            variables(left, out);
            variables(right, out);
        }
        ExprKind::Call { target, args } => {
            if let Target::Value(object) | Target::Field { object, .. } = target {
                variables(object, out);
            }
            args.iter().for_each(|arg| variables(arg, out));
        }
        ExprKind::List(items) | ExprKind::Set(items) | ExprKind::Text(items) => {
            items.iter().for_each(|item| variables(item, out));
        }
        ExprKind::Vector { items, tail } => {
            items.iter().chain(tail).for_each(|item| variables(item, out));
        }
        ExprKind::Map(entries) => {
            for (key, value) in entries {
                variables(key, out);
                variables(value, out);
            }
        }
        ExprKind::Block(block) => {
            for stmt in block.stmts {
                if let crate::hir::StmtKind::Expr(e) = stmt.kind {
                    variables(e, out);
                }
            }
        }
        _ => {}
    }
}

/// How large a guard is: it is copied to every place that leads to its clause.
pub(super) fn size(e: &Expr<'_>) -> usize {
    match e.kind {
        ExprKind::Not(s) | ExprKind::Neg(s) => 1 + size(s),
        ExprKind::And { left, right }
        | ExprKind::Or { left, right }
        | ExprKind::Compare { left, right, .. }
        | ExprKind::Arith { left, right, .. } => 1 + size(left) + size(right),
        ExprKind::Call { args, .. } => 1 + args.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}
