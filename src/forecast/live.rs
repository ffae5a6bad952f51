//! The miss-ratio curve of a live server, from the ages of a few thousand of its keys and without a trace.

use std::fmt;

use serde::Serialize;

use super::hit_ratio::{AGE_THAT_CLOCKS_BLUR, fill, lru};
use super::popularity::Popularity;

/// Fewer ages give a curve that is not worth its interval.
const FEWEST: usize = 300;
/// Up to this share of the present size the ages themselves give the curve; above, hardly any are left to tell it.
const SEEN: f64 = 0.85;
/// How many ages the popularity is fitted to, up to this share of the keys.
const POINTS: usize = 14;
const FITTED: f64 = 0.8;
/// How exactly the counted miss ratio and each age follow the formula, beside chance.
const COUNTED: f64 = 0.004;
const EXACT: f64 = 0.02;
/// A catalogue of more items than this is not looked for.
const LARGEST: f64 = 1e12;
/// A popularity that misses an age by more than this, and by more than chance, is not of the kind that was fitted.
const MISFIT: f64 = 0.05;
/// Larger caches than so many times the present one are not spoken of.
const FARTHEST: f64 = 3.0;
const DRAWS: usize = 16;
/// What the method adds to the scatter of the sample: measured curves were within one to two points.
const METHOD: f64 = 0.012;

/// What was seen of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// OBJECT IDLETIME of keys drawn at random.
    pub idle_seconds: Vec<u32>,
    /// DBSIZE.
    pub keys: f64,
    /// Hits and misses a second.
    pub requests_per_second: f64,
    pub hit_ratio: f64,
    /// `maxmemory-policy`.
    pub policy: String,
    /// A child saves or rewrites: reads leave no trace then (lookupKey, db.c).
    pub forking: bool,
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
    /// From the popularity that was fitted to them.
    Fit,
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
    /// The largest relative distance from the ages that were seen, less three deviations of chance.
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
}

/// Reads the curve at `sizes`, in items. With S(t) the number of keys that were read within the last t seconds, a cache of
/// S(t) keys misses dS/dt of the requests (Denning and Schwartz, CACM 1972).
pub fn read(sample: &Sample, sizes: &[f64]) -> Live {
    let mut ages = sample.idle_seconds.clone();
    ages.sort_unstable();
    let age_seconds = quantile(&ages, 0.92);
    let mut live = Live { obstacles: obstacles(sample, age_seconds), age_seconds, fit: None, estimates: Vec::new() };
    if live.obstacles.iter().any(|obstacle| obstacle.forbids()) {
        return live;
    }
    let Some(best) = Zipf::fit(sample, &ages, None) else { return live };
    // The same sample drawn again from itself: how much of the answer is chance. A fixed seed gives one answer.
    let mut random = fastrand::Rng::with_seed(sample.idle_seconds.len() as u64);
    let drawn: Vec<(Vec<u32>, Zipf)> = (0..DRAWS)
        .filter_map(|_| {
            let mut again: Vec<u32> = (0..ages.len()).filter_map(|_| random.choice(&ages).copied()).collect();
            again.sort_unstable();
            Zipf::fit(sample, &again, Some(best)).map(|fit| (again, fit))
        })
        .collect();
    let spread = |value: f64, of: &dyn Fn(&Zipf) -> f64| {
        let values: Vec<f64> = drawn.iter().map(|(_, fit)| of(fit)).collect();
        let wide = 2.0 * deviation(&values);
        (value - wide, value + wide)
    };
    let (alpha_low, alpha_high) = spread(best.alpha, &|fit| fit.alpha);
    let (items_low, items_high) = spread(best.items.ln(), &|fit| fit.items.ln());
    let fit = Fitted {
        alpha: best.alpha,
        alpha_low: alpha_low.max(0.0),
        alpha_high,
        items: best.items,
        items_low: items_low.exp().max(sample.keys),
        items_high: items_high.exp(),
        misfit: best.misfit(sample, &ages),
    };
    live.estimates = sizes.iter().filter_map(|size| estimate(sample, &ages, &best, &fit, &drawn, *size)).collect();
    live.fit = Some(fit);
    live
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
    let samples = sample.idle_seconds.len();
    add(samples < FEWEST, Obstacle::FewSamples { samples });
    let reads = sample.requests_per_second > 0.0 && sample.keys >= 1.0 && (0.0..=1.0).contains(&sample.hit_ratio);
    add(!reads, Obstacle::NoTraffic);
    found
}

fn estimate(
    sample: &Sample,
    ages: &[u32],
    best: &Zipf,
    fit: &Fitted,
    drawn: &[(Vec<u32>, Zipf)],
    items: f64,
) -> Option<Estimate> {
    let told = |miss_ratio: f64, others: Vec<f64>, source| {
        let wide = 2.0 * deviation(&others) + METHOD;
        let within = |ratio: f64| ratio.clamp(0.0, 1.0);
        let miss_ratio = within(miss_ratio);
        Estimate { items, miss_ratio, low: within(miss_ratio - wide), high: within(miss_ratio + wide), source }
    };
    // Where the fit holds it is steadier than a slope, and it agrees with the ages by definition.
    if fit.holds() && items <= FARTHEST * sample.keys {
        let others = drawn.iter().map(|(_, fit)| fit.miss_ratio(items)).collect();
        return Some(told(best.miss_ratio(items), others, Source::Fit));
    }
    let others = drawn.iter().filter_map(|(ages, _)| slope(sample, ages, items)).collect();
    Some(told(slope(sample, ages, items)?, others, Source::Ages))
}

