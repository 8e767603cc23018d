//! Receive: looking through the mailbox, and coming back when a wait is over.
//!
//! In: a receive instruction. Out: a call of its helper. Who waits leaves for an interpreter's frame, small
//! as it is; when it runs again, compiled code is entered behind the wait, all its
//! registers in the image.

use std::mem::offset_of;

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I32;

use super::{Flow, Translator, trusted};
use crate::code::exec::Ex;
use crate::jit::abi::{self, Transit};
use crate::jit::analyse::Ins;
use crate::jit::helpers;
use crate::mailbox::Mailbox;
use crate::process::Process;

/// Where a process has the index of the message that its receive looks at.
const CURSOR: usize = offset_of!(Process, core.mailbox) + Mailbox::CURSOR;

impl Translator<'_, '_> {
    pub(super) fn receive_step(&mut self, ins: &Ins) -> Flow {
        match ins.op {
            Ex::RecvStart => self.run(abi::receive_start, &[]),
            Ex::RecvMark => {
                let word = self.get(ins.a);
                self.run(abi::receive_mark, &[word])
            }
            Ex::RecvTake => self.run(abi::receive_take, &[]),
            Ex::RecvSkip => {
                // There is a message, or it would not be skipped.
                let (process, at) = (self.process(), CURSOR as i32);
                let cursor = self.b.ins().load(I32, trusted(), process, at);
                let next = self.b.ins().iadd_imm_s(cursor, 1);
                self.b.ins().store(trusted(), next, process, at);
                return Flow::On;
            }
            Ex::RecvPeek => {
                let [message, none] = self.run(abi::receive_peek, &[]);
                let to = self.way_to(ins.targets[0]);
                self.unlikely(none, to);
                self.set(ins.a, message);
                return Flow::On;
            }
            _ => {
                let timeout = self.get(ins.a);
                let [_, none] = self.run(abi::receive_more, &[timeout]);
                let (leave, more) = (self.cold_block(), self.b.create_block());
                self.b.ins().brif(none, leave, &[], more, &[]);
                self.b.switch_to_block(leave);
                let waits = self.b.ins().icmp_imm_s(IntCC::Equal, none, helpers::WAITS as i64);
                // Who waits goes on behind the wait; all else is done again by the interpreter.
                let behind = self.exit_at(ins.next, self.code.live_at(ins.next));
                let again = self.exit_of(ins);
                self.b.ins().brif(waits, behind, &[], again, &[]);
                self.b.switch_to_block(more);
                return Flow::On;
            }
        };
        Flow::On
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
