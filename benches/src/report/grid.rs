//! The report as tables: aligned for a terminal, or Markdown for a document.

use super::units::{digits, value};
use super::{Report, Row, summary};
use crate::stats;
use crate::targets::{Against, Target, Verdict, verdicts};
use crate::workload::{Kind, Peer, Unit, Workload};
use std::fmt::Write;

/// A table: headings and cells, all as text.
struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

const NONE: &str = "-";

/// The rows of one kind as a grid; None if there are none. Peers without a figure get no column.
fn grid(rows: &[Row], kind: Kind) -> Option<Grid> {
    let rows: Vec<&Row> = rows.iter().filter(|r| r.kind == kind).collect();
    if rows.is_empty() {
        return None;
    }
    let shown = |peer: &Peer| rows.iter().any(|r| r.peers.iter().any(|c| c.peer == *peer));
    let peers: Vec<Peer> = Peer::ALL.into_iter().filter(shown).collect();
    let fixed = ["workload", "size", "Erlang", "rata", "ratio", "range"];
    let head = fixed.into_iter().chain(peers.iter().map(|p| p.name())).map(str::to_owned);
    Some(Grid { head: head.collect(), rows: rows.iter().map(|r| cells(r, &peers)).collect() })
}

fn cells(row: &Row, peers: &[Peer]) -> Vec<String> {
    let middle =
        |samples: &[f64]| stats::median(samples).map_or(NONE.to_owned(), |m| value(m, row.unit));
    let range = |s: stats::Spread| format!("{} to {}", digits(s.min), digits(s.max));
    let mut cells = vec![
        figure_name(row.workload, row.label),
        grouped(row.size),
        middle(&row.erlang),
        middle(&row.rata),
        row.ratio.map_or(NONE.to_owned(), |r| digits(r.median)),
        row.ratio.map_or(NONE.to_owned(), range),
    ];
    cells.extend(peers.iter().map(|peer| {
        let Some(cell) = row.peers.iter().find(|c| c.peer == *peer) else {
            return NONE.to_owned();
        };
        let ratio = cell.ratio.map(|r| format!(" ({})", digits(r))).unwrap_or_default();
        format!("{}{ratio}", value(cell.median, row.unit))
    }));
    cells
}

fn figure_name(workload: &str, label: &str) -> String {
    if label.is_empty() { workload.to_owned() } else { format!("{workload}: {label}") }
}

/// 1000000 as 1,000,000.
fn grouped(n: u64) -> String {
    let text = n.to_string();
    let mut out = String::new();
    for (i, digit) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The grid with columns of equal width, the first to the left and the others to the right.
fn aligned(grid: &Grid, markdown: bool) -> String {
    let widths: Vec<usize> = (0..grid.head.len())
        .map(|i| {
            let cells = grid.rows.iter().chain([&grid.head]).map(|row| row[i].chars().count());
            cells.max().unwrap_or(0).max(3)
        })
        .collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(i, (cell, width))| match i {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let cells: Vec<String> = cells.collect();
        if markdown { format!("| {} |", cells.join(" | ")) } else { cells.join("  ") }
    };
    let rule = |i: usize, w: &usize| match (markdown, i) {
        (true, 0) => "-".repeat(*w),
        (true, _) => format!("{}:", "-".repeat(w - 1)),
        (false, _) => "─".repeat(*w),
    };
    let rules: Vec<String> = widths.iter().enumerate().map(|(i, w)| rule(i, w)).collect();
    let mut lines = vec![line(&grid.head), line(&rules)];
    lines.extend(grid.rows.iter().map(|row| line(row)));
    lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n")
}

/// The report for a terminal.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    for (kind, grid) in grids(report) {
        let _ = writeln!(out, "{}\n\n{}", kind.heading(), aligned(&grid, false));
        if let Some((mean, count)) = summary(&report.rows, kind) {
            let _ = writeln!(out, "{}", mean_line(mean, count));
        }
        out.push('\n');
    }
    if let Some(grid) = targets(&report.rows) {
        let _ = writeln!(out, "Targets\n\n{}\n", aligned(&grid, false));
    }
    for (name, version) in &report.setting.versions {
        let _ = writeln!(out, "{name}: {version}");
    }
    let _ = writeln!(out, "{}", report.setting.method);
    out
}

/// The targets of what was measured; None if there are none.
fn targets(rows: &[Row]) -> Option<Grid> {
    let all = verdicts(rows);
    if all.is_empty() {
        return None;
    }
    let head = ["figure", "against", "target", "aim", "measured", "met"].map(str::to_owned);
    Some(Grid { head: head.to_vec(), rows: all.iter().map(verdict).collect() })
}

fn verdict(verdict: &Verdict<'_>) -> Vec<String> {
    let (target, unit) = (verdict.target, verdict.row.unit);
    let met = match (verdict.met(), verdict.aim_met()) {
        (Some(true), Some(true)) => "yes, and the aim",
        (Some(true), _) => "yes",
        (Some(false), _) => "NO",
        (None, _) if target.against == Against::Told => NONE,
        (None, _) => "not measured",
    };
    vec![
        figure_name(target.workload, target.label),
        against(target).to_owned(),
        bound(target, target.target, unit),
        bound(target, target.aim, unit),
        verdict.measured.map_or(NONE.to_owned(), |v| amount(target, v, unit)),
        met.to_owned(),
    ]
}

