//! The comparison itself: who runs when.
//!
//! What enters: a [`Plan`] and a workload. What leaves: a [`Comparison`] with every run's record. Rata and Erlang take
//! turns; the other peers follow. A side that fails once is not asked again.

use crate::exec::{self, Limits};
use crate::record::{self, Record};
use crate::targets;
use crate::tools::{Invocation, Places};
use crate::workload::{Figure, Kind, Peer, Workload};

/// Which workloads are held to one core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pin {
    /// The sequential ones and the whole processes.
    Auto,
    /// All.
    Always,
    /// None.
    Never,
}

/// How a comparison is made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Turns of each side.
    pub runs: u32,
    /// Whether rata takes part.
    pub rata: bool,
    /// The peers that take part.
    pub peers: Vec<Peer>,
    /// What is held to one core.
    pub pin: Pin,
    /// Whether the small sizes are used.
    pub quick: bool,
    /// Sizes given by name.
    pub sizes: Vec<(String, u64)>,
    /// Time limit, repetitions, core.
    pub limits: Limits,
    /// Sources and built programs.
    pub places: Places,
}

/// Other peers are there for orientation: fewer turns, and warm where they compute, since their engines are known to
/// warm up. (Not where processes live: memory per process is that of the first time.)
const PEER_RUNS: u32 = 3;
const PEER_REPS: u32 = 3;

impl Plan {
    /// The size a workload runs with.
    pub fn size(&self, workload: &Workload) -> u64 {
        let given = self.sizes.iter().rfind(|(name, _)| name == workload.name);
        given.map_or(if self.quick { workload.quick } else { workload.size }, |(_, n)| *n)
    }

    /// Whether a workload is held to one core.
    pub fn pinned(&self, workload: &Workload) -> bool {
        match self.pin {
            Pin::Auto => workload.kind != Kind::Concurrent,
            Pin::Always => true,
            Pin::Never => false,
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Rata.
    Rata,
    /// Rata held to one core, where it uses all otherwise.
    OneCore,
    /// A peer.
    Peer(Peer),
}

impl Side {
    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Side::Rata => "rata",
            Side::OneCore => "rata on one core",
            Side::Peer(peer) => peer.name(),
        }
    }

    /// The key under which this side reports a figure.
    pub fn key(self, figure: &Figure) -> &'static str {
        match self {
            Side::Rata | Side::OneCore => figure.rata,
            Side::Peer(Peer::Erlang) => figure.erlang,
            Side::Peer(_) => figure.others,
        }
    }
}

/// What one side did.
#[derive(Debug, Clone)]
pub struct Turns {
    /// Which side.
    pub side: Side,
    /// A record for each turn that went well.
    pub records: Vec<Record>,
    /// Why it stopped before its last turn.
    pub failure: Option<String>,
}

impl Turns {
    /// The values of one figure, in the order of the turns.
    pub fn samples(&self, figure: &Figure) -> Vec<f64> {
        let key = self.side.key(figure);
        self.records.iter().filter_map(|r| r.figure(key)).collect()
    }
}

/// A workload with all that its sides reported.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The workload.
    pub workload: &'static Workload,
    /// The size it ran with.
    pub size: u64,
    /// Whether it was held to one core.
    pub pinned: bool,
    /// Its sides: rata and Erlang first.
    pub sides: Vec<Turns>,
}

impl Comparison {
    /// What a side did, if it took part.
    pub fn side(&self, side: Side) -> Option<&Turns> {
        self.sides.iter().find(|t| t.side == side)
    }

    /// All that went wrong: failed sides, and check values that differ.
    pub fn problems(&self) -> Vec<String> {
        let name = self.workload.name;
        let failed = self.sides.iter().filter_map(|turns| {
            let why = turns.failure.as_ref()?;
            Some(format!("{name}: {} failed: {why}", turns.side.name()))
        });
        failed.chain(self.disagreement()).collect()
    }

    /// The first record whose check differs from the first of all.
    fn disagreement(&self) -> Option<String> {
        let mut all = self.sides.iter().flat_map(|t| t.records.iter().map(|r| (t.side, r)));
        let (side, first) = all.next()?;
        let (other, record) = all.find(|(_, r)| !record::checks_agree(&first.check, &r.check))?;
        Some(format!(
            "{}: the checks differ: {} says {}, {} says {}",
            self.workload.name,
            side.name(),
            first.check,
            other.name(),
            record.check
        ))
    }
}

/// Runs one workload on every side that has a program for it; `progress` is told of each turn.
pub fn compare(
    plan: &Plan,
    workload: &'static Workload,
    progress: &mut dyn FnMut(&str),
) -> Comparison {
    let size = plan.size(workload);
    let pinned = plan.pinned(workload);
    let mut sides = Vec::new();
    let take_turns = |wanted: Vec<Side>, runs: u32, reps: u32, progress: &mut dyn FnMut(&str)| {
        let mut limits = plan.limits.clone();
        limits.reps = limits.reps.max(reps);
        let mut runners: Vec<Runner> =
            wanted.into_iter().map(|s| Runner::new(plan, workload, s)).collect();
        for turn in 1..=runs {
            for runner in &mut runners {
                let name = runner.turns.side.name();
                progress(&format!("{} {name} {turn}/{runs}", workload.name));
                let pinned = pinned || runner.turns.side == Side::OneCore;
                runner.turn(workload, size, pinned, &limits);
            }
        }
        runners.into_iter().map(|r| r.turns).collect::<Vec<_>>()
    };
    let takes_part = |peer: &Peer| workload.program(*peer).is_some();
    let (erlang, others): (Vec<Peer>, Vec<Peer>) =
        plan.peers.iter().copied().filter(takes_part).partition(|p| *p == Peer::Erlang);
    let mut pair: Vec<Side> = erlang.into_iter().map(Side::Peer).collect();
    if plan.rata {
        pair.push(Side::Rata);
        if !pinned && plan.pin != Pin::Never && targets::wants_one_core(workload.name) {
            pair.push(Side::OneCore);
        }
    }
    sides.extend(take_turns(pair, plan.runs, 1, progress));
    let others = others.into_iter().map(Side::Peer).collect();
    let reps = if workload.kind == Kind::Sequential { PEER_REPS } else { 1 };
    sides.extend(take_turns(others, plan.runs.min(PEER_RUNS), reps, progress));
    Comparison { workload, size, pinned, sides }
}

