//! Natives of Counter: numbers that all processes may add to at once.

use super::support::args::shown;
use rata_vm::Symbol;
use rata_vm::data::int;
use rata_vm::heap::HostObject;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;
use std::any::Any;
use std::cmp::Ordering as Order;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A counter: shared by reference, so every copy of the value adds to the same one.
struct Count(AtomicI64);

impl Count {
    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

impl HostObject for Count {
    fn type_name(&self) -> Symbol {
        Symbol::intern("counter")
    }

    fn bytes(&self) -> usize {
        size_of::<Count>()
    }

    fn inspect(&self, out: &mut String) {
        out.push_str(&format!("#counter<{}>", self.0.load(Ordering::SeqCst)));
    }

    fn compare(&self, other: &dyn HostObject) -> Order {
        let other = other.as_any().downcast_ref::<Count>().map_or(0, Count::address);
        self.address().cmp(&other)
    }

    fn hash(&self) -> u64 {
        self.address() as u64
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn counter<'h>(cx: &Cx<'h, '_>, function: &str, value: Value<'h>) -> Result<&'h Count, Value<'h>> {
    value.as_host().and_then(|host| host.downcast::<Count>()).ok_or_else(|| {
        cx.argument_error(function, &format!("expected a counter, got {}", shown(value)))
    })
}

/// `new()`
pub fn counter_new<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Native<'h> {
    Native::Value(cx.heap().host(Arc::new(Count(AtomicI64::new(0)))))
}

/// `add(counter, n)`: the new count.
pub fn counter_add<'h>(cx: &mut Cx<'h, '_>, [value, n]: [Value<'h>; 2]) -> Native<'h> {
    let Some(n) = n.as_small() else {
        let text = format!("expected an int of at most 63 bits, got {}", shown(n));
        return Native::Raise(cx.argument_error("Counter.add", &text));
    };
    match counter(cx, "Counter.add", value) {
        Ok(count) => {
            cx.before_effect();
            let new = count.0.fetch_add(n, Ordering::SeqCst).wrapping_add(n);
            Native::Value(int::wide(cx.heap(), new as i128))
        }
        Err(raised) => Native::Raise(raised),
    }
}

/// `get(counter)`
pub fn counter_get<'h>(cx: &mut Cx<'h, '_>, [value]: [Value<'h>; 1]) -> Native<'h> {
    match counter(cx, "Counter.get", value) {
        Ok(count) => {
            let n = count.0.load(Ordering::SeqCst);
            Native::Value(int::wide(cx.heap(), n as i128))
        }
        Err(raised) => Native::Raise(raised),
    }
}
