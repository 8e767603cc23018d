//! What names mean: programs in, the resolved tree or the diagnostics out.

use rata_compiler::diagnostics::Style;
use rata_compiler::pipeline::{Compiled, Request, Stage, compile};
use rata_compiler::project::Sources;
use std::collections::HashMap;
use std::io;

struct Files(HashMap<&'static str, &'static str>);

impl Sources for Files {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    }

    fn siblings(&self, _path: &str) -> Vec<String> {
        self.0.keys().map(|k| (*k).rsplit('/').next().unwrap_or(k).to_string()).collect()
    }
}

fn compile_files(files: &[(&'static str, &'static str)], emit: Option<Stage>) -> Compiled {
    let sources = Files(files.iter().copied().collect());
    let request = Request {
        files: vec!["app.rata".into()],
        sources: &sources,
        known: Vec::new(),
        is_stdlib: false,
        emit,
    };
    compile(&request).expect("app.rata is there")
}

fn resolved(text: &'static str) -> String {
    let compiled = compile_files(&[("app.rata", text)], Some(Stage::Resolved));
    assert!(!compiled.failed(), "{}", compiled.render(Style::Plain));
    compiled.listing
}

fn said(text: &'static str) -> String {
    compile_files(&[("app.rata", text)], None).render(Style::Plain)
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        match text[from..].find(part) {
            Some(at) => from += at + part.len(),
            None => panic!("`{part}` is not (there) in:\n{text}"),
        }
    }
}

#[test]
fn a_rebound_name_is_another_variable() {
    let tree = resolved("f = function(x) { x = x + 1; g = fn -> x end; x = x * 2; g() + x }");
    assert_has(&tree, &["x.1 = (x.0 Add 1)", "capturing (x.1)", "x.3 = (x.1 Mul 2)", "Add x.3"]);
}

#[test]
fn a_function_bound_to_a_name_means_itself_inside() {
    let tree = resolved("f = function(n) { g = fn 0 -> 0\n k -> g(k - 1) end; g(n) }");
    assert_has(&tree, &["g.1 = fn capturing ()", "(g.1)((k.2 Sub 1))", "(g.1)(n.0)"]);
}

#[test]
fn captures_pass_through_the_functions_between() {
    let tree = resolved("f = function(a) { fn b -> ~ .x + a + b end }");
    assert_has(&tree, &["fn capturing (a.0)", "fn capturing (a.0, b.1)"]);
}

#[test]
fn tilde_parameters_are_numbered() {
    let tree = resolved("f = function() { {~ .y, ~ .a + .b, ~ .x + .k} }");
    assert_has(&tree, &["list(fn capturing (), fn capturing (), fn capturing ())"]);
    let asm = compile_files(
        &[("app.rata", "f = function() { {~ .y, ~ .a - .b, ~ .x - .k} }")],
        Some(Stage::Asm),
    );
    assert_has(&asm.listing, &["f/fn/2", "return r1", "f/fn/2", "arith - r0 r1"]);
}

#[test]
fn named_arguments_take_their_places_in_the_order_written() {
    let tree = resolved(
        "f = function(a, b = 1, c = 2) { a + b + c }
         g = function(k) { f(c: k(1), a: k(2)) }
         h = function(k) { f(k, b: 3) }",
    );
    assert_has(&tree, &["= (k.", ")(1)", "= (k.", ")(2)", "f/3(.", ", missing, ."]);
    assert_has(&tree, &["f/3(k.", ", 3, missing)"]);
}

#[test]
fn unknown_named_arguments_gather_in_a_free_last_parameter() {
    let tree = resolved(
        "start = function(kids, opts = {}) { {kids, opts} }
         f = function() { start([1, 2], strategy: :one, max: 3) }",
    );
    assert_has(&tree, &["start/2([1, 2], map(:strategy: :one, :max: 3))"]);
    let errors = said("f = function(a) { a }\nmain = function() { f(1, b: 2) }");
    assert_has(&errors, &["error[E0302]: `f` has no parameter `b`", "2:26"]);
}

