//! Time as processes see it: monotonic, in ticks of an eighth of a millisecond since the node began. What is due
//! within one tick costs one look, so ticks are not shorter; longer ones would make timers late.

use parking_lot::Mutex;
use rata_vm::value::Pid;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The nanoseconds of a tick.
const TICK: u64 = NS_PER_MS / TICKS_PER_MS;
/// How many ticks make a millisecond.
pub const TICKS_PER_MS: u64 = 8;
const NS_PER_MS: u64 = 1_000_000;

/// When deterministic runs begin, in nanoseconds since 1970: with the year 2026.
const DAY_ONE: i128 = 1_767_225_600_000_000_000;

/// The node's clock.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    /// In a deterministic run: the nanoseconds that have passed, by what was done.
    passed: Option<AtomicU64>,
}

impl Clock {
    /// A clock that stands at 0 now.
    pub fn start() -> Clock {
        Clock { began: Instant::now(), passed: None }
    }

    /// A clock that stands at 0 and moves only as it is told to.
    pub fn standing() -> Clock {
        Clock { began: Instant::now(), passed: Some(AtomicU64::new(0)) }
    }

    /// So many nanoseconds pass, on a clock that has to be told.
    pub fn pass(&self, nanoseconds: u64) {
        if let Some(passed) = &self.passed {
            passed.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    /// The time passes until a tick begins, on a clock that has to be told.
    pub fn pass_until(&self, tick: u64) {
        if let Some(passed) = &self.passed {
            passed.fetch_max(tick.saturating_mul(TICK), Ordering::Relaxed);
        }
    }

    /// Nanoseconds since it began.
    pub fn nanoseconds(&self) -> u64 {
        if let Some(passed) = &self.passed {
            return passed.load(Ordering::Relaxed);
        }
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

    /// Milliseconds since it began that have really passed.
    pub fn real_milliseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds since 1970, by the system's clock.
    pub fn system_nanoseconds(&self) -> i128 {
        if self.passed.is_some() {
            return DAY_ONE + i128::from(self.nanoseconds());
        }
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
        }
    }
}

/// Who is to be told when so much time has really passed, in a deterministic run: its own clock knows nothing of that.
#[derive(Default)]
pub struct RealAlarm(Mutex<Option<(u64, Pid)>>);

impl RealAlarm {
    /// Is set, in place of what it was set to: for whom, and for when by `real_milliseconds`.
    pub fn set(&self, at: u64, whom: Pid) {
        *self.0.lock() = Some((at, whom));
    }

    /// Whom it was set for, once, if it is time.
    pub fn due(&self, clock: &Clock) -> Option<Pid> {
        let alarm = &mut *self.0.lock();
        alarm.take_if(|(at, _)| clock.real_milliseconds() >= *at).map(|(_, whom)| whom)
    }
}
