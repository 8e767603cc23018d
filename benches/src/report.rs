//! From comparisons to what is shown.
//!
//! What enters: [`Comparison`]s. What leaves: [`Row`]s, one for each figure, and from them a plain table, Markdown
//! (`report::grid`) or JSON (`report::json`).

mod grid;
mod json;
mod units;

pub use grid::{markdown, text, wanted};
pub use json::json;

use crate::session::{Comparison, Plan, Side};
use crate::stats::{self, Spread};
use crate::tools;
use crate::workload::{Figure, Kind, Peer, Unit};
use std::path::Path;

/// Another peer's part in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeerCell {
    /// Which peer.
    pub peer: Peer,
    /// Its median, in the figure's unit.
    pub median: f64,
    /// How many times better than it rata is.
    pub ratio: Option<f64>,
}

/// One figure of one workload.
#[derive(Debug, Clone)]
pub struct Row {
    /// The workload's name.
    pub workload: &'static str,
    /// The figure's label, empty for the time as a whole.
    pub label: &'static str,
    /// The workload's kind: which table the row belongs to.
    pub kind: Kind,
    /// Whether this is the workload's main figure.
    pub main: bool,
    /// The size.
    pub size: u64,
    /// Whether it was held to one core.
    pub pinned: bool,
    /// What the figure counts.
    pub unit: Unit,
    /// Erlang's values.
    pub erlang: Vec<f64>,
    /// Rata's values.
    pub rata: Vec<f64>,
    /// Rata's values on one core, where that was measured.
    pub one_core: Vec<f64>,
    /// How many times better than Erlang rata is.
    pub ratio: Option<Spread>,
    /// The other peers.
    pub peers: Vec<PeerCell>,
}

/// Where and with what the comparison was made.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Each taking part with its version.
    pub versions: Vec<(String, String)>,
    /// What every reader must know of how it was measured.
    pub method: String,
}

/// Everything that is shown.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where and how.
    pub setting: Setting,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// What went wrong.
    pub problems: Vec<String>,
}

/// Gathers a report.
pub fn report(plan: &Plan, comparisons: &[Comparison]) -> Report {
    Report {
        setting: setting(plan),
        rows: comparisons.iter().flat_map(rows).collect(),
        problems: comparisons.iter().flat_map(Comparison::problems).collect(),
    }
}

/// A workload's rows. Where check values differ the figures compare different work, so no ratio is given.
fn rows(comparison: &Comparison) -> Vec<Row> {
    let valid = comparison.problems().is_empty();
    let figures = comparison.workload.figures.iter().enumerate();
    figures.map(|(i, figure)| row(comparison, figure, i == 0, valid)).collect()
}

fn row(comparison: &Comparison, figure: &Figure, main: bool, valid: bool) -> Row {
    let of = |side: Side| comparison.side(side).map(|t| t.samples(figure)).unwrap_or_default();
    let higher = figure.unit == Unit::PerSecond;
    let (erlang, rata) = (of(Side::Peer(Peer::Erlang)), of(Side::Rata));
    let ratio = if valid { stats::ratio(&erlang, &rata, higher) } else { None };
    let peers = Peer::ALL.iter().filter(|p| **p != Peer::Erlang).filter_map(|&peer| {
        let samples = of(Side::Peer(peer));
        let median = stats::median(&samples)?;
        let against = stats::ratio(&samples, &rata, higher).filter(|_| valid);
        Some(PeerCell { peer, median, ratio: against.map(|r| r.median) })
    });
    Row {
        workload: comparison.workload.name,
        label: figure.label,
        kind: comparison.workload.kind,
        main,
        size: comparison.size,
        pinned: comparison.pinned,
        unit: figure.unit,
        peers: peers.collect(),
        erlang,
        rata,
        one_core: of(Side::OneCore),
        ratio,
    }
}

/// The geometric mean of the main ratios of one kind, and how many there are.
pub fn summary(rows: &[Row], kind: Kind) -> Option<(f64, usize)> {
    let main = rows.iter().filter(|r| r.kind == kind && r.main);
    let ratios: Vec<f64> = main.filter_map(|r| r.ratio.map(|s| s.median)).collect();
    Some((stats::geometric_mean(&ratios)?, ratios.len()))
}

