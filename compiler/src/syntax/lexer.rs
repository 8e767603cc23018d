//! Source text in, [`Tokens`] and diagnostics out. Never fails and never recurses.
//!
//! Newlines are not tokens: each token knows whether it is the first of its line, and the parser
//! decides where that counts. One stack holds everything that is open: brackets, `fn` (closed by
//! `end`) and the braces of f-strings. It serves two ends: the text of an f-string goes on at the
//! `}` that closes its expression, and every opening token learns which token closes it. A closing
//! token that fits something further down closes that and leaves what lies above unclosed; one that
//! fits nothing closes the innermost bracket, so a typing error such as `(a]` stays local.

mod brackets;
mod numbers;
mod stray;
mod strings;
mod words;

use bumpalo::Bump;

use crate::diagnostics::Diagnostic;
use crate::names::Names;
use crate::span::{FileId, Span};
use crate::syntax::token::{Kind, NONE, Token, Tokens};

/// More errors than this in one file help nobody.
const MAX_ERRORS: usize = 100;

/// Lexes a whole file.
pub fn lex<'a>(
    arena: &'a Bump,
    names: &mut Names,
    file: FileId,
    text: &str,
) -> (Tokens<'a>, Vec<Diagnostic>) {
    let mut lexer = Lexer::new(arena, names, file, text);
    lexer.run();
    (lexer.out, lexer.diagnostics)
}

/// What an entry of the stack waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Closer {
    Paren,
    Bracket,
    Brace,
    End,
    /// The `}` that ends an expression of an f-string.
    FString,
}

/// Something that is open.
struct Open {
    closer: Closer,
    /// Index of the opening token.
    token: u32,
    /// For f-string expressions: a word was seen after which a `:` may be a type's.
    typed: bool,
    /// What `innermost` said about `closer` before.
    outer: usize,
}

/// An f-string whose end has not been seen yet.
struct OpenFString {
    /// The opening quotes.
    opening: Span,
    triple: bool,
    /// Its text tokens with the source ranges of their raw texts.
    texts: Vec<(u32, Span)>,
}

struct Lexer<'a, 's, 'n> {
    arena: &'a Bump,
    names: &'n mut Names,
    file: FileId,
    src: &'s str,
    bytes: &'s [u8],
    pos: usize,
    out: Tokens<'a>,
    stack: Vec<Open>,
    /// For each `Closer` the height of the stack at its innermost entry; 0 if there is none.
    innermost: [usize; 5],
    fstrings: Vec<OpenFString>,
    diagnostics: Vec<Diagnostic>,
    /// Flags for the next token.
    newline: bool,
    space: bool,
    /// Opening quotes of the first string that spans lines.
    first_multiline: Option<Span>,
    /// The same, of the first one behind which text goes on as if it had only just begun.
    first_suspect: Option<Span>,
}

impl<'a, 's, 'n> Lexer<'a, 's, 'n> {
    fn new(arena: &'a Bump, names: &'n mut Names, file: FileId, src: &'s str) -> Self {
        Lexer {
            arena,
            names,
            file,
            src,
            bytes: src.as_bytes(),
            pos: 0,
            out: Tokens { list: Vec::with_capacity(src.len() / 4 + 1), ..Tokens::default() },
            stack: Vec::new(),
            innermost: [0; 5],
            fstrings: Vec::new(),
            diagnostics: Vec::new(),
            newline: true,
            space: true,
            first_multiline: None,
            first_suspect: None,
        }
    }

    fn run(&mut self) {
        if self.src.len() >= (u32::MAX / 2) as usize {
            let span = Span::default();
            self.diagnostics.push(Diagnostic::error(
                "E0125",
                self.file,
                span,
                "this file is too large: a source file has less than 2 GiB",
            ));
            self.src = "";
            self.bytes = b"";
        }
        self.byte_order_mark();
        loop {
            self.skip_blank();
            let Some(&byte) = self.bytes.get(self.pos) else { break };
            self.token(byte);
        }
        self.close_all();
        self.push(Kind::Eof, self.pos, 0);
    }

    fn byte_order_mark(&mut self) {
        if self.src.starts_with('\u{feff}') {
            self.pos = 3;
            let message = "this file begins with a byte order mark";
            let error = Diagnostic::error("E0107", self.file, self.span(0), message)
                .help("save the file as UTF-8 without BOM");
            self.diagnostics.push(error);
        }
    }

