//! Natives of String that convert: texts to numbers and symbols, lists of characters to text, and the
//! distance between texts.

use super::each_text;
use super::pieces::{LONG, Made, piecewise};
use crate::natives::support::{Answer, Arg, Roots, Steps, fold, run, value};
use num_bigint::BigInt;
use rata_vm::data::int;
use rata_vm::inspect::push_quoted;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::symbols::{Symbol, sym};
use rata_vm::value::{Value, Word};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The int that a text is in a base, with `_` between digits as in source.
fn parse_int(text: &str, base: u32) -> Option<BigInt> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !plain || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    BigInt::parse_bytes(text.replace('_', "").as_bytes(), base)
}

/// The float that a text is; ints count too.
fn parse_float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    match body {
        "inf" | "nan" => text.parse().ok(),
        _ if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            text.replace('_', "").parse().ok()
        }
        _ => None,
    }
}

fn tagged<'h>(cx: &Cx<'h, '_>, result: Result<Value<'h>, String>) -> Value<'h> {
    let heap = cx.heap();
    match result {
        Ok(v) => heap.list(&[Value::symbol(sym::OK), v]),
        Err(reason) => heap.list(&[Value::symbol(sym::ERROR), heap.string(&reason)]),
    }
}

fn no_number(text: &str, what: &str) -> String {
    let mut shown = String::new();
    push_quoted(&mut shown, &text[..text.floor_char_boundary(60)]);
    format!("{shown} is no {what}")
}

fn base_of<'h>(cx: &Cx<'h, '_>, function: &'static str, base: Value<'h>) -> Result<u32, Value<'h>> {
    match Arg(function, "base").int(cx, base)? {
        n @ 2..=36 => Ok(n as u32),
        _ => Err(Arg(function, "base").bad(cx, "from 2 to 36", base)),
    }
}

/// Reading n digits takes n² steps: a text beyond this would take minutes.
const MOST_DIGITS: usize = 1 << 20;

fn to_int<'h>(cx: &mut Cx<'h, '_>, text: &str, base: u32) -> Result<Value<'h>, String> {
    if text.len() > MOST_DIGITS {
        return Err("the text is too long for an int".to_owned());
    }
    cx.charge((text.len() as u64).pow(2) / 65536);
    let parsed = parse_int(text, base).map(|n| int::from_bigint(cx.heap(), &n));
    parsed.ok_or_else(|| no_number(text, "int"))
}

fn to_float<'h>(cx: &Cx<'h, '_>, text: &str) -> Result<Value<'h>, String> {
    let parsed = parse_float(text).map(|f| cx.heap().float(f));
    parsed.ok_or_else(|| no_number(text, "number"))
}

/// Texts with more digits are read by the pool of threads.
const MANY_DIGITS: usize = 10_000;

/// A long text being read as an int.
struct Reading {
    text: String,
    base: u32,
    /// Raise what is wrong, instead of answering `{:ok, n}` or `{:error, reason}`.
    must: bool,
}

impl Job for Reading {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        let parsed = parse_int(&self.text, self.base);
        let parsed = parsed.ok_or_else(|| no_number(&self.text, "int"));
        Box::new(ReadInt(parsed, self.must))
    }
}

struct ReadInt(Result<BigInt, String>, bool);

impl Resume for ReadInt {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        let ReadInt(parsed, must) = *self;
        let parsed = parsed.map(|n| int::from_bigint(cx.heap(), &n));
        match parsed {
            Err(what) if must => Native::Raise(cx.value_error(&format!("String.to_int!: {what}"))),
            Ok(n) if must => Native::Value(n),
            parsed => Native::Value(tagged(cx, parsed)),
        }
    }

    fn trace(&mut self, _: &mut dyn FnMut(&mut Word)) {}
}

/// Has a text with many digits read elsewhere; nothing if it has few.
fn read_elsewhere<'h>(s: Value<'h>, base: u32, must: bool) -> Option<Answer<'h>> {
    let text = s.as_str().filter(|text| (MANY_DIGITS..=MOST_DIGITS).contains(&text.len()))?;
    Some(Ok(Native::offload(Box::new(Reading { text: text.to_owned(), base, must }))))
}

/// `to_int(s, base)`: `{:ok, n}` or `{:error, reason}`.
pub fn string_to_int<'h>(cx: &mut Cx<'h, '_>, [s, base]: [Value<'h>; 2]) -> Answer<'h> {
    let base = base_of(cx, "String.to_int", base)?;
    if let Some(answer) = read_elsewhere(s, base, false) {
        return answer;
    }
    each_text(cx, Arg("String.to_int", "s"), s, move |cx, _, text| {
        let result = to_int(cx, text, base);
        Ok(tagged(cx, result))
    })
}

/// `to_int!(s, base)`
pub fn string_must_int<'h>(cx: &mut Cx<'h, '_>, [s, base]: [Value<'h>; 2]) -> Answer<'h> {
    let base = base_of(cx, "String.to_int!", base)?;
    if let Some(answer) = read_elsewhere(s, base, true) {
        return answer;
    }
    each_text(cx, Arg("String.to_int!", "s"), s, move |cx, _, text| {
        to_int(cx, text, base).map_err(|what| cx.value_error(&format!("String.to_int!: {what}")))
    })
}

