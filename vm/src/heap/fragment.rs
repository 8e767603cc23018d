//! Message fragments: a value copied once by the sender, whose memory the receiver takes over.
//!
//! In: a value of the sending heap. Out: a `Send` box of memory with the copy in it, which is either
//! attached to the receiving heap (its chunks become chunks of that heap, in O(1)) or dropped.
//! An immediate takes no memory at all, a small message one chunk.
#![allow(unsafe_code)]

use super::Heap;
use super::bag::Bag;
use super::chunk::{self, Chunk};
use super::copy::{self, Arena};
use super::counted::{Counted, symbols_in};
use super::layout::{self, Format};
use super::offheap::{drop_off_heap, off_heap_link};
use super::old::Old;
use crate::symbols::{Symbol, any_collected};
use crate::value::{Value, Word};
use std::ptr::{self, NonNull};

/// A message of more bytes becomes part of the old generation without being copied again.
const GROWN_UP: usize = 32 << 10;

/// A message of so many bytes at most is moved into a heap with an old generation.
const MOVED: usize = 256;

/// Where the values of an object begin.
#[inline(always)]
pub(super) fn first_value(header: u64, size: usize) -> usize {
    let tag = layout::tag_of(header);
    match layout::raw_words(tag) {
        layout::ALL_RAW if tag == layout::BUF => {
            let format = Format::of_flags(layout::flags_of(header));
            if format.traced() { 2 } else { size }
        }
        layout::ALL_RAW => size,
        raw => 1 + raw as usize,
    }
}

/// Copies objects that lie one after the other, with each word that may point to one of them as `moved` has it.
///
/// # Safety
/// So many words at `old` are whole objects, and there is room for as many at `new`.
#[inline(always)]
pub(super) unsafe fn relocate(
    old: *mut u64,
    words: usize,
    new: *mut u64,
    moved: impl Fn(Word) -> Word,
) {
    let mut at = 0;
    while at < words {
        // SAFETY: by contract an object begins at `at`, and is as long as its header says.
        unsafe {
            let header = *old.add(at);
            let size = layout::words_of(header);
            let values = at + first_value(header, size);
            for i in at..values {
                *new.add(i) = *old.add(i);
            }
            for i in values..at + size {
                *new.add(i).cast::<Word>() = moved(*old.add(i).cast::<Word>());
            }
            at += size;
        }
    }
}

/// Where a word points when so many words at `old` have been copied to `new`.
#[inline(always)]
fn moved(word: Word, old: *mut u64, words: usize, new: *mut u64) -> Word {
    match word.is_pointer() {
        true if word.address().addr().wrapping_sub(old.addr()) < words * 8 => Word::from_bits(
            word.bits().wrapping_sub(old.addr() as u64).wrapping_add(new.addr() as u64),
        ),
        _ => word,
    }
}

/// Copies objects that point to nothing but one another and static ones.
///
/// # Safety
/// As of [`relocate`].
#[inline(always)]
pub(super) unsafe fn relocate_all(old: *mut u64, words: usize, new: *mut u64) {
    // SAFETY: by contract.
    unsafe { relocate(old, words, new, |word| moved(word, old, words, new)) }
}

/// A value with all it reaches, in memory of its own. Two words, as every message is moved several
/// times on its way.
pub struct Fragment {
    root: Word,
    /// Null for an immediate, the only chunk of a small message, or a boxed `Chunks` (then with the low bit set).
    memory: *mut Chunk,
}

/// What a block is made of.
pub enum Block {
    /// A message.
    Message(Fragment),
    /// Several.
    Bag(Bag),
}

/// What stands in a block where a message has its root, if it is a bag: no value's word ends so.
const BAG: u64 = 0x3f;

/// What stands there for a bag of so many messages and bytes: both are less than a chunk's.
pub(super) fn bag_mark(count: u32, bytes: u32) -> u64 {
    u64::from(bytes) << 32 | u64::from(count) << 6 | BAG
}

/// A fragment's memory.
#[derive(Clone, Copy)]
pub(super) struct Chunks {
    pub(super) first: *mut Chunk,
    pub(super) last: *mut Chunk,
    pub(super) bytes: usize,
    pub(super) off_first: *mut u64,
    pub(super) off_last: *mut u64,
    pub(super) off_bytes: usize,
    /// The collected symbols in it: null, or boxed.
    pub(super) symbols: *mut Counted,
}

impl Chunks {
    fn of(arena: &Arena) -> Chunks {
        Chunks {
            first: arena.first,
            last: arena.last,
            bytes: arena.filled(),
            off_first: arena.off_first,
            off_last: arena.off_last,
            off_bytes: arena.off_bytes,
            symbols: ptr::null_mut(),
        }
    }

