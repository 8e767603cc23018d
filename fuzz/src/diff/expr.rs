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
    older: usize,
}

/// Expressions nested deeper are atoms.
const DEPTH: usize = 5;
/// Programs longer than that get nothing but atoms.
const LONG: usize = 9_000;

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
                self.if_else(ty, Writer::expr);
                self.put(")");
            }
            1 => {
                self.put("(");
                self.case(ty, Writer::expr);
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

    /// A pattern for an int.
    fn small_pattern(&mut self) -> String {
        match self.random.below(5) {
            0 => "_".to_owned(),
            1 => self.new_var(Ty::Int),
            _ => self.random.of(&["0", "1", "2", "-1", "5", "4611686018427387904"]).to_owned(),
        }
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
                let most = if self.random.one_in(8) { 100 } else { 12 };
                let _ = write!(self.out, "{}", self.random.small(most));
            }
        }
    }

    /// A condition that a guard may hold.
    pub fn guard(&mut self) {
        let int = match self.vars.iter().rev().find(|(_, ty)| *ty == Ty::Int) {
            Some((name, _)) => name.clone(),
            None => "1".to_owned(),
        };
        let any = self.vars.last().map_or("nil".to_owned(), |(name, _)| name.clone());
        let guard = self.random.of(&[
            "I > 0",
            "I %% 2 == 0",
            "I < 3 or I > 100",
            "is_int(A)",
            "is_string(A) or is_list(A)",
            "not is_nil(A)",
            "A == I",
            "10 %/% I > 2",
            "I * 3 - 1 >= 5",
            "I + 1 > 4611686018427387903",
            "is_float(A) and A > 0.5",
            "A",
        ]);
        let text: String = guard
            .chars()
            .map(|c| match c {
                'I' => int.clone(),
                'A' => any.clone(),
                other => other.to_string(),
            })
            .collect();
        self.put(&text);
    }

    fn if_else(&mut self, ty: Ty, last: fn(&mut Self, Ty)) {
        self.put("if ");
        self.expr(Ty::Bool);
        self.put(" {\n");
        self.block(ty, last);
        if self.random.one_in(3) {
            self.put("} else if ");
            self.expr(Ty::Bool);
            self.put(" {\n");
            self.block(ty, last);
        }
        if !self.random.one_in(40) {
            self.put("} else {\n");
            self.block(ty, last);
        }
        self.put("}");
    }

    /// Statements and a value, in a scope of their own.
    fn block(&mut self, ty: Ty, last: fn(&mut Self, Ty)) {
        let mark = self.vars.len();
        if self.random.one_in(4) {
            self.statement();
        }
        self.last(ty, last);
        self.vars.truncate(mark);
    }

    /// A value on a line of its own: some beginnings would be taken for the rest of the line above.
    fn last(&mut self, ty: Ty, last: fn(&mut Self, Ty)) {
        let text = self.aside(|w| last(w, ty));
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

    fn case(&mut self, ty: Ty, last: fn(&mut Self, Ty)) {
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
            self.last(ty, last);
            self.vars.truncate(mark);
        }
        if !self.random.one_in(6) {
            self.put("_ ->\n");
            self.last(ty, last);
        }
        self.put("}");
    }

    /// A pattern that values of the type may match.
    pub fn pattern(&mut self, of: Ty) -> String {
        self.older = self.vars.len();
        self.pattern_in(of, 2)
    }

    fn pattern_in(&mut self, of: Ty, depth: usize) -> String {
        if depth == 0 || self.random.one_in(6) {
            return if self.random.one_in(4) { "_".to_owned() } else { self.new_var(of) };
        }
        match of {
            Ty::Int => self.small_pattern(),
            Ty::Ints | Ty::Floats | Ty::Strs => {
                let entry = match of {
                    Ty::Ints => Ty::Int,
                    Ty::Floats => Ty::Float,
                    _ => Ty::Str,
                };
                if self.random.one_in(5) {
                    return "[]".to_owned();
                }
                let first = self.pattern_in(entry, depth - 1);
                match self.random.below(4) {
                    1 => format!("[{first}, {}]", self.pattern_in(entry, depth - 1)),
                    2 => format!("[{first}, {} | {}]", self.new_var(entry), self.new_var(of)),
                    _ => format!("[{first} | {}]", self.new_var(of)),
                }
            }
            Ty::Pair => {
                let first = self.pattern_in(Ty::Int, depth - 1);
                format!("{{{first}, {}}}", self.pattern_in(Ty::Any, depth - 1))
            }
            Ty::Map => {
                if self.random.one_in(4) {
                    return format!("{{(1): {}}}", self.pattern_in(Ty::Any, depth - 1));
                }
                let first = self.pattern_in(Ty::Int, depth - 1);
                match self.random.below(2) {
                    0 => format!("{{a: {first}, b: {}}}", self.pattern_in(Ty::Any, depth - 1)),
                    _ => format!("{{a: {first}}}"),
                }
            }
            Ty::Str => match self.random.below(3) {
                0 => format!("\"a\" + {}", self.new_var(Ty::Str)),
                _ => self.random.of(&["\"\"", "\"a\"", "\"abc\""]).to_owned(),
            },
            Ty::Float => self.random.of(&["0.0", "1.5", "-0.0", "1.0"]).to_owned(),
            Ty::Bool => self.random.of(&["true", "false"]).to_owned(),
            Ty::Sym => self.random.of(&[":ok", ":a", ":int", ":mine"]).to_owned(),
            Ty::Set | Ty::Fun => self.new_var(of),
            Ty::Any => match self.random.below(12) {
                0 => "nil".to_owned(),
                1 => "{,}".to_owned(),
                2 => format!("{{{}, _, _}}", self.new_var(Ty::Any)),
                3 => {
                    let found = self.older.min(self.vars.len());
                    let names = self.vars[..found].iter().filter(|(name, _)| !name.contains('.'));
                    let names: Vec<&String> = names.map(|(name, _)| name).collect();
                    match names.len() {
                        0 => "_".to_owned(),
                        n => format!("^{}", names[self.random.below(n)]),
                    }
                }
                _ => {
                    let ty = self.some_type();
                    self.pattern_in(ty, depth)
                }
            },
        }
    }

    fn try_catch(&mut self, ty: Ty) {
        self.put("try {\n");
        self.block(ty, Writer::expr);
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
                self.last(ty, Writer::expr);
                self.vars.truncate(clause);
            }
            let caught = self.new_var(Ty::Any);
            let _ = writeln!(self.out, "{caught} ->");
            if self.random.one_in(8) {
                let _ = writeln!(self.out, "reraise {caught}");
            } else {
                self.last(ty, Writer::expr);
            }
            self.put("}");
            self.vars.truncate(mark);
        }
        if self.random.one_in(6) {
            self.put(" else {\n");
            self.block(ty, Writer::expr);
            self.put("}");
        }
        if after {
            self.put(" after {\n");
            self.block(Ty::Int, Writer::expr);
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
                self.if_else(ty, Writer::expr);
                self.put("\n");
            }
            1 if self.out.len() < LONG => {
                self.case(ty, Writer::expr);
                self.put("\n");
            }
            _ => self.last(ty, Writer::expr),
        }
    }
}
