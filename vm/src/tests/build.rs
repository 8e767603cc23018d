//! A builder of packages and a host that runs them.

use std::any::Any;
use std::collections::VecDeque;

use rata_bytecode::module::*;
use rata_bytecode::natives::NATIVES;
use rata_bytecode::operand::*;
pub(crate) use rata_bytecode::ops::Op;

use crate::inspect::inspect;
use crate::native::{Cx, Host, Native, NativeFn, Poll};
use crate::process::{Core, Outcome, Process};
use crate::value::{Pid, Value};
use crate::{Fragment, Heap, JitSettings, LoadError, ModuleIndex, Origin, Vm};

/// A module being built.
#[derive(Default)]
pub(crate) struct Build {
    pub(crate) module: Module,
}

pub(crate) fn d(reg: Reg) -> Def {
    Def(reg)
}
pub(crate) fn u(reg: Reg) -> Use {
    Use(reg)
}
pub(crate) fn us(regs: &[Reg]) -> Uses {
    Uses(regs.into())
}
pub(crate) fn l(at: u32) -> Label {
    Label(at)
}

impl Build {
    pub(crate) fn new(name: &str) -> Build {
        let module =
            Module { name: name.into(), file: format!("{name}.rata"), ..Module::default() };
        Build { module }
    }

    pub(crate) fn konst(&mut self, k: Const) -> ConstId {
        self.module.consts.push(k);
        ConstId(self.module.consts.len() as u32 - 1)
    }

    pub(crate) fn int(&mut self, n: i64) -> ConstId {
        self.konst(Const::Int(n))
    }

    pub(crate) fn float(&mut self, f: f64) -> ConstId {
        self.konst(Const::Float(f.to_bits()))
    }

    pub(crate) fn sym(&mut self, text: &str) -> ConstId {
        self.konst(Const::Symbol(text.into()))
    }

    pub(crate) fn str(&mut self, text: &str) -> ConstId {
        self.konst(Const::Str(text.into()))
    }

    pub(crate) fn fun(&mut self, name: &str, arity: u32, registers: u32, code: Vec<Op>) -> FnId {
        let lines = (0..code.len() as u32).map(|i| (i, i + 1)).collect();
        self.function(Function {
            name: name.into(),
            arity,
            registers,
            code,
            lines,
            ..Function::default()
        })
    }

    pub(crate) fn function(&mut self, function: Function) -> FnId {
        self.module.functions.push(function);
        FnId(self.module.functions.len() as u32 - 1)
    }

    pub(crate) fn last(&mut self) -> &mut Function {
        self.module.functions.last_mut().expect("a function")
    }

    /// A set of one function that takes exactly its arity.
    pub(crate) fn set(&mut self, name: &str, f: FnId) -> FnSetId {
        let arity = self.module.functions[f.0 as usize].arity;
        self.set_of(name, vec![FnEntry { min: arity, max: arity, f }], false)
    }

    pub(crate) fn set_of(&mut self, name: &str, entries: Vec<FnEntry>, lenient: bool) -> FnSetId {
        self.module.fn_sets.push(FnSet { name: name.into(), entries, lenient });
        FnSetId(self.module.fn_sets.len() as u32 - 1)
    }

    pub(crate) fn export(&mut self, name: &str, f: FnId) -> FnSetId {
        let set = self.set(name, f);
        self.module.exports.push(Export { name: name.into(), what: Exported::Functions(set) });
        set
    }

    pub(crate) fn global(&mut self, name: &str) -> GlobalId {
        self.module.globals.push(Global { name: name.into() });
        let id = GlobalId(self.module.globals.len() as u32 - 1);
        self.module.exports.push(Export { name: name.into(), what: Exported::Global(id) });
        id
    }

    pub(crate) fn import(&mut self, module: &str, name: &str, arity: Option<u32>) -> ImportId {
        let (module, name) = (module.into(), name.into());
        self.module.imports.push(Import { module, name, arity });
        ImportId(self.module.imports.len() as u32 - 1)
    }

    pub(crate) fn native(&mut self, name: &str, arity: u32) -> NativeId {
        self.module.natives.push(NativeRef { name: name.into(), arity });
        NativeId(self.module.natives.len() as u32 - 1)
    }

    pub(crate) fn ty(&mut self, ty: Type) -> TypeId {
        self.module.types.push(ty);
        TypeId(self.module.types.len() as u32 - 1)
    }
}

/// A host with messages to deliver, each at the poll it stands for.
#[derive(Default)]
pub(crate) struct TestHost {
    pub(crate) arriving: VecDeque<Fragment>,
    /// How many polls find nothing before the next message arrives.
    pub(crate) delay: usize,
}

impl Host for TestHost {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
    fn poll(&mut self, core: &mut Core) -> Poll {
        if self.delay > 0 {
            self.delay -= 1;
            return Poll::Nothing;
        }
        match self.arriving.pop_front() {
            Some(message) => {
                core.mailbox.push(message);
                Poll::Messages
            }
            None => Poll::Nothing,
        }
    }
}

/// How a program is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) stress: bool,
    pub(crate) budget: i64,
    /// Every function is compiled when it is first called (if there is a compiler).
    pub(crate) jit: bool,
}

