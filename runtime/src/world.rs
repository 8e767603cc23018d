//! Time as processes see it: monotonic, in ticks of an eighth of a millisecond since the node began. What is due
//! within one tick costs one look, so ticks are not shorter; longer ones would make timers late.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The nanoseconds of a tick.
const TICK: u64 = NS_PER_MS / TICKS_PER_MS;
/// How many ticks make a millisecond.
pub const TICKS_PER_MS: u64 = 8;
const NS_PER_MS: u64 = 1_000_000;

/// The node's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// A clock that stands at 0 now.
    pub fn start() -> Clock {
        Clock { began: Instant::now() }
    }

    /// Nanoseconds since it began.
    pub fn nanoseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The tick that has begun.
    pub fn tick(&self) -> u64 {
        self.nanoseconds() / TICK
    }

    /// The first tick that begins no earlier than `ms` milliseconds from now.
    pub fn deadline(&self, ms: u64) -> u64 {
        self.nanoseconds().saturating_add(ms.saturating_mul(NS_PER_MS)).div_ceil(TICK)
    }

    /// Whole milliseconds until a tick begins.
    pub fn milliseconds_until(&self, tick: u64) -> u64 {
        tick.saturating_mul(TICK).saturating_sub(self.nanoseconds()) / NS_PER_MS
    }

    /// How long until a tick begins.
    pub fn until(&self, tick: u64) -> Duration {
        Duration::from_nanos(tick.saturating_mul(TICK).saturating_sub(self.nanoseconds()))
    }

    /// Nanoseconds since 1970, by the system's clock.
    pub fn system_nanoseconds() -> i128 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
        }
    }
}
