//! Gathering values of any kinds, one at a time, in the heap: what the loops of Enum collect into.
//!
//! In: what was gathered so far ([`start`] at first) and one more value. Out: a vector-like object
//! with that value behind, amortised O(1). Such an object keeps every value as it came, whatever the
//! kinds, so it is no vector in normal form: it stays inside the standard library, which makes a
//! vector or a list of [`values`] in the end.

use super::vector::{self, Entries, VecRef};
use crate::heap::Heap;
use crate::heap::buf::{End, Slice};
use crate::value::{Kind, Value};

/// Nothing gathered yet.
pub fn start() -> Value<'static> {
    vector::empty()
}

/// What was gathered, and then `value`; nothing if it is more than a vector may hold.
#[inline]
pub fn push<'h>(heap: &'h Heap, gathered: Value<'h>, value: Value<'h>) -> Option<Value<'h>> {
    let one = Slice::Words(std::slice::from_ref(&value));
    match (gathered.as_vec().map(VecRef::entries), gathered.object()) {
        (Some(Entries::Words(_)), Some(object)) => {
            heap.vec_extend(Kind::Vector, object, one, End::Back)
        }
        _ => heap.vec_of(Kind::Vector, [one], 4, End::Back),
    }
}

/// The values gathered.
pub fn values(gathered: Value<'_>) -> &[Value<'_>] {
    match gathered.as_vec().map(VecRef::entries) {
        Some(Entries::Words(values)) => values,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_value_as_it_came() {
        let mut heap = Heap::new();
        heap.set_stress(true);
        let mut kept = start().word();
        for i in 0..1000 {
            let before = heap.value(kept);
            let value = match i % 4 {
                0 => heap.int(i),
                1 => heap.float(i as f64),
                2 => heap.string("text"),
                _ => heap.list(&[heap.int(i)]),
            };
            kept = push(&heap, before, value).unwrap().word();
            assert_eq!(values(before).len() as i64, i, "the older value is not touched");
            heap.collect(&mut |visit: &mut dyn FnMut(&mut crate::value::Word)| visit(&mut kept));
        }
        let all = values(heap.value(kept));
        assert_eq!(all.len(), 1000);
        assert_eq!(all[500].as_small(), Some(500));
        assert_eq!(all[501].as_float(), Some(501.0));
        assert_eq!(all[502].as_str(), Some("text"));
        assert_eq!(all[503].as_list().unwrap()[0].as_small(), Some(503));
    }
}
