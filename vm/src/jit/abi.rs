//! The calling protocol: everything that moves between a worker's own stack and a process's stack.
//!
//! In: a process that stands in the interpreter. Out: the same, with a [`Reason`] why compiled code was
//! left. x86-64; another architecture needs this file and the bytes in `install.rs` anew.
//!
//! # Registers
//! Compiled code follows Cranelift's `tail` convention: `r15` holds the [`Process`] (the pinned
//! register); arguments 0..6 come in rdi rsi rdx rcx r8 r9, the others in [`Transit::image`]; the result
//! goes in rax; rbx, r12, r13, r14, rbp survive a call. Nothing is ever passed on the stack, so a frame
//! may begin in another chunk than its caller's. Callee-saved registers never hold words that live
//! across a call: those are in stack slots named by the call's site.
//!
//! # The frames between two kinds
//! Called by the interpreter, a compiled function stands under the *header* of an interpreter's frame
//! (caller's fp and pc at fp and fp+8, no registers) and returns to [`return_to_interpreter`]. An
//! interpreted function called by compiled code stands under a *bridge*:
//! ```text
//!   fp+8  return address     fp+0  compiled caller's fp
//!   fp-8 … fp-32  rbx r12 r13 r14      fp-40  scratch: takes the value returned
//! ```
//! and returns to the static word `JIT_RETURN`.
//!
//! # Safety
//! Only `enter.rs` calls in here, with a process whose stack has the room. `Transit` is written by one
//! side at a time. Signals must be handled on an alternate stack: rsp lies in a small heap block.
#![allow(unsafe_code)]

use core::arch::naked_asm;
use core::mem::offset_of;

use super::helpers;
use crate::code::function::Function;
use crate::process::Process;
use crate::tails::Tails;

/// The most registers of a function that is compiled.
pub(crate) const MOST_REGISTERS: usize = 240;
/// Arguments that go in machine registers.
pub(crate) const IN_REGISTERS: usize = 6;

/// The part of a process that compiled code and stubs use besides what the VM has anyway.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Link {
    /// Address of the [`Transit`], while compiled code runs.
    pub(crate) transit: u64,
    /// Address of the function being called or left.
    pub(crate) callee: u64,
}

/// What is on its way between the two sides: lies on the worker's stack while compiled code runs.
#[repr(C)]
pub(crate) struct Transit {
    /// Top of the worker's stack.
    worker_sp: u64,
    /// The process's stack pointer and frame pointer when compiled code was left.
    pub(crate) sp: *mut u64,
    pub(crate) fp: *mut u64,
    /// A result, an exception, or what a helper gives.
    pub(crate) value: u64,
    /// Whether a helper that keeps all registers has failed.
    pub(crate) failed: u64,
    /// Where the interpreter goes on in the function left; 0 is at its entry, called.
    pub(crate) pc: *const u64,
    /// rbx, r12, r13, r14.
    pub(crate) saved: [u64; 4],
    /// Why compiled code is left by a return to whom it was called by.
    pub(crate) why: u64,
    /// What helpers need: a `helpers::Run`.
    pub(crate) run: *mut (),
    /// Which registers of the image are floats without an object, when compiled code is left.
    pub(crate) raw: [u64; 4],
    /// The wrong guess that compiled code is left for (`feedback.rs`).
    pub(crate) missed: u64,
    /// The function that was compiled with it.
    pub(crate) missed_by: *const Function,
    /// Where a slice begins that a helper has made, and its length.
    pub(crate) slice: [u64; 2],
    /// Which of its waits (`Code::waits`) compiled code is entered behind, from 1; 0 is its beginning.
    pub(crate) wait: u64,
    /// Where tail calls are remembered.
    pub(crate) tails: *const Tails,
    /// Registers by number, or arguments.
    pub(crate) image: [u64; MOST_REGISTERS + 16],
}

/// Why compiled code was left.
pub(crate) mod reason {
    /// The function that the interpreter called has returned `Transit::value`.
    pub(crate) const RETURNED: u64 = 0;
    /// The function `Link::callee` is to be interpreted from `Transit::pc`, with `Transit::image`.
    pub(crate) const LEFT: u64 = 1;
}

