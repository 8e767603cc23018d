//! `diff`: random programs, each run in several ways that must agree: by the interpreter and by machine code,
//! undisturbed, with a collection at every safepoint, and with a turn that ends at every safepoint. What they
//! print, what they give and what they raise, with stack traces, must be the same to the letter.
//!
//! An input is the text of a program with a function `main`. Without the feature `jit` the interpreter is
//! compared with itself.

mod control;
mod expr;
mod forms;
mod patterns;
mod program;

pub use program::program;

use crate::load::compiled;
use crate::node::{Ended, Machine, Stress};
use crate::subject::Ran;
use rata_bytecode::module::Package;
use rata_runtime::natives::natives;
use rata_runtime::node::Options;
use rata_runtime::output::Output;
use rata_runtime::process::body::{Body, Initial};
use rata_vm::{Fragment, Heap, JitSettings, ModuleIndex, Origin, Symbol};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Steps that a program may take; those that take more are left out.
const STEPS: i64 = 40_000;
/// As many times more are granted where the program is known to end.
const GRACE: i64 = 20;
/// How much of what differs is shown.
const SHOWN: usize = 1_500;

const UNDISTURBED: Stress = Stress { collect: false, budget: 4_000 };

/// The ways to run a program on one machine.
const WAYS: [(&str, Stress); 3] = [
    ("undisturbed", UNDISTURBED),
    ("with collections", Stress { collect: true, budget: 4_000 }),
    ("preempted", Stress { collect: false, budget: 1 }),
];

/// A machine whose functions are compiled while others of them run: frames of both kinds stand on one stack.
const MIXED: &str = "both kinds of code";
/// After so many calls.
const MIXED_AFTER: u32 = 4;

/// Texts that processes write, from the writer's thread.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("not poisoned"));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A machine, and what its processes write.
struct Side {
    name: &'static str,
    machine: Machine,
    /// How many functions were compiled to machine code since that was looked at.
    native: Arc<AtomicU64>,
    out: Kept,
    err: Kept,
}

/// What can be seen of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    ended: bool,
    out: String,
    /// Reports of what nobody caught, in an order of no account.
    reports: Vec<String>,
}

/// Programs are run by all of them.
pub struct Sides(Vec<Side>);

impl Sides {
    /// Machines with the standard library: the interpreter, and with machine code if there is a compiler.
    pub fn new(stdlib: &Package) -> Sides {
        // Which of them are known depends on what was inlined.
        rata_vm::hide_tail_calls();
        let mut sides = vec![Side::new("the interpreter", stdlib, JitSettings::OFF)];
        if cfg!(feature = "jit") {
            let after = |threshold| JitSettings { threshold, synchronous: true, ..JitSettings::ON };
            sides.push(Side::new("machine code", stdlib, after(1)));
            sides.push(Side::new(MIXED, stdlib, after(MIXED_AFTER)));
        }
        Sides(sides)
    }

    /// Compiles a program and runs it in every way. Panics if they do not agree.
    pub fn run(&mut self, text: &str, stdlib: &Package) -> Ran {
        let Some(package) = compiled(text, stdlib) else { return Ran::default() };
        let mut ran = Ran { decoded: true, ..Ran::default() };
        let turn = text.len() % WAYS.len();
        let mut first: Option<(String, Seen)> = None;
        for side in &mut self.0 {
            let modules = side.load(&package);
            let ways = if side.name == MIXED { 1 } else { WAYS.len() };
            for at in 0..ways {
                // Functions are compiled while they run the first time: undisturbed or not.
                let plain = side.name == "the interpreter";
                let (how, stress) = WAYS[if plain { at } else { (at + turn) % WAYS.len() }];
                let name = format!("{} {how}", side.name);
                let steps = if first.is_none() { STEPS } else { STEPS * GRACE };
                let (seen, took) = side.run_main(&modules, stress, steps);
                if seen.reached_limit() {
                    return ran;
                }
                match &first {
                    None if !seen.ended => return ran,
                    None => {
                        ran.reductions = took;
                        first = Some((name, seen));
                    }
                    Some((first, expected)) => compare((first, expected), (&name, &seen)),
                }
            }
        }
        ran.accepted = true;
        ran.native = self.0.iter().map(|side| side.native.swap(0, Ordering::Relaxed)).sum();
        ran
    }
}

impl Side {
    fn new(name: &'static str, stdlib: &Package, jit: JitSettings) -> Side {
        let (out, err) = (Kept::default(), Kept::default());
        let options = Options { jit, ..Options::default() };
        let output = Output::new(Box::new(out.clone()), Box::new(err.clone()));
        let machine = Machine::new(stdlib, natives(), options, output);
        let native = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&native);
        machine.node.vm.observe_code(Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        Side { name, machine, native, out, err }
    }

