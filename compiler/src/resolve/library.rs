//! `library` lines: which names they make known, which of them hide something, which nothing uses.

use super::{Alias as Known, Resolver};
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::*;

impl<'a> Resolver<'a, '_> {
    /// The `library` lines of this module and, with lower precedence, those around it.
    pub(super) fn libraries(&mut self) {
        let mut chain = vec![self.me];
        while let Some(parent) = self.outlines[*chain.last().expect("not empty")].parent {
            chain.push(parent);
        }
        for &outer in chain.iter().rev() {
            for item in &self.outlines[outer].libraries {
                self.library(item, outer);
            }
        }
    }

    fn library(&mut self, item: &Item<'a>, owner: usize) {
        let ItemKind::Library { source, alias, names } = &item.kind else { return };
        let own = owner == self.me;
        let Some(module) = self.library_module(source, alias, own) else { return };
        let known = |span| Known { module, span, owner, used: false };
        match (alias, names, source) {
            (Some(alias), _, _) => self.add_alias(alias.ident, known(alias.ident.span)),
            (None, Some(names), _) => {
                for ident in *names {
                    let earlier = self.imported.insert(ident.name, known(ident.span));
                    if own {
                        self.check_imported(module, *ident, earlier);
                    }
                }
            }
            (None, None, LibrarySource::Module(path)) => {
                self.plain.insert(module, known(path.span));
            }
            // a file is loaded for what it does, too
            (None, None, LibrarySource::Path { .. }) => {}
        }
    }

    fn add_alias(&mut self, ident: Ident, known: Known) {
        let earlier = self.aliases.insert(ident.name, known);
        if known.owner != self.me {
            return;
        }
        if let Some(earlier) = earlier.filter(|e| e.module != known.module) {
            self.warn_hides(ident, "the alias above", Some(earlier.span));
            self.aliases.insert(ident.name, Known { used: true, ..known });
        } else if let Some(group) = self.function_named(ident.name) {
            self.warn_hidden_import(group);
        } else if let Some(hidden) = self.module_named(ident.name)
            && hidden != known.module
        {
            let what = format!("the module `{}`", self.text(hidden));
            self.warn_hides(ident, &what, None);
        }
    }

    fn check_imported(&mut self, module: Name, ident: Ident, earlier: Option<Known>) {
        if let Some(group) = self.function_named(ident.name) {
            self.warn_hidden_import(group);
        } else if let Some(earlier) = earlier.filter(|e| e.owner == self.me && e.module != module) {
            self.warn_hides(ident, "the function imported above", Some(earlier.span));
        }
        if let Some(info) = self.index.get(module)
            && !info.members.get(&ident.name).is_some_and(|m| m.public)
        {
            self.no_such_member(module, ident.name, ident.span);
        }
    }

    /// The first function of this module with that name.
    fn function_named(&self, name: Name) -> Option<Ident> {
        let first = *self.level.groups_by_name.get(&name)?.first()?;
        Some(self.group(first).ident)
    }

    fn warn_hides(&mut self, ident: Ident, what: &str, earlier: Option<Span>) {
        let text = self.text(ident.name).to_string();
        let warning = self.warning("W0906", ident.span, format!("`{text}` hides {what}"));
        warning.also.extend(earlier.map(|span| (span, "this is hidden".to_string())));
    }

    /// Warns of a definition that hides an imported name or an alias.
    pub(super) fn warn_hidden_import(&mut self, ident: Ident) {
        let (import, what) = match self.imported.get_mut(&ident.name) {
            Some(import) => (import, "the imported function"),
            None => match self.aliases.get_mut(&ident.name) {
                Some(alias) => (alias, "the alias"),
                None => return,
            },
        };
        import.used = true; // one warning is enough
        let span = import.span;
        let text = self.text(ident.name).to_string();
        self.warning("W0906", ident.span, format!("`{text}` hides {what}"))
            .also
            .push((span, "imported here".to_string()));
    }

    /// Warns of `library` lines of this module that neither it nor a module nested in it uses.
    pub(super) fn unused_libraries(&mut self) {
        let named = self.aliases.iter().chain(&self.imported).chain(&self.plain);
        let mut unused = Vec::new();
        for (&name, known) in named {
            let key = (known.owner, known.span.start);
            if known.used && known.owner != self.me {
                self.used_inside.insert(key);
            } else if !known.used && known.owner == self.me && !self.used_inside.contains(&key) {
                unused.push((name, known.span));
            }
        }
        for (name, span) in unused {
            let text = self.text(name).to_string();
            self.warning("W0907", span, format!("`{text}` is imported but never used"));
        }
    }

    fn library_module(
        &mut self,
        source: &LibrarySource<'a>,
        alias: &Option<Alias>,
        own: bool,
    ) -> Option<Name> {
        match source {
            LibrarySource::Module(path) => {
                let name = self.find_module(path);
                if own && self.index.get(name).is_none() {
                    self.warn_unknown_module(name, path.span);
                }
                Some(name)
            }
            LibrarySource::Path { path, span } => {
                let id = *self.file.imports.get(*path)?;
                let script = self.outlines.iter().find(|o| o.file == id)?;
                let named: Vec<Name> =
                    script.nested.iter().map(|inner| self.outlines[*inner].name).collect();
                if let Some(wanted) = alias.map(|a| a.ident.name).filter(|n| named.contains(n)) {
                    return Some(wanted);
                }
                if !script.groups.is_empty() || !script.bindings.is_empty() {
                    return Some(script.name);
                }
                if named.len() > 1 && alias.is_some() && own {
                    let list: Vec<_> =
                        named.iter().map(|n| format!("`{}`", self.text(*n))).collect();
                    self.error("E0505", *span, "this file holds several modules")
                        .help
                        .push(format!("name one of them: {}", list.join(", ")));
                    return None;
                }
                named.first().copied()
            }
        }
    }
}
