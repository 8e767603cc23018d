//! Calls, tail calls, closures, named arguments, deep recursion.

use super::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// fib(n), naive.
pub(crate) fn fib() -> Build {
    let mut b = Build::new("Fib");
    let f = FnId(0);
    let code = vec![
        Op::UnlessCompareInt { op: Cmp::Lt, a: u(0), imm: Imm(2), to: l(2) },
        Op::Return { s: u(0) },
        Op::ArithInt { op: Arith::Sub, d: d(1), a: u(0), imm: Imm(1) },
        Op::Call { d: d(1), f, args: us(&[1]) },
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(0), imm: Imm(2) },
        Op::Call { d: d(2), f, args: us(&[2]) },
        Op::Arith { op: Arith::Add, d: d(1), a: u(1), b: u(2) },
        Op::Return { s: u(1) },
    ];
    let f = b.fun("fib", 1, 3, code);
    b.export("main", f);
    b
}

/// count(n, acc): n tail calls.
pub(crate) fn tail_loop() -> Build {
    let mut b = Build::new("Loop");
    let zero = b.int(0);
    let code = vec![
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(2) },
        Op::Return { s: u(1) },
        Op::Arith { op: Arith::Add, d: d(1), a: u(1), b: u(0) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
        Op::TailCall { f: FnId(0), args: us(&[0, 1]) },
    ];
    b.fun("count", 2, 2, code);
    let main = vec![Op::Const { d: d(1), k: zero }, Op::TailCall { f: FnId(0), args: us(&[0, 1]) }];
    let main = b.fun("main", 1, 2, main);
    b.export("main", main);
    b
}

/// sum(n) = n + sum(n - 1), not in tail position.
pub(crate) fn deep() -> Build {
    let mut b = Build::new("Deep");
    let code = vec![
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(2) },
        Op::Return { s: u(0) },
        Op::ArithInt { op: Arith::Sub, d: d(1), a: u(0), imm: Imm(1) },
        Op::Call { d: d(1), f: FnId(0), args: us(&[1]) },
        Op::Arith { op: Arith::Add, d: d(0), a: u(0), b: u(1) },
        Op::Return { s: u(0) },
    ];
    let f = b.fun("sum", 1, 2, code);
    b.export("main", f);
    b
}

#[test]
fn recursion() {
    Program::new(vec![fib()]).check(&[15], "610");
}

#[test]
fn tail_calls_take_no_room() {
    let program = Program::new(vec![tail_loop()]);
    let mut process = program.process(&[2_000_000], PLAIN);
    let mut most = 0;
    loop {
        let outcome = crate::run(&mut process, &program.vm, &mut TestHost::default(), 4000);
        most = most.max(process.memory());
        match outcome {
            crate::Outcome::Yield => {}
            other => {
                assert_eq!(show(&process, &other), "2000001000000");
                break;
            }
        }
    }
    assert!(most < 4096, "{most} bytes");
    program.check(&[300], "45150");
}

#[test]
fn deep_recursion_is_bounded_by_memory_alone() {
    let program = Program::new(vec![deep()]);
    assert_eq!(program.run(&[1_000_000], PLAIN), "500000500000");
    program.check(&[700], "245350");
    let mut process = program.process(&[1_000_000_000], PLAIN);
    process.heap.set_limit(1 << 20);
    let outcome = program.finish(&mut process, &mut TestHost::default(), PLAIN);
    assert_eq!(show(&process, &outcome), "limit");
    assert!(process.memory() <= 1 << 20, "{} bytes", process.memory());
}

/// even(n, …eight more) and odd(n) call one another in tail position with frames of different sizes,
/// so that they do not fit where the other stood.
#[test]
fn tail_calls_between_frames_of_different_size() {
    let mut b = Build::new("Mutual");
    let (yes, no) = (b.sym("even"), b.sym("odd"));
    let wide: Vec<Reg> = (0..90).collect();
    let even = vec![
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(3) },
        Op::Const { d: d(0), k: yes },
        Op::Return { s: u(0) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
        Op::TailCall { f: FnId(1), args: us(&[0]) },
    ];
    b.fun("even", 90, 90, even);
    let mut odd = vec![
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(3) },
        Op::Const { d: d(0), k: no },
        Op::Return { s: u(0) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
    ];
    odd.extend((1..90).map(|i| Op::Move { d: d(i), s: u(0) }));
    odd.push(Op::TailCall { f: FnId(0), args: us(&wide) });
    let odd = b.fun("odd", 1, 90, odd);
    b.export("main", odd);
    let program = Program::new(vec![b]);
    program.check(&[100], "odd".replace("odd", ":odd").as_str());
    program.check(&[101], ":even");
}

/// Closures over values that have to survive collections, calling themselves, and ignoring surplus
/// arguments.
#[test]
fn closures() {
    let mut b = Build::new("Closures");
    let adder = b.function(Function {
        name: "main/fn".into(),
        arity: 1,
        captures: 2,
        wants_self: true,
        registers: 5,
        code: vec![
            // r0 argument, r1 and r2 captures, r3 itself
            Op::UnlessCompareInt { op: Cmp::Gt, a: u(0), imm: Imm(0), to: l(3) },
            Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
            Op::TailValue { f: u(3), args: us(&[0]) },
            Op::Arith { op: Arith::Add, d: d(4), a: u(1), b: u(2) },
            Op::Return { s: u(4) },
        ],
        ..Function::default()
    });
    let set = b.set_of("", vec![FnEntry { min: 1, max: 1, f: adder }], true);
    let (a, z) = (b.str("some text that "), b.str("is joined"));
    let code = vec![
        Op::Const { d: d(1), k: a },
        Op::Const { d: d(2), k: z },
        Op::Closure { d: d(3), set, captures: us(&[1, 2]) },
        Op::CallValue { d: d(4), f: u(3), args: us(&[0, 1, 2]) },
        Op::List { d: d(4), items: us(&[4, 0]) },
        Op::Return { s: u(4) },
    ];
    let main = b.fun("main", 1, 5, code);
    b.export("main", main);
    Program::new(vec![b]).check(&[20], "{\"some text that is joined\", 20}");
}

