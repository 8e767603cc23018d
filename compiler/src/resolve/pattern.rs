//! Patterns: what they bind, what they compare with, types of parameters.

use super::Resolver;
use super::lookup::Meaning;
use crate::hir::{self, Lit};
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::*;
use foldhash::HashMap;
use rata_bytecode::verify::MAX_REGISTERS;

/// The most entries of a pattern for lists or vectors; one is for the map of a list's pairs.
const ENTRIES: usize = MAX_REGISTERS as usize - 1;

/// The names bound so far by the pattern (or parameter list) under way.
#[derive(Default)]
pub(super) struct Bound {
    /// In order; last, whether the name stood before.
    list: Vec<(Name, hir::Var, Span, bool)>,
    /// Names that computed keys look at.
    keys: Vec<Name>,
    /// The first variable of each name, once there are many.
    index: HashMap<Name, hir::Var>,
}

impl Bound {
    /// So many are looked through one by one.
    const FEW: usize = 16;

    /// The variable of the name.
    fn get(&self, name: Name) -> Option<hir::Var> {
        if self.list.len() > Self::FEW {
            return self.index.get(&name).copied();
        }
        self.list.iter().find(|b| b.0 == name).map(|b| b.1)
    }

    fn push(&mut self, name: Name, var: hir::Var, span: Span) {
        let again = self.get(name).is_some();
        self.list.push((name, var, span, again));
        if self.list.len() == Self::FEW + 1 {
            self.index.extend(self.list.iter().rev().map(|b| (b.0, b.1)));
        } else if self.list.len() > Self::FEW && !again {
            self.index.insert(name, var);
        }
    }
}

