//! How long a process's turns are.
//!
//! A reduction is a call, but what lies between two calls takes one nanosecond in compiled code and a hundred where
//! natives are called. So that a turn takes about as long whoever has it, the turns of a process that uses them up are
//! measured, and the next one has more reductions or fewer.

/// How long a turn is to take, in nanoseconds.
const TURN: u64 = 40_000;
/// A turn's reductions are at least the usual ones divided by this, …
const LEAST: i64 = 4;
/// … and at most so many times the usual ones.
const MOST: i64 = 4;

/// See the module's description.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// The reductions of a turn, in 64ths of the usual number.
    share: u16,
    /// Whether it used up its last turn.
    busy: bool,
}

/// The share that is the usual number of reductions.
const USUAL: u16 = 64;

impl Default for Pace {
    fn default() -> Pace {
        Pace { share: USUAL, busy: false }
    }
}

impl Pace {
    /// The reductions of its next turn, where `usual` is the number for a process of which nothing is known.
    pub fn budget(self, usual: i64) -> i64 {
        match self.share {
            USUAL => usual,
            share => (usual.saturating_mul(i64::from(share)) / i64::from(USUAL)).max(1),
        }
    }

    /// Whether its next turn should be measured.
    pub fn is_busy(self) -> bool {
        self.busy
    }

    /// It has used up its turn, in so many nanoseconds if that was measured.
    pub fn after_full_turn(self, took: Option<u64>) -> Pace {
        let Some(took) = took else { return Pace { busy: true, ..self } };
        let usual = i64::from(USUAL);
        let fitting = u64::from(self.share) * TURN / took.max(1);
        let fitting = i64::try_from(fitting).unwrap_or(i64::MAX).clamp(usual / LEAST, usual * MOST);
        // One turn may have been held up: it counts for half.
        let missing = fitting - i64::from(self.share);
        let share = i64::from(self.share) + (missing + missing.signum()) / 2;
        Pace { share: share as u16, busy: true }
    }

    /// It has not used up its turn.
    pub fn after_rest(self) -> Pace {
        Pace { busy: false, ..self }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn settled(ns_per_reduction: f64) -> i64 {
        let mut pace = Pace::default();
        assert!(!pace.is_busy());
        pace = pace.after_full_turn(None);
        for _ in 0..20 {
            assert!(pace.is_busy());
            let took = pace.budget(4000) as f64 * ns_per_reduction;
            pace = pace.after_full_turn(Some(took as u64));
        }
        pace.budget(4000)
    }

    #[test]
    fn turns_come_to_take_about_as_long() {
        for ns in [3.0, 5.0, 10.0, 20.0, 35.0] {
            let took = settled(ns) * ns as i64;
            assert!((35_000..=45_000).contains(&took), "{took} at {ns} a reduction");
        }
        assert_eq!(settled(0.5), 16_000);
        assert_eq!(settled(500.0), 1000);
    }

    #[test]
    fn one_long_turn_changes_little_and_not_for_long() {
        let mut pace = Pace::default().after_full_turn(None);
        pace = pace.after_full_turn(Some(30_000_000));
        assert!(pace.budget(4000) >= 2000);
        for _ in 0..10 {
            pace = pace.after_full_turn(Some(pace.budget(4000) as u64 * 10));
        }
        assert!((3800..=4200).contains(&pace.budget(4000)));
        assert!(!pace.after_rest().is_busy());
    }

    #[test]
    fn a_turn_of_one_reduction_stays_one() {
        let pace = Pace::default().after_full_turn(None).after_full_turn(Some(1 << 40));
        assert_eq!(pace.budget(1), 1);
    }
}
