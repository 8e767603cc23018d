//! Natives of String. Characters are grapheme clusters: what a reader sees as one.
//!
//! Functions that make one value of each string take vectors of strings too, entry by entry; nil stays
//! nil. Long texts are worked through in pieces cut where no character is torn (`pieces`).

use super::support::{Answer, Arg, Collector, Seq, fold, value};
use rata_vm::Symbol;
use rata_vm::data::string;
use rata_vm::data::vector::{self, VecBuilder};
use rata_vm::native::{Cx, Native, Res};
use rata_vm::print::{Part, print};
use rata_vm::value::Value;
use unicode_segmentation::UnicodeSegmentation;

pub mod convert;
pub mod pieces;

pub use convert::*;
use pieces::{Made, piecewise};

/// Applies `f` to a string, or to each of a vector of strings.
pub fn each_text<'h, F>(cx: &mut Cx<'h, '_>, arg: Arg, v: Value<'h>, f: F) -> Answer<'h>
where
    F: for<'x, 'y> Fn(&mut Cx<'x, 'y>, Value<'x>, &'x str) -> Res<'x> + Send + 'static,
{
    if let Some(text) = v.as_str() {
        cx.charge(1 + text.len() as u64 / 128);
        return f(cx, v, text).map(rata_vm::native::Native::Value);
    }
    let seq = match v.is_vector() || v.is_nil() {
        true => arg.vec_seq(cx, v)?,
        false => return Err(arg.wrong(cx, "a string", v)),
    };
    fold(
        cx,
        seq,
        VecBuilder::with_capacity(seq.len()),
        move |out, cx, entry| {
            let made = match entry.as_str() {
                Some(text) => {
                    cx.charge(text.len() as u64 / 128);
                    f(cx, entry, text)?
                }
                None if entry.is_nil() => Value::NIL,
                None => return Err(arg.wrong(cx, "a string", entry)),
            };
            out.push(cx.heap(), made);
            Ok(true)
        },
        |out, cx| value(out.collect(cx.heap())),
    )
}

/// Whether a value is a text so long that it is worked through in pieces.
fn is_long(v: Value<'_>) -> bool {
    v.as_str().is_some_and(|text| text.len() > pieces::LONG)
}

/// `length(s)`
pub fn string_length<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    if is_long(s) {
        return piecewise(cx, s, Made::Number(0), |made, _, text| made.add(pieces::count(text)));
    }
    let arg = Arg("String.length", "s");
    each_text(cx, arg, s, |_, _, text| Ok(Value::count(pieces::count(text))))
}

/// `byte_size(s)`
pub fn string_byte_size<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    each_text(cx, Arg("String.byte_size", "s"), s, |_, _, text| Ok(Value::count(text.len())))
}

/// `graphemes(s)`
pub fn string_graphemes<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    Arg("String.graphemes", "s").text(cx, s)?;
    piecewise(cx, s, Made::entries(), |made, cx, text| {
        cx.charge(text.len() as u64 / 16);
        text.graphemes(true).for_each(|g| made.push(cx.heap(), cx.heap().string(g)));
    })
}

/// `codepoints(s)`: their numbers.
pub fn string_codepoints<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    Arg("String.codepoints", "s").text(cx, s)?;
    piecewise(cx, s, Made::entries(), |made, cx, text| {
        text.chars().for_each(|c| made.push(cx.heap(), Value::count(c as usize)));
    })
}

/// Natives that turn a text into another: name, function, how.
macro_rules! of_text {
    ($($(#[$doc:meta])* $name:ident $function:literal |$text:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
            if is_long(s) {
                return piecewise(cx, s, Made::text(), |made, _, $text| made.write(&$body));
            }
            each_text(cx, Arg($function, "s"), s, |cx, _, $text| Ok(cx.heap().string(&$body)))
        }
    )* };
}

of_text! {
    /// `upcase(s)`
    string_upcase "String.upcase" |text| text.to_uppercase();
    /// `downcase(s)`
    string_downcase "String.downcase" |text| text.to_lowercase();
}

