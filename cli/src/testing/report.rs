//! What people see of a run: the runner's tellings in, text out.
//!
//! The runner asks which modules are to run (`body`), which tests are wanted (`found`) and whether to stop (`enough`), and tells what begins
//! (`begin`) and is over (`over`), each result (`done`), what a test has printed after that (`printed`) and the end (`end`); processes that are no
//! test's tell what they are about to print (`says`). A failure is shown when it happens, numbered; the counts at the end.

use super::discover::Project;
use super::docs::real_path;
use super::select::{Selection, text_of, title_line};
use super::show::{
    Done, GREEN, RED, Show, Status, YELLOW, json_line, json_string, number, push_log, shown_time,
};
use super::{Format, TestArgs, has_colours};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

/// How the run of a program ended.
pub(super) enum Outcome {
    /// With this exit code, which only matters if the runner did not come to its end.
    Exited(i32),
    /// With the exit code that its example announces.
    ExitedAsWanted,
}

/// See the module's description.
pub(super) struct Reporter {
    selection: Selection,
    format: Format,
    verbose: bool,
    list: bool,
    show_logs: bool,
    most_failures: usize,
    slowest: usize,
    show: Show,
    passed: usize,
    failed: usize,
    skipped: usize,
    todo: usize,
    left_out: usize,
    /// Asked for, but the run was over before.
    not_run: usize,
    /// Programs that have not begun when enough had failed.
    programs_left: usize,
    times: Vec<(Duration, String)>,
    /// What `--list` is to show: file, line and name.
    listed: BTreeSet<(String, usize, String)>,
    /// The modules that are nothing but statements, by file and line.
    statements: BTreeSet<(String, usize)>,
    /// Dots in the line under way.
    column: usize,
    /// What a process has printed last ends within a line.
    cut_off: bool,
    /// The names of the tests of the program under way that are asked for and have no result.
    expected: Vec<String>,
    /// The names of what runs: a sudden end is to be blamed on that.
    running: Vec<String>,
    /// The runner has come to the end of its program.
    ended: bool,
}

/// How many dots stand in a line.
const DOTS: usize = 80;

/// Removes a name once, if it is there.
fn remove(names: &mut Vec<String>, name: &str) {
    if let Some(at) = names.iter().position(|n| n == name) {
        names.swap_remove(at);
    }
}

impl Reporter {
    pub(super) fn new(args: &TestArgs, seed: u32, project: &Project) -> Reporter {
        Reporter {
            selection: Selection::new(&args.filter, &args.exclude),
            format: args.format,
            verbose: args.verbose || args.no_capture,
            list: args.list,
            show_logs: args.show_logs,
            most_failures: args.max_failures.map_or(usize::MAX, |n| n as usize),
            slowest: args.slowest.unwrap_or(0),
            show: Show {
                texts: project.texts(),
                seed,
                timeout: args.timeout,
                colours: has_colours() && args.format == Format::Text,
            },
            passed: 0,
            failed: 0,
            skipped: 0,
            todo: 0,
            left_out: 0,
            not_run: 0,
            programs_left: 0,
            times: Vec::new(),
            listed: BTreeSet::new(),
            statements: project.statements(),
            column: 0,
            cut_off: false,
            expected: Vec::new(),
            running: Vec::new(),
            ended: false,
        }
    }

    /// A program begins to run.
    pub(super) fn begin(&mut self) {
        self.ended = false;
    }

    /// So many programs are not run, as enough has failed.
    pub(super) fn leave(&mut self, programs: usize) {
        self.programs_left = programs;
    }

    /// Whether there was no test at all, not even one that is left out.
    pub(super) fn found_nothing(&self) -> bool {
        self.all() + self.left_out + self.listed.len() == 0
    }

    fn all(&self) -> usize {
        self.passed + self.failed + self.skipped + self.todo + self.not_run
    }

    pub(super) fn has_enough(&self) -> bool {
        self.failed >= self.most_failures
    }

