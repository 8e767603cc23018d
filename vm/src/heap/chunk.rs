//! Chunks of memory for heaps and fragments, recycled by size class per thread.
//!
//! In: a number of payload bytes. Out: a chunk with at least that much room, taken from this
//! thread's pool if it has one. A fresh mapping per collection costs several times the collection,
//! so freed chunks are kept (up to a cap) for the next one that asks. Those that nobody asks for go back to the
//! allocator: about once a second a worker frees as many as were never taken since the last time.
//!
//! Invariant: a chunk is owned by exactly one list (of a heap, a fragment, a pool); `release` gives
//! up ownership. Nothing in a released chunk is read again, except by the pool its first word.
#![allow(unsafe_code)]

use super::shared::spare;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The head of a chunk; its payload follows.
#[repr(C)]
pub(crate) struct Chunk {
    /// The chunk filled before this one.
    pub(crate) next: *mut Chunk,
    /// Where the filled part ends, once another chunk has taken over.
    pub(crate) top: *mut u64,
    /// Size in bytes, this head included.
    pub(crate) bytes: usize,
}

/// Bytes of a chunk that are no payload.
pub(crate) const HEAD: usize = size_of::<Chunk>();
/// Size classes are powers of two, from this exponent …
const MIN_CLASS: u32 = 6;
/// … to this one; larger chunks go back to the allocator at once.
const MAX_CLASS: u32 = 20;
const CLASSES: usize = (MAX_CLASS - MIN_CLASS + 1) as usize;
/// How many bytes a pool may hold of one class.
const CLASS_CAP: usize = 1 << 21;
/// How many chunks a pool may hold of one class.
const COUNT_CAP: usize = 4096;

struct Pool {
    free: [Cell<*mut Chunk>; CLASSES],
    count: [Cell<u32>; CLASSES],
    /// The fewest that there were since the pool was trimmed: so many were not needed.
    unused: [Cell<u32>; CLASSES],
}

thread_local! {
    static POOL: Pool = const {
        Pool {
            free: [const { Cell::new(ptr::null_mut()) }; CLASSES],
            count: [const { Cell::new(0) }; CLASSES],
            unused: [const { Cell::new(0) }; CLASSES],
        }
    };
}

impl Pool {
    fn bytes(&self) -> usize {
        let of_class = |(class, count): (usize, &Cell<u32>)| (count.get() as usize) << class;
        self.count.iter().enumerate().map(of_class).sum::<usize>() << MIN_CLASS
    }

