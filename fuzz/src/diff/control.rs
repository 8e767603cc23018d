//! Writes what has blocks: conditions, cases, handlers, statements, bodies.

use super::expr::{LONG, Writer};
use super::forms::Ty;
use std::fmt::Write;

impl Writer<'_> {
    pub fn if_else(&mut self, ty: Ty) {
        self.put("if ");
        self.expr(Ty::Bool);
        self.put(" {\n");
        self.block(ty);
        if self.random.one_in(3) {
            self.put("} else if ");
            self.expr(Ty::Bool);
            self.put(" {\n");
            self.block(ty);
        }
        if !self.random.one_in(40) {
            self.put("} else {\n");
            self.block(ty);
        }
        self.put("}");
    }

    /// Statements and a value, in a scope of their own.
    pub fn block(&mut self, ty: Ty) {
        let mark = self.vars.len();
        if self.random.one_in(4) {
            self.statement();
        }
        self.last(ty);
        self.vars.truncate(mark);
    }

    /// A value on a line of its own: some beginnings would be taken for the rest of the line above.
    pub fn last(&mut self, ty: Ty) {
        let text = self.aside(|w| w.expr(ty));
        if text.starts_with(['(', '[', '-', '{', '"', 'f', '#', ':']) && !text.starts_with("fu") {
            let is_call =
                text.starts_with('f') && text[1..].starts_with(|c: char| c.is_ascii_digit());
            if !is_call {
                let _ = writeln!(self.out, "identity({text})");
                return;
            }
        }
        let _ = writeln!(self.out, "{text}");
    }

    pub fn case(&mut self, ty: Ty) {
        let of = if self.random.one_in(2) { Ty::Any } else { self.some_type() };
        self.put("case ");
        self.expr(of);
        self.put(" {\n");
        for _ in 0..1 + self.random.small(5) {
            let mark = self.vars.len();
            let pattern = self.pattern(of);
            self.put(&pattern);
            if self.random.one_in(4) {
                self.put(" when ");
                self.guard();
            }
            self.put(" ->\n");
            self.last(ty);
            self.vars.truncate(mark);
        }
        if !self.random.one_in(6) {
            self.put("_ ->\n");
            self.last(ty);
        }
        self.put("}");
    }

    pub fn try_catch(&mut self, ty: Ty) {
        self.put("try {\n");
        self.block(ty);
        self.put("}");
        let after = self.random.one_in(4);
        if !after || self.random.one_in(2) {
            let named = self.random.one_in(2);
            let mark = self.vars.len();
            self.put(" catch");
            if named {
                let name = self.new_var(Ty::Any);
                let _ = write!(self.out, " as {name}");
            }
            self.put(" {\n");
            for _ in 0..self.random.below(3) {
                let clause = self.vars.len();
                let pattern = match self.random.below(4) {
                    0 => format!("{{:runtime_error, {}}}", self.new_var(Ty::Str)),
                    1 => self.pattern(Ty::Any),
                    _ => self
                        .random
                        .of(&[
                            ":division_by_zero",
                            ":type_error",
                            ":mine",
                            ":index_error",
                            ":match_error",
                        ])
                        .to_owned(),
                };
                let _ = writeln!(self.out, "{pattern} ->");
                self.last(ty);
                self.vars.truncate(clause);
            }
            let caught = self.new_var(Ty::Any);
            let _ = writeln!(self.out, "{caught} ->");
            if self.random.one_in(8) {
                let _ = writeln!(self.out, "reraise {caught}");
            } else {
                self.last(ty);
            }
            self.put("}");
            self.vars.truncate(mark);
        }
        if self.random.one_in(6) {
            self.put(" else {\n");
            self.block(ty);
            self.put("}");
        }
        if after {
            self.put(" after {\n");
            self.block(Ty::Int);
            self.put("}");
        }
    }

    pub fn statement(&mut self) {
        match self.random.below(12) {
            0 => {
                let of = self.random_of(&[Ty::Pair, Ty::Ints, Ty::Map]);
                let value = self.aside(|w| w.expr(of));
                let pattern = self.pattern(of);
                if pattern.starts_with('[') || pattern.starts_with(|c: char| c != '{' && c != 'v') {
                    let _ = writeln!(self.out, "{{{pattern}, _}} = {{{value}, 0}}");
                } else {
                    let _ = writeln!(self.out, "{pattern} = {value}");
                }
            }
            1 => {
                let value = self.some_type();
                let text = self.aside(|w| w.expr(value));
                let _ = writeln!(self.out, "_ = Process.put(:k, {text})");
            }
            2 if self.prints => {
                let text = self.aside(|w| w.expr(Ty::Any));
                let _ = writeln!(self.out, "IO.puts(inspect({text}))");
            }
            3 if self.in_function => {
                let condition = self.aside(|w| w.expr(Ty::Bool));
                let value = self.aside(|w| w.expr(Ty::Int));
                let _ = writeln!(self.out, "if {condition} {{ return {value} }}");
            }
            _ => {
                let ty = self.some_type();
                let value = self.aside(|w| w.expr(ty));
                let name = self.new_var(ty);
                let _ = writeln!(self.out, "{name} = {value}");
            }
        }
    }

    fn random_of(&mut self, types: &[Ty]) -> Ty {
        types[self.random.below(types.len())]
    }

    /// Statements and a value.
    pub fn body(&mut self, ty: Ty) {
        let mark = self.vars.len();
        for _ in 0..self.random.small(4) {
            self.statement();
        }
        self.tail(ty);
        self.vars.truncate(mark);
    }

    /// A last value, with what is called in it in tail position.
    pub fn tail(&mut self, ty: Ty) {
        match self.random.below(6) {
            0 if self.out.len() < LONG => {
                self.if_else(ty);
                self.put("\n");
            }
            1 if self.out.len() < LONG => {
                self.case(ty);
                self.put("\n");
            }
            _ => self.last(ty),
        }
    }
}