fn against(target: &Target) -> &'static str {
    match target.against {
        Against::Erlang => "Erlang",
        Against::Elixir => "Elixir",
        Against::NumPy => "NumPy",
        Against::OneCore => "one core",
        Against::Figure(other) => other,
        Against::Itself | Against::Told => NONE,
    }
}

/// A figure in the terms of its target.
fn amount(target: &Target, v: f64, unit: Unit) -> String {
    match target.against {
        Against::Itself | Against::Told => value(v, unit),
        _ => format!("{}x", digits(v)),
    }
}

fn bound(target: &Target, v: f64, unit: Unit) -> String {
    match target.against {
        Against::Told => NONE.to_owned(),
        _ if target.is_ratio() => amount(target, v, unit),
        _ => format!("≤ {}", amount(target, v, unit)),
    }
}

/// A target as a line of the list of workloads.
pub fn wanted(target: &Target, workload: &Workload) -> String {
    let figure = workload.figures.iter().find(|f| f.label == target.label);
    let unit = figure.map_or(Unit::Micros, |f| f.unit);
    let [must, aim] = [target.target, target.aim].map(|v| bound(target, v, unit));
    let name = figure_name(target.workload, target.label);
    match target.against {
        Against::Told => format!("    {name}: reported\n"),
        Against::Itself => format!("    {name}: target {must}, aim {aim}\n"),
        _ => format!("    {name} against {}: target {must}, aim {aim}\n", against(target)),
    }
}

/// The report as a Markdown document: what BENCHMARKS.md holds.
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("# Benchmarks\n\n");
    out.push_str("Written by `cargo run --release -p rata-benches -- --markdown`; ");
    out.push_str("benches/README.md tells how to make it anew.\n\n");
    let _ = writeln!(out, "{}\n", report.setting.method);
    for (name, version) in &report.setting.versions {
        let _ = writeln!(out, "- {name}: {version}");
    }
    for (kind, grid) in grids(report) {
        let _ = writeln!(out, "\n## {}\n\n{}", kind.heading(), aligned(&grid, true));
        if let Some((mean, count)) = summary(&report.rows, kind) {
            let _ = writeln!(out, "\n{}", mean_line(mean, count));
        }
    }
    if let Some(grid) = targets(&report.rows) {
        let _ = writeln!(out, "\n## Targets\n\n{}", aligned(&grid, true));
    }
    if !report.problems.is_empty() {
        out.push_str("\n## Not measured\n\n");
        for problem in &report.problems {
            let _ = writeln!(out, "- {problem}");
        }
    }
    out
}

fn grids(report: &Report) -> impl Iterator<Item = (Kind, Grid)> {
    let kinds = [Kind::Sequential, Kind::Concurrent, Kind::Whole];
    kinds.into_iter().filter_map(|kind| Some((kind, grid(&report.rows, kind)?)))
}

fn mean_line(mean: f64, count: usize) -> String {
    format!("Geometric mean of the ratios of {count} workloads: {}", digits(mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PeerCell, Setting, sample::row};

    fn report(rows: Vec<Row>) -> Report {
        let versions = vec![("rata".to_owned(), "0.1".to_owned())];
        let setting = Setting { versions, method: "How.".to_owned() };
        Report { setting, rows, problems: vec![] }
    }

    #[test]
    fn the_terminal_table_is_aligned() {
        let rows = vec![
            row("fib", "", &[274_000.0, 280_000.0, 270_000.0], &[137_000.0, 140_000.0, 90_000.0]),
            row("mapdict", "look up", &[], &[5.0]),
        ];
        let shown = text(&report(rows));
        let expected = "\
Sequential

workload               size  Erlang     rata  ratio         range
────────────────  ─────────  ──────  ───────  ─────  ────────────
fib               1,000,000  274 ms   137 ms   2.00  2.00 to 3.00
mapdict: look up  1,000,000       -  5.00 µs      -             -
Geometric mean of the ratios of 1 workloads: 2.00

Targets

figure            against  target    aim  measured           met
────────────────  ───────  ──────  ─────  ────────  ────────────
fib                Erlang   1.50x  2.50x     2.00x           yes
mapdict: look up   Erlang   2.00x  4.00x         -  not measured

rata: 0.1
How.
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_peer_gets_a_column_only_with_a_figure() {
        let mut with = row("fib", "", &[2.0], &[1.0]);
        with.peers = vec![PeerCell { peer: Peer::Go, median: 157_000.0, ratio: Some(0.5) }];
        let shown = markdown(&report(vec![with, row("sum", "", &[2.0], &[1.0])]));
        assert!(shown.contains("|            Go |"), "{shown}");
        assert!(shown.contains("| 157 ms (0.50) |"), "{shown}");
        assert!(!shown.contains("LuaJIT"));
    }

    #[test]
    fn markdown_tells_what_was_not_measured() {
        let mut report = report(vec![row("fib", "", &[2.0], &[])]);
        report.problems = vec!["fib: rata failed: no end".to_owned()];
        let shown = markdown(&report);
        assert!(shown.contains("## Not measured\n\n- fib: rata failed: no end"), "{shown}");
        assert!(shown.contains("| -------- | --------: |"), "{shown}");
        assert!(!shown.contains("Geometric"));
    }

    #[test]
    fn big_numbers_are_grouped() {
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(100_000_000), "100,000,000");
    }
}
