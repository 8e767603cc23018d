//! A node: everything that its processes share. Made once per program, alive until it ends.

use crate::output::Output;
use crate::process::body::{Body, Extra, Initial, Status};
use crate::process::signal::{Envelope, Signal};
use crate::process::table::Table;
use crate::sched::idle::Idle;
use crate::sched::pool::Pool;
use crate::sched::queue::Shared;
use crate::sched::timer::{TimerKey, Timers};
use crate::world::Clock;
use foldhash::HashMap;
use parking_lot::{Condvar, Mutex, RwLock};
use rata_vm::heap::Fragment;
use rata_vm::process::Process;
use rata_vm::value::{Pid, Word};
use rata_vm::vm::Vm;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// How the program was started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; 0 for one per core that the system grants.
    pub workers: usize,
    /// Reductions per turn.
    pub budget: i64,
    /// Collect garbage at every safepoint.
    pub collect_always: bool,
    /// Keep other processes alive when the main one ends.
    pub no_halt: bool,
    /// The program's command-line arguments.
    pub args: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            workers: 0,
            budget: TURN,
            collect_always: false,
            no_halt: false,
            args: Vec::new(),
        }
    }
}

/// Reductions in a turn: as many as the BEAM's.
const TURN: i64 = 4000;

/// What happens at a deadline.
pub enum Alarm {
    /// A wait is over.
    Wait {
        /// Whose.
        pid: Pid,
        /// Which.
        wait: u64,
    },
    /// A message is sent.
    Send {
        /// To a pid, or a registered name.
        dest: Word,
        /// The timer's ref.
        id: u64,
        /// What.
        message: Fragment,
    },
}

/// The timers of one worker.
pub struct Shard {
    /// The wheels.
    pub wheel: Timers<Alarm>,
    /// Timers that sends were delayed by, by ref.
    pub by_ref: HashMap<u64, TimerKey>,
}

/// See the module's description.
pub struct Node {
    /// Loaded code.
    pub vm: Vm,
    /// Processes.
    pub table: Table,
    /// Registered names: symbols and modules.
    pub names: RwLock<HashMap<Word, Pid>>,
    /// Run queues.
    pub queues: Shared,
    /// Workers with nothing to do.
    pub idle: Idle,
    /// Timers, by worker.
    pub timers: Vec<Mutex<Shard>>,
    /// Threads for what blocks.
    pub pool: Pool,
    /// Standard output and error.
    pub output: Output,
    /// Time.
    pub clock: Clock,
    /// Jobs under way for processes.
    pub jobs: AtomicUsize,
    /// How the program was started.
    pub options: Options,
    /// Set when the program ends: workers leave their loops.
    pub stopping: AtomicBool,
    /// Set when the main process has ended (others may go on with `--no-halt`).
    pub main_ended: AtomicBool,
    /// The exit code, once known.
    pub exit: Mutex<Option<i32>>,
    /// Told when it is.
    pub exited: Condvar,
    /// The pid of the main process.
    pub main: Mutex<Option<Pid>>,
    refs: AtomicU64,
}

/// Whoever can make a body run: a worker (on its own queue) or any thread (by injection).
pub trait Schedule {
    /// The node.
    fn node(&self) -> &Node;
    /// Makes it run.
    fn schedule(&mut self, body: Box<Body>);
}

/// Schedules from a thread that is no worker.
pub struct Outside<'a>(pub &'a Node);

impl Schedule for Outside<'_> {
    fn node(&self) -> &Node {
        self.0
    }

    fn schedule(&mut self, body: Box<Body>) {
        self.0.queues.inject(body);
        self.0.idle.wake_one();
    }
}

