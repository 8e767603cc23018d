//! The calling protocol: everything that moves between the scheduler's stack
//! and a process's stack. Enters: a [`Ctx`] describing a process that is not
//! running native code; leaves: the same, with a status saying why it stopped.
//!
//! Register contract of compiled code (Cranelift's `tail` convention on x86-64):
//! `r15` holds the `Ctx` (Cranelift's pinned register, never allocated);
//! arguments 0..6 in rdi rsi rdx rcx r8 r9, the others in `Ctx::args[6..]`; the
//! result in rax; rbx, r12, r13, r14 and rbp survive a call; no argument is
//! ever passed on the stack, so that a frame may start in another chunk than
//! its caller's and `ret` never pops anything.
//!
//! Values in rbx and r12 to r14 are never heap pointers: those live in stack
//! slots across calls. So the collector need not see the saved copies.

use core::arch::naked_asm;
use core::mem::offset_of;

/// Arguments a call may carry (6 in registers, the others in memory).
pub const MAX_ARGS: usize = 16;

/// The part of a process that native code and the stubs touch. Field order
/// matters only in that the hot ones have one-byte displacements.
#[repr(C)]
#[derive(Debug)]
pub struct Ctx {
    /// Top of the scheduler's stack while native code runs.
    pub sched_sp: u64,
    /// The process's rsp whenever native code is not running.
    pub sp: u64,
    /// The newest frame pointer, likewise.
    pub fp: u64,
    /// Reductions left; negative after a decrement means "take the slow path".
    pub reds: i64,
    /// Lowest address a frame may reach.
    pub limit: u64,
    /// Heap bump pointer and end.
    pub hp: u64,
    /// End of the bump area.
    pub hp_end: u64,
    /// Result, exception or resumption value in transit.
    pub value: u64,
    /// Where the per-function slow paths jump: `stub_call`.
    pub stub_call: u64,
    /// Newest stack chunk.
    pub chunk: *mut crate::stack::Chunk,
    /// Chunks not in use.
    pub spare: *mut crate::stack::Chunk,
    /// The function being entered when `stub_call` leaves native code.
    pub cur_fn: u64,
    /// rbx, r12, r13, r14 of the frames below the point of leaving.
    pub saved: [u64; 4],
    /// Reductions put aside while a collection is due.
    pub stash: i64,
    /// Arguments of the call in transit.
    pub args: [u64; MAX_ARGS],
}

/// Why native code was left.
pub mod status {
    /// A compiled function returned to the interpreter frame that called it.
    pub const RETURNED: u64 = 0;
    /// `cur_fn` wants to be entered: interpreted, or compiled with a check failed.
    pub const CALL: u64 = 1;
    /// A safepoint inside a compiled function took its slow path.
    pub const SAFEPOINT: u64 = 2;
    /// A helper raised `value`.
    pub const RAISE: u64 = 3;
    /// A helper suspended the process; it resumes with a value.
    pub const SUSPEND: u64 = 4;
}

/// What a helper answers: a value and 0, or a value and RAISE or SUSPEND.
#[repr(C)]
#[derive(Debug)]
pub struct Ret {
    /// Result or exception.
    pub value: u64,
    /// 0, `status::RAISE` or `status::SUSPEND`.
    pub status: u64,
}

macro_rules! load_args {
    () => {
        concat!(
            "mov rdi, [r15 + {args}]\n mov rsi, [r15 + {args} + 8]\n mov rdx, [r15 + {args} + 16]\n",
            "mov rcx, [r15 + {args} + 24]\n mov r8, [r15 + {args} + 32]\n mov r9, [r15 + {args} + 40]"
        )
    };
}
macro_rules! save_callee_saved {
    () => {
        concat!(
            "mov [r15 + {saved}], rbx\n mov [r15 + {saved} + 8], r12\n",
            "mov [r15 + {saved} + 16], r13\n mov [r15 + {saved} + 24], r14"
        )
    };
}
// The return-stack predictor does not know about the stack switch: a `ret` from
// an unbalanced depth mispredicts, an indirect jump to one place does not.
macro_rules! leave_by_jump {
    () => {
        concat!(
            "mov rsp, [r15 + {sched_sp}]\n add rsp, 8\n pop r15\n pop r14\n pop r13\n pop r12\n",
            "pop rbx\n pop rbp\n pop rcx\n jmp rcx"
        )
    };
}
macro_rules! enter_prologue {
    () => {
        concat!(
            "push rbp\n push rbx\n push r12\n push r13\n push r14\n push r15\n sub rsp, 8\n",
            "mov r15, rdi\n mov [r15 + {sched_sp}], rsp\n mov rax, rsi\n",
            "mov rbp, [r15 + {fp}]\n mov rsp, [r15 + {sp}]"
        )
    };
}

