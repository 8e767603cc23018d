//! What debuggers are told of compiled functions, by GDB's JIT interface.
//!
//! In: a compiled function's name and place. Out: an object file in memory with one symbol, in the list that GDB (and
//! LLDB) read at a breakpoint in `__jit_debug_register_code`. So backtraces name rata functions.
//!
//! # Safety
//! The list is changed under a lock and only grows; debuggers read it while the program stands still.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::{Mutex, PoisonError};

use crate::jit_settings::Compiled;

#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    object: *const u8,
    bytes: u64,
}

#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

const REGISTER: u32 = 1;

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
static mut __jit_debug_descriptor: Descriptor =
    Descriptor { version: 1, action: 0, relevant: ptr::null_mut(), first: ptr::null_mut() };

/// Debuggers stop here to look at the descriptor.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn __jit_debug_register_code() {
    // Not to be left out, nor merged with another empty function.
    std::hint::black_box(&raw const __jit_debug_descriptor);
}

/// Tells debuggers of a function. What they are told stays in memory, as the code does.
pub fn tell_debuggers(code: &Compiled) {
    static LIST: Mutex<()> = Mutex::new(());
    let _guard = LIST.lock().unwrap_or_else(PoisonError::into_inner);
    let object: &'static [u8] = object(code).leak();
    let entry = Entry {
        next: ptr::null_mut(),
        previous: ptr::null_mut(),
        object: object.as_ptr(),
        bytes: object.len() as u64,
    };
    let entry = ptr::from_mut(Box::leak(Box::new(entry)));
    // SAFETY: under the lock; entries are immortal.
    unsafe {
        let list = &raw mut __jit_debug_descriptor;
        (*entry).next = (*list).first;
        if !(*list).first.is_null() {
            (*(*list).first).previous = entry;
        }
        (*list).first = entry;
        (*list).relevant = entry;
        (*list).action = REGISTER;
    }
    __jit_debug_register_code();
}

// The parts of an ELF file, in the order in which they lie.
const HEADER: usize = 64;
const SECTION: usize = 64;
const SYMBOL: usize = 24;
const SECTIONS: [&str; 5] = ["", ".text", ".symtab", ".strtab", ".shstrtab"];

struct Section {
    kind: u32,
    flags: u64,
    address: u64,
    offset: usize,
    bytes: usize,
    link: u32,
    info: u32,
    entry: usize,
}

/// A relocatable ELF file for x86-64: the code's place as `.text` without contents, and one symbol.
fn object(code: &Compiled) -> Vec<u8> {
    let names: Vec<u8> = SECTIONS.iter().flat_map(|name| name.bytes().chain([0])).collect();
    let mut texts = vec![0];
    texts.extend(code.name.bytes().filter(|&byte| byte != 0));
    texts.push(0);
    let symbols = HEADER + SECTIONS.len() * SECTION;
    let strings = symbols + 2 * SYMBOL;
    let section_names = strings + texts.len();
    let plain = |kind, offset, bytes| Section {
        kind,
        flags: 0,
        address: 0,
        offset,
        bytes,
        link: 0,
        info: 0,
        entry: 0,
    };
    let (symtab, strtab, nobits) = (2, 3, 8);
    let sections = [
        plain(0, 0, 0),
        // Allocated, executable.
        Section { flags: 2 | 4, address: code.address as u64, ..plain(nobits, HEADER, code.bytes) },
        // Its strings are section 3; one local symbol, the empty one.
        Section { link: 3, info: 1, entry: SYMBOL, ..plain(symtab, symbols, 2 * SYMBOL) },
        plain(strtab, strings, texts.len()),
        plain(strtab, section_names, names.len()),
    ];
    let mut file = Vec::with_capacity(section_names + names.len());
    header(&mut file);
    let mut name = 0u32;
    for (section, text) in sections.iter().zip(SECTIONS) {
        file.extend(name.to_le_bytes());
        file.extend(section.kind.to_le_bytes());
        for word in [section.flags, section.address, section.offset as u64, section.bytes as u64] {
            file.extend(word.to_le_bytes());
        }
        file.extend(section.link.to_le_bytes());
        file.extend(section.info.to_le_bytes());
        file.extend(16u64.to_le_bytes());
        file.extend((section.entry as u64).to_le_bytes());
        name += text.len() as u32 + 1;
    }
    file.extend([0; SYMBOL]);
    // Its name is the first string; a global function, of section 1, at its beginning.
    file.extend(1u32.to_le_bytes());
    file.extend([1 << 4 | 2, 0]);
    file.extend(1u16.to_le_bytes());
    file.extend(0u64.to_le_bytes());
    file.extend((code.bytes as u64).to_le_bytes());
    file.extend(texts);
    file.extend(names);
    file
}

fn header(file: &mut Vec<u8>) {
    let (class64, little, version, relocatable, x86_64) = (2, 1, 1, 1u16, 62u16);
    file.extend([0x7f, b'E', b'L', b'F', class64, little, version]);
    file.extend([0; 9]);
    file.extend(relocatable.to_le_bytes());
    file.extend(x86_64.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    // Entry, program headers: none; then where the section headers are, and flags.
    for word in [0, 0, HEADER as u64] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0u32.to_le_bytes());
    let count = SECTIONS.len() as u16;
    for half in [HEADER as u16, 0, 0, SECTION as u16, count, count - 1] {
        file.extend(half.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(file: &[u8], at: usize, bytes: usize) -> usize {
        file[at..at + bytes].iter().rev().fold(0, |n, &byte| n << 8 | byte as usize)
    }

    #[test]
    fn the_object_names_the_code() {
        let name = "Module.name/2".to_owned();
        let file = object(&Compiled { name, address: 0x1234_5678_9000, bytes: 77 });
        assert_eq!(&file[..4], b"\x7fELF");
        let sections = number(&file, 0x28, 8);
        let section = |i: usize| sections + i * number(&file, 0x3a, 2);
        let place =
            |i: usize| (number(&file, section(i) + 24, 8), number(&file, section(i) + 32, 8));
        assert_eq!(number(&file, 0x3c, 2), SECTIONS.len());
        assert_eq!(number(&file, section(1) + 16, 8), 0x1234_5678_9000);
        assert_eq!(place(1).1, 77);
        let (symbols, bytes) = place(2);
        assert_eq!(bytes, 2 * SYMBOL);
        let text = place(3).0 + number(&file, symbols + SYMBOL, 4);
        assert_eq!(&file[text..text + 14], b"Module.name/2\0");
        let names = place(number(&file, 0x3e, 2)).0;
        let named = |i: usize| &file[names + number(&file, section(i), 4)..];
        assert!(named(1).starts_with(b".text\0") && named(4).starts_with(b".shstrtab\0"));
    }
}
