//! Writes whole programs: functions of many shapes, each calling only those before it or itself with fewer
//! rounds left, and a `main` that calls them, catches what they raise and prints what they give.

use super::expr::{Function, Param, Writer};
use super::forms::Ty;
use crate::parse::grammar;
use crate::random::Random;
use std::fmt::Write;

/// What every program begins with. `show` prints what a function gives or raises, `watch` how a process
/// that runs it ends, with the stack trace, `ask` calls a process that serves.
const PRELUDE: &str = "\
show = function(f) {
  text = try { \"= \" + inspect(f()) } catch { e -> \"! \" + told(e) }
  IO.puts(text)
}
told = function(e) {
  if is_exception(e) {
    f\"{exception_type(e)} {inspect(exception_message(e))} {inspect(exception_data(e))}\"
  } else {
    inspect(e)
  }
}
watch = function(f) {
  {pid, ref} = Process.spawn_monitor(f)
  receive {
    {:DOWN, ^ref, :process, ^pid, reason} -> IO.puts(f\"ended {inspect(reason)}\")
  }
}
ask = function(pid, x) {
  _ = Process.send(pid, {:ask, Process.self(), x})
  receive {
    {:told, ^pid, v} -> v
    after 500 -> :late
  }
}
clip = function(x) when x > 1267650600228229401496703205376 or x < -1267650600228229401496703205376 { x %% 1000000007 }
clip = function(x) { x }
";

/// A program.
pub fn program(random: &mut Random) -> String {
    let mut w = Writer::new(random);
    w.put(PRELUDE);
    w.constants();
    for i in 0..2 + w.random.below(7) {
        w.some_function(&format!("f{i}"));
    }
    if w.random.one_in(8) {
        w.strange();
    }
    if !w.prints {
        w.server();
    }
    w.main();
    w.out
}

impl Writer<'_> {
    /// A module with constants.
    fn constants(&mut self) {
        if self.random.one_in(2) {
            return;
        }
        let count = 1 + self.random.below(3);
        self.put("module K {\n");
        let mut made = Vec::new();
        for i in 0..count {
            let ty = self.some_type();
            let atom = self.random.of(ty.atoms());
            let _ = writeln!(self.out, "k{i} = {}", fixed(atom));
            made.push((format!("K.k{i}"), ty));
        }
        self.put("}\n");
        self.vars.extend(made);
    }

    fn some_function(&mut self, name: &str) {
        let mark = self.vars.len();
        self.in_function = true;
        match self.random.below(15) {
            0..=2 => self.plain(name),
            3 => self.clauses(name),
            4 | 5 => self.rounds(name),
            6 => self.mutual(name),
            7 => self.over_vector(name),
            8 => self.deep(name),
            9 => self.makes_closures(name),
            10 => self.early(name),
            11 | 12 => self.takes_apart(name),
            13 => self.bodies(name),
            _ => self.reduces(name),
        }
        self.in_function = false;
        self.vars.truncate(mark);
    }

    fn has(&mut self, name: &str, params: Vec<Param>, result: Ty) {
        self.functions.push(Function { name: name.to_owned(), params, result });
    }

    fn parameter(&mut self, ty: Ty) -> Param {
        Param { name: self.new_var(ty), ty: Some(ty), optional: false }
    }

    fn count(&mut self) -> Param {
        Param { name: self.new_var(Ty::Int), ty: None, optional: false }
    }

    /// Parameters of types that are checked or not, the last ones with defaults.
    fn plain(&mut self, name: &str) {
        let mut params = Vec::new();
        let result = self.some_type();
        let mut texts = Vec::new();
        for _ in 0..self.random.below(4) {
            let ty = self.some_type();
            let declared = self.random.one_in(3);
            let before: Option<&Param> = params.last();
            let optional = before.is_some_and(|p| p.optional) || self.random.one_in(6);
            let default = self.aside(|w| w.expr(ty));
            let mut param = self.parameter(ty);
            let mut text = param.name.clone();
            if declared {
                let _ = write!(text, ": {}", ty.name());
            }
            if optional {
                param.optional = true;
                let _ = write!(text, " = {default}");
            }
            params.push(param);
            texts.push(text);
        }
        let _ = write!(self.out, "{name} = function({})", texts.join(", "));
        if self.random.one_in(5) {
            let _ = write!(self.out, ": {}", result.name());
        }
        self.put(" {\n");
        self.body(result);
        self.put("}\n");
        self.has(name, params, result);
    }

    /// Clauses with patterns and guards.
    fn clauses(&mut self, name: &str) {
        let takes: Vec<Ty> = (0..1 + self.random.below(2)).map(|_| self.some_type()).collect();
        let result = self.some_type();
        let mark = self.vars.len();
        for _ in 0..1 + self.random.below(4) {
            self.older = mark;
            let patterns: Vec<String> = takes.iter().map(|ty| self.pattern_in(*ty, 2)).collect();
            let _ = write!(self.out, "{name} = function({})", patterns.join(", "));
            if self.random.one_in(3) {
                self.put(" when ");
                self.guard();
            }
            self.put(" {\n");
            self.body(result);
            self.put("}\n");
            self.vars.truncate(mark);
        }
        let params: Vec<Param> = takes.iter().map(|ty| self.parameter(*ty)).collect();
        if self.random.below(3) > 0 {
            let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
            let _ = writeln!(self.out, "{name} = function({}) {{", names.join(", "));
            self.body(result);
            self.put("}\n");
        }
        self.has(name, params, result);
    }

    /// A loop: a tail call with accumulators.
    fn rounds(&mut self, name: &str) {
        let left = self.count();
        let takes: Vec<Ty> = (0..1 + self.random.below(3)).map(|_| self.some_type()).collect();
        let accs: Vec<Param> = takes.iter().map(|ty| self.parameter(*ty)).collect();
        let names: Vec<&str> = accs.iter().map(|p| p.name.as_str()).collect();
        let n = &left.name;
        let _ = writeln!(self.out, "{name} = function({n}, {}) {{", names.join(", "));
        let _ = writeln!(self.out, "if {n} <= 0 {{ {} }} else {{", names[0]);
        let mark = self.vars.len();
        for _ in 0..self.random.below(3) {
            self.statement();
        }
        let next: Vec<String> = takes.iter().map(|ty| self.next(*ty)).collect();
        let _ = writeln!(self.out, "{name}({n} - 1, {})\n}}\n}}", next.join(", "));
        self.vars.truncate(mark);
        let result = takes[0];
        let params = [vec![left], accs].concat();
        self.has(name, params, result);
    }

    /// What an accumulator becomes; ints are kept from growing without end.
    fn next(&mut self, ty: Ty) -> String {
        let text = self.aside(|w| w.expr(ty));
        match ty {
            Ty::Int if self.random.below(5) > 0 => format!("clip({text})"),
            Ty::Str => format!("String.slice({text}, 1, 60)"),
            Ty::Ints | Ty::Floats | Ty::Strs => format!("Enum.take({text}, 50)"),
            _ => text,
        }
    }

    fn mutual(&mut self, name: &str) {
        let left = self.count();
        let ty = self.some_type();
        let acc = self.parameter(ty);
        let (n, a) = (left.name.clone(), acc.name.clone());
        for (me, other) in
            [(name.to_owned(), format!("{name}x")), (format!("{name}x"), name.to_owned())]
        {
            let mark = self.vars.len();
            let _ = writeln!(self.out, "{me} = function({n}, {a}) {{");
            let next = self.next(ty);
            match self.random.below(3) {
                0 => {
                    let _ = writeln!(
                        self.out,
                        "if {n} > 0 {{ {other}({n} - 1, {next}) }} else {{ {a} }}"
                    );
                }
                1 => {
                    let _ = writeln!(
                        self.out,
                        "case {n} {{\nm when m <= 0 -> {a}\n_ -> {other}({n} - 1, {next})\n}}"
                    );
                }
                _ => {
                    let _ = writeln!(
                        self.out,
                        "if {n} < 1 {{ return {a} }}\n_r = {next}\n{other}({n} - 1, _r)"
                    );
                }
            }
            self.put("}\n");
            self.vars.truncate(mark);
        }
        self.has(name, vec![left, acc], ty);
    }

    /// Recursion over a vector, that gathers or sums.
    fn over_vector(&mut self, name: &str) {
        let (of, entry) = match self.random.below(3) {
            0 => (Ty::Floats, Ty::Float),
            1 => (Ty::Strs, Ty::Str),
            _ => (Ty::Ints, Ty::Int),
        };
        let mark = self.vars.len();
        let (h, t) = (self.new_var(entry), self.new_var(of));
        let item = self.aside(|w| w.expr(entry));
        let form = self.random.below(3);
        let (empty, step, result) = match (form, entry) {
            (0, Ty::Str) => ("\"\"", format!("{item} + {name}({t})"), Ty::Str),
            (0, _) => ("0", format!("{item} + {name}({t})"), entry),
            (1, _) => ("[]", format!("[{item} | {name}({t})]"), of),
            _ => {
                let test = self.aside(|w| w.expr(Ty::Bool));
                ("[]", format!("if {test} {{ [{item} | {name}({t})] }} else {{ {name}({t}) }}"), of)
            }
        };
        let _ = writeln!(self.out, "{name} = function([]) {{ {empty} }}");
        let _ = writeln!(
            self.out,
            "{name} = function([{h} | {t}]) {{\n_t = {t}\n{step_}\n}}",
            step_ = begin(&step)
        );
        self.vars.truncate(mark);
        let given = Param { name: t, ty: Some(of), optional: false };
        self.has(name, vec![given], result);
    }

    /// A loop that takes a vector apart from the front and puts others together there.
    fn takes_apart(&mut self, name: &str) {
        let (of, entry) = match self.random.below(4) {
            0 => (Ty::Floats, Ty::Float),
            1 => (Ty::Strs, Ty::Str),
            _ => (Ty::Ints, Ty::Int),
        };
        let takes: Vec<Ty> = (0..1 + self.random.below(3))
            .map(|_| match self.random.below(6) {
                0 => Ty::Strs,
                1 => Ty::Floats,
                2 => self.some_type(),
                _ => Ty::Ints,
            })
            .collect();
        let whole = self.vars.len();
        let accs: Vec<Param> = takes.iter().map(|ty| self.parameter(*ty)).collect();
        let names: Vec<&str> = accs.iter().map(|p| p.name.as_str()).collect();
        let names = names.join(", ");
        let _ = writeln!(self.out, "{name}x = function([], {names}) {{ {{{names}}} }}");
        for last in [false, true] {
            let mark = self.vars.len();
            let (h, t) = (self.new_var(entry), self.new_var(of));
            let front = match self.random.below(5) {
                0 => format!("{h}, {}", self.new_var(entry)),
                _ => h,
            };
            let _ = write!(self.out, "{name}x = function([{front} | {t}], {names})");
            if !last {
                self.put(" when ");
                self.guard();
            }
            self.put(" {\n");
            if self.random.one_in(4) {
                self.statement();
            }
            let next: Vec<String> =
                takes.iter().zip(&accs).map(|(ty, acc)| self.longer(*ty, &acc.name)).collect();
            let rest = if self.random.one_in(12) { self.aside(|w| w.expr(of)) } else { t };
            let _ = writeln!(self.out, "{name}x({rest}, {})\n}}", next.join(", "));
            self.vars.truncate(mark);
        }
        if self.random.one_in(2) {
            let _ = writeln!(self.out, "{name}x = function(o, {names}) {{ {{:odd, o, {names}}} }}");
        }
        self.vars.truncate(whole);
        let given = self.parameter(of);
        let starts: Vec<String> = takes
            .iter()
            .map(|ty| match ty {
                Ty::Ints | Ty::Floats | Ty::Strs if self.random.below(3) > 0 => "[]".to_owned(),
                ty => self.aside(|w| w.expr(*ty)),
            })
            .collect();
        let v = &given.name;
        let many = match of {
            Ty::Ints => {
                format!("Enum.map((1..{}), (fn i -> i * 7 end))", 2 + self.random.small(40))
            }
            Ty::Floats => {
                format!("Enum.map((1..{}), (fn i -> i * 0.5 end))", 2 + self.random.small(40))
            }
            _ => "[]".to_owned(),
        };
        let _ = writeln!(
            self.out,
            "{name} = function({v}) {{ {name}x(Vector.concat({v}, {many}), {}) }}",
            starts.join(", ")
        );
        self.has(name, vec![given], Ty::Any);
    }

    /// A vector with an entry before it; anything of its type; or the same.
    fn longer(&mut self, ty: Ty, acc: &str) -> String {
        let entry = match ty {
            Ty::Ints => Ty::Int,
            Ty::Floats => Ty::Float,
            Ty::Strs => Ty::Str,
            _ => return self.next(ty),
        };
        match self.random.below(8) {
            0 => self.next(ty),
            1 => acc.to_owned(),
            2 => format!("[{} | {acc}]", self.aside(|w| w.expr(Ty::Any))),
            _ => format!("[{} | {acc}]", self.aside(|w| w.expr(entry))),
        }
    }

    /// A loop over lists of numbers that makes such lists.
    fn bodies(&mut self, name: &str) {
        let sum = self.parameter(Ty::Float);
        let s = sum.name.clone();
        let mark = self.vars.len();
        let _ = writeln!(
            self.out,
            "{name}x = function([], {s}, acc) {{ {{{s}, Vector.reverse(acc)}} }}"
        );
        let [x, y, z] = [Ty::Float, Ty::Float, Ty::Int].map(|ty| self.new_var(ty));
        let [a, b] = [(); 2].map(|()| self.aside(|w| w.expr(Ty::Float)));
        let c = self.aside(|w| w.expr(Ty::Int));
        let _ = writeln!(
            self.out,
            "{name}x = function([{{{x}, {y}, {z}}} | t], {s}, acc) {{\n\
             {name}x(t, {s} + {x} * {y}, [{{{x} + {y}, {a}, {z}}}, {{{b}, {y}, {c}}} | acc])\n}}"
        );
        if self.random.one_in(2) {
            let _ = writeln!(
                self.out,
                "{name}x = function([_ | t], {s}, acc) {{ {name}x(t, {s}, acc) }}"
            );
        }
        self.vars.truncate(mark);
        let count = self.random.small(9);
        let [p, q] = [(); 2].map(|()| self.aside(|w| w.expr(Ty::Float)));
        let r = self.aside(|w| w.expr(Ty::Any));
        let _ = writeln!(
            self.out,
            "{name} = function({s}) {{\n_p = {p}\n_r = {r}\n\
             {name}x(Enum.map((0..{count}), (fn i -> {{_p, {q}, if i == 5 {{ _r }} else {{ i }}}} end)), {s}, [])\n}}"
        );
        self.has(name, vec![sum], Ty::Any);
    }

    /// Recursion that is no tail call, deep, and allocates on the way down and up.
    fn deep(&mut self, name: &str) {
        let left = self.count();
        let given = self.parameter(Ty::Int);
        let (n, x) = (left.name.clone(), given.name.clone());
        let base = self.aside(|w| w.expr(Ty::Any));
        let item = self.aside(|w| w.expr(Ty::Any));
        let next = self.aside(|w| w.expr(Ty::Int));
        let again = format!("{name}({n} - 1, clip({next}))");
        let step = match self.random.below(4) {
            0 => format!("_r = {again}\n{{{x}, _r}}"),
            1 => format!("_i = {item}\n_r = {again}\n{{_i, _r, {x}}}"),
            2 => format!(
                "_r = try {{ {again} }} catch {{ e -> {{:caught, {n}, told(e)}} }}\n{{{n}, _r}}"
            ),
            _ => format!("_r = (fn -> {again} end)()\n{{_r, {item}}}"),
        };
        let _ = writeln!(
            self.out,
            "{name} = function({n}, {x}) {{\nif {n} <= 0 {{\n_b = {base}\n_b\n}} else {{"
        );
        let _ = writeln!(self.out, "{step}\n}}\n}}");
        self.has(name, vec![left, given], Ty::Any);
    }

    /// Functions that hold what they were made from.
    fn makes_closures(&mut self, name: &str) {
        let ty = self.some_type();
        let held = self.parameter(ty);
        let other = self.parameter(Ty::Int);
        let _ = writeln!(self.out, "{name} = function({}, {}) {{", held.name, other.name);
        let mark = self.vars.len();
        if self.random.one_in(2) {
            self.statement();
        }
        let x = self.new_var(Ty::Int);
        let _ = writeln!(self.out, "fn {x} ->");
        self.body(Ty::Int);
        self.put("end\n}\n");
        self.vars.truncate(mark);
        self.has(name, vec![held, other], Ty::Fun);
    }

    /// Leaves early, by an exception or a `return`, from within other calls.
    fn early(&mut self, name: &str) {
        let given = self.parameter(Ty::Int);
        let x = given.name.clone();
        let _ = writeln!(self.out, "{name} = function({x}) {{");
        let test = self.aside(|w| w.expr(Ty::Bool));
        let raise = self.aside(Writer::raise);
        let value = self.aside(|w| w.expr(Ty::Int));
        match self.random.below(3) {
            0 => {
                let _ = writeln!(self.out, "if {test} {{ identity({raise}) }}\n_v = {value}\n_v");
            }
            1 => {
                let _ = writeln!(
                    self.out,
                    "Enum.each((1..4), (fn i -> if i == {x} {{ identity({raise}) }} else {{ {value} }} end))\n{x}"
                );
            }
            _ => {
                let _ = writeln!(
                    self.out,
                    "_v = try {{ if {test} {{ return {value} }} else {{ identity({raise}) }} }} after {{ Process.put(:k, {x}) }}\n_v"
                );
            }
        }
        self.put("}\n");
        self.has(name, vec![given], Ty::Int);
    }

    /// Goes through a collection with a closure that changes what it holds.
    fn reduces(&mut self, name: &str) {
        let given = self.parameter(Ty::Ints);
        let ty = self.some_type();
        let start = self.parameter(ty);
        let (v, s) = (given.name.clone(), start.name.clone());
        let _ = writeln!(self.out, "{name} = function({v}, {s}) {{");
        let mark = self.vars.len();
        let (x, acc) = (self.new_var(Ty::Int), self.new_var(ty));
        let _ = writeln!(self.out, "Enum.reduce(Enum.take({v}, 12), {s}, (fn {x}, {acc} ->");
        if self.random.one_in(2) {
            self.statement();
        }
        let next = self.next(ty);
        let _ = writeln!(self.out, "_n = {next}\n_n\nend))\n}}");
        self.vars.truncate(mark);
        self.has(name, vec![given, start], ty);
    }

    /// Functions without rhyme or reason.
    fn strange(&mut self) {
        let known: Vec<(String, usize)> =
            self.functions.iter().map(|f| (f.name.clone(), f.params.len())).collect();
        for name in ["g0", "g1"] {
            let arity = self.random.below(3);
            let text = grammar::function(self.random, name, arity, &known);
            self.put(&text);
            let takes = (0..arity).map(|i| Param {
                name: format!("p{i}"),
                ty: Some(Ty::Any),
                optional: false,
            });
            let params = takes.collect();
            self.has(name, params, Ty::Any);
        }
    }

    /// A process that answers, and keeps something from one question to the next.
    fn server(&mut self) {
        let mark = self.vars.len();
        self.in_function = true;
        let ty = self.some_type();
        let (state, x) = (self.new_var(ty), self.new_var(Ty::Int));
        let _ = writeln!(
            self.out,
            "serve = function(left, {state}) {{\nif left <= 0 {{ return {state} }}\nreceive {{"
        );
        let _ = writeln!(self.out, "{{:ask, from, {x}}} ->");
        let answer = self.aside(|w| w.expr(Ty::Any));
        let next = self.next(ty);
        let _ = writeln!(
            self.out,
            "_ = Process.send(from, {{:told, Process.self(), {answer}}})\n_s = {next}\nserve(left - 1, _s)"
        );
        let _ = writeln!(self.out, ":stop -> {state}\n}}\n}}");
        self.in_function = false;
        self.vars.truncate(mark);
        let start = self.aside(|w| w.expr(ty));
        let _ = writeln!(
            self.out,
            "started = function(left) {{\n_s = {start}\nProcess.spawn(fn -> serve(left, _s) end)\n}}"
        );
    }

    fn main(&mut self) {
        self.put("main = function() {\n");
        let mark = self.vars.len();
        for function in self.functions.clone() {
            let call = self.aside(|w| w.call_of(&function));
            let how = if self.random.one_in(4) { "watch" } else { "show" };
            let _ = writeln!(self.out, "{how}(fn -> {call} end)");
        }
        for _ in 0..1 + self.random.below(4) {
            let ty = self.some_type();
            let text = self.aside(|w| w.expr(ty));
            let how = if self.random.one_in(4) { "watch" } else { "show" };
            let _ = writeln!(self.out, "{how}(fn -> {text} end)");
        }
        if !self.prints {
            self.talk();
        }
        // What is not caught ends the program, with a stack trace.
        let last = self.aside(|w| w.expr(Ty::Any));
        let _ = writeln!(self.out, "_last = {last}\nIO.puts(inspect(_last))\n}}");
        self.vars.truncate(mark);
    }

    /// Processes that talk to each other, in an order that does not depend on who runs when.
    fn talk(&mut self) {
        if self.random.one_in(2) {
            self.own_messages();
        }
        if self.random.one_in(2) {
            let _ = writeln!(self.out, "server = started({})", self.random.below(6));
            for _ in 0..1 + self.random.below(4) {
                let text = self.aside(|w| w.expr(Ty::Any));
                let _ = writeln!(self.out, "show(fn -> ask(server, {text}) end)");
            }
            self.put("_ = Process.send(server, :stop)\n");
        }
        if self.random.one_in(2) {
            let mark = self.vars.len();
            let i = self.new_var(Ty::Int);
            let text = self.aside(|w| w.expr(Ty::Any));
            self.vars.truncate(mark);
            let count = 1 + self.random.below(4);
            let _ = writeln!(self.out, "me = Process.self()");
            let _ = writeln!(
                self.out,
                "Enum.each((1..{count}), (fn {i} -> Process.spawn(fn -> Process.send(me, {{{i}, {text}}}) end) end))"
            );
            let _ = writeln!(
                self.out,
                "show(fn -> Enum.map({{1, 2, 3, 4}}, (fn i -> receive {{ {{^i, v}} -> v; after 50 -> :none }} end)) end)"
            );
        }
    }
}

