//! Names bound to what they mean: source trees in, resolved modules (`hir`) out.
//!
//! First every file is outlined (`outline`) and made known (`index`), so that modules and functions may
//! refer to one another in any order; then each body is resolved (`statement`, `expression`, `call`,
//! `function`, `pattern`) with the variables in scope (`scope`). Knows nothing of registers or
//! instructions; looks at types only to carry them along.

mod call;
mod defaults;
mod expression;
mod function;
pub mod index;
mod library;
mod lookup;
mod module;
mod order;
pub mod outline;
mod pattern;
mod receive;
mod scope;
mod statement;
mod types;

use crate::diagnostics::Diagnostic;
use crate::hir;
use crate::names::{Name, Names};
use crate::span::{FileId, Span};
use crate::syntax::tree::{Item, ItemKind, Tree};
use bumpalo::Bump;
use foldhash::{HashMap, HashSet};
use index::Index;
use outline::{Group, Outline};
use scope::{Local, Scopes};
use std::cell::Cell;
use std::collections::BTreeSet;

/// How many names are compared with misspelt ones, in all: about a second.
const COMPARISONS: usize = 1 << 20;

/// One parsed file of a project.
pub struct ParsedFile<'a> {
    /// Which file.
    pub id: FileId,
    /// Its path as shown to users; names its script.
    pub path: String,
    /// Its text.
    pub text: &'a str,
    /// Its tree.
    pub tree: Tree<'a>,
    /// Whether its statements say when they run.
    pub covered: bool,
    /// The files its `library ./path` lines lead to, by the path as written.
    pub imports: HashMap<String, FileId>,
}

/// Whether a file by its name holds tests: there, as in test modules, the functions of Tests need no name
/// before them.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("_test.rata")
}

/// The module that is told of each test module (`Tests.Suite.enter(title, line, body)`), and that of the
/// functions tests are written with. The sources mean both, though they name neither.
pub const TEST_MODULES: [&str; 2] = ["Tests.Suite", "Tests"];

impl ParsedFile<'_> {
    /// Whether there are tests in it.
    pub fn has_tests(&self) -> bool {
        is_test_file(&self.path) || holds_test_module(self.tree.items)
    }
}

/// Whether a test module is among the items or in a module among them.
pub fn holds_test_module(items: &[Item<'_>]) -> bool {
    items.iter().any(|item| match &item.kind {
        ItemKind::TestModule { .. } => true,
        ItemKind::Module { items, .. } => holds_test_module(items),
        _ => false,
    })
}

/// What `resolve` makes of a project.
pub struct Resolved<'a> {
    /// In load order.
    pub modules: Vec<hir::Module<'a>>,
    /// The script of the last file, an index into `modules`, if it has one.
    pub entry: Option<usize>,
    /// The numbers of the lines that say when they run.
    pub covered: BTreeSet<u64>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves the files of a project, given in dependency order (the main file last).
///
/// `index` knows the modules compiled before (the standard library); the project's are added to it.
/// `is_stdlib` makes the pseudo-module `Native` visible.
pub fn resolve<'a>(
    arena: &'a Bump,
    names: &mut Names,
    files: &[ParsedFile<'a>],
    index: &mut Index<'_>,
    is_stdlib: bool,
) -> Resolved<'a> {
    let mut diagnostics = Vec::new();
    let mut outlines = Vec::new();
    for file in files {
        outline::outline_file(
            &file.tree,
            file.id,
            &file.path,
            names,
            &mut diagnostics,
            &mut outlines,
        );
    }
    module::report_duplicates(&outlines, names, &mut diagnostics);
    // Twice: a behaviour of the project may stand below the module that uses it.
    outline::publish(&outlines, index, names, is_stdlib);
    outline::publish(&outlines, index, names, is_stdlib);
    let project: HashSet<Name> = outlines.iter().map(|o| o.name).collect();
    let mut used_inside = HashSet::default();
    let comparisons = Cell::new(COMPARISONS);
    let mut modules = Vec::new();
    let mut covered = BTreeSet::new();
    let mut entry = None;
    for (file_index, file) in files.iter().enumerate() {
        for me in load_order(&outlines, file.id) {
            let mut resolver = Resolver {
                arena,
                names,
                index,
                outlines: &outlines,
                files,
                file,
                me,
                is_stdlib,
                project: &project,
                diagnostics: &mut diagnostics,
                covered: &mut covered,
                undecided: Vec::new(),
                comparisons: &comparisons,
                scopes: Scopes::default(),
                level: Level::default(),
                aliases: HashMap::default(),
                imported: HashMap::default(),
                plain: HashMap::default(),
                used_inside: &mut used_inside,
                in_guard: false,
                in_test_module: false,
                doubted: HashSet::default(),
            };
            if let Some(module) = resolver.module() {
                if outlines[me].parent.is_none() && file_index + 1 == files.len() {
                    entry = Some(modules.len());
                }
                modules.push(module);
            }
        }
    }
    Resolved { modules, entry, covered, diagnostics }
}

