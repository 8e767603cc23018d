//! Operators by precedence climbing; chains of them are built in loops.

use smallvec::SmallVec;

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{BinOp, Expr, ExprKind, UnOp};

const PIPE: u8 = 1;
const AND: u8 = 3;
const NOT: u8 = 4;
const COMPARE: u8 = 5;
const RANGE: u8 = 6;
const PRODUCT: u8 = 8;

/// How tightly a binary operator binds, and which it is; the pipe has no `BinOp`.
fn binary(kind: Kind) -> Option<(u8, Option<BinOp>)> {
    let (level, op) = match kind {
        Kind::Pipe => return Some((PIPE, None)),
        Kind::Or => (2, BinOp::Or),
        Kind::And => (AND, BinOp::And),
        Kind::EqEq => (COMPARE, BinOp::Eq),
        Kind::NotEq => (COMPARE, BinOp::Ne),
        Kind::Lt => (COMPARE, BinOp::Lt),
        Kind::Le => (COMPARE, BinOp::Le),
        Kind::Gt => (COMPARE, BinOp::Gt),
        Kind::Ge => (COMPARE, BinOp::Ge),
        Kind::DotDot => (RANGE, BinOp::Range),
        Kind::Plus => (7, BinOp::Add),
        Kind::Minus => (7, BinOp::Sub),
        Kind::Star => (PRODUCT, BinOp::Mul),
        Kind::Slash => (PRODUCT, BinOp::Div),
        Kind::Modulo => (PRODUCT, BinOp::Mod),
        Kind::IntDiv => (PRODUCT, BinOp::IntDiv),
        _ => return None,
    };
    Some((level, Some(op)))
}

