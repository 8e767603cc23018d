//! Strings, f-strings and quoted symbols: finding their ends, and turning raw text into text.

use super::{Closer, Lexer, Open, OpenFString};
use crate::diagnostics::Diagnostic;
use crate::span::Span;
use crate::syntax::token::{Kind, NONE};

/// How raw text becomes text.
#[derive(Clone, Copy)]
struct Cook<'t> {
    /// Indentation taken from the beginning of each line (`"""` only).
    indent: &'t str,
    /// Is the text at the beginning of a line whose indentation counts?
    line_begins: bool,
    /// Are `{{` and `}}` braces?
    fstring: bool,
}

impl<'a> Lexer<'a, '_, '_> {
    pub(super) fn string(&mut self) {
        let start = self.pos;
        let text = self.quoted();
        let text = self.text_kept(text);
        if self.peek(0) != b':' {
            self.push(Kind::Str, start, text);
        } else if self.is_format_specifier() {
            self.push(Kind::Str, start, text);
            self.format_specifier();
        } else {
            self.pos += 1;
            self.push(Kind::StrKey, start, text);
        }
    }

    pub(super) fn quoted_symbol(&mut self) {
        let start = self.pos;
        self.pos += 1;
        let text = self.quoted();
        let name = self.names.intern(text);
        self.push(Kind::Symbol, start, name.0);
    }

