//! The heap of one process: bump allocation over linked chunks, and its accounting.
//!
//! In: requests for objects. Out: branded values that borrow the heap.
//!
//! # The model
//! A heap is a list of chunks, newest first; objects are bumped into the newest. Allocation takes
//! `&Heap`, never collects and never moves anything: when a chunk is full another is taken, and when
//! enough has been allocated since the last collection the heap notes that one is due. The owner
//! asks [`Heap::should_collect`] at its safepoints and then calls [`Heap::collect`] or
//! [`Heap::collect_young`] with `&mut`, at which time no [`Value`] of this heap can exist (they
//! borrow it); every word at rest is reported as a root and updated. So no rooting mistake compiles,
//! except a word not reported: see `value.rs`.
//!
//! # Generations
//! Small heaps (nearly every process has one) are collected as a whole: with little alive, that is
//! the cheapest there is, in time and in memory. A heap that outgrows this gets an old generation
//! (`old.rs`): all that survives a collection moves there, so that whatever is in the list of chunks
//! is younger than the last collection, and a minor collection looks at nothing else (`collect.rs`
//! tells why that is enough). `policy.rs` says when which collection is due.
//!
//! What enters: new objects, and the chunks of messages (large ones become old as they are, without
//! being copied). What leaves: chunks, to the pool of the thread that collects (`chunk.rs`).
//!
//! Invariants: 1. objects of the old generation carry the flag OLD, no others do; 2. after a
//! collection of a heap with an old generation nothing is young; 3. an old object points to young ones
//! only by entries of a buffer outside the window remembered for it, or where the attic knows; 4. an off-heap object is in the
//! list of its own generation.
//!
//! Objects that own something outside the heap (counted buffers, host objects) are linked in one
//! list per generation, which a collection sweeps; their bytes are charged to the heap.
//!
//! The only writes after initialisation are the claims of vector buffers, in `buf.rs`, and what goes with
//! vectors edited in place, in `edit.rs`.
#![allow(unsafe_code)]

mod bag;
pub(crate) mod buf;
#[cfg(debug_assertions)]
mod check;
mod chunk;
mod collect;
mod copy;
mod counted;
mod edit;
pub(crate) mod edit_map;
mod edit_trie;
mod fragment;
mod frozen;
mod get;
mod held;
mod host;
pub mod layout;
mod make;
mod object;
mod offheap;
mod old;
mod policy;
mod room;
pub(crate) mod shared;
mod space;
mod stored;

pub use bag::Bag;
pub use chunk::{may_hold_memory, return_memory, trim};
pub use counted::Immediate;
pub use edit::Edit;
pub(crate) use edit::RawEdit;
pub(crate) use edit_map::RawPut;
pub(crate) use edit_trie::equal_bytes;
pub use fragment::{Block, Fragment};
pub use frozen::{freeze, frozen_bytes};
pub(crate) use get::get_quickly;
pub use host::{HostObject, HostRef};
pub(crate) use object::{Obj, StaticObject, trusted_text};
pub(crate) use room::FloatRoom;
pub use stored::Stored;

use crate::value::{Value, Word};
use chunk::Chunk;
use counted::Holdings;
use edit::Attic;
use offheap::{drop_off_heap, off_heap_link};
use old::Old;
use std::cell::{Cell, OnceCell};
use std::ptr;

/// Payload and head of the first chunk of a heap, in bytes.
const FIRST_CHUNK: usize = 256;
/// The largest chunk taken for small objects.
const MAX_CHUNK: usize = 256 << 10;
/// Objects of more bytes than this get a chunk of their own.
const LARGE: usize = 8 << 10;
/// A fresh heap's first collection is due after so many bytes.
const FIRST_TRIGGER: usize = 4 << 10;
/// Off-heap bytes that never make a collection due.
const OFF_HEAP_FLOOR: usize = 256 << 10;

/// Which collection the next one has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    Full,
    /// A full one, since the process is idle.
    Idle,
}