/// The modules of a file in the order they are loaded: the file's modules, each after those nested
/// in it, and the script last.
fn load_order(outlines: &[Outline<'_>], file: FileId) -> Vec<usize> {
    fn visit(outlines: &[Outline<'_>], me: usize, order: &mut Vec<usize>) {
        for &inner in &outlines[me].nested {
            visit(outlines, inner, order);
        }
        order.push(me);
    }
    let mut order = Vec::new();
    if let Some(script) = outlines.iter().position(|o| o.file == file) {
        visit(outlines, script, &mut order);
    }
    order
}

/// What an alias or a `library` line made known in a module.
#[derive(Debug, Clone, Copy)]
struct Alias {
    module: Name,
    span: Span,
    /// The module whose `library` line it is, an index into the outlines.
    owner: usize,
    used: bool,
}

/// The functions and constants of the module under way.
#[derive(Default)]
struct Level<'a> {
    /// The functions so far: groups first, then entries for defaults, then inherited ones.
    functions: Vec<hir::FnDef<'a>>,
    /// For each group: its function and, when it has defaults, the entry that evaluates them.
    group_fns: Vec<(hir::FnIdx, Option<hir::FnIdx>)>,
    /// The group that a function (or entry for defaults) belongs to.
    group_of: HashMap<hir::FnIdx, usize>,
    /// The group whose first clause is an item.
    group_at: HashMap<usize, usize>,
    /// Inherited functions by name.
    inherited: Vec<(Name, u32, hir::FnIdx)>,
    sets: Vec<hir::FnSet>,
    set_ids: HashMap<(Name, Vec<u32>), hir::SetIdx>,
    globals: Vec<hir::Global>,
    /// Global of a binding (by its index in the outline), made when something needs it.
    global_ids: HashMap<usize, hir::GlobalIdx>,
    groups_by_name: HashMap<Name, Vec<usize>>,
    bindings_by_name: HashMap<Name, Vec<usize>>,
    /// The item under way: what stands above is bound, what stands below is not.
    position: usize,
    /// Names of functions that the function under way used.
    used_names: HashSet<Name>,
    /// Whether a function (rather than a statement) of the module is under way.
    in_function: bool,
    /// The first item of a script that may run code: functions defined above it are always defined.
    first_action: usize,
    docs: Vec<(Option<(Name, u32)>, &'a str)>,
}

/// Resolves one module.
struct Resolver<'a, 'x> {
    arena: &'a Bump,
    names: &'x mut Names,
    index: &'x Index<'x>,
    outlines: &'x [Outline<'a>],
    files: &'x [ParsedFile<'a>],
    file: &'x ParsedFile<'a>,
    me: usize,
    is_stdlib: bool,
    project: &'x HashSet<Name>,
    diagnostics: &'x mut Vec<Diagnostic>,
    covered: &'x mut BTreeSet<u64>,
    /// Parameters that the clause under way does not use, but perhaps a default.
    undecided: Vec<Local>,
    /// How many names may still be compared with misspelt ones.
    comparisons: &'x Cell<usize>,
    scopes: Scopes,
    level: Level<'a>,
    /// Aliases by the name written.
    aliases: HashMap<Name, Alias>,
    /// Names imported by `library X.[f]`.
    imported: HashMap<Name, Alias>,
    /// Modules named by `library X`.
    plain: HashMap<Name, Alias>,
    /// What modules nested in others used of their `library` lines: owner and place.
    used_inside: &'x mut HashSet<(usize, u32)>,
    in_guard: bool,
    /// Whether the statement under way stands in a test module.
    in_test_module: bool,
    /// Unknown modules warned of.
    doubted: HashSet<Name>,
}

impl<'a, 'x> Resolver<'a, 'x> {
    fn outline(&self) -> &'x Outline<'a> {
        &self.outlines[self.me]
    }

    fn items(&self) -> &'a [Item<'a>] {
        self.outline().items
    }

    fn group(&self, index: usize) -> &'x Group<'a> {
        &self.outlines[self.me].groups[index]
    }

    fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::error(code, self.file.id, span, message));
        self.diagnostics.last_mut().expect("just pushed")
    }

    fn warning(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::warning(code, self.file.id, span, message));
        self.diagnostics.last_mut().expect("just pushed")
    }

    /// Reports the first of `count` things of a kind that is one too many.
    fn at_most(&mut self, count: usize, most: usize, what: &str, span: impl Fn(usize) -> Span) {
        if count > most {
            self.error("E0306", span(most), format!("{count} {what} are too many")).label =
                format!("at most {most} are possible");
        }
    }

    fn alloc<T: Copy>(&self, value: T) -> &'a T {
        self.arena.alloc(value)
    }

    fn slice<T: Copy>(&self, values: &[T]) -> &'a [T] {
        self.arena.alloc_slice_copy(values)
    }

    fn expr(&self, span: Span, kind: hir::ExprKind<'a>) -> hir::Expr<'a> {
        hir::Expr { span, kind }
    }

    fn lit(&self, span: Span, lit: hir::Lit<'a>) -> hir::Expr<'a> {
        self.expr(span, hir::ExprKind::Lit(lit))
    }
}
