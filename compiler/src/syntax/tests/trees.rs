//! Trees of what is right: precedence, newlines, blocks and literals, clauses, parameters.

use super::*;

/// Each text gives the tree beside it.
fn all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(short(text), *expected, "{text}");
    }
}

#[test]
fn precedence() {
    all(&[
        ("a or b and c", "or(name a, and(name b, name c))"),
        ("a || b && c", "or(name a, and(name b, name c))"),
        ("not a == b", "not(eq(name a, name b))"),
        ("not a and b", "and(not(name a), name b)"),
        ("a and not not b", "and(name a, not(not(name b)))"),
        ("a + b * c - d", "sub(add(name a, mul(name b, name c)), name d)"),
        ("1..n + 1", "range(int 1, add(name n, int 1))"),
        ("a..b == c", "eq(range(name a, name b), name c)"),
        ("-2 ^ 2", "neg(pow(int 2, int 2))"),
        ("2 ^ 3 ^ -1", "pow(int 2, pow(int 3, neg(int 1)))"),
        ("!a == b", "eq(not(name a), name b)"),
        ("-a.b[1](2)", "neg(call(index(field b(name a), int 1), int 2))"),
        ("a %% b %/% c / d", "div(intdiv(mod(name a, name b), name c), name d)"),
        ("(a < b) < c", "lt(lt(name a, name b), name c)"),
        ("(a + b) * c", "mul(add(name a, name b), name c)"),
        ("a <= b; c >= d; e != f", "le(name a, name b), ge(name c, name d), ne(name e, name f)"),
        ("x!=1", "ne(name x, int 1)"),
        ("a<-1", "lt(name a, neg(int 1))"),
    ]);
}

#[test]
fn pipes() {
    all(&[
        ("x |> f(a) |> M.g", "pipe(pipe(name x, call(name f, name a)), field g(module M))"),
        ("x |> f", "pipe(name x, name f)"),
        ("x |> (fn v -> v end)", "pipe(name x, fn(clause(param(p:name v), body(name v))))"),
        ("x |> f(a)(b)", "pipe(name x, call(call(name f, name a), name b))"),
        ("x\n  |> f\n\n  # between\n  |> g", "pipe(pipe(name x, name f), name g)"),
        ("y = x |>\n f", "bind(p:name y, pipe(name x, name f))"),
        ("x |> m.f(1)", "pipe(name x, call(field f(name m), int 1))"),
    ]);
}

#[test]
fn lambdas_reach_far() {
    all(&[
        ("~ .x + 1 |> f", "tilde(pipe(add(dot x, int 1), name f))"),
        ("g(~ .x, 2)", "call(name g, tilde(dot x), int 2)"),
        ("a + raise b |> c", "add(name a, raise(pipe(name b, name c)))"),
        ("~ ~ .y", "tilde(tilde(dot y))"),
        ("v |> Enum.map(~ .name.first)", {
            "pipe(name v, call(field map(module Enum), tilde(field first(dot name))))"
        }),
    ]);
}

#[test]
fn captures() {
    all(&[
        ("f/2", "capture or divide /2(name f)"),
        ("M.f/2", "capture or divide /2(field f(module M))"),
        ("Outer.Inner.f/1", "capture or divide /1(field f(module Outer.Inner))"),
        ("m.f/2", "capture or divide /2(field f(name m))"),
        ("__module__.f/0", "capture or divide /0(field f(__module__))"),
        ("f / 2", "div(name f, int 2)"),
        ("f /2", "div(name f, int 2)"),
        ("f/ 2", "div(name f, int 2)"),
        ("f/x", "div(name f, name x)"),
        ("f/2.5", "div(name f, float 2.5)"),
        ("a * f/2", "div(mul(name a, name f), int 2)"),
        ("a + f/2", "add(name a, capture or divide /2(name f))"),
        ("-f/2", "div(neg(name f), int 2)"),
        ("(f)/2", "div(name f, int 2)"),
        ("a.b.c/2", "div(field c(field b(name a)), int 2)"),
        ("f/2^2", "div(name f, pow(int 2, int 2))"),
        ("f/2*3", "mul(capture or divide /2(name f), int 3)"),
        ("g(f/1, h/2)", "call(name g, capture or divide /1(name f), capture or divide /2(name h))"),
    ]);
}

