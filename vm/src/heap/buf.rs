//! Buffers of vectors and long strings: made, sliced, and extended in place by claims.
//!
//! In: entries, or a slice and entries to go before or after it. Out: handles (VEC, STRSLICE).
//!
//! A handle is `offset, length` over a buffer: a BUF in the heap, or a BUFREF to a `SharedBuf`
//! outside. A buffer's window `[lo, hi)` is what some slice uses. Prepending to the slice that
//! begins at `lo` claims the room before it, appending to the one that ends at `hi` the room after;
//! slices made earlier never see it. When there is no room the slice is copied to a buffer of twice
//! the size with the slack at that side, so building step by step is amortised O(1).
//!
//! Pointer-free entries of more than `OFF_HEAP_BYTES` go to a `SharedBuf`.
#![allow(unsafe_code)]

use super::layout::{self, Format, pair, unpair};
use super::shared::{self, SharedBuf};
use super::{Heap, Obj, edit};
use crate::value::{Kind, Value, Word};
use std::{ptr, slice};

/// Vectors with more bytes of pointer-free entries lie outside the heap.
pub(crate) const OFF_HEAP_BYTES: usize = 4096;
/// Strings with more bytes lie outside the heap.
pub(crate) const INLINE_TEXT: usize = 64;
/// The most entries a vector may have.
pub(crate) const MAX_LEN: usize = u32::MAX as usize;

/// The entries of a vector as they lie in memory.
#[derive(Clone, Copy)]
pub(crate) enum Slice<'h> {
    /// Values, any of which may be nil.
    Words(&'h [Value<'h>]),
    /// Small ints and nils (as words; `as_small` reads one).
    Ints(&'h [Value<'h>]),
    /// Floats; `vector::is_nil_float` tells a nil.
    Floats(&'h [f64]),
    /// Bools: 0 false, 1 true, 2 nil.
    Bools(&'h [u8]),
}

impl<'h> Slice<'h> {
    pub(crate) fn len(self) -> usize {
        match self {
            Slice::Words(w) | Slice::Ints(w) => w.len(),
            Slice::Floats(f) => f.len(),
            Slice::Bools(b) => b.len(),
        }
    }

    pub(crate) fn format(self) -> Format {
        match self {
            Slice::Words(_) => Format::Words,
            Slice::Ints(_) => Format::Ints,
            Slice::Floats(_) => Format::Floats,
            Slice::Bools(_) => Format::Bools,
        }
    }

    /// The entries from one index to before another.
    pub(crate) fn part(self, from: usize, to: usize) -> Slice<'h> {
        match self {
            Slice::Words(w) => Slice::Words(&w[from..to]),
            Slice::Ints(w) => Slice::Ints(&w[from..to]),
            Slice::Floats(f) => Slice::Floats(&f[from..to]),
            Slice::Bools(b) => Slice::Bools(&b[from..to]),
        }
    }

    fn bytes(self) -> (*const u8, usize) {
        match self {
            Slice::Words(w) | Slice::Ints(w) => (w.as_ptr().cast(), size_of_val(w)),
            Slice::Floats(f) => (f.as_ptr().cast(), size_of_val(f)),
            Slice::Bools(b) => (b.as_ptr(), b.len()),
        }
    }
}

/// A buffer that has just been made, and what a handle on it needs to know.
pub(super) struct Fresh {
    pub(super) flags: u8,
    pub(super) off: usize,
    pub(super) len: usize,
    pub(super) at: *mut u64,
}

/// At which end of a buffer room is claimed or left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Front,
    Back,
}

/// A buffer found from a handle.
#[derive(Clone, Copy)]
enum Buffer {
    Heap(*mut u64),
    Shared(*mut SharedBuf),
    /// A buffer of either sort reached through static memory. Any thread may use it without a
    /// reference of its own, so nothing of it is ever claimed. It holds the address of the data.
    Fixed(*mut u8),
}

