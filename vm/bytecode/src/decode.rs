//! Bytes of a `.ratab` file → package, or a [`DecodeError`] that says what is wrong and where.
//! Nothing about the input is trusted: no panic, and memory in proportion to the input. What comes
//! out has the right form only; that it makes sense is proven by [`mod@crate::verify`].

use crate::layout::*;
use crate::module::{Function, Module, Package};
use crate::wire::{Reader, Texts, Wire};
use std::fmt;

/// Why bytes are no package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// The section concerned; `None` for the file as a whole.
    pub section: Option<Section>,
    /// Where in the file.
    pub offset: usize,
    /// What is wrong.
    pub cause: Cause,
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The magic number is missing.
    NotRatab,
    /// Written for another format version.
    Version(u32),
    /// A checksum does not agree.
    Damaged,
    /// The end is missing.
    Truncated,
    /// The content breaks the format's rules, as told.
    Malformed(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.section {
            Some(section) => format!("section `{section}`"),
            None => "the file".to_owned(),
        };
        match &self.cause {
            Cause::NotRatab => write!(f, "not a .ratab file"),
            Cause::Version(made) => write!(
                f,
                "made by format version {made}, this VM reads {FORMAT_VERSION}: compile it again"
            ),
            Cause::Damaged => {
                write!(f, "damaged: the checksum of {place} at byte {} is wrong", self.offset)
            }
            Cause::Truncated => write!(f, "truncated: it ends at byte {}", self.offset),
            Cause::Malformed(what) => {
                write!(f, "malformed: {what}, in {place} at byte {}", self.offset)
            }
        }
    }
}

impl std::error::Error for DecodeError {}

fn fail<T>(offset: usize, cause: Cause) -> Result<T, DecodeError> {
    Err(DecodeError { section: None, offset, cause })
}

/// Whether the bytes begin like a `.ratab` file.
pub fn is_ratab(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a file.
pub fn decode(bytes: &[u8]) -> Result<Package, DecodeError> {
    decode_file(bytes, true)
}

/// Reads a file whose checksums need not agree, so that a fuzzer's mutants get to what is behind them.
pub fn decode_unchecked_checksums(bytes: &[u8]) -> Result<Package, DecodeError> {
    decode_file(bytes, false)
}

fn decode_file(bytes: &[u8], checked: bool) -> Result<Package, DecodeError> {
    check_header(bytes, checked)?;
    let body_damaged = checked && u32_at(bytes, 20) != Some(crc32fast::hash(&bytes[HEADER_LEN..]));
    let whole = DecodeError { section: None, offset: HEADER_LEN, cause: Cause::Damaged };
    match split(bytes, checked) {
        // With the whole file's checksum wrong, a wrong length or number is damage too; a wrong
        // checksum of a section says more precisely where.
        Err(error) if body_damaged && error.cause != Cause::Damaged => Err(whole),
        Err(error) => Err(error),
        Ok(_) if body_damaged => Err(whole),
        Ok(sections) => read_package(&sections),
    }
}

fn check_header(bytes: &[u8], checked: bool) -> Result<(), DecodeError> {
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if magic.is_empty() || !MAGIC.starts_with(magic) {
        return fail(0, Cause::NotRatab);
    }
    let truncated = || fail(bytes.len(), Cause::Truncated);
    match u32_at(bytes, 8) {
        None => return truncated(),
        Some(FORMAT_VERSION) => {}
        Some(other) => return fail(8, Cause::Version(other)),
    }
    if bytes.len() < HEADER_LEN {
        return truncated();
    }
    if !checked {
        return Ok(());
    }
    if u32_at(bytes, 24) != Some(crc32fast::hash(&bytes[..24])) {
        return fail(0, Cause::Damaged);
    }
    match u64_at(bytes, 12).cmp(&Some(bytes.len() as u64)) {
        std::cmp::Ordering::Greater => truncated(),
        std::cmp::Ordering::Less => {
            fail(bytes.len(), Cause::Malformed("there is more after its end".to_owned()))
        }
        std::cmp::Ordering::Equal => Ok(()),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A section's place in the file and its payload.
type Sections<'a> = [Option<(usize, &'a [u8])>; Section::ALL.len()];

fn split(bytes: &[u8], checked: bool) -> Result<Sections<'_>, DecodeError> {
    let mut sections: Sections<'_> = [None; Section::ALL.len()];
    let mut at = HEADER_LEN;
    let mut last = 0;
    while at < bytes.len() {
        let malformed = |what: String| fail(at, Cause::Malformed(what));
        let code = bytes[at];
        let (Some(length), Some(crc)) = (u64_at(bytes, at + 1), u32_at(bytes, at + 9)) else {
            return malformed("a section's header is cut off".to_owned());
        };
        let start = at + SECTION_HEADER_LEN;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let Some((end, payload)) = end.and_then(|end| Some((end, bytes.get(start..end)?))) else {
            return malformed("a section goes beyond the end".to_owned());
        };
        if code <= last {
            return malformed(format!("section {code} after section {last}"));
        }
        last = code;
        let section = Section::from_code(code);
        if checked && crc != crc32fast::hash(payload) {
            return Err(DecodeError { section, offset: start, cause: Cause::Damaged });
        }
        match section {
            Some(section) => sections[section as usize - 1] = Some((start, payload)),
            None if code >= FIRST_CUSTOM_SECTION => {}
            None => return malformed(format!("there is no section {code}")),
        }
        at = end;
    }
    for &section in Section::ALL {
        if section.required() && sections[section as usize - 1].is_none() {
            return fail(at, Cause::Malformed(format!("section `{section}` is missing")));
        }
    }
    Ok(sections)
}

