//! From text to instructions: what is emitted for each form of the language. The verifier runs on
//! every module that these tests make.

use bumpalo::Bump;
use rata_bytecode::disasm;
use rata_bytecode::module::Module;

use crate::diagnostics::{Diagnostic, Severity};
use crate::lower::lower_module;
use crate::project::{Project, Sources};
use crate::resolve::index::Index;
use crate::resolve::resolve;

struct One(String);

impl Sources for One {
    fn read(&self, _: &str) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
}

/// The modules of a program, and what is said about it.
pub(crate) fn compile(text: &str) -> (Vec<Module>, Vec<Diagnostic>) {
    let text = text.to_owned();
    let run = move || {
        let arena = Bump::new();
        let sources = One(text);
        let mut project = Project::new(&arena, &sources);
        project.add("test.rata").expect("it is there");
        let Project { mut names, map, mut diagnostics, files, .. } = project;
        let mut index = Index::default();
        let resolved = resolve(&arena, &mut names, &files, &mut index, true);
        diagnostics.extend(resolved.diagnostics);
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            return (Vec::new(), diagnostics);
        }
        let lower = |module| lower_module(module, &names, &map, &mut diagnostics);
        let lowered: Vec<_> = resolved.modules.iter().map(lower).collect();
        (lowered.iter().map(super::emit_module).collect(), diagnostics)
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    thread.join().expect("no panic")
}

/// What diagnostics say, as codes.
pub(crate) fn codes(body: &str) -> Vec<&'static str> {
    let (_, diagnostics) = compile(&format!("module M {{\n{body}\n}}"));
    diagnostics.iter().map(|d| d.code).filter(|code| *code != "W0904").collect()
}

/// The instructions of one function of a module with this body, without numbers and lines; its
/// register count comes first.
pub(crate) fn code(body: &str, function: &str) -> String {
    let (modules, diagnostics) = compile(&format!("module M {{\n{body}\n}}"));
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let listing = disasm::disassemble_module(&modules[0]);
    let (_, rest) = listing.split_once(&format!(" {function}  registers ")).expect("it is there");
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.trim_start().starts_with(';'));
    let text: Vec<&str> = lines
        .map(|line| {
            line.trim().trim_start_matches(|c: char| c.is_ascii_digit() && line.starts_with("  "))
        })
        .map(str::trim)
        .collect();
    let registers = listing.split_once(&format!(" {function}  registers ")).expect("as above").1;
    let registers: String = registers.chars().take_while(char::is_ascii_digit).collect();
    format!("{registers} registers\n{}", text[1..].join("\n"))
}

fn check(body: &str, function: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(code(body, function), expected.join("\n"));
}

#[test]
fn dump() {
    for (body, f) in [
        ("fib = function(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }", "fib/1"),
        ("sum = function([]) { 0 }\nsum = function([h | t]) { h + sum(t) }", "sum/1"),
        (
            "loop = function(0, acc) { acc }\nloop = function(n, acc) when n > 0 { loop(n - 1, acc + n) }",
            "loop/2",
        ),
        ("f = function(n: int): int { n + 1 }", "f/1"),
        ("f = function(g) { try { g() } catch { :bad -> 1 } }", "f/1"),
        ("f = function(g) { try { return g() } catch { {:bad, m} -> m } after { g(1) } }", "f/1"),
        ("f = function(ref) { receive { {^ref, v} -> v\n after 10 -> :late } }", "f/1"),
        ("f = function(a, b) { x = 1\n fn y -> y + a * b + x end }", "f/2"),
        ("f = function(a, b) { x = 1\n fn y -> y + a * b + x end }", "f/fn/1"),
        (
            "swap = function(n, a, b) { x = if n { {a, b} } else { {b, a} }\n if n == 0 { x } else { swap(n - 1, b, a) } }",
            "swap/3",
        ),
        ("f = function(x) { assert x == 3, \"msg\" }", "f/1"),
        (
            "f = function(x) { case x { :a -> 1\n :b -> 2\n :c -> 3\n {:ok, v} -> v\n {:error, _} -> nil } }",
            "f/1",
        ),
        ("f = function(x) { {name: n, \"age\": a} = x\n f\"{n} is {a}\" }", "f/1"),
    ] {
        println!("== {f}\n{}", code(body, f));
    }
}
