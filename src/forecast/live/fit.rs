//! The Zipf popularity that explains the ages of keys, by maximum likelihood.

use super::super::popularity::Popularity;
use super::sampled::{Full, read_since};
use super::{Sample, moments, quantile};

/// Ages are counted in so many cells, up to this share of the keys. Behind it few are left.
const CELLS: usize = 48;
pub(super) const TOLD: f64 = 0.98;
/// How exactly the counted miss ratio follows the model, beside chance: under half of what predictions promise.
const COUNTED: f64 = 0.0015;
/// A catalogue of more items than this is not looked for.
const LARGEST: f64 = 1e12;
/// Skews that the search starts from, and the largest that it ends at.
const STARTS: [f64; 6] = [0.3, 0.6, 0.8, 1.0, 1.2, 1.5];
const STEEPEST: f64 = 3.0;
const STEPS: usize = 12;
/// For slopes, in skew and in the logarithm of the items.
const NUDGE: [f64; 2] = [0.01, 0.05];
/// A likelihood that gains less than this has been climbed.
const CLIMBED: f64 = 1e-3;
/// Nothing is quite impossible.
const RARE: f64 = 1e-9;

/// The skew, and the logarithm of the items.
type Point = [f64; 2];

/// What is fitted to.
pub(super) struct Evidence<'a> {
    sample: &'a Sample,
    moments: Vec<f64>,
    /// Keys of at most so many whole seconds, and how many of the sample lie between these and the cell before.
    cells: Vec<(f64, f64)>,
    older: f64,
    /// Variance of the counted miss ratio.
    counted: f64,
}

/// A popularity, and how surely it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zipf {
    at: Point,
    covariance: [Point; 2],
}

/// What a popularity says of the evidence.
struct Told {
    cells: Vec<f64>,
    older: f64,
    miss_ratio: f64,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(sample: &'a Sample, ages: &[u32]) -> Self {
        let last = quantile(ages, sample.told_by_reads(TOLD)).floor().max(1.0);
        let mut seconds: Vec<f64> = (0..CELLS)
            .map(|index| ((last + 1.0).powf((index as f64 + 1.0) / CELLS as f64) - 1.0).round())
            .chain([0.0])
            .collect();
        seconds.sort_by(f64::total_cmp);
        seconds.dedup();
        // The keys are themselves a draw from all that might be there.
        let each = 1.0 / (1.0 + ages.len() as f64 / sample.keys);
        let until = |second: f64| ages.partition_point(|age| f64::from(*age) <= second) as f64 * each;
        let mut before = 0.0;
        let cells = seconds
            .into_iter()
            .map(|second| {
                let within = until(second) - before;
                before += within;
                (second, within)
            })
            .collect();
        Self {
            sample,
            moments: moments(sample),
            cells,
            older: ages.len() as f64 * each - before,
            counted: sample.variance() + COUNTED * COUNTED,
        }
    }

    fn told(&self, at: Point) -> Told {
        let popularity = popularity(at);
        let full = self.full(&popularity, self.sample.keys);
        let mut before = 0.0;
        let cells = self
            .cells
            .iter()
            .map(|(second, _)| {
                let until = self.younger(&popularity, full.as_ref(), *second);
                let within = until - before;
                before = until;
                within.max(RARE)
            })
            .collect();
        Told { cells, older: (1.0 - before).max(RARE), miss_ratio: full.map_or(0.0, |full| full.miss_ratio()) }
    }

    /// The share of keys that show at most so many whole seconds. The clock is cut off when a key is read and when it is asked
    /// for its age, so that a key of an age between whole seconds shows either, as chance has it.
    fn younger(&self, popularity: &Popularity, full: Option<&Full>, second: f64) -> f64 {
        let at = |part: f64| {
            let reads = (second + part) * self.sample.requests_per_second;
            full.map_or_else(|| read_since(popularity, reads), |full| full.younger(reads))
        };
        let sum: f64 = self.moments.iter().map(|part| at(*part)).sum();
        sum / self.moments.len() as f64 / self.sample.keys
    }

    fn miss_ratio(&self, popularity: &Popularity, items: f64) -> f64 {
        self.full(popularity, items).map_or(0.0, |full| full.miss_ratio())
    }

