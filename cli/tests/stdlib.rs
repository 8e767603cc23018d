//! The standard library's own tests: every program of `stdlib/tests` must print `ok` and nothing else, and `ratac test` must find
//! nothing wrong there; as it is, with a collection at every safepoint, and with one reduction per turn.

use rata_bytecode::library::Modules;
use std::path::{Path, PathBuf};
use std::process::Command;

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/tests");
    let entries = std::fs::read_dir(folder).expect("stdlib/tests is there");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("can be listed").path()).collect();
    let is_program = |name: &str| name.ends_with(".rata") && !name.ends_with("_test.rata");
    paths.retain(|path| path.file_name().is_some_and(|name| is_program(&name.to_string_lossy())));
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

fn run_tests(stress: Option<&str>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ratac"));
    command.current_dir(folder).args(["test", "tests", "--built-in"]).env_remove("RATA_STRESS");
    if let Some(stress) = stress {
        command.args(["--timeout", "600"]).env("RATA_STRESS", stress);
    }
    let output = command.output().expect("ratac can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
}

#[test]
fn as_they_are() {
    run_all(None);
    run_tests(None);
}

#[test]
fn collecting_at_every_safepoint() {
    run_all(Some("gc"));
    run_tests(Some("gc"));
}

#[test]
fn one_reduction_per_turn() {
    run_all(Some("preempt"));
    run_tests(Some("preempt"));
}

/// Runs a program from a file of its own, with so many schedulers; gives its output.
fn run_text(name: &str, text: &str, schedulers: usize) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ratavm"));
    command.args(["run", "--schedulers", &schedulers.to_string()]).arg(&path);
    let output = command.output().expect("ratavm can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{name}");
    text(&output.stdout)
}

#[test]
fn every_module_links_when_several_processes_ask_for_it_at_once() {
    let names = rata_stdlib::LIBRARY.names();
    assert!(names.contains(&"Enum"));
    let counts: Vec<String> =
        names.iter().map(|name| format!("Vector.length(Module.functions({name}))")).collect();
    let text = format!(
        "count = fn -> [{}] end\n\
         tasks = Enum.map(1..8, fn _ -> Task.async(count) end)\n\
         all = Enum.map(tasks, fn task -> Task.await(task) end)\n\
         assert Enum.all?(all, fn counts -> counts == all[1] end)\n\
         IO.puts(Enum.all?(all[1], fn n -> n > 0 end))\n",
        counts.join(", ")
    );
    for round in 0..10 {
        assert_eq!(run_text("every_module.rata", &text, 1 + round % 4), "true\n");
    }
}

#[test]
fn modules_are_meant_by_aliases_and_behaviours_too() {
    let text = "library Task as T\n\
                module Echo { use GenServer; init = function(n) { {:ok, n} } }\n\
                {:ok, sup} = T.Supervisor.start_link()\n\
                {:ok, pid} = GenServer.start_link(Echo, 5)\n\
                IO.puts(T.await(T.Supervisor.async(sup, fn -> 6 end)))\n\
                IO.puts(Process.alive?(pid))\n";
    assert_eq!(run_text("meant.rata", text, 2), "6\ntrue\n");
}