/// `to_float(s)`: `{:ok, f}` or `{:error, reason}`.
pub fn string_to_float<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    each_text(cx, Arg("String.to_float", "s"), s, |cx, _, text| Ok(tagged(cx, to_float(cx, text))))
}

/// `to_float!(s)`
pub fn string_must_float<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    each_text(cx, Arg("String.to_float!", "s"), s, |cx, _, text| {
        to_float(cx, text).map_err(|what| cx.value_error(&format!("String.to_float!: {what}")))
    })
}

/// `to_symbol(s)`
pub fn string_to_symbol<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    if s.as_symbol().is_some() {
        return value(s);
    }
    each_text(cx, Arg("String.to_symbol", "s"), s, |cx, _, text| {
        Ok(cx.heap().symbol(Symbol::of_data(text)))
    })
}

/// `from(v)`: the text that `IO.puts` shows; of a symbol its text without the colon.
pub fn string_from<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    if let Some(symbol) = v.as_symbol() {
        return value(cx.heap().string(&symbol.text()));
    }
    crate::natives::core::core_display(cx, [v])
}

/// `from_chars(chars)`: texts and code points put together.
pub fn string_from_chars<'h>(cx: &mut Cx<'h, '_>, [chars]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("String.from_chars", "chars");
    let chars = arg.seq(cx, chars)?;
    fold(
        cx,
        chars,
        String::new(),
        move |out, cx, entry| {
            let code = entry.as_small().and_then(|n| char::from_u32(u32::try_from(n).ok()?));
            match (entry.as_str(), code) {
                (Some(text), _) => {
                    cx.charge(text.len() as u64 / 128);
                    out.push_str(text);
                }
                (None, Some(c)) => out.push(c),
                _ => return Err(arg.wrong(cx, "strings or code points", entry)),
            }
            Ok(true)
        },
        |out, cx| value(cx.heap().string(&out)),
    )
}

/// `valid?(v)`: whether it is a string, which always is valid text.
pub fn string_is_valid<'h>(_cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::bool(v.as_str().is_some()))
}

/// `normalize(s, form)`: `:nfc`, `:nfd`, `:nfkc` or `:nfkd`.
pub fn string_normalize<'h>(cx: &mut Cx<'h, '_>, [s, form]: [Value<'h>; 2]) -> Answer<'h> {
    let normalize: fn(&str) -> String = match form.as_symbol().map(Symbol::text).as_deref() {
        Some("nfc") => |text| text.nfc().collect(),
        Some("nfd") => |text| text.nfd().collect(),
        Some("nfkc") => |text| text.nfkc().collect(),
        Some("nfkd") => |text| text.nfkd().collect(),
        _ => {
            let arg = Arg("String.normalize", "form");
            return Err(arg.bad(cx, ":nfc, :nfd, :nfkc or :nfkd", form));
        }
    };
    if s.as_str().is_some_and(|text| text.len() > LONG) {
        return piecewise(cx, s, Made::text(), move |made, cx, text| {
            cx.charge(text.len() as u64 / 32);
            made.write(&normalize(text));
        });
    }
    each_text(cx, Arg("String.normalize", "s"), s, move |cx, whole, text| {
        cx.charge(text.len() as u64 / 32);
        Ok(if text.is_ascii() { whole } else { cx.heap().string(&normalize(text)) })
    })
}

/// How many characters must be changed to make one text of the other: a table worked through row by
/// row.
struct Distance {
    a: Vec<String>,
    b: Vec<String>,
    row: Vec<usize>,
    next: usize,
}

impl Roots for Distance {
    fn roots(&mut self, _visit: &mut dyn FnMut(&mut Word)) {}
}

impl Steps for Distance {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let Some(a) = self.a.get(self.next) else {
            return Ok(Some(Value::count(self.row.last().copied().unwrap_or(0))));
        };
        self.next += 1;
        let mut diagonal = std::mem::replace(&mut self.row[0], self.next);
        for (j, b) in self.b.iter().enumerate() {
            let above = self.row[j + 1];
            let changed = diagonal + usize::from(a != b);
            self.row[j + 1] = changed.min(above + 1).min(self.row[j] + 1);
            diagonal = above;
        }
        cx.charge(1 + self.b.len() as u64 / 32);
        Ok(None)
    }
}

/// `distance(a, b)`: Levenshtein's.
pub fn string_distance<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let characters = |text: &str| text.graphemes(true).map(str::to_owned).collect::<Vec<_>>();
    let a = characters(Arg("String.distance", "a").text(cx, a)?);
    let b = characters(Arg("String.distance", "b").text(cx, b)?);
    cx.charge((a.len() + b.len()) as u64 / 8);
    let row = (0..=b.len()).collect();
    run(cx, Distance { a, b, row, next: 0 })
}
