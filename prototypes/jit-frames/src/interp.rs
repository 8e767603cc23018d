//! The interpreter and the driver of compiled code. Enters: a process and its
//! state; leaves: an [`Outcome`]. Neither ever recurses natively: calls in
//! both directions go through frames on the process's stack.

use crate::code::{Asm, Function, JIT_RETURN_WORD, POP_CHUNK_WORD, call_args, decode, helper, op};
use crate::helpers;
use crate::native::{self, enter_call, enter_resume, status};
use crate::process::{Outcome, Process, Stop};
use crate::stack::{base_of, peek, poke};
use crate::word::{NIL, Word};

/// What to do next.
#[derive(Debug)]
pub enum Flow {
    /// Interpret from this pc in frame `ctx.fp`, with `ctx.value` as the last result.
    Interp(u64),
    /// Native code stopped with this status.
    Native(u64),
    /// The turn is over.
    Exit(Outcome),
}

/// The first frame of every process: `r0.. := args; return f(r0..)`. Leaked on
/// purpose; one per process start, of a few words.
pub(crate) fn boot(f: *const Function, nargs: usize) -> *const Function {
    let mut asm = Asm::new(nargs as u16);
    let regs: Vec<u16> = (0..nargs as u16).collect();
    asm.call(0, f, &regs);
    asm.op3(op::RET, 0, 0, 0);
    let mut boot = Box::new(Function {
        entry: 0,
        arity: 0,
        nregs: 0,
        native: false,
        native_frame: 0,
        code: vec![],
        name: "boot",
    });
    asm.finish(&mut boot);
    Box::leak(boot)
}

impl Process {
    /// Runs until the process yields or ends.
    pub fn run(&mut self) -> Outcome {
        // SAFETY: `stop` describes the stack.
        let mut flow = unsafe {
            match self.stop {
                Stop::Interp(pc) => Flow::Interp(pc),
                Stop::Calling => Flow::Native(status::CALL),
                Stop::Returning => self.return_native(),
                Stop::Over => panic!("the process is over"),
            }
        };
        loop {
            flow = match flow {
                // SAFETY: as produced by the parts below.
                Flow::Interp(pc) => unsafe { self.interpret(pc) },
                // SAFETY: likewise.
                Flow::Native(status) => unsafe { self.native_stopped(status) },
                Flow::Exit(outcome) => return outcome,
            }
        }
    }

    /// Returns `ctx.value` to the native return address at `[ctx.sp]`.
    unsafe fn return_native(&mut self) -> Flow {
        unsafe {
            let target = peek(self.ctx.sp);
            self.ctx.sp += 8;
            Flow::Native(enter_resume(&raw mut self.ctx, target))
        }
    }

    /// Native code came back to the scheduler's stack.
    unsafe fn native_stopped(&mut self, why: u64) -> Flow {
        unsafe {
            match why {
                status::RETURNED => Flow::Interp(peek(base_of(self.ctx.fp) - 8)),
                status::CALL => {
                    let f = self.ctx.cur_fn as *const Function;
                    if (*f).native { self.enter_native(f) } else { self.enter_interpreted(f) }
                }
                status::SAFEPOINT => {
                    self.ctx.value = 0;
                    if self.safepoint(Stop::Returning) {
                        return Flow::Exit(Outcome::Yielded);
                    }
                    self.return_native()
                }
                status::SUSPEND => {
                    self.stop = Stop::Returning;
                    Flow::Exit(Outcome::Yielded)
                }
                status::RAISE => self.unwind(self.ctx.value, peek(self.ctx.sp), self.ctx.fp),
                other => unreachable!("status {other}"),
            }
        }
    }

    /// A compiled function whose checked entry failed is to be entered after all.
    unsafe fn enter_native(&mut self, f: *const Function) -> Flow {
        unsafe {
            if self.ctx.reds < 0 {
                if self.safepoint(Stop::Calling) {
                    return Flow::Exit(Outcome::Yielded);
                }
            } else if self.ctx.sp - ((*f).native_frame as u64) < self.ctx.limit {
                let (ret, sp) = (peek(self.ctx.sp), self.ctx.sp + 8);
                let need = (*f).native_frame as u64 + 16;
                let top = self.ctx.push_chunk(self.policy.sizes, need, ret, sp);
                self.ctx.sp = top - 8;
                poke(top - 8, native::pop_chunk());
            }
            Flow::Native(enter_resume(&raw mut self.ctx, (*f).entry))
        }
    }