impl Buffer {
    /// # Safety
    /// `at` points to a BUF or BUFREF.
    #[inline(always)]
    unsafe fn at(at: *mut u64) -> Buffer {
        // SAFETY: by contract.
        unsafe {
            let buffer = match layout::tag_of(*at) {
                layout::BUFREF => Buffer::Shared(*at.add(1) as *mut SharedBuf),
                _ => Buffer::Heap(at),
            };
            if layout::is_static(*at) { Buffer::Fixed(buffer.data()) } else { buffer }
        }
    }

    #[inline]
    unsafe fn data(self) -> *mut u8 {
        // SAFETY: the buffer is live.
        unsafe {
            match self {
                Buffer::Heap(at) => at.add(2).cast(),
                Buffer::Shared(buf) => shared::data(buf),
                Buffer::Fixed(data) => data,
            }
        }
    }

    #[inline]
    unsafe fn window(self) -> (usize, usize) {
        // SAFETY: the buffer is live.
        unsafe {
            match self {
                Buffer::Heap(at) => unpair(*at.add(1)),
                Buffer::Shared(buf) => (*buf).window(),
                Buffer::Fixed(_) => (0, 0),
            }
        }
    }

    #[inline]
    unsafe fn capacity_bytes(self) -> usize {
        // SAFETY: the buffer is live.
        unsafe {
            match self {
                Buffer::Heap(at) => (layout::words_of(*at) - 2) * 8,
                Buffer::Shared(buf) => (*buf).capacity(),
                Buffer::Fixed(_) => 0,
            }
        }
    }

    #[inline]
    unsafe fn claim(self, old: (usize, usize), new: (usize, usize)) -> bool {
        // SAFETY: the buffer is live; a heap's buffers are used by its own thread alone.
        unsafe {
            match self {
                Buffer::Fixed(_) => false,
                Buffer::Heap(at) => {
                    *at.add(1) = pair(new.0, new.1);
                    true
                }
                Buffer::Shared(buf) => (*buf).claim(old, new),
            }
        }
    }
}

/// Offset, length and buffer word of a handle (VEC or STRSLICE).
#[inline(always)]
fn handle_parts(handle: Obj<'_>) -> (usize, usize, *mut u64) {
    // SAFETY: handles are three words: header, offset and length, buffer.
    unsafe {
        let (off, len) = unpair(*handle.pointer().add(1));
        (off, len, Word::from_bits(*handle.pointer().add(2)).address())
    }
}

/// Copies bytes, most often a few: a call would take longer than that.
///
/// # Safety
/// As for `ptr::copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy_bytes(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: by contract; pieces that overlap each other are the same bytes.
    unsafe {
        match n {
            8..=16 => {
                let last = from.add(n - 8).cast::<u64>().read_unaligned();
                to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned());
                to.add(n - 8).cast::<u64>().write_unaligned(last);
            }
            4..8 => {
                let last = from.add(n - 4).cast::<u32>().read_unaligned();
                to.cast::<u32>().write_unaligned(from.cast::<u32>().read_unaligned());
                to.add(n - 4).cast::<u32>().write_unaligned(last);
            }
            1..4 => {
                let (middle, last) = (from.add(n / 2).read(), from.add(n - 1).read());
                to.write(from.read());
                to.add(n / 2).write(middle);
                to.add(n - 1).write(last);
            }
            _ => ptr::copy_nonoverlapping(from, to, n),
        }
    }
}

