//! A copying heap. Enters: allocation requests and, at a safepoint, a closure
//! that visits every root; leaves: pairs, and roots rewritten to the new space.
//! Allocation never collects: a full chunk is followed by another, and the
//! collection is only asked for. Old spaces are poisoned so that a root the
//! collector missed is caught by the header check at the next use.

use crate::native::Ctx;
use crate::word::{PAIR_BYTES, PAIR_HEADER, Word};

/// What dead memory is filled with.
pub const POISON: u64 = 0xDEAD_DEAD_DEAD_DEAD;

/// The heap of one process; the bump pointer itself lives in [`Ctx`].
#[derive(Default)]
pub struct Heap {
    chunks: Vec<Box<[u64]>>,
    bytes: usize,
    threshold: usize,
    /// Dead spaces kept poisoned for a while instead of being reused at once.
    quarantine: Vec<Box<[u64]>>,
    /// Whether dead spaces are poisoned and quarantined (stress tests).
    pub poison: bool,
    /// A collection was asked for.
    pub gc_due: bool,
    /// Collections so far.
    pub collections: u64,
}

impl Heap {
    /// An empty heap with its first chunk.
    pub fn new(ctx: &mut Ctx) -> Heap {
        let mut heap = Heap { threshold: 1 << 18, ..Heap::default() };
        heap.add_chunk(ctx, 64);
        heap
    }

    fn add_chunk(&mut self, ctx: &mut Ctx, words: usize) {
        let mut chunk = vec![POISON; words].into_boxed_slice();
        ctx.hp = chunk.as_mut_ptr() as u64;
        ctx.hp_end = ctx.hp + (words * 8) as u64;
        self.bytes += words * 8;
        self.chunks.push(chunk);
    }

    /// Reserves a pair outside the bump area's end: takes another chunk, and
    /// notes that a collection is due once the heap has outgrown its threshold.
    pub fn reserve_slow(&mut self, ctx: &mut Ctx) -> u64 {
        let words = (self.bytes / 8).clamp(64, 1 << 15);
        self.add_chunk(ctx, words);
        if self.bytes > self.threshold && !self.gc_due {
            self.gc_due = true;
            // The one check compiled code makes is "reductions used up".
            ctx.stash += ctx.reds;
            ctx.reds = 0;
        }
        let at = ctx.hp;
        ctx.hp += PAIR_BYTES;
        at
    }

    /// Allocates a pair.
    pub fn cons(&mut self, ctx: &mut Ctx, head: Word, tail: Word) -> Word {
        let at = if ctx.hp + PAIR_BYTES <= ctx.hp_end {
            ctx.hp += PAIR_BYTES;
            ctx.hp - PAIR_BYTES
        } else {
            self.reserve_slow(ctx)
        };
        // SAFETY: `at` is 24 fresh bytes of this heap.
        unsafe {
            let p = at as *mut u64;
            *p = PAIR_HEADER;
            *p.add(1) = head.0;
            *p.add(2) = tail.0;
        }
        Word(at + 1)
    }

    /// Moves everything reachable from the words at `roots` into a new space.
    pub fn collect(&mut self, ctx: &mut Ctx, roots: &[*mut u64]) {
        let old = std::mem::take(&mut self.chunks);
        let words: usize = old.iter().map(|c| c.len()).sum();
        self.bytes = 0;
        self.add_chunk(ctx, words.max(64));
        let space = ctx.hp;
        let mut top = space;
        for &slot in roots {
            forward(slot, &mut top);
        }
        let mut scan = space;
        while scan < top {
            forward((scan + 8) as *mut u64, &mut top);
            forward((scan + 16) as *mut u64, &mut top);
            scan += PAIR_BYTES;
        }
        ctx.hp = top;
        self.threshold = ((top - space) as usize * 2).max(1 << 18);
        self.collections += 1;
        self.gc_due = false;
        if self.poison {
            for mut chunk in old {
                chunk.fill(POISON);
                self.quarantine.push(chunk);
            }
            if self.quarantine.len() > 64 {
                self.quarantine.drain(..32);
            }
        }
    }
}

/// Copies the object the word at `slot` points to, unless that has been done,
/// and updates the slot.
fn forward(slot: *mut u64, top: &mut u64) {
    // SAFETY: the slot is a root or a field of a copied object; a pointer in it
    // leads to an object of an old space, which is still mapped.
    unsafe {
        let word = Word(*slot);
        if !word.is_ptr() {
            return;
        }
        let from = word.addr();
        let header = *from;
        if header & 7 == 0 {
            *slot = header + 1;
            return;
        }
        assert_eq!(header, PAIR_HEADER, "root {slot:?} holds stale {:#x}", word.0);
        std::ptr::copy_nonoverlapping(from, *top as *mut u64, 3);
        *from = *top;
        *slot = *top + 1;
        *top += PAIR_BYTES;
    }
}
