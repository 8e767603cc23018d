//! Names, keywords, keys, symbols, fields and library paths.

use super::{Closer, Lexer};
use crate::syntax::token::{Kind, NONE};

impl Lexer<'_, '_, '_> {
    pub(super) fn word(&mut self) {
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
    pub(super) fn skip_word(&mut self) {
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

    pub(super) fn push_word(&mut self, start: usize) {
        let text = &self.src[start..self.pos];
        if let Some(kind) = Kind::keyword(text) {
            self.push_keyword(kind, start);
            return;
        }
        let kind = if text.as_bytes()[0].is_ascii_uppercase() { Kind::Mod } else { Kind::Name };
        let name = self.names.intern(text);
        self.push(kind, start, name.0);
    }

    pub(super) fn push_keyword(&mut self, kind: Kind, start: usize) {
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
    pub(super) fn note_typed(&mut self) {
        if let Some(open) = self.stack.last_mut() {
            open.typed = true;
        }
    }

    /// The file path that may follow `library`.
    pub(super) fn library_path(&mut self) {
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

    pub(super) fn dot(&mut self) {
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
                match self
                    .previous()
                    .filter(|token| matches!(token.kind, Kind::Int | Kind::BigInt | Kind::Float))
                {
                    Some(number) if !self.space => {
                        let start = number.span.start as usize;
                        let message = "digits follow the point of a number";
                        let help =
                            format!("write `{}.0`", &self.src[start..number.span.end as usize]);
                        self.error_help("E0104", start, message, help);
                    }
                    _ => {
                        let message = "a name must follow `.` directly";
                        let help = "write `object.field` without spaces";
                        self.error_help("E0105", start, message, help);
                    }
                }
                self.push(Kind::Error, start, 0);
            }
        }
    }

    /// `.name` or `.Name`; keywords are ordinary names here.
    pub(super) fn dotted(&mut self, kind: Kind) {
        let start = self.pos;
        self.pos += 1;
        self.skip_word();
        let name = self.names.intern(&self.src[start + 1..self.pos]);
        self.push(kind, start, name.0);
    }

    pub(super) fn colon(&mut self) {
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
}
