//! Function values: closures (a function set with captured values) and functions by name.
//!
//! In: the loader's handle of a function set, and captures. Out: values that can be called, compared
//! and sent. What a handle means only the loader knows; it tells this crate's printer by
//! [`set_describer`].

use crate::heap::{Heap, layout};
use crate::symbols::Symbol;
use crate::value::Value;
use std::sync::OnceLock;

/// A closure.
#[derive(Clone, Copy)]
pub struct ClosureRef<'h> {
    handle: usize,
    captures: &'h [Value<'h>],
}

/// A function by name, callable with any of its arities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FunRef {
    /// The module it is of.
    pub module: Symbol,
    /// Its name in there.
    pub name: Symbol,
}

impl<'h> ClosureRef<'h> {
    #[inline(always)]
    pub(crate) fn of(value: Value<'h>) -> Option<ClosureRef<'h>> {
        let (raw, captures) = value.parts_of(layout::CLOSURE)?;
        Some(ClosureRef { handle: raw[0] as usize, captures })
    }

    /// The loader's handle of its function set.
    #[inline]
    pub fn handle(self) -> usize {
        self.handle
    }

    /// The values it captured.
    #[inline]
    pub fn captures(self) -> &'h [Value<'h>] {
        self.captures
    }
}

impl FunRef {
    pub(crate) fn of(value: Value<'_>) -> Option<FunRef> {
        let object = value.object_of(layout::FUNREF)?;
        let [module, name] = object.values() else { return None };
        Some(FunRef { module: module.as_symbol()?, name: name.as_symbol()? })
    }
}

/// A closure over these values.
#[inline]
pub fn closure<'h>(heap: &'h Heap, handle: usize, captures: &[Value<'h>]) -> Value<'h> {
    heap.object(layout::CLOSURE, 0, 0, &[handle as u64], captures)
}

/// The function `module.name`.
pub fn funref(heap: &Heap, module: Symbol, name: Symbol) -> Value<'_> {
    heap.object(layout::FUNREF, 0, 0, &[], &[Value::symbol(module), Value::symbol(name)])
}

/// The name of a function set and its number, in the order of loading.
type Describer = fn(usize) -> (String, u64);

static DESCRIBER: OnceLock<Describer> = OnceLock::new();

/// Says how the function set of a handle is called, `Module.name/2`, and which it is. The first call counts.
pub fn set_describer(describer: Describer) {
    // A second loader in one program would describe handles the same way.
    let _ = DESCRIBER.set(describer);
}

/// The name of a function set, as it prints between `#fn<` and `>`.
pub fn describe(handle: usize) -> String {
    place(handle).0
}

/// Where a function set stands among all of them: by its name, then in the order of loading.
pub fn place(handle: usize) -> (String, u64) {
    DESCRIBER.get().map_or_else(|| (format!("{handle:#x}"), handle as u64), |f| f(handle))
}
