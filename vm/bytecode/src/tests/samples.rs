//! Hand-made packages.

use crate::module::*;
use crate::operand::*;
use crate::ops::Op;

pub(super) fn d(reg: Reg) -> Def {
    Def(reg)
}

pub(super) fn u(reg: Reg) -> Use {
    Use(reg)
}

pub(super) fn us<const N: usize>(regs: [Reg; N]) -> Uses {
    Uses(Box::new(regs))
}

pub(super) fn to(at: u32) -> Label {
    Label(at)
}

pub(super) fn k(id: u32) -> ConstId {
    ConstId(id)
}

/// A function of the given code.
pub(super) fn function(name: &str, arity: u32, registers: u32, code: Vec<Op>) -> Function {
    Function { name: name.to_owned(), arity, registers, code, ..Function::default() }
}

/// Constants of every kind. 3: symbol, 5: string, 11: list of two keys, 15: list of one symbol.
fn constants() -> Vec<Const> {
    vec![
        Const::Nil,
        Const::Bool(true),
        Const::Int(-7),
        Const::Symbol("ok".to_owned()),
        Const::BigInt(true, vec![0, 0, 0, 0, 0, 0, 0, 0, 1]),
        Const::Str("text \u{1F600} and \"more\"\n".to_owned()),
        Const::Float(1.5f64.to_bits()),
        Const::Module("Vector".to_owned()),
        Const::Vector(vec![k(2), k(6), k(0)]),
        Const::Symbol("two words".to_owned()),
        Const::Set(vec![k(2), k(5)]),
        Const::List(vec![k(3), k(9)]),
        Const::Map(vec![(k(3), k(8)), (k(5), k(10))]),
        Const::Fn(FnSetId(0)),
        Const::FnRef("Enum".to_owned(), "map".to_owned(), Some(2)),
        Const::List(vec![k(3)]),
        Const::Missing,
    ]
}

/// Counts down and adds up, with a try around a call; every kind of edge.
fn busy() -> Function {
    let mut f = function(
        "busy",
        2,
        6,
        vec![
            /* 0 */ Op::Const { d: d(2), k: k(2) },
            /* 1 */ Op::UnlessCompareInt { op: Cmp::Gt, a: u(0), imm: Imm(0), to: to(6) },
            /* 2 */ Op::CallImport { d: d(3), import: ImportId(0), args: us([0, 2]) },
            /* 3 */ Op::Arith { op: Arith::Add, d: d(2), a: u(2), b: u(3) },
            /* 4 */ Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
            /* 5 */ Op::Jump { to: to(1) },
            /* 6 */ Op::Uncons { h: d(3), t: d(4), s: u(1), to: to(8) },
            /* 7 */ Op::List { d: d(2), items: us([3, 4]) },
            /* 8 */ Op::MapKeys { d: d(5), keys: k(11), values: us([2, 1]) },
            /* 9 */ Op::Return { s: u(5) },
            /* 10 */ Op::CheckType { s: u(4), ty: TypeId(3), what: k(3) },
            /* 11 */ Op::Reraise { s: u(4) },
        ],
    );
    f.params = vec!["count".to_owned(), "rest".to_owned()];
    let (start, end, target) = (to(2), to(3), to(10));
    f.handlers = vec![Handler { start, end, target, d: d(4), guard: false }];
    f.lines = vec![(0, 10), (2, 11), (6, 9)];
    f
}

/// Receives with a guard and a timeout, builds a closure, switches.
fn waiting() -> Function {
    let mut f = function(
        "waiting",
        0,
        5,
        vec![
            /* 0 */ Op::Const { d: d(0), k: k(2) },
            /* 1 */ Op::RecvStart {},
            /* 2 */ Op::RecvPeek { d: d(1), to: to(8) },
            /* 3 */ Op::CallNative { d: d(2), native: NativeId(0), args: us([1]) },
            /* 4 */ Op::Unless { s: u(2), to: to(7) },
            /* 5 */ Op::RecvTake {},
            /* 6 */ Op::Jump { to: to(10) },
            /* 7 */ Op::RecvSkip {},
            /* 8 */ Op::RecvWait { timeout: u(0), to: to(9) },
            /* 9 */ Op::Fail { kind: Failure::CaseClause, values: us([0]) },
            /* 10 */ Op::Closure { d: d(3), set: FnSetId(1), captures: us([1]) },
            /* 11 */ Op::SetGlobal { g: GlobalId(0), s: u(3) },
            /* 12 */
            Op::Switch {
                s: u(1),
                cases: Cases(Box::new([(k(2), to(13)), (k(3), to(14))])),
                default: to(15),
            },
            /* 13 */ Op::TailCall { f: FnId(0), args: us([1, 3]) },
            /* 14 */ Op::TailNamed { f: u(3), args: us([1]), names: k(15), named: us([2]) },
            /* 15 */ Op::Return { s: u(0) },
        ],
    );
    let (start, end, target) = (to(3), to(4), to(7));
    f.handlers = vec![Handler { start, end, target, d: d(4), guard: true }];
    f
}

/// A closure over one value and itself.
fn closed() -> Function {
    let call = Op::TailValue { f: u(2), args: us([1]) };
    let mut f = function("busy/fn", 1, 3, vec![call]);
    f.captures = 1;
    f.wants_self = true;
    f
}

/// A sound package with something in every table.
pub(super) fn package() -> Package {
    let entry = |min, max, f| FnEntry { min, max, f: FnId(f) };
    let set = |name: &str, entries| FnSet { name: name.to_owned(), entries, lenient: false };
    let types = vec![
        Type::Int,
        Type::VectorOf(TypeId(0)),
        Type::ListOf(vec![TypeId(0), TypeId(1)]),
        Type::Union(vec![TypeId(2), TypeId(0)]),
    ];
    let import = |name: &str, arity| Import {
        module: "Other.Module".to_owned(),
        name: name.to_owned(),
        arity,
    };
    let module = Module {
        name: "Sample".to_owned(),
        file: "dir/sample.rata".to_owned(),
        consts: constants(),
        functions: vec![busy(), waiting(), closed()],
        fn_sets: vec![
            set("busy", vec![entry(0, 0, 1), entry(1, 2, 0)]),
            set("", vec![entry(1, 1, 2)]),
        ],
        imports: vec![import("call", Some(2)), import("read", None)],
        natives: vec![NativeRef { name: "core_typeof".to_owned(), arity: 1 }],
        globals: vec![Global { name: "limit".to_owned() }],
        types,
        exports: vec![
            Export { name: "busy".to_owned(), what: Exported::Functions(FnSetId(0)) },
            Export { name: "limit".to_owned(), what: Exported::Global(GlobalId(0)) },
        ],
        init: Some(FnId(1)),
        behaviours: vec!["Server".to_owned()],
        docs: vec![
            (None, "A sample. ".repeat(20)),
            (Some(("busy".to_owned(), 2)), "Keeps busy.".to_owned()),
        ],
        kind: ModuleKind::Named,
    };
    let script =
        Module { name: "main.rata".to_owned(), kind: ModuleKind::Script, ..Module::default() };
    Package { modules: vec![module, script], entry: Some(1) }
}
