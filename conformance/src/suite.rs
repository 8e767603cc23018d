//! Runs many examples: in come the chapters and programs that `RATA_CONFORMANCE` selects and a
//! mode, out comes a report of everything that failed.

use crate::example::{Example, Mode};
use crate::run::{self, Failure};
use crate::tools::Tools;
use crate::{bless, chapter, conformance_dir, program};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A selection, from `RATA_CONFORMANCE`: part of a file name, perhaps with `:line`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    part: String,
    line: Option<usize>,
}

impl Filter {
    /// Reads a selection.
    pub fn parse(text: &str) -> Filter {
        match text.rsplit_once(':').and_then(|(part, line)| Some((part, line.parse().ok()?))) {
            Some((part, line)) => Filter { part: part.to_string(), line: Some(line) },
            None => Filter { part: text.to_string(), line: None },
        }
    }

    /// The selection of this run.
    pub fn from_env() -> Filter {
        Filter::parse(&std::env::var("RATA_CONFORMANCE").unwrap_or_default())
    }

    /// Whether the example is selected.
    pub fn takes(&self, example: &Example) -> bool {
        example.place.name().contains(&self.part)
            && self.line.is_none_or(|line| example.place.line == line)
    }
}

/// The files of `folder` that end in `extension`, in order.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = folder.read_dir().map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .filter(|path| path.file_name().is_some_and(|n| n != "README.md"))
        .collect();
    files.sort();
    Ok(files)
}

/// Every example of every chapter.
pub fn chapters() -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for file in files(&conformance_dir(), "md")? {
        let text =
            std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        examples.extend(chapter::parse(&file, &text)?);
    }
    Ok(examples)
}

/// Every program.
pub fn programs() -> Result<Vec<Example>, String> {
    let files = files(&conformance_dir().join("programs"), "rata")?;
    files.iter().map(|file| program::load(file)).collect()
}

/// Runs the examples that `filter` takes in `mode`; a report of the failures if there are any.
pub fn run_all(
    tools: &Tools,
    examples: &[Example],
    mode: Mode,
    filter: &Filter,
) -> Result<usize, String> {
    let chosen: Vec<&Example> =
        examples.iter().filter(|e| filter.takes(e) && e.runs_in(mode)).collect();
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<(usize, Failure)>> = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(example) = chosen.get(index) else { break };
            if let Err(failure) = run::run(tools, example, mode) {
                failures.lock().unwrap_or_else(PoisonError::into_inner).push((index, failure));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, |n| n.get()) {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() {
        return Ok(chosen.len());
    }
    failures.sort_by_key(|(index, _)| *index);
    let mut report = String::from("\n");
    for (_, failure) in &failures {
        report.push_str(&failure.to_string());
    }
    let (failed, all) = (failures.len(), chosen.len());
    report.push_str(&format!("{failed} of {all} examples failed in mode {mode}\n"));
    if let Some(note) = conformance_dir().parent().and_then(|root| tools.staleness(root)) {
        report.push_str(&note);
    }
    Err(report)
}

/// Blesses the compile errors of all chapters that `filter` takes; gives the chapters changed.
pub fn bless_all(tools: &Tools, filter: &Filter) -> Result<Vec<PathBuf>, String> {
    let mut changed = Vec::new();
    for file in files(&conformance_dir(), "md")? {
        if bless_chapter(tools, &file, filter)? {
            changed.push(file);
        }
    }
    Ok(changed)
}

/// Blesses the compile errors of one chapter; says whether its file changed. An example that is
/// not rejected as it should be stays as it is.
pub fn bless_chapter(tools: &Tools, file: &Path, filter: &Filter) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut rendered = Vec::new();
    for example in chapter::parse(file, &text)? {
        let mut error = None;
        if example.expect.is_compile_error() && filter.takes(&example) {
            match run::rendered_error(tools, &example) {
                Ok(text) => error = Some(text),
                Err(what) => eprintln!("{} is not blessed: {what}", example.place),
            }
        }
        rendered.push((example, error));
    }
    let new = bless::rewrite(&text, &rendered);
    if new != text {
        std::fs::write(file, &new).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(new != text)
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::example::{Example, Place};

    #[test]
    fn a_filter_takes_names_and_lines() {
        let place = Place { file: "a/07-patterns.md".into(), line: 12 };
        let example = Example::new(place, Vec::new());
        for (text, takes) in [
            ("", true),
            ("patterns", true),
            ("07-patterns.md:12", true),
            ("pat:13", false),
            ("x", false),
        ] {
            assert_eq!(Filter::parse(text).takes(&example), takes, "{text}");
        }
    }
}