impl<'a> Resolver<'a, '_> {
    /// A pattern whose names are in scope from here on.
    pub(super) fn pattern_declared(&mut self, pattern: &Pattern<'a>) -> hir::Pattern<'a> {
        let mut bound = Bound::default();
        let resolved = self.pattern(pattern, &mut bound);
        self.declare(&bound);
        resolved
    }

    /// Brings what a pattern bound into scope. A name that stood twice is used: it was compared.
    pub(super) fn declare(&mut self, bound: &Bound) {
        for &(name, var, span, again) in &bound.list {
            if again {
                self.scopes.lookup(name);
            } else {
                self.warn_hidden_import(Ident { name, span });
                self.scopes.declare(name, var, span);
            }
        }
        for &name in &bound.keys {
            self.scopes.lookup(name);
        }
    }

    /// A pattern; what it binds is added to `bound`.
    pub(super) fn pattern(&mut self, pattern: &Pattern<'a>, bound: &mut Bound) -> hir::Pattern<'a> {
        use PatternKind as P;
        let span = pattern.span;
        let lit = hir::PatternKind::Lit;
        let kind = match &pattern.kind {
            P::Wildcard => hir::PatternKind::Wild,
            P::Name(name) => self.bind_name(*name, span, bound),
            P::Pin(ident) => self.pinned(*ident),
            P::Int(n) => lit(Lit::Int(*n)),
            P::BigInt(digits) => lit(Lit::BigInt(digits)),
            P::Float(f) => lit(Lit::Float(*f)),
            P::Str(text) => lit(Lit::Str(text)),
            P::Symbol(name) => lit(Lit::Symbol(*name)),
            P::Bool(b) => lit(Lit::Bool(*b)),
            P::Nil => lit(Lit::Nil),
            P::Module(path) => {
                let module = self.module_name(path);
                self.warn_foreign_module(module, path.span);
                lit(Lit::Module(module))
            }
            P::Prefix { prefix, rest } => {
                let rest = self.pattern(rest, bound);
                hir::PatternKind::Prefix { prefix, rest: self.alloc(rest) }
            }
            P::Vector { items, tail } => {
                self.at_most(items.len(), ENTRIES, "entries in a pattern", |i| items[i].span);
                let items: Vec<_> = items.iter().map(|p| self.pattern(p, bound)).collect();
                let tail = tail.map(|t| {
                    let tail = self.pattern(t, bound);
                    self.alloc(tail)
                });
                hir::PatternKind::Vector { items: self.slice(&items), tail }
            }
            P::List { items, pairs } => {
                self.at_most(items.len(), ENTRIES, "entries in a pattern", |i| items[i].span);
                let mut items: Vec<_> = items.iter().map(|p| self.pattern(p, bound)).collect();
                if let (Some(first), Some(last)) = (pairs.first(), pairs.last()) {
                    let span = first.value.span.to(last.value.span);
                    let kind = self.map_pattern(pairs, bound);
                    items.push(hir::Pattern { span, kind });
                }
                hir::PatternKind::List(self.slice(&items))
            }
            P::Map(entries) => {
                if entries.is_empty() {
                    self.warning("W0909", span, "`{}` matches any map")
                        .help
                        .push("write `{,}` for the empty list".to_string());
                }
                self.map_pattern(entries, bound)
            }
            P::Alias { pattern, name } => {
                let pattern = self.pattern(pattern, bound);
                let same = bound.get(name.name).map(|earlier| {
                    let earlier = self.expr(name.span, hir::ExprKind::Var(earlier));
                    self.alloc(earlier)
                });
                let var = self.scopes.fresh(Some(name.name));
                bound.push(name.name, var, name.span);
                hir::PatternKind::Alias { pattern: self.alloc(pattern), var, same }
            }
            P::Error => hir::PatternKind::Wild,
        };
        hir::Pattern { span, kind }
    }

    /// The first time a name stands it binds, after that it compares.
    fn bind_name(&mut self, name: Name, span: Span, bound: &mut Bound) -> hir::PatternKind<'a> {
        if let Some(var) = bound.get(name) {
            bound.push(name, var, span);
            let earlier = self.expr(span, hir::ExprKind::Var(var));
            return hir::PatternKind::Same(self.alloc(earlier));
        }
        let var = self.scopes.fresh(Some(name));
        bound.push(name, var, span);
        hir::PatternKind::Var(var)
    }

    fn pinned(&mut self, ident: Ident) -> hir::PatternKind<'a> {
        let kind = match self.meaning(ident.name) {
            Some(Meaning::Var(var)) => hir::ExprKind::Var(var),
            Some(Meaning::Global(global)) => hir::ExprKind::Global(global),
            Some(_) => {
                let text = self.text(ident.name).to_string();
                self.error("E0305", ident.span, format!("`{text}` is no variable to pin"));
                return hir::PatternKind::Wild;
            }
            None => {
                self.unknown_name(ident.name, ident.span, "variable");
                return hir::PatternKind::Wild;
            }
        };
        let value = self.expr(ident.span, kind);
        hir::PatternKind::Same(self.alloc(value))
    }

    fn map_pattern(
        &mut self,
        entries: &[PatternEntry<'a>],
        bound: &mut Bound,
    ) -> hir::PatternKind<'a> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = match &entry.key {
                PatternKey::Symbol(ident) => self.lit(ident.span, Lit::Symbol(ident.name)),
                PatternKey::Str(text, span) => self.lit(*span, Lit::Str(text)),
                PatternKey::Computed(pattern) => self.pattern_key(pattern, bound),
            };
            all.push((key, self.pattern(entry.value, bound)));
        }
        hir::PatternKind::Map(self.slice(&all))
    }

    /// A computed key of a map pattern: a literal, or the value that a name has already.
    fn pattern_key(&mut self, pattern: &Pattern<'a>, bound: &mut Bound) -> hir::Expr<'a> {
        use PatternKind as P;
        let span = pattern.span;
        if let P::Name(name) = pattern.kind {
            if let Some(var) = bound.get(name) {
                bound.keys.push(name);
                return self.expr(span, hir::ExprKind::Var(var));
            }
            return match self.pinned(Ident { name, span }) {
                hir::PatternKind::Same(value) => *value,
                _ => self.expr(span, hir::ExprKind::Error),
            };
        }
        match self.pattern(pattern, &mut Bound::default()).kind {
            hir::PatternKind::Lit(lit) => self.lit(span, lit),
            hir::PatternKind::Same(value) => *value,
            _ => {
                if !matches!(pattern.kind, P::Error) {
                    self.error(
                        "E0305",
                        span,
                        "the key of a map pattern is a literal or a bound name",
                    );
                }
                self.expr(span, hir::ExprKind::Error)
            }
        }
    }
}
