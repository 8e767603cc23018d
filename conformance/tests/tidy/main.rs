//! The house rules that cargo cannot enforce: forbidden edges between crates and modules, the
//! list of files that may hold `unsafe`, file length, and an opening `//!` in every file.

mod source;

use source::{
    code_of, dependencies_of, is_test_file, mentions, with_groups_spelled_out, without_tests,
};
use std::fs;
use std::path::{Path, PathBuf};

/// Files (or folders, ending in `/`) that may hold `unsafe`, and why each must.
const UNSAFE_ALLOWED: &[(&str, &str)] = &[
    ("vm/src/value.rs", "words are pointers in disguise"),
    ("vm/src/value/", "words are pointers in disguise"),
    ("vm/src/heap/", "the collector moves objects behind words"),
    ("vm/src/symbols/table.rs", "the symbol table is read without locks"),
    ("vm/src/stack.rs", "frames lie in raw chunks, shared with JIT code"),
    ("vm/src/stack/rest.rs", "the newest frame is moved from one chunk to another"),
    ("vm/src/code/function.rs", "code is immortal and reached by address"),
    ("vm/src/code/module.rs", "code is immortal and reached by address"),
    ("vm/src/vm.rs", "module tables are leaked snapshots behind one pointer"),
    ("vm/src/interp/machine.rs", "registers and code words of verified code, by address"),
    ("vm/src/interp/run.rs", "the match loop over them"),
    ("vm/src/interp/rare.rs", "its rare instructions"),
    ("vm/src/interp/single.rs", "the same, one at a time for compiled code"),
    ("vm/src/jit/abi.rs", "the calling protocol: stacks are switched"),
    ("vm/src/jit/enter.rs", "frames of both kinds meet"),
    ("vm/src/jit/gdb.rs", "a list in memory that debuggers read"),
    ("vm/src/jit/helpers.rs", "called by compiled code with raw words"),
    ("vm/src/jit/install.rs", "functions point to their code"),
    ("vm/src/jit/memory.rs", "memory that is written here and run there"),
    (
        "vm/src/jit/translate/mod.rs",
        "functions, links, tables and shapes that code names by address",
    ),
    ("vm/src/helpers/long.rs", "values kept between turns are named as roots"),
    ("runtime/src/process/inbox.rs", "a lock-free list owns its nodes"),
    ("runtime/src/process/signal.rs", "a message is a node of the list it lies in"),
    ("runtime/src/process/table.rs", "slots nobody has used are zeroed memory"),
    ("runtime/src/process/parking.rs", "a cell owns a box behind an atomic pointer"),
    ("runtime/src/signals/mask.rs", "the system is told which threads a signal may interrupt"),
    ("cli/src/bin/ratavm/pages.rs", "the system is told about pages before `main`"),
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
        "runtime/src/sched/",
        &["crate::inspect"],
        "who looks inside asks by a signal; schedulers know nothing of it",
    ),
    (
        "runtime/src/inspect/",
        &["crate::natives", "crate::sched::turn", "crate::sched::worker", "crate::host"],
        "processes are looked at by `look` alone",
    ),
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
    &["compiler", "vm", "runtime", "conformance", "benches", "stdlib", "cli", "fuzz"];

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
                // `peers` holds programs of other languages' benchmarks, as they were given.
                if path.file_name().is_some_and(|n| n != "target" && n != "peers") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source file");
                found.push((from_root(&root, &path), text));
            }
        }
    }
    found.sort();
    found
}

fn from_root(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).expect("a path below the root").components();
    parts.map(|p| p.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn report(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn no_forbidden_edges() {
    let mut problems = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test_file(path)) {
        let code = with_groups_spelled_out(&without_tests(&code_of(&text)));
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
