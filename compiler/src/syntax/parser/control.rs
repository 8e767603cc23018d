//! `if`, `case`, `try`, `receive`, `raise`, `return`, `assert`.

use super::Parser;
use super::clauses::Owner;
use crate::span::Span;
use crate::syntax::token::Kind;
use crate::syntax::tree::{Block, Catch, Else, Expr, ExprKind, Try};

impl<'a> Parser<'a, '_> {
    /// `if c { … } else if d { … } else { … }`: the chain is read in a loop and put together from
    /// its end.
    pub(super) fn if_expr(&mut self) -> ExprKind<'a> {
        let height = self.begin();
        let start = self.token().span;
        let mut links: Vec<(Span, &'a Expr<'a>, Block<'a>)> = Vec::new();
        let mut last = None;
        loop {
            let start = self.bump().span;
            let cond = self.condition();
            let then = self.block("`{` after the condition");
            links.push((start, cond, then));
            self.height += 1;
            if self.panic || self.too_high(start) || !self.eat(Kind::Else) {
                break;
            }
            if self.kind() != Kind::If {
                last = Some(self.block("`{` or `if` after `else`"));
                break;
            }
        }
        self.finish(height);
        if self.panic && links.len() > 1 {
            return ExprKind::Error;
        }
        let end = self.span_from(start).end;
        let mut otherwise = last.map(Else::Block);
        while links.len() > 1 {
            let Some((start, cond, then)) = links.pop() else { break };
            let kind = ExprKind::If { cond, then, otherwise };
            let span = Span::new(start.start, end);
            otherwise = Some(Else::If(self.alloc(Expr { span, kind })));
        }
        match links.pop() {
            Some((_, cond, then)) => ExprKind::If { cond, then, otherwise },
            None => ExprKind::Error,
        }
    }

    /// The condition of an `if`; a `=` in it is taken for `==`.
    fn condition(&mut self) -> &'a Expr<'a> {
        let mut cond = self.expression();
        if self.kind() == Kind::Assign && !self.panic {
            let span = self.token().span;
            let error = self
                .error_at("E0113", span, "`=` binds a name; it does not compare")
                .label("in a condition")
                .help("compare with `==`");
            self.report_repaired(error);
            self.bump();
            cond = self.expression();
        }
        self.alloc(cond)
    }

    pub(super) fn case_expr(&mut self) -> ExprKind<'a> {
        let height = self.begin();
        self.bump();
        let subject = self.expression();
        let subject = self.alloc(subject);
        let clauses = self.clauses(Owner::Case);
        self.finish(height);
        ExprKind::Case { subject, clauses: clauses.list }
    }

    pub(super) fn receive_expr(&mut self) -> ExprKind<'a> {
        let height = self.begin();
        self.bump();
        let clauses = self.clauses(Owner::Receive);
        self.finish(height);
        ExprKind::Receive { clauses: clauses.list, after: clauses.after }
    }

    pub(super) fn try_expr(&mut self) -> ExprKind<'a> {
        let height = self.begin();
        let word = self.bump().span;
        let body = self.block("`{` after `try`");
        let mut parts = Try { body, catch: None, otherwise: None, after: None };
        while !self.panic {
            let start = self.token().span;
            let (rank, twice) = match self.kind() {
                Kind::Catch => (1, parts.catch.is_some()),
                Kind::Else => (2, parts.otherwise.is_some()),
                Kind::After if self.ahead(1).kind == Kind::LBrace => (3, parts.after.is_some()),
                _ => break,
            };
            let misplaced =
                rank < 3 && parts.after.is_some() || rank < 2 && parts.otherwise.is_some();
            if twice || misplaced {
                self.report_part_order(start, twice);
            }
            self.bump();
            match rank {
                1 => parts.catch = Some(self.catch()),
                2 => parts.otherwise = Some(self.block("`{` after `else`")),
                _ => parts.after = Some(self.block("`{` after `after`")),
            }
        }
        if parts.catch.is_none() && parts.after.is_none() && !self.panic {
            let error = self
                .error_at("E0123", word, "this `try` has neither `catch` nor `after`")
                .help("write `try { … } catch { pattern -> … }` or `try { … } after { … }`");
            self.report_repaired(error);
        }
        self.finish(height);
        ExprKind::Try(self.alloc(parts))
    }

    fn report_part_order(&mut self, span: Span, twice: bool) {
        let word = self.source(span);
        let message = match twice {
            true => format!("this `try` has a second `{word}`"),
            false => format!("`{word}` comes too late in this `try`"),
        };
        let error = self
            .error_at("E0123", span, message)
            .help("the parts of a `try` are, in this order, `catch`, `else` and `after`");
        self.report_repaired(error);
    }

    fn catch(&mut self) -> Catch<'a> {
        let mut name = None;
        if self.eat(Kind::As) {
            let token = self.token();
            if self.expect(Kind::Name, "a name for the exception after `as`") {
                name = Some(self.ident(token));
            }
        }
        let clauses = self.clauses(Owner::Case);
        Catch { name, clauses: clauses.list }
    }

    /// `raise e`, `reraise e` and `~ e`: all that the expression reaches.
    pub(super) fn prefix_word(&mut self, build: fn(&'a Expr<'a>) -> ExprKind<'a>) -> ExprKind<'a> {
        let height = self.begin();
        self.bump();
        if self.on_new_line() {
            self.missing_operand();
        }
        let operand = match self.panic {
            true => self.error_expr(self.previous()),
            false => self.expression(),
        };
        self.finish(height);
        build(self.alloc(operand))
    }

    pub(super) fn return_expr(&mut self) -> ExprKind<'a> {
        self.bump();
        if self.on_new_line() || !self.begins_expression() {
            return ExprKind::Return(None);
        }
        let height = self.begin();
        let value = self.expression();
        self.finish(height);
        ExprKind::Return(Some(self.alloc(value)))
    }

    fn begins_expression(&self) -> bool {
        use Kind::*;
        let kind = self.kind();
        matches!(kind, Int | BigInt | Float | Str | FStart | Symbol | Name | Mod | DotParam)
            || matches!(kind, LParen | LBracket | LBrace | SetOpen | Not | Bang | Minus | Tilde)
            || matches!(kind, Function | Fn | If | Case | Try | Raise | Reraise | Return)
            || matches!(kind, Assert | Receive | True | False | Nil | ThisModule | Error)
    }

    pub(super) fn assert_expr(&mut self) -> ExprKind<'a> {
        let height = self.begin();
        self.bump();
        if self.on_new_line() {
            self.missing_operand();
        }
        if self.panic {
            return ExprKind::Error;
        }
        let cond = self.condition();
        let mut message = None;
        if self.kind() == Kind::Comma && !self.comma_begins_clause() && !self.panic {
            self.bump();
            let text = self.expression();
            message = Some(self.alloc(text));
        }
        self.finish(height);
        ExprKind::Assert { cond, message }
    }

    /// Is the comma here one between clauses?
    fn comma_begins_clause(&mut self) -> bool {
        if !self.comma_ends {
            return false;
        }
        self.pos += 1;
        let begins = self.clause_ahead(true) || self.kind().closes() || self.kind() == Kind::After;
        self.pos -= 1;
        begins
    }
}
