//! Branches, switches, patterns.

use super::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// main(n) looks at the n-th of some values through one instruction, as 1 (fell through) or 0.
fn taken(values: &[Const], extra: &[Const], op: impl Fn(&[ConstId], Label) -> Op) -> String {
    let mut b = Build::new("Taken");
    extra.iter().cloned().for_each(|k| {
        b.konst(k);
    });
    let ks: Vec<ConstId> = (0..extra.len() as u32).map(ConstId).collect();
    let (one, zero) = (b.int(1), b.int(0));
    let mut code = Vec::new();
    let mut results = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let k = b.konst(value.clone());
        let out = 10 + i as Reg;
        let at = code.len() as u32;
        code.push(Op::Const { d: d(1), k });
        code.push(Op::Const { d: d(out), k: zero });
        code.push(op(&ks, l(at + 4)));
        code.push(Op::Const { d: d(out), k: one });
        results.push(out);
    }
    code.push(Op::List { d: d(0), items: us(&results) });
    code.push(Op::Return { s: u(0) });
    let main = b.fun("main", 1, 10 + values.len() as u32, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let result = program.run(&[0], PLAIN);
    MODES.iter().for_each(|&mode| assert_eq!(program.run(&[0], mode), result));
    result
}

fn int(n: i64) -> Const {
    Const::Int(n)
}
fn float(f: f64) -> Const {
    Const::Float(f.to_bits())
}
fn text(s: &str) -> Const {
    Const::Str(s.into())
}

#[test]
fn conditions() {
    let values = [
        Const::Nil,
        Const::Bool(false),
        Const::Bool(true),
        int(0),
        int(3),
        float(0.0),
        text(""),
        text("x"),
    ];
    // An `If` that jumps leaves 0.
    assert_eq!(taken(&values, &[], |_, to| Op::If { s: u(1), to }), "{1, 1, 0, 1, 0, 1, 1, 0}");
    assert_eq!(taken(&values, &[], |_, to| Op::Unless { s: u(1), to }), "{0, 0, 1, 0, 1, 0, 0, 1}");
}

#[test]
fn comparisons_jump_alike_in_all_forms() {
    let values = [int(1), int(2), int(3), float(2.0), float(f64::NAN), int(i64::MAX)];
    let cases = [
        (Cmp::Eq, "{1, 0, 1, 0, 1, 1}"),
        (Cmp::Ne, "{0, 1, 0, 1, 0, 0}"),
        (Cmp::Lt, "{0, 1, 1, 1, 1, 1}"),
        (Cmp::Le, "{0, 0, 1, 0, 1, 1}"),
        (Cmp::Gt, "{1, 1, 0, 1, 1, 0}"),
        (Cmp::Ge, "{1, 0, 0, 0, 1, 0}"),
    ];
    for (op, expected) in cases {
        let imm = Imm(2);
        let jumps = taken(&values, &[], |_, to| Op::IfCompareInt { op, a: u(1), imm, to });
        assert_eq!(jumps, expected, "{op:?}");
        let opposite: String = expected
            .chars()
            .map(|c| match c {
                '0' => '1',
                '1' => '0',
                c => c,
            })
            .collect();
        let jumps = taken(&values, &[], |_, to| Op::UnlessCompareInt { op, a: u(1), imm, to });
        assert_eq!(jumps, opposite, "unless {op:?}");
    }
    // Ints beyond 16 bits go through a register.
    let values = [int(99_999), int(100_000), int(100_001)];
    let jumps = taken(&values, &[], |_, to| Op::IfCompareInt {
        op: Cmp::Le,
        a: u(1),
        imm: Imm(100_000),
        to,
    });
    assert_eq!(jumps, "{0, 0, 1}");
}

#[test]
fn patterns_are_strict() {
    let values = [int(1), float(1.0), text("a"), Const::Symbol("a".into()), Const::Nil];
    let unless = |ks: &[ConstId], to| Op::UnlessConst { s: u(1), k: ks[0], to };
    assert_eq!(taken(&values, &[int(1)], unless), "{1, 0, 0, 0, 0}");
    assert_eq!(taken(&values, &[float(1.0)], unless), "{0, 1, 0, 0, 0}");
    assert_eq!(taken(&values, &[text("a")], unless), "{0, 0, 1, 0, 0}");
    assert_eq!(taken(&values, &[Const::Symbol("a".into())], unless), "{0, 0, 0, 1, 0}");
    assert_eq!(taken(&values, &[Const::Nil], unless), "{0, 0, 0, 0, 1}");
    let missing = [Const::Missing, Const::Nil, int(0)];
    assert_eq!(taken(&missing, &[], |_, to| Op::UnlessMissing { s: u(1), to }), "{1, 0, 0}");
}

