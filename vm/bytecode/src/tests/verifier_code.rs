//! The verifier's rules for instructions and registers, each with code that breaks it.

use super::samples::{self, d, k, to, u, us};
use super::verifier::{ret, with_code};
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use crate::verify::verify;

/// One instruction each, and what is said about it.
fn check_each(cases: Vec<(Op, &str)>) {
    for (op, expected) in cases {
        let shown = format!("{op:?}");
        let error = verify(&with_code(vec![op, ret()])).expect_err(&shown);
        assert!(error.message.contains(expected), "{shown}\n{error}\nshould say {expected}");
        assert_eq!(error.instruction, Some(0), "{shown}\n{error}");
    }
}

#[test]
fn operands_are_in_range() {
    let r9 = 9;
    check_each(vec![
        (Op::Move { d: d(5), s: u(0) }, "move: register r5 is out of range, there are 5"),
        (Op::Move { d: d(1), s: u(r9) }, "register r9 is out of range"),
        (Op::List { d: d(1), items: us([0, r9]) }, "register r9 is out of range"),
        (Op::List { d: d(1), items: Uses(vec![0; 60_001].into()) }, "60001 registers, more than"),
        (Op::Jump { to: to(2) }, "jump: instruction 2 is out of range, there are 2"),
        (Op::Const { d: d(1), k: k(17) }, "constant 17 is out of range"),
        (Op::Define { f: FnId(4) }, "function 4 is out of range"),
        (Op::CheckDefined { f: FnId(4) }, "function 4 is out of range"),
        (Op::Closure { d: d(1), set: FnSetId(2), captures: us([]) }, "function set 2 is out of"),
        (Op::CallImport { d: d(1), import: ImportId(2), args: us([]) }, "import 2 is out of range"),
        (Op::CallNative { d: d(1), native: NativeId(1), args: us([]) }, "native 1 is out of range"),
        (Op::Global { d: d(1), g: GlobalId(1) }, "global 1 is out of range"),
        (Op::UnlessType { s: u(0), ty: TypeId(4), to: to(1) }, "type 4 is out of range"),
        (Op::UnlessList { s: u(0), n: Count(60_001), to: to(1) }, "the count 60001 is too large"),
        (switch(&[(17, 1)], 1), "constant 17 is out of range"),
        (switch(&[(2, 5)], 1), "instruction 5 is out of range"),
        (switch(&[], 5), "instruction 5 is out of range"),
    ]);
}

#[test]
fn constants_are_of_the_kind_wanted() {
    check_each(vec![
        (switch(&[(6, 1)], 1), "switch: constant 6 cannot be a case"),
        (switch(&[(2, 1), (2, 1)], 1), "constant 2 is a case twice"),
        (Op::Field { d: d(1), m: u(0), name: k(5) }, "constant 5 is no symbol"),
        (Op::CallField { d: d(1), object: u(0), name: k(2), args: us([]) }, "2 is no symbol"),
        (Op::TailField { object: u(0), name: k(2), args: us([]) }, "constant 2 is no symbol"),
        (Op::Prefix { d: d(1), s: u(0), prefix: k(3), to: to(1) }, "constant 3 is no string"),
        (Op::CheckType { s: u(0), ty: TypeId(0), what: k(5) }, "neither symbol nor nil"),
        (Op::UnlessConst { s: u(0), k: k(16), to: to(1) }, "omitted arguments is no value"),
        (Op::MapEntry { d: d(1), s: u(0), key: k(16), to: to(1) }, "is no value"),
        (Op::MapKeys { d: d(1), keys: k(12), values: us([]) }, "constant 12 is no list"),
        (Op::MapKeys { d: d(1), keys: k(11), values: us([0]) }, "1 values, 2 wanted"),
        (Op::Map { d: d(1), entries: us([0]) }, "map: a key without a value"),
    ]);
}

