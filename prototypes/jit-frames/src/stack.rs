//! The process's own stack: linked chunks that never move, frames of both
//! kinds, and the walker. Enters: frames to push or a stopped stack; leaves:
//! frame addresses, or every frame in turn, newest first.
//!
//! Interpreter frame (downward-growing; exactly the layout the project fixed):
//! ```text
//! fp+8  return pc   fp+0 caller's fp   fp-8 *const Function
//! base .. base+8*nregs  registers;  base = fp - 8 - 8*nregs = the stack pointer
//! ```
//! Compiled frame: `fp+8` native return address, `fp+0` caller's fp (push rbp),
//! then Cranelift's business down to rsp = fp - frame size.
//!
//! Where the kinds meet, the return address says what lies above:
//! ```text
//! interpreter called by interpreter   pc of a RESULT word
//! interpreter called by compiled      &JIT_RETURN_WORD; the caller's fp is a bridge:
//!     fp+8 native return address  fp+0 compiled caller's fp  fp-8.. rbx r12 r13 r14
//! compiled called by compiled         an address in code memory
//! compiled called by interpreter      ret_to_interp(); the interpreter's own pc is
//!     saved in the word just below its registers, [base - 8]
//! first frame of a chunk              &POP_CHUNK_WORD or pop_chunk(); the true return
//!     address is in the chunk's header
//! ```

use crate::code::{Function, HALT_WORD, JIT_RETURN_WORD, POP_CHUNK_WORD};
use crate::codemem::CodeMemory;
use crate::native::{self, Ctx};
use std::alloc::Layout;

/// Bytes below the limit that may be used without a check: a compiled frame's
/// outgoing return address (8), the interpreter's bridge to compiled code (saved
/// pc, up to 8 of padding, return address: 24), the bridge back (40).
pub const HEADROOM: u64 = 64;

/// Header of a chunk, at its low end.
#[repr(C)]
#[derive(Debug)]
pub struct Chunk {
    /// The chunk below which this one was added (or the next spare one).
    pub prev: *mut Chunk,
    /// Lowest address a frame may reach.
    pub limit: u64,
    /// True return address of the first frame.
    pub saved_ret: u64,
    /// The caller's stack pointer once the first frame is gone.
    pub saved_sp: u64,
    /// Bytes, header included.
    pub size: usize,
}

impl Chunk {
    fn alloc(size: usize) -> *mut Chunk {
        // SAFETY: a fresh allocation of at least a header.
        unsafe {
            let c =
                std::alloc::alloc(Layout::from_size_align(size, 16).expect("size")).cast::<Chunk>();
            assert!(!c.is_null());
            let limit = c as u64 + size_of::<Chunk>() as u64 + HEADROOM;
            c.write(Chunk { prev: std::ptr::null_mut(), limit, saved_ret: 0, saved_sp: 0, size });
            c
        }
    }
    /// Frees one chunk.
    ///
    /// # Safety
    /// Nothing may use it any more.
    pub unsafe fn free(c: *mut Chunk) {
        unsafe {
            std::alloc::dealloc(c.cast(), Layout::from_size_align((*c).size, 16).expect("size"))
        }
    }
    fn top(c: *mut Chunk) -> u64 {
        // SAFETY: `c` is alive.
        c as u64 + unsafe { (*c).size } as u64
    }
}

#[inline(always)]
fn at(addr: u64) -> *mut u64 {
    addr as *mut u64
}
/// Reads a stack word.
///
/// # Safety
/// `addr` must lie in a live chunk.
#[inline(always)]
pub unsafe fn peek(addr: u64) -> u64 {
    unsafe { *at(addr) }
}
/// Writes a stack word.
///
/// # Safety
/// `addr` must lie in a live chunk.
#[inline(always)]
pub unsafe fn poke(addr: u64, v: u64) {
    unsafe { *at(addr) = v }
}

/// How chunks grow.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// First chunk.
    pub first: usize,
    /// Largest size doubling goes to.
    pub max: usize,
}

/// Stack pointer of an interpreter frame.
///
/// # Safety
/// `fp` must be an interpreter frame.
#[inline(always)]
pub unsafe fn base_of(fp: u64) -> u64 {
    unsafe { fp - 8 - 8 * (*(peek(fp - 8) as *const Function)).nregs as u64 }
}

impl Ctx {
    /// Gives the process its first chunk.
    pub fn init_stack(&mut self, sizes: Sizes) -> u64 {
        self.chunk = Chunk::alloc(sizes.first);
        // SAFETY: just made.
        self.limit = unsafe { (*self.chunk).limit };
        Chunk::top(self.chunk)
    }

