//! Programs written from the grammar: nearly all of them compile, so that the later stages see forms
//! that nobody would write. Names are chosen from those in scope.

use crate::random::Random;
use std::fmt::Write;

const NAMES: &[&str] = &["a", "b", "c", "d", "acc", "h", "t", "value", "_x", "ok?"];
const TYPES: &[&str] = &[
    "any",
    "int",
    "float",
    "numeric",
    "posint",
    "bool",
    "string",
    "symbol",
    "nil",
    "function",
    "pid",
    "ref",
    "vector",
    "list",
    "map",
    "set",
    "[int]",
    "[any]",
    "{int, any}",
    "int | nil",
    "[[string]]",
    "{int} | [float] | nil",
];

/// A program under way.
pub struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    /// Variables in scope.
    vars: Vec<String>,
    /// Functions, with how many arguments each takes.
    functions: Vec<(String, usize)>,
    /// Expressions within one another.
    depth: usize,
    in_function: bool,
    /// Variables made so far.
    fresh: usize,
    /// How many of the variables in scope are older than the pattern under way.
    older: usize,
}

/// A program.
pub fn program(random: &mut Random) -> Vec<u8> {
    let mut writer = Writer::new(random);
    writer.file();
    writer.out.into_bytes()
}

/// A function of this name and so many parameters, which may call those that are known.
pub fn function(
    random: &mut Random,
    name: &str,
    arity: usize,
    known: &[(String, usize)],
) -> String {
    let mut writer = Writer::new(random);
    writer.functions = known.to_vec();
    writer.function(name, arity);
    writer.out
}

