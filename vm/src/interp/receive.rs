//! Waiting for messages.
//!
//! In: the machine at a receive instruction. Out: where it goes on, or [`Outcome::Wait`].

use super::env::{Env, Raised};
use super::machine::Machine;
use crate::data::int::BigRef;
use crate::native::Poll;
use crate::process::{LONGEST, Outcome, Receiving, Wait};
use crate::symbols::sym;
use crate::value::{Value, Word};

/// What a wait leads to. Two words, as [`Outcome`].
pub(crate) enum Waited {
    /// Look at the mailbox again.
    Again,
    /// The time is over.
    Late,
    Leave(Outcome),
    /// What is given as its timeout is none.
    NoTimeout,
}

/// What compiled code finds that has looked at all messages.
#[cfg_attr(not(feature = "jit"), allow(dead_code))]
pub(crate) enum More {
    /// There are more.
    Messages,
    /// There are none: the process waits.
    Wait(Wait),
    /// That is for [`Env::receive_wait`] to find out.
    Unknown,
}

/// How many milliseconds a timeout is, `None` being for ever, as which an int counts that is too large; nothing if it is no
/// timeout.
#[inline]
fn timeout_of(value: Value<'_>) -> Option<Option<u64>> {
    match value.word().as_small() {
        Some(ms @ 0..) => Some(Some(ms as u64).filter(|ms| *ms <= LONGEST)),
        _ => {
            let is_large = BigRef::of(value).is_some_and(|n| !n.is_negative());
            (is_large || value.word() == Word::symbol(sym::INFINITY)).then_some(None)
        }
    }
}

impl Env<'_> {
    /// Begins a receive at the oldest message.
    pub(crate) fn receive_start(&mut self) {
        self.process.core.receiving = Receiving::Looking;
        self.process.core.mailbox.start();
    }

    /// Begins a receive at the first message that can answer to a ref.
    pub(crate) fn receive_mark(&mut self, word: Word) {
        self.receive_start();
        let core = &mut self.process.core;
        if let Some(reference) = self.process.heap.value(word).as_ref()
            && reference.creator() == Some(core.pid)
        {
            core.mailbox.start_after(&self.process.heap, reference.stamp());
        }
    }

    /// The message looked at.
    #[inline]
    pub(crate) fn receive_peek(&mut self) -> Option<Word> {
        self.process.core.mailbox.peek(&self.process.heap)
    }

    /// The receive is over: the message looked at is taken.
    pub(crate) fn receive_take(&mut self) {
        let core = &mut self.process.core;
        core.mailbox.take();
        core.receiving = Receiving::Looking;
        core.charge(1);
    }

    /// For compiled code that has looked at all messages: whether more have come, or the process can begin to
    /// wait at once.
    #[cfg_attr(not(feature = "jit"), allow(dead_code))]
    pub(crate) fn receive_more(&mut self, timeout: Word) -> More {
        // Who polls has to look at what came: without a budget that is left to the wait.
        if self.process.core.budget <= 0 {
            return More::Unknown;
        }
        match self.host.poll(&mut self.process.core) {
            Poll::Messages => More::Messages,
            Poll::Nothing if self.process.core.receiving != Receiving::TimedOut => {
                let is_due = self.process.heap.should_collect();
                match timeout_of(self.process.heap.value(timeout)) {
                    Some(timeout) if timeout != Some(0) && !is_due => {
                        More::Wait(self.begin_wait(timeout))
                    }
                    _ => More::Unknown,
                }
            }
            _ => More::Unknown,
        }
    }

    fn begin_wait(&mut self, timeout: Option<u64>) -> Wait {
        let first = self.process.core.receiving == Receiving::Looking;
        self.process.core.receiving = Receiving::Waiting;
        Wait::new(timeout, first)
    }

    /// Nothing looked at so far fits. `m` stands where the wait goes on when there is something new.
    #[inline(never)]
    pub(crate) fn receive_wait(&mut self, m: &Machine, timeout: Word) -> Waited {
        m.save(&mut self.process.stack);
        let late = self.process.core.receiving == Receiving::TimedOut;
        match self.host.poll(&mut self.process.core) {
            Poll::Messages if self.process.core.budget <= 0 => {
                return Waited::Leave(Outcome::Yield);
            }
            Poll::Messages => return Waited::Again,
            Poll::Signal => return Waited::Leave(Outcome::Yield),
            Poll::Nothing if late => return Waited::Late,
            Poll::Nothing => {}
        }
        let Some(timeout) = timeout_of(self.process.heap.value(timeout)) else {
            return Waited::NoTimeout;
        };
        if timeout == Some(0) {
            return Waited::Late;
        }
        if self.process.heap.should_collect() {
            self.process.collect_due();
            if self.process.over_limit() {
                return Waited::Leave(Outcome::LimitReached);
            }
        }
        self.process.stack.drop_spare();
        Waited::Leave(Outcome::Wait(self.begin_wait(timeout)))
    }

    /// What is raised for a timeout that is none.
    #[cold]
    pub(crate) fn no_timeout(&mut self, timeout: Word) -> Raised {
        let cx = self.cx();
        let shown = crate::helpers::fail::show(cx.heap().value(timeout));
        let text = format!("milliseconds (an int from 0) or :infinity expected, not {shown}");
        Raised::new(cx.argument_error("receive … after", &text).word())
    }
}
