//! Source text in, [`Tokens`] and diagnostics out. Never fails and never recurses.
//!
//! Newlines are not tokens: each token knows whether it is the first of its line, and the parser
//! decides where that counts. One stack holds everything that is open: brackets, `fn` (closed by
//! `end`) and the braces of f-strings. It serves two ends: the text of an f-string goes on at the
//! `}` that closes its expression, and every opening token learns which token closes it. A closing
//! token that fits something further down closes that and leaves what lies above unclosed; one that
//! fits nothing closes the innermost bracket, so a typing error such as `(a]` stays local.

mod numbers;
mod stray;
mod strings;

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

    fn open(&mut self, kind: Kind, closer: Closer, length: usize) {
        self.push_open(closer);
        let start = self.pos;
        self.pos += length;
        self.push(kind, start, NONE);
    }

    /// A closing bracket or `end`, already read when it is `end`.
    fn close(&mut self, kind: Kind, closer: Closer) {
        let start = self.pos;
        self.pos += 1;
        if kind == Kind::RBrace && self.closes_fstring_brace() {
            self.close_fstring_brace(start);
            return;
        }
        let opener = self.pop_opener(closer);
        self.link(opener);
        self.push(kind, start, opener);
    }

    /// Makes the opening token know the one about to be pushed.
    fn link(&mut self, opener: u32) {
        let closer = self.out.list.len() as u32;
        if let Some(token) = self.out.list.get_mut(opener as usize) {
            token.data = closer;
        }
    }

    /// The next token opens something.
    fn push_open(&mut self, closer: Closer) {
        let outer = self.innermost[closer as usize];
        self.stack.push(Open { closer, token: self.out.list.len() as u32, typed: false, outer });
        self.innermost[closer as usize] = self.stack.len();
    }

    fn pop_open(&mut self) -> Option<Open> {
        let open = self.stack.pop()?;
        self.innermost[open.closer as usize] = open.outer;
        Some(open)
    }

    /// Takes what `closer` closes off the stack, and gives its token or `NONE`.
    fn pop_opener(&mut self, closer: Closer) -> u32 {
        let floor = self.innermost[Closer::FString as usize];
        let found = self.innermost[closer as usize];
        if found > floor {
            while self.stack.len() > found {
                self.pop_open();
            }
        } else {
            // A wrong bracket closes the innermost one; `end` and `fn` pair only with each other.
            let innermost = self.stack[floor..].last();
            if closer == Closer::End || innermost.is_none_or(|open| open.closer == Closer::End) {
                return NONE;
            }
        }
        self.pop_open().map_or(NONE, |open| open.token)
    }

    fn closes_fstring_brace(&self) -> bool {
        self.innermost[Closer::FString as usize] > self.innermost[Closer::Brace as usize]
    }

    fn word(&mut self) {
        let start = self.pos;
        self.skip_word();
        if self.peek(0) >= 0x80 && self.foreign_word(start) {
            return;
        }
        let text = &self.src[start..self.pos];
        let upper = text.as_bytes()[0].is_ascii_uppercase();
        if self.peek(0) == b':' && !upper {
            if self.is_format_specifier() {
                self.push_word(start);
                self.format_specifier();
                return;
            }
            let name = self.names.intern(text);
            self.pos += 1;
            self.push(Kind::Key, start, name.0);
            return;
        }
        self.push_word(start);
    }

    /// The letters, digits and the mark of a name.
    fn skip_word(&mut self) {
        let rest = &self.bytes[self.pos..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.pos += rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let marked = match self.peek(0) {
            b'?' => true,
            b'!' => self.peek(1) != b'=',
            _ => false,
        };
        if marked {
            self.pos += 1;
        }
    }

    fn push_word(&mut self, start: usize) {
        let text = &self.src[start..self.pos];
        if let Some(kind) = Kind::keyword(text) {
            self.push_keyword(kind, start);
            return;
        }
        let kind = if text.as_bytes()[0].is_ascii_uppercase() { Kind::Mod } else { Kind::Name };
        let name = self.names.intern(text);
        self.push(kind, start, name.0);
    }

    fn push_keyword(&mut self, kind: Kind, start: usize) {
        match kind {
            Kind::Fn => {
                self.note_typed();
                self.push_open(Closer::End);
                self.push(kind, start, NONE);
            }
            Kind::End => {
                let opener = self.pop_opener(Closer::End);
                self.link(opener);
                self.push(kind, start, opener);
            }
            Kind::Function => {
                self.note_typed();
                self.push(kind, start, 0);
            }
            Kind::Library => {
                self.push(kind, start, 0);
                self.library_path();
            }
            _ => self.push(kind, start, 0),
        }
    }

    /// After `fn` or `function` a colon may be that of a type.
    fn note_typed(&mut self) {
        if let Some(open) = self.stack.last_mut() {
            open.typed = true;
        }
    }

    /// The file path that may follow `library`.
    fn library_path(&mut self) {
        while matches!(self.peek(0), b' ' | b'\t') {
            self.pos += 1;
            self.space = true;
        }
        let rest = &self.bytes[self.pos..];
        if !rest.starts_with(b"./") && !rest.starts_with(b"../") {
            return;
        }
        let start = self.pos;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b',' | b'}');
        self.pos += rest.iter().position(ends).unwrap_or(rest.len());
        let text = self.text(&self.src[start..self.pos]);
        self.push(Kind::Path, start, text);
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

    fn dot(&mut self) {
        let start = self.pos;
        match self.peek(1) {
            b'.' => self.simple(Kind::DotDot, 2),
            b'0'..=b'9' => self.leading_dot_number(),
            b'a'..=b'z' | b'_' => {
                let kind = if self.touches_operand() { Kind::Field } else { Kind::DotParam };
                self.dotted(kind);
            }
            b'A'..=b'Z' => {
                if self.touches_operand() {
                    self.dotted(Kind::FieldMod);
                } else {
                    self.pos += 1;
                    self.error_help(
                        "E0105",
                        start,
                        "a `.` before a module name follows a module name, without a space",
                        "write `Outer.Inner`",
                    );
                }
            }
            b'[' => self.simple(Kind::Dot, 1),
            _ => {
                self.pos += 1;
                let message = "a name must follow `.` directly";
                self.error_help("E0105", start, message, "write `object.field` without spaces");
                self.push(Kind::Error, start, 0);
            }
        }
    }

    /// `.name` or `.Name`; keywords are ordinary names here.
    fn dotted(&mut self, kind: Kind) {
        let start = self.pos;
        self.pos += 1;
        self.skip_word();
        let name = self.names.intern(&self.src[start + 1..self.pos]);
        self.push(kind, start, name.0);
    }

    fn colon(&mut self) {
        let start = self.pos;
        if self.touches_operand() && self.is_format_specifier() {
            self.format_specifier();
            return;
        }
        let after_paren =
            !self.space && self.previous().is_some_and(|token| token.kind == Kind::RParen);
        match self.peek(1) {
            b'=' => {
                self.pos += 2;
                self.error_help("E0127", start, "there is no `:=`", "bind with `=`");
                self.push(Kind::Assign, start, 0);
            }
            _ if after_paren => self.simple(Kind::Colon, 1),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                self.pos += 1;
                self.skip_word();
                let name = self.names.intern(&self.src[start + 1..self.pos]);
                self.push(Kind::Symbol, start, name.0);
            }
            b'"' => self.quoted_symbol(),
            _ => self.simple(Kind::Colon, 1),
        }
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
