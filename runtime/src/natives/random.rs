//! Natives of Random: numbers from a generator that each process has for itself.
//!
//! In: a seed, or nothing (then the generator starts from the system's randomness). Out: numbers whose
//! sequence the seed fixes, on every machine. The generator is xoshiro256++.

use super::ops::shape::picked;
use super::support::{Answer, Arg, Seq, value};
use crate::host::WorkerHost;
use num_bigint::BigInt;
use rata_vm::data::int::{self, Int};
use rata_vm::native::Cx;
use rata_vm::value::Value;
use std::hash::{BuildHasher, RandomState};

/// A generator's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator([u64; 4]);

impl Generator {
    /// The generator that a seed starts.
    pub fn seeded(mut seed: u64) -> Generator {
        // splitmix64, as the generator's authors advise.
        Generator(std::array::from_fn(|_| {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// A generator that nobody can foretell.
    pub fn unforeseen() -> Generator {
        Generator::seeded(RandomState::new().hash_one(std::process::id()))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A float from 0 to below 1.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// An int from 0 to below `n`, all equally likely; `n` is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let mut product = self.bits() as u128 * n as u128;
        if (product as u64) < n {
            let least = n.wrapping_neg() % n;
            while (product as u64) < least {
                product = self.bits() as u128 * n as u128;
            }
        }
        (product >> 64) as u64
    }

    /// An int from 0 to below `n` of any size above 0.
    fn below_big(&mut self, n: &BigInt) -> BigInt {
        let bits = n.bits();
        loop {
            let words = (0..bits.div_ceil(32)).map(|_| (self.bits() >> 32) as u32).collect();
            let drawn = BigInt::from(num_bigint::BigUint::new(words));
            let drawn = drawn >> (bits.div_ceil(32) * 32 - bits);
            if drawn < *n {
                return drawn;
            }
        }
    }

    /// The numbers below `n` in random order, as far as `wanted` of them.
    pub fn permutation(&mut self, n: usize, wanted: usize) -> Vec<u32> {
        let mut all: Vec<u32> = (0..n as u32).collect();
        for i in 0..wanted.min(n) {
            let j = i + self.below((n - i) as u64) as usize;
            all.swap(i, j);
        }
        all.truncate(wanted);
        all
    }
}

/// The process's generator.
fn generator<'a>(cx: &'a mut Cx<'_, '_>) -> &'a mut Generator {
    let host = cx.host::<WorkerHost>().expect("processes run on workers");
    let seed = host.node.options.seed;
    let extra = host.extra();
    let serial = extra.pid.serial();
    extra.relations().random.get_or_insert_with(|| {
        Box::new(match seed {
            // Neighbours must not have the same numbers a step apart.
            Some(seed) => Generator::seeded(Generator::seeded(seed).bits() ^ serial << 1),
            None => Generator::unforeseen(),
        })
    })
}

/// `seed(n)`: the same seed, the same numbers.
pub fn random_seed<'h>(cx: &mut Cx<'h, '_>, [n]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("Random.seed", "n");
    if !int::is_int(n) {
        return Err(arg.wrong(cx, "an int", n));
    }
    *generator(cx) = Generator::seeded(rata_vm::hash::hash(n));
    value(Value::symbol(rata_vm::sym::OK))
}

/// `uniform(low, high)`: a float from low to below high.
pub fn random_uniform<'h>(cx: &mut Cx<'h, '_>, [low, high]: [Value<'h>; 2]) -> Answer<'h> {
    let from = Arg("Random.uniform", "low").float(cx, low)?;
    let to = Arg("Random.uniform", "high").float(cx, high)?;
    if from.is_nan() || to.is_nan() || to < from {
        return Err(Arg("Random.uniform", "high").bad(cx, "at least low", high));
    }
    let u = generator(cx).uniform();
    // Rounding may reach `to`, which is not included.
    let f = from + u * (to - from);
    value(cx.heap().float(if f >= to && to > from { to.next_down() } else { f }))
}

/// `int(low, high)`: both included.
pub fn random_int<'h>(cx: &mut Cx<'h, '_>, [low, high]: [Value<'h>; 2]) -> Answer<'h> {
    let heap = cx.heap();
    let from = super::math::int_of(cx, Arg("Random.int", "low"), low)?;
    let to = super::math::int_of(cx, Arg("Random.int", "high"), high)?;
    if let (Int::Small(a), Int::Small(b)) = (&from, &to)
        && a <= b
    {
        let drawn = generator(cx).below(b.wrapping_sub(*a) as u64 + 1);
        return value(heap.int(a.wrapping_add(drawn as i64)));
    }
    let (from, to) = (from.into_big(), to.into_big());
    if to < from {
        return Err(Arg("Random.int", "high").bad(cx, "at least low", high));
    }
    let span: BigInt = to - &from + 1;
    cx.charge(span.bits() / 256);
    let drawn = generator(cx).below_big(&span);
    value(int::from_bigint(heap, &(from + drawn)))
}

