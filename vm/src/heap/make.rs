//! Making objects of given words: the safe door for all kinds of values but vectors and strings.
#![allow(unsafe_code)]

use super::layout::{self, Tag};
use super::{Heap, Obj};
use crate::value::{Value, Word};
use std::ptr;

impl Heap {
    /// An object whose raw words and values are given.
    #[inline(always)]
    pub(crate) fn object<'h>(
        &'h self,
        tag: Tag,
        flags: u8,
        aux: u16,
        raw: &[u64],
        values: &[Value<'h>],
    ) -> Value<'h> {
        self.object_of_parts(tag, flags, aux, raw, [values])
    }

    /// An object whose raw words are given, and its values in several pieces.
    #[inline(always)]
    pub(crate) fn object_of_parts<'h, const N: usize>(
        &'h self,
        tag: Tag,
        flags: u8,
        aux: u16,
        raw: &[u64],
        parts: [&[Value<'h>]; N],
    ) -> Value<'h> {
        let words = 1 + raw.len() + parts.iter().map(|p| p.len()).sum::<usize>();
        debug_assert!(
            layout::raw_words(tag) as usize == raw.len()
                || layout::raw_words(tag) == layout::ALL_RAW && words == 1 + raw.len()
        );
        let at = self.allocate(words);
        // SAFETY: there is room for `words` words, which are exactly those written.
        unsafe {
            at.write(layout::header(tag, flags, aux, words));
            let mut to = at.add(1);
            for &word in raw {
                to.write(word);
                to = to.add(1);
            }
            for part in parts {
                ptr::copy_nonoverlapping(part.as_ptr().cast::<u64>(), to, part.len());
                to = to.add(part.len());
            }
        }
        Value::new(Word::object(at))
    }

    /// An object whose raw words are given, and `n` values, one by one.
    #[inline(always)]
    pub(crate) fn object_from<'h>(
        &'h self,
        tag: Tag,
        raw: &[u64],
        n: usize,
        value: impl Fn(usize) -> Value<'h>,
    ) -> Value<'h> {
        debug_assert!(layout::raw_words(tag) as usize == raw.len());
        let words = 1 + raw.len() + n;
        let at = self.allocate(words);
        // SAFETY: there is room for `words` words, which are exactly those written; should `value`
        // allocate, it does so behind them.
        unsafe {
            at.write(layout::header(tag, 0, 0, words));
            for (i, &word) in raw.iter().enumerate() {
                at.add(1 + i).write(word);
            }
            for i in 0..n {
                at.add(1 + raw.len() + i).write(value(i).word().bits());
            }
        }
        Value::new(Word::object(at))
    }

    /// A copy of an object with one of its values replaced.
    #[inline]
    pub(crate) fn object_with<'h>(
        &'h self,
        old: Obj<'h>,
        index: usize,
        value: Value<'h>,
    ) -> Value<'h> {
        let values = old.values();
        assert!(index < values.len(), "an object has no such value");
        let words = 1 + old.raw().len() + values.len();
        let at = self.allocate(words);
        // SAFETY: there is room for `words` words, as many as the old object has; `index` is one of
        // its values, which come last.
        unsafe {
            ptr::copy_nonoverlapping(old.pointer(), at, words);
            *at = layout::fresh(*at) & !layout::bits(layout::STATIC);
            at.add(words - values.len() + index).write(value.word().bits());
        }
        Value::new(Word::object(at))
    }

    /// A boxed float.
    #[inline(always)]
    pub fn float(&self, f: f64) -> Value<'_> {
        let at = self.allocate(2);
        // SAFETY: there is room for two words.
        unsafe {
            at.write(layout::header(layout::FLOAT, 0, 0, 2));
            at.add(1).write(f.to_bits());
        }
        Value::new(Word::float(at))
    }

    /// An int.
    #[inline(always)]
    pub fn int(&self, n: i64) -> Value<'_> {
        match Value::small(n) {
            Some(value) => value,
            None => crate::data::int::wide(self, n as i128),
        }
    }

    /// A list of these entries.
    #[inline]
    pub fn list<'h>(&'h self, entries: &[Value<'h>]) -> Value<'h> {
        crate::data::list::new(self, entries)
    }

    /// A string.
    #[inline]
    pub fn string(&self, text: &str) -> Value<'_> {
        crate::data::string::new(self, text)
    }
}
