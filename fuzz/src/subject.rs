//! What is put to the test: inputs are made here and run here, by mode.

use crate::Mode;
use crate::corpus::Corpus;
use crate::parse;
use crate::random::Random;
use rata_bytecode::decode;
use rata_bytecode::module::Package;

/// What the cases of a mode have in common.
pub struct Subject {
    mode: Mode,
    stdlib: Package,
}

impl Subject {
    /// Prepares a mode.
    pub fn new(mode: Mode, _corpus: &Corpus) -> Subject {
        let stdlib = decode::decode(rata_stdlib::IMAGE).expect("the built-in standard library");
        Subject { mode, stdlib }
    }

    /// The input of a case.
    pub fn input(&self, random: &mut Random, corpus: &Corpus) -> Vec<u8> {
        match self.mode {
            Mode::Parse => parse::input(random, corpus),
        }
    }

    /// Runs an input; panics, crashes or hangs if something is wrong.
    pub fn run(&self, input: &[u8]) {
        match self.mode {
            Mode::Parse => parse::run(input, &self.stdlib),
        }
    }
}
