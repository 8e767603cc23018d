//! Inputs that no one should write: deeply nested, very long, cut off or damaged. Compiler and
//! machine must answer each with an exit code of their own: never a signal, never a panic.

use rata_conformance::process::{self, Finished};
use rata_conformance::suite;
use rata_conformance::tools::Tools;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const DEPTH: usize = 100_000;
const ODD_BYTES: &[u8] = b"(){}[]#\"'\\~:.|^,;=-+ \n\0\xff\xc3aZ0";
const LIMIT: Duration = Duration::from_secs(60);

/// A folder that is deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("rata-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).expect("a file for the test");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tools() -> Tools {
    Tools::find().unwrap_or_else(|e| panic!("{e}"))
}

fn run(tool: &Path, folder: &Folder, args: &[&str], limit: Duration) -> Finished {
    let mut command = Command::new(tool);
    command.current_dir(&folder.0).args(args);
    process::run(command, "", limit).unwrap_or_else(|e| panic!("{e}"))
}

/// What is wrong with how the compiler took `source`, if anything.
fn check(tools: &Tools, folder: &Folder, what: &str, source: &[u8]) -> Option<String> {
    folder.write("main.rata", source);
    let done = run(&tools.ratac, folder, &["check", "main.rata"], LIMIT);
    let told = !done.stderr.is_empty();
    match done.code {
        Some(0) => None,
        Some(2) if told => None,
        Some(2) => Some(format!("{what}: exit code 2 without a word")),
        _ => {
            let words: String = done.stderr.chars().take(300).collect();
            Some(format!("{what}: {}\n{words}", done.ending()))
        }
    }
}

fn report(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// A small generator of numbers: the same inputs in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

#[test]
fn deep_nesting_is_an_error_or_compiles() {
    let tools = tools();
    let folder = Folder::new("deep");
    let openers = [
        "(",
        "[",
        "{",
        "#{",
        "x = [",
        "{a: ",
        "{(",
        "f(",
        "v[",
        "- ",
        "! ",
        "not ",
        "~ ",
        "fn x -> ",
        "fn -> ",
        "f\"{",
        "if ",
        "if a {\n",
        "case ",
        "case a {\n_ -> ",
        "try {\n",
        "receive {\n_ -> ",
        "function() {\n",
        "f = function(a = ",
        "module A {\n",
        "raise ",
        "assert ",
        "2 ^ ",
        "[1 | ",
        "1 -> ",
        "{ ",
        "\"a\" + ",
        "return ",
        "try { 1 } catch { _ -> ",
        "a |> ",
        "a.b(",
        "1..",
        "|> ",
    ];
    let mut problems = Vec::new();
    for opener in openers {
        let source = opener.repeat(DEPTH);
        problems.extend(check(&tools, &folder, opener, source.as_bytes()));
        let source = format!("x = {}1\n", opener.repeat(DEPTH));
        problems.extend(check(&tools, &folder, &format!("x = {opener}"), source.as_bytes()));
    }
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{", "1", "}"),
        ("{a: ", "1", "}"),
        ("#{", "1", "}"),
        ("f\"{", "1", "}\""),
        ("fn -> ", "1", " end"),
        ("if a {", "1", "}"),
        ("(fn x -> ", "x", " end)(1)"),
        ("identity(", "1", ")"),
        ("case 1 { _ -> ", "1", "}"),
        ("try { ", "1", "} after { 2 }"),
    ] {
        let text =
            format!("a = {}{inner}{}\nIO.puts(a)\n", open.repeat(DEPTH), close.repeat(DEPTH));
        problems.extend(check(&tools, &folder, &format!("{open} {close}"), text.as_bytes()));
        let pattern =
            format!("f = fn {}{inner}{} -> 1 end\n", open.repeat(DEPTH), close.repeat(DEPTH));
        let what = format!("pattern {open} {close}");
        problems.extend(check(&tools, &folder, &what, pattern.as_bytes()));
    }
    report(problems);
}

#[test]
fn long_chains_are_taken() {
    let tools = tools();
    let folder = Folder::new("long");
    let mut problems = Vec::new();
    for (first, link, last) in [
        ("x = 1", " + 1", "\nassert x > 0\n"),
        ("x = 1", " |> identity()", "\nassert x == 1\n"),
        ("x = true", " and true", "\nassert x\n"),
        ("x = {1", ", 1", "}\nassert x[1] == 1\n"),
        ("x = {a: 1", ", a: 2", "}\nassert x.a > 0\n"),
        ("x = \"\"", " + \"a\"", "\nassert x != \"\"\n"),
        ("", "x = 1\n", "assert x == 1\n"),
        ("f = fn\n", "1 -> 2\n", "end\nassert f(1) == 2\n"),
        ("x = if true { 1 }", " else if true { 2 }", "\nassert x == 1\n"),
        ("", "f = function(1) { 2 }\n", "assert f(1) == 2\n"),
        ("f = fn ", "_a, ", "_ -> 1 end\n"),
        ("x = f\"", "{1}", "\"\n"),
        ("f = function(v: int", " | int", ") { v }\n"),
        ("x = a", ".b", "\n"),
        ("x = f", "(1)", "\n"),
    ] {
        let source = format!("{first}{}{last}", link.repeat(20_000));
        problems.extend(check(&tools, &folder, &format!("{first}{link}"), source.as_bytes()));
    }
    report(problems);
}

