//! A process and the world of code it runs in. Enters: a function and its
//! arguments, then turns of the processor; leaves: a value or an exception.
//! Here are the parts both kinds of frame share: safepoints, collection,
//! unwinding. Running is in `interp`.

use crate::code::{Function, HALT_WORD, decode, map_at, op, target};
use crate::codemem::CodeMemory;
use crate::heap::Heap;
use crate::interp::Flow;
use crate::jit::{self, Options};
use crate::native::{self, Ctx, MAX_ARGS};
use crate::stack::{Chunk, Frame, Sizes, Walker, base_of, peek, poke};
use crate::word::Word;
use std::sync::Arc;

/// Functions and their machine code, immutable once sealed.
#[derive(Debug, Default)]
pub struct World {
    /// Code memory with its tables.
    pub mem: CodeMemory,
    #[expect(clippy::vec_box, reason = "a function's address is its identity")]
    functions: Vec<Box<Function>>,
}
// SAFETY: immutable while processes run.
unsafe impl Send for World {}
// SAFETY: likewise.
unsafe impl Sync for World {}

impl World {
    /// Makes a function known; it is interpreted until compiled.
    pub fn declare(&mut self, name: &'static str) -> *mut Function {
        let mut f = Box::new(Function {
            entry: 0,
            arity: 0,
            nregs: 0,
            native: false,
            native_frame: 0,
            code: vec![],
            name,
        });
        f.entry = self.mem.emit_stub(&*f);
        self.functions.push(f);
        &raw mut **self.functions.last_mut().expect("just pushed")
    }
    /// Compiles the functions whose bit is set (in order of declaration) and seals.
    /// Returns the machine-code listings if the options ask for checks.
    pub fn seal(&mut self, native: u64, options: Options) -> String {
        let mut out = String::new();
        for (i, f) in self.functions.iter_mut().enumerate() {
            if native >> i & 1 == 1 {
                // SAFETY: nothing runs yet.
                let listing = unsafe { jit::compile(&mut self.mem, &raw mut **f, options) };
                out += &format!("== {}\n{listing}\n", f.name);
            }
        }
        self.mem.seal();
        out
    }
    /// Functions declared.
    pub fn count(&self) -> usize {
        self.functions.len()
    }
}

/// Where a process stands when it does not run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// Interpreter frame `ctx.fp`, about to execute the safepoint word at `pc`
    /// (if it is a RESULT, `ctx.value` is the result).
    Interp(u64),
    /// About to enter `ctx.cur_fn` with `ctx.args`; return address at `[ctx.sp]`.
    Calling,
    /// About to return `ctx.value` to the native return address at `[ctx.sp]`.
    Returning,
    /// Finished.
    Over,
}

/// How safepoints behave.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Reductions between slow paths; 1 makes every safepoint take it.
    pub quantum: i64,
    /// Every how many slow paths to collect, whether due or not (0: never).
    pub gc_every: u64,
    /// Every how many slow paths to give up the processor (0: never).
    pub yield_every: u64,
    /// Stack chunks.
    pub sizes: Sizes,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            quantum: 4000,
            gc_every: 0,
            yield_every: 1,
            sizes: Sizes { first: 512, max: 1 << 20 },
        }
    }
}

/// What a turn ended with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Preempted or suspended: run again.
    Yielded,
    /// Returned.
    Done(Word),
    /// Died of an exception.
    Raised(Word),
}

/// A process. The context comes first: `r15` points to both.
#[repr(C)]
pub struct Process {
    /// What native code sees.
    pub ctx: Ctx,
    /// Its heap.
    pub heap: Heap,
    /// Where it stands.
    pub stop: Stop,
    /// The code.
    pub world: Arc<World>,
    /// Safepoint policy.
    pub policy: Policy,
    /// Slow paths taken.
    pub safepoints: u64,
    /// Frames walked by collections, and the time that took.
    pub walked: (u64, std::time::Duration),
    roots: Vec<*mut u64>,
}
// SAFETY: a process owns its heap and stack; nothing of it is tied to a thread.
unsafe impl Send for Process {}

impl Process {
    /// A process about to call `f(args)`.
    pub fn new(
        world: &Arc<World>,
        f: *const Function,
        args: &[Word],
        policy: Policy,
    ) -> Box<Process> {
        let mut ctx = Ctx {
            sched_sp: 0,
            sp: 0,
            fp: 0,
            reds: policy.quantum,
            limit: 0,
            hp: 0,
            hp_end: 0,
            value: 0,
            stub_call: native::stub_call as *const () as u64,
            chunk: std::ptr::null_mut(),
            spare: std::ptr::null_mut(),
            cur_fn: 0,
            saved: [0; 4],
            stash: 0,
            args: [0; MAX_ARGS],
        };
        let heap = Heap::new(&mut ctx);
        let mut p = Box::new(Process {
            ctx,
            heap,
            stop: Stop::Over,
            world: world.clone(),
            policy,
            safepoints: 0,
            walked: Default::default(),
            roots: vec![],
        });
        let top = p.ctx.init_stack(policy.sizes);
        // SAFETY: fresh stack with room for one small frame (checked by push_frame).
        unsafe {
            let boot = crate::interp::boot(f, args.len());
            let fp = p.ctx.push_frame(policy.sizes, &raw const HALT_WORD as u64, 0, top, boot);
            let base = base_of(fp);
            for (i, a) in args.iter().enumerate() {
                poke(base + 8 * i as u64, a.0);
            }
            p.ctx.fp = fp;
            p.stop = Stop::Interp((*boot).code.as_ptr() as u64);
        }
        p
    }

