//! Which files hold tests, and which others each of them needs: paths in, programs to compile out.
//!
//! A test file sees its imports and, by name, the modules of all files around. Each is compiled with just what it
//! mentions, directly or not. All go into one program, unless two define the same module: a folder may hold
//! programs that have nothing to do with one another.

use super::TestArgs;
use super::docs::{self, Examples};
use crate::{Failure, cannot_read};
use rata_bytecode::library::Modules;
use rata_compiler::project::{Sources, normalise};
use rata_compiler::resolve::is_test_file;
use rata_compiler::survey::{Survey, survey};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::{fs, io};

/// A file that is known.
pub(super) struct File {
    pub(super) text: String,
    survey: Survey,
}

/// The files of one program.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// All to compile.
    pub(super) files: BTreeSet<String>,
    /// Those whose tests are to run.
    pub(super) tested: BTreeSet<String>,
    /// The module definitions: module and file.
    modules: HashMap<String, String>,
    /// The exit code with which its only test ends the program.
    pub(super) exits: Option<i32>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Project {
    /// Every file, by path, those made of examples included.
    pub(super) files: BTreeMap<String, File>,
    /// The files whose tests are asked for.
    tests: Vec<String>,
    /// The examples by the paths of the files made of them.
    pub(super) examples: BTreeMap<String, Examples>,
    /// Public functions without an example, if they need one: place and message.
    pub(super) undocumented: Vec<(String, String)>,
    /// Examples that cannot be compiled: file, line, name and message.
    pub(super) bad: Vec<(String, usize, String, String)>,
    /// The files that define a module.
    providers: HashMap<String, Vec<String>>,
    /// The files whose lines are counted.
    pub(super) covered: BTreeSet<String>,
    /// Whether the modules of the standard library are not to be compiled.
    built_in: bool,
}

/// Reads files from disk, but for those made of examples.
impl Sources for Project {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match self.files.get(path).filter(|_| self.examples.contains_key(path)) {
            Some(file) => Ok(file.text.clone().into_bytes()),
            None => fs::read(path),
        }
    }

    fn covers(&self, path: &str) -> bool {
        self.covered.contains(path)
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        crate::Disk.siblings(path)
    }
}

/// Finds tests in the paths of the command line.
pub(super) fn find(args: &TestArgs) -> Result<Project, Failure> {
    let here = [".".to_owned()];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    let mut chosen = BTreeSet::new();
    let mut around = BTreeSet::new();
    for path in paths {
        let meta = fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
        if meta.is_dir() {
            chosen.extend(rata_files(path)?);
        } else {
            chosen.insert(normalise(path));
            around.extend(rata_files(&folder_around(path))?);
        }
    }
    around.extend(chosen.iter().cloned());
    let mut project = Project { built_in: args.built_in, ..Project::default() };
    project.add(read_all(&around)?)?;
    if !args.no_docs {
        project.add_examples(&chosen, args)?;
    }
    if args.coverage {
        let is_code = |path: &&String| !is_test_file(path);
        project.covered = chosen.iter().filter(is_code).cloned().collect();
    }
    if !args.docs {
        let has_tests = |path: &String| project.files.get(path).is_some_and(|f| f.survey.has_tests);
        project.tests = chosen.into_iter().filter(has_tests).collect();
    }
    Ok(project)
}

/// The folder whose modules a file given alone may mean: the current one if the file is in it.
fn folder_around(path: &str) -> String {
    let inside = Path::new(path).is_relative() && !normalise(path).starts_with("..");
    let folder = Path::new(path).parent().filter(|p| !inside && !p.as_os_str().is_empty());
    folder.map_or(".".to_owned(), |p| p.to_string_lossy().into_owned())
}

