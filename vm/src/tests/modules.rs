//! Imports, constants, loading on first use, cycles.

use super::*;
use crate::Symbol;
use rata_bytecode::library::Library;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

/// A module with a constant `limit`, made by an init that runs `ops` into register 0, and a function
/// `double`.
fn library(name: &str, ops: impl FnOnce(&mut Build) -> Vec<Op>) -> Build {
    let mut b = Build::new(name);
    let limit = b.global("limit");
    let mut code = ops(&mut b);
    code.push(Op::SetGlobal { g: limit, s: u(0) });
    code.push(Op::Return { s: u(0) });
    let init = b.fun("init", 0, 2, code);
    b.module.init = Some(init);
    let double = b.fun(
        "double",
        1,
        2,
        vec![
            Op::ArithInt { op: Arith::Mul, d: d(0), a: u(0), imm: Imm(2) },
            Op::Return { s: u(0) },
        ],
    );
    b.export("double", double);
    b
}

fn answer(b: &mut Build) -> Vec<Op> {
    let (k, t) = (b.int(42), b.str("a text that is longer than a word"));
    vec![
        Op::Const { d: d(0), k },
        Op::Const { d: d(1), k: t },
        Op::List { d: d(0), items: us(&[0, 1]) },
    ]
}

#[test]
fn members_load_their_module() {
    let mut b = Build::new("User");
    let (limit, double, call) = (
        b.import("Lib", "limit", None),
        b.import("Lib", "double", None),
        b.import("Lib", "double", Some(1)),
    );
    let module = b.konst(Const::Module("Lib".into()));
    let name = b.sym("double");
    let field = b.sym("limit");
    let code = vec![
        Op::Member { d: d(1), import: limit },
        Op::Member { d: d(2), import: double },
        Op::CallImport { d: d(3), import: call, args: us(&[0]) },
        Op::CallValue { d: d(4), f: u(2), args: us(&[3]) },
        Op::Const { d: d(5), k: module },
        Op::CallField { d: d(5), object: u(5), name, args: us(&[4]) },
        Op::Const { d: d(6), k: module },
        Op::Field { d: d(6), m: u(6), name: field },
        Op::List { d: d(1), items: us(&[1, 3, 4, 5, 6]) },
        Op::Return { s: u(1) },
    ];
    let main = b.fun("main", 1, 7, code);
    b.export("main", main);
    // A fresh program per mode: the first use links and loads.
    for mode in MODES {
        let user = Build { module: b.module.clone() };
        let program = Program::new(vec![library("Lib", answer), user]);
        let pair = "{42, \"a text that is longer than a word\"}";
        let expected = format!("{{{pair}, 10, 20, 40, {pair}}}");
        assert_eq!(program.run(&[5], mode), expected, "in {mode:?}");
        assert_eq!(program.run(&[5], mode), expected, "again in {mode:?}");
    }
}

#[test]
fn a_module_that_needs_itself() {
    let mut user = Build::new("User");
    let import = user.import("Lib", "limit", None);
    let main = user.fun("main", 1, 2, vec![Op::Member { d: d(1), import }, Op::Return { s: u(1) }]);
    user.export("main", main);
    let lib = library("Lib", |b| {
        let import = b.import("Other", "limit", None);
        vec![Op::Member { d: d(0), import }]
    });
    let other = library("Other", |b| {
        let import = b.import("Lib", "limit", None);
        vec![Op::Member { d: d(0), import }]
    });
    let program = Program::new(vec![lib, other, user]);
    // Failing leaves the modules unloaded, so it fails alike every time.
    program.check(&[0], "load_cycle: module Lib needs a constant of its own to be loaded");
}

#[test]
fn a_program_loads_its_modules_in_order() {
    let program = Program::new(vec![
        library("Lib", answer),
        library("Lib2", |b| {
            let import = b.import("Lib", "limit", None);
            vec![Op::Member { d: d(0), import }]
        }),
    ]);
    for mode in MODES {
        let mut process = crate::Process::new(crate::Pid::new(7, 7));
        process.heap.set_stress(mode.stress);
        process.start_program(program.vm(mode), &program.modules, None);
        let outcome = program.finish(&mut process, &mut TestHost::default(), mode);
        assert_eq!(show(&process, &outcome), "nil");
        for &index in &program.modules {
            assert_eq!(program.vm(mode).load_state(index), crate::LoadState::Loaded);
        }
    }
}

