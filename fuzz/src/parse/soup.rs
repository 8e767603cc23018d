//! Texts without form: random bytes, and the words of the language in any order.

use crate::random::Random;

/// What sources are made of.
pub const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "#{", "{,}", "{}", "[]", ",", ";", "\n", "\n", "\n", " ", ":", "=",
    "\\\\=", "->", "->", ".", "..", "|", "|>", "or", "and", "not", "!", "==", "<", ">=", "!=", "+",
    "-", "*", "/", "%%", "%/%", "^", "~", "module M {", "library", "as", "use", "export [f]",
    "function(", "fn", "end", "if", "else", "case", "when", "try", "catch", "after", "raise",
    "reraise e", "return", "assert", "receive", "true", "false", "nil", "__module__", "x", "y", "f",
    "f(", "f(x)", "M", "M.f", ".x", ".y", "x.y", "x[1]", "k:", "\"k\":", "(k):", ":s", ":\"s t\"",
    "1", "0", "2.5", "1e300", "99999999999999999999", "\"s\"", "\"", "\"\"\"", "f\"", "f\"a {x} b\"",
    "f\"\"\"\n", "{x", "}\"", "# c\n", "f/2", "M.f/1", "_", "^x", "'", "é", "\\n", "%", "&", "===",
    "=>", ":=", "<-", "\u{0}", "\u{feff}", "0x", "1e", "if x {", "case x {", "try {", "} catch {",
    "} catch as e {", "} else {", "} after {", "receive {", "after 0 ->", "function(x) {",
    "function(x: int = 1): string {", "fn x ->", "fn -> ", "x ->", "[h | t]", "{a, b}", "{k: v}",
    "\"p\" + r", "int", "x: int", "): int {", "[int]", "{int, string}", "int | nil", "use GenServer",
    "library ./lib as L", "module \"t\" {", "IO.puts(x)", "is_int(x)", "Vector.length(x)",
    "x = ", "f = ", "\r\n", "\t", "1..3", "x |> f",
];

/// The words of the language in any order.
pub fn soup(random: &mut Random) -> Vec<u8> {
    let length = 1 + random.small(120);
    let mut text = String::new();
    for _ in 0..length {
        text.push_str(random.of(PIECES));
        if random.below(3) > 0 {
            text.push(' ');
        }
    }
    text.into_bytes()
}

/// Any bytes, or any bytes that are ASCII, or brackets alone.
pub fn bytes(random: &mut Random) -> Vec<u8> {
    let length = random.small(400);
    match random.below(4) {
        0 => (0..length).map(|_| random.next() as u8).collect(),
        1 => (0..length).map(|_| b"()[]{}#,|\n "[random.below(11)]).collect(),
        2 => {
            // Deep ones, beyond the bound on depth now and then.
            let open = random.of(&["(", "[", "{", "#{", "f\"{", "fn ->", "~", "-", "not ", "x ^ "]);
            let close = random.of(&["", ")", "]", "}", "}\"", "end"]);
            let depth = random.small(4000);
            let inner = random.of(PIECES);
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth)).into_bytes()
        }
        _ => (0..length).map(|_| 32 + (random.next() % 95) as u8).collect(),
    }
}
