//! The list of stages, and nothing else: files in, a bytecode package (or a listing) and diagnostics
//! out.

use crate::diagnostics::{Diagnostic, Severity, Style, render};
use crate::hir;
use crate::ir;
use crate::lower;
use crate::names::Names;
use crate::project::{Project, Sources, Unreadable};
use crate::resolve::index::Index;
use crate::resolve::{ParsedFile, Resolved, TEST_MODULES, resolve};
use crate::source_map::SourceMap;
use crate::span::FileId;
use crate::syntax::{lexer, print};
use crate::types;
use bumpalo::Bump;
use foldhash::HashSet;
use rata_bytecode::library::Modules;
use rata_bytecode::module::Package;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The stack that the stages need for the deepest tree that the parser lets through.
const STACK: usize = 512 << 20;

/// What to compile.
pub struct Request<'s> {
    /// The files; what they import is added. The last one is the program.
    pub files: Vec<String>,
    /// Where text comes from.
    pub sources: &'s dyn Sources,
    /// Compiled modules that are known, the standard library's above all.
    pub known: Vec<&'s dyn Modules>,
    /// Compile the standard library itself: `Native` is visible.
    pub is_stdlib: bool,
    /// Give this stage's listing instead of going on.
    pub emit: Option<Stage>,
}

/// A stage whose result can be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// After the lexer.
    Tokens,
    /// After the parser.
    Tree,
    /// After name resolution.
    Resolved,
    /// After lowering and optimisation.
    Ir,
    /// The instructions.
    Asm,
}

/// What came of it.
pub struct Compiled {
    /// The program; absent after errors.
    pub package: Option<Package>,
    /// The listing asked for.
    pub listing: String,
    /// Errors and warnings, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts they are about.
    pub sources: SourceMap,
    /// The lines of covered files that say when they run (`tests_cover`): file << 24 | line.
    pub covered: BTreeSet<u64>,
}

impl Compiled {
    /// Whether there are errors.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// All diagnostics as text for people, one empty line between two.
    pub fn render(&self, style: Style) -> String {
        let texts: Vec<String> =
            self.diagnostics.iter().map(|d| render(d, &self.sources, style)).collect();
        texts.join("\n")
    }
}

/// Runs the stages, on a thread with stack enough for the deepest source.
pub fn compile(request: &Request<'_>) -> Result<Compiled, Unreadable> {
    match on_large_stack(|| compile_here(request)) {
        Ok(compiled) => compiled,
        Err(error) => Err(Unreadable { path: "the compiler's own thread".into(), error }),
    }
}

/// Calls `work` on a thread whose stack is large enough for the deepest source.
pub(crate) fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("rata-compiler".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Runs the stages on this thread: its stack must be as large as that of [`compile`]'s, 512 MiB, or a
/// deep source overflows it.
pub fn compile_here(request: &Request<'_>) -> Result<Compiled, Unreadable> {
    let arena = Bump::new();
    let mut project = Project::new(&arena, request.sources);
    for file in &request.files {
        project.add(file)?;
    }
    let Project { mut names, map, mut diagnostics, files, .. } = project;
    if let Some(stage @ (Stage::Tokens | Stage::Tree)) = request.emit {
        let mut listing = String::new();
        for file in &files {
            listing.push_str(&match stage {
                Stage::Tokens => {
                    let (tokens, _) = lexer::lex(&arena, &mut names, file.id, file.text);
                    print::print_tokens(&tokens, file.text)
                }
                _ => print::print_tree(&file.tree, &names),
            });
        }
        return Ok(finish(None, listing, diagnostics, map));
    }
    if files.iter().any(ParsedFile::has_tests) {
        for module in TEST_MODULES {
            names.intern(module.rsplit('.').next().unwrap_or(module));
        }
    }
    let mut index = Index::default();
    for &modules in &request.known {
        index.add(modules, &mut names);
    }
    let Resolved { modules, entry, covered, diagnostics: found } =
        resolve(&arena, &mut names, &files, &mut index, request.is_stdlib);
    let unread = Unread::of(&diagnostics, &map);
    diagnostics.extend(found.into_iter().filter(|d| !unread.explains(d, &map)));
    if request.emit == Some(Stage::Resolved) {
        let listing = hir::print::print_modules(&modules, &names);
        return Ok(finish(None, listing, diagnostics, map));
    }
    let mut found = Vec::new();
    types::check(&modules, &names, &mut found);
    diagnostics.extend(found.into_iter().filter(|d| !unread.explains(d, &map)));
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return Ok(finish(None, String::new(), diagnostics, map));
    }
    let compiled = back_end(request, &modules, entry, &names, diagnostics, map);
    Ok(Compiled { covered, ..compiled })
}

/// Where the text was not understood.
struct Unread(HashSet<(FileId, u32)>);

impl Unread {
    fn of(diagnostics: &[Diagnostic], map: &SourceMap) -> Unread {
        let garbled = |d: &&Diagnostic| {
            let codes = ["E0101", "E0104", "E0105", "E0109", "E0110", "E0111", "E0112", "E0127"];
            codes.contains(&d.code)
        };
        Unread(diagnostics.iter().filter(garbled).map(|d| (d.file, line(d, map))).collect())
    }

    /// Whether what was found in a later stage may come of that alone.
    fn explains(&self, d: &Diagnostic, map: &SourceMap) -> bool {
        !self.0.is_empty() && self.0.contains(&(d.file, line(d, map)))
    }
}

fn line(d: &Diagnostic, map: &SourceMap) -> u32 {
    map.get(d.file).map_or(0, |file| file.line_of(d.span.start))
}

/// Resolved modules to a package.
fn back_end(
    request: &Request<'_>,
    modules: &[hir::Module<'_>],
    entry: Option<usize>,
    names: &Names,
    mut diagnostics: Vec<Diagnostic>,
    map: SourceMap,
) -> Compiled {
    let mut listing = String::new();
    let mut package = Package { modules: Vec::new(), entry: entry.map(|e| e as u32) };
    for module in modules {
        let ir = lower::lower_module(module, names, &map, &mut diagnostics);
        if request.emit == Some(Stage::Ir) {
            let _ = write!(listing, "{}", ir::print::print_module(&ir));
        }
        package.modules.push(crate::emit::emit_module(&ir));
    }
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    if !failed && request.emit == Some(Stage::Asm) {
        listing = rata_bytecode::disasm::disassemble(&package);
    }
    finish((!failed).then_some(package), listing, diagnostics, map)
}

fn finish(
    package: Option<Package>,
    listing: String,
    mut diagnostics: Vec<Diagnostic>,
    sources: SourceMap,
) -> Compiled {
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        // what seems unused may be used where something is wrong
        diagnostics.retain(|d| !matches!(d.code, "W0904" | "W0907" | "W0908"));
    }
    diagnostics.sort_by_key(|d| (d.file, d.span.start, d.severity));
    Compiled { package, listing, diagnostics, sources, covered: BTreeSet::new() }
}
