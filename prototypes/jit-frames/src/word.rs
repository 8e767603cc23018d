//! Tagged words. Enters: integers and heap addresses; leaves: 64-bit words in
//! the project's encoding (small int `n << 1`, heap pointer `addr + 1`, nil).
//! The prototype has one heap object only, the pair: header, head, tail.

/// A tagged word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Word(pub u64);

/// The nil special: payload 0 of kind `…0000111`.
pub const NIL: Word = Word(7);
/// Header of a pair: tag 1 (odd, so never mistaken for a forwarding address), size 3 words.
pub const PAIR_HEADER: u64 = 1 | (3 << 32);
/// Bytes of a pair.
pub const PAIR_BYTES: u64 = 24;

impl Word {
    /// A small integer.
    pub const fn int(n: i64) -> Word {
        Word((n << 1) as u64)
    }
    /// The small integer's value, if it is one.
    pub fn as_int(self) -> Option<i64> {
        (self.0 & 1 == 0).then_some(self.0 as i64 >> 1)
    }
    /// Whether this is a pointer to a heap object.
    pub fn is_ptr(self) -> bool {
        self.0 & 7 == 1
    }
    /// Address of the object.
    pub fn addr(self) -> *mut u64 {
        debug_assert!(self.is_ptr());
        (self.0 - 1) as *mut u64
    }
    /// Reads head and tail of a pair.
    ///
    /// # Safety
    /// The word must be a live pair.
    pub unsafe fn pair(self) -> Option<(Word, Word)> {
        if !self.is_ptr() {
            return None;
        }
        unsafe {
            let p = self.addr();
            assert_eq!(*p, PAIR_HEADER, "stale pointer {:#x}: header {:#x}", self.0, *p);
            Some((Word(*p.add(1)), Word(*p.add(2))))
        }
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.as_int() {
            Some(n) => write!(f, "{n}"),
            None if *self == NIL => write!(f, "nil"),
            None => write!(f, "#{:x}", self.0),
        }
    }
}