#[test]
fn defaults_may_use_earlier_parameters() {
    let tree = resolved("f = function(a, b = a + 1) { a * b }\ng = function() { f(2) }");
    assert_has(&tree, &["f/2(2, missing)", "b.", "if given else (a.", " Add 1)"]);
}

#[test]
fn functions_of_a_script_are_checked_only_where_needed() {
    let plain = resolved("f = function() { g() }\ng = function() { 1 }\nf()");
    assert!(!plain.contains("if defined"), "{plain}");
    let early = resolved("f = function() { g() }\nf()\ng = function() { 1 }\ng()");
    assert_has(&early, &["g/0 if defined()", "f/0()", "define function 1", "g/0()"]);
}

#[test]
fn script_functions_see_the_variables_above_them() {
    let tree = resolved("k = 1\nf = function() { k }\nk = 2\ng = function() { k }\nf() + g()");
    assert_has(&tree, &["global 0 k", "global 1 k", "global 0", "global 1"]);
    let errors = said("f = function() { k }\nk = 1\nf()");
    assert_has(&errors, &["error[E0201]: unknown name `k`", "further down"]);
}

#[test]
fn modules_see_their_functions_in_any_order_and_export_what_they_say() {
    let errors = said(
        "module M {
  export [f]
  f = function() { g() }
  g = function() { 1 }
}
M.f()
M.g()
M.h()",
    );
    assert_has(&errors, &["E0204", "`M.g` is private", "E0203", "module M has no `h`"]);
}

#[test]
fn nested_modules_see_aliases_but_not_names() {
    let text = "module Outer {
  library Inner as I
  k = 1
  module Inner {
    f = function() { k }
  }
  g = function() { Inner.f() }
}";
    assert_has(&said(text), &["unknown name `k`"]);
    let tree =
        resolved("module A { module B { f = function() { 1 } }\n g = function() { B.f() } }");
    assert_has(&tree, &["module A.B", "A.B.f()"]);
}

#[test]
fn behaviours_give_what_is_missing() {
    let tree = resolved(
        "module Greeter.Defaults { hi = function(m, name) { {m, name} }\n bye = function(m) { m } }
         module Greeter {}
         module Mine { use Greeter\n bye = function() { 1 } }
         Mine.hi(2)",
    );
    assert_has(&tree, &["module Mine", "hi/1", "Greeter.Defaults.hi(Mine, "]);
    let errors = said("module Mine { use Nobody }");
    assert_has(&errors, &["E0504", "`Nobody` is no behaviour"]);
}

#[test]
fn captures_and_divisions_are_told_apart() {
    let tree = resolved(
        "f = function(a, b) { a - b }
         g = function(f2) { x = 8; {f/2, x/2, f2/4, Math.floor/1} }",
    );
    assert_has(&tree, &["list(&f/2, (x.", " Div 2), (f2.", " Div 4), &Math.floor/1)"]);
}

#[test]
fn warnings_name_what_is_not_used() {
    let warnings = said(
        "library Stats as s
f = function(a, _b) {
  x = 1
  a + 1
  a
}
f(1, 2)",
    );
    assert_has(
        &warnings,
        &["W0907", "`s` is imported but never used", "W0904", "`x`", "W0908", "4:3"],
    );
    assert!(!warnings.contains("`_b`"));
}

