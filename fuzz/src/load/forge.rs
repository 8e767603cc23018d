//! Modules made from nothing: functions of instructions drawn from the whole op table, with operands that
//! exist, so that the verifier accepts nearly all of them. What they do makes no sense, so they bring
//! every instruction values and neighbours that no compiler would.

use super::operands::{Make, make};
use super::package::constant;
use crate::random::Random;
use rata_bytecode::module::*;
use rata_bytecode::natives::NATIVES;
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op;

/// Constants that every forged module begins with: names, then what the rest of this file relies on.
const NAMES: u32 = 4;
const NIL: ConstId = ConstId(4);
const TEXT: ConstId = ConstId(5);
/// Lists of the first 0, 1, 2, 3 names.
const LISTS: u32 = 6;

/// A package of one forged module.
pub fn package(random: &mut Random, stdlib: &Package) -> Package {
    let mut module = Module {
        name: "Forged".into(),
        kind: if random.one_in(3) { ModuleKind::Script } else { ModuleKind::Named },
        file: "forged.rata".into(),
        ..Module::default()
    };
    tables(random, &mut module, stdlib);
    headers(random, &mut module);
    constants(random, &mut module);
    for at in 0..module.functions.len() {
        let body = body(random, &module, at);
        let f = &mut module.functions[at];
        (f.code, f.handlers) = body;
        f.lines = (0..f.code.len() as u32).step_by(3).map(|i| (i, i + 1)).collect();
    }
    Package { modules: vec![module], entry: None }
}

fn constants(random: &mut Random, module: &mut Module) {
    let names = ["a", "b", "name", "ok"];
    module.consts.extend(names.iter().map(|name| Const::Symbol((*name).into())));
    module.consts.extend([Const::Nil, Const::Str("pre".into())]);
    for n in 0..4 {
        module.consts.push(Const::List((0..n).map(ConstId).collect()));
    }
    for _ in 0..8 + random.below(24) {
        let mut made = constant(random, module, module.consts.len());
        make_sound(&mut made, module);
        module.consts.push(made);
    }
}

/// Puts right what would make the verifier refuse a constant.
fn make_sound(constant: &mut Const, module: &Module) {
    let mend = |id: &mut ConstId| {
        if module.consts[id.0 as usize] == Const::Missing {
            *id = NIL;
        }
    };
    match constant {
        Const::Vector(list) => {
            list.iter_mut().for_each(mend);
            // One entry several times is of one type.
            if let Some(&first) = list.first() {
                list.fill(first);
            }
        }
        Const::List(list) | Const::Set(list) => list.iter_mut().for_each(mend),
        Const::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            mend(key);
            mend(value);
        }),
        Const::Fn(set) => {
            let entries = module.fn_sets.get(set.0 as usize).map(|set| &set.entries);
            let closed = |f: FnId| module.functions[f.0 as usize].captures == 0;
            if !entries.is_some_and(|entries| entries.iter().all(|entry| closed(entry.f))) {
                *constant = Const::Nil;
            }
        }
        _ => {}
    }
}

/// Types, natives, imports and globals.
fn tables(random: &mut Random, module: &mut Module, stdlib: &Package) {
    module.types = vec![Type::Any, Type::Int, Type::String, Type::Posint, Type::Function];
    for _ in 0..random.below(4) {
        let id = |random: &mut Random, n| TypeId(random.below(n) as u32);
        let n = module.types.len();
        module.types.push(match random.below(3) {
            0 => Type::VectorOf(id(random, n)),
            1 => Type::ListOf((0..random.below(3)).map(|_| id(random, n)).collect()),
            _ => Type::Union((0..random.below(4)).map(|_| id(random, n)).collect()),
        });
    }
    for _ in 0..4 + random.below(10) {
        let spec = &NATIVES[random.below(NATIVES.len())];
        module.natives.push(NativeRef { name: spec.name.into(), arity: spec.arity });
    }
    for _ in 0..2 + random.below(6) {
        let from = &stdlib.modules[random.below(stdlib.modules.len())];
        let Some(export) = from.exports.get(random.below(from.exports.len())) else { continue };
        let arity = match export.what {
            Exported::Functions(set) if !random.one_in(4) => {
                let entries = &from.fn_sets[set.0 as usize].entries;
                let entry = &entries[random.below(entries.len())];
                Some(entry.min + random.below((entry.max - entry.min) as usize + 1) as u32)
            }
            _ => None,
        };
        let (name, of) = (export.name.clone(), from.name.clone());
        module.imports.push(Import { module: of, name, arity });
    }
    for i in 0..random.below(3) {
        let name = format!("g{i}");
        let what = Exported::Global(GlobalId(i as u32));
        module.globals.push(Global { name: name.clone() });
        module.exports.push(Export { name: name.clone(), what });
        module.imports.push(Import { module: module.name.clone(), name, arity: None });
    }
}

