//! Natives, called with what compiled code has in its registers; joined strings and f-strings.
//!
//! Arguments go to the front of the image, where the native finds them as the slice it takes. So a call
//! costs a few stores and the change of stacks.

use std::mem::offset_of;

use cranelift_codegen::ir::{InstBuilder, Value};

use super::{Flow, Kind, Translator, trusted};
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::Ins;
use crate::jit::types::Numeric;
use crate::jit::wrappers::{Source, Wrapped};

impl Translator<'_, '_> {
    /// Runs a thunk with these arguments after the process: its value, and whether it has failed.
    fn run(&mut self, stub: unsafe extern "sysv64" fn(), words: &[Value]) -> [Value; 2] {
        let mut arguments = vec![self.process()];
        arguments.extend(words);
        let signature = self.signature(arguments.len(), Kind::Thunk);
        let stub = self.int(abi::address(stub) as i64);
        self.store_budget();
        let call = self.b.ins().call_indirect(signature, stub, &arguments);
        self.fetch_budget();
        let results = self.b.inst_results(call);
        [results[0], results[1]]
    }

    /// Puts words at the front of the image.
    fn put_in_front(&mut self, words: &[Value]) {
        if words.is_empty() {
            return;
        }
        let transit = self.transit();
        for (i, &word) in words.iter().enumerate() {
            let offset = offset_of!(Transit, image) + 8 * i;
            self.b.ins().store(trusted(), word, transit, offset as i32);
        }
    }

    /// Calls a native with these words.
    fn run_native(
        &mut self,
        stub: unsafe extern "sysv64" fn(),
        native: usize,
        words: &[Value],
    ) -> [Value; 2] {
        self.put_in_front(words);
        let numbers = [native, words.len()].map(|n| self.int(n as i64));
        self.run(stub, &numbers)
    }

    /// `CallNative`.
    pub(super) fn call_native(&mut self, ins: &Ins) -> Flow {
        let words: Vec<Value> = ins.args.iter().map(|&register| self.get(register)).collect();
        let [value, flag] = self.run_native(abi::native, ins.ext[0] as usize, &words);
        // What it answers beside a value the interpreter takes, behind the instruction.
        let other = self.exit_at(ins.next, self.live_after(ins));
        self.unlikely(flag, other);
        self.set(ins.defs[0], value);
        Flow::On
    }

    /// A call of a function that only calls a native: what it would return.
    pub(super) fn call_wrapped(&mut self, ins: &Ins, wrapped: &Wrapped) -> Value {
        let failed = self.exit_of(ins);
        let words: Vec<Value> = wrapped
            .arguments
            .iter()
            .map(|source| match *source {
                Source::Argument(i) => self.get(ins.args[i]),
                Source::Word(word) => self.int(word as i64),
            })
            .collect();
        let [value, flag] = self.run_native(abi::inlined, wrapped.native, &words);
        self.unlikely(flag, failed);
        value
    }

    /// A sum of what were strings before.
    pub(super) fn join(&mut self, ins: &Ins, n: Numeric) -> Value {
        let failed = self.exit_of(ins);
        let operands = [self.get(n.x), self.operand(n.y)];
        let [value, flag] = self.run(abi::join, &operands);
        self.unlikely(flag, failed);
        value
    }

    /// An f-string.
    pub(super) fn text(&mut self, ins: &Ins) -> Flow {
        let failed = self.exit_of(ins);
        let words: Vec<Value> = ins.args.iter().map(|&register| self.get(register)).collect();
        self.put_in_front(&words);
        let count = self.int(words.len() as i64);
        let [value, flag] = self.run(abi::text, &[count]);
        self.unlikely(flag, failed);
        self.set(ins.defs[0], value);
        Flow::On
    }
}
