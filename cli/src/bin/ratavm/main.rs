//! `ratavm`: runs rata programs, from `.ratab` files or from source.

#[cfg(unix)]
mod client;
#[cfg(unix)]
mod dump;
#[cfg(target_os = "linux")]
mod pages;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod top;
#[cfg(unix)]
mod trace;

use clap::{Args, Parser, Subcommand};
use rata_bytecode::decode;
use rata_bytecode::module::Package;
use rata_cli::{Failure, cannot_read, compile_path, report};
use rata_runtime::JitSettings;
use rata_runtime::node::{LONGEST_NAME, Options};
use rata_runtime::program::Launch;
use std::io::Read;
use std::path::PathBuf;
use std::process::{self, exit};
use std::time::Duration;
use std::{env, fs};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The virtual machine of the rata language.
#[derive(Parser)]
#[command(
    name = "ratavm",
    version,
    about,
    after_help = "Examples:\n  ratavm run app.ratab            runs a compiled program\n  \
                  ratavm run app.rata one two     compiles in memory and runs, with two arguments\n  \
                  ratavm run --no-halt --inspect server.ratab\n  \
                  ratavm top                      shows what the processes of that node do\n  \
                  ratavm trace --name Counter     shows what one of them is sent, and sends\n\n\
                  Compile a program with `ratac compile app.rata`.\n\n\
                  Exit codes: 0 success, 1 the program failed, 2 it could not be started, 143 it was\n\
                  stopped by SIGTERM (or any other that the program chose with System.halt)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program: a .ratab file, or a .rata file or folder compiled in memory
    Run(Run),
    /// Show what the processes of a running node do, the busiest first
    #[cfg(unix)]
    Top(top::Top),
    /// Write down a running node: what it is, its processes and their stacks
    #[cfg(unix)]
    Dump(dump::Dump),
    /// Show what chosen processes of a running node are sent, send and call
    #[cfg(unix)]
    Trace(trace::Trace),
}

#[derive(Args)]
#[command(
    override_usage = "ratavm run [OPTIONS] <PATH> [ARGS]...",
    after_help = "Signals:\n  SIGTERM stops the program in order: the main process goes on no more (one that traps exits is\n  \
                  told by {:EXIT, self, :shutdown} and may finish), then the supervisors and servers below it are\n  \
                  asked to end, the youngest first, and waited for. A second SIGTERM ends the program at once.\n  \
                  SIGINT (Ctrl-C) ends it at once; in a terminal it opens a menu, and a second one ends it.\n\n\
                  If the VM itself fails, a dump is left in rata-crash-<pid>.dump, or in the file that\n\
                  RATA_CRASH_DUMP names (empty: none)."
)]
struct Run {
    /// Keep the other processes running when the main one ends
    #[arg(long)]
    no_halt: bool,
    /// Scheduler threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    schedulers: Option<u16>,
    /// A deterministic run: one scheduler, time that passes only by what is done, an order drawn from N
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Compile nothing to machine code while the program runs (nor does a build without the feature `jit`)
    #[arg(long)]
    no_jit: bool,
    /// Compile a function to machine code after so many calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jit_threshold: Option<u32>,
    /// Let `ratavm top`, `dump` and `trace` of the same user look inside, by a local socket [default NAME: the program's]
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, value_parser = node_name)]
    inspect: Option<Option<String>>,
    /// End the program so long after SIGTERM even if it has not stopped by then
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    stop_limit: u32,
    /// The program, then its own arguments: everything after its path
    #[arg(required = true, trailing_var_arg = true, value_name = "PATH")]
    program: Vec<String>,
}

impl Run {
    fn path(&self) -> &str {
        self.program.first().map_or("", String::as_str)
    }
}

fn main() {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run(run) => run_program(run),
        #[cfg(unix)]
        Command::Top(top) => top.run(),
        #[cfg(unix)]
        Command::Dump(dump) => dump.run(),
        #[cfg(unix)]
        Command::Trace(trace) => trace.run(),
    };
    exit(done.unwrap_or_else(|failure| report(&failure)));
}

fn run_program(run: Run) -> Result<i32, Failure> {
    let options = options(&run)?;
    let package = package(run.path())?;
    let mut launch = Launch::new(options);
    #[cfg(target_os = "linux")]
    launch.when_it_lasts(pages::allow_huge);
    let code = launch
        .run(&rata_stdlib::LIBRARY, &package)
        .map_err(|e| Failure::before_running(format!("`{}`: {e}", run.path())))?;
    #[cfg(unix)]
    rata_runtime::signals::end_if_stopped();
    Ok(code)
}

/// A name that the file of a socket can have as it is.
fn node_name(text: &str) -> Result<String, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match fits && (1..=LONGEST_NAME).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => {
            Err(format!("a name has from 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`"))
        }
    }
}

/// What a program is called where its socket is: its file, or folder, without an ending.
fn name_of(path: &str) -> String {
    let whole = fs::canonicalize(path).unwrap_or_default();
    whole.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// Where the VM leaves a dump if it fails.
fn crash_dump() -> Option<PathBuf> {
    match env::var_os("RATA_CRASH_DUMP") {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(path.into()),
        None => Some(format!("rata-crash-{}.dump", process::id()).into()),
    }
}

/// A compiled file is known by its first bytes, whatever it is called.
fn package(path: &str) -> Result<Package, Failure> {
    let meta = fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
    if !meta.is_dir() {
        let mut file = fs::File::open(path).map_err(|e| cannot_read(path, &e))?;
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start).map_err(|e| cannot_read(path, &e))?;
        if decode::is_ratab(&start) || path.ends_with(".ratab") {
            return rata_cli::read_package(path);
        }
    }
    let compiled = compile_path(path, None)?;
    compiled.package.ok_or_else(|| Failure::before_running("the compiler gave no package"))
}

fn options(run: &Run) -> Result<Options, Failure> {
    let mut options = Options {
        workers: run.schedulers.map_or(0, usize::from),
        seed: run.seed,
        no_halt: run.no_halt,
        args: run.program.iter().skip(1).cloned().collect(),
        program: run.path().to_owned(),
        signals: true,
        stop_limit: Duration::from_secs(run.stop_limit.into()),
        inspect: run
            .inspect
            .as_ref()
            .map(|name| name.clone().unwrap_or_else(|| name_of(run.path()))),
        crash_dump: crash_dump(),
        ..Options::default()
    };
    rata_cli::environment(&mut options)?;
    if let Some(threshold) = run.jit_threshold {
        options.jit.threshold = threshold;
    }
    if run.no_jit {
        options.jit = JitSettings::OFF;
    }
    Ok(options)
}