    /// Compiled code calls or tail-calls an interpreted function.
    unsafe fn enter_interpreted(&mut self, f: *const Function) -> Flow {
        unsafe {
            let mut sp = self.ctx.sp;
            while peek(sp) == native::pop_chunk() {
                // Only after a tail call: the frame that began this chunk is gone.
                sp = self.ctx.pop_chunk().1 - 8;
            }
            let fp = if peek(sp) == native::ret_to_interp() {
                // A tail call of a function the interpreter called: as if it had called `f`.
                let base = base_of(self.ctx.fp);
                self.ctx.push_frame(self.policy.sizes, peek(base - 8), self.ctx.fp, base, f)
            } else {
                let bridge = sp - 8;
                poke(bridge, self.ctx.fp);
                for (i, r) in self.ctx.saved.iter().enumerate() {
                    poke(bridge - 8 - 8 * i as u64, *r);
                }
                let ret = &raw const JIT_RETURN_WORD as u64;
                self.ctx.push_frame(self.policy.sizes, ret, bridge, bridge - 32, f)
            };
            let base = base_of(fp);
            for i in 0..(*f).arity as usize {
                poke(base + 8 * i as u64, self.ctx.args[i]);
            }
            self.ctx.fp = fp;
            Flow::Interp((*f).code.as_ptr() as u64)
        }
    }

    /// Takes a bridge down: registers and stack as the compiled caller left
    /// them, rsp at its return address.
    unsafe fn cross_bridge(&mut self, bridge: u64) {
        unsafe {
            for i in 0..4 {
                self.ctx.saved[i] = peek(bridge - 8 - 8 * i as u64);
            }
            self.ctx.fp = peek(bridge);
            self.ctx.sp = bridge + 8;
        }
    }

    /// Calls compiled `f` from the interpreter frame `fp`, to return to `ret` there.
    #[inline(always)]
    unsafe fn call_native(&mut self, f: *const Function, fp: u64, base: u64, ret: u64) -> u64 {
        unsafe {
            poke(base - 8, ret);
            self.ctx.sp = (base - 8) & !15;
            self.ctx.fp = fp;
            enter_call(&raw mut self.ctx, (*f).entry)
        }
    }

    /// Tail-calls `f` (arguments in `ctx.args`) from the interpreter frame `fp`.
    unsafe fn tail_call(&mut self, f: *const Function, fp: u64) -> Flow {
        unsafe {
            let (mut ret, caller) = (peek(fp + 8), peek(fp));
            let mut sp = fp + 16;
            let native = (*f).native;
            let fits = sp - (*f).frame_bytes() >= self.ctx.limit;
            while ret == &raw const POP_CHUNK_WORD as u64 && (native || !fits) {
                (ret, sp) = self.ctx.pop_chunk();
            }
            if !native {
                let fp = self.ctx.push_frame(self.policy.sizes, ret, caller, sp, f);
                let base = base_of(fp);
                for i in 0..(*f).arity as usize {
                    poke(base + 8 * i as u64, self.ctx.args[i]);
                }
                self.ctx.fp = fp;
                return Flow::Interp((*f).code.as_ptr() as u64);
            }
            Flow::Native(if ret == &raw const JIT_RETURN_WORD as u64 {
                self.cross_bridge(caller);
                enter_resume(&raw mut self.ctx, (*f).entry)
            } else {
                self.call_native(f, caller, base_of(caller), ret)
            })
        }
    }

