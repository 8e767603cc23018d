//! Tagged 64-bit words and the branded values made of them.
//!
//! In: a word read from a register, a heap object or a message. Out: what it means (`View`, `Kind`),
//! without the reader ever touching a bit or a pointer.
//!
//! | low bits | meaning |
//! |---|---|
//! | `…0` | small int, 63 bits: `n << 1` |
//! | `…001` | pointer to a heap object (address + 1) |
//! | `…101` | pointer to a boxed float (address + 5) |
//! | `…011` | local pid: serial (35 bits), process-table slot (26 bits) |
//! | `…111` | bits 3..6: 0 special (0 nil, 1 false, 2 true), 1 symbol, 2 module; payload `w >> 6` |
//!
//! **The rule that makes this sound.** A `Value<'h>` borrows its heap for `'h`; only
//! `Heap::collect(&mut self)` moves objects, so no `Value` survives a collection. A bare [`Word`] has
//! no such borrow: whoever stores one (register, mailbox, suspended native) must report it to every
//! collection of its heap as a root, and only then may turn it back into a value with
//! [`Heap::value`](crate::heap::Heap::value). Values of two heaps are never mixed; what goes from one
//! to another goes through a [`Fragment`](crate::heap::Fragment).

mod branded;
mod kind;

pub use branded::{Value, View};
pub use kind::Kind;

use crate::symbols::Symbol;

/// One machine word of a rata value, as it lies in registers and heap objects.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Word(u64);

impl Word {
    /// The word of `nil`.
    pub const NIL: Word = Word(0b111);
    /// The word of `false`.
    pub const FALSE: Word = Word(1 << 6 | 0b111);
    /// The word of `true`.
    pub const TRUE: Word = Word(2 << 6 | 0b111);
    /// The smallest small int, -2^62.
    pub const MIN_SMALL: i64 = i64::MIN >> 1;
    /// The largest small int, 2^62 - 1.
    pub const MAX_SMALL: i64 = i64::MAX >> 1;

