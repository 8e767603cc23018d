//! The first look at a file: which modules it holds, and which functions and constants they have.
//! Trees in, outlines out; bodies are not looked at.
//!
//! Clauses of one function stand together: consecutive `name = function(…)` of one arity form a
//! group. A module may define a name and arity once; in a script a later definition shadows.

use super::index::{Index, Member, MemberKind, ModuleInfo, Signature};
use crate::diagnostics::Diagnostic;
use crate::names::{Name, Names};
use crate::span::{FileId, Span};
use crate::syntax::tree::*;
use foldhash::{HashMap, HashMapExt, HashSet};
use rata_bytecode::module::ModuleKind;

/// The clauses of one function.
#[derive(Debug)]
pub struct Group<'a> {
    /// Its name, where the first clause stands.
    pub ident: Ident,
    /// Number of parameters.
    pub arity: u32,
    /// In order.
    pub clauses: Vec<&'a Function<'a>>,
    /// Index of the first clause among the module's items.
    pub item: usize,
}

/// A name bound by a statement of the module.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The name.
    pub name: Name,
    /// Where.
    pub span: Span,
    /// Index of the statement among the module's items.
    pub item: usize,
    /// The arity of a `fn` or `~` (any) that is bound: functions see it from above, too.
    pub function: Option<u32>,
}

/// A module before its bodies are looked at.
#[derive(Debug)]
pub struct Outline<'a> {
    /// Dotted name, or the file's path for a script.
    pub name: Name,
    /// Named or script.
    pub kind: ModuleKind,
    /// The file.
    pub file: FileId,
    /// Its name in the source.
    pub span: Span,
    /// The module around it, an index into the outlines of the compilation.
    pub parent: Option<usize>,
    /// What stands in it, nested modules included.
    pub items: &'a [Item<'a>],
    /// The modules nested in it, as indices into the outlines, in order.
    pub nested: Vec<usize>,
    /// Its `library` lines.
    pub libraries: Vec<&'a Item<'a>>,
    /// Its functions.
    pub groups: Vec<Group<'a>>,
    /// Its constants.
    pub bindings: Vec<Binding>,
    /// Modules it uses.
    pub uses: Vec<ModPath<'a>>,
}

/// Outlines every module of a file, nested ones after the one around them; the script comes last.
pub fn outline_file<'a>(
    tree: &Tree<'a>,
    file: FileId,
    path: &str,
    names: &mut Names,
    diagnostics: &mut Vec<Diagnostic>,
    outlines: &mut Vec<Outline<'a>>,
) {
    let mut walk = Walk { file, names, diagnostics, outlines, defined: HashMap::new() };
    let first = walk.outlines.len();
    // The script is the parent of the file's modules (for its aliases), so it is reserved first and
    // loaded last; `order` in mod.rs sees to that.
    let script = walk.names.intern(path);
    walk.module(script, ModuleKind::Script, Span::default(), None, tree.items);
    debug_assert!(walk.outlines.len() > first);
}

struct Walk<'a, 'x> {
    file: FileId,
    names: &'x mut Names,
    diagnostics: &'x mut Vec<Diagnostic>,
    outlines: &'x mut Vec<Outline<'a>>,
    /// The first group of a module's name and arity.
    defined: HashMap<(usize, Name, u32), usize>,
}

impl<'a> Walk<'a, '_> {
    fn module(
        &mut self,
        name: Name,
        kind: ModuleKind,
        span: Span,
        parent: Option<usize>,
        items: &'a [Item<'a>],
    ) {
        let me = self.outlines.len();
        self.outlines.push(Outline {
            name,
            kind,
            file: self.file,
            span,
            parent,
            items,
            nested: Vec::new(),
            libraries: Vec::new(),
            groups: Vec::new(),
            bindings: Vec::new(),
            uses: Vec::new(),
        });
        let mut nested = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match &item.kind {
                ItemKind::Module { path, items } => nested.push((*path, *items)),
                ItemKind::Library { .. } => self.outlines[me].libraries.push(item),
                ItemKind::Use { path } => self.outlines[me].uses.push(*path),
                ItemKind::Stmt(stmt) => self.stmt(me, index, stmt),
                _ => {}
            }
        }
        for (path, items) in nested {
            let inner = self.outlines.len();
            self.outlines[me].nested.push(inner);
            let full = match kind {
                ModuleKind::Script => path.name,
                _ => {
                    let text = format!("{}.{}", self.names.text(name), self.names.text(path.name));
                    self.names.intern(&text)
                }
            };
            self.module(full, ModuleKind::Named, path.span, Some(me), items);
        }
    }

    fn stmt(&mut self, me: usize, index: usize, stmt: &Stmt<'a>) {
        let StmtKind::Bind { pattern, value } = &stmt.kind else { return };
        if let (PatternKind::Name(name), ExprKind::Function(function)) =
            (&pattern.kind, &value.kind)
        {
            self.function(me, index, Ident { name: *name, span: pattern.span }, function);
            return;
        }
        let found = bound_names(pattern);
        let function = match (&pattern.kind, &value.kind) {
            (PatternKind::Name(_), ExprKind::Fn { clauses }) => {
                clauses.first().map(|clause| clause.params.len() as u32)
            }
            (PatternKind::Name(_), ExprKind::Tilde(_)) => Some(1),
            _ => None,
        };
        let bindings = &mut self.outlines[me].bindings;
        let binding = |i: &Ident| Binding { name: i.name, span: i.span, item: index, function };
        bindings.extend(found.iter().map(binding));
    }

    fn function(&mut self, me: usize, item: usize, ident: Ident, function: &'a Function<'a>) {
        let arity = function.params.len() as u32;
        let outline = &mut self.outlines[me];
        if let Some(last) = outline.groups.last_mut()
            && last.ident.name == ident.name
            && last.arity == arity
            && last.item + last.clauses.len() == item
        {
            last.clauses.push(function);
            return;
        }
        let first = *self.defined.entry((me, ident.name, arity)).or_insert(outline.groups.len());
        if outline.kind != ModuleKind::Script
            && let Some(earlier) = outline.groups.get(first)
        {
            let text = self.names.text(ident.name);
            self.diagnostics.push(
                Diagnostic::error(
                    "E0205",
                    self.file,
                    ident.span,
                    format!("`{text}/{arity}` is defined a second time"),
                )
                .label("this would hide the first definition")
                .also(earlier.ident.span, "first defined here")
                .help("the clauses of one function must stand together"),
            );
            return;
        }
        outline.groups.push(Group { ident, arity, clauses: vec![function], item });
    }
}