/// The `.rata` files in a folder, but for hidden folders and what other tools put together.
pub(super) fn rata_files(start: &str) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![start.to_owned()];
    while let Some(folder) = folders.pop() {
        // One that vanishes or may not be read is none of ours, unless it was asked for.
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if folder == start => {
                return Err(cannot_read(&folder, &e));
            }
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            let skipped = name.starts_with('.') || name == "target" || name == "node_modules";
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skipped => folders.push(path),
                Ok(kind) if !kind.is_dir() && name.ends_with(".rata") => {
                    files.push(normalise(&path))
                }
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read_all(paths: &BTreeSet<String>) -> Result<Vec<(String, String)>, Failure> {
    let read = |path: &String| match fs::read(path) {
        Ok(bytes) => Ok((path.clone(), String::from_utf8_lossy(&bytes).into_owned())),
        Err(e) => Err(cannot_read(path, &e)),
    };
    paths.iter().map(read).collect()
}

impl Project {
    /// Makes files known, and those that they import.
    fn add(&mut self, mut texts: Vec<(String, String)>) -> Result<(), Failure> {
        while !texts.is_empty() {
            let surveys = survey(&texts)
                .map_err(|e| Failure::before_running(format!("cannot start a thread: {e}")))?;
            let mut imports = BTreeSet::new();
            for ((path, text), survey) in std::mem::take(&mut texts).into_iter().zip(surveys) {
                for module in &survey.modules {
                    self.providers.entry(module.clone()).or_default().push(path.clone());
                }
                imports.extend(survey.imports.iter().cloned());
                self.files.insert(path, File { text, survey });
            }
            imports.retain(|path| !self.files.contains_key(path));
            // What cannot be read is the compiler's to report.
            let read = |path: String| fs::read(&path).ok().map(|bytes| (path, bytes));
            let found = imports.into_iter().filter_map(read);
            texts = found.map(|(p, b)| (p, String::from_utf8_lossy(&b).into_owned())).collect();
        }
        Ok(())
    }

    fn add_examples(&mut self, chosen: &BTreeSet<String>, args: &TestArgs) -> Result<(), Failure> {
        let mut texts = Vec::new();
        for path in chosen.iter().filter(|path| !is_test_file(path)) {
            let Some(file) = self.files.get(path) else { continue };
            let source = docs::source::Source::parse(&file.text);
            if let Some(except) = &args.require_examples {
                self.undocumented.extend(docs::undocumented(path, &source, except));
            }
            for examples in docs::examples(path, &source) {
                texts.push((examples.path.clone(), examples.text()));
                self.examples.insert(examples.path.clone(), examples);
            }
        }
        self.add(texts)
    }

    /// Replaces the files made of some examples by others.
    pub(super) fn replace_examples(
        &mut self,
        path: &str,
        by: Vec<Examples>,
    ) -> Result<(), Failure> {
        self.examples.remove(path);
        self.files.remove(path);
        let texts = by.iter().map(|e| (e.path.clone(), e.text())).collect();
        self.examples.extend(by.into_iter().map(|e| (e.path.clone(), e)));
        self.add(texts)
    }

    /// The programs to make: each file with tests is put into the first one where it fits.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        let tests = self.tests.iter().map(|path| (path, None));
        for (path, exits) in tests.chain(self.examples.iter().map(|(path, e)| (path, e.exits))) {
            self.group(path, exits, &mut groups);
        }
        groups
    }

    fn group(&self, path: &str, exits: Option<i32>, groups: &mut Vec<Group>) {
        let mut files = self.needed(path);
        let mut modules = HashMap::new();
        for file in &files {
            for module in &self.files[file].survey.modules {
                modules.insert(module.clone(), file.clone());
            }
        }
        let fits = |group: &Group| {
            let differs = |(m, f): (&String, &String)| group.modules.get(m).is_some_and(|o| o != f);
            group.exits.is_none() && exits.is_none() && !modules.iter().any(differs)
        };
        let at = groups.iter().position(fits).unwrap_or(groups.len());
        if at == groups.len() {
            groups.push(Group { exits, ..Group::default() });
        }
        let group = &mut groups[at];
        group.files.append(&mut files);
        group.tested.insert(path.to_owned());
        group.modules.extend(modules);
    }

    /// A program of this file alone and what it needs.
    pub(super) fn group_of(&self, path: &str) -> Group {
        let mut groups = Vec::new();
        self.group(path, None, &mut groups);
        groups.pop().unwrap_or_default()
    }

    /// A file and all that it needs.
    fn needed(&self, path: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![path.to_owned()];
        while let Some(path) = waiting.pop() {
            let Some(file) = self.files.get(&path) else { continue };
            if !found.insert(path.clone()) {
                continue;
            }
            waiting.extend(file.survey.imports.iter().cloned());
            if let Some(examples) = self.examples.get(&path).filter(|_| !self.built_in) {
                waiting.push(examples.of.clone());
            }
            for module in &file.survey.mentions {
                waiting.extend(self.provider(module, &path));
            }
        }
        found
    }

    /// The file that a module's name means from a file: itself, or the one that has the longest way with it in common.
    fn provider(&self, module: &str, from: &str) -> Option<String> {
        let candidates = self.providers.get(module)?;
        if candidates.iter().any(|c| c == from) {
            return None;
        }
        if self.built_in && rata_stdlib::LIBRARY.names().contains(&module) {
            return None;
        }
        let in_common =
            |path: &str| path.bytes().zip(from.bytes()).take_while(|(a, b)| a == b).count();
        let mut real: Vec<&String> =
            candidates.iter().filter(|c| !self.examples.contains_key(*c)).collect();
        real.sort_by_key(|path| (usize::MAX - in_common(path), path.len()));
        real.first().map(|path| (*path).clone())
    }

    /// The test modules that are nothing but statements, by path and line. Where code around them might name tests for them, nobody
    /// knows before they have run.
    pub(super) fn statements(&self) -> BTreeSet<(String, usize)> {
        let names_tests =
            |file: &String| self.files.get(file).is_some_and(|f| f.survey.names_tests);
        let plain = self.tests.iter().filter(|path| !self.needed(path).iter().any(names_tests));
        let lines = |path: &String| self.files[path].survey.statements.clone();
        plain.flat_map(|p| lines(p).into_iter().map(|line| (p.clone(), line as usize))).collect()
    }

    /// The files that others of the project import.
    pub(super) fn imported(&self, group: &Group) -> BTreeSet<String> {
        let surveys = group.files.iter().filter_map(|path| self.files.get(path));
        surveys.flat_map(|file| file.survey.imports.iter().cloned()).collect()
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }

    /// The source texts, for reports.
    pub(super) fn texts(&self) -> HashMap<String, String> {
        self.files.iter().map(|(path, file)| (path.clone(), file.text.clone())).collect()
    }
}