/// Calls the compiled code at `entry` from the interpreter frame `ctx.fp`, with
/// rsp = `ctx.sp` (16-byte aligned) and `ctx.args`.
///
/// The call instruction inside is the return address every compiled function
/// called from the interpreter sees ([`ret_to_interp`]), so the return-stack
/// predictor is right as long as the callee neither leaves nor unwinds.
///
/// # Safety
/// `ctx` must describe a process whose stack has at least `HEADROOM` bytes below `sp`.
#[unsafe(naked)]
pub unsafe extern "sysv64" fn enter_call(ctx: *mut Ctx, entry: u64) -> u64 {
    naked_asm!(
        enter_prologue!(),
        load_args!(),
        "call rax",
        ".globl jit_frames_ret_to_interp",
        ".hidden jit_frames_ret_to_interp",
        "jit_frames_ret_to_interp:",
        "mov [r15 + {value}], rax",
        "mov [r15 + {fp}], rbp",
        "xor eax, eax",
        "mov rsp, [r15 + {sched_sp}]",
        "add rsp, 8",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        sched_sp = const offset_of!(Ctx, sched_sp),
        fp = const offset_of!(Ctx, fp),
        sp = const offset_of!(Ctx, sp),
        args = const offset_of!(Ctx, args),
        value = const offset_of!(Ctx, value),
    )
}

/// Jumps to `target` on the process's stack with everything restored: arguments
/// (entering a function), rax = `value` (returning, or landing in a handler),
/// callee-saved registers from `ctx.saved`.
///
/// # Safety
/// `target`, `ctx.sp` and `ctx.fp` must belong together.
#[unsafe(naked)]
pub unsafe extern "sysv64" fn enter_resume(ctx: *mut Ctx, target: u64) -> u64 {
    naked_asm!(
        enter_prologue!(),
        "mov r11, rax",
        load_args!(),
        "mov rbx, [r15 + {saved}]",
        "mov r12, [r15 + {saved} + 8]",
        "mov r13, [r15 + {saved} + 16]",
        "mov r14, [r15 + {saved} + 24]",
        "mov rax, [r15 + {value}]",
        "jmp r11",
        sched_sp = const offset_of!(Ctx, sched_sp),
        fp = const offset_of!(Ctx, fp),
        sp = const offset_of!(Ctx, sp),
        args = const offset_of!(Ctx, args),
        saved = const offset_of!(Ctx, saved),
        value = const offset_of!(Ctx, value),
    )
}

/// Where a function that cannot simply run ends up: rax = the function, all
/// arguments still in place, rsp at the return address. Reached by a jump, so
/// it serves calls and tail calls alike.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn stub_call() {
    naked_asm!(
        "mov [r15 + {cur_fn}], rax",
        "mov [r15 + {args}], rdi",
        "mov [r15 + {args} + 8], rsi",
        "mov [r15 + {args} + 16], rdx",
        "mov [r15 + {args} + 24], rcx",
        "mov [r15 + {args} + 32], r8",
        "mov [r15 + {args} + 40], r9",
        save_callee_saved!(),
        "mov [r15 + {sp}], rsp",
        "mov [r15 + {fp}], rbp",
        "mov eax, {status}",
        leave_by_jump!(),
        cur_fn = const offset_of!(Ctx, cur_fn),
        args = const offset_of!(Ctx, args),
        saved = const offset_of!(Ctx, saved),
        sp = const offset_of!(Ctx, sp),
        fp = const offset_of!(Ctx, fp),
        sched_sp = const offset_of!(Ctx, sched_sp),
        status = const status::CALL,
    )
}

/// The slow path of a safepoint inside a function; called, with a stack map.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn stub_safepoint() {
    naked_asm!(
        save_callee_saved!(),
        "mov [r15 + {sp}], rsp",
        "mov [r15 + {fp}], rbp",
        "mov eax, {status}",
        leave_by_jump!(),
        saved = const offset_of!(Ctx, saved),
        sp = const offset_of!(Ctx, sp),
        fp = const offset_of!(Ctx, fp),
        sched_sp = const offset_of!(Ctx, sched_sp),
        status = const status::SAFEPOINT,
    )
}

/// The return address of a compiled frame that is first in its chunk: goes back
/// to the caller's chunk and returns there. The chunk joins the spare list;
/// freeing is the scheduler's business.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn stub_pop_chunk() {
    naked_asm!(
        "mov r10, [r15 + {chunk}]",
        "mov rsp, [r10 + {saved_sp}]",
        "mov r11, [r10 + {saved_ret}]",
        "mov rcx, [r10 + {prev}]",
        "mov rdx, [rcx + {climit}]",
        "mov [r15 + {limit}], rdx",
        "mov [r15 + {chunk}], rcx",
        "mov rcx, [r15 + {spare}]",
        "mov [r10 + {prev}], rcx",
        "mov [r15 + {spare}], r10",
        "jmp r11",
        chunk = const offset_of!(Ctx, chunk),
        limit = const offset_of!(Ctx, limit),
        spare = const offset_of!(Ctx, spare),
        saved_sp = const offset_of!(crate::stack::Chunk, saved_sp),
        saved_ret = const offset_of!(crate::stack::Chunk, saved_ret),
        prev = const offset_of!(crate::stack::Chunk, prev),
        climit = const offset_of!(crate::stack::Chunk, limit),
    )
}

