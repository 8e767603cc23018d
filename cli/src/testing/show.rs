//! One test's result as text: for people, with source lines and differences, and for machines.

use super::docs::real_path;
use super::select::{text_of, title_line};
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::time::Duration;

/// A test's result.
pub(super) struct Done<'t> {
    pub(super) status: Status,
    pub(super) file: &'t str,
    pub(super) line: usize,
    pub(super) name: &'t str,
    /// None if it never came to its end.
    pub(super) time: Option<Duration>,
    pub(super) message: &'t str,
    pub(super) trace: &'t str,
    pub(super) diff: &'t str,
    pub(super) log: &'t str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    Late,
    Skipped,
    Todo,
}

impl Status {
    /// For people and machines.
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed | Status::Late => "failed",
            Status::Skipped => "skipped",
            Status::Todo => "todo",
        }
    }
}

/// What it takes to show results.
pub(super) struct Show {
    /// Source texts by path.
    pub(super) texts: HashMap<String, String>,
    /// How long a test may take.
    pub(super) timeout: Duration,
    /// The seed of the run.
    pub(super) seed: u32,
    /// Whether colours help.
    pub(super) colours: bool,
}

/// How many lines of a log are shown, from its end.
const LOG: usize = 60;

impl Show {
    /// All that is known of a failure, under a number.
    pub(super) fn failure(&self, number: usize, done: &Done<'_>, text: &mut String) {
        let path = real_path(done.file);
        let _ = writeln!(text, "\n{number:>3}) {}", self.paint(RED, done.name));
        if !path.is_empty() {
            let line = title_line(text_of(&self.texts, path), done.name, done.line);
            let place = if done.line > 0 { format!("{path}:{line}") } else { path.to_owned() };
            let _ = writeln!(text, "     {}", self.paint(DIM, &place));
        }
        if done.status == Status::Late {
            let _ = writeln!(text, "     {} and was ended", self.too_long(done));
            push_indented(text, "     ", told_beside(done));
        } else {
            push_indented(text, "     ", done.message);
        }
        if done.message.lines().any(|line| line.starts_with("the property ")) {
            let _ = writeln!(text, "     (the same cases again: --seed {})", self.seed);
        }
        let trace = self.frames(done.trace);
        let source = trace.iter().find_map(|f| Some((f, self.source_line(f)?)));
        if let Some((Frame { file, line, .. }, source)) = source {
            let place = format!("{file}:{line}");
            let _ = writeln!(text, "     {} {source}", self.paint(DIM, &format!("{place} |")));
        }
        if !done.diff.is_empty() {
            let _ = writeln!(text, "     difference (- left, + right):");
            for line in done.diff.lines() {
                let colour = if line.starts_with('-') {
                    RED
                } else if line.starts_with('+') {
                    GREEN
                } else {
                    ""
                };
                let _ = writeln!(text, "       {}", self.paint(colour, line));
            }
        }
        // One frame says no more than the line of source.
        for frame in trace.iter().filter(|_| trace.len() > 1 || source.is_none()).take(FRAMES) {
            let _ = writeln!(text, "     at {frame}");
        }
        if trace.len() > FRAMES {
            text.push_str("     …\n");
        }
        if !done.log.is_empty() {
            let _ = writeln!(text, "     it printed:");
            push_log(text, done.log);
        }
        text.push('\n');
    }

    /// The frames of a stack trace without those of the runner around the test, and of what is not the
    /// project's before it.
    fn frames<'t>(&self, trace: &'t str) -> Vec<Frame<'t>> {
        let is_known = |frame: &Frame<'_>| self.texts.contains_key(frame.file);
        let is_runner = |frame: &Frame<'_>| {
            !is_known(frame) && (frame.file == "tests.rata" || frame.file.starts_with("tests_"))
        };
        let mut frames: Vec<Frame<'t>> = trace.lines().filter_map(Frame::of).collect();
        frames.retain(|frame| !is_runner(frame));
        while frames.len() > 1 && frames.last().is_some_and(|frame| !is_known(frame)) {
            frames.pop();
        }
        frames
    }

    /// The line that a frame stands at, if the file is known.
    fn source_line(&self, frame: &Frame<'_>) -> Option<&str> {
        Some(self.texts.get(frame.file)?.lines().nth(frame.line.checked_sub(1)?)?.trim())
    }

    /// The first line of a late one's message is its own limit in ms, if it has one.
    fn too_long(&self, done: &Done<'_>) -> String {
        let limit = done.message.lines().next().unwrap_or_default();
        let own = limit.parse().map(Duration::from_millis);
        format!("took longer than {}", shown_time(own.unwrap_or(self.timeout)))
    }

    /// A JSON object on a line of its own.
    pub(super) fn json(&self, done: &Done<'_>) -> String {
        let path = real_path(done.file);
        let line = title_line(text_of(&self.texts, path), done.name, done.line);
        let message = match done.status {
            Status::Late => {
                format!("{}\n{}", self.too_long(done), told_beside(done)).trim_end().to_owned()
            }
            _ => done.message.to_owned(),
        };
        let trace = self.frames(done.trace);
        let trace: Vec<String> = trace.iter().take(FRAMES).map(Frame::to_string).collect();
        json_line(&[
            ("line", number(line)),
            ("seconds", done.time.map(|time| format!("{:.6}", time.as_secs_f64()))),
            ("name", json_string(done.name)),
            ("status", json_string(done.status.word())),
            ("file", json_string(path)),
            ("message", json_string(&message)),
            ("trace", json_string(&trace.join("\n"))),
            ("diff", json_string(done.diff)),
            ("log", json_string(done.log)),
        ])
    }

    /// The text in a colour, where colours help.
    pub(super) fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours && !colour.is_empty() {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

pub(super) const RED: &str = "31";
pub(super) const GREEN: &str = "32";
pub(super) const YELLOW: &str = "33";
const DIM: &str = "2";

/// What a line of a stack trace says: `A.f/1 (a.rata:3)`, perhaps with a remark behind it.
struct Frame<'t> {
    function: &'t str,
    /// The path of the sources.
    file: &'t str,
    line: usize,
    remark: &'t str,
}