/// The functions without their code, and sets of them.
fn headers(random: &mut Random, module: &mut Module) {
    for i in 0..2 + random.below(5) {
        let closure = i > 1 && random.one_in(3);
        let arity = if i == 0 { 0 } else { random.below(5) as u32 };
        let captures = if closure { random.below(4) as u32 } else { 0 };
        let wants_self = closure && random.one_in(2);
        let given = arity + captures + u32::from(wants_self);
        let locals = if random.one_in(20) { 100 } else { 2 + random.below(8) as u32 };
        let params = ["a", "b", "name"].iter().take(random.below(arity as usize + 1));
        module.functions.push(Function {
            name: format!("f{i}"),
            arity,
            captures,
            wants_self,
            registers: given + locals,
            params: params.map(|p| (*p).to_owned()).collect(),
            ..Function::default()
        });
        let min = if random.one_in(4) { random.below(arity as usize + 1) as u32 } else { arity };
        let entries = vec![FnEntry { min, max: arity, f: FnId(i as u32) }];
        let set = FnSetId(module.fn_sets.len() as u32);
        module.fn_sets.push(FnSet { name: format!("f{i}"), entries, lenient: random.one_in(6) });
        if !closure {
            let what = Exported::Functions(set);
            module.exports.push(Export { name: format!("f{i}"), what });
            let (name, of) = (format!("f{i}"), module.name.clone());
            module.imports.push(Import { module: of, name, arity: Some(arity) });
        }
    }
    module.init = Some(FnId(0));
}

/// Code under way.
struct Body<'r, 'm> {
    random: &'r mut Random,
    module: &'m Module,
    f: &'m Function,
    /// How long the code will be.
    length: u32,
    code: Vec<Op>,
    /// Which registers are written, on every path, before each instruction.
    known: Vec<Vec<bool>>,
    /// What will at most be known at places that are jumped to.
    promised: Vec<Option<Vec<bool>>>,
    /// Where the instruction being made may jump to.
    target: Label,
}

fn body(random: &mut Random, module: &Module, at: usize) -> (Vec<Op>, Vec<Handler>) {
    let f = &module.functions[at];
    let length = 3 + random.small(60) as u32;
    let given = (f.arity + f.captures + u32::from(f.wants_self)) as usize;
    let mut known = vec![false; f.registers as usize];
    known[..given].fill(true);
    let promised = vec![None; length as usize];
    let (code, target) = (Vec::new(), Label(0));
    let mut body = Body { random, module, f, length, code, known: vec![known], promised, target };
    body.fill();
    let handlers = body.handlers();
    (body.code, handlers)
}

impl Body<'_, '_> {
    fn at(&self) -> usize {
        self.code.len()
    }

    fn now(&self) -> &[bool] {
        &self.known[self.at()]
    }

    fn fill(&mut self) {
        // Some values to begin with.
        let first = self.random.below(self.f.registers as usize);
        for register in first..self.f.registers as usize {
            if !self.now()[register] && self.at() as u32 + 3 < self.length {
                let k = ConstId(self.random.below(self.module.consts.len()) as u32);
                self.push(Op::Const { d: Def(register as Reg), k });
            }
        }
        while self.at() as u32 + 1 < self.length {
            let op = self.instruction();
            self.push(op);
        }
        let last = match self.now().iter().position(|known| *known) {
            Some(register) => Op::Return { s: Use(register as Reg) },
            None => Op::Jump { to: Label(0) },
        };
        self.push(last);
    }

