//! Operators that take long: they give the same in all modes, and let others run meanwhile. (In tests
//! a few entries are long already: `helpers::long::PIECE`.)

use super::*;
use crate::Outcome;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

fn arith(op: Arith, to: Reg, a: Reg, b: Reg) -> Op {
    Op::Arith { op, d: d(to), a: u(a), b: u(b) }
}

/// main(n), with these instructions behind a constant 1 in register 1 and 1..n in register 2.
fn program(registers: u32, code: Vec<Op>) -> Program {
    let mut b = Build::new("Long");
    let one = b.int(1);
    let mut all = vec![Op::Const { d: d(1), k: one }, Op::Range { d: d(2), a: u(1), b: u(0) }];
    all.extend(code);
    let main = b.fun("main", 1, registers, all);
    b.export("main", main);
    Program::new(vec![b])
}

/// How many turns a program takes with a budget of 1; whether one of them ends for want of budget
/// in the middle of an operator is what this is about.
fn turns(program: &Program, n: i64) -> usize {
    let mode = Mode { budget: 1, ..PLAIN };
    let mut process = program.process(&[n], mode);
    let mut turns = 0;
    loop {
        turns += 1;
        match crate::run(&mut process, &program.vm, &mut TestHost::default(), mode.budget) {
            // Who asks for a collection now has to wait.
            Outcome::Yield => process.collect(),
            Outcome::Offload(job) => process.resume_with(job.run()),
            _ => return turns,
        }
    }
}

#[test]
fn arithmetic_on_vectors() {
    // (1..n * 1..n - 1..n) of ints, then of floats, then of ints beyond 63 bits
    let ints = vec![arith(Arith::Mul, 3, 2, 2), arith(Arith::Sub, 3, 3, 2), Op::Return { s: u(3) }];
    let ints = program(4, ints);
    ints.check(&[12], "[0, 2, 6, 12, 20, 30, 42, 56, 72, 90, 110, 132]");
    assert!(turns(&ints, 1000) > 300, "{} turns", turns(&ints, 1000));
    let floats = vec![
        arith(Arith::Div, 3, 2, 1),
        arith(Arith::Mul, 3, 3, 3),
        arith(Arith::Add, 3, 1, 3),
        Op::Return { s: u(3) },
    ];
    let floats = program(4, floats);
    floats.check(&[7], "[2.0, 5.0, 10.0, 17.0, 26.0, 37.0, 50.0]");
    assert!(turns(&floats, 1000) > 300);
    let big = vec![
        Op::ArithInt { op: Arith::Mul, d: d(3), a: u(2), imm: Imm(1 << 30) },
        arith(Arith::Mul, 3, 3, 3),
        arith(Arith::Mul, 3, 3, 3),
        arith(Arith::IntDiv, 4, 3, 3),
        Op::Return { s: u(4) },
    ];
    program(5, big).check(&[7], "[1, 1, 1, 1, 1, 1, 1]");
}

#[test]
fn comparisons_of_vectors() {
    let code = vec![
        arith(Arith::Mul, 3, 2, 2),
        Op::ArithInt { op: Arith::Mul, d: d(4), a: u(2), imm: Imm(6) },
        Op::Compare { op: Cmp::Lt, d: d(3), a: u(3), b: u(4) },
        Op::Return { s: u(3) },
    ];
    let ints = program(5, code);
    ints.check(&[8], "[true, true, true, true, true, false, false, false]");
    assert!(turns(&ints, 1000) > 400);
    let code = vec![
        arith(Arith::Div, 3, 2, 1),
        Op::Compare { op: Cmp::Ne, d: d(4), a: u(3), b: u(2) },
        Op::ArithInt { op: Arith::Add, d: d(5), a: u(3), imm: Imm(1) },
        Op::Compare { op: Cmp::Ge, d: d(3), a: u(3), b: u(5) },
        Op::List { d: d(3), items: us(&[4, 3]) },
        Op::Return { s: u(3) },
    ];
    program(6, code).check(&[6], "{false, [false, false, false, false, false, false]}");
}

