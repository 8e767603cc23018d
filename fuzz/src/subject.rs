//! What is put to the test: inputs are made here and run here, by mode.

use crate::Mode;
use crate::corpus::Corpus;
use crate::diff::{self, Sides};
use crate::load::{self, Machine, Packages};
use crate::node::Stress;
use crate::parse;
use crate::random::Random;
use rata_bytecode::module::Package;

/// What the cases of a mode have in common.
pub struct Subject {
    corpus: Corpus,
    stdlib: Package,
    mode: State,
}

enum State {
    Parse,
    /// The machines by mode, made at first need.
    Load {
        packages: Packages,
        machines: Vec<(Stress, Box<Machine>)>,
    },
    /// The machines, made at first need.
    Diff(Option<Box<Sides>>),
}

/// How far an input came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    /// It could be read at all.
    pub decoded: bool,
    /// It came through all checks.
    pub accepted: bool,
    /// How long it ran.
    pub reductions: u64,
    /// How many functions of it were compiled to machine code.
    pub native: u64,
}

impl Subject {
    /// Prepares a mode.
    pub fn new(mode: Mode, corpus: Corpus) -> Subject {
        let stdlib = rata_stdlib::LIBRARY.package().expect("the built-in standard library");
        let mode = match mode {
            Mode::Parse => State::Parse,
            Mode::Load => {
                let packages = Packages::compile(&corpus, &stdlib);
                State::Load { packages, machines: Vec::new() }
            }
            Mode::Diff => State::Diff(None),
        };
        Subject { corpus, stdlib, mode }
    }

    /// The input of a case.
    pub fn input(&self, random: &mut Random) -> Vec<u8> {
        match &self.mode {
            State::Parse => parse::input(random, &self.corpus),
            State::Load { packages, .. } => load::input(random, packages, &self.stdlib),
            State::Diff(_) => diff::program(random).into_bytes(),
        }
    }

    /// Runs an input; panics, crashes or hangs if something is wrong.
    pub fn run(&mut self, input: &[u8]) -> Ran {
        match &mut self.mode {
            State::Parse => {
                let accepted = parse::run(input, &self.stdlib);
                Ran { decoded: true, accepted, ..Ran::default() }
            }
            State::Load { machines, .. } => load::run(input, |mode| {
                let found = machines.iter().position(|(other, _)| *other == mode);
                let at = found.unwrap_or_else(|| {
                    machines.push((mode, Box::new(Machine::new(&self.stdlib, mode))));
                    machines.len() - 1
                });
                &mut machines[at].1
            }),
            State::Diff(sides) => {
                let text = String::from_utf8_lossy(input);
                sides
                    .get_or_insert_with(|| Box::new(Sides::new(&self.stdlib)))
                    .run(&text, &self.stdlib)
            }
        }
    }
}