#[test]
fn literals() {
    all(&[
        ("{}", "map"),
        ("{,}", "list"),
        ("#{}", "set"),
        ("[]", "vector"),
        ("[1, 2,]", "vector(int 1, int 2)"),
        ("[h | t]", "vector(name h, tail(name t))"),
        ("[a, b | t]", "vector(name a, name b, tail(name t))"),
        ("{a: 1, \"b c\": 2, (k + 1): 3,}", {
            "map(a:(int 1), \"b c\":(int 2), key(add(name k, int 1)), value(int 3))"
        }),
        ("{Reader, restart: :permanent}", "list(module Reader, restart:(symbol permanent))"),
        ("{(a)}", "list(name a)"),
        ("{(a), (b): 1}", "list(name a, key(name b), value(int 1))"),
        ("#{1, :two,}", "set(int 1, symbol two)"),
        ("{end: 1, if: 2}", "map(end:(int 1), if:(int 2))"),
        ("m.end", "field end(name m)"),
        ("Process.receive(1)", "call(field receive(module Process), int 1)"),
        (":end", "symbol end"),
        ("Outer.Inner", "module Outer.Inner"),
        ("1 + 0xffffffffffffffffff", "add(int 1, bigint 4722366482869645213695)"),
        ("[nil, true, false]", "vector(nil, true, false)"),
        ("f\"{a}{b + 1}.\"", "fstring(name a, add(name b, int 1), text \".\")"),
        ("f\"{ {a: 1}.a }\"", "fstring(field a(map(a:(int 1))))"),
        ("f\"{\n x\n}\"", "fstring(name x)"),
    ]);
}

#[test]
fn calls() {
    all(&[
        ("f()", "call(name f)"),
        ("f(1, x: 2, end: 3,)", "call(name f, int 1, x:(int 2), end:(int 3))"),
        ("f(x: 1)", "call(name f, x:(int 1))"),
        ("f (1) [2]", "index(call(name f, int 1), int 2)"),
        ("f(\n 1,\n 2\n)", "call(name f, int 1, int 2)"),
        ("(fn -> 1 end)()", "call(fn(clause(body(int 1))))"),
        ("{f}[1].k", "field k(index(list(name f), int 1))"),
        ("assert a == b, \"m\"", "assert(eq(name a, name b), string \"m\")"),
        ("f(assert a)", "call(name f, assert(name a))"),
    ]);
}

#[test]
fn newlines() {
    all(&[
        ("a +\n b", "add(name a, name b)"),
        ("(a\n + b)", "add(name a, name b)"),
        ("[a\n - b]", "vector(sub(name a, name b))"),
        ("x =\n  5", "bind(p:name x, int 5)"),
        ("a\nb;c;;d\n\n;e", "name a, name b, name c, name d, name e"),
        ("f(fn x ->\n a\n b\nend)", {
            "call(name f, fn(clause(param(p:name x), body(name a, name b))))"
        }),
        ("[fn -> a; b end]", "vector(fn(clause(body(name a, name b))))"),
        ("(if a { b\n c }\nelse { d })", "if(name a, then(name b, name c)), else(name d)"),
        ("x = a # one\n\n# two\n  |> f", "bind(p:name x, pipe(name a, name f))"),
        ("return\nx", "return, name x"),
        ("return -x", "return(neg(name x))"),
        ("v = w\n[h | t]", "bind(p:name v, name w), vector(name h, tail(name t))"),
        ("v = w\n[a, b] = v", {
            "bind(p:name v, name w), bind(p:vector(p:name a, p:name b), name v)"
        }),
        ("x = 1\n-1 = x", "bind(p:name x, int 1), bind(p:int -1, name x)"),
        ("if a { 1 }\n-1", "if(name a, then(int 1)), neg(int 1)"),
        ("a;\n-b", "name a, neg(name b)"),
    ]);
}

#[test]
fn bindings() {
    all(&[
        ("{p, q} = v", "bind(p:list(p:name p, p:name q), name v)"),
        ("x = y = 5", "bind(p:alias y(p:name x), int 5)"),
        ("{a, b} = all = f()", "bind(p:alias all(p:list(p:name a, p:name b)), call(name f))"),
        ("(x) = 1", "bind(p:name x, int 1)"),
        ("\"ab\" + r = s", "bind(p:prefix \"ab\"(p:name r), name s)"),
        ("{a: {b: c}} = m", "bind(p:map(a:(p:map(b:(p:name c)))), name m)"),
        ("^x = y", "bind(p:pin x, name y)"),
        ("M.N = y", "bind(p:module M.N, name y)"),
        ("_ = f()", "bind(p:_, call(name f))"),
        ("-9223372036854775808 = x", "bind(p:int -9223372036854775808, name x)"),
        ("-99999999999999999999 = x", "bind(p:bigint -99999999999999999999, name x)"),
        ("[{a, k: 1}, _b | _] = x", {
            "bind(p:vector(p:list(p:name a, k:(p:int 1)), p:name _b, tail(p:_)), name x)"
        }),
        ("{(:k): v, \"s\": w} = m", {
            "bind(p:map(key(p:symbol k), value(p:name v), \"s\":(p:name w)), name m)"
        }),
    ]);
}