    /// The word with these bits. The bits must be those of a word that is valid where it is used.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Word {
        Word(bits)
    }

    /// The bits of this word.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The word of a small int, or nothing if `n` needs more than 63 bits.
    #[inline(always)]
    pub const fn small(n: i64) -> Option<Word> {
        if (n << 1) >> 1 == n { Some(Word((n << 1) as u64)) } else { None }
    }

    /// The word of an int known to fit 63 bits.
    #[inline(always)]
    pub const fn small_wrapping(n: i64) -> Word {
        Word((n << 1) as u64)
    }

    /// The word of a bool.
    #[inline(always)]
    pub const fn bool(b: bool) -> Word {
        Word(((b as u64 + 1) << 6) | 0b111)
    }

    /// The word of a symbol.
    #[inline(always)]
    pub const fn symbol(s: Symbol) -> Word {
        Word((s.id() as u64) << 6 | 1 << 3 | 0b111)
    }

    /// The word of the module with this name.
    #[inline(always)]
    pub const fn module(name: Symbol) -> Word {
        Word((name.id() as u64) << 6 | 2 << 3 | 0b111)
    }

    /// The word of a local pid.
    #[inline(always)]
    pub const fn pid(pid: Pid) -> Word {
        Word(pid.0 << 3 | 0b011)
    }

    /// Whether this is a small int.
    #[inline(always)]
    pub const fn is_small(self) -> bool {
        self.0 & 1 == 0
    }

    /// The small int this word is.
    #[inline(always)]
    pub const fn as_small(self) -> Option<i64> {
        if self.is_small() { Some(self.0 as i64 >> 1) } else { None }
    }

    /// Whether this word points to an object (floats included).
    #[inline(always)]
    pub const fn is_pointer(self) -> bool {
        self.0 & 3 == 1
    }

    /// Whether this word points to a boxed float.
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.0 & 7 == 5
    }

    /// Whether this word points to an object that is no float.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & 7 == 1
    }

    /// Whether this is `nil`.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.0 == Word::NIL.0
    }

    /// The bool this word is.
    #[inline(always)]
    pub const fn as_bool(self) -> Option<bool> {
        match self {
            Word::TRUE => Some(true),
            Word::FALSE => Some(false),
            _ => None,
        }
    }

    /// The symbol this word is.
    #[inline(always)]
    pub const fn as_symbol(self) -> Option<Symbol> {
        if self.0 & 63 == 1 << 3 | 7 { Some(Symbol::from_id((self.0 >> 6) as u32)) } else { None }
    }

    /// The symbol this word is, if that may be collected.
    #[inline(always)]
    pub(crate) const fn as_collected(self) -> Option<Symbol> {
        const BIT: u64 = (Symbol::COLLECTED as u64) << 6;
        match self.0 & (BIT | 63) == (BIT | 1 << 3 | 7) {
            true => Some(Symbol::from_id((self.0 >> 6) as u32)),
            false => None,
        }
    }

    /// The name of the module this word is.
    #[inline(always)]
    pub const fn as_module(self) -> Option<Symbol> {
        if self.0 & 63 == 2 << 3 | 7 { Some(Symbol::from_id((self.0 >> 6) as u32)) } else { None }
    }

    /// The local pid this word is.
    #[inline(always)]
    pub const fn as_pid(self) -> Option<Pid> {
        if self.0 & 7 == 3 { Some(Pid(self.0 >> 3)) } else { None }
    }

    /// The address this pointer word points to.
    #[inline(always)]
    pub(crate) const fn address(self) -> *mut u64 {
        (self.0 & !7) as *mut u64
    }

    /// The word pointing to an object (not a float) at this address.
    #[inline(always)]
    pub(crate) fn object(address: *mut u64) -> Word {
        Word(address as u64 | 1)
    }

    /// The word pointing to a boxed float at this address.
    #[inline(always)]
    pub(crate) fn float(address: *mut u64) -> Word {
        Word(address as u64 | 5)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.as_small(), self.as_symbol()) {
            (Some(n), _) => write!(f, "Word({n})"),
            (_, Some(s)) => write!(f, "Word(:{})", s.text()),
            _ => write!(f, "Word({:#x})", self.0),
        }
    }
}

/// A process of this node: its creation serial and its slot in the process table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Pid(u64);

impl Pid {
    /// Bits of the payload that hold the slot.
    pub const SLOT_BITS: u32 = 26;
    /// Bits of the payload that hold the serial.
    pub const SERIAL_BITS: u32 = 35;

    /// The pid of the `serial`-th process created, which lives in `slot`.
    pub const fn new(serial: u64, slot: u32) -> Pid {
        let serial = serial & ((1 << Pid::SERIAL_BITS) - 1);
        Pid(serial << Pid::SLOT_BITS | (slot as u64 & ((1 << Pid::SLOT_BITS) - 1)))
    }

    pub(crate) const fn from_payload(payload: u64) -> Pid {
        Pid(payload)
    }

    pub(crate) const fn payload(self) -> u64 {
        self.0
    }

    /// Which process of this node it was, counted from the first.
    pub const fn serial(self) -> u64 {
        self.0 >> Pid::SLOT_BITS
    }

    /// Its slot in the process table.
    pub const fn slot(self) -> u32 {
        (self.0 & ((1 << Pid::SLOT_BITS) - 1)) as u32
    }
}

/// Something that holds words and reports each of them to a collection.
pub trait Trace {
    /// Calls `visit` on every word held.
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word));
}

impl Trace for Word {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(self);
    }
}

impl<T: Trace> Trace for Vec<T> {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for item in self {
            item.trace(visit);
        }
    }
}

impl<T: Trace> Trace for Option<T> {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        if let Some(item) = self {
            item.trace(visit);
        }
    }
}
