//! Exceptions: across frames, in guards, raised again, and with their traces.

use super::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// thrower(n): raises after n more frames; main catches, or not.
fn thrower(b: &mut Build, raise: Vec<Op>) -> FnId {
    let base = raise.len() as u32 + 1;
    let mut code = vec![Op::UnlessCompareInt { op: Cmp::Le, a: u(0), imm: Imm(0), to: l(base) }];
    code.extend(raise);
    code.extend([
        Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
        Op::Call { d: d(0), f: FnId(0), args: us(&[0]) },
        Op::ArithInt { op: Arith::Add, d: d(0), a: u(0), imm: Imm(1) },
        Op::Return { s: u(0) },
    ]);
    b.fun("thrower", 1, 4, code)
}

fn catching(b: &mut Build, guard: bool, then: Vec<Op>) {
    let mut code = vec![
        Op::Vector { d: d(3), items: us(&[0, 0, 0]) },
        Op::Call { d: d(1), f: FnId(0), args: us(&[0]) },
        Op::Return { s: u(1) },
    ];
    code.extend(then);
    let main = b.fun("main", 1, 6, code);
    b.last().handlers = vec![Handler { start: l(1), end: l(2), target: l(3), d: d(2), guard }];
    b.export("main", main);
}

/// Divides by zero some frames deep, and catches that.
pub(crate) fn catcher() -> Build {
    let mut b = Build::new("Throw");
    let zero = b.int(0);
    thrower(
        &mut b,
        vec![
            Op::Const { d: d(1), k: zero },
            Op::Arith { op: Arith::IntDiv, d: d(0), a: u(0), b: u(1) },
        ],
    );
    catching(
        &mut b,
        false,
        vec![
            Op::ExceptionParts { d: d(4), s: u(2) },
            Op::ExceptionType { d: d(5), s: u(2) },
            Op::List { d: d(4), items: us(&[5, 4, 3]) },
            Op::Return { s: u(4) },
        ],
    );
    b
}

#[test]
fn caught_across_frames() {
    let program = Program::new(vec![catcher()]);
    let expected = "{:division_by_zero, \
                    {:division_by_zero, \"division by zero: 0 %/% 0\"}, [40, 40, 40]}";
    program.check(&[40], expected);
}

#[test]
fn a_guard_drops_what_is_raised() {
    let mut b = Build::new("Guard");
    let five = b.int(5);
    let sym = b.sym("none");
    thrower(&mut b, vec![Op::Const { d: d(1), k: sym }, Op::Raise { s: u(1) }]);
    catching(&mut b, true, vec![Op::Const { d: d(4), k: five }, Op::Return { s: u(4) }]);
    Program::new(vec![b]).check(&[10], "5");
}

#[test]
fn uncaught_with_a_trace() {
    let mut b = Build::new("Trace");
    let text = b.str("no number");
    thrower(
        &mut b,
        vec![
            Op::Const { d: d(1), k: text },
            Op::Arith { op: Arith::Mul, d: d(0), a: u(0), b: u(1) },
        ],
    );
    let main = vec![Op::Call { d: d(0), f: FnId(0), args: us(&[0]) }, Op::Return { s: u(0) }];
    let main = b.fun("main", 1, 4, main);
    b.export("main", main);
    let program = Program::new(vec![b]);
    program.check(&[2], "type_error: * takes numbers, not int 0 * string \"no number\"");
    for mode in MODES {
        let mut process = program.process(&[2], mode);
        program.finish(&mut process, &mut TestHost::default(), mode);
        let lines: Vec<String> = process
            .stacktrace()
            .iter()
            .filter_map(|&entry| program.vm(mode).trace_line(entry))
            .map(|line| line.to_string())
            .collect();
        let expected = [
            "Trace.thrower/1 (Trace.rata:3)",
            "Trace.thrower/1 (Trace.rata:5)",
            "Trace.thrower/1 (Trace.rata:5)",
            "Trace.main/1 (Trace.rata:1)",
        ];
        assert_eq!(lines, expected, "in {mode:?}");
    }
}

