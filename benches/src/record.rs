//! One line of a benchmark program's output.
//!
//! What enters: the text a program printed. What leaves: its last `RESULT` line as a [`Record`].

use std::fmt;

/// What one run of a program reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The workload's name as the program spells it.
    pub name: String,
    /// The size it ran with.
    pub size: u64,
    /// The repetition, from 1.
    pub rep: u32,
    /// The check value: the same on every side, or the comparison is void.
    pub check: String,
    /// The figures by key; the time measured, in microseconds, is `us`.
    pub figures: Vec<(String, f64)>,
}

/// Why an output holds no usable result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// No line begins with `RESULT`.
    NoResult,
    /// The line lacks a field it must have.
    Missing(&'static str),
    /// A field's value is not a number, or a word has no `=`.
    Malformed(String),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::NoResult => write!(f, "it printed no RESULT line"),
            RecordError::Missing(key) => write!(f, "its RESULT line has no {key}"),
            RecordError::Malformed(word) => write!(f, "its RESULT line has {word:?}"),
        }
    }
}

impl Record {
    /// The figure of that key.
    pub fn figure(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|(k, _)| k == key).map(|(_, v)| *v)
    }
}

/// The last result among the lines of an output: with several repetitions, the warmest.
pub fn last_record(output: &str) -> Result<Record, RecordError> {
    let line = output.lines().rfind(|line| line.starts_with("RESULT "));
    parse_line(line.ok_or(RecordError::NoResult)?)
}

/// Reads `RESULT name size=N rep=N us=F check=V [key=value …]`.
pub fn parse_line(line: &str) -> Result<Record, RecordError> {
    let mut words = line.split_whitespace();
    if words.next() != Some("RESULT") {
        return Err(RecordError::NoResult);
    }
    let name = words.next().filter(|w| !w.contains('=')).ok_or(RecordError::Missing("name"))?;
    let (mut size, mut rep, mut check) = (None, None, None);
    let mut figures = Vec::new();
    for word in words {
        let malformed = || RecordError::Malformed(word.to_owned());
        let (key, value) = word.split_once('=').ok_or_else(malformed)?;
        match key {
            "size" => size = Some(value.parse().map_err(|_| malformed())?),
            "rep" => rep = Some(value.parse().map_err(|_| malformed())?),
            "check" => check = Some(value.to_owned()),
            "us" => figures.push((key.to_owned(), number(value).ok_or_else(malformed)?)),
            // A further figure may have no value (a percentile of nothing); it is then left out.
            _ => figures.extend(number(value).map(|n| (key.to_owned(), n))),
        }
    }
    if !figures.iter().any(|(key, _)| key == "us") {
        return Err(RecordError::Missing("us="));
    }
    Ok(Record {
        name: name.to_owned(),
        size: size.ok_or(RecordError::Missing("size="))?,
        rep: rep.ok_or(RecordError::Missing("rep="))?,
        check: check.ok_or(RecordError::Missing("check="))?,
        figures,
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// Whether two check values agree: the same text, or floats equal to the nine decimals that every side prints.
pub fn checks_agree(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if !a.contains('.') && !b.contains('.') {
        return false;
    }
    match (number(a), number(b)) {
        (Some(x), Some(y)) => (x - y).abs() <= 1.5e-9,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_field() {
        let record =
            parse_line("RESULT mapdict size=300 rep=2 us=1234.5 check=77 insert_us=10 odd=nil")
                .unwrap();
        assert_eq!(record.name, "mapdict");
        assert_eq!((record.size, record.rep), (300, 2));
        assert_eq!(record.check, "77");
        assert_eq!(record.figure("us"), Some(1234.5));
        assert_eq!(record.figure("insert_us"), Some(10.0));
        assert_eq!(record.figure("odd"), None);
    }

    #[test]
    fn takes_the_last_repetition_and_skips_other_lines() {
        let output = "loading\nRESULT fib size=5 rep=1 us=9 check=5\nRESULT fib size=5 rep=2 us=3 check=5\nbye\n";
        assert_eq!(last_record(output).unwrap().figure("us"), Some(3.0));
        assert_eq!(last_record("FAIL fib\n"), Err(RecordError::NoResult));
        assert_eq!(last_record(""), Err(RecordError::NoResult));
    }

    #[test]
    fn says_what_is_wrong() {
        let missing = |line| parse_line(line).unwrap_err();
        assert_eq!(missing("RESULT fib rep=1 us=1 check=1"), RecordError::Missing("size="));
        assert_eq!(missing("RESULT fib size=1 us=1 check=1"), RecordError::Missing("rep="));
        assert_eq!(missing("RESULT fib size=1 rep=1 check=1"), RecordError::Missing("us="));
        assert_eq!(missing("RESULT fib size=1 rep=1 us=1"), RecordError::Missing("check="));
        assert_eq!(missing("RESULT size=1 rep=1"), RecordError::Missing("name"));
        assert_eq!(
            missing("RESULT fib size=x rep=1 us=1 check=1"),
            RecordError::Malformed("size=x".into())
        );
        assert_eq!(
            missing("RESULT fib size=1 rep=1 us=nan check=1"),
            RecordError::Malformed("us=nan".into())
        );
        assert_eq!(
            missing("RESULT fib stray size=1 rep=1"),
            RecordError::Malformed("stray".into())
        );
    }

    #[test]
    fn floats_agree_to_nine_decimals_and_ints_exactly() {
        assert!(checks_agree("102334155", "102334155"));
        assert!(!checks_agree("102334155", "102334156"));
        assert!(checks_agree("-0.169096567", "-0.169096567"));
        assert!(checks_agree("-0.169096560", "-0.16909656"));
        assert!(checks_agree("5.0", "5"));
        assert!(!checks_agree("-0.169096567", "-0.169096569"));
        assert!(!checks_agree("true", "false"));
        assert!(!checks_agree("a.b", "1.0"));
    }
}
