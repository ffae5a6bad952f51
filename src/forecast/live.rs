//! The miss-ratio curve of a live server, from the ages of a few thousand of its keys and without a trace.

use std::fmt;

use serde::Serialize;

use self::fit::{Evidence, Zipf};
use self::mixture::Mixture;
use super::hit_ratio::AGE_THAT_CLOCKS_BLUR;
use super::popularity::Popularity;

mod fit;
mod mixture;
mod sampled;

/// Fewer ages give a curve that is not worth its interval.
const FEWEST: usize = 300;
/// A popularity that misses an age by more than this, and by more than chance, is not of the kind that was fitted.
const MISFIT: f64 = 0.05;
/// Larger caches than so many times the present one are not spoken of.
const FARTHEST: f64 = 3.0;
const DRAWS: usize = 16;
const MOMENTS: usize = 10;
/// An interval is so many deviations of chance to both sides, and what predictions of LRU promise beside.
const DEVIATIONS: f64 = 3.0;
const METHOD: f64 = 0.007;
/// A size this near to the present one is the present one.
const PRESENT: f64 = 0.02;

/// Of keys that something else than age evicts only the younger part tells.
const TOLD_OTHERWISE: f64 = 0.75;

/// What was seen of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// OBJECT IDLETIME of keys drawn at random.
    pub idle_seconds: Vec<u32>,
    /// At which parts of the server's second they were asked for, 0 to 1; any where it is empty.
    pub moments: Vec<f64>,
    /// DBSIZE.
    pub keys: f64,
    /// Hits and misses a second.
    pub requests_per_second: f64,
    pub hit_ratio: f64,
    /// Hits and misses that the ratio was counted from.
    pub reads: f64,
    /// `maxmemory-policy`.
    pub policy: String,
    /// `maxmemory-samples`.
    pub samples: u32,
    /// A child saves or rewrites: reads leave no trace then (lookupKey, db.c).
    pub forking: bool,
}

impl Sample {
    /// Variance of the counted ratio by chance.
    fn variance(&self) -> f64 {
        self.hit_ratio * (1.0 - self.hit_ratio) / self.reads.max(1.0)
    }

    /// The share of keys whose ages tell of reads: so many where age evicts, fewer where something else does.
    fn told_by_reads(&self, by_lru: f64) -> f64 {
        if self.policy.ends_with("lru") { by_lru } else { TOLD_OTHERWISE }
    }
}

/// Why ages say little or nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "obstacle", rename_all = "kebab-case")]
pub enum Obstacle {
    NoAges,
    RandomEviction,
    Forking,
    ShortAge { seconds: f64 },
    FewSamples { samples: usize },
    NoTraffic,
}

impl Obstacle {
    /// Whether there is no curve at all.
    pub fn forbids(self) -> bool {
        !matches!(self, Self::ShortAge { .. })
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAges => f.write_str("under an LFU or LRM policy keys have no time of their last read"),
            Self::RandomEviction => {
                f.write_str("random eviction takes keys of every age, so the ages left tell no curve")
            }
            Self::Forking => f.write_str("a child process saves or rewrites: reads do not renew ages until it ends"),
            Self::ShortAge { seconds } => write!(
                f,
                "keys leave {seconds:.1} s after their last read, and ages count whole seconds: the curve is rough below \
                 {AGE_THAT_CLOCKS_BLUR} s"
            ),
            Self::FewSamples { samples } => write!(f, "{samples} ages are too few: {FEWEST} are needed"),
            Self::NoTraffic => f.write_str("nobody reads now, so ages only grow"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From the ages alone.
    Ages,
    /// From the popularity that was fitted to them and to the counters.
    Fit,
    /// From the counters alone: the present size.
    Counted,
}

/// The miss ratio at a size, with the interval that the sample allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub items: f64,
    pub miss_ratio: f64,
    pub low: f64,
    pub high: f64,
    pub source: Source,
}

/// A Zipf popularity that explains the ages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fitted {
    pub alpha: f64,
    pub alpha_low: f64,
    pub alpha_high: f64,
    pub items: f64,
    pub items_low: f64,
    pub items_high: f64,
    /// The largest relative distance from the ages that were seen, less four deviations of chance.
    pub misfit: f64,
}