/// The names that a pattern binds, in order, each once.
pub fn bound_names(pattern: &Pattern<'_>) -> Vec<Ident> {
    let mut found = Vec::new();
    collect_names(pattern, &mut found);
    if found.len() > 1 {
        let mut seen: HashSet<Name> = HashSet::default();
        found.retain(|ident| seen.insert(ident.name));
    }
    found
}

fn collect_names(pattern: &Pattern<'_>, found: &mut Vec<Ident>) {
    match &pattern.kind {
        PatternKind::Name(name) => found.push(Ident { name: *name, span: pattern.span }),
        PatternKind::Prefix { rest, .. } => collect_names(rest, found),
        PatternKind::Vector { items, tail } => {
            items.iter().for_each(|p| collect_names(p, found));
            tail.iter().for_each(|p| collect_names(p, found));
        }
        PatternKind::List { items, pairs } => {
            items.iter().for_each(|p| collect_names(p, found));
            pairs.iter().for_each(|e| collect_names(e.value, found));
        }
        PatternKind::Map(entries) => entries.iter().for_each(|e| collect_names(e.value, found)),
        PatternKind::Alias { pattern, name } => {
            collect_names(pattern, found);
            found.push(*name);
        }
        _ => {}
    }
}

/// The signature of a group: its first clause names the parameters; the first that has defaults
/// gives them.
pub fn signature(group: &Group<'_>) -> Signature {
    let params = group.clauses[0].params.iter().map(param_name).collect();
    let min = defaults_clause(&group.clauses).map_or(group.arity, |f| required(f) as u32);
    Signature { min, params, forward: None }
}

/// The native that a function of the standard library only hands its arguments to:
/// `f = function(a, b) { Native.x(a, b) }`, a docstring apart.
fn forward(group: &Group<'_>, names: &Names) -> Option<Name> {
    let [Function { params, result: None, guard: None, body, .. }] = group.clauses[..] else {
        return None;
    };
    let plain = |p: &Param<'_>| match (&p.pattern.kind, p.ty, p.default) {
        (PatternKind::Name(name), None, None) => Some(*name),
        _ => None,
    };
    let params: Vec<Name> = params.iter().map(plain).collect::<Option<_>>()?;
    let StmtKind::Expr(Expr { kind: ExprKind::Call { callee, args, named: [] }, .. }) =
        body.stmts.last()?.kind
    else {
        return None;
    };
    let ExprKind::Field { object: Expr { kind: ExprKind::Module(path), .. }, name } = callee.kind
    else {
        return None;
    };
    let own =
        |(arg, param): (&Expr<'_>, &Name)| matches!(&arg.kind, ExprKind::Name(n) if n == param);
    let documented = body.stmts.len() == 2
        && matches!(body.stmts[0].kind, StmtKind::Expr(Expr { kind: ExprKind::Str(_), .. }));
    let forwards = names.text(path.name) == "Native"
        && (body.stmts.len() == 1 || documented)
        && args.len() == params.len()
        && args.iter().zip(&params).all(own);
    forwards.then_some(name.name)
}

/// The clause that gives the defaults of a function, if it has any.
pub fn defaults_clause<'a>(clauses: &[&'a Function<'a>]) -> Option<&'a Function<'a>> {
    clauses.iter().copied().find(|f| f.params.iter().any(|p| p.default.is_some()))
}

/// How many parameters stand before the first with a default.
pub fn required(function: &Function<'_>) -> usize {
    function.params.iter().take_while(|p| p.default.is_none()).count()
}