fn setting(plan: &Plan) -> Setting {
    let mut versions = Vec::new();
    if let Some(ratavm) = plan.places.ratavm.as_deref().filter(|_| plan.rata) {
        let version = tools::first_line(ratavm, &["--version"]);
        versions.push(("rata".to_owned(), version.unwrap_or_else(|| "unknown".to_owned())));
    }
    for &peer in &plan.peers {
        let version = tools::version(peer).unwrap_or_else(|| "unknown".to_owned());
        versions.push((peer.name().to_owned(), version));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    versions.push(("machine".to_owned(), format!("{}, {cores} cores", processor())));
    if let Some(date) = tools::first_line(Path::new("date"), &["-u", "+%Y-%m-%d"]) {
        versions.push(("date".to_owned(), date));
    }
    let reps = plan.limits.reps;
    let rep = match reps {
        1 => "the first repetition of each process counts".to_owned(),
        n => format!("the last of {n} repetitions in each process counts"),
    };
    let pinned = match plan.pin {
        crate::session::Pin::Auto => "sequential workloads and whole processes on one core",
        crate::session::Pin::Always => "everything on one core",
        crate::session::Pin::Never => "nothing held to a core",
    };
    let method = format!(
        "Medians of {} alternating runs; {rep}; {pinned}. Ratio: Erlang's figure divided by rata's (for rates the \
         other way round), so above 1 rata is ahead; the range is that of neighbouring runs. Other peers: \
         their figure (in sequential workloads warm, the third repetition or later) and, in brackets, its ratio.",
        plan.runs
    );
    Setting { versions, method }
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|l| l.strip_prefix("model name"));
    line.and_then(|l| l.split_once(':')).map_or("unknown", |(_, v)| v.trim()).to_owned()
}

/// Rows for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// A figure of a sequential workload.
    pub(crate) fn row(
        workload: &'static str,
        label: &'static str,
        erlang: &[f64],
        rata: &[f64],
    ) -> Row {
        Row {
            workload,
            label,
            kind: Kind::Sequential,
            main: label.is_empty(),
            size: 1_000_000,
            pinned: true,
            unit: Unit::Micros,
            erlang: erlang.to_vec(),
            rata: rata.to_vec(),
            one_core: vec![],
            ratio: stats::ratio(erlang, rata, false),
            peers: vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::session::Turns;
    use crate::workload::WORKLOADS;

    fn side(side: Side, check: &str, runs: &[&[(&str, f64)]]) -> Turns {
        let records = runs.iter().map(|figures| Record {
            name: "x".into(),
            size: 1,
            rep: 1,
            check: check.into(),
            figures: figures.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
        });
        Turns { side, records: records.collect(), failure: None }
    }

    fn of(name: &str, sides: Vec<Turns>) -> Comparison {
        let workload = WORKLOADS.iter().find(|w| w.name == name).unwrap();
        Comparison { workload, size: 1, pinned: true, sides }
    }

    #[test]
    fn each_side_is_read_by_its_own_key() {
        let sides = vec![
            side(
                Side::Peer(Peer::Erlang),
                "1",
                &[&[("us", 9.0), ("atomics_us", 8.0), ("array_us", 4.0), ("list_us", 6.0)]],
            ),
            side(Side::Rata, "1", &[&[("us", 5.0), ("vector_us", 2.0), ("list_us", 3.0)]]),
            side(Side::Peer(Peer::Node), "1", &[&[("us", 1.0)]]),
        ];
        let rows = rows(&of("sieve", sides));
        let ratios: Vec<f64> = rows.iter().map(|r| r.ratio.unwrap().median).collect();
        assert_eq!(ratios, [4.0, 2.0, 2.0]);
        assert_eq!(rows[0].peers, [PeerCell { peer: Peer::Node, median: 1.0, ratio: Some(0.5) }]);
        assert!(rows[2].peers.is_empty());
        assert!(rows[0].main && !rows[1].main);
    }

    #[test]
    fn rates_win_by_being_higher_and_the_summary_counts_main_rows() {
        let sides = vec![
            side(Side::Peer(Peer::Erlang), "1", &[&[("us", 1.0), ("per_sec", 100.0)]]),
            side(Side::Rata, "1", &[&[("us", 1.0), ("per_sec", 400.0)]]),
        ];
        let rows = rows(&of("suprestart", sides));
        assert_eq!(rows[0].ratio.unwrap().median, 4.0);
        let (mean, count) = summary(&rows, Kind::Concurrent).unwrap();
        assert!((mean - 4.0).abs() < 1e-12 && count == 1);
        assert_eq!(summary(&rows, Kind::Sequential), None);
    }

    #[test]
    fn no_ratio_where_the_checks_differ() {
        let sides = vec![
            side(Side::Peer(Peer::Erlang), "1", &[&[("us", 1.0)]]),
            side(Side::Rata, "2", &[&[("us", 1.0)]]),
        ];
        let comparison = of("fib", sides);
        assert_eq!(rows(&comparison)[0].ratio, None);
        assert_eq!(comparison.problems().len(), 1);
    }
}
