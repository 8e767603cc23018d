//! What people see, to the letter.

use super::*;
use crate::span::FileId;

fn sources(text: &str) -> SourceMap {
    let mut map = SourceMap::new();
    map.add("app.rata", text);
    map
}

fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).expect("is there");
    Span::new(start as u32, (start + part.len()) as u32)
}

fn error(text: &str, part: &str) -> Diagnostic {
    Diagnostic::error("E0201", FileId(0), span_of(text, part), "unknown name `lenght`")
}

fn plain(diagnostic: &Diagnostic, text: &str) -> String {
    render(diagnostic, &sources(text), Style::Plain)
}

#[test]
fn one_place_and_help() {
    let text = "f = function(v) {\n  # measures\n  x = lenght(v)\n  x\n}\n";
    let diagnostic =
        error(text, "lenght").label("not found in this scope").help("did you mean `length`?");
    let expected = "\
error[E0201]: unknown name `lenght`
 --> app.rata:3:7
  |
3 |   x = lenght(v)
  |       ^^^^^^ not found in this scope
  |
help: did you mean `length`?
";
    assert_eq!(plain(&diagnostic, text), expected);
}

#[test]
fn several_labels_on_a_line() {
    let text = "foo(a, b]";
    let diagnostic = error(text, "]")
        .label("expected `)`")
        .also(span_of(text, "("), "opened here")
        .also(span_of(text, "foo"), "this is called");
    let expected = "\
error[E0201]: unknown name `lenght`
 --> app.rata:1:9
  |
1 | foo(a, b]
  | ----    ^ expected `)`
  | |  |
  | |  opened here
  | |
  | this is called
";
    assert_eq!(plain(&diagnostic, text), expected);
}

#[test]
fn several_lines() {
    let text = "a = [\n  1,\n  :two,\n  3\n]\nb = a\nc = 1\nd = a\n";
    let diagnostic = error(text, "[\n  1,\n  :two,\n  3\n]")
        .label("this vector")
        .also(span_of(text, "d"), "used here");
    let expected = "\
error[E0201]: unknown name `lenght`
 --> app.rata:1:5
  |
1 | a = [
  |     ^
...
5 | ]
  | ^ this vector
...
8 | d = a
  | - used here
";
    assert_eq!(plain(&diagnostic, text), expected);
    let near = error(text, "b").also(span_of(text, "d"), "used here");
    assert!(plain(&near, text).contains("6 | b = a\n  | ^\n7 | c = 1\n8 | d = a\n  | - used here"));
}

#[test]
fn tabs_wide_and_combining_characters() {
    let text = "\tx = \"日本e\u{301}\" + y";
    let diagnostic = error(text, "y").label("here");
    let expected = "\
error[E0201]: unknown name `lenght`
 --> app.rata:1:15
  |
1 |     x = \"日本e\u{301}\" + y
  |                   ^ here
";
    assert_eq!(plain(&diagnostic, text), expected);
}

#[test]
fn the_end_of_the_file_and_empty_lines() {
    let text = "f(\n\n";
    let end = Span::new(4, 4);
    let diagnostic = Diagnostic::error("E0101", FileId(0), end, "expected `)`").label("here");
    let expected = "error[E0101]: expected `)`\n --> app.rata:3:1\n  |\n3 |\n  | ^ here\n";
    assert_eq!(plain(&diagnostic, text), expected);
    let empty = Diagnostic::warning("W0901", FileId(0), Span::new(7, 9), "nothing");
    assert_eq!(plain(&empty, ""), "warning[W0901]: nothing\n --> app.rata:1:1\n  |\n1 |\n  | ^\n");
    let newline = Diagnostic::error("E0101", FileId(0), Span::new(2, 3), "line end");
    assert!(plain(&newline, text).contains("1 | f(\n  |   ^\n"));
}

#[test]
fn control_characters_do_no_harm() {
    let text = "x = \"\u{1b}[31m\u{202e}\" + y\r\n";
    let shown = plain(&error(text, "y"), text);
    assert!(shown.contains("x = \"\u{fffd}[31m\u{fffd}\" + y\n"));
}

#[test]
fn of_long_lines_a_part_is_shown() {
    let text = format!("x = [{}oops{}]", "1, ".repeat(40_000), ", 2".repeat(40_000));
    let shown = plain(&error(&text, "oops").label("here"), &text);
    assert!(shown.contains(" --> app.rata:1:120006\n"));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[3].starts_with("1 | …") && lines[3].ends_with('…'));
    assert!(lines[3].chars().count() < 400);
    let column = lines[4].find('^').expect("a mark");
    let under: String = lines[3].chars().skip(column).take(4).collect();
    assert_eq!(under, "oops");
}

#[test]
fn colours() {
    let text = "x = lenght(v)";
    let shown = render(&error(text, "lenght").help("look"), &sources(text), Style::Colour);
    assert!(shown.starts_with("\x1b[1;31merror[E0201]\x1b[0m\x1b[1m: unknown name"));
    assert!(shown.contains("\x1b[1;31m^^^^^^\x1b[0m"));
    assert!(shown.contains("\x1b[1;36mhelp\x1b[0m: look"));
}

#[test]
fn wide_gutters() {
    let text = format!("{}oops\n", "\n".repeat(99));
    let expected = "\
error[E0201]: unknown name `lenght`
   --> app.rata:100:1
    |
100 | oops
    | ^^^^
    |
help: one
      two
";
    assert_eq!(plain(&error(&text, "oops").help("one\ntwo"), &text), expected);
}

#[test]
fn marks_that_touch_the_same_place() {
    let text = "a + b";
    let diagnostic =
        error(text, "a + b").label("the sum").also(span_of(text, "b"), "the right side");
    let shown = plain(&diagnostic, text);
    assert!(shown.contains("1 | a + b\n  | ^^^^^ the right side\n  | |\n  | the sum\n"), "{shown}");
}
