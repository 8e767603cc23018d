//! The stack of one process: frames in linked chunks that never move.
//!
//! In: frames pushed by the machine (`interp/machine.rs`, and by compiled code). Out: room for the
//! next frame, the roots of all frames, stack traces.
//!
//! # Layout
//! A chunk is a block whose highest words are its [`Head`]; frames grow downward from there.
//! ```text
//!   fp+8   return pc: the word after the caller's call instruction
//!   fp+0   caller's fp
//!   fp-8   *const Function
//!   base … base+8*registers    base = fp - 8 - 8*registers
//! ```
//! Compiled functions have frames of their own kind in between (`jit/abi.rs` draws where they meet).
//!
//! Within a chunk a frame lies right under its caller: `fp + 16` is the caller's base. The frame
//! that is first in its chunk has `Head::scratch` there instead, and returns to the static
//! [`POP_CHUNK`] word (or [`HALT`] for the first frame of all), whose handler finds the value in
//! `scratch` and the true return place in the head. So ordinary returns pay nothing.
//!
//! # Liveness
//! The word before every return pc, before a function's first instruction and after a waiting
//! receive is an *info word* ([`Info`]): which register takes the result, and which registers are
//! live there. Registers are never zeroed; only live ones are roots. (Debug builds fill new frames, and
//! at each collection the dead registers, with [`POISON`], so that who relies on them crashes.)
//!
//! # Safety
//! All code here relies on: frames are only made by [`Stack::push`] and its like, from functions
//! that the loader made out of verified code; chunks belong to one stack.
#![allow(unsafe_code)]

mod rest;

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr;

use smallvec::SmallVec;

use crate::code::MISSING;
use crate::code::exec::Ex;
use crate::code::function::{Function, Info};
use crate::jit::{self, Site};
use crate::tails::{self, Standing};
use crate::value::{Pid, Word};

/// What lies at the high end of a chunk. `scratch` comes first, so that it is register 0 of the
/// pseudo-frame above the chunk's first frame.
#[repr(C)]
pub(crate) struct Head {
    /// Takes the value that the first frame returns.
    scratch: u64,
    /// Base of the frame that the first frame returns to.
    base: *mut u64,
    /// Where that one goes on.
    pc: *const u64,
    /// The chunk that one lies in.
    prev: *mut Head,
    /// Size in bytes, this head included.
    bytes: u32,
    /// Whether no frame here has run since a collection: none of them holds a young value.
    settled: bool,
}

const HEAD_WORDS: usize = size_of::<Head>() / 8;
/// The first chunk of a process.
const FIRST: usize = 384;
/// Chunks double up to this size.
const LARGEST: usize = 256 << 10;
/// In debug builds, what registers hold that nobody may read: a pointer to where no memory can be.
pub(crate) const POISON: u64 = 0xdead_0000_0000_0001;
/// Words kept free below every frame, for code that pushes without a check.
pub(crate) const RED_ZONE: usize = 8;

/// An info word (result into register 0, nothing live) and the instruction after it.
#[repr(align(8))]
pub(crate) struct Landing([u64; 2]);

impl Landing {
    pub(crate) fn pc(&'static self) -> *const u64 {
        &raw const self.0[1]
    }
}

/// Where the first frame of all returns to.
pub(crate) static HALT: Landing = Landing([0, Ex::Halt as u64]);
/// Where the first frame of a further chunk returns to.
pub(crate) static POP_CHUNK: Landing = Landing([0, Ex::PopChunk as u64]);

/// Where an interpreted function called by compiled code returns to (`jit/abi.rs`).
pub(crate) static JIT_RETURN: Landing = Landing([0, Ex::JitReturn as u64]);

/// See the module.
pub(crate) struct Stack {
    /// The innermost frame, between turns.
    pub(crate) fp: *mut u64,
    /// Where it goes on, between turns: the word before is an info word.
    pub(crate) pc: *const u64,
    /// Frames may not reach below this.
    pub(crate) limit: *mut u64,
    head: *mut Head,
    /// A chunk popped lately, kept against calls that cross a chunk's border again and again.
    spare: *mut Head,
    bytes: usize,
    /// How often compiled code had to go on in a further chunk.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    crossings: u16,
    /// How often it has given back its room in a wait (`rest.rs`).
    withdrawn: u8,
}

// SAFETY: a stack owns its chunks alone; functions they point to are immortal and Sync.
unsafe impl Send for Stack {}

/// One frame, while walking.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) fp: *mut u64,
    pub(crate) pc: *const u64,
    head: *mut Head,
    /// Of a compiled function: the call in progress. Then `pc` is where its instruction goes on.
    pub(crate) compiled: Option<&'static Site>,
}

