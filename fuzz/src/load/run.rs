//! The virtual machine that packages are loaded into and run in: a node of the runtime with one worker,
//! which is this thread. No time passes (timers fire when nothing else is left to do), and steps and
//! memory are bounded.

use super::values::Values;
use crate::random::Random;
use rata_bytecode::module::{Exported, Module, Package};
use rata_bytecode::natives::NATIVES;
use rata_runtime::host::WorkerHost;
use rata_runtime::natives::natives;
use rata_runtime::node::{Node, Options};
use rata_runtime::output::Output;
use rata_runtime::process::body::{Body, Initial};
use rata_runtime::process::signal::{ExitKind, Signal};
use rata_runtime::sched::post::deliver;
use rata_runtime::sched::{queue, turn, worker};
use rata_vm::native::{Cx, Job, Native, Resume};
use rata_vm::{Fragment, Heap, ModuleIndex, NativeFn, Origin, Pid, Symbol, Value, Vm, Word, vm};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Loaded code is there for ever, so a machine is given up after so many packages.
const PACKAGES: usize = 128;
/// Steps of one program or call, in reductions.
const STEPS: i64 = 20_000;
/// The most memory of one process.
const MEMORY: usize = 32 << 20;
/// Turns within which a process that was killed must have ended.
const LAST_TURNS: usize = 50;
/// The longest that a turn may take if the collector is left in peace.
const TURN: Duration = Duration::from_secs(3);

/// Natives that act on the world.
const LEFT_OUT: &[&str] = &["file_", "dataload_", "system_cmd"];

/// How processes are run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Collect garbage at every safepoint.
    pub stress: bool,
    /// Reductions per turn.
    pub budget: i64,
}

