//! Random texts: the front end must return, whatever it is given, and printed positions must lie
//! inside the text. Deterministic, so that a failure can be repeated.

use super::*;

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "{,}",
    ",",
    ";",
    "\n",
    "\n",
    " ",
    " ",
    ":",
    "=",
    "\\\\=",
    "->",
    "->",
    ".",
    "..",
    "|",
    "|>",
    "or",
    "and",
    "not",
    "!",
    "==",
    "<",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%%",
    "%/%",
    "^",
    "~",
    "module",
    "library",
    "as",
    "use",
    "export",
    "function",
    "fn",
    "end",
    "if",
    "else",
    "case",
    "when",
    "try",
    "catch",
    "after",
    "raise",
    "reraise",
    "return",
    "assert",
    "receive",
    "true",
    "false",
    "nil",
    "__module__",
    "x",
    "y",
    "f",
    "f(",
    "Foo",
    ".x",
    ".Foo",
    "x.y",
    "k:",
    "\"k\":",
    "(k):",
    ":s",
    ":\"s t\"",
    "1",
    "2.5",
    "99999999999999999999",
    "\"s\"",
    "\"",
    "\"\"\"",
    "f\"",
    "f\"a {x} b\"",
    "f\"\"\"\n",
    "{x",
    "}\"",
    "# c\n",
    "f/2",
    "_",
    "^x",
    "'",
    "é",
    "\\n",
    "%",
    "&",
    "===",
    "=>",
    ":=",
    "<-",
    "\u{0}",
    "\u{feff}",
    "0x",
    "1e",
    "if x {",
    "case x {",
    "try {",
    "} catch {",
    "} else {",
    "} after {",
    "receive {",
    "function(x) {",
    "fn x ->",
    "x ->",
    "int",
    "x: int",
    "): int {",
    "do",
    "def",
];

fn soup(random: &mut Random) -> String {
    let length = 1 + random.below(60);
    let mut text = String::new();
    for _ in 0..length {
        text.push_str(PIECES[random.below(PIECES.len())]);
        if random.below(3) > 0 {
            text.push(' ');
        }
    }
    text
}

const PROGRAM: &str = include_str!("program.rata");

/// A valid program with a few bytes or tokens changed, left out, doubled or swapped.
fn mutant(random: &mut Random) -> Vec<u8> {
    let mut bytes = PROGRAM.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = (random.next() & 0xff) as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 => bytes.truncate(at),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..end, piece.bytes());
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Everything reported lies in the text, in order.
fn check(text: &str) {
    let (_, diagnostics) = parsed(text);
    let mut last = 0;
    for diagnostic in &diagnostics {
        let span = diagnostic.span;
        assert!(span.start >= last && span.start <= span.end, "{text:?}: {diagnostic:?}");
        assert!(span.end as usize <= text.len(), "{text:?}: {diagnostic:?}");
        assert!(crate::diagnostics::codes::explain(diagnostic.code).is_some());
        last = span.start;
    }
}

#[test]
fn token_soup_never_harms() {
    with_stack(|| {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..10_000 {
            let text = soup(&mut random);
            check(&text);
            fuzz_parse(text.as_bytes());
        }
    });
}

#[test]
fn mutants_never_harm() {
    with_stack(|| {
        let mut random = Random(0xd1b5_4a32_d192_ed03);
        for _ in 0..1_500 {
            let bytes = mutant(&mut random);
            check(&decode(FileId(0), &bytes).0);
            fuzz_parse(&bytes);
        }
    });
}

#[test]
fn random_bytes_never_harm() {
    with_stack(|| {
        let mut random = Random(0x0123_4567_89ab_cdef);
        for _ in 0..5_000 {
            let length = random.below(80);
            let bytes: Vec<u8> = (0..length).map(|_| (random.next() & 0x7f) as u8).collect();
            fuzz_parse(&bytes);
        }
    });
}

#[test]
fn every_beginning_of_a_program_is_read() {
    with_stack(|| {
        for end in (0..PROGRAM.len()).step_by(3) {
            fuzz_parse(&PROGRAM.as_bytes()[..end]);
        }
    });
}

#[test]
fn the_program_is_without_errors() {
    assert_eq!(report(PROGRAM), "");
}