/// The first character in upper case, the others in lower case.
fn capitalized(text: &str) -> String {
    let first = text.graphemes(true).next().unwrap_or("");
    first.to_uppercase() + &text[first.len()..].to_lowercase()
}

/// `capitalize(s)`
pub fn string_capitalize<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    if is_long(s) {
        return piecewise(cx, s, Made::text(), |made, _, text| {
            let first = made.is_empty();
            made.write(&if first { capitalized(text) } else { text.to_lowercase() });
        });
    }
    let arg = Arg("String.capitalize", "s");
    each_text(cx, arg, s, |cx, _, text| Ok(cx.heap().string(&capitalized(text))))
}

fn reversed(text: &str) -> String {
    text.graphemes(true).rev().collect()
}

/// `reverse(s)`
pub fn string_reverse<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    if is_long(s) {
        let made = Made::Backwards(Vec::new());
        return piecewise(cx, s, made, |made, _, text| made.write(&reversed(text)));
    }
    let arg = Arg("String.reverse", "s");
    each_text(cx, arg, s, |cx, _, text| Ok(cx.heap().string(&reversed(text))))
}

/// `trim(s, what, side)`: without white space, or what is given, at `:both` ends, or at the
/// `:leading` or `:trailing` one.
pub fn string_trim<'h>(cx: &mut Cx<'h, '_>, [s, what, side]: [Value<'h>; 3]) -> Answer<'h> {
    let what = match what.is_nil() {
        true => None,
        false => Some(Arg("String.trim", "what").text(cx, what)?.to_owned()),
    };
    let side = side.as_symbol().map(Symbol::text);
    let side = side.as_deref().unwrap_or("both");
    let (leading, trailing) = (side != "trailing", side != "leading");
    each_text(cx, Arg("String.trim", "s"), s, move |cx, whole, text| {
        let (mut from, mut to) = (0, text.len());
        match &what {
            None => {
                to = if trailing { text.trim_end().len() } else { to };
                from = if leading { to - text[..to].trim_start().len() } else { 0 };
            }
            Some(what) if !what.is_empty() => {
                while trailing && text[..to].ends_with(what.as_str()) {
                    to -= what.len();
                }
                while leading && text[from..to].starts_with(what.as_str()) {
                    from += what.len();
                }
            }
            Some(_) => {}
        }
        Ok(string::slice(cx.heap(), whole, from, to).unwrap_or(whole))
    })
}

/// `split(s, separator, parts)`: at white space if the separator is nil; at most so many parts.
pub fn string_split<'h>(cx: &mut Cx<'h, '_>, [s, separator, parts]: [Value<'h>; 3]) -> Answer<'h> {
    let text = Arg("String.split", "s").text(cx, s)?;
    if separator.is_nil() {
        return pieces::split_words(cx, s);
    }
    let separator = Arg("String.split", "separator").text(cx, separator)?;
    let most = match parts.is_nil() {
        true => usize::MAX,
        false => match Arg("String.split", "parts").count(cx, parts)? {
            0 => return Err(Arg("String.split", "parts").bad(cx, "at least 1", parts)),
            n => n,
        },
    };
    if separator.is_empty() {
        return match most {
            usize::MAX => string_graphemes(cx, [s]),
            _ => split_graphemes(cx, text, most),
        };
    }
    pieces::split(cx, s, separator, most)
}

fn split_graphemes<'h>(cx: &mut Cx<'h, '_>, text: &str, most: usize) -> Answer<'h> {
    let heap = cx.heap();
    cx.charge(text.len() as u64 / 16);
    let mut out = Collector::new(false);
    let mut rest = text;
    while out.len() + 1 < most
        && let Some(g) = rest.graphemes(true).next()
    {
        out.push(heap, heap.string(g));
        rest = &rest[g.len()..];
    }
    if !rest.is_empty() {
        out.push(heap, heap.string(rest));
    }
    value(out.finish(heap))
}