    /// Holds the collected symbols in there and in the root.
    #[cold]
    fn hold_symbols(&mut self, root: Word) {
        let mut found: Vec<Symbol> = root.as_collected().into_iter().collect();
        let mut chunk = self.first;
        while !chunk.is_null() {
            // SAFETY: the chunks are linked, and each is filled with objects up to `top`.
            unsafe {
                let from = chunk::payload_of(chunk);
                let words = (*chunk).top.offset_from_unsigned(from);
                symbols_in(from, words, |symbol| found.push(symbol));
                chunk = (*chunk).next;
            }
        }
        if !found.is_empty() {
            self.symbols = Box::into_raw(Box::new(Counted::new(found)));
        }
    }
}

/// Marks a `memory` that is a boxed `Chunks`.
const LARGE: usize = 1;

// SAFETY: a fragment owns its chunks and references alone; what it refers to outside is Send + Sync.
unsafe impl Send for Fragment {}

impl Fragment {
    /// A copy of a value.
    #[inline]
    pub fn copy_of(value: Value<'_>) -> Fragment {
        if !value.word().is_pointer() && value.word().as_collected().is_none() {
            return Fragment { root: value.word(), memory: ptr::null_mut() };
        }
        Fragment::copy_of_object(value)
    }

    fn copy_of_object(value: Value<'_>) -> Fragment {
        loop {
            let mut arena = Arena::new(false);
            if !value.word().is_pointer() {
                return Fragment::of(arena, value.word());
            }
            if let Some((root, _)) = copy::copy_small(&mut arena, value) {
                return Fragment::of(arena, root);
            }
            let copied = copy::copy_into(&mut arena, value);
            let fragment = Fragment::of(arena, copied.unwrap_or(Word::NIL));
            if copied.is_some() {
                return fragment;
            }
        }
    }

    fn of(arena: Arena, root: Word) -> Fragment {
        if !arena.last.is_null() {
            // SAFETY: the arena's chunks are the fragment's now.
            unsafe { (*arena.last).top = arena.top };
        }
        let mut chunks = Chunks::of(&arena);
        if any_collected() {
            chunks.hold_symbols(root);
        }
        Fragment::from_chunks(root, chunks)
    }

    /// What these chunks hold, which it owns from now on.
    #[inline]
    pub(super) fn from_chunks(root: Word, chunks: Chunks) -> Fragment {
        let alone = chunks.first == chunks.last;
        if alone && chunks.off_first.is_null() && chunks.symbols.is_null() {
            return Fragment { root, memory: chunks.first };
        }
        let large = Box::into_raw(Box::new(chunks));
        Fragment { root, memory: large.map_addr(|at| at | LARGE).cast() }
    }

    #[inline]
    fn large(&self) -> Option<*mut Chunks> {
        let is_large = self.memory.addr() & LARGE != 0;
        is_large.then(|| self.memory.map_addr(|at| at & !LARGE).cast())
    }

    /// Its memory; null pointers for an immediate.
    #[inline]
    pub(super) fn chunks(&self) -> Chunks {
        if let Some(large) = self.large() {
            // SAFETY: the fragment owns it.
            return unsafe { *large };
        }
        let chunk = self.memory;
        let bytes = match chunk.is_null() {
            true => 0,
            // SAFETY: the fragment owns the chunk, whose `top` was set when it was filled.
            false => unsafe { (*chunk).top as usize - chunk::payload_of(chunk) as usize },
        };
        let (off_first, off_last) = (ptr::null_mut(), ptr::null_mut());
        let symbols = ptr::null_mut();
        Chunks { first: chunk, last: chunk, bytes, off_first, off_last, off_bytes: 0, symbols }
    }