    fn push(&mut self, op: Op) {
        let mut after = self.now().to_vec();
        op.for_each_label(|to| {
            if to.0 as usize > self.code.len() {
                let promised = self.promised[to.0 as usize].get_or_insert_with(|| after.clone());
                promised.iter_mut().zip(&after).for_each(|(p, known)| *p &= known);
            }
        });
        op.for_each_def(|register| after[register as usize] = true);
        let promised = self.promised.get(self.at() + 1).and_then(Option::as_ref);
        match promised {
            Some(promised) if op.ends_flow() => after.clone_from(promised),
            Some(promised) => after.iter_mut().zip(promised).for_each(|(a, p)| *a &= p),
            None => {}
        }
        self.code.push(op);
        self.known.push(after);
    }

    fn instruction(&mut self) -> Op {
        for _ in 0..20 {
            self.target = self.some_target();
            let mut op = make(self);
            // Mostly on: what ends the flow makes what follows unreachable, or ends the function soon.
            if op.ends_flow() && !self.random.one_in(8) || !self.mend(&mut op) {
                continue;
            }
            return op;
        }
        Op::RecvStart {}
    }

    /// Forward, or back to where no more is known than here.
    fn some_target(&mut self) -> Label {
        if self.random.one_in(4) {
            let to = self.random.below(self.at() + 1);
            let enough = self.known[to].iter().zip(self.now()).all(|(there, here)| *here || !there);
            if enough {
                return Label(to as u32);
            }
        }
        let left = self.length as usize - self.at() - 1;
        Label((self.at() + 1 + self.random.small(left)).min(self.length as usize - 1) as u32)
    }

    fn registers(&mut self, count: usize) -> Uses {
        Uses((0..count).map(|_| Use::make(self).0).collect())
    }

    /// Makes counts agree; false if that cannot be.
    fn mend(&mut self, op: &mut Op) -> bool {
        let (module, consts) = (self.module, self.module.consts.len());
        if !self.now().contains(&true) && op_reads(op) {
            return false;
        }
        match op {
            Op::Call { f, args, .. } | Op::TailCall { f, args } => {
                let callee = &module.functions[f.0 as usize];
                if callee.captures > 0 || callee.wants_self {
                    return false;
                }
                *args = self.registers(callee.arity as usize);
            }
            Op::CallImport { import, args, .. } | Op::TailImport { import, args } => {
                let Some(import) = module.imports.get(import.0 as usize) else { return false };
                let Some(arity) = import.arity else { return false };
                *args = self.registers(arity as usize);
            }
            Op::Member { import, .. } => {
                return module.imports.get(import.0 as usize).is_some_and(|i| i.arity.is_none());
            }
            Op::CallNative { native, args, .. } | Op::TailNative { native, args } => {
                *args = self.registers(module.natives[native.0 as usize].arity as usize);
            }
            Op::Closure { set, captures, .. } => {
                let f = module.fn_sets[set.0 as usize].entries[0].f;
                *captures = self.registers(module.functions[f.0 as usize].captures as usize);
            }
            Op::MapKeys { keys, values, .. } => {
                let n = self.random.below(4);
                *keys = ConstId(LISTS + n as u32);
                *values = self.registers(n);
            }
            Op::CallNamed { names, named, .. } | Op::TailNamed { names, named, .. } => {
                let n = self.random.below(4);
                *names = ConstId(LISTS + n as u32);
                *named = self.registers(n);
            }
            Op::Map { entries, .. } => *entries = self.registers(2 * entries.0.len()),
            Op::Field { name, .. } | Op::CallField { name, .. } | Op::TailField { name, .. } => {
                *name = ConstId(self.random.below(NAMES as usize) as u32);
            }
            Op::Prefix { prefix, .. } => *prefix = TEXT,
            Op::CheckType { what, .. } => *what = if what.0 % 2 == 0 { NIL } else { ConstId(0) },
            Op::Fail { kind, values } => {
                let wanted = match kind {
                    Failure::FunctionClause => values.0.len(),
                    Failure::CaseClause | Failure::Match | Failure::Argument => 1,
                    Failure::Assert | Failure::UndefinedFunction => 3,
                    Failure::AssertCompare => 5,
                };
                *values = self.registers(wanted);
            }
            Op::Switch { cases, .. } => {
                let n = self.random.below(NAMES as usize);
                cases.0 = (0..n as u32).map(|k| (ConstId(k), self.target)).collect();
            }
            Op::Global { g, .. } | Op::SetGlobal { g, .. } => {
                return (g.0 as usize) < module.globals.len();
            }
            Op::UnlessConst { k, .. } | Op::MapEntry { key: k, .. } => {
                *k = ConstId(self.random.below(consts) as u32);
                return module.consts[k.0 as usize] != Const::Missing;
            }
            _ => {}
        }
        true
    }

