//! Receive: looking through the mailbox, and coming back when a wait is over.
//!
//! In: a receive instruction. Out: a call of its helper. To wait is the interpreter's, in whose frame the
//! process then lies, small as it is; when it runs again, compiled code is entered behind the wait, all its
//! registers in the image.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value};

use super::{Flow, Kind, Translator, trusted};
use crate::code::exec::Ex;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::Ins;

impl Translator<'_, '_> {
    pub(super) fn receive_step(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::RecvStart => self.ask_mailbox(abi::receive_start, &[]),
            Ex::RecvMark => {
                let word = self.get(ins.a);
                self.ask_mailbox(abi::receive_mark, &[word])
            }
            Ex::RecvTake => self.ask_mailbox(abi::receive_take, &[]),
            Ex::RecvSkip => self.ask_mailbox(abi::receive_skip, &[]),
            Ex::RecvPeek => {
                let (message, none) = self.ask_mailbox(abi::receive_peek, &[]);
                let to = self.way_to(ins.targets[0]);
                self.unlikely(none, to);
                self.set(ins.a, message);
                return Flow::On;
            }
            _ => {
                let (_, none) = self.ask_mailbox(abi::receive_more, &[]);
                let wait = self.exit_of(ins);
                self.unlikely(none, wait);
                return Flow::On;
            }
        };
        Flow::On
    }

    fn ask_mailbox(&mut self, stub: abi::Stub, words: &[Value]) -> (Value, Value) {
        let mut arguments = vec![self.process()];
        arguments.extend(words);
        let signature = self.signature(arguments.len(), Kind::Thunk);
        let stub = self.int(abi::address(stub) as i64);
        self.store_budget();
        let call = self.b.ins().call_indirect(signature, stub, &arguments);
        self.fetch_budget();
        let results = self.b.inst_results(call);
        (results[0], results[1])
    }

    /// Goes behind the wait that `Transit::wait` names, if it names one.
    pub(super) fn go_behind_wait(&mut self) {
        let code = self.code;
        if code.waits.is_empty() {
            return;
        }
        let (transit, offset) = (self.transit(), offset_of!(Transit, wait) as i32);
        let wait = self.b.ins().load(super::I64, trusted(), transit, offset);
        let behind = self.cold_block();
        let beginning = self.b.create_block();
        self.b.ins().brif(wait, behind, &[], beginning, &[]);
        self.b.switch_to_block(behind);
        let none = self.int(0);
        self.b.ins().store(trusted(), none, transit, offset);
        for (i, &at) in code.waits.iter().enumerate() {
            let (here, other) = (self.cold_block(), self.cold_block());
            let this = self.b.ins().icmp_imm_s(IntCC::Equal, wait, i as i64 + 1);
            self.b.ins().brif(this, here, &[], other, &[]);
            self.b.switch_to_block(here);
            let live: Vec<u16> = code.live_at(at).iter().collect();
            self.fetch(&live);
            self.jump_to(at);
            self.b.switch_to_block(other);
        }
        self.b.ins().jump(beginning, &[]);
        self.b.switch_to_block(beginning);
    }
}
