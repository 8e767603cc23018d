//! The entrance for fuzzers: everything that looks at bytes of unknown origin, in one call.

use crate::decode::{DecodeError, decode_unchecked_checksums};
use crate::disasm::disassemble;
use crate::liveness::live_across;
use crate::module::Package;
use crate::verify::{VerifyError, verify_with};
use std::fmt;

/// Why bytes were rejected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// They are no package.
    Decode(DecodeError),
    /// The package is not sound.
    Verify(VerifyError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Decode(error) => error.fmt(f),
            LoadError::Verify(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

/// Decodes without regard to checksums, lists, verifies and analyses: must return for any bytes.
/// Any native is taken to exist, so that more files get through.
///
/// What comes back is safe to hand to the loader. Panics if the analyses contradict the verifier.
pub fn fuzz_load(bytes: &[u8]) -> Result<Package, LoadError> {
    let package = decode_unchecked_checksums(bytes).map_err(LoadError::Decode)?;
    disassemble(&package);
    verify_with(&package, &|_, _| true).map_err(LoadError::Verify)?;
    for f in package.modules.iter().flat_map(|module| &module.functions) {
        let filled = f.arity + f.captures + u32::from(f.wants_self);
        let entry = live_across(f, |_, _, _| {});
        let rubbish = entry.as_slice().iter().find(|reg| u32::from(**reg) >= filled);
        assert!(rubbish.is_none(), "r{rubbish:?} of {} is live but not initialised", f.name);
    }
    Ok(package)
}
