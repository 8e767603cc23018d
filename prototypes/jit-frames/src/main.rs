//! Measurements. Enters: `fib <variant> <n>` for one timed run in the format of
//! the Erlang peer, `asm` for machine code, or nothing for the table; leaves: text.

use jit_frames::codemem::EntryChecks;
use jit_frames::jit::{Maps, Options};
use jit_frames::process::{Outcome, Policy, Process, World};
use jit_frames::programs::{self, Program};
use jit_frames::stack::Sizes;
use std::sync::Arc;
use std::time::Instant;

const FAST: Options = Options {
    maps: Maps::Slots,
    single_pass: false,
    spill_ints: true,
    entry: EntryChecks { stack: true, reductions: true },
    check: false,
};

/// Runs a program to its end; nanoseconds of the run alone, and the process.
fn timed(
    make: &dyn Fn(&mut World) -> Program,
    native: u64,
    o: Options,
    policy: Policy,
) -> (f64, Box<Process>) {
    let mut w = World::default();
    let p = make(&mut w);
    w.seal(native, o);
    let w = Arc::new(w);
    let mut process = Process::new(&w, p.entry, &p.args, policy);
    let t = Instant::now();
    let end = loop {
        match process.run() {
            Outcome::Yielded => {}
            end => break end,
        }
    };
    let ns = t.elapsed().as_nanos() as f64;
    assert_eq!(end, p.expected);
    (ns, process)
}

fn median(mut run: impl FnMut() -> f64) -> f64 {
    let mut v: Vec<f64> = (0..7).map(|_| run()).collect();
    v.sort_by(f64::total_cmp);
    v[3]
}

fn policy(quantum: i64, yield_every: u64) -> Policy {
    Policy { quantum, yield_every, ..Policy::default() }
}

fn unchecked(stack: bool, reductions: bool) -> Options {
    Options { entry: EntryChecks { stack, reductions }, ..FAST }
}

fn fib_variant(name: &str) -> (u64, Options, Policy) {
    let calm = policy(1 << 60, 0);
    let roomy = Policy { sizes: Sizes { first: 1 << 20, max: 1 << 20 }, ..calm };
    match name {
        "slots" => (1, FAST, calm),
        "slots-4000" => (1, FAST, policy(4000, 1)),
        "callee-saved" => (1, Options { spill_ints: false, ..FAST }, calm),
        "no-stack-check" => (1, unchecked(false, true), roomy),
        "no-reductions" => (1, unchecked(true, false), calm),
        "no-entry-checks" => (1, unchecked(false, false), roomy),
        "frontend" => (1, Options { maps: Maps::Frontend, ..FAST }, calm),
        "single-pass" => (1, Options { single_pass: true, ..FAST }, calm),
        "interp" => (0, FAST, calm),
        other => panic!("no variant {other}"),
    }
}

fn per_call(native: u64, depth: i64, sizes: Sizes) -> f64 {
    const N: i64 = 2_000_000;
    let policy = Policy { sizes, ..policy(1 << 60, 0) };
    median(|| timed(&|w| programs::calls(w, depth, N), native, FAST, policy).0 / N as f64)
}

fn table() {
    let normal = Policy::default().sizes;
    println!("call and return, loop included (ns):");
    for (native, what) in [
        (0b111, "compiled → compiled (through Function::entry)"),
        (0b000, "interpreted → interpreted"),
        (0b101, "interpreted → compiled"),
        (0b011, "compiled → interpreted"),
    ] {
        println!("  {what:48} {:6.2}", per_call(native, 0, normal));
    }
    println!("the same call where it crosses a chunk boundary each time (worst of 40 depths):");
    let tiny = Sizes { first: 512, max: 512 };
    for (native, what) in [(0b111, "compiled"), (0b000, "interpreted")] {
        let all: Vec<f64> = (0..40).map(|d| per_call(native, d, tiny)).collect();
        let (lo, hi) =
            (all.iter().copied().fold(f64::MAX, f64::min), all.iter().copied().fold(0.0, f64::max));
        println!("  {what:48} {lo:6.2} to {hi:6.2}");
    }
    println!("iteration (ns):");
    for (tail, what) in [(true, "self tail call"), (false, "loop with back-edge check")] {
        for (native, kind) in [(1, "compiled"), (0, "interpreted")] {
            let n = 20_000_000;
            let ns = median(|| {
                let make = |w: &mut World| programs::count(w, n, tail);
                timed(&make, native, FAST, policy(1 << 60, 0)).0 / n as f64
            });
            println!("  {:48} {ns:6.2}", format!("{what}, {kind}"));
        }
    }
    println!("a preemption and resumption, from fib(27) preempted every q reductions (ns):");
    let fib = |w: &mut World| programs::fib(w, &["fib"], 27);
    for native in [1, 0] {
        let calm = median(|| timed(&fib, native, FAST, policy(1 << 60, 0)).0);
        for q in [1, 20, 4000] {
            let mut count = 0;
            let ns = median(|| {
                let (ns, p) = timed(&fib, native, FAST, policy(q, 1));
                count = p.safepoints;
                ns
            });
            let kind = if native == 1 { "compiled" } else { "interpreted" };
            let each = (ns - calm) / count as f64;
            println!(
                "  {:48} {each:6.2}   ({:+.1} % in all)",
                format!("{kind}, q = {q}"),
                (ns / calm - 1.0) * 100.0
            );
        }
    }
    println!("a million deep, build and sum (ns per element, stack bytes per frame):");
    for native in [0b111_1111, 0b010_1010, 0] {
        let n = 1_000_000;
        let mut stack = 0;
        let mut gcs = 0;
        let mut per_frame = 0.0;
        let ns = median(|| {
            let (ns, p) = timed(&|w| programs::lists(w, n), native, FAST, policy(1 << 60, 0));
            stack = p.stack_bytes();
            gcs = p.heap.collections;
            per_frame = p.walked.1.as_nanos() as f64 / p.walked.0 as f64;
            ns / n as f64
        });
        println!(
            "  compiled {native:07b}: {ns:6.1} ns, {:5.1} B, {gcs} collections, {per_frame:.1} ns to walk a frame",
            stack as f64 / n as f64
        );
    }
}

fn compile_time() {
    println!("compiling the 7 functions of `lists` (µs each):");
    for (single_pass, what) in [(false, "backtracking"), (true, "single pass")] {
        let us = median(|| {
            let mut w = World::default();
            programs::lists(&mut w, 1);
            let t = Instant::now();
            w.seal(!0, Options { single_pass, ..FAST });
            t.elapsed().as_nanos() as f64 / 1000.0 / w.count() as f64
        });
        println!("  {what:48} {us:6.0}");
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("fib") => {
            let n = args[2].parse().expect("a number");
            let (native, o, p) = fib_variant(&args[1]);
            for rep in 1..=3 {
                let (ns, _) = timed(&|w| programs::fib(w, &["fib"], n), native, o, p);
                println!("RESULT fib-{} size={n} rep={rep} us={:.1}", args[1], ns / 1000.0);
            }
        }
        Some("asm") if args.len() > 1 => {
            let mut w = World::default();
            programs::exceptions(&mut w, 5);
            println!("{}", w.seal(!0, Options { check: true, ..FAST }));
        }
        Some("asm") => {
            for maps in [Maps::Slots, Maps::Frontend] {
                let mut w = World::default();
                programs::fib(&mut w, &["fib"], 5);
                println!("{maps:?}\n{}", w.seal(1, Options { maps, check: true, ..FAST }));
            }
        }
        _ => {
            table();
            compile_time();
        }
    }
}
