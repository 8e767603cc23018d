//! Executed instructions as text: for people who look at what the loader made.
//!
//! In: a function. Out: one line per instruction, `offset name fields`. The lengths come from the table, so
//! a listing that ends exactly at the end of the code also proves the table right.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::exec::{Ex, Shape, args_words};
use super::function::Function;

fn field(word: u64, n: u32) -> u16 {
    (word >> (16 * n)) as u16
}

/// The listing; an error names the offset where it goes astray.
pub(crate) fn list(function: &Function) -> Result<String, usize> {
    let code: Vec<u64> =
        function.body().code.iter().map(|word| word.load(Ordering::Relaxed)).collect();
    let mut out = String::new();
    let mut at = 1;
    while at < code.len() {
        let word = code[at];
        let op = Ex::of(word);
        let (shape, ext) = op.shape();
        let registers = shape.registers(field(word, 1));
        let words = registers.map_or(1, args_words);
        let end = at + words + ext;
        if op == Ex::Unreachable || end > code.len() {
            return Err(at);
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{at:5} {op:?}");
        let _ = match (shape, registers) {
            (_, Some(n)) => {
                let register = |i: usize| field(code[at + (i + 2) / 4], (i as u32 + 2) % 4);
                write!(out, " {:?}", (0..n).map(register).collect::<Vec<u16>>())
            }
            (Shape::Rel, _) => {
                write!(out, " {} -> {}", field(word, 1), at as i64 + (word as i64 >> 32))
            }
            _ => write!(out, " {} {} {}", field(word, 1), field(word, 2), field(word, 3)),
        };
        for word in &code[at + words..end] {
            let _ = write!(out, " {word:#x}");
        }
        out.push('\n');
        at = end;
    }
    Ok(out)
}
