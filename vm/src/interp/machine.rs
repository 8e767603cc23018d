//! The machine's registers, and everything that touches frames and code through raw pointers.
//!
//! In: code words and frames. Out: thin accessors that the match loop is written with.
//!
//! # Safety
//! One invariant carries this module: **the code was verified and specialised by this crate.** So
//! every word at `pc` is an instruction with its extension words; register numbers are below the
//! function's register count; distances lead to instructions of the same function; extension words
//! said to be addresses are those of immortal objects of that type; registers that are read have
//! been written. Frames are made by the functions below only, on a [`Stack`], with room checked.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

use super::calls::Words;
use crate::code::MISSING;
use crate::code::exec::{Ex, args_words};
use crate::code::function::{Function, Info};
use crate::stack::{POP_CHUNK, Stack, poison};
use crate::tails::Tails;
use crate::value::{Pid, Value, Word};

/// Copies words one by one. What compiled code has just written word by word would be waited for by wider
/// loads (it is not forwarded to them), and they are few.
///
/// # Safety
/// As for `ptr::copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy_words(from: *const u64, to: *mut u64, n: usize) {
    for i in 0..n {
        // SAFETY: by contract. Volatile, so that it stays a load of one word.
        unsafe { to.add(i).write(from.add(i).read_volatile()) }
    }
}

/// Where the process is: program counter, registers of the frame, frame. Small and `Copy`: the match
/// loop keeps its own in CPU registers and hands copies to what is not inlined.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pc: *const u64,
    base: *mut u64,
    fp: *mut u64,
}

/// Which registers hold the arguments of an `args` instruction.
#[derive(Clone, Copy)]
pub(crate) struct Args {
    registers: *const u16,
    base: *const u64,
    len: usize,
}

impl Args {
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The argument `i`, which must be below `len`.
    #[inline(always)]
    pub(crate) fn get(self, i: usize) -> Word {
        debug_assert!(i < self.len);
        // SAFETY: the instruction names so many registers of the frame.
        unsafe { Word::from_bits(*self.base.add(*self.registers.add(i) as usize)) }
    }

    /// The arguments of an instruction that has exactly so many.
    #[inline(always)]
    pub(crate) fn exact<const N: usize>(self) -> [Word; N] {
        debug_assert!(self.len == N);
        std::array::from_fn(|i| {
            // SAFETY: as in `get`.
            unsafe { Word::from_bits(*self.base.add(*self.registers.add(i) as usize)) }
        })
    }

    /// All but the last `n`, and those.
    pub(crate) fn split_last(self, n: usize) -> (Args, Args) {
        let first = self.len - n.min(self.len);
        // SAFETY: within the instruction's registers.
        let rest = unsafe { self.registers.add(first) };
        (Args { len: first, ..self }, Args { registers: rest, len: self.len - first, ..self })
    }

    pub(crate) fn words(self) -> impl Iterator<Item = Word> {
        (0..self.len).map(move |i| self.get(i))
    }

    /// The same, out of the registers.
    #[inline(always)]
    pub(crate) fn to_words(self) -> Words {
        const INLINE: usize = 8;
        if self.len > INLINE {
            return self.words().collect();
        }
        let mut few = [Word::NIL; INLINE];
        for (i, word) in few.iter_mut().enumerate().take(self.len) {
            *word = self.get(i);
        }
        Words::from_buf_and_len(few, self.len)
    }
}

// Some of it is for compiled code alone.
#[cfg_attr(not(feature = "jit"), allow(dead_code))]
impl Machine {
    /// A machine at these places: of a frame, or of words that stand for one.
    pub(crate) fn new(pc: *const u64, base: *mut u64, fp: *mut u64) -> Machine {
        Machine { pc, base, fp }
    }

    pub(crate) fn pc(&self) -> *const u64 {
        self.pc
    }

    pub(crate) fn fp(&self) -> *mut u64 {
        self.fp
    }

