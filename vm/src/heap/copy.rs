//! Deep copy of a value into memory of its own, for messages and constants.
//!
//! In: a value. Out: an [`Arena`] holding everything it reaches, except static objects (taken as they
//! are) and what lies outside the heap (referred to once more).
//!
//! The copy is Cheney's, with the arena as its own worklist, so depth costs nothing and sharing is
//! kept. It marks copied objects by overwriting their headers with the new address, as a collection
//! does, and puts the headers back from a log at the end. That is sound while values of the heap are
//! borrowed: the thread that copies is the only one that sees the source, nothing else runs
//! meanwhile, and no slice handed out covers a header. An unwinding panic cannot come in between:
//! nothing here can fail but the allocator, which aborts.
//!
//! Of a vector's buffer only the range in use is copied. A second vector that needs more of the same
//! buffer gets a copy of a range at least twice as long, which the next ones share: n overlapping
//! slices of a buffer cost O(buffer), not O(n · buffer).
//!
//! Most messages are a few small objects: those are measured and then copied without marks.
#![allow(unsafe_code)]

use super::chunk::{self, Chunk};
use super::layout::{self, Format, pair, unpair};
use super::offheap::{off_heap_link, referent_bytes};
use super::{Heap, Obj, edit, host, shared};
use crate::data::map::node;
use crate::value::{Value, Word};
use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::ptr;

/// Memory that a copy is made into.
pub(super) struct Arena {
    pub(super) top: *mut u64,
    pub(super) end: *mut u64,
    pub(super) first: *mut Chunk,
    pub(super) last: *mut Chunk,
    /// Bytes filled in all chunks but the last.
    pub(super) full: usize,
    pub(super) off_first: *mut u64,
    pub(super) off_last: *mut u64,
    pub(super) off_bytes: usize,
    /// Whether the copies are immortal.
    pub(super) frozen: bool,
}

impl Arena {
    pub(super) const fn new(frozen: bool) -> Arena {
        Arena {
            top: ptr::null_mut(),
            end: ptr::null_mut(),
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            full: 0,
            off_first: ptr::null_mut(),
            off_last: ptr::null_mut(),
            off_bytes: 0,
            frozen,
        }
    }

    /// Bytes filled.
    pub(super) fn filled(&self) -> usize {
        if self.last.is_null() {
            return 0;
        }
        // SAFETY: the arena's last chunk is filled up to `top`.
        self.full + (self.top as usize - unsafe { chunk::payload_of(self.last) } as usize)
    }

    /// Puts an off-heap object, which owns a reference, into the arena's list.
    ///
    /// # Safety
    /// `at` is a BUFREF or HOST object in this arena, in no list yet.
    pub(super) unsafe fn own(&mut self, at: *mut u64) {
        // SAFETY: by contract.
        unsafe {
            *off_heap_link(at) = self.off_first as u64;
            if self.off_first.is_null() {
                self.off_last = at;
            }
            self.off_first = at;
            self.off_bytes += referent_bytes(at);
        }
    }

    #[inline(always)]
    pub(super) fn allocate(&mut self, words: usize) -> *mut u64 {
        if words > (self.end as usize - self.top as usize) / 8 {
            self.extend(words * 8);
        }
        let at = self.top;
        // SAFETY: there is room.
        self.top = unsafe { at.add(words) };
        at
    }

    #[cold]
    fn extend(&mut self, bytes: usize) {
        let wish = if self.frozen { 32 << 10 } else { (self.full * 2).clamp(64, 256 << 10) };
        // SAFETY: the arena's chunks are ours.
        unsafe {
            let chunk = chunk::acquire(bytes.max(wish - chunk::HEAD));
            if self.last.is_null() {
                self.first = chunk;
            } else {
                (*self.last).top = self.top;
                (*self.last).next = chunk;
                self.full = self.filled();
            }
            self.last = chunk;
            self.top = chunk::payload_of(chunk);
            self.end = chunk::end_of(chunk);
        }
    }
}

/// Where small values are copied to: an arena, or the heap of a process that waits for them.
pub(super) trait Room {
    /// Whether objects may be put here that own something outside.
    const OWNS: bool = true;

    /// Room for so many words, which the caller writes.
    fn room(&mut self, words: usize) -> *mut u64;

    /// Puts an off-heap object, which owns a reference, into the list of those.
    ///
    /// # Safety
    /// `at` is a BUFREF or HOST object in here, in no list yet.
    unsafe fn own(&mut self, at: *mut u64);
}