macro_rules! offsets {
    ($text:expr, $($name:ident = $value:expr),* $(,)?) => {
        naked_asm!($text, $($name = const $value),*)
    };
}

macro_rules! enter_prologue {
    () => {
        "push rbp\n push rbx\n push r12\n push r13\n push r14\n push r15\n sub rsp, 8\n\
         mov r15, rdi\n mov r11, [r15 + {transit}]\n mov [r11 + {worker_sp}], rsp\n"
    };
}
macro_rules! leave_epilogue {
    () => {
        "mov rsp, [r11 + {worker_sp}]\n add rsp, 8\n\
         pop r15\n pop r14\n pop r13\n pop r12\n pop rbx\n pop rbp\n"
    };
}
// Whom the interpreter has called returns, so that this return and all after it are predicted well. From deeper down
// there is no such way: a `ret` from an unbalanced depth would be predicted wrongly, a jump from one place is not.
macro_rules! leave_unfinished {
    () => {
        concat!(
            "mov [r11 + {sp}], rsp\n\
             lea rcx, [rip + rata_jit_return_to_interpreter]\n cmp rcx, [rsp]\n jne 2f\n\
             mov qword ptr [r11 + {why}], 1\n ret\n\
             2: mov [r11 + {saved}], rbx\n mov [r11 + {saved} + 8], r12\n\
             mov [r11 + {saved} + 16], r13\n mov [r11 + {saved} + 24], r14\n\
             mov [r11 + {fp}], rbp\n mov eax, 1\n",
            leave_epilogue!(),
            "pop rcx\n jmp rcx"
        )
    };
}

/// Calls the compiled code at `body` under the header at `fp`, with the arguments in the image.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn enter_call(
    process: *mut Process,
    body: usize,
    fp: *mut u64,
) -> u64 {
    offsets!(
        concat!(
            enter_prologue!(),
            "mov rax, rsi\n mov rbp, rdx\n mov rsp, rdx\n and rsp, -16\n\
             mov rdi, [r11 + {image}]\n mov rsi, [r11 + {image} + 8]\n\
             mov rdx, [r11 + {image} + 16]\n mov rcx, [r11 + {image} + 24]\n\
             mov r8, [r11 + {image} + 32]\n mov r9, [r11 + {image} + 40]\n\
             call rax\n\
             .globl rata_jit_return_to_interpreter\n\
             .hidden rata_jit_return_to_interpreter\n\
             rata_jit_return_to_interpreter:\n\
             mov r11, [r15 + {transit}]\n mov [r11 + {value}], rax\n mov [r11 + {fp}], rbp\n\
             mov rax, [r11 + {why}]\n",
            leave_epilogue!(),
            "ret"
        ),
        transit = offset_of!(Process, jit.transit),
        worker_sp = offset_of!(Transit, worker_sp),
        image = offset_of!(Transit, image),
        value = offset_of!(Transit, value),
        fp = offset_of!(Transit, fp),
        why = offset_of!(Transit, why),
    )
}

/// Goes on at `target` with this stack and frame pointer, rax = `value` and the saved registers: a
/// return into compiled code, or an exception that lands in it.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn enter_at(
    process: *mut Process,
    target: usize,
    sp: *mut u64,
    fp: *mut u64,
) -> u64 {
    offsets!(
        concat!(
            enter_prologue!(),
            "mov rbx, [r11 + {saved}]\n mov r12, [r11 + {saved} + 8]\n\
             mov r13, [r11 + {saved} + 16]\n mov r14, [r11 + {saved} + 24]\n\
             mov rax, [r11 + {value}]\n mov rbp, rcx\n mov rsp, rdx\n jmp rsi"
        ),
        transit = offset_of!(Process, jit.transit),
        worker_sp = offset_of!(Transit, worker_sp),
        saved = offset_of!(Transit, saved),
        value = offset_of!(Transit, value),
    )
}