    /// The value inside, as long as the fragment is not attached or dropped.
    #[inline]
    pub fn value(&self) -> Value<'_> {
        Value::new(self.root)
    }

    /// The fragment and a word of the caller's as one block that begins with a word free to link blocks by: most
    /// small messages have room for that in their chunk. Otherwise the fragment comes back.
    #[inline]
    pub fn into_block(self, word: u64) -> Result<NonNull<u64>, Fragment> {
        let chunk = self.memory;
        if chunk.is_null() || chunk.addr() & LARGE != 0 {
            return Err(self);
        }
        // SAFETY: the fragment owns the chunk; nobody knows what lies between `top` and its end. The first word
        // of a chunk links chunks, and this one is alone.
        unsafe {
            let end = chunk::end_of(chunk);
            if (end as usize - (*chunk).top as usize) < 16 {
                return Err(self);
            }
            *end.sub(2) = self.root.bits();
            *end.sub(1) = word;
            std::mem::forget(self);
            Ok(NonNull::new_unchecked(chunk.cast()))
        }
    }

    /// The fragment, or the bag, and the word that a block was made of.
    ///
    /// # Safety
    /// It was made by `into_block`, here or of a bag, and is not used again.
    #[inline]
    pub unsafe fn from_block(block: NonNull<u64>) -> (Block, u64) {
        let chunk: *mut Chunk = block.as_ptr().cast();
        // SAFETY: by contract it is a chunk with these two words at its end.
        unsafe {
            (*chunk).next = ptr::null_mut();
            let end = chunk::end_of(chunk);
            let (root, word) = (*end.sub(2), *end.sub(1));
            let block = match root & BAG == BAG {
                true => {
                    let (count, bytes) = ((root as u32) >> 6, (root >> 32) as u32);
                    Block::Bag(Bag::from_chunk(chunk, count, bytes))
                }
                false => Block::Message(Fragment { root: Word::from_bits(root), memory: chunk }),
            };
            (block, word)
        }
    }

    /// Has the collected symbols in it kept for ever: what it holds becomes static.
    pub(super) fn keep_symbols(&self) {
        // SAFETY: the fragment owns what its chunks refer to.
        if let Some(symbols) = unsafe { self.chunks().symbols.as_ref() } {
            symbols.symbols.iter().for_each(|symbol| {
                symbol.lasting_text();
            });
        }
    }

    /// Bytes it takes, those outside that it keeps alive included.
    #[inline]
    pub fn bytes(&self) -> usize {
        let chunks = self.chunks();
        // SAFETY: the fragment owns what its chunks refer to.
        let symbols = unsafe { chunks.symbols.as_ref() }.map_or(0, |symbols| symbols.bytes);
        chunks.bytes + chunks.off_bytes + symbols
    }
}

impl Drop for Fragment {
    #[inline]
    fn drop(&mut self) {
        if self.memory.is_null() {
            return;
        }
        let chunks = self.chunks();
        // SAFETY: the fragment owns its chunks, the references in them, and what says so.
        unsafe {
            drop_off_heap(chunks.off_first);
            chunk::release_all(chunks.first);
            if !chunks.symbols.is_null() {
                drop(Box::from_raw(chunks.symbols));
            }
            if let Some(large) = self.large() {
                drop(Box::from_raw(large));
            }
        }
    }
}

impl Heap {
    /// A copy of a value of another heap, made here, and its bytes: if it is an immediate or small. Others come
    /// as fragments.
    #[inline]
    pub fn copy_in(&self, value: Value<'_>) -> Option<(Value<'_>, usize)> {
        if !value.word().is_pointer() {
            if let Some(symbol) = value.word().as_collected() {
                self.hold([symbol]);
            }
            return Some((Value::new(value.word()), 0));
        }
        let (root, words) = copy::copy_small(&mut &*self, value)?;
        // SAFETY: the root is the first of the objects copied, which lie one after the other.
        unsafe { self.hold_those_in(root.address(), words) };
        Some((Value::new(root), words * 8))
    }