impl Room for Arena {
    #[inline(always)]
    fn room(&mut self, words: usize) -> *mut u64 {
        self.allocate(words)
    }

    unsafe fn own(&mut self, at: *mut u64) {
        // SAFETY: by contract.
        unsafe { Arena::own(self, at) }
    }
}

impl Room for &Heap {
    #[inline(always)]
    fn room(&mut self, words: usize) -> *mut u64 {
        self.allocate(words)
    }

    unsafe fn own(&mut self, at: *mut u64) {
        // SAFETY: by contract.
        unsafe { self.link_off_heap(at, referent_bytes(at)) }
    }
}

/// What is to be put back into the source.
#[derive(Default)]
struct Log {
    headers: Vec<(*mut u64, u64)>,
    bufs: Vec<CopiedBuf>,
}

struct CopiedBuf {
    old: *mut u64,
    header: u64,
    window: u64,
    /// The range of the old buffer that its newest copy holds.
    from: usize,
    to: usize,
}

thread_local! {
    static LOG: RefCell<Log> = const { RefCell::new(Log { headers: Vec::new(), bufs: Vec::new() }) };
}

/// A log longer than this is not kept for the next copy.
const LOG_KEPT: usize = 4096;

struct Copier<'a> {
    arena: &'a mut Arena,
    log: Log,
    /// Maps that should have been settled.
    stale: Vec<*mut u64>,
}

/// The most words of an object that [`copy_small`] takes, …
const SMALL: usize = 12;
/// … and the most objects.
const FEW: usize = 12;
/// The most words of all of them.
pub(super) const LARGEST_SMALL: usize = SMALL * FEW;

/// Of each sort of object where its values begin, if small ones may be copied word by word; 0 if not.
static FIRST_VALUE: [u8; 128] = {
    let mut first = [0; 128];
    let mut tag = 1;
    while tag < layout::HOST {
        let raw = layout::raw_words(tag);
        if !matches!(tag, layout::BUF | layout::HNODE | layout::HMAP) {
            first[tag as usize / 2] = if raw == layout::ALL_RAW { raw } else { 1 + raw };
        }
        tag += 2;
    }
    first
};

/// The size of a small object that may be copied word by word, and where its values begin.
#[inline(always)]
fn small_shape(header: u64) -> Option<(usize, usize)> {
    let (tag, words) = (layout::tag_of(header), layout::words_of(header));
    let first = FIRST_VALUE[tag as usize / 2] as usize;
    // A vector's entries in the heap, or a place for an owner, which a copy is without.
    let odd = tag == layout::VEC && (layout::flags_of(header) & layout::OFF_HEAP == 0 || words > 3);
    if first == 0 || words > SMALL || odd {
        return None;
    }
    Some((words, first.min(words)))
}

/// An object that [`copy_small`] has met.
#[derive(Clone, Copy)]
struct Found {
    source: *const u64,
    words: usize,
    /// Where in the copy it lies.
    place: usize,
    /// Where in the copy the word is that points to it.
    slot: usize,
}

/// Copies a value that is a few small objects, each inside once, if it is that: the copy, and its words.
#[inline]
pub(super) fn copy_small<R: Room>(room: &mut R, value: Value<'_>) -> Option<(Word, usize)> {
    let root = value.word();
    // SAFETY: the value is live, so all words of its objects are; nothing is copying them, so their headers
    // are in place; there is room for as many words as are written.
    unsafe {
        let source = root.address();
        let header = *source;
        if layout::is_static(header) {
            return Some((root, 0));
        }
        let (words, first) = small_shape(header)?;
        for i in first..words {
            if is_to_copy(*source.add(i).cast::<Word>()) {
                return match copy_pair(room, root, words, i) {
                    None => copy_few(room, root),
                    copied => copied,
                };
            }
        }
        let to = room.room(words);
        copy_object(source, to, words);
        Some((Word::from_bits(to as u64 | (root.bits() & 7)), words))
    }
}

