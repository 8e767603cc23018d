//! `parse`: sources of every degree of sense through the whole compiler. It must return; its
//! diagnostics must lie in the text and be explained; what it emits must pass the verifier and come
//! back from bytes as it was.
//!
//! An input is one text, or two files with a byte 0x1E between them: `lib.rata` and the program.

pub mod grammar;
mod mutate;
mod soup;

pub use mutate::bracketed;

use crate::corpus::Corpus;
use crate::random::Random;
use rata_bytecode::module::Package;
use rata_bytecode::{decode, disasm, encode, verify};
use rata_compiler::diagnostics::{Severity, Style, codes};
use rata_compiler::pipeline::{Compiled, Request, Stage, compile_here};
use rata_compiler::project::Sources;
use rata_compiler::syntax::decode::binary;
use std::io;

/// Between two files of one input.
const SEPARATOR: u8 = 0x1e;

/// The input of a case.
pub fn input(random: &mut Random, corpus: &Corpus) -> Vec<u8> {
    let main = file(random, corpus);
    if !random.one_in(12) {
        return main;
    }
    let mut both = file(random, corpus);
    both.retain(|byte| *byte != SEPARATOR);
    both.push(SEPARATOR);
    both.extend_from_slice(b"library ./lib as Lib\n");
    both.extend_from_slice(&main);
    both
}

fn file(random: &mut Random, corpus: &Corpus) -> Vec<u8> {
    let pick = |random: &mut Random| {
        let list = if !corpus.library.is_empty() && random.one_in(4) {
            &corpus.library
        } else {
            &corpus.programs
        };
        let text = &list[random.below(list.len())];
        mutate::window(random, text)
    };
    match random.below(20) {
        0 => soup::bytes(random),
        1..=3 => soup::soup(random),
        4..=6 => {
            let text = pick(random);
            mutate::bytes(random, text)
        }
        7..=9 => {
            let (text, other) = (pick(random), pick(random));
            mutate::tokens(random, text, other)
        }
        10..=11 => {
            let text = pick(random);
            mutate::groups(random, text)
        }
        12..=13 => {
            let (text, other) = (pick(random), pick(random));
            mutate::splice(random, text, other)
        }
        14 => {
            let text = String::from_utf8(grammar::program(random)).expect("text");
            mutate::tokens(random, &text, &text)
        }
        _ => grammar::program(random),
    }
}

struct Texts<'t> {
    main: &'t [u8],
    library: Option<&'t [u8]>,
}

impl Sources for Texts<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match (path, self.library) {
            ("main.rata", _) => Ok(self.main.to_vec()),
            ("lib.rata", Some(text)) => Ok(text.to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Compiles an input and checks what comes of it. Panics if something is wrong with it; gives
/// whether it compiled.
pub fn run(input: &[u8], stdlib: &Package) -> bool {
    let mut parts = input.splitn(2, |byte| *byte == SEPARATOR);
    let first = parts.next().unwrap_or_default();
    let sources = match parts.next() {
        Some(main) => Texts { main, library: Some(first) },
        None => Texts { main: first, library: None },
    };
    let kind =
        input.iter().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)))
            % 32;
    let mut request = Request {
        files: vec!["main.rata".into()],
        sources: &sources,
        known: vec![stdlib],
        is_stdlib: kind == 31,
        emit: None,
    };
    let Ok(compiled) = compile_here(&request) else {
        // The files are there: it is no text.
        assert!(binary(sources.main).is_some(), "refused to read a text");
        return false;
    };
    check(&compiled);
    request.emit = match kind {
        0 => Some(Stage::Tokens),
        1 => Some(Stage::Tree),
        2 => Some(Stage::Resolved),
        3 if !compiled.failed() => Some(Stage::Ir),
        _ => None,
    };
    if request.emit.is_some() {
        compile_here(&request).expect("the file is there");
    }
    compiled.package.is_some()
}

fn check(compiled: &Compiled) {
    for diagnostic in &compiled.diagnostics {
        let length = compiled.sources.file(diagnostic.file).text.len();
        let span = diagnostic.span;
        assert!(span.start <= span.end && span.end as usize <= length, "{diagnostic:?}");
        assert!(codes::explain(diagnostic.code).is_some(), "{} has no text", diagnostic.code);
    }
    compiled.render(Style::Plain);
    let has_errors = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
    let Some(package) = &compiled.package else {
        assert!(has_errors, "no package and no error");
        return;
    };
    assert!(!has_errors, "a package in spite of errors");
    if let Err(error) = verify::verify_with(package, &|_, _| true) {
        panic!("the verifier refuses what was emitted: {error}\n{}", disasm::disassemble(package));
    }
    let bytes = encode::encode(package);
    match decode::decode(&bytes) {
        Ok(decoded) => assert!(decoded == *package, "decoded, the package is another"),
        Err(error) => panic!("what was encoded cannot be decoded: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn most_programs_from_the_grammar_compile() {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut good = 0;
        crate::worker::on_large_stack(|| {
            let stdlib = rata_stdlib::LIBRARY.package().expect("the standard library");
            for case in 0..400 {
                let text = grammar::program(&mut Random::new(1, case));
                let sources = Texts { main: &text, library: None };
                let request = Request {
                    files: vec!["main.rata".into()],
                    sources: &sources,
                    known: vec![&stdlib],
                    is_stdlib: false,
                    emit: None,
                };
                let compiled = compile_here(&request).expect("the file is there");
                good += usize::from(compiled.package.is_some());
                let error = compiled.diagnostics.iter().find(|d| d.severity == Severity::Error);
                if let Some(error) = error {
                    *reasons.entry(format!("{} {}", error.code, error.message)).or_default() += 1;
                }
            }
        });
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons.truncate(12);
        assert!(good > 200, "{good} of 400 compile: {reasons:#?}");
    }
}