/// Whether two vectors of lists are equal, asked in three ways: by an operator, a branch, a pattern.
#[test]
fn equality() {
    let mut b = Build::new("Same");
    let (one, zero) = (b.int(1), b.int(0));
    let code = vec![
        Op::Const { d: d(1), k: one },
        Op::Range { d: d(2), a: u(1), b: u(0) },
        arith(Arith::Add, 3, 2, 1),
        arith(Arith::Add, 4, 2, 1),
        // The last entry of the lists differs unless n is 100 or a little more.
        Op::ArithInt { op: Arith::IntDiv, d: d(5), a: u(0), imm: Imm(100) },
        Op::List { d: d(3), items: us(&[3, 2, 3, 5]) },
        Op::List { d: d(4), items: us(&[4, 2, 4, 1]) },
        Op::Vector { d: d(3), items: us(&[3, 3, 3]) },
        Op::Vector { d: d(4), items: us(&[4, 4, 4]) },
        Op::Compare { op: Cmp::Eq, d: d(6), a: u(3), b: u(4) },
        Op::Const { d: d(7), k: one },
        Op::IfCompare { op: Cmp::Eq, a: u(3), b: u(4), to: l(13) },
        Op::Const { d: d(7), k: zero },
        Op::Const { d: d(8), k: one },
        Op::UnlessSame { a: u(3), b: u(4), to: l(16) },
        Op::Const { d: d(8), k: zero },
        Op::List { d: d(3), items: us(&[6, 7, 8]) },
        Op::Return { s: u(3) },
    ];
    let main = b.fun("main", 1, 9, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    program.check(&[100], "{true, 1, 0}");
    program.check(&[101], "{true, 1, 0}");
    program.check(&[200], "{false, 0, 1}");
}

#[test]
fn text_of_large_values() {
    let code = vec![
        Op::Vector { d: d(3), items: us(&[1, 1, 1]) },
        Op::List { d: d(3), items: us(&[2, 3, 2]) },
        Op::Text { d: d(3), parts: us(&[0, 3, 1]) },
        Op::Return { s: u(3) },
    ];
    let text = program(4, code);
    text.check(&[3], "\"3{[1, 2, 3], [1, 1, 1], [1, 2, 3]}1\"");
    assert!(turns(&text, 10_000) > 1000);
}

#[test]
fn big_ints_are_calculated_elsewhere() {
    // a = 2^n + 1, b = 3^n; {(a * b) %/% b == a, (a * b) %% b, a ^ 0}
    let code = vec![
        Op::ArithInt { op: Arith::Add, d: d(3), a: u(1), imm: Imm(1) },
        arith(Arith::Pow, 4, 3, 0),
        arith(Arith::Add, 4, 4, 1),
        Op::ArithInt { op: Arith::Add, d: d(3), a: u(3), imm: Imm(1) },
        arith(Arith::Pow, 5, 3, 0),
        arith(Arith::Mul, 6, 4, 5),
        arith(Arith::IntDiv, 7, 6, 5),
        Op::Compare { op: Cmp::Eq, d: d(7), a: u(7), b: u(4) },
        arith(Arith::Mod, 6, 6, 5),
        Op::List { d: d(7), items: us(&[7, 6]) },
        Op::Return { s: u(7) },
    ];
    let program = program(8, code);
    program.check(&[3], "{true, 0}");
    program.check(&[4000], "{true, 0}");
    let mut process = program.process(&[4000], PLAIN);
    let mut jobs = 0;
    while let Outcome::Offload(job) =
        crate::run(&mut process, &program.vm, &mut TestHost::default(), 4000)
    {
        jobs += 1;
        process.resume_with(job.run());
    }
    assert_eq!(jobs, 5);
}

/// What is raised in the middle is caught as ever, with its trace.
#[test]
fn errors_late_in_a_long_operator() {
    let mut b = Build::new("Late");
    let code = vec![
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(0), imm: Imm(1) },
        Op::ArithInt { op: Arith::Sub, d: d(1), a: u(0), imm: Imm(0) },
        arith(Arith::Sub, 1, 1, 1),
        Op::Range { d: d(2), a: u(1), b: u(2) },
        arith(Arith::Sub, 2, 0, 2),
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(2), imm: Imm(1) },
        arith(Arith::IntDiv, 2, 2, 2),
        Op::Return { s: u(2) },
        Op::ExceptionType { d: d(3), s: u(3) },
        Op::List { d: d(3), items: us(&[3, 0]) },
        Op::Return { s: u(3) },
    ];
    let main = b.fun("main", 1, 4, code);
    b.last().handlers =
        vec![Handler { start: l(6), end: l(7), target: l(8), d: d(3), guard: false }];
    b.export("main", main);
    Program::new(vec![b]).check(&[30], "{:division_by_zero, 30}");
}

#[test]
fn text_of_big_ints() {
    // "{[n^400, n^400]}, …, {n^401}": the digits are written elsewhere
    let code = vec![
        Op::ArithInt { op: Arith::Pow, d: d(3), a: u(0), imm: Imm(400) },
        Op::Vector { d: d(4), items: us(&[3, 3]) },
        arith(Arith::Mul, 3, 3, 0),
        Op::List { d: d(3), items: us(&[3]) },
        Op::Text { d: d(3), parts: us(&[4, 0, 3, 1]) },
        Op::Return { s: u(3) },
    ];
    let text = program(5, code);
    let power = |n| num_bigint::BigInt::from(3).pow(n).to_string();
    let (a, b) = (power(400), power(401));
    text.check(&[3], &format!("\"[{a}, {a}]3{{{b}}}1\""));
}

#[test]
fn text_beyond_the_memory() {
    // A value that is 2^n times as large as the memory it takes.
    let code = vec![
        // The first two instructions of `program` stand before these.
        Op::UnlessCompareInt { op: Cmp::Gt, a: u(0), imm: Imm(0), to: l(6) },
        Op::List { d: d(1), items: us(&[1, 1]) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
        Op::Jump { to: l(2) },
        Op::Text { d: d(1), parts: us(&[1]) },
        Op::Const { d: d(1), k: ConstId(0) },
        Op::Return { s: u(1) },
    ];
    let text = program(3, code);
    text.check(&[5], "1");
    let mut process = text.process(&[60], PLAIN);
    process.heap.set_limit(1 << 20);
    let mut turns = 0;
    let end = loop {
        match crate::run(&mut process, &text.vm, &mut TestHost::default(), 100) {
            Outcome::Yield => turns += 1,
            end => break end,
        }
    };
    // It is ended, not told of an error that it could catch.
    assert!(matches!(end, Outcome::LimitReached));
    assert!(turns > 100, "{turns} turns");
}