/// The name a parameter has for named arguments.
pub fn param_name(param: &Param<'_>) -> Option<Name> {
    match &param.pattern.kind {
        PatternKind::Name(name) => Some(*name),
        PatternKind::Alias { name, .. } => Some(name.name),
        _ => None,
    }
}

/// Makes the outlined modules known to `index`, with the functions that `use` gives them.
pub fn publish(
    outlines: &[Outline<'_>],
    index: &mut Index<'_>,
    names: &mut Names,
    is_stdlib: bool,
) {
    for outline in outlines {
        let info = module_info(outline, index, names, is_stdlib);
        index.insert(outline.name, info);
    }
}

fn module_info(
    outline: &Outline<'_>,
    index: &Index<'_>,
    names: &mut Names,
    is_stdlib: bool,
) -> ModuleInfo {
    let inherited = inherited(outline, index, names);
    // a name that is not there is reported; what was meant by it should not seem private as well
    let known: HashSet<Name> = outline
        .groups
        .iter()
        .map(|g| g.ident.name)
        .chain(outline.bindings.iter().map(|b| b.name))
        .chain(inherited.iter().map(|f| f.0))
        .collect();
    let exported = exported_set(outline).filter(|all| all.is_subset(&known));
    let public = |name: Name| exported.as_ref().is_none_or(|e| e.contains(&name));
    let mut functions: HashMap<Name, Vec<Signature>> = HashMap::new();
    for group in &outline.groups {
        let list = functions.entry(group.ident.name).or_default();
        list.retain(|s| s.arity() != group.arity);
        let forward = if is_stdlib { forward(group, names) } else { None };
        list.push(Signature { forward, ..signature(group) });
    }
    for (name, arity) in inherited {
        functions.entry(name).or_default().push(Signature {
            min: arity,
            params: vec![None; arity as usize],
            forward: None,
        });
    }
    let mut info = ModuleInfo::default();
    for binding in &outline.bindings {
        let member = Member { kind: MemberKind::Constant, public: public(binding.name) };
        info.members.insert(binding.name, member);
    }
    let hidden = hidden_functions(outline);
    for (name, mut list) in functions {
        if hidden.contains(&name) {
            continue;
        }
        list.sort_by_key(Signature::arity);
        let member = Member { kind: MemberKind::Functions(list), public: public(name) };
        info.members.insert(name, member);
    }
    info
}

/// The names of functions that a constant bound below them hides from other modules.
pub fn hidden_functions(outline: &Outline<'_>) -> HashSet<Name> {
    // groups stand in order, so the last one of a name stays
    let last: HashMap<Name, usize> =
        outline.groups.iter().map(|g| (g.ident.name, g.item)).collect();
    let below = |b: &&Binding| last.get(&b.name).is_some_and(|&item| item < b.item);
    outline.bindings.iter().filter(below).map(|b| b.name).collect()
}

/// What `export` lines list, all together; `None` without any.
pub fn exported_names(outline: &Outline<'_>) -> Option<Vec<Ident>> {
    let mut all: Option<Vec<Ident>> = None;
    for item in outline.items {
        if let ItemKind::Export { names } = &item.kind {
            all.get_or_insert_default().extend_from_slice(names);
        }
    }
    all
}

/// The same as a set.
pub fn exported_set(outline: &Outline<'_>) -> Option<HashSet<Name>> {
    Some(exported_names(outline)?.iter().map(|ident| ident.name).collect())
}

/// The functions that a module gets from the behaviours it uses: those of `Behaviour.Defaults`, which
/// take the module as a first argument, unless the module defines a function of that name and arity.
pub fn inherited(outline: &Outline<'_>, index: &Index<'_>, names: &mut Names) -> Vec<(Name, u32)> {
    let mut found: Vec<(Name, u32)> = Vec::new();
    for path in &outline.uses {
        let Some(defaults) = defaults_module(path.name, names) else { continue };
        let Some(info) = index.get(defaults) else { continue };
        for (name, member) in &info.members {
            let MemberKind::Functions(list) = &member.kind else { continue };
            // `init = fn … end` is the module's own as well.
            if outline.bindings.iter().any(|b| b.name == *name) {
                continue;
            }
            for signature in list.iter().filter(|s| s.arity() > 0) {
                let arity = signature.arity() - 1;
                let own =
                    |g: &Group<'_>| g.ident.name == *name && signature_of_group_covers(g, arity);
                if !outline.groups.iter().any(own) && !found.contains(&(*name, arity)) {
                    found.push((*name, arity));
                }
            }
        }
    }
    found.sort_by(|a, b| names.text(a.0).cmp(names.text(b.0)).then(a.1.cmp(&b.1)));
    found
}

fn signature_of_group_covers(group: &Group<'_>, arity: u32) -> bool {
    signature(group).takes(arity)
}

/// `GenServer` → `GenServer.Defaults`, if that was ever named.
pub fn defaults_module(behaviour: Name, names: &Names) -> Option<Name> {
    names.find(&format!("{}.Defaults", names.text(behaviour)))
}
