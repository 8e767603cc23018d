//! A node: everything that its processes share. Made once per program, alive until it ends.

use crate::capture::Captures;
use crate::coverage::Coverage;
use crate::output::{Output, Stream};
use crate::process::body::{Body, Extra, Initial, Lent};
use crate::process::names::Names;
use crate::process::table::{Spare, Table};
use crate::sched::idle::Idle;
use crate::sched::pool::Pool;
use crate::sched::queue::Shared;
use crate::sched::shard::Shard;
use crate::store::registry::Registries;
use crate::world::{Clock, RealAlarm};
use parking_lot::{Condvar, Mutex};
use rata_vm::JitSettings;
use rata_vm::heap::Fragment;
use rata_vm::process::Process;
use rata_vm::value::{Pid, Word};
use rata_vm::vm::{ModuleIndex, Vm};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How the program was started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; 0 for one per core that the system grants.
    pub workers: usize,
    /// Reductions per turn.
    pub budget: i64,
    /// Collect garbage at every safepoint.
    pub collect_always: bool,
    /// How functions are compiled to machine code.
    pub jit: JitSettings,
    /// Write `/tmp/perf-<pid>.map`, in which `perf` looks up the names of compiled functions.
    pub perf_map: bool,
    /// Tell debuggers of compiled functions (GDB's JIT interface).
    pub debugged: bool,
    /// A deterministic run: one worker, a clock that stands unless something is done, an order drawn from this.
    pub seed: Option<u64>,
    /// Keep other processes alive when the main one ends.
    pub no_halt: bool,
    /// The program's command-line arguments.
    pub args: Vec<String>,
    /// What the program is called: the path it was started by.
    pub program: String,
    /// SIGTERM stops the program in order, and SIGINT in a terminal opens the break menu. One program only of those in
    /// this process may ask for that.
    pub signals: bool,
    /// How long stopping in order may take.
    pub stop_limit: Duration,
    /// Open the socket of `ratavm top`, `dump` and `trace`, under this name.
    pub inspect: Option<String>,
    /// Where a dump is written if the VM fails.
    pub crash_dump: Option<PathBuf>,
}

/// The longest name that a socket is opened under: its path must be short.
pub const LONGEST_NAME: usize = 40;
/// How long stopping in order may take, unless the options say otherwise.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

impl Default for Options {
    fn default() -> Self {
        Options {
            workers: 0,
            budget: TURN,
            collect_always: false,
            jit: JitSettings::ON,
            perf_map: false,
            debugged: false,
            seed: None,
            no_halt: false,
            args: Vec::new(),
            program: String::new(),
            signals: false,
            stop_limit: STOP_LIMIT,
            inspect: None,
            crash_dump: None,
        }
    }
}

/// Reductions in a turn: as many as the BEAM's.
const TURN: i64 = 4000;

/// Is told what the runner of tests does, and a few texts about it; answers with a text.
pub type Listener = Box<dyn Fn(&str, &[&str]) -> String + Send + Sync>;

/// See the module's description.
pub struct Node {
    /// Loaded code.
    pub vm: Vm,
    /// Processes.
    pub table: Table,
    /// Registered names.
    pub names: Names,
    /// Registries of processes.
    pub registries: Registries,
    /// Run queues.
    pub queues: Shared,
    /// Workers with nothing to do.
    pub idle: Idle,
    /// Timers, by worker.
    pub timers: Vec<Shard>,
    /// Threads for what blocks.
    pub pool: Pool,
    /// Standard output and error.
    pub output: Output,
    /// Time.
    pub clock: Clock,
    /// For the runner of tests.
    pub real_alarm: RealAlarm,
    /// Who waits for another process to load a module.
    pub loading: Mutex<Vec<(ModuleIndex, Pid)>>,
    /// How much is under way outside of all processes that will wake one: jobs, output.
    outside: AtomicUsize,
    /// How the program was started.
    pub options: Options,
    /// What tests print.
    pub captures: Captures,
    /// Which lines have run, if that is counted.
    pub coverage: OnceLock<Arc<Coverage>>,
    /// Who is told what the runner of tests does.
    pub listener: OnceLock<Listener>,
    /// Set when the program ends: workers leave their loops.
    pub stopping: AtomicBool,
    /// Set when the main process has ended (others may go on with `--no-halt`).
    main_ended: AtomicBool,
    /// Set when the program is being stopped in order: who does that sees to the end.
    asked_to_stop: AtomicBool,
    /// What the main process has ended with.
    code_of_main: Mutex<Option<i32>>,
    /// Set when a dump is left, as the VM has failed.
    pub dumped: AtomicBool,
    /// The exit code, once known.
    pub exit: Mutex<Option<i32>>,
    /// Told when it is.
    pub exited: Condvar,
    /// The pid of the main process, as bits; 0 before there is one.
    main: AtomicU64,
    refs: AtomicU64,
}