    /// Frees the chunks that were not needed since the last time.
    fn trim(&self) {
        for class in 0..CLASSES {
            for _ in 0..self.unused[class].get() {
                // SAFETY: there were at least so many all the time; they are owned by the pool, and linked by `next`.
                self.free[class].set(unsafe { free(self.free[class].get()) });
            }
            let left = self.count[class].get() - self.unused[class].get();
            self.count[class].set(left);
            self.unused[class].set(left);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.unused.clone_from(&self.count);
        self.trim();
    }
}

fn layout(bytes: usize) -> Layout {
    // A size beyond isize::MAX cannot be had; it is reported as an allocation failure.
    Layout::from_size_align(bytes, 16).unwrap_or_else(|_| handle_alloc_error(Layout::new::<u64>()))
}

/// The size of the chunk that `acquire` gives for this payload.
fn rounded(payload: usize) -> usize {
    let bytes = payload.saturating_add(HEAD).max(1 << MIN_CLASS);
    if bytes <= 1 << MAX_CLASS {
        bytes.next_power_of_two()
    } else {
        bytes.checked_next_multiple_of(4096).unwrap_or(usize::MAX)
    }
}

/// A chunk with room for at least `payload` bytes.
#[inline]
pub(crate) fn acquire(payload: usize) -> *mut Chunk {
    let bytes = rounded(payload);
    let class = bytes.trailing_zeros().wrapping_sub(MIN_CLASS) as usize;
    if bytes <= 1 << MAX_CLASS {
        let pooled = POOL.try_with(|pool| {
            let chunk = pool.free[class].get();
            if !chunk.is_null() {
                // SAFETY: the pool owns the chunk; its head is intact.
                pool.free[class].set(unsafe { (*chunk).next });
                let left = pool.count[class].get() - 1;
                pool.count[class].set(left);
                if left < pool.unused[class].get() {
                    pool.unused[class].set(left);
                }
            }
            chunk
        });
        if let Ok(chunk) = pooled
            && !chunk.is_null()
        {
            // SAFETY: we own it now; only `next` was used by the pool.
            unsafe { (*chunk).next = ptr::null_mut() };
            return chunk;
        }
    }
    // SAFETY: the layout's size is not zero.
    unsafe {
        let chunk = alloc(layout(bytes)).cast::<Chunk>();
        if chunk.is_null() {
            handle_alloc_error(layout(bytes));
        }
        chunk.write(Chunk { next: ptr::null_mut(), top: payload_of(chunk), bytes });
        chunk
    }
}

/// Gives a chunk back; returns the one it was linked to.
///
/// # Safety
/// The caller owns the chunk and uses nothing in it afterwards.
#[inline]
pub(crate) unsafe fn release(chunk: *mut Chunk) -> *mut Chunk {
    // SAFETY: the caller owns the chunk.
    unsafe {
        let next = (*chunk).next;
        let bytes = (*chunk).bytes;
        if cfg!(debug_assertions) {
            // Whoever reads a stale pointer shall find nonsense, not an old object.
            ptr::write_bytes(payload_of(chunk).cast::<u8>(), 0xDA, bytes - HEAD);
        }
        if bytes <= 1 << MAX_CLASS {
            let class = (bytes.trailing_zeros() - MIN_CLASS) as usize;
            let kept = POOL.try_with(|pool| {
                let count = pool.count[class].get() as usize;
                if count >= COUNT_CAP || (count + 1) * bytes > CLASS_CAP {
                    return false;
                }
                (*chunk).next = pool.free[class].get();
                pool.free[class].set(chunk);
                pool.count[class].set(count as u32 + 1);
                true
            });
            if kept == Ok(true) {
                return next;
            }
        }
        free(chunk);
        next
    }
}

/// Gives back all chunks linked from this one on.
///
/// # Safety
/// As for [`release`].
pub(crate) unsafe fn release_all(mut chunk: *mut Chunk) {
    while !chunk.is_null() {
        // SAFETY: by contract.
        chunk = unsafe { release(chunk) };
    }
}

/// The size of all chunks linked from this one on.
pub(crate) fn reserved(mut chunk: *mut Chunk) -> usize {
    let mut total = 0;
    while !chunk.is_null() {
        // SAFETY: whoever holds a list of chunks owns them.
        unsafe {
            total += (*chunk).bytes;
            chunk = (*chunk).next;
        }
    }
    total
}

/// Frees a chunk for good; returns the one it was linked to.
unsafe fn free(chunk: *mut Chunk) -> *mut Chunk {
    // SAFETY: the caller owns the chunk, which was allocated with this layout.
    unsafe {
        let next = (*chunk).next;
        note_freed((*chunk).bytes);
        dealloc(chunk.cast(), layout((*chunk).bytes));
        next
    }
}

/// Blocks of so many bytes are counted when they are freed.
const LARGE_BLOCK: usize = 1 << 20;
/// When so many bytes of them have been freed …
const WORTH_A_LOOK: usize = 8 << 20;
/// … since this was reset, the allocator is owed a look.
static FREED: AtomicUsize = AtomicUsize::new(0);

/// A block of so many bytes goes back to the allocator.
#[inline]
pub(super) fn note_freed(bytes: usize) {
    if bytes >= LARGE_BLOCK {
        FREED.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A pool with fewer bytes than this may stay as it is.
const SMALL_POOL: usize = 128 << 10;

/// Whether much memory has been freed that this thread or the allocator may hold on to: the latter returns pages to the
/// system after a while, but only when it is called again. See [`return_memory`].
pub fn may_hold_memory() -> bool {
    spare::any()
        || POOL.try_with(Pool::bytes).is_ok_and(|bytes| bytes >= SMALL_POOL)
        || FREED.load(Ordering::Relaxed) >= WORTH_A_LOOK
}

/// Frees the chunks that this thread keeps and has not needed since the last time. For a thread that works; to be called
/// now and then.
pub fn trim() {
    // A thread that ends has freed all.
    let _ = POOL.try_with(Pool::trim);
}

/// Calls the allocator, so that it returns what was freed a while ago. For a thread that is about to
/// sleep.
pub fn return_memory() {
    spare::clear();
    trim();
    FREED.store(0, Ordering::Relaxed);
    // SAFETY: the layout's size is not zero; nothing is done with the block.
    unsafe {
        let block = std::hint::black_box(alloc(layout(LARGE_BLOCK)));
        if !block.is_null() {
            dealloc(block, layout(LARGE_BLOCK));
        }
    }
}

/// Where the payload of a chunk begins.
#[inline(always)]
pub(crate) unsafe fn payload_of(chunk: *mut Chunk) -> *mut u64 {
    // SAFETY: every chunk is at least HEAD bytes long.
    unsafe { chunk.cast::<u8>().add(HEAD).cast() }
}

/// Where a chunk ends.
#[inline(always)]
pub(crate) unsafe fn end_of(chunk: *mut Chunk) -> *mut u64 {
    // SAFETY: a chunk is `bytes` long.
    unsafe { chunk.cast::<u8>().add((*chunk).bytes).cast() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_recycled_within_a_thread() {
        std::thread::spawn(|| {
            let a = acquire(300);
            // SAFETY: we own `a`, and then `b`.
            unsafe {
                assert_eq!((*a).bytes, 512);
                release(a);
                let b = acquire(400);
                assert_eq!(a, b);
                release(b);
            }
        })
        .join()
        .unwrap();
    }

    #[test]
    fn chunks_that_are_not_needed_are_freed() {
        std::thread::spawn(|| {
            let held = || POOL.with(Pool::bytes);
            let chunks: Vec<_> = (0..1000).map(|_| acquire(1000)).collect();
            assert_eq!(held(), 0);
            // SAFETY: we own them.
            chunks.into_iter().for_each(|chunk| unsafe {
                release(chunk);
            });
            assert_eq!(held(), 1000 << 10);
            assert!(may_hold_memory());
            // A moment ago they were needed.
            trim();
            assert_eq!(held(), 1000 << 10);
            let needed: Vec<_> = (0..300).map(|_| acquire(1000)).collect();
            // SAFETY: as above.
            needed.into_iter().for_each(|chunk| unsafe {
                release(chunk);
            });
            trim();
            assert_eq!(held(), 300 << 10);
            trim();
            assert_eq!(held(), 0);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn large_chunks_are_not_rounded_to_a_power() {
        let chunk = acquire(3 << 20);
        // SAFETY: we own it.
        unsafe {
            assert_eq!((*chunk).bytes, (3 << 20) + 4096);
            release(chunk);
        }
    }
}