impl Frame {
    fn interpreted(fp: *mut u64, pc: *const u64, head: *mut Head) -> Frame {
        Frame { fp, pc, head, compiled: None }
    }

    /// The compiled frame at `fp` whose call returns to this address.
    fn compiled(fp: *mut u64, address: usize, head: *mut Head) -> Frame {
        let site = jit::site_at(address);
        Frame { fp, pc: site.function.pc_at(site.place), head, compiled: Some(site) }
    }

    pub(crate) fn function(&self) -> &'static Function {
        if let Some(site) = self.compiled {
            return site.function;
        }
        // SAFETY: every interpreter's frame holds its function, and functions are immortal.
        unsafe { &*(*self.fp.sub(1) as *const Function) }
    }

    /// Its entries of a stack trace: several if code of functions that it calls stands in its own.
    fn places(self) -> impl Iterator<Item = u64> {
        let around = self.compiled.map_or(&[][..], |site| &site.around);
        let around = around.iter().filter_map(|&(function, at)| function.place_at(at - 1));
        self.function().place(self.pc).into_iter().chain(around)
    }

    /// What tells tail calls that were made in its place.
    fn standing(&self) -> Standing {
        let around = self.compiled.and_then(|site| site.around.last());
        // SAFETY: at fp every frame has its link to its caller's.
        let link = unsafe { *self.fp };
        Standing {
            function: around.map_or_else(|| self.function(), |&(function, _)| function),
            // A compiled frame that became one of the interpreter's was linked to its caller's …
            links: [link, self.caller().map_or(link, |caller| caller.fp as u64)],
            // … or, under a header, to what is fp now.
            header: self.fp as u64,
        }
    }

    pub(crate) fn base(&self) -> *mut u64 {
        // SAFETY: a frame's registers lie right below its function word.
        unsafe { self.fp.sub(1 + self.function().registers()) }
    }

    fn info(&self) -> Info {
        // SAFETY: the word before a place where a frame can stand is an info word.
        unsafe { Info(*self.pc.sub(1)) }
    }

    /// The frame that called this one; none for the first.
    pub(crate) fn caller(&self) -> Option<Frame> {
        // SAFETY: the two words at fp are the caller's fp and the return address or pc; the first
        // frame of a chunk lies under the chunk's head, and one called from compiled code under
        // a bridge that is laid out alike.
        unsafe {
            let (mut fp, mut head) = (*self.fp as *mut u64, self.head);
            let mut to = *self.fp.add(1);
            if self.compiled.is_some() {
                if to as usize != jit::return_to_interpreter() {
                    return Some(Frame::compiled(fp, to as usize, head));
                }
                // What the interpreter called lies under a header.
                (fp, to) = (*fp as *mut u64, *fp.add(1));
            }
            let mut pc = to as *const u64;
            if pc == HALT.pc() {
                return None;
            }
            if pc == POP_CHUNK.pc() {
                (pc, head) = ((*head).pc, (*head).prev);
            }
            if pc == JIT_RETURN.pc() {
                return Some(Frame::compiled(*fp as *mut u64, *fp.add(1) as usize, head));
            }
            (!fp.is_null()).then(|| Frame::interpreted(fp, pc, head))
        }
    }

    /// Shows the live registers.
    fn trace(&self, visit: &mut dyn FnMut(&mut Word)) {
        if let Some(site) = self.compiled {
            for &distance in &site.roots {
                // SAFETY: the site says where words lie in the frame.
                unsafe { visit(&mut *self.fp.cast::<u8>().sub(distance as usize).cast()) };
            }
            return;
        }
        let base = self.base().cast::<Word>();
        self.info().for_each_live(self.function(), |register| {
            // SAFETY: live registers are below the function's register count and hold words.
            unsafe { visit(&mut *base.add(register)) }
        });
        if cfg!(debug_assertions) {
            self.poison_dead();
        }
    }

    /// If it stands before its first instruction: the place, and the arguments passed, as far as they are live.
    pub(crate) fn entering(&self) -> Option<(u64, Vec<Option<Word>>)> {
        let function = self.function();
        if self.compiled.is_some() || !ptr::eq(self.pc, function.entry()) {
            return None;
        }
        let (base, mut words) = (self.base(), vec![None; function.arity as usize]);
        self.info().for_each_live(function, |register| {
            if let Some(word) = words.get_mut(register) {
                // SAFETY: as in `trace`.
                *word = Some(Word::from_bits(unsafe { *base.add(register) }));
            }
        });
        while words.last() == Some(&Some(MISSING)) {
            // Not passed: the function finds its default.
            words.pop();
        }
        words.iter_mut().filter(|word| **word == Some(MISSING)).for_each(|word| *word = None);
        Some((function.place(self.pc)?, words))
    }

    fn poison_dead(&self) {
        let (base, function) = (self.base(), self.function());
        let mut live: SmallVec<[(usize, u64); 32]> = SmallVec::new();
        // SAFETY: as in `trace`; the other registers are below the function's register count too.
        unsafe {
            self.info().for_each_live(function, |i| live.push((i, *base.add(i))));
            poison(base, function.registers());
            live.iter().for_each(|&(i, word)| *base.add(i) = word);
        }
    }
}

