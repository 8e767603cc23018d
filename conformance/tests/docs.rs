//! The examples in the docstrings of the standard library, as tests: `ratac test` runs them. `RATA_CONFORMANCE=part`
//! selects files by part of their names.

use rata_conformance::process;
use rata_conformance::suite::files;
use rata_conformance::tools::Tools;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Modules that no program calls: the working parts of others. Their functions need no examples.
const INTERNAL: &[&str] = &[
    "Agent.Server",
    "Application.Defaults",
    "Application.Master",
    "Application.Server",
    "Cache.Pattern",
    "DynamicSupervisor.Defaults",
    "DynamicSupervisor.Server",
    "GenServer.Defaults",
    "GenServer.Loop",
    "GenServer.Report",
    "PartitionSupervisor.Server",
    "Registry.Server",
    "Stream.Helper",
    "Stream.Stage",
    "Supervisor.Defaults",
    "Supervisor.Server",
    "Supervisor.Spec",
    "Supervisor.Stopping",
    "Task.Function",
    "Task.Stream",
    "Tests.Check",
    "Tests.Docs",
    "Tests.Failure",
    "Tests.Jobs",
    "Tests.Property",
    "Tests.Runner",
    "Tests.Suite",
];

#[test]
fn every_public_function_has_examples_that_hold() {
    let stdlib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib");
    let part = std::env::var("RATA_CONFORMANCE").unwrap_or_default();
    let tools = Tools::find().unwrap_or_else(|e| panic!("{e}"));
    let files = files(&stdlib, "rata").unwrap_or_else(|e| panic!("{e}"));
    let names = files.iter().filter_map(|f| f.file_name());
    let chosen: Vec<_> = names.filter(|f| f.to_string_lossy().contains(&part)).collect();
    let mut command = Command::new(&tools.ratac);
    command.current_dir(&stdlib).args(["test", "--docs", "--built-in", "--require-examples"]);
    command.arg(INTERNAL.join(",")).args(chosen);
    let done =
        process::run(command, "", Duration::from_secs(120)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(done.code, Some(0), "\n{}\n{}", done.stdout, done.stderr);
}
