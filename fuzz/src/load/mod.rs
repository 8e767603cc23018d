//! `load`: damaged `.ratab` files through the decoder and the verifier; what these accept is loaded into
//! the virtual machine and run, for a bounded time. Whatever the file holds, nothing may panic,
//! crash or hang.
//!
//! An input is the bytes of a file; what is called with which arguments follows from them.

mod damage;
mod forge;
mod operands;
mod package;
mod run;
mod values;

pub use run::Machine;

use crate::corpus::Corpus;
use crate::node::Stress;
use crate::parse::grammar;
use crate::random::Random;
use crate::subject::Ran;
use rata_bytecode::module::Package;
use rata_bytecode::{decode, encode};
use rata_compiler::pipeline::{Request, compile_here};
use rata_compiler::project::Sources;
use std::io;

/// Compiled programs to damage.
pub struct Packages {
    whole: Vec<Package>,
    bytes: Vec<Vec<u8>>,
}

impl Packages {
    /// Compiles the programs of the corpus; those that do not compile are left out.
    pub fn compile(corpus: &Corpus, stdlib: &Package) -> Packages {
        let sources = corpus.programs.iter();
        let mut whole: Vec<Package> = sources.filter_map(|text| compiled(text, stdlib)).collect();
        // Modules of the standard library alone: they call natives that programs cannot.
        whole.extend(stdlib.modules.iter().map(|module| {
            let module = rata_bytecode::module::Module { docs: Vec::new(), ..module.clone() };
            Package { modules: vec![module], entry: None }
        }));
        let bytes: Vec<Vec<u8>> = whole.iter().map(encode::encode).collect();
        let small = bytes.iter().map(|bytes| bytes.len() <= LARGEST).collect::<Vec<_>>();
        let mut keep = small.iter();
        whole.retain(|_| *keep.next().unwrap_or(&false));
        let bytes = bytes.into_iter().filter(|bytes| bytes.len() <= LARGEST).collect();
        Packages { whole, bytes }
    }
}

/// Larger packages cost more time than they are worth.
const LARGEST: usize = 40_000;

struct Text<'t>(&'t str);

impl Sources for Text<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match path {
            "main.rata" => Ok(self.0.as_bytes().to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// What a program is compiled to, if it compiles.
pub fn compiled(text: &str, stdlib: &Package) -> Option<Package> {
    let request = Request {
        files: vec!["main.rata".into()],
        sources: &Text(text),
        known: vec![stdlib],
        is_stdlib: false,
        emit: None,
    };
    let mut package = compile_here(&request).ok()?.package?;
    for module in &mut package.modules {
        module.docs.clear();
    }
    Some(package)
}

/// The input of a case.
pub fn input(random: &mut Random, packages: &Packages, stdlib: &Package) -> Vec<u8> {
    let at = random.below(packages.whole.len());
    match random.below(10) {
        0 | 1 => {
            let other = &packages.bytes[random.below(packages.bytes.len())];
            damage::bytes(random, &packages.bytes[at], other)
        }
        2 | 3 => {
            // A program that nobody would write, whole or damaged.
            let text = String::from_utf8(grammar::program(random)).unwrap_or_default();
            match compiled(&text, stdlib) {
                Some(package) if random.one_in(2) => encode::encode(&package),
                Some(package) => package::damaged(random, package),
                None => package::damaged(random, packages.whole[at].clone()),
            }
        }
        4..=6 => {
            let package = forge::package(random, stdlib);
            if random.one_in(2) {
                encode::encode(&package)
            } else {
                package::damaged(random, package)
            }
        }
        _ => package::damaged(random, packages.whole[at].clone()),
    }
}

/// Decodes, verifies, loads and runs an input. Panics if something is wrong.
pub fn run<'m>(input: &[u8], machine: impl FnOnce(Stress) -> &'m mut Machine) -> Ran {
    let Ok(package) = decode::decode_unchecked_checksums(input) else { return Ran::default() };
    let reductions = machine(run::stress(input)).run(&package, input);
    let accepted = reductions.is_some();
    Ran { decoded: true, accepted, reductions: reductions.unwrap_or(0), native: 0 }
}