#[test]
fn counts_agree() {
    check_each(vec![
        (Op::Call { d: d(1), f: FnId(0), args: us([0]) }, "1 arguments, 2 wanted"),
        (Op::TailCall { f: FnId(0), args: us([0, 0, 0]) }, "3 arguments, 2 wanted"),
        (Op::Call { d: d(1), f: FnId(2), args: us([0]) }, "busy/fn/1 needs a closure"),
        (Op::CallImport { d: d(1), import: ImportId(0), args: us([0]) }, "1 arguments, 2 wanted"),
        (Op::TailImport { import: ImportId(0), args: us([]) }, "0 arguments, 2 wanted"),
        (Op::CallImport { d: d(1), import: ImportId(1), args: us([]) }, "1 is not for a call"),
        (Op::Member { d: d(1), import: ImportId(0) }, "import 0 is for a call"),
        (Op::CallNative { d: d(1), native: NativeId(0), args: us([]) }, "0 arguments, 1 wanted"),
        (Op::TailNative { native: NativeId(0), args: us([0, 0]) }, "2 arguments, 1 wanted"),
        (Op::Closure { d: d(1), set: FnSetId(1), captures: us([]) }, "0 captures, 1 wanted"),
        (Op::Closure { d: d(1), set: FnSetId(0), captures: us([0]) }, "1 captures, 0 wanted"),
        (
            Op::CallValue { d: d(1), f: u(0), args: Uses(vec![0; 256].into()) },
            "256 arguments, more than 255",
        ),
        (
            Op::TailNamed { f: u(0), args: us([]), names: k(15), named: us([]) },
            "0 named arguments, 1 wanted",
        ),
        (
            Op::CallNamed { d: d(1), f: u(0), args: us([]), names: k(3), named: us([]) },
            "constant 3 is no list",
        ),
        (
            Op::CallNamed {
                d: d(1),
                f: u(0),
                args: Uses(vec![0; 255].into()),
                names: k(15),
                named: us([0]),
            },
            "256 arguments, more than 255",
        ),
        (fail(Failure::CaseClause, 0), "0 values, 1 wanted"),
        (fail(Failure::Match, 2), "2 values, 1 wanted"),
        (fail(Failure::AssertCompare, 4), "4 values, 5 wanted"),
        (fail(Failure::Assert, 4), "4 values, 3 wanted"),
        (fail(Failure::UndefinedFunction, 1), "1 values, 3 wanted"),
        (fail(Failure::Argument, 0), "0 values, 1 wanted"),
    ]);
}

fn switch(cases: &[(u32, u32)], default: u32) -> Op {
    let cases = cases.iter().map(|case| (k(case.0), to(case.1))).collect();
    Op::Switch { s: u(0), cases: Cases(cases), default: to(default) }
}

fn fail(kind: Failure, values: usize) -> Op {
    Op::Fail { kind, values: Uses(vec![0; values].into()) }
}

