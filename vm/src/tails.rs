//! The latest tail calls of a worker: what stack traces show of frames that are gone.
//!
//! In: each tail call of another function, as it is made. Out: for a frame of a stack trace, which functions stood in its place
//! before and ended in the call of the next.
//!
//! A ring for each worker, not for each process: it costs idle processes nothing, and what led to an exception was called in the same
//! turn nearly always. An entry names its process and its place on the stack (the frame's link to its caller's), so that what others
//! did, or the same process elsewhere, is not taken for history. Compiled code writes entries too (`jit/translate/calls.rs`).

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use crate::code::function::Function;
use crate::value::Pid;

/// So many are kept: a power of two.
pub(crate) const KEPT: usize = 32;

/// Marks an entry of a stack trace as that of a tail call.
pub(crate) const TAIL: u64 = 1 << 61;

/// A tail call.
#[derive(Default)]
#[repr(C, align(64))]
pub(crate) struct Entry {
    /// Whose: its pid's payload, 0 as long as there was none.
    pub(crate) pid: Cell<u64>,
    /// The frame's link to its caller's.
    pub(crate) link: Cell<u64>,
    /// The function that was called.
    pub(crate) callee: Cell<Option<&'static Function>>,
    /// The function that called it, as its last deed.
    pub(crate) function: Cell<Option<&'static Function>>,
    /// Where: behind the word where the instruction begins.
    pub(crate) pc: Cell<u64>,
}

/// See the module.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Tails {
    /// How many there were.
    pub(crate) count: Cell<u64>,
    pub(crate) entries: [Entry; KEPT],
}

thread_local! {
    static TAILS: &'static Tails = Box::leak(Box::default());
}

/// Those of this thread.
#[inline]
pub(crate) fn of_worker() -> &'static Tails {
    TAILS.with(|tails| *tails)
}

static HIDDEN: AtomicBool = AtomicBool::new(false);

/// From now on stack traces show no tail calls. What they show depends on what was inlined, so traces of the interpreter and of
/// compiled code can only be compared without.
pub fn hide_tail_calls() {
    HIDDEN.store(true, Ordering::Relaxed);
}

/// Of a frame: its function, and the words that its links to its caller's may be.
pub(crate) struct Standing {
    pub(crate) function: &'static Function,
    pub(crate) links: [u64; 2],
    /// It may also be this one; but so are those of the frames it has called.
    pub(crate) header: u64,
}

impl Tails {
    /// A function that stands in a frame with this link calls another in its place.
    #[inline(always)]
    pub(crate) fn note(
        &self,
        pid: Pid,
        link: u64,
        [function, callee]: [&'static Function; 2],
        pc: *const u64,
    ) {
        let count = self.count.get();
        let entry = &self.entries[count as usize % KEPT];
        entry.pid.set(pid.payload());
        entry.link.set(link);
        entry.callee.set(Some(callee));
        entry.function.set(Some(function));
        entry.pc.set(pc.wrapping_add(1) as u64);
        self.count.set(count.wrapping_add(1));
    }

    /// Entries of a stack trace for the functions that stood in a frame before, the latest first, each once.
    pub(crate) fn before(&self, pid: Pid, frame: &Standing) -> SmallVec<[u64; 4]> {
        let mut places = SmallVec::new();
        if HIDDEN.load(Ordering::Relaxed) {
            return places;
        }
        let mut seen: SmallVec<[*const Function; 8]> = SmallVec::new();
        let mut wanted = frame.function;
        let count = self.count.get();
        for back in 1..=count.min(KEPT as u64) {
            let entry = &self.entries[(count - back) as usize % KEPT];
            let is_linked = frame.links.contains(&entry.link.get());
            let is_other = !is_linked && entry.link.get() != frame.header;
            if entry.pid.get() != pid.payload() || is_other {
                continue;
            }
            let (Some(callee), Some(function)) = (entry.callee.get(), entry.function.get()) else {
                break;
            };
            if !std::ptr::eq(callee, wanted) {
                // Something else was called there since, and has returned.
                if is_linked { break } else { continue }
            }
            seen.push(callee);
            if seen.contains(&std::ptr::from_ref(function)) {
                break;
            }
            places.extend(function.place(entry.pc.get() as *const u64).map(|place| place | TAIL));
            wanted = function;
        }
        places
    }
}
