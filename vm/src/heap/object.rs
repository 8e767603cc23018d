//! Reading objects: the only place that turns an object's memory into Rust slices.
//!
//! In: a live object. Out: its header's fields, and its payload as slices that live as long as the
//! borrow of the heap. Payload words never change once written (the exceptions, BUF windows,
//! off-heap links and handles of vectors, are not readable here), so shared slices of them are sound.
#![allow(unsafe_code)]

use super::layout::{self, Tag};
use super::{Heap, edit, edit_map};
use crate::data::closure::{ClosureRef, FunRef};
use crate::data::exception::ExceptionRef;
use crate::data::int::BigRef;
use crate::data::map::MapRef;
use crate::data::reference::RefRef;
use crate::data::set::SetRef;
use crate::data::string;
use crate::data::vector::VecRef;
use crate::heap::HostRef;
use crate::value::{Kind, Value, View, Word};
use std::marker::PhantomData;
use std::slice;

/// Has the processor fetch what a word points to, if it is a pointer; a hint, without effect on any
/// other word.
#[inline(always)]
pub(super) fn prefetch(word: u64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching reads nothing: any address will do.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>((word & !7) as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = word;
}

/// The same of so many words.
#[inline(always)]
pub(super) fn fetch(word: u64, words: usize) {
    for line in 0..words.div_ceil(8) {
        prefetch(word + line as u64 * 64);
    }
}

/// An object that lives for `'h`.
#[derive(Clone, Copy)]
pub(crate) struct Obj<'h> {
    at: *mut u64,
    heap: PhantomData<&'h Heap>,
}

