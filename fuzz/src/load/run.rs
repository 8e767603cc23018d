//! The virtual machine that packages are loaded into and run in: no threads, no files, no clock, a
//! bound on steps and memory.

use crate::random::Random;
use rata_bytecode::module::{Exported, Module, Package};
use rata_bytecode::natives::NATIVES;
use rata_runtime::natives::natives;
use rata_vm::data::{map, set, vector};
use rata_vm::inspect::inspect_to;
use rata_vm::native::{Cx, Host, Native, Poll};
use rata_vm::{
    Core, Fragment, Heap, ModuleIndex, Origin, Outcome, Pid, Process, Symbol, Value, Vm, run,
};
use std::any::Any;

/// Loaded code is there for ever, so a machine is given up after so many packages.
const PACKAGES: usize = 256;
/// Steps of one process, in reductions.
const STEPS: i64 = 20_000;
/// The most memory of one process.
const MEMORY: usize = 32 << 20;

/// Natives that act on the world, or want the runtime's scheduler around them.
const LEFT_OUT: &[&str] =
    &["process_", "io_", "log_", "system_", "dataload_", "random_", "constant_", "core_debug"];

/// Runs packages.
pub struct Machine {
    stdlib: Package,
    vm: Vm,
    /// The standard library's modules.
    library: Vec<ModuleIndex>,
    loaded: usize,
}

impl Machine {
    /// A machine with the standard library.
    pub fn new(stdlib: &Package) -> Machine {
        let (vm, library) = fresh(stdlib);
        Machine { stdlib: stdlib.clone(), vm, library, loaded: 0 }
    }

    /// Loads and runs a package; gives whether it was accepted. `bytes` decides what is called.
    pub fn run(&mut self, package: &Package, bytes: &[u8]) -> bool {
        if self.loaded >= PACKAGES {
            (self.vm, self.library) = fresh(&self.stdlib);
            self.loaded = 0;
        }
        let Ok(modules) = self.vm.load(package, Origin::Program) else { return false };
        self.loaded += 1;
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        let mut random = Random::new(hash, 0);
        for &index in &modules {
            assert!(self.vm.listing(index).is_some(), "code that cannot be listed");
        }
        let mode =
            Mode { stress: random.one_in(4), budget: if random.one_in(4) { 1 } else { 200 } };
        let mut program = Process::new(Pid::new(1, 1));
        program.start_program(&self.vm, &modules, None);
        self.finish(program, mode, &mut random);
        for (&index, module) in modules.iter().zip(&package.modules) {
            for _ in 0..2 {
                self.call_exported(index, module, mode, &mut random);
            }
        }
        let at = random.below(self.library.len());
        if let (Some(&index), Some(module)) = (self.library.get(at), self.stdlib.modules.get(at)) {
            self.call_exported(index, module, mode, &mut random);
        }
        true
    }

    /// Calls one of a module's functions with some values.
    fn call_exported(&self, index: ModuleIndex, module: &Module, mode: Mode, random: &mut Random) {
        let functions = module.exports.iter().filter(|e| matches!(e.what, Exported::Functions(_)));
        let names: Vec<&String> = functions.map(|e| &e.name).collect();
        if names.is_empty() {
            return;
        }
        let name = Symbol::intern(names[random.below(names.len())]);
        let Some((function, arities)) = self.vm.exported(index, name) else { return };
        let heap = Heap::new();
        let mut call = vec![function];
        for _ in 0..arities[random.below(arities.len())] {
            call.push(value(&heap, function, random, 3));
        }
        let mut process = Process::new(Pid::new(1, 2));
        process.start(&self.vm, Fragment::copy_of(heap.list(&call)));
        self.finish(process, mode, random);
    }