impl Stack {
    pub(crate) fn new() -> Stack {
        Stack {
            fp: ptr::null_mut(),
            pc: ptr::null(),
            limit: ptr::null_mut(),
            head: ptr::null_mut(),
            spare: ptr::null_mut(),
            bytes: 0,
            crossings: 0,
            withdrawn: 0,
        }
    }

    /// Compiled code has to go on in a further chunk.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) fn note_crossing(&mut self) {
        self.crossings = self.crossings.saturating_add(1);
    }

    /// Whether that has happened so often that more room should be made for compiled code at once.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) fn is_crossed_often(&self) -> bool {
        const OFTEN: u16 = 16;
        self.crossings > OFTEN
    }

    /// Drops all frames and pushes one of `f` with these arguments.
    pub(crate) fn start(&mut self, f: &'static Function, arguments: &[Word]) {
        self.clear();
        let base = self.grow(3 + f.registers(), ptr::null_mut(), ptr::null());
        // SAFETY: the new chunk has room for the frame.
        unsafe {
            let fp = base.sub(2);
            *fp.add(1) = HALT.pc() as u64;
            *fp = 0;
            *fp.sub(1) = ptr::from_ref(f) as u64;
            poison(fp.sub(1 + f.registers()), f.registers());
            for (i, word) in arguments.iter().enumerate().take(f.registers()) {
                *fp.sub(1 + f.registers() - i) = word.bits();
            }
            self.fp = fp;
        }
        self.pc = f.entry();
    }

    /// Bytes of all chunks.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes a chunk for one more frame with so many registers would take.
    pub(crate) fn next_bytes(&self, registers: usize) -> usize {
        let need = (registers + 3 + HEAD_WORDS + RED_ZONE) * 8;
        // SAFETY: the newest and the spare chunk are alive.
        unsafe {
            if !self.spare.is_null() && (*self.spare).bytes as usize >= need {
                return 0;
            }
            let wish = if self.head.is_null() { FIRST } else { (*self.head).bytes as usize * 2 };
            need.next_power_of_two().max(wish.min(LARGEST))
        }
    }

    /// Adds a chunk that has room for so many words; gives the base of its pseudo-frame. The frame
    /// pushed there must return to [`POP_CHUNK`], which then goes on at `pc` with `base`.
    pub(crate) fn grow(&mut self, words: usize, base: *mut u64, pc: *const u64) -> *mut u64 {
        let need = (words + HEAD_WORDS + RED_ZONE) * 8;
        // SAFETY: chunks on the list and the spare one are alive and owned by this stack.
        unsafe {
            let head = if !self.spare.is_null() && (*self.spare).bytes as usize >= need {
                std::mem::replace(&mut self.spare, ptr::null_mut())
            } else {
                let wish =
                    if self.head.is_null() { FIRST } else { (*self.head).bytes as usize * 2 };
                self.allocate(need.next_power_of_two().max(wish.min(LARGEST)))
            };
            (*head).prev = self.head;
            (*head).base = base;
            (*head).pc = pc;
            self.enter(head);
            &raw mut (*head).scratch
        }
    }

    /// Drops the newest chunk: gives the base and pc of the frame returned to.
    pub(crate) fn pop_chunk(&mut self) -> (*mut u64, *const u64) {
        // SAFETY: only reached by the return of a frame that `grow` was called for.
        unsafe {
            let head = self.head;
            let (base, pc) = ((*head).base, (*head).pc);
            self.enter((*head).prev);
            self.drop_spare();
            self.spare = head;
            (base, pc)
        }
    }

    /// Gives the spare chunk back (before a long wait).
    pub(crate) fn drop_spare(&mut self) {
        let spare = std::mem::replace(&mut self.spare, ptr::null_mut());
        self.free(spare);
    }

    /// Leaves chunks until the frame at `fp` lies in the newest one (frames were dropped).
    pub(crate) fn unwind_to(&mut self, frame: Frame) {
        while self.head != frame.head {
            self.pop_chunk();
        }
        self.fp = frame.fp;
        self.pc = frame.pc;
    }

    /// The innermost frame.
    pub(crate) fn top(&self) -> Option<Frame> {
        (!self.fp.is_null()).then(|| Frame::interpreted(self.fp, self.pc, self.head))
    }

    /// All frames, innermost first.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame> {
        std::iter::successors(self.top(), Frame::caller)
    }

    /// Shows every live register of every frame.
    pub(crate) fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for frame in self.frames() {
            frame.trace(visit);
        }
    }

    /// Shows the live registers of the frames that may have run since the last call of `settle`:
    /// those in the newest chunk, and in the chunks before that were not settled.
    pub(crate) fn trace_unsettled(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for frame in self.frames() {
            // SAFETY: the heads of the frames' chunks are alive.
            if unsafe { (*frame.head).settled } {
                return;
            }
            frame.trace(visit);
        }
    }

    /// A collection has left no young value in any frame: those in all chunks but the newest need not
    /// be looked at until they have been returned to.
    pub(crate) fn settle(&mut self) {
        let mut head = self.head;
        // SAFETY: the list of chunks is intact. Those before a settled one are settled as well,
        // since they are entered one by one.
        unsafe {
            while !head.is_null() && !(*head).prev.is_null() && !(*(*head).prev).settled {
                head = (*head).prev;
                (*head).settled = true;
            }
        }
    }

    /// Where the frames stand: entries for `Vm::trace_line`, innermost first.
    pub(crate) fn stacktrace(&self, limit: usize) -> Vec<u64> {
        self.frames().flat_map(Frame::places).take(limit).collect()
    }

    /// The same with the functions that ended in a tail call, as far as this worker knows: for the process that runs on it.
    pub(crate) fn stacktrace_with_tails(&self, limit: usize, pid: Pid) -> Vec<u64> {
        let tails = tails::of_worker();
        let mut places = Vec::new();
        for frame in self.frames() {
            places.extend(frame.places());
            places.extend(tails.before(pid, &frame.standing()));
            if places.len() >= limit {
                break;
            }
        }
        places.truncate(limit);
        places
    }

    /// Drops all frames.
    pub(crate) fn clear(&mut self) {
        // SAFETY: the list of chunks is intact and owned.
        while !self.head.is_null() {
            let prev = unsafe { (*self.head).prev };
            self.free(self.head);
            self.head = prev;
        }
        self.drop_spare();
        self.fp = ptr::null_mut();
        self.limit = ptr::null_mut();
    }

    unsafe fn enter(&mut self, head: *mut Head) {
        self.head = head;
        self.limit = if head.is_null() {
            ptr::null_mut()
        } else {
            // SAFETY: by contract.
            unsafe {
                (*head).settled = false;
                Stack::limit_of(head)
            }
        };
    }

    /// Where the frames of a chunk end.
    unsafe fn limit_of(head: *mut Head) -> *mut u64 {
        // SAFETY: a head ends its block of so many bytes.
        unsafe { low(head).add(RED_ZONE) }
    }

    fn allocate(&mut self, bytes: usize) -> *mut Head {
        let layout = layout(bytes);
        // SAFETY: the size is not zero; the head lies at the end of the block.
        unsafe {
            let block = alloc(layout);
            if block.is_null() {
                handle_alloc_error(layout);
            }
            let head = block.add(bytes - size_of::<Head>()).cast::<Head>();
            let none = ptr::null_mut();
            head.write(Head {
                scratch: 0,
                base: none,
                pc: ptr::null(),
                prev: ptr::null_mut(),
                bytes: bytes as u32,
                settled: false,
            });
            self.bytes += bytes;
            head
        }
    }

    fn free(&mut self, head: *mut Head) {
        if head.is_null() {
            return;
        }
        // SAFETY: the block was made by `allocate` with this size.
        unsafe {
            let bytes = (*head).bytes as usize;
            self.bytes -= bytes;
            dealloc(low(head).cast(), layout(bytes));
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.clear();
    }
}

/// In debug builds: makes so many registers unreadable.
///
/// # Safety
/// They are those of a frame.
#[inline(always)]
pub(crate) unsafe fn poison(base: *mut u64, registers: usize) {
    if cfg!(debug_assertions) {
        for i in 0..registers {
            // SAFETY: by contract.
            unsafe { *base.add(i) = POISON };
        }
    }
}

/// The lowest word of the chunk with this head.
unsafe fn low(head: *mut Head) -> *mut u64 {
    // SAFETY: by contract the head ends a block of so many bytes.
    unsafe { head.add(1).cast::<u8>().sub((*head).bytes as usize).cast() }
}

fn layout(bytes: usize) -> Layout {
    // Sizes are powers of two far below isize::MAX: `grow` is given a function's register count.
    Layout::from_size_align(bytes, 16).expect("the size of a chunk is a power of two that fits")
}
