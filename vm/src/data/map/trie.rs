//! The hash trie of large maps and of sets: 16-way, path-copying, entries with insertion numbers.
//!
//! In: a key with its hash. Out: the value found, or a new trie that shares all but the path.
//!
//! An HMAP object holds the number of entries, the next insertion number and the root node. A node
//! (HNODE) has two 16-bit maps: which of its places hold an entry, which a child; then the entries
//! (key, value, insertion number as a small int) and the children. Keys whose 64 hash bits are all
//! the same end in an HCLASH. The depth is at most 17, so recursion over levels is bounded.
//!
//! A node bears the stamp of the map that may change it where it is, if there is one: `heap/edit_map.rs`,
//! which puts entries in place. All that is here makes new nodes, which bear no stamp unless it is for that.

use crate::hash::hash;
use crate::heap::{Edit, Heap, Obj, RawPut, edit_map, layout};
use crate::value::Value;

use super::same_key;

pub(crate) const BITS: u32 = 4;
const FAN: u64 = 15;
/// Words of an entry.
pub(crate) const ENTRY: usize = 3;

/// A trie: a map (not shaped), or the members of a set.
#[derive(Clone, Copy)]
pub(crate) struct TrieRef<'h> {
    object: Obj<'h>,
}

/// An entry to be put.
#[derive(Clone, Copy)]
pub(crate) struct New<'h> {
    pub(crate) hash: u64,
    pub(crate) key: Value<'h>,
    pub(crate) value: Value<'h>,
    pub(crate) number: Value<'static>,
    pub(crate) exact: bool,
    /// What the nodes made for it are stamped with.
    pub(crate) stamp: u64,
}

impl<'h> New<'h> {
    /// The entry with this insertion number.
    fn nth(n: usize, hash: u64, key: Value<'h>, value: Value<'h>, exact: bool) -> New<'h> {
        New { hash, key, value, number: Value::count(n), exact, stamp: 0 }
    }

    #[inline]
    pub(crate) fn words(&self) -> [Value<'h>; ENTRY] {
        [self.key, self.value, self.number]
    }
}