    /// Goes on where the stack says.
    pub(crate) fn load(stack: &Stack) -> Machine {
        let base = stack.top().map_or(std::ptr::null_mut(), |frame| frame.base());
        Machine { pc: stack.pc, base, fp: stack.fp }
    }

    /// Tells the stack where the process is.
    #[inline(always)]
    pub(crate) fn save(&self, stack: &mut Stack) {
        stack.pc = self.pc;
        stack.fp = self.fp;
    }

    /// Tells the stack that the process is in the midst of the instruction at `pc`: for traces and
    /// handlers only.
    pub(crate) fn save_within(&self, stack: &mut Stack) {
        stack.pc = self.pc.wrapping_add(1);
        stack.fp = self.fp;
    }

    #[inline(always)]
    pub(crate) fn op(&self) -> Ex {
        // SAFETY: `pc` points to an instruction; its low 16 bits are an `Ex`.
        unsafe { std::mem::transmute::<u16, Ex>(*self.pc as u16) }
    }

    #[inline(always)]
    fn word(&self) -> u64 {
        // SAFETY: `pc` points to an instruction.
        unsafe { *self.pc }
    }

    #[inline(always)]
    pub(crate) fn a(&self) -> usize {
        (self.word() >> 16) as u16 as usize
    }

    #[inline(always)]
    pub(crate) fn b(&self) -> usize {
        (self.word() >> 32) as u16 as usize
    }

    #[inline(always)]
    pub(crate) fn c(&self) -> usize {
        (self.word() >> 48) as usize
    }

    /// c as an int.
    #[inline(always)]
    pub(crate) fn c_int(&self) -> i64 {
        (self.word() as i64) >> 48
    }

    /// b as an int.
    #[inline(always)]
    pub(crate) fn b_int(&self) -> i64 {
        (self.word() >> 32) as i16 as i64
    }

    /// b and c as one int.
    #[inline(always)]
    pub(crate) fn bc_int(&self) -> i64 {
        (self.word() as i64) >> 32
    }

    #[inline(always)]
    pub(crate) fn get(&self, register: usize) -> Word {
        // SAFETY: registers named by code are in the frame.
        unsafe { Word::from_bits(*self.base.add(register)) }
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, register: usize, word: Word) {
        // SAFETY: registers named by code are in the frame.
        unsafe { *self.base.add(register) = word.bits() }
    }

    /// The word `n` words after the first of the instruction.
    #[inline(always)]
    pub(crate) fn ext(&self, n: usize) -> u64 {
        // SAFETY: the instruction has such a word.
        unsafe { *self.pc.add(n) }
    }