/// A process that ends while it loads a module leaves it to others; until then they wait.
#[test]
fn two_processes_need_one_module() {
    let mut user = Build::new("User");
    let import = user.import("Lib", "limit", None);
    let main = user.fun("main", 1, 2, vec![Op::Member { d: d(1), import }, Op::Return { s: u(1) }]);
    user.export("main", main);
    let program = Program::new(vec![library("Lib", answer), user]);
    let mut host = TestHost::default();
    let mut first = program.process(&[0], PLAIN);
    let mut second = crate::Process::new(crate::Pid::new(2, 2));
    second.start_program(&program.vm, &program.modules[..1], None);
    // Far enough to be in the init.
    while program.vm.load_state(program.modules[0]) == crate::LoadState::Unloaded {
        assert!(matches!(crate::run(&mut first, &program.vm, &mut host, 1), crate::Outcome::Yield));
    }
    let outcome = crate::run(&mut second, &program.vm, &mut host, 4000);
    assert!(matches!(outcome, crate::Outcome::WaitForModule(module) if *module == 0));
    drop(first);
    let outcome = program.finish(&mut second, &mut host, PLAIN);
    assert_eq!(show(&second, &outcome), "nil");
    assert_eq!(program.vm.load_state(0), crate::LoadState::Loaded);
}

#[test]
fn the_standard_library_keeps_its_own_modules() {
    let vm = vm_with(&[]);
    let load = |builds: Vec<Build>, origin| {
        let modules = builds.into_iter().map(|b| b.module).collect();
        vm.load(&Package { modules, entry: None }, origin).expect("loads")
    };
    let named = |module: &str, text: &str| {
        let mut b = Build::new(module);
        let k = b.str(text);
        let f = b.fun("name", 0, 1, vec![Op::Const { d: d(0), k }, Op::Return { s: u(0) }]);
        b.export("name", f);
        b
    };
    let caller = |module: &str, also: Option<&str>| {
        let mut b = Build::new(module);
        let import = b.import("Lib", "name", Some(0));
        let other = b.import(also.unwrap_or("Lib"), "ask", Some(0));
        let ask = b.fun("ask", 0, 1, vec![Op::TailImport { import, args: us(&[]) }]);
        b.export("ask", ask);
        let main = b.fun(
            "main",
            1,
            3,
            vec![
                Op::CallImport { d: d(1), import, args: us(&[]) },
                Op::CallImport { d: d(2), import: other, args: us(&[]) },
                Op::List { d: d(1), items: us(&[1, 2]) },
                Op::Return { s: u(1) },
            ],
        );
        b.export("main", main);
        b
    };
    load(vec![named("Lib", "stdlib's"), caller("Std", None)], Origin::Stdlib);
    let modules =
        load(vec![named("Lib", "program's"), caller("App", Some("Std"))], Origin::Program);
    let program = Program::of(vm, modules);
    program.check(&[0], "{\"program's\", \"stdlib's\"}");
}

use crate::Origin;

#[test]
fn functions_of_scripts_are_defined_in_order() {
    let mut b = Build::new("script.rata");
    b.module.kind = ModuleKind::Script;
    let main = b.fun(
        "main",
        1,
        2,
        vec![
            Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(1), to: l(2) },
            Op::Define { f: FnId(1) },
            Op::CheckDefined { f: FnId(1) },
            Op::TailCall { f: FnId(1), args: us(&[]) },
        ],
    );
    let k = b.int(9);
    b.fun("later", 0, 1, vec![Op::Const { d: d(0), k }, Op::Return { s: u(0) }]);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let error = "undefined_function: later/0 is called before its definition has run";
    program.check(&[0], error);
    program.check(&[1], "9");
    program.check(&[0], "9");
}

