//! Damage to decoded packages: what comes out is well-formed, and often enough sound.

use super::operands::{Twister, shift, sizes, twist};
use crate::random::Random;
use rata_bytecode::encode;
use rata_bytecode::module::*;
use rata_bytecode::natives::NATIVES;
use rata_bytecode::operand::*;

/// Changes some things in a package and encodes it.
pub fn damaged(random: &mut Random, mut package: Package) -> Vec<u8> {
    if !package.modules.is_empty() {
        for _ in 0..=random.small(4) {
            let at = random.below(package.modules.len());
            change(random, &mut package.modules[at]);
        }
    }
    if random.one_in(50) {
        let modules = package.modules.len();
        package.entry = (!random.one_in(3)).then(|| random.below(modules + 1) as u32);
    }
    encode::encode(&package)
}

fn change(random: &mut Random, module: &mut Module) {
    match random.below(16) {
        0..=5 => operands(random, module),
        6..=8 => code(random, module),
        9 => constants(random, module),
        10 => header(random, module),
        11 => sets(random, module),
        12 => handlers(random, module),
        13 => bodies(random, module),
        14 => references(random, module),
        _ => tables(random, module),
    }
}

fn operands(random: &mut Random, module: &mut Module) {
    if module.functions.is_empty() {
        return;
    }
    let at = random.below(module.functions.len());
    let sizes = sizes(module, &module.functions[at]);
    let count = 1 + random.below(2);
    let code = &mut module.functions[at].code;
    let odds = 1 + random.below(3);
    let mut twister = Twister { random, sizes, odds };
    for _ in 0..count {
        if !code.is_empty() {
            let at = twister.random.below(code.len());
            twist(&mut code[at], &mut twister);
        }
    }
}

/// Instructions in other places.
fn code(random: &mut Random, module: &mut Module) {
    if module.functions.is_empty() {
        return;
    }
    let (to, from) = (random.below(module.functions.len()), random.below(module.functions.len()));
    let source = &module.functions[if random.one_in(2) { to } else { from }].code;
    let Some(op) = source.get(random.below(source.len())).cloned() else { return };
    let code = &mut module.functions[to].code;
    if code.is_empty() {
        return;
    }
    let at = random.below(code.len());
    match random.below(7) {
        0 => code.insert(at, op),
        1 => drop(code.remove(at)),
        // The same, and what points behind it goes on to do so.
        3 => {
            code.insert(at, op);
            moved(&mut module.functions[to], at as u32 + random.below(2) as u32, 1);
        }
        4 => {
            drop(code.remove(at));
            moved(&mut module.functions[to], at as u32 + 1, -1);
        }
        2 => {
            let other = random.below(code.len());
            code.swap(at, other);
        }
        _ => code[at] = op,
    }
}

/// Instructions from `from` on have moved.
fn moved(f: &mut Function, from: u32, by: i32) {
    let to = |at: &mut u32| {
        if *at >= from {
            *at = at.saturating_add_signed(by);
        }
    };
    f.code.iter_mut().for_each(|op| shift(op, from, by));
    for handler in &mut f.handlers {
        for label in [&mut handler.start, &mut handler.end, &mut handler.target] {
            to(&mut label.0);
        }
    }
    f.lines.iter_mut().for_each(|line| to(&mut line.0));
}

fn constants(random: &mut Random, module: &mut Module) {
    if module.consts.is_empty() {
        return;
    }
    let count = module.consts.len();
    let at = random.below(count);
    if random.one_in(3) {
        let other = random.below(count);
        return module.consts.swap(at, other);
    }
    module.consts[at] = constant(random, module, at);
}

/// Some constant with the index `at`.
pub fn constant(random: &mut Random, module: &Module, at: usize) -> Const {
    let some = |random: &mut Random| -> Vec<ConstId> {
        (0..random.below(4).min(at)).map(|_| ConstId(random.below(at) as u32)).collect()
    };
    match random.below(17) {
        0 => Const::Nil,
        1 => Const::Bool(random.one_in(2)),
        2 => Const::Int(random.below(4) as i64),
        3 => Const::Int(*random.of(&[&i64::MIN, &i64::MAX, &(1 << 62), &(-1 << 62), &-1])),
        4 => Const::BigInt(random.one_in(2), (0..random.below(40)).map(|i| i as u8 + 1).collect()),
        5 => Const::Float(random.next()),
        6 => Const::Float(random.of(&[&0.0f64, &-0.0, &f64::NAN, &f64::INFINITY, &1.5]).to_bits()),
        7 => Const::Str(random.of(&["", "a", "é\u{1F600}", "pre", "ok"]).to_owned()),
        8 => Const::Symbol(random.of(&["", "ok", "infinity", "name", "main"]).to_owned()),
        9 => Const::Module(random.of(&["Enum", "Core", "M0", "", "no such"]).to_owned()),
        10 => Const::Vector(some(random)),
        11 => Const::List(some(random)),
        12 => Const::Set(some(random)),
        13 => {
            let (keys, values) = (some(random), some(random));
            Const::Map(keys.into_iter().zip(values).collect())
        }
        14 => Const::Fn(FnSetId(random.below(module.fn_sets.len() + 1) as u32)),
        15 => Const::Missing,
        _ => match random.below(3) {
            0 => Const::FnRef(module.name.clone(), "g0".into(), None),
            _ => Const::FnRef("Enum".into(), "map".into(), random.one_in(2).then_some(2)),
        },
    }
}

