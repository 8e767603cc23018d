//! What the machine works in: the process, the VM and the host; and how it leaves the fast path for
//! collections, ends of turn and raised values.
//!
//! In: the machine at a safepoint, or in an instruction that raised. Out: the machine where it goes
//! on, or the turn's [`Outcome`].

use smallvec::SmallVec;

use super::machine::{Args, Machine};
use crate::code::function::Function;
use crate::data::{exception, list};
use crate::heap::RawEdit;
use crate::helpers::{arith, compare};
use crate::jit;
use crate::native::{Cx, Host, Native, NativeFn, Other, Res};
use crate::process::{Class, Outcome, Pause, Process};
use crate::stack::Frame;
use crate::value::{Value, Word};
use crate::vm::Vm;
use rata_bytecode::operand::Cmp;

/// How many frames a stack trace shows.
const TRACE: usize = 32;

/// See the module.
pub(crate) struct Env<'e> {
    pub(crate) process: &'e mut Process,
    pub(crate) vm: &'e Vm,
    pub(crate) host: &'e mut dyn Host,
}

/// Something raised.
#[derive(Clone, Copy)]
pub(crate) struct Raised {
    pub(crate) value: Word,
    pub(crate) class: Class,
    /// The trace to keep, if it was raised before.
    pub(crate) trace: Option<Word>,
}

impl Raised {
    pub(crate) fn new(value: Word) -> Raised {
        Raised { value, class: Class::Raised, trace: None }
    }
}

/// Why the match loop is left, for good or for a moment.
pub(crate) enum Exit {
    /// The safepoint at the entry of a function has something to do.
    Entry,
    Raise(Raised),
    Leave(Outcome),
}

impl From<Raised> for Exit {
    fn from(raised: Raised) -> Exit {
        Exit::Raise(raised)
    }
}

impl From<Word> for Exit {
    fn from(raised: Word) -> Exit {
        Exit::Raise(Raised::new(raised))
    }
}

/// What a native's answer asks for, without borrowing the heap.
pub(crate) enum Step {
    Value(Word),
    Edit(RawEdit),
    Raise(Raised),
    Call(Word, SmallVec<[Word; 8]>),
    /// Drop all frames and wait, then make the call that is this list.
    Hibernate(Word),
    Leave(Outcome),
}

/// Values handed to helpers.
pub(crate) type Values<'h> = SmallVec<[Value<'h>; 8]>;