#[test]
fn what_does_not_verify_is_not_loaded() {
    let mut b = Build::new("Bad");
    b.fun("main", 0, 1, vec![Op::Return { s: u(0) }]);
    let error = Program::load(vm_with(&[]), vec![b]).err().expect("an uninitialised register");
    assert!(matches!(error, crate::LoadError::Invalid(_)), "{error}");
}

/// A module whose function reads its own constant, which an init makes.
pub(crate) fn constant() -> Build {
    let mut b = library("Constant", answer);
    let g = GlobalId(0);
    let main = b.fun(
        "main",
        1,
        3,
        vec![
            Op::Global { d: d(1), g },
            Op::ListEntry { d: d(2), s: u(1), i: Count(1) },
            Op::List { d: d(1), items: us(&[0, 1, 2]) },
            Op::Return { s: u(1) },
        ],
    );
    b.export("main", main);
    b
}

#[test]
fn a_module_reads_its_own_constant() {
    let program = Program::new(vec![constant()]);
    let text = "\"a text that is longer than a word\"";
    program.check(&[1], &format!("{{1, {{42, {text}}}, {text}}}"));
}

#[test]
fn constants_that_are_names_of_one_another() {
    // first = Lib.second, second = Lib.first: there is no function behind them.
    let mut lib = Build::new("Lib");
    let (first, second) = (lib.global("first"), lib.global("second"));
    let (to_second, to_first) = (
        lib.konst(Const::FnRef("Lib".into(), "second".into(), None)),
        lib.konst(Const::FnRef("Lib".into(), "first".into(), None)),
    );
    let code = vec![
        Op::Const { d: d(0), k: to_second },
        Op::SetGlobal { g: first, s: u(0) },
        Op::Const { d: d(0), k: to_first },
        Op::SetGlobal { g: second, s: u(0) },
        Op::Return { s: u(0) },
    ];
    let init = lib.fun("init", 0, 1, code);
    lib.module.init = Some(init);
    let mut user = Build::new("User");
    let call = user.import("Lib", "first", Some(1));
    let value = user.import("Lib", "first", None);
    let main = user.fun("main", 1, 1, vec![Op::TailImport { import: call, args: us(&[0]) }]);
    user.export("main", main);
    let code =
        vec![Op::Member { d: d(1), import: value }, Op::TailValue { f: u(1), args: us(&[0]) }];
    let by_value = user.fun("main", 1, 2, code);
    let program = Program::new(vec![
        Build { module: lib.module.clone() },
        Build { module: user.module.clone() },
    ]);
    program.check(&[1], "bad_function: a function expected, not function #fn<Lib.second>");
    user.module.fn_sets[0].entries[0].f = by_value;
    let program = Program::new(vec![lib, user]);
    program.check(&[1], "bad_function: a function expected, not function #fn<Lib.second>");
}

#[test]
fn a_constant_is_set_once() {
    let mut b = Build::new("Lib");
    let (limit, k) = (b.global("limit"), b.int(1));
    let code = vec![
        Op::Const { d: d(0), k },
        Op::SetGlobal { g: limit, s: u(0) },
        Op::SetGlobal { g: limit, s: u(0) },
        Op::Return { s: u(0) },
    ];
    let init = b.fun("init", 0, 1, code);
    b.module.init = Some(init);
    let main = b.fun("main", 1, 2, vec![Op::Global { d: d(1), g: limit }, Op::Return { s: u(1) }]);
    b.export("main", main);
    // Whoever needs it tries again, in vain.
    Program::new(vec![b]).check(&[1], "runtime_error: the constant limit is set again");
}

/// A library whose modules each have `name`, which gives their number.
fn shelf(modules: usize) -> &'static Library {
    let module = |i: usize| {
        let mut b = Build::new(&format!("Shelf{i}"));
        let k = b.int(i as i64);
        let f = b.fun("name", 0, 1, vec![Op::Const { d: d(0), k }, Op::Return { s: u(0) }]);
        b.export("name", f);
        b.module
    };
    let package = Package { modules: (0..modules).map(module).collect(), entry: None };
    Box::leak(Box::new(Library::from(&package)))
}

