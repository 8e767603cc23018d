//! Operators whose work takes long: done in pieces, over several turns, or by the pool of threads.
//!
//! In: an operator's work as [`Pieces`], or a [`Job`]; a native's as [`NativePieces`]. Out: its result, if the turn's budget lasts;
//! otherwise the interpreter is told to pause.
//!
//! # How an operator pauses
//! A helper that cannot finish leaves a [`Pause`] in the process and answers `Err` (any value). The
//! interpreter, about to raise that, finds the pause instead: it ends the turn with pc *at* the
//! operator's instruction. When the work is done the instruction is executed again; its helper is then
//! answered by the result found (`Env::answer`). So operators pause without a frame of their own, and
//! branches that compare need nothing else. A native that works in pieces is suspended as any other is.
//!
//! # Safety
//! Pieces borrow the heap, and are kept from one turn to the next with that borrow forgotten. What
//! they borrow stays where it is: only `Heap::collect` moves objects, and it puts itself off while the
//! heap is pinned, as it is until an operator or native that was left in the middle is done. The process owns both heap and pieces, so they go
//! wherever it goes, and are dropped with it; dropping pieces follows none of their references.
#![allow(unsafe_code)]

use num_bigint::BigInt;

use crate::native::{Cx, Job, Native, Res, Resume};
use crate::process::Pause;
use crate::value::{Value, Word};

/// About how many entries are worked on between two looks at the budget.
pub(crate) const PIECE: usize = if cfg!(test) { 5 } else { 4096 };

/// Work that can stop in the middle. Dropping it must not look at the values it holds.
pub(crate) trait Pieces<'h> {
    /// Goes on until it is done, or until it cannot go on in this turn: then nothing.
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Res<'h>>;

    /// What the work waits for, if it is not the next turn: an int written in decimal.
    fn errand(&mut self) -> Option<BigInt> {
        None
    }

    /// Takes what it waited for.
    fn take(&mut self, _digits: String) {}
}

/// Does the work, now or over the next turns.
pub(crate) fn run<'h, W: Pieces<'h> + 'h>(cx: &mut Cx<'h, '_>, mut work: W) -> Res<'h> {
    match work.go_on(cx) {
        Some(result) => result,
        None => {
            let errand = work.errand();
            let work: Box<dyn Pieces<'h> + 'h> = Box::new(work);
            // SAFETY: see the module: what it borrows stays while it exists.
            let work = unsafe {
                std::mem::transmute::<Box<dyn Pieces<'h> + 'h>, Box<dyn Pieces<'static>>>(work)
            };
            let midway = Box::new(Midway(work));
            pause(
                cx,
                match errand {
                    Some(n) => Pause::Job(Box::new(Spell { n, then: midway })),
                    None => Pause::Turn(midway),
                },
            )
        }
    }
}

/// Writes an int in decimal, which for a long one takes long.
struct Spell<T> {
    n: BigInt,
    then: Box<T>,
}

impl<T: Waits> Job for Spell<T> {
    fn run(mut self: Box<Self>) -> Box<dyn Resume> {
        self.then.take(self.n.to_string());
        self.then
    }
}

/// What waits for an int in decimal, and then goes on.
trait Waits: Resume + 'static {
    fn take(&mut self, digits: String);
}

impl Waits for Midway {
    fn take(&mut self, digits: String) {
        self.0.take(digits);
    }
}

impl Waits for Pinned {
    fn take(&mut self, digits: String) {
        self.0.take(digits);
    }
}

/// Has a thread of the pool do the work.
pub(crate) fn offload<'h>(cx: &mut Cx<'h, '_>, job: Box<dyn Job>) -> Res<'h> {
    pause(cx, Pause::Job(job))
}

#[cold]
fn pause<'h>(cx: &mut Cx<'h, '_>, pause: Pause) -> Res<'h> {
    cx.core.cold().pause = Some(pause);
    Err(Value::NIL)
}

/// Work between two turns.
struct Midway(Box<dyn Pieces<'static>>);

// SAFETY: the values held are those of the process that holds this; see the module.
unsafe impl Send for Midway {}

impl Resume for Midway {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        // SAFETY: the work's values live in this very heap, for as long as the work does, and `'h`
        // is no longer than that; nothing outlives this call but what is answered, as of `'h`.
        let result = unsafe {
            let cx = std::mem::transmute::<&mut Cx<'h, '_>, &mut Cx<'static, '_>>(cx);
            self.0.go_on(cx)
        };
        match result {
            Some(Ok(value)) => Native::Value(value),
            Some(Err(value)) => Native::Raise(value),
            None => match self.0.errand() {
                Some(n) => Native::offload(Box::new(Spell { n, then: self })),
                None => Native::suspend(self),
            },
        }
    }

    /// Nothing: there is no collection until this is done.
    fn trace(&mut self, _: &mut dyn FnMut(&mut Word)) {}
}

/// As [`Pieces`], for natives.
pub(crate) trait NativePieces<'h> {
    /// Goes on until it is done, or until it cannot go on in this turn: then nothing.
    fn go_on(&mut self, cx: &mut Cx<'h, '_>) -> Option<Native<'h>>;
    /// As for [`Pieces`].
    fn errand(&mut self) -> Option<BigInt> {
        None
    }
    /// As for [`Pieces`].
    fn take(&mut self, _digits: String) {}
}

/// Does a native's work, now or over the next turns.
pub(crate) fn run_native<'h, W>(cx: &mut Cx<'h, '_>, mut work: W) -> Native<'h>
where
    W: NativePieces<'h> + 'h,
{
    match work.go_on(cx) {
        Some(answer) => answer,
        None => {
            cx.heap().pin(true);
            let errand = work.errand();
            let work: Box<dyn NativePieces<'h> + 'h> = Box::new(work);
            // SAFETY: as in `run`; what it borrows is pinned.
            let work = unsafe {
                std::mem::transmute::<Box<dyn NativePieces<'h> + 'h>, Box<dyn NativePieces<'static>>>(
                    work,
                )
            };
            suspend(Box::new(Pinned(work)), errand)
        }
    }
}

fn suspend<'h>(work: Box<Pinned>, errand: Option<BigInt>) -> Native<'h> {
    match errand {
        Some(n) => Native::offload(Box::new(Spell { n, then: work })),
        None => Native::suspend(work),
    }
}

/// A native's work between two turns.
struct Pinned(Box<dyn NativePieces<'static>>);

// SAFETY: as for `Midway`.
unsafe impl Send for Pinned {}

impl Resume for Pinned {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        // SAFETY: as for `Midway`.
        let answer = unsafe {
            let cx = std::mem::transmute::<&mut Cx<'h, '_>, &mut Cx<'static, '_>>(&mut *cx);
            std::mem::transmute::<Option<Native<'static>>, Option<Native<'h>>>(self.0.go_on(cx))
        };
        match answer {
            Some(answer) => {
                cx.heap().pin(false);
                answer
            }
            None => {
                let errand = self.0.errand();
                suspend(self, errand)
            }
        }
    }

    /// Nothing: what it holds is pinned.
    fn trace(&mut self, _: &mut dyn FnMut(&mut Word)) {}
}
