//! Functions as they are executed, and what is known about them.
//!
//! In: what the loader makes. Out: the entry point for calls, handlers, lines and liveness for
//! everything that walks frames. All of it is immortal: frames, closures and code point into it.
#![allow(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::emit::CallSite;
use super::module::Module;
use crate::data::closure;
use crate::heap::{Heap, freeze};
use crate::jit;
use crate::symbols::Symbol;
use crate::value::Word;

/// The number of functions that stack traces do not show.
pub(crate) const HIDDEN: u32 = u32::MAX;

/// A function.
///
/// Made first without code, so that code can hold its address; `set_code` completes it before
/// anyone can call it.
#[repr(C)]
pub(crate) struct Function {
    /// The first instruction; the word before is the info word of function entry.
    entry: AtomicPtr<u64>,
    /// Registers of a frame.
    registers: AtomicU32,
    /// Parameters.
    pub(crate) arity: u32,
    /// Captured values, in the registers after the parameters.
    pub(crate) captures: u32,
    /// Whether the closure itself is in the register after those.
    pub(crate) wants_self: bool,
    /// A top-level function of a script whose definition has run.
    pub(crate) defined: AtomicBool,
    /// What is known of its machine code, once there is some (`jit/table.rs`).
    pub(crate) compiled: AtomicPtr<u8>,
    /// Where compiled code goes that calls it.
    pub(crate) native: AtomicPtr<u8>,
    /// Whether it is to be compiled, or has been, or cannot be.
    pub(crate) requested: AtomicBool,
    pub(crate) name: Symbol,
    pub(crate) module: &'static Module,
    /// Its number in the VM, for stack traces.
    pub(crate) number: u32,
    /// Whether stack traces show it.
    pub(crate) shown: bool,
    /// Parameter names for named arguments.
    pub(crate) params: Vec<Option<Symbol>>,
    body: OnceLock<Body>,
}

/// The code of a function, and what is derived from it.
#[derive(Default)]
pub(crate) struct Body {
    /// `entry` points to the second word. Inline caches change; all other words stay.
    pub(crate) code: Box<[AtomicU64]>,
    pub(crate) handlers: Vec<Handler>,
    /// (word of code, line), ascending.
    pub(crate) lines: Vec<(u32, u32)>,
    /// Liveness maps too wide for an info word.
    pub(crate) wide: Vec<Box<[u64]>>,
}

/// A range of code whose exceptions are caught; offsets in words of `code`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) target: u32,
    pub(crate) register: u16,
    pub(crate) guard: bool,
}

impl Function {
    /// A function without code yet.
    pub(crate) fn new(
        name: Symbol,
        module: &'static Module,
        number: u32,
        [arity, captures]: [u32; 2],
        wants_self: bool,
        params: Vec<Option<Symbol>>,
    ) -> Function {
        Function {
            entry: AtomicPtr::default(),
            registers: AtomicU32::new(0),
            arity,
            captures,
            wants_self,
            defined: AtomicBool::new(false),
            compiled: AtomicPtr::default(),
            native: AtomicPtr::new(jit::interpreted_entry()),
            requested: AtomicBool::new(false),
            name,
            module,
            number,
            shown: number != HIDDEN,
            params,
            body: OnceLock::new(),
        }
    }

    /// Completes it.
    pub(crate) fn set_body(&self, registers: u32, body: Body) {
        let entry = body.code[1].as_ptr();
        if self.body.set(body).is_ok() {
            self.registers.store(registers, Ordering::Relaxed);
            self.entry.store(entry, Ordering::Release);
        }
    }

    /// Writes into a call what is known about its callee now that it has its code.
    pub(crate) fn complete_call(&self, call: &CallSite, callee: &Function) {
        let code = &self.body().code;
        code[call.entry].store(callee.entry() as u64, Ordering::Relaxed);
        if let Some(more) = call.frame {
            let words = (callee.registers() as u64 + more as u64) & 0xffff;
            code[call.at].fetch_or(words << 16, Ordering::Relaxed);
        }
    }

    /// The first instruction.
    #[inline(always)]
    pub(crate) fn entry(&self) -> *const u64 {
        self.entry.load(Ordering::Relaxed)
    }

    /// The info word of function entry.
    #[cfg(feature = "jit")]
    pub(crate) fn entry_info(&self) -> Info {
        Info(self.body().code[0].load(Ordering::Relaxed))
    }

    /// Registers of a frame.
    #[inline(always)]
    pub(crate) fn registers(&self) -> usize {
        self.registers.load(Ordering::Relaxed) as usize
    }

    /// Its code.
    pub(crate) fn body(&self) -> &Body {
        self.body.get_or_init(Body::default)
    }

    /// The word offset of a place in this function's code.
    pub(crate) fn offset(&self, pc: *const u64) -> u32 {
        ((pc as usize).wrapping_sub(self.body().code.as_ptr() as usize) / 8) as u32
    }

    /// The pc of a word offset.
    pub(crate) fn pc_at(&self, offset: u32) -> *const u64 {
        self.body().code[offset as usize].as_ptr()
    }

