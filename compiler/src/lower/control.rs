//! Conditions, `case`, bindings and `return`.

use rata_bytecode::operand::Failure;

use super::matching::{Arm, Row};
use super::{Dest, Lowerer};
use crate::diagnostics::Diagnostic;
use crate::hir::{Clause, Expr, ExprKind, Lit, Pattern, PatternKind, Target};
use crate::ir::{BlockId, Op, TermKind, Test, Val};
use crate::span::Span;

/// Why the `after` of a `try` is run: its first parameter.
pub(super) const NORMAL: i64 = 0;
/// Something raised goes on up.
pub(super) const RAISED: i64 = 1;
/// The function returns.
pub(super) const RETURNS: i64 = 2;

impl<'a> Lowerer<'a, '_> {
    /// Evaluates a condition and ends the current block with a branch on it.
    pub(super) fn cond(&mut self, e: &Expr<'a>, then: BlockId, els: BlockId) {
        let at = e.span;
        match e.kind {
            ExprKind::Lit(Lit::Bool(value)) => self.jump(if value { then } else { els }, &[], at),
            ExprKind::Not(s) => self.cond(s, els, then),
            ExprKind::And { left, right } => {
                let more = self.new_block();
                self.cond(left, more, els);
                self.switch_to(more);
                self.cond(right, then, els);
            }
            ExprKind::Or { left, right } => {
                let more = self.new_block();
                self.cond(left, then, more);
                self.switch_to(more);
                self.cond(right, then, els);
            }
            ExprKind::Compare { op, left, right } => {
                let left = self.expr(left);
                let right = self.expr(right);
                self.branch(Test::Compare(op), &[left, right], then, els, at);
            }
            ExprKind::Call { target: Target::Native(name), args: [arg] }
                if let Some(ty) = super::call::tested_type(self.text(name)) =>
            {
                let ty = self.out.pools.ty(ty);
                let arg = self.expr(arg);
                self.branch(Test::Type(ty), &[arg], then, els, at);
            }
            _ => {
                let value = self.expr(e);
                self.branch(Test::Truthy, &[value], then, els, at);
            }
        }
    }

    /// `case`.
    pub(super) fn case(
        &mut self,
        subject: &Expr<'a>,
        clauses: &'a [Clause<'a>],
        dest: Dest,
        at: Span,
    ) {
        let value = self.expr(subject);
        let rows = rows_of(clauses);
        let fail = self.new_block();
        let arms = self.matching(&[value], &rows, fail, at);
        self.switch_to(fail);
        self.term(TermKind::Fail(Failure::CaseClause), &[value], at);
        self.arms(clauses, arms, dest);
    }

    /// Lowers the bodies of clauses where `matching` leads to them; warns of those it does not.
    pub(super) fn arms(&mut self, clauses: &[Clause<'a>], arms: Vec<Option<Arm>>, dest: Dest) {
        for (clause, arm) in clauses.iter().zip(arms) {
            match arm {
                Some(arm) => {
                    self.enter(arm);
                    self.block_to(&clause.body, dest);
                }
                None => self.unreachable(clause.span),
            }
        }
    }

    /// Goes on where a clause was chosen, with its variables bound.
    pub(super) fn enter(&mut self, arm: Arm) {
        for (var, value) in arm.bound {
            self.vars[var.0 as usize] = value;
        }
        self.switch_to(arm.block);
    }

    /// Warns of a clause that nothing leads to.
    pub(super) fn unreachable(&mut self, clause: Span) {
        self.diagnostics.push(
            Diagnostic::warning("W0905", self.hir.file, clause, "this clause can never be chosen")
                .label("the clauses above take everything it would match"),
        );
    }

    /// Binds the variables of a pattern, or raises :match_error.
    pub(super) fn bind(&mut self, pattern: &'a Pattern<'a>, value: Val, at: Span) {
        match pattern.kind {
            PatternKind::Var(var) => self.vars[var.0 as usize] = value,
            PatternKind::Wild => {}
            _ => {
                let fail = self.new_block();
                let row = Row::new(vec![(0, pattern)]);
                let mut arms = self.matching(&[value], &[row], fail, at);
                self.switch_to(fail);
                self.term(TermKind::Fail(Failure::Match), &[value], at);
                match arms.pop().flatten() {
                    Some(arm) => self.enter(arm),
                    None => {
                        // It can match nothing: what follows is never reached, but well-formed.
                        self.cur = self.new_block();
                        let nil = self.nil(at);
                        self.bind_all(pattern, nil);
                    }
                }
            }
        }
    }

    /// Binds every variable of a pattern to one value.
    fn bind_all(&mut self, pattern: &Pattern<'a>, value: Val) {
        match pattern.kind {
            PatternKind::Var(var) => self.vars[var.0 as usize] = value,
            PatternKind::Alias { pattern, var, .. } => {
                self.vars[var.0 as usize] = value;
                self.bind_all(pattern, value);
            }
            PatternKind::Prefix { rest, .. } => self.bind_all(rest, value),
            PatternKind::Vector { items, tail } => {
                items.iter().chain(tail).for_each(|p| self.bind_all(p, value));
            }
            PatternKind::List(items) => items.iter().for_each(|p| self.bind_all(p, value)),
            PatternKind::Map(entries) => {
                entries.iter().for_each(|(_, p)| self.bind_all(p, value));
            }
            PatternKind::Wild | PatternKind::Lit(_) | PatternKind::Same(_) => {}
        }
    }

    /// `return e`; goes on in a block that nothing reaches.
    pub(super) fn return_expr(&mut self, e: &Expr<'a>) {
        self.expr_to(e, Dest::Return);
        self.cur = self.new_block();
    }

    /// Returns `value` from the function: through the `after` blocks around, and out of every region
    /// before the result type is checked.
    pub(super) fn return_value(&mut self, value: Val, at: Span) {
        if let Some(after) = self.afters.last_mut() {
            after.returns = true;
            let entry = after.entry;
            let why = self.konst(rata_bytecode::module::Const::Int(RETURNS));
            let why = self.load(why, at);
            self.jump(entry, &[why, value], at);
            return;
        }
        if let Some(ty) = self.result {
            if self.region.is_some() {
                let out = self.f.block(0, None);
                self.jump(out, &[], at);
                self.switch_to(out);
            }
            let what = self.konst(rata_bytecode::module::Const::Nil);
            self.effect(Op::CheckType { ty, what }, &[value], at);
        }
        self.term(TermKind::Return, &[value], at);
    }

    /// Whether a call whose value is returned may replace this function's frame.
    pub(super) fn may_tail_call(&self) -> bool {
        self.afters.is_empty() && self.region.is_none() && self.result.is_none()
    }
}

/// The rows of clauses with one pattern each.
pub(super) fn rows_of<'a>(clauses: &'a [Clause<'a>]) -> Vec<Row<'a>> {
    clauses
        .iter()
        .map(|clause| Row { guard: clause.guard, ..Row::new(vec![(0, clause.pattern)]) })
        .collect()
}
