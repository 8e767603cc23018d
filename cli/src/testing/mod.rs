//! `ratac test`: the command's options in, an exit code out. `discover` finds the files and says which belong into one
//! program, `docs` makes tests of examples in docstrings, `program` compiles and runs, `report` hears what the runner
//! (`stdlib/tests_runner.rata`) tells and `show` makes text of it, `watch` starts over when a file changes.

mod coverage;
mod discover;
mod docs;
mod program;
mod report;
mod select;
mod show;
mod watch;

use crate::{Failure, seconds};
use clap::Args;
use coverage::Lines;
use report::Reporter;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const TEACHING: &str = r#"Run the tests of a project

Tests stand in modules whose name is a text, in files of their own (`*_test.rata`) or beside the code:

    module "Arithmetic" {
      assert 1 + 1 == 2

      setup(fn -> {:ok, {db: start_db()}} end)     # before each test

      describe("adding", fn ->
        test("is commutative", fn -> assert_eq(1 + 2, 2 + 1) end)
        test("uses the database", fn ctx -> assert is_pid(ctx.db) end)
        property("is undone by subtracting", [Tests.Gen.int(), Tests.Gen.int()], fn a, b ->
          a + b - b == a
        end)
      end)
    }

The examples in docstrings are tests, too: in a block indented by four spaces, a statement with a comment behind it (`add(1, 2)  # 3`, `add(1, :a)  # raises :type_error`) must give what the comment says.

Every test runs in a process of its own, many at once (`serial()` in a module prevents that for its tests). All modules of the folder are available. What a test prints is shown if it fails."#;

/// Run the tests of a project
#[derive(Args, Clone, Debug)]
#[command(
    long_about = TEACHING,
    after_help = "Examples:\n  ratac test                          all tests below the current folder\n  \
                  ratac test --filter adding          only those with this in their names\n  \
                  ratac test --filter math_test.rata:12   the test on that line\n  \
                  ratac test lib/ --watch --max-failures 1\n  \
                  ratac test --seed 7                 order and random values of the run that said \"seed 7\"\n\n\
                  Exit codes: 0 all passed, 1 a test failed, 2 the tests could not be run."
)]
pub struct TestArgs {
    /// Files and folders with tests [default: the current folder]
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Only tests with this text in their name, or at FILE:LINE (also of a describe or module); several: any of them. The
    /// statements of a module that holds tests run all the same, as they say which there are
    #[arg(short, long, value_name = "TEXT")]
    filter: Vec<String>,
    /// No tests with this text in their name
    #[arg(long, value_name = "TEXT")]
    exclude: Vec<String>,
    /// Say which tests there are instead of running them
    #[arg(long)]
    list: bool,
    /// How many tests run at once [default: four for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Seconds that a test may take; with --seed, too, seconds that really pass
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Decides the order of the tests and their random values [default: another one each time]; given, it makes the run
    /// deterministic: one scheduler, a clock that moves only by what is done
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Stop after so many failures, and say how many tests were not run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_failures: Option<u32>,
    /// Name the N slowest tests at the end
    #[arg(long, value_name = "N")]
    slowest: Option<usize>,
    /// A line for each test, with its time
    #[arg(short, long)]
    verbose: bool,
    /// Show what tests print, also of those that pass, with each test
    #[arg(long)]
    show_logs: bool,
    /// Let tests print as they run
    #[arg(long)]
    no_capture: bool,
    /// Leave out the examples in docstrings
    #[arg(long)]
    no_docs: bool,
    /// Run only the examples in docstrings
    #[arg(long, conflicts_with = "no_docs")]
    docs: bool,
    /// Run again whenever a source file changes
    #[arg(long)]
    watch: bool,
    /// Say which lines of the code under test have run
    #[arg(long, conflicts_with = "list")]
    coverage: bool,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The modules in the folder are those built into ratac: do not compile them
    #[arg(long, hide = true)]
    built_in: bool,
    /// Public functions without an example are failures, but for those of the modules named
    #[arg(long, hide = true, value_name = "EXCEPT", value_delimiter = ',')]
    require_examples: Option<Vec<String>>,
}

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// A JSON object on a line of its own for each test, and one for the whole
    Json,
}

/// Runs the tests; gives the exit code.
pub fn run(args: &TestArgs) -> Result<i32, Failure> {
    if args.watch {
        return watch::run(args);
    }
    let began = Instant::now();
    let seed = args.seed.unwrap_or_else(any_seed);
    let mut project = discover::find(args)?;
    let programs = program::compile_all(&mut project)?;
    let reporter = Arc::new(Mutex::new(Reporter::new(args, seed, &project)));
    let mut lines = Lines::new(&project.covered);
    for (number, program) in programs.iter().enumerate() {
        program::run(program, args, seed, &reporter, &mut lines)?;
        if lock(&reporter).has_enough() {
            lock(&reporter).leave(programs.len() - number - 1);
            break;
        }
    }
    let mut reporter = lock(&reporter);
    for (file, line, name, message) in &project.bad {
        reporter.bad_example(file, *line, name, message);
    }
    for (place, what) in &project.undocumented {
        reporter.undocumented(place, what);
    }
    if reporter.found_nothing() {
        let place = if args.paths.is_empty() { ".".to_owned() } else { args.paths.join(", ") };
        return Err(Failure::before_running(format!("there are no tests in {place}")));
    }
    let (text, code) = reporter.summary(began.elapsed());
    print(&text);
    if args.coverage {
        print(&lines.report());
    }
    Ok(code)
}

/// A seed that nobody has chosen: short, as people type it.
fn any_seed() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(std::process::id()) % 1_000_000) as u32
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether colours help: standard output is a terminal, and nobody minds.
fn has_colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Prints; who reads may have gone.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