    /// What catches exceptions of the instruction that the word at `offset` belongs to.
    pub(crate) fn handler(&self, offset: u32) -> Option<&Handler> {
        self.body().handlers.iter().find(|h| h.start <= offset && offset < h.end)
    }

    /// The line of the instruction that the word at `offset` belongs to; 0 if unknown.
    pub(crate) fn line(&self, offset: u32) -> u32 {
        let lines = &self.body().lines;
        let after = lines.partition_point(|&(start, _)| start <= offset);
        // The word before the first instruction is the entry's.
        lines.get(after.max(1) - 1).map_or(0, |&(_, line)| line)
    }

    /// The entry of a stack trace for a frame of this function that goes on at `pc`.
    pub(crate) fn place(&self, pc: *const u64) -> Option<u64> {
        self.place_at(self.offset(pc).saturating_sub(1))
    }

    /// The entry of a stack trace for the instruction at a word offset.
    pub(crate) fn place_at(&self, offset: u32) -> Option<u64> {
        let place = (self.number as u64) << 31 | (self.line(offset) as u64 & 0x7fff_ffff);
        self.shown.then_some(place)
    }
}

/// An info word: `register that takes the result:16 | wide:1 | 7 free bits | live:40`, where `live`
/// is a bit per register, or (wide) an index into `Body::wide`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Info(pub(crate) u64);

impl Info {
    /// How many registers fit.
    pub(crate) const NARROW: usize = 40;
    const WIDE: u64 = 1 << 16;
    const SHIFT: u32 = 24;

    pub(crate) fn narrow(register: u16, live: u64) -> Info {
        Info(register as u64 | live << Info::SHIFT)
    }

    pub(crate) fn wide(register: u16, index: usize) -> Info {
        Info(register as u64 | Info::WIDE | (index as u64) << Info::SHIFT)
    }

    #[inline(always)]
    pub(crate) fn register(self) -> usize {
        self.0 as u16 as usize
    }

    /// Calls `visit` with every register live here.
    #[inline]
    pub(crate) fn for_each_live(self, function: &Function, mut visit: impl FnMut(usize)) {
        let bits = self.0 >> Info::SHIFT;
        if self.0 & Info::WIDE == 0 {
            each_bit(bits, 0, &mut visit);
        } else {
            for (i, &bits) in function.body().wide[bits as usize].iter().enumerate() {
                each_bit(bits, i * 64, &mut visit);
            }
        }
    }
}

#[inline]
fn each_bit(mut bits: u64, base: usize, visit: &mut impl FnMut(usize)) {
    while bits != 0 {
        visit(base + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// The functions a function value may be called as.
pub(crate) struct FnSet {
    /// Its name; none for anonymous ones.
    pub(crate) name: Option<Symbol>,
    /// The name of its module.
    pub(crate) module: Symbol,
    pub(crate) entries: Vec<FnEntry>,
    pub(crate) lenient: bool,
    /// The function, if there is only one and it takes as many arguments as it has parameters.
    pub(crate) only: Option<&'static Function>,
    /// The function value, if it captures nothing.
    value: OnceLock<Word>,
    /// Later ones have larger numbers.
    pub(crate) number: u64,
}

/// The function set that a closure's handle is the address of.
#[inline(always)]
pub(crate) fn fn_set_of(handle: usize) -> &'static FnSet {
    // SAFETY: closures are only made by this crate, with the addresses of immortal sets.
    unsafe { &*(handle as *const FnSet) }
}

/// A function with the numbers of arguments that lead to it.
#[derive(Clone, Copy)]
pub(crate) struct FnEntry {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) function: &'static Function,
}

/// How a call with some number of arguments goes to a function.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) function: &'static Function,
    /// How many of the arguments are passed; the function's other parameters are missing.
    pub(crate) taken: u32,
}

impl FnSet {
    /// A set; immortal.
    pub(crate) fn make(
        name: Option<Symbol>,
        module: Symbol,
        entries: Vec<FnEntry>,
        lenient: bool,
    ) -> &'static FnSet {
        let only = match entries[..] {
            [FnEntry { min, max, function }] if min == max && max == function.arity => {
                Some(function)
            }
            _ => None,
        };
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let value = OnceLock::new();
        Box::leak(Box::new(FnSet { name, module, entries, lenient, only, value, number }))
    }

    /// The function as a value, for a set whose functions capture nothing.
    pub(crate) fn function_value(&'static self) -> Word {
        *self.value.get_or_init(|| {
            let heap = Heap::new();
            let handle = std::ptr::from_ref(self) as usize;
            freeze(closure::closure(&heap, handle, &[])).word()
        })
    }

    /// The function that takes `n` arguments.
    #[inline]
    pub(crate) fn target(&self, n: u32) -> Option<Target> {
        for entry in &self.entries {
            if entry.min <= n && n <= entry.max {
                return Some(Target { function: entry.function, taken: n });
            }
        }
        if !self.lenient {
            return None;
        }
        let largest = self.entries.iter().filter(|e| e.max < n).max_by_key(|e| e.max)?;
        Some(Target { function: largest.function, taken: largest.max })
    }
}
