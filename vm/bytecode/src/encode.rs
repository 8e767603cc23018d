//! Package → bytes of a `.ratab` file (the layout is described in `layout.rs`).

use crate::layout::{FORMAT_VERSION, HEADER_LEN, MAGIC, SECTION_HEADER_LEN, Section};
use crate::module::{Function, Module, Package};
use crate::wire::{Wire, Writer};

/// The file for a package. Equal packages give equal bytes.
pub fn encode(package: &Package) -> Vec<u8> {
    let mut w = Writer::new();
    let mut sections = Vec::new();
    for &section in Section::ALL {
        if section != Section::Strings {
            put_section(section, package, &mut w);
            sections.push((section, std::mem::take(&mut w.out)));
        }
    }
    sections.insert(0, (Section::Strings, w.texts_section()));
    assemble(&sections)
}

fn assemble(sections: &[(Section, Vec<u8>)]) -> Vec<u8> {
    let payload: usize = sections.iter().map(|(_, bytes)| SECTION_HEADER_LEN + bytes.len()).sum();
    let mut file = Vec::with_capacity(HEADER_LEN + payload);
    file.resize(HEADER_LEN, 0);
    for (section, bytes) in sections {
        file.push(section.code());
        file.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        file.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        file.extend_from_slice(bytes);
    }
    write_header(&mut file);
    file
}

/// Fills in the header of a file whose sections are complete.
pub(crate) fn write_header(file: &mut [u8]) {
    let body = crc32fast::hash(&file[HEADER_LEN..]);
    let length = file.len() as u64;
    file[0..8].copy_from_slice(&MAGIC);
    file[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    file[12..20].copy_from_slice(&length.to_le_bytes());
    file[20..24].copy_from_slice(&body.to_le_bytes());
    let header = crc32fast::hash(&file[..24]);
    file[24..28].copy_from_slice(&header.to_le_bytes());
}

fn put_section(section: Section, package: &Package, w: &mut Writer) {
    if section == Section::Modules {
        w.varint(package.modules.len() as u64);
        package.entry.put(w);
    }
    for module in &package.modules {
        put_module_part(section, module, w);
    }
}

fn put_module_part(section: Section, module: &Module, w: &mut Writer) {
    match section {
        Section::Strings => {}
        Section::Modules => {
            module.name.put(w);
            module.kind.put(w);
            module.file.put(w);
            module.init.put(w);
            module.behaviours.put(w);
        }
        Section::Constants => module.consts.put(w),
        Section::Types => module.types.put(w),
        Section::Functions => {
            w.varint(module.functions.len() as u64);
            module.functions.iter().for_each(|f| put_head(f, w));
            module.fn_sets.put(w);
        }
        Section::Code => {
            for f in &module.functions {
                f.code.put(w);
                f.handlers.put(w);
            }
        }
        Section::Links => {
            module.imports.put(w);
            module.natives.put(w);
            module.globals.put(w);
        }
        Section::Exports => module.exports.put(w),
        Section::Lines => module.functions.iter().for_each(|f| put_lines(&f.lines, w)),
        Section::Params => module.functions.iter().for_each(|f| f.params.put(w)),
        Section::Docs => module.docs.put(w),
    }
}

fn put_head(f: &Function, w: &mut Writer) {
    f.name.put(w);
    f.arity.put(w);
    f.captures.put(w);
    f.wants_self.put(w);
    f.registers.put(w);
}

/// Differences: nearly every entry then takes two bytes.
fn put_lines(lines: &[(u32, u32)], w: &mut Writer) {
    w.varint(lines.len() as u64);
    let mut last = (0, 0);
    for &(instruction, line) in lines {
        w.zigzag(i64::from(instruction) - i64::from(last.0));
        w.zigzag(i64::from(line) - i64::from(last.1));
        last = (instruction, line);
    }
}
