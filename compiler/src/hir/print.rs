//! The resolved tree as indented text, for `--emit=resolved`: one line per statement, clause and
//! branch; variables as `name.number`.

use super::*;
use crate::names::Names;
use std::fmt::Write;

/// All modules, in load order.
pub fn print_modules(modules: &[Module<'_>], names: &Names) -> String {
    let mut out = String::new();
    for module in modules {
        let mut p = Printer { names, module, out: &mut out, depth: 0 };
        p.module();
    }
    out
}

struct Printer<'x, 'a> {
    names: &'x Names,
    module: &'x Module<'a>,
    out: &'x mut String,
    depth: usize,
}

impl<'a> Printer<'_, 'a> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.depth * 2);
    }

    fn inside(&mut self, print: impl FnOnce(&mut Self)) {
        self.depth += 1;
        print(self);
        self.depth -= 1;
    }

    fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    fn var(&self, var: Var) -> String {
        let name = self.module.var_names.get(var.0 as usize).copied().flatten();
        format!("{}.{}", name.map_or("", |n| self.text(n)), var.0)
    }

    fn module(&mut self) {
        let module = self.module;
        self.line(&format!("module {} ({:?})", self.text(module.name), module.kind));
        self.inside(|p| {
            for (i, global) in module.globals.iter().enumerate() {
                p.line(&format!("global {i} {}", p.text(global.name)));
            }
            for (i, function) in module.functions.iter().enumerate() {
                p.function(&format!("function {i}"), function);
            }
            if let Some(init) = module.init {
                p.function("init", init);
            }
        });
    }

    fn function(&mut self, what: &str, f: &FnDef<'a>) {
        self.line(&format!("{what} {}/{}", self.text(f.name), f.arity));
        self.inside(|p| f.clauses.iter().for_each(|c| p.fn_clause(c)));
    }

    fn fn_clause(&mut self, clause: &FnClause<'a>) {
        let params: Vec<String> = clause.params.iter().map(|x| self.pattern(x)).collect();
        let guard = clause.guard.map_or(String::new(), |g| format!(" when {}", self.inline(g)));
        self.line(&format!("({}){guard} ->", params.join(", ")));
        self.inside(|p| p.block(&clause.body));
    }

    fn block(&mut self, block: &Block<'a>) {
        for stmt in block.stmts {
            match &stmt.kind {
                StmtKind::Bind { pattern, value } => {
                    let pattern = self.pattern(pattern);
                    self.expr(&format!("{pattern} = "), value);
                }
                StmtKind::Expr(value) => self.expr("", value),
                StmtKind::SetGlobal { global, value } => {
                    self.expr(&format!("global {} = ", global.0), value);
                }
                StmtKind::Define(f) => self.line(&format!("define function {}", f.0)),
            }
        }
    }

    /// An expression on a line of its own, with the blocks inside it indented below.
    fn expr(&mut self, before: &str, e: &Expr<'a>) {
        match &e.kind {
            ExprKind::If { cond, then, otherwise } => {
                self.line(&format!("{before}if {}", self.inline(cond)));
                self.inside(|p| p.block(then));
                if !otherwise.stmts.is_empty() {
                    self.line("else");
                    self.inside(|p| p.block(otherwise));
                }
            }
            ExprKind::Case { subject, clauses } => {
                self.line(&format!("{before}case {}", self.inline(subject)));
                self.inside(|p| clauses.iter().for_each(|c| p.clause(c)));
            }
            ExprKind::Receive { clauses, after, mark } => {
                let mark = mark.map_or(String::new(), |m| format!(" marked by {}", self.var(m)));
                self.line(&format!("{before}receive{mark}"));
                self.inside(|p| {
                    clauses.iter().for_each(|c| p.clause(c));
                    if let Some(after) = after {
                        p.line(&format!("after {} ->", p.inline(after.timeout)));
                        p.inside(|p| p.block(&after.body));
                    }
                });
            }
            ExprKind::Try(t) => self.try_expr(before, t),
            ExprKind::Lambda(lambda) => {
                self.line(&format!("{before}{}", self.inline(e)));
                self.inside(|p| lambda.defs.iter().for_each(|d| p.function("fn", d)));
            }
            ExprKind::Block(block) => {
                self.line(&format!("{before}block"));
                self.inside(|p| p.block(block));
            }
            _ => self.line(&format!("{before}{}", self.inline(e))),
        }
    }

    fn clause(&mut self, clause: &Clause<'a>) {
        let guard = clause.guard.map_or(String::new(), |g| format!(" when {}", self.inline(g)));
        self.line(&format!("{}{guard} ->", self.pattern(clause.pattern)));
        self.inside(|p| p.block(&clause.body));
    }

    fn try_expr(&mut self, before: &str, t: &Try<'a>) {
        self.line(&format!("{before}try"));
        self.inside(|p| p.block(&t.body));
        if let Some(catch) = t.catch {
            self.line(&format!("catch {}", self.var(t.raised)));
            self.inside(|p| {
                for clause in catch {
                    p.line(&format!("by {:?}", clause.view));
                    p.clause(&clause.clause);
                }
            });
        }
        for (word, block) in [("else", t.otherwise), ("after", t.after)] {
            if let Some(block) = block {
                self.line(word);
                self.inside(|p| p.block(&block));
            }
        }
    }

    fn list(&self, items: &[Expr<'a>]) -> String {
        let items: Vec<String> = items.iter().map(|e| self.inline(e)).collect();
        items.join(", ")
    }

    /// An expression as part of a line; blocks inside it are left out.
    fn inline(&self, e: &Expr<'a>) -> String {
        use ExprKind::*;
        match &e.kind {
            Lit(lit) => self.lit(lit),
            Missing => "missing".into(),
            IfMissing { var, default } => {
                format!("{} if given else {}", self.var(*var), self.inline(default))
            }
            Var(var) => self.var(*var),
            Global(g) => format!("global {}", g.0),
            Function { set, arity, .. } => {
                let name = self.text(self.module.sets[set.0 as usize].name);
                arity.map_or(format!("&{name}"), |a| format!("&{name}/{a}"))
            }
            Member { module, name } => format!("{}.{}", self.text(*module), self.text(*name)),
            Capture { module, name, arity } => {
                format!("&{}.{}/{arity}", self.text(*module), self.text(*name))
            }
            Vector { items, tail: None } => format!("[{}]", self.list(items)),
            Vector { items, tail: Some(t) } => {
                format!("[{} | {}]", self.list(items), self.inline(t))
            }
            List(items) => format!("list({})", self.list(items)),
            Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(k, v)| format!("{}: {}", self.inline(k), self.inline(v)))
                    .collect();
                format!("map({})", entries.join(", "))
            }
            Set(items) => format!("set({})", self.list(items)),
            Text(parts) => format!("text({})", self.list(parts)),
            Neg(x) => format!("-{}", self.inline(x)),
            Not(x) => format!("not {}", self.inline(x)),
            Arith { op, left, right } => self.binary(&format!("{op:?}"), left, right),
            Compare { op, left, right } => self.binary(&format!("{op:?}"), left, right),
            Range { left, right } => self.binary("..", left, right),
            And { left, right } => self.binary("and", left, right),
            Or { left, right } => self.binary("or", left, right),
            Index { object, index } => {
                format!("{}[{}]", self.inline(object), self.inline(index))
            }
            Field { object, name } => format!("{}.{}", self.inline(object), self.text(*name)),
            Call { target, args } => format!("{}({})", self.target(target), self.list(args)),
            CallNamed { callee, args, named } => {
                let named: Vec<String> = named
                    .iter()
                    .map(|(n, e)| format!("{}: {}", self.text(*n), self.inline(e)))
                    .collect();
                format!("{}({}; {})", self.inline(callee), self.list(args), named.join(", "))
            }
            Lambda(lambda) => {
                let captures: Vec<String> = lambda.captures.iter().map(|v| self.var(*v)).collect();
                format!("fn capturing ({})", captures.join(", "))
            }
            If { .. } => "if …".into(),
            Case { .. } => "case …".into(),
            Try(_) => "try …".into(),
            Receive { .. } => "receive …".into(),
            Raise(x) => format!("raise {}", self.inline(x)),
            Reraise(x) => format!("reraise {}", self.inline(x)),
            Return(x) => format!("return {}", self.inline(x)),
            Assert { cond, .. } => format!("assert {}", self.inline(cond)),
            Block(_) => "block …".into(),
            Error => "error".into(),
        }
    }

    fn binary(&self, op: &str, left: &Expr<'a>, right: &Expr<'a>) -> String {
        format!("({} {op} {})", self.inline(left), self.inline(right))
    }

    fn target(&self, target: &Target<'a>) -> String {
        match target {
            Target::Local { f, check } => {
                let f = &self.module.functions[f.0 as usize];
                let check = if *check { " if defined" } else { "" };
                format!("{}/{}{check}", self.text(f.name), f.arity)
            }
            Target::Import { module, name } => {
                format!("{}.{}", self.text(*module), self.text(*name))
            }
            Target::Native(name) => format!("native {}", self.text(*name)),
            Target::Value(value) => format!("({})", self.inline(value)),
            Target::Field { object, name } => {
                format!("{}.{}", self.inline(object), self.text(*name))
            }
        }
    }

    fn lit(&self, lit: &super::Lit<'a>) -> String {
        use super::Lit::*;
        match lit {
            Int(n) => n.to_string(),
            BigInt(digits) => (*digits).to_string(),
            Float(f) => format!("{f:?}"),
            Str(text) => format!("{text:?}"),
            Symbol(name) => format!(":{}", self.text(*name)),
            Bool(b) => b.to_string(),
            Nil => "nil".into(),
            Module(name) => self.text(*name).to_string(),
        }
    }

    fn patterns(&self, items: &[Pattern<'a>]) -> String {
        let items: Vec<String> = items.iter().map(|p| self.pattern(p)).collect();
        items.join(", ")
    }

    fn pattern(&self, pattern: &Pattern<'a>) -> String {
        use PatternKind::*;
        match &pattern.kind {
            Wild => "_".into(),
            Var(var) => self.var(*var),
            Same(value) => format!("^{}", self.inline(value)),
            Lit(lit) => self.lit(lit),
            Prefix { prefix, rest } => format!("{prefix:?} + {}", self.pattern(rest)),
            Vector { items, tail: None } => format!("[{}]", self.patterns(items)),
            Vector { items, tail: Some(t) } => {
                format!("[{} | {}]", self.patterns(items), self.pattern(t))
            }
            List(items) => format!("list({})", self.patterns(items)),
            Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(k, p)| format!("{}: {}", self.inline(k), self.pattern(p)))
                    .collect();
                format!("map({})", entries.join(", "))
            }
            Alias { pattern, var, same } => {
                let same = same.map(|e| format!(" = ^{}", self.inline(e))).unwrap_or_default();
                format!("{} = {}{same}", self.pattern(pattern), self.var(*var))
            }
        }
    }
}