impl<'t> Frame<'t> {
    fn of(text: &'t str) -> Option<Frame<'t>> {
        let (place, remark) = text.split_at(text.find(" … (").unwrap_or(text.len()));
        let (place, line) = place.strip_suffix(')')?.rsplit_once(':')?;
        let end = place.find(".rata (example").unwrap_or(place.len());
        let begin = place[..end].rfind(" (")?;
        let file = real_path(&place[begin + 2..]);
        Some(Frame { function: &place[..begin], file, line: line.parse().ok()?, remark })
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{}){}", self.function, self.file, self.line, self.remark)
    }
}

/// What is told of a late one beside its limit.
fn told_beside<'t>(done: &Done<'t>) -> &'t str {
    done.message.split_once('\n').map_or("", |(_, text)| text)
}

/// The most frames that are shown.
const FRAMES: usize = 20;

fn push_indented(text: &mut String, indent: &str, block: &str) {
    for line in block.lines() {
        let _ = writeln!(text, "{indent}{line}");
    }
}

pub(super) fn push_log(text: &mut String, log: &str) {
    let lines: Vec<&str> = log.lines().collect();
    let hidden = lines.len().saturating_sub(LOG);
    if hidden > 0 {
        let _ = writeln!(text, "       | … {hidden} lines");
    }
    for line in &lines[hidden..] {
        let _ = writeln!(text, "       | {line}");
    }
}

pub(super) fn shown_time(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.1} s"),
        s if s >= 0.001 => format!("{:.0} ms", s * 1e3),
        s => format!("{:.0} µs", s * 1e6),
    }
}

/// An object on a line of its own, of the fields that are known, whose values are JSON.
pub(super) fn json_line(fields: &[(&str, Option<String>)]) -> String {
    let known = fields.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    let shown: Vec<String> = known.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}\n", shown.join(","))
}

/// The number of a line, if it is known.
pub(super) fn number(line: usize) -> Option<String> {
    (line > 0).then(|| line.to_string())
}

/// A text, if there is any.
pub(super) fn json_string(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Frame, json_line, json_string, number};

    #[test]
    fn frames_are_read() {
        let read = |text| Frame::of(text).map(|f| (f.to_string(), f.file.to_owned(), f.line));
        let frame = |text: &str, file: &str, line| Some((text.to_owned(), file.to_owned(), line));
        assert_eq!(read("A.f/1 (lib/a.rata:3)"), frame("A.f/1 (lib/a.rata:3)", "lib/a.rata", 3));
        assert_eq!(read("a (b)/fn/0 (a.rata:3)"), frame("a (b)/fn/0 (a.rata:3)", "a.rata", 3));
        let tail = "f/0 (a.rata:12) … (tail call)";
        assert_eq!(read(tail), frame(tail, "a.rata", 12));
        let example = read("module/fn/0 (a.rata (examples):7)");
        assert_eq!(example, frame("module/fn/0 (a.rata:7)", "a.rata", 7));
        assert_eq!(read("no frame"), None);
    }

    #[test]
    fn texts_for_machines() {
        assert_eq!(json_string("a\"\\\n\u{1}é").unwrap(), "\"a\\\"\\\\\\n\\u0001é\"");
        let fields = [("a", number(3)), ("b", number(0)), ("c", json_string("x"))];
        assert_eq!(json_line(&fields), "{\"a\":3,\"c\":\"x\"}\n");
    }
}
