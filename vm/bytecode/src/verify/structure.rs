//! The tables of a module and the frame of its functions: references in range, counts that agree.

use super::{Check, MAX_ARITY, MAX_CODE, MAX_REGISTERS, MAX_TYPE_DEPTH, MAX_TYPE_SIZE};
use crate::cfg::outer_first;
use crate::module::{Exported, FnSet, Function, Module, Type};
use crate::operand::FnId;
use foldhash::{HashSet, HashSetExt};

/// Checks everything of a module but its constants and instructions.
pub(super) fn check(module: &Module, native: &dyn Fn(&str, u32) -> bool) -> Check {
    check_types(&module.types)?;
    for (i, f) in module.functions.iter().enumerate() {
        check_frame(f).map_err(|message| format!("function {i} ({}): {message}", f.name))?;
    }
    for (i, set) in module.fn_sets.iter().enumerate() {
        check_set(module, set).map_err(|message| format!("function set {i}: {message}"))?;
    }
    for (i, import) in module.imports.iter().enumerate() {
        if import.arity.is_some_and(|arity| arity > MAX_ARITY) {
            return Err(format!("import {i}: a call with too many arguments"));
        }
    }
    for (i, used) in module.natives.iter().enumerate() {
        if !native(&used.name, used.arity) {
            return Err(format!("native {i}: this VM has no {}/{}", used.name, used.arity));
        }
    }
    check_exports(module)?;
    check_init(module)
}

fn check_init(module: &Module) -> Check {
    let Some(init) = module.init else { return Ok(()) };
    let f = function(module, init)?;
    if f.arity > 0 || f.captures > 0 || f.wants_self {
        return Err(format!("function {} cannot be the module's body: it takes values", init.0));
    }
    Ok(())
}

fn function(module: &Module, id: FnId) -> Check<&Function> {
    module.functions.get(id.0 as usize).ok_or_else(|| {
        format!("function {} is out of range, there are {}", id.0, module.functions.len())
    })
}

/// Types refer to lower indices, and are small when written out, so that a check ends soon.
fn check_types(types: &[Type]) -> Check {
    let mut known: Vec<(u32, u32)> = Vec::with_capacity(types.len());
    for (i, ty) in types.iter().enumerate() {
        let parts = match ty {
            Type::VectorOf(entry) => std::slice::from_ref(entry),
            Type::ListOf(parts) | Type::Union(parts) => parts,
            _ => &[],
        };
        let (mut size, mut depth) = (1u32, 1u32);
        for part in parts {
            let Some((part_size, part_depth)) = known.get(part.0 as usize) else {
                return Err(format!("type {i}: refers to type {}, which is not before it", part.0));
            };
            size = size.saturating_add(*part_size);
            depth = depth.max(part_depth + 1);
        }
        if size > MAX_TYPE_SIZE || depth > MAX_TYPE_DEPTH {
            return Err(format!("type {i}: too large"));
        }
        known.push((size, depth));
    }
    Ok(())
}

fn check_frame(f: &Function) -> Check {
    if f.arity > MAX_ARITY {
        return Err(format!("{} parameters, more than {MAX_ARITY}", f.arity));
    }
    if f.registers > MAX_REGISTERS {
        return Err(format!("{} registers, more than {MAX_REGISTERS}", f.registers));
    }
    if entry_registers(f) > u64::from(f.registers) {
        return Err(format!("{} registers do not hold what it is given", f.registers));
    }
    if f.params.len() > f.arity as usize {
        return Err("more parameter names than parameters".to_owned());
    }
    Ok(())
}

/// How many registers are filled on entry.
pub(super) fn entry_registers(f: &Function) -> u64 {
    u64::from(f.arity) + u64::from(f.captures) + u64::from(f.wants_self)
}

fn check_set(module: &Module, set: &FnSet) -> Check {
    let mut captures = None;
    let mut ranges = Vec::with_capacity(set.entries.len());
    for entry in &set.entries {
        let f = function(module, entry.f)?;
        if entry.min > entry.max || entry.max > f.arity {
            let (min, max) = (entry.min, entry.max);
            return Err(format!("{min} to {max} arguments for {}/{}", f.name, f.arity));
        }
        if *captures.get_or_insert(f.captures) != f.captures {
            return Err("its functions differ in captures".to_owned());
        }
        ranges.push((entry.min, entry.max));
    }
    if ranges.is_empty() {
        return Err("it is empty".to_owned());
    }
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[0].1 >= pair[1].0) {
        Some(pair) => Err(format!("two functions for {} arguments", pair[1].0)),
        None => Ok(()),
    }
}

/// The number of captures of a set that has passed [`check_set`].
pub(super) fn set_captures(module: &Module, set: &FnSet) -> usize {
    set.entries.first().map_or(0, |entry| module.functions[entry.f.0 as usize].captures as usize)
}

fn check_exports(module: &Module) -> Check {
    let mut names = HashSet::new();
    for export in &module.exports {
        let error = |message: &str| Err(format!("export {}: {message}", export.name));
        if !names.insert(export.name.as_str()) {
            return error("exported twice");
        }
        match export.what {
            Exported::Global(global) if global.0 as usize >= module.globals.len() => {
                return error("its global is out of range");
            }
            Exported::Global(_) => {}
            Exported::Functions(set) => {
                let Some(set) = module.fn_sets.get(set.0 as usize) else {
                    return error("its function set is out of range");
                };
                let closed = |f: &Function| f.captures > 0 || f.wants_self;
                if set.entries.iter().any(|entry| closed(&module.functions[entry.f.0 as usize])) {
                    return error("its functions need a closure");
                }
            }
        }
    }
    Ok(())
}

/// Checks what surrounds the instructions of a function.
pub(super) fn check_function(f: &Function) -> Check {
    match f.code.last() {
        None => return Err("it has no instructions".to_owned()),
        Some(op) if !op.ends_flow() => return Err("control runs off its end".to_owned()),
        _ if f.code.len() > MAX_CODE => return Err("it has too many instructions".to_owned()),
        _ => {}
    }
    check_lines(f)?;
    check_handlers(f)
}

fn check_lines(f: &Function) -> Check {
    let ascending = f.lines.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let inside = f.lines.last().is_none_or(|line| (line.0 as usize) < f.code.len());
    if ascending && inside { Ok(()) } else { Err("its line table is not in order".to_owned()) }
}

fn check_handlers(f: &Function) -> Check {
    let size = f.code.len();
    for (i, handler) in f.handlers.iter().enumerate() {
        if handler.start >= handler.end || handler.end.0 as usize > size {
            return Err(format!("handler {i}: its range is not in the code"));
        }
        if handler.target.0 as usize >= size {
            return Err(format!("handler {i}: its target is not in the code"));
        }
        if u32::from(handler.d.0) >= f.registers {
            return Err(format!("handler {i}: register r{} is out of range", handler.d.0));
        }
    }
    let mut open: Vec<u32> = Vec::new();
    for i in outer_first(&f.handlers) {
        let inner = &f.handlers[i as usize];
        let ended = |&o: &u32| f.handlers[o as usize].end <= inner.start;
        while open.last().is_some_and(ended) {
            open.pop();
        }
        if let Some(&o) = open.last()
            && (f.handlers[o as usize].end < inner.end || o < i)
        {
            return Err(format!("handlers {i} and {o} are not nested inner first"));
        }
        open.push(i);
    }
    Ok(())
}
