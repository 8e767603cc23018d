//! Floats on their way into a vector.
//!
//! In: how many there will be, then they themselves, in pieces. Out: a vector of them. Many are written where
//! they will stay, outside the heap, so that nothing is copied.
#![allow(unsafe_code)]

use super::Heap;
use super::buf::{End, MAX_LEN, OFF_HEAP_BYTES, Slice};
use super::shared::{self, SharedBuf};
use crate::value::{Kind, Value};

/// See the module.
pub(crate) struct FloatRoom(Place);

enum Place {
    Here(Vec<f64>),
    /// Owned, by the one reference there is; so many entries are written.
    Outside(*mut SharedBuf, usize),
}

// SAFETY: nobody else knows of the buffer.
unsafe impl Send for FloatRoom {}

impl FloatRoom {
    /// Room for so many floats.
    pub(crate) fn with_capacity(entries: usize) -> FloatRoom {
        match entries.saturating_mul(8) {
            bytes if bytes > OFF_HEAP_BYTES && entries <= MAX_LEN => {
                FloatRoom(Place::Outside(SharedBuf::create_written(bytes), 0))
            }
            _ => FloatRoom(Place::Here(Vec::with_capacity(entries))),
        }
    }

    /// So many more floats, to be written; no more than there is room for.
    #[inline]
    pub(crate) fn more(&mut self, n: usize) -> &mut [f64] {
        match &mut self.0 {
            Place::Here(here) => {
                let from = here.len();
                here.resize(from + n, 0.0);
                &mut here[from..]
            }
            // SAFETY: the buffer is ours alone, has the room, and all of it has been written before.
            Place::Outside(buf, len) => unsafe {
                assert!(n <= (**buf).capacity() / 8 - *len, "more floats than there is room for");
                let from = shared::data(*buf).cast::<f64>().add(*len);
                *len += n;
                std::slice::from_raw_parts_mut(from, n)
            },
        }
    }

    /// The vector of them, of at least two; nothing if they are too many.
    pub(crate) fn vector(self, heap: &Heap) -> Option<Value<'_>> {
        match &self.0 {
            Place::Here(floats) => heap.vec_of(Kind::Float, [Slice::Floats(floats)], 0, End::Back),
            Place::Outside(buf, len) => {
                let (buf, len) = (*buf, *len);
                // The heap takes over the reference.
                std::mem::forget(self);
                // SAFETY: the buffer was ours alone, and its first `len` entries are written.
                Some(unsafe { heap.vec_of_shared(Kind::Float, buf, len) })
            }
        }
    }

    /// The floats so far.
    pub(crate) fn floats(&self) -> &[f64] {
        match &self.0 {
            Place::Here(floats) => floats,
            // SAFETY: so many are written.
            Place::Outside(buf, len) => unsafe {
                std::slice::from_raw_parts(shared::data(*buf).cast::<f64>(), *len)
            },
        }
    }
}

impl Drop for FloatRoom {
    fn drop(&mut self) {
        if let Place::Outside(buf, _) = self.0 {
            // SAFETY: the reference is ours.
            unsafe { shared::release(buf, 1) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_come_out_as_they_went_in() {
        for n in [2usize, 100, 512, 513, 5000] {
            let heap = Heap::new();
            let floats: Vec<f64> = (0..n).map(|i| i as f64 / 3.0).collect();
            let mut room = FloatRoom::with_capacity(n);
            floats.chunks(300).for_each(|piece| room.more(piece.len()).copy_from_slice(piece));
            assert_eq!(room.floats(), floats);
            let vec = room.vector(&heap).and_then(Value::as_vec).unwrap();
            let found: Vec<f64> = vec.iter(&heap).filter_map(Value::as_float).collect();
            assert_eq!(found, floats);
            assert!(heap.used_bytes() >= n * 8);
        }
    }

    #[test]
    fn what_is_given_up_is_freed() {
        let mut room = FloatRoom::with_capacity(1 << 16);
        room.more(100).fill(1.0);
        drop(room);
    }
}
