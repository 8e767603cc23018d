//! Natives of Stream: what a fold has gathered, as a vector or list.
//!
//! In: a chain `{last, {…, {first, nil}}}` of lists, which grows by one small object per entry
//! whatever the entries are. Out: the entries in order.

use rata_vm::data::vector::VecBuilder;
use rata_vm::heap::Heap;
use rata_vm::native::{Cx, Native, Resume};
use rata_vm::value::{Trace, Value, Word};

/// Entries handled between two looks at the budget.
const STEP: usize = 512;
/// Entries that cost one reduction.
const PER_REDUCTION: u64 = 16;

/// A chain on its way into a vector or list: first it is walked, then built up from its end.
struct Gathering {
    chain: Word,
    /// Entries walked over and not taken yet, the last of the result first.
    entries: Vec<Word>,
    built: VecBuilder,
    as_list: bool,
}

impl Gathering {
    /// Goes some entries further; whether it is done.
    fn step(&mut self, heap: &Heap) -> bool {
        if self.chain != Word::NIL {
            for _ in 0..STEP {
                let Some([entry, rest]) = heap.value(self.chain).as_list() else {
                    self.chain = Word::NIL;
                    break;
                };
                self.entries.push(entry.word());
                self.chain = rest.word();
            }
            return false;
        }
        for _ in 0..STEP {
            let Some(entry) = self.entries.pop() else { return true };
            self.built.push(heap, heap.value(entry));
        }
        self.entries.is_empty()
    }

    fn run<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        while !self.step(cx.heap()) {
            cx.charge(STEP as u64 / PER_REDUCTION);
            if cx.out_of_budget() {
                return Native::Suspend(self);
            }
        }
        let heap = cx.heap();
        let built = self.built;
        Native::Value(if self.as_list { built.into_list(heap) } else { built.collect(heap) })
    }
}

impl Resume for Gathering {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        self.run(cx)
    }

    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(&mut self.chain);
        self.entries.trace(visit);
        self.built.trace(visit);
    }
}

fn gather<'h>(cx: &mut Cx<'h, '_>, chain: Value<'h>, as_list: bool) -> Native<'h> {
    let state =
        Gathering { chain: chain.word(), entries: Vec::new(), built: VecBuilder::new(), as_list };
    Box::new(state).run(cx)
}

/// `collect(chain)`: a vector, or a list when the entries do not share a type.
pub fn stream_collect<'h>(cx: &mut Cx<'h, '_>, [chain]: [Value<'h>; 1]) -> Native<'h> {
    gather(cx, chain, false)
}

/// `collect_list(chain)`: a list.
pub fn stream_collect_list<'h>(cx: &mut Cx<'h, '_>, [chain]: [Value<'h>; 1]) -> Native<'h> {
    gather(cx, chain, true)
}
