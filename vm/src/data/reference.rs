//! Unique references (`make_ref`, monitors, timers, aliases).
//!
//! A reference also carries the process that made it and that process's count of messages arrived
//! by then, so that a receive that waits for it need not look at older messages.

use crate::heap::{Heap, layout};
use crate::value::{Pid, Value};

/// A reference.
#[derive(Clone, Copy, Debug)]
pub struct RefRef<'h> {
    raw: &'h [u64],
    creator: Value<'h>,
}

impl<'h> RefRef<'h> {
    pub(crate) fn of(value: Value<'h>) -> Option<RefRef<'h>> {
        let object = value.object_of(layout::REF)?;
        Some(RefRef { raw: object.raw(), creator: object.values()[0] })
    }

    /// Its number, unique in this node; later ones are larger.
    pub fn id(self) -> u64 {
        self.raw[0]
    }

    /// How many messages had arrived at its creator when it was made.
    pub fn stamp(self) -> u64 {
        self.raw[1]
    }

    /// The process that made it.
    pub fn creator(self) -> Option<Pid> {
        self.creator.as_pid()
    }
}

/// A reference with this number. `creator` and `stamp`: see [`RefRef`].
pub fn new(heap: &Heap, id: u64, creator: Option<Pid>, stamp: u64) -> Value<'_> {
    let creator = creator.map_or(Value::NIL, Value::pid);
    heap.object(layout::REF, 0, 0, &[id, stamp], &[creator])
}
