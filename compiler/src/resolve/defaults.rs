//! The entry of a function with defaults: it evaluates those of omitted arguments, left to right, and
//! calls the function itself. A default may use what the parameters before it bind.

use super::Resolver;
use super::outline::param_name;
use super::pattern::Bound;
use super::scope::Local;
use crate::hir;
use crate::span::Span;
use crate::syntax::tree::*;

/// The entry as it grows.
#[derive(Default)]
struct Entry<'a> {
    params: Vec<hir::Pattern<'a>>,
    stmts: Vec<hir::Stmt<'a>>,
    args: Vec<hir::Expr<'a>>,
    /// Patterns of parameters that are more than a name, with the number of statements that come
    /// before, and the value.
    patterns: Vec<(usize, hir::Pattern<'a>, hir::Expr<'a>)>,
}

impl<'a> Resolver<'a, '_> {
    /// The entry of a function of the module.
    pub(super) fn defaults_entry(
        &mut self,
        function: &Function<'a>,
        body: &hir::FnDef<'a>,
        target: hir::Target<'a>,
    ) -> hir::FnDef<'a> {
        self.enter_function(body.name, None, false);
        let def = self.defaults_entry_inside(function, body, function.span, target);
        self.scopes.leave();
        def
    }

    /// The same within a function that was entered.
    pub(super) fn defaults_entry_inside(
        &mut self,
        function: &Function<'a>,
        body: &hir::FnDef<'a>,
        span: Span,
        target: hir::Target<'a>,
    ) -> hir::FnDef<'a> {
        let unused = std::mem::take(&mut self.undecided);
        let mark = self.scopes.open();
        let mut entry = Entry::default();
        for param in function.params {
            self.default_of(param, &mut entry);
        }
        let seen: Vec<Local> = self.scopes.close(mark).into_iter().filter(|l| l.used).collect();
        let unused: Vec<Local> =
            unused.into_iter().filter(|l| !seen.iter().any(|s| s.name == l.name)).collect();
        self.warn_unused(&unused);
        for (at, pattern, value) in entry.patterns.into_iter().rev() {
            // A pattern that no default needs is left to the function, which may have other clauses.
            if seen.iter().any(|local| within(local.span, pattern.span)) {
                let (pattern, value) = (self.alloc(pattern), self.alloc(value));
                let kind = hir::StmtKind::Bind { pattern, value };
                entry.stmts.insert(at, hir::Stmt { span: pattern.span, kind });
            }
        }
        let call = hir::ExprKind::Call { target, args: self.slice(&entry.args) };
        let call = self.expr(span, call);
        entry.stmts.push(hir::Stmt { span, kind: hir::StmtKind::Expr(self.alloc(call)) });
        let block = hir::Block { span, stmts: self.slice(&entry.stmts) };
        let block = self.expr(span, hir::ExprKind::Block(block));
        let types = self.entry_types(function, body);
        self.typed_function(body.name, span, &entry.params, &types, body.params, block)
    }

    /// The value of one parameter: as given, or its default.
    fn default_of(&mut self, param: &Param<'a>, entry: &mut Entry<'a>) {
        let span = param.span;
        let name = param_name(param);
        let given = self.scopes.fresh(name);
        entry.params.push(hir::Pattern { span, kind: hir::PatternKind::Var(given) });
        let value = match param.default {
            Some(default) => {
                let default = self.expression_ref(default);
                hir::ExprKind::IfMissing { var: given, default }
            }
            None => hir::ExprKind::Var(given),
        };
        let value = self.expr(span, value);
        let var = self.scopes.fresh(name);
        let pattern = self.alloc(hir::Pattern { span, kind: hir::PatternKind::Var(var) });
        let kind = hir::StmtKind::Bind { pattern, value: self.alloc(value) };
        entry.stmts.push(hir::Stmt { span, kind });
        let value = self.expr(span, hir::ExprKind::Var(var));
        if !matches!(param.pattern.kind, PatternKind::Name(_)) {
            // what is to be said of the pattern was said where the function itself was resolved
            let said = self.diagnostics.len();
            let mut bound = Bound::default();
            let pattern = self.pattern(param.pattern, &mut bound);
            self.declare(&bound);
            self.diagnostics.truncate(said);
            entry.patterns.push((entry.stmts.len(), pattern, value));
        } else if let Some(name) = name {
            self.scopes.declare(name, var, span);
        }
        entry.args.push(value);
    }

    /// The types that the entry checks, before any default is evaluated: those of parameters without
    /// default, where no other clause could be meant.
    fn entry_types(
        &mut self,
        function: &Function<'a>,
        body: &hir::FnDef<'a>,
    ) -> Vec<Option<hir::Type<'a>>> {
        let plain = |p: &Param<'_>| matches!(p.pattern.kind, PatternKind::Name(_));
        let first = body.clauses.first().filter(|c| c.span == function.span);
        let checked = first.filter(|_| function.params.iter().all(plain));
        let ty = |(i, p): (usize, &Param<'_>)| {
            checked.and_then(|c| c.types[i]).filter(|_| p.default.is_none())
        };
        function.params.iter().enumerate().map(ty).collect()
    }
}

fn within(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