/// A side with the command that runs it.
struct Runner {
    command: Option<Invocation>,
    turns: Turns,
}

impl Runner {
    fn new(plan: &Plan, workload: &Workload, side: Side) -> Runner {
        let size = plan.size(workload).to_string();
        let command = match side {
            Side::Rata | Side::OneCore => {
                plan.places.rata(workload.rata, &size).ok_or("ratavm was not found".into())
            }
            Side::Peer(peer) => {
                let program = workload.program(peer).unwrap_or(workload.name);
                plan.places.peer(peer, program, &size, plan.pinned(workload))
            }
        };
        let (command, failure) = match command {
            Ok(command) => (Some(command), None),
            Err(why) => (None, Some(why)),
        };
        Runner { command, turns: Turns { side, records: Vec::new(), failure } }
    }

    fn turn(&mut self, workload: &Workload, size: u64, pinned: bool, limits: &Limits) {
        let (Some(command), None) = (&self.command, &self.turns.failure) else { return };
        let outcome = match workload.kind {
            Kind::Whole => exec::whole(workload.name, command, size, pinned, limits),
            Kind::Sequential | Kind::Concurrent => exec::measured(command, pinned, limits),
        };
        match outcome {
            Ok(record) if record.size == size => self.turns.records.push(record),
            Ok(record) => {
                self.turns.failure = Some(format!("asked for size {size}, it ran {}", record.size));
            }
            Err(why) => self.turns.failure = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload;

    fn record(check: &str, us: f64) -> Record {
        Record {
            name: "fib".into(),
            size: 1,
            rep: 1,
            check: check.into(),
            figures: vec![("us".into(), us)],
        }
    }

    fn turns(side: Side, checks: &[&str], failure: Option<&str>) -> Turns {
        let records = checks.iter().map(|c| record(c, 1.0)).collect();
        Turns { side, records, failure: failure.map(str::to_owned) }
    }

    fn fib(sides: Vec<Turns>) -> Comparison {
        let workload = workload::WORKLOADS.iter().find(|w| w.name == "fib").unwrap();
        Comparison { workload, size: 1, pinned: true, sides }
    }

    #[test]
    fn agreement_is_no_problem() {
        let sides = vec![
            turns(Side::Peer(Peer::Erlang), &["5", "5"], None),
            turns(Side::Rata, &["5", "5"], None),
        ];
        assert!(fib(sides).problems().is_empty());
    }

    #[test]
    fn a_differing_check_is_named_with_both_sides() {
        let sides = vec![
            turns(Side::Peer(Peer::Erlang), &["5", "5"], None),
            turns(Side::Rata, &["5", "6"], None),
        ];
        let problems = fib(sides).problems();
        assert_eq!(problems, ["fib: the checks differ: Erlang says 5, rata says 6"]);
    }

    #[test]
    fn a_failed_side_is_named() {
        let sides = vec![turns(Side::Rata, &[], Some("no end after 2 s"))];
        assert_eq!(fib(sides).problems(), ["fib: rata failed: no end after 2 s"]);
    }

    #[test]
    fn the_last_size_given_wins() {
        let mut plan = test_plan();
        let fib = &workload::WORKLOADS[0];
        assert_eq!(plan.size(fib), fib.size);
        plan.quick = true;
        assert_eq!(plan.size(fib), fib.quick);
        plan.sizes = vec![("fib".into(), 3), ("sum".into(), 4), ("fib".into(), 5)];
        assert_eq!(plan.size(fib), 5);
    }

    fn test_plan() -> Plan {
        Plan {
            runs: 1,
            rata: true,
            peers: vec![],
            pin: Pin::Auto,
            quick: false,
            sizes: vec![],
            limits: Limits {
                timeout: std::time::Duration::from_secs(1),
                reps: 1,
                core: 0,
                scratch: std::env::temp_dir().join("rata-benches-unused"),
            },
            places: Places {
                sources: "/none".into(),
                built: "/none".into(),
                ratavm: None,
                rata_args: vec![],
            },
        }
    }

    #[test]
    fn pinning_follows_the_kind_unless_told() {
        let mut plan = test_plan();
        let of = |name: &str| workload::WORKLOADS.iter().find(|w| w.name == name).unwrap();
        assert!(plan.pinned(of("fib")) && plan.pinned(of("hello")) && !plan.pinned(of("pairs")));
        plan.pin = Pin::Always;
        assert!(plan.pinned(of("pairs")));
        plan.pin = Pin::Never;
        assert!(!plan.pinned(of("fib")));
    }

    #[test]
    fn without_ratavm_rata_fails_visibly() {
        let comparison = compare(&test_plan(), &workload::WORKLOADS[0], &mut |_| {});
        assert_eq!(comparison.problems(), ["fib: rata failed: ratavm was not found"]);
    }
}
