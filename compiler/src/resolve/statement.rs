//! Statements and blocks: bindings, clause groups of local functions, docstrings, warnings about
//! what is never used.

use super::order::functions_first;
use super::outline::bound_names;
use super::scope::Local;
use super::{Resolver, TEST_MODULES};
use crate::hir;
use crate::span::Span;
use crate::syntax::tree::*;
use rata_bytecode::module::ModuleKind;

impl<'a> Resolver<'a, '_> {
    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &Block<'a>) -> hir::Block<'a> {
        let mark = self.scopes.open();
        let stmts = self.statements(block.stmts);
        let gone = self.scopes.close(mark);
        self.warn_unused(&gone);
        hir::Block { span: block.span, stmts: self.slice(&stmts) }
    }

    /// The statements of a block in the scope that is open.
    pub(super) fn statements(&mut self, stmts: &'a [Stmt<'a>]) -> Vec<hir::Stmt<'a>> {
        let mut out = Vec::with_capacity(stmts.len());
        let mut i = 0;
        while i < stmts.len() {
            let stmt = &stmts[i];
            if let Some((name, count)) = function_run(&stmts[i..]) {
                out.push(self.local_functions(name, &stmts[i..i + count]));
                i += count;
                continue;
            }
            self.cover(stmt.span, &mut out);
            let resolved = self.statement(stmt);
            if i + 1 < stmts.len() {
                self.warn_dropped(&resolved);
            }
            out.push(resolved);
            i += 1;
        }
        out
    }

    /// Has a statement of a covered file say that it runs; tests do not count.
    fn cover(&mut self, span: Span, out: &mut Vec<hir::Stmt<'a>>) {
        if !self.file.covered || self.in_test_module {
            return;
        }
        let number = u64::from(self.file.id.0) << 24 | self.line_of(span) as u64;
        self.covered.insert(number);
        let arg = self.lit(span, hir::Lit::Int(number as i64));
        let target = hir::Target::Native(self.names.intern("tests_cover"));
        let call = self.expr(span, hir::ExprKind::Call { target, args: self.slice(&[arg]) });
        out.push(hir::Stmt { span, kind: hir::StmtKind::Expr(self.alloc(call)) });
    }

    fn line_of(&self, span: Span) -> usize {
        self.file.text[..span.start as usize].bytes().filter(|&b| b == b'\n').count() + 1
    }

    fn statement(&mut self, stmt: &Stmt<'a>) -> hir::Stmt<'a> {
        let kind = match &stmt.kind {
            StmtKind::Expr(expr) => hir::StmtKind::Expr(self.expression_ref(expr)),
            StmtKind::Block(block) => {
                let block = self.block(block);
                let expr = self.expr(stmt.span, hir::ExprKind::Block(block));
                hir::StmtKind::Expr(self.alloc(expr))
            }
            StmtKind::Bind { pattern, value } => self.bind(pattern, value),
        };
        hir::Stmt { span: stmt.span, kind }
    }

    fn bind(&mut self, pattern: &Pattern<'a>, value: &Expr<'a>) -> hir::StmtKind<'a> {
        if let PatternKind::Name(name) = pattern.kind
            && matches!(value.kind, ExprKind::Fn { .. } | ExprKind::Tilde(_))
        {
            let var = self.scopes.fresh(Some(name));
            let value = self.self_lambda(Ident { name, span: pattern.span }, var, |me| {
                me.lambda_named(value, Some((name, var)))
            });
            let pattern =
                self.alloc(hir::Pattern { span: pattern.span, kind: hir::PatternKind::Var(var) });
            return hir::StmtKind::Bind { pattern, value: self.alloc(value) };
        }
        let value = self.expression_ref(value);
        if let PatternKind::Module(path) = &pattern.kind {
            self.warn_capital_variable(path);
        }
        let pattern = self.pattern_declared(pattern);
        hir::StmtKind::Bind { pattern: self.alloc(pattern), value }
    }

    /// Consecutive local definitions of one name: one function value with several arities and
    /// clauses.
    fn local_functions(&mut self, ident: Ident, stmts: &'a [Stmt<'a>]) -> hir::Stmt<'a> {
        let span = stmts[0].span.to(stmts[stmts.len() - 1].span);
        let functions: Vec<&'a Function<'a>> = stmts.iter().filter_map(defined).collect();
        let var = self.scopes.fresh(Some(ident.name));
        let value = self
            .self_lambda(ident, var, |me| me.function_lambda(ident.name, var, span, &functions));
        let pattern =
            self.alloc(hir::Pattern { span: ident.span, kind: hir::PatternKind::Var(var) });
        let value = self.alloc(value);
        hir::Stmt { span, kind: hir::StmtKind::Bind { pattern, value } }
    }

    /// Resolves a function bound to a name with that name meaning the function itself, and declares
    /// the name. Warns when the inner use may have meant an earlier binding.
    fn self_lambda(
        &mut self,
        ident: Ident,
        var: hir::Var,
        resolve: impl FnOnce(&mut Self) -> hir::Expr<'a>,
    ) -> hir::Expr<'a> {
        self.warn_hidden_import(ident);
        let bound_before = self.scopes.is_local(ident.name);
        self.scopes.declare(ident.name, var, ident.span);
        let value = resolve(self);
        if bound_before
            && let hir::ExprKind::Lambda(lambda) = value.kind
            && lambda.self_var == Some(var)
        {
            self.warn_self(ident);
        }
        value
    }

    /// Warns of `Total = 5`: it compares with the module Total.
    fn warn_capital_variable(&mut self, path: &ModPath<'a>) {
        let module = self.module_name(path);
        if self.index.get(module).is_some() {
            return;
        }
        let text = self.text(module).to_string();
        let message = format!("`{text}` is the name of a module, and no such module is known");
        let warning = self.warning("W0911", path.span, message);
        warning.label = "compares with the module, binds nothing".to_string();
        warning.help.push("the names of variables begin with a small letter".to_string());
    }

    /// Warns of a function that calls itself by a name that was bound before.
    pub(super) fn warn_self(&mut self, ident: Ident) {
        let text = self.text(ident.name).to_string();
        let message = format!("inside this function `{text}` means the function itself");
        self.warning("W0910", ident.span, message).label = "the name was bound before".to_string();
    }

    /// The statements of a module or script: bindings become constants where functions or other
    /// modules need them.
    pub(super) fn module_statements(&mut self) -> Vec<hir::Stmt<'a>> {
        let items = self.items();
        let mut out = Vec::new();
        let statements = items.iter().filter(|i| matches!(i.kind, ItemKind::Stmt(_))).count();
        let mut seen = 0;
        for (index, item) in items.iter().enumerate() {
            self.level.position = index;
            match &item.kind {
                ItemKind::Stmt(stmt) => {
                    seen += 1;
                    if seen == 1
                        && items.len() > 1
                        && let Some(text) = docstring(stmt)
                    {
                        self.level.docs.push((None, text));
                        continue;
                    }
                    self.module_statement(index, stmt, seen == statements, &mut out);
                }
                ItemKind::TestModule { title, title_span, items } => {
                    out.push(self.test_module(title, *title_span, items, item.span));
                }
                _ => {}
            }
        }
        out
    }

    fn module_statement(
        &mut self,
        index: usize,
        stmt: &'a Stmt<'a>,
        last: bool,
        out: &mut Vec<hir::Stmt<'a>>,
    ) {
        if let Some(&g) = self.level.group_at.get(&index) {
            self.scopes.hide(self.group(g).ident.name);
            if index > self.level.first_action && self.outline().kind == ModuleKind::Script {
                let (body, defaults) = self.level.group_fns[g];
                for f in [Some(body), defaults].into_iter().flatten() {
                    out.push(hir::Stmt { span: stmt.span, kind: hir::StmtKind::Define(f) });
                }
            }
            return;
        }
        if defined(stmt).is_some() {
            return; // a further clause, or reported
        }
        let resolved = self.statement(stmt);
        if !last {
            self.warn_dropped(&resolved);
        }
        out.push(resolved);
        if let StmtKind::Bind { pattern, .. } = &stmt.kind {
            for ident in bound_names(pattern) {
                self.publish_binding(index, ident, out);
            }
        }
    }

    /// Sets the constant of a name bound by the statement, where one is needed.
    fn publish_binding(&mut self, item: usize, ident: Ident, out: &mut Vec<hir::Stmt<'a>>) {
        let list = &self.level.bindings_by_name[&ident.name];
        let bindings = &self.outline().bindings;
        let binding = list[list.partition_point(|b| bindings[*b].item < item)];
        let is_last = list.last() == Some(&binding);
        let public = self.outline().kind != ModuleKind::Script || self.is_imported_file();
        if is_last && public {
            self.global(binding);
        }
        let Some(&global) = self.level.global_ids.get(&binding) else { return };
        let var = self.scopes.lookup(ident.name).expect("just bound");
        let value = self.expr(ident.span, hir::ExprKind::Var(var));
        out.push(hir::Stmt {
            span: ident.span,
            kind: hir::StmtKind::SetGlobal { global, value: self.alloc(value) },
        });
    }

    /// A test module is handed to `Tests.Suite` as a function, which runs it in place or, under `ratac
    /// test`, keeps it; without a standard library it is called.
    fn test_module(
        &mut self,
        title: &'a str,
        title_span: Span,
        items: &'a [Item<'a>],
        span: Span,
    ) -> hir::Stmt<'a> {
        let mut stmts = Vec::new();
        for item in items {
            match &item.kind {
                ItemKind::Stmt(stmt) => stmts.push(*stmt),
                ItemKind::Library { .. } | ItemKind::Use { .. } | ItemKind::Export { .. } => {
                    self.error("E0121", item.span, "this cannot stand in a test module")
                        .help
                        .push("write it at the top of the file".to_string());
                }
                _ => {
                    self.error("E0121", item.span, "a module cannot stand in a test module");
                }
            }
        }
        let name = self.names.intern(title);
        let stmts = functions_first(&stmts, self.file.text, self.names);
        let stmts: &'a [Stmt<'a>] = self.arena.alloc_slice_copy(&stmts);
        let (_, body) = documented_body(&Block { span, stmts });
        let outside = std::mem::replace(&mut self.in_test_module, true);
        let lambda = self.thunk(name, span, &body);
        self.in_test_module = outside;
        let suite = self.names.find(TEST_MODULES[0]).filter(|m| self.index.get(*m).is_some());
        let (target, args) = match suite {
            Some(module) => {
                let line = self.line_of(span);
                let title = self.lit(title_span, hir::Lit::Str(title));
                let line = self.lit(title_span, hir::Lit::Int(line as i64));
                let name = self.names.intern("enter");
                (hir::Target::Import { module, name }, self.slice(&[title, line, lambda]))
            }
            None => (hir::Target::Value(self.alloc(lambda)), &[][..]),
        };
        let call = self.expr(title_span, hir::ExprKind::Call { target, args });
        hir::Stmt { span, kind: hir::StmtKind::Expr(self.alloc(call)) }
    }

    /// Warns of variables that nothing used.
    pub(super) fn warn_unused(&mut self, gone: &[Local]) {
        for local in gone.iter().filter(|l| !l.used) {
            let text = self.text(local.name);
            if text.starts_with('_') {
                continue;
            }
            let text = text.to_string();
            self.warning("W0904", local.span, format!("`{text}` is never used"))
                .help
                .push(format!("write `_{text}` if that is intended"));
        }
    }

    /// Warns of a statement whose value is made without any effect and dropped.
    fn warn_dropped(&mut self, stmt: &hir::Stmt<'a>) {
        let hir::StmtKind::Expr(expr) = &stmt.kind else { return };
        if is_pure(expr) {
            self.warning("W0908", expr.span, "the result of this expression is not used").label =
                "it has no effect".to_string();
        }
    }
}

