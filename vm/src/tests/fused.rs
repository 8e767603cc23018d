//! Pairs of instructions executed as one: on small ints, on what is none, and what they raise.

use super::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// main(n): `f` called with a constant and n.
fn with_start(start: Const, arity: u32, registers: u32, code: Vec<Op>) -> Program {
    let mut b = Build::new("Fused");
    let start = b.konst(start);
    let one = b.int(1);
    let zero = b.int(0);
    assert_eq!((one, zero), (ConstId(1), ConstId(2)));
    b.fun("f", arity, registers, code);
    let args: Vec<Reg> = (0..arity as Reg).collect();
    let mut main = vec![Op::Const { d: d(1), k: start }];
    main.extend((2..arity as Reg).map(|reg| Op::Const { d: d(reg), k: one }));
    main.push(Op::TailCall { f: FnId(0), args: us(&args) });
    let main = b.fun("main", 1, arity.max(2), main);
    b.export("main", main);
    Program::new(vec![b])
}

/// f(n, acc): `f(n - 1, acc + n)` until n is 0, the counter's place being given.
fn counting(counter: Reg, acc: Reg) -> Vec<Op> {
    let mut args = [0, 0];
    (args[counter as usize], args[acc as usize]) = (2, acc);
    vec![
        Op::UnlessConst { s: u(counter), k: ConstId(2), to: l(2) },
        Op::Return { s: u(acc) },
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(counter), imm: Imm(1) },
        Op::Arith { op: Arith::Add, d: d(acc), a: u(acc), b: u(counter) },
        Op::TailCall { f: FnId(0), args: us(&args) },
    ]
}

#[test]
fn a_loop_that_counts_and_adds() {
    let program = with_start(Const::Int(5), 2, 3, counting(0, 1));
    program.check(&[0], "5");
    program.check(&[100], "5055");
    // The sum leaves the small ints, and is one of floats.
    let program = with_start(Const::Int((i64::MAX >> 1) - 5), 2, 3, counting(0, 1));
    program.check(&[4], "4611686018427387908");
    let program = with_start(Const::Float(0.5f64.to_bits()), 2, 3, counting(0, 1));
    program.check(&[4], "10.5");
    let program = with_start(Const::Str("a".into()), 2, 3, counting(0, 1));
    program.check(&[4], "type_error: + takes numbers or strings, not string \"a\" + int 4");
    // The other way round: n is the sum, the constant counts.
    let program = with_start(Const::Int(3), 2, 3, counting(1, 0));
    program.check(&[10], "16");
    let program = with_start(Const::Str("a".into()), 2, 3, counting(1, 0));
    program.check(&[4], "type_error: - takes numbers, not string \"a\" - int 1");
}

#[test]
fn a_count_that_is_lost() {
    // f(n, k) = f(n + -1, k): what is counted is overwritten by the sum.
    let code = vec![
        Op::UnlessConst { s: u(0), k: ConstId(2), to: l(2) },
        Op::Return { s: u(1) },
        Op::Move { d: d(3), s: u(1) },
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(1), imm: Imm(5) },
        Op::Arith { op: Arith::Add, d: d(2), a: u(0), b: u(3) },
        Op::TailCall { f: FnId(0), args: us(&[2, 1]) },
    ];
    with_start(Const::Int(-1), 2, 4, code).check(&[3], "-1");
}

#[test]
fn a_loop_that_adds_last() {
    // f(n, k, acc) = f(n - 1, k, acc + k)
    let code = vec![
        Op::UnlessConst { s: u(0), k: ConstId(2), to: l(2) },
        Op::Return { s: u(2) },
        Op::ArithInt { op: Arith::Sub, d: d(4), a: u(0), imm: Imm(1) },
        Op::Move { d: d(3), s: u(1) },
        Op::Arith { op: Arith::Add, d: d(2), a: u(2), b: u(3) },
        Op::TailCall { f: FnId(0), args: us(&[4, 1, 2]) },
    ];
    let program = with_start(Const::Int(7), 3, 5, code.clone());
    program.check(&[10], "71");
    let program = with_start(Const::Float(0.25f64.to_bits()), 3, 5, code);
    program.check(&[2], "1.5");
}

#[test]
fn a_call_with_a_computed_argument() {
    // f(x) = if x < 1 { x } else { 1 + f(x - 1) }, the constant 1 loaded behind the call
    let code = vec![
        Op::UnlessCompareInt { op: Cmp::Lt, a: u(1), imm: Imm(1), to: l(2) },
        Op::Return { s: u(1) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(1), imm: Imm(1) },
        Op::Call { d: d(0), f: FnId(2), args: us(&[0]) },
        Op::Const { d: d(1), k: ConstId(1) },
        Op::Arith { op: Arith::Add, d: d(0), a: u(0), b: u(1) },
        Op::Return { s: u(0) },
    ];
    let shifted = |code: &[Op]| -> Vec<Op> {
        // The same of one parameter, in register 0.
        code.iter()
            .map(|op| match op.clone() {
                Op::UnlessCompareInt { op, imm, to, .. } => {
                    Op::UnlessCompareInt { op, a: u(0), imm, to }
                }
                Op::ArithInt { op, d, imm, .. } => Op::ArithInt { op, d, a: u(0), imm },
                Op::Return { .. } => Op::Return { s: u(0) },
                other => other,
            })
            .collect()
    };
    let program = |start: Const| {
        let mut b = Build::new("Fused");
        let start = b.konst(start);
        b.int(1);
        let main = vec![
            Op::Const { d: d(1), k: start },
            Op::Call { d: d(0), f: FnId(1), args: us(&[0, 1]) },
            Op::Return { s: u(0) },
        ];
        let main = b.fun("main", 1, 2, main);
        b.fun("f", 2, 2, code.clone());
        b.fun("g", 1, 2, shifted(&code));
        b.export("main", main);
        Program::new(vec![b])
    };
    program(Const::Int(300)).check(&[0], "300");
    program(Const::Float(2.5f64.to_bits())).check(&[0], "2.5");
    let error = "type_error: < takes numbers or two strings, not string \"a\" < int 1";
    program(Const::Str("a".into())).check(&[0], error);
}
