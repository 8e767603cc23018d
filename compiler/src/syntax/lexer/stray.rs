//! Characters that cannot stand where they do, each with advice; where what was meant is clear, the
//! token that was meant comes out, so that nothing else goes wrong.

use super::Lexer;
use crate::syntax::token::Kind;

/// What is written, what is meant by it (if there is such a token), and the advice.
const FOREIGN: &[(&str, Option<Kind>, &str)] = &[
    ("===", Some(Kind::EqEq), "compare with `==`"),
    ("!==", Some(Kind::NotEq), "compare with `!=`"),
    ("=>", Some(Kind::Arrow), "a key is written `name: value`, a clause `pattern -> body`"),
    ("<>", Some(Kind::Plus), "strings are joined with `+`, and `!=` says unequal"),
    ("++", Some(Kind::Plus), "`+` joins strings and adds; vectors are joined by `Vector.concat`"),
    ("+=", Some(Kind::Assign), "everything is immutable: write `x = x + 1`"),
    ("-=", Some(Kind::Assign), "everything is immutable: write `x = x - 1`"),
    ("*=", Some(Kind::Assign), "everything is immutable: write `x = x * 2`"),
    ("/=", Some(Kind::NotEq), "`!=` says unequal; to bind anew write `x = x / 2`"),
    ("**", Some(Kind::Caret), "a power is written `x ^ 2`"),
    ("//", Some(Kind::IntDiv), "a comment begins with `#`; floor division is `%/%`"),
    ("%{", None, "a map is written `{key: value}`"),
    ("%", Some(Kind::Modulo), "the remainder of a division is `%%`"),
    ("&", None, "`and` joins conditions; a function is captured as `f/1`, a lambda is `~ .x + 1`"),
    ("@", None, "there are no attributes: documentation is a string at the top of a body"),
    ("$", None, "a name begins with a letter or `_`"),
    ("?", None, "there is no `?` operator: write `if c { a } else { b }`"),
    ("`", None, "names and strings need no backquotes"),
    ("\\", None, "a line goes on by itself after an operator or a comma"),
];

/// How far away (in characters) a closing quote is looked for.
const NEAR: usize = 200;

/// Characters beyond ASCII that are taken for others.
const LOOKALIKES: &[(char, Kind, &str)] = &[
    ('≤', Kind::Le, "<="),
    ('≥', Kind::Ge, ">="),
    ('≠', Kind::NotEq, "!="),
    ('→', Kind::Arrow, "->"),
    ('×', Kind::Star, "*"),
    ('÷', Kind::Slash, "/"),
    ('−', Kind::Minus, "-"),
    ('–', Kind::Minus, "-"),
    ('—', Kind::Minus, "-"),
    ('…', Kind::DotDot, ".."),
];

impl Lexer<'_, '_, '_> {
    /// Something no token begins with.
    pub(super) fn stray(&mut self, byte: u8) {
        let rest = &self.src[self.pos..];
        if rest.starts_with("/*") {
            self.block_comment();
        } else if byte == b'\'' {
            self.foreign_quotes('\'', '\'');
        } else if let Some(&(text, kind, advice)) =
            FOREIGN.iter().find(|(text, _, _)| rest.starts_with(text))
        {
            let start = self.pos;
            // The brace of `%{` is read as the brace it is.
            let length = if text == "%{" { 1 } else { text.len() };
            self.pos += length;
            self.error_help("E0127", start, format!("`{text}` is not rata"), advice);
            match kind {
                Some(kind) => self.push(kind, start, 0),
                None => self.space = true,
            }
        } else if byte >= 0x80 {
            self.beyond_ascii();
        } else {
            let start = self.pos;
            self.pos += 1;
            let message = format!("a stray control character (U+{byte:04X})");
            self.error("E0105", start, message);
            self.space = true;
        }
    }

    fn block_comment(&mut self) {
        let start = self.pos;
        self.pos += 2;
        let help = "a comment begins with `#` and goes to the end of its line";
        self.error_help("E0127", start, "`/*` is not rata", help);
        self.pos = self.src[self.pos..].find("*/").map_or(self.src.len(), |at| self.pos + at + 2);
        self.space = true;
    }

    /// Text in other quotes than `"`, if they close on the same line.
    fn foreign_quotes(&mut self, open: char, close: char) {
        let start = self.pos;
        self.pos += open.len_utf8();
        let near = self.src[self.pos..].char_indices().take(NEAR);
        let found = near.take_while(|&(_, c)| c != '\n').find(|&(_, c)| c == close);
        let kind = match found.map(|(at, _)| at) {
            Some(at) => {
                let text = self.text(&self.src[self.pos..self.pos + at]);
                self.pos += at + close.len_utf8();
                Some(text)
            }
            None => None,
        };
        let help = "strings stand in double quotes: \"…\"";
        self.error_help("E0105", start, format!("`{open}` does not open a string"), help);
        match kind {
            Some(text) => self.push(Kind::Str, start, text),
            None => self.push(Kind::Error, start, 0),
        }
    }

    fn beyond_ascii(&mut self) {
        let start = self.pos;
        let Some(c) = self.src[self.pos..].chars().next() else { return };
        if let '“' | '”' | '„' | '«' | '‘' | '’' = c {
            let close = match c {
                '«' => '»',
                '‘' | '’' => '’',
                _ if self.src[start..].chars().take(NEAR).any(|c| c == '”') => '”',
                _ => '“',
            };
            self.foreign_quotes(c, close);
        } else if c.is_alphabetic() {
            self.foreign_word(start);
        } else if let Some(&(_, kind, ascii)) = LOOKALIKES.iter().find(|(l, _, _)| *l == c) {
            self.pos += c.len_utf8();
            let help = format!("write `{ascii}`");
            self.error_help("E0105", start, format!("`{c}` is not rata"), help);
            self.push(kind, start, 0);
        } else if c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}') {
            self.pos += c.len_utf8();
            let message = format!("an invisible character (U+{:04X}) stands here", c as u32);
            self.error_help("E0105", start, message, "write an ordinary space instead");
            self.space = true;
        } else {
            self.pos += c.len_utf8();
            let message = format!("`{c}` (U+{:04X}) can stand only in strings", c as u32);
            self.error("E0105", start, message);
            self.push(Kind::Error, start, 0);
        }
    }

    /// A word with letters beyond ASCII that began at `start`; false if none follows here.
    pub(super) fn foreign_word(&mut self, start: usize) -> bool {
        let rest = self.src[self.pos..].chars();
        let length: usize =
            rest.take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
        if length == 0 {
            return false;
        }
        self.pos += length;
        let text = &self.src[start..self.pos];
        let name = self.names.intern(text);
        self.error_help(
            "E0105",
            start,
            format!("`{text}` is no name"),
            "names consist of the letters a to z and A to Z, digits and `_`",
        );
        if self.peek(0) == b':' && !self.is_format_specifier() {
            self.pos += 1;
            self.push(Kind::Key, start, name.0);
        } else {
            self.push(Kind::Name, start, name.0);
        }
        true
    }
}
