//! The curve that ages tell by themselves, whatever law the popularity follows.

use super::super::popularity::{Bin, Popularity};
use super::fit::TOLD;
use super::{Sample, moments, quantile};

/// Rates of reading that items may have: so many, each larger than the one before by the same factor.
const RATES: usize = 40;
const CELLS: usize = 24;
/// The mixture is made more likely so many times; more change no ratio by a thousandth.
const ROUNDS: usize = 300;
/// The slowest rate, as a share of one read in all the time that is seen, and the fastest, in reads of a second: what is read
/// more often is always there.
const SLOWEST: f64 = 0.02;
const FASTEST: f64 = 8.0;

/// Items of many rates, so many of each that the ages are explained best. A number of items with the rates `r` has
/// `S(t) = sum(1 - exp(-r t))` read within t, so that the curve bends one way only, as it must; the likeliest numbers are found by
/// the iteration of Richardson (1972) and Lucy (1974).
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    /// Reads a second, and how many items, as a share of the keys.
    items: Vec<(f64, f64)>,
    /// Of the keys, up to which the ages were looked at, and the age there.
    seen: f64,
    longest: f64,
}

/// Up to this share of the keys nothing was evicted yet: see `Full`.
fn untouched(sample: &Sample) -> f64 {
    sample.told_by_reads(TOLD - 1.0 / f64::from(sample.samples.max(2)))
}

impl Mixture {
    pub(super) fn of(sample: &Sample, ages: &[u32]) -> Option<Self> {
        let longest = quantile(ages, untouched(sample)).floor();
        if longest < 1.0 {
            return None;
        }
        let mut edges: Vec<f64> =
            (1..=CELLS).map(|cell| ((longest + 1.0).powf(cell as f64 / CELLS as f64) - 1.0).round()).collect();
        edges.insert(0, 0.0);
        edges.dedup();
        let until = |edge: f64| ages.partition_point(|age| f64::from(*age) <= edge) as f64 / ages.len() as f64;
        let steps = |of: &dyn Fn(f64) -> f64| {
            let mut before = 0.0;
            let step = |edge: &f64| {
                let within = of(*edge) - before;
                before += within;
                within
            };
            edges.iter().map(step).collect::<Vec<f64>>()
        };
        let seen = steps(&until);
        let slowest = SLOWEST / (longest + 0.5);
        let factor = (FASTEST / slowest).max(1.0).powf(1.0 / (RATES - 1) as f64);
        let rates: Vec<f64> = (0..RATES).map(|rate| slowest * factor.powf(rate as f64)).collect();
        let moments = moments(sample);
        let shows = |rate: f64, edge: f64| {
            moments.iter().map(|part| -(-rate * (edge + part)).exp_m1()).sum::<f64>() / moments.len() as f64
        };
        let shown: Vec<Vec<f64>> = rates.iter().map(|rate| steps(&|edge| shows(*rate, edge))).collect();
        let mut items = vec![1.0 / RATES as f64; RATES];
        for _ in 0..ROUNDS {
            let mut told = vec![0.0; edges.len()];
            for (shown, items) in shown.iter().zip(&items) {
                told.iter_mut().zip(shown).for_each(|(sum, share)| *sum += share * items);
            }
            for (shown, items) in shown.iter().zip(&mut items) {
                let all: f64 = shown.iter().sum();
                let wanted = shown.iter().zip(&seen).zip(&told).map(|((share, seen), told)| share * seen / told);
                *items *= wanted.filter(|part| part.is_finite()).sum::<f64>() / all.max(f64::MIN_POSITIVE);
            }
        }
        let seen = until(longest);
        Some(Self { items: rates.into_iter().zip(items).collect(), seen, longest: longest + 1.0 })
    }

    /// The miss ratio of a cache of this share of the keys: the slope of S(t) where it has that size.
    pub(super) fn miss_ratio(&self, sample: &Sample, share: f64) -> Option<f64> {
        if share <= 0.0 || share > self.seen {
            return None;
        }
        let read = |time: f64| self.items.iter().map(|(rate, items)| items * -(-rate * time).exp_m1()).sum::<f64>();
        let (mut low, mut high) = (0.0, self.longest);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            (low, high) = if read(middle) < share { (middle, high) } else { (low, middle) };
        }
        let slope: f64 = self.items.iter().map(|(rate, items)| items * rate * (-rate * low).exp()).sum();
        Some(slope * sample.keys / sample.requests_per_second)
    }

    /// The largest size that it tells of, in items.
    pub(super) fn largest(&self, sample: &Sample) -> f64 {
        self.seen * sample.keys
    }

    /// What is read so often that it shows no age is always there, and one item stands for all of it.
    pub(super) fn popularity(&self, sample: &Sample) -> Popularity {
        let all = self.items.iter().rev();
        let mut bins: Vec<Bin> = all
            .map(|(rate, items)| Bin { items: items * sample.keys, share: rate / sample.requests_per_second })
            .collect();
        let hottest = 1.0 - bins.iter().map(|bin| bin.items * bin.share).sum::<f64>();
        if hottest > 0.0 {
            bins.insert(0, Bin { items: 1.0, share: hottest });
        }
        Popularity::from_parts(bins)
    }
}
