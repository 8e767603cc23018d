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
fn a_comparison_and_its_branch_are_one() {
    check(
        r#"fib = function(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }"#,
        "fib/1",
        r#"
            2 registers
            unless_compare_int < r0 2 → L2
            return r0
            L2:
            r1 = arith_int - r0 1
            r1 = call fib/1#0 (r1)
            r0 = arith_int - r0 2
            r0 = call fib/1#0 (r0)
            r0 = arith + r1 r0
            return r0
        "#,
    );
}

#[test]
fn uncons_is_asked_before_the_empty_vector() {
    check(
        r#"sum = function([]) { 0 }
         sum = function([h | t]) { h + sum(t) }"#,
        "sum/1",
        r#"
            2 registers
            r0, r1 = uncons r0 → L4
            r1 = call sum/1#0 (r1)
            r0 = arith + r0 r1
            return r0
            L4:
            unless_vector r0 0 → L7
            r0 = const 0
            return r0
            L7:
            fail function_clause (r0)
        "#,
    );
}

#[test]
fn guards_have_a_handler_and_tail_calls_follow() {
    check(
        r#"loop = function(0, acc) { acc }
         loop = function(n, acc) when n > 0 { loop(n - 1, acc + n) }"#,
        "loop/2",
        r#"
            3 registers
            unless_const r0 0 → L2
            return r1
            L2:
            unless_compare_int > r0 0 → L6
            L3:
            r2 = arith_int - r0 1
            r1 = arith + r1 r0
            tail_call loop/2#0 (r2, r1)
            L6:
            fail function_clause (r0, r1)
            catch guard L2..L3 → L6 r2
        "#,
    );
}

#[test]
fn types_are_checked_once() {
    check(
        r#"f = function(n: int): int { n + 1 }"#,
        "f/1",
        r#"
            1 registers
            check_type r0 int :n
            r0 = arith_int + r0 1
            return r0
        "#,
    );
}

#[test]
fn catch_clauses_match_the_type() {
    check(
        r#"f = function(g) { try { g() } catch { :bad -> 1 } }"#,
        "f/1",
        r#"
            2 registers
            L0:
            r0 = call_value r0 ()
            return r0
            L2:
            r1 = exception_type r0
            unless_const r1 :bad → L6
            r0 = const 1
            return r0
            L6:
            reraise r0
            catch L0..L2 → L2 r0
        "#,
    );
}

#[test]
fn one_copy_of_after_serves_every_way_out() {
    check(
        r#"f = function(g) { try { return g() } catch { {:bad, m} -> m } after { g(1) } }"#,
        "f/1",
        r#"
            4 registers
            L0:
            r1 = call_value r0 ()
            r2 = const 2
            jump → L12
            L3:
            r2 = exception_parts r1
            unless_list r2 2 → L10
            r3 = list_entry r2 0
            unless_const r3 :bad → L10
            r1 = list_entry r2 1
            r2 = const 0
            jump → L12
            L10:
            reraise r1
            L11:
            r2 = const 1
            L12:
            r3 = const 1
            r0 = call_value r0 (r3)
            unless_const r2 1 → L16
            reraise r1
            L16:
            return r1
            catch L0..L3 → L3 r1
            catch L0..L11 → L11 r1
        "#,
    );
}

#[test]
fn receive_looks_takes_skips_and_waits() {
    check(
        r#"f = function(ref) { receive { {^ref, v} -> v
          after 10 -> :late } }"#,
        "f/1",
        r#"
            3 registers
            recv_mark r0
            L1:
            r1 = recv_peek → L10
            unless_list r1 2 → L8
            r2 = list_entry r1 0
            unless_same r2 r0 → L8
            r0 = list_entry r1 1
            recv_take
            return r0
            L8:
            recv_skip
            jump → L1
            L10:
            r1 = const 10
            recv_wait r1 → L13
            jump → L1
            L13:
            r0 = const :late
            return r0
        "#,
    );
}

#[test]
fn constants_are_not_captured() {
    check(
        r#"f = function(a, b) { x = 1
          fn y -> y + a * b + x end }"#,
        "f/2",
        r#"
            2 registers
            r0 = closure {1: f/fn/1#1} (r0, r1)
            return r0
        "#,
    );
}

#[test]
fn captures_follow_the_parameters() {
    check(
        r#"f = function(a, b) { x = 1
          fn y -> y + a * b + x end }"#,
        "f/fn/1",
        r#"
            3 registers
            r1 = arith * r1 r2
            r0 = arith + r0 r1
            r0 = arith_int + r0 1
            return r0
        "#,
    );
}

#[test]
fn joins_move_nothing_and_calls_shuffle() {
    check(
        r#"swap = function(n, a, b) { x = if n { {a, b} } else { {b, a} }
          if n == 0 { x } else { swap(n - 1, b, a) } }"#,
        "swap/3",
        r#"
            4 registers
            unless r0 → L3
            r3 = list (r1, r2)
            jump → L4
            L3:
            r3 = list (r2, r1)
            L4:
            unless_compare_int == r0 0 → L6
            return r3
            L6:
            r0 = arith_int - r0 1
            tail_call swap/3#0 (r0, r2, r1)
        "#,
    );
}

#[test]
fn assert_shows_both_sides() {
    check(
        r#"f = function(x) { assert x == 3, "msg" }"#,
        "f/1",
        r#"
            5 registers
            unless_compare_int == r0 3 → L3
            r0 = const true
            return r0
            L3:
            r1 = const "x == 3"
            r2 = const "=="
            r3 = const 3
            r4 = const "msg"
            fail assert_compare (r1, r2, r0, r3, r4)
        "#,
    );
}

#[test]
fn constants_become_a_switch() {
    check(
        r#"f = function(x) { case x { :a -> 1
          :b -> 2
          :c -> 3
          {:ok, v} -> v
          {:error, _} -> nil } }"#,
        "f/1",
        r#"
            2 registers
            switch r0 :a → L1, :b → L3, :c → L5, else → L7
            L1:
            r0 = const 1
            return r0
            L3:
            r0 = const 2
            return r0
            L5:
            r0 = const 3
            return r0
            L7:
            unless_list r0 2 → L15
            r1 = list_entry r0 0
            unless_const r1 :ok → L12
            r0 = list_entry r0 1
            return r0
            L12:
            unless_const r1 :error → L15
            r0 = const nil
            return r0
            L15:
            fail case_clause (r0)
        "#,
    );
}

#[test]
fn maps_are_taken_apart_by_key() {
    check(
        r#"f = function(x) { {name: n, "age": a} = x
          f"{n} is {a}" }"#,
        "f/1",
        r#"
            3 registers
            r1 = map_entry r0 :name → L5
            r0 = map_entry r0 "age" → L5
            r2 = const " is "
            r0 = text (r1, r2, r0)
            return r0
            L5:
            fail match_error (r0)
        "#,
    );
}
