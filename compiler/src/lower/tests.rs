//! What lowering says about programs, where it makes tail calls, and that code stays in
//! proportion to text.

use rata_bytecode::module::{Const, Module};
use rata_bytecode::ops::Op;

use crate::emit::tests::{code, codes, compile};

const UNREACHABLE: &str = "W0905";
const MIXED: &str = "E0402";
const TOO_LARGE: &str = "E0306";

fn module(body: &str) -> Module {
    let (mut modules, diagnostics) = compile(&format!("module M {{\n{body}\n}}"));
    assert!(!modules.is_empty(), "{diagnostics:?}");
    modules.remove(0)
}

fn size(body: &str) -> usize {
    module(body).functions.iter().map(|f| f.code.len()).sum()
}

fn case(clauses: &str) -> Vec<&'static str> {
    codes(&format!("f = function(x, y) {{ case x {{\n{clauses}\n}} }}"))
}

#[test]
fn unreachable_clauses_are_found_exactly() {
    let unreachable = [UNREACHABLE];
    assert_eq!(case("_ -> 1\n2 -> 2"), unreachable);
    assert_eq!(case("1 -> 1\n1 -> 2\n_ -> 3"), unreachable);
    assert_eq!(case("[] -> 1\n[_ | _] -> 2\n[_, _] -> 3"), unreachable);
    assert_eq!(case("{_, 1} -> 1\n{1, _} -> 2\n{1, 1} -> 3"), unreachable);
    assert_eq!(case("\"a\" + _ -> 1\n\"ab\" + _ -> 2\n\"abc\" -> 3"), [UNREACHABLE; 2]);
    assert_eq!(case("{a: _} -> 1\n{a: 1, b: 2} -> 2"), unreachable);
    assert_eq!(case("0.0 -> 1\n-0.0 -> 2"), unreachable);
}

#[test]
fn reachable_clauses_are_left_alone() {
    assert!(case("1 -> 1\n1.0 -> 2\n:a -> 3\n\"a\" -> 4").is_empty());
    assert!(case("n when n > 1 -> n\nn -> n").is_empty());
    assert!(case("^y -> 1\n2 -> 2").is_empty());
    // 5 counts as a vector of one entry
    assert!(case("[h | t] when h > t -> 1\n5 -> 2\n[x] -> x\n_ -> 3").is_empty());
    assert!(case("{1, _} -> 1\n{_, 1} -> 2\n{_, _} -> 3").is_empty());
    assert!(case("\"ab\" + _ -> 1\n\"a\" + _ -> 2").is_empty());
}

#[test]
fn functions_warn_of_unreachable_clauses_too() {
    let body = "f = function(0, _) { 1 }\nf = function(_, 0) { 2 }\nf = function(0, 0) { 3 }";
    assert_eq!(codes(body), [UNREACHABLE]);
}

fn value(text: &str) -> Vec<&'static str> {
    codes(&format!("f = function(a) {{ {text} }}"))
}

#[test]
fn vectors_that_show_mixed_types_are_errors() {
    assert_eq!(value("[1, \"a\"]"), [MIXED]);
    assert_eq!(value("[a, :b, nil, true]"), [MIXED]);
    assert_eq!(value("[[1, 2], {3}]"), [MIXED]);
    assert_eq!(value("{[a, {1}, #{1}], 1}"), [MIXED]);
    assert_eq!(value("[[[1, \"a\"], [2, 3]], [4, 5]]"), [MIXED]);
}

#[test]
fn vectors_of_one_type_are_fine() {
    for text in
        ["[1, 2.5, nil]", "[[1, 2], 3]", "[a, \"b\"]", "[{1}, {\"a\", 2}]", "[nil, nil]", "[]"]
    {
        assert!(value(text).is_empty(), "{text}");
    }
}

#[test]
fn literals_become_constants() {
    let m = module("f = function() { {[1, 2.5], [7], [[1], [2]], {a: [1]}, {1, \"x\"}, -5} }");
    let float = |x: f64| Const::Float(x.to_bits());
    let all = |k: Const| assert!(m.consts.contains(&k), "{k:?} is not in {:?}", m.consts);
    all(float(1.0));
    all(float(2.5));
    all(Const::Int(-5));
    assert_eq!(m.functions[0].code.len(), 2, "one constant is returned");
    let vectors = m.consts.iter().filter(|k| matches!(k, Const::Vector(_))).count();
    assert_eq!(vectors, 2, "[7] is 7, and [[1], [2]] is [1, 2]");
}