    /// The object whose address is the word `n` words after the first.
    ///
    /// # Safety
    /// The instruction has the address of an immortal `T` there.
    #[inline(always)]
    pub(crate) unsafe fn object<T>(&self, n: usize) -> &'static T {
        // SAFETY: by contract.
        unsafe { &*(self.ext(n) as *const T) }
    }

    /// The constant in the word `n` words after the first.
    #[inline(always)]
    pub(crate) fn constant(&self, n: usize) -> Value<'static> {
        Value::new(Word::from_bits(self.ext(n)))
    }

    /// The inline cache `n` words after the first.
    #[inline(always)]
    pub(crate) fn cache(&self, n: usize) -> &'static AtomicU64 {
        // SAFETY: code lives for ever; cache words are only used as atomics.
        unsafe { AtomicU64::from_ptr(self.pc.add(n).cast_mut()) }
    }

    /// The arguments of an `args` instruction.
    #[inline(always)]
    pub(crate) fn args(&self) -> Args {
        Args { registers: self.pc.cast::<u16>().wrapping_add(2), base: self.base, len: self.a() }
    }

    /// Goes on `n` words further.
    #[inline(always)]
    pub(crate) fn next(&mut self, n: usize) {
        self.pc = self.pc.wrapping_add(n);
    }

    /// Goes on so many words from here.
    #[inline(always)]
    pub(crate) fn jump(&mut self, distance: i64) {
        self.pc = self.pc.wrapping_offset(distance as isize);
    }

    /// Takes the jump whose distance is the low half of the first extension word.
    #[inline(always)]
    pub(crate) fn jump_ext(&mut self) {
        self.jump(self.ext(1) as i32 as i64);
    }

    /// The high half of the first extension word.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        (self.ext(1) >> 32) as usize
    }

    /// The function of the frame.
    pub(crate) fn function(&self) -> &'static Function {
        // SAFETY: every frame holds its function.
        unsafe { &*(*self.fp.sub(1) as *const Function) }
    }

    /// Puts the result of the call-like instruction that ends right before `pc` into its register.
    #[inline(always)]
    pub(crate) fn deliver(&mut self, word: Word) {
        // SAFETY: the word before is an info word of this frame's function.
        let register = unsafe { Info(*self.pc.sub(1)).register() };
        self.set(register, word);
    }

    /// Whether the result delivered here is returned at once, and the frame is not needed to catch what fails
    /// until then.
    pub(crate) fn returns_result(&self) -> bool {
        // SAFETY: as in `deliver`.
        let register = unsafe { Info(*self.pc.sub(1)).register() };
        let function = self.function();
        self.op() == Ex::Return
            && self.a() == register
            && function.handler(function.offset(self.pc).saturating_sub(1)).is_none()
    }

    /// The place right after the `args` instruction at `pc` with so many extension words.
    #[inline(always)]
    pub(crate) fn after(&self, ext: usize) -> Return {
        Return(self.pc.wrapping_add(args_words(self.a()) + ext))
    }

    /// The place `n` words further.
    #[inline(always)]
    pub(crate) fn after_words(&self, n: usize) -> Return {
        Return(self.pc.wrapping_add(n))
    }

    /// The place the machine is at.
    pub(crate) fn here(&self) -> Return {
        Return(self.pc)
    }

    /// Goes on at an instruction of the frame's function.
    pub(crate) fn go_to(&mut self, pc: *const u64) {
        self.pc = pc;
    }

    /// Goes on there.
    #[inline(always)]
    pub(crate) fn go(&mut self, to: Return) {
        self.pc = to.0;
    }

    /// Whether a frame of `f` has room under the frame.
    #[inline(always)]
    pub(crate) fn has_room(&self, stack: &Stack, f: &Function) -> bool {
        self.base as usize - stack.limit as usize >= (f.registers() + 3) * 8
    }

    /// The same where the frame may reach below the stack's limit itself.
    pub(crate) fn has_room_at_all(&self, stack: &Stack, f: &Function) -> bool {
        self.base as usize >= stack.limit as usize + (f.registers() + 3) * 8
    }

    /// Pushes a frame of `f` that goes on at `to`, room having been checked.
    #[inline(always)]
    pub(crate) fn push(&mut self, f: &'static Function, args: Args, to: Return) {
        // SAFETY: there is room.
        unsafe { self.push_under(self.base, f, args, to.0) }
    }

    /// The first `n` registers that an instruction with a fixed number of them names.
    #[inline(always)]
    pub(crate) fn args_of(&self, n: usize) -> Args {
        Args { registers: self.pc.cast::<u16>().wrapping_add(2), base: self.base, len: n }
    }

    /// The place right after a `Call` with exactly so many arguments.
    #[inline(always)]
    pub(crate) fn after_exact(&self, n: usize) -> Return {
        self.after_words(args_words(n) + 3)
    }

    /// Does the `Call` with exactly so many arguments at `pc`; false: there is no room above
    /// `limit`. Everything about the callee stands in the code: its frame's size in words in a,
    /// then function and entry.
    #[inline(always)]
    pub(crate) fn push_exact<const N: usize>(&mut self, limit: *mut u64) -> bool {
        let base = self.base.wrapping_sub(self.a());
        if base < limit {
            return false;
        }
        let words = self.args_of(N).exact::<N>();
        self.push_known(base, args_words(N));
        self.set_all(words);
        true
    }

    /// The same of a `CallAddInt`, with the argument that it has calculated.
    #[inline(always)]
    pub(crate) fn push_one(&mut self, limit: *mut u64, argument: Word) -> bool {
        let base = self.base.wrapping_sub(self.a());
        if base < limit {
            return false;
        }
        self.push_known(base, 1);
        self.set(0, argument);
        true
    }

    /// Pushes a frame with this base for the function that is named `at` words from here, with its
    /// entry and the info word after it.
    #[inline(always)]
    fn push_known(&mut self, base: *mut u64, at: usize) {
        let [function, entry] = [self.ext(at), self.ext(at + 1)];
        let to = self.pc.wrapping_add(at + 3);
        // SAFETY: there is room for the frame.
        unsafe {
            let fp = self.base.sub(2);
            *fp.add(1) = to as u64;
            *fp = self.fp as u64;
            *fp.sub(1) = function;
            self.fp = fp;
        }
        self.base = base;
        self.pc = entry as *const u64;
        self.poison();
    }

    /// In debug builds: makes the registers of a frame whose arguments are yet to be written unreadable.
    #[inline(always)]
    fn poison(&self) {
        // SAFETY: these are the frame's registers.
        unsafe { poison(self.base, (self.fp as usize - self.base as usize) / 8 - 1) }
    }

    /// Remembers the tail call at `pc`.
    #[inline(always)]
    pub(crate) fn note_tail(&self, tails: &Tails, pid: Pid, callee: &'static Function) {
        // SAFETY: the frame's link lies at fp, its function under it.
        let (link, function) = unsafe { (*self.fp, &*(*self.fp.sub(1) as *const Function)) };
        tails.note(pid, link, [function, callee], self.pc);
    }

    /// Does the `TailCall` with exactly so many arguments at `pc`; false: there is no room above
    /// `limit`. The words of the frame that lie below fp are in a.
    #[inline(always)]
    pub(crate) fn replace_exact<const N: usize>(&mut self, limit: *mut u64) -> bool {
        let base = self.fp.wrapping_sub(self.a());
        if base < limit {
            return false;
        }
        let words = self.args_of(N).exact::<N>();
        let [function, entry] = [self.ext(args_words(N)), self.ext(args_words(N) + 1)];
        // SAFETY: there is room for that many words under fp.
        unsafe { *self.fp.sub(1) = function };
        self.base = base;
        self.poison();
        self.set_all(words);
        self.pc = entry as *const u64;
        true
    }

    /// Does the `TailSelf` with so many arguments at `pc`.
    #[inline(always)]
    pub(crate) fn enter_again<const N: usize>(&mut self) {
        let words = self.args_of(N).exact::<N>();
        self.pc = self.ext(args_words(N)) as *const u64;
        self.poison();
        self.set_all(words);
    }

    /// Does the `TailSelf` that follows the instruction at `pc`, whose field a says which argument is
    /// not in a register but `word`.
    #[inline(always)]
    pub(crate) fn enter_with<const N: usize>(&mut self, word: Word) {
        let position = self.a();
        self.next(1);
        let args = self.args_of(N);
        let words: [Word; N] =
            std::array::from_fn(|i| if i == position { word } else { args.get(i) });
        self.pc = self.ext(args_words(N)) as *const u64;
        self.poison();
        self.set_all(words);
    }

    /// The operands of the second instruction of a `CountTailSelf`.
    #[inline(always)]
    pub(crate) fn counted(&self) -> (Word, Word) {
        let next = self.ext(1);
        (self.get((next >> 32) as u16 as usize), self.get((next >> 48) as usize))
    }

    /// Does the rest of a `CountTailSelf`: argument a is `counter`, the other `sum`.
    #[inline(always)]
    pub(crate) fn enter_counted(&mut self, counter: Word, sum: Word) {
        let position = self.a() & 1;
        self.pc = self.ext(3) as *const u64;
        self.poison();
        self.set(position, counter);
        self.set(position ^ 1, sum);
    }

    /// Does no more than the first of the instructions of a `CountTailSelf`.
    pub(crate) fn only_count(&mut self, counter: Word) {
        let register = (self.ext(2) >> (32 + 16 * (self.a() & 1))) as u16 as usize;
        self.set(register, counter);
        self.next(1);
    }

    /// Writes the first registers.
    #[inline(always)]
    fn set_all<const N: usize>(&mut self, words: [Word; N]) {
        for (i, word) in words.into_iter().enumerate() {
            self.set(i, word);
        }
    }

    /// Pushes a frame of `f` in a new chunk.
    #[cold]
    #[inline(never)]
    pub(crate) fn push_chunk(
        &mut self,
        stack: &mut Stack,
        f: &'static Function,
        args: Args,
        to: Return,
    ) {
        let base = stack.grow(f.registers() + 3, self.base, to.0);
        // SAFETY: the new chunk has room.
        unsafe { self.push_under(base, f, args, POP_CHUNK.pc()) }
    }

    #[inline(always)]
    unsafe fn push_under(
        &mut self,
        above: *mut u64,
        f: &'static Function,
        args: Args,
        to: *const u64,
    ) {
        // SAFETY: by contract there is room under `above`.
        unsafe {
            let fp = above.sub(2);
            let base = fp.sub(1 + f.registers());
            poison(base, f.registers());
            for i in 0..args.len {
                *base.add(i) = args.get(i).bits();
            }
            *fp.add(1) = to as u64;
            *fp = self.fp as u64;
            *fp.sub(1) = std::ptr::from_ref(f) as u64;
            self.fp = fp;
            self.base = base;
        }
        self.pc = f.entry();
    }

    /// Pushes a frame of `f` under `above` that goes on at `to`, its registers yet to be filled; there
    /// is room.
    pub(crate) fn push_bare(&mut self, above: *mut u64, f: &'static Function, to: *const u64) {
        let none = Args { registers: std::ptr::null(), base: self.base, len: 0 };
        // SAFETY: there is room, as the caller has checked.
        unsafe { self.push_under(above, f, none, to) }
    }

    /// Writes the first `n` registers.
    ///
    /// # Safety
    /// There are so many words at `words`, and the frame has so many registers.
    pub(crate) unsafe fn copy_registers(&mut self, words: *const u64, n: usize) {
        // SAFETY: by contract.
        unsafe { copy_words(words, self.base, n) }
    }

    /// Copies the first `n` registers to `words`.
    ///
    /// # Safety
    /// There is room for so many words, and the frame has so many registers.
    pub(crate) unsafe fn copy_registers_to(&self, words: *mut u64, n: usize) {
        // SAFETY: by contract.
        unsafe { copy_words(self.base, words, n) }
    }

    /// Pushes a frame of `f` with these argument words (at most its arity of them).
    pub(crate) fn push_words(
        &mut self,
        stack: &mut Stack,
        f: &'static Function,
        words: &[Word],
        to: Return,
    ) {
        let none = Args { registers: std::ptr::null(), base: self.base, len: 0 };
        if self.has_room(stack, f) {
            self.push(f, none, to);
        } else {
            self.push_chunk(stack, f, none, to);
        }
        self.fill(f, words);
    }

    /// Writes arguments and marks the other parameters as omitted.
    pub(crate) fn fill(&mut self, f: &'static Function, words: &[Word]) {
        for i in 0..f.arity as usize {
            self.set(i, words.get(i).copied().unwrap_or(MISSING));
        }
    }

    /// Marks the parameters from `n` on as omitted.
    #[inline(always)]
    pub(crate) fn fill_missing(&mut self, f: &'static Function, n: usize) {
        for i in n..f.arity as usize {
            self.set(i, MISSING);
        }
    }

    /// Writes captured values, and the closure itself if wanted, behind the parameters.
    #[inline(always)]
    pub(crate) fn fill_captures(
        &mut self,
        f: &'static Function,
        captures: &[Value<'_>],
        closure: Word,
    ) {
        let first = f.arity as usize;
        let captures = &captures[..captures.len().min(f.captures as usize)];
        for (i, value) in captures.iter().enumerate() {
            self.set(first + i, value.word());
        }
        if f.wants_self {
            self.set(first + captures.len(), closure);
        }
    }

    /// Whether a frame of `f` has room in place of the frame.
    #[inline(always)]
    pub(crate) fn fits_in_place(&self, stack: &Stack, f: &Function) -> bool {
        self.has_bytes_in_place(stack, (f.registers() + 1) * 8)
    }

    #[inline(always)]
    fn has_bytes_in_place(&self, stack: &Stack, bytes: usize) -> bool {
        self.fp as usize - stack.limit as usize >= bytes
    }

    /// Replaces the frame by one of `f` whose parameters are yet to be filled.
    #[inline(always)]
    pub(crate) fn replace(&mut self, stack: &mut Stack, f: &'static Function) {
        if !self.fits_in_place(stack, f) {
            *self = self.move_to_chunk(stack, f.registers() + 3);
        }
        // SAFETY: there is room now.
        unsafe {
            *self.fp.sub(1) = std::ptr::from_ref(f) as u64;
            self.base = self.fp.sub(1 + f.registers());
        }
        self.poison();
        self.pc = f.entry();
    }

    /// Makes room for so many bytes under the two words at fp; what was there is lost.
    pub(crate) fn make_room_in_place(&mut self, stack: &mut Stack, bytes: usize) {
        if !self.has_bytes_in_place(stack, bytes) {
            *self = self.move_to_chunk(stack, bytes.div_ceil(8) + 2);
        }
    }

    /// Makes a chunk with room for a frame of so many words in place of the frame.
    #[cold]
    #[inline(never)]
    fn move_to_chunk(mut self, stack: &mut Stack, words: usize) -> Machine {
        // SAFETY: the frame is the innermost; what it returns to lies above it, or is in the head
        // of the chunk that it is first in.
        unsafe {
            let caller = *self.fp;
            let to = *self.fp.add(1) as *const u64;
            let (base, to) =
                if to == POP_CHUNK.pc() { stack.pop_chunk() } else { (self.fp.add(2), to) };
            let above = stack.grow(words, base, to);
            self.fp = above.sub(2);
            *self.fp.add(1) = POP_CHUNK.pc() as u64;
            *self.fp = caller;
        }
        self
    }

    /// Returns from the frame.
    #[inline(always)]
    pub(crate) fn ret(&mut self, word: Word) {
        // SAFETY: a frame lies under its caller, or under a chunk's scratch word, and returns to
        // a place with an info word before it.
        unsafe {
            let to = *self.fp.add(1) as *const u64;
            self.base = self.fp.add(2);
            self.fp = *self.fp as *mut u64;
            let register = Info(*to.sub(1)).register();
            *self.base.add(register) = word.bits();
            self.pc = to;
        }
    }

    /// The first frame of a chunk has returned: goes on in the chunk before.
    pub(crate) fn pop_chunk(&mut self, stack: &mut Stack) {
        let word = self.get(0);
        let (base, pc) = stack.pop_chunk();
        self.base = base;
        self.pc = pc;
        self.deliver(word);
    }

    /// Goes on in the frame that the stack has been unwound to, at its handler.
    pub(crate) fn catch(&mut self, stack: &Stack, to: *const u64) {
        *self = Machine::load(stack);
        self.pc = to;
    }

    /// Reads a cache.
    #[inline(always)]
    pub(crate) fn cached(&self, n: usize) -> u64 {
        self.cache(n).load(Ordering::Relaxed)
    }
}

/// A place in the code with an info word before it.
#[derive(Clone, Copy)]
pub(crate) struct Return(*const u64);
