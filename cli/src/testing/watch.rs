//! `--watch`: runs the tests, and again whenever a source file has changed. Each round is a run of the command itself, so
//! nothing of one can disturb the next; files are looked at a few times a second, which works on every file system.

use super::discover::rata_files;
use super::{TestArgs, print};
use crate::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, SystemTime};
use std::{env, fs};

/// How often files are looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// When each file changed last, and its length.
type Seen = BTreeMap<String, (SystemTime, u64)>;

/// Runs until it is interrupted.
pub(super) fn run(args: &TestArgs) -> Result<i32, Failure> {
    loop {
        let seen = look(args)?;
        let mut round = start()?;
        let mut ended = false;
        loop {
            if !ended && let Ok(Some(_)) = round.try_wait() {
                ended = true;
                print("\nwaiting for a change\n");
            }
            sleep(PERIOD);
            if look(args)? != seen {
                break;
            }
        }
        stop(round, ended);
        settle(args)?;
    }
}

/// The command with the same arguments, but for the watching.
fn start() -> Result<Child, Failure> {
    let failed = |e: std::io::Error| Failure::before_running(format!("cannot run the tests: {e}"));
    let words: Vec<OsString> = env::args_os().skip(1).filter(|word| word != "--watch").collect();
    Command::new(env::current_exe().map_err(failed)?).args(words).spawn().map_err(failed)
}

/// What has changed since the round began makes it worthless.
fn stop(mut round: Child, ended: bool) {
    if !ended {
        let _ = round.kill();
        let _ = round.wait();
        print("\n");
    }
}

/// Waits until nothing changes any more: editors write several files one after the other.
fn settle(args: &TestArgs) -> Result<(), Failure> {
    let mut seen = look(args)?;
    loop {
        sleep(PERIOD / 2);
        let now = look(args)?;
        if now == seen {
            return Ok(());
        }
        seen = now;
    }
}

/// All source files that matter: those below the current folder, and those asked for elsewhere.
fn look(args: &TestArgs) -> Result<Seen, Failure> {
    let mut files = rata_files(".")?;
    for path in &args.paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => files.extend(rata_files(path)?),
            _ => files.push(path.clone()),
        }
    }
    let stamp = |path: String| {
        let meta = fs::metadata(&path).ok()?;
        Some((path, (meta.modified().ok()?, meta.len())))
    };
    Ok(files.into_iter().filter_map(stamp).collect())
}
