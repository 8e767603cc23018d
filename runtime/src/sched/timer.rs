//! Deadlines: a hierarchical timing wheel per worker, with cancellation in O(1).
//!
//! An entry sits in the slot of the highest wheel in
//! which its deadline differs from the current tick, and moves down as the time comes nearer. A
//! timer never fires early: its tick is the deadline rounded up, and a tick is over when the clock
//! says so. Entries live in a slab; a key carries the entry's generation, so that a key kept too
//! long cancels nothing.

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const WHEELS: usize = 8;
/// The last tick there is, a thousand years after the node began: later deadlines count as this one.
const LAST: u64 = (1 << (BITS * WHEELS as u32)) - 1;
const NONE: u32 = u32::MAX;

/// Names a timer of one wheel set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimerKey {
    /// The worker whose wheels hold it.
    pub shard: u32,
    index: u32,
    generation: u32,
}

struct Entry<T> {
    deadline: u64,
    generation: u32,
    next: u32,
    prev: u32,
    place: u16,
    value: Option<T>,
}

/// The wheels of one worker.
pub struct Timers<T> {
    shard: u32,
    now: u64,
    entries: Vec<Entry<T>>,
    free: u32,
    /// First and last entry of each slot: what is due at the same tick fires in the order it was set.
    ends: Vec<(u32, u32)>,
    occupied: [u64; WHEELS],
    len: usize,
}

impl<T> Timers<T> {
    /// Empty wheels that stand at tick 0.
    pub fn new(shard: u32) -> Timers<T> {
        Timers {
            shard,
            now: 0,
            entries: Vec::new(),
            free: NONE,
            ends: vec![(NONE, NONE); SLOTS * WHEELS],
            occupied: [0; WHEELS],
            len: 0,
        }
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets a timer; a deadline in the past fires at the next `advance`.
    pub fn insert(&mut self, deadline: u64, value: T) -> TimerKey {
        let entry =
            Entry { deadline, generation: 0, next: NONE, prev: NONE, place: 0, value: Some(value) };
        let index = match self.free {
            NONE => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
            index => {
                let slot = &mut self.entries[index as usize];
                self.free = slot.next;
                *slot = Entry { generation: slot.generation, ..entry };
                index
            }
        };
        self.len += 1;
        self.link(index);
        TimerKey { shard: self.shard, index, generation: self.entries[index as usize].generation }
    }

    /// Takes a timer back before it fires.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let entry = self.entries.get(key.index as usize)?;
        if entry.generation != key.generation || entry.value.is_none() {
            return None;
        }
        self.unlink(key.index);
        let value = self.entries[key.index as usize].value.take();
        self.release(key.index);
        value
    }

    /// The deadline and value of a timer that has not fired.
    pub fn get(&self, key: TimerKey) -> Option<(u64, &T)> {
        let entry = self.entries.get(key.index as usize)?;
        let value = entry.value.as_ref().filter(|_| entry.generation == key.generation)?;
        Some((entry.deadline, value))
    }

    /// The earliest tick at which `advance` may find something to do.
    pub fn next_tick(&self) -> Option<u64> {
        (0..WHEELS).find_map(|wheel| {
            let shift = BITS * wheel as u32;
            let at = (self.now >> shift) & (SLOTS as u64 - 1);
            // Slots after the current one; the current one of wheel 0 holds what is overdue.
            let from = if wheel == 0 { at } else { at + 1 };
            let ahead = self.occupied[wheel].checked_shr(from as u32).unwrap_or(0);
            if ahead == 0 {
                return None;
            }
            let slot = from + u64::from(ahead.trailing_zeros());
            let base = self.now >> (shift + BITS) << (shift + BITS);
            Some((base + (slot << shift)).max(self.now))
        })
    }

    /// Moves the wheels to `tick` and hands out what is due by then, earliest first. What comes back with
    /// a later deadline is set again, under the same key.
    pub fn advance(&mut self, tick: u64, mut fire: impl FnMut(T) -> Option<(u64, T)>) {
        while let Some(next) = self.next_tick().filter(|next| *next <= tick) {
            self.now = next;
            self.cascade();
            let slot = (next & (SLOTS as u64 - 1)) as usize;
            while self.ends[slot].0 != NONE {
                let index = self.ends[slot].0;
                self.unlink(index);
                let entry = &mut self.entries[index as usize];
                match fire(entry.value.take().expect("a timer that is set")) {
                    Some((deadline, value)) => {
                        entry.deadline = deadline;
                        entry.value = Some(value);
                        self.link(index);
                    }
                    None => self.release(index),
                }
            }
        }
        self.now = self.now.max(tick);
        self.cascade();
    }

    /// Moves down what the upper wheels hold for the current tick's neighbourhood.
    fn cascade(&mut self) {
        for wheel in (1..WHEELS).rev() {
            let at = (self.now >> (BITS * wheel as u32)) as usize & (SLOTS - 1);
            let place = wheel * SLOTS + at;
            while self.ends[place].0 != NONE {
                let index = self.ends[place].0;
                self.unlink(index);
                self.link(index);
            }
        }
    }