/// What putting an entry did to a node.
pub(crate) enum Put<'h> {
    Same,
    Replaced(Value<'h>),
    Added(Value<'h>),
}

/// What is left of a node without an entry.
enum Rest<'h> {
    Missing,
    Empty,
    One([Value<'h>; ENTRY]),
    Node(Value<'h>),
}

#[inline]
pub(crate) fn bit_of(hash: u64, shift: u32) -> u64 {
    1 << ((hash >> shift) & FAN)
}

/// How many bits are set in a byte: not every processor that this is compiled for can count them.
static ONES: [u8; 256] = {
    let mut ones = [0; 256];
    let mut byte = 1;
    while byte < 256 {
        ones[byte] = ones[byte / 2] + byte as u8 % 2;
        byte += 1;
    }
    ones
};

/// How many bits of a node's bitmap are set.
#[inline(always)]
pub(crate) fn ones(map: u64) -> usize {
    ONES[map as usize & 0xff] as usize + ONES[map as usize >> 8 & 0xff] as usize
}

/// Index among the set bits of `map` of the one `bit` is (or would be).
#[inline]
pub(crate) fn rank(map: u64, bit: u64) -> usize {
    ones(map & (bit - 1))
}

/// Where in a node's values the child with this index lies.
#[inline(always)]
pub(crate) fn child_at(entries: u64, index: usize) -> usize {
    ones(entries) * ENTRY + index
}

/// Whether all places of a node with these maps hold children, so that none needs to be searched.
#[inline(always)]
pub(crate) fn is_full(maps: u64) -> bool {
    maps as u32 == 0xffff_0000
}

/// The place of a hash, shifted so that this level's bits come first.
#[inline(always)]
pub(crate) fn place_of(bits: u64) -> usize {
    (bits & FAN) as usize
}

/// The bitmaps of entries and children in the first word of a node.
#[inline(always)]
pub(crate) fn maps_of(word: u64) -> (u64, u64) {
    (word & 0xffff, word >> 16 & 0xffff)
}

/// The first word of a node with another stamp.
#[inline(always)]
pub(crate) fn stamped(word: u64, stamp: u64) -> u64 {
    word & 0xffff_ffff | stamp << 32
}

/// A node taken apart.
#[derive(Clone, Copy)]
struct Node<'h> {
    entries: u64,
    children: u64,
    words: &'h [Value<'h>],
}

impl<'h> Node<'h> {
    #[inline]
    fn of(object: Obj<'h>) -> Node<'h> {
        let (entries, children) = maps_of(object.raw()[0]);
        Node { entries, children, words: object.values() }
    }

    fn entry(self, index: usize) -> &'h [Value<'h>] {
        &self.words[index * ENTRY..(index + 1) * ENTRY]
    }

    /// Where in `words` the child with this index lies.
    fn child_at(self, index: usize) -> usize {
        child_at(self.entries, index)
    }
}

pub(crate) fn node<'h, const N: usize>(
    heap: &'h Heap,
    stamp: u64,
    entries: u64,
    children: u64,
    parts: [&[Value<'h>]; N],
) -> Value<'h> {
    heap.object_of_parts(layout::HNODE, 0, 0, &[stamped(entries | children << 16, stamp)], parts)
}

fn clash<'h, const N: usize>(heap: &'h Heap, hash: u64, parts: [&[Value<'h>]; N]) -> Value<'h> {
    heap.object_of_parts(layout::HCLASH, 0, 0, &[hash], parts)
}

fn root_object<'h>(heap: &'h Heap, flags: u8, len: u64, next: u64, root: Value<'h>) -> Value<'h> {
    heap.object(layout::HMAP, flags, 0, &[len, next], &[root])
}

/// A trie of entries with their hashes, in order; their keys are all different.
pub(crate) fn build<'h>(
    heap: &'h Heap,
    entries: Vec<(u64, Value<'h>, Value<'h>)>,
    exact: bool,
) -> Value<'h> {
    let len = entries.len() as u64;
    let mut numbered: Vec<New<'h>> = entries
        .into_iter()
        .enumerate()
        .map(|(i, (hash, key, value))| New::nth(i, hash, key, value, exact))
        .collect();
    let mut room = numbered.clone();
    let root = if numbered.is_empty() {
        Value::NIL
    } else {
        build_node(heap, &mut numbered, &mut room, 0)
    };
    root_object(heap, flags_of(exact), len, len, root)
}

fn flags_of(exact: bool) -> u8 {
    if exact { layout::EXACT_TEXT } else { 0 }
}

/// Into how many parts a large trie is built one after the other: the nodes of the third level.
pub(crate) const PARTS: usize = 256;

/// In which part of a trie an entry is.
pub(crate) fn part_of(hash: u64) -> usize {
    (hash & 0xff) as usize
}

/// What is in a part of a trie: nothing, an entry, or a node as [`build_part`] made it.
pub(crate) enum Part<'h> {
    Empty,
    Entry([Value<'h>; ENTRY]),
    Node(Value<'h>),
}

/// A part: entries of it as hash, key, value and insertion number.
pub(crate) fn build_part<'h>(
    heap: &'h Heap,
    entries: impl Iterator<Item = (u64, Value<'h>, Value<'h>, usize)>,
    exact: bool,
) -> Part<'h> {
    let mut entries: Vec<New<'h>> =
        entries.map(|(hash, key, value, i)| New::nth(i, hash, key, value, exact)).collect();
    match &entries[..] {
        [] => Part::Empty,
        [one] => Part::Entry(one.words()),
        _ => {
            let mut room = entries.clone();
            Part::Node(build_node(heap, &mut entries, &mut room, 2 * BITS))
        }
    }
}

/// The trie of these parts, `len` entries in all.
pub(crate) fn join_parts<'h>(
    heap: &'h Heap,
    parts: &[Part<'h>],
    len: usize,
    exact: bool,
) -> Value<'h> {
    let width = 1 << BITS;
    let second: Vec<Part<'h>> = (0..width)
        .map(|low| join_level(heap, (0..width).map(|high| &parts[high << BITS | low])))
        .collect();
    let root = match join_level(heap, second.iter()) {
        Part::Empty => Value::NIL,
        Part::Entry(words) => {
            let bit = bit_of(hash(words[0]), 0);
            node(heap, 0, bit, 0, [&words])
        }
        Part::Node(root) => root,
    };
    root_object(heap, flags_of(exact), len as u64, len as u64, root)
}