    /// The loop.
    unsafe fn interpret(&mut self, pc: u64) -> Flow {
        unsafe {
            let mut pc = pc as *const u64;
            let mut fp = self.ctx.fp;
            let mut base = match decode(*pc).op {
                op::HALT | op::POP_CHUNK | op::JIT_RETURN => 0,
                _ => base_of(fp),
            };
            let mut acc = self.ctx.value;
            macro_rules! reg {
                ($r:expr) => {
                    *((base + 8 * $r as u64) as *mut u64)
                };
            }
            macro_rules! raise {
                ($w:expr) => {{
                    return self.unwind($w.0, peek(fp + 8), peek(fp));
                }};
            }
            macro_rules! safepoint {
                () => {
                    self.ctx.reds -= 1;
                    if self.ctx.reds < 0 {
                        self.ctx.fp = fp;
                        if self.safepoint(Stop::Interp(pc as u64)) {
                            return Flow::Exit(Outcome::Yielded);
                        }
                        continue;
                    }
                };
            }
            loop {
                let i = decode(*pc);
                let jump = pc.offset(i.c as i16 as isize);
                match i.op {
                    op::ENTER => {
                        safepoint!();
                        pc = pc.add(1);
                    }
                    op::CONST => {
                        reg!(i.a) = *pc.add(1);
                        pc = pc.add(2);
                    }
                    op::MOVE => {
                        reg!(i.a) = reg!(i.b);
                        pc = pc.add(1);
                    }
                    op::ADD | op::SUB | op::ADDI => {
                        let x = Word(reg!(i.b));
                        let y = match i.op {
                            op::ADDI => Word::int(i.c as i16 as i64),
                            _ => Word(reg!(i.c)),
                        };
                        match if i.op == op::SUB { helpers::sub(x, y) } else { helpers::add(x, y) }
                        {
                            Ok(w) => reg!(i.a) = w.0,
                            Err(e) => raise!(e),
                        }
                        pc = pc.add(1);
                    }
                    op::JLT | op::JLTI => {
                        let y = match i.op {
                            op::JLTI => Word::int(i.b as i16 as i64),
                            _ => Word(reg!(i.b)),
                        };
                        match (Word(reg!(i.a)).as_int(), y.as_int()) {
                            (Some(x), Some(y)) => pc = if x < y { jump } else { pc.add(1) },
                            _ => raise!(crate::code::TYPE_ERROR),
                        }
                    }
                    op::JNIL => pc = if reg!(i.a) == NIL.0 { jump } else { pc.add(1) },
                    op::JUMP => pc = jump,
                    op::LOOP => {
                        safepoint!();
                        pc = jump;
                    }
                    op::CONS => {
                        let (h, t) = (Word(reg!(i.b)), Word(reg!(i.c)));
                        reg!(i.a) = self.heap.cons(&mut self.ctx, h, t).0;
                        pc = pc.add(1);
                    }
                    op::HEAD | op::TAIL => {
                        match Word(reg!(i.b)).pair() {
                            Some((h, t)) => reg!(i.a) = if i.op == op::HEAD { h.0 } else { t.0 },
                            None => raise!(crate::code::TYPE_ERROR),
                        }
                        pc = pc.add(1);
                    }
                    op::CALL => {
                        let f = *pc.add(1) as *const Function;
                        let code = std::slice::from_raw_parts(pc, 6);
                        let args = call_args(code, 0, i.b as usize);
                        let ret = pc.add(6);
                        if (*f).native {
                            for (k, r) in args.enumerate() {
                                self.ctx.args[k] = reg!(r);
                            }
                            let why = self.call_native(f, fp, base, ret as u64);
                            if why != status::RETURNED {
                                return Flow::Native(why);
                            }
                            acc = self.ctx.value;
                            pc = ret;
                        } else {
                            let new =
                                self.ctx.push_frame(self.policy.sizes, ret as u64, fp, base, f);
                            let to = base_of(new);
                            for (k, r) in args.enumerate() {
                                poke(to + 8 * k as u64, reg!(r));
                            }
                            (fp, base) = (new, to);
                            pc = (*f).code.as_ptr();
                        }
                    }
                    op::CALLN => {
                        let arg = reg!(*pc.add(1));
                        pc = pc.add(2);
                        self.ctx.fp = fp;
                        self.ctx.value = arg;
                        match i.a {
                            helper::GC => self.collect(Stop::Interp(pc as u64)),
                            helper::PAUSE => {
                                self.stop = Stop::Interp(pc as u64);
                                return Flow::Exit(Outcome::Yielded);
                            }
                            _ => match helpers::list_length(Word(arg)) {
                                Ok(w) => self.ctx.value = w.0,
                                Err(e) => return self.unwind(e.0, pc as u64, fp),
                            },
                        }
                        acc = self.ctx.value;
                    }
                    op::RESULT => {
                        base = base_of(fp);
                        reg!(i.a) = acc;
                        pc = pc.add(2);
                    }
                    op::TAILCALL => {
                        let f = *pc.add(1) as *const Function;
                        let code = std::slice::from_raw_parts(pc, 6);
                        for (k, r) in call_args(code, 0, i.b as usize).enumerate() {
                            self.ctx.args[k] = reg!(r);
                        }
                        match self.tail_call(f, fp) {
                            Flow::Interp(to) => {
                                pc = to as *const u64;
                                fp = self.ctx.fp;
                                base = base_of(fp);
                            }
                            other => return other,
                        }
                    }
                    op::RET => {
                        acc = reg!(i.a);
                        pc = peek(fp + 8) as *const u64;
                        fp = peek(fp);
                    }
                    op::RAISE => raise!(Word(reg!(i.a))),
                    op::POP_CHUNK => pc = self.ctx.pop_chunk().0 as *const u64,
                    op::JIT_RETURN => {
                        self.cross_bridge(fp);
                        self.ctx.value = acc;
                        return self.return_native();
                    }
                    op::HALT => {
                        self.stop = Stop::Over;
                        return Flow::Exit(Outcome::Done(Word(acc)));
                    }
                    other => unreachable!("op {other}"),
                }
            }
        }
    }
}