/// `normal(mean, sd)`: a float, normally distributed.
pub fn random_normal<'h>(cx: &mut Cx<'h, '_>, [mean, sd]: [Value<'h>; 2]) -> Answer<'h> {
    let mean = Arg("Random.normal", "mean").float(cx, mean)?;
    let deviation = Arg("Random.normal", "sd").float(cx, sd)?;
    let generator = generator(cx);
    // Box and Muller's way, one of the two numbers left out so that each call draws the same.
    let u = 1.0 - generator.uniform();
    let v = generator.uniform();
    let z = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    value(cx.heap().float(mean + deviation * z))
}

fn sequence<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    coll: Value<'h>,
) -> Result<Seq<'h>, Value<'h>> {
    Arg(function, "coll").seq(cx, coll)
}

/// `shuffle(coll)`
pub fn random_shuffle<'h>(cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
    let seq = sequence(cx, "Random.shuffle", coll)?;
    draw(cx, seq, seq.len())
}

fn draw<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, n: usize) -> Answer<'h> {
    let len = seq.len();
    let arg = Arg("Random.shuffle", "coll");
    if len > u32::MAX as usize || !cx.heap().may_build(len * 4) {
        return Err(arg.too_large(cx));
    }
    cx.charge(len as u64 / 64);
    let order = generator(cx).permutation(len, n);
    picked(cx, seq, n, move |i| order[i] as usize)
}

/// `sample(coll, n, replace)`: n entries, each at most once unless `replace` is true.
pub fn random_sample<'h>(cx: &mut Cx<'h, '_>, [coll, n, replace]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = sequence(cx, "Random.sample", coll)?;
    let arg = Arg("Random.sample", "n");
    let wanted = arg.count(cx, n)?;
    let len = seq.len();
    if !Arg("Random.sample", "replace").bool(cx, replace)? {
        if wanted > len {
            return Err(arg.bad(cx, &format!("at most {len} without replace: true"), n));
        }
        // Few out of many, such as out of a long range: no need to lay out all of them.
        if wanted < len / 16 {
            return sparse(cx, seq, wanted);
        }
        return draw(cx, seq, wanted);
    }
    if len == 0 && wanted > 0 {
        return Err(Arg("Random.sample", "coll").bad(cx, "a collection with entries", coll));
    }
    if !cx.heap().may_build(wanted.saturating_mul(8)) {
        return Err(arg.too_large(cx));
    }
    cx.charge(wanted as u64 / 16);
    let generator = generator(cx);
    let drawn: Vec<u64> = (0..wanted).map(|_| generator.below(len as u64)).collect();
    picked(cx, seq, wanted, move |i| drawn[i] as usize)
}

/// Draws indices until so many different ones have come.
fn sparse<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, wanted: usize) -> Answer<'h> {
    cx.charge(wanted as u64 / 16);
    let generator = generator(cx);
    let mut seen = foldhash::HashSet::default();
    let mut drawn = Vec::with_capacity(wanted);
    while drawn.len() < wanted {
        let index = generator.below(seq.len() as u64);
        if seen.insert(index) {
            drawn.push(index);
        }
    }
    picked(cx, seq, wanted, move |i| drawn[i] as usize)
}

/// `random(coll)`: one of the entries; nil if there is none.
pub fn random_pick<'h>(cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
    let seq = sequence(cx, "Enum.random", coll)?;
    if seq.is_empty() {
        return value(Value::NIL);
    }
    let index = generator(cx).below(seq.len() as u64) as usize;
    value(seq.get(cx.heap(), index).unwrap_or(Value::NIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence() {
        let draw = |seed| {
            let mut generator = Generator::seeded(seed);
            (0..5).map(|_| generator.bits()).collect::<Vec<_>>()
        };
        assert_eq!(draw(42), draw(42));
        assert_ne!(draw(42), draw(43));
    }

    #[test]
    fn ints_are_in_range_and_even() {
        let mut generator = Generator::seeded(1);
        let mut counts = [0; 6];
        for _ in 0..60_000 {
            counts[generator.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (9_500..10_500).contains(&n)), "{counts:?}");
        let huge = BigInt::from(10).pow(40);
        for _ in 0..100 {
            let drawn = generator.below_big(&huge);
            assert!(drawn >= BigInt::ZERO && drawn < huge);
        }
    }

    #[test]
    fn a_permutation_has_every_number_once() {
        let mut order = Generator::seeded(7).permutation(100, 100);
        assert_ne!(order, (0..100).collect::<Vec<u32>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<u32>>());
        assert_eq!(Generator::seeded(7).permutation(100, 3).len(), 3);
    }
}