#[test]
fn mistakes_are_explained() {
    for (text, parts) in [
        ("f = function(length) { lenght }", &["E0201", "did you mean `length`?"][..]),
        ("return 1", &["E0207"]),
        ("x = .y + 1", &["E0206"]),
        (
            "f = function(a, a2 = 1) { a2 }\nf = function(a) { a }",
            &["E0303", "1 argument in two ways"],
        ),
        ("module M { f = function() { 1 }\n g = 2\n f = function() { 3 } }", &["E0205"]),
        ("f = function(x) when g(x) { x }\ng = function(x) { x }", &["E0304"]),
        ("f = fn a -> 1\n a, b -> 2 end", &["E0301"]),
        ("f = function(a) { a }\nf(1, 2)", &["E0301", "`f` takes 1 argument, not 2"]),
        ("f = function(a) { a }\nf(1, a: 2)", &["E0302", "given twice"]),
        ("case 1 { ^nobody -> 2 }", &["E0201", "unknown variable `nobody`"]),
        ("module M {}\nmodule M {}", &["E0503"]),
        ("module M { export [f] }", &["E0209"]),
    ] {
        assert_has(&said(text), parts);
    }
}

#[test]
fn a_function_below_a_variable_of_its_name_bears_the_name() {
    let text = "f = 1\nassert f == 1\nf = function(n) { f(n - 1) }\nassert f(2) == 0\n";
    assert_has(&resolved(text), &["(f.1 Eq 1)", "(f/1(2) Eq 0)"]);
    assert_has(&said(text), &["W0910"]);
    let again = "f = function(n) { n }\nf = 2\nassert f == 2\n";
    assert_has(&resolved(again), &["(f.1 Eq 2)"]);
}

#[test]
fn constants_of_other_modules_can_be_called_by_imported_names() {
    let tree = resolved("library M.[f]\nmodule M { f = fn x -> x end }\ng = f(1)\n");
    assert_has(&tree, &["(M.f)(1)"]);
    let piped = resolved("library M.[f]\nmodule M { f = fn x -> x end }\ng = 1 |> f\n");
    assert_has(&piped, &["(M.f)(1)"]);
}

#[test]
fn of_a_function_and_a_constant_of_one_name_the_last_is_exported() {
    let main = "library ./lib as L\nx = L.f\n";
    for (lib, kind) in
        [("f = 1\nf = function(n) { n }\n", "f/1"), ("f = function(n) { n }\nf = 1\n", "@f")]
    {
        let compiled = compile_files(&[("lib.rata", lib), ("app.rata", main)], Some(Stage::Asm));
        let exports: Vec<&str> =
            compiled.listing.lines().filter(|line| line.starts_with("export ")).collect();
        assert_eq!(exports.len(), 1, "{}", compiled.listing);
        assert!(exports[0].contains(kind), "{exports:?}");
    }
}

#[test]
fn imports_are_followed_and_cycles_told() {
    let files = [
        ("app.rata", "library ./lib/a as A\nA.f()"),
        ("lib/a.rata", "library ../b as B\nf = function() { B.g() }"),
        ("b.rata", "g = function() { 1 }"),
    ];
    let compiled = compile_files(&files, None);
    assert!(!compiled.failed(), "{}", compiled.render(Style::Plain));
    let names: Vec<_> = compiled.package.unwrap().modules.into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["b.rata", "lib/a.rata", "app.rata"]);
    let cycle =
        compile_files(&[("app.rata", "library ./x\n1"), ("x.rata", "library ./app\n2")], None);
    assert_has(&cycle.render(Style::Plain), &["E0502", "app.rata → x.rata → app.rata"]);
    let missing = compile_files(&[("app.rata", "library ./hepler\n1"), ("helper.rata", "")], None);
    assert_has(&missing.render(Style::Plain), &["E0501", "hepler.rata", "did you mean `helper`?"]);
}

#[test]
fn a_ref_that_every_clause_waits_for_marks_the_receive() {
    let tree = resolved(
        "f = function(r) { receive { {^r, v} -> v; {:down, ^r} -> 1 } }
         g = function(r) { receive { {^r, v} -> v; _ -> 1 } }
         h = function() { receive { {a, a} -> 1 } }",
    );
    assert_eq!(tree.matches("marked by").count(), 1, "{tree}");
    assert_has(&tree, &["receive marked by r.0"]);
}