/// So many lines, each made from its number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|i| line(i) + "\n").collect()
}

#[test]
fn very_many_of_a_kind_are_taken_in_time() {
    let tools = tools();
    let folder = Folder::new("many");
    let list = |count: usize, entry: &str| vec![entry; count].join(", ");
    let names = |count: usize| (0..count).map(|i| format!("_n{i}")).collect::<Vec<_>>().join(", ");
    let mut problems = Vec::new();
    for (what, source) in [
        ("names bound again", lines(50_000, |_| "x = 1\nassert x == 1".into())),
        ("misspelt names", lines(5_000, |i| format!("_total{i} = 1\ntotl{i}()"))),
        ("modules", lines(20_000, |i| format!("module M{i} {{ f = function(x) {{ x }} }}"))),
        ("functions and exports", {
            let exports = (0..50_000).map(|i| format!("f{i}")).collect::<Vec<_>>().join(", ");
            let functions = lines(50_000, |i| format!("f{i} = function(x) {{ x + {i} }}"));
            format!("module M {{\nexport [{exports}]\n{functions}}}\n")
        }),
        (
            "functions defined again",
            lines(5_000, |i| format!("f = function(a) {{ a + {i} }}\nf(1)")),
        ),
        ("parameters", format!("f = function({}) {{ 1 }}\n", names(70_000))),
        ("defaults", format!("f = function({}) {{ 1 }}\n", names(3_000).replace(',', " = 1,"))),
        ("entries of patterns", format!("f = fn {{{}}} -> 1 end\n", names(70_000))),
        ("parts of a type", format!("f = function(_v: {{{}}}) {{ 1 }}\n", list(70_000, "int"))),
        ("clauses of two columns", {
            let clause = |i: usize| match i % 3 {
                0 => format!("{{_, :w{i}}} -> {i}"),
                1 => format!("{{:s{i}, _}} -> {i}"),
                _ => format!("{{:s{i}, :w{i}}} -> {i}"),
            };
            format!("f = fn\n{}end\nf(1)\n", lines(5_000, clause))
        }),
    ] {
        problems.extend(check(&tools, &folder, what, source.as_bytes()));
    }
    report(problems);
}

#[test]
fn cut_and_damaged_sources_are_errors() {
    let tools = tools();
    let folder = Folder::new("damaged");
    let examples = suite::chapters().unwrap_or_else(|e| panic!("{e}"));
    let mut numbers = Numbers(1);
    let mut problems = Vec::new();
    for round in 0..300 {
        let example = &examples[numbers.below(examples.len())];
        let mut bytes = example.files.last().expect("a main file").text.clone().into_bytes();
        if bytes.is_empty() {
            continue;
        }
        let at = numbers.below(bytes.len());
        match round % 3 {
            0 => bytes.truncate(at),
            1 => bytes[at] = ODD_BYTES[numbers.below(ODD_BYTES.len())],
            _ => {
                let end = (at + numbers.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
        let what = format!("{} round {round}", example.place);
        if let Some(problem) = check(&tools, &folder, &what, &bytes) {
            let source = String::from_utf8_lossy(&bytes).into_owned();
            problems.push(format!("{problem}\n{source}\n"));
        }
    }
    report(problems);
}

#[test]
fn damaged_bytecode_never_takes_the_machine_down() {
    let tools = tools();
    let folder = Folder::new("bytecode");
    folder.write(
        "main.rata",
        b"module M {\n  t = [1, 2, 3]\n  f = function(n) { if n == 0 { 0 } else { n + f(n - 1) } }\n}\n\
          m = {a: M.t, b: {1.5, \"text\"}}\n\
          r = try { M.f(10) + m.a[3] } catch { e -> e }\nIO.puts(f\"{r} {m}\")\n",
    );
    let done = run(&tools.ratac, &folder, &["compile", "main.rata", "-o", "good.ratab"], LIMIT);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let good = std::fs::read(folder.0.join("good.ratab")).expect("the compiled file");
    let mut numbers = Numbers(7);
    let mut problems = Vec::new();
    for round in 0..200 {
        let mut bytes = good.clone();
        let at = numbers.below(bytes.len());
        match round % 4 {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << numbers.below(8),
            2 => bytes[at] = numbers.below(256) as u8,
            _ => bytes.insert(at, numbers.below(256) as u8),
        }
        folder.write("bad.ratab", &bytes);
        let done = run(&tools.ratavm, &folder, &["run", "bad.ratab"], Duration::from_secs(5));
        // A damaged program may well run for ever; that is its right.
        if !done.timed_out && !matches!(done.code, Some(0..=2)) {
            problems.push(format!("round {round}, byte {at}: {}\n{}", done.ending(), done.stderr));
        }
    }
    report(problems);
}
