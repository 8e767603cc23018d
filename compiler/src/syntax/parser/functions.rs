//! `fn … end` and `function(…) { … }`, with their parameters.

use smallvec::SmallVec;

use super::Parser;
use super::clauses::Owner;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{ExprKind, FnClause, Function, Param, Pattern, PatternKind};

type Params<'a> = SmallVec<[Param<'a>; 4]>;

impl<'a> Parser<'a, '_> {
    /// `fn a, b -> body end`
    pub(super) fn fn_expr(&mut self) -> ExprKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(false);
        let height = self.begin();
        let mut clauses: SmallVec<[FnClause<'a>; 4]> = SmallVec::new();
        loop {
            while self.eat(Kind::Semi) {}
            if !clauses.is_empty() && self.at_block_end(Some(open)) {
                break;
            }
            let before = self.pos;
            if self.braced_body_ahead() {
                let clause = self.braced_fn(before);
                clauses.push(clause);
                break;
            }
            let clause = self.fn_clause(open);
            clauses.push(clause);
            if self.panic && !self.recover_fn(open, before) {
                break;
            }
        }
        self.close_fn(open);
        self.finish(height);
        self.restore(outer);
        ExprKind::Fn { clauses: self.slice(&clauses) }
    }

    /// After an error in a clause: goes on to the next one, if the `end` is known.
    fn recover_fn(&mut self, open: usize, before: usize) -> bool {
        if self.closer_of(open).is_none() {
            return false;
        }
        if self.pos == before {
            self.bump();
        }
        self.synchronise();
        while !self.at_block_end(Some(open)) && !self.clause_ahead(false) {
            self.bump();
            self.synchronise();
        }
        true
    }

    fn close_fn(&mut self, open: usize) {
        if self.tokens.list[self.pos].kind == Kind::End {
            self.pos += 1;
            return;
        }
        if self.closer_of(open).is_some() || self.panic {
            self.close(open, Kind::End, "`end`");
            return;
        }
        if matches!(self.previous_kind(), Some(Kind::RBrace)) && self.braced(open) {
            return;
        }
        let opener = self.tokens.list[open].span;
        let token = self.token();
        let found = self.describe(token);
        let error = self
            .error_at("E0110", opener, "this `fn` has no `end`")
            .label("never ended")
            .also(token.span, format!("expected `end`, found {found}"))
            .help("write `fn x -> … end`");
        // What closes the construct around it is here: all goes on as if `end` had been written.
        self.report_repaired(error);
    }

    fn fn_clause(&mut self, open: usize) -> FnClause<'a> {
        let start = self.token().span;
        let height = self.begin();
        let mut params: Params<'a> = SmallVec::new();
        let brackets = self.bracketed_params();
        while !matches!(self.kind(), Kind::Arrow | Kind::When) && brackets != Some(self.pos) {
            let param = self.fn_param();
            params.push(param);
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        if brackets == Some(self.pos) {
            self.bump();
        }
        let guard = match self.kind() == Kind::When && !self.panic {
            true => {
                self.bump();
                let guard = self.expression();
                Some(self.alloc(guard))
            }
            false => None,
        };
        self.arrow("`->` after the parameters of `fn`");
        let body = self.body(open, Owner::Fn);
        self.finish(height);
        FnClause { span: self.span_from(start), params: self.slice(&params), guard, body }
    }

    /// `fn (a, b) ->` or `fn () ->`: reported, and read as if the brackets were not there. Gives the
    /// place of the closing one.
    fn bracketed_params(&mut self) -> Option<usize> {
        let list = &self.tokens.list;
        let close = match self.kind() {
            Kind::LParen => self.closer_of(self.pos)?,
            _ => return None,
        };
        let mut at = self.pos + 1;
        let mut several = at == close;
        while at < close {
            several |= list[at].kind == Kind::Comma;
            at = self.past(at)?;
        }
        if !several || !matches!(list[close + 1].kind, Kind::Arrow | Kind::When) {
            return None;
        }
        let span = list[self.pos].span.to(list[close].span);
        let params = self.source(span).trim_matches(['(', ')']).trim();
        let head = if params.is_empty() { "fn".to_string() } else { format!("fn {params}") };
        let error = self
            .error_at("E0122", span, "the parameters of `fn` stand without brackets")
            .help(format!("write `{head} -> … end`"));
        self.report_repaired(error);
        self.bump();
        Some(close)
    }

    fn fn_param(&mut self) -> Param<'a> {
        let token = self.token();
        if token.kind == Kind::Key {
            self.bump();
            let pattern = self.name_pattern(token, self.key_span(token));
            let ty = self.type_expr();
            let (pattern, ty) = (self.alloc(pattern), Some(self.alloc(ty)));
            return Param { span: self.span_from(token.span), pattern, ty, default: None };
        }
        let pattern = self.pattern();
        let pattern = self.alloc(pattern);
        Param { span: self.span_from(token.span), pattern, ty: None, default: None }
    }

    /// Does `fn … {` stand here without any `->`, as in other languages?
    fn braced_body_ahead(&self) -> bool {
        let list = &self.tokens.list;
        let mut at = self.pos;
        loop {
            let token = list[at];
            match token.kind {
                Kind::LBrace if at > self.pos && list[at - 1].kind == Kind::RParen => break,
                Kind::Name | Kind::Comma => at += 1,
                Kind::LParen => match self.past(at) {
                    Some(past) => at = past,
                    None => return false,
                },
                _ => return false,
            }
            if list[at].newline {
                return false;
            }
        }
        self.closer_of(at).is_some_and(|close| list[close + 1].kind != Kind::Arrow)
    }

    /// `fn(x) { … }`
    fn braced_fn(&mut self, at: usize) -> FnClause<'a> {
        let start = self.tokens.list[at].span;
        while self.kind() != Kind::LBrace && self.kind() != Kind::Eof {
            self.pos = self.past(self.pos).unwrap_or(self.pos + 1);
        }
        let span = self.token().span;
        let error = self
            .error_at("E0116", span, "the body of `fn` follows `->` and ends with `end`")
            .label("expected `->`")
            .help("write `fn x -> … end` or `function(x) { … }`");
        self.report_repaired(error);
        let body = self.block("`{`");
        FnClause { span: self.span_from(start), params: &[], guard: None, body }
    }

    /// Was the body of the `fn` at `open` written in braces (which has been reported)?
    fn braced(&self, open: usize) -> bool {
        let brace = self.tokens.list[self.pos - 1].data as usize;
        brace > open && self.last_error == brace
    }

    /// `function(…): type when guard { … }`
    pub(super) fn function(&mut self) -> ExprKind<'a> {
        let start = self.bump().span;
        let height = self.begin();
        let params = self.params();
        let result = match self.kind() {
            Kind::Colon if !self.panic => {
                self.bump();
                let ty = self.type_expr();
                Some(self.alloc(ty))
            }
            _ => None,
        };
        let guard = match self.kind() == Kind::When && !self.panic {
            true => {
                self.bump();
                let guard = self.expression();
                Some(self.alloc(guard))
            }
            false => None,
        };
        let body = self.block("`{` and the body of the function");
        self.finish(height);
        let span = self.span_from(start);
        ExprKind::Function(self.alloc(Function { span, params, result, guard, body }))
    }

    fn params(&mut self) -> &'a [Param<'a>] {
        let open = self.pos;
        if !self.expect(Kind::LParen, "`(` and the parameters") {
            return &[];
        }
        let outer = self.enter(true);
        let mut params: Params<'a> = SmallVec::new();
        while self.kind() != Kind::RParen {
            let param = self.param();
            params.push(param);
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close(open, Kind::RParen, "`,` or `)`");
        self.restore(outer);
        self.slice(&params)
    }

    fn param(&mut self) -> Param<'a> {
        let token = self.token();
        let mut ty = None;
        let (mut pattern, plain) = match token.kind {
            Kind::Key => {
                self.bump();
                let pattern = self.name_pattern(token, self.key_span(token));
                let expr = self.type_expr();
                ty = Some(self.alloc(expr));
                (pattern, true)
            }
            _ => {
                let pattern = self.pattern_atom();
                let plain = matches!(pattern.kind, PatternKind::Name(_) | PatternKind::Wildcard);
                (pattern, plain && token.kind == Kind::Name)
            }
        };
        if ty.is_none() && self.kind() == Kind::Colon && !self.panic {
            self.bump();
            let expr = self.type_expr();
            ty = Some(self.alloc(expr));
        }
        if !plain && self.kind() == Kind::Assign && self.alias_ahead() && !self.panic {
            self.bump();
            pattern = self.alias_of(pattern);
        }
        let mut default = None;
        if matches!(self.kind(), Kind::Assign | Kind::DefaultAssign) && !self.panic {
            self.bump();
            let value = self.expression();
            default = Some(self.alloc(value));
        }
        Param { span: self.span_from(token.span), pattern: self.alloc(pattern), ty, default }
    }

    /// After a `=`: is what follows just a name?
    fn alias_ahead(&self) -> bool {
        let next = self.ahead(2).kind;
        let ends = matches!(
            next,
            Kind::Comma | Kind::RParen | Kind::Assign | Kind::DefaultAssign | Kind::Eof
        );
        self.ahead(1).kind == Kind::Name && ends
    }

    pub(super) fn name_pattern(&self, token: Token, span: Span) -> Pattern<'a> {
        let name = self.name_of(token);
        let wildcard = self.names.text(name) == "_";
        let kind = if wildcard { PatternKind::Wildcard } else { PatternKind::Name(name) };
        Pattern { span, kind }
    }
}
