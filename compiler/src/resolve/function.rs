//! Functions: clauses, parameters, defaults, and the lambdas `fn`, `function` and `~`.

use super::Resolver;
use super::outline::{Group, defaults_clause, param_name, required};
use super::pattern::Bound;
use super::scope::{Context, Tilde};
use super::statement::documented_body;
use crate::hir;
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::*;
use rata_bytecode::verify::MAX_ARITY;

impl<'a> Resolver<'a, '_> {
    pub(super) fn enter_function(&mut self, name: Name, self_var: Option<hir::Var>, tilde: bool) {
        let tilde = tilde.then(Tilde::default);
        self.scopes.enter(Context { self_var, tilde, ..Context::new(name) });
    }

    /// The clauses of a function of the module.
    pub(super) fn named_function(&mut self, group: usize) -> hir::FnDef<'a> {
        let group: &Group<'a> = self.group(group);
        let name = group.ident.name;
        self.enter_function(name, None, false);
        let clauses: Vec<_> =
            group.clauses.iter().map(|f| self.function_clause(f, true, name)).collect();
        self.scopes.leave();
        self.definition(name, group.clauses[0], &clauses)
    }

    fn definition(
        &mut self,
        name: Name,
        first: &Function<'a>,
        clauses: &[hir::FnClause<'a>],
    ) -> hir::FnDef<'a> {
        let params: Vec<_> = first.params.iter().map(param_name).collect();
        hir::FnDef {
            name,
            span: first.span,
            arity: params.len() as u32,
            params: self.slice(&params),
            clauses: self.slice(clauses),
        }
    }

    /// One `function(…) …` as a clause.
    fn function_clause(
        &mut self,
        function: &Function<'a>,
        documented: bool,
        name: Name,
    ) -> hir::FnClause<'a> {
        self.report_param_order(function);
        let mark = self.scopes.open();
        let (params, types) = self.params(function.params);
        let guard = function.guard.map(|g| self.guard(g));
        let result = function.result.map(|t| self.type_expr(t));
        let (doc, body) = documented_body(&function.body);
        if let Some(text) = doc.filter(|_| documented) {
            let arity = function.params.len() as u32;
            self.level.docs.push((Some((name, arity)), text));
        }
        let body = self.block(&body);
        let gone = self.scopes.close(mark);
        if function.params.iter().any(|p| p.default.is_some()) {
            self.undecided.extend(gone.into_iter().filter(|local| !local.used));
        } else {
            self.warn_unused(&gone);
        }
        hir::FnClause { span: function.span, params, types, guard, result, body }
    }

    /// Parameters with a default come last.
    fn report_param_order(&mut self, function: &Function<'a>) {
        let first_default = function.params.iter().position(|p| p.default.is_some());
        let Some(first) = first_default else { return };
        let late = function.params[first..].iter().find(|p| p.default.is_none());
        if let Some(param) = late {
            let earlier = function.params[first].span;
            self.error("E0122", param.span, "a parameter without default follows one with default")
                .also
                .push((earlier, "this one has a default".to_string()));
        }
    }

    fn params(
        &mut self,
        params: &[Param<'a>],
    ) -> (&'a [hir::Pattern<'a>], &'a [Option<hir::Type<'a>>]) {
        self.at_most(params.len(), MAX_ARITY as usize, "parameters", |i| params[i].span);
        let mut bound = Bound::default();
        let patterns: Vec<_> = params.iter().map(|p| self.pattern(p.pattern, &mut bound)).collect();
        let types: Vec<_> = params.iter().map(|p| p.ty.map(|t| self.type_expr(t))).collect();
        self.declare(&bound);
        (self.slice(&patterns), self.slice(&types))
    }

    /// A function of one clause over plain parameters.
    pub(super) fn plain_function(
        &mut self,
        name: Name,
        span: Span,
        params: &[hir::Pattern<'a>],
        names: &[Option<Name>],
        body: hir::Expr<'a>,
    ) -> hir::FnDef<'a> {
        self.typed_function(name, span, params, &vec![None; params.len()], names, body)
    }

    /// The same with types of parameters.
    pub(super) fn typed_function(
        &mut self,
        name: Name,
        span: Span,
        params: &[hir::Pattern<'a>],
        types: &[Option<hir::Type<'a>>],
        names: &[Option<Name>],
        body: hir::Expr<'a>,
    ) -> hir::FnDef<'a> {
        let stmt = hir::Stmt { span: body.span, kind: hir::StmtKind::Expr(self.alloc(body)) };
        let clause = hir::FnClause {
            span,
            params: self.slice(params),
            types: self.slice(types),
            guard: None,
            result: None,
            body: hir::Block { span: body.span, stmts: self.slice(&[stmt]) },
        };
        hir::FnDef {
            name,
            span,
            arity: params.len() as u32,
            params: self.slice(names),
            clauses: self.slice(&[clause]),
        }
    }

    /// `fn`, `~` or `function` as an expression; `bound` is the name and variable that will hold it.
    pub(super) fn lambda_named(
        &mut self,
        expr: &Expr<'a>,
        bound: Option<(Name, hir::Var)>,
    ) -> hir::Expr<'a> {
        let name = bound.map_or_else(|| self.anonymous_name(), |b| b.0);
        let self_var = bound.map(|b| b.1);
        match &expr.kind {
            ExprKind::Tilde(body) => self.tilde(expr.span, name, self_var, body),
            ExprKind::Fn { clauses } => self.fn_lambda(expr.span, name, self_var, clauses),
            ExprKind::Function(function) => {
                let var = self_var.unwrap_or_else(|| self.scopes.fresh(None));
                self.function_lambda(name, var, expr.span, &[function])
            }
            _ => unreachable!("called for functions"),
        }
    }

    fn anonymous_name(&mut self) -> Name {
        let outer = self.text(self.scopes.context().name);
        let text = if outer.ends_with("/fn") { outer.to_string() } else { format!("{outer}/fn") };
        self.names.intern(&text)
    }

    fn fn_lambda(
        &mut self,
        span: Span,
        name: Name,
        self_var: Option<hir::Var>,
        clauses: &'a [FnClause<'a>],
    ) -> hir::Expr<'a> {
        self.enter_function(name, self_var, false);
        let arity = clauses.first().map_or(0, |c| c.params.len());
        let mut resolved = Vec::with_capacity(clauses.len());
        for clause in clauses {
            if clause.params.len() != arity {
                let count = clause.params.len();
                self.error(
                    "E0301",
                    clause.span,
                    format!("this clause takes {count} arguments, the first one {arity}"),
                );
                continue;
            }
            let mark = self.scopes.open();
            let (params, types) = self.params(clause.params);
            let guard = clause.guard.map(|g| self.guard(g));
            let body = self.block(&documented_body(&clause.body).1);
            let gone = self.scopes.close(mark);
            self.warn_unused(&gone);
            let result = None;
            resolved.push(hir::FnClause { span: clause.span, params, types, guard, result, body });
        }
        let def = hir::FnDef {
            name,
            span,
            arity: arity as u32,
            params: self.slice(&vec![None; arity]),
            clauses: self.slice(&resolved),
        };
        self.finish_lambda(span, &[def], &[(arity as u32, arity as u32)], false)
    }

    fn tilde(
        &mut self,
        span: Span,
        name: Name,
        self_var: Option<hir::Var>,
        body: &Expr<'a>,
    ) -> hir::Expr<'a> {
        self.enter_function(name, self_var, true);
        let value = self.expression(body);
        let found = self.scopes.context().tilde.as_ref().expect("entered as one").params.clone();
        let place = |text: &str| ["x", "y", "z"].iter().position(|p| *p == text);
        let fixed = |n: &Name| place(self.names.text(*n));
        let mut next = found.iter().filter_map(|p| fixed(&p.0)).map(|i| i + 1).max().unwrap_or(0);
        let mut params: Vec<Option<hir::Var>> = Vec::new();
        for (param, var) in found {
            let index = place(self.text(param)).unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            params.resize(params.len().max(index + 1), None);
            params[index] = Some(var);
        }
        let patterns: Vec<hir::Pattern<'a>> = params
            .iter()
            .map(|p| {
                let kind = p.map_or(hir::PatternKind::Wild, hir::PatternKind::Var);
                hir::Pattern { span, kind }
            })
            .collect();
        let def = self.plain_function(name, span, &patterns, &vec![None; params.len()], value);
        self.finish_lambda(span, &[def], &[(def.arity, def.arity)], true)
    }

    /// Consecutive definitions of one name (or one `function` without a name): clauses by arity.
    pub(super) fn function_lambda(
        &mut self,
        name: Name,
        self_var: hir::Var,
        span: Span,
        functions: &[&'a Function<'a>],
    ) -> hir::Expr<'a> {
        self.enter_function(name, Some(self_var), false);
        let mut defs: Vec<hir::FnDef<'a>> = Vec::new();
        let mut ranges = Vec::new();
        let mut rest = functions;
        while let Some(first) = rest.first() {
            let arity = first.params.len();
            let run = rest.iter().take_while(|f| f.params.len() == arity).count();
            let clauses: Vec<_> =
                rest[..run].iter().map(|f| self.function_clause(f, false, name)).collect();
            if defs.iter().any(|d| d.arity as usize == arity) {
                let text = self.text(name).to_string();
                self.error(
                    "E0205",
                    first.span,
                    format!("`{text}/{arity}` is defined a second time"),
                )
                .help
                .push("the clauses of one function must stand together".to_string());
            }
            let def = self.definition(name, first, &clauses);
            if let Some(clause) = defaults_clause(&rest[..run]) {
                self.scopes.use_self(self_var);
                let value = self.expr(span, hir::ExprKind::Var(self_var));
                let target = hir::Target::Value(self.alloc(value));
                let stub = self.defaults_entry_inside(clause, &def, first.span, target);
                defs.push(stub);
                ranges.push((required(clause) as u32, arity as u32 - 1));
            }
            defs.push(def);
            ranges.push((arity as u32, arity as u32));
            rest = &rest[run..];
        }
        self.finish_lambda(span, &defs, &ranges, false)
    }

    /// A parameterless lambda around the statements of a test module.
    pub(super) fn thunk(&mut self, name: Name, span: Span, body: &Block<'a>) -> hir::Expr<'a> {
        self.enter_function(name, None, false);
        self.scopes.context_mut().no_return = true;
        let body = self.block(body);
        let value = self.expr(span, hir::ExprKind::Block(body));
        let def = self.plain_function(name, span, &[], &[], value);
        self.finish_lambda(span, &[def], &[(0, 0)], false)
    }

    fn finish_lambda(
        &mut self,
        span: Span,
        defs: &[hir::FnDef<'a>],
        ranges: &[(u32, u32)],
        lenient: bool,
    ) -> hir::Expr<'a> {
        let context = self.scopes.leave();
        let lambda = hir::Lambda {
            defs: self.slice(defs),
            ranges: self.slice(ranges),
            captures: self.slice(&context.captures),
            self_var: context.self_var.filter(|_| context.self_used),
            lenient,
        };
        self.expr(span, hir::ExprKind::Lambda(self.alloc(lambda)))
    }
}
