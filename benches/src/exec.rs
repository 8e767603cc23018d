//! Runs one program once.
//!
//! What enters: an [`Invocation`], a core to pin it to, a time limit. What leaves: its [`Record`], or a sentence on why
//! there is none. A program that outlives its limit is ended.

use crate::record::{self, Record};
use crate::stats;
use crate::tools::{self, Invocation};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How programs are run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest a run may take.
    pub timeout: Duration,
    /// The value of `BENCH_REPS`.
    pub reps: u32,
    /// The core that pinned programs run on.
    pub core: u32,
    /// Where the memory figure of a whole process is written meanwhile.
    pub scratch: PathBuf,
}

/// What an ended program left behind.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    wall: Duration,
}

/// Runs a program that reports its own figures.
pub fn measured(run: &Invocation, pinned: bool, limits: &Limits) -> Result<Record, String> {
    let ended = finish(command(run, pinned, limits), limits.timeout)?;
    succeeded(&ended)?;
    record::last_record(&ended.stdout).map_err(|e| e.to_string())
}

/// Measures a program from outside: the median wall time of `launches` launches and, where GNU time is installed, the
/// most memory it held.
pub fn whole(
    name: &str,
    run: &Invocation,
    launches: u64,
    pinned: bool,
    limits: &Limits,
) -> Result<Record, String> {
    let mut walls = Vec::new();
    let mut check = String::new();
    for _ in 0..launches.max(1) {
        let ended = finish(command(run, pinned, limits), limits.timeout)?;
        succeeded(&ended)?;
        walls.push(ended.wall.as_nanos() as f64 / 1000.0);
        check = ended.stdout.split_whitespace().collect::<Vec<_>>().join("_");
    }
    let mut figures: Vec<(String, f64)> = Vec::new();
    figures.extend(stats::median(&walls).map(|us| ("us".to_owned(), us)));
    figures.extend(resident(run, pinned, limits)?.map(|bytes| ("rss_bytes".to_owned(), bytes)));
    Ok(Record { name: name.to_owned(), size: launches, rep: 1, check, figures })
}

/// The most resident memory of one run, by GNU time; None where that is not installed. (A child's figure can never
/// be below that of the process that starts it, so it must be started by something small, not by this runner.)
fn resident(run: &Invocation, pinned: bool, limits: &Limits) -> Result<Option<f64>, String> {
    let time = Path::new("/usr/bin/time");
    if !time.is_file() {
        return Ok(None);
    }
    let mut args = vec!["-f".to_owned(), "%M".to_owned(), "-o".to_owned()];
    args.push(limits.scratch.display().to_string());
    args.push(run.program.display().to_string());
    args.extend(run.args.iter().cloned());
    let timed = Invocation { program: time.to_owned(), args, env: run.env.clone() };
    succeeded(&finish(command(&timed, pinned, limits), limits.timeout)?)?;
    let text = std::fs::read_to_string(&limits.scratch).map_err(|e| e.to_string())?;
    // Best effort: what is left in the build folder does no harm.
    let _ = std::fs::remove_file(&limits.scratch);
    Ok(text.trim().parse::<f64>().ok().map(|kib| kib * 1024.0))
}

fn command(run: &Invocation, pinned: bool, limits: &Limits) -> Command {
    let taskset = if pinned { tools::find("taskset") } else { None };
    let mut command = match taskset {
        Some(taskset) => {
            let mut command = Command::new(taskset);
            command.arg("-c").arg(limits.core.to_string()).arg(&run.program);
            command
        }
        None => Command::new(&run.program),
    };
    command.args(&run.args).env("BENCH_REPS", limits.reps.to_string());
    command.envs(run.env.iter().map(|(k, v)| (k, v)));
    command
}

fn succeeded(ended: &Ended) -> Result<(), String> {
    if ended.status.success() {
        return Ok(());
    }
    let said = [&ended.stdout, &ended.stderr].into_iter().filter_map(|t| last_line(t));
    let said: Vec<&str> = said.collect();
    Err(format!("it ended with {}: {}", ended.status, said.join(" / ")))
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

fn finish(mut command: Command, timeout: Duration) -> Result<Ended, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, start, timeout)?;
    let wall = start.elapsed();
    Ok(Ended { status, stdout: collected(stdout), stderr: collected(stderr), wall })
}

/// Waits with a sleep that grows with the time already gone: a short run is seen to end at once, a long one is not
/// disturbed.
fn wait(child: &mut Child, start: Instant, timeout: Duration) -> Result<ExitStatus, String> {
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(status);
        }
        let gone = start.elapsed();
        if gone >= timeout {
            // It may have ended by itself this instant; either way it is gone after wait.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("no end after {} s", timeout.as_secs()));
        }
        thread::sleep((gone / 200).clamp(Duration::from_micros(20), Duration::from_millis(10)));
    }
}

/// Only the end of what a program prints matters, and its log may be long.
const KEPT: usize = 64 * 1024;

fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> Option<JoinHandle<Vec<u8>>> {
    let mut pipe = pipe?;
    Some(thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0u8; 8192];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..n]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        kept
    }))
}

fn collected(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|r| r.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(timeout_ms: u64) -> Limits {
        Limits {
            timeout: Duration::from_millis(timeout_ms),
            reps: 2,
            core: 0,
            scratch: std::env::temp_dir().join(format!("rata-benches-{}", std::process::id())),
        }
    }

    fn shell(script: &str) -> Invocation {
        Invocation {
            program: "/bin/sh".into(),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: vec![("EXTRA".to_owned(), "7".to_owned())],
        }
    }

    #[test]
    fn a_result_is_read_and_the_environment_given() {
        let run = shell("echo RESULT x size=$EXTRA rep=$BENCH_REPS us=5 check=ok");
        let record = measured(&run, false, &limits(5000)).unwrap();
        assert_eq!((record.size, record.rep), (7, 2));
        assert_eq!(record.check, "ok");
    }

    #[test]
    fn failure_names_the_status_and_the_last_words() {
        let error = measured(&shell("echo first; echo oh no >&2; exit 3"), false, &limits(5000));
        let error = error.unwrap_err();
        assert!(error.contains('3') && error.contains("oh no"), "{error}");
        let error = measured(&shell("echo nothing"), false, &limits(5000)).unwrap_err();
        assert!(error.contains("RESULT"), "{error}");
        let none = Invocation { program: "/no/such/program".into(), args: vec![], env: vec![] };
        assert!(measured(&none, false, &limits(5000)).unwrap_err().contains("cannot start"));
    }

    #[test]
    fn a_run_that_never_ends_is_ended() {
        let start = Instant::now();
        let error = measured(&shell("exec sleep 60"), false, &limits(100)).unwrap_err();
        assert!(error.contains("no end"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn long_output_keeps_its_end() {
        let script = "i=0; while [ $i -lt 5000 ]; do echo 'a line of log that nobody reads, again and again'; \
                      i=$((i+1)); done; echo RESULT x size=1 rep=1 us=5 check=1";
        assert_eq!(measured(&shell(script), false, &limits(20_000)).unwrap().check, "1");
    }

    #[test]
    fn a_whole_process_has_wall_time_and_memory() {
        let record = whole("hello", &shell("echo hello there"), 3, false, &limits(5000)).unwrap();
        assert_eq!(record.check, "hello_there");
        assert!(record.figure("us").unwrap() > 0.0);
        if Path::new("/usr/bin/time").is_file() {
            assert!(record.figure("rss_bytes").unwrap() > 100_000.0);
        }
    }
}
