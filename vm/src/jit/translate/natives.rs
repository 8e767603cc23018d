//! Natives, called with what compiled code has in its registers; joined strings and f-strings.
//!
//! Arguments go to the front of the image, where the native finds them as the slice it takes. So a call
//! costs a few stores and the change of stacks.

use std::mem::offset_of;

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use rata_bytecode::natives::NATIVES;

use super::asks::Kind;
use super::intrinsics::Ways;
use super::{Flow, Translator, trusted};
use crate::code::exec::Ex;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::Ins;
use crate::jit::helpers::Operator;
use crate::jit::operators::{Form, Numeric, Operand, numeric};
use crate::jit::types::Type;
use crate::jit::wrappers::{Source, Wrapped};

/// What continues a sum: constants that are loaded before it, its second operand if that is one of them, and
/// itself.
struct NextSum {
    loads: Vec<Ins>,
    constant: Option<u64>,
    sum: (Ins, Numeric),
}

impl Translator<'_, '_> {
    /// Runs a thunk with these arguments after the process: its value, and whether it has failed.
    pub(super) fn run(&mut self, stub: abi::Stub, words: &[Value]) -> [Value; 2] {
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
    fn run_native(&mut self, stub: abi::Stub, native: usize, words: &[Value]) -> [Value; 2] {
        self.put_in_front(words);
        let native = self.int(self.vm.native(native) as *const () as i64);
        let count = self.int(words.len() as i64);
        self.run(stub, &[native, count])
    }

    /// A native of these words: inline where that is possible. Goes to `other` if it answers anything but a
    /// value.
    fn native_value(
        &mut self,
        stub: abi::Stub,
        native: usize,
        words: &[Value],
        other: Block,
    ) -> Value {
        let (done, slow) = (self.b.create_block(), self.cold_block());
        let result = self.b.append_block_param(done, I64);
        let name = NATIVES.get(native).map_or("", |native| native.name);
        if name == "vector_reverse" {
            // What most loops that build a vector end with, without all that natives may need.
            let [value, flag] = self.run(abi::reverse, words);
            self.b.ins().brif(flag, slow, &[], done, &[value.into()]);
            self.b.switch_to_block(slow);
        } else if self.intrinsic(name, words, Ways { done, slow }) {
            self.b.switch_to_block(slow);
        }
        let [value, flag] = self.run_native(stub, native, words);
        self.unlikely(flag, other);
        self.b.ins().jump(done, &[value.into()]);
        self.b.switch_to_block(done);
        result
    }

    /// `CallNative`.
    pub(super) fn call_native(&mut self, ins: &Ins) -> Flow {
        let words: Vec<Value> = ins.args.iter().map(|&register| self.get(register)).collect();
        // What it answers beside a value the interpreter takes, behind the instruction.
        let other = self.exit_at(ins.next, self.live_after(ins));
        let value = self.native_value(abi::native, ins.ext[0] as usize, &words, other);
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
        self.native_value(abi::inlined, wrapped.native, &words, failed)
    }

    /// Whether an operator is a sum of what were strings before.
    pub(super) fn joins(&self, ins: &Ins, n: Numeric) -> bool {
        let plain = matches!(n.y, Operand::Register(_));
        n.operator == Operator::Add && plain && self.types.texts.contains(&ins.at)
    }

    /// `a + b + c …` of what were strings before: all at once, so that no string is made of a part of it.
    pub(super) fn join(&mut self, ins: &Ins, n: Numeric) -> Flow {
        let failed = self.exit_of(ins);
        let mut words = vec![self.get(n.x), self.operand(n.y)];
        let (mut last, mut loads, mut sums) = ((ins.clone(), n), Vec::new(), Vec::new());
        while let Some(more) = self.next_sum(&last.0, last.1, &loads) {
            words.push(match more.constant {
                Some(word) => self.int(word as i64),
                None => self.operand(more.sum.1.y),
            });
            loads.extend(more.loads);
            sums.push(std::mem::replace(&mut last, more.sum));
        }
        self.put_in_front(&words);
        let count = self.int(words.len() as i64);
        let [value, flag] = self.run(abi::join, &[count]);
        self.unlikely(flag, failed);
        for load in &loads {
            self.instruction(load);
        }
        for (_, sum) in sums {
            self.finish_number(ins, sum, value, Type::Any);
        }
        self.done = last.0.next;
        self.finish_number(&last.0, last.1, value, Type::Any)
    }

    /// The sum that adds a register to that of an instruction, which nothing else uses; nothing but constants may
    /// come between the two.
    fn next_sum(&self, ins: &Ins, n: Numeric, before: &[Ins]) -> Option<NextSum> {
        let Form::Value(sum) = n.form else { return None };
        let (mut at, mut loads) = (ins.next, Vec::new());
        loop {
            let ins = self.code.code.get(&at)?;
            if self.label(at).is_some() {
                return None;
            }
            if ins.op == Ex::LoadWord && ins.a != sum {
                loads.push(ins.clone());
                at = ins.next;
                continue;
            }
            let n = numeric(ins).filter(|&n| n.x == sum && self.joins(ins, n))?;
            let Operand::Register(y) = n.y else { return None };
            let used = y == sum || self.code.live_at(ins.next).contains(sum) && ins.falls;
            if used && n.form != Form::Value(sum) || y == sum {
                return None;
            }
            let mut all = before.iter().chain(&loads).rev();
            let constant = all.find(|load| load.a == y).map(|load| load.ext[0]);
            return Some(NextSum { loads, constant, sum: (ins.clone(), n) });
        }
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