/// Whether evaluating the expression does nothing but give a value (or raise).
fn is_pure(expr: &hir::Expr<'_>) -> bool {
    use hir::ExprKind::*;
    match &expr.kind {
        Lit(_) | Var(_) | Global(_) | Function { .. } | Lambda(_) | Capture { .. } => true,
        Vector { items, tail } => items.iter().all(is_pure) && tail.is_none_or(|t| is_pure(t)),
        List(items) | Set(items) | Text(items) => items.iter().all(is_pure),
        Map(entries) => entries.iter().all(|e| is_pure(&e.0) && is_pure(&e.1)),
        Neg(e) | Not(e) => is_pure(e),
        Arith { left, right, .. }
        | Compare { left, right, .. }
        | Range { left, right }
        | And { left, right }
        | Or { left, right } => is_pure(left) && is_pure(right),
        Index { object, index } => is_pure(object) && is_pure(index),
        _ => false,
    }
}

/// The docstring of a body, and the rest of it.
pub(super) fn documented_body<'a>(body: &Block<'a>) -> (Option<&'a str>, Block<'a>) {
    match body.stmts {
        [first, rest @ ..] if !rest.is_empty() && docstring(first).is_some() => {
            (docstring(first), Block { span: body.span, stmts: rest })
        }
        _ => (None, *body),
    }
}

/// The text of a statement that is only a string.
pub(super) fn docstring<'a>(stmt: &Stmt<'a>) -> Option<&'a str> {
    match stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Str(text), .. }) => Some(text),
        _ => None,
    }
}

/// The function that a statement `name = function(…)` defines.
fn defined<'a>(stmt: &Stmt<'a>) -> Option<&'a Function<'a>> {
    match &stmt.kind {
        StmtKind::Bind { pattern: Pattern { kind: PatternKind::Name(_), .. }, value } => {
            match value.kind {
                ExprKind::Function(function) => Some(function),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The name that the first statements define as functions, and how many of them do.
pub(super) fn function_run(stmts: &[Stmt<'_>]) -> Option<(Ident, usize)> {
    let name = |stmt: &Stmt<'_>| -> Option<Ident> {
        defined(stmt)?;
        match &stmt.kind {
            StmtKind::Bind { pattern: Pattern { kind: PatternKind::Name(n), span }, .. } => {
                Some(Ident { name: *n, span: *span })
            }
            _ => None,
        }
    };
    let first = name(&stmts[0])?;
    let same = |s: &&Stmt<'_>| name(s).is_some_and(|i| i.name == first.name);
    Some((first, stmts.iter().take_while(same).count()))
}
