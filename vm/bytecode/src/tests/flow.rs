//! Verifier and liveness against the reference, on many small functions.

use super::reference;
use super::samples::{d, function, k, to, u, us};
use super::source::{Gen, Source, noise};
use crate::liveness::{RegSet, live_across};
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use crate::verify::verify_module;

/// A function whose labels, handlers and registers are in range, of instructions that are well-formed anywhere.
fn small_function(s: &mut Source<'_>) -> Function {
    s.wild = false;
    s.registers = 2 + s.below(7);
    s.labels = 2 + s.below(24);
    let arity = s.below(s.registers + 1);
    let mut code: Vec<Op> = Vec::new();
    for reg in 0..s.below(s.registers) {
        code.push(Op::Const { d: d(reg as Reg), k: k(0) });
    }
    s.labels = s.labels.max(code.len() as u32 + 2);
    while code.len() + 1 < s.labels as usize {
        code.push(any_op(s));
    }
    code.push(if bool::make(s) { Op::Return { s: u(0) } } else { Op::Jump { to: Gen::make(s) } });
    let mut f = function("f", arity, s.registers, code);
    f.handlers = handlers(s);
    f
}

fn any_op(s: &mut Source<'_>) -> Op {
    use Op::*;
    match s.byte() % 16 {
        0 | 1 => Move { d: Gen::make(s), s: Gen::make(s) },
        2 => Const { d: Gen::make(s), k: k(0) },
        3 => List { d: Gen::make(s), items: Gen::make(s) },
        4 => Arith { op: Gen::make(s), d: Gen::make(s), a: Gen::make(s), b: Gen::make(s) },
        5 => CallValue { d: Gen::make(s), f: Gen::make(s), args: Gen::make(s) },
        6 => Uncons { h: Gen::make(s), t: Gen::make(s), s: Gen::make(s), to: Gen::make(s) },
        7 => MapEntry { d: Gen::make(s), s: Gen::make(s), key: k(0), to: Gen::make(s) },
        8 => RecvPeek { d: Gen::make(s), to: Gen::make(s) },
        9 | 10 => If { s: Gen::make(s), to: Gen::make(s) },
        11 => Jump { to: Gen::make(s) },
        12 => Switch {
            s: Gen::make(s),
            cases: Cases(Box::new([(k(0), Gen::make(s))])),
            default: Gen::make(s),
        },
        13 => RecvWait { timeout: Gen::make(s), to: Gen::make(s) },
        14 => TailValue { f: Gen::make(s), args: Gen::make(s) },
        _ => Raise { s: Gen::make(s) },
    }
}

/// Up to three handlers, nested or apart.
fn handlers(s: &mut Source<'_>) -> Vec<Handler> {
    let mut all: Vec<Handler> = Vec::new();
    for _ in 0..s.byte() % 4 {
        let start = s.below(s.labels);
        let end = start + 1 + s.below(s.labels - start);
        let new = Handler {
            start: to(start),
            end: to(end),
            target: Gen::make(s),
            d: Gen::make(s),
            guard: Gen::make(s),
        };
        let inside = |a: &Handler, b: &Handler| b.start <= a.start && a.end <= b.end;
        let apart = |a: &Handler, b: &Handler| a.end <= b.start || b.end <= a.start;
        if all.iter().all(|old| inside(old, &new) || apart(old, &new)) {
            all.push(new);
        }
    }
    all
}

#[test]
fn the_verifier_agrees_with_the_reference_and_accepted_functions_run() {
    let mut accepted = 0;
    let rounds = 60_000;
    for seed in 0..rounds {
        let bytes = noise(seed, 600);
        let s = &mut Source::new(&bytes);
        let f = small_function(s);
        let module = Module { functions: vec![f], consts: vec![Const::Nil], ..Module::default() };
        let verdict = verify_module(&module, &|_, _| true);
        let f = &module.functions[0];
        assert_eq!(verdict.is_ok(), reference::is_initialised(f), "{seed}: {verdict:?} {f:#?}");
        if let Err(error) = verdict {
            assert!(error.message.contains("not initialised"), "{error}");
            continue;
        }
        accepted += 1;
        let expected = reference::live_across(f);
        let mut found = vec![0; f.code.len()];
        live_across(f, |i, op, live| {
            assert_eq!(op, &f.code[i]);
            found[i] = reference::bits(live);
        });
        assert_eq!(found, expected, "{f:#?}");
        for _ in 0..4 {
            reference::run(f, &found, s);
        }
    }
    assert!(accepted > rounds / 20, "only {accepted} of {rounds} were sound");
}

#[test]
fn a_call_keeps_what_its_handler_needs_but_not_its_result() {
    let mut f = function(
        "f",
        3,
        5,
        vec![
            Op::CallValue { d: d(3), f: u(0), args: us([1]) },
            Op::Return { s: u(3) },
            Op::List { d: d(3), items: us([2, 4]) },
            Op::Return { s: u(3) },
        ],
    );
    f.handlers = vec![Handler { start: to(0), end: to(1), target: to(2), d: d(4), guard: false }];
    let mut calls = Vec::new();
    let entry = live_across(&f, |i, op, live| {
        if matches!(op, Op::CallValue { .. }) {
            calls.push((i, live.sorted()));
        }
    });
    assert_eq!(calls, [(0, vec![2])]);
    assert_eq!(entry.sorted(), [0, 1, 2]);
}

#[test]
fn a_register_that_a_call_overwrites_lives_when_the_handler_reads_it() {
    let mut f = function(
        "f",
        1,
        2,
        vec![
            Op::CallValue { d: d(0), f: u(0), args: us([]) },
            Op::Return { s: u(0) },
            Op::Return { s: u(0) },
        ],
    );
    f.handlers = vec![Handler { start: to(0), end: to(1), target: to(2), d: d(1), guard: false }];
    let mut at_call = Vec::new();
    live_across(&f, |i, _, live| {
        if i == 0 {
            at_call = live.sorted();
        }
    });
    assert_eq!(at_call, [0]);
}

#[test]
fn register_sets_add_and_remove() {
    let mut set = RegSet::new(300);
    for reg in [7, 299, 0, 7, 12] {
        set.insert(reg);
    }
    assert_eq!(set.sorted(), [0, 7, 12, 299]);
    set.remove(7);
    set.remove(7);
    set.remove(200);
    assert_eq!(set.sorted(), [0, 12, 299]);
    assert!(set.contains(12) && !set.contains(7) && !set.contains(1));
    set.clear();
    assert!(!set.contains(0) && set.as_slice().is_empty());
}
