//! Runs one example in one mode: in come the tools, the example and the mode, out comes nothing
//! or a failure that shows expected and actual.

use crate::diff;
use crate::example::{Example, Mode};
use crate::matching;
use crate::process::{self, Finished};
use crate::tools::Tools;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An example that did not behave.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Chapter (or program) and line.
    pub place: String,
    /// The mode it was run in.
    pub mode: Mode,
    /// What differed.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- {} [{}]", self.place, self.mode)?;
        for line in self.what.lines() {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Runs `example` in `mode`.
pub fn run(tools: &Tools, example: &Example, mode: Mode) -> Result<(), Failure> {
    let fail = |what: String| Failure { place: example.place.to_string(), mode, what };
    let folder = Folder::with(example).map_err(&fail)?;
    let run = Run { tools, example, mode, folder: folder.path() };
    if example.expect.is_compile_error() { run.rejected() } else { run.accepted() }.map_err(fail)
}

/// The standard error of `ratac check` for an example that must not compile, if it was rejected
/// as it should be (exact text aside).
pub fn rendered_error(tools: &Tools, example: &Example) -> Result<String, String> {
    let folder = Folder::with(example)?;
    let run = Run { tools, example, mode: Mode::Source, folder: folder.path() };
    let done = run.ratac(&["check", example.main()])?;
    run.check_rejection("ratac check", &done, false)?;
    Ok(done.stderr)
}

/// What came of running an example in `mode`, whatever it was meant to do.
pub fn output(tools: &Tools, example: &Example, mode: Mode) -> Result<Finished, String> {
    let folder = Folder::with(example)?;
    Run { tools, example, mode, folder: folder.path() }.ratavm(example.main())
}

struct Run<'a> {
    tools: &'a Tools,
    example: &'a Example,
    mode: Mode,
    folder: &'a Path,
}

