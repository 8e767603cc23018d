//! Reporting, expecting and recovering.

use super::{MAX_DEPTH, MAX_HEIGHT, Parser};
use crate::diagnostics::Diagnostic;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{Expr, ExprKind};

/// More errors than this in one file help nobody.
const MAX_ERRORS: usize = 100;

impl<'a> Parser<'a, '_> {
    /// An error that belongs to this file.
    pub(super) fn error_at(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    /// Reports and stays silent until recovered.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.report_repaired(diagnostic);
        self.panic = true;
    }

    /// Reports an error after which parsing just goes on.
    pub(super) fn report_repaired(&mut self, diagnostic: Diagnostic) {
        let reported = self.tokens.list[self.pos].kind == Kind::Error;
        if self.panic || reported || self.last_error == self.pos {
            return;
        }
        if self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
        self.last_error = self.pos;
    }

    pub(super) fn warn(&mut self, diagnostic: Diagnostic) {
        if !self.panic && self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn warning_at(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::warning(code, self.file, span, message)
    }

    /// Reports that something else was expected than the current token.
    pub(super) fn unexpected(&mut self, expected: &str) {
        let token = self.token();
        let found = self.describe(token);
        // The end of the file is shown where it was expected to go on.
        let span = match token.kind {
            Kind::Eof => Span::new(self.previous().end, self.previous().end),
            _ => token.span,
        };
        let mut error = self.error_at("E0101", span, format!("expected {expected}, found {found}"));
        error.label = format!("expected {expected}");
        error.help.extend(self.advice_for(token));
        self.report(error);
    }

    /// After a word such as `raise` the line ends.
    pub(super) fn missing_operand(&mut self) {
        let span = self.previous();
        let word = self.source(span);
        let message = format!("expected an expression after `{word}`, found the end of the line");
        let error = self.error_at("E0101", span, message).label("needs an expression");
        self.report(error);
    }

    /// Takes a token of that kind or reports what was expected.
    pub(super) fn expect(&mut self, kind: Kind, expected: &str) -> bool {
        if self.kind() == kind {
            self.pos += 1;
            return true;
        }
        self.unexpected(expected);
        false
    }

    /// Ends a bracketed construct opened by the token at `open`: takes the closing token, or
    /// reports what stands there instead and goes on behind the closing token if there is one.
    pub(super) fn close(&mut self, open: usize, kind: Kind, expected: &str) {
        if self.kind() == kind {
            self.pos += 1;
            return;
        }
        let opener = self.tokens.list[open];
        let token = self.token();
        let closer = self.closer_of(open);
        if !self.panic {
            self.report_unclosed(opener, token, kind, expected, closer);
        }
        if let Some(closer) = closer.filter(|&at| at >= self.pos) {
            self.pos = closer + 1;
            self.panic = false;
        }
    }

    fn report_unclosed(
        &mut self,
        opener: Token,
        token: Token,
        kind: Kind,
        expected: &str,
        closer: Option<usize>,
    ) {
        let open_text = self.source(opener.span);
        let close_text = close_text(kind);
        if closer.is_none() {
            let message = format!("this `{open_text}` is never closed");
            let found = self.describe(token);
            let code = if kind == Kind::End { "E0110" } else { "E0109" };
            let error = self
                .error_at(code, opener.span, message)
                .label(format!("no `{close_text}` for this"))
                .also(token.span, format!("expected {expected}, found {found}"));
            self.report(error);
            return;
        }
        if token.kind.closes() && closer == Some(self.pos) {
            let found = self.source(token.span);
            let message = format!("`{found}` cannot close `{open_text}`");
            let error = self
                .error_at("E0111", token.span, message)
                .label(format!("expected `{close_text}`"))
                .also(opener.span, "opened here");
            self.report(error);
            return;
        }
        let found = self.describe(token);
        let message = format!("expected {expected}, found {found}");
        let mut error =
            self.error_at("E0101", token.span, message).label(format!("expected {expected}"));
        error.help.extend(self.advice_inside(opener, token));
        self.report(error);
    }

    /// Skips to where a new statement can begin, or to what closes the block around it.
    pub(super) fn synchronise(&mut self) {
        while self.kind() != Kind::Eof {
            let token = self.token();
            if token.newline && !self.goes_on_at(self.pos) || token.kind == Kind::Semi {
                break;
            }
            if token.kind.closes() {
                break;
            }
            self.pos = match self.past(self.pos) {
                Some(past) => past,
                None => self.pos + 1,
            };
        }
        self.panic = false;
    }

    /// Does the line that begins with the token at `at` belong to the statement above?
    pub(super) fn goes_on_at(&self, at: usize) -> bool {
        let list = &self.tokens.list;
        match list[at].kind {
            Kind::Pipe | Kind::Else | Kind::Catch => true,
            Kind::After => list[(at + 1).min(list.len() - 1)].kind == Kind::LBrace,
            _ => at > 0 && list[at - 1].kind.continues_line(),
        }
    }

    /// The construct at the current token nests too deeply: reports and skips it.
    pub(super) fn too_deep(&mut self) {
        let message = format!("this nests more than {MAX_DEPTH} levels deep");
        let error = self
            .error_at("E0117", self.token().span, message)
            .help("take parts of it out into variables or functions");
        self.report(error);
        let mut at = self.pos;
        while !self.tokens.list[at].kind.opens() && self.tokens.list[at].kind != Kind::Eof {
            at += 1;
            if self.tokens.list[at].newline || self.tokens.list[at].kind == Kind::Semi {
                return;
            }
        }
        match self.past(at) {
            Some(past) if at == self.pos && self.kind().opens() => self.pos = past,
            Some(_) => {}
            None => {
                // Nothing inside is closed: that all the rest is missing need not be said too.
                self.pos = self.tokens.list.len() - 1;
                self.last_error = self.pos;
            }
        }
    }

    /// Checks the height after a link was added to a chain that began at `start`.
    pub(super) fn too_high(&mut self, start: Span) -> bool {
        if self.height <= MAX_HEIGHT {
            return false;
        }
        let message = format!("this expression is a chain of more than {MAX_HEIGHT} links");
        let span = Span::new(start.start, start.start + 1);
        let error = self
            .error_at("E0118", span, message)
            .help("put parts of it into variables, or the values into a vector");
        self.report(error);
        self.height = 1;
        true
    }

    pub(super) fn error_expr(&self, span: Span) -> Expr<'a> {
        Expr { span, kind: ExprKind::Error }
    }
}

/// How the closing token of that kind is written.
fn close_text(kind: Kind) -> &'static str {
    match kind {
        Kind::RParen => ")",
        Kind::RBracket => "]",
        Kind::End => "end",
        _ => "}",
    }
}
