//! Printing expressions.

use super::Printer;
use crate::syntax::tree::{
    Clause, Else, Entry, Expr, ExprKind, FPart, FnClause, Function, Key, Param, Try, UnOp,
};

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr<'_>) {
        match self.leaf(expr) {
            Some(line) => self.line(line),
            None => self.branch(expr),
        }
    }

    /// Expressions without parts, on one line.
    fn leaf(&self, expr: &Expr<'_>) -> Option<String> {
        Some(match expr.kind {
            ExprKind::Int(value) => format!("int {value}"),
            ExprKind::BigInt(digits) => format!("bigint {digits}"),
            ExprKind::Float(value) => format!("float {value:?}"),
            ExprKind::Str(text) => format!("string {text:?}"),
            ExprKind::Symbol(name) => format!("symbol {}", self.text(name)),
            ExprKind::Bool(value) => format!("{value}"),
            ExprKind::Nil => "nil".into(),
            ExprKind::Name(name) => format!("name {}", self.text(name)),
            ExprKind::Module(path) => format!("module {}", self.text(path.name)),
            ExprKind::ThisModule => "__module__".into(),
            ExprKind::Dot(name) => format!("dot {}", self.text(name)),
            ExprKind::Return(None) => "return".into(),
            ExprKind::Error => "error".into(),
            _ => return None,
        })
    }

    fn branch(&mut self, expr: &Expr<'_>) {
        match expr.kind {
            ExprKind::FString(parts) => self.node("fstring", |p| p.fparts(parts)),
            ExprKind::Vector { items, tail } => self.node("vector", |p| {
                p.exprs(items);
                if let Some(tail) = tail {
                    p.node("tail", |p| p.expr(tail));
                }
            }),
            ExprKind::List { items, pairs } => self.node("list", |p| {
                p.exprs(items);
                p.entries(pairs);
            }),
            ExprKind::Map(entries) => self.node("map", |p| p.entries(entries)),
            ExprKind::Set(items) => self.node("set", |p| p.exprs(items)),
            ExprKind::Unary { op, operand } => {
                let head = match op {
                    UnOp::Neg => "neg",
                    UnOp::Not => "not",
                };
                self.node(head, |p| p.expr(operand));
            }
            ExprKind::Binary { op, left, right, .. } => {
                self.node(format!("{op:?}").to_lowercase(), |p| {
                    p.expr(left);
                    p.expr(right);
                });
            }
            ExprKind::Pipe { left, right } => self.node("pipe", |p| {
                p.expr(left);
                p.expr(right);
            }),
            _ => self.access(expr),
        }
    }

    fn access(&mut self, expr: &Expr<'_>) {
        match expr.kind {
            ExprKind::Call { callee, args, named } => self.node("call", |p| {
                p.expr(callee);
                p.exprs(args);
                for arg in named {
                    let head = format!("{}:", p.text(arg.name.name));
                    p.node(head, |p| p.expr(arg.value));
                }
            }),
            ExprKind::Index { object, index } => self.node("index", |p| {
                p.expr(object);
                p.expr(index);
            }),
            ExprKind::Field { object, name } => {
                let head = format!("field {}", self.text(name.name));
                self.node(head, |p| p.expr(object));
            }
            ExprKind::CaptureOrDivide { target, arity, .. } => {
                self.node(format!("capture or divide /{arity}"), |p| p.expr(target));
            }
            ExprKind::Tilde(body) => self.node("tilde", |p| p.expr(body)),
            ExprKind::Fn { clauses } => self.node("fn", |p| {
                for clause in clauses {
                    p.fn_clause(clause);
                }
            }),
            ExprKind::Function(function) => self.function(function),
            _ => self.control(expr),
        }
    }

    fn control(&mut self, expr: &Expr<'_>) {
        match expr.kind {
            ExprKind::If { .. } => self.if_chain(expr),
            ExprKind::Case { subject, clauses } => self.node("case", |p| {
                p.expr(subject);
                p.clauses(clauses);
            }),
            ExprKind::Try(parts) => self.try_expr(parts),
            ExprKind::Receive { clauses, after } => self.node("receive", |p| {
                p.clauses(clauses);
                if let Some(after) = after {
                    p.node("after", |p| {
                        p.expr(after.timeout);
                        p.block("body", &after.body);
                    });
                }
            }),
            ExprKind::Raise(value) => self.node("raise", |p| p.expr(value)),
            ExprKind::Reraise(value) => self.node("reraise", |p| p.expr(value)),
            ExprKind::Return(Some(value)) => self.node("return", |p| p.expr(value)),
            ExprKind::Assert { cond, message } => self.node("assert", |p| {
                p.expr(cond);
                if let Some(message) = message {
                    p.expr(message);
                }
            }),
            _ => self.line("error"),
        }
    }

    /// The links of an `else if` chain print side by side.
    fn if_chain(&mut self, mut expr: &Expr<'_>) {
        let mut head = "if";
        while let ExprKind::If { cond, then, otherwise } = expr.kind {
            self.node(head, |p| {
                p.expr(cond);
                p.block("then", &then);
            });
            head = "else if";
            match otherwise {
                Some(Else::If(next)) => expr = next,
                Some(Else::Block(block)) => {
                    self.block("else", &block);
                    break;
                }
                None => break,
            }
        }
    }

    fn try_expr(&mut self, parts: &Try<'_>) {
        self.node("try", |p| {
            p.block("body", &parts.body);
            if let Some(catch) = parts.catch {
                let head = match catch.name {
                    Some(ident) => format!("catch as {}", p.text(ident.name)),
                    None => "catch".into(),
                };
                p.node(head, |p| p.clauses(catch.clauses));
            }
            if let Some(block) = parts.otherwise {
                p.block("else", &block);
            }
            if let Some(block) = parts.after {
                p.block("after", &block);
            }
        });
    }

    fn exprs(&mut self, exprs: &[Expr<'_>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn fparts(&mut self, parts: &[FPart<'_>]) {
        for part in parts {
            match part {
                FPart::Text(text) => self.line(format!("text {text:?}")),
                FPart::Expr(expr) => self.expr(expr),
            }
        }
    }

    fn entries(&mut self, entries: &[Entry<'_>]) {
        for entry in entries {
            match entry.key {
                Key::Symbol(ident) => {
                    let head = format!("{}:", self.text(ident.name));
                    self.node(head, |p| p.expr(entry.value));
                }
                Key::Str(text, _) => self.node(format!("{text:?}:"), |p| p.expr(entry.value)),
                Key::Computed(key) => {
                    self.node("key", |p| p.expr(key));
                    self.node("value", |p| p.expr(entry.value));
                }
            }
        }
    }

    fn clauses(&mut self, clauses: &[Clause<'_>]) {
        for clause in clauses {
            self.node("clause", |p| {
                p.pattern(clause.pattern);
                p.guard(clause.guard);
                p.block("body", &clause.body);
            });
        }
    }

    fn fn_clause(&mut self, clause: &FnClause<'_>) {
        self.node("clause", |p| {
            p.params(clause.params);
            p.guard(clause.guard);
            p.block("body", &clause.body);
        });
    }

    fn function(&mut self, function: &Function<'_>) {
        self.node("function", |p| {
            p.params(function.params);
            if let Some(result) = function.result {
                let line = format!("result {}", p.type_text(result));
                p.line(line);
            }
            p.guard(function.guard);
            p.block("body", &function.body);
        });
    }

    fn guard(&mut self, guard: Option<&Expr<'_>>) {
        if let Some(guard) = guard {
            self.node("when", |p| p.expr(guard));
        }
    }

    fn params(&mut self, params: &[Param<'_>]) {
        for param in params {
            self.node("param", |p| {
                p.pattern(param.pattern);
                if let Some(ty) = param.ty {
                    let line = format!("type {}", p.type_text(ty));
                    p.line(line);
                }
                if let Some(default) = param.default {
                    p.node("default", |p| p.expr(default));
                }
            });
        }
    }
}
