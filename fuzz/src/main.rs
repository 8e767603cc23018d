//! Runs random inputs through the compiler and the virtual machine, in child processes, and keeps
//! those that make one panic, crash or hang. Deterministic from a seed, which is printed.

mod corpus;
mod diff;
mod driver;
mod load;
mod node;
mod parse;
mod random;
mod reduce;
mod subject;
mod worker;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Finds inputs that the compiler or the virtual machine cannot bear.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sources through the compiler; what it emits must pass the verifier
    Parse(Run),
    /// Damaged .ratab files through the verifier; what it accepts is loaded and run
    Load(Run),
    /// Random programs, by the interpreter and by machine code, under stress and not: all must agree
    Diff(Run),
    /// The child process that runs cases
    #[command(hide = true)]
    Work(Work),
}

/// What is tested.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Mode {
    /// Sources through the compiler.
    Parse,
    /// Damaged files through the virtual machine.
    Load,
    /// Programs in several ways.
    Diff,
}

impl Mode {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Parse => "parse",
            Mode::Load => "load",
            Mode::Diff => "diff",
        }
    }
}

#[derive(Args)]
struct Run {
    /// Decides the inputs [default: from the clock]
    #[arg(long)]
    seed: Option<u64>,
    /// Number of cases [default: 1000000, or as many as the time allows]
    #[arg(long)]
    cases: Option<u64>,
    /// Number of the first case
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Stop after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// The most that one case may take, in milliseconds
    #[arg(long, default_value_t = 10_000)]
    case_ms: u64,
    /// The most address space of the child process, in megabytes
    #[arg(long, default_value_t = 4_096)]
    memory: u64,
    /// Where failing inputs are written
    #[arg(long, default_value = "fuzz/failures")]
    out: PathBuf,
    /// Stop after so many kinds of failure
    #[arg(long, default_value_t = 10)]
    failures: usize,
    /// Run the input in this file instead, in this process
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Show the input of the case `--first` instead of running it
    #[arg(long)]
    show: bool,
}

#[derive(Args)]
struct Work {
    mode: Mode,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    from: u64,
    #[arg(long)]
    to: u64,
    #[arg(long)]
    memory: u64,
    #[arg(long)]
    root: PathBuf,
}

fn main() {
    match Cli::parse().command {
        Command::Parse(run) => drive(Mode::Parse, run),
        Command::Load(run) => drive(Mode::Load, run),
        Command::Diff(run) => drive(Mode::Diff, run),
        Command::Work(work) => {
            if let Err(error) = worker::limit(work.memory) {
                eprintln!("cannot set the limits: {error}");
                exit(2);
            }
            worker::cases(work.mode, &work.root, work.seed, work.from, work.to);
        }
    }
}

fn drive(mode: Mode, run: Run) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Some(path) = run.replay {
        match std::fs::read(&path) {
            Ok(input) => return worker::replay(mode, &root, &input),
            Err(error) => fail(&format!("cannot read `{}`: {error}", path.display())),
        }
    }
    let seed = run.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.as_secs() * 1_000 + u64::from(now.subsec_millis())
    });
    if run.show {
        return show(mode, &root, seed, run.first);
    }
    let endless = if run.seconds.is_some() { u64::MAX } else { 1_000_000 };
    let plan = driver::Plan {
        mode,
        root,
        seed,
        first: run.first,
        cases: run.cases.unwrap_or(endless),
        time: run.seconds.map(Duration::from_secs),
        case_time: Duration::from_millis(run.case_ms),
        memory: run.memory,
        out: run.out,
        failures: run.failures,
    };
    match driver::run(&plan) {
        Ok(true) => {}
        Ok(false) => exit(1),
        Err(error) => fail(&format!("cannot run the cases: {error}")),
    }
}

/// Writes the input of a case to standard output.
fn show(mode: Mode, root: &Path, seed: u64, case: u64) {
    use std::io::Write;
    let input = worker::input(mode, root, seed, case);
    if std::io::stdout().write_all(&input).is_err() {
        exit(1);
    }
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}");
    exit(2);
}