/// The same for two objects, the commonest message: `{:tag, {…}}`. So many words are in the first, and the one at `slot` is
/// the first of them that points to another. A BUFREF may come third: that of a vector or text outside the heap.
///
/// # Safety
/// The root points to a live object that is not static, and nothing is copying what it leads to.
#[inline]
unsafe fn copy_pair<R: Room>(
    room: &mut R,
    root: Word,
    words: usize,
    slot: usize,
) -> Option<(Word, usize)> {
    // SAFETY: by contract all words of these objects are live and headers in place; there is room for as many words as
    // are written.
    unsafe {
        let source = root.address();
        let word = *source.add(slot).cast::<Word>();
        let inner = word.address();
        let (inner_words, first) = small_shape(*inner)?;
        let next = |from: usize, to: usize, of: *mut u64| {
            (from..to).find(|&i| is_to_copy(*of.add(i).cast::<Word>()))
        };
        if next(slot + 1, words, source).is_some() {
            return None;
        }
        let third = match next(first, inner_words, inner) {
            None => None,
            Some(at) => {
                let buffer = (*inner.add(at).cast::<Word>()).address();
                if !owns(*buffer) || next(at + 1, inner_words, inner).is_some() {
                    return None;
                }
                Some((at, buffer, layout::words_of(*buffer)))
            }
        };
        if !R::OWNS && (third.is_some() || owns(*inner)) {
            return None;
        }
        let total = words + inner_words + third.map_or(0, |(.., words)| words);
        let to = room.room(total);
        let inside = to.add(words);
        copy_object(source, to, words);
        *to.add(slot) = inside as u64 | (word.bits() & 7);
        copy_object(inner, inside, inner_words);
        if let Some((at, buffer, words)) = third {
            let last = inside.add(inner_words);
            *inside.add(at) = last as u64 | (*inside.add(at) & 7);
            copy_object(buffer, last, words);
            share(room, last);
        } else if owns(*inner) {
            share(room, inside);
        }
        Some((Word::from_bits(to as u64 | (root.bits() & 7)), total))
    }
}

/// Whether an object with this header is a BUFREF.
#[inline(always)]
fn owns(header: u64) -> bool {
    layout::tag_of(header) == layout::BUFREF
}

/// Makes the copy of a BUFREF own a reference.
///
/// # Safety
/// It lies in the room, and in no list.
#[inline(always)]
unsafe fn share(room: &mut impl Room, at: *mut u64) {
    // SAFETY: by contract.
    unsafe {
        (*(*at.add(1) as *mut shared::SharedBuf)).retain();
        room.own(at);
    }
}

/// Copies an object word by word: most are so small.
///
/// # Safety
/// An object of so many words lies at `source`, and there is room for it at `to`.
#[inline(always)]
unsafe fn copy_object(source: *const u64, to: *mut u64, words: usize) {
    // SAFETY: by contract.
    unsafe {
        *to = layout::fresh(*source);
        for i in 1..words {
            *to.add(i) = *source.add(i);
        }
    }
}

/// The same for several objects.
///
/// # Safety
/// The root points to a live object that is not static, and nothing is copying what it leads to.
unsafe fn copy_few<R: Room>(room: &mut R, root: Word) -> Option<(Word, usize)> {
    // The objects in the order met; none is cleared before, as that would take as long as most copies do.
    let mut found = [const { MaybeUninit::<Found>::uninit() }; FEW];
    let (mut count, mut total, mut at) = (1, 0, 0);
    // SAFETY: by contract all words of these objects are live and headers in place; the first `count` of `found`
    // are written, and there is room for as many words as were counted. An object's place and slot lie in there.
    unsafe {
        found[0].write(Found { source: root.address(), words: 0, place: 0, slot: 0 });
        while at < count {
            let object = found[at].assume_init_mut();
            let source = object.source;
            let (words, first) = small_shape(*source)?;
            if !R::OWNS && owns(*source) {
                return None;
            }
            (object.words, object.place) = (words, total);
            for i in first..words {
                let word = *source.add(i).cast::<Word>();
                if is_to_copy(word) {
                    let inner = word.address().cast_const();
                    if found[..count].iter().any(|f| f.assume_init_ref().source == inner) {
                        return None;
                    }
                    let object = Found { source: inner, words: 0, place: 0, slot: total + i };
                    found.get_mut(count)?.write(object);
                    count += 1;
                }
            }
            total += words;
            at += 1;
        }
        let new = room.room(total);
        for object in &found[..count] {
            let Found { source, words, place, slot } = *object.assume_init_ref();
            let to = new.add(place);
            copy_object(source, to, words);
            if place != 0 {
                // The object around it has been copied.
                let word = new.add(slot);
                *word = to as u64 | (*word & 7);
            }
            if owns(*to) {
                share(room, to);
            }
        }
        Some((Word::from_bits(new as u64 | (root.bits() & 7)), total))
    }
}