    /// What the runner tells; the answer to a question, or text to print.
    pub(super) fn hear(&mut self, what: &str, fields: &[&str]) -> String {
        match (what, fields) {
            ("body", [file, line, title]) => {
                let line = line.parse().unwrap_or(0);
                match self.statements.contains(&((*file).to_owned(), line)) {
                    true => self.found(file, line, title),
                    false => String::new(),
                }
            }
            ("found", [file, line, name]) => self.found(file, line.parse().unwrap_or(0), name),
            ("begin", [name]) => {
                self.running.push((*name).to_owned());
                String::new()
            }
            ("over", [name]) => {
                remove(&mut self.running, name);
                String::new()
            }
            ("says", [text]) => self.make_way(text),
            ("printed", [name, log]) => self.printed(name, log.trim_end()),
            ("enough", _) => (if self.has_enough() { "yes" } else { "no" }).to_owned(),
            ("done", [status, file, line, name, time, message, trace, diff, log]) => {
                let status = match *status {
                    "passed" => Status::Passed,
                    "late" => Status::Late,
                    "skipped" => Status::Skipped,
                    "todo" => Status::Todo,
                    _ => Status::Failed,
                };
                let time = time.parse().ok().map(Duration::from_micros);
                let line = line.parse().unwrap_or(0);
                let (message, log) = (message.trim_end(), log.trim_end());
                self.done(&Done { status, file, line, name, time, message, trace, diff, log })
            }
            ("end", _) => {
                self.ended = true;
                String::new()
            }
            _ => String::new(),
        }
    }

    /// "yes" if the test is to run.
    fn found(&mut self, file: &str, line: usize, name: &str) -> String {
        let path = real_path(file);
        // What belongs to no file is told in any case.
        if !file.is_empty()
            && !self.selection.takes(path, line, name, text_of(&self.show.texts, path))
        {
            self.left_out += 1;
            return "no".to_owned();
        }
        if self.list {
            let line = title_line(text_of(&self.show.texts, path), name, line);
            self.listed.insert((path.to_owned(), line, name.to_owned()));
            return "no".to_owned();
        }
        self.expected.push(name.to_owned());
        "yes".to_owned()
    }

    fn done(&mut self, done: &Done<'_>) -> String {
        if self.has_enough() {
            return String::new();
        }
        remove(&mut self.expected, done.name);
        match done.status {
            Status::Passed => self.passed += 1,
            Status::Failed | Status::Late => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Todo => self.todo += 1,
        }
        self.times.extend(done.time.map(|time| (time, done.name.to_owned())));
        let mut text = String::from(if std::mem::take(&mut self.cut_off) { "\n" } else { "" });
        if self.format == Format::Json {
            return text + &self.show.json(done);
        }
        text += &if self.verbose { self.line(done) } else { self.dot(done.status) };
        let is_failure = matches!(done.status, Status::Failed | Status::Late);
        if is_failure {
            self.end_line(&mut text);
            self.show.failure(self.failed, done, &mut text);
        } else if self.show_logs && !done.log.is_empty() {
            text += &self.printed(done.name, done.log);
        }
        text
    }

    /// What has been printed in its name, on lines of its own.
    fn printed(&mut self, name: &str, log: &str) -> String {
        let mut text = String::new();
        if !log.is_empty() && self.format == Format::Text {
            self.end_line(&mut text);
            let _ = writeln!(text, "  {name}");
            push_log(&mut text, log);
        }
        text
    }

    /// What is to stand before a text that some process prints.
    fn make_way(&mut self, what: &str) -> String {
        let mut text = String::new();
        if !what.is_empty() {
            self.end_line(&mut text);
            self.cut_off = !what.ends_with('\n');
        }
        text
    }

    fn dot(&mut self, status: Status) -> String {
        let mut text = match status {
            Status::Passed => self.show.paint(GREEN, "."),
            Status::Failed | Status::Late => self.show.paint(RED, "F"),
            Status::Skipped => self.show.paint(YELLOW, "s"),
            Status::Todo => self.show.paint(YELLOW, "t"),
        };
        self.column += 1;
        if self.column == DOTS {
            self.end_line(&mut text);
        }
        text
    }

    fn line(&self, done: &Done<'_>) -> String {
        let colour = match done.status {
            Status::Passed => GREEN,
            Status::Failed | Status::Late => RED,
            Status::Skipped | Status::Todo => YELLOW,
        };
        let why = if done.status == Status::Skipped { done.message } else { "" };
        let colon = if why.is_empty() { "" } else { ": " };
        let word = self.show.paint(colour, done.status.word());
        let time = done.time.map_or(String::new(), |time| format!(" ({})", shown_time(time)));
        format!("{word} {}{time}{colon}{why}\n", done.name)
    }

    fn end_line(&mut self, text: &mut String) {
        if self.column > 0 {
            text.push('\n');
            self.column = 0;
        }
    }

