//! The bytes of a file in, text out; bytes that are not UTF-8 are reported.

use std::borrow::Cow;

use crate::diagnostics::Diagnostic;
use crate::span::{FileId, Span};

/// The text of a file. When the bytes are not UTF-8 the text holds replacement characters in their
/// place, and the diagnostic points at the first of them; it is this text that belongs into the
/// `SourceMap`.
pub fn decode(file: FileId, bytes: &[u8]) -> (Cow<'_, str>, Option<Diagnostic>) {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return (Cow::Borrowed(text), None),
        Err(error) => error,
    };
    let start = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX - 3);
    let span = Span::new(start, start + '\u{fffd}'.len_utf8() as u32);
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or(0);
    let diagnostic = Diagnostic::error("E0106", file, span, "this file is not valid UTF-8")
        .label(format!("the byte 0x{byte:02X} is part of no character"))
        .help("save the file as UTF-8");
    (String::from_utf8_lossy(bytes), Some(diagnostic))
}

/// Why these bytes are no source text at all but some other kind of file, if they are: they hold a zero
/// byte, or more than one in ten belongs to no character. (A stray byte is a mistake *in* a text.)
pub fn binary(bytes: &[u8]) -> Option<String> {
    /// How much of a file is looked at.
    const START: usize = 8 * 1024;
    let start = &bytes[..bytes.len().min(START)];
    if let Some(at) = start.iter().position(|byte| *byte == 0) {
        return Some(format!("it is a binary file, not text (byte {} is zero)", at + 1));
    }
    let broken: usize =
        start.utf8_chunks().map(|chunk| usize::from(!chunk.invalid().is_empty())).sum();
    (broken * 10 > start.len()).then(|| "it is a binary file, not UTF-8 text".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_binary_files_from_texts_with_a_mistake() {
        assert!(binary(b"\x7fELF\x02\x01\x01\0\0").is_some_and(|why| why.contains("byte 8")));
        assert!(binary(&[0x80, 0xfe, 0x12, 0xff]).is_some());
        assert!(binary(b"").is_none());
        assert!(binary(b"x = \"caf\xe9\"\n").is_none());
        assert!(binary("größer = \"日本語\"".as_bytes()).is_none());
    }

    #[test]
    fn points_at_the_first_bad_byte() {
        let (text, error) = decode(FileId(0), b"x = 1\ny = \"\xff\"\n");
        assert_eq!(text, "x = 1\ny = \"\u{fffd}\"\n");
        let error = error.expect("is reported");
        assert_eq!(error.span, Span::new(11, 14));
        assert!(decode(FileId(0), "é".as_bytes()).1.is_none());
    }
}
