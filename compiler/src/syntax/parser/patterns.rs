//! Patterns.

use smallvec::SmallVec;

use super::Parser;
use crate::diagnostics::Diagnostic;
use crate::span::Span;
use crate::syntax::token::{Kind, Token};
use crate::syntax::tree::{Pattern, PatternEntry, PatternKey, PatternKind};

impl<'a> Parser<'a, '_> {
    /// `pattern = name = …`
    pub(super) fn pattern(&mut self) -> Pattern<'a> {
        let outer = self.begin();
        let mut pattern = self.pattern_atom();
        while self.kind() == Kind::Assign && !self.panic {
            self.bump();
            if self.kind() != Kind::Name {
                self.unexpected("a name for what the pattern matches");
                break;
            }
            pattern = self.alias_of(pattern);
        }
        self.height = self.height.max(outer);
        pattern
    }

    /// At a name after `=`: takes it as another name for what `pattern` matches.
    pub(super) fn alias_of(&mut self, pattern: Pattern<'a>) -> Pattern<'a> {
        let token = self.bump();
        let span = pattern.span.to(token.span);
        self.height += 1;
        if self.too_high(pattern.span) {
            return Pattern { span, kind: PatternKind::Error };
        }
        let name = self.ident(token);
        Pattern { span, kind: PatternKind::Alias { pattern: self.alloc(pattern), name } }
    }

    /// A pattern without further names for it.
    pub(super) fn pattern_atom(&mut self) -> Pattern<'a> {
        let token = self.token();
        if let Some(kind) = self.simple_pattern(token) {
            return Pattern { span: token.span, kind };
        }
        if !self.deepen() {
            return Pattern { span: token.span, kind: PatternKind::Error };
        }
        let outer = self.begin();
        let kind = match token.kind {
            Kind::Str => self.string_pattern(),
            Kind::Minus => self.negative_pattern(),
            Kind::Mod => PatternKind::Module(self.mod_path_rest()),
            Kind::Caret => self.pin(),
            Kind::LParen => self.parenthesised_pattern(),
            Kind::LBracket => self.vector_pattern(),
            Kind::LBrace => self.brace_pattern(),
            _ => {
                self.report_no_pattern(token);
                PatternKind::Error
            }
        };
        self.finish(outer);
        self.surface();
        Pattern { span: self.span_from(token.span), kind }
    }

    fn simple_pattern(&mut self, token: Token) -> Option<PatternKind<'a>> {
        let at = token.data as usize;
        let kind = match token.kind {
            Kind::Name => self.name_pattern(token, token.span).kind,
            Kind::Int => PatternKind::Int(self.tokens.ints[at]),
            Kind::BigInt => PatternKind::BigInt(self.tokens.texts[at]),
            Kind::Float => PatternKind::Float(self.tokens.floats[at]),
            Kind::Symbol => PatternKind::Symbol(self.name_of(token)),
            Kind::True => PatternKind::Bool(true),
            Kind::False => PatternKind::Bool(false),
            Kind::Nil => PatternKind::Nil,
            _ => return None,
        };
        self.pos += 1;
        Some(kind)
    }

    fn report_no_pattern(&mut self, token: Token) {
        let error = match token.kind {
            Kind::ThisModule => self
                .error_at("E0114", token.span, "`__module__` is no pattern")
                .help("compare in a guard: `m when m == __module__`"),
            Kind::FStart => self
                .error_at("E0114", token.span, "an f-string is no pattern")
                .help("match the beginning of a string with `\"prefix\" + rest`"),
            Kind::SetOpen => self.error_at("E0114", token.span, "a set is no pattern"),
            kind if self.is_item_word(kind) => {
                self.word_in_place_of_name();
                return;
            }
            kind if kind.is_keyword() => self.keyword_as_name(token),
            _ => {
                self.unexpected("a pattern");
                return;
            }
        };
        self.report(error);
    }

    /// Words that can stand nowhere inside a statement, so that a name must be meant.
    pub(super) fn is_item_word(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Module | Kind::Library | Kind::Use | Kind::Export | Kind::As)
    }

    /// Takes such a word for the name it cannot be; reported once for each word.
    pub(super) fn word_in_place_of_name(&mut self) {
        let token = self.token();
        if !self.misused_words.contains(&token.kind) {
            self.misused_words.push(token.kind);
            let error = self.keyword_as_name(token);
            self.report_repaired(error);
        }
        self.bump();
        // After a word of the language the lexer takes no `.name` for a field.
        while self.kind() == Kind::DotParam && !self.token().space {
            self.bump();
        }
    }

    pub(super) fn keyword_as_name(&self, token: Token) -> Diagnostic {
        let text = self.source(token.span);
        self.error_at("E0128", token.span, format!("`{text}` is a word of the language"))
            .label("cannot be a name")
            .help("choose another name")
    }

    /// `"text"` or `"prefix" + rest`
    fn string_pattern(&mut self) -> PatternKind<'a> {
        let token = self.bump();
        let prefix = self.text_of(token);
        if self.kind() != Kind::Plus || self.on_new_line() {
            return PatternKind::Str(prefix);
        }
        self.bump();
        let rest = self.pattern_atom();
        PatternKind::Prefix { prefix, rest: self.alloc(rest) }
    }

    fn negative_pattern(&mut self) -> PatternKind<'a> {
        self.bump();
        let token = self.token();
        let at = token.data as usize;
        let kind = match token.kind {
            Kind::Int => PatternKind::Int(self.tokens.ints[at].wrapping_neg()),
            Kind::Float => PatternKind::Float(-self.tokens.floats[at]),
            Kind::BigInt => {
                let text = format!("-{}", self.tokens.texts[at]);
                match text.parse() {
                    Ok(value) => PatternKind::Int(value),
                    Err(_) => PatternKind::BigInt(self.arena.alloc_str(&text)),
                }
            }
            _ => {
                self.unexpected("a number after `-` in a pattern");
                return PatternKind::Error;
            }
        };
        self.bump();
        kind
    }

    /// `^name`
    fn pin(&mut self) -> PatternKind<'a> {
        self.bump();
        let token = self.token();
        if self.expect(Kind::Name, "a bound name after `^`") {
            PatternKind::Pin(self.ident(token))
        } else {
            PatternKind::Error
        }
    }

    fn parenthesised_pattern(&mut self) -> PatternKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let pattern = self.pattern();
        self.close(open, Kind::RParen, "`)`");
        self.restore(outer);
        pattern.kind
    }

    /// `[a, b | rest]`
    fn vector_pattern(&mut self) -> PatternKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let mut items: SmallVec<[Pattern<'a>; 4]> = SmallVec::new();
        let mut tail = None;
        while self.kind() != Kind::RBracket {
            let item = self.pattern();
            items.push(item);
            if self.kind() == Kind::Bar && !self.panic {
                self.bump();
                let rest = self.pattern();
                tail = Some(self.alloc(rest));
                break;
            }
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        let expected = if tail.is_some() { "`]` after the rest" } else { "`,` or `]`" };
        self.close(open, Kind::RBracket, expected);
        self.restore(outer);
        PatternKind::Vector { items: self.slice(&items), tail }
    }

    /// `{p, q}`, `{key: p}`, `{,}`, `{}`
    fn brace_pattern(&mut self) -> PatternKind<'a> {
        let open = self.pos;
        self.bump();
        let outer = self.enter(true);
        let mut items: SmallVec<[Pattern<'a>; 4]> = SmallVec::new();
        let mut pairs: SmallVec<[PatternEntry<'a>; 4]> = SmallVec::new();
        let empty_list = self.kind() == Kind::Comma && self.ahead(1).kind == Kind::RBrace;
        if empty_list {
            self.bump();
        }
        while self.kind() != Kind::RBrace {
            match self.pattern_key() {
                Some(key) => {
                    let value = self.pattern();
                    pairs.push(PatternEntry { key, value: self.alloc(value) });
                }
                None => {
                    let item = self.pattern();
                    if !pairs.is_empty() && !self.panic {
                        let message = "an entry without a key follows one with a key";
                        let error = self
                            .error_at("E0122", item.span, message)
                            .help("in a pattern the `key: pattern` pairs come last");
                        self.report_repaired(error);
                    }
                    items.push(item);
                }
            }
            if self.panic || !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close(open, Kind::RBrace, "`,` or `}`");
        self.restore(outer);
        let (items, pairs) = (self.slice(&items), self.slice(&pairs));
        match items.is_empty() && !empty_list {
            true => PatternKind::Map(pairs),
            false => PatternKind::List { items, pairs },
        }
    }

    fn pattern_key(&mut self) -> Option<PatternKey<'a>> {
        let token = self.token();
        match token.kind {
            Kind::Key => {
                self.bump();
                Some(PatternKey::Symbol(self.key_ident(token)))
            }
            Kind::StrKey => {
                self.bump();
                Some(PatternKey::Str(self.text_of(token), self.key_span(token)))
            }
            Kind::LParen => {
                let close = self.closer_of(self.pos)?;
                if self.tokens.list[close + 1].kind != Kind::Colon {
                    return None;
                }
                let open = self.pos;
                self.bump();
                let pattern = self.pattern();
                self.close(open, Kind::RParen, "`)`");
                self.eat(Kind::Colon);
                Some(PatternKey::Computed(self.alloc(pattern)))
            }
            _ => None,
        }
    }

    /// What stands left of the `=` at token `assign` is no pattern.
    pub(super) fn not_a_pattern(&self, target: Span, assign: usize) -> Diagnostic {
        let text = self.source(target);
        let token = self.token();
        let error = self
            .error_at("E0114", target, "this cannot stand on the left of `=`")
            .label("not a pattern")
            .also(self.tokens.list[assign].span, "binds what the pattern on its left names");
        if let Some(advice) = self.foreign_advice(token) {
            return error.help(advice);
        }
        let short = text.len() <= 40;
        match token.kind {
            Kind::Field => error.help(
                "everything is immutable: `Maps.put(map, :key, value)` gives a changed map",
            ),
            Kind::LBracket => error.help(
                "everything is immutable: a function such as `Vector.replace_at` gives a changed vector",
            ),
            Kind::LParen if short => {
                let name = text.split('(').next().unwrap_or("f");
                let rest = &text[name.len()..];
                error.help(format!("a function is defined by `{name} = function{rest} {{ … }}`"))
            }
            _ => error.help("to compare write `==`"),
        }
    }
}
