//! One module: its `library`, `use` and `export` lines, its functions, then its statements.

use super::outline::{
    Binding, Outline, defaults_clause, defaults_module, exported_names, inherited,
};
use super::scope::Context;
use super::{Alias as Known, Resolver};
use crate::diagnostics::Diagnostic;
use crate::hir::{self, FnIdx};
use crate::names::{Name, Names};
use crate::span::Span;
use crate::syntax::tree::*;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use rata_bytecode::module::ModuleKind;

/// Reports modules defined twice in a project.
pub(super) fn report_duplicates(
    outlines: &[Outline<'_>],
    names: &Names,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: HashMap<Name, usize> = HashMap::new();
    for (i, outline) in outlines.iter().enumerate() {
        if let Some(&first) = seen.get(&outline.name) {
            let mut error = Diagnostic::error(
                "E0503",
                outline.file,
                outline.span,
                format!("module `{}` is defined a second time", names.text(outline.name)),
            );
            if outlines[first].file == outline.file {
                error = error.also(outlines[first].span, "first defined here");
            }
            diagnostics.push(error);
        } else {
            seen.insert(outline.name, i);
        }
    }
}

impl<'a> Resolver<'a, '_> {
    /// Resolves the module; `None` for a script without any statement or function.
    pub(super) fn module(&mut self) -> Option<hir::Module<'a>> {
        let outline = self.outline();
        self.prepare();
        self.functions();
        self.inherited_functions();
        self.main_function();
        let init = self.init();
        self.exports_exist();
        let exports = self.exports();
        self.unused_libraries();
        let empty = init.is_none() && self.level.functions.is_empty();
        if outline.kind == ModuleKind::Script && empty {
            return None;
        }
        let level = std::mem::take(&mut self.level);
        Some(hir::Module {
            name: outline.name,
            kind: outline.kind,
            file: outline.file,
            span: outline.span,
            functions: level.functions,
            sets: level.sets,
            globals: level.globals,
            init,
            exports,
            behaviours: outline.uses.iter().map(|p| p.name).collect(),
            docs: level.docs,
            var_names: self.scopes.take_var_names(),
        })
    }

    /// Tables of the module's names; aliases of this module and those around it.
    fn prepare(&mut self) {
        let outline = self.outline();
        for (i, group) in outline.groups.iter().enumerate() {
            self.level.groups_by_name.entry(group.ident.name).or_default().push(i);
            self.level.group_at.insert(group.item, i);
        }
        for (i, binding) in outline.bindings.iter().enumerate() {
            self.level.bindings_by_name.entry(binding.name).or_default().push(i);
        }
        let mut chain = vec![self.me];
        while let Some(parent) = self.outlines[*chain.last().expect("not empty")].parent {
            chain.push(parent);
        }
        for &outer in chain.iter().rev() {
            for item in self.outlines[outer].items {
                self.library(item, outer == self.me);
            }
        }
        let is_action = |item: &Item<'_>| match &item.kind {
            ItemKind::Stmt(stmt) => !is_definition(stmt),
            ItemKind::TestModule { .. } => true,
            _ => false,
        };
        self.level.first_action =
            outline.items.iter().position(is_action).unwrap_or(outline.items.len());
        for path in &outline.uses {
            let known =
                defaults_module(path.name, self.names).is_some_and(|d| self.index.get(d).is_some());
            if !known {
                let text = self.text(path.name).to_string();
                self.error("E0504", path.span, format!("`{text}` is no behaviour")).help.push(
                    format!("a behaviour has its default functions in a module `{text}.Defaults`"),
                );
            }
        }
    }

    fn library(&mut self, item: &Item<'a>, own: bool) {
        let ItemKind::Library { source, alias, names } = &item.kind else { return };
        let Some(module) = self.library_module(source, alias, own) else { return };
        let used = !own;
        if let Some(alias) = alias {
            let entry = Known { module, span: alias.ident.span, used };
            self.aliases.insert(alias.ident.name, entry);
        }
        for ident in names.unwrap_or_default() {
            self.imported.insert(ident.name, Known { module, span: ident.span, used });
            if own {
                self.check_imported(module, *ident);
            }
        }
    }

    fn check_imported(&mut self, module: Name, ident: Ident) {
        let groups = &self.outline().groups;
        if let Some(group) = groups.iter().find(|g| g.ident.name == ident.name) {
            self.warn_hidden_import(group.ident);
        }
        if let Some(info) = self.index.get(module)
            && !info.members.get(&ident.name).is_some_and(|m| m.public)
        {
            self.no_such_member(module, ident.name, ident.span);
        }
    }

    /// Warns of a definition that hides an imported name.
    pub(super) fn warn_hidden_import(&mut self, ident: Ident) {
        let Some(import) = self.imported.get_mut(&ident.name) else { return };
        import.used = true; // one warning is enough
        let span = import.span;
        let text = self.text(ident.name).to_string();
        self.warning("W0906", ident.span, format!("`{text}` hides the imported function"))
            .also
            .push((span, "imported here".to_string()));
    }

    fn library_module(
        &mut self,
        source: &LibrarySource<'a>,
        alias: &Option<Alias>,
        own: bool,
    ) -> Option<Name> {
        match source {
            LibrarySource::Module(path) => {
                let name = self.module_name(path);
                if own && self.index.get(name).is_none() {
                    self.warn_unknown_module(name, path.span);
                }
                Some(name)
            }
            LibrarySource::Path { path, span } => {
                let id = *self.file.imports.get(*path)?;
                let of_file = |o: &&Outline<'_>| o.file == id;
                let script = self.outlines.iter().find(of_file)?;
                let named: Vec<Name> = self
                    .outlines
                    .iter()
                    .filter(|o| o.file == id && o.kind == ModuleKind::Named && o.parent.is_some())
                    .filter(|o| self.outlines[o.parent.expect("filtered")].parent.is_none())
                    .map(|o| o.name)
                    .collect();
                if !script.groups.is_empty() || !script.bindings.is_empty() {
                    return Some(script.name);
                }
                let wanted = alias.map(|a| a.ident.name);
                match named.iter().find(|n| Some(**n) == wanted).or(named.first()) {
                    Some(name) if named.len() == 1 || Some(*name) == wanted => Some(*name),
                    Some(_) if alias.is_some() && own => {
                        let list: Vec<_> =
                            named.iter().map(|n| format!("`{}`", self.text(*n))).collect();
                        self.error("E0505", *span, "this file holds several modules")
                            .help
                            .push(format!("name one of them: {}", list.join(", ")));
                        None
                    }
                    found => found.copied(),
                }
            }
        }
    }

    fn functions(&mut self) {
        self.level.in_function = true;
        let groups = &self.outline().groups;
        let placeholder = hir::FnDef {
            name: self.outline().name,
            span: Span::default(),
            arity: 0,
            params: &[],
            clauses: &[],
        };
        // Numbers first: bodies refer to one another.
        for i in 0..groups.len() {
            let f = FnIdx(self.level.functions.len() as u32);
            self.level.functions.push(placeholder);
            self.level.group_fns.push((f, None));
            self.level.group_of.insert(f, i);
        }
        for (i, group) in groups.iter().enumerate() {
            if defaults_clause(&group.clauses).is_some() {
                let f = FnIdx(self.level.functions.len() as u32);
                self.level.functions.push(placeholder);
                self.level.group_fns[i].1 = Some(f);
                self.level.group_of.insert(f, i);
            }
        }
        self.report_overlaps();
        for i in 0..groups.len() {
            self.level.position = self.group(i).item;
            let (body, defaults) = self.level.group_fns[i];
            self.level.used_names.clear();
            let def = self.named_function(i);
            let ident = self.group(i).ident;
            if self.level.used_names.contains(&ident.name) && self.bound_above(ident.name) {
                self.warn_self(ident);
            }
            self.level.functions[body.0 as usize] = def;
            let clause = defaults_clause(&self.group(i).clauses);
            if let (Some(entry), Some(clause)) = (defaults, clause) {
                let target = hir::Target::Local { f: body, check: false };
                let stub = self.defaults_entry(clause, &def, target);
                self.level.functions[entry.0 as usize] = stub;
            }
        }
        self.level.in_function = false;
    }

    /// Whether a statement above the function under way binds its name.
    fn bound_above(&self, name: Name) -> bool {
        let list = self.level.bindings_by_name.get(&name).map_or(&[][..], |l| l);
        list.iter().any(|b| self.outline().bindings[*b].item < self.level.position)
    }

    /// A default that would give a second function the same number of arguments.
    fn report_overlaps(&mut self) {
        let groups = &self.outline().groups;
        for (i, group) in groups.iter().enumerate() {
            let mine = super::outline::signature(group);
            let earlier = self.level.groups_by_name[&group.ident.name].clone();
            for other in earlier.into_iter().take_while(|o| *o < i).map(|o| &groups[o]) {
                let theirs = super::outline::signature(other);
                if other.arity != group.arity
                    && mine.min <= theirs.arity()
                    && theirs.min <= mine.arity()
                {
                    let text = self.text(group.ident.name).to_string();
                    let count = mine.min.max(theirs.min);
                    let s = if count == 1 { "" } else { "s" };
                    self.error(
                        "E0303",
                        group.ident.span,
                        format!("`{text}` could be called with {count} argument{s} in two ways"),
                    )
                    .also
                    .push((other.ident.span, "the other function".to_string()));
                }
            }
        }
    }

    /// The functions that `use` gives the module: each calls its namesake in `Behaviour.Defaults`
    /// with the module first.
    fn inherited_functions(&mut self) {
        let outline = self.outline();
        for (name, arity) in inherited(outline, self.index, self.names) {
            let Some((module, span)) = outline.uses.iter().find_map(|path| {
                let defaults = defaults_module(path.name, self.names)?;
                self.index.get(defaults)?.members.get(&name).map(|_| (defaults, path.span))
            }) else {
                continue;
            };
            let vars: Vec<hir::Var> = (0..arity).map(|_| self.scopes.fresh(None)).collect();
            let mut args = vec![self.lit(span, hir::Lit::Module(outline.name))];
            args.extend(vars.iter().map(|v| self.expr(span, hir::ExprKind::Var(*v))));
            let target = hir::Target::Import { module, name };
            let call = self.expr(span, hir::ExprKind::Call { target, args: self.slice(&args) });
            self.add_inherited(name, span, &vars, call);
        }
    }

    /// A script's `main` that is bound to a `fn`, as a function that calls it.
    fn main_function(&mut self) {
        let outline = self.outline();
        let Some(name) = self.names.find("main") else { return };
        let last = self.level.bindings_by_name.get(&name).and_then(|list| list.last()).copied();
        let wanted =
            outline.kind == ModuleKind::Script && !self.level.groups_by_name.contains_key(&name);
        let Some(binding) = last.filter(|_| wanted) else { return };
        let Binding { span, function, .. } = outline.bindings[binding];
        let Some(arity) = function.filter(|&arity| arity <= 1) else { return };
        let vars: Vec<hir::Var> = (0..arity).map(|_| self.scopes.fresh(None)).collect();
        let args: Vec<_> = vars.iter().map(|v| self.expr(span, hir::ExprKind::Var(*v))).collect();
        let global = self.global(binding);
        let callee = self.expr(span, hir::ExprKind::Global(global));
        let target = hir::Target::Value(self.alloc(callee));
        let call = self.expr(span, hir::ExprKind::Call { target, args: self.slice(&args) });
        self.add_inherited(name, span, &vars, call);
    }

    fn add_inherited(&mut self, name: Name, span: Span, vars: &[hir::Var], body: hir::Expr<'a>) {
        let params: Vec<hir::Pattern<'a>> =
            vars.iter().map(|v| hir::Pattern { span, kind: hir::PatternKind::Var(*v) }).collect();
        let def = self.plain_function(name, span, &params, &vec![None; params.len()], body);
        let f = FnIdx(self.level.functions.len() as u32);
        self.level.functions.push(def);
        self.level.inherited.push((name, vars.len() as u32, f));
    }

    fn init(&mut self) -> Option<&'a hir::FnDef<'a>> {
        let name = self.names.intern("module");
        self.scopes.enter(Context {
            name,
            captures: Vec::new(),
            self_var: None,
            self_used: false,
            tilde: None,
            is_init: true,
        });
        let mark = self.scopes.open();
        let stmts = self.module_statements();
        let gone = self.scopes.close(mark);
        if self.outline().kind == ModuleKind::Script {
            self.warn_unused(&gone);
        }
        self.scopes.leave();
        if stmts.is_empty() {
            return None;
        }
        let span = stmts[0].span.to(stmts[stmts.len() - 1].span);
        let clause = hir::FnClause {
            span,
            params: &[],
            types: &[],
            guard: None,
            result: None,
            body: hir::Block { span, stmts: self.slice(&stmts) },
        };
        let clauses = self.slice(&[clause]);
        Some(self.alloc(hir::FnDef { name, span, arity: 0, params: &[], clauses }))
    }

    fn exports_exist(&mut self) {
        for ident in exported_names(self.outline()).unwrap_or_default() {
            let known = self.level.groups_by_name.contains_key(&ident.name)
                || self.level.bindings_by_name.contains_key(&ident.name)
                || self.level.inherited.iter().any(|f| f.0 == ident.name);
            if !known {
                let own: Vec<Name> = self.level.groups_by_name.keys().copied().collect();
                let text = self.text(ident.name).to_string();
                let help = self.suggestion(&text, own);
                let error =
                    self.error("E0209", ident.span, format!("there is no `{text}` to export"));
                error.help.extend(help);
            }
        }
    }

    /// Everything is written down as exported that may be called from outside; what `export`
    /// withholds is left out.
    fn exports(&mut self) -> Vec<hir::Export> {
        let withheld = exported_names(self.outline());
        let public =
            |name: Name| withheld.as_ref().is_none_or(|e| e.iter().any(|i| i.name == name));
        let mut seen: HashSet<Name> = HashSet::new();
        let mut all: Vec<Name> = self.outline().groups.iter().map(|g| g.ident.name).collect();
        all.extend(self.level.inherited.iter().map(|f| f.0));
        let hidden = super::outline::hidden_functions(self.outline());
        all.retain(|n| public(*n) && !hidden.contains(n) && seen.insert(*n));
        self.level.position = usize::MAX;
        let mut exports = Vec::new();
        for name in all {
            let set = self.function_set(name).expect("a function of the module");
            exports.push(hir::Export::Set(set));
        }
        if self.outline().kind != ModuleKind::Script || self.is_imported_file() {
            let mut names: Vec<Name> = self.level.bindings_by_name.keys().copied().collect();
            names.retain(|n| public(*n) && !seen.contains(n));
            names.sort();
            for name in names {
                let last = *self.level.bindings_by_name[&name].last().expect("not empty");
                if let Some(&global) = self.level.global_ids.get(&last) {
                    exports.push(hir::Export::Global(global));
                }
            }
        }
        exports
    }

    /// Whether another file of the project may read this script's variables.
    pub(super) fn is_imported_file(&self) -> bool {
        self.files.iter().any(|f| f.imports.values().any(|id| *id == self.file.id))
    }

    fn unused_libraries(&mut self) {
        let unused: Vec<(Name, Span)> = self
            .aliases
            .iter()
            .chain(self.imported.iter())
            .filter(|(_, alias)| !alias.used)
            .map(|(name, alias)| (*name, alias.span))
            .collect();
        for (name, span) in unused {
            if self.outlines.iter().any(|o| o.parent == Some(self.me)) {
                continue; // a nested module may use it
            }
            let text = self.text(name).to_string();
            self.warning("W0907", span, format!("`{text}` is imported but never used"));
        }
    }
}

/// Whether the statement only defines: running it calls nothing.
fn is_definition(stmt: &Stmt<'_>) -> bool {
    match &stmt.kind {
        StmtKind::Bind { pattern: Pattern { kind: PatternKind::Name(_), .. }, value } => {
            matches!(
                value.kind,
                ExprKind::Function(_)
                    | ExprKind::Fn { .. }
                    | ExprKind::Tilde(_)
                    | ExprKind::Int(_)
                    | ExprKind::Float(_)
                    | ExprKind::Str(_)
                    | ExprKind::Symbol(_)
                    | ExprKind::Bool(_)
                    | ExprKind::Nil
            )
        }
        _ => false,
    }
}
