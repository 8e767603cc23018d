//! The report as JSON, every sample in it.

use super::{Report, Row, summary};
use crate::stats::Spread;
use crate::targets::{Verdict, verdicts};
use crate::workload::{Kind, Unit};
use serde_json::{Map, Value, json as value};

/// The report as indented JSON.
pub fn json(report: &Report) -> String {
    let versions: Map<String, Value> =
        report.setting.versions.iter().map(|(k, v)| (k.clone(), value!(v))).collect();
    let means: Map<String, Value> = [Kind::Sequential, Kind::Concurrent, Kind::Whole]
        .into_iter()
        .filter_map(|kind| {
            Some((kind.heading().to_owned(), value!(summary(&report.rows, kind)?.0)))
        })
        .collect();
    let all = value!({
        "versions": versions,
        "method": report.setting.method,
        "geometric_mean": means,
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "targets": verdicts(&report.rows).iter().map(verdict).collect::<Vec<_>>(),
        "problems": report.problems,
    });
    format!("{all:#}")
}

fn verdict(verdict: &Verdict<'_>) -> Value {
    let target = verdict.target;
    value!({
        "workload": target.workload,
        "figure": if target.label.is_empty() { "total" } else { target.label },
        "against": format!("{:?}", target.against),
        "target": target.target,
        "aim": target.aim,
        "measured": verdict.measured,
        "met": verdict.met(),
        "aim_met": verdict.aim_met(),
    })
}

fn row(row: &Row) -> Value {
    let peers: Map<String, Value> = row
        .peers
        .iter()
        .map(|c| (c.peer.name().to_owned(), value!({"median": c.median, "ratio": c.ratio})))
        .collect();
    value!({
        "workload": row.workload,
        "figure": if row.label.is_empty() { "total" } else { row.label },
        "kind": row.kind.heading(),
        "size": row.size,
        "pinned": row.pinned,
        "unit": unit(row.unit),
        "erlang": row.erlang,
        "rata": row.rata,
        "one_core": row.one_core,
        "ratio": row.ratio.map(spread),
        "peers": peers,
    })
}

fn spread(s: Spread) -> Value {
    value!({"median": s.median, "min": s.min, "max": s.max})
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Micros => "us",
        Unit::Nanos => "ns",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "per_second",
    }
}