    /// None where all items fit.
    fn full<'p>(&self, popularity: &'p Popularity, items: f64) -> Option<Full<'p>> {
        Full::of(popularity, items, self.sample.samples, self.sample.requests_per_second)
    }

    /// The logarithm of how likely it makes what was seen.
    fn likelihood(&self, told: &Told) -> f64 {
        let ages: f64 = self.cells.iter().zip(&told.cells).map(|((_, seen), share)| seen * share.ln()).sum();
        let off = told.miss_ratio - (1.0 - self.sample.hit_ratio);
        ages + self.older * told.older.ln() - off * off / self.counted / 2.0
    }

    /// Where the likelihood rises, and how sharply it bends (Fisher's information).
    fn slopes(&self, at: Point, told: &Told) -> (Point, [Point; 2]) {
        let [a, b] = [[NUDGE[0], 0.0], [0.0, NUDGE[1]]].map(|[x, y]| {
            let [below, above] = [[at[0] - x, at[1] - y], [at[0] + x, at[1] + y]].map(|near| self.told(near));
            let apart = 2.0 * (x + y);
            let cells = below.cells.iter().zip(&above.cells).map(|(low, high)| (high - low) / apart);
            let cells: Vec<f64> = cells.chain([(above.older - below.older) / apart]).collect();
            (cells, (above.miss_ratio - below.miss_ratio) / apart)
        });
        let off = told.miss_ratio - (1.0 - self.sample.hit_ratio);
        let mut rise = [a.1, b.1].map(|slope| -off * slope / self.counted);
        let mut bend = [[a.1 * a.1, a.1 * b.1], [a.1 * b.1, b.1 * b.1]].map(|row| row.map(|part| part / self.counted));
        let seen = self.cells.iter().map(|(_, seen)| *seen).chain([self.older]);
        let all: f64 = seen.clone().sum();
        let shares = told.cells.iter().copied().chain([told.older]);
        for (((seen, share), by_skew), by_items) in seen.zip(shares).zip(&a.0).zip(&b.0) {
            let by = [*by_skew, *by_items];
            for (row, one) in bend.iter_mut().zip(by) {
                for (cell, other) in row.iter_mut().zip(by) {
                    *cell += all * one * other / share;
                }
            }
            for (rise, one) in rise.iter_mut().zip(by) {
                *rise += seen / share * one;
            }
        }
        (rise, bend)
    }

    /// So many items that the present size misses as often as was counted.
    fn start(&self, alpha: f64) -> Point {
        let (mut low, mut high) = (self.sample.keys.ln(), LARGEST.ln());
        for _ in 0..12 {
            let middle = f64::midpoint(low, high);
            let missed = self.miss_ratio(&popularity([alpha, middle]), self.sample.keys);
            (low, high) = if missed < 1.0 - self.sample.hit_ratio { (middle, high) } else { (low, middle) };
        }
        [alpha, f64::midpoint(low, high)]
    }

    fn within(&self, [alpha, items]: Point) -> Point {
        [alpha.clamp(0.0, STEEPEST), items.clamp(self.sample.keys.max(1.0).ln(), LARGEST.ln())]
    }
}

impl Zipf {
    /// Climbs from the best of a few starts.
    pub(super) fn fit(evidence: &Evidence) -> Option<Self> {
        let starts = STARTS.map(|alpha| {
            let at = evidence.start(alpha);
            let told = evidence.told(at);
            (evidence.likelihood(&told), at, told)
        });
        let (mut best, mut at, mut told) = starts.into_iter().max_by(|one, other| one.0.total_cmp(&other.0))?;
        for _ in 0..STEPS {
            let (rise, bend) = evidence.slopes(at, &told);
            let inverse = inverse(bend)?;
            let way = times(&inverse, rise);
            // Too far a step is halved.
            let higher = (0..6).find_map(|halvings| {
                let part = 0.5_f64.powi(halvings);
                let there = evidence.within([at[0] + part * way[0], at[1] + part * way[1]]);
                let told = evidence.told(there);
                let likelihood = evidence.likelihood(&told);
                (likelihood > best).then_some((likelihood, there, told))
            });
            let Some((likelihood, there, said)) = higher else { break };
            let gain = likelihood - best;
            (best, at, told) = (likelihood, there, said);
            if gain < CLIMBED {
                break;
            }
        }
        let (_, bend) = evidence.slopes(at, &told);
        Some(Self { at, covariance: inverse(bend)? })
    }

    pub(super) fn alpha(&self) -> f64 {
        self.at[0]
    }

    pub(super) fn items(&self) -> f64 {
        self.at[1].exp()
    }

    /// Of the skew, and of the logarithm of the items.
    pub(super) fn deviations(&self) -> [f64; 2] {
        [self.covariance[0][0].sqrt(), self.covariance[1][1].sqrt()]
    }

    /// At a size, with its standard deviation.
    pub(super) fn miss_ratio(&self, evidence: &Evidence, items: f64) -> (f64, f64) {
        let at = |point| evidence.miss_ratio(&popularity(point), items);
        let by = [[NUDGE[0], 0.0], [0.0, NUDGE[1]]].map(|[x, y]| {
            let apart = 2.0 * (x + y);
            (at([self.at[0] + x, self.at[1] + y]) - at([self.at[0] - x, self.at[1] - y])) / apart
        });
        let through = times(&self.covariance, by);
        (at(self.at), (by[0] * through[0] + by[1] * through[1]).max(0.0).sqrt())
    }

    /// The largest relative distance from the keys that were seen up to each age, less four deviations of chance.
    pub(super) fn misfit(&self, evidence: &Evidence) -> f64 {
        let popularity = popularity(self.at);
        let full = evidence.full(&popularity, evidence.sample.keys);
        let all: f64 = evidence.cells.iter().map(|(_, seen)| seen).sum::<f64>() + evidence.older;
        let mut until = 0.0;
        let beyond = evidence.cells.iter().map(|(second, within)| {
            until += within / all;
            let far = evidence.younger(&popularity, full.as_ref(), *second) / until - 1.0;
            far.abs() - 4.0 * ((1.0 - until) / until / all).sqrt()
        });
        beyond.filter(|far| far.is_finite()).fold(0.0, f64::max)
    }
}

fn popularity([alpha, items]: Point) -> Popularity {
    Popularity::zipf_coarse(items.exp() as u64, alpha)
}

fn inverse([[a, b], [c, d]]: [Point; 2]) -> Option<[Point; 2]> {
    // A slight belief keeps what the evidence does not tell finite.
    let (a, d) = (a + 0.1, d + 0.01);
    let determinant = a * d - b * c;
    (determinant.is_finite() && determinant > 0.0)
        .then(|| [[d / determinant, -b / determinant], [-c / determinant, a / determinant]])
}

fn times(matrix: &[Point; 2], [x, y]: Point) -> Point {
    matrix.map(|[a, b]| a * x + b * y)
}