/// Code of `f/1`, the handlers, and the instruction and register that are objected to, if any.
type Flow = (&'static str, Vec<Op>, Vec<(u32, u32, u32, Reg)>, Option<(u32, Reg)>);

fn check_flow(cases: Vec<Flow>) {
    for (what, code, handlers, expected) in cases {
        let mut package = with_code(code);
        let f = package.modules[0].functions.last_mut().expect("just added");
        f.handlers = handlers
            .iter()
            .map(|h| Handler {
                start: to(h.0),
                end: to(h.1),
                target: to(h.2),
                d: d(h.3),
                guard: false,
            })
            .collect();
        match (verify(&package), expected) {
            (Ok(()), None) => {}
            (Err(error), Some((at, reg))) => {
                let message = format!("reads r{reg}, which is not initialised on every path");
                assert!(error.message.ends_with(&message), "{what}: {error}");
                assert_eq!(error.instruction, Some(at), "{what}: {error}");
            }
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
}

fn set(reg: Reg) -> Op {
    Op::Const { d: d(reg), k: k(0) }
}

fn get(reg: Reg) -> Op {
    Op::Return { s: u(reg) }
}

fn skip(at: u32) -> Op {
    Op::If { s: u(0), to: to(at) }
}

fn uncons(at: u32) -> Op {
    Op::Uncons { h: d(1), t: d(2), s: u(0), to: to(at) }
}

fn entry(at: u32) -> Op {
    Op::MapEntry { d: d(1), s: u(0), key: k(0), to: to(at) }
}

fn entry_at(at: u32) -> Op {
    Op::MapEntryAt { d: d(1), s: u(0), key: u(0), to: to(at) }
}

fn prefix(at: u32) -> Op {
    Op::Prefix { d: d(1), s: u(0), prefix: k(5), to: to(at) }
}

fn peek(at: u32) -> Op {
    Op::RecvPeek { d: d(1), to: to(at) }
}

#[test]
fn registers_are_initialised_on_every_path() {
    check_flow(vec![
        ("set, then read", vec![set(1), get(1)], vec![], None),
        ("never set", vec![get(1)], vec![], Some((0, 1))),
        ("read by what sets it", vec![Op::Move { d: d(1), s: u(1) }, get(1)], vec![], Some((0, 1))),
        ("set on one of two paths", vec![skip(2), set(1), get(1)], vec![], Some((2, 1))),
        (
            "set on both",
            vec![skip(3), set(1), Op::Jump { to: to(4) }, set(1), get(1)],
            vec![],
            None,
        ),
        ("set in a loop's first round", vec![set(1), skip(0), get(1)], vec![], None),
        (
            "set late in a loop",
            vec![skip(3), set(1), Op::Jump { to: to(0) }, get(1)],
            vec![],
            Some((3, 1)),
        ),
        ("uncons falls through", vec![uncons(2), get(2), get(0)], vec![], None),
        ("uncons jumps", vec![uncons(2), get(0), get(2)], vec![], Some((2, 2))),
        ("map_entry jumps", vec![entry(2), get(1), get(1)], vec![], Some((2, 1))),
        ("map_entry_at jumps", vec![entry_at(2), get(1), get(1)], vec![], Some((2, 1))),
        ("prefix jumps", vec![prefix(2), get(1), get(1)], vec![], Some((2, 1))),
        ("recv_peek jumps", vec![peek(2), get(1), get(1)], vec![], Some((2, 1))),
        ("jump to the next", vec![uncons(1), get(1)], vec![], Some((1, 1))),
        (
            "a case without",
            vec![switch(&[(2, 1), (3, 2)], 2), set(1), get(1)],
            vec![],
            Some((2, 1)),
        ),
        ("out of reach", vec![get(0), get(1)], vec![], None),
    ]);
}

#[test]
fn handlers_rely_on_what_all_they_protect_has() {
    check_flow(vec![
        ("the handler's own", vec![set(2), get(0), get(1)], vec![(0, 1, 2, 1)], None),
        ("set before the range", vec![set(1), set(2), get(0), get(1)], vec![(1, 2, 3, 3)], None),
        (
            "set within the range",
            vec![set(1), set(2), get(0), get(1)],
            vec![(0, 2, 3, 3)],
            Some((3, 1)),
        ),
        ("set by what raises", vec![set(1), get(1), get(1)], vec![(0, 1, 2, 3)], Some((2, 1))),
        (
            "the inner handler only",
            vec![set(2), set(1), get(0), get(1), get(1)],
            vec![(0, 1, 3, 1), (0, 1, 4, 2)],
            None,
        ),
        ("a range out of reach", vec![get(0), set(2), get(1)], vec![(1, 2, 2, 2)], None),
    ]);
}

#[test]
fn parameters_captures_and_the_closure_are_initialised() {
    let mut package = samples::package();
    let f = &mut package.modules[0].functions[2];
    f.code = vec![Op::List { d: d(3), items: us([0, 1, 2]) }, Op::Return { s: u(3) }];
    f.registers = 4;
    assert_eq!(verify(&package), Ok(()));
    package.modules[0].functions[2].wants_self = false;
    let error = verify(&package).expect_err("it should be rejected");
    assert!(error.message.contains("reads r2"), "{error}");
}
