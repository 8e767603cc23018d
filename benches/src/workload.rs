//! What is compared: the table of workloads.
//!
//! What enters: nothing. What leaves: [`WORKLOADS`], and the choice among them by the words of the command line.
//! A new workload is a program per side and one entry here.

/// A side of the comparison other than rata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Peer {
    /// Erlang/OTP: the side every ratio is measured against.
    Erlang,
    /// Go.
    Go,
    /// JavaScript on node.
    Node,
    /// LuaJIT.
    Lua,
    /// Python, with NumPy where vectors are meant.
    Python,
    /// Rust, compiled natively.
    Rust,
}

impl Peer {
    /// Every peer, in the order of the table's columns.
    pub const ALL: [Peer; 6] =
        [Peer::Erlang, Peer::Go, Peer::Node, Peer::Lua, Peer::Python, Peer::Rust];

    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Erlang => "Erlang",
            Peer::Go => "Go",
            Peer::Node => "node",
            Peer::Lua => "LuaJIT",
            Peer::Python => "NumPy",
            Peer::Rust => "Rust",
        }
    }
}

/// How a workload is run and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One process computes: pinned to one core.
    Sequential,
    /// Many processes: on all cores, unless the command line pins it.
    Concurrent,
    /// The whole operating-system process is the figure: wall time and resident memory from outside.
    Whole,
}

impl Kind {
    /// The heading of its table.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::Sequential => "Sequential",
            Kind::Concurrent => "Concurrent",
            Kind::Whole => "Whole process",
        }
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A time given in microseconds.
    Micros,
    /// A time given in nanoseconds.
    Nanos,
    /// Memory given in bytes.
    Bytes,
    /// Events per second: the only unit of which more is better.
    PerSecond,
}

/// One figure of a workload: a row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// What the row is called; of the first figure, empty: it bears the workload's name alone.
    pub label: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The key in rata's result line.
    pub rata: &'static str,
    /// The key in Erlang's.
    pub erlang: &'static str,
    /// The key in the other peers'.
    pub others: &'static str,
}

impl Figure {
    /// The time measured as a whole.
    const TOTAL: Figure = Figure::of("", Unit::Micros, "us");

    const fn of(label: &'static str, unit: Unit, key: &'static str) -> Figure {
        Figure { label, unit, rata: key, erlang: key, others: key }
    }

    const fn keys(
        label: &'static str,
        rata: &'static str,
        erlang: &'static str,
        others: &'static str,
    ) -> Figure {
        Figure { label, unit: Unit::Micros, rata, erlang, others }
    }
}

/// A workload: the same algorithm on every side.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// The name for filters, `--size` and the table.
    pub name: &'static str,
    /// One line on what it exercises.
    pub about: &'static str,
    /// How it is run.
    pub kind: Kind,
    /// The program in `programs/`, without its ending.
    pub rata: &'static str,
    /// Each peer's program, without its ending.
    pub peers: &'static [(Peer, &'static str)],
    /// The size it usually runs with.
    pub size: u64,
    /// The size under `--quick`.
    pub quick: u64,
    /// Its figures; the first is the main one.
    pub figures: &'static [Figure],
}

impl Workload {
    /// The peer's program, if there is one.
    pub fn program(&self, peer: Peer) -> Option<&'static str> {
        self.peers.iter().find(|(p, _)| *p == peer).map(|(_, program)| *program)
    }
}

use Kind::{Concurrent, Sequential, Whole};
use Peer::{Erlang, Go, Lua, Node, Python, Rust};
use Unit::{Bytes, Micros, Nanos, PerSecond};

const TOTAL: &[Figure] = &[Figure::TOTAL];

const fn entry(
    kind: Kind,
    name: &'static str,
    about: &'static str,
    sizes: (u64, u64),
    peers: &'static [(Peer, &'static str)],
    figures: &'static [Figure],
) -> Workload {
    Workload { name, about, kind, rata: name, peers, size: sizes.0, quick: sizes.1, figures }
}

