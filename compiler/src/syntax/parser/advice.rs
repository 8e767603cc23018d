//! Words for the reader: what a token is called, and what was probably meant.

use super::Parser;
use crate::span::Span;
use crate::syntax::token::{Kind, NONE, Token};

/// Words with which statements of other languages begin, and how it is said here.
const FOREIGN_WORDS: &[(&str, &str)] = &[
    ("def", "a function is defined by `name = function(x) { … }`"),
    ("defp", "a function is defined by `name = function(x) { … }`"),
    ("defmodule", "a module is written `module Name { … }`"),
    ("func", "a function is defined by `name = function(x) { … }`"),
    ("fun", "a function is written `function(x) { … }` or `fn x -> … end`"),
    ("let", "a binding is just `name = value`"),
    ("var", "a binding is just `name = value`"),
    ("const", "a binding is just `name = value`"),
    ("val", "a binding is just `name = value`"),
    ("import", "a library is named by `library Name`"),
    ("require", "a library is named by `library Name`"),
    ("alias", "a library is named by `library Name as N`"),
    ("from", "a library is named by `library Name.[f]`"),
    ("for", "go through values with `Enum.map`, `Enum.each` or `Enum.reduce`"),
    ("while", "repeat with a function that calls itself"),
    ("loop", "repeat with a function that calls itself"),
    ("elif", "write `else if`"),
    ("elsif", "write `else if`"),
    ("elseif", "write `else if`"),
    ("switch", "choose with `case value { pattern -> … }`"),
    ("match", "choose with `case value { pattern -> … }`"),
    ("cond", "choose with `if … { } else if … { }`"),
    ("unless", "write `if not … { }`"),
    ("throw", "an exception is raised with `raise`"),
    ("rescue", "write `try { … } catch { … }`"),
    ("except", "write `try { … } catch { … }`"),
    ("finally", "write `after { … }`"),
    ("class", "a module is written `module Name { … }`"),
    ("print", "print with `IO.puts(…)`"),
    ("do", "a body stands in `{` and `}`"),
    ("then", "a body stands in `{` and `}`"),
];

impl Parser<'_, '_> {
    /// What a token is, for "found …".
    pub(super) fn describe(&self, token: Token) -> String {
        let text = self.source(token.span);
        let short = if text.chars().count() > 30 { "" } else { text };
        let what = match token.kind {
            Kind::Eof => return "the end of the file".into(),
            Kind::FEnd => return "the end of the f-string".into(),
            Kind::FText => return "text of the f-string".into(),
            Kind::Str | Kind::FStart => return "a string".into(),
            Kind::Int | Kind::BigInt | Kind::Float => "the number",
            Kind::Symbol => "the symbol",
            Kind::Name => "the name",
            Kind::Mod => "the module name",
            Kind::Key | Kind::StrKey => "the key",
            kind if kind.is_keyword() => "the word",
            _ => return format!("`{text}`"),
        };
        match short {
            "" => format!("{what} here"),
            _ => format!("{what} `{short}`"),
        }
    }

