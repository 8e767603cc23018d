//! Constructors and operators on all sorts of values.

use super::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// What an instruction makes of constants in registers 1, 2, …, into register 0.
fn eval(values: &[Const], op: Op) -> String {
    let mut b = Build::new("Eval");
    let mut code = Vec::new();
    for value in values {
        let k = b.konst(value.clone());
        code.push(Op::Const { d: d(code.len() as Reg + 1), k });
    }
    code.push(op);
    code.push(Op::Return { s: u(0) });
    let main = b.fun("main", 1, values.len() as u32 + 1, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let result = program.run(&[0], PLAIN);
    MODES.iter().for_each(|&mode| assert_eq!(program.run(&[0], mode), result));
    result
}

fn arith(op: Arith, a: Const, b: Const) -> String {
    eval(&[a, b], Op::Arith { op, d: d(0), a: u(1), b: u(2) })
}

fn compare(op: Cmp, a: Const, b: Const) -> String {
    eval(&[a, b], Op::Compare { op, d: d(0), a: u(1), b: u(2) })
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
fn sym(s: &str) -> Const {
    Const::Symbol(s.into())
}

#[test]
fn numbers() {
    use Arith::*;
    assert_eq!(arith(Add, int(i64::MAX >> 1), int(1)), "4611686018427387904");
    assert_eq!(arith(Mul, int(1 << 40), int(-(1 << 40))), "-1208925819614629174706176");
    assert_eq!(arith(Sub, int(i64::MIN >> 1), int(1)), "-4611686018427387905");
    assert_eq!(arith(Div, int(7), int(2)), "3.5");
    for (a, b, quotient, rest) in [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1)] {
        assert_eq!(arith(IntDiv, int(a), int(b)), quotient.to_string(), "{a} %/% {b}");
        assert_eq!(arith(Mod, int(a), int(b)), rest.to_string(), "{a} %% {b}");
        assert_eq!(arith(IntDiv, int(a), float(b as f64)), format!("{quotient}.0"));
        assert_eq!(arith(Mod, float(a as f64), int(b)), format!("{rest}.0"));
    }
    assert_eq!(arith(IntDiv, int(i64::MIN >> 1), int(-1)), "4611686018427387904");
    assert_eq!(arith(Pow, int(2), int(100)), "1267650600228229401496703205376");
    assert_eq!(arith(Pow, int(2), int(-1)), "0.5");
    assert_eq!(arith(Pow, float(2.0), int(3)), "8.0");
    assert_eq!(arith(Add, int(1), float(0.5)), "1.5");
    let zero = "division_by_zero: division by zero";
    assert_eq!(arith(Pow, int(0), int(-1)), format!("{zero}: 0 ^ -1"));
    for op in [Div, IntDiv, Mod] {
        assert!(arith(op, int(1), int(0)).starts_with(zero));
        assert!(arith(op, float(1.0), int(0)).starts_with(zero));
        assert!(arith(op, float(1.0), float(0.0)).starts_with(zero));
    }
    assert_eq!(eval(&[int(5)], Op::Neg { d: d(0), s: u(1) }), "-5");
    assert_eq!(eval(&[int(0)], Op::Not { d: d(0), s: u(1) }), "true");
}

#[test]
fn text_and_nil() {
    use Arith::*;
    assert_eq!(arith(Add, text("a"), text("b")), "\"ab\"");
    assert_eq!(arith(Add, Const::Nil, int(1)), "nil");
    assert_eq!(arith(Mul, float(1.0), Const::Nil), "nil");
    assert_eq!(
        arith(Add, int(1), sym("a")),
        "type_error: + takes numbers or strings, not int 1 + symbol :a"
    );
    assert_eq!(
        arith(Sub, text("a"), text("b")),
        "type_error: - takes numbers, not string \"a\" - string \"b\""
    );
    assert_eq!(compare(Cmp::Lt, text("a"), text("b")), "true");
    assert_eq!(compare(Cmp::Ge, Const::Nil, int(1)), "nil");
    assert_eq!(compare(Cmp::Eq, int(1), float(1.0)), "true");
    assert_eq!(compare(Cmp::Ne, sym("a"), text("a")), "true");
    assert!(compare(Cmp::Lt, sym("a"), sym("b")).starts_with("type_error: < takes"));
}

/// Vectors of constants: register 1 is `[items…]`, register 2 the other operand.
fn with_vector(items: &[Const], other: &[Const], op: impl Fn(u16, u16) -> Op) -> String {
    let mut b = Build::new("Vectors");
    let mut code = Vec::new();
    for (register, values) in [(1, items), (2, other)] {
        let ks: Vec<ConstId> = values.iter().map(|k| b.konst(k.clone())).collect();
        let k = match ks[..] {
            [k] => k,
            _ => b.konst(Const::Vector(ks)),
        };
        code.push(Op::Const { d: d(register), k });
    }
    code.push(op(1, 2));
    code.push(Op::Return { s: u(0) });
    let main = b.fun("main", 1, 3, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let result = program.run(&[0], PLAIN);
    MODES.iter().for_each(|&mode| assert_eq!(program.run(&[0], mode), result));
    result
}

#[test]
fn elementwise() {
    let arith = |op| move |a, b| Op::Arith { op, d: d(0), a: u(a), b: u(b) };
    let compare = |op| move |a, b| Op::Compare { op, d: d(0), a: u(a), b: u(b) };
    let ints = [int(1), int(2), int(3)];
    let floats = [float(0.5), float(1.5)];
    assert_eq!(with_vector(&ints, &ints, arith(Arith::Mul)), "[1, 4, 9]");
    assert_eq!(with_vector(&ints, &[int(10)], arith(Arith::Sub)), "[-9, -8, -7]");
    assert_eq!(
        with_vector(&[int(10)], &ints, arith(Arith::Div)),
        "[10.0, 5.0, 3.3333333333333335]"
    );
    assert_eq!(with_vector(&floats, &floats, arith(Arith::Add)), "[1.0, 3.0]");
    assert_eq!(with_vector(&floats, &[int(2)], arith(Arith::Mul)), "[1.0, 3.0]");
    assert_eq!(with_vector(&[], &[int(2)], arith(Arith::Mul)), "[]");
    let gaps = [int(1), Const::Nil, int(3)];
    assert_eq!(with_vector(&gaps, &ints, arith(Arith::Add)), "[2, nil, 6]");
    assert_eq!(
        with_vector(&[text("a"), text("b")], &[text("!")], arith(Arith::Add)),
        "[\"a!\", \"b!\"]"
    );
    assert_eq!(
        with_vector(&ints, &floats, arith(Arith::Add)),
        "value_error: + takes vectors of equal length or one entry, not of 3 and 2 entries"
    );
    assert_eq!(with_vector(&ints, &[int(2)], compare(Cmp::Lt)), "[true, false, false]");
    assert_eq!(with_vector(&floats, &[float(1.0)], compare(Cmp::Gt)), "[false, true]");
    assert_eq!(with_vector(&ints, &ints, compare(Cmp::Eq)), "true");
    assert!(with_vector(&ints, &[text("a")], arith(Arith::Add)).starts_with("type_error"));
    assert_eq!(with_vector(&ints, &[], |a, _| Op::Neg { d: d(0), s: u(a) }), "[-1, -2, -3]");
    assert!(
        with_vector(&ints, &[], |a, _| Op::Not { d: d(0), s: u(a) })
            .starts_with("value_error: a condition has one entry, not 3")
    );
}

/// Ranges take no room, and what would be made of a huge one is refused.
#[test]
fn huge_ranges() {
    let mut b = Build::new("Ranges");
    let (one, last) = (b.int(1), b.int(1 << 50));
    let half = b.float(0.5);
    let code = vec![
        Op::Const { d: d(1), k: one },
        Op::Const { d: d(2), k: last },
        Op::Range { d: d(2), a: u(1), b: u(2) },
        Op::Arith { op: Arith::Add, d: d(2), a: u(2), b: u(1) },
        Op::ArithInt { op: Arith::Sub, d: d(2), a: u(2), imm: Imm(5) },
        Op::Index { d: d(3), v: u(2), i: u(1) },
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(1), to: l(8) },
        Op::Return { s: u(3) },
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(2), to: l(11) },
        Op::Neg { d: d(2), s: u(2) },
        Op::Return { s: u(2) },
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(3), to: l(14) },
        Op::CompareInt { op: Cmp::Lt, d: d(2), a: u(2), imm: Imm(3) },
        Op::Return { s: u(2) },
        Op::Const { d: d(1), k: half },
        Op::Arith { op: Arith::Mul, d: d(2), a: u(2), b: u(1) },
        Op::Return { s: u(2) },
    ];
    let main = b.fun("main", 1, 4, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    program.check(&[1], "-3");
    program.check(&[2], "value_error: the result of - is too large");
    program.check(&[3], "value_error: the result of < is too large");
    program.check(&[4], "value_error: the result of * is too large");
}

