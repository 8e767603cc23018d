//! Damaged files are rejected or sound; nothing panics or hangs.

use super::source::{Source, noise};
use super::{reference, samples};
use crate::decode::decode;
use crate::encode::encode;
use crate::fuzz::{LoadError, fuzz_load};
use crate::layout::{HEADER_LEN, SECTION_HEADER_LEN};
use crate::liveness::live_across;
use crate::module::Package;

/// Runs what came through: it must not read what is not there.
fn exercise(package: &Package, turns: &mut Source<'_>) {
    for f in package.modules.iter().flat_map(|module| &module.functions) {
        if f.registers <= 63 {
            let mut across = vec![0; f.code.len()];
            live_across(f, |i, _, live| across[i] = reference::bits(live));
            reference::run(f, &across, turns);
        }
    }
}

#[test]
fn mutants_are_rejected_or_sound() {
    let file = encode(&samples::package());
    assert_eq!(fuzz_load(&file), Ok(samples::package()));
    // For longer searches: the number of rounds, and where to begin.
    let given = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds: u64 = given("RATA_FUZZ_ROUNDS").unwrap_or(30_000);
    let first_seed: u64 = given("RATA_FUZZ_SEED").unwrap_or(0);
    let (mut undecodable, mut unsound, mut loaded) = (0, 0, 0);
    for seed in first_seed..first_seed + rounds {
        let noise = noise(seed, 128);
        let s = &mut Source::new(&noise);
        let mut mutant = file.clone();
        for _ in 0..1 + s.below(4) {
            // Behind the header, and half of the time in a payload's small numbers.
            let at = HEADER_LEN + s.below((mutant.len() - HEADER_LEN) as u32) as usize;
            match s.byte() % 8 {
                0 => drop(mutant.remove(at)),
                1 => mutant.insert(at, s.byte()),
                2 | 3 => mutant[at] = s.byte(),
                4 => mutant[at] ^= 1 << (s.byte() % 8),
                _ => mutant[at] = mutant[at].wrapping_add(s.byte() % 3).wrapping_sub(1),
            }
        }
        match fuzz_load(&mutant) {
            Ok(package) => {
                loaded += 1;
                exercise(&package, s);
                assert_eq!(decode(&encode(&package)).as_ref(), Ok(&package));
            }
            Err(LoadError::Decode(_)) => undecodable += 1,
            Err(LoadError::Verify(_)) => unsound += 1,
        }
    }
    let all = (undecodable, unsound, loaded);
    assert!(undecodable > 300 && unsound > 300 && loaded > 300, "{all:?}");
}

#[test]
fn every_byte_with_every_value_is_rejected_or_sound() {
    let file = encode(&samples::package());
    let mut loaded = 0;
    for at in HEADER_LEN + SECTION_HEADER_LEN..file.len() {
        for value in [0, 1, 2, 3, 5, 8, 0x27, 0x50, 0x7f, 0x80, 0xff] {
            let mut mutant = file.clone();
            mutant[at] = value;
            if let Ok(package) = fuzz_load(&mutant) {
                loaded += 1;
                exercise(&package, &mut Source::new(&[value, 1, 7, 2, 9, 3, 3, 4]));
            }
        }
    }
    assert!(loaded > 100);
}
