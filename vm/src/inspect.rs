//! Printing values.
//!
//! In: a value. Out: text that is valid source wherever the value has a literal form
//! ([`inspect`]), or the text that `IO.puts` and f-strings show ([`display`]): strings bare, an
//! exception's message, all else as inspected. Nesting is walked with a worklist.

use crate::compare;
use crate::data::closure::describe;
use crate::data::decimal;
use crate::data::int::{self, BigRef};
use crate::data::map::MapIter;
use crate::data::vector::{Entries, VecRef, bool_entry, is_nil_float};
use crate::value::{Kind, Value, View};
use std::fmt::Write;

/// Bytes of a text that are printed at once.
const PIECE: usize = if cfg!(test) { 7 } else { 4096 };

/// The text of a value as source.
pub fn inspect(value: Value<'_>) -> String {
    let mut out = String::new();
    inspect_to(value, &mut out, usize::MAX);
    out
}

/// The text of a value as shown to people.
pub fn display(value: Value<'_>) -> String {
    let mut out = String::new();
    display_to(value, &mut out, usize::MAX);
    out
}

/// Adds to `out` the text of a value as shown to people; see [`inspect_to`].
pub fn display_to(value: Value<'_>, out: &mut String, limit: usize) -> bool {
    let shown = value.as_exception().map_or(value, |e| e.message());
    match shown.as_str() {
        Some(text) if text.len() <= limit => {
            out.push_str(text);
            true
        }
        Some(text) => {
            out.push_str(&text[..text.floor_char_boundary(limit)]);
            false
        }
        None => inspect_to(shown, out, limit),
    }
}

/// Adds to `out` the text of a value as source. Stops, soon after `limit` more bytes have been
/// added, and returns false if there is more.
pub fn inspect_to(value: Value<'_>, out: &mut String, limit: usize) -> bool {
    let limit = out.len().saturating_add(limit);
    Inspection::begin(value, out).go_on(out, limit) && out.len() <= limit
}

/// The printing of a value, which can be left and taken up again.
pub(crate) struct Inspection<'h> {
    frames: Vec<Frame<'h>>,
}

impl<'h> Inspection<'h> {
    /// Adds to `out` what comes first.
    pub(crate) fn begin(value: Value<'h>, out: &mut String) -> Inspection<'h> {
        let mut printer = Printer { out, frames: Vec::new() };
        printer.value(value);
        Inspection { frames: printer.frames }
    }

    /// Goes on until all is there, or until `out` is longer than `limit`; whether all is there.
    pub(crate) fn go_on(&mut self, out: &mut String, limit: usize) -> bool {
        let mut printer = Printer { out, frames: std::mem::take(&mut self.frames) };
        while let Some(frame) = printer.frames.pop() {
            if printer.out.len() > limit || frame.is_longer_than(limit - printer.out.len()) {
                printer.frames.push(frame);
                self.frames = printer.frames;
                return false;
            }
            printer.resume(frame);
        }
        true
    }
}

/// A large int has so many 64-bit digits: writing it in decimal takes some time.
const LARGE_INT: usize = if cfg!(test) { 3 } else { 512 };
/// Decimal digits that a 64-bit digit makes.
const DECIMALS: usize = 19;

impl<'h> Inspection<'h> {
    /// The large int that comes next, if one does: whoever takes it writes it.
    pub(crate) fn take_int(&mut self) -> Option<BigRef<'h>> {
        match self.frames.pop()? {
            Frame::Int(value) => BigRef::of(value),
            other => {
                self.frames.push(other);
                None
            }
        }
    }
}

