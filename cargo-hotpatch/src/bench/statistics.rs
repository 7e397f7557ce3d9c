//! What is made of samples. All in milliseconds; pure.

use serde::Serialize;

/// What many measurements of one thing come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Half of the samples are below. Of an even number, the mean of the two in the middle.
    pub median: f64,
    /// 95 of 100 samples are not above: the nearest rank, so it is one that was measured.
    pub p95: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many there are.
    pub samples: usize,
    /// All of them, in the order in which they were measured.
    pub values: Vec<f64>,
}

impl Summary {
    /// Of these samples, unless there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let values: Vec<f64> = values.iter().copied().map(to_microseconds).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: median_of_sorted(&sorted)?,
            p95: percentile_of_sorted(&sorted, 95)?,
            min: *sorted.first()?,
            max: *sorted.last()?,
            samples: values.len(),
            values,
        })
    }
}

/// The median, unless there are no samples.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(to_microseconds(if sorted.len().is_multiple_of(2) {
        f64::midpoint(*sorted.get(middle - 1)?, upper)
    } else {
        upper
    }))
}

/// By the nearest rank: the smallest sample that at least `percent` of a hundred are not above.
fn percentile_of_sorted(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Nobody measured further digits.
#[must_use]
pub fn to_microseconds(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_samples() {
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[3.0]).expect("a sample");
        assert_eq!((one.median, one.p95, one.samples), (3.0, 3.0, 1));
        let four = Summary::of(&[4.0, 1.0, 3.0, 2.0]).expect("samples");
        assert_eq!((four.median, four.p95), (2.5, 4.0));
        assert_eq!((four.min, four.max), (1.0, 4.0));
        assert_eq!(four.values, [4.0, 1.0, 3.0, 2.0], "in order");
    }

    #[test]
    fn one_outlier_of_twenty_one_is_above_the_p95_and_two_are_not() {
        let mut values: Vec<f64> = (1..=20).map(f64::from).collect();
        values.push(1000.0);
        assert_eq!(Summary::of(&values).expect("samples").p95, 20.0);
        values[0] = 1001.0;
        assert_eq!(Summary::of(&values).expect("samples").p95, 1000.0);
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_the_ranks_hold(mut values in prop::collection::vec(0.0_f64..1e6, 1..200)) {
            let summary = Summary::of(&values).expect("samples");
            let not_above = |bound: f64| summary.values.iter().filter(|value| **value <= bound).count();
            prop_assert!(not_above(summary.p95) * 100 >= values.len() * 95);
            prop_assert!(not_above(summary.median) * 2 >= values.len());
            prop_assert!(summary.min <= summary.median && summary.median <= summary.p95 && summary.p95 <= summary.max);
            values.reverse();
            let reversed = Summary::of(&values).expect("samples");
            prop_assert_eq!((summary.median, summary.p95), (reversed.median, reversed.p95));
        }
    }
}
