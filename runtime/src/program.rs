//! Packages in, exit code out: loads the program beside the standard library, starts the workers, runs the
//! main process, waits for the end.

use crate::compiler;
use crate::coverage::Coverage;
use crate::host::WorkerHost;
#[cfg(unix)]
use crate::inspect::{folder::Socket, server};
use crate::natives;
use crate::node::{Listener, Node, Options, Outside, Schedule};
use crate::output::Output;
use crate::sched::{queue, worker};
#[cfg(unix)]
use crate::signals::Signals;
use rata_bytecode::library::Library;
use rata_bytecode::module::Package;
use rata_vm::data::{closure, vector_of};
use rata_vm::heap::{Fragment, Heap};
use rata_vm::value::Value;
use rata_vm::vm::{ModuleIndex, Vm};
use rata_vm::{JitSettings, LoadError, NativeFn, Origin, Symbol};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Why a program could not be started.
#[derive(Debug)]
pub enum StartError {
    /// The package is not sound.
    Load(LoadError),
    /// The system gives no thread.
    Threads(std::io::Error),
    /// The socket for those who want to look inside cannot be opened.
    Inspect(std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Load(error) => write!(f, "{error}"),
            StartError::Threads(error) => write!(f, "cannot start a scheduler thread: {error}"),
            StartError::Inspect(error) => write!(f, "cannot open the socket of --inspect: {error}"),
        }
    }
}

/// What a program runs with.
pub struct Launch {
    /// How it is started.
    pub options: Options,
    /// Where its output goes.
    pub output: Output,
    /// One function per entry of the natives table.
    pub natives: Vec<NativeFn>,
    when_it_lasts: Option<fn()>,
}

/// How tests are run.
pub struct Tests<'t> {
    /// What the runner is to do and which of the program's modules to load: `stdlib/tests_runner.rata` reads it.
    pub plan: &'t [String],
    /// Who is told what happens.
    pub listener: Listener,
    /// Where it is noted which lines have run.
    pub coverage: Option<Arc<Coverage>>,
}

impl Launch {
    /// With standard output and error, and the runtime's natives.
    pub fn new(options: Options) -> Launch {
        let natives = natives::natives();
        Launch { options, output: Output::default(), natives, when_it_lasts: None }
    }

    /// Has `call` called once the program has run for a moment; never if it is over by then.
    pub fn when_it_lasts(&mut self, call: fn()) {
        self.when_it_lasts = Some(call);
    }

    /// Runs a program to its end; gives the exit code. All output is written by then.
    pub fn run(self, stdlib: &'static Library, program: &Package) -> Result<i32, StartError> {
        self.start(stdlib, program, None)
    }

    /// Runs the tests in a program instead of the program itself, by `Tests.Runner.main`.
    pub fn run_tests(
        self,
        stdlib: &'static Library,
        program: &Package,
        tests: Tests<'_>,
    ) -> Result<i32, StartError> {
        self.start(stdlib, program, Some(tests))
    }

    fn start(
        self,
        stdlib: &'static Library,
        program: &Package,
        tests: Option<Tests<'_>>,
    ) -> Result<i32, StartError> {
        // When functions are compiled depends on how fast the compiler is.
        let jit = if self.options.seed.is_some() { JitSettings::OFF } else { self.options.jit };
        let vm = Vm::with_jit(self.natives, jit);
        vm.shelve(stdlib);
        let modules = vm.load(program, Origin::Program).map_err(StartError::Load)?;
        let workers = match self.options.workers {
            _ if self.options.seed.is_some() => 1,
            0 => thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let workers = workers.min(MOST_WORKERS);
        let (locals, shared) = queue::queues(workers);
        let node = Arc::new(Node::new(vm, shared, workers, self.options, self.output));
        let weak = Arc::downgrade(&node);
        // Without its output a program is of no use.
        node.output.on_failure(move || {
            if let Some(node) = weak.upgrade() {
                node.stop(1);
            }
        });
        compiler::prepare(&node).map_err(StartError::Threads)?;
        let mut outside = Outsiders::prepare(&node)?;
        match tests {
            Some(tests) => start_tests(&node, tests),
            None => start_main(&node, &modules, program),
        }
        if let Err(error) = start_workers(&node, locals) {
            node.stop(1);
            return Err(error);
        }
        // The processes left are not taken down one by one: the system takes everything back at once.
        let code = wait(&node, || {
            outside.attend(&node);
            if let Some(call) = self.when_it_lasts {
                call();
            }
        });
        Ok(if node.output.close() { code } else { code.max(1) })
    }
}

/// What reaches the program from outside of it: signals, and those who look inside.
struct Outsiders {
    #[cfg(unix)]
    signals: Option<Signals>,
    /// Open as long as the program runs.
    #[cfg(unix)]
    _socket: Option<Socket>,
}

#[cfg(unix)]
impl Outsiders {
    fn prepare(node: &Arc<Node>) -> Result<Outsiders, StartError> {
        let options = &node.options;
        // What cannot be caught does what the system does by default.
        let signals = if options.signals { Signals::catch().ok() } else { None };
        let socket = options.inspect.as_ref().map(|name| server::start(node, name));
        Ok(Outsiders { signals, _socket: socket.transpose().map_err(StartError::Inspect)? })
    }