fn near(random: &mut Random, n: u32) -> u32 {
    match random.below(8) {
        0 => 0,
        1 => random.below(300) as u32,
        2..=4 => n.saturating_add(1),
        _ => n.saturating_sub(1),
    }
}

fn header(random: &mut Random, module: &mut Module) {
    let count = module.functions.len();
    let Some(f) = module.functions.get_mut(random.below(count)) else { return };
    match random.below(6) {
        0 => f.arity = near(random, f.arity),
        1 => f.captures = near(random, f.captures),
        2 => f.wants_self = !f.wants_self,
        3 => f.params.push("x".into()),
        4 => drop(f.lines.pop()),
        _ => f.registers = near(random, f.registers),
    }
}

fn sets(random: &mut Random, module: &mut Module) {
    let (count, functions) = (module.fn_sets.len(), module.functions.len());
    let Some(set) = module.fn_sets.get_mut(random.below(count)) else { return };
    let entries = set.entries.len();
    let Some(entry) = set.entries.get_mut(random.below(entries)) else { return };
    match random.below(5) {
        0 => entry.min = near(random, entry.min),
        1 => entry.max = near(random, entry.max),
        2 => entry.f = FnId(random.below(functions + 1) as u32),
        3 => set.lenient = !set.lenient,
        _ => drop(set.entries.pop()),
    }
}

fn handlers(random: &mut Random, module: &mut Module) {
    let count = module.functions.len();
    let Some(f) = module.functions.get_mut(random.below(count)) else { return };
    let label = |random: &mut Random| Label(random.below(f.code.len() + 1) as u32);
    let handler = Handler {
        start: label(random),
        end: label(random),
        target: label(random),
        d: Def(random.below(f.registers as usize + 1) as Reg),
        guard: random.one_in(2),
    };
    let handlers = f.handlers.len();
    match f.handlers.get_mut(random.below(handlers)) {
        Some(old) if random.one_in(2) => *old = handler,
        _ => f.handlers.push(handler),
    }
}

/// The code of one function as that of another.
fn bodies(random: &mut Random, module: &mut Module) {
    let count = module.functions.len();
    if count < 2 {
        return;
    }
    let (to, from) = (random.below(count), random.below(count));
    if random.one_in(2) {
        module.functions.swap(to, from);
    } else {
        module.functions[to].code = module.functions[from].code.clone();
    }
}

/// Imports and natives.
fn references(random: &mut Random, module: &mut Module) {
    let (imports, natives) = (module.imports.len(), module.natives.len());
    if random.one_in(2) {
        let Some(native) = module.natives.get_mut(random.below(natives)) else { return };
        let same: Vec<_> = NATIVES.iter().filter(|n| n.arity == native.arity).collect();
        let spec = if random.one_in(8) || same.is_empty() {
            &NATIVES[random.below(NATIVES.len())]
        } else {
            same[random.below(same.len())]
        };
        *native = NativeRef { name: spec.name.into(), arity: spec.arity };
    } else if let Some(import) = module.imports.get_mut(random.below(imports)) {
        match random.below(3) {
            0 => import.module = random.of(&["Enum", "Core", "Vector", "no such"]).to_owned(),
            1 => import.name = random.of(&["map", "identity", "length", "no such"]).to_owned(),
            _ => import.arity = random.of(&[&None, &Some(0), &Some(1), &Some(2)]).to_owned(),
        }
    }
}

/// What is left: types, exports, globals, the statements, the kind.
fn tables(random: &mut Random, module: &mut Module) {
    let types = module.types.len();
    match random.below(7) {
        0 => {
            let id = |random: &mut Random| TypeId(random.below(types + 1) as u32);
            let ty = match random.below(4) {
                0 => Type::VectorOf(id(random)),
                1 => Type::ListOf((0..random.below(3)).map(|_| id(random)).collect()),
                2 => Type::Union((0..random.below(3)).map(|_| id(random)).collect()),
                _ => Type::Posint,
            };
            match module.types.get_mut(random.below(types)) {
                Some(old) => *old = ty,
                None => module.types.push(ty),
            }
        }
        1 => {
            let exports = module.exports.len();
            if let Some(export) = module.exports.get_mut(random.below(exports)) {
                let sets = module.fn_sets.len();
                export.what = match random.below(3) {
                    0 => Exported::Global(GlobalId(random.below(module.globals.len() + 1) as u32)),
                    _ => Exported::Functions(FnSetId(random.below(sets + 1) as u32)),
                };
            }
        }
        2 => module.globals.push(Global { name: "extra".into() }),
        3 => drop(module.globals.pop()),
        4 => module.init = Some(FnId(random.below(module.functions.len() + 1) as u32)),
        5 => module.name = random.of(&["Enum", "M0", "", "x.rata"]).to_owned(),
        _ => {
            module.kind = [ModuleKind::Named, ModuleKind::Script, ModuleKind::Test][random.below(3)]
        }
    }
}
