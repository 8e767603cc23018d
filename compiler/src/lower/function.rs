//! Functions: clauses as one match over all parameters, closures, function values.

use rata_bytecode::module::{Const, FnEntry, FnSet};
use rata_bytecode::operand::{ConstId, Failure, FnId, FnSetId, TypeId};

use super::matching::Row;
use super::{Dest, Lowerer};
use crate::hir::{FnClause, FnDef, Lambda, PatternKind, SetIdx, Var};
use crate::ir::{self, BlockId, Op, TermKind, Val};
use crate::span::Span;

/// What a function takes from around it.
#[derive(Default)]
pub(super) struct Closed {
    /// Variables captured: the values after the parameters.
    captures: Vec<Var>,
    /// The variable that holds the closure itself: the value after those.
    self_var: Option<Var>,
    /// Variables that hold constants: nothing is captured for them.
    constants: Vec<(Var, ConstId)>,
}

impl<'a> Lowerer<'a, '_> {
    /// The type that every clause declares as its result, if they declare the same.
    pub(super) fn declared_result(&mut self, def: &FnDef<'a>) -> Option<TypeId> {
        let (first, rest) = def.clauses.split_first()?;
        let ty = self.checked_type(first.result.as_ref())?;
        rest.iter().all(|c| self.checked_type(c.result.as_ref()) == Some(ty)).then_some(ty)
    }

    /// Lowers one function.
    pub(super) fn function(&mut self, def: &FnDef<'a>, closed: &Closed) -> ir::Function {
        let arity = def.arity as usize;
        self.check_arity(arity, "parameters", |_| None, def.span);
        let names = def.params.iter().map(|p| p.map_or("", |name| self.names.text(name)).into());
        self.f = ir::Function {
            name: self.names.text(def.name).into(),
            arity: def.arity,
            captures: closed.captures.len() as u32,
            wants_self: closed.self_var.is_some(),
            params: names.collect(),
            at: def.span.start,
            end: def.span.end,
            ..ir::Function::default()
        };
        self.loaded.clear();
        self.region = None;
        let captured = closed.captures.iter().chain(&closed.self_var);
        let entry = self.f.block(arity + captured.clone().count(), None);
        let values = self.f.vals(self.f.blocks[entry.index()].params).to_vec();
        for (&var, &value) in captured.zip(&values[arity..]) {
            self.vars[var.0 as usize] = value;
        }
        self.switch_to(BlockId::ENTRY);
        for &(var, k) in &closed.constants {
            self.vars[var.0 as usize] = self.load(k, def.span);
        }
        self.clauses(def, &values[..arity]);
        std::mem::take(&mut self.f)
    }

    fn clauses(&mut self, def: &FnDef<'a>, params: &[Val]) {
        let rows: Vec<Row<'a>> = def.clauses.iter().map(|c| self.row(def, c)).collect();
        let fail = self.new_block();
        let arms = self.matching(params, &rows, fail, def.span);
        self.switch_to(fail);
        self.term(TermKind::Fail(Failure::FunctionClause), params, def.span);
        for (clause, arm) in def.clauses.iter().zip(arms) {
            match arm {
                Some(arm) => {
                    self.result = self.checked_type(clause.result.as_ref());
                    self.enter(arm);
                    self.block_to(&clause.body, Dest::Return);
                    self.result = None;
                }
                None => self.unreachable(clause.span),
            }
        }
    }

    fn row(&mut self, def: &FnDef<'a>, clause: &'a FnClause<'a>) -> Row<'a> {
        let mut checks = Vec::new();
        for (at, ty) in clause.types.iter().enumerate() {
            let Some(id) = self.checked_type(ty.as_ref()) else { continue };
            let name = match (def.params.get(at).copied().flatten(), clause.params[at].kind) {
                (_, PatternKind::Var(var)) | (None, PatternKind::Alias { var, .. }) => {
                    self.hir.var_names[var.0 as usize]
                }
                (name, _) => name,
            };
            let what = match name {
                Some(name) => self.symbol(name),
                // a pattern without a name: its position tells which parameter
                None => self.konst(Const::Symbol((at + 1).to_string())),
            };
            checks.push((at as u32, id, what));
        }
        Row { guard: clause.guard, checks, ..Row::new((0..).zip(clause.params).collect()) }
    }

    /// A function made by an expression.
    pub(super) fn lambda(&mut self, lambda: &Lambda<'a>, at: Span) -> Val {
        let set = FnSetId(self.out.shell.fn_sets.len() as u32);
        let first = self.out.functions.len() as u32;
        let entries = (first..).zip(lambda.ranges);
        let entries = entries.map(|(f, &(min, max))| FnEntry { min, max, f: FnId(f) }).collect();
        let fn_set = FnSet { name: String::new(), entries, lenient: lambda.lenient };
        self.out.shell.fn_sets.push(fn_set);
        for _ in lambda.defs {
            // the place is taken now: functions within have later ones
            self.out.functions.push(ir::Function::default());
        }
        let (mut closed, mut captured) = (Closed::default(), Vec::new());
        for &var in lambda.captures {
            let value = self.var(var, at);
            match self.loaded.get(&value) {
                Some(&k) => closed.constants.push((var, k)),
                None => {
                    closed.captures.push(var);
                    captured.push(value);
                }
            }
        }
        if let Some(var) = lambda.self_var {
            if captured.is_empty() {
                // without captures the function is a constant, to itself too
                let k = self.konst(Const::Fn(set));
                closed.constants.push((var, k));
            } else {
                closed.self_var = Some(var);
            }
        }
        self.inner_functions(lambda, first, &closed);
        if captured.is_empty() {
            let k = self.konst(Const::Fn(set));
            return self.load(k, at);
        }
        self.inst(Op::Closure(set), &captured, at)
    }

    /// Lowers the functions of a lambda; what is known of the enclosing one is put aside.
    fn inner_functions(&mut self, lambda: &Lambda<'a>, first: u32, closed: &Closed) {
        let vars = || lambda.captures.iter().chain(&lambda.self_var).map(|var| var.0 as usize);
        let saved_vars: Vec<Val> = vars().map(|var| self.vars[var]).collect();
        let (f, loaded) = (std::mem::take(&mut self.f), std::mem::take(&mut self.loaded));
        let (cur, region, result) = (self.cur, self.region.take(), self.result.take());
        let afters = std::mem::take(&mut self.afters);
        for (at, def) in lambda.defs.iter().enumerate() {
            let f = self.function(def, closed);
            self.out.functions[first as usize + at] = f;
        }
        (self.f, self.loaded) = (f, loaded);
        (self.cur, self.region, self.result, self.afters) = (cur, region, result, afters);
        for (var, value) in vars().zip(saved_vars) {
            self.vars[var] = value;
        }
    }

    /// A function of this module as a value.
    pub(super) fn function_value(
        &mut self,
        set: SetIdx,
        arity: Option<u32>,
        check: bool,
        at: Span,
    ) -> Val {
        let entries = &self.hir.sets[set.0 as usize].entries;
        if check {
            let defined = entries
                .iter()
                .find(|&&(min, max, _)| arity.is_none_or(|n| (min..=max).contains(&n)))
                .map(|&(_, _, f)| f);
            if let Some(f) = defined {
                self.effect(Op::CheckDefined(FnId(f.0)), &[], at);
            }
        }
        let k = self.function_const(set, arity);
        self.load(k, at)
    }

    /// The constant that a function of this module is, all arities or one.
    pub(super) fn function_const(&mut self, set: SetIdx, arity: Option<u32>) -> ConstId {
        let id = match arity {
            None => FnSetId(set.0),
            Some(arity) => self.captured_set(set, arity),
        };
        self.konst(Const::Fn(id))
    }

    fn captured_set(&mut self, set: SetIdx, arity: u32) -> FnSetId {
        let whole = &self.hir.sets[set.0 as usize];
        if let [(min, max, _)] = whole.entries[..]
            && min == arity
            && max == arity
        {
            return FnSetId(set.0);
        }
        if let Some(&(_, id)) = self.captured.iter().find(|&&(key, _)| key == (set, arity)) {
            return id;
        }
        let entries = whole
            .entries
            .iter()
            .filter(|&&(min, max, _)| (min..=max).contains(&arity))
            .map(|&(_, _, f)| FnEntry { min: arity, max: arity, f: FnId(f.0) })
            .collect();
        let name = self.names.text(whole.name).into();
        let id = FnSetId(self.out.shell.fn_sets.len() as u32);
        self.out.shell.fn_sets.push(FnSet { name, entries, lenient: false });
        self.captured.push(((set, arity), id));
        id
    }
}
