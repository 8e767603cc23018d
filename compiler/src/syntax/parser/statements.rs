//! Statements, blocks, and where they end.

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, NONE};
use crate::syntax::tree::{Block, ExprKind, Pattern, PatternKind, Stmt, StmtKind};

impl<'a> Parser<'a, '_> {
    /// `{ statements }`
    pub(super) fn block(&mut self, expected: &str) -> Block<'a> {
        let open = self.pos;
        let start = self.token().span;
        if !self.expect(Kind::LBrace, expected) {
            let text = self.source(start);
            self.excused_ends += u32::from(matches!(text, "do" | "then"));
            return Block { span: Span::new(start.start, start.start), stmts: &[] };
        }
        let outer = self.enter(false);
        let height = self.begin();
        let stmts = self.statements(open);
        self.close_block(open);
        self.finish(height);
        self.restore(outer);
        Block { span: self.span_from(start), stmts }
    }

    /// Statements up to the `}` of the block whose `{` is at `open`.
    fn statements(&mut self, open: usize) -> &'a [Stmt<'a>] {
        let mut stmts = Vec::new();
        loop {
            while self.eat(Kind::Semi) {}
            if self.at_block_end(Some(open)) {
                break;
            }
            let before = self.pos;
            let previous = stmts.last().copied();
            let stmt = self.statement(previous);
            stmts.push(stmt);
            self.end_statement(before);
        }
        self.slice(&stmts)
    }

    /// Is this the end of the file, or of the block opened at `open`, or of something around it?
    /// Closing tokens that close nothing are reported and skipped.
    pub(super) fn at_block_end(&mut self, open: Option<usize>) -> bool {
        loop {
            let token = self.token();
            if token.kind == Kind::Eof {
                return true;
            }
            if !token.kind.closes() {
                return false;
            }
            if token.data == NONE {
                self.report_stray_closer();
            } else if open.is_some_and(|open| token.data as usize <= open) {
                return true;
            }
            self.pos += 1;
        }
    }

    fn report_stray_closer(&mut self) {
        let token = self.token();
        if token.kind == Kind::End && self.excused_ends > 0 {
            self.excused_ends -= 1;
            return;
        }
        if token.kind == Kind::End && self.ahead(1).kind == Kind::Assign {
            let error = self.keyword_as_name(token);
            self.report_repaired(error);
            self.pos += 1;
            return;
        }
        let text = self.source(token.span);
        let error = self.error_at("E0111", token.span, format!("this `{text}` closes nothing"));
        let error = match token.kind {
            Kind::End => error
                .label("no `fn` is open here")
                .help("only `fn` ends with `end`; all other bodies stand in `{` and `}`"),
            _ => error.label("nothing that it could close is open here"),
        };
        self.report_repaired(error);
    }

    /// After a statement that began at token `before`: checks that it ends here, recovers if not.
    pub(super) fn end_statement(&mut self, before: usize) {
        let token = self.token();
        let ends = token.newline && self.pos > before
            || matches!(token.kind, Kind::Semi | Kind::Eof)
            || token.kind.closes();
        if !ends && !self.panic {
            self.unexpected("a new line or `;` after the statement");
        }
        if self.panic {
            if self.pos == before {
                self.bump();
            }
            self.synchronise();
        }
    }

    /// A statement; `previous` is the one before in the same body.
    pub(super) fn statement(&mut self, previous: Option<Stmt<'a>>) -> Stmt<'a> {
        if let Some(previous) = previous {
            self.check_line_start(&previous);
        }
        let start = self.token().span;
        match self.kind() {
            Kind::Module | Kind::Library | Kind::Use | Kind::Export if !self.word_as_name() => {
                self.misplaced_item()
            }
            _ => {
                let (height, first) = (self.begin(), self.pos);
                let kind = match self.binding_ahead() {
                    Some(assign) => self.binding(assign),
                    None => {
                        let expr = self.expression();
                        self.check_arrow_assignment(&expr);
                        StmtKind::Expr(self.alloc(expr))
                    }
                };
                if self.kind() == Kind::Assign && !self.panic {
                    self.unexpected_assign(first, &kind);
                }
                self.finish(height);
                Stmt { span: self.span_from(start), kind }
            }
        }
    }

    /// A `=` after a statement that began at token `first`. Mostly an operator at the end of a line
    /// has swallowed a binding on the next one; then parsing goes on with that binding.
    fn unexpected_assign(&mut self, first: usize, kind: &StmtKind<'a>) {
        let list = &self.tokens.list;
        let mut line = self.pos;
        while line > first && !list[line].newline {
            line -= 1;
        }
        if line > first && list[line - 1].kind.continues_line() {
            let operator = list[line - 1].span;
            let text = self.source(operator);
            let message =
                format!("the line ends with `{text}`, but the next one begins a statement");
            let error = self
                .error_at("E0101", operator, message)
                .label("something is missing after this")
                .also(list[line].span, "a binding begins here");
            self.report_repaired(error);
            self.pos = line;
        } else if matches!(kind, StmtKind::Bind { .. }) {
            self.report_second_assign();
        }
    }

    /// Index of the `=` that makes the statement at the current token a binding.
    fn binding_ahead(&self) -> Option<usize> {
        use Kind::*;
        let list = &self.tokens.list;
        let mut at = self.pos;
        loop {
            let token = list[at];
            if at > self.pos && token.newline && !list[at - 1].kind.continues_line() {
                return None;
            }
            match token.kind {
                Assign if at > self.pos => return Some(at),
                LParen | LBracket | LBrace => at = self.past(at)?,
                Int | BigInt | Float | Str | Symbol | Name | Mod | Field | FieldMod | True
                | False | Nil | Minus | Plus | Caret | ThisModule => at += 1,
                word if word.is_keyword() && list[at + 1].kind == Assign && at == self.pos => {
                    at += 1;
                }
                _ => return None,
            }
        }
    }

    /// `pattern = value`, the first `=` being at token `assign`.
    fn binding(&mut self, assign: usize) -> StmtKind<'a> {
        let start = self.token().span;
        let mut pattern = match self.receive_function(assign) {
            Some(pattern) => pattern,
            None => self.pattern_atom(),
        };
        if self.pos != assign {
            if !self.panic {
                let target = Span::new(start.start, self.tokens.list[assign - 1].span.end);
                let error = self.not_a_pattern(target, assign);
                self.report(error);
            }
            pattern = Pattern { span: self.span_from(start), kind: PatternKind::Error };
        }
        self.panic = false;
        self.pos = assign + 1;
        while self.kind() == Kind::Name && self.ahead(1).kind == Kind::Assign {
            pattern = self.alias_of(pattern);
            self.bump();
        }
        let value = self.expression();
        StmtKind::Bind { pattern: self.alloc(pattern), value: self.alloc(value) }
    }

    /// `receive = function(…)`: a word of the language may be a member of a module, and this is how
    /// `Process.receive` comes to be one.
    fn receive_function(&mut self, assign: usize) -> Option<Pattern<'a>> {
        let token = self.token();
        let is_function = self.tokens.list[assign + 1].kind == Kind::Function;
        if token.kind != Kind::Receive || self.pos + 1 != assign || !is_function {
            return None;
        }
        self.bump();
        let name = self.names.intern("receive");
        Some(Pattern { span: token.span, kind: PatternKind::Name(name) })
    }

    /// At a `{` at the start of a statement in a clause body: a block, or a list or map?
    /// (language.md section 6)
    pub(super) fn is_body_block(&self) -> bool {
        let list = &self.tokens.list;
        // Where the `}` is missing all that follows is looked at, up to the first sign.
        let close = self.closer_of(self.pos).unwrap_or(list.len() - 1);
        if list[(close + 1).min(list.len() - 1)].kind == Kind::Assign {
            return false;
        }
        let (mut literal, mut last_line_ends) = (false, false);
        let mut at = self.pos + 1;
        while at < close {
            let token = list[at];
            let first = at == self.pos + 1;
            if !first && token.newline && token.kind != Kind::Comma && !self.goes_on_at(at) {
                return true;
            }
            match token.kind {
                Kind::Semi | Kind::Assign | Kind::Return => return true,
                Kind::Assert => {
                    // Its comma is not one between entries.
                    at = self.past_assert(at, close);
                    continue;
                }
                Kind::Comma | Kind::Key | Kind::StrKey => literal = true,
                _ => {}
            }
            match self.past(at) {
                Some(past) => at = past,
                None => return false,
            }
        }
        let last = list[close - 1].kind;
        if list[close].newline && close > self.pos + 1 {
            last_line_ends = !last.continues_line();
        }
        last_line_ends && !literal
    }

    /// Index of the token that ends the line of the `assert` at `at`, or of the one after its comma.
    fn past_assert(&self, mut at: usize, close: usize) -> usize {
        let list = &self.tokens.list;
        at += 1;
        while at < close {
            let token = list[at];
            if token.newline && !self.goes_on_at(at) || token.kind == Kind::Semi {
                return at;
            }
            if token.kind == Kind::Comma {
                return at + 1;
            }
            match self.past(at) {
                Some(past) => at = past,
                None => return close,
            }
        }
        close
    }

    /// `{ … }` as a statement of a clause body, decided to be a block.
    pub(super) fn body_block(&mut self) -> Stmt<'a> {
        let start = self.token().span;
        if !self.deepen() {
            let expr = self.alloc(self.error_expr(start));
            return Stmt { span: start, kind: StmtKind::Expr(expr) };
        }
        let block = self.block("`{`");
        self.surface();
        Stmt { span: block.span, kind: StmtKind::Block(block) }
    }

    /// Points at a line that begins like the continuation of the line above, but is none.
    fn check_line_start(&mut self, previous: &Stmt<'a>) {
        let token = self.token();
        if !token.newline || self.previous_kind() == Some(Kind::Semi) {
            return;
        }
        let text = self.source(token.span);
        if token.kind.is_binary() && token.kind != Kind::Minus {
            let message = format!("a line cannot begin with `{text}`");
            let error = self
                .error_at("E0120", token.span, message)
                .label("the statement above has ended")
                .help(format!("put the `{text}` at the end of the line above"));
            self.report(error);
            return;
        }
        if !self.could_have_gone_on(previous) {
            return;
        }
        let meaning = match token.kind {
            Kind::Minus => "a subtraction",
            Kind::LParen => "a call",
            _ => "an index",
        };
        let message = format!("this `{text}` begins a new statement, the one above has ended");
        let warning = self
            .warning_at("W0901", token.span, message)
            .also(previous.span, "this statement is complete")
            .help(format!(
                "if {meaning} is meant, put the `{text}` on the line above; if not, separate the statements with `;`"
            ));
        self.warn(warning);
    }

    /// Could the line that begins here have been meant as part of the statement above?
    fn could_have_gone_on(&self, previous: &Stmt<'a>) -> bool {
        let Some(last) = self.previous_kind() else { return false };
        let value = match previous.kind {
            StmtKind::Bind { value, .. } => value,
            StmtKind::Expr(expr) => expr,
            StmtKind::Block(_) => return false,
        };
        let complete = match value.kind {
            ExprKind::Error | ExprKind::Return(None) => true,
            ExprKind::If { .. }
            | ExprKind::Case { .. }
            | ExprKind::Try(_)
            | ExprKind::Receive { .. }
            | ExprKind::Function(_) => true,
            ExprKind::Str(_) => matches!(previous.kind, StmtKind::Expr(_)),
            _ => false,
        };
        if complete || self.binding_ahead().is_some() {
            return false;
        }
        use Kind::*;
        match self.kind() {
            Minus => true,
            LParen => matches!(last, Name | Field | RParen | RBracket | DotParam | End),
            LBracket => {
                let indexable = matches!(last, Name | Field | RParen | RBracket | DotParam | Str);
                indexable && self.brackets_hold_one()
            }
            _ => false,
        }
    }

    /// Do the brackets at the current token hold exactly one expression, as an index does?
    fn brackets_hold_one(&self) -> bool {
        let Some(close) = self.closer_of(self.pos) else { return false };
        let mut at = self.pos + 1;
        while at < close {
            if matches!(self.tokens.list[at].kind, Kind::Comma | Kind::Bar) {
                return false;
            }
            match self.past(at) {
                Some(past) => at = past,
                None => return false,
            }
        }
        close > self.pos + 1
    }
}
