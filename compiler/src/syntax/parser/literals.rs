//! Vectors, lists, maps, sets and f-strings.

use smallvec::SmallVec;

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{Entry, Expr, ExprKind, FPart, Ident, Key};

impl<'a> Parser<'a, '_> {
    /// `[a, b | tail]`
    pub(super) fn vector(&mut self) -> ExprKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let height = self.begin();
        let mut items: SmallVec<[Expr<'a>; 8]> = SmallVec::new();
        let mut tail = None;
        while self.kind() != Kind::RBracket {
            let item = self.expression();
            items.push(item);
            if self.kind() == Kind::Bar && !self.panic {
                self.bump();
                let rest = self.expression();
                tail = Some(self.alloc(rest));
                break;
            }
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        let expected = if tail.is_some() { "`]` after the rest" } else { "`,` or `]`" };
        self.close(open, Kind::RBracket, expected);
        self.finish(height);
        self.restore(outer);
        ExprKind::Vector { items: self.slice(&items), tail }
    }

    /// `#{a, b}`
    pub(super) fn set(&mut self) -> ExprKind<'a> {
        let open = self.pos;
        let errors = self.diagnostics.len();
        self.bump();
        let outer = self.enter(true);
        let height = self.begin();
        let mut items: SmallVec<[Expr<'a>; 8]> = SmallVec::new();
        while self.kind() != Kind::RBrace {
            let item = self.expression();
            items.push(item);
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        if self.kind() != Kind::RBrace || self.panic {
            self.perhaps_a_comment(open, errors);
        }
        self.close(open, Kind::RBrace, "`,` or `}`");
        self.finish(height);
        self.restore(outer);
        ExprKind::Set(self.slice(&items))
    }

    /// A `#{` at the beginning of a line that does not go on like a set was probably meant as a
    /// comment: says so instead of what was said about it (from diagnostic `errors` on).
    fn perhaps_a_comment(&mut self, open: usize, errors: usize) {
        let opener = self.tokens.list[open];
        let one = matches!(&self.diagnostics[errors..], [error] if error.code == "E0101");
        let silent = self.panic || self.diagnostics.len() > errors;
        if !opener.newline || silent && !one {
            return;
        }
        self.diagnostics.truncate(errors);
        self.panic = false;
        self.last_error = usize::MAX;
        let error = self
            .error_at("E0119", opener.span, "`#{` opens a set, but what follows is none")
            .help("if this is a comment, put a space after the `#`");
        self.report(error);
    }

    /// `{…}`: a map, or a list with a map of its trailing pairs.
    pub(super) fn braces(&mut self) -> ExprKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let height = self.begin();
        let kind = self.brace_entries(open);
        self.finish(height);
        self.restore(outer);
        kind
    }

    fn brace_entries(&mut self, open: usize) -> ExprKind<'a> {
        let mut items: SmallVec<[Expr<'a>; 8]> = SmallVec::new();
        let mut pairs: SmallVec<[Entry<'a>; 8]> = SmallVec::new();
        let empty_list = self.kind() == Kind::Comma && self.ahead(1).kind == Kind::RBrace;
        if empty_list {
            self.bump();
        }
        while self.kind() != Kind::RBrace {
            match self.key() {
                Some(key) => {
                    let value = self.expression();
                    pairs.push(Entry { key, value: self.alloc(value) });
                }
                None => {
                    let item = self.expression();
                    self.check_position(&item, &pairs, items.is_empty());
                    items.push(item);
                }
            }
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close(open, Kind::RBrace, "`,` or `}`");
        let (items, pairs) = (self.slice(&items), self.slice(&pairs));
        match items.is_empty() && !empty_list {
            true => ExprKind::Map(pairs),
            false => ExprKind::List { items, pairs },
        }
    }

    /// An entry without a key after one with a key.
    fn check_position(&mut self, item: &Expr<'a>, pairs: &[Entry<'a>], map: bool) {
        if pairs.is_empty() || self.panic {
            return;
        }
        let error =
            self.error_at("E0122", item.span, "an entry without a key follows one with a key");
        let error = match (map, item.kind) {
            (true, _) if self.source(item.span).starts_with('(') => {
                error.help("a computed key is followed by `:` directly: `(key): value`")
            }
            (true, ExprKind::Name(_)) => {
                let text = self.source(item.span);
                error.help(format!("write `{text}: {text}`"))
            }
            (true, _) => error.help("each entry of a map is `key: value`"),
            (false, _) => error.help("in a list the `key: value` pairs come last"),
        };
        self.report_repaired(error);
    }

    /// The key of a map entry, if one stands here.
    fn key(&mut self) -> Option<Key<'a>> {
        let token = self.token();
        match token.kind {
            Kind::Key => {
                self.bump();
                Some(Key::Symbol(self.key_ident(token)))
            }
            Kind::StrKey => {
                self.bump();
                Some(Key::Str(self.text_of(token), self.key_span(token)))
            }
            Kind::LParen => {
                let close = self.closer_of(self.pos)?;
                if self.tokens.list[close + 1].kind != Kind::Colon {
                    return None;
                }
                let open = self.pos;
                self.bump();
                let expr = self.expression();
                let expr = self.alloc(expr);
                self.close(open, Kind::RParen, "`)`");
                self.eat(Kind::Colon);
                Some(Key::Computed(expr))
            }
            _ => None,
        }
    }

    /// The name in a `name:` token.
    pub(super) fn key_ident(&self, token: Token) -> Ident {
        Ident { name: self.name_of(token), span: self.key_span(token) }
    }

    /// A key without its colon.
    pub(super) fn key_span(&self, token: Token) -> Span {
        Span::new(token.span.start, token.span.end - 1)
    }

    /// `f"… {expr} …"`
    pub(super) fn fstring(&mut self) -> ExprKind<'a> {
        self.bump();
        let outer = self.enter(true);
        let height = self.begin();
        let mut parts: SmallVec<[FPart<'a>; 8]> = SmallVec::new();
        loop {
            let token = self.token();
            match token.kind {
                Kind::FText => {
                    self.bump();
                    parts.push(FPart::Text(self.text_of(token)));
                }
                Kind::FOpen => {
                    let open = self.pos;
                    self.bump();
                    let expr = match self.kind() {
                        Kind::FClose => self.empty_fstring_braces(token),
                        _ => self.expression(),
                    };
                    self.close(open, Kind::FClose, "`}` of the f-string");
                    parts.push(FPart::Expr(self.alloc(expr)));
                    if self.panic {
                        break;
                    }
                }
                Kind::FEnd => {
                    self.bump();
                    break;
                }
                _ => break,
            }
        }
        self.finish(height);
        self.restore(outer);
        ExprKind::FString(self.slice(&parts))
    }

    fn empty_fstring_braces(&mut self, open: Token) -> Expr<'a> {
        let span = open.span.to(self.token().span);
        let error = self
            .error_at("E0126", span, "there is nothing between these braces")
            .help("write `{{` and `}}` for braces in the text of an f-string");
        self.report_repaired(error);
        self.error_expr(span)
    }
}
