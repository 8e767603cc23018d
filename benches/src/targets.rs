//! What rata is to reach, figure by figure, and whether it does.
//!
//! What enters: the rows of a report, and what rata took on one core where that counts. What leaves: for each
//! target whose workload was measured, a [`Verdict`]: target, aim, measured, met or not.

use crate::report::Row;
use crate::stats;
use crate::workload::Peer;

/// What a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Erlang's figure: so many times better.
    Erlang,
    /// Elixir's: so many times better.
    Elixir,
    /// NumPy's: so many times better.
    NumPy,
    /// Rata's own figure on one core: so many times better on all.
    OneCore,
    /// Another figure of the same workload: at most so many times as much.
    Figure(&'static str),
    /// Nothing but itself: at most so much, in its unit.
    Itself,
    /// Nothing: it is told.
    Told,
}

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The workload's name.
    pub workload: &'static str,
    /// The figure's label.
    pub label: &'static str,
    /// What it is held against.
    pub against: Against,
    /// What must be reached.
    pub target: f64,
    /// What is hoped for.
    pub aim: f64,
}

impl Target {
    /// Whether more is better.
    pub fn is_ratio(&self) -> bool {
        matches!(
            self.against,
            Against::Erlang | Against::Elixir | Against::NumPy | Against::OneCore
        )
    }
}

const fn times(workload: &'static str, label: &'static str, target: f64, aim: f64) -> Target {
    Target { workload, label, against: Against::Erlang, target, aim }
}

const fn at_most(workload: &'static str, label: &'static str, target: f64, aim: f64) -> Target {
    Target { workload, label, against: Against::Itself, target, aim }
}

const fn ahead_of_elixir(label: &'static str) -> Target {
    Target { workload: "otp", label, against: Against::Elixir, target: 1.0, aim: 2.5 }
}

const fn on_all_cores(workload: &'static str, target: f64, aim: f64) -> Target {
    Target { workload, label: "", against: Against::OneCore, target, aim }
}

const MIB: f64 = 1024.0 * 1024.0;

/// Every target, in the order of the workloads.
pub const TARGETS: &[Target] = &[
    times("fib", "", 1.5, 2.5),
    times("nqueens", "", 1.5, 2.5),
    times("nbody", "", 8.0, 25.0),
    times("mandel", "", 8.0, 25.0),
    Target { workload: "axpy", label: "", against: Against::NumPy, target: 0.7, aim: 1.0 },
    times("bintrees", "", 1.2, 2.0),
    times("sum", "", 2.0, 4.0),
    times("listops", "", 1.5, 2.5),
    times("qsort", "partition", 1.5, 2.5),
    times("sieve", "marks / atomics", 5.0, 20.0),
    times("mapdict", "insert", 3.0, 8.0),
    times("mapdict", "look up", 2.0, 4.0),
    times("mapdict", "get and update", 5.0, 15.0),
    times("strings", "append", 1.2, 2.0),
    times("strings", "join", 2.0, 4.0),
    times("strings", "split", 1.5, 2.0),
    times("strings", "count words", 3.0, 10.0),
    times("spawn", "", 3.0, 6.0),
    times("idle", "start all", 3.0, 6.0),
    at_most("idle", "bytes each", 1024.0, 512.0),
    times("pingpong", "", 2.5, 5.0),
    on_all_cores("pairs", 1.5, 1.9),
    on_all_cores("fanin", 1.5, 1.9),
    times("threadring", "", 2.5, 5.0),
    times("gscall", "", 2.5, 5.0),
    times("gscast", "", 2.5, 5.0),
    ahead_of_elixir("GenServer.call"),
    ahead_of_elixir("GenServer.cast"),
    ahead_of_elixir("Task"),
    ahead_of_elixir("Agent.get"),
    ahead_of_elixir("Agent.update"),
    ahead_of_elixir("Registry.lookup"),
    ahead_of_elixir("Registry.register"),
    ahead_of_elixir("DynamicSupervisor.start_child"),
    times("suprestart", "restarts", 1.0, 10.0),
    Target {
        workload: "selrecv",
        label: "call by fresh ref",
        against: Against::Figure("call, queue empty"),
        target: 2.0,
        aim: 1.2,
    },
    at_most("linked", "all dead", 5_000_000.0, 1_000_000.0),
    at_most("linked", "others late, most", 20_000.0, 5_000.0),
    Target {
        workload: "flood",
        label: "round trip beside",
        against: Against::Figure("round trip alone"),
        target: 2.0,
        aim: 1.2,
    },
    at_most("flood", "memory grown", 50.0 * MIB, 10.0 * MIB),
    at_most("timers", "steady, p99", 1_000.0, 1_000.0),
    at_most("fair", "p99", 20_000.0, 20_000.0),
    at_most("fair", "p99.9", 100_000.0, 100_000.0),
    Target {
        workload: "msgcopy",
        label: "per message",
        against: Against::Figure("per int"),
        target: 1.2,
        aim: 1.2,
    },
    Target {
        workload: "pause",
        label: "step, most",
        against: Against::Told,
        target: 0.0,
        aim: 0.0,
    },
    at_most("hello", "wall time", 10_000.0, 3_000.0),
    at_most("hello", "resident memory", 12.0 * MIB, 6.0 * MIB),
];

