//! Every rule of the verifier: a package that breaks it, and what is said.

use super::samples::{self, d, function, k, to, u, us};
use crate::module::*;
use crate::operand::*;
use crate::ops::Op;
use crate::verify::verify;

/// The sample, with its first module changed.
fn broken(change: impl FnOnce(&mut Module)) -> String {
    let mut package = samples::package();
    change(&mut package.modules[0]);
    verify(&package).expect_err("it should be rejected").to_string()
}

/// The sample with a function `f/1` of five registers.
pub(super) fn with_code(code: Vec<Op>) -> Package {
    let mut package = samples::package();
    package.modules[0].functions.push(function("f", 1, 5, code));
    package
}

pub(super) fn ret() -> Op {
    Op::Return { s: u(0) }
}

#[test]
fn the_sample_is_sound() {
    assert_eq!(verify(&samples::package()), Ok(()));
}

#[test]
fn errors_name_the_place() {
    let package = with_code(vec![Op::Move { d: d(1), s: u(0) }, Op::Return { s: u(2) }]);
    let error = verify(&package).expect_err("it should be rejected");
    assert_eq!(
        error.to_string(),
        "invalid bytecode in module Sample, function f/1, instruction 1: \
         return reads r2, which is not initialised on every path"
    );
}

#[test]
fn the_entry_exists() {
    let mut package = samples::package();
    package.entry = Some(2);
    let error = verify(&package).expect_err("it should be rejected").to_string();
    assert_eq!(error, "invalid bytecode: the entry is module 2, there are 2");
}

#[test]
fn keys_and_names_are_distinct() {
    let with_list = |entries: Vec<Const>, op: fn(ConstId, Uses) -> Op| {
        let mut package = samples::package();
        let module = &mut package.modules[0];
        let first = module.consts.len() as u32;
        let count = entries.len() as u32;
        module.consts.extend(entries);
        module.consts.push(Const::List((first..first + count).map(ConstId).collect()));
        let op = op(ConstId(first + count), Uses(vec![0; count as usize].into()));
        module.functions.push(function("f", 1, 5, vec![op, ret()]));
        verify(&package).map_err(|error| error.message)
    };
    let map = |entries| with_list(entries, |keys, values| Op::MapKeys { d: d(1), keys, values });
    let text = |text: &str| Const::Str(text.to_owned());
    let symbol = |text: &str| Const::Symbol(text.to_owned());
    let float = |value: f64| Const::Float(value.to_bits());
    // References within these constants are to the sample's.
    let twice: Vec<Vec<Const>> = vec![
        vec![symbol("a"), symbol("a")],
        vec![symbol("a"), text("a")],
        vec![Const::Int(1), Const::BigInt(false, vec![1, 0])],
        vec![Const::Int(i64::MIN), Const::BigInt(true, vec![0, 0, 0, 0, 0, 0, 0, 0x80])],
        vec![float(0.0), float(-0.0)],
        vec![float(f64::NAN), float(-f64::NAN)],
        vec![Const::Int(-7), Const::Vector(vec![k(2)])],
        vec![Const::List(vec![k(2), k(3)]), Const::List(vec![k(2), k(3)])],
        vec![Const::Set(vec![k(2), k(3)]), Const::Set(vec![k(3), k(2), k(2)])],
        vec![Const::Nil, Const::Nil],
    ];
    for keys in twice {
        let error = map(keys.clone()).expect_err(&format!("{keys:?}"));
        assert!(error.contains("is a key twice"), "{keys:?}: {error}");
    }
    let distinct = vec![
        Const::Int(1),
        float(1.0),
        text("1"),
        Const::Bool(true),
        Const::Nil,
        Const::List(vec![k(2)]),
        Const::Vector(vec![k(11)]),
        Const::Set(vec![k(2)]),
        // Only for a key itself a string is the symbol of the same text.
        Const::List(vec![k(3)]),
        Const::Module("1".to_owned()),
        symbol("a"),
    ];
    assert_eq!(map(distinct), Ok(()));
    let call = |names| {
        with_list(names, |names, named| Op::TailNamed { f: u(0), args: us([]), names, named })
    };
    assert_eq!(call(vec![symbol("a"), symbol("b")]), Ok(()));
    assert!(call(vec![symbol("a"), symbol("a")]).is_err_and(|e| e.contains("is a name twice")));
    assert!(call(vec![text("a")]).is_err_and(|e| e.contains("is no symbol")));
}

#[test]
fn constants_are_checked() {
    let with = |constant: Const| broken(|module| module.consts.push(constant));
    let cases = [
        (Const::List(vec![k(17)]), "constant 17: refers to constant 17, which is not before it"),
        (Const::Map(vec![(k(0), k(99))]), "refers to constant 99"),
        (Const::Set(vec![k(16)]), "holds the marker for omitted arguments"),
        (Const::Vector(vec![k(2), k(5)]), "a vector of mixed types"),
        (Const::Vector(vec![k(8), k(11)]), "a vector of mixed types"),
        (Const::Fn(FnSetId(9)), "there is no function set 9"),
        (Const::Fn(FnSetId(1)), "captures values is no constant"),
        (Const::FnRef(String::new(), String::new(), Some(256)), "256 arguments are too many"),
    ];
    for (constant, expected) in cases {
        let shown = format!("{constant:?}");
        let error = with(constant);
        assert!(error.contains(expected), "{shown}: {error}");
    }
}