impl Env<'_> {
    /// A context for helpers and natives.
    #[inline(always)]
    pub(crate) fn cx(&mut self) -> Cx<'_, '_> {
        let Process { heap, core, .. } = &mut *self.process;
        Cx::new(heap, core, self.vm, self.host)
    }

    /// Does what the match loop was left for; the outcome if the turn is over.
    #[cold]
    #[inline(never)]
    pub(crate) fn leave(&mut self, m: &mut Machine, exit: Exit) -> Option<Outcome> {
        let mut exit = exit;
        loop {
            // Compiled code that catches something may soon raise again.
            exit = match exit {
                Exit::Entry => {
                    m.save(&mut self.process.stack);
                    return self.entry();
                }
                Exit::Raise(raised) => match self.raise(m, raised) {
                    Ok(()) => return None,
                    Err(exit) => exit,
                },
                Exit::Leave(outcome) => return Some(outcome),
            }
        }
    }

    /// The safepoint at the entry of a function, where the machine has been saved: collects if that is due, and ends the turn if the
    /// budget is used up.
    fn entry(&mut self) -> Option<Outcome> {
        if self.process.heap.should_collect() {
            if self.process.heap.pause_ahead() {
                self.host.before_pause();
            }
            self.process.collect_due();
            if self.process.over_limit() {
                return Some(Outcome::LimitReached);
            }
        }
        (self.process.core.budget <= 0).then_some(Outcome::Yield)
    }

    /// Collects at a place with an info word before it, where the machine has been saved; `word`
    /// survives.
    pub(super) fn collect_with(&mut self, word: Word) -> Result<Word, Outcome> {
        self.process.core.result = word;
        self.process.collect_due();
        if self.process.over_limit() {
            return Err(Outcome::LimitReached);
        }
        Ok(std::mem::replace(&mut self.process.core.result, Word::NIL))
    }

    /// Whether the stack may grow for a frame of `f`.
    pub(crate) fn may_grow(&self, f: &Function) -> bool {
        let more = self.process.stack.next_bytes(f.registers());
        self.process.memory() + more <= self.process.heap.limit()
    }

    /// Looks for what catches `raised`, raised by the instruction at the machine's pc, and goes on
    /// there; the outcome if nothing does.
    fn raise(&mut self, m: &mut Machine, raised: Raised) -> Result<(), Exit> {
        if let Some(outcome) = self.pause(m) {
            return Err(Exit::Leave(outcome));
        }
        m.save_within(&mut self.process.stack);
        if self.process.heap.is_condemned() {
            return Err(Exit::Leave(Outcome::LimitReached));
        }
        self.process.core.charge(1);
        let found = self.process.stack.frames().find_map(|frame| Some((frame, handler(frame)?)));
        let Some((frame, handler)) = found else {
            return Err(Exit::Leave(self.uncaught(raised)));
        };
        let value = if handler.guard { raised.value } else { self.attach_trace(raised) };
        self.process.stack.unwind_to(frame);
        match frame.compiled {
            Some(site) => jit::land(self, m, frame, site, value),
            None => {
                m.catch(&self.process.stack, frame.function().pc_at(handler.target));
                m.set(handler.register as usize, value);
                Ok(())
            }
        }
    }

    /// Leaves the operator at the machine's pc in the middle, if that is what it wants.
    fn pause(&mut self, m: &Machine) -> Option<Outcome> {
        let cold = self.process.core.cold.as_mut()?;
        let pause = cold.pause.take()?;
        cold.midway = true;
        self.process.heap.pin(true);
        m.save(&mut self.process.stack);
        Some(match pause {
            Pause::Turn(state) => {
                self.process.core.suspended = Some(state);
                Outcome::Yield
            }
            Pause::Job(job) => Outcome::Offload(Box::new(job)),
        })
    }

    /// The result of the operator that is executed again.
    #[inline(always)]
    fn answer(&mut self) -> Option<Word> {
        self.process.core.cold.as_mut()?.answer.take()
    }

    fn uncaught(&mut self, raised: Raised) -> Outcome {
        let value = self.attach_trace(raised);
        let trace = self.trace_of(value);
        let core = &mut self.process.core;
        (core.result, core.trace) = (value, trace);
        self.process.stack.clear();
        match raised.class {
            Class::Raised => Outcome::Crashed,
            Class::Exit => Outcome::Exit,
        }
    }

    /// The value as the handler receives it: an exception carries its trace, of other values the
    /// trace is remembered beside.
    fn attach_trace(&mut self, raised: Raised) -> Word {
        let trace = match raised.trace {
            Some(trace) => trace,
            None => self.make_trace(),
        };
        let heap = &self.process.heap;
        let value = heap.value(raised.value);
        match (value.as_exception(), raised.class) {
            (Some(_), Class::Raised) if raised.trace.is_some() => raised.value,
            (Some(e), Class::Raised) => exception::with_trace(heap, e, heap.value(trace)).word(),
            _ => {
                self.process.core.remember(raised.value, trace, raised.class);
                raised.value
            }
        }
    }

    fn make_trace(&mut self) -> Word {
        let process = &*self.process;
        let places = process.stack.stacktrace_with_tails(TRACE, process.core.pid);
        let heap = &self.process.heap;
        let entries: Values<'_> =
            places.iter().filter_map(|&place| Value::small(place as i64)).collect();
        list::new(heap, &entries).word()
    }

    /// The trace that a caught value carries.
    fn trace_of(&self, value: Word) -> Word {
        match self.process.heap.value(value).as_exception() {
            Some(e) => e.trace().word(),
            None => self.process.core.recall(value).map_or(Word::NIL, |(trace, _)| trace),
        }
    }

    /// What raising a caught value again keeps of the first time.
    pub(crate) fn reraised(&self, value: Word) -> Raised {
        let heap = &self.process.heap;
        if let Some((trace, class)) = self.process.core.recall(value) {
            return Raised { value, class, trace: Some(trace) };
        }
        let trace = heap.value(value).as_exception().map(|e| e.trace()).filter(|t| !t.is_nil());
        Raised { value, class: Class::Raised, trace: trace.map(Value::word) }
    }
}

fn handler(frame: Frame) -> Option<&'static crate::code::function::Handler> {
    let function = frame.function();
    function.handler(function.offset(frame.pc).saturating_sub(1))
}

/// A native's answer, taken apart.
#[inline(always)]
pub(crate) fn step_of(cx: &mut Cx<'_, '_>, answer: Native<'_>) -> Step {
    match answer {
        Native::Value(value) => Step::Value(value.word()),
        // No native answers so without an edit.
        Native::Edit => cx.edit.take().map_or(Step::Value(Word::NIL), Step::Edit),
        other => slow_step(cx, other),
    }
}

#[cold]
#[inline(never)]
fn slow_step(cx: &mut Cx<'_, '_>, answer: Native<'_>) -> Step {
    match answer {
        Native::Value(value) => Step::Value(value.word()),
        Native::Edit => Step::Value(Word::NIL),
        Native::Raise(value) => Step::Raise(Raised::new(value.word())),
        Native::Exit(reason) => {
            Step::Raise(Raised { value: reason.word(), class: Class::Exit, trace: None })
        }
        Native::Other(other) => match *other {
            Other::Call(f, args) => Step::Call(f.word(), args.iter().map(|v| v.word()).collect()),
            Other::Suspend(state) => {
                cx.core.suspended = Some(state);
                Step::Leave(Outcome::Yield)
            }
            Other::Offload(job) => Step::Leave(Outcome::Offload(Box::new(job))),
            Other::Hibernate(f, args) => {
                let call: Values<'_> = std::iter::once(f).chain(args).collect();
                Step::Hibernate(list::new(cx.heap(), &call).word())
            }
        },
    }
}

