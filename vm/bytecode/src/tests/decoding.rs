//! What a decoder says about files that it does not accept.

use super::samples;
use crate::decode::{Cause, DecodeError, decode, decode_unchecked_checksums};
use crate::encode::{encode, write_header};
use crate::layout::{FORMAT_VERSION, HEADER_LEN, SECTION_HEADER_LEN, Section};

fn file() -> Vec<u8> {
    encode(&samples::package())
}

fn cause(bytes: &[u8]) -> Cause {
    decode(bytes).expect_err("it should be rejected").cause
}

fn told(bytes: &[u8]) -> String {
    decode(bytes).expect_err("it should be rejected").to_string()
}

/// Where a section's header is in the file.
fn find(file: &[u8], section: Section) -> usize {
    let mut at = HEADER_LEN;
    while file[at] != section.code() {
        let length = u64::from_le_bytes(file[at + 1..at + 9].try_into().expect("eight bytes"));
        at += SECTION_HEADER_LEN + length as usize;
    }
    at
}

/// A file with one section's payload replaced, its checksums right.
fn with_payload(section: Section, payload: &[u8]) -> Vec<u8> {
    let mut file = file();
    let at = find(&file, section);
    let length = u64::from_le_bytes(file[at + 1..at + 9].try_into().expect("eight bytes"));
    let end = at + SECTION_HEADER_LEN + length as usize;
    let mut new = vec![section.code()];
    new.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    new.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    new.extend_from_slice(payload);
    file.splice(at..end, new);
    write_header(&mut file);
    file
}

#[test]
fn other_files_are_told_apart() {
    assert_eq!(cause(b""), Cause::NotRatab);
    assert_eq!(cause(b"module M { }\n"), Cause::NotRatab);
    assert_eq!(cause(b"RATAB\n\x1a\0"), Cause::NotRatab);
    assert_eq!(told(b"\x7fELF"), "not a .ratab file");
}

#[test]
fn other_versions_are_named() {
    let mut file = file();
    file[8] = 200;
    assert_eq!(cause(&file), Cause::Version(200));
    let text =
        format!("made by format version 200, this VM reads {FORMAT_VERSION}: compile it again");
    assert_eq!(told(&file), text);
    // Even when nothing else of the file is as it is now.
    assert_eq!(cause(&file[..12]), Cause::Version(200));
}

#[test]
fn every_truncation_is_seen() {
    let file = file();
    for end in 1..file.len() {
        assert_eq!(cause(&file[..end]), Cause::Truncated, "cut at {end}");
    }
}

#[test]
fn every_changed_byte_is_seen() {
    let file = file();
    for at in 0..file.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] ^= flip;
            let expected = match at {
                0..8 => matches!(cause(&damaged), Cause::NotRatab),
                8..12 => matches!(cause(&damaged), Cause::Version(_)),
                _ => matches!(cause(&damaged), Cause::Damaged),
            };
            assert!(expected, "byte {at}: {}", told(&damaged));
        }
    }
}

#[test]
fn damage_names_the_section() {
    let mut file = file();
    let at = find(&file, Section::Code) + SECTION_HEADER_LEN;
    file[at + 3] ^= 4;
    let error = decode(&file).expect_err("it should be rejected");
    let expected = DecodeError { section: Some(Section::Code), offset: at, cause: Cause::Damaged };
    assert_eq!(error, expected);
    assert!(decode_unchecked_checksums(&file).map_err(|e| e.cause) != Err(Cause::Damaged));
}

#[test]
fn trailing_bytes_are_seen() {
    let mut file = file();
    file.push(0);
    assert!(told(&file).contains("there is more after its end"));
}

#[test]
fn claimed_counts_are_checked_before_they_are_believed() {
    // 2^62 modules, types, texts.
    let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0, 0];
    for section in Section::ALL {
        let text = told(&with_payload(*section, &huge));
        assert!(text.contains("a count of 4611686018427387904") || text.contains("text"), "{text}");
    }
}

#[test]
fn malformed_sections_are_explained() {
    let cases: &[(Section, &[u8], &str)] = &[
        (Section::Strings, &[1, 2, 0xff, 0xff], "text not UTF-8"),
        (Section::Strings, &[5, 1], "a count of 5"),
        (Section::Modules, &[0, 2], "2 where 0 or 1 should be"),
        (Section::Constants, &[1, 99], "unknown Const 99"),
        (Section::Types, &[1, 77], "unknown Type 77"),
        (Section::Constants, &[1, 2], "the section ends too early"),
        (Section::Constants, &[1, 5, 0xff, 0xff, 3], "there is no text 65535"),
        (Section::Code, &[1, 0xee], "unknown instruction 0xee, in section `code`"),
        (Section::Code, &[1, 2, 0xff, 0xff, 0xff, 1, 0], "there is no register"),
        (Section::Types, &[0, 0, 0, 0], "2 bytes too many"),
    ];
    for (section, payload, expected) in cases {
        let text = told(&with_payload(*section, payload));
        assert!(text.contains(expected), "{section}: {text}");
    }
}

#[test]
fn missing_sections_are_named_and_optional_ones_may_be_stripped() {
    for &section in Section::ALL {
        let mut file = file();
        let at = find(&file, section);
        let length = u64::from_le_bytes(file[at + 1..at + 9].try_into().expect("eight bytes"));
        file.drain(at..at + SECTION_HEADER_LEN + length as usize);
        write_header(&mut file);
        if section.required() {
            assert!(told(&file).contains(&format!("section `{section}` is missing")));
        } else {
            assert_ne!(decode(&file).expect("it may be stripped"), samples::package());
        }
    }
}

#[test]
fn custom_sections_are_passed_over() {
    let mut file = file();
    file.extend_from_slice(&[200, 2, 0, 0, 0, 0, 0, 0, 0]);
    file.extend_from_slice(&crc32fast::hash(b"hi").to_le_bytes());
    file.extend_from_slice(b"hi");
    write_header(&mut file);
    assert_eq!(decode(&file), Ok(samples::package()));
}

#[test]
fn unknown_and_misplaced_sections_are_rejected() {
    for (code, expected) in [(100, "there is no section 100"), (3, "section 3 after section 11")] {
        let mut file = file();
        file.extend_from_slice(&[code, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        write_header(&mut file);
        assert!(told(&file).contains(expected), "{}", told(&file));
    }
}

#[test]
fn a_long_text_cannot_be_multiplied() {
    let mut texts = vec![1, 100];
    texts.extend_from_slice(&[b'x'; 100]);
    let mut file = with_payload(Section::Strings, &texts);
    // Every reference is now to text 0 or to none.
    let at = find(&file, Section::Modules) + SECTION_HEADER_LEN;
    file[at..at + 6].copy_from_slice(&[2, 0, 0, 0, 0, 0]);
    let error = decode_unchecked_checksums(&file).expect_err("it should be rejected");
    assert!(error.to_string().contains("the long text 0 is referred to twice"), "{error}");
}
