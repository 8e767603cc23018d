//! Depth, length and time.

use std::time::{Duration, Instant};

use super::*;
use crate::syntax::parser::{MAX_DEPTH, MAX_HEIGHT};

const MANY: usize = 100_000;

/// Parses on a stack of the promised size; gives the codes reported, in order.
fn codes_of(text: &str) -> Vec<&'static str> {
    with_stack(|| {
        let started = Instant::now();
        let (_, diagnostics) = parsed(text);
        let took = started.elapsed();
        rendered(text, &diagnostics);
        assert!(took < Duration::from_secs(4), "{took:?} for {}…", &text[..20]);
        diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    })
}

#[test]
fn brackets_nested_too_deeply_are_one_error() {
    let pairs = [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("#{", "}"),
        ("f(", ")"),
        ("v[", "]"),
        ("{a: ", "}"),
        ("{(1): ", "}"),
        ("fn -> ", " end"),
        ("fn x -> x; y -> ", " end"),
        ("function() { ", " }"),
        ("if x { ", " }"),
        ("if x { 1 } else { ", " }"),
        ("case x { _ -> ", " }"),
        ("receive { x -> ", " }"),
        ("receive { after 1 -> ", " }"),
        ("try { ", " } after { 1 }"),
        ("try { 1 } catch { _ -> ", " }"),
        ("try { 1 } after { ", " }"),
        ("function(a = ", ") { 1 }"),
        ("f\"{", "}\""),
        ("1 ^ (", ")"),
        ("-(", ")"),
        ("not (", ")"),
        ("case x { _ -> { a; ", " } }"),
        ("module M { ", " }"),
    ];
    for (open, close) in pairs {
        let closed = format!("{}1{}\nnext = 1 1\n", open.repeat(MANY), close.repeat(MANY));
        assert_eq!(codes_of(&closed), ["E0117", "E0101"], "{open}");
        let left_open = open.repeat(MANY);
        let codes = codes_of(&left_open);
        assert!((1..=2).contains(&codes.len()), "{open}: {codes:?}");
    }
}

#[test]
fn patterns_and_types_nested_too_deeply_are_one_error() {
    for (before, open, close, after) in [
        ("", "[", "]", " = 1"),
        ("", "{a: ", "}", " = 1"),
        ("case x { ", "{", "}", " -> 1 }"),
        ("case x { ", "(", ")", " -> 1 }"),
        ("f = function(x: ", "[", "]", ") { 1 }"),
        ("f = function(x: ", "{", "}", ") { 1 }"),
    ] {
        let middle = if before.contains("x: ") { "int" } else { "y" };
        let (open, close) = (open.repeat(MANY), close.repeat(MANY));
        let text = format!("{before}{open}{middle}{close}{after}\nnext = 1 1\n");
        assert_eq!(codes_of(&text), ["E0117", "E0101"], "{before}");
    }
    let prefixes = format!("case x {{ {} y -> 1 }}\n", "\"a\" + ".repeat(MANY));
    assert_eq!(codes_of(&prefixes), ["E0117"]);
}

#[test]
fn prefixes_in_a_row_are_bounded() {
    for prefix in ["~ ", "raise ", "return ", "assert ", "2 ^ ", "x = fn -> ", "reraise "] {
        let codes = codes_of(&format!("{}1\nnext = 1 1\n", prefix.repeat(MANY)));
        assert_eq!(codes.first(), Some(&"E0117"), "{prefix}");
        assert!(codes.len() <= 2, "{prefix}: {codes:?}");
    }
    for prefix in ["- ", "! ", "not "] {
        let codes = codes_of(&format!("{}1\nnext = 1 1\n", prefix.repeat(MANY)));
        assert_eq!(codes, ["E0118", "E0101"], "{prefix}");
    }
}

#[test]
fn chains_are_long_but_bounded() {
    let links = MAX_HEIGHT as usize - 10;
    for (start, link, end) in [
        ("x = 1", " + 1", ""),
        ("x = y", " |> f", ""),
        ("x = y", ".k", ""),
        ("x = f", "(1)", ""),
        ("x = v", "[1]", ""),
        ("x = a", " and b", ""),
        ("if a { 1 }", " else if b { 2 }", " else { 3 }"),
        ("x = ", "- ", "1"),
        ("case x { p", " = q", " -> 1 }"),
    ] {
        let fits = format!("{start}{}{end}\n", link.repeat(links));
        assert_eq!(codes_of(&fits), Vec::<&str>::new(), "{link}");
        let too_long = format!("{start}{}{end}\nnext = 1 1\n", link.repeat(MANY));
        let codes = codes_of(&too_long);
        assert_eq!(codes.first(), Some(&"E0118"), "{link}");
        assert_eq!(codes.last(), Some(&"E0101"), "{link}");
        assert_eq!(codes.len(), 2, "{link}");
    }
}

