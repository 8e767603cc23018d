//! A quick look at source files that need not belong together: what each defines, mentions and imports. Texts in, a
//! survey of each out; nothing is resolved, and what cannot be parsed is left out.
//!
//! For whoever has to choose the files of a project, as the runner of tests does.

use crate::names::Names;
use crate::project::import_path;
use crate::resolve::{holds_test_module, is_test_file};
use crate::span::FileId;
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
}

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
    found.items(tree.items, path, None, &names);
    found.mentions(&arena, &mut names, text);
    found
}

impl Survey {
    fn items(&mut self, items: &[Item<'_>], path: &str, outer: Option<&str>, names: &Names) {
        for item in items {
            match &item.kind {
                ItemKind::Module { path: name, items } => {
                    let name = names.text(name.name);
                    let name = outer.map_or(name.to_owned(), |outer| format!("{outer}.{name}"));
                    self.items(items, path, Some(&name), names);
                    self.modules.push(name);
                }
                ItemKind::Library { source: LibrarySource::Path { path: to, .. }, .. } => {
                    self.imports.push(import_path(path, to));
                }
                _ => {}
            }
        }
    }

    fn mentions(&mut self, arena: &Bump, names: &mut Names, text: &str) {
        let (tokens, _) = lex(arena, names, FileId(0), text);
        let mut path = String::new();
        for token in tokens.list.iter() {
            match token.kind {
                Kind::Mod => path.clear(),
                Kind::FieldMod if !path.is_empty() => path.push('.'),
                _ => {
                    path.clear();
                    continue;
                }
            }
            let span = token.span;
            let word = &text[span.start as usize..span.end as usize];
            path.push_str(word.trim_start_matches('.'));
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
    fn tests_are_known_by_name_or_by_module() {
        let has_tests =
            |path: &str, text: &str| survey(&[(path.into(), text.into())]).unwrap()[0].has_tests;
        assert!(has_tests("a_test.rata", "x = 1"));
        assert!(has_tests("a.rata", "module A { module \"t\" { assert true } }"));
        assert!(!has_tests("test.rata", "module A { f = function() { 1 } }"));
        assert!(!has_tests("a.rata", &"[".repeat(100_000)));
    }
}
