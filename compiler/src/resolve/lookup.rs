//! Where a name leads: variable, module-level function or constant, imported name, Core, alias.

use super::index::MemberKind;
use super::{Resolver, is_test_file};
use crate::diagnostics::suggest;
use crate::hir::{self, FnIdx, GlobalIdx, SetIdx};
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::{Expr, ExprKind, ModPath};
use rata_bytecode::module::ModuleKind;

/// What a bare name means.
pub(super) enum Meaning {
    /// A variable.
    Var(hir::Var),
    /// A constant of this module.
    Global(GlobalIdx),
    /// The functions of this module with that name.
    Functions(SetIdx),
    /// A member of another module.
    Member { module: Name },
    /// An alias of a module.
    Module(Name),
}

impl<'a> Resolver<'a, '_> {
    /// What `name` means here; `None` when nothing.
    pub(super) fn meaning(&mut self, name: Name) -> Option<Meaning> {
        if let Some(var) = self.scopes.lookup(name) {
            return Some(Meaning::Var(var));
        }
        if let Some(found) = self.module_level(name) {
            return Some(found);
        }
        if let Some(alias) = self.imported.get_mut(&name) {
            alias.used = true;
            return Some(Meaning::Member { module: alias.module });
        }
        if let Some(module) = self.unnamed_modules().find(|m| self.has_public(*m, name)) {
            return Some(Meaning::Member { module });
        }
        self.alias(name).map(Meaning::Module)
    }

    /// The modules whose functions need no name before them: Core, and before it Tests where tests
    /// are written.
    fn unnamed_modules(&self) -> impl Iterator<Item = Name> + use<> {
        let tests = self.names.find("Tests").filter(|tests| {
            (self.in_test_module || is_test_file(&self.file.path)) && !self.project.contains(tests)
        });
        tests.into_iter().chain(self.names.find("Core"))
    }

    fn has_public(&self, module: Name, name: Name) -> bool {
        let member = self.index.get(module).and_then(|info| info.members.get(&name));
        member.is_some_and(|m| m.public)
    }

    /// The module that the alias `name` stands for, noted as used.
    pub(super) fn alias(&mut self, name: Name) -> Option<Name> {
        let alias = self.aliases.get_mut(&name)?;
        alias.used = true;
        Some(alias.module)
    }

    /// What `__module__.name` means in its own module, where nothing is private.
    pub(super) fn own_member(&mut self, module: Name, name: Name) -> Option<Meaning> {
        if module != self.outline().name { None } else { self.module_level(name) }
    }

    /// Whichever of function and constant stands nearest above.
    fn module_level(&mut self, name: Name) -> Option<Meaning> {
        let binding = self.visible_binding(name);
        let group = self.level.groups_by_name.get(&name).map(|list| {
            let above = list.partition_point(|g| self.group(*g).item <= self.level.position);
            list[above.saturating_sub(1)]
        });
        let function_wins = match (binding, group) {
            (Some(b), Some(g)) => {
                let (b, g) = (self.outline().bindings[b].item, self.group(g).item);
                let p = self.level.position;
                (g <= p, g) >= (b <= p, b)
            }
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => self.level.inherited.iter().any(|f| f.0 == name),
        };
        if function_wins {
            return self.function_set(name).map(Meaning::Functions);
        }
        binding.map(|b| Meaning::Global(self.global(b)))
    }

    /// The binding that the name refers to from here: the last one above; in a module also the first
    /// below (its functions run when it is loaded), and in a function of a script if that is a function.
    fn visible_binding(&self, name: Name) -> Option<usize> {
        let list = self.level.bindings_by_name.get(&name)?;
        let outline = self.outline();
        let above = list.partition_point(|b| outline.bindings[*b].item < self.level.position);
        match above.checked_sub(1) {
            Some(last) => Some(list[last]),
            None if outline.kind == ModuleKind::Script => {
                let inside = self.scopes.in_function();
                list.first().copied().filter(|b| inside && outline.bindings[*b].function.is_some())
            }
            None => list.first().copied(),
        }
    }

    /// The global of a binding, made at first need.
    pub(super) fn global(&mut self, binding: usize) -> GlobalIdx {
        if let Some(&global) = self.level.global_ids.get(&binding) {
            return global;
        }
        let b = self.outline().bindings[binding];
        let global = GlobalIdx(self.level.globals.len() as u32);
        self.level.globals.push(hir::Global { name: b.name, span: b.span });
        self.level.global_ids.insert(binding, global);
        global
    }

    /// The functions that `name` means from here, by arity: for each arity the definition nearest
    /// above, or the first below.
    pub(super) fn function_set(&mut self, name: Name) -> Option<SetIdx> {
        self.level.used_names.insert(name);
        let mut chosen: Vec<(u32, usize)> = Vec::new();
        for &g in self.level.groups_by_name.get(&name).map_or(&[][..], |l| l) {
            let group = self.group(g);
            match chosen.iter_mut().find(|c| c.0 == group.arity) {
                Some(earlier) if group.item <= self.level.position => earlier.1 = g,
                Some(_) => {}
                None => chosen.push((group.arity, g)),
            }
        }
        let mut entries: Vec<(u32, u32, FnIdx)> = Vec::new();
        for &(arity, g) in &chosen {
            let (body, defaults) = self.level.group_fns[g];
            if let Some(stub) = defaults {
                let min = super::outline::signature(self.group(g)).min;
                entries.push((min, arity - 1, stub));
            }
            entries.push((arity, arity, body));
        }
        for &(n, arity, f) in &self.level.inherited {
            if n == name && !entries.iter().any(|e| e.0 <= arity && arity <= e.1) {
                entries.push((arity, arity, f));
            }
        }
        if entries.is_empty() {
            return None;
        }
        entries.sort();
        let key = (name, entries.iter().map(|e| e.2.0).collect());
        if let Some(&set) = self.level.set_ids.get(&key) {
            return Some(set);
        }
        let set = SetIdx(self.level.sets.len() as u32);
        self.level.sets.push(hir::FnSet { name, entries });
        self.level.set_ids.insert(key, set);
        Some(set)
    }

    /// Whether calling the function must make sure that its definition has run: in a script, when some
    /// statement may run before it.
    pub(super) fn needs_check(&self, f: FnIdx) -> bool {
        if self.outline().kind != ModuleKind::Script {
            return false;
        }
        let Some(&g) = self.level.group_of.get(&f) else { return false };
        let item = self.group(g).item;
        let in_place = !self.level.in_function && item < self.level.position;
        item > self.level.first_action && !in_place
    }

    /// The full name of the module written as `path`, from here: an alias, a module nested in this
    /// one or in those around it, or the name as it stands.
    pub(super) fn module_name(&mut self, path: &ModPath<'a>) -> Name {
        let name = self.find_module(path);
        if let Some(line) = self.plain.get_mut(&name) {
            line.used = true;
        }
        name
    }

    /// The same, without noting that a `library` line was of use.
    pub(super) fn find_module(&mut self, path: &ModPath<'a>) -> Name {
        if let Some(alias) = self.aliases.get_mut(&path.name) {
            alias.used = true;
            return alias.module;
        }
        if let Some(name) = self.nested_module(path.name) {
            return name;
        }
        if path.parts.len() > 1
            && let Some(alias) = self.alias(path.parts[0].name)
        {
            let rest: Vec<&str> = path.parts[1..].iter().map(|p| self.text(p.name)).collect();
            let text = format!("{}.{}", self.text(alias), rest.join("."));
            return self.names.intern(&text);
        }
        path.name
    }

    /// The module of that name nested in this one or in those around it.
    fn nested_module(&self, name: Name) -> Option<Name> {
        let mut around = Some(self.me);
        while let Some(outer) = around {
            let o = &self.outlines[outer];
            if o.kind == ModuleKind::Named {
                let text = format!("{}.{}", self.text(o.name), self.text(name));
                let found = self.names.find(&text).filter(|n| self.index.get(*n).is_some());
                if found.is_some() {
                    return found;
                }
            }
            around = o.parent;
        }
        None
    }

    /// The module that the name would mean here without an alias.
    pub(super) fn module_named(&self, name: Name) -> Option<Name> {
        self.nested_module(name).or_else(|| self.index.get(name).map(|_| name))
    }

    /// The module that an expression names, if it names one at compile time.
    pub(super) fn module_of(&mut self, expr: &Expr<'a>) -> Option<Name> {
        match &expr.kind {
            ExprKind::Module(path) => {
                let module = self.module_name(path);
                if self.index.get(module).is_none() {
                    self.warn_unknown_module(module, path.span);
                }
                Some(module)
            }
            ExprKind::ThisModule => Some(self.outline().name),
            ExprKind::Name(name) if !self.is_value(*name) => self.alias(*name),
            _ => None,
        }
    }

    /// Whether the name is a variable, constant or function here (rather than an alias).
    pub(super) fn is_value(&self, name: Name) -> bool {
        self.scopes.is_local(name)
            || self.level.groups_by_name.contains_key(&name)
            || self.visible_binding(name).is_some()
    }

    /// Whether the name is a variable or module constant here: then `f/2` divides.
    pub(super) fn is_variable(&self, name: Name) -> bool {
        if self.scopes.is_local(name) {
            return true;
        }
        self.visible_binding(name).is_some() && !self.level.groups_by_name.contains_key(&name)
    }

    /// `help: did you mean …` for a misspelt name.
    pub(super) fn suggestion(
        &self,
        text: &str,
        candidates: impl IntoIterator<Item = Name>,
    ) -> Option<String> {
        let name = self.nearest(text, candidates)?;
        Some(format!("did you mean `{}`?", self.text(name)))
    }

    /// The name that was probably meant. Of equally near ones it is the one seen first; in a
    /// compilation with very many errors the last ones get no such help.
    fn nearest(&self, text: &str, candidates: impl IntoIterator<Item = Name>) -> Option<Name> {
        let mut names: Vec<Name> = candidates.into_iter().collect();
        let left = self.comparisons.get().checked_sub(names.len())?;
        self.comparisons.set(left);
        names.sort_unstable();
        names.dedup();
        let texts = names.iter().map(|name| self.text(*name));
        self.names.find(suggest::nearest(text, texts)?)
    }

    /// Reports a name that means nothing here.
    pub(super) fn unknown_name(&mut self, name: Name, span: Span, what: &str) {
        let text = self.text(name).to_string();
        let mut candidates: Vec<Name> = self.scopes.names().collect();
        candidates.extend(self.level.groups_by_name.keys());
        candidates.extend(self.level.bindings_by_name.keys());
        candidates.extend(self.imported.keys());
        candidates.extend(self.aliases.keys());
        for info in self.unnamed_modules().filter_map(|module| self.index.get(module)) {
            candidates.extend(info.members.iter().filter(|m| m.1.public).map(|m| *m.0));
        }
        let near = self.nearest(&text, candidates);
        let help = match near {
            _ if foreign_word(&text).is_some() => foreign_word(&text).map(str::to_string),
            Some(near) => Some(format!("did you mean `{}`?", self.text(near))),
            None => self.elsewhere(name),
        };
        let below = self.level.bindings_by_name.get(&name).map(|list| {
            let span = self.outline().bindings[list[0]].span;
            (span, "it is bound only here, further down".to_string())
        });
        let gone = self.scopes.bound_in_block(name);
        let below = below.or(gone.map(|span| (span, "it is bound only in this block".to_string())));
        let error = self.error("E0201", span, format!("unknown {what} `{text}`"));
        error.label = "not found in this scope".to_string();
        error.help.extend(help);
        error.also.extend(below);
    }

    /// A module that has a function of that name: `length` → `Vector.length`.
    fn elsewhere(&self, name: Name) -> Option<String> {
        let mut found: Vec<&str> = self
            .index
            .modules_with(name, self.names)
            .into_iter()
            .map(|m| self.text(m))
            .filter(|m| !m.ends_with(".Defaults") && !m.ends_with(".rata"))
            .collect();
        found.sort_unstable();
        found.truncate(3);
        if found.is_empty() {
            return None;
        }
        let list: Vec<String> =
            found.iter().map(|m| format!("`{m}.{}`", self.text(name))).collect();
        Some(format!("there is {}", list.join(" and ")))
    }

    /// Reports a member that a known module does not have (or withholds).
    pub(super) fn no_such_member(&mut self, module: Name, name: Name, span: Span) {
        let (m, n) = (self.text(module).to_string(), self.text(name).to_string());
        let info = self.index.get(module).expect("a known module");
        let withheld = info.members.contains_key(&name);
        let public: Vec<Name> = info.members.iter().filter(|e| e.1.public).map(|e| *e.0).collect();
        let help = self.suggestion(&n, public);
        if withheld {
            self.error("E0204", span, format!("`{m}.{n}` is private"))
                .help
                .push(format!("add `{n}` to the `export` line of module {m}"));
        } else {
            let error = self.error("E0203", span, format!("module {m} has no `{n}`"));
            error.label = "not found in this module".to_string();
            error.help.extend(help);
        }
    }

    /// Warns of a module name that is a constant of other languages.
    pub(super) fn warn_foreign_module(&mut self, module: Name, span: Span) {
        let text = self.text(module);
        let Some(help) = foreign_word(text) else { return };
        if self.index.get(module).is_none() {
            let message = format!("`{text}` is the name of a module here");
            self.warning("W0911", span, message).help.push(help.to_string());
        }
    }

    /// Warns of a module that nothing known defines, if its name looks like a slip (once per name).
    /// Modules may be loaded later, so this is no error.
    pub(super) fn warn_unknown_module(&mut self, module: Name, span: Span) {
        let text = self.text(module).to_string();
        let known: Vec<Name> = self.index.module_names().collect();
        let Some(help) = self.suggestion(&text, known) else { return };
        if self.doubted.insert(module) {
            let warning = self.warning("W0911", span, format!("module `{text}` is not known here"));
            warning.label = "calls into it fail unless it is loaded by then".to_string();
            warning.help.push(help);
        }
    }

    /// The member of a known module that others may see; reports when there is none. `Err` when the
    /// module is not known.
    pub(super) fn member(
        &mut self,
        module: Name,
        name: Name,
        span: Span,
    ) -> Result<Option<MemberKind>, ()> {
        let Some(info) = self.index.get(module) else {
            return Err(());
        };
        match info.members.get(&name) {
            Some(member) if member.public || self.outline().name == module => {
                Ok(Some(member.kind.clone()))
            }
            _ => {
                self.no_such_member(module, name, span);
                Ok(None)
            }
        }
    }
}

/// Constants and functions of other languages, and what is written for them here.
fn foreign_word(text: &str) -> Option<&'static str> {
    Some(match text {
        "null" | "NULL" | "Null" | "None" | "NA" | "Nil" | "undefined" => "write `nil`",
        "True" | "TRUE" => "write `true`",
        "False" | "FALSE" => "write `false`",
        "len" => "there is `Vector.length`, `List.length`, `String.length` and `Maps.size`",
        "println" | "printf" | "echo" => "print with `IO.puts`",
        _ => return None,
    })
}
