//! From a group of files to a run of their tests: compiles, starts the VM with the runner, hands what that tells to the
//! reporter.

use super::coverage::Lines;
use super::discover::{Group, Project};
use super::docs::{self, Examples};
use super::report::{Outcome, Reporter};
use super::select::EXAMPLE;
use super::{TestArgs, lock};
use crate::{Failure, cannot_read, shown_style};
use rata_bytecode::module::{ModuleKind, Package};
use rata_compiler::diagnostics::{Diagnostic, Severity, Style};
use rata_compiler::pipeline::{Compiled, Request, compile};
use rata_compiler::source_map::SourceMap;
use rata_compiler::span::FileId;
use rata_runtime::coverage::Coverage;
use rata_runtime::node::Options;
use rata_runtime::program::{Launch, Tests};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;

/// Tests ready to run.
pub(super) struct Program {
    package: Package,
    /// What is loaded before them: modules, and files that others import.
    before: Vec<String>,
    /// The files with tests.
    scripts: Vec<String>,
    exits: Option<i32>,
    /// The lines that are counted, by the compiler's numbers, and what they are of.
    covered: BTreeSet<u64>,
    sources: SourceMap,
}

/// Compiles all tests. Examples that cannot be compiled are set aside (`Project::bad`) so that the others can run.
pub(super) fn compile_all(project: &mut Project) -> Result<Vec<Program>, Failure> {
    let compiled = compile_groups(project)?;
    let bad: BTreeSet<String> = compiled.iter().flat_map(|(_, c)| bad_files(c)).collect();
    if !bad.is_empty() && bad.iter().all(|path| project.examples.contains_key(path)) {
        set_aside(project, &bad)?;
        return finish(project, compile_groups(project)?);
    }
    finish(project, compiled)
}

/// The files with errors.
fn bad_files(compiled: &Compiled) -> impl Iterator<Item = String> {
    let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.filter_map(|d| compiled.sources.get(d.file).map(|file| file.path.clone()))
}

fn compile_groups(project: &Project) -> Result<Vec<(Group, Compiled)>, Failure> {
    project.groups().into_iter().map(|g| Ok((g.clone(), compile_group(project, &g)?))).collect()
}

fn compile_group(project: &Project, group: &Group) -> Result<Compiled, Failure> {
    let request = Request {
        files: group.files.iter().cloned().collect(),
        sources: project,
        known: vec![&rata_stdlib::LIBRARY],
        is_stdlib: false,
        emit: None,
    };
    let mut compiled = compile(&request).map_err(|e| cannot_read(&e.path, &e.error))?;
    if !compiled.failed() {
        // Examples show what they show: a variable that is not used is no fault.
        let sources = &compiled.sources;
        let is_example = |path: &str| docs::real_path(path) != path;
        compiled.diagnostics.retain(|d| sources.get(d.file).is_none_or(|f| !is_example(&f.path)));
    }
    Ok(compiled)
}

/// Finds the examples in these files that do not compile.
fn set_aside(project: &mut Project, bad: &BTreeSet<String>) -> Result<(), Failure> {
    for path in bad {
        let parts = project.examples[path].split();
        project.replace_examples(path, parts.clone())?;
        for part in parts {
            let mut compiled = compile_group(project, &project.group_of(&part.path))?;
            if compiled.failed() {
                compiled.diagnostics.retain(|d| d.severity == Severity::Error);
                let (line, of) = part.first();
                let message =
                    docs::places::told(&compiled, |path| project.text(path), Style::Plain);
                let name = format!("{of}{EXAMPLE}");
                project.bad.push((part.of.clone(), line, name, message));
                keep_what_compiles(project, &part, &lines_of(&compiled))?;
            }
        }
    }
    Ok(())
}

/// The lines with errors.
fn lines_of(compiled: &Compiled) -> BTreeSet<usize> {
    let line = |d: &Diagnostic| compiled.sources.get(d.file).map(|f| f.line_of(d.span.start));
    compiled.diagnostics.iter().filter_map(line).map(|line| line as usize).collect()
}

