//! What a full cache holds whose evictions compare a few keys: LRU as Redis approximates it.

use super::super::popularity::{Bin, Popularity};

/// Of a range of e^63: ages are found to a millionth.
const HALVINGS: usize = 26;
/// Moments of a second that stand for all.
pub(super) const PARTS: [f64; 4] = [0.125, 0.375, 0.625, 0.875];

/// With `maxmemory-samples` of K, each eviction draws K keys into a pool and takes the oldest that it has (evict.c). The pool
/// lasts over many evictions, and in the long run as many keys leave it as enter it that are old enough to leave: one of the
/// K, so that the oldest K-th of all keys goes, and each of these is as likely to be the next. A simulation of the pool
/// finds just that (`tests.rs`). So keys younger than an age that K-1 of K have not reached are all there, and older ones
/// leave at a steady rate. Time is counted in requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Full<'a> {
    popularity: &'a Popularity,
    /// How many of its keys are old enough to leave.
    oldest: f64,
    /// The ages from which on keys leave: one for each part of the second that the clock blurs.
    ages: [f64; PARTS.len()],
    /// The chance of each of them to leave, in the time of one request.
    leaving: f64,
}

impl<'a> Full<'a> {
    /// None where all items fit.
    pub(super) fn of(popularity: &'a Popularity, items: f64, samples: u32, reads_per_second: f64) -> Option<Self> {
        if items >= popularity.items() || items <= 0.0 {
            return None;
        }
        let samples = f64::from(samples.max(2));
        let oldest = items / samples;
        let age = halved(|age| read_since(popularity, age) < items - oldest);
        // Ages count whole seconds, and so does the one from which on keys leave.
        let ages = PARTS.map(|part| (age + (part - 0.5) * reads_per_second).max(0.0));
        let aged: Vec<(f64, f64)> = popularity
            .bins()
            .iter()
            .map(|bin| {
                let not_since = ages.map(|age| (-bin.share * age).exp());
                (bin.share, bin.items * not_since.iter().sum::<f64>() / ages.len() as f64)
            })
            .collect();
        let oldest = aged.iter().map(|(_, items)| items).sum::<f64>() - (popularity.items() - items);
        // The sooner they leave, the fewer are there.
        let there = |leaving: f64| aged.iter().map(|(share, items)| items * share / (share + leaving)).sum::<f64>();
        let leaving = 1.0 / halved(|stay| there(1.0 / stay) < oldest);
        Some(Self { popularity, oldest, ages, leaving })
    }

    /// As many are loaded as leave.
    pub(super) fn miss_ratio(&self) -> f64 {
        (self.leaving * self.oldest).min(1.0)
    }

    /// How many of its keys were read within so many requests.
    pub(super) fn younger(&self, reads: f64) -> f64 {
        let held = |bin: &Bin| {
            let ends = bin.share + self.leaving;
            let from = |age: f64| {
                let young = -(-bin.share * reads.min(age)).exp_m1();
                let older = (-bin.share * age).exp() * bin.share / ends * -(-ends * (reads - age).max(0.0)).exp_m1();
                young + older
            };
            bin.items * self.ages.map(from).iter().sum::<f64>() / self.ages.len() as f64
        };
        self.popularity.bins().iter().map(held).sum()
    }
}

/// How many items were read within so many requests.
pub(super) fn read_since(popularity: &Popularity, reads: f64) -> f64 {
    popularity.bins().iter().map(|bin| bin.items * -(-bin.share * reads).exp_m1()).sum()
}

/// Where it turns from true to false.
fn halved(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (-3.0_f64, 60.0_f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        (low, high) = if below(middle.exp()) { (middle, high) } else { (low, middle) };
    }
    high.exp()
}
