//! The natives: one file per stdlib module, each a plain safe function over values. This file only
//! puts them in the order of the natives table.

pub mod apply;
pub mod constant;
pub mod counter;
pub mod log;
pub mod module;
pub mod process;

use rata_bytecode::for_each_native;
use rata_vm::NativeFn;

macro_rules! table {
    ($($name:ident / $arity:literal),* $(,)?) => {
        /// One function per entry of the natives table, in its order.
        pub fn natives() -> Vec<NativeFn> {
            use process::*;
            use tmp::*;
            vec![$($name),*]
        }
    };
}
for_each_native!(table);

mod tmp {
    use crate::output::Stream;
    use rata_vm::{Cx, Native, Value};
    pub fn core_typeof<'h>(_cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
        Native::Value(Value::symbol(args[0].type_of()))
    }
    pub fn core_inspect<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
        Native::Value(cx.heap().string(&rata_vm::inspect::inspect(args[0])))
    }
    pub fn io_puts<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
        let mut text = rata_vm::inspect::display(args[0]);
        text.push('\n');
        let host = cx.host::<crate::host::WorkerHost>().expect("worker");
        host.node.output.write(Stream::Out, &text);
        Native::Value(Value::NIL)
    }
}