/// Whether a workload is to be measured on one core too.
pub fn wants_one_core(workload: &str) -> bool {
    TARGETS.iter().any(|t| t.workload == workload && t.against == Against::OneCore)
}

/// What came of a target.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'r> {
    /// The target.
    pub target: &'static Target,
    /// The row it is about.
    pub row: &'r Row,
    /// What was measured, in the target's terms; nothing where a side is missing.
    pub measured: Option<f64>,
}

impl Verdict<'_> {
    /// Whether what was measured reaches `wanted`; nothing where there is nothing to tell.
    fn reaches(&self, wanted: f64) -> Option<bool> {
        let measured = self.measured?;
        match self.target.against {
            Against::Told => None,
            _ if self.target.is_ratio() => Some(measured >= wanted),
            _ => Some(measured <= wanted),
        }
    }

    /// Whether the target is met.
    pub fn met(&self) -> Option<bool> {
        self.reaches(self.target.target)
    }

    /// Whether the aim is met too.
    pub fn aim_met(&self) -> Option<bool> {
        self.reaches(self.target.aim)
    }
}

/// The verdict on each target whose figure is among the rows.
pub fn verdicts(rows: &[Row]) -> Vec<Verdict<'_>> {
    let found = |t: &Target| rows.iter().find(|r| r.workload == t.workload && r.label == t.label);
    TARGETS
        .iter()
        .filter_map(|target| {
            let row = found(target)?;
            Some(Verdict { target, row, measured: measured(target, row, rows) })
        })
        .collect()
}

fn measured(target: &Target, row: &Row, rows: &[Row]) -> Option<f64> {
    let own = stats::median(&row.rata)?;
    match target.against {
        Against::Erlang => row.ratio.map(|r| r.median),
        Against::Elixir => row.peers.iter().find(|c| c.peer == Peer::Elixir)?.ratio,
        Against::NumPy => row.peers.iter().find(|c| c.peer == Peer::Python)?.ratio,
        Against::OneCore => stats::ratio(&row.one_core, &row.rata, false).map(|r| r.median),
        Against::Figure(label) => {
            let other = rows.iter().find(|r| r.workload == target.workload && r.label == label)?;
            stats::median(&other.rata).filter(|m| *m > 0.0).map(|other| own / other)
        }
        Against::Itself | Against::Told => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PeerCell, sample::row};
    use crate::workload::WORKLOADS;

    fn of(rows: &[Row]) -> Vec<(f64, Option<bool>, Option<bool>)> {
        let all = verdicts(rows);
        all.iter().map(|v| (v.measured.unwrap_or(-1.0), v.met(), v.aim_met())).collect()
    }

    #[test]
    fn every_target_names_a_figure_that_there_is() {
        for t in TARGETS {
            let workload = WORKLOADS.iter().find(|w| w.name == t.workload);
            let figures = workload.unwrap_or_else(|| panic!("no workload {}", t.workload)).figures;
            let has = |label: &str| figures.iter().any(|f| f.label == label);
            assert!(has(t.label), "{} has no figure {:?}", t.workload, t.label);
            if let Against::Figure(other) = t.against {
                assert!(has(other), "{} has no figure {other:?}", t.workload);
            }
        }
    }

    #[test]
    fn ratios_are_met_from_above() {
        assert_eq!(of(&[row("fib", "", &[20.0], &[10.0])]), [(2.0, Some(true), Some(false))]);
        assert_eq!(of(&[row("fib", "", &[10.0], &[10.0])]), [(1.0, Some(false), Some(false))]);
        assert_eq!(of(&[row("fib", "", &[], &[10.0])]), [(-1.0, None, None)]);
    }

    #[test]
    fn bounds_are_met_from_below_and_other_figures_count() {
        let timers = row("timers", "steady, p99", &[1.0], &[900.0]);
        assert_eq!(of(&[timers]), [(900.0, Some(true), Some(true))]);
        let large = row("msgcopy", "per message", &[], &[600.0]);
        let small = row("msgcopy", "per int", &[], &[400.0]);
        assert_eq!(of(&[large, small]), [(1.5, Some(false), Some(false))]);
        assert_eq!(of(&[row("pause", "step, most", &[], &[7.0])]), [(7.0, None, None)]);
    }

    #[test]
    fn one_core_and_numpy_have_figures_of_their_own() {
        let mut pairs = row("pairs", "", &[1.0], &[10.0]);
        pairs.one_core = vec![16.0];
        assert_eq!(of(&[pairs]), [(1.6, Some(true), Some(false))]);
        let mut axpy = row("axpy", "", &[1.0], &[10.0]);
        axpy.peers = vec![PeerCell { peer: Peer::Python, median: 8.0, ratio: Some(0.8) }];
        assert_eq!(of(&[axpy]), [(0.8, Some(true), Some(false))]);
        assert!(wants_one_core("fanin") && !wants_one_core("fib"));
    }
}
