//! A value kept outside all heaps, which any number of threads may read and copy at the same time.
//!
//! In: a value. Out: a [`Stored`], and as many copies of it as are wanted: in a heap, or as messages.
//!
//! A copy of a message marks what it has met in the source (`copy.rs`), so only one thread may make one at a
//! time. What is stored lies in a few ranges of memory, one object after the other, and nobody writes to them
//! any more: a copy is one pass over the ranges, which moves pointers by as much as their targets are moved.
//! It needs no marks, and costs little more than the copying of bytes.
#![allow(unsafe_code)]
// Invariant: nothing in a `Stored` is written after it was made, and its value is not handed out.

use super::counted::Counted;
use super::fragment::{Chunks, relocate};
use super::offheap::{off_heap_link, referent_bytes};
use super::{Fragment, Heap, chunk, host, layout, shared};
use crate::compare::strict_eq;
use crate::data::map::same_key;
use crate::hash::hash;
use crate::value::{Value, Word};
use smallvec::SmallVec;
use std::ptr;

/// A range of memory full of objects, and where in a copy these lie.
#[derive(Clone, Copy)]
struct Range {
    from: *mut u64,
    bytes: usize,
    at: usize,
}

/// See the module's description.
pub struct Stored {
    fragment: Fragment,
    /// By address.
    ranges: SmallVec<[Range; 1]>,
    bytes: usize,
    off_first: *mut u64,
}

// SAFETY: a stored value is only read, and what it refers to outside is Send + Sync.
unsafe impl Send for Stored {}
// SAFETY: as above.
unsafe impl Sync for Stored {}

/// A copy of so many bytes at most is made among a heap's other objects; a larger one stays in a chunk of its own.
const AMONG_OTHERS: usize = 2048;

impl Stored {
    /// A value, kept.
    pub fn new(value: Value<'_>) -> Stored {
        Stored::of(Fragment::copy_of(value))
    }

    /// A message, kept.
    pub fn of(fragment: Fragment) -> Stored {
        let Chunks { mut first, off_first, .. } = fragment.chunks();
        let mut ranges: SmallVec<[Range; 1]> = SmallVec::new();
        let mut bytes = 0;
        while !first.is_null() {
            // SAFETY: the fragment owns its chunks, which are linked and each filled up to `top`.
            unsafe {
                let from = chunk::payload_of(first);
                let filled = (*first).top as usize - from as usize;
                let range = Range { from, bytes: filled, at: bytes };
                bytes += range.bytes;
                ranges.push(range);
                first = (*first).next;
            }
        }
        ranges.sort_unstable_by_key(|range| range.from);
        Stored { fragment, ranges, bytes, off_first }
    }

    /// The bytes it takes, those outside that it keeps alive included.
    pub fn bytes(&self) -> usize {
        self.fragment.bytes()
    }

    /// The hash of the value: that of all values equal to it.
    pub fn hash(&self) -> u64 {
        hash(self.fragment.value())
    }

    /// Whether it is this value.
    pub fn is(&self, value: Value<'_>) -> bool {
        strict_eq(self.fragment.value(), value)
    }

    /// Whether this value is the same key, in a map.
    pub fn is_key(&self, value: Value<'_>) -> bool {
        same_key(self.fragment.value(), value, false)
    }

    /// A small int, if it is one.
    pub fn as_small(&self) -> Option<i64> {
        self.fragment.value().as_small()
    }

    /// A copy, as a message.
    pub fn to_fragment(&self) -> Fragment {
        if self.bytes == 0 {
            return Fragment::copy_of(self.fragment.value());
        }
        // SAFETY: the chunk is new and has room for what is copied.
        unsafe {
            let new = chunk::acquire(self.bytes);
            let to = chunk::payload_of(new);
            (*new).top = to.byte_add(self.bytes);
            let root = self.copy_to(to);
            let (mut off_first, mut off_last) = (ptr::null_mut::<u64>(), ptr::null_mut());
            let mut off_bytes = 0;
            self.each_owner(to, |object| {
                *off_heap_link(object) = off_first as u64;
                if off_first.is_null() {
                    off_last = object;
                }
                off_first = object;
                off_bytes += referent_bytes(object);
            });
            let bytes = self.bytes;
            let copy = |counted: &Counted| Box::into_raw(Box::new(counted.clone()));
            let symbols = self.symbols().map_or(ptr::null_mut(), copy);
            let (first, last) = (new, new);
            let chunks = Chunks { first, last, bytes, off_first, off_last, off_bytes, symbols };
            Fragment::from_chunks(root, chunks)
        }
    }

    /// The collected symbols in it.
    fn symbols(&self) -> Option<&Counted> {
        // SAFETY: the fragment owns it.
        unsafe { self.fragment.chunks().symbols.as_ref() }
    }

