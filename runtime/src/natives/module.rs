//! Natives of Module: what the loaded code tells about itself.

use super::apply::argument_module;
use rata_vm::Symbol;
use rata_vm::data::vector_of;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// `has_function(module, name, arity)`: whether others may call it so. A constant that may hold a
/// function counts: what it holds is only known once its module is loaded.
pub fn module_has_function<'h>(
    cx: &mut Cx<'h, '_>,
    [module, name, arity]: [Value<'h>; 3],
) -> Native<'h> {
    let (Some(module), Some(name)) = (module.as_module(), name.as_symbol()) else {
        return Native::Value(Value::FALSE);
    };
    let Some(arity) = arity.as_small().and_then(|n| u32::try_from(n).ok()) else {
        return Native::Value(Value::FALSE);
    };
    let vm = cx.vm();
    Native::Value(Value::bool(
        vm.has_function(module, name, arity) || vm.has_constant(module, name),
    ))
}

/// `functions(module)`: `{name, fewest arguments, most arguments}` of each that others may call.
pub fn module_functions<'h>(cx: &mut Cx<'h, '_>, [module]: [Value<'h>; 1]) -> Native<'h> {
    let name = match argument_module(cx, "Module.functions", module) {
        Ok(name) => name,
        Err(raised) => return Native::Raise(raised),
    };
    let heap = cx.heap();
    let functions = cx.vm().module_info(name).map(|info| info.functions).unwrap_or_default();
    cx.charge(functions.len() as u64 / 8);
    let entries: Vec<Value<'h>> = functions
        .iter()
        .map(|(name, arities)| {
            let fewest = arities.iter().min().copied().unwrap_or(0);
            let most = arities.iter().max().copied().unwrap_or(0);
            let parts =
                [Value::symbol(*name), Value::count(fewest as usize), Value::count(most as usize)];
            heap.list(&parts)
        })
        .collect();
    Native::Value(vector_of(heap, &entries))
}

/// `exists(module)`
pub fn module_exists<'h>(cx: &mut Cx<'h, '_>, [module]: [Value<'h>; 1]) -> Native<'h> {
    let found = module.as_module().is_some_and(|name| cx.vm().has_module(name));
    Native::Value(Value::bool(found))
}

/// `behaviours(module)`: the modules it uses.
pub fn module_behaviours<'h>(cx: &mut Cx<'h, '_>, [module]: [Value<'h>; 1]) -> Native<'h> {
    let name = match argument_module(cx, "Module.behaviours", module) {
        Ok(name) => name,
        Err(raised) => return Native::Raise(raised),
    };
    let used: &[Symbol] = cx.vm().module_info(name).map_or(&[], |info| info.behaviours);
    let entries: Vec<Value<'h>> = used.iter().map(|name| Value::module(*name)).collect();
    Native::Value(vector_of(cx.heap(), &entries))
}
