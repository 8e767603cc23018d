//! The house rules that cargo cannot enforce: forbidden edges between crates and modules, the
//! list of files that may hold `unsafe`, file length, and an opening `//!` in every file.

use std::fs;
use std::path::{Path, PathBuf};

/// Files (or folders, ending in `/`) that may hold `unsafe`, and why each must.
const UNSAFE_ALLOWED: &[(&str, &str)] = &[
    ("vm/src/value.rs", "words are pointers in disguise"),
    ("vm/src/heap/", "the collector moves objects behind words"),
    ("vm/src/stack.rs", "frames lie in raw chunks, shared with JIT code"),
    ("vm/src/object.rs", "accessors read object payloads behind a checked tag"),
    ("vm/src/object/", "accessors read object payloads behind a checked tag"),
    ("vm/src/jit/", "generated code is entered and left here"),
    ("vm/src/jit.rs", "generated code is entered and left here"),
];

/// Files that may be longer than `MAX_LINES` because they are tables.
const LONG_TABLES: &[&str] = &["vm/bytecode/src/natives.rs", "vm/bytecode/src/ops.rs"];

const MAX_LINES: usize = 800;

/// `(folder, words that must not occur in its code, why)`.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "vm/src/",
        &["std::thread", "std::fs", "std::time", "std::net", "std::process::Command"],
        "the vm starts no threads, reads no clock and opens no file",
    ),
    ("vm/src/", &["rata_runtime", "rata_compiler"], "control returns upward as values"),
    (
        "vm/bytecode/src/",
        &["rata_vm", "rata_runtime", "rata_compiler"],
        "the treaty knows neither of its parties",
    ),
    (
        "vm/bytecode/src/",
        &["std::thread", "std::fs", "std::time", "std::net"],
        "decoding and verifying are pure",
    ),
    ("compiler/src/", &["rata_vm", "rata_runtime"], "compiler and vm meet only in the bytecode"),
    (
        "compiler/src/syntax/",
        &[
            "crate::resolve",
            "crate::types",
            "crate::lower",
            "crate::passes",
            "crate::emit",
            "crate::pipeline",
            "crate::ir",
            "std::fs",
            "rata_bytecode",
        ],
        "syntax knows nothing of names, types or files",
    ),
    (
        "compiler/src/diagnostics/",
        &["crate::syntax", "crate::resolve", "crate::types", "crate::lower", "crate::emit"],
        "diagnostics know only spans",
    ),
    (
        "compiler/src/resolve/",
        &["crate::lower", "crate::passes", "crate::emit", "crate::pipeline"],
        "a stage knows only those before it",
    ),
    (
        "compiler/src/lower/",
        &["crate::emit", "crate::pipeline"],
        "a stage knows only those before it",
    ),
    ("compiler/src/passes/", &["crate::emit", "crate::pipeline"], "passes map IR to IR"),
    (
        "runtime/src/natives/",
        &["rata_compiler"],
        "natives serve running programs; loading source is the command line's work",
    ),
];

/// `(manifest, packages that must not be among its dependencies)`.
const FORBIDDEN_PACKAGES: &[(&str, &[&str])] = &[
    ("vm/bytecode/Cargo.toml", &["rata-vm", "rata-runtime", "rata-compiler"]),
    ("vm/Cargo.toml", &["rata-runtime", "rata-compiler", "parking_lot", "crossbeam-deque"]),
    ("compiler/Cargo.toml", &["rata-vm", "rata-runtime"]),
    ("runtime/Cargo.toml", &["rata-conformance", "rata-benches"]),
];

const CRATES: &[&str] =
    &["compiler", "vm", "vm/bytecode", "runtime", "conformance", "benches", "stdlib"];

fn root() -> PathBuf {
    let conformance = rata_conformance::conformance_dir();
    conformance.parent().expect("the workspace").to_path_buf()
}

/// Every `.rs` file of the workspace: its path from the root, with `/`, and its text.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut folders: Vec<PathBuf> = CRATES.iter().map(|c| root.join(c)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|n| n != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source file");
                found.push((from_root(&root, &path), text));
            }
        }
    }
    found.sort();
    // vm/bytecode lies inside vm and is met twice.
    found.dedup();
    found
}

fn from_root(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).expect("a path below the root").components();
    parts.map(|p| p.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The text with comments, string and character literals blanked out (newlines kept), so that
/// only code is judged.
fn code_of(text: &str) -> String {
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

/// Whether `word` occurs in `code` as a whole path or word, not as part of a longer name.
fn mentions(code: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).find_map(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        (!before && !after).then(|| code[..at].lines().count().max(1))
    })
}

/// Spells `use std::{fs, time::Instant}` out as `std::fs std::time::Instant`, so that grouped
/// imports are seen. One level of nesting is enough for what is forbidden.
fn with_groups_spelled_out(code: &str) -> String {
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

fn report(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn no_forbidden_edges() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let code = with_groups_spelled_out(&code_of(&text));
        for (folder, words, why) in FORBIDDEN {
            // `syntax/` also stands for a module kept in `syntax.rs`.
            let file = format!("{}.rs", folder.trim_end_matches('/'));
            if !path.starts_with(folder) && path != file {
                continue;
            }
            for word in *words {
                if let Some(line) = mentions(&code, word) {
                    problems.push(format!("{path}:{line}: `{word}`: {why}"));
                }
            }
        }
    }
    report(problems);
}

#[test]
fn no_forbidden_packages() {
    let mut problems = Vec::new();
    for (manifest, packages) in FORBIDDEN_PACKAGES {
        let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
        let dependencies = dependencies_of(&text);
        for package in *packages {
            if dependencies.iter().any(|d| d == package) {
                problems.push(format!("{manifest}: must not depend on {package}"));
            }
        }
    }
    report(problems);
}

/// The names under `[dependencies]` (also of targets), tests' and build scripts' left out.
fn dependencies_of(manifest: &str) -> Vec<String> {
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

#[test]
fn unsafe_only_where_listed() {
    let allowed = |path: &str| {
        UNSAFE_ALLOWED.iter().any(|(listed, _)| {
            path == *listed || (listed.ends_with('/') && path.starts_with(listed))
        })
    };
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let code = code_of(&text);
        if let Some(line) = mentions(&code, "unsafe")
            && !allowed(&path)
        {
            problems.push(format!("{path}:{line}: `unsafe` outside the list in {}", file!()));
        }
    }
    report(problems);
}

#[test]
fn no_file_is_too_long() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > MAX_LINES && !LONG_TABLES.contains(&path.as_str()) {
            problems.push(format!("{path}: {lines} lines, at most {MAX_LINES} are allowed"));
        }
    }
    report(problems);
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    report(silent.map(|(path, _)| format!("{path}: does not open with `//!`")).collect());
}

mod the_checks_themselves {
    use super::{code_of, dependencies_of, mentions, with_groups_spelled_out};

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
