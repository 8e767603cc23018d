//! Tests of the whole front end.
use super::*;

/// Prints the tree and what was reported.
fn dump(text: &str) -> String {
    let arena = Bump::new();
    let mut names = Names::new();
    let (tree, diagnostics) = parse(&arena, &mut names, FileId(0), text);
    let mut map = crate::source_map::SourceMap::new();
    map.add("app.rata", text);
    let mut out = print::print_tree(&tree, &names);
    for diagnostic in &diagnostics {
        out += &crate::diagnostics::render(diagnostic, &map, crate::diagnostics::Style::Plain);
    }
    out
}

#[test]
fn scratch() {
    if let Ok(path) = std::env::var("RATA_FILE") {
        let text = std::fs::read(path).unwrap();
        println!("{}", dump(&String::from_utf8_lossy(&text)));
    }
}