    fn link(&mut self, index: u32) {
        let tick = self.entries[index as usize].deadline.clamp(self.now, LAST);
        let differs = 63 - (tick ^ self.now | 1).leading_zeros();
        let wheel = (differs / BITS) as usize;
        let slot = (tick >> (BITS * wheel as u32)) as usize & (SLOTS - 1);
        let place = wheel * SLOTS + slot;
        let (first, last) = self.ends[place];
        if last == NONE {
            self.ends[place] = (index, index);
        } else {
            self.entries[last as usize].next = index;
            self.ends[place] = (first, index);
        }
        let entry = &mut self.entries[index as usize];
        entry.place = place as u16;
        entry.prev = last;
        entry.next = NONE;
        self.occupied[wheel] |= 1 << slot;
    }

    fn unlink(&mut self, index: u32) {
        let Entry { next, prev, place, .. } = self.entries[index as usize];
        let place = usize::from(place);
        match next {
            NONE => self.ends[place].1 = prev,
            _ => self.entries[next as usize].prev = prev,
        }
        match prev {
            NONE => self.ends[place].0 = next,
            _ => self.entries[prev as usize].next = next,
        }
        if self.ends[place].0 == NONE {
            self.occupied[place / SLOTS] &= !(1 << (place % SLOTS));
        }
    }

    fn release(&mut self, index: u32) {
        let free = self.free;
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = free;
        self.free = index;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_at_its_tick_and_not_before() {
        for deadline in [0, 1, 5, 63, 64, 65, 4095, 4096, 100_000, 5_000_000, u64::MAX >> 20] {
            for start in [0, 1, 63, 64, 1000] {
                let mut timers = Timers::new(0);
                timers.advance(start, |()| unreachable!());
                timers.insert(start + deadline, ());
                let mut fired = 0;
                if deadline > 0 {
                    timers.advance(start + deadline - 1, |()| unreachable!());
                }
                timers.advance(start + deadline, |()| {
                    fired += 1;
                    None
                });
                assert_eq!(fired, 1, "{deadline} after {start}");
                assert!(timers.is_empty());
            }
        }
    }

    #[test]
    fn fires_in_the_order_set_at_one_tick() {
        for deadline in [3, 70, 5_000, 300_000] {
            let mut timers = Timers::new(0);
            for n in 0..5u32 {
                timers.insert(deadline, n);
                timers.advance(u64::from(n) % deadline, |_| unreachable!());
            }
            timers.advance(deadline - 1, |_| unreachable!());
            timers.insert(deadline, 5);
            let mut fired = Vec::new();
            timers.advance(deadline, |n| {
                fired.push(n);
                None
            });
            assert_eq!(fired, [0, 1, 2, 3, 4, 5], "{deadline}");
        }
    }

    #[test]
    fn what_comes_back_is_set_again_under_its_key() {
        for later in [1, 40, 100, 70_000] {
            let mut timers = Timers::new(0);
            let key = timers.insert(20, 'a');
            timers.advance(25, |value| Some((25 + later, value)));
            assert_eq!((timers.len(), timers.get(key)), (1, Some((25 + later, &'a'))));
            timers.advance(24 + later, |_| unreachable!());
            let mut fired = 0;
            timers.advance(25 + later, |_| {
                fired += 1;
                None
            });
            assert_eq!((fired, timers.cancel(key)), (1, None), "{later}");
            assert!(timers.is_empty());
        }
    }

    #[test]
    fn agrees_with_a_sorted_list() {
        let mut seed = 12345u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % below
        };
        let mut timers = Timers::new(0);
        let mut model: Vec<(u64, u32, TimerKey)> = Vec::new();
        let mut again = std::collections::HashMap::new();
        let mut now = 0;
        for n in 0..20_000 {
            match random(10) {
                0..=5 => {
                    let range = [10, 100, 5_000, 300_000][random(4) as usize];
                    let deadline = now + random(range);
                    if random(4) == 0 {
                        again.insert(n, deadline + 1 + random(range));
                    }
                    model.push((deadline, n, timers.insert(deadline, n)));
                }
                6 | 7 if !model.is_empty() => {
                    let (_, value, key) = model.swap_remove(random(model.len() as u64) as usize);
                    assert_eq!(timers.cancel(key), Some(value));
                    assert_eq!(timers.cancel(key), None);
                }
                _ => {
                    now += random(2_000);
                    let mut fired = Vec::new();
                    timers.advance(now, |value| {
                        // Some are set again, once.
                        if let Some(again) = again.remove(&value) {
                            let entry = model.iter_mut().find(|m| m.1 == value).unwrap();
                            entry.0 = again;
                            return Some((again, value));
                        }
                        fired.push(value);
                        None
                    });
                    let mut expected: Vec<u32> =
                        model.iter().filter(|m| m.0 <= now).map(|m| m.1).collect();
                    model.retain(|m| m.0 > now);
                    fired.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(fired, expected);
                    assert_eq!(timers.len(), model.len());
                    if let Some(next) = timers.next_tick() {
                        let earliest = model.iter().map(|m| m.0).min().unwrap();
                        assert!(next <= earliest && next > now);
                    }
                }
            }
        }
    }
}
