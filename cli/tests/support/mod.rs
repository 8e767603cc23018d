//! Running nodes for tests: a program, started by the command as users start it, in a folder of its own.
#![allow(dead_code, reason = "every test file uses a part of it")]

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for a program and the sockets of its node.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(program: &str) -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rata-cli-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join("app.rata"), program).expect("a file");
        Folder(path)
    }

    pub fn ratavm(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ratavm"));
        command.current_dir(&self.0).args(args).env("NO_COLOR", "1");
        command.env("XDG_RUNTIME_DIR", &self.0).env_remove("RATA_CRASH_DUMP");
        command
    }
}

/// The command, run by way of `through` such that it heeds interrupts: whoever runs the tests may ignore them, as shells make
/// their background jobs do. Nothing where the programs for it are missing.
pub fn heeding(command: &Command, through: &[&str]) -> Option<Command> {
    const RESET: &str = "--default-signal=INT";
    let probe = through.first().unwrap_or(&"true");
    let found = Command::new("env").args([RESET, probe, "--version"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        let what = format!("`env {RESET}` (coreutils) or `{probe}` is missing");
        assert!(std::env::var_os("RATA_CI").is_none(), "{what}");
        eprintln!("skipped: {what}");
        return None;
    }
    let mut heeding = Command::new("env");
    heeding.arg(RESET).args(through).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => heeding.env(key, value),
            None => heeding.env_remove(key),
        };
    }
    heeding.current_dir(command.get_current_dir().expect("a folder"));
    Some(heeding)
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A node that runs.
pub struct Node {
    pub folder: Folder,
    pub child: Child,
    out: BufReader<Box<dyn Read + Send>>,
}

/// How a node ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Node {
    /// Starts a program and waits until it has printed the line `up`.
    pub fn start(program: &str, options: &[&str]) -> Node {
        Node::begin(program, options).up()
    }

    /// Waits for the line `up`.
    pub fn up(mut self) -> Node {
        assert_eq!(self.line(), "up\n");
        self
    }

    /// Starts a program.
    pub fn begin(program: &str, options: &[&str]) -> Node {
        let folder = Folder::new(program);
        let args: Vec<&str> = ["run"].iter().chain(options).copied().chain(["app.rata"]).collect();
        let command = folder.ratavm(&args);
        Node::run(folder, command)
    }

    /// The same, as a command of its own runs it.
    pub fn run(folder: Folder, mut command: Command) -> Node {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ratavm starts");
        let out = child.stdout.take().expect("a pipe");
        Node { folder, child, out: BufReader::new(Box::new(out)) }
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("output");
        line
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let err = self.child.stderr.take().expect("a pipe");
        let errors = thread::spawn(move || text_of(err));
        let until = Instant::now() + PATIENCE;
        // What it prints must not hold it up.
        let out = std::mem::replace(&mut self.out, BufReader::new(Box::new(std::io::empty())));
        let outs = thread::spawn(move || text_of(out));
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            if Instant::now() > until {
                self.child.kill().expect("it lives");
            }
            thread::sleep(Duration::from_millis(2));
        };
        let out = outs.join().expect("no panic");
        Ended { status, out, err: errors.join().expect("no panic") }
    }

    /// What another command says about it: exit code, standard output, standard error.
    pub fn ask(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let done = self.folder.ratavm(args).stdin(Stdio::null()).output().expect("ratavm starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    }

    /// The same of one that succeeds.
    pub fn says(&self, args: &[&str]) -> String {
        let (code, out, err) = self.ask(args);
        assert_eq!(code, Some(0), "{args:?}\n{out}{err}");
        out
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text_of(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    // A broken pipe shows as a short text.
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