#[test]
fn a_module_of_a_library_is_linked_once_whoever_asks() {
    const MODULES: usize = 200;
    const THREADS: usize = 4;
    let vm = vm_with(&[]);
    vm.shelve(shelf(MODULES));
    let start = std::sync::Barrier::new(THREADS);
    let names: Vec<Symbol> = (0..MODULES).map(|i| Symbol::intern(&format!("Shelf{i}"))).collect();
    let ask = |name: &Symbol| match vm.member(*name, Symbol::intern("name"), false) {
        Some(crate::vm::Member::Functions(set)) => set.entries[0].function,
        _ => panic!("{} has no name", name.text()),
    };
    let all = || {
        start.wait();
        names.iter().map(|name| std::ptr::from_ref(ask(name)) as usize).collect()
    };
    let found: Vec<Vec<usize>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(all)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "some got another function");
    let mut numbers: Vec<u32> = names.iter().map(|name| ask(name).number).collect();
    for (name, &number) in names.iter().zip(&numbers) {
        let line = vm.trace_line(u64::from(number) << 31).expect("its functions are known");
        assert_eq!(name.text(), line.module);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..MODULES as u32).collect::<Vec<_>>());
}

#[test]
fn a_library_is_known_before_it_is_linked() {
    let vm = vm_with(&[]);
    vm.shelve(shelf(2));
    assert!(vm.has_module(Symbol::intern("Shelf1")) && !vm.has_module(Symbol::intern("Shelf2")));
    assert_eq!(vm.module_names().len(), 2);
    let asking = |module: &str| {
        let mut b = Build::new("App");
        let import = b.import(module, "name", Some(0));
        let main = b.fun("main", 1, 1, vec![Op::TailImport { import, args: us(&[]) }]);
        b.export("main", main);
        b.module
    };
    let package = Package { modules: vec![asking("Shelf1")], entry: None };
    let modules = vm.load(&package, Origin::Program).expect("loads");
    assert_eq!(modules, [2]);
    Program::of(vm, modules).check(&[0], "1");
}

#[test]
fn what_does_not_verify_is_not_there() {
    let mut b = Build::new("Broken");
    let f = b.fun("name", 0, 1, vec![Op::Return { s: u(0) }]);
    b.export("name", f);
    let package = Package { modules: vec![b.module], entry: None };
    let vm = vm_with(&[]);
    vm.shelve(Box::leak(Box::new(Library::from(&package))));
    let (broken, name) = (Symbol::intern("Broken"), Symbol::intern("name"));
    assert!(!vm.has_function(broken, name, 0) && vm.module_info(broken).is_none());
}

#[test]
fn calls_by_name_go_to_the_newest_module() {
    let lib = |n: i64| {
        let mut b = Build::new("Lib");
        let k = b.int(n);
        let f = b.fun("one", 1, 2, vec![Op::Const { d: d(1), k }, Op::Return { s: u(1) }]);
        b.export("one", f);
        b
    };
    let mut user = Build::new("User");
    let module = user.konst(Const::Module("Lib".into()));
    let name = user.konst(Const::Symbol("one".into()));
    let main = user.fun(
        "main",
        0,
        3,
        vec![
            Op::Const { d: d(0), k: module },
            Op::CallField { d: d(1), object: u(0), name, args: us(&[0]) },
            Op::CallField { d: d(2), object: u(0), name, args: us(&[1]) },
            Op::List { d: d(1), items: us(&[1, 2]) },
            Op::Return { s: u(1) },
        ],
    );
    user.export("main", main);
    let program = Program::new(vec![lib(1), user]);
    for n in 1..4 {
        program.check(&[], &format!("{{{n}, {n}}}"));
        for mode in [MODES[0], MODES[4]] {
            let modules = vec![lib(n + 1).module];
            let package = Package { modules, entry: None };
            program.vm(mode).load(&package, Origin::Program).expect("loads");
        }
    }
}
