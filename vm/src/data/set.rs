//! Sets: tries whose keys are the members, compared exactly (`:a` and `"a"` are two members).

use super::map::trie::TrieRef;
use super::map::{MapBuilder, MapWalk};
use crate::hash::hash;
use crate::heap::{Edit, Heap, StaticObject, layout};
use crate::value::{Trace, Value, Word};

/// A set.
#[derive(Clone, Copy)]
pub struct SetRef<'h> {
    value: Value<'h>,
    members: TrieRef<'h>,
}

impl<'h> SetRef<'h> {
    pub(crate) fn of(value: Value<'h>) -> Option<SetRef<'h>> {
        let object = value.object_of(layout::SET)?;
        Some(SetRef { value, members: TrieRef::of(object.values()[0])? })
    }

    /// The value this is.
    pub fn value(self) -> Value<'h> {
        self.value
    }

    /// The number of members.
    pub fn len(self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether a value is a member.
    #[inline]
    pub fn contains(self, member: Value<'_>) -> bool {
        self.members.get(member, hash(member)).is_some()
    }

    /// The set with one more member.
    pub fn add(self, heap: &'h Heap, member: Value<'h>) -> Value<'h> {
        of_trie(heap, self.members.put(heap, member, hash(member), Value::NIL))
    }

    /// The same in place.
    pub fn edit(self, member: Value<'h>) -> Edit<'h> {
        self.members.edit(member, Value::NIL, true)
    }

    /// The set without a member; nothing if it is none.
    pub fn remove(self, heap: &'h Heap, member: Value<'_>) -> Option<Value<'h>> {
        self.members.remove(heap, member, hash(member)).map(|t| of_trie(heap, t))
    }

    /// The members, in the order in which they were added.
    pub fn members(self) -> Vec<Value<'h>> {
        self.members.in_order().into_iter().map(|(member, _)| member).collect()
    }

    /// The members, in any order, found as they are asked for; nil beside each.
    pub(crate) fn walk(self) -> MapWalk<'h> {
        MapWalk::Trie(self.members.walk())
    }

    /// Calls `f` on each member, in any order, until it returns false; whether it never did.
    pub fn each(self, f: &mut dyn FnMut(Value<'h>) -> bool) -> bool {
        self.members.each(&mut |member, _, _| f(member))
    }
}

fn of_trie<'h>(heap: &'h Heap, trie: Value<'h>) -> Value<'h> {
    heap.object(layout::SET, 0, 0, &[], &[trie])
}

static EMPTY_TRIE: StaticObject<4> = StaticObject([
    layout::header(layout::HMAP, layout::STATIC | layout::EXACT_TEXT, 0, 4),
    0,
    0,
    Word::NIL.bits(),
]);

/// The set without members, `#{}`.
pub fn empty(heap: &Heap) -> Value<'_> {
    of_trie(heap, EMPTY_TRIE.value())
}

/// A set of these members.
pub fn from_values<'h>(heap: &'h Heap, members: &[Value<'h>]) -> Value<'h> {
    let mut builder = SetBuilder::new();
    for &member in members {
        builder.add(heap, member);
    }
    builder.finish(heap)
}

/// A set under construction.
///
/// It holds bare words: while it lives across a collection, [`Trace::trace`] must be called on it.
pub struct SetBuilder(MapBuilder);

impl Default for SetBuilder {
    fn default() -> SetBuilder {
        SetBuilder::new()
    }
}

impl SetBuilder {
    /// An empty builder.
    pub fn new() -> SetBuilder {
        SetBuilder(MapBuilder::exact())
    }

    /// Adds a member; whether it was none before.
    pub fn add<'h>(&mut self, heap: &'h Heap, member: Value<'h>) -> bool {
        let before = self.0.len();
        self.0.index_of(heap, member, Value::NIL);
        self.0.len() > before
    }

    /// The number of members so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As [`SetBuilder::finish`], in steps: see [`MapBuilder::finish_some`].
    pub fn finish_some<'h>(&mut self, heap: &'h Heap, most: usize) -> Option<Value<'h>> {
        self.0.finish_some(heap, most).map(|trie| of_trie(heap, trie))
    }

    /// The set.
    pub fn finish(self, heap: &Heap) -> Value<'_> {
        of_trie(heap, self.0.finish(heap))
    }
}

impl Trace for SetBuilder {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.0.trace(visit);
    }
}