/// Every workload, in the order of the table.
pub const WORKLOADS: &[Workload] = &[
    entry(
        Sequential,
        "fib",
        "calls: doubly recursive Fibonacci",
        (38, 20),
        &[(Erlang, "b_fib"), (Go, "fib"), (Node, "fib"), (Lua, "fib"), (Rust, "fib")],
        TOTAL,
    ),
    entry(
        Sequential,
        "nqueens",
        "backtracking over short vectors",
        (12, 7),
        &[(Erlang, "b_nqueens"), (Node, "nqueens"), (Lua, "nqueens")],
        TOTAL,
    ),
    entry(
        Sequential,
        "nbody",
        "floats: five bodies, each a list of seven floats",
        (500_000, 1000),
        &[(Erlang, "b_nbody"), (Go, "nbody"), (Node, "nbody"), (Lua, "nbody"), (Rust, "nbody")],
        TOTAL,
    ),
    Workload {
        rata: "nbody_vec",
        ..entry(
            Sequential,
            "nbody_vec",
            "the same, each body a packed vector",
            (500_000, 1000),
            &[(Erlang, "b_nbody")],
            TOTAL,
        )
    },
    entry(
        Sequential,
        "mandel",
        "a float loop: escape counts over a grid",
        (800, 40),
        &[(Erlang, "b_mandel"), (Go, "mandel"), (Node, "mandel"), (Lua, "mandel")],
        TOTAL,
    ),
    entry(
        Sequential,
        "vecarith",
        "elementwise arithmetic on a packed float vector",
        (200_000, 1000),
        &[(Erlang, "b_vecarith"), (Python, "vecarith")],
        TOTAL,
    ),
    entry(
        Sequential,
        "bintrees",
        "short-lived allocation: binary trees",
        (16, 6),
        &[(Erlang, "b_bintrees"), (Node, "bintrees"), (Lua, "bintrees")],
        TOTAL,
    ),
    entry(
        Sequential,
        "sum",
        "a loop as a tail call",
        (100_000_000, 100_000),
        &[(Erlang, "b_sum"), (Node, "sum"), (Lua, "sum"), (Rust, "sum")],
        TOTAL,
    ),
    entry(
        Sequential,
        "listops",
        "map, filter and fold",
        (1_000_000, 1000),
        &[(Erlang, "b_listops"), (Node, "listops")],
        TOTAL,
    ),
    entry(
        Sequential,
        "qsort",
        "sorting: partitioning, by filters, built in",
        (300_000, 1000),
        &[(Erlang, "b_qsort"), (Node, "qsort")],
        &[
            Figure::of("partition", Micros, "part_us"),
            Figure::of("filters", Micros, "lc_us"),
            Figure::keys("built in", "listssort_us", "listssort_us", "builtin_us"),
        ],
    ),
    entry(
        Sequential,
        "sieve",
        "primes: marks replaced in a vector, and strikes from a list",
        (1_000_000, 1000),
        &[(Erlang, "b_sieve"), (Node, "sieve"), (Lua, "sieve")],
        &[
            Figure::keys("marks / atomics", "vector_us", "atomics_us", "us"),
            Figure::keys("marks / array", "vector_us", "array_us", "us"),
            Figure::keys("strikes / list", "list_us", "list_us", "-"),
        ],
    ),
    entry(
        Sequential,
        "mapdict",
        "a dictionary: insert, look up, get and update",
        (300_000, 1000),
        &[(Erlang, "b_mapdict"), (Node, "mapdict"), (Lua, "mapdict")],
        &[
            Figure::TOTAL,
            Figure::of("insert", Micros, "insert_us"),
            Figure::of("look up", Micros, "lookup_us"),
            Figure::of("get and update", Micros, "update_us"),
        ],
    ),
    entry(
        Sequential,
        "strings",
        "text: append, join, split, count words",
        (200_000, 1000),
        &[(Erlang, "b_strings"), (Node, "strings"), (Lua, "strings")],
        &[
            Figure::TOTAL,
            Figure::of("append", Micros, "append_us"),
            Figure::of("join", Micros, "iolist_us"),
            Figure::of("split", Micros, "split_us"),
            Figure::of("count words", Micros, "count_us"),
        ],
    ),
    entry(
        Concurrent,
        "spawn",
        "processes send one message and die",
        (100_000, 1000),
        &[(Erlang, "c_spawn"), (Go, "spawn")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "spawnoff",
        "the same, Erlang's mailbox off its heap",
        (1_000_000, 1000),
        &[(Erlang, "c_spawnoff"), (Go, "spawn")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "spawn1",
        "the same, one process at a time",
        (1_000_000, 1000),
        &[(Erlang, "c_spawn1")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "idle",
        "live processes waiting in receive",
        (1_000_000, 1000),
        &[(Erlang, "c_idle"), (Go, "idle")],
        &[
            Figure::of("bytes each", Bytes, "bytes_rss"),
            Figure::of("start all", Micros, "spawn_us"),
            Figure::of("stop all", Micros, "kill_us"),
        ],
    ),
    entry(
        Concurrent,
        "idlehib",
        "the same, hibernated",
        (1_000_000, 1000),
        &[(Erlang, "c_idlehib")],
        &[Figure::of("bytes each", Bytes, "bytes_rss")],
    ),
    entry(
        Concurrent,
        "pingpong",
        "two processes, round trips",
        (1_000_000, 1000),
        &[(Erlang, "c_pingpong"), (Go, "pingpong")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "pairs",
        "1000 ping-pong pairs at once",
        (1_000_000, 10_000),
        &[(Erlang, "c_pairs"), (Go, "pairs")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "fanin",
        "100 senders, one receiver",
        (1_000_000, 10_000),
        &[(Erlang, "c_fanin"), (Go, "fanin")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "threadring",
        "a ring of 503 processes",
        (5_000_000, 10_000),
        &[(Erlang, "c_threadring")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "selrecv",
        "calls beside a long queue of other messages",
        (100_000, 1000),
        &[(Erlang, "c_selrecv")],
        &[
            Figure::of("call, queue empty", Nanos, "call_empty_ns"),
            Figure::of("call by fresh ref", Nanos, "call_ref_ns"),
            Figure::of("call by old tag", Nanos, "call_scan_ns"),
        ],
    ),
    entry(
        Concurrent,
        "gscall",
        "GenServer calls",
        (300_000, 1000),
        &[(Erlang, "c_gscall")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "gscast",
        "GenServer casts",
        (1_000_000, 1000),
        &[(Erlang, "c_gscast")],
        TOTAL,
    ),
    entry(
        Concurrent,
        "suprestart",
        "a supervisor restarts a child often",
        (20_000, 200),
        &[(Erlang, "c_suprestart")],
        &[Figure::of("restarts", PerSecond, "per_sec")],
    ),
    Workload {
        rata: "suprestart",
        ..entry(
            Concurrent,
            "suprestart_few",
            "a supervisor restarts a child 200 times",
            (200, 50),
            &[(Erlang, "c_suprestart")],
            &[Figure::of("restarts", PerSecond, "per_sec")],
        )
    },
    entry(
        Concurrent,
        "timers",
        "lateness of timers",
        (100_000, 1000),
        &[(Erlang, "c_timers")],
        &[
            Figure::of("set all", Micros, "set_us"),
            Figure::of("late, p50", Micros, "late_p50_us"),
            Figure::of("late, p99", Micros, "late_p99_us"),
            Figure::of("late, most", Micros, "late_max_us"),
            Figure::of("steady, p99", Micros, "steady_p99_us"),
        ],
    ),
    entry(
        Concurrent,
        "fair",
        "round trips beside one busy process per core",
        (1, 1),
        &[(Erlang, "c_fair")],
        &[
            Figure::of("p50", Nanos, "p50_ns"),
            Figure::of("p99", Nanos, "p99_ns"),
            Figure::of("p99.9", Nanos, "p999_ns"),
            Figure::of("most", Nanos, "max_ns"),
        ],
    ),
    entry(
        Concurrent,
        "msgcopy",
        "a message of a million ints",
        (50, 2),
        &[(Erlang, "c_msgcopy")],
        &[Figure::of("per message", Nanos, "per_msg_ns")],
    ),
    entry(
        Concurrent,
        "bigbin",
        "a message of a 10 MB string",
        (1000, 10),
        &[(Erlang, "c_bigbin")],
        &[Figure::of("per message", Nanos, "per_msg_ns")],
    ),
    entry(
        Whole,
        "hello",
        "the smallest program, start to end",
        (10, 2),
        &[
            (Erlang, "hello"),
            (Go, "hello"),
            (Node, "hello"),
            (Lua, "hello"),
            (Python, "hello"),
        ],
        &[
            Figure::of("wall time", Micros, "us"),
            Figure::of("resident memory", Bytes, "rss_bytes"),
        ],
    ),
];

/// The workloads whose name holds one of the filters; a filter that is a whole name chooses that one alone.
pub fn select(filters: &[String]) -> Result<Vec<&'static Workload>, String> {
    if filters.is_empty() {
        return Ok(WORKLOADS.iter().collect());
    }
    for filter in filters {
        if !WORKLOADS.iter().any(|w| matches(w, filter)) {
            return Err(format!("no workload is called {filter:?}{}", nearest(filter)));
        }
    }
    Ok(WORKLOADS.iter().filter(|w| filters.iter().any(|f| matches(w, f))).collect())
}

fn matches(workload: &Workload, filter: &str) -> bool {
    if WORKLOADS.iter().any(|w| w.name == filter) {
        return workload.name == filter;
    }
    match filter {
        "sequential" => workload.kind == Sequential,
        "concurrent" => workload.kind == Concurrent,
        "whole" => workload.kind == Whole,
        _ => workload.name.contains(filter),
    }
}

/// A hint for a name that is nearly right.
pub fn nearest(word: &str) -> String {
    let shares = |name: &str| {
        let common = name.chars().filter(|c| word.contains(*c)).count();
        2 * common >= name.len() && name.chars().next() == word.chars().next()
    };
    match WORKLOADS.iter().find(|w| shares(w.name)) {
        Some(w) => format!("; did you mean {}?", w.name),
        None => "; --list shows them all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::Path;

    fn names(filters: &[&str]) -> Vec<&'static str> {
        let filters: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
        select(&filters).unwrap().iter().map(|w| w.name).collect()
    }

    #[test]
    fn filters_choose() {
        assert_eq!(names(&["spawn"]), ["spawn"]);
        assert_eq!(names(&["spawn1", "fib"]), ["fib", "spawn1"]);
        assert_eq!(names(&["supre"]), ["suprestart", "suprestart_few"]);
        assert_eq!(names(&["whole"]), ["hello"]);
        assert_eq!(names(&[]).len(), WORKLOADS.len());
        assert!(names(&["sequential"]).contains(&"sum"));
        assert!(!names(&["sequential"]).contains(&"idle"));
    }

    #[test]
    fn an_unknown_filter_is_an_error_with_a_hint() {
        let unknown = |f: &str| select(&[f.to_owned()]).unwrap_err();
        assert!(unknown("fibb").contains("did you mean fib?"), "{}", unknown("fibb"));
        assert!(unknown("zzz").contains("--list"));
    }

    #[test]
    fn names_are_unique_and_every_program_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut seen = HashSet::new();
        for w in WORKLOADS {
            assert!(seen.insert(w.name), "{} stands twice", w.name);
            assert!(!w.figures.is_empty() && w.quick <= w.size, "{}", w.name);
            let program = root.join("programs").join(format!("{}.rata", w.rata));
            assert!(program.is_file(), "{program:?}");
            assert!(w.program(Erlang).is_some(), "{} has no Erlang side", w.name);
            for (peer, program) in w.peers {
                let path = match peer {
                    Erlang => format!("erlang/{program}.erl"),
                    Go => format!("go/{program}/main.go"),
                    Node => format!("js/{program}.js"),
                    Lua => format!("lua/{program}.lua"),
                    Python => format!("python/{program}.py"),
                    Rust => format!("rust/{program}.rs"),
                };
                assert!(root.join("peers").join(&path).is_file(), "{path}");
            }
        }
    }

    #[test]
    fn every_erlang_program_is_compared() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/erlang");
        for file in std::fs::read_dir(root).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let used = WORKLOADS.iter().any(|w| w.program(Erlang) == Some(stem.as_str()));
            assert!(used || stem == "bench", "{stem} is compared with nothing");
        }
    }
}