/// What remains to be printed of a collection.
enum Frame<'h> {
    List {
        rest: &'h [Value<'h>],
        first: bool,
    },
    Vec {
        vec: VecRef<'h>,
        next: usize,
        nested: bool,
    },
    Map {
        rest: MapIter<'h>,
        first: bool,
    },
    Set {
        rest: std::vec::IntoIter<Value<'h>>,
        first: bool,
    },
    /// The closing bracket of a computed key, and the value it stands for.
    AfterKey(Value<'h>),
    Value(Value<'h>),
    /// The rest of a text, quoted.
    Text(&'h str),
    /// A large int.
    Int(Value<'h>),
    Close(&'static str),
}

impl Frame<'_> {
    /// Whether it is a large int with more digits than this: they come all at once.
    fn is_longer_than(&self, left: usize) -> bool {
        matches!(self, Frame::Int(n) if int::digits(*n).saturating_mul(DECIMALS) > left)
    }
}

struct Printer<'h, 'o> {
    out: &'o mut String,
    frames: Vec<Frame<'h>>,
}

impl<'h> Printer<'h, '_> {
    fn comma(&mut self, first: bool) {
        if !first {
            self.out.push_str(", ");
        }
    }

    fn resume(&mut self, frame: Frame<'h>) {
        match frame {
            Frame::Close(text) => self.out.push_str(text),
            Frame::Value(value) => self.value(value),
            Frame::Int(n) => self.out.push_str(&int::to_string(n).unwrap_or_default()),
            Frame::Text(rest) => {
                let (piece, rest) = rest.split_at(rest.floor_char_boundary(PIECE));
                push_escaped(self.out, piece);
                match rest.is_empty() {
                    true => self.out.push('"'),
                    false => self.frames.push(Frame::Text(rest)),
                }
            }
            Frame::List { rest: [], .. } => self.out.push('}'),
            Frame::List { rest: [next, rest @ ..], first } => {
                self.comma(first);
                self.frames.push(Frame::List { rest, first: false });
                self.value(*next);
            }
            Frame::Vec { vec, next, nested } => self.entry(vec, next, nested),
            Frame::Map { mut rest, first } => match rest.next() {
                None => self.out.push('}'),
                Some((key, value)) => {
                    self.comma(first);
                    self.frames.push(Frame::Map { rest, first: false });
                    self.key(key, value);
                }
            },
            Frame::Set { mut rest, first } => match rest.next() {
                None => self.out.push('}'),
                Some(member) => {
                    self.comma(first);
                    self.frames.push(Frame::Set { rest, first: false });
                    self.value(member);
                }
            },
            Frame::AfterKey(value) => {
                self.out.push_str("): ");
                self.value(value);
            }
        }
    }

    fn entry(&mut self, vec: VecRef<'h>, next: usize, nested: bool) {
        if next >= vec.len() {
            self.out.push(']');
            return;
        }
        self.comma(next == 0);
        self.frames.push(Frame::Vec { vec, next: next + 1, nested });
        match vec.entries() {
            Entries::Floats(floats) if is_nil_float(floats[next]) => self.out.push_str("nil"),
            Entries::Floats(floats) => push_float(self.out, floats[next]),
            Entries::Bools(bools) => self.value(bool_entry(bools[next])),
            Entries::Range(first, _) => {
                decimal::push(self.out, first + next as i64);
            }
            Entries::Words(words) | Entries::Ints(words) => {
                let value = words[next];
                // What stands among vectors is a vector; of one entry, here.
                if nested && !value.is_nil() && !value.is_vector() {
                    self.out.push('[');
                    self.frames.push(Frame::Close("]"));
                }
                self.value(value);
            }
            Entries::One(value) => self.value(value),
        }
    }

    fn key(&mut self, key: Value<'h>, value: Value<'h>) {
        if let Some(symbol) = key.as_symbol() {
            let text = symbol.text();
            if is_plain_name(&text) {
                self.out.push_str(&text);
            } else {
                push_quoted(self.out, &text);
            }
        } else if let Some(text) = key.as_str() {
            push_quoted(self.out, text);
        } else {
            self.out.push('(');
            self.frames.push(Frame::AfterKey(value));
            return self.value(key);
        }
        self.out.push_str(": ");
        self.value(value);
    }

    fn value(&mut self, value: Value<'h>) {
        match value.view() {
            View::Nil => self.out.push_str("nil"),
            View::Bool(b) => self.out.push_str(if b { "true" } else { "false" }),
            View::Int(n) => decimal::push(self.out, n),
            View::BigInt(n) if n.limbs().len() >= LARGE_INT => {
                self.frames.push(Frame::Int(value));
            }
            View::BigInt(_) => self.out.push_str(&int::to_string(value).unwrap_or_default()),
            View::Float(f) => push_float(self.out, f),
            View::Str(text) if text.len() > PIECE => {
                self.out.push('"');
                self.frames.push(Frame::Text(text));
            }
            View::Str(text) => push_quoted(self.out, text),
            View::Symbol(symbol) => push_symbol(self.out, &symbol.text()),
            View::Module(name) => self.out.push_str(&name.text()),
            View::Pid(pid) => {
                let _ = write!(self.out, "#pid<{}>", pid.serial());
            }
            View::Ref(r) => {
                let _ = write!(self.out, "#ref<{}>", r.id());
            }
            View::Closure(f) => {
                let _ = write!(self.out, "#fn<{}>", describe(f.handle()));
            }
            View::FunRef(f) => {
                let _ = write!(self.out, "#fn<{}.{}>", f.module.text(), f.name.text());
            }
            View::Host(host) => host.get().inspect(self.out),
            View::Exception(e) => {
                self.out.push_str("#exception<");
                push_symbol(self.out, &e.type_name().text());
                self.out.push_str(", ");
                self.frames.push(Frame::Close(">"));
                self.frames.push(Frame::Value(e.message()));
            }
            View::List([]) => self.out.push_str("{,}"),
            View::List(rest) => {
                self.out.push('{');
                self.frames.push(Frame::List { rest, first: true });
            }
            View::Vec(vec) => {
                self.out.push('[');
                let nested = vec.kind() == Kind::Vector;
                self.frames.push(Frame::Vec { vec, next: 0, nested });
            }
            View::Map(map) => {
                self.out.push('{');
                self.frames.push(Frame::Map { rest: map.iter(), first: true });
            }
            View::Set(set) => {
                self.out.push_str("#{");
                let mut members = set.members();
                compare::sort(&mut members);
                self.frames.push(Frame::Set { rest: members.into_iter(), first: true });
            }
        }
    }
}

/// Whether a text can stand as a name, and so as a key without quotes.
pub fn is_plain_name(text: &str) -> bool {
    let body = text.strip_suffix(['?', '!']).unwrap_or(text);
    body.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Adds a symbol as source.
pub fn push_symbol(out: &mut String, text: &str) {
    out.push(':');
    // Symbols such as :DOWN are written without quotes too.
    let lower = text.chars().next().map(|c| c.to_ascii_lowercase());
    if lower.is_some_and(|c| is_plain_name(&format!("{c}{}", &text[c.len_utf8()..]))) {
        out.push_str(text);
    } else {
        push_quoted(out, text);
    }
}

/// Adds a string as source.
pub fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c if is_invisible(c) => {
                let _ = write!(out, "\\u{{{:X}}}", c as u32);
            }
            c => out.push(c),
        }
    }
}

/// Characters that a reader would not see, or that would disturb the text around them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Adds a float: the shortest text that reads back as it, positional from 1.0e-4 to below 1.0e16.
pub fn push_float(out: &mut String, f: f64) {
    if f.is_nan() {
        out.push_str("nan");
        return;
    }
    if f.is_infinite() {
        out.push_str(if f > 0.0 { "inf" } else { "-inf" });
        return;
    }
    let magnitude = f.abs();
    if magnitude == 0.0 || (1.0e-4..1.0e16).contains(&magnitude) {
        let from = out.len();
        let _ = write!(out, "{f}");
        if !out[from..].contains('.') {
            out.push_str(".0");
        }
        return;
    }
    let text = format!("{f:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    out.push_str(digits);
    if !digits.contains('.') {
        out.push_str(".0");
    }
    out.push('e');
    out.push_str(exponent);
}

#[cfg(test)]
mod tests;
