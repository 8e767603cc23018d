//! What people see for common mistakes, to the letter: `errors.txt` holds sources and what is
//! reported about them. With `RATA_BLESS=1` the file is written anew; read the difference.

use super::*;

const CASES: &str = include_str!("errors.txt");
const BETWEEN: &str = "=====\n";
const ANSWER: &str = "-----\n";

#[test]
fn common_mistakes_are_explained() {
    let mut blessed = Vec::new();
    let mut wrong = Vec::new();
    for case in CASES.split(BETWEEN) {
        let (source, expected) = case.split_once(ANSWER).unwrap_or((case, ""));
        let shown = report(source);
        if shown != expected {
            wrong.push(format!("{source}{ANSWER}{shown}"));
        }
        blessed.push(format!("{source}{ANSWER}{shown}"));
    }
    if std::env::var_os("RATA_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/syntax/tests/errors.txt");
        std::fs::write(path, blessed.join(BETWEEN)).expect("written");
        return;
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join(BETWEEN));
}

#[test]
fn each_case_reports_something() {
    for case in CASES.split(BETWEEN) {
        let (source, expected) = case.split_once(ANSWER).expect("an answer");
        assert!(expected.contains("app.rata:"), "{source}");
    }
}

#[test]
fn byte_order_marks_are_reported() {
    let shown = report("\u{feff}x = 1\n");
    let expected = "error[E0107]: this file begins with a byte order mark\n --> app.rata:1:1\n  \
                    |\n1 | \u{fffd}x = 1\n  | ^\n  |\nhelp: save the file as UTF-8 without BOM\n";
    assert_eq!(shown, expected);
}

#[test]
fn bytes_that_are_no_text_are_reported() {
    let (text, error) = decode(FileId(0), b"x = 1\ny = \"a\xffb\"\n");
    let shown = rendered(&text, &[error.expect("an error")]);
    let expected = "error[E0106]: this file is not valid UTF-8\n --> app.rata:2:7\n  |\n2 | y = \
                    \"a\u{fffd}b\"\n  |       ^ the byte 0xFF is part of no character\n  |\n\
                    help: save the file as UTF-8\n";
    assert_eq!(shown, expected);
}

#[test]
fn every_syntax_code_is_shown() {
    let missing: Vec<&str> = crate::diagnostics::codes::CODES
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| code.starts_with("E01") || matches!(*code, "W0901" | "W0902" | "W0903"))
        .filter(|code| !CASES.contains(&format!("[{code}]")))
        .collect();
    // The first two have tests of their own above, the limits in `limits.rs`; a file of 2 GiB has
    // none.
    assert_eq!(missing, ["E0106", "E0107", "E0117", "E0118", "E0125"]);
}
