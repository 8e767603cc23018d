//! What others may touch of a process, and the part of it that the runtime owns.
//!
//! A process has two halves. Its *slot* in the process table is shared: the inbox that anyone may
//! push signals into, the place where its body lies while it waits, and its serial number. Its *body*
//! (a `Box<Body>`: heap, stack, mailbox, links) belongs to exactly one owner at a time: a run queue,
//! the worker that runs it, or the slot's parking place. Who takes the box out of the parking place
//! must put it into a run queue; that is the whole of the wake-up protocol.
//!
//! * sender: push into the inbox, then take the body out of the parking place if it is there;
//! * waiter: put the body into the parking place, then look into the inbox once more; if something is
//!   there, try to take the body back.
//!
//! Both sides separate their two steps by a sequentially consistent fence, so at least one of them
//! sees the other: no wake-up is lost (checked with loom, `tests/loom.rs`).

pub mod body;
pub mod few;
pub mod inbox;
pub mod life;
pub mod names;
pub mod pace;
pub mod parking;
pub mod relations;
pub mod share;
pub mod signal;
pub mod table;