    /// Takes over a fragment's memory, or what is in it if that is little; returns its value, now of this heap.
    #[inline]
    pub fn attach(&self, fragment: Fragment) -> Value<'_> {
        let fragment = std::mem::ManuallyDrop::new(fragment);
        if !fragment.memory.is_null() {
            // A small heap is collected soon. In a larger one, chunks of so little would make long lists.
            let listed = self.old.is_some() && !self.chunks.get().is_null();
            if listed && fragment.large().is_none() {
                let bytes = fragment.chunks().bytes;
                if bytes <= MOVED {
                    // SAFETY: the fragment is not dropped, and all it has is this chunk.
                    return Value::new(unsafe { self.move_in(&fragment, bytes) });
                }
            }
            let chunks = fragment.chunks();
            if !chunks.first.is_null() {
                self.attach_chunks(&chunks);
            }
            if !chunks.symbols.is_null() {
                // SAFETY: the fragment owned it, and is not dropped.
                let counted = unsafe { Box::from_raw(chunks.symbols) };
                self.hold(counted.symbols.iter().copied());
            }
            if let Some(large) = fragment.large() {
                // SAFETY: the fragment owned it, and is not dropped.
                drop(unsafe { Box::from_raw(large) });
            }
        }
        Value::new(fragment.root)
    }

    /// Moves a fragment's objects here and gives its chunk, which the cache still has, to the next message.
    ///
    /// # Safety
    /// The fragment is one chunk with so many bytes of objects, and is not used again.
    #[inline]
    unsafe fn move_in(&self, fragment: &Fragment, bytes: usize) -> Word {
        // SAFETY: by contract the chunk's payload is filled with whole objects that point to one another or to
        // static ones.
        unsafe {
            let old = chunk::payload_of(fragment.memory);
            let root = self.copy_over(old, bytes / 8, fragment.root);
            chunk::release(fragment.memory);
            root
        }
    }

    /// Copies objects that lie one after the other, and tells the root's word.
    ///
    /// # Safety
    /// So many words, at least one, are whole objects that point to one another or to static ones; the root points to one of
    /// them, and to the only one if it is alone.
    #[inline]
    pub(super) unsafe fn copy_over(&self, old: *mut u64, words: usize, root: Word) -> Word {
        let new = self.allocate(words);
        // SAFETY: by contract, and `new` has room for them.
        unsafe {
            if layout::words_of(*old) == words {
                // One object has no other to point to.
                for i in 0..words {
                    *new.add(i) = *old.add(i);
                }
                return Word::from_bits(new as u64 | (root.bits() & 7));
            }
            relocate_all(old, words, new);
            moved(root, old, words, new)
        }
    }

    fn attach_chunks(&self, fragment: &Chunks) {
        if let Some(old) = &self.old
            && fragment.bytes >= GROWN_UP
        {
            return self.adopt_chunks(old, fragment);
        }
        self.attach_young(fragment);
    }

    /// Takes over what has been made in the attic.
    pub(super) fn clear_attic(&self) {
        let Some(attic) = self.attic.get() else { return };
        if !attic.heap.chunks.get().is_null() {
            self.attach_young(&attic.heap.give_up());
        }
    }

    /// Its memory, which is no longer its own; all of it young.
    #[cold]
    fn give_up(&self) -> Chunks {
        let (first, off_first) =
            (self.chunks.replace(ptr::null_mut()), self.off_first.replace(ptr::null_mut()));
        let (mut last, mut off_last) = (first, off_first);
        let bytes = self.full.take();
        let (off_bytes, symbols) = (self.off_bytes.take(), ptr::null_mut());
        let mut chunks = Chunks { first, last, bytes, off_first, off_last, off_bytes, symbols };
        // SAFETY: the heap owned the chunks and objects in its lists.
        unsafe {
            (*first).top = self.top.get();
            chunks.bytes += (*first).top as usize - chunk::payload_of(first) as usize;
            while !(*last).next.is_null() {
                last = (*last).next;
            }
            while !off_last.is_null() && *off_heap_link(off_last) != 0 {
                off_last = *off_heap_link(off_last) as *mut u64;
            }
        }
        (chunks.last, chunks.off_last) = (last, off_last);
        self.top.set(ptr::null_mut());
        self.end.set(ptr::null_mut());
        chunks
    }

    fn attach_young(&self, fragment: &Chunks) {
        // SAFETY: the fragment's chunks and off-heap objects go over to this heap.
        unsafe {
            let newest = self.chunks.get();
            if newest.is_null() {
                // The last chunk comes first in the heap's list, with its free room.
                if fragment.first == fragment.last {
                    self.chunks.set(fragment.first);
                    self.top.set((*fragment.first).top);
                    self.end.set(chunk::end_of(fragment.first));
                } else {
                    let own = chunk::acquire(0);
                    (*own).next = fragment.first;
                    self.chunks.set(own);
                    self.top.set(chunk::payload_of(own));
                    self.end.set(chunk::end_of(own));
                    self.full.set(self.full.get() + fragment.bytes);
                }
            } else {
                (*fragment.last).next = (*newest).next;
                (*newest).next = fragment.first;
                self.full.set(self.full.get() + fragment.bytes);
            }
            if !fragment.off_first.is_null() {
                *off_heap_link(fragment.off_last) = self.off_first.get() as u64;
                self.off_first.set(fragment.off_first);
            }
        }
        self.charge_off_heap(fragment.off_bytes);
    }

    /// Makes a large fragment part of the old generation as it is.
    fn adopt_chunks(&self, old: &Old, fragment: &Chunks) {
        // SAFETY: as in `attach_chunks`; what is in a fragment points to nothing outside of it.
        unsafe {
            old.adopt(fragment.first, fragment.last, fragment.bytes);
            if !fragment.off_first.is_null() {
                *off_heap_link(fragment.off_last) = old.off_first.get() as u64;
                old.off_first.set(fragment.off_first);
                old.off_bytes.set(old.off_bytes.get() + fragment.off_bytes);
            }
        }
        if old.bytes() >= old.full_at {
            self.due.set(true);
        }
        self.charge_off_heap(fragment.off_bytes);
    }
}