/// The node whose places hold these, if it needs one.
fn join_level<'p, 'h: 'p>(
    heap: &'h Heap,
    places: impl Iterator<Item = &'p Part<'h>> + Clone,
) -> Part<'h> {
    let (mut data, mut children) = (0, 0);
    let mut words: smallvec::SmallVec<[Value<'h>; 32]> = smallvec::SmallVec::new();
    for (i, place) in places.clone().enumerate() {
        if let Part::Entry(entry) = place {
            data |= 1 << i;
            words.extend(*entry);
        }
    }
    for (i, place) in places.enumerate() {
        if let Part::Node(child) = place {
            children |= 1 << i;
            words.push(*child);
        }
    }
    match (data, children) {
        (0, 0) => Part::Empty,
        (_, 0) if words.len() == ENTRY => Part::Entry(triple(&words)),
        _ => Part::Node(node(heap, 0, data, children, [&words])),
    }
}

fn build_node<'h>(
    heap: &'h Heap,
    entries: &mut [New<'h>],
    room: &mut [New<'h>],
    shift: u32,
) -> Value<'h> {
    if shift >= u64::BITS {
        let words: Vec<Value<'h>> = entries.iter().flat_map(New::words).collect();
        return clash(heap, entries[0].hash, [&words]);
    }
    // Counting sort by the four bits of this level.
    let mut ends = [0usize; 16];
    for e in entries.iter() {
        ends[((e.hash >> shift) & FAN) as usize] += 1;
    }
    let mut starts = [0usize; 16];
    let mut sum = 0;
    for (start, end) in starts.iter_mut().zip(&mut ends) {
        *start = sum;
        sum += *end;
        *end = *start;
    }
    for e in entries.iter() {
        let end = &mut ends[((e.hash >> shift) & FAN) as usize];
        room[*end] = *e;
        *end += 1;
    }
    let (mut data, mut children) = (0, 0);
    let mut words: smallvec::SmallVec<[Value<'h>; 32]> = smallvec::SmallVec::new();
    for i in 0..16 {
        if ends[i] - starts[i] == 1 {
            data |= 1 << i;
            words.extend(room[starts[i]].words());
        }
    }
    for i in 0..16 {
        let part = starts[i]..ends[i];
        if part.len() > 1 {
            children |= 1 << i;
            words.push(build_node(heap, &mut room[part.clone()], &mut entries[part], shift + BITS));
        }
    }
    node(heap, 0, data, children, [&words])
}

impl<'h> TrieRef<'h> {
    pub(crate) fn new(object: Obj<'h>) -> TrieRef<'h> {
        TrieRef { object }
    }

    pub(crate) fn of(value: Value<'h>) -> Option<TrieRef<'h>> {
        let object = value.object()?;
        object.settle();
        matches!(object.tag(), layout::HMAP | layout::OMAP).then_some(TrieRef { object })
    }

    /// Number of entries, next insertion number and root, as they lie in the object.
    pub(crate) fn parts(self) -> [u64; 3] {
        [self.len() as u64, self.next_number(), self.object.values()[0].word().bits()]
    }

    /// Puts an entry as [`TrieRef::put`] does, in place where that can be.
    pub(crate) fn edit(self, key: Value<'h>, value: Value<'h>, set: bool) -> Edit<'h> {
        let [trie, key, value] = [self.object.value(), key, value].map(Value::word);
        let hash = hash(Value::new(key));
        Edit::put(RawPut { trie, key, value, hash, set })
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.object.raw()[0] as usize
    }

    fn next_number(self) -> u64 {
        self.object.raw()[1]
    }

    fn exact(self) -> bool {
        self.object.flags() & layout::EXACT_TEXT != 0
    }

    fn root(self) -> Option<Obj<'h>> {
        self.object.values()[0].object()
    }

    #[inline]
    pub(crate) fn get(self, key: Value<'_>, hash: u64) -> Option<Value<'h>> {
        self.find(key, hash).map(|entry| entry[1])
    }

    pub(crate) fn entry(self, key: Value<'_>, hash: u64) -> Option<(Value<'h>, Value<'h>)> {
        self.find(key, hash).map(|entry| (entry[0], entry[1]))
    }

    #[inline]
    fn find(self, key: Value<'_>, hash: u64) -> Option<&'h [Value<'h>]> {
        let exact = self.exact();
        let mut at = self.root()?;
        let mut bits = hash;
        while let Some((raw, words)) = at.parts_of(layout::HNODE) {
            if is_full(raw[0]) {
                at = words.get(place_of(bits))?.object()?;
                bits >>= BITS;
                continue;
            }
            let (entries, children) = maps_of(raw[0]);
            let bit = 1 << place_of(bits);
            if entries & bit != 0 {
                let from = rank(entries, bit) * ENTRY;
                let entry = words.get(from..from + ENTRY)?;
                return same_key(entry[0], key, exact).then_some(entry);
            }
            if children & bit == 0 {
                return None;
            }
            at = words.get(child_at(entries, rank(children, bit)))?.object()?;
            bits >>= BITS;
        }
        at.values().chunks_exact(ENTRY).find(|e| same_key(e[0], key, exact))
    }

    /// The trie with `key` standing for `value`.
    #[inline]
    pub(crate) fn put(
        self,
        heap: &'h Heap,
        key: Value<'h>,
        hash: u64,
        value: Value<'h>,
    ) -> Value<'h> {
        edit_map::disown(self.object);
        let (len, next) = (self.len() as u64, self.next_number());
        let new = New::nth(next as usize, hash, key, value, self.exact());
        let flags = self.object.flags() & layout::EXACT_TEXT;
        let put = match self.root() {
            Some(root) => put(heap, root, 0, &new),
            None => Put::Added(node(heap, 0, bit_of(hash, 0), 0, [&new.words()])),
        };
        match put {
            Put::Same => self.object.value(),
            Put::Replaced(root) => root_object(heap, flags, len, next, root),
            Put::Added(root) => root_object(heap, flags, len + 1, next + 1, root),
        }
    }

    /// The trie without `key`; nothing if it has no such key.
    pub(crate) fn remove(self, heap: &'h Heap, key: Value<'_>, hash: u64) -> Option<Value<'h>> {
        edit_map::disown(self.object);
        let old = self.root()?;
        let root = match remove(heap, old, 0, key, hash, self.exact()) {
            Rest::Missing => return None,
            Rest::Empty => Value::NIL,
            Rest::One(entry) => {
                // It was in the only other place of the root, or below the only one.
                let places = Node::of(old);
                let other = places.entries & !bit_of(hash, 0);
                node(heap, 0, if other == 0 { places.children } else { other }, 0, [&entry])
            }
            Rest::Node(node) => node,
        };
        let flags = self.object.flags() & layout::EXACT_TEXT;
        Some(root_object(heap, flags, self.len() as u64 - 1, self.next_number(), root))
    }

    /// Calls `f` with key, value and insertion number of each entry, in any order, until it returns
    /// false; whether it never did.
    pub(crate) fn each(self, f: &mut dyn FnMut(Value<'h>, Value<'h>, i64) -> bool) -> bool {
        self.walk().all(|(key, value, number)| f(key, value, number))
    }

    /// The entries with their insertion numbers, in any order, found as they are asked for.
    pub(crate) fn walk(self) -> TrieWalk<'h> {
        TrieWalk { entries: [].chunks_exact(ENTRY), nodes: self.root().into_iter().collect() }
    }

    /// All entries in the order of their insertion.
    pub(crate) fn in_order(self) -> Vec<(Value<'h>, Value<'h>)> {
        let len = self.len();
        let numbers = self.next_number() as usize;
        if numbers > len.saturating_mul(4) + 64 {
            let mut entries = Vec::with_capacity(len);
            self.each(&mut |key, value, number| {
                entries.push((number, key, value));
                true
            });
            entries.sort_unstable_by_key(|e| e.0);
            return entries.into_iter().map(|(_, key, value)| (key, value)).collect();
        }
        let mut places: Vec<Option<(Value<'h>, Value<'h>)>> = vec![None; numbers];
        self.each(&mut |key, value, number| {
            places[number as usize] = Some((key, value));
            true
        });
        places.into_iter().flatten().collect()
    }
}