#[test]
fn chains_within_chains_share_the_bound() {
    let chain = " + 1".repeat(MAX_HEIGHT as usize / 2);
    let nested = format!("x = 1{chain} + (1{chain}{chain})\n");
    assert_eq!(codes_of(&nested), ["E0118"]);
    let beside = format!("x = 1{chain}\ny = 1{chain}\nz = [1{chain}, 2{chain}, 3{chain}]\n");
    assert_eq!(codes_of(&beside), Vec::<&str>::new());
}

#[test]
fn ordinary_nesting_fits() {
    let depth = MAX_DEPTH as usize - 2;
    let text = format!("x = {}1{}\n", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(codes_of(&text), Vec::<&str>::new());
    let text = format!("{}1{}\n", "if x { ".repeat(depth), " }".repeat(depth));
    assert_eq!(codes_of(&text), Vec::<&str>::new());
}

#[test]
fn the_limit_at_the_end_of_the_file() {
    for depth in [MAX_DEPTH as usize - 1, MAX_DEPTH as usize, MAX_DEPTH as usize + 1] {
        for open in ["(", "[", "{", "#{", "f(", "-(", "fn -> ", "if x { ", "~ "] {
            assert!(!codes_of(&open.repeat(depth)).is_empty(), "{open}");
        }
    }
}

#[test]
fn unbalanced_brackets_stay_linear() {
    for text in [
        "(".repeat(MANY) + &"]".repeat(MANY),
        "{".repeat(MANY) + &")".repeat(MANY),
        "({[".repeat(MANY) + &"}])".repeat(MANY),
        "fn ".repeat(MANY) + &"end) ".repeat(MANY),
        "}\n".repeat(MANY),
        "end\n".repeat(MANY),
        "f\"{(".repeat(MANY) + &"}\"".repeat(MANY),
        "{\n".repeat(MANY) + &" }\n".repeat(MANY),
        "#{ ".repeat(MANY),
        "'\n".repeat(MANY),
        "/* ".repeat(MANY),
        "\"\"\"\n".repeat(MANY),
        "0x".repeat(MANY),
        ":\"".repeat(MANY),
        "case x { 1 -> ".repeat(MANY) + &"{".repeat(MANY),
        "x -> ".repeat(MANY),
        "a, ".repeat(MANY),
        "\\".repeat(MANY),
        "''".repeat(MANY),
        "“".repeat(MANY),
        "\u{a0}x".repeat(MANY),
        "#{ x ".repeat(MANY),
        "x -> #{ ".repeat(MANY),
        "f\"{x:".repeat(MANY),
        "\"\\q\" ".repeat(MANY),
        "x = a b\n".repeat(MANY),
        "{ x; ".repeat(MANY) + &" }".repeat(MANY),
        "case x { 1 -> 2\n".repeat(MANY),
        "m.\n".repeat(MANY),
        "/x".repeat(MANY),
    ] {
        codes_of(&text);
    }
}

#[test]
fn many_lines_are_read_fast() {
    let unit = "f = function(x: int, {a, b} = c) {\n  y = x * 2 + g(a, b: 1)[3].k\n  case y {\n    \
                {:ok, v} when v > 1 -> v |> Enum.map(~ .x + 1)\n    [h | t] -> f\"{h} and {t}\"\n  }\n}\n\n";
    let text = unit.repeat(100_000 / 8);
    let started = Instant::now();
    let (arena, mut names) = (Bump::new(), Names::new());
    let (tree, diagnostics) = parse(&arena, &mut names, FileId(0), &text);
    let took = started.elapsed();
    assert!(diagnostics.is_empty());
    assert_eq!(tree.items.len(), 12_500);
    println!("100,000 lines: {took:?}");
    // Far above what is measured, so that a busy machine does not fail it.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// The figure given at `MAX_DEPTH`.
#[test]
fn the_parser_itself_needs_little_stack() {
    for (open, close) in [
        ("(", ")"),
        ("if x { ", " }"),
        ("case x { _ -> ", " }"),
        ("try { 1 } catch { _ -> ", " }"),
        ("case x { _ -> { a; ", " } }"),
        ("function(a = ", ") { 1 }"),
        ("f\"{", "}\""),
        ("fn x -> ", " end"),
        ("module M { ", " }"),
    ] {
        let depth = MAX_DEPTH as usize + 1;
        let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let thread = std::thread::Builder::new().stack_size(8 << 20);
        let parse = move || {
            let (arena, mut names) = (Bump::new(), Names::new());
            parse(&arena, &mut names, FileId(0), &text).1.len()
        };
        let errors = thread.spawn(parse).expect("a thread").join().expect("enough stack");
        assert_eq!(errors, 1, "{open}");
    }
}
