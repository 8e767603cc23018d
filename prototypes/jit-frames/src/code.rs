//! Register bytecode. Enters: instructions through [`Asm`]; leaves: a
//! [`Function`] of 64-bit words `op:16 a:16 b:16 c:16` with a liveness map at
//! every safepoint. Interpreter and compiler both read this form.
//!
//! A call is followed, at its return pc, by a `RESULT` word: it names the
//! destination register, the handler, and carries the map. So ordinary returns
//! dispatch on the word at the return pc, and the static words `POP_CHUNK`,
//! `JIT_RETURN` and `HALT` cost them nothing.

use crate::native::MAX_ARGS;
use crate::word::Word;

macro_rules! ops {
    ($($(#[$m:meta])* $name:ident),* $(,)?) => { ops!(@ 0u16; $($(#[$m])* $name,)*); };
    (@ $n:expr; $(#[$m:meta])* $name:ident, $($rest:tt)*) => {
        $(#[$m])* pub const $name: u16 = $n;
        ops!(@ $n + 1; $($rest)*);
    };
    (@ $n:expr;) => {};
}
/// Operation codes. `r` is a register, `→` an offset in words from this word.
pub mod op {
    ops! {
        /// End of the process (static word).
        HALT,
        /// Return into the previous chunk (static word).
        POP_CHUNK,
        /// Return into compiled code (static word).
        JIT_RETURN,
        /// Function entry: safepoint, all `a` parameters live.
        ENTER,
        /// `a` := the next word.
        CONST,
        /// `a` := `b`.
        MOVE,
        /// `a` := `b` + `c`.
        ADD,
        /// `a` := `b` - `c`.
        SUB,
        /// `a` := `b` + imm `c`.
        ADDI,
        /// If `a` < `b` then → `c`.
        JLT,
        /// If `a` < imm `b` then → `c`.
        JLTI,
        /// If `a` is nil then → `c`.
        JNIL,
        /// → `c`.
        JUMP,
        /// Back-edge → `c`: safepoint; the next word is the map at the target.
        LOOP,
        /// `a` := pair of `b` and `c`.
        CONS,
        /// `a` := head of `b`.
        HEAD,
        /// `a` := tail of `b`.
        TAIL,
        /// Call with `b` arguments: function, 4 words of argument registers; then RESULT.
        CALL,
        /// Call of helper `a` with one argument: 1 word of registers; then RESULT.
        CALLN,
        /// At a return pc: `a` := result; on an exception `b` := it and → `c` (0: none). Then the map.
        RESULT,
        /// Tail call with `b` arguments: function, 4 words of argument registers.
        TAILCALL,
        /// Return `a`.
        RET,
        /// Raise `a`.
        RAISE,
    }
}

/// Helpers `CALLN` can reach.
pub mod helper {
    /// Collects at once and returns its argument.
    pub const GC: u16 = 0;
    /// Yields the processor and returns its argument.
    pub const PAUSE: u16 = 1;
    /// Length of a list; raises `TYPE_ERROR`.
    pub const LENGTH: u16 = 2;
}

/// Exceptions raised by the machine itself.
pub const TYPE_ERROR: Word = Word::int(-1_000_001);
/// Result does not fit a small int.
pub const OVERFLOW: Word = Word::int(-1_000_002);

/// Static words return addresses may point at.
pub static HALT_WORD: u64 = op::HALT as u64;
/// See [`op::POP_CHUNK`].
pub static POP_CHUNK_WORD: u64 = op::POP_CHUNK as u64;
/// See [`op::JIT_RETURN`].
pub static JIT_RETURN_WORD: u64 = op::JIT_RETURN as u64;

/// A function. Its address is its identity; `entry` is what compiled code calls.
#[repr(C)]
#[derive(Debug)]
pub struct Function {
    /// Native entry: compiled code behind its checks, or a jump to `stub_call`.
    pub entry: u64,
    /// Parameters (r0..arity).
    pub arity: u32,
    /// Registers.
    pub nregs: u32,
    /// Whether `entry` is compiled code.
    pub native: bool,
    /// Bytes a compiled frame takes below its caller's stack pointer.
    pub native_frame: u32,
    /// Bytecode.
    pub code: Vec<u64>,
    /// For messages.
    pub name: &'static str,
}

impl Function {
    /// Bytes of an interpreter frame of this function below and including its `fp+8` word.
    pub fn frame_bytes(&self) -> u64 {
        24 + 8 * self.nregs as u64
    }
}

/// Fields of an instruction word.
#[derive(Clone, Copy, Debug)]
pub struct Ins {
    /// Operation.
    pub op: u16,
    /// First operand.
    pub a: u16,
    /// Second operand.
    pub b: u16,
    /// Third operand.
    pub c: u16,
}

/// Takes an instruction word apart.
#[inline(always)]
pub fn decode(w: u64) -> Ins {
    Ins { op: w as u16, a: (w >> 16) as u16, b: (w >> 32) as u16, c: (w >> 48) as u16 }
}
fn encode(op: u16, a: u16, b: u16, c: u16) -> u64 {
    op as u64 | (a as u64) << 16 | (b as u64) << 32 | (c as u64) << 48
}

/// Words of an instruction.
pub fn width(op: u16) -> usize {
    match op {
        op::CONST | op::LOOP | op::CALLN | op::RESULT => 2,
        op::CALL | op::TAILCALL => 6,
        _ => 1,
    }
}

/// The argument registers of the call at `code[at]`.
pub fn call_args(code: &[u64], at: usize, n: usize) -> impl Iterator<Item = u16> + '_ {
    (0..n).map(move |i| (code[at + 2 + i / 4] >> (16 * (i % 4))) as u16)
}

/// An assembler with labels.
#[derive(Default, Debug)]
pub struct Asm {
    code: Vec<u64>,
    labels: Vec<Option<usize>>,
    fixups: Vec<(usize, usize)>,
}

/// A jump target.
#[derive(Clone, Copy, Debug)]
pub struct Label(usize);

impl Asm {
    /// Starts a function of `arity` parameters.
    pub fn new(arity: u16) -> Asm {
        Asm { code: vec![encode(op::ENTER, arity, 0, 0)], ..Asm::default() }
    }
    /// A label to be placed later.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }
    /// Places a label here.
    pub fn place(&mut self, l: Label) {
        self.labels[l.0] = Some(self.code.len());
    }
    /// A three-operand instruction.
    pub fn op3(&mut self, op: u16, a: u16, b: u16, c: i16) {
        self.code.push(encode(op, a, b, c as u16));
    }
    /// Load a constant.
    pub fn constant(&mut self, a: u16, w: Word) {
        self.code.extend([encode(op::CONST, a, 0, 0), w.0]);
    }
    /// A jump; `op` is JLT, JLTI, JNIL, JUMP or LOOP.
    pub fn jump(&mut self, op: u16, a: u16, b: i16, to: Label) {
        self.fixups.push((self.code.len(), to.0));
        self.code.push(encode(op, a, b as u16, 0));
        if op == op::LOOP {
            self.code.push(0);
        }
    }
    fn call_words(&mut self, op: u16, f: *const Function, args: &[u16]) {
        assert!(args.len() <= MAX_ARGS);
        self.code.extend([encode(op, 0, args.len() as u16, 0), f as u64]);
        let at = self.code.len();
        self.code.extend([0; 4]);
        for (i, &r) in args.iter().enumerate() {
            self.code[at + i / 4] |= (r as u64) << (16 * (i % 4));
        }
    }
    fn result(&mut self, dst: u16, handler: Option<(u16, Label)>) {
        if let Some((_, l)) = handler {
            self.fixups.push((self.code.len(), l.0));
        }
        self.code.extend([encode(op::RESULT, dst, handler.map_or(0, |h| h.0), 0), 0]);
    }
    /// `dst := f(args)`.
    pub fn call(&mut self, dst: u16, f: *const Function, args: &[u16]) {
        self.call_words(op::CALL, f, args);
        self.result(dst, None);
    }
    /// `dst := f(args)`; an exception goes to `handler`'s register and label.
    pub fn try_call(&mut self, dst: u16, f: *const Function, args: &[u16], handler: (u16, Label)) {
        self.call_words(op::CALL, f, args);
        self.result(dst, Some(handler));
    }
    /// `dst := helper(arg)`.
    pub fn call_helper(&mut self, dst: u16, id: u16, arg: u16, handler: Option<(u16, Label)>) {
        self.code.extend([encode(op::CALLN, id, 1, 0), arg as u64]);
        self.result(dst, handler);
    }
    /// Tail call.
    pub fn tail_call(&mut self, f: *const Function, args: &[u16]) {
        self.call_words(op::TAILCALL, f, args);
    }
    /// Resolves labels, computes the maps and fills `f`.
    pub fn finish(mut self, f: &mut Function) {
        for (at, l) in std::mem::take(&mut self.fixups) {
            let off = self.labels[l].expect("label placed") as i64 - at as i64;
            self.code[at] |= (off as i16 as u16 as u64) << 48;
        }
        f.arity = decode(self.code[0]).a as u32;
        f.nregs = f.arity.max(1);
        for (_, ins) in instructions(&self.code) {
            for r in defs(ins) {
                f.nregs = f.nregs.max(r as u32 + 1);
            }
        }
        assert!(f.nregs <= 64, "one map word");
        fill_maps(&mut self.code);
        f.code = self.code;
    }
}

/// All instructions with their positions.
pub fn instructions(code: &[u64]) -> impl Iterator<Item = (usize, Ins)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let here = at;
        let ins = decode(*code.get(here)?);
        at += width(ins.op);
        Some((here, ins))
    })
}

/// Where a word with an offset leads.
pub fn target(at: usize, ins: Ins) -> usize {
    (at as i64 + ins.c as i16 as i64) as usize
}

/// Registers an instruction writes (a RESULT writes its exception register too).
pub fn defs(ins: Ins) -> Vec<u16> {
    match ins.op {
        op::CONST | op::MOVE | op::ADD | op::SUB | op::ADDI | op::CONS | op::HEAD | op::TAIL => {
            vec![ins.a]
        }
        op::RESULT if ins.c != 0 => vec![ins.a, ins.b],
        op::RESULT => vec![ins.a],
        _ => vec![],
    }
}

fn uses(code: &[u64], at: usize, ins: Ins) -> u64 {
    let bit = |r: u16| 1u64 << r;
    match ins.op {
        op::MOVE | op::ADDI | op::HEAD | op::TAIL => bit(ins.b),
        op::ADD | op::SUB | op::CONS => bit(ins.b) | bit(ins.c),
        op::JLT => bit(ins.a) | bit(ins.b),
        op::JLTI | op::JNIL | op::RET | op::RAISE => bit(ins.a),
        op::CALL | op::TAILCALL => call_args(code, at, ins.b as usize).fold(0, |m, r| m | bit(r)),
        op::CALLN => bit(code[at + 1] as u16),
        _ => 0,
    }
}

/// Backward data flow; the map of a RESULT is what lives across the call,
/// whichever way it comes back.
fn fill_maps(code: &mut [u64]) {
    let list: Vec<(usize, Ins)> = instructions(code).collect();
    let mut live = vec![0u64; code.len() + 1];
    loop {
        let mut changed = false;
        for &(at, ins) in list.iter().rev() {
            let next = live[(at + width(ins.op)).min(code.len())];
            let after = match ins.op {
                op::JLT | op::JLTI | op::JNIL => next | live[target(at, ins)],
                op::JUMP | op::LOOP => live[target(at, ins)],
                op::RESULT => {
                    let normal = next & !(1 << ins.a);
                    let caught = if ins.c == 0 { 0 } else { live[target(at, ins)] & !(1 << ins.b) };
                    normal | caught
                }
                op::RET | op::RAISE | op::TAILCALL => 0,
                _ => next,
            };
            let mut before = after;
            if ins.op != op::RESULT {
                for r in defs(ins) {
                    before &= !(1 << r);
                }
            }
            before |= uses(code, at, ins);
            changed |= before != live[at];
            live[at] = before;
        }
        if !changed {
            break;
        }
    }
    for &(at, ins) in &list {
        match ins.op {
            op::RESULT => code[at + 1] = live[at],
            op::LOOP => code[at + 1] = live[target(at, ins)],
            _ => {}
        }
    }
}

/// The registers alive in an interpreter frame stopped at `pc`.
///
/// # Safety
/// `pc` must point at a safepoint word of a live function.
pub unsafe fn map_at(pc: u64) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        let p = pc as *const u64;
        let ins = decode(*p);
        match ins.op {
            op::ENTER => (1u64 << ins.a) - 1,
            op::RESULT | op::LOOP => *p.add(1),
            other => panic!("no safepoint at op {other}"),
        }
    }
}
