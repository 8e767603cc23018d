//! Writes expressions, patterns and bodies of the types of `forms`.

use super::forms::Ty;
use crate::random::Random;
use std::fmt::Write;

/// What a call of a function is given.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    /// `None` for a number of rounds: small, so that loops end soon.
    pub ty: Option<Ty>,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A function that may be called.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub params: Vec<Param>,
    pub result: Ty,
}

/// A program under way.
pub struct Writer<'r> {
    pub random: &'r mut Random,
    pub out: String,
    /// Variables in scope.
    pub vars: Vec<(String, Ty)>,
    /// Functions written so far: there are no others to call, so that programs end.
    pub functions: Vec<Function>,
    /// Whether functions may print: not where processes would do so in an order of their own.
    pub prints: bool,
    /// One in so many expressions has another type than it should.
    pub wrong: usize,
    /// Whether `return` may stand here.
    pub in_function: bool,
    depth: usize,
    fresh: usize,
    /// How many of the variables are older than the pattern under way.
    pub older: usize,
}

/// Expressions nested deeper are atoms.
const DEPTH: usize = 5;
/// Programs longer than that get nothing but atoms.
pub const LONG: usize = 9_000;

impl<'r> Writer<'r> {
    /// An empty program.
    pub fn new(random: &'r mut Random) -> Writer<'r> {
        let wrong = [50, 150, 400, 1_000_000][random.below(4)];
        let prints = random.one_in(2);
        Writer {
            random,
            out: String::new(),
            vars: Vec::new(),
            functions: Vec::new(),
            prints,
            wrong,
            in_function: false,
            depth: 0,
            fresh: 0,
            older: 0,
        }
    }

    pub fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A name that was not used before, in scope from here on.
    pub fn new_var(&mut self, ty: Ty) -> String {
        self.fresh += 1;
        let name = format!("v{}", self.fresh);
        self.vars.push((name.clone(), ty));
        name
    }

    pub fn some_type(&mut self) -> Ty {
        match self.random.below(4) {
            0 | 1 => Ty::Int,
            _ => Ty::SOME[self.random.below(Ty::SOME.len())],
        }
    }

    /// What `write` writes, taken out again.
    pub fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let start = self.out.len();
        write(self);
        self.out.split_off(start)
    }

    /// An expression: an atom or something in brackets.
    pub fn expr(&mut self, ty: Ty) {
        if self.random.one_in(self.wrong) {
            let other = self.some_type();
            let text = self.aside(|w| w.right(other));
            let _ = write!(self.out, "identity({text})");
        } else {
            self.right(ty);
        }
    }

    fn right(&mut self, ty: Ty) {
        if self.depth >= DEPTH || self.out.len() > LONG || self.random.below(5) < 2 {
            return self.atom(ty);
        }
        self.depth += 1;
        match self.random.below(22) {
            0 => {
                self.put("(");
                self.if_else(ty);
                self.put(")");
            }
            1 => {
                self.put("(");
                self.case(ty);
                self.put(")");
            }
            2 => {
                self.put("(");
                self.try_catch(ty);
                self.put(")");
            }
            3..=6 => {
                if !self.call(ty) {
                    self.form(ty);
                }
            }
            7 if ty != Ty::Any && self.random.one_in(3) => self.called_at_once(ty),
            7 if self.random.one_in(3) => self.raise(),
            _ if ty == Ty::Any && self.random.one_in(2) => {
                let ty = self.some_type();
                self.right(ty);
            }
            _ => self.form(ty),
        }
        self.depth -= 1;
    }

    fn form(&mut self, ty: Ty) {
        let form = self.random.of(ty.forms());
        self.expand(form);
    }

    /// Writes a template.
    pub fn expand(&mut self, form: &str) {
        let mut chars = form.chars();
        while let Some(c) = chars.next() {
            if c != '$' {
                self.out.push(c);
                continue;
            }
            match chars.next() {
                Some('i') => self.expr(Ty::Int),
                Some('f') => self.expr(Ty::Float),
                Some('b') => self.expr(Ty::Bool),
                Some('s') => self.expr(Ty::Str),
                Some('y') => self.expr(Ty::Sym),
                Some('I') => self.expr(Ty::Ints),
                Some('F') => self.expr(Ty::Floats),
                Some('S') => self.expr(Ty::Strs),
                Some('p') => self.expr(Ty::Pair),
                Some('m') => self.expr(Ty::Map),
                Some('e') => self.expr(Ty::Set),
                Some('c') => self.expr(Ty::Fun),
                Some('a') => self.expr(Ty::Any),
                Some('n') => {
                    let _ = write!(self.out, "{}", self.random.below(6));
                }
                Some('l') => self.closure(&[Ty::Int], Ty::Int),
                Some('k') => self.closure(&[Ty::Int], Ty::Bool),
                Some('t') => self.closure(&[Ty::Int], Ty::Str),
                Some('x') => self.closure(&[Ty::Int], Ty::Float),
                Some('r') => self.closure(&[Ty::Int, Ty::Int], Ty::Int),
                _ => unreachable!("a part that has no meaning in `{form}`"),
            }
        }
    }

