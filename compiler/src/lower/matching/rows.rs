//! Patterns → rows: variables become bindings, wildcards vanish, the rest become tests.

use rata_bytecode::module::Const;

use super::{Ask, Link, NIL, Occ, Part, Rest, Row, Scratch, View};
use crate::hir::{ExprKind, Lit, Pattern, PatternKind};
use crate::lower::{Lowerer, guard};

impl<'a> Lowerer<'a, '_> {
    /// The row that a clause begins as.
    pub(super) fn initial_row(&mut self, s: &mut Scratch<'a>, row: &Row<'a>, clause: u32) -> u32 {
        let mut rest = Rest { tests: NIL, binds: NIL, sames: NIL, clause };
        let mut tests = Vec::new();
        for &(root, pattern) in &row.patterns {
            let occ = match row.view {
                View::Whole => root,
                View::Type => s.child(root, Part::ExceptionType),
                View::Parts => s.child(root, Part::ExceptionParts),
            };
            self.add_pattern(s, &mut rest, &mut tests, occ, pattern);
        }
        rest.tests = s.push_tests(&tests, NIL);
        s.rows.push(rest);
        s.rows.len() as u32 - 1
    }

    /// Adds what `pattern` asks of `occ`: bindings and equalities to `rest`, tests to `tests`.
    pub(super) fn add_pattern(
        &mut self,
        s: &mut Scratch<'a>,
        rest: &mut Rest,
        tests: &mut Vec<(Occ, Ask<'a>)>,
        occ: Occ,
        mut pattern: &'a Pattern<'a>,
    ) {
        while let PatternKind::Alias { pattern: inner, var, same } = pattern.kind {
            if let Some(e) = same {
                s.sames.push((occ, e, rest.sames));
                rest.sames = s.sames.len() as u32 - 1;
            }
            s.binds.push((var, occ, rest.binds));
            rest.binds = s.binds.len() as u32 - 1;
            pattern = inner;
        }
        let ask = match pattern.kind {
            PatternKind::Wild | PatternKind::Alias { .. } => return,
            PatternKind::Var(var) => {
                s.binds.push((var, occ, rest.binds));
                rest.binds = s.binds.len() as u32 - 1;
                return;
            }
            PatternKind::Same(e) => {
                s.sames.push((occ, e, rest.sames));
                rest.sames = s.sames.len() as u32 - 1;
                return;
            }
            // strictly, too, there is one zero
            PatternKind::Lit(Lit::Float(0.0)) => Ask::Const(self.lit(Lit::Float(0.0))),
            PatternKind::Lit(lit) => Ask::Const(self.lit(lit)),
            PatternKind::Prefix { prefix, rest } => {
                Ask::Prefix(self.konst(Const::Str(prefix.into())), rest)
            }
            PatternKind::Vector { items: [], tail: Some(tail) } => {
                return self.add_pattern(s, rest, tests, occ, tail);
            }
            PatternKind::Vector { items, tail: Some(tail) } => Ask::Longer(items, tail),
            PatternKind::Vector { items, tail: None } => Ask::Vector(items),
            PatternKind::List(items) => Ask::List(items),
            PatternKind::Map([]) => Ask::Map,
            PatternKind::Map(entries) => {
                for (key, value) in entries {
                    let ask = match key.kind {
                        ExprKind::Lit(lit) => Ask::Key(self.lit(lit), value),
                        _ => {
                            let part = Part::MapValueAt(s.occs.len() as u32);
                            Ask::KeyAt(key, s.child(occ, part), value)
                        }
                    };
                    tests.push((occ, ask));
                }
                return;
            }
        };
        tests.push((occ, ask));
    }

    /// Adds what a test that passed leaves to be asked of the parts.
    pub(super) fn expand(
        &mut self,
        s: &mut Scratch<'a>,
        rest: &mut Rest,
        tests: &mut Vec<(Occ, Ask<'a>)>,
        occ: Occ,
        ask: &Ask<'a>,
    ) {
        match *ask {
            Ask::Const(_) | Ask::Map => {}
            Ask::List(items) => {
                for (i, item) in (0..).zip(items) {
                    let part = s.child(occ, Part::ListEntry(i));
                    self.add_pattern(s, rest, tests, part, item);
                }
            }
            Ask::Vector(items) => self.expand_items(s, rest, tests, occ, items),
            Ask::Longer(items, tail) => {
                self.expand_items(s, rest, tests, occ, items);
                let part = s.child(occ, Part::VectorRest(items.len() as u32));
                self.add_pattern(s, rest, tests, part, tail);
            }
            Ask::Key(key, value) => {
                let part = s.child(occ, Part::MapValue(key));
                self.add_pattern(s, rest, tests, part, value);
            }
            Ask::KeyAt(_, part, value) => self.add_pattern(s, rest, tests, part, value),
            Ask::Prefix(prefix, tail) => {
                let part = s.child(occ, Part::PrefixRest(prefix));
                self.add_pattern(s, rest, tests, part, tail);
            }
        }
    }

    fn expand_items(
        &mut self,
        s: &mut Scratch<'a>,
        rest: &mut Rest,
        tests: &mut Vec<(Occ, Ask<'a>)>,
        occ: Occ,
        items: &'a [Pattern<'a>],
    ) {
        for (i, item) in (0..).zip(items) {
            let part = s.child(occ, Part::VectorEntry(i));
            self.add_pattern(s, rest, tests, part, item);
        }
    }
}

impl<'a> Scratch<'a> {
    /// Puts `tests` before `tail`.
    pub(super) fn push_tests(&mut self, tests: &[(Occ, Ask<'a>)], tail: Link) -> Link {
        tests.iter().rev().fold(tail, |tail, &(occ, ask)| {
            self.tests.push((occ, ask, tail));
            self.tests.len() as u32 - 1
        })
    }
}

/// How large a clause is: its patterns and its guard.
pub(super) fn row_size(row: &Row<'_>) -> usize {
    let patterns: usize = row.patterns.iter().map(|(_, p)| pattern_size(p)).sum();
    1 + patterns + row.guard.map_or(0, guard::size)
}

/// Counts what asks something.
fn pattern_size(p: &Pattern<'_>) -> usize {
    match p.kind {
        PatternKind::Wild | PatternKind::Var(_) => 0,
        PatternKind::Vector { items, tail } => {
            1 + items.iter().map(pattern_size).sum::<usize>() + tail.map_or(0, pattern_size)
        }
        PatternKind::List(items) => 1 + items.iter().map(pattern_size).sum::<usize>(),
        PatternKind::Map(entries) => {
            1 + entries.iter().map(|(_, p)| 1 + pattern_size(p)).sum::<usize>()
        }
        PatternKind::Prefix { rest: inner, .. } | PatternKind::Alias { pattern: inner, .. } => {
            1 + pattern_size(inner)
        }
        _ => 1,
    }
}
