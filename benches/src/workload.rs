//! What is compared: a workload, its sides and its figures.
//!
//! What enters: the words of the command line. What leaves: the workloads they choose from [`WORKLOADS`].

pub use crate::workloads::WORKLOADS;

/// A side of the comparison other than rata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Peer {
    /// Erlang/OTP: the side every ratio is measured against.
    Erlang,
    /// Elixir.
    Elixir,
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
    pub const ALL: [Peer; 7] =
        [Peer::Erlang, Peer::Elixir, Peer::Go, Peer::Node, Peer::Lua, Peer::Python, Peer::Rust];

    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Erlang => "Erlang",
            Peer::Elixir => "Elixir",
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
    pub(crate) const TOTAL: Figure = Figure::of("", Unit::Micros, "us");

    pub(crate) const fn of(label: &'static str, unit: Unit, key: &'static str) -> Figure {
        Figure { label, unit, rata: key, erlang: key, others: key }
    }

    pub(crate) const fn keys(
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
        "sequential" => workload.kind == Kind::Sequential,
        "concurrent" => workload.kind == Kind::Concurrent,
        "whole" => workload.kind == Kind::Whole,
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
    use super::Peer::{Elixir, Erlang, Go, Lua, Node, Python, Rust};
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
            let beam = [Erlang, Elixir].iter().any(|peer| w.program(*peer).is_some());
            assert!(beam, "{} has no side on the BEAM", w.name);
            for (peer, program) in w.peers {
                let path = match peer {
                    Erlang => format!("erlang/{program}.erl"),
                    Go => format!("go/{program}/main.go"),
                    Node => format!("js/{program}.js"),
                    Lua => format!("lua/{program}.lua"),
                    Elixir => format!("elixir/{program}.exs"),
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