/// The entries of a VEC or OVEC.
#[inline(always)]
pub(crate) fn slice_of<'h>(handle: Obj<'h>) -> Slice<'h> {
    debug_assert!(handle.tag() & !layout::OWNED == layout::VEC);
    let (off, len, at) = handle_parts(handle);
    // SAFETY: a handle's range lies in the window of its buffer, whose entries do not change
    // while the heap is borrowed; the buffer lives as long as the handle does.
    unsafe {
        let data = match handle.flags() & layout::OFF_HEAP {
            0 => at.add(2).cast::<u8>(),
            _ => shared::data(*at.add(1) as *mut SharedBuf),
        };
        match Format::of_flags(handle.flags()) {
            Format::Words => {
                Slice::Words(slice::from_raw_parts(data.cast::<Value>().add(off), len))
            }
            Format::Ints => Slice::Ints(slice::from_raw_parts(data.cast::<Value>().add(off), len)),
            Format::Floats => {
                Slice::Floats(slice::from_raw_parts(data.cast::<f64>().add(off), len))
            }
            Format::Bools => Slice::Bools(slice::from_raw_parts(data.add(off), len)),
        }
    }
}

/// The bytes of a STRSLICE.
#[inline(always)]
pub(crate) fn text_of<'h>(handle: Obj<'h>) -> &'h [u8] {
    debug_assert!(handle.tag() == layout::STRSLICE);
    let (off, len, at) = handle_parts(handle);
    // SAFETY: as for `slice_of`; the base is a STR or a BUFREF.
    unsafe {
        let data = match layout::tag_of(*at) {
            layout::BUFREF => shared::data(*at.add(1) as *mut SharedBuf),
            _ => at.add(1).cast::<u8>(),
        };
        slice::from_raw_parts(data.add(off), len)
    }
}

impl Heap {
    /// A BUFREF that takes over one reference.
    ///
    /// # Safety
    /// The caller owns a reference to `buf` and gives it to this heap.
    pub(super) unsafe fn adopt(&self, buf: *mut SharedBuf) -> *mut u64 {
        let at = self.allocate(3);
        // SAFETY: there is room for three words; the buffer is alive.
        unsafe {
            at.write(layout::header(layout::BUFREF, 0, 0, 3));
            at.add(1).write(buf as u64);
            at.add(2).write(0);
            self.link_off_heap(at, (*buf).bytes());
        }
        at
    }