    /// The program has come to its end.
    pub(super) fn ended(&mut self, outcome: Outcome) -> String {
        let mut expected = std::mem::take(&mut self.expected);
        let running = std::mem::take(&mut self.running);
        let code = match outcome {
            _ if self.ended || self.has_enough() => {
                self.not_run += expected.len();
                return String::new();
            }
            Outcome::ExitedAsWanted => {
                self.passed += expected.len();
                return if self.format == Format::Text {
                    self.dot(Status::Passed)
                } else {
                    String::new()
                };
            }
            Outcome::Exited(code) => code,
        };
        // All that ran have failed: nobody knows which of them it was.
        running.iter().for_each(|name| remove(&mut expected, name));
        self.not_run += expected.len();
        let (names, these) = match &running[..] {
            [] => ("a test".to_owned(), "this test was"),
            [name] => (name.clone(), "this test was"),
            several => (several.join(", "), "these tests were"),
        };
        let message = format!("the program was ended with exit code {code} before {these} over");
        let text = self.hear("done", &["failed", "", "", &names, "", &message, "", "", ""]);
        self.failed += running.len().saturating_sub(1);
        text
    }

    /// A public function lacks an example.
    pub(super) fn undocumented(&mut self, place: &str, what: &str) {
        self.failed += 1;
        super::print(&format!("{place}: {what}\n"));
    }

    /// An example that cannot be compiled.
    pub(super) fn bad_example(&mut self, file: &str, line: usize, name: &str, message: &str) {
        if self.found(file, line, name) != "yes" {
            return;
        }
        if self.has_enough() {
            self.not_run += 1;
        } else {
            let line = line.to_string();
            let text = self.hear("done", &["failed", file, &line, name, "", message, "", "", ""]);
            super::print(&text);
        }
    }

    /// The last lines, and the exit code.
    pub(super) fn summary(&mut self, time: Duration) -> (String, i32) {
        if self.list {
            return (self.list(), 0);
        }
        let all = self.all();
        let code = if self.failed > 0 { 1 } else { 0 };
        let code = if all == 0 { 2 } else { code };
        if self.format == Format::Json {
            return (self.json_summary(time), code);
        }
        let mut text = String::from(if self.cut_off { "\n" } else { "" });
        self.end_line(&mut text);
        if self.slowest > 0 && !self.times.is_empty() {
            text.push_str("\nslowest:\n");
            self.times.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            for (time, name) in self.times.iter().take(self.slowest) {
                let _ = writeln!(text, "  {:>9}  {name}", shown_time(*time));
            }
        }
        if all == 0 {
            text.push_str("no test was asked for");
        } else {
            let s = if all == 1 { "" } else { "s" };
            let _ = write!(text, "\n{all} test{s}: {}", self.counts());
        }
        text += &self.missing();
        let _ = writeln!(text, " in {}, seed {}", shown_time(time), self.show.seed);
        (text, code)
    }

    /// Why there are not more.
    fn missing(&self) -> String {
        let mut why = Vec::new();
        if self.has_enough() && self.not_run + self.programs_left > 0 {
            let s = if self.failed == 1 { "" } else { "s" };
            why.push(format!("stopped after {} failure{s}", self.failed));
        }
        if self.programs_left > 0 {
            why.push(format!("{} further programs not begun", self.programs_left));
        }
        if self.left_out > 0 {
            why.push(format!("{} left out", self.left_out));
        }
        if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) }
    }

    fn list(&self) -> String {
        let line = |(file, line, name): &(String, usize, String)| match self.format {
            Format::Text => format!("{file}:{line}: {name}\n"),
            Format::Json => json_line(&[
                ("file", json_string(file)),
                ("line", number(*line)),
                ("name", json_string(name)),
            ]),
        };
        self.listed.iter().map(line).collect()
    }

    fn json_summary(&self, time: Duration) -> String {
        json_line(&[
            ("passed", Some(self.passed.to_string())),
            ("failed", Some(self.failed.to_string())),
            ("skipped", Some(self.skipped.to_string())),
            ("todo", Some(self.todo.to_string())),
            ("not_run", Some(self.not_run.to_string())),
            ("seconds", Some(format!("{:.3}", time.as_secs_f64()))),
            ("seed", Some(self.show.seed.to_string())),
        ])
    }

    fn counts(&self) -> String {
        let counts = [
            (self.passed, "passed", GREEN),
            (self.failed, "failed", RED),
            (self.skipped, "skipped", YELLOW),
            (self.todo, "todo", YELLOW),
            (self.not_run, "not run", YELLOW),
        ];
        let shown = counts.iter().filter(|c| c.0 > 0);
        let shown: Vec<String> =
            shown.map(|(n, w, c)| self.show.paint(c, &format!("{n} {w}"))).collect();
        shown.join(", ")
    }
}
