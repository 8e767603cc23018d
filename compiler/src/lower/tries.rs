//! `try`. The body lies in a region whose handler tries the catch clauses. With an `after`, body, catch
//! clauses and `else` lie in one more region, and every way out leads through the one copy of the
//! `after` block, which is told by two parameters why it was entered and with what value:
//! nesting costs no more than the text is long.

use rata_bytecode::module::Const;

use super::control::{NORMAL, RAISED, RETURNS};
use super::matching::{Row, View};
use super::{After, Dest, Lowerer};
use crate::hir::{Block, CatchClause, CatchView, Try};
use crate::ir::{BlockId, Region, RegionId, TermKind, Test, Val};
use crate::span::Span;

impl<'a> Lowerer<'a, '_> {
    /// `try`.
    pub(super) fn try_to(&mut self, t: &Try<'a>, dest: Dest, at: Span) {
        match &t.after {
            Some(after) => self.with_after(t, after, dest, at),
            None => self.with_catch(t, dest, at),
        }
    }

    fn with_after(&mut self, t: &Try<'a>, after: &Block<'a>, dest: Dest, at: Span) {
        let outer = self.region;
        let entry = self.f.block(2, outer);
        let handler = self.new_join();
        self.afters.push(After { entry, returns: false });
        self.enter_region(handler, at);
        let normal = self.new_join();
        self.with_catch(t, Dest::Join(normal), at);
        self.switch_to(normal);
        let value = self.param(normal);
        self.run_after(entry, NORMAL, value, at);
        let left = self.afters.pop().expect("pushed above");
        self.region = outer;

        self.switch_to(handler);
        let raised = self.param(handler);
        self.run_after(entry, RAISED, raised, at);

        self.switch_to(entry);
        self.drop_block(after);
        self.after_ends(&left, dest, at);
    }

    /// Ends the `after` block: goes on with what was interrupted.
    fn after_ends(&mut self, left: &After, dest: Dest, at: Span) {
        let params = self.f.vals(self.f.blocks[left.entry.index()].params).to_vec();
        let (why, value) = (params[0], params[1]);
        if dest == Dest::Return {
            // the end of the `try` and a `return` in it come to the same
            let (raises, returns) = (self.new_block(), self.new_block());
            self.why(why, RAISED, raises, returns, at);
            self.switch_to(raises);
            self.term(TermKind::Reraise, &[value], at);
            self.switch_to(returns);
            return self.return_value(value, at);
        }
        let goes_on = self.new_block();
        let other = self.new_block();
        self.why(why, NORMAL, goes_on, other, at);
        self.switch_to(goes_on);
        self.finish(value, dest, at);
        self.switch_to(other);
        if left.returns {
            let returns = self.new_block();
            let raises = self.new_block();
            self.why(why, RETURNS, returns, raises, at);
            self.switch_to(returns);
            self.return_value(value, at);
            self.switch_to(raises);
        }
        self.term(TermKind::Reraise, &[value], at);
    }

    fn why(&mut self, why: Val, is: i64, then: BlockId, els: BlockId, at: Span) {
        let k = self.konst(Const::Int(is));
        self.branch(Test::Const(k), &[why], then, els, at);
    }

    fn run_after(&mut self, entry: BlockId, why: i64, value: Val, at: Span) {
        let why = self.konst(Const::Int(why));
        let why = self.load(why, at);
        self.jump(entry, &[why, value], at);
    }

    /// Makes a region and goes on in a new block within it.
    fn enter_region(&mut self, handler: BlockId, at: Span) -> RegionId {
        let id = RegionId(self.f.regions.len() as u32);
        self.f.regions.push(Region { parent: self.region, handler, guard: false });
        self.region = Some(id);
        let inside = self.new_block();
        self.jump(inside, &[], at);
        self.switch_to(inside);
        id
    }

    fn with_catch(&mut self, t: &Try<'a>, dest: Dest, at: Span) {
        let Some(clauses) = t.catch else {
            self.body_and_else(t, dest);
            return;
        };
        let outer = self.region;
        let handler = self.new_join();
        let done = self.f.block(1, outer);
        self.enter_region(handler, at);
        self.block_to(&t.body, Dest::Join(done));
        self.region = outer;
        self.switch_to(done);
        match &t.otherwise {
            Some(otherwise) => self.block_to(otherwise, dest),
            None => {
                let value = self.param(done);
                self.finish(value, dest, at);
            }
        }
        self.switch_to(handler);
        self.catch(t, clauses, dest, at);
    }

    fn body_and_else(&mut self, t: &Try<'a>, dest: Dest) {
        match &t.otherwise {
            Some(otherwise) => {
                let next = self.new_block();
                self.block_to(&t.body, Dest::Ignore(next));
                self.switch_to(next);
                self.block_to(otherwise, dest);
            }
            None => {
                self.block_to(&t.body, dest);
            }
        }
    }

    fn catch(&mut self, t: &Try<'a>, clauses: &'a [CatchClause<'a>], dest: Dest, at: Span) {
        let raised = self.param(self.cur);
        self.vars[t.raised.0 as usize] = raised;
        for clause in clauses {
            for var in clause.whole {
                self.vars[var.0 as usize] = raised;
            }
        }
        let rows: Vec<Row<'a>> = clauses
            .iter()
            .map(|c| Row {
                guard: c.clause.guard,
                view: match c.view {
                    CatchView::Whole => View::Whole,
                    CatchView::Type => View::Type,
                    CatchView::Parts => View::Parts,
                },
                ..Row::new(vec![(0, c.clause.pattern)])
            })
            .collect();
        let fail = self.new_block();
        let arms = self.matching(&[raised], &rows, fail, at);
        self.switch_to(fail);
        self.term(TermKind::Reraise, &[raised], at);
        for (clause, arm) in clauses.iter().zip(arms) {
            match arm {
                Some(arm) => {
                    self.enter(arm);
                    self.block_to(&clause.clause.body, dest);
                }
                None => self.unreachable(clause.clause.span),
            }
        }
    }
}
