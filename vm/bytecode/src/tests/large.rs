//! Big functions are analysed in about linear time. The limits are ten times and more what a busy
//! machine takes with little optimisation; a quadratic step takes minutes.

use super::samples::{d, function, k, to, u, us};
use crate::liveness::live_across;
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use crate::verify::flow::check_within;
use crate::verify::verify_module;
use std::time::{Duration, Instant};

fn module(f: Function) -> Module {
    Module { functions: vec![f], consts: vec![Const::Nil], ..Module::default() }
}

fn within(seconds: u64, what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    eprintln!("{what}: {took:?}");
    assert!(took < Duration::from_secs(seconds), "{what} took {took:?}");
}

/// Ifs, loops and calls over a hundred registers.
fn ordinary(size: u32) -> Function {
    let mut code: Vec<Op> = (0..100).map(|reg| Op::Const { d: d(reg), k: k(0) }).collect();
    while (code.len() as u32) < size - 6 {
        let at = code.len() as u32;
        let reg = (at % 97) as Reg;
        code.push(Op::If { s: u(reg), to: to(at + 4) });
        code.push(Op::CallValue { d: d(reg + 1), f: u(reg), args: us([reg + 2]) });
        code.push(Op::Move { d: d(reg + 2), s: u(reg) });
        code.push(Op::Unless { s: u(reg + 2), to: to(at / 2) });
    }
    code.push(Op::Return { s: u(0) });
    function("ordinary", 0, 100, code)
}

/// A long body that defines a register per statement and reads them all at the end of each of many blocks.
fn script(statements: u32) -> Function {
    let mut code = Vec::new();
    for i in 0..statements {
        let at = code.len() as u32;
        code.push(Op::Const { d: d(i as Reg), k: k(0) });
        code.push(Op::If { s: u((i / 2) as Reg), to: to(at + 3) });
        code.push(Op::CallValue { d: d(statements as Reg), f: u(i as Reg), args: us([0]) });
    }
    code.push(Op::Return { s: u(0) });
    function("script", 0, statements + 1, code)
}

#[test]
fn ordinary_code_of_100_000_instructions() {
    let module = module(ordinary(100_000));
    within(3, "verify", || assert_eq!(verify_module(&module, &|_, _| true), Ok(())));
    let mut seen = 0;
    within(5, "liveness", || {
        live_across(&module.functions[0], |_, _, live| seen += live.as_slice().len());
    });
    assert!(seen > 1_000_000);
}

#[test]
fn a_script_of_20_000_bindings() {
    let module = module(script(20_000));
    within(10, "verify", || assert_eq!(verify_module(&module, &|_, _| true), Ok(())));
    within(20, "liveness", || {
        live_across(&module.functions[0], |_, _, _| {});
    });
}

#[test]
fn what_would_take_too_long_is_rejected() {
    let mut f = script(59_000);
    let error = verify_module(&module(f.clone()), &|_, _| true).expect_err("too complex");
    assert!(error.message.contains("too complex"), "{error}");
    // The same size without values that live between the blocks is nothing special.
    f.code.retain(|op| !matches!(op, Op::If { .. }));
    assert_eq!(verify_module(&module(f), &|_, _| true), Ok(()));
}

#[test]
fn steps_are_limited() {
    let f = ordinary(1_000);
    assert_eq!(check_within(&f, 20_000), Ok(()));
    let error = check_within(&f, 100).expect_err("too many steps");
    assert!(error.1.contains("too complex"), "{error:?}");
}

#[test]
fn deep_nesting_of_handlers_and_constants() {
    let depth = 50_000;
    let mut f = function("deep", 1, 2, vec![Op::Return { s: u(0) }; 2 * depth as usize + 1]);
    f.handlers = (0..depth)
        .rev()
        .map(|i| Handler {
            start: to(i),
            end: to(2 * depth - i),
            target: to(2 * depth),
            d: d(1),
            guard: false,
        })
        .collect();
    let mut module = module(f);
    for i in 0..depth {
        module.consts.push(Const::Vector(vec![ConstId(i)]));
        module.types.push(Type::Int);
    }
    for i in 0..depth {
        let last = ConstId(module.consts.len() as u32 - 1);
        module.consts.push(Const::List(vec![if i == 0 { ConstId(depth) } else { last }]));
    }
    within(10, "verify", || assert_eq!(verify_module(&module, &|_, _| true), Ok(())));
}