/// The entry of every function that has no code: to be interpreted. `Link::callee` says which it
/// is, the arguments are in place. A call costs a reduction.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn interpreted_entry() {
    offsets!(
        "dec qword ptr [r15 + {budget}]\n jmp rata_jit_left_at_entry",
        budget = offset_of!(Process, core.budget),
    )
}

/// Where the checks at a compiled function's entry go when they fail: rax is the function.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn refused_entry() {
    offsets!(
        concat!(
            "mov [r15 + {callee}], rax\n\
             .globl rata_jit_left_at_entry\n\
             .hidden rata_jit_left_at_entry\n\
             rata_jit_left_at_entry:\n\
             mov r11, [r15 + {transit}]\n\
             mov [r11 + {image}], rdi\n mov [r11 + {image} + 8], rsi\n\
             mov [r11 + {image} + 16], rdx\n mov [r11 + {image} + 24], rcx\n\
             mov [r11 + {image} + 32], r8\n mov [r11 + {image} + 40], r9\n\
             mov qword ptr [r11 + {pc}], 0\n",
            leave_unfinished!()
        ),
        callee = offset_of!(Process, jit.callee),
        transit = offset_of!(Process, jit.transit),
        worker_sp = offset_of!(Transit, worker_sp),
        image = offset_of!(Transit, image),
        pc = offset_of!(Transit, pc),
        why = offset_of!(Transit, why),
        saved = offset_of!(Transit, saved),
        sp = offset_of!(Transit, sp),
        fp = offset_of!(Transit, fp),
    )
}

/// Tail-called by compiled code that cannot go on: rdi is the function, rsi the pc at which the
/// interpreter does; the registers live there are in the image.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn exit() {
    offsets!(
        concat!(
            "mov [r15 + {callee}], rdi\n mov r11, [r15 + {transit}]\n mov [r11 + {pc}], rsi\n",
            leave_unfinished!()
        ),
        callee = offset_of!(Process, jit.callee),
        transit = offset_of!(Process, jit.transit),
        worker_sp = offset_of!(Transit, worker_sp),
        pc = offset_of!(Transit, pc),
        why = offset_of!(Transit, why),
        saved = offset_of!(Transit, saved),
        sp = offset_of!(Transit, sp),
        fp = offset_of!(Transit, fp),
    )
}

/// A thunk that runs a helper on the worker's stack: arguments and results as for `sysv64`.
macro_rules! thunk {
    ($(#[$doc:meta])* $name:ident => $helper:path) => {
        $(#[$doc])*
        #[unsafe(naked)]
        pub(crate) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "mov r11, [r15 + {transit}]",
                "mov [r11 + {sp}], rsp",
                "mov rsp, [r11 + {worker_sp}]",
                "call {helper}",
                "mov r11, [r15 + {transit}]",
                "mov rsp, [r11 + {sp}]",
                "ret",
                helper = sym $helper,
                transit = const offset_of!(Process, jit.transit),
                worker_sp = const offset_of!(Transit, worker_sp),
                sp = const offset_of!(Transit, sp),
            )
        }
    };
}

