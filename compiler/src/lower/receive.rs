//! `receive`: a loop over the mailbox. See `ops.rs` for what the instructions promise.

use rata_bytecode::module::Const;

use super::control::rows_of;
use super::{Dest, Lowerer};
use crate::hir::{After, Clause, Var};
use crate::ir::{Op, TermKind, Test, Val};
use crate::span::Span;

impl<'a> Lowerer<'a, '_> {
    /// Looks at the messages in order of arrival until a clause takes one; waits for more.
    pub(super) fn receive(
        &mut self,
        clauses: &'a [Clause<'a>],
        after: Option<&After<'a>>,
        mark: Option<Var>,
        dest: Dest,
        at: Span,
    ) {
        let timeout = match after {
            Some(after) => self.expr(after.timeout),
            None => {
                let k = self.konst(Const::Symbol("infinity".into()));
                self.load(k, at)
            }
        };
        match mark {
            Some(mark) => {
                let mark = self.var(mark, at);
                self.effect(Op::RecvMark, &[mark], at);
            }
            None => self.effect(Op::RecvStart, &[], at),
        }
        let (look, got, wait, skip, late) = (
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
        );
        self.jump(look, &[], at);
        self.switch_to(look);
        let [message, _] = self.branch(Test::RecvPeek, &[], got, wait, at);
        self.switch_to(wait);
        self.branch(Test::RecvWait, &[timeout], look, late, at);
        self.switch_to(skip);
        self.effect(Op::RecvSkip, &[], at);
        self.jump(look, &[], at);
        self.switch_to(late);
        match after {
            Some(after) => self.block_to(&after.body, dest),
            // an infinite wait never ends; going on waiting is right whatever happens
            None => self.jump(look, &[], at),
        }
        self.switch_to(got);
        self.take(clauses, message, skip, dest, at);
    }

    fn take(
        &mut self,
        clauses: &'a [Clause<'a>],
        message: Val,
        skip: crate::ir::BlockId,
        dest: Dest,
        at: Span,
    ) {
        if clauses.is_empty() {
            self.term(TermKind::Jump(skip), &[], at);
            return;
        }
        let rows = rows_of(clauses);
        let arms = self.matching(&[message], &rows, skip, at);
        for (clause, arm) in clauses.iter().zip(arms) {
            match arm {
                Some(arm) => {
                    self.enter(arm);
                    self.effect(Op::RecvTake, &[], clause.pattern.span);
                    self.block_to(&clause.body, dest);
                }
                None => self.unreachable(clause.span),
            }
        }
    }
}
