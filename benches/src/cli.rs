//! The command line.
//!
//! What enters: words. What leaves: a report on standard output, progress and complaints on standard error, and an exit
//! code: 0 all measured, 1 something failed or checks differ, 2 the words or the machine do not allow a comparison.

use crate::exec::Limits;
use crate::report;
use crate::session::{self, Comparison, Pin, Plan};
use crate::targets::TARGETS;
use crate::tools::{self, Places};
use crate::workload::{self, Peer, WORKLOADS, Workload};
use clap::Parser;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const AFTER_HELP: &str = "\
Examples:
  rata-benches                          everything against Erlang and NumPy, 7 runs each
  rata-benches fib spawn1               two workloads
  rata-benches sequential --runs 3      all of one kind (sequential, concurrent, whole)
  rata-benches fib --size fib=30        another size
  rata-benches --peers all --markdown > BENCHMARKS.md
  rata-benches fib --rata-arg=--no-jit  words for `ratavm run`
  rata-benches --no-rata                the peers alone
  rata-benches --quick                  small sizes, one run: does everything work?

Rata is the ratavm of --ratavm, else of the variable RATAVM, else the one built beside this program (so
build it with --release too), else the one on the search path. ERL, ERLC, GO, NODE, LUAJIT, PYTHON3, RUSTC name
other tools likewise.

Exit codes: 0 all measured and all checks agree; 1 a program failed or checks differ; 2 wrong words, or rata or
Erlang is missing.";