/// Mode of a heap: every safepoint collects.
const STRESS: u8 = 1;
/// Mode of a heap: something that is to go on later holds values, so nothing may be moved.
const PINNED: u8 = 2;
/// Mode of a heap: its process has asked for more than the heap may ever hold.
const CONDEMNED: u8 = 4;

/// The memory of one process.
#[repr(C)]
pub struct Heap {
    top: Cell<*mut u64>,
    end: Cell<*mut u64>,
    /// The chunks of the young generation: all, in a small heap.
    chunks: Cell<*mut Chunk>,
    off_first: Cell<*mut u64>,
    old: Option<Box<Old>>,
    /// Bytes in all young chunks but the newest.
    full: Cell<usize>,
    /// Bytes outside the heap that its objects keep alive.
    off_bytes: Cell<usize>,
    /// When `full` reaches this a collection is due.
    trigger: Cell<usize>,
    off_trigger: Cell<usize>,
    limit: Cell<usize>,
    collections: Cell<u32>,
    /// How many collections in a row gave up off-heap bytes in vain: others hold them too.
    off_in_vain: Cell<u8>,
    due: Cell<bool>,
    wanted: Cell<Wanted>,
    /// STRESS, PINNED and CONDEMNED.
    modes: Cell<u8>,
    /// What goes with vectors that are edited in place, once there have been any.
    attic: OnceCell<Box<Attic>>,
    /// The collected symbols in it, once there have been any.
    counted: OnceCell<Box<Holdings>>,
}

// SAFETY: a heap owns its chunks alone, and what its off-heap objects refer to is Send and Sync.
unsafe impl Send for Heap {}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Heap {
    /// An empty heap. It takes no memory until the first object.
    pub const fn new() -> Heap {
        Heap {
            top: Cell::new(ptr::null_mut()),
            end: Cell::new(ptr::null_mut()),
            chunks: Cell::new(ptr::null_mut()),
            off_first: Cell::new(ptr::null_mut()),
            old: None,
            full: Cell::new(0),
            off_bytes: Cell::new(0),
            trigger: Cell::new(FIRST_TRIGGER),
            off_trigger: Cell::new(OFF_HEAP_FLOOR),
            off_in_vain: Cell::new(0),
            limit: Cell::new(usize::MAX),
            collections: Cell::new(0),
            due: Cell::new(false),
            wanted: Cell::new(Wanted::Any),
            modes: Cell::new(0),
            attic: OnceCell::new(),
            counted: OnceCell::new(),
        }
    }

    /// Where a heap keeps the address of its next free word, for code that allocates inline.
    pub const TOP_OFFSET: usize = std::mem::offset_of!(Heap, top);
    /// Where a heap keeps the address of the end of its free room.
    pub const END_OFFSET: usize = std::mem::offset_of!(Heap, end);
    /// Where a heap keeps the byte that says whether a collection is due.
    pub const DUE_OFFSET: usize = std::mem::offset_of!(Heap, due);