    /// A plain string from its opening to past its closing quotes.
    fn quoted(&mut self) -> &'a str {
        let start = self.pos;
        let triple = self.bytes[self.pos..].starts_with(b"\"\"\"");
        self.pos += if triple { 3 } else { 1 };
        let opening = self.span(start);
        let raw_start = self.pos;
        let raw_end = self.find_end(triple, opening);
        let raw = &self.src[raw_start..raw_end];
        if triple {
            let indent = closing_indent(raw).unwrap_or("");
            let begins = first_newline(raw);
            let cook = Cook { indent, line_begins: begins > 0, fstring: false };
            return self.cook(&raw[begins..], raw_start + begins, cook);
        }
        self.cook(raw, raw_start, Cook { indent: "", line_begins: false, fstring: false })
    }

    /// Goes past the closing quotes and gives where the raw text ends.
    fn find_end(&mut self, triple: bool, opening: Span) -> usize {
        let mut lines = false;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'\\' => self.skip_escaped(),
                b'"' if !triple => {
                    self.pos += 1;
                    if lines {
                        self.note_multiline(opening);
                    }
                    return self.pos - 1;
                }
                b'"' if self.bytes[self.pos..].starts_with(b"\"\"\"") => {
                    self.pos += 3;
                    return self.pos - 3;
                }
                _ => {
                    lines |= byte == b'\n';
                    self.pos += 1;
                }
            }
        }
        self.unterminated_string(opening, triple);
        self.pos
    }

    /// A backslash and the character after it; of `\u{1F600}` all, since its brace opens no expression.
    fn skip_escaped(&mut self) {
        let rest = &self.src[self.pos + 1..];
        self.pos += 1 + rest.chars().next().map_or(0, char::len_utf8);
        if let Some(digits) = rest.strip_prefix("u{") {
            let count = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
            if digits[count..].starts_with('}') {
                self.pos += count + 2;
            }
        }
    }

    fn unterminated_string(&mut self, opening: Span, triple: bool) {
        let quotes = if triple { "\"\"\"" } else { "\"" };
        let error = Diagnostic::error("E0102", self.file, opening, "this string is never closed")
            .label(format!("no closing `{quotes}` up to the end of the file"));
        self.unterminated(error, opening);
    }

    /// Just past a string that spans lines: when a word sticks to its end, that was more likely the
    /// beginning of another string.
    fn note_multiline(&mut self, opening: Span) {
        self.first_multiline.get_or_insert(opening);
        if self.peek(0).is_ascii_alphanumeric() {
            self.first_suspect.get_or_insert(opening);
        }
    }

    /// Reports a string that runs to the end of the file, unless one around it was reported; marks
    /// what lies behind the likely culprit as doubtful.
    pub(super) fn unterminated(&mut self, mut error: Diagnostic, opening: Span) {
        if self.out.doubtful_from.is_some() {
            return;
        }
        let mut from = opening.start;
        if let Some(suspect) = self.first_suspect.filter(|s| s.start < opening.start) {
            from = suspect.start;
            error.also.push((error.span, "so that this is never closed".into()));
            error.span = suspect;
            error.message = "a closing `\"` is missing, probably that of this string".into();
            error.label = "goes on over several lines".into();
        } else if let Some(other) = self.first_multiline.filter(|s| s.start < opening.start) {
            error = error.also(other, "this string goes on over several lines: is it this one?");
        }
        self.diagnostics.retain(|diagnostic| diagnostic.span.start < from);
        self.diagnostics.push(error);
        self.out.doubtful_from = Some(from);
    }

    pub(super) fn fstring(&mut self) {
        let start = self.pos;
        self.pos += 1;
        let triple = self.bytes[self.pos..].starts_with(b"\"\"\"");
        self.pos += if triple { 3 } else { 1 };
        let opening = self.span(start);
        self.push(Kind::FStart, start, 0);
        self.fstrings.push(OpenFString { opening, triple, texts: Vec::new() });
        self.fstring_text();
    }

    /// Text of the innermost f-string, up to an expression or its end.
    fn fstring_text(&mut self) {
        let start = self.pos;
        let Some(fstring) = self.fstrings.last() else { return };
        let (triple, opening) = (fstring.triple, fstring.opening);
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'\\' => self.skip_escaped(),
                b'"' if !triple || self.bytes[self.pos..].starts_with(b"\"\"\"") => {
                    self.push_fstring_text(start);
                    let quotes = self.pos;
                    self.pos += if triple { 3 } else { 1 };
                    self.end_fstring(quotes, start);
                    return;
                }
                b'{' if self.peek(1) == b'{' => self.pos += 2,
                b'}' if self.peek(1) == b'}' => self.pos += 2,
                b'{' => {
                    self.push_fstring_text(start);
                    self.open(Kind::FOpen, Closer::FString, 1);
                    return;
                }
                b'}' => {
                    self.pos += 1;
                    self.error_help(
                        "E0126",
                        self.pos - 1,
                        "this `}` closes nothing",
                        "write `}}` for a brace in the text of an f-string",
                    );
                }
                _ => self.pos += 1,
            }
        }
        self.push_fstring_text(start);
        self.unterminated_string(opening, triple);
    }

    fn push_fstring_text(&mut self, start: usize) {
        if self.pos > start {
            let token = self.out.list.len() as u32;
            let span = self.span(start);
            self.push(Kind::FText, start, NONE);
            if let Some(fstring) = self.fstrings.last_mut() {
                fstring.texts.push((token, span));
            }
        }
    }

    fn end_fstring(&mut self, quotes: usize, text_start: usize) {
        if let Some(fstring) = self.fstrings.pop() {
            if !fstring.triple && self.src[text_start..quotes].contains('\n') {
                self.note_multiline(fstring.opening);
            }
            self.cook_fstring(&fstring);
            self.push(Kind::FEnd, quotes, 0);
            if self.peek(0) == b':' && self.is_format_specifier() {
                self.format_specifier();
            }
        }
    }

    /// Makes the texts of a finished f-string: only its end tells the indentation.
    pub(super) fn cook_fstring(&mut self, fstring: &OpenFString) {
        let src = self.src;
        let raw = |span: Span| &src[span.start as usize..span.end as usize];
        let texts = fstring.texts.iter().rev().filter(|_| fstring.triple);
        let indent = texts.filter_map(|&(_, span)| closing_indent(raw(span))).next();
        for &(token, span) in &fstring.texts {
            let mut cook = Cook { indent: indent.unwrap_or(""), line_begins: false, fstring: true };
            let mut text = raw(span);
            let mut base = span.start as usize;
            if fstring.triple && span.start == fstring.opening.end {
                let begins = first_newline(text);
                text = &text[begins..];
                base += begins;
                cook.line_begins = begins > 0;
            }
            let text = self.cook(text, base, cook);
            self.out.list[token as usize].data = self.text_kept(text);
        }
    }

    /// The `}` at `start` (already read) ends an expression of an f-string.
    pub(super) fn close_fstring_brace(&mut self, start: usize) {
        while let Some(Open { closer, token, .. }) = self.pop_open() {
            if closer == Closer::FString {
                self.link(token);
                self.push(Kind::FClose, start, token);
                break;
            }
        }
        self.fstring_text();
    }

    /// At a `:` after an operand: is it a format specifier such as `{x:.2f}`?
    pub(super) fn is_format_specifier(&self) -> bool {
        let inside =
            self.stack.last().is_some_and(|open| open.closer == Closer::FString && !open.typed);
        inside && !self.peek(1).is_ascii_whitespace()
    }

    /// Reports and skips a format specifier.
    pub(super) fn format_specifier(&mut self) {
        let start = self.pos;
        let rest = &self.bytes[self.pos..];
        let ends = |byte: &u8| matches!(byte, b'}' | b'"' | b'\n');
        self.pos += rest.iter().position(ends).unwrap_or(rest.len());
        let span = self.span(start);
        let error =
            Diagnostic::error("E0108", self.file, span, "f-strings have no format specifiers")
                .label("not possible here")
                .help("round with `Math.round(x, 2)`, pad with `String.pad_leading(f\"{x}\", 8)`");
        self.report(error);
    }

    /// Resolves escapes, doubled braces and indentation. `base` is where `raw` begins.
    fn cook(&mut self, raw: &str, base: usize, how: Cook<'_>) -> &'a str {
        let plain = how.indent.is_empty()
            && !raw.bytes().any(|b| b == b'\\' || how.fstring && matches!(b, b'{' | b'}'));
        if plain {
            return self.arena.alloc_str(raw);
        }
        let mut text = String::with_capacity(raw.len());
        let mut at = if how.line_begins { indent_at(raw, how.indent) } else { 0 };
        while let Some(c) = raw[at..].chars().next() {
            match c {
                '\\' => at += self.escape(&raw[at..], base + at, &mut text),
                '{' | '}' if how.fstring => {
                    text.push(c);
                    at += if raw[at + 1..].starts_with(c) { 2 } else { 1 };
                }
                '\n' => {
                    text.push(c);
                    at += 1;
                    at += indent_at(&raw[at..], how.indent);
                }
                _ => {
                    text.push(c);
                    at += c.len_utf8();
                }
            }
        }
        self.arena.alloc_str(&text)
    }

    /// Resolves the escape at the start of `raw` and gives its length.
    fn escape(&mut self, raw: &str, base: usize, text: &mut String) -> usize {
        let mut chars = raw.chars();
        chars.next();
        let Some(c) = chars.next() else { return raw.len() };
        let plain = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '\\' => '\\',
            '"' => '"',
            'u' => return self.unicode_escape(raw, base, text),
            _ => {
                let length = 1 + c.len_utf8();
                let shown = if c == '\n' { "\\ and a new line".into() } else { format!("\\{c}") };
                let braces = matches!(c, '{' | '}');
                let help = if braces {
                    "in an f-string write `{{` and `}}` for braces; elsewhere they need no backslash"
                } else {
                    "escapes are \\n \\t \\r \\0 \\\\ \\\" and \\u{1F600}; for a backslash write \\\\"
                };
                self.escape_error(base, length, format!("there is no escape `{shown}`"), help);
                text.push(c);
                return length;
            }
        };
        text.push(plain);
        2
    }

    /// `\u{1F600}` at the start of `raw`.
    fn unicode_escape(&mut self, raw: &str, base: usize, text: &mut String) -> usize {
        let help = "write the hexadecimal number of a character: `\\u{1F600}`";
        let digits = raw[2..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((digits, _)) = digits.filter(|(digits, _)| digits.len() <= 64) else {
            self.escape_error(base, 2, "`\\u` needs a number in braces".into(), help);
            text.push('\u{fffd}');
            return 2;
        };
        let length = digits.len() + 4;
        let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let value = if hex { u32::from_str_radix(digits, 16).ok() } else { None };
        match value.and_then(char::from_u32) {
            Some(c) => text.push(c),
            None => {
                let message = format!("`{}` is no Unicode character", &raw[..length]);
                self.escape_error(base, length, message, help);
                text.push('\u{fffd}');
            }
        }
        length
    }

    fn escape_error(&mut self, start: usize, length: usize, message: String, help: &str) {
        let span = Span::new(start as u32, (start + length) as u32);
        self.report(Diagnostic::error("E0103", self.file, span, message).help(help));
    }
}

/// The indentation of the last line, which holds the closing quotes; none on the line of the opening ones.
fn closing_indent(raw: &str) -> Option<&str> {
    let (_, last) = raw.rsplit_once('\n')?;
    let length = last.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    Some(&last[..length])
}

/// Length of a newline at the very beginning.
fn first_newline(raw: &str) -> usize {
    match raw.as_bytes() {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// How much of `indent` stands at the beginning of `line`.
fn indent_at(line: &str, indent: &str) -> usize {
    line.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count()
}
