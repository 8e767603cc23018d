//! Takes a source file apart: modules, what they export, their functions, and
//! the indented blocks in docstrings. It reads by lines and relies on the usual layout: a
//! definition per line, two columns right of its module, `"""` alone on its line. What is laid out otherwise has no examples.

use std::ops::RangeInclusive;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Source {
    /// Its modules, the inner ones too.
    pub modules: Vec<Module>,
}

/// A module.
#[derive(Debug, Default)]
pub struct Module {
    /// Its full name.
    pub name: String,
    /// The names that it exports; none if it has no `export`.
    export: Option<Vec<String>>,
    /// Its functions, one entry for each name.
    pub functions: Vec<Function>,
    /// The blocks in its docstrings.
    blocks: Vec<Block>,
    indent: usize,
}

/// A function, all clauses and arities of one name.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its first definition.
    pub line: usize,
    /// Whether a definition has a docstring.
    pub documented: bool,
    /// Whether a docstring has an example that is checked.
    pub checked: bool,
}

/// An indented block of a docstring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The module or function whose docstring it is in.
    pub of: String,
    /// The line it begins on.
    pub line: usize,
    /// Its statements.
    pub statements: Vec<Statement>,
}

/// A statement with what it should give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The line it begins on.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// The text of the comment behind it.
    pub result: Option<String>,
}

impl Statement {
    /// The lines that it stands on.
    pub fn lines(&self) -> RangeInclusive<usize> {
        self.line..=self.line + self.text.matches('\n').count()
    }

    /// Whether it defines a module.
    pub fn is_module(&self) -> bool {
        self.text.starts_with("module ")
    }
}

impl Block {
    /// The exit code of a block that ends the program.
    pub fn exits(&self) -> Option<i32> {
        let last = self.statements.last()?;
        last.result.as_ref()?.strip_prefix("exits ")?.parse().ok()
    }
}

impl Module {
    /// The functions that others may call.
    pub fn public_functions(&self) -> impl Iterator<Item = &Function> {
        self.functions
            .iter()
            .filter(|f| self.export.as_ref().is_none_or(|names| names.contains(&f.name)))
    }
}

impl Source {
    /// Takes a file apart.
    pub fn parse(text: &str) -> Source {
        let lines: Vec<&str> = text.lines().collect();
        let mut source = Source::default();
        let mut open: Vec<Module> = Vec::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let indent = indent_of(line);
            if let Some(name) = module_name(line) {
                let name = match open.last() {
                    Some(outer) => format!("{}.{name}", outer.name),
                    None => name.to_string(),
                };
                let mut module = Module { name, indent, ..Module::default() };
                at = module.docstring(&lines, at + 1, None);
                open.push(module);
                continue;
            }
            if let Some(module) = open.last_mut() {
                if line.trim() == "}" && indent == module.indent {
                    source.modules.extend(open.pop());
                } else if indent == module.indent + 2 {
                    at = module.definition(&lines, at);
                    continue;
                }
            }
            at += 1;
        }
        source.modules.extend(open);
        source
    }

    /// The blocks of all docstrings.
    pub fn blocks(&self) -> Vec<Block> {
        self.modules.iter().flat_map(|m| m.blocks.iter().cloned()).collect()
    }

    /// The modules that blocks define.
    pub fn definitions(&self) -> Vec<Statement> {
        let blocks = self.modules.iter().flat_map(|m| &m.blocks);
        blocks.flat_map(|b| &b.statements).filter(|s| s.is_module()).cloned().collect()
    }
}

impl Module {
    /// Reads what begins on a line of the module's body; gives the line to go on with.
    fn definition(&mut self, lines: &[&str], at: usize) -> usize {
        let line = lines[at].trim();
        if let Some(list) = line.strip_prefix("export ") {
            let mut text = list.to_string();
            let mut end = at;
            while !text.contains(']') && end + 1 < lines.len() {
                end += 1;
                text.push_str(lines[end]);
            }
            let names = text.split(|c: char| c.is_whitespace() || "[],".contains(c));
            self.export = Some(names.filter(|n| !n.is_empty()).map(str::to_string).collect());
            return end + 1;
        }
        let Some(name) = function_name(line) else { return at + 1 };
        let which = self.functions.iter().position(|f| f.name == name).unwrap_or_else(|| {
            let (name, line) = (name.to_string(), at + 1);
            self.functions.push(Function { name, line, documented: false, checked: false });
            self.functions.len() - 1
        });
        if line.ends_with('{') { self.docstring(lines, at + 1, Some(which)) } else { at + 1 }
    }

