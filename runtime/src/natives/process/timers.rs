//! Natives of Process about delayed messages.

use super::{host, new_ref, reference_value, wrong};
use crate::sched::shard::Alarm;
use rata_vm::heap::{Fragment, Immediate};
use rata_vm::native::{Cx, Native};
use rata_vm::process::LONGEST;
use rata_vm::value::Value;

/// `send_after(dest, message, ms)`: a ref.
pub fn process_send_after<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let [dest, message, ms] = args else { return Native::Value(Value::NIL) };
    let Some(ms) = ms.as_small().and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms <= LONGEST)
    else {
        return wrong(cx, "send_after", &format!("milliseconds from 0 to {LONGEST}"), *ms);
    };
    let is_name = dest.as_symbol().is_some() || dest.as_module().is_some();
    let Some(kept) = Immediate::of(*dest).filter(|_| is_name || dest.as_pid().is_some()) else {
        return wrong(cx, "send_after", "a pid or a registered name", *dest);
    };
    let data = new_ref(cx);
    let message = Fragment::copy_of(*message);
    cx.charge(1 + (message.bytes() / 512) as u64);
    let charge = cx.core.set_aside(message.bytes() + size_of::<Alarm>());
    if cx.core.aside() > cx.heap().limit().saturating_sub(cx.heap().used_bytes()) {
        // Whether it holds too much is seen when its garbage is gone.
        cx.heap().request_collection();
    }
    let host = host(cx);
    let deadline = host.node.clock.deadline(ms);
    let alarm = Alarm::Send { dest: kept, id: data.id, message, charge };
    host.node.timers[host.me].set(deadline, alarm);
    Native::Value(reference_value(cx.heap(), data))
}

/// `cancel_timer(ref)`: the ms left, or false.
pub fn process_cancel_timer<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    timer(cx, args[0], "cancel_timer", true)
}

/// `read_timer(ref)`: the ms left, or false.
pub fn process_read_timer<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    timer(cx, args[0], "read_timer", false)
}

fn timer<'h>(
    cx: &mut Cx<'h, '_>,
    reference: Value<'h>,
    function: &str,
    cancel: bool,
) -> Native<'h> {
    let Some(r) = reference.as_ref() else { return wrong(cx, function, "a ref", reference) };
    let node = &host(cx).node;
    let shard = node.timers.get((r.id() & 0xff) as usize);
    let Some((shard, (dest, deadline))) = shard.and_then(|s| Some((s, s.find(r.id())?))) else {
        return Native::Value(Value::FALSE);
    };
    // The timer of a process that has ended counts as ended with it.
    let in_vain = dest.word().as_pid().is_some_and(|pid| node.table.get(pid).is_none());
    let was_set = if cancel || in_vain { shard.cancel_send(r.id()) } else { true };
    if in_vain || !was_set {
        return Native::Value(Value::FALSE);
    }
    Native::Value(Value::count(node.clock.milliseconds_until(deadline) as usize))
}
