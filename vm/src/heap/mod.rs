//! The heap of one process: bump allocation over linked chunks, and its accounting.
//!
//! In: requests for objects. Out: branded values that borrow the heap.
//!
//! # The model
//! A heap is a list of chunks, newest first; objects are bumped into the newest. Allocation takes
//! `&Heap`, never collects and never moves anything: when a chunk is full another is taken, and when
//! enough has been allocated since the last collection the heap notes that one is due. The owner
//! asks [`Heap::should_collect`] at its safepoints and then calls [`Heap::collect`] with `&mut`, at
//! which time no [`Value`] of this heap can exist (they borrow it); every word at rest is reported as
//! a root and updated. So no rooting mistake compiles, except a word not reported: see `value.rs`.
//!
//! Objects that own something outside the heap (counted buffers, host objects) are linked in one
//! list per heap, which a collection sweeps; their bytes are charged to the heap.
//!
//! # What a generational version will find here
//! New objects never point to newer chunks except through the claims of vector buffers (a write to
//! an older object). Those are the only writes after initialisation, all in `buf.rs`.
#![allow(unsafe_code)]

pub(crate) mod buf;
mod chunk;
mod collect;
mod copy;
mod fragment;
mod frozen;
mod host;
pub mod layout;
mod make;
mod object;
mod offheap;
pub(crate) mod shared;

pub use fragment::Fragment;
pub use frozen::{freeze, frozen_bytes};
pub use host::{HostObject, HostRef};
pub(crate) use object::{Obj, StaticObject, trusted_text};

use crate::value::{Value, Word};
use chunk::Chunk;
use offheap::{drop_off_heap, off_heap_link};
use std::cell::Cell;
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

/// The memory of one process.
#[repr(C)]
pub struct Heap {
    top: Cell<*mut u64>,
    end: Cell<*mut u64>,
    chunks: Cell<*mut Chunk>,
    off_first: Cell<*mut u64>,
    /// Bytes in all chunks but the newest.
    full: Cell<usize>,
    /// Bytes outside the heap that its objects keep alive.
    off_bytes: Cell<usize>,
    /// When `full` reaches this a collection is due.
    trigger: Cell<usize>,
    off_trigger: Cell<usize>,
    limit: Cell<usize>,
    collections: Cell<u32>,
    due: Cell<bool>,
    stress: Cell<bool>,
    /// Something that is to go on later holds values: nothing may be moved.
    pinned: Cell<bool>,
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
            full: Cell::new(0),
            off_bytes: Cell::new(0),
            trigger: Cell::new(FIRST_TRIGGER),
            off_trigger: Cell::new(OFF_HEAP_FLOOR),
            limit: Cell::new(usize::MAX),
            collections: Cell::new(0),
            due: Cell::new(false),
            stress: Cell::new(false),
            pinned: Cell::new(false),
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
                header & 1 == 1 && layout::tag_of(header) <= layout::HOST,
                "a stale word {word:?} was turned into a value: it was not traced"
            );
        }
    }

    /// Bytes held by the objects of this heap, garbage and off-heap data included.
    pub fn used_bytes(&self) -> usize {
        self.heap_bytes() + self.off_bytes.get()
    }

    /// Bytes filled in the heap's own chunks.
    pub fn heap_bytes(&self) -> usize {
        self.full.get() + self.filled()
    }

    /// Bytes outside the heap that its objects keep alive.
    pub fn off_heap_bytes(&self) -> usize {
        self.off_bytes.get()
    }

    /// Bytes of memory taken from the allocator for chunks, free room included.
    pub fn reserved_bytes(&self) -> usize {
        let mut total = 0;
        let mut chunk = self.chunks.get();
        while !chunk.is_null() {
            // SAFETY: the heap owns its chunks.
            unsafe {
                total += (*chunk).bytes;
                chunk = (*chunk).next;
            }
        }
        total
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

    /// Puts the next collection off until so many more bytes have been allocated. For an owner whose
    /// roots take long to look through: the more of them there are, the rarer collections should be.
    pub fn postpone(&self, bytes: usize) {
        self.trigger.set(self.trigger.get().max(self.heap_bytes().saturating_add(bytes)));
    }

    /// Asks for a collection at the next safepoint.
    pub fn request_collection(&self) {
        self.due.set(true);
    }

    /// Puts off collections (or not any more), for work that holds values from one turn to another.
    pub(crate) fn pin(&self, on: bool) {
        self.pinned.set(on);
    }

    /// Makes every safepoint a collection, to find values that are kept wrongly.
    pub fn set_stress(&self, on: bool) {
        self.stress.set(on);
        self.due.set(self.due.get() || on);
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

    /// Whether so many more bytes would stay within the limit and are no nonsense: natives ask
    /// before they build something whose size is an argument.
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
        if self.chunks.get().is_null() {
            return FIRST_CHUNK;
        }
        let used = self.heap_bytes().max(FIRST_CHUNK);
        // Take what is missing until the next collection, but no more than is in use by now.
        let missing = self.trigger.get().saturating_sub(used).max(used / 4);
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
        // SAFETY: the heap owns its chunks and the references of its off-heap objects.
        unsafe {
            drop_off_heap(self.off_first.get());
            let mut chunk = self.chunks.get();
            while !chunk.is_null() {
                chunk = chunk::release(chunk);
            }
        }
    }
}

#[cfg(test)]
mod tests;