/// A function with defaults, called with fewer arguments by value, and by name.
#[test]
fn named_arguments_and_defaults() {
    let mut b = Build::new("Named");
    let ten = b.int(10);
    let names = {
        let (y, z) = (b.sym("y"), b.sym("other"));
        (b.konst(Const::List(vec![y])), b.konst(Const::List(vec![y, z])))
    };
    // f(x, y = 10, opts = y): {x, y, opts}
    let f = b.function(Function {
        name: "f".into(),
        arity: 3,
        registers: 4,
        params: vec!["x".into(), "y".into(), "opts".into()],
        code: vec![
            Op::UnlessMissing { s: u(1), to: l(2) },
            Op::Const { d: d(1), k: ten },
            Op::UnlessMissing { s: u(2), to: l(4) },
            Op::Move { d: d(2), s: u(1) },
            Op::List { d: d(3), items: us(&[0, 1, 2]) },
            Op::Return { s: u(3) },
        ],
        ..Function::default()
    });
    let set = b.set_of("f", vec![FnEntry { min: 1, max: 3, f }], false);
    let value = b.konst(Const::Fn(set));
    let code = vec![
        Op::Const { d: d(1), k: value },
        Op::CallValue { d: d(2), f: u(1), args: us(&[0]) },
        Op::CallNamed { d: d(3), f: u(1), args: us(&[0]), names: names.0, named: us(&[0]) },
        Op::CallNamed { d: d(4), f: u(1), args: us(&[0]), names: names.1, named: us(&[0, 0]) },
        Op::List { d: d(2), items: us(&[2, 3, 4]) },
        Op::Return { s: u(2) },
    ];
    let main = b.fun("main", 1, 5, code);
    b.export("main", main);
    Program::new(vec![b]).check(&[1], "{{1, 10, 10}, {1, 1, 1}, {1, 1, {other: 1}}}");
}

#[test]
fn wrong_calls() {
    let case = |callee: Const, n: u16, expected: &str| {
        let mut b = Build::new("Wrong");
        let id = b.fun("id", 1, 1, vec![Op::Return { s: u(0) }]);
        let set = b.set("id", id);
        assert_eq!(set, FnSetId(0));
        let k = b.konst(callee);
        let args: Vec<Reg> = vec![0; n as usize];
        let main = vec![
            Op::Const { d: d(1), k },
            Op::CallValue { d: d(1), f: u(1), args: us(&args) },
            Op::Return { s: u(1) },
        ];
        let main = b.fun("main", 1, 2, main);
        b.export("main", main);
        Program::new(vec![b]).check(&[7], expected);
    };
    case(Const::Fn(FnSetId(0)), 1, "7");
    case(Const::Fn(FnSetId(0)), 2, "bad_arity: Wrong.id takes 1 argument, not 2 arguments");
    case(Const::Int(5), 1, "bad_function: a function expected, not the int 5");
    case(
        Const::FnRef("Wrong".into(), "main".into(), None),
        2,
        "bad_arity: Wrong.main takes 1 argument, not 2 arguments",
    );
    case(
        Const::FnRef("Nowhere".into(), "f".into(), Some(1)),
        1,
        "undefined_function: Nowhere.f/1 is not defined: there is no module Nowhere",
    );
}

/// A vector built on the way out of a deep recursion that leaves garbage: collections must not look through a huge
/// stack again and again.
#[test]
fn deep_recursion_with_garbage() {
    let mut b = Build::new("Build");
    let empty = b.konst(Const::Vector(vec![]));
    let last = b.int(-1);
    let code = vec![
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(3) },
        Op::Const { d: d(1), k: empty },
        Op::Return { s: u(1) },
        Op::List { d: d(2), items: us(&[0, 0, 0]) },
        Op::ArithInt { op: Arith::Sub, d: d(1), a: u(0), imm: Imm(1) },
        Op::Call { d: d(1), f: FnId(0), args: us(&[1]) },
        Op::Cons { d: d(1), items: us(&[0]), tail: u(1) },
        Op::Return { s: u(1) },
    ];
    b.fun("build", 1, 3, code);
    let main = vec![
        Op::Call { d: d(1), f: FnId(0), args: us(&[0]) },
        Op::Const { d: d(0), k: last },
        Op::Index { d: d(1), v: u(1), i: u(0) },
        Op::Return { s: u(1) },
    ];
    let main = b.fun("main", 1, 2, main);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let start = std::time::Instant::now();
    let mut process = program.process(&[1_000_000], PLAIN);
    let outcome = program.finish(&mut process, &mut TestHost::default(), PLAIN);
    assert_eq!(show(&process, &outcome), "1");
    println!("{:?}, {} collections", start.elapsed(), process.heap.collections());
    assert!(process.heap.collections() < 100, "{} collections", process.heap.collections());
}