impl Node {
    /// A node with code but no process.
    pub fn new(vm: Vm, queues: Shared, workers: usize, options: Options) -> Node {
        let shard =
            |i| Mutex::new(Shard { wheel: Timers::new(i as u32), by_ref: HashMap::default() });
        Node {
            vm,
            table: Table::default(),
            names: RwLock::default(),
            queues,
            idle: Idle::default(),
            timers: (0..workers).map(shard).collect(),
            pool: Pool::default(),
            output: Output::default(),
            clock: Clock::start(),
            jobs: AtomicUsize::new(0),
            options,
            stopping: AtomicBool::new(false),
            main_ended: AtomicBool::new(false),
            exit: Mutex::new(None),
            exited: Condvar::new(),
            main: Mutex::new(None),
            refs: AtomicU64::new(0),
        }
    }

    /// A new ref's number; later ones are larger. The low byte tells the timer shard.
    pub fn next_ref(&self, shard: usize) -> u64 {
        (self.refs.fetch_add(1, Ordering::Relaxed) + 1) << 8 | shard as u64
    }

    /// A body for a new process, which runs `call` (a list of the function and its arguments) once
    /// it is scheduled. `None` when there are too many processes.
    pub fn new_process(
        &self,
        call: Fragment,
        parent: Option<Pid>,
        initial: Initial,
    ) -> Option<Box<Body>> {
        let mut body = self.body(parent, initial)?;
        body.process.start(&self.vm, call);
        Some(body)
    }

    /// A body for the main process, without anything to run yet.
    pub fn main_process(&self) -> Option<Box<Body>> {
        self.body(None, Initial::Main)
    }

    fn body(&self, parent: Option<Pid>, initial: Initial) -> Option<Box<Body>> {
        let pid = self.table.claim()?;
        let process = Process::new(pid);
        process.heap.set_stress(self.options.collect_always);
        let extra = Extra {
            pid,
            parent: parent.unwrap_or(pid),
            relations: None,
            pending: VecDeque::new(),
            timer: None,
            wait: 0,
            status: Status::Runnable,
            initial,
            random: None,
        };
        Some(Box::new(Body { process, extra }))
    }

    /// The lines of a stack trace, innermost first.
    pub fn trace_lines(&self, entries: &[u64]) -> Vec<String> {
        entries.iter().filter_map(|e| self.vm.trace_line(*e)).map(|l| l.to_string()).collect()
    }

    /// The process that has a name.
    pub fn whereis(&self, name: Word) -> Option<Pid> {
        self.names.read().get(&name).copied().filter(|pid| self.table.get(*pid).is_some())
    }

    /// Ends the program with this exit code, unless it is ending already.
    pub fn stop(&self, code: i32) {
        self.exit.lock().get_or_insert(code);
        self.stopping.store(true, Ordering::SeqCst);
        self.exited.notify_all();
        self.idle.wake_all();
    }

    /// Whether the program is ending.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Sets a timer in the shard of a worker, waking the worker if it sleeps.
    pub fn set_alarm(&self, shard: usize, deadline: u64, alarm: Alarm) -> TimerKey {
        let id = if let Alarm::Send { id, .. } = &alarm { Some(*id) } else { None };
        let mut timers = self.timers[shard].lock();
        let sooner = timers.wheel.next_tick().is_none_or(|next| deadline < next);
        let key = timers.wheel.insert(deadline, alarm);
        if let Some(id) = id {
            timers.by_ref.insert(id, key);
        }
        drop(timers);
        if sooner {
            self.idle.wake(shard);
        }
        key
    }

    /// Takes a timer back.
    pub fn cancel_alarm(&self, key: TimerKey) -> Option<Alarm> {
        self.timers[key.shard as usize].lock().wheel.cancel(key)
    }

    /// Whether any timer is set.
    pub fn has_timers(&self) -> bool {
        self.timers.iter().any(|t| !t.lock().wheel.is_empty())
    }
}

/// Sends a signal to a pid; gives it back when the process is dead.
pub fn deliver(from: &mut impl Schedule, dest: Pid, signal: Signal) -> Result<(), Signal> {
    let woken = {
        let Some(slot) = from.node().table.get(dest) else { return Err(signal) };
        slot.inbox.push(Envelope { dest, signal }).map_err(|e| e.signal)?;
        slot.parking.take()
    };
    if let Some(body) = woken {
        from.schedule(body);
    }
    Ok(())
}
