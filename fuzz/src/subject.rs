//! What is put to the test: inputs are made here and run here, by mode.

use crate::Mode;
use crate::corpus::Corpus;
use crate::load::{self, Machine, Packages};
use crate::parse;
use crate::random::Random;
use rata_bytecode::decode;
use rata_bytecode::module::Package;

/// What the cases of a mode have in common.
pub struct Subject {
    corpus: Corpus,
    stdlib: Package,
    mode: State,
}

enum State {
    Parse,
    Load { packages: Packages, machine: Option<Box<Machine>> },
}

impl Subject {
    /// Prepares a mode.
    pub fn new(mode: Mode, corpus: Corpus) -> Subject {
        let stdlib = decode::decode(rata_stdlib::IMAGE).expect("the built-in standard library");
        let mode = match mode {
            Mode::Parse => State::Parse,
            Mode::Load => {
                let packages = Packages::compile(&corpus, &stdlib);
                State::Load { packages, machine: None }
            }
        };
        Subject { corpus, stdlib, mode }
    }

    /// The input of a case.
    pub fn input(&self, random: &mut Random) -> Vec<u8> {
        match &self.mode {
            State::Parse => parse::input(random, &self.corpus),
            State::Load { packages, .. } => load::input(random, packages, &self.stdlib),
        }
    }

    /// Runs an input; panics, crashes or hangs if something is wrong. Whether it came through all
    /// checks.
    pub fn run(&mut self, input: &[u8]) -> bool {
        match &mut self.mode {
            State::Parse => parse::run(input, &self.stdlib),
            State::Load { machine, .. } => {
                let make = || Box::new(Machine::new(&self.stdlib));
                load::run(input, machine.get_or_insert_with(make))
            }
        }
    }
}
