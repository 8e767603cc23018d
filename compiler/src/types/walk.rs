//! The walk over statements and expressions: each gives the kinds of value that it may have.

use super::Checker;
use super::kinds::Kinds;
use super::signature::Signature;
use crate::hir::*;

impl<'a> Checker<'a, '_> {
    /// A block; `tail`: its value is what the function gives.
    pub(super) fn block(&mut self, block: &Block<'a>, tail: bool) -> Kinds {
        let Some((last, first)) = block.stmts.split_last() else { return Kinds::NIL };
        for stmt in first {
            self.stmt(stmt, false);
        }
        self.stmt(last, tail)
    }

    fn stmt(&mut self, stmt: &Stmt<'a>, tail: bool) -> Kinds {
        match stmt.kind {
            StmtKind::Expr(e) => self.value(e, tail),
            StmtKind::Bind { pattern, value } => {
                let kinds = self.value(value, false);
                self.bound(pattern, value, kinds);
                if tail {
                    self.gives(value, kinds);
                }
                kinds
            }
            StmtKind::SetGlobal { global, value } => {
                let kinds = self.value(value, false);
                self.scope.clock += 1;
                let stamp = self.scope.clock;
                if let Some(known) = self.globals.get_mut(global.0 as usize) {
                    *known = super::Known { kinds, stamp, declared: false };
                }
                kinds
            }
            StmtKind::Define(_) => Kinds::ANY,
        }
    }

    /// Notes what a binding tells of the names in its pattern: of the whole, no more.
    fn bound(&mut self, pattern: &Pattern<'a>, value: &Expr<'a>, kinds: Kinds) {
        match pattern.kind {
            PatternKind::Var(var) => {
                self.bind(var, kinds, false);
                if let ExprKind::Lambda(lambda) = value.kind {
                    self.local(var, lambda);
                }
            }
            PatternKind::Alias { var, .. } => self.bind(var, kinds, false),
            _ => {}
        }
    }

    /// Remembers which function a variable is; it never is another.
    fn local(&mut self, var: Var, lambda: &'a Lambda<'a>) {
        let file = self.module.file;
        let signatures = lambda.defs.iter().map(|def| Signature::of(def, file)).collect();
        self.lambdas.entry(var).or_insert(super::Local { lambda, signatures });
    }

    /// An expression; `tail`: its value is what the function gives.
    pub(super) fn value(&mut self, e: &Expr<'a>, tail: bool) -> Kinds {
        match &e.kind {
            ExprKind::If { cond, then, otherwise } => {
                return self.if_else(cond, then, otherwise, tail);
            }
            ExprKind::Case { subject, clauses } => return self.case(subject, clauses, tail),
            ExprKind::Try(t) => return self.try_catch(t, tail),
            ExprKind::Receive { clauses, after, .. } => return self.receive(clauses, after, tail),
            ExprKind::Block(block) => return self.block(block, tail),
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                let left = self.condition(left);
                return left | self.branch(false, |me| me.value(right, tail));
            }
            _ => {}
        }
        let kinds = self.plain(e);
        if tail {
            self.gives(e, kinds);
        }
        kinds
    }

    /// An expression that is no branch.
    fn plain(&mut self, e: &Expr<'a>) -> Kinds {
        match &e.kind {
            ExprKind::Lit(lit) => Kinds::of_lit(lit),
            ExprKind::Var(var) => self.var(*var),
            ExprKind::Global(global) => {
                self.globals.get(global.0 as usize).map_or(Kinds::ANY, |known| self.known(known))
            }
            ExprKind::Missing | ExprKind::Error | ExprKind::Member { .. } => Kinds::ANY,
            ExprKind::Function { .. } | ExprKind::Capture { .. } => Kinds::FUNCTION,
            ExprKind::Arith { op, left, right } => self.arithmetic(*op, left, right),
            ExprKind::Compare { op, left, right } => self.comparison(*op, left, right),
            ExprKind::Call { target, args } => self.call(target, args),
            ExprKind::Neg(operand) => self.negation(operand),
            ExprKind::Not(operand) => {
                self.condition(operand);
                Kinds::BOOL
            }
            ExprKind::Range { left, right } => self.range(left, right),
            ExprKind::Index { object, index } => self.index(object, index),
            ExprKind::Field { object, name } => self.field(object, *name),
            ExprKind::Lambda(lambda) => {
                self.lambda(lambda);
                Kinds::FUNCTION
            }
            ExprKind::Raise(value) | ExprKind::Reraise(value) => {
                self.value(value, false);
                self.scope.left = true;
                Kinds::NEVER
            }
            ExprKind::Return(value) => {
                self.value(value, true);
                self.scope.left = true;
                Kinds::NEVER
            }
            ExprKind::IfMissing { default, .. } => {
                self.branch(true, |me| me.value(default, false));
                Kinds::ANY
            }
            ExprKind::Assert { cond, message, .. } => self.assertion(cond, *message),
            _ => self.literal(e),
        }
    }

    /// A collection or text, of any size.
    fn literal(&mut self, e: &Expr<'a>) -> Kinds {
        match e.kind {
            ExprKind::Vector { items, tail } => self.vector(items, tail),
            ExprKind::List(items) => self.all(items, Kinds::LIST),
            ExprKind::Set(items) => self.all(items, Kinds::SET),
            ExprKind::Text(parts) => self.all(parts, Kinds::STRING),
            ExprKind::Map(entries) => {
                for (key, value) in entries {
                    self.value(key, false);
                    self.value(value, false);
                }
                Kinds::MAP
            }
            ExprKind::CallNamed { callee, args, named } => {
                self.value(callee, false);
                for arg in args.iter().chain(named.iter().map(|(_, e)| e)) {
                    self.argument(arg);
                }
                Kinds::ANY
            }
            _ => Kinds::ANY,
        }
    }

    fn all(&mut self, items: &'a [Expr<'a>], kinds: Kinds) -> Kinds {
        for item in items {
            self.value(item, false);
        }
        kinds
    }

    /// The functions that a lambda is.
    pub(super) fn lambda(&mut self, lambda: &'a Lambda<'a>) {
        if let Some(var) = lambda.self_var {
            self.local(var, lambda);
        }
        for def in lambda.defs {
            self.function(def);
        }
    }
}
