//! Operands: what stands between operators, and the calls, indexes and fields behind it.

use smallvec::SmallVec;

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{Expr, ExprKind, Ident, NamedArg};

impl<'a> Parser<'a, '_> {
    /// An operand with its calls, indexes and fields.
    pub(super) fn postfix(&mut self) -> Expr<'a> {
        let outer = self.begin();
        let start = self.token().span;
        let mut expr = self.primary();
        while !self.panic {
            let token = self.token();
            let kind = match token.kind {
                Kind::LParen if !token.newline => self.call(&expr),
                Kind::LBracket if !token.newline => self.index(&expr),
                Kind::Field => {
                    self.bump();
                    let span = Span::new(token.span.start + 1, token.span.end);
                    let name = Ident { name: self.name_of(token), span };
                    ExprKind::Field { object: self.alloc(expr), name }
                }
                Kind::FieldMod => {
                    self.unexpected("the name of a field, which begins with a small letter");
                    break;
                }
                _ => break,
            };
            expr = Expr { span: self.span_from(start), kind };
            self.height += 1;
            if self.too_high(start) {
                expr = self.error_expr(expr.span);
            }
        }
        self.height = self.height.max(outer);
        expr
    }

    fn primary(&mut self) -> Expr<'a> {
        let token = self.token();
        match self.simple(token) {
            Some(kind) => Expr { span: token.span, kind },
            None => self.compound(token),
        }
    }

    /// Operands of one token.
    fn simple(&mut self, token: Token) -> Option<ExprKind<'a>> {
        let at = token.data as usize;
        let kind = match token.kind {
            Kind::Int => ExprKind::Int(self.tokens.ints[at]),
            Kind::BigInt => ExprKind::BigInt(self.tokens.texts[at]),
            Kind::Float => ExprKind::Float(self.tokens.floats[at]),
            Kind::Str => ExprKind::Str(self.tokens.texts[at]),
            Kind::Symbol => ExprKind::Symbol(self.name_of(token)),
            Kind::Name => ExprKind::Name(self.name_of(token)),
            Kind::DotParam => ExprKind::Dot(self.name_of(token)),
            Kind::True => ExprKind::Bool(true),
            Kind::False => ExprKind::Bool(false),
            Kind::Nil => ExprKind::Nil,
            Kind::ThisModule => ExprKind::ThisModule,
            _ => return None,
        };
        self.pos += 1;
        Some(kind)
    }

    /// Operands of several tokens; they count as nested.
    fn compound(&mut self, token: Token) -> Expr<'a> {
        if token.kind == Kind::Mod {
            let path = self.mod_path_rest();
            return Expr { span: path.span, kind: ExprKind::Module(path) };
        }
        if !self.deepen() {
            return self.error_expr(token.span);
        }
        let kind = self.compound_kind(token.kind);
        self.surface();
        Expr { span: self.span_from(token.span), kind }
    }

    fn compound_kind(&mut self, kind: Kind) -> ExprKind<'a> {
        match kind {
            Kind::LParen => self.parenthesised(),
            Kind::LBracket => self.vector(),
            Kind::LBrace => self.braces(),
            Kind::SetOpen => self.set(),
            Kind::FStart => self.fstring(),
            Kind::Fn => self.fn_expr(),
            Kind::Function => self.function(),
            Kind::If => self.if_expr(),
            Kind::Case => self.case_expr(),
            Kind::Try => self.try_expr(),
            Kind::Receive => self.receive_expr(),
            Kind::Raise => self.prefix_word(ExprKind::Raise),
            Kind::Reraise => self.prefix_word(ExprKind::Reraise),
            Kind::Tilde => self.prefix_word(ExprKind::Tilde),
            Kind::Return => self.return_expr(),
            Kind::Assert => self.assert_expr(),
            kind if self.is_item_word(kind) => {
                self.word_in_place_of_name();
                ExprKind::Error
            }
            _ => {
                self.unexpected("an expression");
                ExprKind::Error
            }
        }
    }

    /// `(expr)`: the brackets leave no node, but the span holds them.
    fn parenthesised(&mut self) -> ExprKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let expr = self.expression();
        self.close(open, Kind::RParen, "`)`");
        self.restore(outer);
        expr.kind
    }

    fn index(&mut self, object: &Expr<'a>) -> ExprKind<'a> {
        if !self.deepen() {
            return ExprKind::Error;
        }
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let index = self.expression();
        self.close(open, Kind::RBracket, "`]`");
        self.restore(outer);
        self.surface();
        ExprKind::Index { object: self.alloc(*object), index: self.alloc(index) }
    }

    fn call(&mut self, callee: &Expr<'a>) -> ExprKind<'a> {
        if !self.deepen() {
            return ExprKind::Error;
        }
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let mut args: SmallVec<[Expr<'a>; 8]> = SmallVec::new();
        let mut named: SmallVec<[NamedArg<'a>; 4]> = SmallVec::new();
        while self.kind() != Kind::RParen {
            self.argument(&mut args, &mut named);
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close(open, Kind::RParen, "`,` or `)`");
        self.restore(outer);
        self.surface();
        let (args, named) = (self.slice(&args), self.slice(&named));
        ExprKind::Call { callee: self.alloc(*callee), args, named }
    }

    fn argument(
        &mut self,
        args: &mut SmallVec<[Expr<'a>; 8]>,
        named: &mut SmallVec<[NamedArg<'a>; 4]>,
    ) {
        let token = self.token();
        if token.kind == Kind::Key {
            self.bump();
            let value = self.expression();
            let span = Span::new(token.span.start, token.span.end - 1);
            let name = Ident { name: self.name_of(token), span };
            named.push(NamedArg { name, value: self.alloc(value) });
            return;
        }
        if token.kind == Kind::StrKey {
            let error = self
                .error_at("E0122", token.span, "a named argument is a name")
                .label("a string here")
                .help("to pass a map write it in braces: `f({\"text\": value})`");
            self.report_repaired(error);
            self.bump();
            self.expression();
            return;
        }
        let value = self.expression();
        if let Some(first) = named.first().filter(|_| !self.panic) {
            let error = self
                .error_at("E0122", value.span, "a positional argument follows a named one")
                .also(first.name.span, "named arguments begin here")
                .help("named arguments come last");
            self.report_repaired(error);
        }
        args.push(value);
    }
}