#[test]
fn duplicate_keys_are_left_to_the_instruction() {
    for (text, mnemonic) in [
        ("{a: 1, \"a\": 2}", "map"),
        ("{a: x, b: 2}", "map_keys"),
        ("{a: x, a: 2}", "map"),
        ("{a: 1, b: 2}", "const"),
    ] {
        let m = module(&format!("f = function(x) {{ {text} }}"));
        let used: Vec<_> = m.functions[0].code.iter().map(Op::mnemonic).collect();
        assert!(used.contains(&mnemonic), "{text}: {used:?}");
    }
}

fn list(n: usize, entry: impl FnMut(usize) -> String) -> String {
    (0..n).map(entry).collect::<Vec<_>>().join(", ")
}

#[test]
fn large_literals_work() {
    let m = module(&format!("v = [{}]", list(100_000, |i| i.to_string())));
    assert!(m.consts.iter().any(|k| matches!(k, Const::Vector(all) if all.len() == 100_000)));

    let text = list(5000, |i| format!("x + {i}"));
    let natives = |open, close| {
        let m = module(&format!("f = function(x) {{ {open}{text}{close} }}"));
        assert!(m.functions[0].registers < 1100, "{} registers", m.functions[0].registers);
        m.natives.iter().map(|native| native.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(natives("{", "}"), ["list_concat"]);
    assert_eq!(natives("#{", "}"), ["set_union"]);
    assert!(natives("[", "]").is_empty());
    assert!(natives("[", " | x]").is_empty());
    let map = list(2000, |i| format!("({i}): x"));
    let m = module(&format!("f = function(x) {{ {{{map}}} }}"));
    assert_eq!(m.natives[0].name, "maps_merge");
    for native in ["list_concat", "set_union", "maps_merge"] {
        let known = rata_bytecode::natives::NATIVES;
        assert!(known.iter().any(|n| n.name == native && n.arity == 2), "{native}");
    }
}

#[test]
fn calls_have_limits() {
    let args = list(256, |_| "1".into());
    assert_eq!(codes(&format!("f = function(g) {{ g({args}) }}")), [TOO_LARGE]);
    let args = list(255, |_| "1".into());
    assert!(codes(&format!("f = function(g) {{ g({args}) }}")).is_empty());
}

#[test]
fn declarations_have_limits() {
    let typed = |ty: &str| codes(&format!("f = function(_x: {ty}) {{ 1 }}"));
    assert_eq!(typed(&format!("{{{}}}", list(10_000, |_| "int".into()))), [TOO_LARGE]);
    assert!(typed(&format!("{{{}}}", list(9_999, |_| "int".into()))).is_empty());
    assert!(typed(&vec!["int"; 20_000].join(" | ")).is_empty());
    assert_eq!(typed(&format!("{}int{}", "[".repeat(64), "]".repeat(64))), [TOO_LARGE]);
    assert!(typed(&format!("{}int{}", "[".repeat(63), "]".repeat(63))).is_empty());
    let params =
        |n| codes(&format!("f = function({}) {{ 1 }}", list(n, |i| format!("_{i} = {i}"))));
    assert_eq!(params(256), [TOO_LARGE]);
    assert!(params(255).is_empty());
    for (open, close) in [("{", "}"), ("[", "]"), ("[", " | _]")] {
        let entries = list(60_000, |_| "_".into());
        let pattern = format!("f = fn {open}{entries}{close} -> 1 end");
        assert_eq!(codes(&pattern), [TOO_LARGE], "{open}{close}");
    }
}

fn tail_calls(body: &str) -> bool {
    let code = code(body, "f/1");
    assert!(code.contains("call") || code.contains("tail_"), "{code}");
    code.contains("tail_")
}

#[test]
fn tail_calls_are_made_where_they_may_be() {
    for body in [
        "f = function(x) { f(x) }",
        "f = function(x) { x(1) }",
        "f = function(x) { x.go(1) }",
        "f = function(x) { Other.go(x) }",
        "f = function(x) { x(a: 1) }",
        "f = function(x) { if x { f(x) } else { 1 } }",
        "f = function(x) { case x { 1 -> f(2)\n _ -> 3 } }",
        "f = function(x) { receive { y -> f(y) } }",
        "f = function(x) { receive { 1 -> 2\n after 1 -> f(x) } }",
        "f = function(x) { x and f(x) }",
        "f = function(x) { x or f(x) }",
        "f = function(x) { return f(x)\n 1 }",
        "f = function(x): int { f(x) }",
        "f = function(x): any { f(x) }",
        // not in the guarded block
        "f = function(x) { try { 1 / x } catch { _ -> f(x) } }",
        "f = function(x) { try { 1 / x } catch { _ -> 1 } else { f(x) } }",
    ] {
        assert!(tail_calls(body), "{body}");
    }
}

#[test]
fn tail_calls_are_not_made_elsewhere() {
    for body in [
        "f = function(x) { f(x) + 1 }",
        "f = function(x) { try { f(x) } catch { 1 -> 2 } }",
        "f = function(x) { try { return f(x) } catch { 1 -> 2 } }",
        "f = function(x) { try { 1 / x } catch { 1 -> f(x) } after { 1 } }",
        "f = function(x): int { x(1) }",
        "f = function(x): int { g(x) }\ng = function(x): string { x }",
        "f = function(x) { f(x) and 1 }",
    ] {
        assert!(!tail_calls(body), "{body}");
    }
}

#[test]
fn nesting_try_costs_what_it_is_long() {
    let nested = |n: usize| {
        let (open, close) = ("try { ".repeat(n), " } after { g(2) }".repeat(n));
        size(&format!("f = function(g) {{ {open}if g(1) {{ return 1 }}{close} }}"))
    };
    let (small, large) = (nested(20), nested(40));
    assert!(large < 2 * small + 10, "{small} and {large} instructions");
}

#[test]
fn wildcards_do_not_multiply_clauses() {
    // every clause looks at two columns of its own: a tree has exponentially many leaves
    let clauses = |n: usize| {
        let row = |i: usize| {
            list(n, |j| match () {
                () if j == i => ":a".into(),
                () if j == (i * 7 + 3) % n => "x".into(),
                () if j == (i * 5 + 1) % n => ":b".into(),
                () => "_".into(),
            })
        };
        let rows: Vec<_> = (0..n).map(|i| format!("{{{}}} -> {{{i}, x}}", row(i))).collect();
        size(&format!("f = function(v, x) {{ case v {{\n{}\n}} }}", rows.join("\n")))
    };
    let size = clauses(40);
    assert!(size < 40 * 40 * 10, "{size} instructions");
}

#[test]
fn clauses_too_many_for_one_tree_share_several() {
    // whichever column is asked first, rows with `_` there are in every branch
    let clause = |i: usize| match i % 3 {
        0 => format!("{{_, :w{i}}} -> {i}"),
        1 => format!("{{:s{i}, _}} -> {i}"),
        _ => format!("{{:s{i}, :w{i}}} -> {i}"),
    };
    let clauses: Vec<_> = (0..1000).map(clause).collect();
    let m = module(&format!("f = function(v) {{ case v {{\n{}\n}} }}", clauses.join("\n")));
    let code = &m.functions[0].code;
    assert!(code.len() < 12_000, "{} instructions", code.len());
    let cases = code.iter().filter_map(|op| match op {
        Op::Switch { cases, .. } => Some(cases.0.len()),
        _ => None,
    });
    assert!(cases.max() > Some(10), "the clauses are tried one by one");
}

#[test]
fn clauses_that_contradict_themselves_lead_to_the_next_tree() {
    // where the only clauses left are of this sort, the way goes on in a tree that others share
    let clause = |i: usize| {
        let mut random = i as u32;
        let entry = |j: usize| {
            random = random.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            match random >> 29 {
                _ if j == 0 && i.is_multiple_of(2) => "{a: 1.5, a: 2.5}".into(),
                n @ 0..3 => format!("{n}.5"),
                _ => "_".into(),
            }
        };
        format!("{{{}}} -> {i}", list(12, entry))
    };
    let clauses: Vec<_> = (0..200).map(clause).collect();
    let m = module(&format!("f = function(v) {{ case v {{\n{}\n}} }}", clauses.join("\n")));
    assert!(m.functions[0].code.len() > 1000, "the clauses are in one small tree");
}

#[test]
fn many_clauses_are_one_switch() {
    let clauses: Vec<_> = (0..2000).map(|i| format!("f = function({i}) {{ {} }}", i * 2)).collect();
    let m = module(&clauses.join("\n"));
    let Op::Switch { cases, .. } = &m.functions[0].code[0] else { panic!("a switch comes first") };
    assert_eq!(cases.0.len(), 2000);
    assert_eq!(m.functions[0].code.len(), 2 + 2 * 2000);
}

#[test]
fn wide_patterns_take_linear_time() {
    let wide = |f: &dyn Fn(usize) -> String| format!("{{{}}}", list(20_000, f));
    let body = format!(
        "f = function(v) {{ case v {{\n{} -> p1 + p19999\n{} -> 2\n{} -> 3\n_ -> 4 }} }}",
        wide(&|i| format!("p{i}")),
        wide(&|i| i.to_string()),
        wide(&|i| (i + 1).to_string()),
    );
    assert!(size(&body) < 100, "the first pattern takes every list of that length");
}

#[test]
fn what_follows_a_binding_that_can_never_match_is_lowered_too() {
    let body = "f = function(x) { {k: {,}, k: (1 = c)} = x\nc + 1 }";
    assert!(module(body).functions[0].code.iter().any(|op| matches!(op, Op::Fail { .. })));
}
