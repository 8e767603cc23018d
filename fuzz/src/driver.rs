//! The parent process: starts workers, watches their progress, keeps the inputs that make them end
//! badly.

use crate::Mode;
use crate::reduce::smallest;
use crate::worker::{self, COUNT, Counts};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How a run is to go.
pub struct Plan {
    /// What is tested.
    pub mode: Mode,
    /// The workspace.
    pub root: PathBuf,
    /// Decides the inputs.
    pub seed: u64,
    /// Number of the first case.
    pub first: u64,
    /// Number of cases.
    pub cases: u64,
    /// Stop after so long.
    pub time: Option<Duration>,
    /// The most that a case may take.
    pub case_time: Duration,
    /// The most memory, in megabytes of address space.
    pub memory: u64,
    /// Where failing inputs are written.
    pub out: PathBuf,
    /// Stop after so many kinds of failure.
    pub failures: usize,
}

/// How many inputs of a kind of failure are kept.
const KEPT: u64 = 3;

/// A case that ended badly.
struct Failure {
    case: u64,
    why: String,
}

/// Cases that one worker process runs: loaded code is never given back.
fn batch_size(mode: Mode) -> u64 {
    match mode {
        Mode::Parse => 20_000,
        // Few enough to have figures after half a minute.
        Mode::Load => 2_000,
        // Machine code is never given back either, and there is room for so much of it.
        Mode::Diff => 400,
    }
}

/// What came of a batch.
struct Batch {
    /// The case to go on with.
    next: u64,
    counts: Counts,
    failure: Option<Failure>,
}

/// Runs the plan; gives whether all was well.
pub fn run(plan: &Plan) -> io::Result<bool> {
    let start = Instant::now();
    let (mut next, end) = (plan.first, plan.first.saturating_add(plan.cases));
    let mut kept: Vec<String> = Vec::new();
    // How often each kind of failure came.
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    // Of whole batches: how many cases, and what they came to.
    let (mut whole, mut counts) = (0u64, Counts::default());
    eprintln!("{}: seed {}, from case {}", plan.mode.name(), plan.seed, plan.first);
    while next < end && seen.len() < plan.failures {
        if plan.time.is_some_and(|time| start.elapsed() >= time) {
            break;
        }
        let to = end.min(next + batch_size(plan.mode));
        let done = batch(plan, next, to, start)?;
        if done.failure.is_none() && done.next == to {
            whole += to - next;
            counts.decoded += done.counts.decoded;
            counts.accepted += done.counts.accepted;
            counts.ran += done.counts.ran;
            counts.reductions += done.counts.reductions;
            counts.native += done.counts.native;
        }
        next = done.next;
        if let Some(failure) = done.failure {
            let count = seen.entry(kind(&failure.why)).or_insert(0u64);
            *count += 1;
            if *count <= KEPT {
                let path = keep(plan, &failure)?;
                eprintln!("\ncase {} failed: {}\n  kept in {path}", failure.case, failure.why);
                if plan.mode == Mode::Diff {
                    eprintln!("  reduced in {}", reduce(plan, &path, &kind(&failure.why))?);
                }
                kept.push(path);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let count = next - plan.first;
        eprintln!(
            "{count} cases in {seconds:.0} s ({:.0}/s), {}, {} kinds of failure",
            count as f64 / seconds.max(0.001),
            shares(plan.mode, &counts, whole),
            seen.len()
        );
    }
    for (kind, count) in &seen {
        eprintln!("{count} times: {kind}");
    }
    if let Some(first) = kept.first() {
        eprintln!("run one again: rata-fuzz {} --replay {first}", plan.mode.name());
    }
    Ok(seen.is_empty())
}

/// What the cases came to, in per cent.
fn shares(mode: Mode, counts: &Counts, whole: u64) -> String {
    let share = |count: u64| count as f64 * 100.0 / whole.max(1) as f64;
    match mode {
        Mode::Parse => format!("{:.0}% accepted", share(counts.accepted)),
        Mode::Load => format!(
            "{:.0}% decoded, {:.0}% accepted, {:.0}% ran, for {} reductions on average",
            share(counts.decoded),
            share(counts.accepted),
            share(counts.ran),
            counts.reductions / counts.accepted.max(1),
        ),
        Mode::Diff => format!(
            "{:.0}% compiled, {:.0}% compared, with {} reductions and {} functions as machine code on average",
            share(counts.decoded),
            share(counts.accepted),
            counts.reductions / counts.accepted.max(1),
            counts.native / counts.accepted.max(1),
        ),
    }
}

/// What failures of the same cause have in common: how the process ended and where it panicked.
fn kind(why: &str) -> String {
    if let Some(line) = why.lines().find(|line| line.contains(" disagree about ")) {
        return line.to_owned();
    }
    let mut lines = why.lines();
    let ended = lines.next().unwrap_or_default();
    let panicked = lines.find_map(|line| line.split_once("panicked at "));
    panicked.map_or(ended.to_owned(), |(_, place)| format!("{ended} at {place}"))
}

/// What is known of a worker's progress.
struct Progress {
    /// The case under way.
    case: AtomicU64,
    /// What they came to, once all have been run.
    counts: Mutex<Vec<u64>>,
    /// Whether nothing more will come.
    ended: AtomicBool,
    /// The end of what it wrote to standard error.
    said: Mutex<Vec<u8>>,
}

/// Runs the cases from `from` to `to` in a process.
fn batch(plan: &Plan, from: u64, to: u64, start: Instant) -> io::Result<Batch> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("work")
        .arg(plan.mode.name())
        .args(["--seed", &plan.seed.to_string()])
        .args(["--from", &from.to_string(), "--to", &to.to_string()])
        .args(["--memory", &plan.memory.to_string()])
        .arg("--root")
        .arg(&plan.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let progress = Arc::new(Progress {
        case: AtomicU64::new(from),
        counts: Mutex::default(),
        ended: AtomicBool::new(false),
        said: Mutex::new(Vec::new()),
    });
    let readers = listen(&mut child, &progress);
    let ended = watch(plan, &mut child, &progress, start)?;
    for reader in readers {
        // A reader that panicked has left what it had.
        let _ = reader.join();
    }
    let case = progress.case.load(Ordering::SeqCst);
    let said = String::from_utf8_lossy(&progress.said.lock().expect("not poisoned")).into_owned();
    let counts = match progress.counts.lock().expect("not poisoned").as_slice() {
        &[decoded, accepted, ran, reductions, native] => {
            Counts { decoded, accepted, ran, reductions, native }
        }
        _ => Counts::default(),
    };
    let (next, failure) = match ended {
        Ended::Exit(status) if status.success() && case == to => (to, None),
        Ended::Exit(status) => {
            let why = format!("{}\n{}", describe(status), said.trim_end());
            (case + 1, Some(Failure { case, why }))
        }
        Ended::Hang => {
            let why = format!("no end after {} s", plan.case_time.as_secs_f64());
            (case + 1, Some(Failure { case, why }))
        }
        Ended::TimeIsUp => (case, None),
    };
    Ok(Batch { next, counts, failure })
}

/// How a worker ended.
enum Ended {
    Exit(ExitStatus),
    Hang,
    TimeIsUp,
}

fn watch(plan: &Plan, child: &mut Child, progress: &Progress, start: Instant) -> io::Result<Ended> {
    let mut last = (u64::MAX, Instant::now());
    loop {
        thread::sleep(Duration::from_millis(if progress.ended.load(Ordering::SeqCst) {
            1
        } else {
            20
        }));
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Exit(status));
        }
        let case = progress.case.load(Ordering::SeqCst);
        if case != last.0 {
            last = (case, Instant::now());
        }
        let hangs = last.1.elapsed() > plan.case_time;
        let up = plan.time.is_some_and(|time| start.elapsed() >= time);
        if hangs || up {
            child.kill()?;
            child.wait()?;
            return Ok(if hangs { Ended::Hang } else { Ended::TimeIsUp });
        }
    }
}