impl<'a> Parser<'a, '_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Expr<'a> {
        self.binary_from(PIPE)
    }

    /// An expression whose operators bind at least as tightly as `least`.
    fn binary_from(&mut self, least: u8) -> Expr<'a> {
        let outer = self.begin();
        let start = self.token().span;
        let mut left = match self.kind() {
            Kind::Not => self.not_expr(least),
            _ => self.unary(),
        };
        let mut links = 0u32;
        let mut last = 0;
        while let Some((level, op)) = binary(self.kind()) {
            let token = self.token();
            let ends = token.newline && !self.free && token.kind != Kind::Pipe;
            if level < least || ends || self.panic {
                break;
            }
            if links > 0 && level == last && (level == COMPARE || level == RANGE) {
                self.report_chain(token, level, &left);
                left = self.error_expr(left.span);
            }
            if let Some(capture) = self.capture(token, &left) {
                left = capture;
            } else {
                self.bump();
                let right = self.binary_from(level + 1);
                left = self.link(token, op, left, right);
            }
            last = level;
            links += 1;
            self.height += 1;
            if self.too_high(start) {
                left = self.error_expr(self.span_from(start));
            }
        }
        self.height = self.height.max(outer);
        left
    }

    fn link(
        &mut self,
        token: Token,
        op: Option<BinOp>,
        left: Expr<'a>,
        right: Expr<'a>,
    ) -> Expr<'a> {
        let span = left.span.to(right.span);
        let left = self.alloc(left);
        let kind = match op {
            Some(op) => {
                ExprKind::Binary { op, op_span: token.span, left, right: self.alloc(right) }
            }
            None => {
                let right = self.check_pipe_target(token, right);
                ExprKind::Pipe { left, right: self.alloc(right) }
            }
        };
        Expr { span, kind }
    }

    /// `x |> f(a)`, `x |> f`, `x |> M.f`, `x |> (fn …)`: nothing else.
    fn check_pipe_target(&mut self, token: Token, right: Expr<'a>) -> Expr<'a> {
        let callable = matches!(
            right.kind,
            ExprKind::Call { .. }
                | ExprKind::Name(_)
                | ExprKind::Dot(_)
                | ExprKind::Field { .. }
                | ExprKind::Fn { .. }
                | ExprKind::Function(_)
                | ExprKind::Tilde(_)
                | ExprKind::Error
        );
        if callable || self.panic {
            return right;
        }
        let mut error = self
            .error_at("E0124", right.span, "`|>` needs a call or a function on its right")
            .label("cannot be called with the value")
            .also(token.span, "the value is passed on here");
        if let ExprKind::CaptureOrDivide { target, .. } = right.kind {
            let name = self.source(target.span);
            error = error.help(format!("write `|> {name}`: the number of arguments is known here"));
        } else {
            error = error.help("write `x |> f(a)`, `x |> f` or `x |> (fn v -> … end)`");
        }
        self.report_repaired(error);
        self.error_expr(right.span)
    }

    fn report_chain(&mut self, token: Token, level: u8, left: &Expr<'a>) {
        let op = self.source(token.span);
        if level == RANGE {
            let error = self
                .error_at("E0112", token.span, "`..` cannot be chained")
                .help("ranges have a first and a last number: `a..b`");
            self.report_repaired(error);
            return;
        }
        let mut error = self.error_at("E0112", token.span, "comparisons cannot be chained");
        error.label = "a second comparison".into();
        if let ExprKind::Binary { op_span, right, .. } = left.kind {
            let middle = self.source(right.span);
            let first = self.source(left.span);
            error = error.also(op_span, "the first one");
            if first.len() + middle.len() < 80 && !first.contains('\n') {
                error = error.help(format!("write `{first} and {middle} {op} …`"));
            }
        }
        self.report_repaired(error);
    }

    /// `f/2` without spaces, `left` being all that stands before the `/`.
    fn capture(&mut self, slash: Token, left: &Expr<'a>) -> Option<Expr<'a>> {
        if slash.kind != Kind::Slash || slash.space {
            return None;
        }
        if !matches!(self.previous_kind(), Some(Kind::Name | Kind::Field)) {
            return None;
        }
        let captures = match left.kind {
            ExprKind::Name(_) => true,
            ExprKind::Field { object, .. } => matches!(
                object.kind,
                ExprKind::Name(_) | ExprKind::Module(_) | ExprKind::ThisModule
            ),
            _ => false,
        };
        let (number, next) = (self.ahead(1), self.ahead(2));
        if !captures || number.kind != Kind::Int || number.space {
            return None;
        }
        let goes_on = match next.kind {
            Kind::LParen | Kind::LBracket => !next.newline,
            Kind::Caret => self.free || !next.newline,
            Kind::Field | Kind::FieldMod => true,
            _ => false,
        };
        if goes_on {
            return None;
        }
        self.bump();
        self.bump();
        let arity = self.tokens.ints[number.data as usize];
        let target = self.alloc(*left);
        let kind = ExprKind::CaptureOrDivide {
            target,
            arity,
            op_span: slash.span,
            arity_span: number.span,
        };
        Some(Expr { span: left.span.to(number.span), kind })
    }

    /// `not not x == y`
    fn not_expr(&mut self, least: u8) -> Expr<'a> {
        if least > NOT {
            let span = self.token().span;
            let error = self
                .error_at("E0101", span, "`not` cannot stand after this operator")
                .help("put it in brackets: `a == (not b)`");
            self.report_repaired(error);
        }
        let mut spans: SmallVec<[Span; 4]> = SmallVec::new();
        while self.kind() == Kind::Not {
            spans.push(self.bump().span);
        }
        let mut operand = self.binary_from(COMPARE);
        while let Some(start) = spans.pop() {
            operand = self.wrap(UnOp::Not, start, operand);
        }
        operand
    }

    /// `-x`, `!x`
    pub(super) fn unary(&mut self) -> Expr<'a> {
        let mut ops: SmallVec<[(UnOp, Span); 4]> = SmallVec::new();
        loop {
            let op = match self.kind() {
                Kind::Minus => UnOp::Neg,
                Kind::Bang => UnOp::Not,
                _ => break,
            };
            ops.push((op, self.bump().span));
        }
        if ops.is_empty() {
            return self.power();
        }
        let outer = self.begin();
        let mut operand = self.power();
        while let Some((op, start)) = ops.pop() {
            operand = self.wrap(op, start, operand);
        }
        self.finish(outer);
        operand
    }

    fn wrap(&mut self, op: UnOp, start: Span, operand: Expr<'a>) -> Expr<'a> {
        self.height += 1;
        let span = start.to(operand.span);
        if self.too_high(start) {
            return self.error_expr(span);
        }
        Expr { span, kind: ExprKind::Unary { op, operand: self.alloc(operand) } }
    }

    /// `a ^ b`, to the right.
    fn power(&mut self) -> Expr<'a> {
        let outer = self.begin();
        let base = self.postfix();
        let token = self.token();
        if token.kind != Kind::Caret || self.on_new_line() || self.panic {
            self.height = self.height.max(outer);
            return base;
        }
        if !self.deepen() {
            return base;
        }
        self.bump();
        let exponent = self.unary();
        self.surface();
        self.finish(outer);
        let span = base.span.to(exponent.span);
        let (left, right) = (self.alloc(base), self.alloc(exponent));
        let kind = ExprKind::Binary { op: BinOp::Pow, op_span: token.span, left, right };
        Expr { span, kind }
    }

    /// `x <- 5` is a comparison with `-5`, which people coming from R do not mean.
    pub(super) fn check_arrow_assignment(&mut self, expr: &Expr<'a>) {
        let ExprKind::Binary { op: BinOp::Lt, op_span, left, right } = expr.kind else { return };
        let ExprKind::Unary { op: UnOp::Neg, operand } = right.kind else { return };
        let name = matches!(left.kind, ExprKind::Name(_)) && left.span.end < op_span.start;
        let arrow = op_span.end == right.span.start && right.span.start + 1 < operand.span.start;
        if name && arrow {
            let text = self.source(left.span);
            let span = Span::new(op_span.start, op_span.end + 1);
            let warning = self
                .warning_at("W0903", span, "`<-` compares with a negated value")
                .help(format!("to bind a name write `{text} = …`; to compare, `{text} < -…`"));
            self.warn(warning);
        }
    }
}