impl Writer<'_> {
    /// A process that tells itself things and then picks them out of their order.
    fn own_messages(&mut self) {
        let mark = self.vars.len();
        let (i, acc) = (self.new_var(Ty::Int), self.new_var(Ty::Int));
        let text = self.aside(|w| w.expr(Ty::Any));
        let next = self.next(Ty::Int);
        // Some find many in front of what they look for.
        let most = if self.random.one_in(5) { self.random.small(400) } else { 30 };
        let most = 1 + self.random.small(most);
        let _ = writeln!(
            self.out,
            "tell = function({i}, {acc}) {{\nif {i} > 0 {{\n_ = Process.send(Process.self(), {{{i} %% 3, {text}}})\n\
             tell({i} - 1, {next})\n}}\n}}"
        );
        self.vars.truncate(mark);
        self.older = mark;
        let (pattern, guard) = (self.pattern_in(Ty::Any, 2), self.aside(Writer::guard));
        let other = self.aside(|w| w.expr(Ty::Any));
        self.vars.truncate(mark);
        let seen = self.new_var(Ty::Any);
        let picked = self.aside(|w| w.expr(Ty::Any));
        let wait = self.random.of(&["0", "0", "1"]);
        let _ = writeln!(
            self.out,
            "pick = function(found) {{\nreceive {{\n{{0, {seen}}} -> pick({{found, {seen}}})\n\
             {{1, {pattern}}} when {guard} -> pick({{found, {other}}})\n\
             {{n, {seen}}} when n == 2 -> pick({{{seen}, {picked}}})\nafter {wait} -> found\n}}\n}}"
        );
        self.vars.truncate(mark);
        let start = self.random.below(9);
        let _ = writeln!(self.out, "watch(fn -> (fn _ -> pick(0) end)(tell({most}, {start})) end)");
    }
}

/// Begins a line with what cannot go on from the one above.
fn begin(text: &str) -> String {
    if text.starts_with(['(', '[', '-']) { format!("identity({text})") } else { text.to_owned() }
}

/// Constants are no place for what is raised.
fn fixed(atom: &str) -> &str {
    if atom.contains("fn ") { "(fn x -> x end)" } else { atom }
}