    /// Loads a program and runs its modules' statements.
    fn load(&mut self, package: &Package) -> Vec<ModuleIndex> {
        let vm = &self.machine.node.vm;
        let modules = vm.load(package, Origin::Program).expect("what was compiled can be loaded");
        let mut body = self.machine.node.main_process().expect("room for a process");
        body.process.start_program(&self.machine.node.vm, &modules, None);
        self.run(body, UNDISTURBED, STEPS);
        modules
    }

    fn run_main(&mut self, modules: &[ModuleIndex], stress: Stress, steps: i64) -> (Seen, u64) {
        let main = Symbol::intern("main");
        let vm = &self.machine.node.vm;
        let Some((main, _)) = modules.iter().rev().find_map(|at| vm.exported(*at, main)) else {
            return (Seen { ended: true, out: String::new(), reports: Vec::new() }, 0);
        };
        let heap = Heap::new();
        let call = Fragment::copy_of(heap.list(&[main]));
        let body =
            self.machine.node.new_process(&mut self.machine.host.spare, call, None, Initial::Main);
        self.run(body.expect("room for a process"), stress, steps)
    }

    fn run(&mut self, body: Box<Body>, stress: Stress, steps: i64) -> (Seen, u64) {
        self.machine.set_stress(stress);
        let ended = self.machine.run(body, steps, |_| false);
        self.machine.set_stress(UNDISTURBED);
        self.machine.node.output.flush();
        let (out, err) = (self.out.take(), self.err.take());
        self.machine.end_all();
        let mut reports: Vec<String> =
            anonymous(&err).split("error: ").skip(1).map(str::to_owned).collect();
        reports.sort();
        let (ended, took) = match ended {
            Ended::Idle(steps) => (true, steps),
            Ended::OutOfSteps => (false, steps as u64),
        };
        (Seen { ended, out: anonymous(&out), reports }, took)
    }
}

impl Seen {
    /// How much memory is held depends on when there was a collection.
    fn reached_limit(&self) -> bool {
        self.reports.iter().any(|r| r.contains("memory limit")) || self.out.contains(":memory")
    }

    /// What is looked at, one after the other.
    fn parts(&self) -> [(&'static str, String); 3] {
        let ended = if self.ended { "it ends" } else { "it does not end" };
        [
            ("what is printed", self.out.clone()),
            ("what is not caught", self.reports.join("")),
            ("whether it ends", ended.to_owned()),
        ]
    }
}

fn compare((first, expected): (&str, &Seen), (name, seen): (&str, &Seen)) {
    for ((what, a), (_, b)) in expected.parts().iter().zip(seen.parts()) {
        if *a != b {
            let (from_a, from_b) = differing(a, &b);
            panic!(
                "{first} and {name} disagree about {what}\n--- {first}\n{from_a}\n--- {name}\n{from_b}"
            );
        }
    }
}

/// Two texts from the line before the first that differs, cut short.
fn differing(a: &str, b: &str) -> (String, String) {
    let same = a.lines().zip(b.lines()).take_while(|(x, y)| x == y).count();
    let from = |text: &str| {
        let lines: Vec<&str> = text.lines().skip(same.saturating_sub(1)).take(12).collect();
        let mut shown = lines.join("\n");
        shown.truncate(shown.floor_char_boundary(SHOWN));
        shown
    };
    (from(a), from(b))
}

/// Without the numbers of processes and refs: those count on from one run to the next.
fn anonymous(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("#pid<").into_iter().chain(rest.find("#ref<")).min() {
        let (before, found) = rest.split_at(at + 5);
        out.push_str(before);
        rest = found.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn numbers_of_processes_are_left_out() {
        assert_eq!(anonymous("a #pid<12>, #ref<256> #pid<3"), "a #pid<>, #ref<> #pid<");
    }

    #[test]
    fn most_programs_compile_and_all_ways_agree() {
        crate::worker::on_large_stack(|| {
            let stdlib = rata_stdlib::LIBRARY.package().expect("the standard library");
            let mut sides = Sides::new(&stdlib);
            let (mut compiled, mut compared, mut native) = (0, 0, 0);
            for case in 0..150 {
                let text = program(&mut Random::new(3, case));
                let ran = sides.run(&text, &stdlib);
                compiled += usize::from(ran.decoded);
                compared += usize::from(ran.accepted);
                native += ran.native;
            }
            assert!(compiled > 100 && compared > 80, "{compiled} compile, {compared} are compared");
            assert_eq!(native > 500, cfg!(feature = "jit"), "{native}");
        });
    }

    #[test]
    fn what_differs_is_told() {
        let seen = |out: &str| Seen { ended: true, out: out.to_owned(), reports: Vec::new() };
        let told = std::panic::catch_unwind(|| {
            compare(("one", &seen("a\nb\nc\n")), ("other", &seen("a\nb\nd\n")));
        });
        let told = *told.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(
            told,
            "one and other disagree about what is printed\n--- one\nb\nc\n--- other\nb\nd"
        );
        compare(("one", &seen("a")), ("other", &seen("a")));
    }
}