impl<'h> Obj<'h> {
    /// # Safety
    /// `at` points to an object that stays where it is for `'h`.
    #[inline(always)]
    pub(crate) unsafe fn new(at: *mut u64) -> Obj<'h> {
        Obj { at, heap: PhantomData }
    }

    #[inline(always)]
    fn header(self) -> u64 {
        // SAFETY: `at` points to a header.
        unsafe { *self.at }
    }

    #[inline(always)]
    pub(crate) fn tag(self) -> Tag {
        layout::tag_of(self.header())
    }

    #[inline(always)]
    pub(crate) fn flags(self) -> u8 {
        layout::flags_of(self.header())
    }

    #[inline(always)]
    pub(crate) fn aux(self) -> u16 {
        layout::aux_of(self.header())
    }

    #[inline(always)]
    pub(crate) fn pointer(self) -> *mut u64 {
        self.at
    }

    /// Has the processor fetch its first words into the cache, all at once.
    #[inline(always)]
    pub(crate) fn fetch(self, words: usize) {
        fetch(self.at as u64, words);
    }

    /// The value that points to this object (which is no float).
    #[inline(always)]
    pub(crate) fn value(self) -> Value<'h> {
        Value::new(Word::object(self.at))
    }

    /// Has a vector or map that was edited in place show what it showed before, if this is one.
    #[inline(always)]
    pub(crate) fn settle(self) {
        let header = self.header();
        if layout::is_stale(header) {
            // SAFETY: a live object of a heap that this thread uses; no copy runs.
            unsafe { edit::settle(self.at) };
        } else if layout::tag_of(header) == layout::SMAP {
            // SAFETY: the same.
            unsafe { edit_map::settle(self.at) };
        }
    }

    /// Its payload words that are no values.
    #[inline(always)]
    pub(crate) fn raw(self) -> &'h [u64] {
        let header = self.header();
        let tag = layout::tag_of(header);
        let all = layout::words_of(header) - 1;
        let len = match layout::raw_words(tag) {
            // The window of a buffer and the links of off-heap objects change.
            _ if matches!(tag, layout::BUF | layout::BUFREF) => 0,
            _ if tag >= layout::HOST && !matches!(tag, layout::OMAP | layout::HBUCKET) => 0,
            layout::ALL_RAW => all,
            n => (n as usize).min(all),
        };
        // SAFETY: the object is so long, and these words do not change.
        unsafe { slice::from_raw_parts(self.at.add(1), len) }
    }

    /// Its values: all payload words after the raw ones.
    #[inline(always)]
    pub(crate) fn values(self) -> &'h [Value<'h>] {
        let header = self.header();
        let raw = match layout::raw_words(layout::tag_of(header)) {
            layout::ALL_RAW => return &[],
            n => n as usize,
        };
        let len = (layout::words_of(header) - 1).saturating_sub(raw);
        // SAFETY: the object is so long; these words are values that live as long as it does.
        unsafe { slice::from_raw_parts(self.at.add(1 + raw).cast(), len) }
    }

    /// Its raw words and its values, if it has this tag. For a tag known where this is compiled,
    /// all it reads is the header.
    #[inline(always)]
    pub(crate) fn parts_of(self, tag: Tag) -> Option<(&'h [u64], &'h [Value<'h>])> {
        let header = self.header();
        let raw = layout::raw_words(tag) as usize;
        if layout::tag_of(header) != tag || raw == layout::ALL_RAW as usize {
            return None;
        }
        let all = layout::words_of(header) - 1;
        debug_assert!(all >= raw, "an object has its raw words at least");
        // SAFETY: objects of a tag with values have so many raw words, then values.
        unsafe {
            let payload = self.at.add(1);
            Some((
                slice::from_raw_parts(payload, raw),
                slice::from_raw_parts(payload.add(raw).cast(), all.wrapping_sub(raw)),
            ))
        }
    }

    /// The bytes of a STR.
    #[inline(always)]
    pub(crate) fn str_bytes(self) -> &'h [u8] {
        debug_assert!(self.tag() == layout::STR);
        let header = self.header();
        let len = (layout::words_of(header) - 1) * 8 - layout::aux_of(header) as usize;
        // SAFETY: a STR is its bytes and so much padding.
        unsafe { slice::from_raw_parts(self.at.add(1).cast(), len) }
    }

    /// The type of the value that points here.
    pub(crate) fn kind(self) -> Kind {
        match self.tag() {
            layout::BIGINT => Kind::Int,
            layout::STR | layout::STRSLICE => Kind::Str,
            layout::VEC | layout::RANGE | layout::OVEC | layout::STALE | layout::STALE_RAW => {
                Kind::Vector
            }
            layout::LIST => Kind::List,
            layout::MAP | layout::HMAP | layout::OMAP | layout::SMAP => Kind::Map,
            layout::SET => Kind::Set,
            layout::CLOSURE | layout::FUNREF => Kind::Fn,
            layout::REF => Kind::Ref,
            layout::EXCEPTION => Kind::Exception,
            layout::FLOAT => Kind::Float,
            _ => HostRef::of(self.value()).map_or(Kind::Host, HostRef::kind),
        }
    }

    /// The value that points here, taken apart.
    #[inline]
    pub(crate) fn view(self) -> View<'h> {
        let value = self.value();
        let view = match self.tag() {
            layout::BIGINT => BigRef::of(value).map(View::BigInt),
            layout::STR | layout::STRSLICE => string::text_of(value).map(View::Str),
            layout::VEC | layout::RANGE | layout::OVEC | layout::STALE | layout::STALE_RAW => {
                VecRef::of_vector(value).map(View::Vec)
            }
            layout::LIST => Some(View::List(self.values())),
            layout::MAP | layout::HMAP | layout::OMAP | layout::SMAP => {
                MapRef::of(value).map(View::Map)
            }
            layout::SET => SetRef::of(value).map(View::Set),
            layout::CLOSURE => ClosureRef::of(value).map(View::Closure),
            layout::FUNREF => FunRef::of(value).map(View::FunRef),
            layout::REF => RefRef::of(value).map(View::Ref),
            layout::EXCEPTION => ExceptionRef::of(value).map(View::Exception),
            layout::HOST => HostRef::of(value).map(View::Host),
            _ => None,
        };
        debug_assert!(view.is_some(), "no value points to an object with tag {}", self.tag());
        view.unwrap_or(View::Nil)
    }
}

/// An object in static memory: words laid out at build time.
#[repr(align(8))]
pub(crate) struct StaticObject<const N: usize>(pub(crate) [u64; N]);

impl<const N: usize> StaticObject<N> {
    /// The value that points to this object.
    #[inline(always)]
    pub(crate) fn value(&'static self) -> Value<'static> {
        Value::new(Word::object(self.0.as_ptr().cast_mut()))
    }
}

/// Text that was UTF-8 when it was written: only whole characters are ever put in or cut out.
#[inline(always)]
pub(crate) fn trusted_text(bytes: &[u8]) -> &str {
    debug_assert!(bytes.len() > 256 || std::str::from_utf8(bytes).is_ok());
    // SAFETY: strings are made of `str`s, and sliced at their character boundaries.
    unsafe { std::str::from_utf8_unchecked(bytes) }
}
