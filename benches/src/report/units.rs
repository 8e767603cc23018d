//! Figures as people read them: three digits and the unit that suits.

use crate::workload::Unit;

/// A figure with its unit.
pub(super) fn value(v: f64, unit: Unit) -> String {
    match unit {
        Unit::Micros => scaled(v * 1000.0, &[("ns", 1e3), ("µs", 1e3), ("ms", 1e4), ("s", 1e9)]),
        Unit::Nanos => scaled(v, &[("ns", 1e4), ("µs", 1e3), ("ms", 1e4), ("s", 1e9)]),
        Unit::Bytes => bytes(v),
        Unit::PerSecond => scaled(v, &[("/s", 1e3), ("k/s", 1e3), ("M/s", 1e9)]),
    }
}

/// Divides by 1000 from unit to unit until the value is below the unit's limit.
fn scaled(mut v: f64, units: &[(&str, f64)]) -> String {
    for (i, (name, limit)) in units.iter().enumerate() {
        if v.abs() < *limit || i + 1 == units.len() {
            return format!("{} {name}", digits(v));
        }
        v /= 1000.0;
    }
    digits(v)
}

fn bytes(v: f64) -> String {
    match v {
        v if v.abs() < 10_240.0 => format!("{v:.0} B"),
        v if v.abs() < 1024.0 * 1024.0 => format!("{} KiB", digits(v / 1024.0)),
        v => format!("{} MiB", digits(v / (1024.0 * 1024.0))),
    }
}

/// A number with about three digits.
pub(super) fn digits(v: f64) -> String {
    match v.abs() {
        a if a >= 99.95 => format!("{v:.0}"),
        a if a >= 9.995 => format!("{v:.1}"),
        _ => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_choose_their_unit() {
        assert_eq!(value(274_123.4, Unit::Micros), "274 ms");
        assert_eq!(value(9_500.0, Unit::Micros), "9.50 ms");
        assert_eq!(value(812.3, Unit::Micros), "812 µs");
        assert_eq!(value(55_000_000.0, Unit::Micros), "55.0 s");
        assert_eq!(value(604.0, Unit::Nanos), "604 ns");
        assert_eq!(value(329_000.0, Unit::Nanos), "329 µs");
        assert_eq!(value(17_000_000.0, Unit::Nanos), "17.0 ms");
    }

    #[test]
    fn memory_and_rates() {
        assert_eq!(value(2725.0, Unit::Bytes), "2725 B");
        assert_eq!(value(34.0 * 1024.0 * 1024.0, Unit::Bytes), "34.0 MiB");
        assert_eq!(value(20.0 * 1024.0, Unit::Bytes), "20.0 KiB");
        assert_eq!(value(200_000.0, Unit::PerSecond), "200 k/s");
        assert_eq!(value(8_500.0, Unit::PerSecond), "8.50 k/s");
        assert_eq!(value(42.0, Unit::PerSecond), "42.0 /s");
    }

    #[test]
    fn three_digits() {
        assert_eq!(digits(2.1349), "2.13");
        assert_eq!(digits(21.349), "21.3");
        assert_eq!(digits(213.49), "213");
        assert_eq!(digits(99.96), "100");
        assert_eq!(digits(0.004), "0.00");
    }
}