/// Catches, then raises again: the first trace stays, for exceptions and for other values.
#[test]
fn raised_again() {
    for exception in [true, false] {
        let mut b = Build::new("Again");
        let (zero, sym) = (b.int(0), b.sym("plain"));
        thrower(
            &mut b,
            match exception {
                true => vec![
                    Op::Const { d: d(1), k: zero },
                    Op::Arith { op: Arith::Mod, d: d(0), a: u(0), b: u(1) },
                ],
                false => vec![Op::Const { d: d(1), k: sym }, Op::Raise { s: u(1) }],
            },
        );
        catching(&mut b, false, vec![Op::Reraise { s: u(2) }]);
        let program = Program::new(vec![b]);
        for mode in MODES {
            let mut process = program.process(&[1], mode);
            let outcome = program.finish(&mut process, &mut TestHost::default(), mode);
            let expected = match exception {
                true => "division_by_zero: division by zero: 0 %% 0",
                false => "raised :plain",
            };
            assert_eq!(show(&process, &outcome), expected);
            let lines: Vec<u32> = process
                .stacktrace()
                .iter()
                .filter_map(|&entry| program.vm(mode).trace_line(entry))
                .map(|line| line.line)
                .collect();
            assert_eq!(lines, [3, 5, 2], "in {mode:?}");
        }
    }
}

/// A handler that leads back before the raise goes round for ever, but can be preempted.
#[test]
fn a_loop_through_a_handler_is_preempted() {
    let mut b = Build::new("Round");
    let main = b.fun("main", 1, 2, vec![Op::Move { d: d(1), s: u(0) }, Op::Raise { s: u(1) }]);
    b.last().handlers =
        vec![Handler { start: l(0), end: l(2), target: l(0), d: d(1), guard: false }];
    b.export("main", main);
    let program = Program::new(vec![b]);
    let mut process = program.process(&[1], PLAIN);
    for _ in 0..3 {
        let outcome = crate::run(&mut process, &program.vm, &mut TestHost::default(), 1000);
        assert!(matches!(outcome, crate::Outcome::Yield));
    }
}

#[test]
fn failures_show_what_they_were_given() {
    let case = |kind: Failure, values: Vec<Const>, expected: &str| {
        let mut b = Build::new("Fail");
        let mut code = Vec::new();
        let mut regs = Vec::new();
        for (i, k) in values.into_iter().enumerate() {
            let k = b.konst(k);
            code.push(Op::Const { d: d(1 + i as Reg), k });
            regs.push(1 + i as Reg);
        }
        code.push(Op::Fail { kind, values: us(&regs) });
        let main = b.fun("main", 1, 8, code);
        b.export("main", main);
        Program::new(vec![b]).check(&[0], expected);
    };
    let (text, int) = (|s: &str| Const::Str(s.into()), Const::Int);
    case(Failure::CaseClause, vec![int(3)], "case_clause: no clause matches 3");
    case(Failure::Match, vec![text("a")], "match_error: the pattern does not match \"a\"");
    case(
        Failure::FunctionClause,
        vec![int(3)],
        "function_clause: no clause of Fail.main/1 matches (3)",
    );
    case(
        Failure::AssertCompare,
        vec![text("a == b"), text("=="), int(1), int(2), Const::Nil],
        "assertion_error: assert a == b\n  left:  1\n  right: 2",
    );
    case(
        Failure::Assert,
        vec![text("ok?"), Const::Bool(false), text("must be ok")],
        "assertion_error: must be ok\n  assert ok?\n  value: false",
    );
    case(Failure::Argument, vec![text("f: no")], "argument_error: f: no");
}

#[test]
fn declared_types_are_checked() {
    let mut b = Build::new("Types");
    let int = b.ty(Type::Int);
    let ints = b.ty(Type::VectorOf(int));
    let text = b.ty(Type::String);
    let either = b.ty(Type::Union(vec![text, ints]));
    let (what, half) = (b.sym("x"), b.float(0.5));
    let code = vec![
        Op::Vector { d: d(1), items: us(&[0, 0]) },
        Op::CheckType { s: u(1), ty: either, what },
        Op::Const { d: d(2), k: half },
        Op::Vector { d: d(1), items: us(&[0, 2]) },
        Op::UnlessType { s: u(1), ty: ints, to: l(6) },
        Op::Return { s: u(0) },
        Op::CheckType { s: u(1), ty: either, what },
        Op::Return { s: u(0) },
    ];
    let main = b.fun("main", 1, 3, code);
    b.export("main", main);
    Program::new(vec![b])
        .check(&[1], "type_error: x of Types.main/1 must be string | [int], not vector [1.0, 0.5]");
}