/// The entries of a trie, in any order.
pub(crate) struct TrieWalk<'h> {
    entries: std::slice::ChunksExact<'h, Value<'h>>,
    /// Nodes still to be looked at.
    nodes: Vec<Obj<'h>>,
}

impl<'h> Iterator for TrieWalk<'h> {
    type Item = (Value<'h>, Value<'h>, i64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some((entry[0], entry[1], entry[2].as_small().unwrap_or(0)));
            }
            let at = self.nodes.pop()?;
            let words = at.values();
            let entries = match at.tag() {
                layout::HNODE => ones(Node::of(at).entries) * ENTRY,
                _ => words.len(),
            };
            self.entries = words[..entries].chunks_exact(ENTRY);
            self.nodes.extend(words[entries..].iter().filter_map(|w| w.object()));
        }
    }
}

fn put<'h>(heap: &'h Heap, at: Obj<'h>, shift: u32, new: &New<'h>) -> Put<'h> {
    if at.tag() == layout::HCLASH {
        return put_clash(heap, at, new);
    }
    let n = Node::of(at);
    let bit = bit_of(new.hash, shift);
    if n.entries & bit != 0 {
        let index = rank(n.entries, bit);
        let from = index * ENTRY;
        let entry = n.entry(index);
        if same_key(entry[0], new.key, new.exact) {
            if entry[1].word() == new.value.word() {
                return Put::Same;
            }
            return Put::Replaced(heap.object_with(at, from + 1, new.value));
        }
        return Put::Added(split(heap, at, from, shift, bit, new));
    }
    if n.children & bit != 0 {
        let to = n.child_at(rank(n.children, bit));
        let Some(child) = n.words[to].object() else { return Put::Same };
        let with = |child| heap.object_with(at, to, child);
        return match put(heap, child, shift + BITS, new) {
            Put::Same => Put::Same,
            Put::Replaced(child) => Put::Replaced(with(child)),
            Put::Added(child) => Put::Added(with(child)),
        };
    }
    Put::Added(widen(heap, at, bit, new))
}