#[test]
fn shapes_of_collections() {
    let extra = [int(1), int(2), Const::Vector(vec![ConstId(0), ConstId(1)])];
    let values = [
        int(7),
        Const::Nil,
        Const::Vector(vec![]),
        Const::Vector(vec![ConstId(0), ConstId(1)]),
        Const::List(vec![ConstId(0), ConstId(1)]),
        Const::Map(vec![(ConstId(0), ConstId(1))]),
        text("ab"),
    ];
    let n = Count(2);
    let case = |op: &dyn Fn(Label) -> Op| taken(&values, &extra, |_, to| op(to));
    assert_eq!(case(&|to| Op::UnlessList { s: u(1), n, to }), "{0, 0, 0, 0, 1, 0, 0}");
    assert_eq!(case(&|to| Op::UnlessVector { s: u(1), n, to }), "{0, 0, 0, 1, 0, 0, 0}");
    let one = Count(1);
    assert_eq!(case(&|to| Op::UnlessVector { s: u(1), n: one, to }), "{1, 1, 0, 0, 0, 0, 1}");
    assert_eq!(case(&|to| Op::UnlessLonger { s: u(1), n: one, to }), "{1, 1, 0, 1, 0, 0, 1}");
    assert_eq!(case(&|to| Op::UnlessMap { s: u(1), to }), "{0, 0, 0, 0, 0, 1, 0}");
    assert_eq!(case(&|to| Op::Uncons { h: d(2), t: d(3), s: u(1), to }), "{1, 1, 0, 1, 0, 0, 1}");
}

#[test]
fn switches() {
    let mut b = Build::new("Switch");
    let keys = [
        int(3),
        Const::Symbol("go".into()),
        text("go"),
        Const::Bool(true),
        Const::Nil,
        Const::Module("Go".into()),
        int(i64::MAX),
        float(3.0),
    ];
    let keys: Vec<ConstId> = keys.into_iter().map(|k| b.konst(k)).collect();
    let all = b.konst(Const::List(keys.clone()));
    let values: Vec<ConstId> = (0..8).map(|i| b.int(i)).collect();
    // main(n): which case takes the n-th key; the last key is none of them.
    let mut code = vec![
        Op::Const { d: d(1), k: all },
        Op::Index { d: d(1), v: u(1), i: u(0) },
        Op::Switch {
            s: u(1),
            cases: Cases((0..7).map(|i| (keys[i], l(3 + 2 * i as u32))).collect()),
            default: l(17),
        },
    ];
    for &k in &values {
        code.push(Op::Const { d: d(0), k });
        code.push(Op::Return { s: u(0) });
    }
    let main = b.fun("main", 1, 2, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    for i in 0..8 {
        program.check(&[i + 1], &i.to_string());
    }
}

/// A loop by jumping back, which the compiler never writes but a file may hold: it can be preempted.
#[test]
fn jumping_back_is_preempted() {
    let mut b = Build::new("Back");
    let zero = b.int(0);
    let code = vec![
        Op::Const { d: d(1), k: zero },
        Op::Vector { d: d(2), items: us(&[0, 1]) },
        Op::UnlessCompareInt { op: Cmp::Gt, a: u(0), imm: Imm(0), to: l(6) },
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
        Op::ArithInt { op: Arith::Add, d: d(1), a: u(1), imm: Imm(1) },
        Op::Jump { to: l(2) },
        Op::List { d: d(1), items: us(&[1, 2]) },
        Op::Return { s: u(1) },
    ];
    let main = b.fun("main", 1, 3, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    program.check(&[500], "{500, [500, 0]}");
    let mut process = program.process(&[1_000_000], PLAIN);
    let mut host = TestHost::default();
    let outcome = crate::run(&mut process, &program.vm, &mut host, 100);
    assert!(matches!(outcome, crate::Outcome::Yield));
}