/// A huge range by a huge range, and with an entry before it.
#[test]
fn parts_of_huge_ranges() {
    let mut b = Build::new("Parts");
    let (one, last) = (b.int(1), b.int(1 << 50));
    let choice = |n: i32, to: u32, op: Op, result: u16| {
        [
            Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(n), to: l(to) },
            op,
            Op::Return { s: u(result) },
        ]
    };
    let mut code = vec![
        Op::Const { d: d(1), k: one },
        Op::Const { d: d(2), k: last },
        Op::Range { d: d(3), a: u(1), b: u(2) },
        Op::ArithInt { op: Arith::Add, d: d(4), a: u(2), imm: Imm(1) },
        Op::Range { d: d(4), a: u(1), b: u(4) },
        Op::Neg { d: d(5), s: u(2) },
        Op::Range { d: d(5), a: u(5), b: u(1) },
    ];
    code.extend(choice(1, 10, Op::Index { d: d(6), v: u(4), i: u(3) }, 6));
    code.extend(choice(2, 13, Op::Index { d: d(6), v: u(3), i: u(4) }, 6));
    code.extend(choice(3, 16, Op::Index { d: d(6), v: u(3), i: u(5) }, 6));
    code.extend([Op::Cons { d: d(6), items: us(&[1]), tail: u(3) }, Op::Return { s: u(6) }]);
    let main = b.fun("main", 1, 7, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    program.check(&[2], "index_error: position 1125899906842625 is out of range: the vector has 1125899906842624 entries");
    program.check(&[3], "index_error: position 0: positions count from 1");
    program.check(&[4], "value_error: the vector would be too long");
}

