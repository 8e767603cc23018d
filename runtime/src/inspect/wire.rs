//! What goes over the socket of a running node: requests of one line, and answers in parts.
//!
//! A request is `rata1 WORD key=value …` and a newline. An answer is a row of parts, each a line `KIND LENGTH` and so many
//! bytes of text, until one of kind `end` or `error`. Both sides bound what they take from the other.

use std::fmt::Write as _;
use std::io::{self, BufRead, ErrorKind, Read, Write};

/// The word that requests begin with: the protocol and its version.
const MAGIC: &str = "rata1";
/// The longest request.
const MOST_REQUEST: u64 = 4096;
/// The longest part of an answer.
pub const MOST_PART: usize = 16 << 20;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Of which kind.
    pub word: String,
    fields: Vec<(String, String)>,
}

impl Request {
    /// One without fields.
    pub fn new(word: &str) -> Request {
        Request { word: word.to_owned(), fields: Vec::new() }
    }

    /// With a field. White space in a value becomes `_`: no name that a request can mean has any.
    pub fn with(mut self, key: &str, value: impl ToString) -> Request {
        let value: String = value
            .to_string()
            .chars()
            .map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c })
            .collect();
        self.fields.push((key.to_owned(), value));
        self
    }

    /// The value of a field.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.0 == key).map(|f| f.1.as_str())
    }

    /// The number in a field, or `usual`; at most `most`.
    pub fn number(&self, key: &str, usual: usize, most: usize) -> usize {
        self.get(key).and_then(|n| n.parse().ok()).unwrap_or(usual).min(most)
    }

    /// Writes it.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = format!("{MAGIC} {}", self.word);
        for (key, value) in &self.fields {
            let _ = write!(line, " {key}={value}");
        }
        line.push('\n');
        to.write_all(line.as_bytes())
    }

    /// Reads one; nothing at the end.
    pub fn receive(from: &mut impl BufRead) -> io::Result<Option<Request>> {
        let mut line = Vec::new();
        from.by_ref().take(MOST_REQUEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let bad = || io::Error::new(ErrorKind::InvalidData, "this is no request");
        let line = line.strip_suffix(b"\n").ok_or_else(bad)?;
        let line = std::str::from_utf8(line).map_err(|_| bad())?;
        let mut words = line.split(' ');
        if words.next() != Some(MAGIC) {
            return Err(bad());
        }
        let mut request = Request::new(words.next().ok_or_else(bad)?);
        for field in words {
            let (key, value) = field.split_once('=').ok_or_else(bad)?;
            request.fields.push((key.to_owned(), value.to_owned()));
        }
        Ok(Some(request))
    }
}

/// The kinds of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// More follows.
    Part,
    /// The last one.
    End,
    /// It failed, for this reason.
    Error,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Part => "part",
            Kind::End => "end",
            Kind::Error => "error",
        }
    }
}

/// Writes a part.
pub fn send_part(to: &mut impl Write, kind: Kind, text: &[u8]) -> io::Result<()> {
    to.write_all(format!("{} {}\n", kind.word(), text.len()).as_bytes())?;
    to.write_all(text)
}

/// Reads a part.
pub fn receive_part(from: &mut impl BufRead) -> io::Result<(Kind, Vec<u8>)> {
    let bad = || io::Error::new(ErrorKind::InvalidData, "the node gave no proper answer");
    let mut line = String::new();
    from.by_ref().take(64).read_line(&mut line)?;
    if line.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let (word, length) = line.trim_end().split_once(' ').ok_or_else(bad)?;
    let kind = [Kind::Part, Kind::End, Kind::Error].into_iter().find(|kind| kind.word() == word);
    let length = length.parse::<usize>().ok().filter(|n| *n <= MOST_PART).ok_or_else(bad)?;
    let mut text = vec![0; length];
    from.read_exact(&mut text)?;
    Ok((kind.ok_or_else(bad)?, text))
}

/// Writes text as parts, a full buffer at a time.
pub struct Parts<'w, W: Write> {
    to: &'w mut W,
    waiting: Vec<u8>,
}

/// How much goes into one part.
const PIECE: usize = 32 << 10;

impl<'w, W: Write> Parts<'w, W> {
    /// Parts written to `to`.
    pub fn new(to: &'w mut W) -> Parts<'w, W> {
        Parts { to, waiting: Vec::new() }
    }
}

impl<W: Write> Write for Parts<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            send_part(self.to, Kind::Part, &self.waiting)?;
            self.waiting.clear();
        }
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_arrive_as_they_were_sent() {
        let request = Request::new("top").with("count", 20).with("name", "two words\n");
        let mut bytes = Vec::new();
        request.send(&mut bytes).unwrap();
        let got = Request::receive(&mut bytes.as_slice()).unwrap().unwrap();
        assert_eq!(got, request);
        assert_eq!((got.get("name"), got.number("count", 5, 10)), (Some("two_words_"), 10));
        assert_eq!((got.get("other"), got.number("name", 5, 10)), (None, 5));
        assert_eq!(Request::receive(&mut [].as_slice()).unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("rata1 top x={}\n", "y".repeat(MOST_REQUEST as usize));
        for line in
            ["\n", "rata1\n", "GET / HTTP/1.1\n", "rata1 top", "rata1 top x\n", "\u{0}\n", &long]
        {
            assert!(Request::receive(&mut line.as_bytes()).is_err(), "{line:?}");
        }
        assert!(Request::receive(&mut [0xff, 0xfe, b'\n'].as_slice()).is_err());
    }

    #[test]
    fn answers_come_in_parts() {
        let mut bytes = Vec::new();
        let text = "line\n".repeat(20_000);
        let mut parts = Parts::new(&mut bytes);
        for line in text.split_inclusive('\n') {
            parts.write_all(line.as_bytes()).unwrap();
        }
        parts.flush().unwrap();
        send_part(&mut bytes, Kind::Error, b"over").unwrap();
        let (mut from, mut got) = (bytes.as_slice(), Vec::new());
        while let (Kind::Part, part) = receive_part(&mut from).unwrap() {
            got.extend(part);
        }
        assert!(got == text.as_bytes() && from.is_empty());
        for bad in ["", "part\n", "part 99999999999\n", "what 0\n", "part 5\nabc"] {
            assert!(receive_part(&mut bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
