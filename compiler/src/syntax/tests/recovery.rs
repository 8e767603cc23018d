//! Several independent mistakes in one file, each reported once and nothing else.

use super::*;

#[test]
fn each_mistake_is_reported_once() {
    for (text, expected) in [
        ("x = 1 +\ny = (2\nz = [3\n", "E0101:1 E0109:2 E0109:3"),
        ("x = )\ny = 1\nz = ]\n", "E0101:1 E0101:3"),
        ("f = function(x) {\n  a b\n  c d\n}\ng = e f\n", "E0101:2 E0101:3 E0101:5"),
        ("f(a b)\ng([c d], e f)\nh(1)\n", "E0101:1 E0101:2 E0101:2"),
        (
            "case x {\n  1 -> a b\n  f( -> c\n  3 -> d e\n}\nx = f g\n",
            "E0101:2 E0101:3 E0101:4 E0101:6",
        ),
        ("case x {\n  1 + 2 -> a\n  3 -> b c\n}\n", "E0101:2 E0101:3"),
        ("x = fn a b -> c end\ny = d e\n", "E0101:1 E0101:2"),
        ("x = {a: 1 b: 2}\ny = [1 2]\nz = {1 2}\n", "E0101:1 E0101:2 E0101:3"),
        ("module A {\n  x = a b\n  module B {\n    y = c d\n  }\n}\nz = e f\n", {
            "E0101:2 E0101:4 E0101:7"
        }),
        ("x = f\"{a b} {c d}\"\ny = e f\n", "E0101:1 E0101:1 E0101:2"),
        ("x = \"\\q\"\ny = 1 $ 2\nz = 0xg\n", "E0103:1 E0127:2 E0104:3"),
        ("f = function(x: itn, y z) { x y }\ng = function(: int) { 1 }\n", {
            "E0115:1 E0101:1 E0101:1 E0101:2"
        }),
        ("if a = 1 { b c }\nif d { e f } else { g h }\n", "E0113:1 E0101:1 E0101:2 E0101:2"),
        ("try { a b } catch { _ -> c d } after { e f }\n", "E0101:1 E0101:1 E0101:1"),
        ("receive {\n  x y -> a\n  z -> b c\n  after -> d\n}\n", "E0101:2 E0101:3 E0101:4"),
        ("}\nx = a b\n)\ny = c d\nend\n", "E0111:1 E0101:2 E0111:3 E0101:4 E0111:5"),
        ("library 5\nuse x\nexport y\nmodule z { }\nx = a b\n", {
            "E0101:1 E0101:2 E0101:3 E0101:4 E0101:5"
        }),
        ("x = a b; y = c d; z = 1\n", "E0101:1 E0101:1"),
        ("foo(fn x -> x + 1)\nbar(fn -> 2)\n", "E0110:1 E0110:2"),
        ("x = y = {a} = 1\nf(1) = 2\n", "E0114:1 E0114:2"),
    ] {
        assert_eq!(codes(text), expected, "{text}\n{}", report(text));
    }
}

#[test]
fn what_follows_a_mistake_is_kept() {
    for (text, kept) in [
        ("x = a b\ny = 1\n", "p:name y"),
        ("f(a b)\ny = 1\n", "p:name y"),
        ("f = function(x {\n 1\n}\ny = 1\n", "p:name y"),
        ("case x { 1 + 2 -> a\n 3 -> b }\ny = 1\n", "p:int 3"),
        ("x = [1, 2\ny = 1\nz = 2\n", "p:name z"),
        ("module A {\n x = (1 + ]\n y = 2\n}\n", "p:name y"),
        ("let x = 5\n", "int 5"),
        ("if a = b { c }\n", "name c"),
    ] {
        let (printed, diagnostics) = parsed(text);
        assert!(!diagnostics.is_empty(), "{text}");
        assert!(printed.contains(kept), "{text}\n{printed}");
    }
}

#[test]
fn no_more_than_a_hundred() {
    let (_, diagnostics) = parsed(&"x = a b\n".repeat(500));
    assert_eq!(diagnostics.len(), 100);
    let (_, diagnostics) = parsed(&"x = \"\\q\"\n".repeat(500));
    assert_eq!(diagnostics.len(), 100);
}

#[test]
fn lines_that_look_like_continuations() {
    for (text, expected) in [
        ("y = 3\n- 4\n", "W0901:2"),
        ("y = 3\n-4\n", "W0901:2"),
        ("g = f\n(3)\n", "W0901:2"),
        ("g = f()\n(3) |> f\n", "W0901:2"),
        ("v = w\n[1]\n", "W0901:2"),
        ("v = w\n[h | t]\n", ""),
        ("v = w\n[1, 2]\n", ""),
        ("v = w\n[]\n", ""),
        ("y = 3\n(4)\n", ""),
        ("if a { b }\n- 4\n", ""),
        ("\"Docs\"\n[1]\n", ""),
        ("y = 3;\n- 4\n", ""),
        ("case x {\n 0 -> y\n -1 -> z\n [h] -> w\n (a) -> b\n}\n", ""),
        ("f = function() {\n  y = g\n  (1)\n}\n", "W0901:3"),
        ("case x {\n  0 -> y\n  - 1\n}\n", "W0901:3"),
        ("y = 1\n* 2\n", "E0120:2"),
        ("y = 1\n== 2\n", "E0120:2"),
        ("y = a\nand b\n", "E0120:2"),
    ] {
        assert_eq!(codes(text), expected, "{text}\n{}", report(text));
    }
}