#[test]
fn vectors_of_one_type_are_accepted() {
    let mut package = samples::package();
    let consts = &mut package.modules[0].consts;
    // Numbers with nil; vectors with what counts as a vector; collections of one type.
    for list in [vec![2, 4, 6, 0], vec![8, 2, 8, 0], vec![11, 15], vec![], vec![12, 12], vec![0]] {
        consts.push(Const::Vector(list.into_iter().map(ConstId).collect()));
    }
    assert_eq!(verify(&package), Ok(()));
}

#[test]
fn tables_are_checked() {
    let cases: Vec<(String, &str)> = vec![
        (broken(|m| m.types.push(Type::VectorOf(TypeId(4)))), "type 4: refers to type 4"),
        (broken(|m| m.types.push(Type::Union(vec![TypeId(9)]))), "type 4: refers to type 9"),
        (
            broken(|m| {
                for i in 3..20 {
                    m.types.push(Type::Union(vec![TypeId(i); 2]));
                }
            }),
            "too large",
        ),
        (broken(|m| m.natives[0].arity = 3), "native 0: this VM has no core_typeof/3"),
        (broken(|m| m.natives[0].name.push('x')), "this VM has no core_typeofx/1"),
        (broken(|m| m.imports[0].arity = Some(256)), "import 0: a call with too many arguments"),
        (broken(|m| m.init = Some(FnId(3))), "function 3 is out of range, there are 3"),
        (broken(|m| m.init = Some(FnId(0))), "cannot be the module's body"),
        (broken(|m| m.exports[0].what = Exported::Functions(FnSetId(7))), "set is out of range"),
        (broken(|m| m.exports[0].what = Exported::Functions(FnSetId(1))), "need a closure"),
        (broken(|m| m.exports[1].what = Exported::Global(GlobalId(1))), "global is out of range"),
        (broken(|m| m.exports[1].name = "busy".to_owned()), "export busy: exported twice"),
        (broken(|m| m.fn_sets[0].entries.clear()), "function set 0: it is empty"),
        (broken(|m| m.fn_sets[0].entries[1].min = 0), "two functions for 0 arguments"),
        (broken(|m| m.fn_sets[0].entries[1].max = 3), "1 to 3 arguments for busy/2"),
        (broken(|m| m.fn_sets[0].entries[1].min = 3), "3 to 2 arguments for busy/2"),
        (broken(|m| m.fn_sets[0].entries[0].f = FnId(8)), "function 8 is out of range"),
        (
            broken(|m| m.fn_sets[1].entries.push(FnEntry { min: 2, max: 2, f: FnId(0) })),
            "its functions differ in captures",
        ),
    ];
    for (error, expected) in cases {
        assert!(error.contains(expected), "{error}\nshould say {expected}");
    }
}

#[test]
fn functions_are_checked() {
    let with = |change: fn(&mut Function)| broken(|module| change(&mut module.functions[0]));
    let handler = |start, end, target, reg| Handler {
        start: to(start),
        end: to(end),
        target: to(target),
        d: d(reg),
        guard: false,
    };
    let handlers = |list: &[Handler]| broken(|module| module.functions[0].handlers = list.to_vec());
    let crossing = [handler(2, 4, 10, 4), handler(3, 5, 10, 4)];
    let outer_first = [handler(2, 5, 10, 4), handler(3, 4, 10, 4)];
    let cases: Vec<(String, &str)> = vec![
        (with(|f| f.arity = 256), "256 parameters, more than 255"),
        (with(|f| f.registers = 60_001), "60001 registers, more than 60000"),
        (broken(|m| m.functions[2].captures = u32::MAX), "3 registers do not hold"),
        (with(|f| f.params.push(String::new())), "more parameter names than parameters"),
        (with(|f| f.code.clear()), "function busy/2: it has no instructions"),
        (with(|f| drop(f.code.pop())), "control runs off its end"),
        (with(|f| f.lines.push((6, 1))), "line table is not in order"),
        (with(|f| f.lines.push((12, 1))), "line table is not in order"),
        (handlers(&[handler(2, 2, 10, 4)]), "handler 0: its range is not in the code"),
        (handlers(&[handler(2, 13, 10, 4)]), "handler 0: its range is not in the code"),
        (handlers(&[handler(2, 3, 12, 4)]), "handler 0: its target is not in the code"),
        (handlers(&[handler(2, 3, 10, 6)]), "handler 0: register r6 is out of range"),
        (handlers(&crossing), "handlers 1 and 0 are not nested inner first"),
        (handlers(&outer_first), "handlers 1 and 0 are not nested inner first"),
    ];
    for (error, expected) in cases {
        assert!(error.contains(expected), "{error}\nshould say {expected}");
    }
}
