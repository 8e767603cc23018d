//! Tokens.

use super::*;
use crate::syntax::token::{Kind, Tokens};

fn with_tokens<T>(text: &str, look: impl Fn(&Tokens<'_>, &Names) -> T) -> T {
    let (arena, mut names) = (Bump::new(), Names::new());
    let (tokens, diagnostics) = lex(&arena, &mut names, FileId(0), text);
    assert!(diagnostics.is_empty(), "{text}\n{}", rendered(text, &diagnostics));
    look(&tokens, &names)
}

fn kinds(text: &str) -> String {
    with_tokens(text, |tokens, _| {
        let kinds = tokens.list.iter().map(|token| format!("{:?}", token.kind));
        let mut kinds: Vec<String> = kinds.collect();
        assert_eq!(kinds.pop().as_deref(), Some("Eof"));
        kinds.join(" ")
    })
}

/// The texts of all string tokens.
fn texts(text: &str) -> Vec<String> {
    with_tokens(text, |tokens, _| {
        let strings = tokens.list.iter().filter(|token| {
            matches!(token.kind, Kind::Str | Kind::StrKey | Kind::FText | Kind::BigInt)
        });
        strings.map(|token| tokens.texts[token.data as usize].to_owned()).collect()
    })
}

fn floats(text: &str) -> Vec<f64> {
    with_tokens(text, |tokens, _| tokens.floats.clone())
}

fn ints(text: &str) -> Vec<i64> {
    with_tokens(text, |tokens, _| tokens.ints.clone())
}

#[test]
fn names_and_marks() {
    assert_eq!(kinds("a member? read_csv! _x Foo"), "Name Name Name Name Mod");
    assert_eq!(kinds("x!=1"), "Name NotEq Int");
    assert_eq!(kinds("x! =1"), "Name Assign Int");
    assert_eq!(kinds("x?==1"), "Name EqEq Int");
    assert_eq!(kinds(":a!=:b"), "Symbol NotEq Symbol");
    assert_eq!(kinds("end ends __module__ __modules__"), "End Name ThisModule Name");
}

#[test]
fn keywords_are_ordinary_after_a_dot_and_in_keys_and_symbols() {
    assert_eq!(kinds("m.end :end after: Process.receive"), "Name Field Symbol Key Mod Field");
    assert_eq!(kinds(".if"), "DotParam");
}

#[test]
fn dots() {
    assert_eq!(kinds("a.b .b"), "Name Field DotParam");
    assert_eq!(kinds("f(x).b v[1].c {}.d end.e"), {
        "Name LParen Name RParen Field Name LBracket Int RBracket Field LBrace RBrace Field End Field"
    });
    assert_eq!(kinds("1..5 1...5 a..b"), "Int DotDot Int Int DotDot Float Name DotDot Name");
    assert_eq!(kinds("Outer.Inner.f"), "Mod FieldMod Field");
    assert_eq!(kinds("return.x"), "Return DotParam");
    assert_eq!(kinds("library M.[f]"), "Library Mod Dot LBracket Name RBracket");
    assert_eq!(kinds("~ .x + .y"), "Tilde DotParam Plus DotParam");
}

#[test]
fn colons() {
    assert_eq!(kinds("{a: 1, \"b c\": 2, (k): 3}"), {
        "LBrace Key Int Comma StrKey Int Comma LParen Name RParen Colon Int RBrace"
    });
    assert_eq!(kinds("function(x):int"), "Function LParen Name RParen Colon Name");
    assert_eq!(kinds("{a::b}"), "LBrace Key Symbol RBrace");
    assert_eq!(kinds(":\"any text\" :DOWN :alive?"), "Symbol Symbol Symbol");
    assert_eq!(kinds("x : int"), "Name Colon Name");
}

#[test]
fn sets_and_comments() {
    assert_eq!(kinds("1 # one\n# two\n#{1}"), "Int SetOpen Int RBrace");
    assert_eq!(kinds("[#{}] # {"), "LBracket SetOpen RBrace RBracket");
    assert_eq!(kinds("#"), "");
}

#[test]
fn operators() {
    assert_eq!(
        kinds("|> || | && == != < <= > >= .. + - * / %% %/% ! ^ = \\\\= -> ~"),
        "Pipe Or Bar And EqEq NotEq Lt Le Gt Ge DotDot Plus Minus Star Slash Modulo IntDiv Bang \
         Caret Assign DefaultAssign Arrow Tilde"
    );
    assert_eq!(kinds("a<-1"), "Name Lt Minus Int");
    assert_eq!(kinds("a->b"), "Name Arrow Name");
}

#[test]
fn integers() {
    assert_eq!(
        ints("42 1_000_000 0xff 0XFF 0b1010 0o17 007"),
        [42, 1_000_000, 255, 255, 10, 15, 7]
    );
    assert_eq!(ints("9223372036854775807"), [i64::MAX]);
    assert_eq!(kinds("9223372036854775808"), "BigInt");
    assert_eq!(texts("00_9223372036854775808"), ["9223372036854775808"]);
    assert_eq!(texts("0xffff_ffff_ffff_ffff"), ["18446744073709551615"]);
    assert_eq!(ints("000000000000000000000000000000"), [0]);
    let long = "123456789".repeat(5_000);
    assert_eq!(texts(&long), [long]);
}

#[test]
fn floats_of_all_forms() {
    assert_eq!(floats("1.5 .5 1e5 1.23e-4 1E+2 1_0.2_5"), [1.5, 0.5, 1e5, 1.23e-4, 100.0, 10.25]);
    assert_eq!(floats("1e400"), [f64::INFINITY]);
    assert_eq!(kinds("1.e5"), "Int Field");
}

#[test]
fn escapes() {
    assert_eq!(texts(r#""\n\t\r\0\\\"\u{1F600}\u{e9}""#), ["\n\t\r\0\\\"😀é"]);
    assert_eq!(texts("\"two\nlines\""), ["two\nlines"]);
    assert_eq!(texts(r#""" "{}" "#), ["", "{}"]);
}

#[test]
fn triple_quotes() {
    assert_eq!(texts("\"\"\"\n  a\n    b\n\n  c\n  \"\"\""), ["a\n  b\n\nc\n"]);
    assert_eq!(texts("\"\"\"one \"line\" \"\"\""), ["one \"line\" "]);
    assert_eq!(texts("\"\"\"first\n   second\n  \"\"\""), ["first\n second\n"]);
    assert_eq!(texts("\"\"\"\n  a\n b\\n  c\n  \"\"\""), ["a\nb\n  c\n"]);
    assert_eq!(texts("\"\"\"\n\"\"\""), [""]);
    assert_eq!(texts("\"\"\"\"\"\""), [""]);
    assert_eq!(texts("\"\"\"\r\n\ta\r\n\t\"\"\""), ["a\r\n"]);
}

#[test]
fn fstrings() {
    assert_eq!(kinds("f\"a {x} b\""), "FStart FText FOpen Name FClose FText FEnd");
    assert_eq!(kinds("f\"\" f \"\""), "FStart FEnd Name Str");
    assert_eq!(texts("f\"{{x}} \\{{ {1}\\n\"".replace("\\{{", "").as_str()), ["{x}  ", "\n"]);
    assert_eq!(
        kinds("f\"{f\"<{\"}\"}>\" + {a: 1}.a}\""),
        "FStart FOpen FStart FText FOpen Str FClose FText FEnd Plus LBrace Key Int RBrace Field \
         FClose FEnd"
    );
    assert_eq!(kinds("f\"{fn x: int -> x end}\""), {
        "FStart FOpen Fn Key Name Arrow Name End FClose FEnd"
    });
    assert_eq!(kinds("f\"{function(x): int { x }}\"").split(' ').nth(6), Some("Colon"));
}

#[test]
fn triple_fstrings() {
    let text = "f\"\"\"\n    a {x}\n      b \"q\" {\"\"\"\n  in\n  \"\"\"}\n    c\n    \"\"\"";
    assert_eq!(texts(text), ["a ", "\n  b \"q\" ", "in\n", "\nc\n"]);
    assert_eq!(texts("f\"\"\"\n  {x}\n  \"\"\""), ["", "\n"]);
    assert_eq!(texts("f\"\"\"  {x}\n  {y}\"\"\""), ["  ", "\n"]);
}

#[test]
fn openers_know_their_closers() {
    with_tokens("f(fn x -> [1, {2}] end)", |tokens, _| {
        let closer = |at: usize| tokens.list[at].data as usize;
        let list = &tokens.list;
        assert_eq!((list[1].kind, list[closer(1)].kind), (Kind::LParen, Kind::RParen));
        assert_eq!((list[2].kind, list[closer(2)].kind), (Kind::Fn, Kind::End));
        assert_eq!((list[5].kind, list[closer(5)].kind), (Kind::LBracket, Kind::RBracket));
        assert_eq!(list[closer(5)].data, 5);
    });
}

#[test]
fn paths() {
    assert_eq!(kinds("library ./lib/loader as L"), "Library Path As Mod");
    assert_eq!(kinds("library ../x-y.z; a / b"), "Library Path Semi Name Slash Name");
}

#[test]
fn printed_tokens() {
    let (arena, mut names) = (Bump::new(), Names::new());
    let text = "x = \"a\\n\"\n# no\ny: 1.5";
    let (tokens, _) = lex(&arena, &mut names, FileId(0), text);
    let expected = "    0..1     | Name x\n    2..3       Assign =\n    4..9       Str \"a\\n\"\n   \
                    15..17    | Key y:\n   18..21      Float 1.5\n   21..21      Eof\n";
    assert_eq!(print::print_tokens(&tokens, text), expected);
}
