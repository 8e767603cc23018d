//! Makes a file of tests of examples: blocks in, source text out. What stands on a line of the sources stands on the same
//! line of the text, so that places in errors and stack traces are right.

use super::super::select::EXAMPLE;
use super::source::{Block, Statement};
use std::collections::BTreeMap;

/// The text: each block is a test, made by `Tests.Docs`.
pub(super) fn text(blocks: &[Block], definitions: &[Statement]) -> String {
    let mut lines = Lines::default();
    let mut behind = Vec::new();
    let bodies: Vec<Vec<&Statement>> =
        blocks.iter().map(|b| b.statements.iter().filter(|s| !s.is_module()).collect()).collect();
    for module in definitions {
        let within = |body: &Vec<&Statement>| {
            let first = body.first().is_some_and(|s| s.line < module.line);
            first && body.last().is_some_and(|s| s.line > module.line)
        };
        match bodies.iter().any(within) {
            true => behind.push(module.text.as_str()),
            false => lines.put(module.line, &module.text),
        }
    }
    for (block, body) in blocks.iter().zip(&bodies) {
        let name = literal(&format!("{}{EXAMPLE}", block.of));
        for (at, statement) in body.iter().enumerate() {
            let before = match at {
                0 => format!("Tests.Docs.example({name}, {}, fn -> ", statement.line),
                _ => String::new(),
            };
            let after = if at + 1 == body.len() { "; nil end)" } else { "" };
            lines.put(statement.line, &format!("{before}{}{after}", rendered(statement)));
        }
    }
    let mut text = lines.text();
    for module in behind {
        text.push_str(module);
        text.push('\n');
    }
    text
}

/// Pieces of text on lines of their own.
#[derive(Default)]
struct Lines(BTreeMap<usize, String>);

impl Lines {
    fn put(&mut self, line: usize, text: &str) {
        for (at, part) in text.split('\n').enumerate() {
            let there = self.0.entry(line + at).or_default();
            if !there.is_empty() {
                there.push_str("; ");
            }
            there.push_str(part);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut next = 1;
        for (&line, part) in &self.0 {
            text.push_str(&"\n".repeat(line.saturating_sub(next)));
            text.push_str(part);
            text.push('\n');
            next = line + 1;
        }
        text
    }
}

/// A statement within a test. A binding that is checked must stay visible to what follows.
fn rendered(statement: &Statement) -> String {
    let (line, text) = (statement.line, &statement.text);
    let wanted = match &statement.result {
        Some(wanted) if !wanted.starts_with("exits ") => literal(wanted),
        _ => return text.clone(),
    };
    match bound_name(text) {
        Some(name) => format!("{text}; Tests.Docs.check({line}, {wanted}, fn -> {name} end)"),
        None => format!("Tests.Docs.check({line}, {wanted}, fn -> {text} end)"),
    }
}

/// The name that a statement binds.
fn bound_name(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(" = ")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && !name.is_empty()).then_some(name)
}

/// A text as it stands in source.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::{examples, source::Source};

    const SOURCE: &str = r#"module A {
  """
  About it.

      module Made {
        f = function() { 1 }
      }
      Made.f()  # 1

      just("shown")
  """

  one = function(x) {
    """
    One.

        a = 2
        b = one(a)  # 2
        one(
          "\\"")    # "\\""

    Shown alone:

        two(5)

    And the end.

        one(7)
        halt(3)  # exits 3
    """
    x
  }
}
"#;

    #[test]
    fn lines_stay_where_they_are() {
        let found = examples("a.rata", &Source::parse(SOURCE));
        let paths: Vec<&str> = found.iter().map(|e| e.path.as_str()).collect();
        assert_eq!(paths, ["a.rata (examples)", "a.rata (example on line 28)"]);
        assert_eq!(found[1].exits, Some(3));
        let text = found[0].text();
        let lines: Vec<(usize, &str)> =
            (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()).collect();
        let expected = [
            (5, "module Made {"),
            (6, "  f = function() { 1 }"),
            (7, "}"),
            (
                8,
                "Tests.Docs.example(\"A (example)\", 8, fn -> Tests.Docs.check(8, \"1\", fn -> Made.f() end)",
            ),
            (10, "just(\"shown\"); nil end)"),
            (17, "Tests.Docs.example(\"A.one (example)\", 17, fn -> a = 2"),
            (18, "b = one(a); Tests.Docs.check(18, \"2\", fn -> b end)"),
            (19, "Tests.Docs.check(19, \"\\\"\\\\\\\"\\\"\", fn -> one("),
            (20, "  \"\\\"\") end); nil end)"),
        ];
        assert_eq!(lines, expected);
        assert!(found[1].text().contains("fn -> one(7)\nhalt(3); nil end)"));
    }
}
