//! What the tidy tests see of a source file: its text goes in; its code without comments, literals
//! and unit tests comes out, and the words that occur in it. Manifests are read here too.

/// The text with comments, string and character literals blanked out (newlines kept), so that
/// only code is judged.
pub(crate) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end > at {
            out.extend(bytes[at..end].iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }));
            at = end;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).expect("only whole literals were blanked")
}

/// The end of the comment or literal that begins at `at`, or `at` if none does.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n),
        [b'/', b'*', ..] => block_comment(bytes, at),
        [b'r', b'"' | b'#', ..] if !word_before => raw_string(bytes, at),
        [b'"', ..] => quoted(bytes, at, b'"'),
        [b'\'', b'\\', ..] => quoted(bytes, at, b'\''),
        [b'\'', ..] => character(bytes, at),
        _ => at,
    }
}

fn block_comment(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut i) = (0usize, at);
    while i < bytes.len() {
        match &bytes[i..] {
            [b'/', b'*', ..] => (depth, i) = (depth + 1, i + 2),
            [b'*', b'/', ..] => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    bytes.len()
}

fn raw_string(bytes: &[u8], at: usize) -> usize {
    let hashes = bytes[at + 1..].iter().take_while(|b| **b == b'#').count();
    let open = at + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return at;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = &bytes[open + 1..];
    let found = body.windows(close.len()).position(|w| w == close.as_slice());
    found.map_or(bytes.len(), |n| open + 1 + n + close.len())
}

fn quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut i = at + 1;
    while i < bytes.len() && bytes[i] != quote {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(bytes.len())
}

/// A character literal has its closing quote after one character; a lifetime has none there.
fn character(bytes: &[u8], at: usize) -> usize {
    let width = match bytes.get(at + 1) {
        None => return at,
        Some(b) if *b < 0x80 => 1,
        Some(b) if *b < 0xe0 => 2,
        Some(b) if *b < 0xf0 => 3,
        Some(_) => 4,
    };
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + 2 + width } else { at }
}

/// The code without its `#[cfg(test)]` modules: unit tests may start threads and read files.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let item = &rest[at + MARK.len()..];
        let end = item_end(item);
        // Line numbers of what follows stay right.
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// The end of the item at the start of `code`: its `;`, or the `}` of its first block.
fn item_end(code: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Whether the file holds nothing but unit tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.contains("/tests/") || name == "tests.rs" || name.ends_with("_tests.rs")
}

/// Whether `word` occurs in `code` as a whole path or word, not as part of a longer name.
pub(crate) fn mentions(code: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).find_map(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        (!before && !after).then(|| code[..at].lines().count().max(1))
    })
}

/// Spells `use std::{fs, time::Instant}` out as `std::fs std::time::Instant`, so that grouped
/// imports are seen. One level of nesting is enough for what is forbidden.
pub(crate) fn with_groups_spelled_out(code: &str) -> String {
    let mut out = code.to_string();
    for prefix in ["std", "crate"] {
        let open = format!("{prefix}::{{");
        for (at, _) in code.match_indices(&open) {
            let (mut depth, mut item) = (0, String::new());
            for c in code[at + open.len()..].chars() {
                match c {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        out.push_str(&format!("\n{prefix}::{} ", item.trim()));
                        item.clear();
                        continue;
                    }
                    _ => {}
                }
                item.push(c);
            }
            out.push_str(&format!("\n{prefix}::{} ", item.trim()));
        }
    }
    out
}

/// The names under `[dependencies]` (also of targets), tests' and build scripts' left out.
pub(crate) fn dependencies_of(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            if let Some(name) = section.strip_prefix("dependencies.") {
                names.push(name.to_string());
            }
            inside = section == "dependencies" || section.ends_with(".dependencies");
        } else if inside && let Some(end) = line.find(['.', '=', ' ']) {
            names.push(line[..end].to_string());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{
        code_of, dependencies_of, is_test_file, mentions, with_groups_spelled_out, without_tests,
    };

    #[test]
    fn unit_tests_may_do_more() {
        let code = "a\n#[cfg(test)]\nmod tests {\n    fn f() { std::fs }\n}\nstd::net\n";
        let left = without_tests(code);
        assert!(mentions(&left, "std::fs").is_none());
        assert_eq!(mentions(&left, "std::net"), mentions(code, "std::net"));
        let left = without_tests("#[cfg(test)]\nmod tests;\nstd::net");
        assert!(mentions(&left, "std::net").is_some());
        assert!(is_test_file("vm/src/heap/tests.rs") && is_test_file("vm/src/tests/a.rs"));
        assert!(!is_test_file("vm/src/latests.rs"));
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        for text in [
            "// unsafe\n",
            "/* /* x */ unsafe */",
            "\"a \\\" unsafe\"",
            "r#\"un\" unsafe\"#",
            "b\"unsafe\"",
        ] {
            assert_eq!(mentions(&code_of(text), "unsafe"), None, "{text}");
        }
        for text in ["'\"'; unsafe {}", "&'a unsafe", "'\\''; unsafe", "'é'; unsafe", "\"\";unsafe"]
        {
            assert!(mentions(&code_of(text), "unsafe").is_some(), "{text}");
        }
        assert_eq!(mentions(&code_of("x\n// a\nunsafe"), "unsafe"), Some(2));
    }

    #[test]
    fn only_whole_words_count() {
        assert_eq!(mentions("unsafe_code", "unsafe"), None);
        assert_eq!(mentions("std::fspath", "std::fs"), None);
        assert!(mentions("std::fs::read", "std::fs").is_some());
    }

    #[test]
    fn grouped_imports_are_seen() {
        let code = with_groups_spelled_out("use std::{collections::{A, B}, fs, time::Instant};");
        assert!(mentions(&code, "std::fs").is_some());
        assert!(mentions(&code, "std::time").is_some());
        assert!(mentions(&code, "std::net").is_none());
    }

    #[test]
    fn dependencies_are_read() {
        let text = "[dependencies]\na.workspace = true\nb = \"1\"\n[dependencies.c]\nversion = \"1\"\n\
                    [dev-dependencies]\nd = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n";
        assert_eq!(dependencies_of(text), ["a", "b", "c", "e"]);
    }
}
