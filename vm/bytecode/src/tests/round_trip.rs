//! What is written is read again.

use super::samples;
use super::source::{CODES, Gen, Source, noise};
use crate::decode::decode;
use crate::encode::encode;
use crate::module::Package;
use crate::ops::Op;
use proptest::prelude::*;

#[test]
fn the_sample_comes_back() {
    let package = samples::package();
    assert_eq!(decode(&encode(&package)), Ok(package));
}

#[test]
fn the_empty_package_comes_back() {
    assert_eq!(decode(&encode(&Package::default())), Ok(Package::default()));
}

#[test]
fn every_instruction_comes_back() {
    let mut seen = std::collections::BTreeSet::new();
    let mut package = samples::package();
    for seed in 0..2_000 {
        let bytes = noise(seed, 64);
        let op = Op::make(&mut Source::new(&bytes));
        seen.insert(op.code());
        package.modules[0].functions[0].code = vec![op];
        assert_eq!(decode(&encode(&package)).as_ref(), Ok(&package));
    }
    assert_eq!(seen.len(), CODES.len(), "not every instruction was made");
}

#[test]
fn op_numbers_are_unique() {
    let unique: std::collections::BTreeSet<_> = CODES.iter().collect();
    assert_eq!(unique.len(), CODES.len());
}

#[test]
fn texts_are_shared() {
    let mut package = samples::package();
    let before = encode(&package).len();
    let again = package.modules[0].consts[5].clone();
    package.modules[0].consts.push(again);
    assert!(encode(&package).len() <= before + 4);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn packages_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let package = Package::make(&mut Source::new(&bytes));
        prop_assert_eq!(decode(&encode(&package)), Ok(package));
    }

    #[test]
    fn rubbish_is_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }
}
