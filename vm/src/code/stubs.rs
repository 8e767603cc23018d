//! Small functions written by hand: where processes start, and what loads modules on the way.
//!
//! Registers and layout of each are in the comment beside it. None shows in stack traces.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use rata_bytecode::module::ModuleKind;

use super::emit::Emitter;
use super::exec::Ex;
use super::function::{Body, Function, HIDDEN, Handler, Info};
use super::module::{Link, Module};
use crate::symbols::{Symbol, sym};
use crate::value::Word;

/// See the module.
pub(crate) struct Stubs {
    /// (list of function and arguments, or a function that takes none): calls it.
    pub(crate) apply: &'static Function,
    /// (module, number of a global or nil): loads the module, returns the global.
    pub(crate) load: &'static Function,
    /// (module, number of a global, list of arguments): loads the module, calls the global.
    pub(crate) call_global: &'static Function,
    /// (list of modules, 0, list of function and arguments or nil): loads the modules in order, then calls.
    pub(crate) program: &'static Function,
    /// (list of function and arguments): waits for a message, then calls.
    pub(crate) hibernate: &'static Function,
}

/// The module that stubs belong to.
fn home() -> &'static Module {
    static HOME: OnceLock<Module> = OnceLock::new();
    HOME.get_or_init(|| {
        let none = (Default::default(), Vec::new(), Vec::new(), Vec::new());
        let (exports, globals, uses, docs) = none;
        let kind = ModuleKind::Script;
        Module::new(u32::MAX, sym::EMPTY_TEXT, kind, String::new(), exports, globals, uses, docs)
    })
}

fn function(
    name: Symbol,
    arity: u32,
    registers: u32,
    code: Vec<u64>,
    handlers: Vec<Handler>,
) -> &'static Function {
    let function = Function::new(name, home(), HIDDEN, [arity, 0], false, Vec::new());
    function.set_body(
        registers,
        Body { code: code.into_iter().map(AtomicU64::new).collect(), handlers, ..Body::default() },
    );
    Box::leak(Box::new(function))
}

fn word(ex: Ex, a: u16, b: u16, c: u16) -> u64 {
    ex as u64 | (a as u64) << 16 | (b as u64) << 32 | (c as u64) << 48
}

impl Stubs {
    /// Makes them.
    pub(crate) fn make() -> Stubs {
        Stubs {
            apply: apply(),
            load: load(),
            call_global: call_global(),
            program: program(),
            hibernate: hibernate(),
        }
    }
}

fn apply() -> &'static Function {
    let code = vec![Info::narrow(0, 0b1).0, word(Ex::Apply, 0, 0, 1)];
    function(sym::CALL, 1, 1, code, Vec::new())
}

fn load() -> &'static Function {
    let code = vec![
        Info::narrow(0, 0b11).0,
        // 1: on to 6 when it is loaded
        word(Ex::LoadBegin, 0, 0, 0),
        5,
        // 3
        word(Ex::LoadRun, 0, 0, 0),
        Info::narrow(2, 0b11).0,
        word(Ex::LoadEnd, 0, 0, 0),
        // 6
        word(Ex::LoadedGlobal, 2, 0, 1),
        word(Ex::Return, 2, 0, 0),
        // 8: the init has raised
        word(Ex::LoadFailed, 0, 0, 0),
        word(Ex::Reraise, 2, 0, 0),
    ];
    let failed = Handler { start: 3, end: 5, target: 8, register: 2, guard: false };
    function(sym::INIT, 2, 3, code, vec![failed])
}

fn call_global() -> &'static Function {
    let code = vec![
        Info::narrow(0, 0b111).0,
        word(Ex::LoadGlobal, 0, 1, 0),
        Info::narrow(3, 0b100).0,
        word(Ex::Apply, 3, 2, 0),
    ];
    function(sym::CALL, 3, 4, code, Vec::new())
}

fn program() -> &'static Function {
    let code = vec![
        Info::narrow(0, 0b111).0,
        // 1: on to 5 when there is no module left
        word(Ex::LoadNext, 0, 1, 0),
        4,
        Info::narrow(3, 0b111).0,
        // 4: back to 1
        Ex::Jump as u64 | ((-3i32) as u32 as u64) << 32,
        // 5
        word(Ex::Apply, 2, 0, 1),
    ];
    function(sym::START, 3, 4, code, Vec::new())
}

fn hibernate() -> &'static Function {
    let code = vec![
        Info::narrow(0, 0b1).0,
        word(Ex::LoadWord, 1, 0, 0),
        Word::symbol(sym::INFINITY).bits(),
        word(Ex::RecvStart, 0, 0, 0),
        // 4: to 7 when there is none
        Ex::RecvPeek as u64 | 2 << 16 | 3 << 32,
        word(Ex::Apply, 0, 0, 1),
        word(Ex::Unreachable, 0, 0, 0),
        // 7: never late
        word(Ex::RecvWait, 1, 0, 0),
        3,
        Info::narrow(0, 0b11).0,
        // 10: back to 4
        Ex::Jump as u64 | ((-6i32) as u32 as u64) << 32,
    ];
    function(sym::HIBERNATE, 1, 3, code, Vec::new())
}

/// A function that calls `module.name` with so many arguments.
pub(crate) fn capture(module: Symbol, name: Symbol, arity: u32) -> &'static Function {
    let live = (0..arity as usize).filter(|&i| i < Info::NARROW).fold(0, |bits, i| bits | 1 << i);
    let mut wide = Vec::new();
    let entry = match arity as usize <= Info::NARROW {
        true => Info::narrow(0, live),
        false => {
            let words = (0..arity.div_ceil(64)).map(|i| match arity - i * 64 {
                64.. => u64::MAX,
                n => (1 << n) - 1,
            });
            wide.push(words.collect());
            Info::wide(0, 0)
        }
    };
    let mut out = Emitter::new(entry.0, Default::default());
    let registers: Vec<u16> = (0..arity as u16).collect();
    out.args(Ex::TailImport, &registers);
    let link: &'static Link = Box::leak(Box::new(Link::new(module, name, false)));
    out.ext(std::ptr::from_ref(link) as u64);
    let function = Function::new(name, home(), HIDDEN, [arity, 0], false, Vec::new());
    function.set_body(
        arity.max(1),
        Body { code: out.words.into_iter().map(AtomicU64::new).collect(), wide, ..Body::default() },
    );
    Box::leak(Box::new(function))
}
