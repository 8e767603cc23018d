//! The outside of a `.ratab` file: magic number, format version, header and the sections' numbers.
//! What is inside the sections is `codec.rs`; putting them together and taking them apart are
//! `encode.rs` and `decode.rs`.
//!
//! ```text
//! offset  size  what                                  (integers little-endian)
//!  0       8    magic: "RATAB\r\n\x1a" — damaged at once by text-mode transfers
//!  8       4    format version
//! 12       8    length of the whole file
//! 20       4    CRC-32 of everything after the header
//! 24       4    CRC-32 of the header's first 24 bytes
//! 28            sections
//! ```
//!
//! A section is its number (1 byte), the length of its payload (8), the CRC-32 of its payload (4)
//! and the payload. Sections come in ascending order, each at most once. Numbers from 128 on are
//! for the use of tools: a reader that does not know them passes over them.
//!
//! Magic and version keep their place in every version, so that any VM can name the version of any
//! file. A VM reads its own version only: the compiler travels with the VM, and sources with both.
//!
//! Version history:
//! - **1**: the first.

/// The first bytes of every `.ratab` file.
pub const MAGIC: [u8; 8] = *b"RATAB\r\n\x1a";

/// The version that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Bytes before the first section.
pub const HEADER_LEN: usize = 28;

/// Bytes before a section's payload.
pub const SECTION_HEADER_LEN: usize = 13;

/// Numbers from here on are not interpreted.
pub const FIRST_CUSTOM_SECTION: u8 = 128;

macro_rules! define_sections {
    ($( $(#[$doc:meta])* $code:literal $name:ident $text:literal $needed:ident ),* $(,)?) => {
        /// The sections of a file. Each holds its part of every module, in the modules' order.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Section { $( $(#[$doc])* $name = $code ),* }

        impl Section {
            /// Every section, in the order of the file.
            pub const ALL: &'static [Section] = &[$( Section::$name ),*];

            /// The section of that number.
            pub fn from_code(code: u8) -> Option<Section> {
                match code { $( $code => Some(Section::$name), )* _ => None }
            }

            /// Its number in the file.
            pub fn code(self) -> u8 {
                self as u8
            }

            /// Its name in messages.
            pub fn name(self) -> &'static str {
                match self { $( Section::$name => $text ),* }
            }

            /// Whether a file must have it (the others may be stripped off).
            pub fn required(self) -> bool {
                match self { $( Section::$name => define_sections!(@ $needed) ),* }
            }
        }
    };
    (@ required) => { true };
    (@ optional) => { false };
}

define_sections! {
    /// The texts that the other sections refer to by number.
    1 Strings "strings" required,
    /// How many modules, their names, kinds, files; the entry.
    2 Modules "modules" required,
    /// Constants.
    3 Constants "constants" required,
    /// Types checked at run time.
    4 Types "types" required,
    /// Functions without their instructions, and function sets.
    5 Functions "functions" required,
    /// Instructions and handlers.
    6 Code "code" required,
    /// Imports, natives and globals.
    7 Links "links" required,
    /// Exports.
    8 Exports "exports" required,
    /// The line table.
    9 Lines "lines" optional,
    /// Parameter names.
    10 Params "params" optional,
    /// Docstrings.
    11 Docs "docs" optional,
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
