//! One `Diagnostic` value for everything the compiler has to say, and its renderer.
//! Knows only spans: not tokens, not trees.

pub mod codes;
pub mod suggest;

mod render;

pub use render::{Style, render};

use crate::span::{FileId, Span};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Severity {
    /// The program cannot be compiled.
    Error,
    /// It can, but probably does not do what was meant.
    Warning,
}

/// Something to say about a place in the source.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable code such as `E0102`; the list is in `codes.rs`.
    pub code: &'static str,
    /// The file it is about.
    pub file: FileId,
    /// The place that is underlined.
    pub span: Span,
    /// One sentence without a full stop, in lower case: what is wrong.
    pub message: String,
    /// Text beside the underline: what was expected here (may be empty).
    pub label: String,
    /// Further places of the same file that explain it, each with a text.
    pub also: Vec<(Span, String)>,
    /// `help:` lines: the likely fix.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A new error.
    pub fn error(code: &'static str, file: FileId, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            file,
            span,
            message: message.into(),
            label: String::new(),
            also: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A new warning.
    pub fn warning(
        code: &'static str,
        file: FileId,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// Adds the text beside the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a further place.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.also.push((span, text.into()));
        self
    }

    /// Adds a `help:` line.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}
