//! A quick look at source files that need not belong together: what each defines, mentions and imports. Texts in, a
//! survey of each out; nothing is resolved, and what cannot be parsed is left out.
//!
//! For whoever has to choose the files of a project, as the runner of tests does.

use crate::names::Names;
use crate::project::import_path;
use crate::resolve::{holds_test_module, is_test_file};
use crate::span::{FileId, Span};
use crate::syntax::lexer::lex;
use crate::syntax::parser::parse;
use crate::syntax::token::Kind;
use crate::syntax::tree::{Item, ItemKind, LibrarySource};
use bumpalo::Bump;
use std::collections::BTreeSet;

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The modules that it defines, those nested in others by their full names.
    pub modules: Vec<String>,
    /// The modules that it names, and those around them: `A.B` also as `A`.
    pub mentions: BTreeSet<String>,
    /// The files that its `library ./path` lines lead to.
    pub imports: Vec<String>,
    /// Whether it has the name of a file of tests, or holds a test module.
    pub has_tests: bool,
    /// The lines of the test modules that name no tests themselves: unless code that they call does, their statements are their test.
    pub statements: Vec<u32>,
    /// Whether code of it that is in no test module may name tests.
    pub names_tests: bool,
}

/// What names tests.
const NAMING: &[&str] = &["test", "property", "todo", "describe"];

/// Surveys files, given by path and text; on a thread with stack enough for the deepest of them.
pub fn survey(files: &[(String, String)]) -> std::io::Result<Vec<Survey>> {
    let look = || files.iter().map(|(path, text)| survey_one(path, text)).collect();
    crate::pipeline::on_large_stack(look)
}

fn survey_one(path: &str, text: &str) -> Survey {
    let arena = Bump::new();
    let mut names = Names::new();
    let (tree, _) = parse(&arena, &mut names, FileId(0), text);
    let mut found = Survey { has_tests: is_test_file(path), ..Survey::default() };
    found.has_tests |= holds_test_module(tree.items);
    let mut test_modules = Vec::new();
    found.items(tree.items, path, None, &names, &mut test_modules);
    found.tokens(&arena, &mut names, text, &mut test_modules);
    let plain = test_modules.iter().filter(|module| !module.names_tests);
    let line = |module: &TestModule| 1 + text[..module.span.start as usize].matches('\n').count();
    found.statements = plain.map(|module| line(module) as u32).collect();
    found
}

/// A test module, and whether a word in it may name tests.
struct TestModule {
    span: Span,
    names_tests: bool,
}

impl Survey {
    fn items(
        &mut self,
        items: &[Item<'_>],
        path: &str,
        outer: Option<&str>,
        names: &Names,
        test_modules: &mut Vec<TestModule>,
    ) {
        for item in items {
            match &item.kind {
                ItemKind::TestModule { .. } => {
                    test_modules.push(TestModule { span: item.span, names_tests: false });
                }
                ItemKind::Module { path: name, items } => {
                    let name = names.text(name.name);
                    let name = outer.map_or(name.to_owned(), |outer| format!("{outer}.{name}"));
                    self.items(items, path, Some(&name), names, test_modules);
                    self.modules.push(name);
                }
                ItemKind::Library { source: LibrarySource::Path { path: to, .. }, .. } => {
                    self.imports.push(import_path(path, to));
                }
                _ => {}
            }
        }
    }

    fn tokens(
        &mut self,
        arena: &Bump,
        names: &mut Names,
        text: &str,
        test_modules: &mut [TestModule],
    ) {
        let (tokens, _) = lex(arena, names, FileId(0), text);
        let mut path = String::new();
        for token in tokens.list.iter() {
            let span = token.span;
            let word = text.get(span.start as usize..span.end as usize).unwrap_or("");
            let word = word.trim_start_matches(['.', ':']);
            if NAMING.contains(&word) {
                let around = test_modules
                    .iter_mut()
                    .find(|module| module.span.start <= span.start && span.end <= module.span.end);
                match around {
                    Some(module) => module.names_tests = true,
                    None => self.names_tests = true,
                }
            }
            match token.kind {
                Kind::Mod => path.clear(),
                Kind::FieldMod if !path.is_empty() => path.push('.'),
                _ => {
                    path.clear();
                    continue;
                }
            }
            path.push_str(word);
            self.mentions.insert(path.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_defines_mentions_and_imports() {
        let text = "library ./lib/loader as L\nlibrary ../x\nmodule A { module B { f = function() { C.D.e() } } }\n\
                    module \"A text\" { assert F.g() == {g: 1} }\n";
        let found = survey(&[("src/a.rata".into(), text.into())]).unwrap().remove(0);
        assert_eq!(found.modules, ["A.B", "A"]);
        let mentions: Vec<&str> = found.mentions.iter().map(String::as_str).collect();
        assert_eq!(mentions, ["A", "B", "C", "C.D", "F", "L"]);
        assert_eq!(found.imports, ["src/lib/loader.rata", "x.rata"]);
        assert!(found.has_tests);
    }

    #[test]
    fn modules_of_statements_alone_are_known() {
        let text = "module \"a\" { assert true }\nmodule \"b\" {\n  test(\"x\", fn -> assert true end)\n}\n\
                    module C {\n  module \"d\" { assert C.f() == \"test\" }\n}\nmodule \"e\" { Tests.todo(\"x\") }\n";
        let look = |text: &str| survey(&[("a.rata".into(), text.into())]).unwrap().remove(0);
        let found = look(text);
        assert_eq!((found.statements, found.names_tests), (vec![1, 6], false));
        assert!(look("both = fn f -> Tests.test(\"x\", f) end").names_tests);
    }

    #[test]
    fn tests_are_known_by_name_or_by_module() {
        let has_tests =
            |path: &str, text: &str| survey(&[(path.into(), text.into())]).unwrap()[0].has_tests;
        assert!(has_tests("a_test.rata", "x = 1"));
        assert!(has_tests("a.rata", "module A { module \"t\" { assert true } }"));
        assert!(!has_tests("test.rata", "module A { f = function() { 1 } }"));
        assert!(!has_tests("a.rata", &"[".repeat(100_000)));
    }
}