impl Fitted {
    /// Whether it may be used at other sizes.
    pub fn holds(&self) -> bool {
        self.misfit <= MISFIT
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Live {
    pub obstacles: Vec<Obstacle>,
    /// After this long without a read a key is evicted, about: 92 % of the keys are younger (measured at 5 samples).
    pub age_seconds: f64,
    pub fit: Option<Fitted>,
    /// One for each size that something can be said of.
    pub estimates: Vec<Estimate>,
    /// Who is asked for how often, as far as the ages tell.
    #[serde(skip)]
    pub asked: Option<Asked>,
}

/// The popularity behind the ages.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub popularity: Popularity,
    /// Of larger caches, in items, it says nothing.
    pub largest: f64,
}

/// Reads the curve at `sizes`, in items. With S(t) the number of keys that were read within the last t seconds, a cache of
/// S(t) keys misses dS/dt of the requests (Denning and Schwartz, CACM 1972).
pub fn read(sample: &Sample, sizes: &[f64]) -> Live {
    let mut ages = sample.idle_seconds.clone();
    ages.sort_unstable();
    let age_seconds = quantile(&ages, 0.92);
    let obstacles = obstacles(sample, age_seconds);
    let mut live = Live { obstacles, age_seconds, fit: None, estimates: Vec::new(), asked: None };
    if live.obstacles.iter().any(|obstacle| obstacle.forbids()) {
        return live;
    }
    let evidence = Evidence::new(sample, &ages);
    let Some(zipf) = Zipf::fit(&evidence) else { return live };
    let wide = zipf.deviations().map(|deviation| 2.0 * deviation);
    let fit = Fitted {
        alpha: zipf.alpha(),
        alpha_low: (zipf.alpha() - wide[0]).max(0.0),
        alpha_high: zipf.alpha() + wide[0],
        items: zipf.items(),
        items_low: (zipf.items() / wide[1].exp()).max(sample.keys),
        items_high: zipf.items() * wide[1].exp(),
        misfit: zipf.misfit(&evidence),
    };
    if fit.holds() {
        let largest = FARTHEST * sample.keys;
        let near = sizes.iter().filter(|size| **size <= largest);
        let estimates = near.map(|size| {
            let (miss_ratio, deviation) = zipf.miss_ratio(&evidence, *size);
            told(*size, miss_ratio, deviation, Source::Fit)
        });
        live.estimates = estimates.collect();
        live.asked = Some(Asked { popularity: Popularity::zipf(zipf.items() as u64, zipf.alpha()), largest });
    } else if let Some(mixture) = Mixture::of(sample, &ages) {
        live.estimates = by_ages(sample, &mixture, &ages, sizes);
        live.asked = Some(Asked { popularity: mixture.popularity(sample), largest: mixture.largest(sample) });
    }
    live.fit = Some(fit);
    live
}

fn told(items: f64, miss_ratio: f64, deviation: f64, source: Source) -> Estimate {
    let wide = DEVIATIONS * deviation + METHOD;
    let within = |ratio: f64| ratio.clamp(0.0, 1.0);
    let miss_ratio = within(miss_ratio);
    Estimate { items, miss_ratio, low: within(miss_ratio - wide), high: within(miss_ratio + wide), source }
}

fn obstacles(sample: &Sample, age: f64) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut add = |holds: bool, obstacle| {
        if holds {
            found.push(obstacle);
        }
    };
    add(sample.policy.ends_with("lfu") || sample.policy.ends_with("lrm"), Obstacle::NoAges);
    add(sample.policy.ends_with("random"), Obstacle::RandomEviction);
    add(sample.forking, Obstacle::Forking);
    add(age < AGE_THAT_CLOCKS_BLUR, Obstacle::ShortAge { seconds: age });
    // A key that is drawn again tells nothing more.
    let samples = sample.idle_seconds.len().min(sample.keys as usize);
    add(samples < FEWEST, Obstacle::FewSamples { samples });
    let reads = sample.requests_per_second > 0.0 && sample.keys >= 1.0 && (0.0..=1.0).contains(&sample.hit_ratio);
    add(!reads, Obstacle::NoTraffic);
    found
}

/// What the ages say by themselves, and the counters of the present size.
fn by_ages(sample: &Sample, mixture: &Mixture, ages: &[u32], sizes: &[f64]) -> Vec<Estimate> {
    // The same sample drawn again from itself: how much of the answer is chance. A fixed seed gives one answer.
    let mut random = fastrand::Rng::with_seed(ages.len() as u64);
    let mut again = || {
        let mut again: Vec<u32> = (0..ages.len()).filter_map(|_| random.choice(ages).copied()).collect();
        again.sort_unstable();
        again
    };
    let others: Vec<Mixture> = (0..DRAWS).filter_map(|_| Mixture::of(sample, &again())).collect();
    let estimate = |items: &f64| {
        let share = items / sample.keys;
        if (share - 1.0).abs() < PRESENT {
            return Some(told(*items, 1.0 - sample.hit_ratio, sample.variance().sqrt(), Source::Counted));
        }
        let others: Vec<f64> = others.iter().filter_map(|other| other.miss_ratio(sample, share)).collect();
        Some(told(*items, mixture.miss_ratio(sample, share)?, deviation(&others), Source::Ages))
    };
    sizes.iter().filter_map(estimate).collect()
}

fn quantile(sorted: &[u32], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64) as usize;
    sorted.get(rank.min(sorted.len().saturating_sub(1))).map_or(0.0, |age| f64::from(*age) + 0.5)
}

/// A few moments that stand for those of the sample.
fn moments(sample: &Sample) -> Vec<f64> {
    let mut all = sample.moments.clone();
    all.sort_by(f64::total_cmp);
    let at = |part: usize| all.get((2 * part + 1) * all.len() / (2 * MOMENTS)).copied();
    if all.is_empty() { sampled::PARTS.to_vec() } else { (0..MOMENTS).filter_map(at).collect() }
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    if square.is_finite() { square.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;
