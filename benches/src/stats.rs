//! The little statistics a comparison needs.
//!
//! What enters: samples. What leaves: medians, ranges and ratios; nothing where there is nothing to tell.

/// The middle of some samples and how far they reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median: the typical value.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

/// The median of samples; of an even number, the mean of the two in the middle.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Median, minimum and maximum.
pub fn spread(samples: &[f64]) -> Option<Spread> {
    let median = median(samples)?;
    let min = samples.iter().copied().min_by(f64::total_cmp)?;
    let max = samples.iter().copied().max_by(f64::total_cmp)?;
    Some(Spread { median, min, max })
}

/// How many times better than `other` `ours` is: above 1, ours wins. The middle is the ratio of the medians; the
/// range is that of the pairs, which ran one right after the other. `higher_wins` is for rates.
pub fn ratio(other: &[f64], ours: &[f64], higher_wins: bool) -> Option<Spread> {
    let (above, below) = if higher_wins { (ours, other) } else { (other, ours) };
    let quotient = |a: f64, b: f64| (a > 0.0 && b > 0.0).then(|| a / b);
    let middle = quotient(median(above)?, median(below)?)?;
    let pairs: Vec<f64> = above.iter().zip(below).filter_map(|(&a, &b)| quotient(a, b)).collect();
    let reach = spread(&pairs);
    Some(Spread {
        median: middle,
        min: reach.map_or(middle, |s| s.min.min(middle)),
        max: reach.map_or(middle, |s| s.max.max(middle)),
    })
}

/// The geometric mean: the fair average of ratios.
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() || ratios.iter().any(|r| *r <= 0.0) {
        return None;
    }
    let sum: f64 = ratios.iter().map(|r| r.ln()).sum();
    Some((sum / ratios.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_even_and_none() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn spread_reaches_from_least_to_most() {
        assert_eq!(spread(&[5.0, 1.0, 3.0]), Some(Spread { median: 3.0, min: 1.0, max: 5.0 }));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn ratio_is_of_medians_and_its_range_of_pairs() {
        let r = ratio(&[10.0, 12.0, 11.0], &[5.0, 4.0, 5.5], false).unwrap();
        assert!((r.median - 2.2).abs() < 1e-12);
        assert!((r.min - 2.0).abs() < 1e-12);
        assert!((r.max - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_rate_wins_by_being_higher() {
        let r = ratio(&[8.0], &[16.0], true).unwrap();
        assert_eq!((r.median, r.min, r.max), (2.0, 2.0, 2.0));
    }

    #[test]
    fn the_range_always_holds_the_middle() {
        // Medians may come from different pairs: the ratio of medians can lie outside the pairs' range.
        let r = ratio(&[1.0, 10.0, 100.0], &[100.0, 10.0, 1.0], false).unwrap();
        assert!(r.min <= r.median && r.median <= r.max);
        let uneven = ratio(&[1.0, 2.0, 3.0], &[2.0], false).unwrap();
        assert!(uneven.min <= uneven.median && uneven.median <= uneven.max);
    }

    #[test]
    fn nothing_to_divide_by_gives_nothing() {
        assert_eq!(ratio(&[1.0], &[0.0], false), None);
        assert_eq!(ratio(&[], &[1.0], false), None);
        assert_eq!(ratio(&[1.0], &[], false), None);
    }

    #[test]
    fn geometric_mean_of_ratios() {
        assert!((geometric_mean(&[2.0, 8.0]).unwrap() - 4.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[]), None);
        assert_eq!(geometric_mean(&[1.0, 0.0]), None);
    }
}