unsafe extern "C" {
    #[link_name = "jit_frames_ret_to_interp"]
    static RET_TO_INTERP: u8;
}

/// The return address of a compiled function called from the interpreter.
pub fn ret_to_interp() -> u64 {
    &raw const RET_TO_INTERP as u64
}
/// The return address of a compiled frame that is first in its chunk.
pub fn pop_chunk() -> u64 {
    stub_pop_chunk as *const () as u64
}

/// A thunk that runs a Rust helper on the scheduler's stack. The plain kind
/// follows the `tail` convention (result in rax).
macro_rules! thunk {
    ($(#[$m:meta])* $name:ident => $helper:path) => {
        $(#[$m])*
        #[unsafe(naked)]
        pub(crate) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "mov [r15 + {sp}], rsp",
                "mov [r15 + {fp}], rbp",
                "mov rsp, [r15 + {sched_sp}]",
                "call {helper}",
                "test edx, edx",
                "jnz 2f",
                "mov rsp, [r15 + {sp}]",
                "ret",
                "2:",
                "mov [r15 + {value}], rax",
                save_callee_saved!(),
                "mov eax, edx",
                leave_by_jump!(),
                helper = sym $helper,
                sp = const offset_of!(Ctx, sp),
                fp = const offset_of!(Ctx, fp),
                value = const offset_of!(Ctx, value),
                saved = const offset_of!(Ctx, saved),
                sched_sp = const offset_of!(Ctx, sched_sp),
            )
        }
    };
}

/// The same for cold paths: every register survives (Cranelift's `preserve_all`),
/// the result is left in `Ctx::value`. The hot path around such a call keeps all
/// its values in registers.
macro_rules! cold_thunk {
    ($(#[$m:meta])* $name:ident => $helper:path) => {
        $(#[$m])*
        #[unsafe(naked)]
        pub(crate) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "mov [r15 + {sp}], rsp",
                "mov [r15 + {fp}], rbp",
                "mov rsp, [r15 + {sched_sp}]",
                "push rax", "push rcx", "push rdx", "push rsi", "push rdi",
                "push r8", "push r9", "push r10", "push r11",
                "sub rsp, 264",
                "movups [rsp], xmm0", "movups [rsp + 16], xmm1",
                "movups [rsp + 32], xmm2", "movups [rsp + 48], xmm3",
                "movups [rsp + 64], xmm4", "movups [rsp + 80], xmm5",
                "movups [rsp + 96], xmm6", "movups [rsp + 112], xmm7",
                "movups [rsp + 128], xmm8", "movups [rsp + 144], xmm9",
                "movups [rsp + 160], xmm10", "movups [rsp + 176], xmm11",
                "movups [rsp + 192], xmm12", "movups [rsp + 208], xmm13",
                "movups [rsp + 224], xmm14", "movups [rsp + 240], xmm15",
                "call {helper}",
                "mov [r15 + {value}], rax",
                "test edx, edx",
                "jnz 2f",
                "movups xmm0, [rsp]", "movups xmm1, [rsp + 16]",
                "movups xmm2, [rsp + 32]", "movups xmm3, [rsp + 48]",
                "movups xmm4, [rsp + 64]", "movups xmm5, [rsp + 80]",
                "movups xmm6, [rsp + 96]", "movups xmm7, [rsp + 112]",
                "movups xmm8, [rsp + 128]", "movups xmm9, [rsp + 144]",
                "movups xmm10, [rsp + 160]", "movups xmm11, [rsp + 176]",
                "movups xmm12, [rsp + 192]", "movups xmm13, [rsp + 208]",
                "movups xmm14, [rsp + 224]", "movups xmm15, [rsp + 240]",
                "add rsp, 264",
                "pop r11", "pop r10", "pop r9", "pop r8",
                "pop rdi", "pop rsi", "pop rdx", "pop rcx", "pop rax",
                "mov rsp, [r15 + {sp}]",
                "ret",
                "2:",
                save_callee_saved!(),
                "mov eax, edx",
                leave_by_jump!(),
                helper = sym $helper,
                sp = const offset_of!(Ctx, sp),
                fp = const offset_of!(Ctx, fp),
                value = const offset_of!(Ctx, value),
                saved = const offset_of!(Ctx, saved),
                sched_sp = const offset_of!(Ctx, sched_sp),
            )
        }
    };
}

use crate::helpers;
thunk!(/// Raises its argument.
    thunk_raise => helpers::raise);
thunk!(/// Collects in the middle of a compiled function.
    thunk_gc => helpers::gc);
thunk!(/// Gives the processor up and comes back with its argument.
    thunk_pause => helpers::pause);
thunk!(/// Length of a list, or a type error.
    thunk_length => helpers::length);
cold_thunk!(/// Addition of anything but two small ints without overflow.
    cold_add => helpers::slow_add);
cold_thunk!(/// Subtraction, likewise.
    cold_sub => helpers::slow_sub);
cold_thunk!(/// Room for a pair in another heap chunk.
    cold_reserve => helpers::reserve);
cold_thunk!(/// Raises a type error.
    cold_type_error => helpers::type_error);