#[test]
fn positions() {
    let index = |v: u16, i: u16| Op::Index { d: d(0), v: u(v), i: u(i) };
    let ints = [int(10), int(20), int(30), int(40)];
    assert_eq!(with_vector(&ints, &[int(1)], index), "10");
    assert_eq!(with_vector(&ints, &[int(-1)], index), "40");
    assert_eq!(with_vector(&ints, &[int(2), int(3)], index), "[20, 30]");
    assert_eq!(with_vector(&ints, &[int(4), int(1)], index), "[40, 10]");
    assert_eq!(with_vector(&[int(5)], &[int(1)], index), "5");
    let range = "index_error: position 5 is out of range: the vector has 4 entries";
    assert_eq!(with_vector(&ints, &[int(5)], index), range);
    assert_eq!(
        with_vector(&ints, &[int(0)], index),
        "index_error: position 0: positions count from 1"
    );
    assert!(with_vector(&ints, &[sym("a")], index).starts_with("type_error: a position is an int"));
}

#[test]
fn constructors() {
    let three = [int(1), int(2), int(3)];
    let items = us(&[1, 2, 3]);
    assert_eq!(eval(&three, Op::Vector { d: d(0), items: items.clone() }), "[1, 2, 3]");
    assert_eq!(eval(&three, Op::List { d: d(0), items: items.clone() }), "{1, 2, 3}");
    assert_eq!(eval(&three, Op::Set { d: d(0), items }), "#{1, 2, 3}");
    let cons = Op::Cons { d: d(0), items: us(&[1, 2]), tail: u(3) };
    assert_eq!(eval(&three, cons), "[1, 2, 3]");
    assert_eq!(eval(&three, Op::Range { d: d(0), a: u(1), b: u(3) }), "[1, 2, 3]");
    let mixed = [int(1), text("a")];
    assert!(
        eval(&mixed, Op::Vector { d: d(0), items: us(&[1, 2]) })
            .starts_with("type_error: a vector holds one type, not int and string")
    );
    let parts = [text("a"), int(1), sym("b")];
    assert_eq!(eval(&parts, Op::Text { d: d(0), parts: us(&[1, 2, 3]) }), "\"a1:b\"");
    let entries = [sym("k"), int(1), sym("k"), int(2)];
    assert_eq!(eval(&entries, Op::Map { d: d(0), entries: us(&[1, 2, 3, 4]) }), "{k: 2}");
}