    fn atom(&mut self, ty: Ty) {
        let fits = |t: Ty| t == ty || ty == Ty::Any || (t == Ty::Any && self.wrong < 100);
        let vars: Vec<&String> =
            self.vars.iter().filter(|(_, t)| fits(*t)).map(|(name, _)| name).collect();
        // The newest ones matter most.
        if !vars.is_empty() && self.random.below(4) > 0 {
            let back = self.random.small(vars.len());
            let name = vars[vars.len() - 1 - back].clone();
            return self.put(&name);
        }
        let atom = self.random.of(ty.atoms());
        self.put(atom);
    }

    fn closure(&mut self, takes: &[Ty], gives: Ty) {
        if takes == [Ty::Int] && gives == Ty::Int && self.random.one_in(4) {
            return self.atom(Ty::Fun);
        }
        let mark = self.vars.len();
        let clauses = if self.random.one_in(4) { 1 + self.random.below(2) } else { 0 };
        self.put("(fn ");
        for _ in 0..clauses {
            let params: Vec<String> = takes.iter().map(|_| self.small_pattern()).collect();
            let _ = write!(self.out, "{} -> ", params.join(", "));
            self.expr(gives);
            self.put("\n");
            self.vars.truncate(mark);
        }
        let params: Vec<String> = takes.iter().map(|ty| self.new_var(*ty)).collect();
        self.put(&params.join(", "));
        if self.random.one_in(40) {
            self.put(" when ");
            self.guard();
        }
        self.put(" -> ");
        if self.random.one_in(4) {
            let outer = std::mem::replace(&mut self.in_function, true);
            self.put("\n");
            self.body(gives);
            self.in_function = outer;
        } else {
            self.expr(gives);
            self.put(" ");
        }
        self.put("end)");
        self.vars.truncate(mark);
    }

    fn called_at_once(&mut self, ty: Ty) {
        let given = self.some_type();
        let argument = self.aside(|w| w.expr(given));
        let mark = self.vars.len();
        let name = self.new_var(given);
        let _ = writeln!(self.out, "(fn {name} ->");
        let outer = std::mem::replace(&mut self.in_function, true);
        self.body(ty);
        self.in_function = outer;
        let _ = write!(self.out, "end)({argument})");
        self.vars.truncate(mark);
    }

    pub fn raise(&mut self) {
        let form = self.random.of(&[
            "(raise runtime_error($s))",
            "(raise Core.exception(:mine, $s))",
            "(raise $p)",
            "(raise $y)",
            "(raise $i)",
            "(raise value_error(\"v\"))",
            "(assert $b)",
            "(assert $i == $i)",
        ]);
        self.expand(form);
    }

    /// A call of a function with this result, if there is one.
    fn call(&mut self, ty: Ty) -> bool {
        let fit = |f: &&Function| f.result == ty || ty == Ty::Any;
        let found: Vec<&Function> = self.functions.iter().filter(fit).collect();
        if found.is_empty() {
            return false;
        }
        let function = found[self.random.below(found.len())].clone();
        self.call_of(&function);
        true
    }

    pub fn call_of(&mut self, function: &Function) {
        let _ = write!(self.out, "{}(", function.name);
        for (i, param) in function.params.iter().enumerate() {
            if param.optional && self.random.one_in(2) {
                break;
            }
            if i > 0 {
                self.put(", ");
            }
            // Those behind may be named.
            if param.optional && self.random.one_in(2) {
                let _ = write!(self.out, "{}: ", param.name);
                self.argument(param);
                break;
            }
            self.argument(param);
        }
        self.put(")");
    }

    fn argument(&mut self, param: &Param) {
        match param.ty {
            Some(ty) => self.expr(ty),
            None => {
                let most = match self.random.below(40) {
                    0 => 800,
                    1..=4 => 100,
                    _ => 12,
                };
                let _ = write!(self.out, "{}", self.random.small(most));
            }
        }
    }
}