/// Whoever can make a body run: a worker (on its own queue) or any thread (by injection).
pub trait Schedule {
    /// The node.
    fn node(&self) -> &Node;
    /// The worker's number, if it is one.
    fn worker(&self) -> Option<usize>;
    /// Makes it run.
    fn schedule(&mut self, body: Box<Body>);
}

/// Schedules from a thread that is no worker.
pub struct Outside<'a>(pub &'a Node);

impl Schedule for Outside<'_> {
    fn node(&self) -> &Node {
        self.0
    }

    fn worker(&self) -> Option<usize> {
        None
    }

    fn schedule(&mut self, body: Box<Body>) {
        self.0.queues.inject(body);
        self.0.idle.wake_one();
    }
}

impl Node {
    /// A node with code but no process.
    pub fn new(vm: Vm, queues: Shared, workers: usize, options: Options, output: Output) -> Node {
        Node {
            vm,
            table: Table::default(),
            names: Names::default(),
            registries: Registries::default(),
            queues,
            idle: Idle::default(),
            timers: (0..workers).map(|worker| Shard::new(worker as u32)).collect(),
            pool: Pool::default(),
            output,
            clock: if options.seed.is_some() { Clock::standing() } else { Clock::start() },
            real_alarm: RealAlarm::default(),
            loading: Mutex::default(),
            outside: AtomicUsize::new(0),
            options,
            captures: Captures::default(),
            coverage: OnceLock::new(),
            listener: OnceLock::new(),
            stopping: AtomicBool::new(false),
            main_ended: AtomicBool::new(false),
            asked_to_stop: AtomicBool::new(false),
            code_of_main: Mutex::new(None),
            dumped: AtomicBool::new(false),
            exit: Mutex::new(None),
            exited: Condvar::new(),
            main: AtomicU64::new(0),
            refs: AtomicU64::new(0),
        }
    }

    /// A new ref's number; later ones are larger. The low byte tells the timer shard, the bit above it whether it is an
    /// alias for anybody.
    pub fn next_ref(&self, shard: usize) -> u64 {
        (self.refs.fetch_add(1, Ordering::Relaxed) + 1) << 9 | shard as u64
    }

    /// A body for a new process, which runs `call` (see `Process::start`) once
    /// it is scheduled. `None` when there are too many processes.
    pub fn new_process(
        &self,
        spare: &mut Spare,
        call: Fragment,
        parent: Option<Pid>,
        initial: Initial,
    ) -> Option<Box<Body>> {
        let mut body = self.body(spare, parent, initial)?;
        body.process.start(&self.vm, call);
        Some(body)
    }

    /// A body for the main process, without anything to run yet.
    pub fn main_process(&self) -> Option<Box<Body>> {
        let mut spare = Spare::default();
        let body = self.body(&mut spare, None, Initial::Main)?;
        self.table.give_back(spare);
        self.main.store(Word::pid(body.extra.pid).bits(), Ordering::Release);
        Some(body)
    }

    /// Whether this is the main process.
    pub fn is_main(&self, pid: Pid) -> bool {
        self.main.load(Ordering::Acquire) == Word::pid(pid).bits()
    }