    /// A likely fix for a token that nobody expected.
    pub(super) fn advice_for(&self, token: Token) -> Option<String> {
        if let Some(advice) = self.foreign_advice(token) {
            return Some(advice.to_owned());
        }
        let text = self.source(token.span);
        let operand_before = self.previous_kind().is_some_and(Kind::ends_operand);
        Some(match token.kind {
            Kind::Plus if !operand_before => "there is no unary `+`".into(),
            Kind::Assign => {
                "`=` binds a name, as a statement of its own; to compare write `==`".into()
            }
            Kind::DefaultAssign => "`\\\\=` gives a parameter its default".into(),
            Kind::Arrow => "`->` belongs to clauses; a lambda is `fn x -> … end`".into(),
            Kind::End if token.data == NONE => {
                "only `fn` ends with `end`; all other bodies stand in `{` and `}`".into()
            }
            Kind::Comma if operand_before && !self.free => {
                "several values stand in braces or brackets: `{a, b}`".into()
            }
            Kind::Colon if self.previous_kind() == Some(Kind::Mod) => {
                "a member of a module is written `Module.name`".into()
            }
            Kind::Symbol if self.previous_kind() == Some(Kind::RParen) => {
                format!("the `:` of a result type follows the `)` directly: `): {}`", &text[1..])
            }
            Kind::Name if self.previous_kind() == Some(Kind::Function) => {
                format!("a function is defined by `{text} = function(…) {{ … }}`")
            }
            Kind::Name if self.previous_kind() == Some(Kind::Catch) => {
                format!("to name the exception write `catch as {text} {{ … }}`")
            }
            Kind::Colon if operand_before => "no space stands between a key and its `:`".into(),
            Kind::Symbol if operand_before && !token.space => {
                "a space stands before the `:` of a type, and one after it".into()
            }
            Kind::Key | Kind::StrKey if !operand_before => {
                "keys stand in maps `{key: value}` and in calls `f(name: value)`".into()
            }
            Kind::Colon if self.previous_kind() == Some(Kind::Colon) => {
                "one `:` stands between a parameter and its type".into()
            }
            Kind::LBrace if self.previous_kind() == Some(Kind::Function) => {
                "a function without parameters is `function() { … }`".into()
            }
            Kind::Bar => {
                "`|` stands in `[first | rest]` and in types; `or` joins conditions".into()
            }
            Kind::Semi if self.free => "a `;` cannot stand inside brackets".into(),
            Kind::LBrace if self.previous_kind() == Some(Kind::Receive) => return None,
            Kind::LParen if self.previous_kind() == Some(Kind::Receive) => {
                "the function that takes the next message is `Process.receive(…)`".into()
            }
            Kind::Else if self.comma_ends => {
                "what no other clause takes is taken by `_ -> …`".into()
            }
            Kind::Else => "`else` follows the `}` of an `if` or `try`".into(),
            Kind::Catch => "`catch` follows the `}` of a `try`".into(),
            Kind::After => "`after` follows the `}` of a `try`, or comes last in `receive`".into(),
            kind if kind.is_keyword() && !kind.is_binary() && !operand_before => {
                format!("`{text}` is a word of the language and cannot be a name")
            }
            _ => return None,
        })
    }

