//! Every program, every choice of compiled functions, under collection and
//! preemption at every safepoint, on one thread and passed between two.

use jit_frames::jit::{Maps, Options};
use jit_frames::process::{Outcome, Policy, Process, World};
use jit_frames::programs::{self, Program};
use jit_frames::stack::Sizes;
use std::sync::{Arc, mpsc};

const TINY: Sizes = Sizes { first: 512, max: 512 };
const NORMAL: Sizes = Sizes { first: 512, max: 1 << 20 };

/// Who spills: Cranelift's frontend, our slots for everything that lives, or our
/// slots for pointers only (small ints then live in callee-saved registers).
#[derive(Clone, Copy, Debug)]
enum Spill {
    Frontend,
    All,
    Pointers,
}

fn options(spill: Spill) -> Options {
    let maps = if matches!(spill, Spill::Frontend) { Maps::Frontend } else { Maps::Slots };
    Options { maps, spill_ints: matches!(spill, Spill::All), ..Options::default() }
}

fn world(make: &dyn Fn(&mut World) -> Program, native: u64, o: Options) -> (Arc<World>, Program) {
    let mut w = World::default();
    let p = make(&mut w);
    w.seal(native, o);
    (Arc::new(w), p)
}

fn start(w: &Arc<World>, p: &Program, policy: Policy) -> Box<Process> {
    let mut process = Process::new(w, p.entry, &p.args, policy);
    process.heap.poison = policy.gc_every != 0;
    process
}

/// Runs on this thread.
fn alone(mut p: Box<Process>) -> (Outcome, Box<Process>) {
    loop {
        match p.run() {
            Outcome::Yielded => {}
            end => return (end, p),
        }
    }
}

/// Every turn on the other of two threads.
fn passed_to_and_fro(p: Box<Process>) -> (Outcome, Box<Process>) {
    let (to_b, in_b) = mpsc::channel::<Box<Process>>();
    let (to_a, in_a) = mpsc::channel::<Box<Process>>();
    let (done_tx, done) = mpsc::channel();
    let work = |input: mpsc::Receiver<Box<Process>>, output: mpsc::Sender<Box<Process>>| {
        let done = done_tx.clone();
        move || {
            while let Ok(mut p) = input.recv() {
                match p.run() {
                    Outcome::Yielded => {
                        let _ = output.send(p);
                    }
                    end => {
                        done.send((end, p)).expect("listener");
                        return;
                    }
                }
            }
        }
    };
    to_a.send(p).expect("thread a");
    let a = std::thread::spawn(work(in_a, to_b));
    let b = std::thread::spawn(work(in_b, to_a));
    // A turn that panics takes its thread, not the test, down.
    let wait = std::time::Duration::from_secs(60);
    let result = done.recv_timeout(wait).expect("an end");
    a.join().expect("a");
    b.join().expect("b");
    result
}

type Make = Box<dyn Fn(&mut World) -> Program>;

fn all_programs() -> Vec<(&'static str, usize, Make)> {
    vec![
        ("fib", 2, Box::new(|w: &mut World| programs::fib(w, &["f", "g"], 9)) as Make),
        ("lists", 7, Box::new(|w: &mut World| programs::lists(w, 14))),
        ("trees", 4, Box::new(|w: &mut World| programs::trees(w, 3, 3))),
        ("exceptions", 4, Box::new(|w: &mut World| programs::exceptions(w, 41))),
        ("many_args", 3, Box::new(|w: &mut World| programs::many_args(w, 20))),
        ("tail_loop", 2, Box::new(|w: &mut World| programs::tail_loop(w, 50))),
    ]
}

fn check(name: &str, native: u64, policy: Policy, spill: Spill, two: bool) -> (u64, u64) {
    let (_, n, make) = all_programs().into_iter().find(|p| p.0 == name).expect("program");
    let (w, p) = world(&*make, native & ((1 << n) - 1), options(spill));
    let process = start(&w, &p, policy);
    let (end, process) = if two { passed_to_and_fro(process) } else { alone(process) };
    assert_eq!(end, p.expected, "{name} native {native:b} {policy:?} {spill:?} two threads {two}");
    (process.safepoints, process.heap.collections)
}

#[test]
fn every_choice_of_compiled_functions_under_every_stress() {
    let mut runs = 0;
    for (name, n, _) in all_programs() {
        for native in 0..1u64 << n {
            for spill in [Spill::Frontend, Spill::All, Spill::Pointers] {
                if native == 0 && !matches!(spill, Spill::All) {
                    continue;
                }
                for (gc_every, yield_every) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    for sizes in [TINY, NORMAL] {
                        let quantum = if gc_every + yield_every == 0 { 4000 } else { 1 };
                        let policy = Policy { quantum, gc_every, yield_every, sizes };
                        let (points, collections) = check(name, native, policy, spill, false);
                        if gc_every == 1 {
                            assert!(
                                collections >= points && points > 20,
                                "stress must bite: {points}"
                            );
                        }
                        runs += 1;
                    }
                }
            }
        }
    }
    println!("{runs} runs");
}

#[test]
fn two_threads_pass_the_process_at_every_safepoint() {
    for (name, n, _) in all_programs() {
        for native in [0, 0b0101_0101, 0b1010_1010, (1 << n) - 1] {
            for (gc_every, sizes) in [(0, TINY), (1, TINY), (1, NORMAL)] {
                let policy = Policy { quantum: 1, gc_every, yield_every: 1, sizes };
                for spill in [Spill::Frontend, Spill::All, Spill::Pointers] {
                    check(name, native, policy, spill, true);
                }
            }
        }
    }
}