    /// The pid of the main process, which may have ended.
    pub fn main_pid(&self) -> Option<Pid> {
        match self.main.load(Ordering::Acquire) {
            0 => None,
            bits => Word::from_bits(bits).as_pid(),
        }
    }

    fn body(&self, spare: &mut Spare, parent: Option<Pid>, initial: Initial) -> Option<Box<Body>> {
        let pid = self.table.claim(spare)?;
        let process = Process::new(pid);
        process.heap.set_stress(self.options.collect_always);
        let extra = Lent::new(Extra::new(pid, parent, initial));
        Some(Box::new(Body { process, extra }))
    }

    /// A process is about to print something: who shows what becomes of tests may want to end a line before.
    pub fn make_way(&self, whose: Pid, text: &str) {
        if let Some(listener) = self.listener.get()
            && !self.is_main(whose)
        {
            let before = listener("says", &[text]);
            if !before.is_empty() {
                self.output.write(Stream::Out, &before);
            }
        }
    }

    /// The lines of a stack trace, innermost first.
    pub fn trace_lines(&self, entries: &[u64]) -> Vec<String> {
        entries.iter().filter_map(|e| self.vm.trace_line(*e)).map(|l| l.to_string()).collect()
    }

    /// The process that has a name.
    pub fn whereis(&self, name: Word) -> Option<Pid> {
        self.names.whereis(&self.table, name)
    }

    /// Ends the program with this exit code, unless it is ending already.
    pub fn stop(&self, code: i32) {
        self.exit.lock().get_or_insert(code);
        self.stopping.store(true, Ordering::SeqCst);
        self.exited.notify_all();
        self.vm.stop_compiling();
        self.idle.wake_all();
    }

    /// The main process has ended, with this exit code: so does the program, unless it is to go on
    /// without.
    pub fn main_ended(&self, code: i32) {
        *self.code_of_main.lock() = Some(code);
        self.main_ended.store(true, Ordering::SeqCst);
        if self.is_asked_to_stop() {
            return;
        }
        if !self.options.no_halt || code != 0 || self.table.live() == 0 {
            self.stop(code);
        }
    }

    /// Whether the main process has ended.
    pub fn has_main_ended(&self) -> bool {
        self.main_ended.load(Ordering::SeqCst)
    }

    /// The slot of a process that has ended is free. When the last one goes nothing is left to keep the
    /// program alive.
    pub fn release(&self, pid: Pid, spare: &mut Spare) {
        self.table.release(pid, spare);
        if self.has_main_ended() && self.table.live() == 0 && !self.is_asked_to_stop() {
            self.stop(0);
        }
    }

    /// From now on the end of processes does not end the program; whoever calls this sees to that. False if somebody
    /// has called it before.
    pub fn begin_to_stop(&self) -> bool {
        !self.asked_to_stop.swap(true, Ordering::SeqCst)
    }

    /// Whether somebody has.
    pub fn is_asked_to_stop(&self) -> bool {
        self.asked_to_stop.load(Ordering::SeqCst)
    }

    /// What the main process has ended with.
    pub fn code_of_main(&self) -> Option<i32> {
        *self.code_of_main.lock()
    }

    /// How long it has run.
    pub fn uptime(&self) -> Duration {
        Duration::from_nanos(self.clock.nanoseconds())
    }

    /// Whether the program is ending.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether the run is a deterministic one.
    pub fn is_seeded(&self) -> bool {
        self.options.seed.is_some()
    }

    /// Whether any timer is set.
    pub fn has_timers(&self) -> bool {
        self.timers.iter().any(|shard| shard.next().is_some())
    }

    /// Something begins outside of all processes that will wake one when it is over.
    pub fn begin_outside(&self) {
        self.outside.fetch_add(1, Ordering::SeqCst);
    }

    /// It is over, and the process has its signal.
    pub fn end_outside(&self) {
        self.outside.fetch_sub(1, Ordering::SeqCst);
        // With nothing else left somebody has to see that.
        self.idle.wake_one();
    }

    /// Whether anything is under way outside.
    pub fn is_busy_outside(&self) -> bool {
        self.outside.load(Ordering::SeqCst) != 0
    }
}
