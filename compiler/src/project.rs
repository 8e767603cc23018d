//! Files in, parsed project out: the file named first, and all that its `library ./path` lines lead to.
//!
//! Reads through [`Sources`], so that the same code serves the command line, tests and editors. Paths are
//! shown as the user wrote them, made relative to the importing file.

use crate::diagnostics::{Diagnostic, suggest};
use crate::names::Names;
use crate::resolve::ParsedFile;
use crate::source_map::SourceMap;
use crate::span::{FileId, Span};
use crate::syntax::decode::{binary, decode};
use crate::syntax::parser::parse;
use crate::syntax::tree::{Item, ItemKind, LibrarySource, Tree};
use bumpalo::Bump;
use foldhash::{HashMap, HashMapExt};
use std::io;

/// Where source text comes from.
pub trait Sources: Sync {
    /// The bytes of a file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// Whether it is to be counted which lines of a file run.
    fn covers(&self, _path: &str) -> bool {
        false
    }
    /// The names of the files beside `path`, for suggestions; may be empty.
    fn siblings(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A file that was asked for could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Its path.
    pub path: String,
    /// Why.
    pub error: io::Error,
}

/// A project under way.
pub struct Project<'a, 's> {
    arena: &'a Bump,
    sources: &'s dyn Sources,
    /// Names of everything.
    pub names: Names,
    /// Texts, for diagnostics.
    pub map: SourceMap,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// In dependency order.
    pub files: Vec<ParsedFile<'a>>,
    ids: HashMap<String, FileId>,
}

/// A file whose imports are being loaded.
struct Open<'a> {
    id: FileId,
    path: String,
    text: &'a str,
    tree: Tree<'a>,
    imports: HashMap<String, FileId>,
    /// `library ./path` lines not looked at yet, last first.
    waiting: Vec<(&'a str, Span)>,
}

impl<'a, 's> Project<'a, 's> {
    /// An empty project.
    pub fn new(arena: &'a Bump, sources: &'s dyn Sources) -> Self {
        Project {
            arena,
            sources,
            names: Names::new(),
            map: SourceMap::new(),
            diagnostics: Vec::new(),
            files: Vec::new(),
            ids: HashMap::new(),
        }
    }

    /// Adds a file and what it imports, imports first.
    pub fn add(&mut self, path: &str) -> Result<(), Unreadable> {
        let path = normalise(path);
        if self.ids.contains_key(&path) {
            return Ok(());
        }
        let bytes = self.read(&path).map_err(|error| Unreadable { path: path.clone(), error })?;
        // Files whose imports are under way, the innermost last.
        let mut open = vec![self.open(path, &bytes)];
        while let Some(file) = open.last_mut() {
            let Some((written, span)) = file.waiting.pop() else {
                let done = open.pop().expect("not empty");
                self.files.push(ParsedFile {
                    id: done.id,
                    covered: self.sources.covers(&done.path),
                    path: done.path,
                    text: done.text,
                    tree: done.tree,
                    imports: done.imports,
                });
                continue;
            };
            let target = import_path(&file.path, written);
            if let Some(&id) = self.ids.get(&target) {
                file.imports.insert(written.to_string(), id);
                if let Some(at) = open.iter().position(|f| f.id == id) {
                    self.report_cycle(&open[at..], span);
                }
                continue;
            }
            match self.read(&target) {
                Ok(bytes) => {
                    let next = self.open(target, &bytes);
                    open.last_mut()
                        .expect("not empty")
                        .imports
                        .insert(written.to_string(), next.id);
                    open.push(next);
                }
                Err(error) => {
                    let importer = open.last().expect("not empty").id;
                    self.report_missing(importer, span, &target, &error);
                }
            }
        }
        Ok(())
    }

    /// The bytes of a file, unless it is plainly no source text.
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let bytes = self.sources.read(path)?;
        match binary(&bytes) {
            Some(why) => Err(io::Error::new(io::ErrorKind::InvalidData, why)),
            None => Ok(bytes),
        }
    }

    /// Parses one file.
    fn open(&mut self, path: String, bytes: &[u8]) -> Open<'a> {
        // The text must be known to the map under the id that its diagnostics carry.
        let id = FileId(self.map.iter().count() as u32);
        let (text, problem) = decode(id, bytes);
        let text: &'a str = self.arena.alloc_str(&text);
        let added = self.map.add(path.clone(), text);
        debug_assert_eq!(added, id);
        self.ids.insert(path.clone(), id);
        let tree = if let Some(problem) = problem {
            self.diagnostics.push(problem);
            Tree { items: &[] }
        } else {
            let (tree, mut diagnostics) = parse(self.arena, &mut self.names, id, text);
            self.diagnostics.append(&mut diagnostics);
            tree
        };
        let mut waiting = Vec::new();
        imported_paths(tree.items, &mut waiting);
        waiting.reverse();
        Open { id, path, text, tree, imports: HashMap::new(), waiting }
    }

    fn report_cycle(&mut self, cycle: &[Open<'_>], span: Span) {
        let mut names: Vec<&str> = cycle.iter().map(|f| f.path.as_str()).collect();
        names.push(names[0]);
        let importer = cycle.last().expect("not empty").id;
        let text = names.join(" → ");
        self.diagnostics.push(
            Diagnostic::error("E0502", importer, span, "these files import one another in a cycle")
                .label("this import closes the cycle")
                .help(format!("the cycle is {text}"))
                .help("move what both need into a file of its own"),
        );
    }

    fn report_missing(&mut self, importer: FileId, span: Span, target: &str, error: &io::Error) {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_string(),
            _ => error.to_string(),
        };
        let mut diagnostic =
            Diagnostic::error("E0501", importer, span, format!("cannot read `{target}`"))
                .label(reason);
        let siblings = self.sources.siblings(target);
        let name = target.rsplit('/').next().unwrap_or(target);
        if let Some(near) = suggest::nearest(name, siblings.iter().map(String::as_str)) {
            let stem = near.strip_suffix(".rata").unwrap_or(near);
            diagnostic = diagnostic.help(format!("did you mean `{stem}`?"));
        }
        self.diagnostics.push(diagnostic);
    }
}

/// The paths of `library ./…` lines, nested modules included.
fn imported_paths<'a>(items: &'a [Item<'a>], found: &mut Vec<(&'a str, Span)>) {
    for item in items {
        match &item.kind {
            ItemKind::Library { source: LibrarySource::Path { path, span }, .. } => {
                found.push((path, *span));
            }
            ItemKind::Module { items, .. } | ItemKind::TestModule { items, .. } => {
                imported_paths(items, found);
            }
            _ => {}
        }
    }
}

/// The file that `written` leads to from the file at `importer`.
pub fn import_path(importer: &str, written: &str) -> String {
    let folder = importer.rfind('/').map_or("", |at| &importer[..at + 1]);
    normalise(&format!("{folder}{written}.rata"))
}

/// `a/./b/../c` → `a/c`; leading `..` stay.
pub fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|p| !p.is_empty() && *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_string() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_the_importing_file() {
        assert_eq!(import_path("app.rata", "./lib/loader"), "lib/loader.rata");
        assert_eq!(import_path("src/app.rata", "../lib/x"), "lib/x.rata");
        assert_eq!(import_path("/a/b/app.rata", "../../c"), "/c.rata");
        assert_eq!(import_path("../app.rata", "../c"), "../../c.rata");
    }
}