/// A helper's result as bare words.
#[inline(always)]
pub(crate) fn words(result: Res<'_>) -> Result<Word, Word> {
    match result {
        Ok(value) => Ok(value.word()),
        Err(value) => Err(value.word()),
    }
}

/// A helper of one operand.
pub(crate) type Unary = for<'h> fn(&mut Cx<'h, '_>, Value<'h>) -> Res<'h>;
/// A helper of two operands.
pub(crate) type Binary = for<'h> fn(&mut Cx<'h, '_>, Value<'h>, Value<'h>) -> Res<'h>;
/// A helper of any number of operands.
pub(crate) type Many = for<'h> fn(&mut Cx<'h, '_>, &[Value<'h>]) -> Res<'h>;

impl Env<'_> {
    /// Runs a helper.
    #[inline(never)]
    pub(crate) fn unary(&mut self, f: Unary, a: Word) -> Result<Word, Word> {
        if let Some(word) = self.answer() {
            return Ok(word);
        }
        let mut cx = self.cx();
        let a = cx.heap().value(a);
        words(f(&mut cx, a))
    }

    /// Runs a helper.
    #[inline(never)]
    pub(crate) fn binary(&mut self, f: Binary, a: Word, b: Word) -> Result<Word, Word> {
        if let Some(word) = self.answer() {
            return Ok(word);
        }
        let mut cx = self.cx();
        let (a, b) = (cx.heap().value(a), cx.heap().value(b));
        words(f(&mut cx, a, b))
    }

    /// `a + n`, or `a - -n` if n is below zero.
    #[inline(never)]
    pub(crate) fn offset(&mut self, a: Word, n: i64) -> Result<Word, Word> {
        match n {
            0.. => self.binary(arith::add, a, Word::small_wrapping(n)),
            _ => self.binary(arith::sub, a, Word::small_wrapping(-n)),
        }
    }

    /// Runs a helper on arguments in registers, and one more operand after them if given.
    #[inline(never)]
    pub(crate) fn many(&mut self, f: Many, args: Args, last: Option<Word>) -> Result<Word, Word> {
        if let Some(word) = self.answer() {
            return Ok(word);
        }
        let mut cx = self.cx();
        let heap = cx.heap();
        let values: Values<'_> = args.words().chain(last).map(|w| heap.value(w)).collect();
        words(f(&mut cx, &values))
    }

    /// Whether `a op b` is truthy.
    #[inline(never)]
    pub(crate) fn compare_truth(&mut self, op: Cmp, a: Word, b: Word) -> Result<bool, Word> {
        if let Some(word) = self.answer() {
            return self.truth(word);
        }
        let mut cx = self.cx();
        let (a, b) = (cx.heap().value(a), cx.heap().value(b));
        compare::truth_of(&mut cx, op, a, b).map_err(|e| e.word())
    }

    /// Whether two values match.
    #[inline(always)]
    pub(crate) fn same(&mut self, a: Word, b: Word) -> Result<bool, Word> {
        if a == b || !a.is_pointer() || !b.is_pointer() {
            return Ok(a == b);
        }
        self.binary(compare::same, a, b).map(|word| word == Word::TRUE)
    }

    /// Whether a condition holds.
    #[inline(never)]
    pub(crate) fn truth(&mut self, a: Word) -> Result<bool, Word> {
        let mut cx = self.cx();
        let a = cx.heap().value(a);
        compare::truth(&mut cx, a).map_err(|e| e.word())
    }

    /// Calls a native with arguments in registers.
    #[inline(always)]
    pub(crate) fn native(&mut self, native: NativeFn, args: Args) -> Step {
        match self.asked(native, args) {
            // So it stays in registers.
            Step::Value(word) => Step::Value(word),
            step => self.edited(step),
        }
    }

    /// Does the edit that a native asked for: nothing borrows the heap any more.
    #[inline(never)]
    pub(super) fn edited(&mut self, step: Step) -> Step {
        match step {
            Step::Edit(edit) => Step::Value(self.process.heap.edit(&edit)),
            step => step,
        }
    }

    #[inline(always)]
    fn asked(&mut self, native: NativeFn, args: Args) -> Step {
        let mut cx = self.cx();
        let heap = cx.heap();
        if args.len() <= 6 {
            let mut values = [Value::NIL; 6];
            for (i, value) in values.iter_mut().enumerate().take(args.len()) {
                *value = heap.value(args.get(i));
            }
            let answer = native(&mut cx, &values[..args.len()]);
            step_of(&mut cx, answer)
        } else {
            let values: Values<'_> = args.words().map(|w| heap.value(w)).collect();
            let answer = native(&mut cx, &values);
            step_of(&mut cx, answer)
        }
    }
}