/// The miss ratio at a size by the slope of S(t) where it has that size.
fn slope(sample: &Sample, ages: &[u32], items: f64) -> Option<f64> {
    let share = items / sample.keys;
    if share <= 0.0 || share >= SEEN {
        return None;
    }
    let middle = quantile(ages, share).max(1.0);
    let points: Vec<(f64, f64)> = (0..=10)
        .map(|step| (middle * 1.5_f64.powf(f64::from(step) / 5.0 - 1.0)).round())
        .map(|second| ((second + 0.5).ln(), sample.keys * younger(ages, second)))
        .filter(|(_, held)| *held > 0.0)
        .map(|(time, held)| (time, held.ln()))
        .collect();
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (time, held) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points.iter().map(|point| (point.0 - time) * (point.1 - held)).sum();
    let square: f64 = points.iter().map(|point| (point.0 - time).powi(2)).sum();
    // The line at its middle, so that one noisy age does not set the time.
    let at = time + (items.ln() - held) * square / both;
    let miss_ratio = both / square * items / (at.exp() * sample.requests_per_second);
    miss_ratio.is_finite().then_some(miss_ratio)
}

#[derive(Debug, Clone, Copy)]
struct Zipf {
    alpha: f64,
    items: f64,
}

impl Zipf {
    /// The popularity that explains the ages best among those that have the counted miss ratio.
    fn fit(sample: &Sample, ages: &[u32], near: Option<Self>) -> Option<Self> {
        let points = points(sample, ages);
        if points.is_empty() {
            return None;
        }
        let (mut best, mut wide) = near.map_or((1.0, 1.0), |near| (near.alpha, 0.2));
        let mut least = (f64::INFINITY, None);
        while wide > 0.004 {
            let centre = best;
            for step in -3..=3 {
                let tried = Self::with(sample, (centre + f64::from(step) / 3.0 * wide).max(0.0));
                let far = tried.distance(sample, &points);
                if far < least.0 {
                    (least, best) = ((far, Some(tried)), tried.alpha);
                }
            }
            wide *= 0.4;
        }
        least.1
    }

    /// So many items that the present size misses as often as was counted.
    fn with(sample: &Sample, alpha: f64) -> Self {
        let (mut low, mut high) = (sample.keys.ln(), LARGEST.ln());
        for _ in 0..16 {
            let middle = f64::midpoint(low, high);
            let tried = Self { alpha, items: middle.exp() };
            (low, high) =
                if tried.miss_ratio(sample.keys) < 1.0 - sample.hit_ratio { (middle, high) } else { (low, middle) };
        }
        Self { alpha, items: f64::midpoint(low, high).exp() }
    }

    fn popularity(&self) -> Popularity {
        Popularity::zipf_coarse(self.items as u64, self.alpha)
    }

    fn distance(&self, sample: &Sample, points: &[(f64, f64)]) -> f64 {
        let popularity = self.popularity();
        let ages: f64 = residuals(&popularity, sample, points)
            .map(|(far, chance)| far * far / (chance * chance + EXACT * EXACT))
            .sum();
        let counted = miss_ratio(&popularity, sample.keys) - (1.0 - sample.hit_ratio);
        ages + (counted / COUNTED).powi(2)
    }

    fn misfit(&self, sample: &Sample, ages: &[u32]) -> f64 {
        let beyond = |(far, chance): (f64, f64)| far.abs() - 3.0 * chance;
        residuals(&self.popularity(), sample, &points(sample, ages)).map(beyond).fold(0.0, f64::max)
    }

    fn miss_ratio(&self, items: f64) -> f64 {
        miss_ratio(&self.popularity(), items)
    }
}

/// How far the popularity is from each age, and how far chance alone would be, as shares.
fn residuals<'a>(
    popularity: &'a Popularity,
    sample: &'a Sample,
    points: &'a [(f64, f64)],
) -> impl Iterator<Item = (f64, f64)> + 'a {
    points.iter().map(|(seconds, held)| {
        let reads = seconds * sample.requests_per_second;
        let modelled: f64 = popularity.bins().iter().map(|bin| bin.items * lru(bin.share, reads, f64::INFINITY)).sum();
        let share = held / sample.keys;
        let chance = ((1.0 - share) / share / sample.idle_seconds.len() as f64).sqrt();
        (modelled / held - 1.0, chance)
    })
}

fn miss_ratio(popularity: &Popularity, items: f64) -> f64 {
    if items >= popularity.items() {
        return 0.0;
    }
    1.0 - fill(popularity, items, |bin, age| lru(bin.share, age, f64::INFINITY)).0
}

/// Ages on a logarithmic scale, and how many keys were read since.
fn points(sample: &Sample, ages: &[u32]) -> Vec<(f64, f64)> {
    // Below a handful of keys the count is chance.
    let first = quantile(ages, 40.0 / ages.len() as f64).max(1.0);
    let last = quantile(ages, FITTED).max(first + 1.0);
    let mut seconds: Vec<f64> =
        (0..POINTS).map(|index| (first * (last / first).powf(index as f64 / (POINTS - 1) as f64)).round()).collect();
    seconds.dedup();
    let point = |second: f64| (second + 0.5, sample.keys * younger(ages, second));
    seconds.into_iter().map(point).filter(|(_, held)| *held > 0.0).collect()
}

/// The share of keys that were read at most so many whole seconds ago. Both clocks cut off, so that half a second is lost.
fn younger(ages: &[u32], second: f64) -> f64 {
    ages.partition_point(|age| f64::from(*age) <= second) as f64 / ages.len() as f64
}

fn quantile(sorted: &[u32], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64) as usize;
    sorted.get(rank.min(sorted.len().saturating_sub(1))).map_or(0.0, |age| f64::from(*age) + 0.5)
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    if square.is_finite() { square.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;
