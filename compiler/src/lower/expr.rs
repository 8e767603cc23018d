//! Expressions and blocks.

use rata_bytecode::module::Const;
use rata_bytecode::operand::{Cmp, FnId, GlobalId};

use super::{Dest, Lowerer};
use crate::hir::{Block, Expr, ExprKind, Stmt, StmtKind, Var};
use crate::ir::{Op, TermKind, Test, Val};
use crate::span::Span;

impl<'a> Lowerer<'a, '_> {
    /// Evaluates `e` and gives its value in the current block.
    pub(super) fn expr(&mut self, e: &Expr<'a>) -> Val {
        let at = e.span;
        match e.kind {
            ExprKind::Var(var) => self.var(var, at),
            ExprKind::Lit(lit) => {
                let k = self.lit(lit);
                self.load(k, at)
            }
            ExprKind::Missing => {
                let k = self.konst(Const::Missing);
                self.load(k, at)
            }
            ExprKind::Global(g) => self.inst(Op::Global(GlobalId(g.0)), &[], at),
            ExprKind::Function { set, arity, check } => self.function_value(set, arity, check, at),
            ExprKind::Member { module, name } => {
                let import = self.out.pools.import(self.names, module, name, None);
                self.inst(Op::Member(import), &[], at)
            }
            ExprKind::Capture { .. }
            | ExprKind::Vector { .. }
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Set(_)
            | ExprKind::Text(_) => self.literal(e),
            ExprKind::Neg(s) => match self.const_of(e) {
                Some(k) => self.load(k, at),
                None => self.unary(Op::Neg, s, at),
            },
            ExprKind::Not(s) => self.unary(Op::Not, s, at),
            ExprKind::Arith { op, left, right } => self.binary(Op::Arith(op), left, right, at),
            ExprKind::Compare { op, left, right } => self.binary(Op::Compare(op), left, right, at),
            ExprKind::Range { left, right } => self.binary(Op::Range, left, right, at),
            ExprKind::Index { object, index } => self.binary(Op::Index, object, index, at),
            ExprKind::Field { object, name } => {
                let name = self.symbol(name);
                self.unary(Op::Field(name), object, at)
            }
            ExprKind::Call { target, args } => self.call(&target, args, at),
            ExprKind::CallNamed { callee, args, named } => self.call_named(callee, args, named, at),
            ExprKind::Lambda(lambda) => self.lambda(lambda, at),
            ExprKind::Block(block) => self.block(&block),
            ExprKind::Assert { cond, text, message } => self.assert(cond, text, message, at),
            ExprKind::Raise(_) | ExprKind::Reraise(_) | ExprKind::Return(_) => {
                self.depart(e);
                self.nil(at)
            }
            ExprKind::Error => self.nil(at),
            ExprKind::If { .. }
            | ExprKind::Case { .. }
            | ExprKind::Try(_)
            | ExprKind::Receive { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::IfMissing { .. } => {
                let join = self.new_join();
                self.expr_to(e, Dest::Join(join));
                self.switch_to(join);
                self.param(join)
            }
        }
    }

    /// `raise`, `reraise`, `return`: goes on in a block that nothing reaches.
    fn depart(&mut self, e: &Expr<'a>) {
        match e.kind {
            ExprKind::Raise(s) => {
                let s = self.expr(s);
                self.leave(TermKind::Raise, &[s], e.span);
            }
            ExprKind::Reraise(s) => {
                let s = self.expr(s);
                self.leave(TermKind::Reraise, &[s], e.span);
            }
            ExprKind::Return(s) => self.return_expr(s),
            _ => {}
        }
    }

    /// Evaluates `e`, sends its value to `dest`, and ends the current block.
    pub(super) fn expr_to(&mut self, e: &Expr<'a>, dest: Dest) {
        let at = e.span;
        match e.kind {
            ExprKind::If { cond, then, otherwise } => {
                let yes = self.new_block();
                let no = self.new_block();
                self.cond(cond, yes, no);
                self.switch_to(yes);
                self.block_to(&then, dest);
                self.switch_to(no);
                self.block_to(&otherwise, dest);
            }
            ExprKind::And { left, right } => self.short_circuit(left, right, true, dest),
            ExprKind::Or { left, right } => self.short_circuit(left, right, false, dest),
            ExprKind::Block(block) => self.block_to(&block, dest),
            ExprKind::Case { subject, clauses } => self.case(subject, clauses, dest, at),
            ExprKind::Try(t) => self.try_to(t, dest, at),
            ExprKind::Receive { clauses, after, mark } => {
                self.receive(clauses, after.as_ref(), mark, dest, at);
            }
            ExprKind::IfMissing { var, default } => {
                let value = self.var(var, at);
                let missing = self.new_block();
                let given = self.new_block();
                self.branch(Test::Missing, &[value], missing, given, at);
                self.switch_to(missing);
                self.expr_to(default, dest);
                self.switch_to(given);
                self.finish(value, dest, at);
            }
            ExprKind::Return(value) => {
                self.return_expr(value);
                // nothing reaches this; the block only wants an end
                let nil = self.nil(at);
                self.finish(nil, dest, at);
            }
            ExprKind::Call { target, args } if dest == Dest::Return => {
                self.return_call(&target, args, at);
            }
            ExprKind::CallNamed { callee, args, named } if dest == Dest::Return => {
                self.return_call_named(callee, args, named, at);
            }
            _ => {
                let value = self.expr(e);
                self.finish(value, dest, at);
            }
        }
    }

    /// Sends a value to a destination.
    pub(super) fn finish(&mut self, value: Val, dest: Dest, at: Span) {
        match dest {
            Dest::Return => self.return_value(value, at),
            Dest::Join(join) => self.jump(join, &[value], at),
            Dest::Ignore(next) => self.jump(next, &[], at),
        }
    }

    /// Evaluates `e` for what it does.
    fn drop_expr(&mut self, e: &Expr<'a>) {
        match e.kind {
            ExprKind::If { .. }
            | ExprKind::Case { .. }
            | ExprKind::Try(_)
            | ExprKind::Receive { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. } => {
                let next = self.new_block();
                self.expr_to(e, Dest::Ignore(next));
                self.switch_to(next);
            }
            ExprKind::Block(block) => self.drop_block(&block),
            _ => {
                self.expr(e);
            }
        }
    }

    /// Runs a block; the value of its last statement is that of the block.
    pub(super) fn block(&mut self, block: &Block<'a>) -> Val {
        let Some((last, init)) = block.stmts.split_last() else {
            return self.nil(block.span);
        };
        self.stmts(init);
        self.stmt(last)
    }

    /// Runs a block and sends its value to `dest`.
    pub(super) fn block_to(&mut self, block: &Block<'a>, dest: Dest) {
        if let Some((Stmt { kind: StmtKind::Expr(e), .. }, init)) = block.stmts.split_last() {
            self.stmts(init);
            self.expr_to(e, dest);
        } else if let Dest::Ignore(next) = dest {
            self.stmts(block.stmts);
            self.jump(next, &[], block.span);
        } else {
            let value = self.block(block);
            self.finish(value, dest, block.span);
        }
    }

    /// Runs a block for what it does.
    pub(super) fn drop_block(&mut self, block: &Block<'a>) {
        self.stmts(block.stmts);
    }

    fn stmts(&mut self, stmts: &[Stmt<'a>]) {
        for stmt in stmts {
            match stmt.kind {
                StmtKind::Expr(e) => self.drop_expr(e),
                StmtKind::Define(f) => self.effect(Op::Define(FnId(f.0)), &[], stmt.span),
                _ => {
                    self.stmt(stmt);
                }
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt<'a>) -> Val {
        let at = stmt.span;
        match stmt.kind {
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Bind { pattern, value } => {
                let value = self.expr(value);
                self.bind(pattern, value, at);
                value
            }
            StmtKind::SetGlobal { global, value } => {
                let value = self.expr(value);
                self.effect(Op::SetGlobal(GlobalId(global.0)), &[value], at);
                value
            }
            StmtKind::Define(f) => {
                self.effect(Op::Define(FnId(f.0)), &[], at);
                self.nil(at)
            }
        }
    }

    /// The value of a variable.
    pub(super) fn var(&mut self, var: Var, at: Span) -> Val {
        let value = self.vars[var.0 as usize];
        debug_assert!(value.is_some(), "variable {} is used before it is bound", var.0);
        // the tree is wrong then, but the module must stay well-formed
        if value.is_some() { value } else { self.nil(at) }
    }

    fn unary(&mut self, op: Op, s: &Expr<'a>, at: Span) -> Val {
        let s = self.expr(s);
        self.inst(op, &[s], at)
    }

    fn binary(&mut self, op: Op, left: &Expr<'a>, right: &Expr<'a>, at: Span) -> Val {
        let left = self.expr(left);
        let right = self.expr(right);
        self.inst(op, &[left, right], at)
    }

    /// `left and right` (`and`) or `left or right`: the value of the operand that decided.
    fn short_circuit(&mut self, left: &Expr<'a>, right: &Expr<'a>, and: bool, dest: Dest) {
        let more = self.new_block();
        let (truthy, falsy) =
            if and { (Dest::Ignore(more), dest) } else { (dest, Dest::Ignore(more)) };
        self.decide(left, truthy, falsy);
        self.switch_to(more);
        self.expr_to(right, dest);
    }

    /// Sends the value of `e` one way when it is truthy, the other when it is falsy.
    fn decide(&mut self, e: &Expr<'a>, truthy: Dest, falsy: Dest) {
        if let (Dest::Ignore(then), Dest::Ignore(els)) = (truthy, falsy) {
            return self.cond(e, then, els);
        }
        if let ExprKind::And { left, right } | ExprKind::Or { left, right } = e.kind {
            let more = Dest::Ignore(self.new_block());
            let and = matches!(e.kind, ExprKind::And { .. });
            let (first, second) = if and { (more, falsy) } else { (truthy, more) };
            self.decide(left, first, second);
            let Dest::Ignore(block) = more else { return };
            self.switch_to(block);
            return self.decide(right, truthy, falsy);
        }
        let at = e.span;
        let value = self.expr(e);
        let then = self.new_block();
        let els = self.new_block();
        self.branch(Test::Truthy, &[value], then, els, at);
        self.switch_to(then);
        self.finish(value, truthy, at);
        self.switch_to(els);
        self.finish(value, falsy, at);
    }

    fn assert(&mut self, cond: &Expr<'a>, text: &str, message: Option<&Expr<'a>>, at: Span) -> Val {
        use rata_bytecode::operand::Failure;
        let ok = self.new_block();
        let bad = self.new_block();
        let (kind, mut shown, value) = if let ExprKind::Compare { op, left, right } = cond.kind {
            let left = self.expr(left);
            let right = self.expr(right);
            self.branch(Test::Compare(op), &[left, right], ok, bad, cond.span);
            self.switch_to(bad);
            let text = self.load_str(text, at);
            let operator = self.load_str(operator(op), at);
            (Failure::AssertCompare, vec![text, operator, left, right], None)
        } else {
            let value = self.expr(cond);
            self.branch(Test::Truthy, &[value], ok, bad, cond.span);
            self.switch_to(bad);
            let text = self.load_str(text, at);
            (Failure::Assert, vec![text, value], Some(value))
        };
        shown.push(match message {
            Some(message) => self.expr(message),
            None => self.nil(at),
        });
        self.term(TermKind::Fail(kind), &shown, at);
        self.switch_to(ok);
        value.unwrap_or_else(|| {
            let yes = self.konst(Const::Bool(true));
            self.load(yes, at)
        })
    }
}

/// How a comparison is written.
fn operator(op: Cmp) -> &'static str {
    match op {
        Cmp::Eq => "==",
        Cmp::Ne => "!=",
        Cmp::Lt => "<",
        Cmp::Le => "<=",
        Cmp::Gt => ">",
        Cmp::Ge => ">=",
    }
}