    /// Handlers whose targets rely on nothing that their ranges do not know.
    fn handlers(&mut self) -> Vec<Handler> {
        let mut made: Vec<Handler> = Vec::new();
        for _ in 0..self.random.below(4) {
            let (a, b) = (self.random.below(self.at()), self.random.below(self.at()));
            let (start, end) = (a.min(b), a.max(b) + 1);
            let target = self.random.below(self.at());
            let d = self.random.below(self.f.registers as usize);
            let known = |at: usize, r: usize| r == d || self.known[at][r];
            let enough = (start..end).all(|at| {
                (0..self.f.registers as usize).all(|r| !self.known[target][r] || known(at, r))
            });
            let nested = made.iter().all(|other| {
                let (s, e) = (other.start.0 as usize, other.end.0 as usize);
                e <= start || end <= s || (start <= s && e <= end)
            });
            if enough && nested {
                made.push(Handler {
                    start: Label(start as u32),
                    end: Label(end as u32),
                    target: Label(target as u32),
                    d: Def(d as Reg),
                    guard: self.random.one_in(2),
                });
            }
        }
        made
    }
}

fn op_reads(op: &Op) -> bool {
    let mut reads = false;
    op.for_each_use(|_| reads = true);
    reads
        || matches!(
            op,
            Op::Call { .. }
                | Op::TailCall { .. }
                | Op::CallImport { .. }
                | Op::TailImport { .. }
                | Op::CallNative { .. }
                | Op::TailNative { .. }
                | Op::Closure { .. }
                | Op::MapKeys { .. }
                | Op::CallNamed { .. }
                | Op::TailNamed { .. }
                | Op::Fail { .. }
        )
}

impl super::operands::Source for Body<'_, '_> {
    fn random(&mut self) -> &mut Random {
        self.random
    }

    fn def(&mut self) -> Reg {
        self.random.below(self.f.registers as usize) as Reg
    }

    /// One that is written, if there is one.
    fn usable(&mut self) -> Reg {
        let start = self.random.below(self.f.registers as usize);
        let now = self.now();
        let found = (start..now.len()).chain(0..start).find(|&register| now[register]);
        found.unwrap_or(0) as Reg
    }

    fn label(&mut self) -> Label {
        self.target
    }

    fn size(&self, of: super::operands::Table) -> usize {
        super::operands::sizes(self.module, self.f).of(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rata_bytecode::verify;

    #[test]
    fn most_forged_modules_are_sound_and_hold_every_instruction() {
        let stdlib = rata_stdlib::LIBRARY.package().expect("the standard library");
        let mut sound = 0;
        let mut seen = std::collections::BTreeSet::new();
        for case in 0..400 {
            let package = package(&mut Random::new(1, case), &stdlib);
            sound += u32::from(verify::verify(&package).is_ok());
            let functions = package.modules.iter().flat_map(|module| &module.functions);
            seen.extend(functions.flat_map(|f| &f.code).map(Op::mnemonic));
        }
        assert!(sound > 300, "{sound} of 400 are sound");
        assert!(seen.len() >= crate::load::operands::KINDS, "{} kinds of instruction", seen.len());
    }
}
