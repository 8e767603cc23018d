//! Printing patterns and types.

use super::Printer;
use crate::syntax::tree::{Pattern, PatternEntry, PatternKey, PatternKind, TypeExpr, TypeKind};

impl Printer<'_> {
    pub(super) fn pattern(&mut self, pattern: &Pattern<'_>) {
        match pattern.kind {
            PatternKind::Prefix { prefix, rest } => {
                self.node(format!("p:prefix {prefix:?}"), |p| p.pattern(rest));
            }
            PatternKind::Vector { items, tail } => self.node("p:vector", |p| {
                p.patterns(items);
                if let Some(tail) = tail {
                    p.node("tail", |p| p.pattern(tail));
                }
            }),
            PatternKind::List { items, pairs } => self.node("p:list", |p| {
                p.patterns(items);
                p.pattern_entries(pairs);
            }),
            PatternKind::Map(pairs) => self.node("p:map", |p| p.pattern_entries(pairs)),
            PatternKind::Alias { pattern, name } => {
                let head = format!("p:alias {}", self.text(name.name));
                self.node(head, |p| p.pattern(pattern));
            }
            _ => {
                let line = self.simple_pattern(pattern);
                self.line(line);
            }
        }
    }

    fn simple_pattern(&self, pattern: &Pattern<'_>) -> String {
        match pattern.kind {
            PatternKind::Wildcard => "p:_".into(),
            PatternKind::Name(name) => format!("p:name {}", self.text(name)),
            PatternKind::Pin(ident) => format!("p:pin {}", self.text(ident.name)),
            PatternKind::Int(value) => format!("p:int {value}"),
            PatternKind::BigInt(digits) => format!("p:bigint {digits}"),
            PatternKind::Float(value) => format!("p:float {value:?}"),
            PatternKind::Str(text) => format!("p:string {text:?}"),
            PatternKind::Symbol(name) => format!("p:symbol {}", self.text(name)),
            PatternKind::Bool(value) => format!("p:{value}"),
            PatternKind::Nil => "p:nil".into(),
            PatternKind::Module(path) => format!("p:module {}", self.text(path.name)),
            _ => "p:error".into(),
        }
    }

    fn patterns(&mut self, patterns: &[Pattern<'_>]) {
        for pattern in patterns {
            self.pattern(pattern);
        }
    }

    fn pattern_entries(&mut self, entries: &[PatternEntry<'_>]) {
        for entry in entries {
            match entry.key {
                PatternKey::Symbol(ident) => {
                    let head = format!("{}:", self.text(ident.name));
                    self.node(head, |p| p.pattern(entry.value));
                }
                PatternKey::Str(text, _) => {
                    self.node(format!("{text:?}:"), |p| p.pattern(entry.value));
                }
                PatternKey::Computed(key) => {
                    self.node("key", |p| p.pattern(key));
                    self.node("value", |p| p.pattern(entry.value));
                }
            }
        }
    }

    /// A type as it would be written.
    pub(super) fn type_text(&self, ty: &TypeExpr<'_>) -> String {
        let join = |types: &[TypeExpr<'_>], between: &str| {
            let texts: Vec<String> = types.iter().map(|ty| self.type_text(ty)).collect();
            texts.join(between)
        };
        match ty.kind {
            TypeKind::Named(name) => self.text(name).into(),
            TypeKind::VectorOf(entry) => format!("[{}]", self.type_text(entry)),
            TypeKind::ListOf(entries) => format!("{{{}}}", join(entries, ", ")),
            TypeKind::Union(members) => join(members, " | "),
            TypeKind::Error => "error".into(),
        }
    }
}