    #[inline(always)]
    fn handle(
        &self,
        tag: u8,
        flags: u8,
        kind: u16,
        off: usize,
        len: usize,
        buf: *mut u64,
    ) -> Value<'_> {
        let at = self.allocate(3);
        // SAFETY: there is room for three words.
        unsafe {
            at.write(layout::header(tag, flags, kind, 3));
            at.add(1).write(pair(off, len));
            at.add(2).write(Word::object(buf).bits());
        }
        Value::new(Word::object(at))
    }

    /// A vector with the entries of `parts`, in a buffer with `slack` free entries at one end.
    /// The parts have one format. Nothing if that makes more than a vector can have.
    pub(crate) fn vec_of<'h, const N: usize>(
        &'h self,
        kind: Kind,
        parts: [Slice<'_>; N],
        slack: usize,
        end: End,
    ) -> Option<Value<'h>> {
        let fresh = self.vec_buffer(parts, slack, end)?;
        let Fresh { flags, off, len, at } = fresh;
        Some(self.handle(layout::VEC, flags, kind as u16, off, len, at))
    }

    /// The buffer of such a vector.
    pub(super) fn vec_buffer<const N: usize>(
        &self,
        parts: [Slice<'_>; N],
        slack: usize,
        end: End,
    ) -> Option<Fresh> {
        let format = parts[0].format();
        debug_assert!(parts.iter().all(|p| p.format() == format));
        let len: usize = parts.iter().map(|p| p.len()).sum();
        if len > MAX_LEN {
            return None;
        }
        let capacity = (len + slack).min(MAX_LEN);
        let off = if end == End::Front { capacity - len } else { 0 };
        let bytes = capacity * format.entry_bytes();
        // SAFETY: the buffer has room for `capacity` entries, and all of its window is written here.
        unsafe {
            let (at, data, off_heap) = if !format.traced() && bytes > OFF_HEAP_BYTES {
                let buf = SharedBuf::create(bytes, off, off + len);
                (self.adopt(buf), shared::data(buf), layout::OFF_HEAP)
            } else {
                let words = 2 + bytes.div_ceil(8);
                let at = self.allocate(words);
                at.write(layout::header(layout::BUF, format.flags(), 0, words));
                at.add(1).write(pair(off, off + len));
                (at, at.add(2).cast::<u8>(), 0)
            };
            let mut to = data.add(off * format.entry_bytes());
            for part in parts {
                let (from, n) = part.bytes();
                ptr::copy_nonoverlapping(from, to, n);
                to = to.add(n);
            }
            Some(Fresh { flags: format.flags() | off_heap, off, len, at })
        }
    }

    /// A vector of the first entries of a buffer of eight-byte entries, none of whose window is in use yet.
    ///
    /// # Safety
    /// The caller owns the only reference to `buf` and gives it to this heap; so many floats are written.
    pub(super) unsafe fn vec_of_shared(
        &self,
        kind: Kind,
        buf: *mut SharedBuf,
        len: usize,
    ) -> Value<'_> {
        // SAFETY: by contract.
        unsafe {
            let claimed = (*buf).claim((0, 0), (0, len));
            debug_assert!(claimed, "a buffer in use");
            let flags = Format::Floats.flags() | layout::OFF_HEAP;
            self.handle(layout::VEC, flags, kind as u16, 0, len, self.adopt(buf))
        }
    }

    /// The vector `parts` appended to (or put before) a slice of the same format: in place if the
    /// room beside it can be claimed, otherwise by copying to a larger buffer.
    #[inline]
    pub(crate) fn vec_extend<'h>(
        &'h self,
        kind: Kind,
        old: Obj<'_>,
        part: Slice<'_>,
        end: End,
    ) -> Option<Value<'h>> {
        let (off, len, at) = handle_parts(old);
        let format = part.format();
        let n = part.len();
        // SAFETY: the handle's buffer is alive; claimed room is ours alone to write.
        unsafe {
            let buffer = Buffer::at(at);
            let (lo, hi) = buffer.window();
            let claimed = match end {
                End::Front if off == lo && lo >= n => buffer.claim((lo, hi), (lo - n, hi)),
                End::Back if off + len == hi => {
                    let capacity = buffer.capacity_bytes() / format.entry_bytes();
                    capacity.min(MAX_LEN) - hi >= n && buffer.claim((lo, hi), (lo, hi + n))
                }
                _ => false,
            };
            if claimed {
                edit::disown(old);
                if layout::is_guarded(*at)
                    && let Some(old) = &self.old
                {
                    old.remember(at, pair(lo, hi));
                }
                let to = if end == End::Front { lo - n } else { hi };
                let (from, bytes) = part.bytes();
                let data = buffer.data().add(to * format.entry_bytes());
                if bytes == 8 {
                    // One entry: not worth a call.
                    data.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned());
                } else {
                    ptr::copy_nonoverlapping(from, data, bytes);
                }
                let flags = old.flags() & !layout::STATIC;
                let off = if end == End::Front { off - n } else { off };
                return Some(self.handle(layout::VEC, flags, kind as u16, off, len + n, at));
            }
        }
        let whole = slice_of(old);
        let slack = (len + n).max(4);
        match end {
            End::Front => self.vec_of(kind, [part, whole], slack, end),
            End::Back => self.vec_of(kind, [whole, part], slack, end),
        }
    }

    /// `vec_extend` by one entry of eight bytes, if the vector's buffer lies in the heap and has
    /// the room: the path of most loops that build a vector, kept free of calls.
    #[inline(always)]
    pub(crate) fn vec_push<'h>(
        &'h self,
        kind: Kind,
        old: Obj<'_>,
        entry: u64,
        end: End,
    ) -> Option<Value<'h>> {
        let (off, len, at) = handle_parts(old);
        let flags = old.flags();
        debug_assert!(Format::of_flags(flags).entry_bytes() == 8);
        if flags & layout::STATIC != 0 || old.tag() != layout::VEC {
            return None;
        }
        if flags & layout::OFF_HEAP != 0 {
            return self.vec_push_outside(kind, old, entry, end);
        }
        // SAFETY: the handle's buffer is alive, and a BUF; claimed room is ours alone to write.
        unsafe {
            let header = *at;
            let (lo, hi) = unpair(*at.add(1));
            if layout::is_fenced(header) {
                return None;
            }
            let (to, window, off) = match end {
                End::Front if off == lo && lo > 0 => (lo - 1, pair(lo - 1, hi), off - 1),
                End::Back if off + len == hi && hi + 2 < layout::words_of(header) => {
                    (hi, pair(lo, hi + 1), off)
                }
                _ => return None,
            };
            *at.add(1) = window;
            *at.add(2 + to) = entry;
            Some(self.handle(layout::VEC, flags, kind as u16, off, len + 1, at))
        }
    }

    /// The same where the buffer lies outside the heap.
    #[inline]
    fn vec_push_outside<'h>(
        &'h self,
        kind: Kind,
        old: Obj<'_>,
        entry: u64,
        end: End,
    ) -> Option<Value<'h>> {
        let (off, len, at) = handle_parts(old);
        // SAFETY: as in `vec_extend`.
        unsafe {
            if layout::is_static(*at) {
                return None;
            }
            let buf = *at.add(1) as *mut SharedBuf;
            let (lo, hi) = (*buf).window();
            let (to, window, off) = match end {
                End::Front if off == lo && lo > 0 => (lo - 1, (lo - 1, hi), off - 1),
                End::Back if off + len == hi && hi < ((*buf).capacity() / 8).min(MAX_LEN) => {
                    (hi, (lo, hi + 1), off)
                }
                _ => return None,
            };
            if !(*buf).claim((lo, hi), window) {
                return None;
            }
            shared::data(buf).cast::<u64>().add(to).write(entry);
            Some(self.handle(layout::VEC, old.flags(), kind as u16, off, len + 1, at))
        }
    }

    /// First entry and rest of a vector of words with more than two entries: the path of most loops
    /// over a vector.
    #[inline(always)]
    pub(crate) fn vec_uncons<'h>(&'h self, vec: Value<'h>) -> Option<(Value<'h>, Value<'h>)> {
        let old = vec.object_of(layout::VEC)?;
        let flags = old.flags();
        let (off, len, at) = handle_parts(old);
        let words = matches!(Format::of_flags(flags), Format::Words | Format::Ints);
        if !words || len < 3 {
            return None;
        }
        // SAFETY: as in `slice_of`; there is a first entry.
        let head = unsafe {
            let data = match flags & layout::OFF_HEAP {
                0 => at.add(2).cast::<u8>(),
                _ => shared::data(*at.add(1) as *mut SharedBuf),
            };
            *data.cast::<Value<'h>>().add(off)
        };
        let flags = flags & !layout::STATIC;
        Some((head, self.handle(layout::VEC, flags, old.aux(), off + 1, len - 1, at)))
    }

    /// The vector `[item | old]` of a small int and a vector of such, if its buffer has the room.
    #[inline(always)]
    pub(crate) fn vec_push_int<'h>(&'h self, item: Value<'h>, old: Value<'h>) -> Option<Value<'h>> {
        let object = old.object_of(layout::VEC)?;
        if !item.word().is_small() || Format::of_flags(object.flags()) != Format::Ints {
            return None;
        }
        self.vec_push(Kind::Int, object, item.word().bits(), End::Front)
    }

    /// The part of a vector from `from` with `len` entries; the caller has checked the bounds.
    #[inline]
    pub(crate) fn vec_slice<'h>(&'h self, old: Obj<'h>, from: usize, len: usize) -> Value<'h> {
        let (off, all, at) = handle_parts(old);
        assert!(from <= all && len <= all - from, "a slice beyond its vector");
        edit::disown(old);
        self.handle(layout::VEC, old.flags() & !layout::STATIC, old.aux(), off + from, len, at)
    }

    /// A vector with eight-byte entries from last to first.
    pub(crate) fn vec_reversed<'h>(&'h self, vec: Obj<'h>) -> Option<Value<'h>> {
        if vec.tag() != layout::VEC {
            return None;
        }
        let (from, bytes) = slice_of(vec).bytes();
        let len = slice_of(vec).len();
        let format = slice_of(vec).format();
        if format == Format::Bools || bytes > OFF_HEAP_BYTES {
            return None;
        }
        let words = 2 + len;
        let at = self.allocate(words);
        // SAFETY: there is room for header, window and as many words as the vector has.
        unsafe {
            at.write(layout::header(layout::BUF, format.flags(), 0, words));
            at.add(1).write(pair(0, len));
            let from = from.cast::<u64>();
            for i in 0..len {
                at.add(1 + len - i).write(*from.add(i));
            }
        }
        Some(self.handle(layout::VEC, format.flags(), vec.aux(), 0, len, at))
    }

    /// The vector of so many words from an address on, which lies in the buffer of a vector.
    ///
    /// # Safety
    /// `vec` is a VEC of words, and these are entries of its buffer.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) unsafe fn vec_at<'h>(
        &'h self,
        vec: Value<'h>,
        at: *const u64,
        len: usize,
    ) -> Value<'h> {
        let Some(old) = vec.object_of(layout::VEC) else { return vec };
        let (off, all, buffer) = handle_parts(old);
        // SAFETY: by contract.
        let from = unsafe {
            let data = match old.flags() & layout::OFF_HEAP {
                0 => buffer.add(2).cast::<u8>(),
                _ => shared::data(*buffer.add(1) as *mut SharedBuf),
            };
            at.cast::<u8>().offset_from(data) as usize / 8
        };
        if (from, len) == (off, all) {
            return vec;
        }
        self.handle(layout::VEC, old.flags() & !layout::STATIC, old.aux(), from, len, buffer)
    }

    /// A copy of a short slice of a vector of ints or lists with such an entry before it, and where that begins: there
    /// is as much room again before it.
    ///
    /// # Safety
    /// As for [`Heap::vec_at`].
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) unsafe fn vec_grown<'h>(
        &'h self,
        item: Value<'h>,
        vec: Value<'h>,
        at: *const u64,
        len: usize,
    ) -> Option<(Value<'h>, *const Value<'h>)> {
        const SHORT: usize = 64;
        let old = vec.object_of(layout::VEC).filter(|_| len <= SHORT)?;
        // SAFETY: by contract.
        let entries = unsafe { slice::from_raw_parts(at.cast::<Value<'h>>(), len) };
        let item = slice::from_ref(&item);
        let kind = item[0].kind();
        let slack = (len + 1).max(4);
        let longer = match Format::of_flags(old.flags()) {
            _ if old.aux() != kind as u16 => None,
            Format::Ints if item[0].word().is_small() => {
                self.vec_of(kind, [Slice::Ints(item), Slice::Ints(entries)], slack, End::Front)
            }
            Format::Words if kind == Kind::List => {
                self.vec_of(kind, [Slice::Words(item), Slice::Words(entries)], slack, End::Front)
            }
            _ => None,
        };
        let (longer, at, _) = self.vec_parts(longer?)?;
        Some((longer, at))
    }

    /// A vector of words as a handle, where its entries begin, and how many there are. A vector of one entry
    /// that needs no handle gets one, for the while that it is taken apart so.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) fn vec_parts<'h>(
        &'h self,
        vec: Value<'h>,
    ) -> Option<(Value<'h>, *const Value<'h>, usize)> {
        const SLACK: usize = 3;
        let Some(object) = vec.object_of(layout::VEC) else {
            let alone = std::slice::from_ref(&vec);
            let made = match vec.kind() {
                Kind::Int if vec.word().is_small() => {
                    self.vec_of(Kind::Int, [Slice::Ints(alone)], SLACK, End::Front)?
                }
                kind @ (Kind::Str | Kind::Symbol) => {
                    self.vec_of(kind, [Slice::Words(alone)], SLACK, End::Front)?
                }
                _ => return None,
            };
            return self.vec_parts(made);
        };
        match slice_of(object) {
            Slice::Words(w) | Slice::Ints(w) => Some((vec, w.as_ptr(), w.len())),
            Slice::Floats(_) | Slice::Bools(_) => None,
        }
    }

    /// A string of these pieces, outside the heap, with `slack` bytes of room after it.
    pub(crate) fn long_text(&self, parts: &[&[u8]], slack: usize) -> Option<Value<'_>> {
        let len: usize = parts.iter().map(|p| p.len()).sum();
        if len > MAX_LEN {
            return None;
        }
        // SAFETY: the buffer has room for the window, all of which is written here.
        unsafe {
            let buf = SharedBuf::create((len + slack).min(MAX_LEN), 0, len);
            let mut to = shared::data(buf);
            for part in parts {
                ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
                to = to.add(part.len());
            }
            let at = self.adopt(buf);
            Some(self.handle(layout::STRSLICE, 0, 0, 0, len, at))
        }
    }

    /// The string `old` with strings of so many bytes in all after it, in place if the room there can be
    /// claimed.
    #[inline]
    pub(crate) fn text_extend<'h>(
        &'h self,
        old: Obj<'h>,
        pieces: &[Value<'h>],
        more: usize,
    ) -> Option<Value<'h>> {
        let bytes = || pieces.iter().filter_map(|piece| piece.as_str()).map(str::as_bytes);
        debug_assert!(more == bytes().map(<[u8]>::len).sum::<usize>(), "strings of another length");
        let (off, len, at) = handle_parts(old);
        // SAFETY: as in `vec_extend`.
        unsafe {
            if layout::tag_of(*at) != layout::BUFREF {
                return None;
            }
            let buffer = Buffer::at(at);
            let (lo, hi) = buffer.window();
            let room = buffer.capacity_bytes() - hi;
            if off + len != hi || room < more || !buffer.claim((lo, hi), (lo, hi + more)) {
                return None;
            }
            let mut to = buffer.data().add(hi);
            for piece in bytes() {
                copy_bytes(piece.as_ptr(), to, piece.len());
                to = to.add(piece.len());
            }
            Some(self.handle(layout::STRSLICE, 0, 0, off, len + more, at))
        }
    }

    /// A piece of a STR or STRSLICE, by reference; the caller has checked the bounds.
    pub(crate) fn text_slice<'h>(&'h self, old: Obj<'h>, from: usize, len: usize) -> Value<'h> {
        if old.tag() == layout::STR {
            assert!(from + len <= old.str_bytes().len(), "a slice beyond its string");
            return self.handle(layout::STRSLICE, 0, 0, from, len, old.pointer());
        }
        let (off, all, at) = handle_parts(old);
        assert!(from <= all && len <= all - from, "a slice beyond its string");
        self.handle(layout::STRSLICE, 0, 0, off + from, len, at)
    }

    /// A STR of these bytes.
    #[inline]
    pub(crate) fn short_text(&self, parts: &[&[u8]]) -> Value<'_> {
        let len: usize = parts.iter().map(|p| p.len()).sum();
        let words = 1 + len.div_ceil(8);
        let padding = (words - 1) * 8 - len;
        let at = self.allocate(words);
        // SAFETY: there is room for so many words; the last is written first, so that its padding
        // is initialised.
        unsafe {
            at.add(words - 1).write(0);
            at.write(layout::header(layout::STR, 0, padding as u16, words));
            let mut to = at.add(1).cast::<u8>();
            for part in parts {
                copy_bytes(part.as_ptr(), to, part.len());
                to = to.add(part.len());
            }
        }
        Value::new(Word::object(at))
    }
}