    /// Adds a chunk with room for `need` bytes; returns its top.
    pub fn push_chunk(&mut self, sizes: Sizes, need: u64, ret: u64, sp: u64) -> u64 {
        let need = need as usize + size_of::<Chunk>() + HEADROOM as usize + 16;
        // SAFETY: chunks in the list are alive; a spare one is unused.
        unsafe {
            let mut c = self.spare;
            if !c.is_null() && (*c).size >= need {
                self.spare = (*c).prev;
            } else {
                let mut size = ((*self.chunk).size * 2).min(sizes.max);
                while size < need {
                    size *= 2;
                }
                c = Chunk::alloc(size);
            }
            (*c).prev = self.chunk;
            (*c).saved_ret = ret;
            (*c).saved_sp = sp;
            self.chunk = c;
            self.limit = (*c).limit;
            Chunk::top(c)
        }
    }

    /// Leaves the newest chunk; returns the true return address and the caller's sp.
    pub fn pop_chunk(&mut self) -> (u64, u64) {
        // SAFETY: only called when a frame returned through this chunk's header.
        unsafe {
            let c = self.chunk;
            let result = ((*c).saved_ret, (*c).saved_sp);
            self.chunk = (*c).prev;
            self.limit = (*self.chunk).limit;
            (*c).prev = self.spare;
            self.spare = c;
            result
        }
    }

    /// Frees spare chunks but one: called when the process gives up the processor.
    pub fn trim(&mut self) {
        // SAFETY: spare chunks are unused.
        unsafe {
            while !self.spare.is_null() && !(*self.spare).prev.is_null() {
                let next = (*self.spare).prev;
                Chunk::free(self.spare);
                self.spare = next;
            }
        }
    }

    /// Pushes an interpreter frame below `sp`; its registers are left as they are.
    ///
    /// # Safety
    /// `sp` must be the stack pointer in the newest chunk.
    #[inline(always)]
    pub unsafe fn push_frame(
        &mut self,
        sizes: Sizes,
        mut ret: u64,
        caller: u64,
        sp: u64,
        f: *const Function,
    ) -> u64 {
        unsafe {
            let bytes = (*f).frame_bytes();
            let mut fp = sp - 16;
            if sp.wrapping_sub(bytes) < self.limit {
                fp = self.push_chunk(sizes, bytes, ret, sp) - 16;
                ret = &raw const POP_CHUNK_WORD as u64;
            }
            poke(fp + 8, ret);
            poke(fp, caller);
            poke(fp - 8, f as u64);
            fp
        }
    }
}

/// One frame as the walker meets it.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// Interpreter frame stopped at `pc`.
    Interp {
        /// Frame pointer.
        fp: u64,
        /// The safepoint word.
        pc: u64,
    },
    /// Compiled frame stopped at the call that returns to `pc`.
    Native {
        /// Frame pointer.
        fp: u64,
        /// Return address of the call in progress.
        pc: u64,
    },
}

/// Walks a stopped stack, newest frame first, across bridges and chunks.
#[derive(Debug)]
pub struct Walker {
    ret: u64,
    fp: u64,
    /// The chunk the current frame lies in.
    pub chunk: *mut Chunk,
}

impl Walker {
    /// Starts at the frame `fp` that will continue at `ret`.
    pub fn new(ctx: &Ctx, ret: u64, fp: u64) -> Walker {
        Walker { ret, fp, chunk: ctx.chunk }
    }

    /// The next older frame.
    ///
    /// # Safety
    /// The stack must be at a safepoint.
    pub unsafe fn next(&mut self, mem: &CodeMemory) -> Option<Frame> {
        unsafe {
            loop {
                let (ret, fp) = (self.ret, self.fp);
                if ret == &raw const HALT_WORD as u64 {
                    return None;
                } else if ret == &raw const POP_CHUNK_WORD as u64 || ret == native::pop_chunk() {
                    self.ret = (*self.chunk).saved_ret;
                    self.chunk = (*self.chunk).prev;
                    continue;
                } else if ret == &raw const JIT_RETURN_WORD as u64 {
                    // A bridge: nothing in it but callee-saved registers.
                    self.ret = peek(fp + 8);
                    self.fp = peek(fp);
                    continue;
                }
                let frame = if ret == native::ret_to_interp() {
                    Frame::Interp { fp, pc: peek(base_of(fp) - 8) }
                } else if mem.contains(ret) {
                    Frame::Native { fp, pc: ret }
                } else {
                    Frame::Interp { fp, pc: ret }
                };
                self.ret = peek(fp + 8);
                self.fp = peek(fp);
                return Some(frame);
            }
        }
    }
}