    /// Reads the docstring that may stand on a line; gives the line to go on with.
    fn docstring(&mut self, lines: &[&str], at: usize, function: Option<usize>) -> usize {
        let Some(first) = lines.get(at).map(|l| l.trim()) else { return at };
        if first != "\"\"\"" {
            if first.starts_with('"')
                && let Some(function) = function
            {
                self.functions[function].documented = true;
            }
            return at;
        }
        let len = lines[at + 1..].iter().take_while(|l| l.trim() != "\"\"\"").count();
        let base = lines.get(at + 1 + len).map_or(0, |l| indent_of(l));
        let text: Vec<(usize, String)> = lines[at + 1..at + 1 + len]
            .iter()
            .enumerate()
            .map(|(i, l)| (at + 2 + i, unescaped(l.get(base..).unwrap_or(""))))
            .collect();
        let of = function
            .map_or(self.name.clone(), |f| format!("{}.{}", self.name, self.functions[f].name));
        let blocks = blocks(&of, &text);
        if let Some(function) = function {
            let function = &mut self.functions[function];
            function.documented = true;
            function.checked |=
                blocks.iter().any(|b| b.statements.iter().any(|s| s.result.is_some()));
        }
        self.blocks.extend(blocks);
        (at + len + 2).min(lines.len())
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn module_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix("module ")?.strip_suffix('{').map(str::trim)
}

/// The name that a line gives to a function.
fn function_name(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(" = ")?;
    let named =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_?!".contains(c));
    (named && (rest.starts_with("function(") || rest.starts_with("fn "))).then_some(name)
}

/// A line of a string as the compiler reads it.
fn unescaped(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

/// How far blocks are indented.
const INDENT: &str = "    ";

/// The indented blocks among the lines of a docstring. Empty lines do not end a block.
fn blocks(of: &str, lines: &[(usize, String)]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block: Vec<(usize, &str)> = Vec::new();
    for (number, line) in lines {
        if let Some(text) = line.strip_prefix(INDENT) {
            block.push((*number, text));
        } else if !line.trim().is_empty() && !block.is_empty() {
            blocks.push(statements(of, &std::mem::take(&mut block)));
        }
    }
    if !block.is_empty() {
        blocks.push(statements(of, &block));
    }
    blocks
}

/// What a statement that has begun goes on with.
const GOES_ON: &[&str] = &["}", ")", "]", "end", "|>", "else", "catch", "after"];

fn statements(of: &str, lines: &[(usize, &str)]) -> Block {
    let mut statements: Vec<Statement> = Vec::new();
    for (number, line) in lines {
        let goes_on = line.starts_with(' ') || GOES_ON.iter().any(|w| line.starts_with(w));
        match statements.last_mut() {
            Some(last) if goes_on => {
                last.text.push('\n');
                last.text.push_str(line);
            }
            _ => statements.push(Statement { line: *number, text: line.to_string(), result: None }),
        }
    }
    for statement in &mut statements {
        if let Some(at) = comment(&statement.text) {
            statement.result = Some(statement.text[at + 1..].trim().to_string());
            statement.text.truncate(at);
            statement.text.truncate(statement.text.trim_end().len());
        }
    }
    let of = of.to_owned();
    Block { of, line: lines.first().map_or(0, |(number, _)| *number), statements }
}

/// Where the comment at the end of a statement's last line begins.
fn comment(statement: &str) -> Option<usize> {
    let mut in_string = false;
    let mut escaped = false;
    let mut found = None;
    let mut before = ' ';
    for (at, c) in statement.char_indices() {
        match c {
            '\n' if !in_string => found = None,
            _ if found.is_some() => {}
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '#' if !in_string && before == ' ' && statement[at + 1..].starts_with(' ') => {
                found = Some(at);
            }
            _ => {}
        }
        before = c;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Source, comment, statements, unescaped};

    const MODULE: &str = r#"
module A.B {
  """
  About it.

      module Made {
        f = function() { 1 }
      }
  """

  export [
    one, two
  ]

  pi = 3

  one = function(x) {
    """
    One.

        a = 2

        one(a)       # 2
        two("x # y",
          2)  # {:b, "\\n"}

    More.

        one(5)  # raises :type_error
    """
    x
  }
  one = function(x, y) { x }

  two = function() {
    "Two."
    2
  }

  three = function() { 3 }

  module Inner {
    four = function() { 4 }
  }
}
"#;

    #[test]
    fn modules_functions_and_blocks() {
        let source = Source::parse(MODULE);
        let names: Vec<&str> = source.modules.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["A.B.Inner", "A.B"]);
        let public: Vec<(&str, usize, bool, bool)> = source.modules[1]
            .public_functions()
            .map(|f| (f.name.as_str(), f.line, f.documented, f.checked))
            .collect();
        assert_eq!(public, [("one", 17, true, true), ("two", 35, true, false)]);
        let blocks = source.blocks();
        let lines: Vec<usize> = blocks.iter().map(|b| b.line).collect();
        assert_eq!(lines, [6, 21, 29]);
        let results: Vec<(usize, Option<&str>)> =
            blocks[1].statements.iter().map(|s| (s.line, s.result.as_deref())).collect();
        assert_eq!(results, [(21, None), (23, Some("2")), (24, Some("{:b, \"\\n\"}"))]);
        assert_eq!(source.definitions().len(), 1);
    }

    #[test]
    fn comments_are_told_from_sets_and_strings() {
        assert_eq!(comment("a(\"# no\")  # yes"), Some(11));
        assert_eq!(comment("a(#{1})"), None);
        assert_eq!(comment("a(  # no\n1)"), None);
    }

    #[test]
    fn escapes_and_endings() {
        assert_eq!(unescaped(r"a\\n\u{e9}"), "a\\né");
        let block = statements("f", &[(1, "exit(3)  # exits 3")]);
        assert_eq!(block.exits(), Some(3));
    }
}
