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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_first_bad_byte() {
        let (text, error) = decode(FileId(0), b"x = 1\ny = \"\xff\"\n");
        assert_eq!(text, "x = 1\ny = \"\u{fffd}\"\n");
        let error = error.expect("is reported");
        assert_eq!(error.span, Span::new(11, 14));
        assert!(decode(FileId(0), "é".as_bytes()).1.is_none());
    }
}
