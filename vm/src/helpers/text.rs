//! Values on their way into text: f-strings, and the natives that print.
//!
//! In: parts, what is to be done with the text. Out: what that gives, in as many turns as the text takes:
//! it can be far longer than the memory that the values take. A text that is longer than the process
//! has room for is given up.

use super::long::{self, NativePieces, Pieces};
use crate::data::vector::VecRef;
use crate::data::{decimal, string};
use crate::heap::{Heap, trusted_text};
use crate::inspect::Inspection;
use crate::native::{Cx, Native, Res};
use crate::value::Value;
use num_bigint::BigInt;
use smallvec::SmallVec;

/// The most bytes that a text printed may have.
const MOST: usize = 1 << 30;
/// Bytes of text that cost one reduction.
const BYTES: usize = 64;

/// A part of a text.
pub enum Part<'h> {
    /// As it is.
    Text(&'static str),
    /// As shown to people.
    Display(Value<'h>),
    /// As source.
    Inspect(Value<'h>),
    /// The entries of a vector or list as shown to people, and what stands between them.
    Joined(Value<'h>, String),
}

/// What is done with the text.
pub type Then = for<'h, 'p> fn(&mut Cx<'h, 'p>, String) -> Native<'h>;

/// A native's answer: what `then` makes of the text of these parts, once that is there.
pub fn print<'h, const N: usize>(
    cx: &mut Cx<'h, '_>,
    parts: [Part<'h>; N],
    then: Then,
) -> Native<'h> {
    let rest = parts.into_iter().collect();
    long::run_native(cx, Printed(Printing { rest, ..Printing::default() }, then))
}

/// An f-string: the parts displayed and joined.
pub(crate) fn text<'h>(cx: &mut Cx<'h, '_>, parts: &[Value<'h>]) -> Res<'h> {
    let heap = cx.heap();
    if let Some(text) = short_text::<64>(heap, parts).or_else(|| short_text::<512>(heap, parts)) {
        return Ok(text);
    }
    let rest = parts.iter().map(|part| Part::Display(*part)).collect();
    long::run(cx, Printing { rest, ..Printing::default() })
}

/// The same of strings and small ints, if that makes no long text: put together on the native stack.
#[inline]
fn short_text<'h, const MOST: usize>(heap: &'h Heap, parts: &[Value<'h>]) -> Option<Value<'h>> {
    let mut out = [0; MOST];
    let mut len = 0;
    for part in parts {
        let room = &mut out[len..];
        len += match part.as_small() {
            Some(n) => decimal::write(n, room)?,
            None => {
                let text = part.as_str()?.as_bytes();
                copy_short(room.get_mut(..text.len())?, text);
                text.len()
            }
        };
    }
    Some(string::new(heap, trusted_text(&out[..len])))
}

/// Copies bytes of which there are most often a few: those at both ends then are all.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    match from {
        [byte] => to[0] = *byte,
        [a, b] => to.copy_from_slice(&[*a, *b]),
        [a, b, c] => to.copy_from_slice(&[*a, *b, *c]),
        [.., _, _, _, _] if from.len() <= 8 => copy_ends::<4>(to, from),
        [.., _, _, _, _] if from.len() <= 16 => copy_ends::<8>(to, from),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        to[..N].copy_from_slice(first);
        to[from.len() - N..].copy_from_slice(last);
    }
}

/// A text under way.
#[derive(Default)]
struct Printing<'h> {
    rest: SmallVec<[Part<'h>; 4]>,
    /// The part that is being printed.
    at: usize,
    /// Entries of it that have been begun, if it has entries.
    entries: usize,
    /// A value that is being printed.
    inside: Option<Inspection<'h>>,
    out: String,
}

impl<'h> Printing<'h> {
    /// The large int that comes next: a thread of the pool writes it.
    fn errand(&mut self) -> Option<BigInt> {
        Some(self.inside.as_mut()?.take_int()?.to_bigint())
    }

    /// Goes on until the text is there, or until the turn's budget is used up, or a large int comes.
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Result<String, Value<'h>>> {
        let before = self.out.len();
        let budget = usize::try_from(cx.core.budget.max(1)).unwrap_or(usize::MAX);
        let limit = before.saturating_add(budget.saturating_mul(BYTES));
        let whole = loop {
            if let Some(inside) = &mut self.inside {
                match inside.go_on(&mut self.out, limit) {
                    true => self.inside = None,
                    false => break false,
                }
            }
            if !self.begin_next(cx) {
                break true;
            }
            if self.out.len() > limit {
                break false;
            }
        };
        let added = self.out.len() - before;
        cx.charge(if whole { added / BYTES } else { added.div_ceil(BYTES) } as u64);
        if self.out.len() > MOST || !cx.heap().may_build(self.out.len()) {
            return Some(Err(cx.value_error("the text of the value would be too long")));
        }
        whole.then(|| Ok(std::mem::take(&mut self.out)))
    }

    /// Begins with what comes next; false if there is nothing.
    fn begin_next(&mut self, cx: &Cx<'h, '_>) -> bool {
        let Some(part) = self.rest.get(self.at) else { return false };
        match part {
            Part::Text(text) => self.out.push_str(text),
            Part::Inspect(value) => self.inside = Some(Inspection::begin(*value, &mut self.out)),
            Part::Display(value) => self.inside = display(*value, &mut self.out),
            Part::Joined(values, separator) => {
                if let Some(entry) = entry(cx, *values, self.entries) {
                    self.out.push_str(if self.entries == 0 { "" } else { separator });
                    self.entries += 1;
                    self.inside = display(entry, &mut self.out);
                    return true;
                }
                self.entries = 0;
            }
        }
        self.at += 1;
        true
    }
}

fn entry<'h>(cx: &Cx<'h, '_>, values: Value<'h>, index: usize) -> Option<Value<'h>> {
    match values.as_list() {
        Some(entries) => entries.get(index).copied(),
        None => VecRef::of(values)?.get(cx.heap(), index),
    }
}

/// Adds a text, or begins to add another value.
fn display<'h>(value: Value<'h>, out: &mut String) -> Option<Inspection<'h>> {
    if let Some(text) = value.as_str() {
        out.push_str(text);
        return None;
    }
    if let Some(n) = value.as_small() {
        decimal::push(out, n);
        return None;
    }
    let shown = value.as_exception().map_or(value, |e| e.message());
    match shown.as_str() {
        Some(text) => {
            out.push_str(text);
            None
        }
        None => Some(Inspection::begin(shown, out)),
    }
}

impl<'h> Pieces<'h> for Printing<'h> {
    fn errand(&mut self) -> Option<BigInt> {
        Printing::errand(self)
    }

    fn take(&mut self, digits: String) {
        self.out.push_str(&digits);
    }

    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>> {
        let text = Printing::go_on(self, cx)?;
        Some(text.map(|text| string::new(cx.heap(), &text)))
    }
}

/// A text under way that a native wants.
struct Printed<'h>(Printing<'h>, Then);

impl<'h> NativePieces<'h> for Printed<'h> {
    fn errand(&mut self) -> Option<BigInt> {
        self.0.errand()
    }

    fn take(&mut self, digits: String) {
        self.0.out.push_str(&digits);
    }

    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Native<'h>> {
        Some(match self.0.go_on(cx)? {
            Ok(text) => (self.1)(cx, text),
            Err(raised) => Native::Raise(raised),
        })
    }
}
