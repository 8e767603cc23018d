//! The examples in docstrings, run as tests: in come the sources of the standard library, out comes
//! a report that names file and line of every example that does not give what it says, and of every
//! public function without an example.
//!
//! An example is an indented block in a docstring. A statement that ends in a comment is checked: its
//! value as `inspect` shows it must be the comment's text, or the comment says `raises :type` or
//! `exits 3`. Other statements prepare the ones after them. Each block is run in a process of its own;
//! the modules that blocks define are seen by all examples of the file.

pub mod program;
pub mod source;

use crate::example::{Example, Mode, Place, SourceFile};
use crate::process::Finished;
use crate::run;
use crate::tools::Tools;
use program::Program;
use source::{Block, Source};
use std::path::Path;

/// Modules that no program calls: the working parts of others. Their functions need no examples.
const INTERNAL: &[&str] = &[
    "Agent.Server",
    "Application.Defaults",
    "Application.Server",
    "Cache.Pattern",
    "DynamicSupervisor.Defaults",
    "DynamicSupervisor.Server",
    "GenServer.Defaults",
    "GenServer.Loop",
    "GenServer.Report",
    "PartitionSupervisor.Server",
    "Registry.Server",
    "Stream.Stage",
    "Supervisor.Defaults",
    "Supervisor.Server",
    "Supervisor.Spec",
    "Supervisor.Stopping",
    "Task.Stream",
];

/// Everything that is wrong with the docstrings of one file; the number of examples checked if nothing
/// is.
pub fn check_file(tools: &Tools, file: &Path) -> Result<usize, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}\n", file.display()))?;
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let source = Source::parse(&text);
    let mut wrong = undocumented(&name, &source);
    let blocks: Vec<Block> = source.blocks();
    let (alone, together): (Vec<&Block>, Vec<&Block>) =
        blocks.iter().partition(|block| block.exits().is_some());
    let mut checked = check(tools, file, &together, &source, &mut wrong)?;
    for block in alone {
        checked += check(tools, file, &[block], &source, &mut wrong)?;
    }
    if wrong.is_empty() { Ok(checked) } else { Err(wrong.concat()) }
}

/// The public functions that lack a docstring or an example in it.
fn undocumented(name: &str, source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for module in source.modules.iter().filter(|m| !INTERNAL.contains(&m.name.as_str())) {
        for function in module.public_functions() {
            let what = match (function.documented, function.checked) {
                (false, _) => "has no docstring",
                (true, false) => "has no example in its docstring",
                (true, true) => continue,
            };
            wrong.push(format!(
                "{name}:{}: {}.{} {what}\n",
                function.line, module.name, function.name
            ));
        }
    }
    wrong
}

/// Runs blocks as one program; where that does not compile, each alone, to tell which is to blame.
fn check(
    tools: &Tools,
    file: &Path,
    blocks: &[&Block],
    source: &Source,
    wrong: &mut Vec<String>,
) -> Result<usize, String> {
    if blocks.is_empty() {
        return Ok(0);
    }
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let program = Program::new(blocks, &source.definitions());
    let done = run_program(tools, file, &program)?;
    if done.code == Some(2) {
        if let [block] = blocks {
            let line = block.line;
            wrong.push(format!("{name}:{line}: does not compile\n{}\n", indented(&done.stderr)));
            return Ok(0);
        }
        return blocks.iter().map(|block| check(tools, file, &[*block], source, wrong)).sum();
    }
    let exit = blocks.first().and_then(|block| block.exits()).unwrap_or(0);
    let found = program.compare(&done.stdout);
    if done.code != Some(exit) {
        let (end, stderr) = (done.ending(), indented(&done.stderr));
        wrong.push(format!("{name}: {end}, expected exit code {exit}\n{stderr}\n"));
    }
    wrong.extend(found.iter().map(|(line, what)| format!("{name}:{line}: {what}\n")));
    Ok(program.checks())
}

fn run_program(tools: &Tools, file: &Path, program: &Program) -> Result<Finished, String> {
    let place = Place { file: file.to_path_buf(), line: 1 };
    let main = SourceFile { path: "docs.rata".into(), text: program.text.clone() };
    run::output(tools, &Example::new(place, vec![main]), Mode::Source)
}

fn indented(text: &str) -> String {
    text.lines().take(20).map(|line| format!("    | {line}\n")).collect()
}
