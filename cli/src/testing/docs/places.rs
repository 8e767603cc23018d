//! What the compiler says of files made of examples, at the places where people wrote these: lines are the same there, columns are not.

use super::real_path;
use rata_compiler::diagnostics::{Diagnostic, Style, render};
use rata_compiler::pipeline::Compiled;
use rata_compiler::source_map::{SourceFile, SourceMap};
use rata_compiler::span::Span;

/// All diagnostics as text; `text_of` knows the sources by path.
pub(in crate::testing) fn told<'t>(
    compiled: &Compiled,
    text_of: impl Fn(&str) -> Option<&'t str>,
    style: Style,
) -> String {
    let one = |diagnostic: &Diagnostic| {
        let made = compiled.sources.get(diagnostic.file).filter(|f| real_path(&f.path) != f.path);
        match made.and_then(|made| Some((made, text_of(real_path(&made.path))?))) {
            Some((made, text)) => render_moved(diagnostic, made, text, style),
            None => render(diagnostic, &compiled.sources, style),
        }
    };
    let texts: Vec<String> = compiled.diagnostics.iter().map(one).collect();
    texts.join("\n")
}

fn render_moved(diagnostic: &Diagnostic, made: &SourceFile, text: &str, style: Style) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add(real_path(&made.path), text);
    let real = sources.file(file);
    let mut moved = diagnostic.clone();
    moved.file = file;
    moved.span = moved_span(diagnostic.span, made, real);
    for (span, _) in &mut moved.also {
        *span = moved_span(*span, made, real);
    }
    render(&moved, &sources, style)
}

fn moved_span(span: Span, made: &SourceFile, real: &SourceFile) -> Span {
    let start = moved_offset(span.start, made, real);
    Span::new(start, moved_offset(span.end, made, real).max(start + 1))
}

/// The place in `real` of a place in `made`: what stands on the same line of both is found by what they have in common.
fn moved_offset(at: u32, made: &SourceFile, real: &SourceFile) -> u32 {
    let at = made.floor(at);
    let line = made.line_of(at).min(real.line_count());
    let (made_line, real_line) = (made.line_text(line), real.line_text(line));
    let code = real_line.trim_start();
    let indent = real_line.len() - code.len();
    let shared = |from: usize| {
        made_line[from..].bytes().zip(code.bytes()).take_while(|(a, b)| a == b).count()
    };
    let starts = made_line.char_indices().map(|(from, _)| (shared(from), from));
    let (length, from) = starts.max().unwrap_or((0, 0));
    let within = (at.saturating_sub(made.line_start(line)) as usize).saturating_sub(from);
    real.floor(real.line_start(line) + (indent + within.min(length)) as u32)
}

#[cfg(test)]
mod tests {
    use super::moved_span;
    use rata_compiler::source_map::SourceMap;
    use rata_compiler::span::Span;

    #[test]
    fn a_place_is_found_again() {
        let mut sources = SourceMap::new();
        let made = "\nTests.Docs.example(\"f\", 2, fn -> Tests.Docs.check(2, \"4\", fn -> Lib.f(nosuch) end); nil end)\n";
        let real = "    \"\"\"\n        Lib.f(nosuch)  # 4\n    \"\"\"\n";
        let at = made.find("nosuch").unwrap() as u32;
        let made = sources.add("a.rata (examples)", made);
        let real = sources.add("a.rata", real);
        let (made, real) = (sources.file(made), sources.file(real));
        assert_eq!(real.slice(moved_span(Span::new(at, at + 6), made, real)), "nosuch");
        // What people did not write is shown where their code begins, or ends.
        assert_eq!(real.slice(moved_span(Span::new(1, 6), made, real)), "L");
        let behind = moved_span(Span::new(at + 15, at + 18), made, real);
        assert_eq!(real.place(behind.start).line, 2);
    }
}
