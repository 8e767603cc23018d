//! Memory for machine code: written through one mapping, run through another.
//!
//! In: bytes of a function. Out: the address they run at. One reservation serves the whole program, so
//! that "is this an address of compiled code" is one comparison and calls between functions reach.
//!
//! # Safety
//! The region is a memory file mapped twice, once to be written and once to be run: no page can be
//! both through one address. A block is written before anybody knows its address, and is given
//! back only by who knows that nobody runs it nor returns into it.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::table::Code;

/// All code that can be there at one time.
const SIZE: usize = 64 << 20;
/// Blocks begin at multiples of this, so that an address leads to its block.
const GRANULE: usize = 256;

/// See the module.
pub(crate) struct CodeMemory {
    /// Where it is written.
    writable: *mut u8,
    /// Where it runs.
    start: usize,
    /// The code that each granule belongs to.
    owners: Box<[AtomicPtr<Code>]>,
    /// The first granule never used.
    fresh: usize,
    /// Granules given back: first and how many, ascending, never adjacent.
    free: Vec<(usize, usize)>,
}

// SAFETY: the mappings belong to this value alone, and live as long as the program.
unsafe impl Send for CodeMemory {}

impl CodeMemory {
    /// Reserves the region; nothing if the system does not allow that.
    pub(crate) fn reserve() -> Option<CodeMemory> {
        // SAFETY: a file of our own, mapped at places of the system's choice.
        unsafe {
            let file = libc::memfd_create(c"rata-code".as_ptr(), libc::MFD_CLOEXEC);
            if file < 0 {
                return None;
            }
            let sized = libc::ftruncate(file, SIZE as libc::off_t) == 0;
            let map = |protection| {
                libc::mmap(ptr::null_mut(), SIZE, protection, libc::MAP_SHARED, file, 0)
            };
            let views = sized.then(|| {
                [map(libc::PROT_READ | libc::PROT_WRITE), map(libc::PROT_READ | libc::PROT_EXEC)]
            });
            libc::close(file);
            let [write, run] = views?;
            if write == libc::MAP_FAILED || run == libc::MAP_FAILED {
                return None;
            }
            // SAFETY: a null pointer is all zeros. Pages of the table are taken when first written.
            let owners = Box::<[AtomicPtr<Code>]>::new_zeroed_slice(SIZE / GRANULE).assume_init();
            let (writable, start) = (write.cast::<u8>(), run as usize);
            Some(CodeMemory { writable, start, owners, fresh: 0, free: Vec::new() })
        }
    }

    /// The region, for looking up addresses without a lock.
    pub(crate) fn map(&self) -> CodeMap {
        CodeMap { start: self.start, owners: &raw const *self.owners }
    }

    /// Room for so many bytes: the address they will run at. Nothing if all is taken.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Option<usize> {
        let granules = bytes.div_ceil(GRANULE).max(1);
        if let Some(found) = self.free.iter().position(|&(_, n)| n >= granules) {
            let (first, n) = self.free[found];
            match n - granules {
                0 => drop(self.free.remove(found)),
                rest => self.free[found] = (first + granules, rest),
            }
            return Some(self.start + first * GRANULE);
        }
        let first = self.fresh;
        if granules > SIZE / GRANULE - first {
            return None;
        }
        self.fresh += granules;
        Some(self.start + first * GRANULE)
    }

    /// Writes a block that was allocated with so many bytes, and says whose it is.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8], owner: &'static Code) {
        let offset = at - self.start;
        assert!(offset.is_multiple_of(GRANULE) && offset + bytes.len() <= SIZE, "no such block");
        // SAFETY: within the mapping; nobody runs it yet.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.writable.add(offset), bytes.len()) };
        let first = offset / GRANULE;
        for granule in &self.owners[first..first + bytes.len().div_ceil(GRANULE)] {
            granule.store(ptr::from_ref(owner).cast_mut(), Ordering::Release);
        }
    }

    /// Gives a block back. (Modules are never unloaded yet, so their code is not either.)
    ///
    /// # Safety
    /// Nobody runs it, holds its address or will return into it.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) unsafe fn free(&mut self, at: usize, bytes: usize) {
        let (first, n) = ((at - self.start) / GRANULE, bytes.div_ceil(GRANULE).max(1));
        for granule in &self.owners[first..first + n] {
            granule.store(ptr::null_mut(), Ordering::Release);
        }
        // SAFETY: within the mapping. Whoever goes there by mistake meets a trap (`int3`).
        unsafe { ptr::write_bytes(self.writable.add(first * GRANULE), 0xcc, n * GRANULE) };
        let place = self.free.partition_point(|&(other, _)| other < first);
        self.free.insert(place, (first, n));
        if let Some(&(next, more)) = self.free.get(place + 1)
            && next == first + n
        {
            self.free[place].1 += more;
            self.free.remove(place + 1);
        }
        if place > 0 && self.free[place - 1].0 + self.free[place - 1].1 == first {
            self.free[place - 1].1 += self.free[place].1;
            self.free.remove(place);
        }
    }
}

/// The region as whoever walks a stack sees it.
#[derive(Clone, Copy)]
pub(crate) struct CodeMap {
    start: usize,
    owners: *const [AtomicPtr<Code>],
}

// SAFETY: the table lives as long as the program and only its atomics change.
unsafe impl Send for CodeMap {}
// SAFETY: as above.
unsafe impl Sync for CodeMap {}

impl CodeMap {
    /// The code that an address lies in.
    pub(crate) fn code_at(&self, address: usize) -> Option<&'static Code> {
        let offset = address.wrapping_sub(self.start);
        if offset >= SIZE {
            return None;
        }
        // SAFETY: the table is never dropped; owners are immortal.
        unsafe { (&*self.owners)[offset / GRANULE].load(Ordering::Acquire).as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_given_out_again() {
        let mut memory = CodeMemory::reserve().expect("code memory");
        let blocks: Vec<usize> = (0..3).filter_map(|_| memory.allocate(300)).collect();
        assert_eq!(blocks[1] - blocks[0], 512);
        // SAFETY: nothing was written there.
        unsafe {
            memory.free(blocks[0], 300);
            memory.free(blocks[2], 300);
            memory.free(blocks[1], 300);
        }
        assert_eq!(memory.free, [(0, 6)]);
        assert_eq!(memory.allocate(6 * 256), Some(blocks[0]));
        assert_eq!(memory.allocate(1), Some(blocks[0] + 6 * 256));
        assert_eq!(memory.allocate(SIZE), None);
    }

    #[test]
    fn code_runs_where_it_says_and_is_found() {
        let mut memory = CodeMemory::reserve().expect("code memory");
        // mov eax, 42; ret
        let bytes = [0xb8, 42, 0, 0, 0, 0xc3];
        let at = memory.allocate(bytes.len()).expect("room");
        let owner = Box::leak(Box::new(Code::empty(at)));
        memory.write(at, &bytes, owner);
        // SAFETY: that is a function of this type.
        let answer = unsafe { std::mem::transmute::<usize, extern "C" fn() -> i32>(at)() };
        assert_eq!(answer, 42);
        let map = memory.map();
        assert!(map.code_at(at + 3).is_some_and(|code| ptr::eq(code, owner)));
        assert!(map.code_at(at - 1).is_none());
        std::mem::forget(memory);
    }
}
