//! Tests of the whole front end, through the printer and the renderer.

mod errors;
mod fuzz;
mod lexing;
mod limits;
mod recovery;
mod trees;

use super::*;
use crate::diagnostics::{Diagnostic, Style, render};
use crate::source_map::SourceMap;

/// Runs with the stack that the pipeline provides.
fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(256 << 20);
        builder.spawn_scoped(scope, work).expect("a thread").join().expect("no panic")
    })
}

/// The printed tree, and what was reported.
fn parsed(text: &str) -> (String, Vec<Diagnostic>) {
    let arena = Bump::new();
    let mut names = Names::new();
    let (tree, diagnostics) = parse(&arena, &mut names, FileId(0), text);
    (print::print_tree(&tree, &names), diagnostics)
}

/// The printed tree of a text without errors and warnings.
fn tree(text: &str) -> String {
    let (printed, diagnostics) = parsed(text);
    assert!(diagnostics.is_empty(), "{text}\n{}", rendered(text, &diagnostics));
    printed
}

/// The tree on one line: `add(int 1, name x)`.
fn short(text: &str) -> String {
    let printed = tree(text);
    let mut out = String::new();
    let mut depth = 0;
    for (index, line) in printed.lines().enumerate() {
        let indent = (line.len() - line.trim_start().len()) / 2;
        if indent > depth {
            out.push('(');
        } else if index > 0 {
            out.extend(std::iter::repeat_n(')', depth - indent));
            out.push_str(", ");
        }
        out.push_str(line.trim_start());
        depth = indent;
    }
    out.extend(std::iter::repeat_n(')', depth));
    out
}

fn rendered(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut map = SourceMap::new();
    map.add("app.rata", text);
    let shown = diagnostics.iter().map(|d| render(d, &map, Style::Plain));
    shown.collect::<Vec<_>>().join("\n")
}

/// All that is reported, as the user sees it.
fn report(text: &str) -> String {
    rendered(text, &parsed(text).1)
}

/// Codes and lines of what is reported: `E0101:3 W0901:4`.
fn codes(text: &str) -> String {
    let mut map = SourceMap::new();
    let file = map.add("app.rata", text);
    let (_, diagnostics) = parsed(text);
    let shown = diagnostics.iter().map(|d| format!("{}:{}", d.code, map.place(file, d.span).line));
    shown.collect::<Vec<_>>().join(" ")
}
