//! What natives answer, and operators that were left in the middle: how the machine goes on.
//!
//! In: an answer, the machine after the call (or at the operator). Out: the machine where it goes on,
//! or why the match loop is left.

use super::calls::How;
use super::env::{Env, Exit, Step, step_of};
use super::machine::Machine;

impl Env<'_> {
    /// Goes on with what was suspended at the end of the last turn, if anything was; or with the receive that waited.
    pub(crate) fn resume(&mut self, m: &mut Machine) -> Option<Exit> {
        let Some(native) = self.process.core.suspended.take() else {
            return self.waited(m).err();
        };
        let mut cx = self.cx();
        let answer = native.resume(&mut cx);
        let step = step_of(&mut cx, answer);
        let step = self.edited(step);
        if self.process.core.is_midway() {
            return self.resume_operator(m, step);
        }
        self.answered(m, step).err()
    }

    /// An operator has been done, or goes on being done.
    fn resume_operator(&mut self, m: &mut Machine, step: Step) -> Option<Exit> {
        let cold = self.process.core.cold();
        cold.midway = matches!(step, Step::Leave(_));
        self.process.heap.pin(cold.midway);
        match step {
            // The instruction is executed again, and finds this.
            Step::Value(word) => {
                cold.answer = Some(word);
                None
            }
            Step::Raise(raised) => Some(Exit::Raise(raised)),
            Step::Leave(outcome) => {
                m.save(&mut self.process.stack);
                Some(Exit::Leave(outcome))
            }
            // No operator answers so.
            Step::Call(..) | Step::Hibernate(_) | Step::Edit(_) => None,
        }
    }

    /// What a native answered; the machine stands after the call.
    #[inline(never)]
    pub(crate) fn answered(&mut self, m: &mut Machine, step: Step) -> Result<(), Exit> {
        match self.edited(step) {
            Step::Value(mut word) => {
                if self.process.heap.should_collect() {
                    m.save(&mut self.process.stack);
                    word = self.collect_with(word).map_err(Exit::Leave)?;
                }
                m.deliver(word);
                Ok(())
            }
            // Done above.
            Step::Edit(_) => Ok(()),
            Step::Raise(raised) => {
                m.jump(-1);
                Err(Exit::Raise(raised))
            }
            Step::Call(callee, words) => {
                let how = if m.returns_result() { How::Tail } else { How::Call(m.here()) };
                let called = self.call_value_words(m, callee, &words, how);
                if called.is_err() {
                    m.jump(-1);
                }
                called?;
                self.called()
            }
            Step::Hibernate(call) => {
                let stack = &mut self.process.stack;
                stack.start(self.vm.stubs().hibernate, &[call]);
                *m = Machine::load(stack);
                self.process.collect();
                self.process.heap.calm();
                Ok(())
            }
            Step::Leave(outcome) => {
                m.save(&mut self.process.stack);
                self.process.stack.drop_spare();
                Err(Exit::Leave(outcome))
            }
        }
    }

    /// A call has been made: the safepoint at the callee's entry.
    pub(crate) fn called(&mut self) -> Result<(), Exit> {
        self.process.core.charge(1);
        Err(Exit::Entry)
    }
}