    /// Does the line begin with, or is this, a word of another language?
    pub(super) fn foreign_advice(&self, token: Token) -> Option<&'static str> {
        let list = &self.tokens.list;
        let mut at = self.pos;
        let mut steps = 0;
        while at > 0 && !list[at].newline && steps < 12 {
            at -= 1;
            steps += 1;
        }
        let first = list[at];
        // The first word is a suspect only if all was right up to it.
        let first = if self.pos == at + 1 { first } else { token };
        let candidates = [first, token];
        let words = candidates.iter().filter(|token| token.kind == Kind::Name);
        let find = |span: Span| {
            let text = self.source(span);
            FOREIGN_WORDS.iter().find(|(word, _)| *word == text).map(|(_, advice)| *advice)
        };
        words.map(|token| token.span).find_map(find)
    }

    /// A likely fix for a token that stands where an entry of the bracket `opener` should end.
    pub(super) fn advice_inside(&self, opener: Token, token: Token) -> Option<String> {
        let before = self.pos.checked_sub(1).map(|at| self.tokens.list[at]);
        let name = before.filter(|t| matches!(t.kind, Kind::Name | Kind::Str | Kind::Mod));
        let name = name.map_or("key", |token| self.source(token.span));
        let around = self.before(opener);
        let call = opener.kind == Kind::LParen
            && !opener.space
            && around.is_some_and(|kind| kind.ends_operand() || kind == Kind::Function);
        let braces = opener.kind == Kind::LBrace;
        Some(match token.kind {
            Kind::Colon if around == Some(Kind::Function) => {
                "the type stands before the default: `name: type = value`".into()
            }
            Kind::Assign if call => format!("an argument is named by `{name}: value`"),
            Kind::Assign | Kind::Arrow if braces => format!("an entry is `{name}: value`"),
            Kind::Symbol if braces && before.is_some_and(|t| t.kind == Kind::RParen) => {
                "the `:` of a computed key follows the `)` directly: `(key): value`".into()
            }
            Kind::Symbol if braces && before.is_some_and(|t| t.kind == Kind::Name) => {
                let value = self.source(token.span).trim_start_matches(':');
                format!("write `{name}: {value}`")
            }
            Kind::Colon => match before.map(|t| t.kind) {
                Some(Kind::Mod) => format!("keys begin with a small letter: write `\"{name}\": …`"),
                Some(Kind::Name | Kind::Str) => format!("write `{name}:` without a space"),
                _ => "a computed key stands in round brackets: `(key): value`".into(),
            },
            Kind::LParen | Kind::LBracket if token.newline => {
                let bracket = self.source(token.span);
                format!("the `{bracket}` of a call or index stands on the line of what it follows")
            }
            Kind::FEnd | Kind::FText => "close the braces of the f-string with `}`".into(),
            _ => match self.advice_for(token) {
                None if token.newline && !token.kind.closes() && token.kind != Kind::Eof => {
                    "is a `,` missing at the end of the line above?".into()
                }
                advice => return advice,
            },
        })
    }

    /// The kind of the token before that one.
    fn before(&self, token: Token) -> Option<Kind> {
        let list = &self.tokens.list;
        let at = list.partition_point(|t| t.span.start < token.span.start);
        at.checked_sub(1).map(|at| list[at].kind)
    }

    /// In `catch { … }` without any clause: was an ordinary block meant?
    pub(super) fn misused_catch(&self) -> bool {
        let list = &self.tokens.list;
        let mut at = self.pos;
        while at > 0 && list[at].kind != Kind::LBrace && self.pos - at < 8 {
            at -= 1;
        }
        let before = |back: usize| at.checked_sub(back).map(|at| list[at].kind);
        before(1) == Some(Kind::Catch) || before(3) == Some(Kind::Catch)
    }

    /// Ends a block whose `{` is at `open`. When its `}` is missing, the place to look at is often
    /// an earlier block, which took a `}` that stands in another column than it should.
    pub(super) fn close_block(&mut self, open: usize) {
        if self.kind() == Kind::RBrace {
            self.pos += 1;
            return;
        }
        let suspect = match self.closer_of(open) {
            None if !self.panic && self.last_error != self.pos => self.misindented_block(),
            _ => None,
        };
        let Some((opener, closer)) = suspect else {
            self.close(open, Kind::RBrace, "`}`");
            return;
        };
        let error = self
            .error_at("E0109", opener, "a `}` is missing, probably that of this `{`")
            .label("closed too late")
            .also(closer, "this `}` closes it, but is indented differently")
            .also(self.tokens.list[open].span, "so that nothing is left to close this `{`");
        self.report(error);
    }

    /// The first block whose `}` begins a line with another indentation than that of its `{`.
    fn misindented_block(&self) -> Option<(Span, Span)> {
        let list = &self.tokens.list;
        let mut indentation = 0;
        for (at, token) in list.iter().enumerate() {
            if token.newline {
                indentation = self.column(token.span.start);
            }
            let Some(closer) = self.closer_of(at).map(|closer| list[closer]) else { continue };
            let block = token.kind == Kind::LBrace && closer.kind == Kind::RBrace;
            if block && closer.newline && self.column(closer.span.start) != indentation {
                return Some((token.span, closer.span));
            }
        }
        None
    }

    /// How far a token that begins a line is indented (counted up to a bound).
    fn column(&self, at: u32) -> usize {
        let before = &self.text.as_bytes()[..at as usize];
        before.iter().rev().take(200).take_while(|&&byte| byte != b'\n').count()
    }

    /// `x = {a, b} = v`
    pub(super) fn report_second_assign(&mut self) {
        let span = self.token().span;
        let error = self
            .error_at("E0114", span, "a second `=` can follow only a name")
            .help("put the pattern first: `{a, b} = whole = value`");
        self.report(error);
    }
}