impl Run<'_> {
    fn ratac(&self, args: &[&str]) -> Result<Finished, String> {
        let mut command = self.command(&self.tools.ratac);
        command.args(args);
        process::run(command, "", self.example.timeout)
    }

    fn ratavm(&self, file: &str) -> Result<Finished, String> {
        let mut command = self.command(&self.tools.ratavm);
        command.arg("run");
        let has_seed = self.example.flags.iter().any(|flag| flag == "--seed");
        if let (Mode::Seed(seed), false) = (self.mode, has_seed) {
            command.args(["--seed", &seed.to_string()]);
        }
        command.args(&self.example.flags).arg(file).args(&self.example.args);
        command.envs(self.example.env.iter().map(|(n, v)| (n, v)));
        command.env("RATA_JIT", self.mode.jit());
        if let Some(stress) = self.mode.stress() {
            command.env("RATA_STRESS", stress);
        }
        if let Some(size) = self.example.size_in(self.mode) {
            command.env("RATA_SIZE", size.to_string());
        }
        process::run(command, &self.example.stdin, self.example.timeout_in(self.mode))
    }

    /// The caller's own `RATA_…` settings must not reach the program under test.
    fn command(&self, tool: &Path) -> Command {
        let mut command = Command::new(tool);
        command.current_dir(self.folder).env("NO_COLOR", "1");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RATA_") {
                command.env_remove(name);
            }
        }
        command
    }

    fn accepted(&self) -> Result<(), String> {
        let main = self.example.main();
        if self.mode != Mode::Compiled {
            if self.mode == Mode::Source && self.example.expect.warning.is_some() {
                let done = self.ratac(&["check", main])?;
                self.check_compilation("ratac check", &done)?;
            }
            let done = self.ratavm(main)?;
            self.check_run(&done, true)?;
            return self.same_again(main, &done);
        }
        let done = self.ratac(&["compile", main, "-o", "out.ratab"])?;
        self.check_compilation("ratac compile", &done)?;
        for file in self.example.files.iter().filter(|f| f.path.ends_with(".rata")) {
            std::fs::remove_file(self.folder.join(&file.path))
                .map_err(|e| format!("cannot delete {}: {e}", file.path))?;
        }
        let done = self.ratavm("out.ratab")?;
        self.check_run(&done, false)
    }

    /// The same seed brings the same run.
    fn same_again(&self, main: &str, first: &Finished) -> Result<(), String> {
        if !matches!(self.mode, Mode::Seed(_)) {
            return Ok(());
        }
        let again = self.ratavm(main)?;
        match (&again.stdout, &again.stderr) == (&first.stdout, &first.stderr) {
            true => Ok(()),
            false => Err(format!(
                "two runs with one seed differ:\n{}{}\n…\n{}{}",
                first.stdout, first.stderr, again.stdout, again.stderr
            )),
        }
    }

    fn rejected(&self) -> Result<(), String> {
        let main = self.example.main();
        if self.mode == Mode::Compiled {
            let done = self.ratac(&["compile", main, "-o", "out.ratab"])?;
            self.check_rejection("ratac compile", &done, true)?;
            if self.folder.join("out.ratab").exists() {
                return Err("ratac compile wrote a file in spite of the error".into());
            }
            return Ok(());
        }
        let done = self.ratac(&["check", main])?;
        self.check_rejection("ratac check", &done, true)?;
        let done = self.ratavm(main)?;
        self.check_rejection("ratavm run", &done, true)
    }

    fn check_compilation(&self, what: &str, done: &Finished) -> Result<(), String> {
        if done.code != Some(0) {
            return Err(format!("{what}: {}\n{}", done.ending(), quote("stderr", &done.stderr)));
        }
        match &self.example.expect.warning {
            Some(block) => matching::contains_all(&block.text, &done.stderr).map_err(|line| {
                let stderr = quote("stderr", &done.stderr);
                format!("{what}: the warning lacks `{line}`\n{stderr}")
            }),
            None if done.stderr.is_empty() => Ok(()),
            None => Err(format!("{what} warns:\n{}", quote("stderr", &done.stderr))),
        }
    }

    /// `exact`: the text of an `error` block counts too.
    fn check_rejection(&self, what: &str, done: &Finished, exact: bool) -> Result<(), String> {
        let expect = &self.example.expect;
        let wanted = self.example.exit_code();
        if done.code != Some(wanted) {
            let stderr = quote("stderr", &done.stderr);
            let ending = done.ending();
            return Err(format!("{what}: {ending}, expected exit code {wanted}\n{stderr}"));
        }
        if !done.stdout.is_empty() {
            return Err(format!("{what} prints:\n{}", quote("stdout", &done.stdout)));
        }
        if let Some(block) = &expect.error_contains {
            matching::contains_all(&block.text, &done.stderr).map_err(|line| {
                format!("{what}: the error lacks `{line}`\n{}", quote("stderr", &done.stderr))
            })?;
        }
        match &expect.error {
            Some(block) if exact && block.text != done.stderr => Err(format!(
                "{what}: another error text (- expected, + actual)\n{}",
                diff::lines(&block.text, &done.stderr)
            )),
            _ => Ok(()),
        }
    }

    /// `compiles`: the command compiled the program too, so that warnings may show.
    fn check_run(&self, done: &Finished, compiles: bool) -> Result<(), String> {
        let expect = &self.example.expect;
        let mut wrong = Vec::new();
        let wanted = self.example.exit_code();
        if done.code != Some(wanted) {
            wrong.push(format!("{}, expected exit code {wanted}", done.ending()));
        }
        let output = expect.output.as_ref().map_or("", |block| block.text.as_str());
        if output != done.stdout {
            wrong.push(format!(
                "stdout (- expected, + actual)\n{}",
                diff::lines(output, &done.stdout)
            ));
        }
        let lines = expect.crash.as_ref().or(expect.stderr.as_ref());
        let warned = compiles && expect.warning.is_some();
        match lines {
            Some(block) => {
                if let Err(line) = matching::in_order(&block.text, &done.stderr) {
                    wrong.push(format!("stderr lacks, in its place, the line `{line}`"));
                }
            }
            None if done.stderr.is_empty() || warned || self.example.noisy => {}
            None => wrong.push("stderr is not empty".into()),
        }
        if wrong.is_empty() {
            return Ok(());
        }
        if !done.stderr.is_empty() {
            wrong.push(quote("stderr", &done.stderr));
        }
        Err(wrong.join("\n"))
    }
}

const QUOTED_LINES: usize = 60;

fn quote(name: &str, text: &str) -> String {
    let mut out = format!("{name}:\n");
    for line in text.lines().take(QUOTED_LINES) {
        out.push_str(&format!("    | {line}\n"));
    }
    match text.lines().count().checked_sub(QUOTED_LINES) {
        Some(more) if more > 0 => out.push_str(&format!("      ({more} more lines)\n")),
        _ => {}
    }
    out
}

/// An example's folder, deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(example: &Example) -> Result<Folder, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rata-conformance-{}-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        for file in &example.files {
            let path = folder.0.join(&file.path);
            path.parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, &file.text))
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        }
        Ok(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be deleted is left to the system's own cleaning of the folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
