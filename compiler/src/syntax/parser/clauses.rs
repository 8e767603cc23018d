//! Clauses of `case`, `receive` and `catch`, and clause bodies (those of `fn` too).

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, NONE};
use crate::syntax::tree::{After, Block, Clause, ExprKind, Pattern, PatternKind, Stmt, StmtKind};

/// The clauses between two braces and, in a `receive`, what follows `after`.
pub(super) struct Clauses<'a> {
    pub(super) list: &'a [Clause<'a>],
    pub(super) after: Option<After<'a>>,
}

/// Whose clauses they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// `case` or `catch`.
    Case,
    Receive,
    Fn,
}

impl<'a> Parser<'a, '_> {
    /// `{ clauses }`
    pub(super) fn clauses(&mut self, owner: Owner) -> Clauses<'a> {
        let open = self.pos;
        let mut clauses = Clauses { list: &[], after: None };
        if !self.expect(Kind::LBrace, "`{` and clauses") {
            self.skip_clauses();
            return clauses;
        }
        let outer = self.enter(false);
        let height = self.begin();
        let mut list = Vec::new();
        loop {
            while matches!(self.kind(), Kind::Semi) {
                self.bump();
            }
            if self.at_block_end(Some(open)) {
                break;
            }
            let before = self.pos;
            if owner == Owner::Receive && self.kind() == Kind::After {
                let after = self.after_clause(open);
                clauses.after = Some(after);
                self.end_clause(before, true);
                continue;
            }
            if clauses.after.is_some() {
                let span = self.token().span;
                let error = self.error_at(
                    "E0116",
                    span,
                    "a clause cannot follow `after`, which comes last",
                );
                self.report_repaired(error);
            }
            let clause = self.clause(open, owner);
            list.push(clause);
            self.end_clause(before, false);
        }
        self.close_block(open);
        self.finish(height);
        self.restore(outer);
        clauses.list = self.slice(&list);
        clauses
    }

    /// Skips lines of clauses whose `{` is missing.
    fn skip_clauses(&mut self) {
        while self.token().newline && self.clause_ahead(true) {
            self.bump();
            self.synchronise();
            self.panic = true;
        }
    }

    /// After a clause that began at token `before`.
    fn end_clause(&mut self, before: usize, after: bool) {
        if self.panic || self.pos == before {
            if self.pos == before {
                self.bump();
            }
            self.synchronise();
        }
        if !self.eat(Kind::Comma) {
            return;
        }
        let token = self.token();
        let clause = self.clause_ahead(true);
        if !clause && !token.kind.closes() && token.kind != Kind::After && !after {
            let comma = self.previous();
            let error = self
                .error_at("E0116", comma, "after this comma a new clause must begin")
                .label("ends the clause")
                .help("a clause is `pattern -> body`; several values stand in braces: `{a, b}`");
            self.report(error);
            self.synchronise();
        }
    }

    fn clause(&mut self, open: usize, owner: Owner) -> Clause<'a> {
        let start = self.token().span;
        let height = self.begin();
        if !self.clause_ahead(true) {
            self.report_no_clause(owner);
            let pattern = self.alloc(Pattern { span: start, kind: PatternKind::Error });
            self.finish(height);
            let body = Block { span: start, stmts: &[] };
            return Clause { span: start, pattern, guard: None, body };
        }
        let pattern = self.pattern();
        let guard = match self.eat(Kind::When) {
            true => {
                let guard = self.expression();
                Some(self.alloc(guard))
            }
            false => None,
        };
        self.arrow("`->` after the pattern");
        let body = self.body(open, owner);
        let pattern = self.alloc(pattern);
        self.finish(height);
        Clause { span: self.span_from(start), pattern, guard, body }
    }

    fn report_no_clause(&mut self, owner: Owner) {
        let token = self.token();
        let found = self.describe(token);
        let mut error = self
            .error_at("E0116", token.span, format!("expected a clause, found {found}"))
            .label("expected `pattern -> body`");
        if self.misused_catch() {
            error = error.help("to take everything write `catch { e -> … }`");
        } else if owner == Owner::Case && token.kind == Kind::Else {
            error = error.help("what no other clause takes is taken by `_ -> …`");
        } else if token.kind == Kind::Arrow {
            error = error.help("`_ -> …` takes everything");
        }
        self.report(error);
    }

    /// Takes `->`. What stands before it instead is reported and skipped, so that the body is read.
    pub(super) fn arrow(&mut self, expected: &str) {
        if self.eat(Kind::Arrow) {
            return;
        }
        if !self.panic {
            self.unexpected(expected);
        }
        let mut at = self.pos;
        loop {
            let token = self.tokens.list[at];
            let ends = token.newline && at > self.pos && !self.goes_on_at(at);
            if ends || matches!(token.kind, Kind::Semi | Kind::Eof | Kind::Fn) {
                return;
            }
            if token.kind == Kind::Arrow {
                self.pos = at + 1;
                self.panic = false;
                return;
            }
            match self.past(at) {
                Some(past) if !token.kind.closes() => at = past,
                _ => return,
            }
        }
    }

    /// `after ms -> body` of a `receive`.
    fn after_clause(&mut self, open: usize) -> After<'a> {
        self.bump();
        let timeout = self.expression();
        let timeout = self.alloc(timeout);
        self.arrow("`->` after the milliseconds");
        let body = self.body(open, Owner::Receive);
        After { timeout, body }
    }

    /// The statements of a clause, up to the next clause or the end of the construct opened at
    /// `open`.
    pub(super) fn body(&mut self, open: usize, owner: Owner) -> Block<'a> {
        let arrow = self.previous();
        let outer = self.enter(false);
        self.comma_ends = owner != Owner::Fn;
        let mut stmts: Vec<Stmt<'a>> = Vec::new();
        while !self.panic {
            while self.eat(Kind::Semi) {}
            if self.body_ends(open, owner, stmts.is_empty()) {
                break;
            }
            let before = self.pos;
            let stmt = match self.kind() {
                Kind::LBrace if self.is_body_block() => self.body_block(),
                _ => self.statement(stmts.last().copied()),
            };
            stmts.push(stmt);
            if self.kind() == Kind::Comma && owner != Owner::Fn && !self.panic {
                break;
            }
            if self.kind() == Kind::After && owner == Owner::Receive && !self.panic {
                break;
            }
            self.end_statement(before);
        }
        self.restore(outer);
        if stmts.is_empty() && !self.panic {
            let error = self
                .error_at("E0116", arrow, "this clause has no body")
                .label("expected a value after this")
                .help("a clause that gives nothing is written `… -> nil`");
            self.report_repaired(error);
        }
        self.check_one_entry_list(&stmts);
        let span = match (stmts.first(), stmts.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::new(arrow.end, arrow.end),
        };
        Block { span, stmts: self.slice(&stmts) }
    }

    fn body_ends(&mut self, open: usize, owner: Owner, first: bool) -> bool {
        if self.at_block_end(Some(open)) {
            return true;
        }
        if owner == Owner::Receive && self.kind() == Kind::After {
            return true;
        }
        let may_begin = !first || self.token().newline;
        may_begin && self.clause_ahead(owner != Owner::Fn)
    }

    /// Does a clause begin here? True if the tokens up to the next newline, `;` or comma of the
    /// same depth hold a `->` before any `fn`. In `fn` a comma belongs to the head.
    pub(super) fn clause_ahead(&self, comma_ends: bool) -> bool {
        let list = &self.tokens.list;
        let mut at = self.pos;
        loop {
            let token = list[at];
            if at > self.pos && token.newline && !list[at - 1].kind.continues_line() {
                return false;
            }
            match token.kind {
                Kind::Arrow => return true,
                Kind::Fn | Kind::Semi | Kind::Eof => return false,
                Kind::Comma if comma_ends => return false,
                kind if kind.closes() => return false,
                kind if kind.opens() && token.data == NONE => return false,
                kind if kind.opens() => at = token.data as usize + 1,
                _ => at += 1,
            }
        }
    }

    /// A body that is a list with one call in it was probably meant as a block.
    fn check_one_entry_list(&mut self, stmts: &[Stmt<'a>]) {
        let [Stmt { kind: StmtKind::Expr(expr), span }] = stmts else { return };
        let ExprKind::List { items: [item], pairs: [] } = expr.kind else { return };
        let acts = matches!(
            item.kind,
            ExprKind::Call { .. }
                | ExprKind::Pipe { .. }
                | ExprKind::If { .. }
                | ExprKind::Case { .. }
                | ExprKind::Try(_)
                | ExprKind::Receive { .. }
        );
        if acts {
            let inner = self.source(item.span);
            let plain = inner.len() <= 60 && !inner.contains('\n');
            let help = match plain {
                true => format!("a clause body needs no braces: write `-> {inner}`"),
                false => "a clause body needs no braces".to_owned(),
            };
            let warning = self
                .warning_at("W0902", *span, "this is a list with one entry, not a block")
                .label("gives a list")
                .help(help);
            self.warn(warning);
        }
    }
}