/// A node with a child for the entry at `from` and the new one.
pub(crate) fn split<'h>(
    heap: &'h Heap,
    at: Obj<'h>,
    from: usize,
    shift: u32,
    bit: u64,
    new: &New<'h>,
) -> Value<'h> {
    let n = Node::of(at);
    let child = two(heap, shift + BITS, &n.words[from..from + ENTRY], new);
    let to = n.child_at(rank(n.children, bit));
    let parts = [&n.words[..from], &n.words[from + ENTRY..to], &[child], &n.words[to..]];
    node(heap, new.stamp, n.entries & !bit, n.children | bit, parts)
}

/// A node with one more entry.
pub(crate) fn widen<'h>(heap: &'h Heap, at: Obj<'h>, bit: u64, new: &New<'h>) -> Value<'h> {
    let n = Node::of(at);
    let from = rank(n.entries, bit) * ENTRY;
    let parts = [&n.words[..from], &new.words(), &n.words[from..]];
    node(heap, new.stamp, n.entries | bit, n.children, parts)
}

/// Which of the entries of an HCLASH has this key. The very same word is looked for first.
pub(crate) fn find_in_clash(words: &[Value<'_>], key: Value<'_>, exact: bool) -> Option<usize> {
    let same = words.chunks_exact(ENTRY).position(|e| e[0].word() == key.word());
    same.or_else(|| words.chunks_exact(ENTRY).position(|e| same_key(e[0], key, exact)))
}

pub(crate) fn put_clash<'h>(heap: &'h Heap, at: Obj<'h>, new: &New<'h>) -> Put<'h> {
    let (hash, words) = (at.raw()[0], at.values());
    match find_in_clash(words, new.key, new.exact) {
        Some(i) if words[i * ENTRY + 1].word() == new.value.word() => Put::Same,
        Some(i) => Put::Replaced(heap.object_with(at, i * ENTRY + 1, new.value)),
        None => Put::Added(clash(heap, hash, [words, &new.words()])),
    }
}