pub(crate) const PLAIN: Mode = Mode { stress: false, budget: 4000, jit: false };
pub(crate) const JIT: Mode = Mode { jit: true, ..PLAIN };
pub(crate) const MODES: [Mode; 8] = [
    PLAIN,
    Mode { stress: true, ..PLAIN },
    Mode { budget: 1, ..PLAIN },
    Mode { stress: true, budget: 1, ..PLAIN },
    JIT,
    Mode { stress: true, ..JIT },
    Mode { budget: 1, ..JIT },
    Mode { stress: true, budget: 1, ..JIT },
];

/// Compiles at the first call.
const AT_ONCE: JitSettings = JitSettings { enabled: true, threshold: 1, synchronous: true };

fn no_native<'h>(cx: &mut Cx<'h, '_>, _: &[Value<'h>]) -> Native<'h> {
    Native::Raise(cx.runtime_error("this native is not there in tests"))
}

/// A VM with these natives under names of the table.
pub(crate) fn vm_with(natives: &[(&str, NativeFn)]) -> Vm {
    let table = NATIVES.iter().map(|spec| {
        let found = natives.iter().find(|(name, _)| *name == spec.name);
        found.map_or(no_native as NativeFn, |(_, f)| *f)
    });
    Vm::new(table.collect())
}

/// A program: its VM, and where to begin.
pub(crate) struct Program {
    pub(crate) vm: Vm,
    /// The same with a compiler; without it `vm` serves for all modes.
    twin: Option<Vm>,
    pub(crate) modules: Vec<ModuleIndex>,
}

impl Program {
    pub(crate) fn load(vm: Vm, modules: Vec<Build>) -> Result<Program, LoadError> {
        let modules: Vec<Module> = modules.into_iter().map(|b| b.module).collect();
        let package = Package { modules, entry: None };
        let twin = vm.twin(AT_ONCE);
        twin.load(&package, Origin::Program)?;
        let modules = vm.load(&package, Origin::Program)?;
        for &index in &modules {
            vm.listing(index).expect("the table of instructions agrees with what is emitted");
        }
        Ok(Program { vm, twin: Some(twin), modules })
    }

    /// A program of modules that have been loaded.
    pub(crate) fn of(vm: Vm, modules: Vec<ModuleIndex>) -> Program {
        Program { vm, twin: None, modules }
    }

    /// The VM that runs it in a mode.
    pub(crate) fn vm(&self, mode: Mode) -> &Vm {
        self.twin.as_ref().filter(|_| mode.jit).unwrap_or(&self.vm)
    }

    pub(crate) fn new(modules: Vec<Build>) -> Program {
        Program::load(vm_with(&[]), modules).expect("the program loads")
    }

    /// A process about to call the exported `main` of the last module with these ints.
    pub(crate) fn process(&self, args: &[i64], mode: Mode) -> Process {
        let last = *self.modules.last().expect("a module");
        let main = self.vm(mode).exported(last, crate::sym::MAIN).expect("main is exported").0;
        let heap = Heap::new();
        let mut call = vec![main];
        call.extend(args.iter().map(|&n| heap.int(n)));
        let mut process = Process::new(Pid::new(1, 1));
        process.heap.set_stress(mode.stress);
        process.start(self.vm(mode), Fragment::copy_of(heap.list(&call)));
        process
    }

    /// Runs a process until it ends; waits and jobs are served at once.
    pub(crate) fn finish(&self, process: &mut Process, host: &mut TestHost, mode: Mode) -> Outcome {
        loop {
            match crate::run(process, self.vm(mode), host, mode.budget) {
                Outcome::Yield => {}
                Outcome::Offload(job) => process.resume_with(job.run()),
                Outcome::Wait(wait) if host.arriving.is_empty() && host.delay == 0 => {
                    assert!(wait.timeout().is_some(), "waits for ever");
                    process.time_out();
                }
                Outcome::Wait(_) => {}
                other => return other,
            }
        }
    }

    /// What `main` gives in a mode: the value printed, or what was raised.
    pub(crate) fn run(&self, args: &[i64], mode: Mode) -> String {
        self.run_with(args, mode, Vec::new())
    }

    pub(crate) fn run_with(&self, args: &[i64], mode: Mode, arriving: Vec<Fragment>) -> String {
        let mut process = self.process(args, mode);
        let mut host = TestHost { arriving: arriving.into(), delay: 0 };
        let outcome = self.finish(&mut process, &mut host, mode);
        show(&process, &outcome)
    }

    /// The same in all modes.
    pub(crate) fn check(&self, args: &[i64], expected: &str) {
        for mode in MODES {
            assert_eq!(self.run(args, mode), expected, "in {mode:?}");
        }
    }
}

/// An outcome as text.
pub(crate) fn show(process: &Process, outcome: &Outcome) -> String {
    let result = process.result();
    match outcome {
        Outcome::Done => inspect(result),
        Outcome::Crashed => match result.as_exception() {
            Some(e) => {
                format!("{}: {}", e.type_name().text(), crate::inspect::display(e.message()))
            }
            None => format!("raised {}", inspect(result)),
        },
        Outcome::Exit => format!("exit {}", inspect(result)),
        Outcome::LimitReached => "limit".to_owned(),
        _ => "unfinished".to_owned(),
    }
}