/// Threads that read what the worker writes.
fn listen(child: &mut Child, progress: &Arc<Progress>) -> Vec<thread::JoinHandle<()>> {
    let mut threads = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        let progress = Arc::clone(progress);
        threads.push(thread::spawn(move || {
            let mut word = [0; 8];
            while out.read_exact(&mut word).is_ok() {
                match u64::from_le_bytes(word) {
                    number if number & COUNT != 0 => {
                        progress.counts.lock().expect("not poisoned").push(number & !COUNT);
                    }
                    case => progress.case.store(case, Ordering::SeqCst),
                }
            }
            progress.ended.store(true, Ordering::SeqCst);
        }));
    }
    if let Some(mut err) = child.stderr.take() {
        let progress = Arc::clone(progress);
        threads.push(thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count) = err.read(&mut part) {
                if count == 0 {
                    break;
                }
                let mut said = progress.said.lock().expect("not poisoned");
                said.extend_from_slice(&part[..count]);
                let surplus = said.len().saturating_sub(SAID);
                said.drain(..surplus);
            }
        }));
    }
    threads
}

/// How much of what a worker says is kept.
const SAID: usize = 6_000;

#[cfg(unix)]
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.signal(), status.code()) {
        (Some(11), _) => "SIGSEGV (a stack overflow or worse)".to_owned(),
        (Some(6), _) => "SIGABRT (out of memory, stack overflow or abort)".to_owned(),
        (Some(signal), _) => format!("signal {signal}"),
        (_, Some(101)) => "panic".to_owned(),
        (_, code) => format!("exit code {code:?}"),
    }
}

#[cfg(not(unix))]
fn describe(status: ExitStatus) -> String {
    status.to_string()
}

/// Writes the input of a failed case to a file.
fn keep(plan: &Plan, failure: &Failure) -> io::Result<String> {
    std::fs::create_dir_all(&plan.out)?;
    let path = plan.out.join(format!("{}-{}-{}", plan.mode.name(), plan.seed, failure.case));
    let input = worker::input(plan.mode, &plan.root, plan.seed, failure.case);
    let mut file = std::fs::File::create(&path)?;
    file.write_all(&input)?;
    Ok(path.display().to_string())
}

/// Writes the smallest program found that fails as the one in `path` does.
fn reduce(plan: &Plan, path: &str, wanted: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let (tried, small) = (format!("{path}.tried"), format!("{path}.small"));
    let best = smallest(&text, |candidate| {
        fails_as(plan, &tried, candidate).is_ok_and(|found| found.as_deref() == Some(wanted))
    });
    // It is there if anything was tried.
    let _ = std::fs::remove_file(&tried);
    std::fs::write(&small, best)?;
    Ok(small)
}

/// The kind of failure of a program that is run in a process of its own, if it fails.
fn fails_as(plan: &Plan, path: &str, text: &str) -> io::Result<Option<String>> {
    std::fs::write(path, text)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args([plan.mode.name(), "--replay", path])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let err = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        // What came before an error is what there is.
        let _ = err.map(|mut err| err.read_to_end(&mut said));
        said
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > plan.case_time {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(1));
    };
    let said = reader.join().unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(match status {
        Some(status) if status.success() => None,
        Some(status) => Some(kind(&format!("{}\n{}", describe(status), said.trim_end()))),
        None => Some(kind(&format!("no end after {} s", plan.case_time.as_secs_f64()))),
    })
}
