//! Code memory and its tables. Enters: compiled functions; leaves: executable
//! bytes, and for every return address in them what the collector and the
//! unwinder must know. One contiguous reservation, so that "is this a native
//! address" is one comparison.

use crate::code::Function;
use crate::native::Ctx;
use std::collections::HashMap;
use std::mem::offset_of;

/// What is known about one return address.
#[derive(Debug, Default, Clone)]
pub struct CallSite {
    /// fp minus rsp while the call is in progress.
    pub frame_size: u32,
    /// Distances from fp down to the words that hold live values.
    pub roots: Box<[u32]>,
    /// Where an exception lands.
    pub handler: Option<u64>,
}

/// Which checks a function's entry makes; all of them but in measurements.
#[derive(Clone, Copy, Debug)]
pub struct EntryChecks {
    /// Stack limit.
    pub stack: bool,
    /// Reductions.
    pub reductions: bool,
}

/// Reserved, executable memory.
#[derive(Debug)]
pub struct CodeMemory {
    start: u64,
    end: u64,
    top: u64,
    /// By return address.
    pub sites: HashMap<u64, CallSite>,
}

const SIZE: usize = 4 << 20;

impl CodeMemory {
    /// Reserves the region, writable.
    pub fn new() -> CodeMemory {
        // SAFETY: an anonymous mapping of our own.
        let p = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(p != libc::MAP_FAILED);
        let start = p as u64;
        CodeMemory { start, end: start + SIZE as u64, top: start, sites: HashMap::new() }
    }
    /// Whether `addr` lies in compiled code.
    #[inline]
    pub fn contains(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.start) < self.end - self.start
    }
    fn emit(&mut self, bytes: &[u8]) {
        assert!(self.top + bytes.len() as u64 <= self.end, "code memory full");
        // SAFETY: inside the mapping, which is still writable.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.top as *mut u8, bytes.len()) };
        self.top += bytes.len() as u64;
    }

    /// `mov rax, f; jmp [r15 + stub_call]`: what an interpreted function's
    /// entry is, and the slow path of a compiled one.
    pub fn emit_stub(&mut self, f: *const Function) -> u64 {
        self.top = (self.top + 15) & !15;
        let at = self.top;
        let mut b = vec![0x48, 0xB8];
        b.extend((f as u64).to_le_bytes());
        b.extend([0x41, 0xFF, 0x67, offset_of!(Ctx, stub_call) as u8]);
        self.emit(&b);
        at
    }

    /// Emits the checked entry in front of a compiled body: stack limit with
    /// the exact frame size, then reductions. Nothing has been pushed and every
    /// argument is still in its register when a check fails, so the slow path
    /// is a jump and the function is simply entered again later.
    /// Returns (entry, body).
    pub fn emit_function(
        &mut self,
        f: *const Function,
        frame_size: u32,
        body: &[u8],
        checks: EntryChecks,
    ) -> (u64, u64) {
        let slow = self.emit_stub(f);
        // rsp now is at the return address; the body pushes rbp and goes `frame_size` lower.
        let entry = self.top;
        let mut b = vec![];
        let back = |len: usize| (slow as i64 - (entry as i64 + len as i64 + 2)) as i8 as u8;
        if checks.stack {
            b.extend([0x48, 0x8D, 0x84, 0x24]); // lea rax, [rsp - n]
            b.extend((-(frame_size as i32) - 8).to_le_bytes());
            b.extend([0x49, 0x3B, 0x47, offset_of!(Ctx, limit) as u8]); // cmp rax, [r15 + limit]
            let d = back(b.len());
            b.extend([0x72, d]); // jb slow
        }
        if checks.reductions {
            b.extend([0x49, 0xFF, 0x4F, offset_of!(Ctx, reds) as u8]); // dec qword [r15 + reds]
            let d = back(b.len());
            b.extend([0x78, d]); // js slow
        }
        self.emit(&b);
        let at = self.top;
        self.emit(body);
        (entry, at)
    }

    /// Makes the region executable and no longer writable.
    pub fn seal(&mut self) {
        // SAFETY: our own mapping.
        let r = unsafe {
            libc::mprotect(self.start as *mut _, SIZE, libc::PROT_READ | libc::PROT_EXEC)
        };
        assert_eq!(r, 0);
    }
}

impl Default for CodeMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        // SAFETY: our own mapping, and no process runs any more.
        unsafe { libc::munmap(self.start as *mut _, SIZE) };
    }
}
