//! The standard library's own tests: every program of `stdlib/tests` must print `ok` and nothing else, as it
//! is, with a collection at every safepoint, and with one reduction per turn.

use std::path::{Path, PathBuf};
use std::process::Command;

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/tests");
    let entries = std::fs::read_dir(folder).expect("stdlib/tests is there");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("can be listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "rata"));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn run_all(stress: Option<&str>) {
    for path in programs() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ratavm"));
        command.arg("run").arg(&path).env_remove("RATA_STRESS");
        if let Some(stress) = stress {
            command.env("RATA_STRESS", stress);
        }
        let output = command.output().expect("ratavm can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let seen = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(seen, (Some(0), "ok\n".to_owned(), String::new()), "{}", path.display());
    }
}

#[test]
fn as_they_are() {
    run_all(None);
}

#[test]
fn collecting_at_every_safepoint() {
    run_all(Some("gc"));
}

#[test]
fn one_reduction_per_turn() {
    run_all(Some("preempt"));
}