/// The same for slow paths: all registers survive (Cranelift's `preserve_all`), so that the fast
/// path around the call keeps its values in them. What the helper gives is left in the transit.
macro_rules! quiet_thunk {
    ($(#[$doc:meta])* $name:ident => $helper:path) => {
        $(#[$doc])*
        #[unsafe(naked)]
        pub(crate) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "push r11",
                "mov r11, [r15 + {transit}]",
                "mov [r11 + {sp}], rsp",
                "mov rsp, [r11 + {worker_sp}]",
                "push rax", "push rcx", "push rdx", "push rsi", "push rdi",
                "push r8", "push r9", "push r10",
                "sub rsp, 256",
                "movups [rsp], xmm0", "movups [rsp + 16], xmm1",
                "movups [rsp + 32], xmm2", "movups [rsp + 48], xmm3",
                "movups [rsp + 64], xmm4", "movups [rsp + 80], xmm5",
                "movups [rsp + 96], xmm6", "movups [rsp + 112], xmm7",
                "movups [rsp + 128], xmm8", "movups [rsp + 144], xmm9",
                "movups [rsp + 160], xmm10", "movups [rsp + 176], xmm11",
                "movups [rsp + 192], xmm12", "movups [rsp + 208], xmm13",
                "movups [rsp + 224], xmm14", "movups [rsp + 240], xmm15",
                "call {helper}",
                "mov r11, [r15 + {transit}]",
                "mov [r11 + {value}], rax",
                "mov [r11 + {failed}], rdx",
                "movups xmm0, [rsp]", "movups xmm1, [rsp + 16]",
                "movups xmm2, [rsp + 32]", "movups xmm3, [rsp + 48]",
                "movups xmm4, [rsp + 64]", "movups xmm5, [rsp + 80]",
                "movups xmm6, [rsp + 96]", "movups xmm7, [rsp + 112]",
                "movups xmm8, [rsp + 128]", "movups xmm9, [rsp + 144]",
                "movups xmm10, [rsp + 160]", "movups xmm11, [rsp + 176]",
                "movups xmm12, [rsp + 192]", "movups xmm13, [rsp + 208]",
                "movups xmm14, [rsp + 224]", "movups xmm15, [rsp + 240]",
                "add rsp, 256",
                "pop r10", "pop r9", "pop r8",
                "pop rdi", "pop rsi", "pop rdx", "pop rcx", "pop rax",
                "mov rsp, [r11 + {sp}]",
                "pop r11",
                "ret",
                helper = sym $helper,
                transit = const offset_of!(Process, jit.transit),
                worker_sp = const offset_of!(Transit, worker_sp),
                sp = const offset_of!(Transit, sp),
                value = const offset_of!(Transit, value),
                failed = const offset_of!(Transit, failed),
            )
        }
    };
}

thunk!(/// Executes the instruction at a pc on the image.
    step => helpers::step);
thunk!(/// Calls a native with the first words of the image.
    native => helpers::native);
thunk!(/// The same for one without effects in place of a function.
    inlined => helpers::inlined);
thunk!(/// Adds the first words of the image: joins strings.
    join => helpers::join);
thunk!(/// Makes an f-string of the first words of the image.
    text => helpers::text);
thunk!(/// Begins a receive at the oldest message.
    receive_start => helpers::receive_start);
thunk!(/// Begins a receive at the first message that can answer to a ref.
    receive_mark => helpers::receive_mark);
thunk!(/// The message looked at; fails if there is none.
    receive_peek => helpers::receive_peek);
thunk!(/// Takes the message looked at.
    receive_take => helpers::receive_take);
thunk!(/// Fails unless messages have come.
    receive_more => helpers::receive_more);
quiet_thunk!(/// An operator of two operands.
    quiet_binary => helpers::binary);
quiet_thunk!(/// An entry of something.
    quiet_index => helpers::index);
quiet_thunk!(/// Whether a comparison holds.
    quiet_compare => helpers::compare);
quiet_thunk!(/// Which of a closure's functions has so many parameters.
    quiet_choice => helpers::choice);
quiet_thunk!(/// Whether a condition holds.
    quiet_truth => helpers::truth);
quiet_thunk!(/// Executes the instruction at a pc on the image.
    quiet_step => helpers::step);
thunk!(/// A short vector from last to first.
    reverse => helpers::reverse);
quiet_thunk!(/// The vector that a slice is.
    quiet_close => helpers::close);
quiet_thunk!(/// A slice with an entry before it.
    quiet_cons => helpers::cons);
quiet_thunk!(/// The function that a call by name goes to.
    quiet_method => helpers::method);
quiet_thunk!(/// Room for an object in a further chunk of the heap.
    quiet_allocate => helpers::allocate);

unsafe extern "C" {
    #[link_name = "rata_jit_return_to_interpreter"]
    static RETURN_TO_INTERPRETER: u8;
}

/// The return address of a compiled function that the interpreter called.
pub(crate) fn return_to_interpreter() -> usize {
    &raw const RETURN_TO_INTERPRETER as usize
}

/// A stub or thunk, for compiled code to call.
pub(crate) type Stub = unsafe extern "sysv64" fn();

/// The address of a stub or thunk.
pub(crate) fn address(stub: Stub) -> usize {
    stub as *const () as usize
}