/// `lines(s)`
pub fn string_lines<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    Arg("String.lines", "s").text(cx, s)?;
    pieces::lines(cx, s)
}

/// `replace(s, what, by, all)`: every occurrence, or the first only.
pub fn string_replace<'h>(cx: &mut Cx<'h, '_>, [s, what, by, all]: [Value<'h>; 4]) -> Answer<'h> {
    let what = Arg("String.replace", "what").text(cx, what)?.to_owned();
    let by = Arg("String.replace", "by").text(cx, by)?.to_owned();
    let all = Arg("String.replace", "all").bool(cx, all)?;
    if all && is_long(s) && !what.is_empty() {
        return pieces::replace(cx, s, what, by);
    }
    let grown = s.as_str().map_or(0, |text| text.len()).saturating_mul(1 + by.len());
    if what.is_empty() && !cx.heap().may_build(grown) {
        return Err(Arg("String.replace", "by").too_large(cx));
    }
    each_text(cx, Arg("String.replace", "s"), s, move |cx, whole, text| {
        if !text.contains(what.as_str()) {
            return Ok(whole);
        }
        let replaced = if all { text.replace(&what, &by) } else { text.replacen(&what, &by, 1) };
        Ok(cx.heap().string(&replaced))
    })
}

macro_rules! text_tests {
    ($($(#[$doc:meta])* $name:ident $function:literal $method:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>(cx: &mut Cx<'h, '_>, [s, what]: [Value<'h>; 2]) -> Answer<'h> {
            let texts = Arg($function, "what").seq(cx, what)?;
            let mut any = Vec::with_capacity(texts.len().min(64));
            for i in 0..texts.len() {
                let text = texts.get(cx.heap(), i).unwrap_or(Value::NIL);
                any.push(Arg($function, "what").text(cx, text)?.to_owned());
            }
            each_text(cx, Arg($function, "s"), s, move |cx, _, text| {
                cx.charge((text.len() * any.len() / 512) as u64);
                Ok(Value::bool(any.iter().any(|what| text.$method(what.as_str()))))
            })
        }
    )* };
}

text_tests! {
    /// `contains?(s, what)`
    string_contains "String.contains?" contains;
    /// `starts_with?(s, what)`
    string_starts_with "String.starts_with?" starts_with;
    /// `ends_with?(s, what)`
    string_ends_with "String.ends_with?" ends_with;
}

/// `index_of(s, what)`: the position of the first occurrence, or nil.
pub fn string_index_of<'h>(cx: &mut Cx<'h, '_>, [s, what]: [Value<'h>; 2]) -> Answer<'h> {
    let what = Arg("String.index_of", "what").text(cx, what)?.to_owned();
    each_text(cx, Arg("String.index_of", "s"), s, move |_, _, text| {
        let found = text.find(what.as_str());
        Ok(found.map_or(Value::NIL, |at| Value::count(pieces::count(&text[..at]) + 1)))
    })
}

/// The bytes of `count` characters from a position on (from the end if negative).
fn span(text: &str, position: i64, count: usize) -> (usize, usize) {
    let start = match position {
        0.. => pieces::offset(text, position.max(1) as usize - 1),
        _ => {
            let back = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
            text.grapheme_indices(true).rev().take(back).last().map_or(text.len(), |(at, _)| at)
        }
    };
    (start, start + pieces::offset(&text[start..], count))
}

/// `slice(s, start, count)`; start may be a range of positions.
pub fn string_slice<'h>(cx: &mut Cx<'h, '_>, [s, start, count]: [Value<'h>; 3]) -> Answer<'h> {
    let (start, count) = match start.as_vec().map(|v| v.entries()) {
        Some(vector::Entries::Range(first, len)) if count.is_nil() => (first.max(1), len),
        _ => {
            let start = Arg("String.slice", "start").int(cx, start)?;
            let count = match count.is_nil() {
                true => usize::MAX,
                false => Arg("String.slice", "count").count(cx, count)?,
            };
            (start, count)
        }
    };
    if start == 0 {
        return Err(cx.index_error("String.slice: positions count from 1"));
    }
    if is_long(s) {
        return pieces::span(cx, s, start, count, true);
    }
    each_text(cx, Arg("String.slice", "s"), s, move |cx, whole, text| {
        let (from, to) = span(text, start, count);
        Ok(string::slice(cx.heap(), whole, from, to).unwrap_or(whole))
    })
}

