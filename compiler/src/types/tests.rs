//! What is reported, to the letter, and what must not be: `errors.txt` holds sources and what people
//! see, `fine.txt` sources of which nothing may be said. With `RATA_BLESS=1` the first is
//! written anew; read the difference.

use crate::diagnostics::{Severity, Style};
use crate::pipeline::{Compiled, Request, compile};
use crate::project::Sources;
use rata_bytecode::library::Modules;
use rata_bytecode::module::Package;
use std::io;

const ERRORS: &str = include_str!("tests/errors.txt");
const FINE: &str = include_str!("tests/fine.txt");
const BETWEEN: &str = "=====\n";
const ANSWER: &str = "-----\n";
/// What stands between the files of a source; the main one is last.
const FILE: &str = "--- lib.rata above\n";

/// What the sources use of the standard library.
const LIBRARY: &str = "
module Core {
  identity = function(x) { x }
  typeof = function(x) { x }
  is_int = function(x) { x }
  is_string = function(x) { x }
  is_nil = function(x) { x }
}
module IO { puts = function(x) { x } }
module Enum { map = function(v, f) { {v, f} } }
module Vector { length = function(v) { v } }
";

struct Texts<'t>(&'t [(&'t str, &'t str)]);

impl Sources for Texts<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    }
}

fn compiled(files: &[(&str, &str)], known: Vec<&dyn Modules>) -> Compiled {
    let request = Request {
        files: vec![files.last().expect("a file").0.to_owned()],
        sources: &Texts(files),
        is_stdlib: known.is_empty(),
        known,
        emit: None,
    };
    compile(&request).expect("the file is there")
}

fn library() -> Package {
    let library = compiled(&[("library.rata", LIBRARY)], Vec::new());
    assert!(!library.failed(), "{}", library.render(Style::Plain));
    library.package.expect("no error")
}

/// What is said of a source, warnings aside.
fn report(source: &str, library: &Package) -> String {
    let files = match source.split_once(FILE) {
        Some((above, main)) => vec![("lib.rata", above), ("app.rata", main)],
        None => vec![("app.rata", source)],
    };
    let mut compiled = compiled(&files, vec![library]);
    compiled.diagnostics.retain(|d| d.severity == Severity::Error);
    compiled.render(Style::Plain)
}

#[test]
fn mistakes_are_explained() {
    let library = library();
    let mut blessed = Vec::new();
    let mut wrong = Vec::new();
    for case in ERRORS.split(BETWEEN) {
        let (source, expected) = case.split_once(ANSWER).unwrap_or((case, ""));
        let shown = report(source, &library);
        assert!(!shown.is_empty(), "nothing is said of\n{source}");
        if shown != expected {
            wrong.push(format!("{source}{ANSWER}{shown}"));
        }
        blessed.push(format!("{source}{ANSWER}{shown}"));
    }
    if std::env::var_os("RATA_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/types/tests/errors.txt");
        std::fs::write(path, blessed.join(BETWEEN)).expect("written");
        return;
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join(BETWEEN));
}

#[test]
fn what_can_run_is_left_alone() {
    let library = library();
    for source in FINE.split(BETWEEN) {
        assert_eq!(report(source, &library), "", "{source}");
    }
}

/// The examples of the language reference that are programs without error: sources and where from.
fn examples() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the reference").flatten() {
        let path = entry.path();
        if path.extension() != Some("md".as_ref()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a chapter");
        let mut blocks = text.split("\n```");
        blocks.next();
        let blocks: Vec<&str> = blocks.collect();
        for (at, block) in blocks.iter().enumerate().step_by(2) {
            let (info, source) = block.split_once('\n').unwrap_or((block, ""));
            let answer = blocks.get(at + 2).map_or("", |b| b.lines().next().unwrap_or(""));
            if info.split(' ').next() == Some("rata") && !answer.starts_with("error") {
                found.push((source.to_owned(), format!("{} block {}", path.display(), at / 2)));
            }
        }
    }
    found
}

#[test]
fn the_reference_is_left_alone() {
    let library = library();
    let examples = examples();
    assert!(examples.len() > 200, "{}", examples.len());
    for (source, place) in examples {
        // The rest of the standard library is missing here: its names are not known.
        let text = report(&source, &library);
        assert!(!text.contains("[E04"), "{place}\n{text}");
    }
}

#[test]
fn depth_is_no_matter() {
    let library = library();
    let around = |open: &str, inner: &str, close: &str, n: usize| {
        format!("x = {}{inner}{}\n", open.repeat(n), close.repeat(n))
    };
    let sources = [
        around("(1 + ", "1", ")", 900),
        around("[{", "1", "}]", 450),
        around("if true { ", "1", " } else { 2 }", 900),
        around("fn -> ", "1", " end", 900),
        around("identity(", "1", ")", 900),
        format!("x = 1{}\n", " + 1".repeat(15_000)),
        format!("x = true{}\n", " and true".repeat(15_000)),
        format!("f = fn v -> v end\nx = f{}\n", "(f)".repeat(15_000)),
    ];
    for source in sources {
        assert_eq!(report(&source, &library), "");
    }
    let source = format!("x = \"a\"{}\n", " + 1".repeat(15_000));
    assert_eq!(report(&source, &library).matches("E0403").count(), 1);
}

#[test]
fn every_code_is_shown() {
    for code in ["E0401", "E0402", "E0403", "E0404", "E0405"] {
        assert!(ERRORS.contains(&format!("[{code}]")), "{code}");
    }
}

#[test]
fn only_types_are_reported() {
    for line in ERRORS.lines().filter(|line| line.starts_with("error[")) {
        assert!(line.starts_with("error[E04") || line.starts_with("error[E0301]"), "{line}");
    }
}