impl<'r> Writer<'r> {
    fn new(random: &'r mut Random) -> Writer<'r> {
        Writer {
            random,
            out: String::new(),
            vars: Vec::new(),
            functions: Vec::new(),
            depth: 0,
            in_function: false,
            fresh: 0,
            older: 0,
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn file(&mut self) {
        for i in 0..self.random.below(4) {
            let arity = self.random.below(4);
            self.functions.push((format!("f{i}"), arity));
        }
        let modules = if self.random.one_in(4) { 1 + self.random.below(2) } else { 0 };
        for i in 0..modules {
            let _ = writeln!(self.out, "module M{i} {{");
            let functions = std::mem::take(&mut self.functions);
            self.functions = vec![("g".into(), 1), ("k".into(), 2)];
            for (name, arity) in self.functions.clone() {
                self.function(&name, arity);
            }
            if self.random.one_in(2) {
                self.bind();
            }
            self.put("}\n");
            self.vars.clear();
            self.functions = functions;
            self.functions.push((format!("M{i}.g"), 1));
            self.functions.push((format!("M{i}.k"), 2));
        }
        for (name, arity) in self.functions.clone() {
            if !name.contains('.') {
                self.function(&name, arity);
            }
        }
        for _ in 0..self.random.below(6) {
            self.statement();
        }
    }

    fn function(&mut self, name: &str, arity: usize) {
        let result = self.random.one_in(4).then(|| self.random.of(TYPES));
        for _ in 0..1 + self.random.small(4) {
            let _ = write!(self.out, "{name} = function(");
            let mark = self.vars.len();
            self.older = mark;
            for i in 0..arity {
                if i > 0 {
                    self.put(", ");
                }
                self.parameter();
            }
            self.put(")");
            if let Some(result) = result {
                let _ = write!(self.out, ": {result}");
            }
            if self.random.one_in(4) {
                self.put(" when ");
                self.guard();
            }
            self.put(" {\n");
            self.body_of_function();
            self.put("}\n");
            self.vars.truncate(mark);
        }
    }

    fn body_of_function(&mut self) {
        let outer = std::mem::replace(&mut self.in_function, true);
        self.body();
        self.in_function = outer;
    }

    fn parameter(&mut self) {
        if self.random.one_in(2) {
            let name = self.new_name();
            self.put(&name);
            if self.random.one_in(3) {
                let ty = self.random.of(TYPES);
                let _ = write!(self.out, ": {ty}");
            }
        } else {
            self.pattern(2);
        }
    }

    fn body(&mut self) {
        let mark = self.vars.len();
        for _ in 0..self.random.below(3) {
            self.statement();
        }
        self.expr();
        self.put("\n");
        self.vars.truncate(mark);
    }

    fn statement(&mut self) {
        match self.random.below(5) {
            0 | 1 => self.bind(),
            2 => {
                self.pattern_bind();
            }
            3 if self.in_function && self.random.one_in(3) => {
                self.put("return ");
                self.expr();
                self.put("\n");
            }
            _ => {
                self.expr();
                self.put("\n");
            }
        }
    }

    fn bind(&mut self) {
        let start = self.out.len();
        self.expr();
        let value = self.out.split_off(start);
        let name = self.new_name();
        let _ = writeln!(self.out, "{name} = {value}");
    }

    fn pattern_bind(&mut self) {
        let start = self.out.len();
        self.expr();
        let value = self.out.split_off(start);
        self.older = self.vars.len();
        self.pattern(3);
        if self.out[start..].starts_with(['^', '-', '(', '[']) {
            // Would be taken for the rest of the line above.
            self.out.insert(start, '{');
            self.out.push('}');
        }
        let _ = writeln!(self.out, " = {value}");
    }

    fn new_name(&mut self) -> String {
        let base = self.random.of(NAMES);
        let name = if self.random.one_in(3) || base.ends_with('?') {
            base.to_owned()
        } else {
            self.fresh += 1;
            format!("{base}{}", self.fresh)
        };
        self.vars.push(name.clone());
        name
    }

    fn pattern(&mut self, depth: usize) {
        if depth == 0 || self.random.one_in(4) {
            return self.simple_pattern();
        }
        match self.random.below(7) {
            0 => self.patterns("{", "}", depth, true),
            1 => {
                self.put("[");
                let count = self.random.below(3);
                self.pattern_list(count, depth);
                if count > 0 && self.random.one_in(2) {
                    self.put(" | ");
                    self.pattern(depth - 1);
                }
                self.put("]");
            }
            2 => {
                self.put("{");
                for i in 0..1 + self.random.below(3) {
                    let comma = if i > 0 { ", " } else { "" };
                    let key = self.random.of(&["k: ", "\"name\": ", "(1): ", "other: "]);
                    let _ = write!(self.out, "{comma}{key}");
                    self.pattern(depth - 1);
                }
                self.put("}");
            }
            3 => {
                self.put("\"pre\" + ");
                if self.random.one_in(2) {
                    self.put("_");
                } else {
                    let name = self.new_name();
                    self.put(&name);
                }
            }
            4 => {
                self.put("(");
                self.pattern(depth - 1);
                let name = self.new_name();
                let _ = write!(self.out, " = {name})");
            }
            _ => self.simple_pattern(),
        }
    }

    fn patterns(&mut self, open: &str, close: &str, depth: usize, list: bool) {
        self.put(open);
        let count = self.random.below(4);
        if count == 0 && list {
            self.put(",");
        }
        self.pattern_list(count, depth);
        self.put(close);
    }

    fn pattern_list(&mut self, count: usize, depth: usize) {
        for i in 0..count {
            if i > 0 {
                self.put(", ");
            }
            self.pattern(depth - 1);
        }
    }

    fn simple_pattern(&mut self) {
        match self.random.below(10) {
            0..=2 => {
                let name = self.new_name();
                self.put(&name);
            }
            3 if self.older > 0 => {
                let name = self.vars[self.random.below(self.older)].clone();
                let _ = write!(self.out, "^{name}");
            }
            4 => self.put("_"),
            5 => self.put("[]"),
            _ => {
                let literal = self.random.of(&[
                    "0",
                    "1",
                    "2",
                    "-1",
                    "1.0",
                    "0.0",
                    "\"a\"",
                    "\"\"",
                    ":ok",
                    ":error",
                    "true",
                    "nil",
                    "99999999999999999999",
                    "M0",
                    "{}",
                    "{,}",
                ]);
                self.put(literal);
            }
        }
    }

    fn guard(&mut self) {
        let var = self.var();
        let test = self.random.of(&[
            "is_int(V)",
            "V > 0",
            "is_string(V) and V != \"\"",
            "Vector.length(V) == 2",
            "V == 1 or V == 2",
            "not is_nil(V)",
            "V + 1 > 2",
            "V",
            "true",
            "1 / V > 0 or V < 3 and V %% 2 == 0",
        ]);
        let text = test.replace('V', &var).replace(&format!("{var}ector"), "Vector");
        self.put(&text);
    }

    fn var(&mut self) -> String {
        match self.vars.len() {
            0 => self.random.of(&["0", "1", "nil", ":s", "\"t\"", "{1, 2}", "[1, 2]"]).to_owned(),
            n => self.vars[self.random.below(n)].clone(),
        }
    }

    fn expr(&mut self) {
        if self.depth > 5 || self.out.len() > 6_000 || self.random.one_in(3) {
            return self.atom();
        }
        self.depth += 1;
        match self.random.below(22) {
            0 => self.operator(&["+", "-", "*", "/", "%%", "%/%", "^", "..", "==", "<", ">="]),
            1 => self.operator(&["and", "or", "==", "!=", "<", "+"]),
            2 => self.if_else(),
            3 => self.case(),
            4 => self.try_catch(),
            5 => self.receive(),
            6 => self.lambda(),
            7 | 8 => self.call(),
            9 => self.items("[", "]"),
            10 => self.items("{", ",}"),
            11 => self.items("#{", "}"),
            12 => self.map(),
            13 => {
                self.put("f\"a { ");
                self.expr();
                self.put(" } b\"");
            }
            14 => {
                let op = self.random.of(&["-(", "not (", "(", "(~ .x + .y)(1, "]);
                self.put(op);
                self.operand();
                self.put(")");
            }
            15 => {
                self.put("identity(");
                self.expr();
                let end = self.random.of(&[")[1]", ").name", ")[1..2]", ")(1)", ").f(2)", ")[:k]"]);
                self.put(end);
            }
            16 => {
                self.put("[");
                self.operand();
                self.put(" | ");
                self.operand();
                self.put("]");
            }
            17 => self.pipe(),
            18 => self.unusual(),
            19 => {
                self.put("(~ ");
                self.expr();
                self.put(")");
            }
            _ => self.atom(),
        }
        self.depth -= 1;
    }

    /// An expression whose type does not show, or a number.
    fn operand(&mut self) {
        if self.random.one_in(4) {
            let number = self.random.of(&["0", "1", "2", "1.5", "-3", "99999999999999999999"]);
            return self.put(number);
        }
        self.put("identity(");
        self.expr();
        self.put(")");
    }

    fn operator(&mut self, ops: &[&str]) {
        self.put("(");
        self.operand();
        let op = self.random.of(ops);
        let _ = write!(self.out, " {op} ");
        self.operand();
        self.put(")");
    }

    fn condition(&mut self) {
        match self.random.below(4) {
            0 => self.guard(),
            1 => self.operator(&["==", "!=", "<", ">="]),
            _ => self.operand(),
        }
    }

    fn if_else(&mut self) {
        self.put("(if ");
        self.condition();
        self.put(" {\n");
        self.body();
        self.put("}");
        for _ in 0..self.random.small(3) {
            self.put(" else if ");
            self.condition();
            self.put(" {\n");
            self.body();
            self.put("}");
        }
        if self.random.one_in(2) {
            self.put(" else {\n");
            self.body();
            self.put("}");
        }
        self.put(")");
    }

    fn clauses(&mut self, count: usize) {
        for _ in 0..count {
            let mark = self.vars.len();
            self.older = mark;
            self.pattern(3);
            if self.random.one_in(4) {
                self.put(" when ");
                self.guard();
            }
            self.put(" ->\n");
            self.body();
            self.vars.truncate(mark);
        }
    }

    fn case(&mut self) {
        self.put("(case ");
        self.expr();
        self.put(" {\n");
        let count = 1 + self.random.small(6);
        self.clauses(count);
        self.put("})");
    }

    fn try_catch(&mut self) {
        self.put("(try {\n");
        self.body();
        self.put("}");
        let after = self.random.one_in(2);
        if !after || self.random.one_in(2) {
            self.put(" catch as e {\n");
            self.vars.push("e".into());
            let count = 1 + self.random.below(2);
            self.clauses(count);
            self.vars.pop();
            self.put("}");
        }
        if self.random.one_in(3) {
            self.put(" else {\n");
            self.body();
            self.put("}");
        }
        if after {
            self.put(" after {\n");
            self.body();
            self.put("}");
        }
        self.put(")");
    }

    fn receive(&mut self) {
        self.put("(receive {\n");
        let count = self.random.below(3);
        self.clauses(count);
        if count == 0 || self.random.one_in(2) {
            self.put("after 0 ->\n");
            self.body();
        }
        self.put("})");
    }

    fn lambda(&mut self) {
        let arity = self.random.below(3);
        self.put("(fn ");
        let clauses = 1 + self.random.small(3);
        for i in 0..clauses {
            if i > 0 {
                self.put("\n");
            }
            let mark = self.vars.len();
            self.older = mark;
            for i in 0..arity {
                if i > 0 {
                    self.put(", ");
                }
                self.pattern(2);
            }
            if arity > 0 && self.random.one_in(4) {
                self.put(" when ");
                self.guard();
            }
            self.put(" ->\n");
            self.body_of_function();
            self.vars.truncate(mark);
        }
        self.put("end)");
    }

    fn call(&mut self) {
        if self.functions.is_empty() || self.random.one_in(4) {
            let (name, arity) = self.random_known();
            return self.arguments(name, arity);
        }
        let (name, arity) = self.functions[self.random.below(self.functions.len())].clone();
        self.arguments(&name, arity);
    }

    fn random_known(&mut self) -> (&'static str, usize) {
        const KNOWN: &[(&str, usize)] = &[
            ("IO.puts", 1),
            ("Enum.map", 2),
            ("identity", 1),
            ("typeof", 1),
            ("is_int", 1),
            ("Vector.length", 1),
            ("Maps.size", 1),
            ("Process.self", 0),
            ("Process.send", 2),
        ];
        KNOWN[self.random.below(KNOWN.len())]
    }

    fn arguments(&mut self, name: &str, arity: usize) {
        let _ = write!(self.out, "{name}(");
        for i in 0..arity {
            if i > 0 {
                self.put(", ");
            }
            self.expr();
        }
        self.put(")");
    }

    fn items(&mut self, open: &str, close: &str) {
        self.put(open);
        let many = if self.random.one_in(40) { 300 } else { 5 };
        let count = self.random.small(many);
        for i in 0..count {
            if i > 0 {
                self.put(", ");
            }
            match open {
                _ if many > 5 => {
                    let _ = write!(self.out, "{i}");
                }
                "[" => self.operand(),
                _ => self.expr(),
            }
        }
        self.put(if count > 0 && close == ",}" { "}" } else { close });
    }

    fn map(&mut self) {
        self.put("{");
        for i in 0..self.random.small(5) {
            let comma = if i > 0 { ", " } else { "" };
            let key = self.random.of(&["k", "\"text\"", "name", "(1)", "(:k)", "end"]);
            let _ = write!(self.out, "{comma}{key}: ");
            self.expr();
        }
        self.put("}");
    }

    fn pipe(&mut self) {
        self.put("(");
        self.expr();
        self.put(" |> ");
        match self.functions.iter().find(|f| f.1 > 0).cloned() {
            Some((name, arity)) => self.arguments(&name, arity - 1),
            None => self.put("identity"),
        }
        self.put(")");
    }

    fn unusual(&mut self) {
        match self.random.below(6) {
            0 => {
                self.put("(raise ");
                self.expr();
                self.put(")");
            }
            1 if self.in_function => {
                self.put("(return ");
                self.expr();
                self.put(")");
            }
            2 => {
                self.put("(assert ");
                self.condition();
                self.put(")");
            }
            3 => self.put("(1..10)"),
            4 => match self.functions.first().cloned() {
                Some((name, arity)) => {
                    let _ = write!(self.out, "{name}/{arity}");
                }
                None => self.put("is_int/1"),
            },
            _ => {
                let chain = self.random.of(&[" + 1", " * 2", " and true", " or nil", "[1]", ".k"]);
                let count = self.random.small(60);
                let var = self.var();
                let _ = write!(self.out, "(identity({var}){})", chain.repeat(count));
            }
        }
    }

    fn atom(&mut self) {
        if !self.vars.is_empty() && self.random.below(3) > 0 {
            let var = self.var();
            return self.put(&var);
        }
        let atom = self.random.of(&[
            "0",
            "1",
            "2",
            "-1",
            "1.5",
            "1e300",
            "99999999999999999999",
            "\"a\"",
            "\"\"",
            ":ok",
            "true",
            "false",
            "nil",
            "[]",
            "{}",
            "{,}",
            "#{}",
            "[1, 2]",
            "{1, :a}",
            "{k: 1}",
            "IO",
            "1..3",
            "f\"x\"",
            "[1.5, nil]",
            "\"é\\u{1F600}\"",
            "4611686018427387904",
            "-9223372036854775808",
        ]);
        self.put(atom);
    }
}
