//! Tokens in, [`Tree`] and diagnostics out, by recursive descent with precedence climbing.
//!
//! **Newlines.** `free` says whether newlines count: they do not inside brackets, and they do again
//! inside a block, a clause list and `fn`, wherever those stand. Only three places look at them: the
//! loop over binary operators, the end of a statement, and the `(` and `[` of calls and indexes.
//!
//! **Errors.** The first error sets `panic`, which silences all others until a place is reached
//! from which parsing can go on: the token that closes the bracket (the lexer has paired them), the
//! next statement, the next clause. An error that has an obvious repair is reported without panic.
//!
//! **Depth.** Constructs nest at most [`MAX_DEPTH`] deep, which bounds the recursion of the parser
//! itself. Chains (`a + b + …`, `f.g.h…`, `else if …`) are built in loops, so they cost the parser
//! no stack, but they make the tree deep: `height` is kept for what has been parsed, and no tree
//! gets higher than [`MAX_HEIGHT`].

mod advice;
mod clauses;
mod control;
mod errors;
mod expressions;
mod functions;
mod items;
mod literals;
mod operators;
mod patterns;
mod statements;
mod types;

use bumpalo::Bump;

use crate::diagnostics::Diagnostic;
use crate::names::{Name, Names};
use crate::span::{FileId, Span};
use crate::syntax::lexer::lex;
use crate::syntax::token::{Kind, NONE, Token, Tokens};
use crate::syntax::tree::{Ident, Tree};

/// How deep constructs may nest. The parser itself needs less than 8 MiB of stack for that, in debug
/// builds too.
pub const MAX_DEPTH: u32 = 1_000;

/// How high a tree may get: nesting and the links of chains together. A stage that recurses over
/// the tree on a stack of 256 MiB has 13 KiB for each level.
pub const MAX_HEIGHT: u32 = 20_000;

/// Parses a file. The diagnostics are sorted by place.
pub fn parse<'a>(
    arena: &'a Bump,
    names: &mut Names,
    file: FileId,
    text: &str,
) -> (Tree<'a>, Vec<Diagnostic>) {
    let (tokens, mut diagnostics) = lex(arena, names, file, text);
    let mut parser = Parser::new(arena, names, file, text, &tokens);
    let tree = parser.file();
    let mut found = parser.diagnostics;
    found.retain(|diagnostic| !follows_lexical_error(diagnostic, &diagnostics, text));
    if let Some(from) = tokens.doubtful_from {
        // The string has swallowed whatever closed something before it.
        let unclosed = |diagnostic: &Diagnostic| matches!(diagnostic.code, "E0109" | "E0110");
        found.retain(|diagnostic| diagnostic.span.start < from && !unclosed(diagnostic));
    }
    diagnostics.append(&mut found);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    (tree, diagnostics)
}

/// Does an error only repeat that something before it on its line could not be read?
fn follows_lexical_error(diagnostic: &Diagnostic, lexical: &[Diagnostic], text: &str) -> bool {
    lexical.iter().any(|cause| {
        let (from, to) = (cause.span.start as usize, diagnostic.span.start as usize);
        matches!(cause.code, "E0104" | "E0105" | "E0127")
            && from <= to
            && text.get(from..to).is_some_and(|between| !between.contains('\n'))
    })
}

struct Parser<'a, 't> {
    arena: &'a Bump,
    names: &'t mut Names,
    file: FileId,
    text: &'t str,
    tokens: &'t Tokens<'a>,
    pos: usize,
    /// Newlines do not count here.
    free: bool,
    /// In the body of a clause that a comma ends.
    comma_ends: bool,
    /// An error was reported and no place to go on has been reached yet.
    panic: bool,
    /// So many `end`s belong to bodies that were (and this was reported) not written in braces.
    excused_ends: u32,
    /// Words of the language that were used as names, which has been reported.
    misused_words: Vec<Kind>,
    depth: u32,
    /// Height of the highest part of the construct that is being parsed.
    height: u32,
    diagnostics: Vec<Diagnostic>,
    /// Token at which the last error was reported.
    last_error: usize,
}

/// The context that a construct changes and must put back.
#[derive(Clone, Copy)]
struct Context {
    free: bool,
    comma_ends: bool,
}

