//! Packages are loaded into a machine and run, with bounded steps and memory.

use super::values::Values;
use crate::node::{self, Ended, Stress};
use crate::random::Random;
use rata_bytecode::module::{Exported, Module, Package};
use rata_bytecode::natives::NATIVES;
use rata_runtime::natives::natives;
use rata_runtime::node::Options;
use rata_runtime::output::Output;
use rata_runtime::process::body::{Body, Initial};
use rata_runtime::process::signal::Signal;
use rata_runtime::sched::post::deliver;
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::{
    Fragment, Heap, JitSettings, ModuleIndex, NativeFn, Origin, Pid, Symbol, Value, Word,
};
use std::io;

/// Loaded code is there for ever, so a machine is given up after so many packages.
const PACKAGES: usize = 128;
/// Steps of one program or call, in reductions.
const STEPS: i64 = 20_000;
/// Natives that act on the world.
const LEFT_OUT: &[&str] = &["file_", "dataload_", "system_cmd"];

/// How the bytes of a file ask to be run.
pub fn stress(bytes: &[u8]) -> Stress {
    let mut random = Random::new(digest(bytes), 1);
    Stress { collect: random.one_in(4), budget: if random.one_in(4) { 1 } else { 200 } }
}

fn digest(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// Runs packages.
pub struct Machine {
    stdlib: Package,
    stress: Stress,
    inner: node::Machine,
    loaded: usize,
}

impl Machine {
    /// A machine with the standard library.
    pub fn new(stdlib: &Package, stress: Stress) -> Machine {
        let inner = fresh(stdlib, stress);
        Machine { stdlib: stdlib.clone(), stress, inner, loaded: 0 }
    }

    /// Loads and runs a package; gives how many reductions that took, or nothing if it was not
    /// accepted. `bytes` decides what is called.
    pub fn run(&mut self, package: &Package, bytes: &[u8]) -> Option<u64> {
        if self.loaded >= PACKAGES {
            self.inner = fresh(&self.stdlib, self.stress);
            self.loaded = 0;
        }
        let modules = self.inner.node.vm.load(package, Origin::Program).ok()?;
        self.loaded += 1;
        for &index in &modules {
            assert!(self.inner.node.vm.listing(index).is_some(), "code that cannot be listed");
        }
        let mut random = Random::new(digest(bytes), 0);
        let mut program = self.inner.node.main_process().expect("room for a process");
        program.process.start_program(&self.inner.node.vm, &modules, None);
        let mut took = self.finish(program, &mut random);
        for (&index, module) in modules.iter().zip(&package.modules) {
            for _ in 0..2 {
                took += self.call_exported(index, module, &mut random);
            }
        }
        let at = random.below(self.inner.library.len());
        if random.one_in(4)
            && let Some(&index) = self.inner.library.get(at)
        {
            let module = self.stdlib.modules[at].clone();
            took += self.call_exported(index, &module, &mut random);
        }
        Some(took)
    }

    /// Calls one of a module's functions with some values.
    fn call_exported(&mut self, index: ModuleIndex, module: &Module, random: &mut Random) -> u64 {
        let functions = module.exports.iter().filter(|e| matches!(e.what, Exported::Functions(_)));
        let names: Vec<&String> = functions.map(|e| &e.name).collect();
        if names.is_empty() {
            return 0;
        }
        let name = Symbol::intern(names[random.below(names.len())]);
        let Some((function, arities)) = self.inner.node.vm.exported(index, name) else { return 0 };
        let heap = Heap::new();
        let mut call = vec![function];
        let mut values = Values { heap: &heap, random, given: &[function] };
        for _ in 0..arities[values.random.below(arities.len())] {
            call.push(values.value(3));
        }
        let call = Fragment::copy_of(heap.list(&call));
        let node::Machine { node, host, .. } = &mut self.inner;
        let process = node.new_process(&mut host.spare, call, None, Initial::Main);
        self.finish(process.expect("room for a process"), random)
    }

    /// Runs a process and those it starts until they end or have had their steps.
    fn finish(&mut self, first: Box<Body>, random: &mut Random) -> u64 {
        let limit = if self.stress.collect { STEPS / 10 } else { STEPS };
        let pid = first.extra.pid;
        let mut messages = random.below(4);
        let ended = self.inner.run(first, limit, |machine| {
            let more = messages > 0;
            if more {
                messages -= 1;
                send(machine, pid, random);
            }
            more
        });
        self.inner.end_all();
        match ended {
            Ended::Idle(steps) => steps,
            Ended::OutOfSteps => limit as u64,
        }
    }
}

fn send(machine: &mut node::Machine, pid: Pid, random: &mut Random) {
    let heap = Heap::new();
    let given = [Value::pid(pid)];
    let message = Values { heap: &heap, random, given: &given }.value(3);
    // To the dead: nothing.
    let _ = deliver(&mut machine.host, pid, Signal::Message(Fragment::copy_of(message)));
}

fn fresh(stdlib: &Package, stress: Stress) -> node::Machine {
    let mut table = natives();
    for (native, spec) in table.iter_mut().zip(NATIVES) {
        if LEFT_OUT.iter().any(|prefix| spec.name.starts_with(prefix)) {
            *native = LEFT;
        }
    }
    let options = Options {
        budget: stress.budget,
        collect_always: stress.collect,
        jit: JitSettings::OFF,
        ..Options::default()
    };
    let output = Output::new(Box::new(io::sink()), Box::new(io::sink()));
    node::Machine::new(stdlib, table, options, output)
}

/// Stands for natives that are left out: a job of no account, whose outcome is the first argument.
const LEFT: NativeFn = |_: &mut Cx<'_, '_>, args: &[Value<'_>]| match args.first() {
    Some(value) if value.as_symbol().is_some() => Native::offload(Box::new(Errand(value.word()))),
    Some(value) => Native::Value(*value),
    None => Native::Value(Value::NIL),
};

struct Errand(Word);

impl Job for Errand {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        self
    }
}

impl Resume for Errand {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        Native::Value(cx.heap().value(self.0))
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(&mut self.0);
    }
}