    /// The program lasts: attends to signals from now on.
    fn attend(&mut self, node: &Arc<Node>) {
        if let Some(signals) = self.signals.take() {
            signals.attend(node);
        }
    }
}

#[cfg(not(unix))]
impl Outsiders {
    fn prepare(_: &Arc<Node>) -> Result<Outsiders, StartError> {
        Ok(Outsiders {})
    }

    fn attend(&mut self, _: &Arc<Node>) {}
}

fn start_workers(node: &Arc<Node>, locals: Vec<queue::Local>) -> Result<(), StartError> {
    for (me, local) in locals.into_iter().enumerate() {
        let node = Arc::clone(node);
        thread::Builder::new()
            .name(format!("rata-{me}"))
            .stack_size(WORKER_STACK)
            .spawn(move || {
                #[cfg(unix)]
                crate::signals::mask::hold_back();
                worker::run(WorkerHost::new(node, me, local));
            })
            .map_err(StartError::Threads)?;
    }
    Ok(())
}

/// Refs carry the number of a worker in a byte.
const MOST_WORKERS: usize = 256;

/// Natives recurse over nothing, so a worker needs little.
const WORKER_STACK: usize = 2 << 20;

fn start_main(node: &Arc<Node>, modules: &[ModuleIndex], program: &Package) {
    let entry = program.entry.and_then(|e| modules.get(e as usize)).copied();
    let call = entry.and_then(|entry| main_call(node, entry));
    start_with(node, modules, call);
}

fn start_tests(node: &Arc<Node>, Tests { plan, listener, coverage }: Tests<'_>) {
    let _ = node.listener.set(listener);
    if let Some(coverage) = coverage {
        let _ = node.coverage.set(coverage);
    }
    let heap = Heap::new();
    let main = closure::funref(&heap, Symbol::intern("Tests.Runner"), Symbol::intern("main"));
    let call = heap.list(&[main, texts(&heap, plan)]);
    start_with(node, &[], Some(Fragment::copy_of(call)));
}

fn start_with(node: &Arc<Node>, modules: &[ModuleIndex], call: Option<Fragment>) {
    let mut body = node.main_process().expect("a new node has room for a process");
    body.process.start_program(&node.vm, modules, call);
    Outside(node).schedule(body);
}

/// The call of the script's `main`, with the vector of command-line arguments if it takes one.
fn main_call(node: &Node, entry: ModuleIndex) -> Option<Fragment> {
    let (main, arities) = node.vm.exported(entry, Symbol::intern("main"))?;
    let heap = Heap::new();
    let call = if arities.contains(&1) {
        heap.list(&[main, texts(&heap, &node.options.args)])
    } else {
        heap.list(&[main])
    };
    Some(Fragment::copy_of(call))
}

fn texts<'h>(heap: &'h Heap, texts: &[String]) -> Value<'h> {
    let texts: Vec<Value<'_>> = texts.iter().map(|text| heap.string(text)).collect();
    vector_of(heap, &texts)
}

/// A program that has run for so long is no short one.
const MOMENT: Duration = Duration::from_millis(20);

/// Waits for the end; calls `when_it_lasts` once the program has run for a moment.
fn wait(node: &Node, when_it_lasts: impl FnOnce()) -> i32 {
    let mut exit = node.exit.lock();
    if exit.is_none() && node.exited.wait_for(&mut exit, MOMENT).timed_out() && exit.is_none() {
        drop(exit);
        when_it_lasts();
        exit = node.exit.lock();
    }
    loop {
        if let Some(code) = *exit {
            return code;
        }
        node.exited.wait(&mut exit);
    }
}
