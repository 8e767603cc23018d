//! Compares what was printed with what was expected where the text is not exact: in come the
//! expected lines and the actual text, out comes the first expected line that is not there.

/// Stands for any text within one line.
pub const WILDCARD: &str = "…";

/// Whether `pattern` matches the whole of `line`.
pub fn line_matches(pattern: &str, line: &str) -> bool {
    let parts: Vec<&str> = pattern.split(WILDCARD).collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == line;
    };
    let Some(rest) = line.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    // The leftmost place for each part leaves the most room for those after it.
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Whether the lines of `expected` match lines of `actual` in this order; lines of `actual`
/// between them are passed over. Gives the first expected line that is missing.
pub fn in_order<'a>(expected: &'a str, actual: &str) -> Result<(), &'a str> {
    let mut lines = actual.lines();
    for pattern in expected.lines() {
        let wanted = pattern.trim_end();
        if !lines.any(|line| line_matches(wanted, line.trim_end())) {
            return Err(pattern);
        }
    }
    Ok(())
}

/// Whether each line of `expected` occurs within some line of `actual`, in any order. Gives the
/// first that does not.
pub fn contains_all<'a>(expected: &'a str, actual: &str) -> Result<(), &'a str> {
    for pattern in expected.lines() {
        let wanted = format!("{WILDCARD}{}{WILDCARD}", pattern.trim());
        if !actual.lines().any(|line| line_matches(&wanted, line)) {
            return Err(pattern);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{contains_all, in_order, line_matches};

    #[test]
    fn wildcards_within_a_line() {
        assert!(line_matches("abc", "abc"));
        assert!(!line_matches("abc", "abcd"));
        assert!(line_matches("a…c", "abc"));
        assert!(line_matches("a…c", "ac"));
        assert!(!line_matches("ab…bc", "abc"), "the parts must not overlap");
        assert!(line_matches("…b…d…", "abcde"));
        assert!(!line_matches("…d…b…", "abcde"));
        assert!(line_matches("…", ""));
        assert!(!line_matches("", "x"));
    }

    #[test]
    fn lines_in_order() {
        assert_eq!(in_order("a\nc\n", "a\nb\nc\n"), Ok(()));
        assert_eq!(in_order("c\na\n", "a\nb\nc\n"), Err("a"));
        assert_eq!(in_order("a\na\n", "a\n"), Err("a"));
        assert_eq!(in_order("x: …\n", "w\nx: 5\n"), Ok(()));
    }

    #[test]
    fn texts_anywhere() {
        assert_eq!(contains_all("two\none\n", "this is one\nand two\n"), Ok(()));
        assert_eq!(contains_all("o…e\n", "number one\n"), Ok(()));
        assert_eq!(contains_all("one two\n", "one\ntwo\n"), Err("one two"));
    }
}