    /// At the end of the file: what is still open stays unclosed.
    fn close_all(&mut self) {
        if let Some(outer) = self.stack.iter().find(|open| open.closer == Closer::FString) {
            let brace = self.out.list[outer.token as usize].span;
            let opening = self.fstrings[0].opening;
            let error = Diagnostic::error(
                "E0102",
                self.file,
                brace,
                "this `{` of an f-string is never closed",
            )
            .label("no `}` for this")
            .also(opening, "the f-string begins here")
            .help("write `{{` for a brace in the text of an f-string");
            self.unterminated(error, opening);
        }
        while let Some(open) = self.pop_open() {
            self.out.list[open.token as usize].data = NONE;
        }
        let fstrings = std::mem::take(&mut self.fstrings);
        for fstring in fstrings.into_iter().rev() {
            self.cook_fstring(&fstring);
            self.push(Kind::FEnd, self.pos, 0);
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(start as u32, self.pos as u32)
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    fn previous(&self) -> Option<Token> {
        self.out.list.last().copied()
    }

    /// Does the token before end an operand, with nothing between it and here?
    fn touches_operand(&self) -> bool {
        !self.space && self.previous().is_some_and(|token| token.kind.ends_operand())
    }

    fn push(&mut self, kind: Kind, start: usize, data: u32) {
        let span = self.span(start);
        let (newline, space) = (self.newline, self.space);
        self.out.list.push(Token { span, data, kind, newline, space });
        self.newline = false;
        self.space = false;
    }

    fn error(&mut self, code: &'static str, start: usize, message: impl Into<String>) {
        let span = self.span(start);
        self.report(Diagnostic::error(code, self.file, span, message));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    fn error_help(
        &mut self,
        code: &'static str,
        start: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.span(start);
        self.report(Diagnostic::error(code, self.file, span, message).help(help));
    }

    /// Skips spaces, newlines and comments.
    fn skip_blank(&mut self) {
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'\n' => {
                    self.newline = true;
                    self.space = true;
                    self.pos += 1;
                }
                b' ' | b'\t' | b'\r' | 0x0c => {
                    self.space = true;
                    self.pos += 1;
                }
                b'#' if self.peek(1) != b'{' => self.skip_line(),
                b'#' if self.is_misplaced_set() => {
                    let start = self.pos;
                    self.pos += 2;
                    self.error_help(
                        "E0119",
                        start,
                        "`#{` opens a set, but no set can stand here",
                        "if this is a comment, put a space after the `#`",
                    );
                    self.skip_line();
                }
                _ => break,
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.pos..];
        self.pos += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        self.space = true;
    }

    /// Can the `#{` here only be meant as a comment? That is so after an operand on the same line,
    /// and when two plain words follow, which is no expression.
    fn is_misplaced_set(&self) -> bool {
        if !self.newline && self.previous().is_some_and(|token| token.kind.ends_operand()) {
            return true;
        }
        let rest = &self.bytes[self.pos + 2..];
        let near = &rest[..rest.len().min(80)];
        let line = near.split(|&byte| byte == b'\n').next().unwrap_or(near);
        let words = line.split(|byte| byte.is_ascii_whitespace());
        let mut words = words.filter(|word| !word.is_empty());
        let mut prose = |first: bool| {
            let Some(word) = words.next() else { return false };
            let keyword = std::str::from_utf8(word).ok().and_then(Kind::keyword);
            let operator = keyword.is_some_and(|kind| first || kind.is_binary());
            word.iter().all(u8::is_ascii_alphabetic) && !operator
        };
        prose(true) && prose(false)
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'f' if self.peek(1) == b'"' => self.fstring(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' => self.string(),
            b'.' => self.dot(),
            b':' => self.colon(),
            b'(' => self.open(Kind::LParen, Closer::Paren, 1),
            b'[' => self.open(Kind::LBracket, Closer::Bracket, 1),
            b'{' => self.open(Kind::LBrace, Closer::Brace, 1),
            b'#' => self.open(Kind::SetOpen, Closer::Brace, 2),
            b')' => self.close(Kind::RParen, Closer::Paren),
            b']' => self.close(Kind::RBracket, Closer::Bracket),
            b'}' => self.close(Kind::RBrace, Closer::Brace),
            b',' => self.simple(Kind::Comma, 1),
            b';' => self.simple(Kind::Semi, 1),
            _ => self.operator(byte),
        }
    }

    fn simple(&mut self, kind: Kind, length: usize) {
        let start = self.pos;
        self.pos += length;
        self.push(kind, start, 0);
    }

    /// Puts a text into the table.
    fn text(&mut self, text: &str) -> u32 {
        let text: &'a str = self.arena.alloc_str(text);
        self.text_kept(text)
    }

    fn text_kept(&mut self, text: &'a str) -> u32 {
        self.out.texts.push(text);
        self.out.texts.len() as u32 - 1
    }

    fn operator(&mut self, byte: u8) {
        let (kind, length) = match (byte, self.peek(1), self.peek(2)) {
            (b'=', b'=', b'=') | (b'!', b'=', b'=') => return self.stray(byte),
            (b'=', b'>', _) => return self.stray(byte),
            (b'=', b'=', _) => (Kind::EqEq, 2),
            (b'=', _, _) => (Kind::Assign, 1),
            (b'!', b'=', _) => (Kind::NotEq, 2),
            (b'!', _, _) => (Kind::Bang, 1),
            (b'<', b'=', _) => (Kind::Le, 2),
            (b'<', b'>', _) => return self.stray(byte),
            (b'<', _, _) => (Kind::Lt, 1),
            (b'>', b'=', _) => (Kind::Ge, 2),
            (b'>', _, _) => (Kind::Gt, 1),
            (b'|', b'>', _) => (Kind::Pipe, 2),
            (b'|', b'|', _) => (Kind::Or, 2),
            (b'|', _, _) => (Kind::Bar, 1),
            (b'&', b'&', _) => (Kind::And, 2),
            (b'+', b'=' | b'+', _) => return self.stray(byte),
            (b'+', _, _) => (Kind::Plus, 1),
            (b'-', b'>', _) => (Kind::Arrow, 2),
            (b'-', b'=', _) => return self.stray(byte),
            (b'-', _, _) => (Kind::Minus, 1),
            (b'*', b'*' | b'=', _) => return self.stray(byte),
            (b'*', _, _) => (Kind::Star, 1),
            (b'/', b'/' | b'*' | b'=', _) => return self.stray(byte),
            (b'/', _, _) => (Kind::Slash, 1),
            (b'%', b'%', _) => (Kind::Modulo, 2),
            (b'%', b'/', b'%') => (Kind::IntDiv, 3),
            (b'^', _, _) => (Kind::Caret, 1),
            (b'~', _, _) => (Kind::Tilde, 1),
            (b'\\', b'\\', b'=') => (Kind::DefaultAssign, 3),
            _ => return self.stray(byte),
        };
        self.simple(kind, length);
    }
}