/// `at(s, index)`: a character, or nil.
pub fn string_at<'h>(cx: &mut Cx<'h, '_>, [s, index]: [Value<'h>; 2]) -> Answer<'h> {
    let index = Arg("String.at", "index").int(cx, index)?;
    if is_long(s) && index != 0 {
        return pieces::span(cx, s, index, 1, false);
    }
    each_text(cx, Arg("String.at", "s"), s, move |cx, whole, text| {
        let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        if index == 0 || index < 0 && text.graphemes(true).rev().nth(back - 1).is_none() {
            return Ok(Value::NIL);
        }
        let (from, to) = span(text, index, 1);
        let found = if from == to { None } else { string::slice(cx.heap(), whole, from, to) };
        Ok(found.unwrap_or(Value::NIL))
    })
}

/// `repeat(s, times)`
pub fn string_repeat<'h>(cx: &mut Cx<'h, '_>, [s, times]: [Value<'h>; 2]) -> Answer<'h> {
    let arg = Arg("String.repeat", "times");
    let times = arg.count(cx, times)?;
    each_text(cx, Arg("String.repeat", "s"), s, move |cx, _, text| {
        let bytes = text.len().saturating_mul(times);
        if bytes > string::MAX_LEN || !cx.heap().may_build(bytes) {
            return Err(arg.too_large(cx));
        }
        cx.charge(bytes as u64 / 512);
        Ok(cx.heap().string(&text.repeat(times)))
    })
}

/// `pad(s, width, with, leading)`: filled up to so many characters.
pub fn string_pad<'h>(
    cx: &mut Cx<'h, '_>,
    [s, width, with, leading]: [Value<'h>; 4],
) -> Answer<'h> {
    let leading = leading.as_bool() == Some(true);
    let function = if leading { "String.pad_leading" } else { "String.pad_trailing" };
    let wanted = Arg(function, "width").count(cx, width)?;
    let with = Arg(function, "with").text(cx, with)?.to_owned();
    if with.is_empty() {
        let empty = string::empty();
        return Err(Arg(function, "with").bad(cx, "a string of at least one character", empty));
    }
    let characters = pieces::count(&with);
    if wanted > string::MAX_LEN / with.len()
        || !cx.heap().may_build(wanted.saturating_mul(with.len()))
    {
        return Err(Arg(function, "width").too_large(cx));
    }
    each_text(cx, Arg(function, "s"), s, move |cx, whole, text| {
        let missing = wanted.saturating_sub(pieces::count(text));
        if missing == 0 {
            return Ok(whole);
        }
        let (times, more) = (missing / characters, missing % characters);
        let pad = with.repeat(times) + &with[..pieces::offset(&with, more)];
        cx.charge(pad.len() as u64 / 512);
        let parts = if leading { [pad.as_str(), text] } else { [text, pad.as_str()] };
        Ok(string::join(cx.heap(), &parts))
    })
}

/// `join(strings, separator)`: the entries as `IO.puts` shows them.
pub fn string_join<'h>(cx: &mut Cx<'h, '_>, [strings, separator]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("String.join", "strings").seq(cx, strings)?;
    let separator = Arg("String.join", "separator").text(cx, separator)?.to_owned();
    join(cx, seq, separator)
}

/// The entries as shown, with the separator between them.
pub fn join<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, separator: String) -> Answer<'h> {
    let parts = [Part::Joined(seq.value(), separator)];
    Ok(print(cx, parts, |cx, text| Native::Value(cx.heap().string(&text))))
}