    /// Runs a process until it ends or has had its steps.
    fn finish(&self, mut process: Process, mode: Mode, random: &mut Random) {
        process.heap.set_stress(mode.stress);
        process.heap.set_limit(MEMORY);
        let mut host = Messages { left: random.below(4), random: Random::new(random.next(), 0) };
        // Collecting at each step costs a lot more than a step.
        let mut steps = if mode.stress { STEPS / 10 } else { STEPS };
        while steps > 0 {
            steps -= mode.budget.max(5);
            match run(&mut process, &self.vm, &mut host, mode.budget) {
                Outcome::Yield => {}
                Outcome::Wait(wait) => match wait.timeout {
                    Some(_) => process.time_out(),
                    None if host.left == 0 => break,
                    None => {}
                },
                Outcome::Offload(job) => process.resume_with(job.run()),
                Outcome::Done | Outcome::Crashed | Outcome::Exit => {
                    inspect_to(process.result(), &mut String::new(), 2_000);
                    break;
                }
                Outcome::WaitForModule(_) | Outcome::LimitReached => break,
            }
        }
    }
}

fn fresh(stdlib: &Package) -> (Vm, Vec<ModuleIndex>) {
    let mut table = natives();
    for (native, spec) in table.iter_mut().zip(NATIVES) {
        if LEFT_OUT.iter().any(|prefix| spec.name.starts_with(prefix)) {
            *native = left_out;
        }
    }
    let vm = Vm::new(table);
    let library = vm.load(stdlib, Origin::Stdlib).expect("the standard library loads");
    (vm, library)
}

fn left_out<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    match args.first() {
        Some(value) if cx.core.pid == Pid::new(1, 1) => Native::Value(*value),
        _ => Native::Raise(cx.runtime_error("this is not to be had here")),
    }
}

/// How a process is run.
#[derive(Clone, Copy)]
struct Mode {
    /// Collect garbage at every step.
    stress: bool,
    /// Reductions per turn.
    budget: i64,
}

/// A host that has a few messages to deliver.
struct Messages {
    left: usize,
    random: Random,
}

impl Host for Messages {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn poll(&mut self, core: &mut Core) -> Poll {
        if self.left == 0 {
            return Poll::Nothing;
        }
        self.left -= 1;
        let heap = Heap::new();
        let message = value(&heap, Value::NIL, &mut self.random, 3);
        core.mailbox.push(Fragment::copy_of(message));
        Poll::Messages
    }
}

/// Some value.
fn value<'h>(heap: &'h Heap, function: Value<'h>, random: &mut Random, depth: usize) -> Value<'h> {
    if depth == 0 || random.one_in(2) {
        return simple(heap, function, random);
    }
    let count = random.small(5);
    let entries: Vec<Value<'h>> = match random.below(3) {
        0 => (0..count).map(|_| value(heap, function, random, depth - 1)).collect(),
        1 => (0..count).map(|_| heap.int(random.below(9) as i64 - 2)).collect(),
        _ => {
            let texts = ["a", "b", "", "é", "name", "x y"];
            (0..count).map(|_| heap.string(texts[random.below(texts.len())])).collect()
        }
    };
    match random.below(5) {
        0 => heap.list(&entries),
        1 => set::from_values(heap, &entries),
        2 => {
            let keys = ["name", "k", "a", "ok", "other"];
            let pairs: Vec<_> = entries
                .iter()
                .zip(keys)
                .map(|(v, key)| (Value::symbol(Symbol::intern(key)), *v))
                .collect();
            map::from_entries(heap, &pairs)
        }
        3 => vector::range(heap, 1, random.below(2_000) as i64).unwrap_or(Value::NIL),
        _ => match vector::from_values(heap, &entries) {
            Ok(vector) => vector,
            Err(_) => heap.list(&entries),
        },
    }
}

fn simple<'h>(heap: &'h Heap, function: Value<'h>, random: &mut Random) -> Value<'h> {
    match random.below(12) {
        0 => Value::NIL,
        1 => Value::bool(random.one_in(2)),
        2 => heap.float(*random.of(&[&0.0, &-1.5, &1e300, &f64::NAN, &f64::INFINITY])),
        3 => heap.string(random.of(&["", "a", "abc", "é\u{1F600}e\u{301}", "1,2\n3", "%d"])),
        4 => heap.string(&"long é ".repeat(random.below(40))),
        5 => Value::symbol(Symbol::intern(random.of(&["ok", "infinity", "name", "asc", "left"]))),
        6 => Value::pid(Pid::new(random.below(3) as u64, 1)),
        7 => function,
        8 => heap.int(*random.of(&[&i64::MIN, &i64::MAX, &(1 << 61), &1_000_000, &-1])),
        _ => heap.int(random.below(7) as i64 - 1),
    }
}
