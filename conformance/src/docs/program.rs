//! Makes a program of examples, and compares what it prints with what the examples promise.
//!
//! The program prints a line `@@ number = text` for each statement checked, or `@@ number ! type message`
//! where it raised, and `@@ number ~ reason` for a block that ended before its time.

use super::source::{Block, Statement};
use std::collections::BTreeMap;

/// A program and what its lines should say.
#[derive(Debug)]
pub struct Program {
    /// Its source text.
    pub text: String,
    expected: BTreeMap<usize, String>,
}

/// What every program begins with. `print` puts the text on a line of its own, whatever an example has
/// printed.
const PRELUDE: &str = r#"
docs_say = function(line, sign, text) { IO.print(f"\n@@ {line} {sign} {text}\n") }

docs_check = function(line, f) {
  try {
    docs_say(line, "=", inspect(f()))
  } catch as e {
    _ -> docs_say(line, "!", if is_exception(e) { f"{inspect(exception_type(e))} {inspect(exception_message(e))}" } else { inspect(e) })
  }
}

docs_block = function(line, f) {
  {pid, ref} = Process.spawn_monitor(f)
  receive {
    {:DOWN, ^ref, :process, ^pid, :normal} -> :ok
    {:DOWN, ^ref, :process, ^pid, reason} -> docs_say(line, "~", inspect(reason))
    after 20_000 -> docs_say(line, "~", "no end in 20 s")
  }
}
"#;

impl Program {
    /// The program that checks blocks, with the modules that they need.
    pub fn new(blocks: &[&Block], modules: &[Statement]) -> Program {
        let mut text = String::new();
        for module in modules {
            text.push_str(&module.text);
            text.push('\n');
        }
        text.push_str(PRELUDE);
        let mut expected = BTreeMap::new();
        for block in blocks {
            text.push_str(&format!("\ndocs_block({}, function() {{\n", block.line));
            for statement in block.statements.iter().filter(|s| !s.is_module()) {
                text.push_str(&rendered(statement));
                if let Some(result) = &statement.result {
                    expected.insert(statement.line, result.clone());
                }
            }
            text.push_str("})\n");
        }
        Program { text, expected }
    }

    /// How many statements are checked.
    pub fn checks(&self) -> usize {
        self.expected.len()
    }

    /// What is wrong, by line, when the program has printed this.
    pub fn compare(&self, stdout: &str) -> Vec<(usize, String)> {
        let mut left = self.expected.clone();
        let mut wrong = Vec::new();
        for line in stdout.lines() {
            let Some((number, sign, text)) = said(line) else { continue };
            let wanted = left.remove(&number);
            match (sign, wanted) {
                ("=", Some(wanted)) if wanted == text => {}
                ("=", Some(wanted)) => wrong.push((number, format!("gives {text}, not {wanted}"))),
                ("!", Some(wanted)) if raised_as(&wanted, text) => {}
                ("!", Some(wanted)) => wrong.push((number, format!("raises {text}, not {wanted}"))),
                ("~", _) => wrong.push((number, format!("the example ended with {text}"))),
                _ => {}
            }
        }
        let silent = left.into_iter().filter(|(_, wanted)| !wanted.starts_with("exits "));
        wrong.extend(silent.map(|(line, wanted)| (line, format!("gives nothing, not {wanted}"))));
        wrong.sort();
        wrong
    }
}

/// Whether an exception, `:type "message"`, is what was announced as `raises :type`.
fn raised_as(wanted: &str, text: &str) -> bool {
    let wanted = wanted.strip_prefix("raises ");
    wanted.is_some_and(|wanted| text == wanted || text.split(' ').next() == Some(wanted))
}

fn said(line: &str) -> Option<(usize, &str, &str)> {
    let mut parts = line.strip_prefix("@@ ")?.splitn(3, ' ');
    Some((parts.next()?.parse().ok()?, parts.next()?, parts.next()?))
}

/// A statement within a block's function. A binding that is checked must stay visible to what follows.
fn rendered(statement: &Statement) -> String {
    let (line, text) = (statement.line, &statement.text);
    match (&statement.result, bound_name(text)) {
        (None, _) => format!("{text}\n"),
        (Some(_), Some(name)) => {
            format!("{text}\ndocs_check({line}, function() {{ {name} }})\n")
        }
        (Some(_), None) => format!("docs_check({line}, function() {{\n{text}\n}})\n"),
    }
}

/// The name that a statement binds.
fn bound_name(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(" = ")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::Program;
    use crate::docs::source::{Block, Statement};

    #[test]
    fn what_is_printed_is_compared() {
        let statement = |line, result: &str| Statement {
            line,
            text: format!("f({line})"),
            result: Some(result.to_string()),
        };
        let results = ["1", "2", "raises :type_error", "4", "5", "exits 3"];
        let statements =
            results.iter().zip(1..).map(|(result, line)| statement(line, result)).collect();
        let block = Block { line: 1, statements };
        let program = Program::new(&[&block], &[]);
        assert!(program.text.contains("docs_check(1, function() {\nf(1)\n})"));
        let printed = "x\n@@ 1 = 1\n@@ 2 = 3\n@@ 3 ! :type_error \"m\"\n@@ 4 ! :mine \"m\"\n";
        let wrong: Vec<String> =
            program.compare(printed).into_iter().map(|(n, what)| format!("{n} {what}")).collect();
        let expected =
            ["2 gives 3, not 2", "4 raises :mine \"m\", not 4", "5 gives nothing, not 5"];
        assert_eq!(wrong, expected);
    }
}
