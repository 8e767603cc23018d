//! A diagnostic and the sources in, text for people out: what is wrong, the place, the source line
//! with the place underlined, the texts beside it, and the help lines.
//!
//! Columns on the screen are not columns in the text: tabs are widened, wide characters take two
//! places, combining ones none, control characters are replaced so that no source text can play
//! with the terminal. Of a very long line only the part around the marks is shown.

mod line;
mod marks;

use std::collections::BTreeMap;

use self::line::ShownLine;
use self::marks::{Mark, rows};
use super::{Diagnostic, Severity};
use crate::source_map::{SourceFile, SourceMap};
use crate::span::Span;

/// Plain text or colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// No escape sequences: for files, tests and tools.
    Plain,
    /// ANSI colours: for terminals.
    Colour,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Paint {
    None,
    Head,
    Primary,
    Secondary,
    Gutter,
    Help,
}

/// The text of one diagnostic, ending with a newline.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let mut out = Canvas { out: String::new(), style, severity: diagnostic.severity };
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    out.paint(Paint::Primary, &format!("{word}[{}]", diagnostic.code));
    out.paint(Paint::Head, &format!(": {}", diagnostic.message));
    out.newline();
    if let Some(file) = sources.get(diagnostic.file) {
        out.excerpt(diagnostic, file);
    }
    for help in &diagnostic.help {
        out.paint(Paint::Help, "help");
        out.paint(Paint::None, &format!(": {}", help.replace('\n', "\n      ")));
        out.newline();
    }
    out.out
}

struct Canvas {
    out: String,
    style: Style,
    severity: Severity,
}

impl Canvas {
    fn paint(&mut self, paint: Paint, text: &str) {
        let code = match (paint, self.severity) {
            (Paint::None, _) => "",
            (Paint::Head, _) => "\x1b[1m",
            (Paint::Primary, Severity::Error) => "\x1b[1;31m",
            (Paint::Primary, Severity::Warning) => "\x1b[1;33m",
            (Paint::Secondary | Paint::Gutter, _) => "\x1b[1;34m",
            (Paint::Help, _) => "\x1b[1;36m",
        };
        if self.style == Style::Plain || code.is_empty() || text.trim().is_empty() {
            self.out.push_str(text);
        } else {
            self.out.push_str(code);
            self.out.push_str(text);
            self.out.push_str("\x1b[0m");
        }
    }

    /// Ends a line; no line ends with spaces.
    fn newline(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    fn gutter(&mut self, width: usize, number: &str) {
        self.paint(Paint::Gutter, &format!("{number:>width$} |"));
    }

    fn excerpt(&mut self, diagnostic: &Diagnostic, file: &SourceFile) {
        let lines = marked_lines(diagnostic, file);
        let last = lines.keys().next_back().copied().unwrap_or(1);
        let width = last.to_string().len();
        let place = file.place(diagnostic.span.start);
        self.out.push_str(&" ".repeat(width));
        self.paint(Paint::Gutter, "-->");
        let at = format!(" {}:{}:{}", file.path, place.line, place.column);
        self.paint(Paint::None, &at);
        self.newline();
        self.gutter(width, "");
        self.newline();
        let mut shown = 0;
        for (&line, marks) in &lines {
            if shown != 0 && line > shown + 2 {
                self.paint(Paint::Gutter, "...");
                self.newline();
            } else if shown != 0 && line == shown + 2 {
                self.source_line(width, file, shown + 1, &[]);
            }
            self.source_line(width, file, line, marks);
            shown = line;
        }
        if !diagnostic.help.is_empty() {
            self.gutter(width, "");
            self.newline();
        }
    }

    fn source_line(&mut self, width: usize, file: &SourceFile, number: u32, marks: &[ByteMark]) {
        let text = file.line_text(number);
        let from = marks.iter().map(|mark| mark.start).min().unwrap_or(0);
        let to = marks.iter().map(|mark| mark.end).max().unwrap_or(0);
        let line = ShownLine::new(text, from, to);
        self.gutter(width, &number.to_string());
        self.paint(Paint::None, &format!(" {}", line.text));
        self.newline();
        let marks: Vec<Mark<'_>> = marks
            .iter()
            .map(|mark| {
                let (start, end) = (line.column(mark.start), line.column(mark.end));
                let text = &*mark.text;
                Mark { start, end: end.max(start + 1), primary: mark.primary, text }
            })
            .collect();
        for row in rows(&marks) {
            self.gutter(width, "");
            self.paint(Paint::None, " ");
            for (paint, text) in row {
                self.paint(paint, &text);
            }
            self.newline();
        }
    }
}

/// A mark on one line, in bytes from the line's start.
struct ByteMark {
    start: usize,
    end: usize,
    primary: bool,
    text: String,
}

/// The lines to show, each with its marks. A span over several lines marks its first and its last.
fn marked_lines(diagnostic: &Diagnostic, file: &SourceFile) -> BTreeMap<u32, Vec<ByteMark>> {
    let mut lines: BTreeMap<u32, Vec<ByteMark>> = BTreeMap::new();
    let mut add = |span: Span, text: &str, primary: bool| {
        let start = file.floor(span.start);
        let end = last_byte(file, start, file.floor(span.end.max(span.start)));
        let (first, last) = (file.line_of(start), file.line_of(end.max(start)));
        let within = |line: u32, at: u32| (at - file.line_start(line)) as usize;
        if first == last {
            let (start, end) = (within(first, start), within(first, end));
            let text = text.to_owned();
            lines.entry(first).or_default().push(ByteMark { start, end, primary, text });
            return;
        }
        let start = within(first, start);
        let end_of_first = file.line_text(first).len().max(start + 1);
        let head = ByteMark { start, end: end_of_first, primary, text: String::new() };
        lines.entry(first).or_default().push(head);
        let line = file.line_text(last);
        let start = line.len() - line.trim_start().len();
        let tail = ByteMark { start, end: within(last, end), primary, text: text.to_owned() };
        lines.entry(last).or_default().push(tail);
    };
    add(diagnostic.span, &diagnostic.label, true);
    for (span, text) in &diagnostic.also {
        add(*span, text, false);
    }
    lines
}

/// The end of a span without line ends at its end.
fn last_byte(file: &SourceFile, start: u32, end: u32) -> u32 {
    let text = &file.text[start as usize..end as usize];
    start + text.trim_end_matches(['\n', '\r']).len() as u32
}

#[cfg(test)]
mod tests;
