//! Tries of many entries at once, or of the few too many of a bucket.
//!
//! In: entries with their hashes, whose keys are all different. Out: a node that holds them, or (of large maps)
//! nodes of parts of them, and then the node of all parts.

use super::node::{CAPACITY, ENTRY, Entry, MOST_BITS, bucket, clash, directory, place_of, triple};
use crate::heap::{Heap, layout};
use crate::value::Value;
use smallvec::SmallVec;

/// Places of a directory, at most.
const WIDTH: usize = 1 << MOST_BITS;
/// Into so many places entries are put that a place gets no more than this, on average.
const AVERAGE: usize = 12;
/// Maps of more entries are built in more parts.
const LARGE: usize = 1 << 14;

/// A node of these entries; nil if there are none.
pub(crate) fn build_node<'h>(
    heap: &'h Heap,
    entries: &mut [Entry<'h>],
    stamp: u64,
    shift: u32,
    depth: u32,
) -> Value<'h> {
    if entries.len() <= CAPACITY {
        return bucket(heap, stamp, depth, entries);
    }
    let mut room = entries.to_vec();
    sort(heap, entries, &mut room, stamp, shift)
}

/// The node of entries that are too many for a bucket; `room` is for as many.
fn sort<'h>(
    heap: &'h Heap,
    entries: &mut [Entry<'h>],
    room: &mut [Entry<'h>],
    stamp: u64,
    shift: u32,
) -> Value<'h> {
    let first = entries[0].hash;
    if entries.iter().all(|e| e.hash == first) {
        let words: Vec<Value<'h>> = entries.iter().flat_map(|e| e.words).collect();
        return clash(heap, first, [&words]);
    }
    let mut bits = (1..MOST_BITS).find(|b| entries.len() >> b <= AVERAGE).unwrap_or(MOST_BITS);
    let mut starts = starts_of(entries, shift, bits);
    while bits < MOST_BITS && starts.windows(2).any(|s| s[1] - s[0] > CAPACITY) {
        bits += 1;
        starts = starts_of(entries, shift, bits);
    }
    let mut next = starts;
    for e in entries.iter() {
        let to = &mut next[place_of(e.hash >> shift, bits)];
        room[*to] = *e;
        *to += 1;
    }
    let words: SmallVec<[Value<'h>; WIDTH]> = (0..1 << bits)
        .map(|place| {
            let part = starts[place]..starts[place + 1];
            match part.len() {
                0..=CAPACITY => bucket(heap, stamp, bits, &room[part]),
                _ => sort(heap, &mut room[part.clone()], &mut entries[part], stamp, shift + bits),
            }
        })
        .collect();
    directory(heap, stamp, bits, &words)
}

/// Where the entries of each place begin, once they are in the places' order, and where the last end.
fn starts_of(entries: &[Entry<'_>], shift: u32, bits: u32) -> [usize; WIDTH + 1] {
    let mut starts = [0; WIDTH + 1];
    for e in entries {
        starts[place_of(e.hash >> shift, bits) + 1] += 1;
    }
    for place in 0..WIDTH {
        starts[place + 1] += starts[place];
    }
    starts
}

/// The trie whose root this is: so many entries, the next with this number.
pub(crate) fn root_object<'h>(
    heap: &'h Heap,
    flags: u8,
    len: usize,
    next: usize,
    root: Value<'h>,
) -> Value<'h> {
    heap.object(layout::HMAP, flags, 0, &[len as u64, next as u64], &[root])
}

fn flags_of(exact: bool) -> u8 {
    if exact { layout::EXACT_TEXT } else { 0 }
}

/// A trie of entries with their hashes, in order.
pub(crate) fn build<'h>(
    heap: &'h Heap,
    entries: Vec<(u64, Value<'h>, Value<'h>)>,
    exact: bool,
) -> Value<'h> {
    let len = entries.len();
    let numbered = entries.into_iter().enumerate();
    let mut entries: Vec<Entry<'h>> =
        numbered.map(|(i, (hash, key, value))| Entry::nth(i, hash, key, value)).collect();
    let root = build_node(heap, &mut entries, 0, 0, 0);
    root_object(heap, flags_of(exact), len, len, root)
}

/// Into how many parts a trie of so many entries is built one after the other.
pub(crate) fn parts_of(len: usize) -> usize {
    if len > LARGE { WIDTH * WIDTH } else { WIDTH }
}

/// In which of so many parts of a trie an entry is.
pub(crate) fn part_of(hash: u64, parts: usize) -> usize {
    hash as usize & (parts - 1)
}

/// One of so many parts: a node of its entries, or nil.
pub(crate) fn build_part<'h>(
    heap: &'h Heap,
    mut entries: Vec<Entry<'h>>,
    parts: usize,
) -> Value<'h> {
    build_node(heap, &mut entries, 0, parts.trailing_zeros(), MOST_BITS)
}

/// The trie of these parts, `len` entries in all.
pub(crate) fn join_parts<'h>(
    heap: &'h Heap,
    parts: &[Value<'h>],
    len: usize,
    exact: bool,
) -> Value<'h> {
    let join = |parts: &[Value<'h>]| directory(heap, 0, MOST_BITS, parts);
    let root = match parts.len() {
        WIDTH => join(parts),
        _ => {
            let of = |low: usize| -> SmallVec<[Value<'h>; WIDTH]> {
                parts.iter().skip(low).step_by(WIDTH).copied().collect()
            };
            let second: Vec<Value<'h>> = (0..WIDTH).map(|low| join(&of(low))).collect();
            join(&second)
        }
    };
    root_object(heap, flags_of(exact), len, len, root)
}

/// The hashes of a bucket's or clash's entries: `hash` is asked for each.
pub(crate) fn entries_of<'h>(
    words: &[Value<'h>],
    hash: impl Fn(Value<'h>) -> u64,
) -> Vec<Entry<'h>> {
    let entry = |e: &[Value<'h>]| Entry { hash: hash(e[0]), words: triple(e) };
    words.chunks_exact(ENTRY).map(entry).collect()
}