/// Whether a word points to an object that is no static one.
///
/// # Safety
/// If it points to an object, that is live and its header in place.
#[inline(always)]
unsafe fn is_to_copy(word: Word) -> bool {
    // SAFETY: by contract.
    word.is_pointer() && unsafe { !layout::is_static(*word.address()) }
}

/// Copies a value into an arena; returns the word of the copy. Nothing if maps had to be settled first: then
/// what the arena holds is useless, and a second attempt succeeds.
pub(super) fn copy_into(arena: &mut Arena, value: Value<'_>) -> Option<Word> {
    let mut root = value.word();
    if !root.is_pointer() {
        return Some(root);
    }
    let log = LOG.with(|log| log.try_borrow_mut().map(|mut l| std::mem::take(&mut *l)));
    let mut copier = Copier { arena, log: log.unwrap_or_default(), stale: Vec::new() };
    // SAFETY: the value is live, and this thread alone sees its heap; see the module's comment.
    unsafe {
        copier.visit(&mut root);
        copier.scan();
        copier.restore();
    }
    let is_whole = copier.stale.is_empty();
    for at in copier.stale {
        // SAFETY: a live object whose header is in place again, and that may have been settled since.
        unsafe { Obj::new(at).settle() };
    }
    let mut log = copier.log;
    log.headers.shrink_to(LOG_KEPT);
    log.bufs.shrink_to(LOG_KEPT);
    LOG.with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            *kept = log;
        }
    });
    is_whole.then_some(root)
}