/// Fields through the inline cache: one instruction sees maps of several shapes.
#[test]
fn fields() {
    let mut b = Build::new("Fields");
    let (x, y, one, two) = (b.sym("x"), b.sym("y"), b.int(1), b.int(2));
    let maps = [
        vec![(x, one), (y, two)],
        vec![(y, one), (x, two)],
        vec![(x, one), (y, two)],
        vec![(y, one)],
    ];
    let maps: Vec<ConstId> = maps.into_iter().map(|m| b.konst(Const::Map(m))).collect();
    b.fun("get", 1, 2, vec![Op::Field { d: d(1), m: u(0), name: x }, Op::Return { s: u(1) }]);
    b.fun(
        "find",
        1,
        2,
        vec![
            Op::MapEntry { d: d(1), s: u(0), key: x, to: l(2) },
            Op::Return { s: u(1) },
            Op::Return { s: u(0) },
        ],
    );
    let mut code = Vec::new();
    for (i, &k) in maps.iter().enumerate() {
        let out = 2 + 2 * i as Reg;
        code.push(Op::Const { d: d(1), k });
        code.push(Op::Call { d: d(out), f: FnId(1), args: us(&[1]) });
        if i < 3 {
            code.push(Op::Call { d: d(out + 1), f: FnId(0), args: us(&[1]) });
        }
    }
    code.push(Op::List { d: d(2), items: us(&[2, 3, 4, 5, 6, 7, 8]) });
    code.push(Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(1), to: l(14) });
    code.push(Op::Call { d: d(2), f: FnId(0), args: us(&[1]) });
    code.push(Op::Return { s: u(2) });
    let main = b.fun("main", 1, 10, code);
    b.export("main", main);
    let keys = b.konst(Const::List(vec![x, y]));
    let made = b.fun(
        "made",
        1,
        3,
        vec![
            Op::MapKeys { d: d(1), keys, values: us(&[0, 0]) },
            Op::TailCall { f: FnId(0), args: us(&[1]) },
        ],
    );
    b.export("made", made);
    let program = Program::new(vec![b]);
    program.check(&[0], "{1, 1, 2, 2, 1, 1, {y: 1}}");
    program.check(&[1], "key_error: no key x in {y: 1}");
}

/// Makes one of each collection out of its argument, takes them apart again.
pub(crate) fn collector() -> Build {
    let mut b = Build::new("Collector");
    let (x, y) = (b.sym("x"), b.sym("y"));
    let keys = b.konst(Const::List(vec![x, y]));
    let id = b.function(Function {
        name: "fn".into(),
        arity: 1,
        captures: 1,
        registers: 3,
        code: vec![Op::List { d: d(2), items: us(&[0, 1]) }, Op::Return { s: u(2) }],
        ..Function::default()
    });
    let set = b.set("", id);
    let text = b.str("a text of some length, longer than a word");
    let code = vec![
        Op::Const { d: d(1), k: text },
        Op::Vector { d: d(2), items: us(&[0, 0, 0]) },
        Op::Cons { d: d(2), items: us(&[0]), tail: u(2) },
        Op::List { d: d(3), items: us(&[1, 2]) },
        Op::MapKeys { d: d(4), keys, values: us(&[2, 3]) },
        Op::Map { d: d(5), entries: us(&[1, 4, 3, 2]) },
        Op::Set { d: d(6), items: us(&[1, 2, 1]) },
        Op::Text { d: d(7), parts: us(&[1, 0, 4]) },
        Op::Closure { d: d(8), set, captures: us(&[5]) },
        Op::CallValue { d: d(8), f: u(8), args: us(&[4]) },
        Op::Field { d: d(9), m: u(4), name: x },
        Op::Arith { op: Arith::Mul, d: d(9), a: u(9), b: u(0) },
        Op::Compare { op: Cmp::Ge, d: d(10), a: u(9), b: u(0) },
        Op::Uncons { h: d(11), t: d(12), s: u(10), to: l(15) },
        Op::Index { d: d(12), v: u(3), i: u(0) },
        Op::List { d: d(0), items: us(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) },
        Op::Return { s: u(0) },
    ];
    let main = b.fun("main", 1, 13, code);
    b.export("main", main);
    b
}

#[test]
fn one_of_each() {
    let program = Program::new(vec![collector()]);
    let first = program.run(&[2], PLAIN);
    assert!(first.starts_with("{\"a text of some length"), "{first}");
    program.check(&[2], &first);
}
