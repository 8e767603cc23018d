//! The virtual machine that cases run in: a node of the runtime with one worker, which is this thread. No
//! time passes: timers fire when nothing else is left to do.

use rata_bytecode::module::Package;
use rata_runtime::host::WorkerHost;
use rata_runtime::node::{Node, Options};
use rata_runtime::output::Output;
use rata_runtime::process::body::Body;
use rata_runtime::process::signal::{ExitKind, Signal};
use rata_runtime::sched::post::deliver;
use rata_runtime::sched::{queue, turn, worker};
use rata_vm::{Fragment, ModuleIndex, NativeFn, Origin, Value, Vm, vm};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most memory of one process.
const MEMORY: usize = 32 << 20;
/// Turns within which a process that was killed must have ended.
const LAST_TURNS: usize = 50;
/// The longest that a turn may take if the collector is left in peace.
const TURN: Duration = Duration::from_secs(3);

/// How processes are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stress {
    /// Collect garbage at every safepoint.
    pub collect: bool,
    /// Reductions per turn.
    pub budget: i64,
}

/// What came of waiting for processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Nothing is left to run, with so many steps made.
    Idle(u64),
    /// They have had their steps.
    OutOfSteps,
}

/// A node whose worker is this thread.
pub struct Machine {
    /// The node.
    pub node: Arc<Node>,
    /// The worker's side.
    pub host: WorkerHost,
    /// The standard library's modules.
    pub library: Vec<ModuleIndex>,
    stress: Stress,
    loads_ended: u64,
    /// What each process had used before its last turn, by serial number.
    used: HashMap<u64, u64>,
}

impl Machine {
    /// A node with the standard library.
    pub fn new(
        stdlib: &Package,
        natives: Vec<NativeFn>,
        options: Options,
        output: Output,
    ) -> Machine {
        let vm = Vm::with_jit(natives, options.jit);
        let library = vm.load(stdlib, Origin::Stdlib).expect("the standard library loads");
        let stress = Stress { collect: options.collect_always, budget: options.budget };
        let options = Options { workers: 1, ..options };
        let (mut locals, shared) = queue::queues(1);
        let node = Arc::new(Node::new(vm, shared, 1, options, output));
        let host = WorkerHost::new(Arc::clone(&node), 0, locals.remove(0));
        Machine { node, host, library, stress, loads_ended: 0, used: HashMap::new() }
    }

    /// From here on processes run so.
    pub fn set_stress(&mut self, stress: Stress) {
        self.stress = stress;
        self.host.budget = stress.budget;
    }

    /// Runs a process and those it starts until nothing can go on, or they have had `steps`; when nothing
    /// can, and before timers fire, `idle` may give them something to do.
    pub fn run(
        &mut self,
        first: Box<Body>,
        steps: i64,
        mut idle: impl FnMut(&mut Machine) -> bool,
    ) -> Ended {
        let mut left = steps;
        self.host.enqueue(first);
        self.used.clear();
        while left > 0 {
            if let Some(used) = self.turn() {
                left -= used.max(5);
            } else if self.node.is_busy_outside() {
                // A job goes on by itself; it may take long.
                std::thread::sleep(Duration::from_micros(20));
                left -= 5;
            } else if idle(self) {
                left -= 5;
            } else if let Some(tick) = self.node.timers[0].next() {
                let (host, node) = (&mut self.host, &self.node);
                node.timers[0].fire(tick, |alarm| worker::fire(host, node, alarm));
                left -= 5;
            } else {
                return Ended::Idle((steps - left) as u64);
            }
        }
        Ended::OutOfSteps
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
        body.process.heap.set_stress(self.stress.collect);
        body.process.heap.set_limit(MEMORY);
        let now = body.process.core.reductions;
        let before = self.used.insert(body.extra.pid.serial(), now).unwrap_or(0);
        // What a process leaves to be told to others has its turns after it ended, counted anew.
        let used = now.saturating_sub(before);
        let start = Instant::now();
        turn::run(&mut self.host, &self.node, body);
        let took = start.elapsed();
        assert!(self.stress.collect || took < TURN, "a turn took {} s", took.as_secs_f64());
        Some(used as i64)
    }

    /// Kills all processes: whatever they are about, they must end.
    pub fn end_all(&mut self) {
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
