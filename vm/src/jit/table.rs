//! What is known about compiled code by those who do not run it: the collector, the unwinder, traces.
//!
//! In: a return address. Out: the function and the bytecode place it stands for, the stack slots that hold
//! live words, and where an exception lands. Sites lie sorted in their block's [`Code`], which the
//! address leads to through the granules of `memory.rs`, without a lock.

use std::sync::OnceLock;

use super::memory::CodeMap;
use crate::code::function::Function;

/// One compiled function; immortal.
pub(crate) struct Code {
    /// Address of the block.
    pub(crate) start: usize,
    /// Bytes of the block.
    pub(crate) bytes: usize,
    /// Where compiled callers enter: with all checks.
    pub(crate) entry: usize,
    /// Behind the checks: where the interpreter enters.
    pub(crate) body: usize,
    /// Bytes of stack that should be there when the interpreter enters: a frame's at least, and of a
    /// function that calls itself enough for many, since it is expensive to cross into another chunk at
    /// every leaf of a recursion.
    pub(crate) room: usize,
    /// The word offsets behind its waits for messages, and where a turn may end that looks through many, where the
    /// interpreter enters too.
    pub(crate) waits: Box<[u32]>,
    /// Calls, ascending by offset.
    pub(crate) sites: Box<[Site]>,
}

/// A call that compiled code makes and that a collection or an exception can happen in.
pub(crate) struct Site {
    /// Of its return address in the block.
    pub(crate) offset: u32,
    /// From fp down to the stack pointer while the call is in progress.
    pub(crate) frame: u32,
    /// The function whose instruction calls.
    pub(crate) function: &'static Function,
    /// The word offset where that goes on.
    pub(crate) place: u32,
    /// The same of those in whose code this one's stands, from inside out.
    pub(crate) around: Box<[(&'static Function, u32)]>,
    /// Distances from fp down to the words that are live.
    pub(crate) roots: Box<[u32]>,
    /// Where an exception lands.
    pub(crate) landing: Option<usize>,
}

static MAP: OnceLock<CodeMap> = OnceLock::new();

/// Makes the region's addresses known; there is one region.
pub(crate) fn publish_map(map: CodeMap) -> bool {
    MAP.set(map).is_ok()
}

/// The call that returns to an address of compiled code.
pub(crate) fn site_at(address: usize) -> &'static Site {
    let code = MAP.get().and_then(|map| map.code_at(address));
    let site = code.and_then(|code| {
        let offset = address - code.start;
        let found = code.sites.binary_search_by_key(&offset, |site| site.offset as usize);
        found.ok().map(|index| &code.sites[index])
    });
    // Whoever has such an address got it from a stack.
    site.expect("a return address of compiled code")
}

impl Code {
    #[cfg(test)]
    pub(crate) fn empty(start: usize) -> Code {
        Code {
            start,
            bytes: 0,
            entry: start,
            body: start,
            room: 0,
            waits: Box::default(),
            sites: Box::default(),
        }
    }
}