/// Runs rata and its peers on the same workloads, in turns, and prints how many times faster rata is.
#[derive(Debug, Parser)]
#[command(name = "rata-benches", version, after_help = AFTER_HELP)]
struct Words {
    /// Workloads: a name, a part of names, or a kind; all if none is given
    filters: Vec<String>,
    /// Turns of each side [default: 7, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// Repetitions within each process, of which the last counts: above 1, engines are warm
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    reps: u32,
    /// Another size for a workload; may be given again
    #[arg(long = "size", value_name = "NAME=N", value_parser = size)]
    sizes: Vec<(String, u64)>,
    /// Who rata is compared with: erlang, go, node, lua, python, rust, or all
    #[arg(long, value_delimiter = ',', default_value = "erlang,python", value_parser = peer_word)]
    peers: Vec<PeerWord>,
    /// Leave rata out
    #[arg(long)]
    no_rata: bool,
    /// Small sizes and one run: shows that everything works, not how fast
    #[arg(long)]
    quick: bool,
    /// Print JSON with every sample
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print a Markdown document
    #[arg(long)]
    markdown: bool,
    /// List the workloads and stop
    #[arg(long)]
    list: bool,
    /// What is held to one core: auto holds all but the concurrent workloads
    #[arg(long, value_enum, default_value = "auto")]
    pin: Pin,
    /// The core for what is held to one
    #[arg(long, default_value_t = 0)]
    core: u32,
    /// Seconds after which a run is ended and counts as failed
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// The ratavm to measure
    #[arg(long, value_name = "PATH")]
    ratavm: Option<PathBuf>,
    /// A word put between `ratavm run` and the program; may be given again
    #[arg(long = "rata-arg", value_name = "WORD", allow_hyphen_values = true)]
    rata_args: Vec<String>,
    /// The folder with programs/ and peers/
    #[arg(long, value_name = "DIR", default_value = env!("CARGO_MANIFEST_DIR"))]
    sources: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerWord {
    All,
    One(Peer),
}

fn peer_word(word: &str) -> Result<PeerWord, String> {
    if word == "all" {
        return Ok(PeerWord::All);
    }
    let peer = <Peer as clap::ValueEnum>::from_str(word, true);
    peer.map(PeerWord::One)
        .map_err(|_| "it is none of erlang, go, node, lua, python, rust, all".to_owned())
}

fn size(word: &str) -> Result<(String, u64), String> {
    let (name, n) = word.split_once('=').ok_or("write it NAME=N, as in fib=30")?;
    if !WORKLOADS.iter().any(|w| w.name == name) {
        return Err(format!("no workload is called {name:?}{}", workload::nearest(name)));
    }
    let n = n.replace('_', "").parse().map_err(|_| format!("{n:?} is no whole number"))?;
    if n == 0 { Err("a size is at least 1".to_owned()) } else { Ok((name.to_owned(), n)) }
}

/// Reads the words, compares, prints.
pub fn main() -> ExitCode {
    let words = match Words::try_parse() {
        Ok(words) => words,
        // clap prints help to standard output with code 0 and mistakes to standard error with code 2.
        Err(error) => error.exit(),
    };
    if words.list {
        return print(&list());
    }
    match run(&words) {
        Ok((text, problems)) => {
            let printed = print(&text);
            for problem in &problems {
                eprintln!("rata-benches: {problem}");
            }
            if problems.is_empty() { printed } else { ExitCode::from(1) }
        }
        Err(why) => {
            eprintln!("rata-benches: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &Words) -> Result<(String, Vec<String>), String> {
    let workloads = workload::select(&words.filters)?;
    let plan = plan(words)?;
    let comparisons = compare_all(&plan, &workloads);
    let report = report::report(&plan, &comparisons);
    let text = match (words.json, words.markdown) {
        (true, _) => report::json(&report),
        (_, true) => report::markdown(&report),
        _ => report::text(&report),
    };
    Ok((text, report.problems))
}

fn plan(words: &Words) -> Result<Plan, String> {
    if !words.sources.join("peers").is_dir() {
        return Err(format!("{} holds no peers/; --sources says where", words.sources.display()));
    }
    let ratavm = tools::find_ratavm(words.ratavm.as_deref());
    if !words.no_rata && !ratavm.as_deref().is_some_and(Path::is_file) {
        let place = ratavm.map(|p| format!(" ({} is no file)", p.display())).unwrap_or_default();
        return Err(format!(
            "ratavm was not found{place}; build it with `cargo build --release -p rata-cli`, name it with \
             --ratavm, or leave rata out with --no-rata"
        ));
    }
    let built = tools::default_built();
    std::fs::create_dir_all(&built).map_err(|e| format!("cannot make {}: {e}", built.display()))?;
    if words.pin != Pin::Never && tools::find("taskset").is_none() {
        eprintln!("rata-benches: taskset is not installed: nothing is held to one core");
    }
    Ok(Plan {
        runs: words.runs.unwrap_or(if words.quick { 1 } else { 7 }),
        rata: !words.no_rata,
        peers: peers(words)?,
        pin: words.pin,
        quick: words.quick,
        sizes: words.sizes.clone(),
        limits: Limits {
            timeout: Duration::from_secs(words.timeout),
            reps: words.reps,
            core: words.core,
            scratch: built.join(format!("memory-{}", std::process::id())),
        },
        places: Places {
            sources: words.sources.clone(),
            built,
            ratavm: ratavm.map(|p| std::path::absolute(&p).unwrap_or(p)),
            rata_args: words.rata_args.clone(),
        },
    })
}

/// The peers asked for that can run here; the others are named, and without Erlang there is no comparison.
fn peers(words: &Words) -> Result<Vec<Peer>, String> {
    let all = words.peers.contains(&PeerWord::All);
    let wanted = Peer::ALL.into_iter().filter(|p| all || words.peers.contains(&PeerWord::One(*p)));
    let mut present = Vec::new();
    for peer in wanted {
        match tools::missing(peer) {
            None => present.push(peer),
            Some(why) if peer == Peer::Erlang => {
                return Err(format!("{why}; apt-get install erlang-base, or choose other --peers"));
            }
            Some(why) => eprintln!("rata-benches: {why}"),
        }
    }
    Ok(present)
}

fn compare_all(plan: &Plan, workloads: &[&'static Workload]) -> Vec<Comparison> {
    let shown = std::io::stderr().is_terminal();
    let total = workloads.len();
    let mut comparisons = Vec::new();
    for (i, workload) in workloads.iter().enumerate() {
        let mut progress = |what: &str| {
            if shown {
                eprint!("\r\x1b[K[{}/{total}] {what}", i + 1);
            }
        };
        comparisons.push(session::compare(plan, workload, &mut progress));
    }
    if shown {
        eprint!("\r\x1b[K");
    }
    comparisons
}

fn list() -> String {
    let mut out = String::new();
    for w in WORKLOADS {
        let kind = w.kind.heading().to_lowercase();
        out.push_str(&format!("{:<15} {kind:<14} size {:<10} {}\n", w.name, w.size, w.about));
        for target in TARGETS.iter().filter(|t| t.workload == w.name) {
            out.push_str(&report::wanted(target, w));
        }
    }
    out
}

/// Prints to standard output; a reader that has gone away is no failure of the comparison.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_mistakes_explained() {
        assert_eq!(size("fib=30"), Ok(("fib".to_owned(), 30)));
        assert_eq!(size("sum=1_000"), Ok(("sum".to_owned(), 1000)));
        assert!(size("fib").unwrap_err().contains("NAME=N"));
        assert!(size("fibb=1").unwrap_err().contains("did you mean fib?"));
        assert!(size("fib=x").unwrap_err().contains("whole number"));
        assert!(size("fib=0").unwrap_err().contains("at least 1"));
    }

    #[test]
    fn words_are_read() {
        let words = Words::try_parse_from([
            "rata-benches",
            "fib",
            "--peers",
            "erlang,go",
            "--runs",
            "3",
            "--rata-arg=--no-jit",
        ])
        .unwrap();
        assert_eq!(words.filters, ["fib"]);
        assert_eq!(words.peers, [PeerWord::One(Peer::Erlang), PeerWord::One(Peer::Go)]);
        assert_eq!((words.runs, words.reps), (Some(3), 1));
        assert_eq!(words.rata_args, ["--no-jit"]);
    }

    #[test]
    fn wrong_words_are_refused() {
        let refused = |words: &[&str]| {
            Words::try_parse_from([&["rata-benches"], words].concat()).unwrap_err().to_string()
        };
        assert!(refused(&["--peers", "perl"]).contains("none of erlang"));
        assert!(refused(&["--runs", "0"]).contains("--runs"));
        assert!(refused(&["--json", "--markdown"]).contains("cannot be used"));
    }

    #[test]
    fn every_workload_is_listed() {
        let list = list();
        assert!(WORKLOADS.iter().all(|w| list.contains(w.about)));
    }
}
