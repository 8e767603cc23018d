//! Numbers: decimal, `0x`, `0o` and `0b` integers of any size, and floats.

use num_bigint::BigUint;

use super::Lexer;
use crate::syntax::token::Kind;

impl Lexer<'_, '_, '_> {
    /// A number that begins with a digit.
    pub(super) fn number(&mut self) {
        let radix = match (self.peek(0), self.peek(1)) {
            (b'0', b'x' | b'X') => 16,
            (b'0', b'o' | b'O') => 8,
            (b'0', b'b' | b'B') => 2,
            _ => 10,
        };
        if radix == 10 { self.decimal() } else { self.prefixed(radix) }
    }

    /// `.5`; right after an operand it can only be a mistake.
    pub(super) fn leading_dot_number(&mut self) {
        let start = self.pos;
        if !self.touches_operand() {
            self.fraction(start);
            return;
        }
        self.pos += 1;
        self.skip_digits();
        self.error_help(
            "E0105",
            start,
            "a number cannot follow an operand",
            "an entry is read as `v[1]`; a field is a name",
        );
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(0), b'0'..=b'9' | b'_') {
            self.pos += 1;
        }
    }

    fn decimal(&mut self) {
        let start = self.pos;
        self.skip_digits();
        let fraction = self.peek(0) == b'.' && self.peek(1).is_ascii_digit();
        if fraction || self.at_exponent() {
            self.fraction(start);
            return;
        }
        if !self.number_ends(start) {
            return;
        }
        let text = &self.src[start..self.pos];
        if let (true, Ok(value)) = (text.len() <= 19, text.parse::<i64>()) {
            self.push_int(start, value);
            return;
        }
        let digits: String = text.chars().filter(|&c| c != '_').collect();
        self.push_digits(start, digits.trim_start_matches('0'));
    }

    fn push_int(&mut self, start: usize, value: i64) {
        self.out.ints.push(value);
        self.push(Kind::Int, start, self.out.ints.len() as u32 - 1);
    }

    /// Decimal digits without underscores and leading zeros.
    fn push_digits(&mut self, start: usize, digits: &str) {
        let digits = if digits.is_empty() { "0" } else { digits };
        match digits.parse::<i64>() {
            Ok(value) => self.push_int(start, value),
            Err(_) => {
                let text = self.text(digits);
                self.push(Kind::BigInt, start, text);
            }
        }
    }

    fn at_exponent(&self) -> bool {
        matches!(self.peek(0), b'e' | b'E')
            && (self.peek(1).is_ascii_digit()
                || matches!(self.peek(1), b'+' | b'-') && self.peek(2).is_ascii_digit())
    }

    /// The rest of a float, from its `.` or its exponent.
    fn fraction(&mut self, start: usize) {
        if self.peek(0) == b'.' {
            self.pos += 1;
            self.skip_digits();
        }
        if self.at_exponent() {
            self.pos += 2;
            self.skip_digits();
        }
        if !self.number_ends(start) {
            return;
        }
        let text = self.src[start..self.pos].replace('_', "");
        let value = text.parse::<f64>().unwrap_or(f64::NAN);
        self.out.floats.push(value);
        self.push(Kind::Float, start, self.out.floats.len() as u32 - 1);
    }

    fn prefixed(&mut self, radix: u32) {
        let start = self.pos;
        self.pos += 2;
        let digits_start = self.pos;
        while (self.peek(0) as char).is_digit(radix) || self.peek(0) == b'_' {
            self.pos += 1;
        }
        if !self.number_ends(start) {
            return;
        }
        let digits: String =
            self.src[digits_start..self.pos].chars().filter(|&c| c != '_').collect();
        if digits.is_empty() {
            let message = format!("digits are missing after `{}`", &self.src[start..self.pos]);
            self.bad_number(start, message);
            return;
        }
        if let Ok(value) = i64::from_str_radix(&digits, radix) {
            self.push_int(start, value);
        } else if let Some(value) = BigUint::parse_bytes(digits.as_bytes(), radix) {
            self.push_digits(start, &value.to_string());
        }
    }

    /// Checks that nothing else sticks to the number and its underscores stand between digits.
    fn number_ends(&mut self, start: usize) -> bool {
        let next = self.src[self.pos..].chars().next();
        if next.is_some_and(|c| c.is_alphanumeric()) {
            let rest = self.src[self.pos..].chars();
            let stuck: usize =
                rest.take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
            self.pos += stuck;
            let text = &self.src[start..self.pos];
            let message = format!("`{text}` is neither a number nor a name");
            self.bad_number(start, message);
            return false;
        }
        let text = &self.src[start..self.pos];
        let bad = text.ends_with('_') || text.contains("__") || text.contains("_.");
        if bad || text.contains("._") || text.contains("_e") || text.contains("_E") {
            self.bad_number(start, "an underscore in a number stands between two digits".into());
            return false;
        }
        true
    }

    fn bad_number(&mut self, start: usize, message: String) {
        let help = "numbers look like `42`, `1_000`, `0xff`, `0o17`, `0b1010`, `1.5` and `1.5e-3`";
        self.error_help("E0104", start, message, help);
        self.push_int(start, 0);
    }
}