impl Mode {
    /// That which the bytes of a file ask for.
    pub fn of(bytes: &[u8]) -> Mode {
        let mut random = Random::new(digest(bytes), 1);
        Mode { stress: random.one_in(4), budget: if random.one_in(4) { 1 } else { 200 } }
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// Runs packages.
pub struct Machine {
    stdlib: Package,
    mode: Mode,
    node: Arc<Node>,
    host: WorkerHost,
    /// The standard library's modules.
    library: Vec<ModuleIndex>,
    loaded: usize,
    loads_ended: u64,
    /// What each process had used before its last turn, by serial number.
    used: HashMap<u64, u64>,
}

impl Machine {
    /// A machine with the standard library.
    pub fn new(stdlib: &Package, mode: Mode) -> Machine {
        let (node, host, library) = fresh(stdlib, mode);
        Machine {
            stdlib: stdlib.clone(),
            mode,
            node,
            host,
            library,
            loaded: 0,
            loads_ended: 0,
            used: HashMap::new(),
        }
    }

    /// Loads and runs a package; gives how many reductions that took, or nothing if it was not
    /// accepted. `bytes` decides what is called.
    pub fn run(&mut self, package: &Package, bytes: &[u8]) -> Option<u64> {
        if self.loaded >= PACKAGES {
            self.node.output.close();
            (self.node, self.host, self.library) = fresh(&self.stdlib, self.mode);
            self.loaded = 0;
        }
        let modules = self.node.vm.load(package, Origin::Program).ok()?;
        self.loaded += 1;
        for &index in &modules {
            assert!(self.node.vm.listing(index).is_some(), "code that cannot be listed");
        }
        let mut random = Random::new(digest(bytes), 0);
        let mut program = self.node.main_process().expect("room for a process");
        program.process.start_program(&self.node.vm, &modules, None);
        let mut took = self.finish(program, &mut random);
        for (&index, module) in modules.iter().zip(&package.modules) {
            for _ in 0..2 {
                took += self.call_exported(index, module, &mut random);
            }
        }
        let at = random.below(self.library.len());
        if random.one_in(4)
            && let Some(&index) = self.library.get(at)
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
        let Some((function, arities)) = self.node.vm.exported(index, name) else { return 0 };
        let heap = Heap::new();
        let mut call = vec![function];
        let mut values = Values { heap: &heap, random, given: &[function] };
        for _ in 0..arities[values.random.below(arities.len())] {
            call.push(values.value(3));
        }
        let call = Fragment::copy_of(heap.list(&call));
        let process = self.node.new_process(call, None, Initial::Main).expect("room for a process");
        self.finish(process, random)
    }

    /// Runs a process and those it starts until they end or have had their steps.
    fn finish(&mut self, first: Box<Body>, random: &mut Random) -> u64 {
        let limit = if self.mode.stress { STEPS / 10 } else { STEPS };
        let pid = first.extra.pid;
        let (mut steps, mut messages) = (limit, random.below(4));
        self.host.enqueue(first);
        self.used.clear();
        while steps > 0 {
            if let Some(used) = self.turn() {
                steps -= used.max(5);
            } else if self.node.is_busy_outside() {
                // A job goes on by itself; it may take long.
                std::thread::sleep(Duration::from_micros(20));
                steps -= 5;
            } else if messages > 0 {
                messages -= 1;
                self.send(pid, random);
            } else if let Some(tick) = self.node.timers[0].next() {
                let (host, node) = (&mut self.host, &self.node);
                node.timers[0].fire(tick, |alarm| worker::fire(host, node, alarm));
                steps -= 5;
            } else {
                break;
            }
        }
        self.end_all();
        (limit - steps) as u64
    }

    /// Gives a process its turn, if one can run; what it used in its last one.
    fn turn(&mut self) -> Option<i64> {
        let ended = vm::loads_ended();
        if self.loads_ended != ended {
            self.loads_ended = ended;
            turn::wake_loading(&mut self.host);
        }
        let fetched = |host: &mut WorkerHost, node: &Node| host.local.fetch(&node.queues, 0);
        let body = self.host.pick().or_else(|| fetched(&mut self.host, &self.node))?;
        body.process.heap.set_stress(self.mode.stress);
        body.process.heap.set_limit(MEMORY);
        let now = body.process.core.reductions;
        let before = self.used.insert(body.extra.pid.serial(), now).unwrap_or(0);
        // What a process leaves to be told to others has its turns after it ended, counted anew.
        let used = now.saturating_sub(before);
        let start = Instant::now();
        turn::run(&mut self.host, &self.node, body);
        let took = start.elapsed();
        assert!(self.mode.stress || took < TURN, "a turn took {} s", took.as_secs_f64());
        Some(used as i64)
    }

    fn send(&mut self, pid: Pid, random: &mut Random) {
        let heap = Heap::new();
        let given = [Value::pid(pid)];
        let message = Values { heap: &heap, random, given: &given }.value(3);
        // To the dead: nothing.
        let _ = deliver(&mut self.host, pid, Signal::Message(Fragment::copy_of(message)));
    }

    /// Kills all processes: whatever they are about, they must end.
    fn end_all(&mut self) {
        let pids = self.node.table.pids();
        for &pid in &pids {
            let reason = Fragment::copy_of(Value::NIL);
            let signal = Signal::Exit { from: pid, kind: ExitKind::Kill, reason };
            // Who has ended needs no killing.
            let _ = deliver(&mut self.host, pid, signal);
        }
        let mut left = LAST_TURNS * (1 + pids.len());
        while self.node.table.live() > 0 {
            assert!(left > 0, "{} processes cannot be killed", self.node.table.live());
            left -= 1;
            if self.turn().is_none() {
                std::thread::sleep(Duration::from_micros(20));
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.node.output.close();
    }
}

fn fresh(stdlib: &Package, mode: Mode) -> (Arc<Node>, WorkerHost, Vec<ModuleIndex>) {
    let mut table = natives();
    for (native, spec) in table.iter_mut().zip(NATIVES) {
        if LEFT_OUT.iter().any(|prefix| spec.name.starts_with(prefix)) {
            *native = LEFT;
        }
    }
    let vm = Vm::new(table);
    let library = vm.load(stdlib, Origin::Stdlib).expect("the standard library loads");
    let options = Options {
        workers: 1,
        budget: mode.budget,
        collect_always: mode.stress,
        ..Options::default()
    };
    let (mut locals, shared) = queue::queues(1);
    let output = Output::new(Box::new(io::sink()), Box::new(io::sink()));
    let node = Arc::new(Node::new(vm, shared, 1, options, output));
    let host = WorkerHost::new(Arc::clone(&node), 0, locals.remove(0));
    (node, host, library)
}

/// Stands for natives that are left out: a job of no account, whose outcome is the first argument.
const LEFT: NativeFn = |_: &mut Cx<'_, '_>, args: &[Value<'_>]| match args.first() {
    Some(value) if value.as_symbol().is_some() => Native::Offload(Box::new(Errand(value.word()))),
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