    /// Where in a copy at `to` lies what lies there in the original.
    fn moved(&self, at: usize, to: *mut u64) -> Option<*mut u64> {
        let above = self.ranges.partition_point(|range| range.from.addr() <= at);
        let range = self.ranges.get(above.checked_sub(1)?)?;
        let offset = at - range.from.addr();
        (offset < range.bytes).then(|| to.wrapping_byte_add(range.at + offset))
    }

    /// Copies everything to `to` and tells the root's word. What the copy owns outside it does not own yet.
    ///
    /// # Safety
    /// There is room for all of it.
    unsafe fn copy_to(&self, to: *mut u64) -> Word {
        let moved = |word: Word| match word.is_pointer() {
            true => match self.moved(word.address().addr(), to) {
                Some(new) => Word::from_bits(new as u64 | (word.bits() & 7)),
                None => word,
            },
            false => word,
        };
        for range in &self.ranges {
            // SAFETY: the range is full of objects, and there is room by contract.
            unsafe { relocate(range.from, range.bytes / 8, to.byte_add(range.at), moved) };
        }
        moved(self.fragment.value().word())
    }

    /// Makes each object of the copy at `to` that refers to something outside own a reference, and tells of it.
    ///
    /// # Safety
    /// Everything has been copied there.
    unsafe fn each_owner(&self, to: *mut u64, mut tell: impl FnMut(*mut u64)) {
        let mut source = self.off_first;
        while !source.is_null() {
            // SAFETY: the list is intact, and the copy's words are those of the source.
            unsafe {
                let next = *off_heap_link(source) as *mut u64;
                let object = self.moved(source.addr(), to).expect("it lies in a range");
                match layout::tag_of(*object) {
                    layout::BUFREF => (*(*object.add(1) as *mut shared::SharedBuf)).retain(),
                    _ => host::retain(object),
                }
                tell(object);
                source = next;
            }
        }
    }
}

impl Heap {
    /// A copy of a stored value.
    pub fn copy_of_stored(&self, stored: &Stored) -> Value<'_> {
        if let Some(symbols) = stored.symbols()
            && stored.bytes <= AMONG_OTHERS
        {
            self.hold(symbols.symbols.iter().copied());
        }
        if stored.bytes == 0 {
            return Value::new(stored.fragment.value().word());
        }
        if stored.bytes > AMONG_OTHERS {
            return self.attach(stored.to_fragment());
        }
        let to = self.allocate(stored.bytes / 8);
        // SAFETY: there is room; the objects are new, and in no list yet.
        unsafe {
            let root = stored.copy_to(to);
            stored.each_owner(to, |object| self.link_off_heap(object, referent_bytes(object)));
            Value::new(root)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::vector_of;
    use crate::inspect::inspect;
    use std::sync::Arc;
    use std::thread;

    /// Values of all sorts and sizes.
    fn each_value(test: impl Fn(Value<'_>)) {
        let heap = Heap::new();
        let long = heap.string(&"long text ".repeat(1000));
        let floats: Vec<Value<'_>> = (0..5000).map(|n| heap.float(f64::from(n))).collect();
        let floats = vector_of(&heap, &floats);
        let words: Vec<Value<'_>> = (0..40_000)
            .map(|n| heap.list(&[Value::count(n), heap.string(&n.to_string())]))
            .collect();
        let words = vector_of(&heap, &words);
        let mut deep = Value::NIL;
        for n in 0..100_000 {
            deep = heap.list(&[Value::count(n), deep]);
        }
        let shared = heap.list(&[long, long, floats]);
        let values =
            [Value::count(7), heap.string("short"), long, floats, words, deep, shared, Value::TRUE];
        values.into_iter().for_each(test);
    }

    #[test]
    fn copies_are_equal() {
        each_value(|value| {
            let stored = Stored::new(value);
            assert_eq!(stored.hash(), hash(value));
            assert!(stored.is(value));
            let heap = Heap::new();
            let copy = heap.copy_of_stored(&stored);
            assert!(strict_eq(copy, value));
            let fragment = stored.to_fragment();
            drop(stored);
            // Both live on by themselves.
            assert!(strict_eq(fragment.value(), value) && strict_eq(copy, value));
            assert_eq!(inspect(copy).len(), inspect(value).len());
        });
    }

    #[test]
    fn many_threads_copy_at_once() {
        each_value(|value| {
            let stored = Arc::new(Stored::new(value));
            let size = inspect(value).len();
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let stored = Arc::clone(&stored);
                    thread::spawn(move || {
                        for _ in 0..5 {
                            let heap = Heap::new();
                            assert_eq!(inspect(heap.copy_of_stored(&stored)).len(), size);
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|t| t.join().unwrap());
        });
    }
}