/// A node for two entries whose hashes agree up to `shift`.
fn two<'h>(heap: &'h Heap, shift: u32, old: &[Value<'h>], new: &New<'h>) -> Value<'h> {
    let old_hash = hash(old[0]);
    let mut level = shift;
    while level < u64::BITS && bit_of(old_hash, level) == bit_of(new.hash, level) {
        level += BITS;
    }
    let mut made = if level >= u64::BITS {
        clash(heap, new.hash, [old, &new.words()])
    } else {
        let (a, b) = (bit_of(old_hash, level), bit_of(new.hash, level));
        let words = new.words();
        let parts = if a < b { [old, &words] } else { [&words, old] };
        node(heap, new.stamp, a | b, 0, parts)
    };
    while level > shift {
        level -= BITS;
        made = node(heap, new.stamp, 0, bit_of(new.hash, level), [&[made]]);
    }
    made
}

fn remove<'h>(
    heap: &'h Heap,
    at: Obj<'h>,
    shift: u32,
    key: Value<'_>,
    hash: u64,
    exact: bool,
) -> Rest<'h> {
    if at.tag() == layout::HCLASH {
        return remove_clash(heap, at, key, exact);
    }
    let n = Node::of(at);
    let bit = bit_of(hash, shift);
    if n.entries & bit != 0 {
        let index = rank(n.entries, bit);
        if !same_key(n.entry(index)[0], key, exact) {
            return Rest::Missing;
        }
        let (before, after) = (&n.words[..index * ENTRY], &n.words[(index + 1) * ENTRY..]);
        return match (ones(n.entries), n.children) {
            (1, 0) => Rest::Empty,
            (2, 0) => Rest::One(triple(if before.is_empty() { after } else { before })),
            _ => Rest::Node(node(heap, 0, n.entries & !bit, n.children, [before, after])),
        };
    }
    if n.children & bit == 0 {
        return Rest::Missing;
    }
    let to = n.child_at(rank(n.children, bit));
    let Some(child) = n.words[to].object() else { return Rest::Missing };
    match remove(heap, child, shift + BITS, key, hash, exact) {
        Rest::Missing => Rest::Missing,
        Rest::Empty => {
            let parts = [&n.words[..to], &n.words[to + 1..]];
            Rest::Node(node(heap, 0, n.entries, n.children & !bit, parts))
        }
        Rest::One(entry) if n.words.len() == 1 => Rest::One(entry),
        Rest::One(entry) => {
            let from = rank(n.entries, bit) * ENTRY;
            let parts = [&n.words[..from], &entry, &n.words[from..to], &n.words[to + 1..]];
            Rest::Node(node(heap, 0, n.entries | bit, n.children & !bit, parts))
        }
        Rest::Node(child) => Rest::Node(heap.object_with(at, to, child)),
    }
}

fn remove_clash<'h>(heap: &'h Heap, at: Obj<'h>, key: Value<'_>, exact: bool) -> Rest<'h> {
    let words = at.values();
    let Some(i) = find_in_clash(words, key, exact) else { return Rest::Missing };
    let (before, after) = (&words[..i * ENTRY], &words[(i + 1) * ENTRY..]);
    match words.len() / ENTRY {
        1 => Rest::Empty,
        2 => Rest::One(triple(if before.is_empty() { after } else { before })),
        _ => Rest::Node(clash(heap, at.raw()[0], [before, after])),
    }
}

fn triple<'h>(words: &[Value<'h>]) -> [Value<'h>; ENTRY] {
    [words[0], words[1], words[2]]
}