#[test]
fn blocks_and_literals_in_clause_bodies() {
    let body = |text: &str| {
        let whole = short(&format!("case x {{\n  1 -> {text}\n}}"));
        let body = whole.strip_prefix("case(name x, clause(p:int 1, body(").expect("a case");
        body.strip_suffix(")))").expect("its end").to_owned()
    };
    assert_eq!(body("{ a; b }"), "block(name a, name b)");
    assert_eq!(body("{ a = 1 }"), "block(bind(p:name a, int 1))");
    assert_eq!(body("{ return a }"), "block(return(name a))");
    assert_eq!(body("{\n a\n b\n}"), "block(name a, name b)");
    assert_eq!(body("{\n f(a)\n}"), "block(call(name f, name a))");
    assert_eq!(body("{\n assert a, \"m\"\n}"), "block(assert(name a, string \"m\"))");
    assert_eq!(body("{ a }"), "list(name a)");
    assert_eq!(body("{ a, b }"), "list(name a, name b)");
    assert_eq!(body("{\n :reply,\n a\n}"), "list(symbol reply, name a)");
    assert_eq!(body("{\n k: a,\n l: b\n}"), "map(k:(name a), l:(name b))");
    assert_eq!(body("{}"), "map");
    assert_eq!(body("{,}"), "list");
    assert_eq!(body("{\n}"), "map");
    assert_eq!(body("{p, q} = v"), "bind(p:list(p:name p, p:name q), name v)");
    assert_eq!(body("{p = r, q} = v"), "bind(p:list(p:alias r(p:name p), p:name q), name v)");
    assert_eq!(body("{ fn -> a = 1; a end, 2 }"), {
        "list(fn(clause(body(bind(p:name a, int 1), name a))), int 2)"
    });
    assert_eq!(body("{ f(fn ->\n a\n b end)\n c }"), {
        "block(call(name f, fn(clause(body(name a, name b)))), name c)"
    });
    assert_eq!(body("{ a\n |> f, b }"), "list(pipe(name a, name f), name b)");
    assert_eq!(body("{a, b}[1]"), "index(list(name a, name b), int 1)");
}

#[test]
fn clauses() {
    all(&[
        ("case x { 1 -> a, 2 -> b; 3 -> c\n 4 -> d }", {
            "case(name x, clause(p:int 1, body(name a)), clause(p:int 2, body(name b)), \
             clause(p:int 3, body(name c)), clause(p:int 4, body(name d)))"
        }),
        ("case x {\n a when a > 1 and\n b -> c\n}", {
            "case(name x, clause(p:name a, when(and(gt(name a, int 1), name b)), body(name c)))"
        }),
        ("case x { _ -> f(fn y -> y end)\n y = fn z -> z end }", {
            "case(name x, clause(p:_, body(call(name f, fn(clause(param(p:name y), body(name y)))), \
             bind(p:name y, fn(clause(param(p:name z), body(name z)))))))"
        }),
        ("case x { -1 -> a\n [h] -> b\n (c) -> d }", {
            "case(name x, clause(p:int -1, body(name a)), clause(p:vector(p:name h), body(name b)), \
             clause(p:name c, body(name d)))"
        }),
        ("case x { _ -> assert a, _ -> assert b, \"m\" }", {
            "case(name x, clause(p:_, body(assert(name a))), \
             clause(p:_, body(assert(name b, string \"m\"))))"
        }),
        ("case x {}", "case(name x)"),
        ("case f(x) { {a, b} = c -> a, }", {
            "case(call(name f, name x), clause(p:alias c(p:list(p:name a, p:name b)), body(name a)))"
        }),
        ("fn\n 0, 1 -> a\n x: int, y when x -> b\nend", {
            "fn(clause(param(p:int 0), param(p:int 1), body(name a)), \
             clause(param(p:name x, type int), param(p:name y), when(name x), body(name b)))"
        }),
        ("fn -> a end", "fn(clause(body(name a)))"),
        ("fn x -> a; y -> b end", {
            "fn(clause(param(p:name x), body(name a)), clause(param(p:name y), body(name b)))"
        }),
        ("fn x ->\n a\n b end", "fn(clause(param(p:name x), body(name a, name b)))"),
        ("receive { x -> y after 100 -> z }", {
            "receive(clause(p:name x, body(name y)), after(int 100, body(name z)))"
        }),
        ("receive { after 0 -> z }", "receive(after(int 0, body(name z)))"),
        ("receive {\n x -> try { a } catch { _ -> b }\n after { c }\n after 5 -> d\n}", {
            "receive(clause(p:name x, body(try(body(name a), catch(clause(p:_, body(name b))), \
             after(name c)))), after(int 5, body(name d)))"
        }),
    ]);
}

