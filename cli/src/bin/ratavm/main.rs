//! `ratavm`: runs rata programs, from `.ratab` files or from source.

#[cfg(target_os = "linux")]
mod pages;

use clap::{Args, Parser, Subcommand};
use rata_bytecode::decode;
use rata_bytecode::module::Package;
use rata_cli::{Failure, cannot_read, compile_path, report};
use rata_runtime::JitSettings;
use rata_runtime::node::Options;
use rata_runtime::program::Launch;
use std::fs;
use std::io::Read;
use std::process::exit;

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
                  ratavm run --no-halt server.ratab\n\n\
                  Compile a program with `ratac compile app.rata`.\n\n\
                  Exit codes: 0 success, 1 the program failed, 2 it could not be started\n\
                  (or any other that the program chose with System.halt)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program: a .ratab file, or a .rata file or folder compiled in memory
    Run(Run),
}

#[derive(Args)]
#[command(override_usage = "ratavm run [OPTIONS] <PATH> [ARGS]...")]
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
    let Command::Run(run) = cli.command;
    exit(run_program(run).unwrap_or_else(|failure| report(&failure)));
}

fn run_program(run: Run) -> Result<i32, Failure> {
    let options = options(&run)?;
    let package = package(run.path())?;
    let mut launch = Launch::new(options);
    #[cfg(target_os = "linux")]
    launch.when_it_lasts(pages::allow_huge);
    launch
        .run(&rata_stdlib::LIBRARY, &package)
        .map_err(|e| Failure::before_running(format!("`{}`: {e}", run.path())))
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
