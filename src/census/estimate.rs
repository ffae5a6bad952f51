//! How sure a total from a sample is.

use serde::Serialize;

use super::tally::{HANDS, Hand};

/// Quantile of Student's t with 31 degrees of freedom. For 95 % it is 2.04; sizes are skewed and hands of a skewed sample
/// vary less than they should, so we take the one for 98 %: `tests/audit/sampling.rs` counts how often the truth lies inside.
const T: f64 = 2.45;
/// A sample of skewed sizes that met few of the large keys is too low, and too sure of it. Its upper bound moves by the third
/// moment over the second: (2 z² + 1) / 6 of it by Hall's correction (1992, for z = [`T`]: 2.2), and 3 where the moments
/// are those of so few keys (by simulation; `make sampling` counts on servers).
const SKEW: f64 = 3.0;

/// Two bounds between which the truth lies in 95 of 100 samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }

    fn around(value: f64, half: f64) -> Self {
        Self { low: (value - half).max(0.0), high: value + half }
    }

    fn or(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What the sizes of a sample are likely to have missed, by their skew.
    pub fn skewed(self, skew: f64) -> Self {
        Self { high: self.high + SKEW * skew, ..self }
    }

    pub fn plus(self, low: f64, high: f64) -> Self {
        Self { low: (self.low + low).max(0.0), high: self.high + high }
    }
}

/// Keys and bytes of a group in a sample that was dealt into hands; `all` are the hands of the whole sample, with the keys
/// that were left out by their names, `population` the keys there are, `read` the keys of the group that were read,
/// `sampled` all that were drawn.
///
/// Each total is a ratio estimate. Its error is the jackknife's over the hands (Cochran, Sampling Techniques, 6.17; Wolter,
/// Introduction to Variance Estimation, 4), but never less than that of counting so few keys (Wilson's interval).
pub fn intervals(
    group: &[Hand; HANDS],
    all: &[Hand; HANDS],
    population: f64,
    read: u64,
    sampled: u64,
) -> (Interval, Interval) {
    let total: f64 = all.iter().map(|hand| hand.keys).sum();
    let (keys, bytes) = group.iter().fold((0.0, 0.0), |(keys, bytes), hand| (keys + hand.keys, bytes + hand.bytes));
    if total <= 0.0 || sampled == 0 {
        return (Interval::default(), Interval::default());
    }
    let spread = |of: fn(&Hand) -> f64, sum: f64| {
        let whole = sum / total;
        let pairs = group.iter().zip(all).filter(|(_, all)| all.keys > 0.0);
        let (count, squares) = pairs.fold((0.0, 0.0), |(count, squares), (group, all)| {
            let without = (sum - of(group)) / (total - all.keys).max(f64::MIN_POSITIVE);
            (count + 1.0, squares + (without - whole).powi(2))
        });
        if count < 2.0 { 0.0 } else { ((count - 1.0) / count * squares).sqrt() * population }
    };
    let counted = wilson(read as f64, sampled as f64);
    let mean = if keys > 0.0 { bytes / keys } else { 0.0 };
    let count = |share: f64| share * population;
    let by_count = Interval { low: count(counted.low), high: count(counted.high) };
    let by_count_bytes = Interval { low: by_count.low * mean, high: by_count.high * mean };
    let keys_half = T * spread(|hand| hand.keys, keys);
    let bytes_half = T * spread(|hand| hand.bytes, bytes);
    (
        Interval::around(keys / total * population, keys_half).or(by_count),
        Interval::around(bytes / total * population, bytes_half).or(by_count_bytes),
    )
}

/// Between which shares `hits` of `trials` lie.
pub fn share(hits: f64, trials: f64) -> Interval {
    if trials > 0.0 { wilson(hits, trials) } else { Interval { low: 0.0, high: 1.0 } }
}

/// Wilson's interval for a share: it does not collapse when a handful was seen.
fn wilson(hits: f64, trials: f64) -> Interval {
    let z = 1.96;
    let share = hits / trials;
    let spread = z * z / trials;
    let centre = (share + spread / 2.0) / (1.0 + spread);
    let half = z / (1.0 + spread) * (share * (1.0 - share) / trials + spread / (4.0 * trials)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// How many times as much as `drawn` keys stand for there may be: few draws say little.
pub fn at_most(drawn: f64) -> f64 {
    if drawn > 0.0 { (drawn + T * drawn.sqrt() + 2.0) / drawn } else { 0.0 }
}

/// The chance that none of `such` keys is among `read` of `population`, drawn at random.
pub fn missed(population: f64, read: f64, such: f64) -> f64 {
    if population <= 0.0 { 0.0 } else { (1.0 - (read / population).min(1.0)).powf(such) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_hits_do_not_look_certain() {
        let interval = wilson(0.0, 1_000.0);
        assert!(interval.low == 0.0 && (0.003..0.005).contains(&interval.high), "{interval:?}");
        let half = wilson(500.0, 1_000.0);
        assert!((half.low - 0.469).abs() < 0.002 && (half.high - 0.531).abs() < 0.002, "{half:?}");
    }

    #[test]
    fn a_sample_without_spread_is_as_sure_as_its_count() {
        let all = [Hand { keys: 100.0, bytes: 10_000.0 }; HANDS];
        let (keys, bytes) = intervals(&all, &all, 1_000_000.0, 3_200, 3_200);
        assert!(keys.holds(1_000_000.0) && bytes.holds(100_000_000.0));
        assert!(keys.low > 998_000.0 && keys.high <= 1_000_000.1, "{keys:?}");
    }

    #[test]
    fn the_truth_lies_inside_in_most_samples() {
        let mut random = fastrand::Rng::with_seed(7);
        let inside = (0..400).filter(|_| {
            let (mut group, mut all) = ([Hand::default(); HANDS], [Hand::default(); HANDS]);
            let mut read = 0;
            for n in 0..3_000 {
                let bytes = 50.0 + 1_000.0 * random.f64().powi(4);
                all[n % HANDS].keys += 1.0;
                if random.f64() < 0.07 {
                    read += 1;
                    group[n % HANDS].keys += 1.0;
                    group[n % HANDS].bytes += bytes;
                }
            }
            let (keys, total) = intervals(&group, &all, 1e6, read, 3_000);
            keys.holds(70_000.0) && total.holds(70_000.0 * 250.0)
        });
        let inside = inside.count();
        assert!((380..400).contains(&inside), "{inside}");
    }

    #[test]
    fn a_rare_key_is_easily_missed() {
        assert!((missed(1_000_000.0, 10_000.0, 5.0) - 0.951).abs() < 0.001);
        assert_eq!(missed(100.0, 100.0, 1.0), 0.0);
    }
}