#[test]
fn deep_recursion_through_alternating_kinds() {
    const DEPTH: i64 = 150_000;
    for native in [0u64, 0b0101_0101, 0b1010_1010, 0b111_1111] {
        for sizes in [NORMAL, TINY] {
            let (w, p) = world(&|w| programs::lists(w, DEPTH), native, options(Spill::Pointers));
            // A collection walks the whole stack, so not at each of 750,000 safepoints.
            let policy = Policy { quantum: 1, gc_every: 10_007, yield_every: 1, sizes };
            let (end, process) = alone(start(&w, &p, policy));
            assert_eq!(end, p.expected, "native {native:b}");
            assert!(process.safepoints > 5 * DEPTH as u64 && process.heap.collections > 40);
        }
    }
}

#[test]
fn deep_recursion_collected_at_every_safepoint() {
    for native in [0b0101_0101, 0b1010_1010] {
        let (w, p) = world(&|w| programs::lists(w, 1_000), native, Options::default());
        let policy = Policy { quantum: 1, gc_every: 1, yield_every: 1, sizes: NORMAL };
        assert_eq!(passed_to_and_fro(start(&w, &p, policy)).0, p.expected);
    }
}

#[test]
fn exceptions_cross_a_deep_mixed_stack() {
    for native in 0..16 {
        let (w, p) = world(&|w| programs::exceptions(w, 30_001), native, Options::default());
        let policy = Policy { quantum: 7, gc_every: 5_003, yield_every: 3, sizes: NORMAL };
        assert_eq!(alone(start(&w, &p, policy)).0, p.expected, "native {native:b}");
    }
}

#[test]
fn mutual_tail_calls_run_in_constant_stack() {
    for native in 0..4 {
        for sizes in [TINY, NORMAL] {
            let (w, p) = world(&|w| programs::tail_loop(w, 300_000), native, Options::default());
            let policy = Policy { quantum: 100, sizes, ..Policy::default() };
            let (end, process) = alone(start(&w, &p, policy));
            assert_eq!(end, p.expected);
            assert!(process.stack_bytes() <= 2048, "{} bytes", process.stack_bytes());
        }
    }
}

#[test]
fn an_uncaught_exception_ends_the_process() {
    use jit_frames::code::{Asm, TYPE_ERROR, op};
    use jit_frames::word::Word;
    for native in [0, 1] {
        let mut w = World::default();
        let f = w.declare("f");
        let mut a = Asm::new(1);
        a.op3(op::HEAD, 0, 0, 0);
        a.op3(op::RET, 0, 0, 0);
        // SAFETY: not running.
        a.finish(unsafe { &mut *f });
        w.seal(native, Options::default());
        let w = Arc::new(w);
        let p = Process::new(&w, f, &[Word::int(1)], Policy::default());
        assert_eq!(alone(p).0, Outcome::Raised(TYPE_ERROR));
    }
}

/// Signals arrive while the stack pointer is in a chunk of 512 bytes: they must
/// run on the alternate stack, and change nothing.
#[test]
fn signals_run_on_the_alternate_stack() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SIGNALS: AtomicU64 = AtomicU64::new(0);
    extern "C" fn handler(_: libc::c_int) {
        let here = [0u8; 2048];
        std::hint::black_box(&here);
        SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    let stack = vec![0u8; 1 << 16];
    // SAFETY: the alternate stack outlives the signals, which are stopped below.
    unsafe {
        let alt =
            libc::stack_t { ss_sp: stack.as_ptr() as *mut _, ss_flags: 0, ss_size: stack.len() };
        let mut old: libc::stack_t = std::mem::zeroed();
        assert_eq!(libc::sigaltstack(&alt, &mut old), 0);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
        let me = libc::pthread_self();
        let stop = Arc::new(AtomicU64::new(0));
        let stop_too = stop.clone();
        let sender = std::thread::spawn(move || {
            while stop_too.load(Ordering::Relaxed) == 0 {
                libc::pthread_kill(me, libc::SIGUSR1);
                std::thread::sleep(std::time::Duration::from_micros(20));
            }
        });
        let policy = Policy { quantum: 50, gc_every: 7, yield_every: 3, sizes: TINY };
        for round in 0.. {
            for native in [0b1111, 0b0101] {
                let make = |w: &mut World| programs::trees(w, 7, 3);
                let (w, p) = world(&make, native, Options::default());
                assert_eq!(alone(start(&w, &p, policy)).0, p.expected);
            }
            if round > 20 && SIGNALS.load(Ordering::Relaxed) > 200 {
                break;
            }
        }
        stop.store(1, Ordering::Relaxed);
        sender.join().expect("sender");
        libc::sigaltstack(&old, std::ptr::null_mut());
    }
}

/// Chance picks the program, the compiled functions, every period and the chunk
/// size, so that chunk boundaries, collections and preemptions meet everywhere.
#[test]
fn chance_meets_the_rest() {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    for _ in 0..600 {
        let programs = all_programs();
        let (name, n, _) = &programs[next(programs.len() as u64) as usize];
        let size = 224 + 16 * next(40) as usize;
        let policy = Policy {
            quantum: 1 + next(9) as i64,
            gc_every: next(4),
            yield_every: next(4),
            sizes: Sizes { first: size, max: size << next(3) },
        };
        let spill = [Spill::Frontend, Spill::All, Spill::Pointers][next(3) as usize];
        check(name, next(1 << n), policy, spill, next(8) == 0);
    }
}
