//! Expressions: sugar to plain forms, operands left to right.

use super::Resolver;
use super::lookup::Meaning;
use crate::hir::{self, Arith, Cmp, Lit};
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::*;

impl<'a> Resolver<'a, '_> {
    /// An expression in the arena.
    pub(super) fn expression_ref(&mut self, expr: &Expr<'a>) -> &'a hir::Expr<'a> {
        let resolved = self.expression(expr);
        self.alloc(resolved)
    }

    /// Several, in order.
    pub(super) fn expressions(&mut self, exprs: &[Expr<'a>]) -> Vec<hir::Expr<'a>> {
        exprs.iter().map(|e| self.expression(e)).collect()
    }

    /// An expression.
    pub(super) fn expression(&mut self, expr: &Expr<'a>) -> hir::Expr<'a> {
        use ExprKind as K;
        let span = expr.span;
        if self.in_guard {
            self.check_guard(expr);
        }
        let kind = match &expr.kind {
            K::Int(n) => hir::ExprKind::Lit(Lit::Int(*n)),
            K::BigInt(digits) => hir::ExprKind::Lit(Lit::BigInt(digits)),
            K::Float(f) => hir::ExprKind::Lit(Lit::Float(*f)),
            K::Str(text) => hir::ExprKind::Lit(Lit::Str(text)),
            K::Symbol(name) => hir::ExprKind::Lit(Lit::Symbol(*name)),
            K::Bool(b) => hir::ExprKind::Lit(Lit::Bool(*b)),
            K::Nil => hir::ExprKind::Lit(Lit::Nil),
            K::Module(path) => {
                let module = self.module_name(path);
                self.warn_foreign_module(module, path.span);
                hir::ExprKind::Lit(Lit::Module(module))
            }
            K::ThisModule => hir::ExprKind::Lit(Lit::Module(self.outline().name)),
            K::Name(name) => self.name_value(*name, span),
            K::Dot(name) => self.tilde_param(*name, span),
            K::FString(_) | K::Vector { .. } | K::List { .. } | K::Map(_) | K::Set(_) => {
                self.literal(expr)
            }
            K::Unary { op, operand } => {
                let operand = self.expression_ref(operand);
                match op {
                    UnOp::Neg => hir::ExprKind::Neg(operand),
                    UnOp::Not => hir::ExprKind::Not(operand),
                }
            }
            K::Binary { op, left, right, .. } => self.binary(*op, left, right),
            K::Pipe { left, right } => self.pipe(left, right),
            K::Call { callee, args, named } => self.call(span, callee, None, args, named),
            K::Index { object, index } => {
                let object = self.expression_ref(object);
                hir::ExprKind::Index { object, index: self.expression_ref(index) }
            }
            K::Field { object, name } => self.field(object, *name),
            K::CaptureOrDivide { target, arity, .. } => {
                self.capture_or_divide(span, target, *arity)
            }
            K::Tilde(_) | K::Fn { .. } | K::Function(_) => self.lambda_named(expr, None).kind,
            K::If { .. } | K::Case { .. } | K::Try(_) | K::Receive { .. } => self.control(expr),
            K::Raise(value) => hir::ExprKind::Raise(self.expression_ref(value)),
            K::Reraise(value) => hir::ExprKind::Reraise(self.expression_ref(value)),
            K::Return(value) => self.return_from(span, *value),
            K::Assert { cond, message } => {
                let cond_ref = self.expression_ref(cond);
                let message = message.map(|m| self.expression_ref(m));
                let text = &self.file.text[cond.span.start as usize..cond.span.end as usize];
                hir::ExprKind::Assert { cond: cond_ref, text, message }
            }
            K::Error => hir::ExprKind::Error,
        };
        hir::Expr { span, kind }
    }

    fn return_from(&mut self, span: Span, value: Option<&'a Expr<'a>>) -> hir::ExprKind<'a> {
        if self.scopes.context().no_return {
            self.error("E0207", span, "`return` outside a function").label =
                "there is no function to leave".to_string();
        }
        let value = match value {
            Some(value) => self.expression_ref(value),
            None => {
                let nil = self.lit(span, Lit::Nil);
                self.alloc(nil)
            }
        };
        hir::ExprKind::Return(value)
    }

    fn literal(&mut self, expr: &Expr<'a>) -> hir::ExprKind<'a> {
        match &expr.kind {
            ExprKind::FString(parts) => {
                let mut all = Vec::with_capacity(parts.len());
                for part in *parts {
                    all.push(match part {
                        FPart::Text(text) => self.lit(expr.span, Lit::Str(text)),
                        FPart::Expr(e) => self.expression(e),
                    });
                }
                hir::ExprKind::Text(self.slice(&all))
            }
            ExprKind::Vector { items, tail } => {
                let items = self.expressions(items);
                let tail = tail.map(|t| self.expression_ref(t));
                hir::ExprKind::Vector { items: self.slice(&items), tail }
            }
            ExprKind::List { items, pairs } => {
                let mut items = self.expressions(items);
                if !pairs.is_empty() {
                    let span = pairs[0].value.span;
                    let kind = self.map_literal(pairs);
                    items.push(hir::Expr { span, kind });
                }
                hir::ExprKind::List(self.slice(&items))
            }
            ExprKind::Map(entries) => self.map_literal(entries),
            ExprKind::Set(items) => {
                let items = self.expressions(items);
                hir::ExprKind::Set(self.slice(&items))
            }
            _ => unreachable!("called for literals"),
        }
    }

    fn map_literal(&mut self, entries: &[Entry<'a>]) -> hir::ExprKind<'a> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = match &entry.key {
                Key::Symbol(ident) => self.lit(ident.span, Lit::Symbol(ident.name)),
                Key::Str(text, span) => self.lit(*span, Lit::Str(text)),
                Key::Computed(expr) => self.expression(expr),
            };
            all.push((key, self.expression(entry.value)));
        }
        hir::ExprKind::Map(self.slice(&all))
    }

    fn binary(&mut self, op: BinOp, left: &Expr<'a>, right: &Expr<'a>) -> hir::ExprKind<'a> {
        let left = self.expression_ref(left);
        let right = self.expression_ref(right);
        let arith = |op| hir::ExprKind::Arith { op, left, right };
        let compare = |op| hir::ExprKind::Compare { op, left, right };
        match op {
            BinOp::Or => hir::ExprKind::Or { left, right },
            BinOp::And => hir::ExprKind::And { left, right },
            BinOp::Range => hir::ExprKind::Range { left, right },
            BinOp::Eq => compare(Cmp::Eq),
            BinOp::Ne => compare(Cmp::Ne),
            BinOp::Lt => compare(Cmp::Lt),
            BinOp::Le => compare(Cmp::Le),
            BinOp::Gt => compare(Cmp::Gt),
            BinOp::Ge => compare(Cmp::Ge),
            BinOp::Add => arith(Arith::Add),
            BinOp::Sub => arith(Arith::Sub),
            BinOp::Mul => arith(Arith::Mul),
            BinOp::Div => arith(Arith::Div),
            BinOp::Mod => arith(Arith::Mod),
            BinOp::IntDiv => arith(Arith::IntDiv),
            BinOp::Pow => arith(Arith::Pow),
        }
    }

    /// A bare name as a value.
    fn name_value(&mut self, name: Name, span: Span) -> hir::ExprKind<'a> {
        match self.meaning(name) {
            Some(Meaning::Var(var)) => hir::ExprKind::Var(var),
            Some(Meaning::Global(global)) => hir::ExprKind::Global(global),
            Some(Meaning::Functions(set)) => self.function_value(set, None),
            Some(Meaning::Member { module }) => hir::ExprKind::Member { module, name },
            Some(Meaning::Module(module)) => hir::ExprKind::Lit(Lit::Module(module)),
            None => {
                self.unknown_name(name, span, "name");
                hir::ExprKind::Error
            }
        }
    }

    fn function_value(&mut self, set: hir::SetIdx, arity: Option<u32>) -> hir::ExprKind<'a> {
        let entries = self.level.sets[set.0 as usize].entries.clone();
        let check = entries.iter().any(|e| self.needs_check(e.2));
        hir::ExprKind::Function { set, arity, check }
    }

    fn tilde_param(&mut self, name: Name, span: Span) -> hir::ExprKind<'a> {
        match self.scopes.tilde_param(name) {
            Some(var) => hir::ExprKind::Var(var),
            None => {
                let text = self.text(name).to_string();
                self.error("E0206", span, format!("`.{text}` stands outside `~`")).help.push(
                    format!("`.{text}` is a parameter of a `~` function, as in `~ .{text} + 1`"),
                );
                hir::ExprKind::Error
            }
        }
    }

    fn field(&mut self, object: &Expr<'a>, name: Ident) -> hir::ExprKind<'a> {
        let Some(module) = self.module_of(object) else {
            return hir::ExprKind::Field { object: self.expression_ref(object), name: name.name };
        };
        match self.own_member(module, name.name) {
            Some(Meaning::Functions(set)) => return self.function_value(set, None),
            Some(Meaning::Global(global)) => return hir::ExprKind::Global(global),
            _ => {}
        }
        match self.member(module, name.name, name.span) {
            Ok(None) => hir::ExprKind::Error,
            _ => hir::ExprKind::Member { module, name: name.name },
        }
    }

    /// `f/2`, `m.f/2`, `M.f/2`.
    fn capture_or_divide(
        &mut self,
        span: Span,
        target: &Expr<'a>,
        arity: i64,
    ) -> hir::ExprKind<'a> {
        let captured = match &target.kind {
            ExprKind::Name(name) if !self.is_variable(*name) => {
                self.capture_name(*name, target.span, arity)
            }
            ExprKind::Field { object, name } => match self.module_of(object) {
                Some(module) => self.capture_member(module, *name, arity),
                None => None,
            },
            _ => None,
        };
        match captured {
            Some(kind) => kind,
            None => {
                let left = self.expression_ref(target);
                let right = self.lit(span, Lit::Int(arity));
                hir::ExprKind::Arith { op: Arith::Div, left, right: self.alloc(right) }
            }
        }
    }

    fn capture_name(&mut self, name: Name, span: Span, arity: i64) -> Option<hir::ExprKind<'a>> {
        match self.meaning(name) {
            Some(Meaning::Functions(set)) => Some(self.capture_set(set, name, span, arity)),
            Some(Meaning::Member { module }) => {
                self.capture_member(module, Ident { name, span }, arity)
            }
            Some(_) => None,
            None => {
                self.unknown_name(name, span, "function");
                Some(hir::ExprKind::Error)
            }
        }
    }

    fn capture_set(
        &mut self,
        set: hir::SetIdx,
        name: Name,
        span: Span,
        arity: i64,
    ) -> hir::ExprKind<'a> {
        let known = &self.level.sets[set.0 as usize];
        let count = u32::try_from(arity).unwrap_or(u32::MAX);
        if known.entries.iter().any(|e| e.0 <= count && count <= e.1) {
            return self.function_value(set, Some(count));
        }
        let entries = known.entries.clone();
        let signatures = self.own_signatures(&entries);
        self.wrong_arity(name, span, arity as usize, &signatures);
        hir::ExprKind::Error
    }

    /// A capture, unless the member is a constant: then `/` divides.
    fn capture_member(
        &mut self,
        module: Name,
        ident: Ident,
        arity: i64,
    ) -> Option<hir::ExprKind<'a>> {
        use super::index::MemberKind;
        match self.own_member(module, ident.name) {
            Some(Meaning::Functions(set)) => {
                return Some(self.capture_set(set, ident.name, ident.span, arity));
            }
            Some(Meaning::Global(_)) => return None,
            _ => {}
        }
        let count = u32::try_from(arity).unwrap_or(u32::MAX);
        match self.member(module, ident.name, ident.span) {
            Ok(Some(MemberKind::Constant)) => return None,
            Ok(None) => return Some(hir::ExprKind::Error),
            Ok(Some(MemberKind::Functions(list))) if !list.iter().any(|s| s.takes(count)) => {
                self.wrong_arity(ident.name, ident.span, arity as usize, &list);
                return Some(hir::ExprKind::Error);
            }
            _ => {}
        }
        Some(hir::ExprKind::Capture { module, name: ident.name, arity: count })
    }

    fn control(&mut self, expr: &Expr<'a>) -> hir::ExprKind<'a> {
        match &expr.kind {
            ExprKind::If { cond, then, otherwise } => {
                let cond = self.expression_ref(cond);
                let then = self.block(then);
                let otherwise = match otherwise {
                    None => hir::Block { span: expr.span, stmts: &[] },
                    Some(Else::Block(block)) => self.block(block),
                    Some(Else::If(inner)) => {
                        let inner_ref = self.expression_ref(inner);
                        let stmt =
                            hir::Stmt { span: inner.span, kind: hir::StmtKind::Expr(inner_ref) };
                        hir::Block { span: inner.span, stmts: self.slice(&[stmt]) }
                    }
                };
                hir::ExprKind::If { cond, then, otherwise }
            }
            ExprKind::Case { subject, clauses } => {
                let subject = self.expression_ref(subject);
                let clauses: Vec<_> = clauses.iter().map(|c| self.clause(c)).collect();
                hir::ExprKind::Case { subject, clauses: self.slice(&clauses) }
            }
            ExprKind::Try(t) => self.try_expression(t),
            ExprKind::Receive { clauses, after } => self.receive(clauses, after.as_ref()),
            _ => unreachable!("called for control expressions"),
        }
    }

    /// A clause in a scope of its own.
    pub(super) fn clause(&mut self, clause: &Clause<'a>) -> hir::Clause<'a> {
        let mark = self.scopes.open();
        let pattern = self.pattern_declared(clause.pattern);
        let guard = clause.guard.map(|g| self.guard(g));
        let body = self.block(&clause.body);
        let gone = self.scopes.close(mark);
        self.warn_unused(&gone);
        hir::Clause { span: clause.span, pattern: self.alloc(pattern), guard, body }
    }

    /// The expression after `when`.
    pub(super) fn guard(&mut self, expr: &Expr<'a>) -> &'a hir::Expr<'a> {
        let outer = std::mem::replace(&mut self.in_guard, true);
        let resolved = self.expression_ref(expr);
        self.in_guard = outer;
        resolved
    }

    /// Reports what may not stand in a guard; calls are looked at where they are resolved.
    fn check_guard(&mut self, expr: &Expr<'a>) {
        use ExprKind as K;
        let what = match &expr.kind {
            K::If { .. } | K::Case { .. } | K::Try(_) | K::Receive { .. } => "control flow",
            K::Tilde(_) | K::Fn { .. } | K::Function(_) => "a function",
            K::Raise(_) | K::Reraise(_) | K::Return(_) | K::Assert { .. } => "this",
            _ => return,
        };
        self.error("E0304", expr.span, format!("{what} cannot stand in a guard"))
            .help
            .push("a guard holds comparisons, arithmetic, `and or not` and type tests".to_string());
    }

    fn try_expression(&mut self, t: &Try<'a>) -> hir::ExprKind<'a> {
        let body = self.block(&t.body);
        let raised = self.scopes.fresh(None);
        let catch = t.catch.as_ref().map(|catch| {
            let clauses: Vec<_> =
                catch.clauses.iter().map(|c| self.catch_clause(catch.name, c)).collect();
            self.slice(&clauses)
        });
        let otherwise = t.otherwise.as_ref().map(|b| self.block(b));
        let after = t.after.as_ref().map(|b| self.block(b));
        hir::ExprKind::Try(self.alloc(hir::Try { body, raised, catch, otherwise, after }))
    }

    fn catch_clause(&mut self, name: Option<Ident>, clause: &Clause<'a>) -> hir::CatchClause<'a> {
        let mark = self.scopes.open();
        let mut whole = Vec::new();
        if let Some(ident) = name {
            let var = self.scopes.fresh(Some(ident.name));
            self.scopes.declare(ident.name, var, ident.span);
            // `as e` serves all clauses: not each must use it.
            self.scopes.lookup(ident.name);
            whole.push(var);
        }
        let mut inner = clause.pattern;
        while let PatternKind::Alias { pattern, .. } = inner.kind {
            inner = pattern;
        }
        let is_symbol = |p: &Pattern<'_>| matches!(p.kind, PatternKind::Symbol(_));
        let view = match &inner.kind {
            PatternKind::Symbol(_) => hir::CatchView::Type,
            PatternKind::List { items, pairs }
                if pairs.is_empty() && items.len() == 2 && is_symbol(&items[0]) =>
            {
                hir::CatchView::Parts
            }
            _ => hir::CatchView::Whole,
        };
        let mut outer = clause.pattern;
        if view != hir::CatchView::Whole {
            while let PatternKind::Alias { pattern, name } = outer.kind {
                let var = self.scopes.fresh(Some(name.name));
                self.scopes.declare(name.name, var, name.span);
                whole.push(var);
                outer = pattern;
            }
        }
        let pattern = self.pattern_declared(outer);
        let guard = clause.guard.map(|g| self.guard(g));
        let body = self.block(&clause.body);
        let gone = self.scopes.close(mark);
        self.warn_unused(&gone);
        let clause = hir::Clause { span: clause.span, pattern: self.alloc(pattern), guard, body };
        hir::CatchClause { view, clause, whole: self.slice(&whole) }
    }
}