    /// The slow path of every safepoint; true if the process must yield.
    pub fn safepoint(&mut self, stop: Stop) -> bool {
        self.safepoints += 1;
        let every = |n: u64| n > 0 && self.safepoints.is_multiple_of(n);
        let yields = every(self.policy.yield_every);
        if self.heap.gc_due || every(self.policy.gc_every) {
            self.collect(stop);
        }
        self.ctx.reds += self.ctx.stash;
        self.ctx.stash = 0;
        if self.ctx.reds >= 0 {
            return false;
        }
        // Entries count again when they are entered again; a return does not.
        self.ctx.reds = self.policy.quantum - (stop == Stop::Returning) as i64;
        if yields {
            self.stop = stop;
            self.ctx.trim();
        }
        yields
    }

    /// Collects with the stack stopped at `stop`.
    pub fn collect(&mut self, stop: Stop) {
        let mut roots = std::mem::take(&mut self.roots);
        roots.clear();
        let t = std::time::Instant::now();
        // SAFETY: the stack is at a safepoint.
        unsafe { self.find_roots(stop, &mut roots) };
        self.walked.1 += t.elapsed();
        self.heap.collect(&mut self.ctx, &roots);
        self.roots = roots;
    }

    unsafe fn find_roots(&mut self, stop: Stop, out: &mut Vec<*mut u64>) {
        // SAFETY: the caller's: every frame is at a safepoint.
        unsafe {
            let ret = match stop {
                Stop::Interp(pc) => {
                    if decode(peek(pc)).op == op::RESULT {
                        out.push(&raw mut self.ctx.value);
                    }
                    pc
                }
                Stop::Calling => {
                    let n = (*(self.ctx.cur_fn as *const Function)).arity as usize;
                    out.extend(self.ctx.args[..n].iter_mut().map(|a| &raw mut *a));
                    peek(self.ctx.sp)
                }
                Stop::Returning => {
                    out.push(&raw mut self.ctx.value);
                    peek(self.ctx.sp)
                }
                Stop::Over => return,
            };
            let mut walker = Walker::new(&self.ctx, ret, self.ctx.fp);
            while let Some(frame) = walker.next(&self.world.mem) {
                self.walked.0 += 1;
                match frame {
                    Frame::Interp { fp, pc } => {
                        let base = base_of(fp);
                        let mut map = map_at(pc);
                        while map != 0 {
                            out.push((base + 8 * map.trailing_zeros() as u64) as *mut u64);
                            map &= map - 1;
                        }
                    }
                    Frame::Native { fp, pc } => {
                        let site = self.world.mem.sites.get(&pc).expect("a call site");
                        out.extend(site.roots.iter().map(|&d| (fp - d as u64) as *mut u64));
                    }
                }
            }
        }
    }

    /// Finds the handler for `exception` from the frame `fp` that would have
    /// continued at `ret`, and drops everything newer.
    pub fn unwind(&mut self, exception: u64, ret: u64, fp: u64) -> Flow {
        // SAFETY: the stack is at a call; handlers belong to the frames found.
        unsafe {
            let mut walker = Walker::new(&self.ctx, ret, fp);
            while let Some(frame) = walker.next(&self.world.mem) {
                match frame {
                    Frame::Interp { fp, pc } => {
                        let res = decode(peek(pc));
                        if res.op != op::RESULT || res.c == 0 {
                            continue;
                        }
                        self.drop_chunks(walker.chunk);
                        poke(base_of(fp) + 8 * res.b as u64, exception);
                        self.ctx.fp = fp;
                        return Flow::Interp((pc as i64 + 8 * target(0, res) as i64) as u64);
                    }
                    Frame::Native { fp, pc } => {
                        let Some(site) = self.world.mem.sites.get(&pc) else { continue };
                        let Some(handler) = site.handler else { continue };
                        // No register survives into a handler (Cranelift reloads
                        // everything there), so none has to be restored.
                        self.ctx.sp = fp - site.frame_size as u64;
                        self.ctx.fp = fp;
                        self.ctx.value = exception;
                        self.drop_chunks(walker.chunk);
                        return Flow::Native(native::enter_resume(&raw mut self.ctx, handler));
                    }
                }
            }
            self.stop = Stop::Over;
            Flow::Exit(Outcome::Raised(Word(exception)))
        }
    }

    fn drop_chunks(&mut self, until: *mut Chunk) {
        while self.ctx.chunk != until {
            self.ctx.pop_chunk();
        }
    }

    /// Bytes of stack in use or kept, for the measurements.
    pub fn stack_bytes(&self) -> usize {
        let mut total = 0;
        for mut c in [self.ctx.chunk, self.ctx.spare] {
            // SAFETY: the lists are alive.
            unsafe {
                while !c.is_null() {
                    total += (*c).size;
                    c = (*c).prev;
                }
            }
        }
        total
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for mut c in [self.ctx.chunk, self.ctx.spare] {
            // SAFETY: nothing runs on this stack any more.
            unsafe {
                while !c.is_null() {
                    let next = (*c).prev;
                    Chunk::free(c);
                    c = next;
                }
            }
        }
    }
}
