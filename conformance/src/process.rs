//! Runs one command: in come the command, its input and a time limit, out come exit code, stdout
//! and stderr. The number of commands running at once is limited to the number of cores, however
//! many test threads there are.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; none when a signal or the time limit ended the command.
    pub code: Option<i32>,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// Standard output; bytes that are not UTF-8 show as U+FFFD.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

impl Finished {
    /// How the command ended, in words.
    pub fn ending(&self) -> String {
        match self.code {
            _ if self.timed_out => "did not end within the time limit".into(),
            Some(code) => format!("exit code {code}"),
            None => "was ended by a signal".into(),
        }
    }
}

/// Runs `command` with `input` on its standard input.
pub fn run(mut command: Command, input: &str, limit: Duration) -> Result<Finished, String> {
    let _slot = Slot::take();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let (sender, receiver) = mpsc::channel();
    let readers: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|r| Box::new(r) as Box<dyn Read + Send>),
        child.stderr.take().map(|r| Box::new(r) as Box<dyn Read + Send>),
    ];
    for (which, reader) in readers.into_iter().enumerate() {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut reader) = reader {
                // A broken pipe shows as a short text, and the comparison tells.
                let _ = reader.read_to_end(&mut bytes);
            }
            let _ = sender.send((which, bytes));
        });
    }
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_string();
        thread::spawn(move || {
            // A program need not read its input to the end.
            let _ = stdin.write_all(input.as_bytes());
        });
    }
    let mut texts = [String::new(), String::new()];
    let mut timed_out = false;
    for _ in 0..2 {
        let left = limit.saturating_sub(started.elapsed());
        let got = receiver.recv_timeout(left).or_else(|_| {
            timed_out = true;
            let _ = child.kill();
            receiver.recv_timeout(Duration::from_secs(5))
        });
        if let Ok((which, bytes)) = got {
            texts[which] = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    let status = child.wait().map_err(|e| format!("cannot wait for {command:?}: {e}"))?;
    let [stdout, stderr] = texts;
    let code = if timed_out { None } else { status.code() };
    Ok(Finished { code, timed_out, stdout, stderr })
}

static RUNNING: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// The right to run one command.
struct Slot;

fn running() -> MutexGuard<'static, usize> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    fn take() -> Slot {
        let most = thread::available_parallelism().map_or(2, |n| n.get());
        let mut count = running();
        while *count >= most {
            count = FREED.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
        *count += 1;
        Slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *running() -= 1;
        FREED.notify_one();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::run;
    use std::process::Command;
    use std::time::{Duration, Instant};

    fn shell(script: &str, input: &str, limit: Duration) -> super::Finished {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, input, limit).unwrap()
    }

    #[test]
    fn code_and_both_outputs() {
        let done = shell("cat; echo no >&2; exit 3", "yes\n", Duration::from_secs(10));
        assert_eq!((done.code, done.timed_out), (Some(3), false));
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("yes\n", "no\n"));
    }

    #[test]
    fn large_output_and_unread_input() {
        let input = "x".repeat(1 << 20);
        let done = shell("head -c 1000000 /dev/zero", &input, Duration::from_secs(10));
        assert_eq!((done.code, done.stdout.len()), (Some(0), 1_000_000));
    }

    #[test]
    fn a_command_without_end_is_stopped() {
        let started = Instant::now();
        let done = shell("echo started; exec sleep 60", "", Duration::from_millis(200));
        assert!(done.timed_out && done.code.is_none());
        assert_eq!(done.stdout, "started\n");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
