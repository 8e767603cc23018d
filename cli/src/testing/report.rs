//! What people see of a run: the runner's tellings in, text out.
//!
//! The runner asks which tests are wanted (`found`) and whether to stop (`enough`), and tells each result (`done`) and the end
//! (`end`). A failure is shown when it happens, numbered; the counts at the end.

use super::docs::real_path;
use super::select::{Selection, text_of, title_line};
use super::show::{Done, GREEN, RED, Show, Status, YELLOW, push_log, shown_time};
use super::{Format, TestArgs, has_colours};
use std::collections::HashMap;
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
    times: Vec<(Duration, String)>,
    /// Dots in the line under way.
    column: usize,
    /// The names of the program under way that have begun and not ended: what a sudden end is to be blamed on.
    expected: Vec<String>,
    /// The runner has come to the end of its program.
    ended: bool,
}

/// How many dots stand in a line.
const DOTS: usize = 80;
impl Reporter {
    pub(super) fn new(args: &TestArgs, seed: u32, texts: HashMap<String, String>) -> Reporter {
        Reporter {
            selection: Selection::new(&args.filter, &args.exclude),
            format: args.format,
            verbose: args.verbose || args.no_capture,
            list: args.list,
            show_logs: args.show_logs,
            most_failures: args.max_failures.map_or(usize::MAX, |n| n as usize),
            slowest: args.slowest.unwrap_or(0),
            show: Show {
                texts,
                seed,
                timeout: args.timeout,
                colours: has_colours() && args.format == Format::Text,
            },
            passed: 0,
            failed: 0,
            skipped: 0,
            todo: 0,
            left_out: 0,
            times: Vec::new(),
            column: 0,
            expected: Vec::new(),
            ended: false,
        }
    }

    /// A program begins to run.
    pub(super) fn begin(&mut self) {
        self.ended = false;
        self.expected.clear();
    }

    pub(super) fn has_enough(&self) -> bool {
        self.failed >= self.most_failures
    }

    /// What the runner tells; the answer to a question, or text to print.
    pub(super) fn hear(&mut self, what: &str, fields: &[&str]) -> String {
        match (what, fields) {
            ("found", [file, line, name]) => self.found(file, line.parse().unwrap_or(0), name),
            ("enough", _) => (if self.has_enough() { "yes" } else { "no" }).to_owned(),
            ("done", [status, file, line, name, time, message, trace, diff, log]) => {
                let status = match *status {
                    "passed" => Status::Passed,
                    "late" => Status::Late,
                    "skipped" => Status::Skipped,
                    "todo" => Status::Todo,
                    _ => Status::Failed,
                };
                let time = Duration::from_micros(time.parse().unwrap_or(0));
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
            self.times.push((Duration::ZERO, format!("{path}:{line}: {name}\n")));
            return "no".to_owned();
        }
        self.expected.push(name.to_owned());
        "yes".to_owned()
    }

    fn done(&mut self, done: &Done<'_>) -> String {
        if self.has_enough() {
            return String::new();
        }
        if let Some(at) = self.expected.iter().position(|name| name == done.name) {
            self.expected.swap_remove(at);
        }
        match done.status {
            Status::Passed => self.passed += 1,
            Status::Failed | Status::Late => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Todo => self.todo += 1,
        }
        self.times.push((done.time, done.name.to_owned()));
        if self.format == Format::Json {
            return self.show.json(done);
        }
        let mut text = if self.verbose { self.line(done) } else { self.dot(done.status) };
        let is_failure = matches!(done.status, Status::Failed | Status::Late);
        if is_failure {
            self.end_line(&mut text);
            self.show.failure(self.failed, done, &mut text);
        } else if self.show_logs && !done.log.is_empty() {
            self.end_line(&mut text);
            let _ = writeln!(text, "  {}", done.name);
            push_log(&mut text, done.log);
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
        let (word, time) = (self.show.paint(colour, done.status.word()), shown_time(done.time));
        format!("{word} {} ({time}){colon}{why}\n", done.name)
    }

    fn end_line(&mut self, text: &mut String) {
        if self.column > 0 {
            text.push('\n');
            self.column = 0;
        }
    }

    /// The program has come to its end.
    pub(super) fn ended(&mut self, outcome: Outcome) -> String {
        let expected = std::mem::take(&mut self.expected);
        let code = match outcome {
            _ if self.ended => return String::new(),
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
        let names = if expected.is_empty() { "a test".to_owned() } else { expected.join(", ") };
        let message =
            format!("the program was ended with exit code {code} before this test was over");
        let fields = ["failed", "", "0", &names, "0", &message, "", "", ""];
        self.hear("done", &fields)
    }

    /// A public function lacks an example.
    pub(super) fn undocumented(&mut self, place: &str, what: &str) {
        self.failed += 1;
        super::print(&format!("{place}: {what}\n"));
    }

    /// An example that cannot be compiled.
    pub(super) fn bad_example(&mut self, file: &str, line: usize, name: &str, message: &str) {
        if self.found(file, line, name) == "yes" {
            let line = line.to_string();
            let text = self.hear("done", &["failed", file, &line, name, "0", message, "", "", ""]);
            super::print(&text);
        }
    }

    /// The last lines, and the exit code.
    pub(super) fn summary(&mut self, time: Duration) -> (String, i32) {
        if self.list {
            self.times.sort_by(|a, b| a.1.cmp(&b.1));
            return (self.times.drain(..).map(|(_, line)| line).collect(), 0);
        }
        let all = self.passed + self.failed + self.skipped + self.todo;
        let code = if self.failed > 0 { 1 } else { 0 };
        if self.format == Format::Json {
            let (p, f, s, t) = (self.passed, self.failed, self.skipped, self.todo);
            let (time, seed) = (time.as_secs_f64(), self.show.seed);
            let text = format!(
                "{{\"passed\":{p},\"failed\":{f},\"skipped\":{s},\"todo\":{t},\"seconds\":{time:.3},\"seed\":{seed}}}\n"
            );
            return (text, code);
        }
        let mut text = String::new();
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
        if self.left_out > 0 {
            let _ = write!(text, " ({} left out)", self.left_out);
        }
        let _ = writeln!(text, " in {}, seed {}", shown_time(time), self.show.seed);
        (text, if all == 0 { 2 } else { code })
    }

    fn counts(&self) -> String {
        let counts = [
            (self.passed, "passed", GREEN),
            (self.failed, "failed", RED),
            (self.skipped, "skipped", YELLOW),
            (self.todo, "todo", YELLOW),
        ];
        let shown = counts.iter().filter(|c| c.0 > 0);
        let shown: Vec<String> =
            shown.map(|(n, w, c)| self.show.paint(c, &format!("{n} {w}"))).collect();
        shown.join(", ")
    }
}
