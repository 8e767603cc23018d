//! The runner from outside, with stand-ins for Erlang and rata: shell scripts that print result lines.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One stage at a time: a script still open for writing in one thread cannot be run by a child of another.
static TURN: Mutex<()> = Mutex::new(());

/// A folder with stand-ins, removed at the end.
struct Stage {
    dir: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// `name` tells stages of one test run apart; `rata` is the script that stands in for `ratavm`.
    fn new(name: &str, rata: &str) -> Stage {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = std::env::temp_dir().join(format!("rata-benches-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let stage = Stage { dir, _turn: turn };
        stage.script("erl", ERL);
        stage.script("erlc", "exit 0");
        stage.script("python3", PYTHON);
        stage.script("ratavm", rata);
        stage
    }

    fn script(&self, name: &str, body: &str) {
        let path = self.dir.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let at = |tool: &str| self.dir.join(tool);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rata-benches"));
        command.args(words).env("ERL", at("erl")).env("ERLC", at("erlc"));
        command.env("PYTHON3", at("python3"));
        command.env("RATAVM", at("ratavm"));
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What stays behind in the temporary folder harms nothing.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Prints a result for whatever it is asked: the size is the last word.
const ERL: &str = r#"for last; do :; done
[ "$last" = main ] && { echo hello; exit 0; }
echo "RESULT x size=$last rep=1 us=3000.0 check=42""#;

const PYTHON: &str = r#"case "$1" in -c) echo 2; exit 0;; *hello.py) echo hello; exit 0;; esac
echo "RESULT x size=$2 rep=3 us=1200.0 check=42 loop_us=1200.0""#;

const RATA: &str = r#"[ "$1" = --version ] && { echo stand-in 1; exit 0; }
case "$2" in *hello.rata) echo hello; exit 0;; esac
echo "RESULT x size=$3 rep=1 us=1500 check=42""#;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn agreeing_sides_give_a_ratio_and_code_0() {
    let stage = Stage::new("agree", RATA);
    let output =
        stage.run(&["fib", "hello", "--runs", "3", "--size", "fib=7", "--size", "hello=1"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    let line = text.lines().find(|l| l.starts_with("fib")).unwrap();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells, ["fib", "7", "3.00", "ms", "1.50", "ms", "2.00", "2.00", "to", "2.00"]);
    assert!(text.contains("hello: wall time"), "{text}");
    assert!(text.contains("rata: stand-in 1"), "{text}");
    assert!(stderr(&output).is_empty(), "no progress when not on a terminal: {}", stderr(&output));
}

#[test]
fn targets_are_told_with_what_was_measured() {
    let rata = RATA.replace("us=1500", "us=1500 loop_us=1000");
    let stage = Stage::new("targets", &rata);
    let output = stage.run(&["fib", "axpy", "pairs", "--quick"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    let targets = text.split("Targets").nth(1).unwrap();
    let line = |name: &str| {
        let line = targets.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("fib"), "fib Erlang 1.50x 2.50x 2.00x yes");
    assert_eq!(line("axpy"), "axpy NumPy 0.70x 1.00x 1.20x yes, and the aim");
    assert_eq!(line("pairs"), "pairs one core 1.50x 1.90x 1.00x NO");
}

#[test]
fn a_differing_check_gives_code_1_and_no_ratio() {
    let stage = Stage::new("differ", &RATA.replace("check=42", "check=43"));
    let output = stage.run(&["fib", "--runs", "1", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Erlang says 42, rata says 43"), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["rows"][0]["ratio"].is_null());
    assert_eq!(json["rows"][0]["rata"][0], 1500.0);
    assert_eq!(json["problems"].as_array().unwrap().len(), 1);
}

#[test]
fn a_program_that_fails_is_named_with_its_words() {
    let stage = Stage::new("fail", "echo boom >&2; exit 2");
    let output = stage.run(&["sum", "--quick", "--markdown"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("rata failed") && stderr(&output).contains("boom"));
    assert!(stdout(&output).contains("## Not measured"));
}

#[test]
fn a_program_that_does_not_end_is_ended() {
    let stage = Stage::new("hang", "exec sleep 100");
    // The version is asked of ratavm too: give that an answer, and hang only in `run`.
    stage.script("ratavm", "[ \"$1\" = run ] && exec sleep 100; echo stand-in");
    let output = stage.run(&["fib", "--quick", "--timeout", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no end after 1 s"), "{}", stderr(&output));
}

#[test]
fn wrong_words_give_code_2() {
    let stage = Stage::new("words", RATA);
    for words in [&["nonsense"][..], &["--peers", "perl"], &["--size", "fib"], &["--what"]] {
        let output = stage.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!stderr(&output).is_empty() && output.stdout.is_empty(), "{words:?}");
    }
    let output = stage.run(&["fib", "--ratavm", "/no/such/ratavm"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--no-rata"), "{}", stderr(&output));
}

#[test]
fn a_missing_peer_is_named_and_left_out_but_erlang_is_needed() {
    let stage = Stage::new("missing", RATA);
    let run = |tool: &str, words: &[&str]| {
        let mut command = stage.command(words);
        command.env(tool, "/no/such/tool").output().unwrap()
    };
    let output = run("GO", &["fib", "--quick", "--peers", "erlang,go"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("Go left out: go is not installed"), "{}", stderr(&output));
    assert!(!stdout(&output).contains("Go"), "{}", stdout(&output));
    let output = run("ERLC", &["fib", "--quick"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("erlc is not installed"), "{}", stderr(&output));
    let output = run("RATAVM", &["fib", "--quick"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/no/such/tool is no file"), "{}", stderr(&output));
}

#[test]
fn help_and_list_give_code_0() {
    let stage = Stage::new("help", RATA);
    let help = stage.run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(stdout(&help).contains("Examples:") && stdout(&help).contains("Exit codes:"));
    let list = stage.run(&["--list"]);
    assert_eq!(list.status.code(), Some(0));
    assert!(stdout(&list).contains("nqueens"));
}

#[test]
fn without_rata_the_peers_are_measured_alone() {
    let stage = Stage::new("alone", "exit 9");
    let output = stage.run(&["fib", "--quick", "--no-rata"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("3.00 ms"));
}

#[test]
fn sources_without_peers_give_code_2() {
    let stage = Stage::new("sources", RATA);
    let empty = stage.dir.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let output = stage.run(&["fib", "--sources", empty.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("peers/"), "{}", stderr(&output));
}