#[test]
fn functions() {
    all(&[
        ("function() { }", "function(body)"),
        ("function(a, b: int = 2, c = 3, d \\\\= 4): numeric when a > b { a }", {
            "function(param(p:name a), param(p:name b, type int, default(int 2)), \
             param(p:name c, default(int 3)), param(p:name d, default(int 4)), result numeric, \
             when(gt(name a, name b)), body(name a))"
        }),
        ("function({a, b} = p, {c} = {1}, [d] : [int] = q = r, _ = 5,) { a }", {
            "function(param(p:alias p(p:list(p:name a, p:name b))), \
             param(p:list(p:name c), default(list(int 1))), \
             param(p:alias q(p:vector(p:name d)), type [int], default(name r)), \
             param(p:_, default(int 5)), body(name a))"
        }),
        ("function(f: function | nil, t: {int, [string]}):{int, any}{ f }", {
            "function(param(p:name f, type function | nil), param(p:name t, type {int, [string]}), \
             result {int, any}, body(name f))"
        }),
        ("function(x) {\n {a, b}\n}", "function(param(p:name x), body(list(name a, name b)))"),
        ("function(x: int\n) { x }", "function(param(p:name x, type int), body(name x))"),
    ]);
}

#[test]
fn control() {
    all(&[
        ("if a { b }", "if(name a, then(name b))"),
        ("if a { b }\nelse if c { d }\nelse { e }", {
            "if(name a, then(name b)), else if(name c, then(name d)), else(name e)"
        }),
        ("if {a: 1} == b { c }", "if(eq(map(a:(int 1)), name b), then(name c))"),
        ("x = if a { b } else { c }", "bind(p:name x, if(name a, then(name b)), else(name c))"),
        ("try { a }\ncatch as e { :x -> b }\nelse { c }\nafter { d }", {
            "try(body(name a), catch as e(clause(p:symbol x, body(name b))), else(name c), \
             after(name d))"
        }),
        ("try { a } after { b }", "try(body(name a), after(name b))"),
        ("raise Core.runtime_error(\"m\")", {
            "raise(call(field runtime_error(module Core), string \"m\"))"
        }),
        ("reraise e", "reraise(name e)"),
        ("a or return b", "or(name a, return(name b))"),
        ("case x { _ -> return }", "case(name x, clause(p:_, body(return)))"),
    ]);
}

#[test]
fn items() {
    all(&[
        ("module A.B { x = 1\n module C { } }", "module A.B(bind(p:name x, int 1), module C)"),
        ("module \"Any Text\" { assert true }", "test module \"Any Text\"(assert(true))"),
        ("library Math\nlibrary Math as m; library A.B as C", {
            "library Math, library Math as m, library A.B as C"
        }),
        ("library D.[f, g,]; library ../x as X", "library D names f g, library \"../x\" as X"),
        ("use GenServer", "use GenServer"),
        ("export [\n  f,\n  g?\n]", "export f g?"),
        ("export []", "export"),
        ("module P { export [receive]\n receive = function() { 1 } }", {
            "module P(export receive, bind(p:name receive, function(body(int 1))))"
        }),
        ("\"Docs\"\nx = 1", "string \"Docs\", bind(p:name x, int 1)"),
    ]);
}

#[test]
fn spans_hold_their_brackets() {
    let arena = Bump::new();
    let mut names = Names::new();
    let text = "(a + b) * c";
    let (tree, _) = parse(&arena, &mut names, FileId(0), text);
    let tree::ItemKind::Stmt(stmt) = tree.items[0].kind else { panic!("a statement") };
    let tree::StmtKind::Expr(expr) = stmt.kind else { panic!("an expression") };
    let tree::ExprKind::Binary { left, op_span, .. } = expr.kind else { panic!("a product") };
    let slice = |span: crate::span::Span| &text[span.start as usize..span.end as usize];
    assert_eq!((slice(expr.span), slice(left.span), slice(op_span)), (text, "(a + b)", "*"));
}
