//! Slow paths compiled code calls. Enters: the context and words; leaves: a
//! word, an exception, or a suspension. They run on the scheduler's stack and,
//! but for `gc`, never collect. One list, used by the interpreter too.

use crate::code::{OVERFLOW, TYPE_ERROR};
use crate::native::{Ctx, Ret, status};
use crate::process::{Process, Stop};
use crate::word::{NIL, Word};

fn ok(w: Word) -> Ret {
    Ret { value: w.0, status: 0 }
}
fn raised(w: Word) -> Ret {
    Ret { value: w.0, status: status::RAISE }
}

/// Sum where the fast path gave up. Nil counts as nothing, so that this path
/// also returns normally now and then.
pub fn add(x: Word, y: Word) -> Result<Word, Word> {
    match (x.as_int(), y.as_int()) {
        (Some(a), Some(b)) => {
            let sum = a + b;
            if sum << 1 >> 1 == sum { Ok(Word::int(sum)) } else { Err(OVERFLOW) }
        }
        (None, Some(_)) if x == NIL => Ok(y),
        (Some(_), None) if y == NIL => Ok(x),
        _ => Err(TYPE_ERROR),
    }
}
/// Difference, likewise.
pub fn sub(x: Word, y: Word) -> Result<Word, Word> {
    match (x.as_int(), y.as_int()) {
        (Some(a), Some(b)) => {
            let d = a - b;
            if d << 1 >> 1 == d { Ok(Word::int(d)) } else { Err(OVERFLOW) }
        }
        _ => Err(TYPE_ERROR),
    }
}
/// Length of a list of pairs.
pub fn list_length(mut w: Word) -> Result<Word, Word> {
    let mut n = 0;
    // SAFETY: words of a running process are live.
    while let Some((_, tail)) = unsafe { w.pair() } {
        n += 1;
        w = tail;
    }
    if w == NIL { Ok(Word::int(n)) } else { Err(TYPE_ERROR) }
}
fn answer(r: Result<Word, Word>) -> Ret {
    r.map_or_else(raised, ok)
}

pub(crate) unsafe extern "sysv64" fn slow_add(_: *mut Ctx, x: Word, y: Word) -> Ret {
    answer(add(x, y))
}
pub(crate) unsafe extern "sysv64" fn slow_sub(_: *mut Ctx, x: Word, y: Word) -> Ret {
    answer(sub(x, y))
}
pub(crate) unsafe extern "sysv64" fn type_error(_: *mut Ctx) -> Ret {
    raised(TYPE_ERROR)
}
pub(crate) unsafe extern "sysv64" fn raise(_: *mut Ctx, w: Word) -> Ret {
    raised(w)
}
pub(crate) unsafe extern "sysv64" fn length(_: *mut Ctx, w: Word) -> Ret {
    answer(list_length(w))
}
pub(crate) unsafe extern "sysv64" fn pause(_: *mut Ctx, w: Word) -> Ret {
    Ret { value: w.0, status: status::SUSPEND }
}
/// Collects while compiled frames wait for this call to return.
pub(crate) unsafe extern "sysv64" fn gc(ctx: *mut Ctx, w: Word) -> Ret {
    // SAFETY: `ctx` is the first field of the process that is running.
    unsafe {
        let p = ctx.cast::<Process>();
        (*p).ctx.value = w.0;
        (*p).collect(Stop::Returning);
        ok(Word((*p).ctx.value))
    }
}
/// A pair's room in another heap chunk.
pub(crate) unsafe extern "sysv64" fn reserve(ctx: *mut Ctx) -> Ret {
    // SAFETY: likewise; the heap and the context are different fields.
    unsafe {
        let p = ctx.cast::<Process>();
        Ret { value: (*p).heap.reserve_slow(&mut *ctx), status: 0 }
    }
}
