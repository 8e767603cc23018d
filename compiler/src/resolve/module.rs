//! One module: its `library`, `use` and `export` lines, its functions, then its statements.

use super::Resolver;
use super::outline::{
    Binding, Outline, defaults_clause, defaults_module, exported_names, exported_set, inherited,
    signature,
};
use super::scope::Context;
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
            } else if let Some(script) = outlines.iter().find(|o| o.file == outlines[first].file) {
                let path = names.text(script.name);
                error = error.help(format!("`{path}` defines it already"));
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
        self.libraries();
        let is_action = |item: &Item<'_>| match &item.kind {
            ItemKind::Stmt(stmt) => !is_definition(stmt),
            ItemKind::TestModule { .. } => true,
            _ => false,
        };
        self.level.first_action =
            outline.items.iter().position(is_action).unwrap_or(outline.items.len());
        for path in &outline.uses {
            if let Some(line) = self.plain.get_mut(&path.name) {
                line.used = true;
            }
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
        list.first().is_some_and(|b| self.outline().bindings[*b].item < self.level.position)
    }

    /// A default that would give a second function the same number of arguments.
    fn report_overlaps(&mut self) {
        // by name: fewest and most arguments of each definition that differs from those before
        let mut ranges: HashMap<Name, Vec<(u32, u32, Span)>> = HashMap::new();
        for group in &self.outline().groups {
            let (min, max) = (signature(group).min, group.arity);
            let earlier = ranges.entry(group.ident.name).or_default();
            let clash = earlier.iter().find(|o| o.1 != max && min <= o.1 && o.0 <= max).copied();
            if let Some((other_min, _, span)) = clash {
                let text = self.text(group.ident.name).to_string();
                let count = min.max(other_min);
                let s = if count == 1 { "" } else { "s" };
                self.error(
                    "E0303",
                    group.ident.span,
                    format!("`{text}` could be called with {count} argument{s} in two ways"),
                )
                .also
                .push((span, "the other function".to_string()));
            }
            if !earlier.iter().any(|o| (o.0, o.1) == (min, max)) {
                earlier.push((min, max, group.ident.span));
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
        self.scopes.enter(Context { is_init: true, no_return: true, ..Context::new(name) });
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
                let level = &self.level;
                let own = level.groups_by_name.keys().chain(level.bindings_by_name.keys());
                let own: Vec<Name> = own.copied().collect();
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
        let exported = exported_set(self.outline());
        let public = |name: Name| exported.as_ref().is_none_or(|e| e.contains(&name));
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