impl<'a, 't> Parser<'a, 't> {
    fn new(
        arena: &'a Bump,
        names: &'t mut Names,
        file: FileId,
        text: &'t str,
        tokens: &'t Tokens<'a>,
    ) -> Self {
        Parser {
            arena,
            names,
            file,
            text,
            tokens,
            pos: 0,
            free: false,
            comma_ends: false,
            panic: false,
            excused_ends: 0,
            misused_words: Vec::new(),
            depth: 0,
            height: 0,
            diagnostics: Vec::new(),
            last_error: usize::MAX,
        }
    }

    /// The current token.
    fn token(&self) -> Token {
        self.tokens.list[self.pos]
    }

    fn kind(&self) -> Kind {
        self.tokens.list[self.pos].kind
    }

    /// The token `ahead` places on, or the last one.
    fn ahead(&self, ahead: usize) -> Token {
        let list = &self.tokens.list;
        list[(self.pos + ahead).min(list.len() - 1)]
    }

    /// The span of the token before.
    fn previous(&self) -> Span {
        match self.pos.checked_sub(1) {
            Some(at) => self.tokens.list[at].span,
            None => Span::default(),
        }
    }

    /// From `start` to the end of the token before.
    fn span_from(&self, start: Span) -> Span {
        Span::new(start.start, self.previous().end.max(start.start))
    }

    /// Takes the current token; the last one is never passed.
    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::Eof {
            self.pos += 1;
        }
        token
    }

    /// Takes the current token if it is of that kind.
    fn eat(&mut self, kind: Kind) -> bool {
        let is = self.kind() == kind;
        if is {
            self.pos += 1;
        }
        is
    }

    /// Is the current token on a new line, and does that count?
    fn on_new_line(&self) -> bool {
        !self.free && self.token().newline
    }

    fn name_of(&self, token: Token) -> Name {
        Name(token.data)
    }

    /// Interns a dotted path as it is written.
    fn path_name(&mut self, span: Span) -> Name {
        let text = self.source(span);
        self.names.intern(text)
    }

    fn previous_kind(&self) -> Option<Kind> {
        self.pos.checked_sub(1).map(|at| self.tokens.list[at].kind)
    }

    fn ident(&self, token: Token) -> Ident {
        Ident { name: self.name_of(token), span: token.span }
    }

    fn text_of(&self, token: Token) -> &'a str {
        self.tokens.texts.get(token.data as usize).copied().unwrap_or("")
    }

    /// As written in the source.
    fn source(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn slice<T: Copy>(&self, items: &[T]) -> &'a [T] {
        self.arena.alloc_slice_copy(items)
    }

    fn alloc<T: Copy>(&self, item: T) -> &'a T {
        self.arena.alloc(item)
    }

    /// Changes the context for a bracketed construct.
    fn enter(&mut self, free: bool) -> Context {
        let outer = Context { free: self.free, comma_ends: self.comma_ends };
        self.free = free;
        self.comma_ends = false;
        outer
    }

    fn restore(&mut self, outer: Context) {
        self.free = outer.free;
        self.comma_ends = outer.comma_ends;
    }

    /// Begins a construct with parts: gives what [`Parser::finish`] needs.
    fn begin(&mut self) -> u32 {
        std::mem::replace(&mut self.height, 0)
    }

    /// Ends a construct: it is one higher than its highest part.
    fn finish(&mut self, outer: u32) {
        self.height = outer.max(self.height + 1);
    }

    /// Goes one level deeper for the construct at the current token. Past the limit it reports,
    /// skips the construct and gives false.
    fn deepen(&mut self) -> bool {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            return true;
        }
        self.too_deep();
        false
    }

    fn surface(&mut self) {
        self.depth -= 1;
    }

    /// Index of the token that closes the opening token at `at`.
    fn closer_of(&self, at: usize) -> Option<usize> {
        let token = self.tokens.list[at];
        (token.kind.opens() && token.data != NONE).then_some(token.data as usize)
    }

    /// Index just past the token at `at` and all that it opens; `None` if that is never closed.
    fn past(&self, at: usize) -> Option<usize> {
        match self.tokens.list[at].kind.opens() {
            true => self.closer_of(at).map(|closer| closer + 1),
            false => Some(at + 1),
        }
    }
}