fn read_package(sections: &Sections<'_>) -> Result<Package, DecodeError> {
    let mut texts = Texts::default();
    let mut package = Package::default();
    for &section in Section::ALL {
        let Some((base, payload)) = sections[section as usize - 1] else { continue };
        let mut r = Reader::new(section, base, payload, &mut texts);
        match section {
            Section::Strings => {
                r.texts_section()?;
                continue;
            }
            Section::Modules => {
                let count = r.count()?;
                package.entry = Wire::get(&mut r)?;
                for _ in 0..count {
                    package.modules.push(read_module(&mut r)?);
                }
            }
            _ => {
                for module in &mut package.modules {
                    read_module_part(section, module, &mut r)?;
                }
            }
        }
        r.finish()?;
    }
    Ok(package)
}

fn read_module(r: &mut Reader<'_, '_>) -> Result<Module, DecodeError> {
    Ok(Module {
        name: Wire::get(r)?,
        kind: Wire::get(r)?,
        file: Wire::get(r)?,
        init: Wire::get(r)?,
        behaviours: Wire::get(r)?,
        ..Module::default()
    })
}

fn read_module_part(
    section: Section,
    module: &mut Module,
    r: &mut Reader<'_, '_>,
) -> Result<(), DecodeError> {
    match section {
        Section::Strings | Section::Modules => {}
        Section::Constants => module.consts = r.seq()?,
        Section::Types => module.types = r.seq()?,
        Section::Functions => {
            for _ in 0..r.count()? {
                module.functions.push(read_head(r)?);
            }
            module.fn_sets = r.seq()?;
        }
        Section::Code => {
            for f in &mut module.functions {
                f.code = r.seq()?;
                f.handlers = r.seq()?;
            }
        }
        Section::Links => {
            module.imports = r.seq()?;
            module.natives = r.seq()?;
            module.globals = r.seq()?;
        }
        Section::Exports => module.exports = r.seq()?,
        Section::Lines => {
            for f in &mut module.functions {
                f.lines = read_lines(r)?;
            }
        }
        Section::Params => {
            for f in &mut module.functions {
                f.params = r.seq()?;
            }
        }
        Section::Docs => module.docs = r.seq()?,
    }
    Ok(())
}

fn read_head(r: &mut Reader<'_, '_>) -> Result<Function, DecodeError> {
    Ok(Function {
        name: Wire::get(r)?,
        arity: Wire::get(r)?,
        captures: Wire::get(r)?,
        wants_self: Wire::get(r)?,
        registers: Wire::get(r)?,
        ..Function::default()
    })
}

fn read_lines(r: &mut Reader<'_, '_>) -> Result<Vec<(u32, u32)>, DecodeError> {
    let count = r.count()?;
    let mut lines = Vec::new();
    let mut last = (0, 0);
    for _ in 0..count {
        last = (next_line(last.0, r)?, next_line(last.1, r)?);
        lines.push(last);
    }
    Ok(lines)
}

fn next_line(last: u32, r: &mut Reader<'_, '_>) -> Result<u32, DecodeError> {
    let step = r.zigzag()?;
    let next = i64::from(last).checked_add(step).and_then(|n| u32::try_from(n).ok());
    next.ok_or_else(|| r.malformed("a line table entry is out of range"))
}