/// Of examples that do not compile: those that do without the statements on the lines that are to blame.
fn keep_what_compiles(
    project: &mut Project,
    part: &Examples,
    lines: &BTreeSet<usize>,
) -> Result<(), Failure> {
    project.replace_examples(&part.path, part.without(lines).into_iter().collect())?;
    if project.examples.contains_key(&part.path)
        && compile_group(project, &project.group_of(&part.path))?.failed()
    {
        project.replace_examples(&part.path, Vec::new())?;
    }
    Ok(())
}

fn finish(project: &Project, compiled: Vec<(Group, Compiled)>) -> Result<Vec<Program>, Failure> {
    let mut programs = Vec::new();
    let mut failed = false;
    for (group, compiled) in compiled {
        if !compiled.diagnostics.is_empty() {
            let text = docs::places::told(&compiled, |path| project.text(path), shown_style());
            let _ = io::stderr().write_all(text.as_bytes());
        }
        failed |= compiled.failed();
        let Some(package) = compiled.package else { continue };
        let imported = project.imported(&group);
        let is_first = |name: &String, kind| match kind {
            ModuleKind::Named => true,
            _ => imported.contains(name) && !group.tested.contains(name),
        };
        let modules = package.modules.iter();
        let before = modules.filter(|m| is_first(&m.name, m.kind)).map(|m| m.name.clone());
        let there: BTreeSet<&String> = package.modules.iter().map(|m| &m.name).collect();
        let scripts = group.tested.iter().filter(|path| there.contains(path)).cloned();
        let (before, scripts) = (before.collect(), scripts.collect());
        programs.push(Program {
            package,
            before,
            scripts,
            exits: group.exits,
            covered: compiled.covered,
            sources: compiled.sources,
        });
    }
    if failed { Err(Failure { message: String::new(), code: 2 }) } else { Ok(programs) }
}

/// Runs the tests of a program; the reporter knows the results then.
pub(super) fn run(
    program: &Program,
    args: &TestArgs,
    seed: u32,
    reporter: &Arc<Mutex<Reporter>>,
    lines: &mut Lines,
) -> Result<(), Failure> {
    lock(reporter).begin();
    let launch = Launch::new(options(args)?);
    let hears = Arc::clone(reporter);
    let listener = Box::new(move |what: &str, fields: &[&str]| lock(&hears).hear(what, fields));
    let counts = program.sources.iter().map(|(_, file)| file.line_count());
    let coverage = args.coverage.then(|| Arc::new(Coverage::new(counts)));
    let plan = plan(program, args, seed);
    let tests = Tests { plan: &plan, listener, coverage: coverage.clone() };
    let code = launch
        .run_tests(&rata_stdlib::LIBRARY, &program.package, tests)
        .map_err(|e| Failure::before_running(e.to_string()))?;
    if let Some(coverage) = coverage {
        for &number in &program.covered {
            let (file, line) = (FileId((number >> 24) as u32), number as u32 & 0xff_ffff);
            if let Some(file) = program.sources.get(file) {
                lines.add(&file.path, line, coverage.has_run(number));
            }
        }
    }
    let outcome = match program.exits {
        Some(wanted) if wanted == code => Outcome::ExitedAsWanted,
        _ => Outcome::Exited(code),
    };
    let text = lock(reporter).ended(outcome);
    super::print(&text);
    Ok(())
}

/// How the VM is started for tests: with a seed that was asked for, so that all happens in the same order again.
fn options(args: &TestArgs) -> Result<Options, Failure> {
    let mut options = Options { seed: args.seed.map(u64::from), ..Options::default() };
    crate::environment(&mut options)?;
    Ok(options)
}

/// What the runner is told (`stdlib/tests_runner.rata`).
fn plan(program: &Program, args: &TestArgs, seed: u32) -> Vec<String> {
    let cores = thread::available_parallelism().map_or(1, usize::from) as u32;
    let mut words = vec![
        format!("seed={seed}"),
        format!("jobs={}", args.jobs.unwrap_or(4 * cores)),
        format!("timeout={}", args.timeout.as_millis().max(1)),
        format!("capture={}", !args.no_capture),
    ];
    words.extend(program.before.iter().map(|name| format!("module={name}")));
    words.extend(program.scripts.iter().map(|path| format!("script={path}")));
    words
}
