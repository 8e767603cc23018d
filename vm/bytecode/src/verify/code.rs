//! One instruction at a time: operands in range, constants of the right kind, counts that agree.

use super::constants::KeyIds;
use super::structure::set_captures;
use super::{Check, MAX_ARITY, MAX_REGISTERS};
use crate::codec::Part;
use crate::module::{Const, Function, Module};
use crate::operand::*;
use crate::ops::Op;
use foldhash::{HashSet, HashSetExt};

/// What instructions refer to.
pub(super) struct Code<'m> {
    /// The module that the instructions are in; its tables have been checked.
    pub(super) module: &'m Module,
    /// Which of its constants are equal.
    pub(super) keys: &'m KeyIds,
}

fn in_range(what: &str, index: u32, size: usize) -> Check {
    if (index as usize) < size {
        return Ok(());
    }
    Err(format!("{what} {index} is out of range, there are {size}"))
}

fn agree(what: &str, given: usize, wanted: usize) -> Check {
    if given == wanted { Ok(()) } else { Err(format!("{given} {what}, {wanted} wanted")) }
}

impl Code<'_> {
    /// Checks an instruction of `f`.
    pub(super) fn check_op(&self, f: &Function, op: &Op) -> Check {
        let mut result = Ok(());
        op.for_each_operand(|_, part| {
            if result.is_ok() {
                result = self.check_part(f, part);
            }
        });
        result?;
        self.check_meaning(op)
    }

    fn check_part(&self, f: &Function, part: Part<'_>) -> Check {
        let module = self.module;
        let register = |reg: Reg| {
            if u32::from(reg) < f.registers {
                return Ok(());
            }
            Err(format!("register r{reg} is out of range, there are {}", f.registers))
        };
        match part {
            Part::Def(reg) | Part::Use(reg) => register(reg),
            Part::Uses(regs) if regs.len() > MAX_REGISTERS as usize => {
                Err(format!("{} registers, more than {MAX_REGISTERS}", regs.len()))
            }
            Part::Uses(regs) => regs.iter().try_for_each(|reg| register(*reg)),
            Part::Label(label) => in_range("instruction", label.0, f.code.len()),
            Part::Const(id) => in_range("constant", id.0, module.consts.len()),
            Part::Fn(id) => in_range("function", id.0, module.functions.len()),
            Part::FnSet(id) => in_range("function set", id.0, module.fn_sets.len()),
            Part::Import(id) => in_range("import", id.0, module.imports.len()),
            Part::Native(id) => in_range("native", id.0, module.natives.len()),
            Part::Global(id) => in_range("global", id.0, module.globals.len()),
            Part::Type(id) => in_range("type", id.0, module.types.len()),
            Part::Count(n) if n > MAX_REGISTERS => Err(format!("the count {n} is too large")),
            Part::Cases(cases) => cases.iter().try_for_each(|(constant, label)| {
                in_range("constant", constant.0, module.consts.len())?;
                in_range("instruction", label.0, f.code.len())
            }),
            Part::Count(_) | Part::Imm(_) | Part::Word(_) => Ok(()),
        }
    }

    fn constant(&self, id: ConstId) -> &Const {
        &self.module.consts[id.0 as usize]
    }

    fn check_meaning(&self, op: &Op) -> Check {
        match op {
            Op::MapKeys { keys, values, .. } => self.map_keys(*keys, values),
            Op::Map { entries, .. } if entries.0.len() % 2 == 1 => {
                Err("a key without a value".to_owned())
            }
            Op::Closure { set, captures, .. } => {
                let set = &self.module.fn_sets[set.0 as usize];
                agree("captures", captures.0.len(), set_captures(self.module, set))
            }
            Op::Switch { cases, .. } => self.cases(cases),
            Op::Field { name, .. } => self.symbol(*name),
            Op::MapEntry { key, .. } => self.no_marker(*key),
            Op::UnlessConst { k, .. } => self.no_marker(*k),
            Op::Prefix { prefix, .. } => match self.constant(*prefix) {
                Const::Str(_) => Ok(()),
                _ => Err(format!("constant {} is no string", prefix.0)),
            },
            Op::Fail { kind, values } => match values_wanted(*kind) {
                Some(wanted) => agree("values", values.0.len(), wanted),
                None => Ok(()),
            },
            Op::CheckType { what, .. } => match self.constant(*what) {
                Const::Symbol(_) | Const::Nil => Ok(()),
                _ => Err(format!("constant {} is neither symbol nor nil", what.0)),
            },
            Op::Member { import, .. } => match self.module.imports[import.0 as usize].arity {
                None => Ok(()),
                Some(_) => Err(format!("import {} is for a call", import.0)),
            },
            _ => self.call(op),
        }
    }

    fn call(&self, op: &Op) -> Check {
        let few = |args: &Uses, named: usize| {
            let count = args.0.len() + named;
            if count <= MAX_ARITY as usize {
                return Ok(());
            }
            Err(format!("{count} arguments, more than {MAX_ARITY}"))
        };
        match op {
            Op::Call { f, args, .. } | Op::TailCall { f, args } => self.known(*f, args),
            Op::CallImport { import, args, .. } | Op::TailImport { import, args } => {
                match self.module.imports[import.0 as usize].arity {
                    Some(arity) => agree("arguments", args.0.len(), arity as usize),
                    None => Err(format!("import {} is not for a call", import.0)),
                }
            }
            Op::CallValue { args, .. } | Op::TailValue { args, .. } => few(args, 0),
            Op::CallField { name, args, .. } | Op::TailField { name, args, .. } => {
                self.symbol(*name)?;
                few(args, 0)
            }
            Op::CallNamed { args, names, named, .. } | Op::TailNamed { args, names, named, .. } => {
                few(args, named.0.len())?;
                self.names(*names, named)
            }
            Op::CallNative { native, args, .. } | Op::TailNative { native, args } => {
                let arity = self.module.natives[native.0 as usize].arity;
                agree("arguments", args.0.len(), arity as usize)
            }
            _ => Ok(()),
        }
    }

    fn known(&self, f: FnId, args: &Uses) -> Check {
        let f = &self.module.functions[f.0 as usize];
        if f.captures > 0 || f.wants_self {
            return Err(format!("{}/{} needs a closure", f.name, f.arity));
        }
        agree("arguments", args.0.len(), f.arity as usize)
    }

    fn symbol(&self, id: ConstId) -> Check {
        match self.constant(id) {
            Const::Symbol(_) => Ok(()),
            _ => Err(format!("constant {} is no symbol", id.0)),
        }
    }

    fn no_marker(&self, id: ConstId) -> Check {
        match self.constant(id) {
            Const::Missing => Err("the marker for omitted arguments is no value".to_owned()),
            _ => Ok(()),
        }
    }

    fn list(&self, id: ConstId) -> Check<&[ConstId]> {
        match self.constant(id) {
            Const::List(entries) => Ok(entries),
            _ => Err(format!("constant {} is no list", id.0)),
        }
    }

    fn map_keys(&self, keys: ConstId, values: &Uses) -> Check {
        let keys = self.list(keys)?;
        agree("values", values.0.len(), keys.len())?;
        let mut seen = HashSet::with_capacity(keys.len());
        match keys.iter().find(|key| !seen.insert(self.keys.key(**key))) {
            Some(key) => Err(format!("constant {} is a key twice", key.0)),
            None => Ok(()),
        }
    }

    fn names(&self, names: ConstId, named: &Uses) -> Check {
        let names = self.list(names)?;
        agree("named arguments", named.0.len(), names.len())?;
        let mut seen = HashSet::with_capacity(names.len());
        for name in names {
            self.symbol(*name)?;
            if !seen.insert(self.keys.strict(*name)) {
                return Err(format!("constant {} is a name twice", name.0));
            }
        }
        Ok(())
    }

    fn cases(&self, cases: &Cases) -> Check {
        let mut seen = HashSet::with_capacity(cases.0.len());
        for (id, _) in &cases.0 {
            use Const::*;
            let (Nil | Bool(_) | Int(_) | BigInt(..) | Symbol(_) | Str(_) | Module(_)) =
                self.constant(*id)
            else {
                return Err(format!("constant {} cannot be a case", id.0));
            };
            if !seen.insert(self.keys.strict(*id)) {
                return Err(format!("constant {} is a case twice", id.0));
            }
        }
        Ok(())
    }
}

/// How many values a failure shows; `None` for any number.
fn values_wanted(kind: Failure) -> Option<usize> {
    match kind {
        Failure::FunctionClause => None,
        Failure::CaseClause | Failure::Match | Failure::Argument => Some(1),
        Failure::Assert | Failure::UndefinedFunction => Some(3),
        Failure::AssertCompare => Some(5),
    }
}
