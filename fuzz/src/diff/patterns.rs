//! Writes patterns and guards.

use super::expr::Writer;
use super::forms::Ty;

impl Writer<'_> {
    /// A pattern for an int.
    pub fn small_pattern(&mut self) -> String {
        match self.random.below(5) {
            0 => "_".to_owned(),
            1 => self.new_var(Ty::Int),
            _ => self.random.of(&["0", "1", "2", "-1", "5", "4611686018427387904"]).to_owned(),
        }
    }

    /// A pattern that values of the type may match.
    pub fn pattern(&mut self, of: Ty) -> String {
        self.older = self.vars.len();
        self.pattern_in(of, 2)
    }

    /// The same, among other patterns, of which it takes no names.
    pub fn pattern_in(&mut self, of: Ty, depth: usize) -> String {
        if depth == 0 || self.random.one_in(6) {
            return if self.random.one_in(4) { "_".to_owned() } else { self.new_var(of) };
        }
        match of {
            Ty::Int => self.small_pattern(),
            Ty::Ints | Ty::Floats | Ty::Strs => self.pattern_of_vector(of, depth),
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
            Ty::Any => self.pattern_of_any(depth),
        }
    }

    fn pattern_of_vector(&mut self, of: Ty, depth: usize) -> String {
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
            0 => format!("[{first}, {}]", self.pattern_in(entry, depth - 1)),
            1 => format!("[{first}, {} | {}]", self.new_var(entry), self.new_var(of)),
            _ => format!("[{first} | {}]", self.new_var(of)),
        }
    }

    fn pattern_of_any(&mut self, depth: usize) -> String {
        match self.random.below(12) {
            0 => "nil".to_owned(),
            1 => "{,}".to_owned(),
            2 => format!("{{{}, _, _}}", self.new_var(Ty::Any)),
            3 => {
                let older = &self.vars[..self.older.min(self.vars.len())];
                let names = older.iter().map(|(name, _)| name).filter(|name| !name.contains('.'));
                let names: Vec<&String> = names.collect();
                match names.len() {
                    0 => "_".to_owned(),
                    n => format!("^{}", names[self.random.below(n)]),
                }
            }
            _ => {
                let ty = self.some_type();
                self.pattern_in(ty, depth)
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
}
