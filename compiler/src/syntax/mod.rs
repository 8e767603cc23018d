//! Source text → tokens → tree. Never fails: gives a tree and a list of diagnostics.
//! Knows nothing of what names mean, of types or of files.

pub mod decode;
pub mod lexer;
pub mod parser;
pub mod print;
pub mod token;
pub mod tree;

#[cfg(test)]
mod tests;

use bumpalo::Bump;

pub use decode::decode;
pub use lexer::lex;
pub use parser::parse;

use crate::names::Names;
use crate::span::FileId;

/// Parses and prints anything at all: the entry point for fuzzers. Must return whatever the input.
/// Needs the stack that `parser::MAX_HEIGHT` says.
pub fn fuzz_parse(bytes: &[u8]) {
    let file = FileId(0);
    let (text, _) = decode(file, bytes);
    let (arena, mut names) = (Bump::new(), Names::new());
    let (tokens, _) = lex(&arena, &mut names, file, &text);
    let printed = print::print_tokens(&tokens, &text);
    assert!(printed.lines().count() >= tokens.list.len());
    let (tree, diagnostics) = parse(&arena, &mut names, file, &text);
    let mut map = crate::source_map::SourceMap::new();
    map.add("fuzz.rata", text.as_ref());
    for diagnostic in &diagnostics {
        crate::diagnostics::render(diagnostic, &map, crate::diagnostics::Style::Plain);
    }
    print::print_tree(&tree, &names);
}