    /// The value of a word at rest.
    ///
    /// The word must be an immediate, or have been taken from a value of this heap and been reported
    /// as a root to every collection since (debug builds check that it points to an object).
    #[inline(always)]
    pub fn value(&self, word: Word) -> Value<'_> {
        #[cfg(debug_assertions)]
        self.check(word);
        Value::new(word)
    }

    /// The values of words at rest; see [`Heap::value`].
    pub fn values<'h, 'w>(&'h self, words: &'w [Word]) -> &'w [Value<'h>] {
        #[cfg(debug_assertions)]
        words.iter().for_each(|&w| self.check(w));
        // SAFETY: a value is a word; these are valid by the contract of `value`.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
    }

    #[cfg(debug_assertions)]
    fn check(&self, word: Word) {
        if word.is_pointer() {
            // SAFETY: by the contract of `value`, this is an object; freed ones are overwritten.
            let header = unsafe { *word.address() };
            assert!(
                header & 1 == 1 && layout::tag_of(header) <= layout::LAST,
                "a stale word {word:?} was turned into a value: it was not traced"
            );
        }
    }

    /// Bytes held by the objects of this heap, garbage and off-heap data included.
    pub fn used_bytes(&self) -> usize {
        self.heap_bytes() + self.off_heap_bytes()
    }

    /// Bytes filled in the heap's own chunks.
    pub fn heap_bytes(&self) -> usize {
        self.young_bytes() + self.old.as_ref().map_or(0, |old| old.bytes())
    }

    fn young_bytes(&self) -> usize {
        self.full.get() + self.filled()
    }

    /// Bytes outside the heap that its objects keep alive.
    pub fn off_heap_bytes(&self) -> usize {
        self.off_bytes.get() + self.symbol_bytes()
    }

    /// Bytes of memory taken from the allocator for chunks, free room included.
    pub fn reserved_bytes(&self) -> usize {
        let old = self.old.as_ref().map_or(0, |old| old.space.get().reserved());
        chunk::reserved(self.chunks.get()) + old
    }

    /// How many collections this heap has seen.
    pub fn collections(&self) -> u32 {
        self.collections.get()
    }

    /// Whether the owner should collect at its next safepoint.
    #[inline(always)]
    pub fn should_collect(&self) -> bool {
        self.due.get()
    }

    /// Asks for a full collection at the next safepoint.
    pub fn request_collection(&self) {
        self.wanted.set(Wanted::Full);
        self.due.set(true);
    }

    fn has_mode(&self, mode: u8) -> bool {
        self.modes.get() & mode != 0
    }

    fn set_mode(&self, mode: u8, on: bool) {
        let others = self.modes.get() & !mode;
        self.modes.set(if on { others | mode } else { others });
    }

    /// Puts off collections (or not any more), for work that holds values from one turn to another.
    pub(crate) fn pin(&self, on: bool) {
        self.set_mode(PINNED, on);
    }

    /// Whether collections are put off.
    pub(crate) fn is_pinned(&self) -> bool {
        self.has_mode(PINNED)
    }

    /// Makes every safepoint a collection, full and minor ones in turn, to find values that are
    /// kept wrongly.
    pub fn set_stress(&self, on: bool) {
        self.set_mode(STRESS, on);
        self.due.set(self.due.get() || on);
    }

    /// Whether every safepoint is a collection.
    pub(crate) fn is_stressed(&self) -> bool {
        self.has_mode(STRESS)
    }

    /// The most bytes this heap may use, as the owner has set it.
    pub fn limit(&self) -> usize {
        self.limit.get()
    }

    /// Sets the most bytes this heap may use. Passing it makes a collection due; if it is still
    /// passed after that, the owner ends the process.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.set(bytes);
        self.due.set(self.due.get() || self.over_limit());
    }

    /// Whether more is used than allowed (garbage included: collect first, then ask again).
    pub fn over_limit(&self) -> bool {
        self.used_bytes() > self.limit.get()
    }

    /// Whether something of so many bytes may be built: natives ask before they build what is as large as an argument says, and
    /// raise otherwise. What is there may be garbage, and is not held against it; but what is larger than the limit by itself
    /// condemns the process.
    pub fn may_build(&self, bytes: usize) -> bool {
        if bytes > isize::MAX as usize / 4 {
            return false;
        }
        let limit = self.limit.get();
        let fits = bytes <= limit && self.used_bytes() <= limit.saturating_mul(2) - bytes;
        self.set_mode(CONDEMNED, self.is_condemned() || !fits);
        fits
    }

    /// Whether the process asked for more than its limit allows: it is to end, whatever catches what was raised.
    pub(crate) fn is_condemned(&self) -> bool {
        self.has_mode(CONDEMNED)
    }

    /// Whether so many more bytes would stay within the limit and are no nonsense.
    pub fn has_room(&self, bytes: usize) -> bool {
        bytes <= isize::MAX as usize / 4
            && self.used_bytes().saturating_add(bytes) <= self.limit.get()
    }

    #[inline(always)]
    fn filled(&self) -> usize {
        let chunk = self.chunks.get();
        if chunk.is_null() {
            return 0;
        }
        // SAFETY: the heap owns its chunks.
        self.top.get() as usize - unsafe { chunk::payload_of(chunk) } as usize
    }

    /// Room for an object of so many words. The caller initialises all of it, at once.
    #[inline(always)]
    pub(crate) fn allocate(&self, words: usize) -> *mut u64 {
        let top = self.top.get();
        if words <= (self.end.get() as usize - top as usize) / 8 {
            // SAFETY: there is room up to `end`, in the same chunk.
            self.top.set(unsafe { top.add(words) });
            top
        } else {
            self.allocate_slow(words)
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, words: usize) -> *mut u64 {
        self.clear_attic();
        assert!(words <= u32::MAX as usize, "an object of {words} words");
        let bytes = words * 8;
        // SAFETY: the heap owns its chunks; payloads are as long as asked for.
        unsafe {
            let newest = self.chunks.get();
            if bytes > LARGE && !newest.is_null() {
                let own = chunk::acquire(bytes);
                let start = chunk::payload_of(own);
                (*own).top = start.add(words);
                (*own).next = (*newest).next;
                (*newest).next = own;
                self.full.set(self.full.get() + bytes);
                self.note_due();
                return start;
            }
            let wish = self.next_chunk();
            self.full.set(self.full.get() + self.filled());
            if !newest.is_null() {
                (*newest).top = self.top.get();
            }
            let chunk = chunk::acquire(bytes.max(wish - chunk::HEAD));
            (*chunk).next = newest;
            self.chunks.set(chunk);
            let start = chunk::payload_of(chunk);
            self.top.set(start.add(words));
            self.end.set(chunk::end_of(chunk));
            self.note_due();
            start
        }
    }

    /// How large the next chunk for small objects should be.
    fn next_chunk(&self) -> usize {
        if self.chunks.get().is_null() && self.old.is_none() {
            return FIRST_CHUNK;
        }
        let used = self.heap_bytes().max(FIRST_CHUNK);
        let young = self.young_bytes();
        // Take what is missing until the next collection, but no more than is in use by now. Should
        // the collection be late, chunks grow again: what is left free in the newest is lost when
        // all that is young becomes old.
        let late =
            if self.old.is_some() { young.saturating_sub(self.trigger.get()) } else { used / 4 };
        let missing = self.trigger.get().saturating_sub(young).max(late);
        missing.min(used * 2).clamp(FIRST_CHUNK, MAX_CHUNK).next_power_of_two()
    }

    fn note_due(&self) {
        if self.full.get() >= self.trigger.get()
            || self.off_bytes.get() >= self.off_trigger.get()
            || self.over_limit()
        {
            self.due.set(true);
        }
    }

    /// Links an object that owns something outside the heap, and charges its bytes.
    ///
    /// # Safety
    /// `object` is a fully written BUFREF or HOST object of this heap, in no list yet.
    unsafe fn link_off_heap(&self, object: *mut u64, bytes: usize) {
        // SAFETY: by contract; the link is the last word of these objects.
        unsafe {
            let link = off_heap_link(object);
            *link = self.off_first.get() as u64;
        }
        self.off_first.set(object);
        self.charge_off_heap(bytes);
    }

    fn charge_off_heap(&self, bytes: usize) {
        self.off_bytes.set(self.off_bytes.get().saturating_add(bytes));
        self.note_due();
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.clear_attic();
        // SAFETY: the heap owns its chunks and the references of its off-heap objects.
        unsafe {
            drop_off_heap(self.off_first.get());
            chunk::release_all(self.chunks.get());
            if let Some(old) = &self.old {
                drop_off_heap(old.off_first.get());
                old.space.get().release();
            }
        }
    }
}

#[cfg(test)]
mod generations;
#[cfg(test)]
mod tests;