impl Copier<'_> {
    /// Copies what a word of the source points to and makes it point to the copy.
    #[inline(always)]
    unsafe fn visit(&mut self, word: &mut Word) {
        if !word.is_pointer() {
            return;
        }
        let at = word.address();
        // SAFETY: the word points to a live object.
        unsafe {
            let header = *at;
            let new = if layout::is_forward(header) {
                header
            } else if layout::is_static(header) {
                return;
            } else {
                self.copy_object(at, header) as u64
            };
            *word = Word::from_bits(new | (word.bits() & 7));
        }
    }

    #[inline(always)]
    unsafe fn copy_object(&mut self, at: *mut u64, mut header: u64) -> *mut u64 {
        let words = layout::words_of(header);
        // SAFETY: the object is so long, and so is the room for it.
        unsafe {
            if layout::is_stale(header) {
                edit::settle(at);
                header = *at;
            }
            if layout::tag_of(header) == layout::SMAP {
                self.stale.push(at);
            }
            let new = self.arena.allocate(words);
            ptr::copy_nonoverlapping(at, new, words);
            *new = layout::fresh(header);
            self.log.headers.push((at, header));
            *at = new as u64;
            new
        }
    }

    /// Scans the copies until all they point to has been copied.
    unsafe fn scan(&mut self) {
        // SAFETY: the arena is filled with whole objects from the first one copied on.
        unsafe {
            let (mut chunk, mut at) = self.first_object();
            loop {
                let top = if chunk == self.arena.last { self.arena.top } else { (*chunk).top };
                if at != top {
                    let words = layout::words_of(*at);
                    self.scan_object(at, words);
                    if self.arena.frozen {
                        *at |= layout::bits(layout::STATIC);
                    }
                    at = at.add(words);
                } else if chunk == self.arena.last {
                    return;
                } else {
                    chunk = (*chunk).next;
                    at = chunk::payload_of(chunk);
                }
            }
        }
    }

    /// The first object copied (the one the log begins with), and the chunk it lies in: the
    /// arena's first, or the next if there was no more room in a chunk filled earlier.
    unsafe fn first_object(&self) -> (*mut Chunk, *mut u64) {
        let Some(&(old, _)) = self.log.headers.first() else {
            return (self.arena.last, self.arena.top);
        };
        // SAFETY: the source object's header is the address of its copy; the chunks are the arena's.
        unsafe {
            let at = *old as *mut u64;
            let first = self.arena.first;
            let inside = at > first.cast() && at < chunk::end_of(first);
            (if inside { first } else { (*first).next }, at)
        }
    }

    #[inline(always)]
    unsafe fn scan_object(&mut self, at: *mut u64, words: usize) {
        // SAFETY: the object is so long; its words after the raw ones are values of the source.
        unsafe {
            match layout::tag_of(*at) {
                layout::VEC | layout::OVEC => {
                    if words > 3 {
                        // The copy is no version of anything.
                        *at &= !u64::from(layout::OWNED);
                        *at.add(3) = Word::NIL.bits();
                    }
                    self.scan_vec(at);
                }
                layout::HMAP | layout::OMAP => {
                    *at = *at & !0xff | u64::from(layout::HMAP);
                    if words > 4 {
                        *at.add(4) = Word::NIL.bits();
                    }
                    self.visit(&mut *at.add(3).cast::<Word>());
                }
                tag @ (layout::HNODE | layout::HBUCKET) => {
                    *at.add(1) = node::stamped(*at.add(1), 0);
                    for i in 1 + layout::raw_words(tag) as usize..words {
                        self.visit(&mut *at.add(i).cast::<Word>());
                    }
                }
                layout::BUF => {
                    if Format::of_flags(layout::flags_of(*at)).traced() {
                        for i in 2..words {
                            self.visit(&mut *at.add(i).cast::<Word>());
                        }
                    }
                }
                layout::BUFREF => {
                    (*(*at.add(1) as *mut shared::SharedBuf)).retain();
                    self.arena.own(at);
                }
                layout::HOST => {
                    host::retain(at);
                    self.arena.own(at);
                }
                tag => {
                    let raw = layout::raw_words(tag);
                    if raw != layout::ALL_RAW {
                        for i in 1 + raw as usize..words {
                            self.visit(&mut *at.add(i).cast::<Word>());
                        }
                    }
                }
            }
        }
    }

    unsafe fn scan_vec(&mut self, at: *mut u64) {
        // SAFETY: a VEC is header, offset and length, buffer.
        unsafe {
            let word = &mut *at.add(2).cast::<Word>();
            let old = word.address();
            let header = *old;
            if layout::flags_of(*at) & layout::OFF_HEAP != 0 {
                return self.visit(word);
            }
            if !layout::is_forward(header) && layout::is_static(header) {
                return;
            }
            let (off, len) = unpair(*at.add(1));
            let shift = self.copy_buf(old, off, off + len);
            *word = Word::object(*old as *mut u64);
            *at.add(1) = pair(off - shift, len);
        }
    }

    /// Sees to it that the newest copy of a buffer covers a range; returns where that copy begins.
    unsafe fn copy_buf(&mut self, old: *mut u64, mut from: usize, mut to: usize) -> usize {
        // SAFETY: an uncopied BUF is header and window; of a copied one the header is the address
        // of the copy and the window its place in the log.
        unsafe {
            let index = if layout::is_forward(*old) {
                let index = *old.add(1) as usize;
                let copied = &self.log.bufs[index];
                if copied.from <= from && to <= copied.to {
                    return copied.from;
                }
                from = from.min(copied.from);
                to = to.max(copied.to);
                let (lo, hi) = unpair(copied.window);
                let grow =
                    (copied.to - copied.from) * 2 - (to - from).min((copied.to - copied.from) * 2);
                let before = grow.min(from - lo);
                from -= before;
                to += (grow - before).min(hi - to);
                index
            } else {
                let (header, window) = (*old, *old.add(1));
                self.log.bufs.push(CopiedBuf { old, header, window, from, to });
                self.log.bufs.len() - 1
            };
            let header = self.log.bufs[index].header;
            self.log.bufs[index].from = from;
            self.log.bufs[index].to = to;
            let size = Format::of_flags(layout::flags_of(header)).entry_bytes();
            let words = 2 + ((to - from) * size).div_ceil(8);
            let new = self.arena.allocate(words);
            // The last word may be filled in part only.
            new.add(words - 1).write(0);
            new.write(layout::header(layout::BUF, layout::flags_of(header), 0, words));
            new.add(1).write(pair(0, to - from));
            let source = old.add(2).cast::<u8>().add(from * size);
            ptr::copy_nonoverlapping(source, new.add(2).cast::<u8>(), (to - from) * size);
            *old = new as u64;
            *old.add(1) = index as u64;
            from
        }
    }

    /// Puts the headers of the source back.
    unsafe fn restore(&mut self) {
        // SAFETY: these are the objects that were overwritten.
        unsafe {
            for (at, header) in self.log.headers.drain(..) {
                *at = header;
            }
            for buf in self.log.bufs.drain(..) {
                *buf.old = buf.header;
                *buf.old.add(1) = buf.window;
            }
        }
    }
}
