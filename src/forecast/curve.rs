//! The hit ratio over the size of the cache, and the size from which on more brings little.

use serde::Serialize;

use super::hit_ratio::{Cache, Prediction, predict};
use super::popularity::Popularity;

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    pub items: f64,
    #[serde(flatten)]
    pub prediction: Prediction,
}

/// Predicts `cache` at each of `sizes`, in items.
pub fn curve(popularity: &Popularity, cache: &Cache, sizes: &[f64]) -> Vec<Point> {
    let at = |items: &f64| Point { items: *items, prediction: predict(popularity, &Cache { items: *items, ..*cache }) };
    sizes.iter().map(at).collect()
}

/// `count` sizes from `low` to `high`, each larger than the one before by the same factor.
pub fn sizes(low: f64, high: f64, count: usize) -> Vec<f64> {
    let step = (high / low).powf(1.0 / count.saturating_sub(1).max(1) as f64);
    (0..count).map(|index| low * step.powf(index as f64)).collect()
}

/// The knee: the point of a curve that is farthest above the straight line from an empty cache to the largest size
/// (Satopää and others, "Kneedle", 2011). Up to there memory brings more hits for a byte than on the average, behind it
/// fewer. None where a curve has no bend.
pub fn knee(points: &[Point]) -> Option<Point> {
    let last = points.last()?;
    let slope = last.prediction.hit_ratio / last.items;
    let above = |point: &Point| point.prediction.hit_ratio - slope * point.items;
    let knee = points.iter().max_by(|a, b| above(a).total_cmp(&above(b)))?;
    (above(knee) > 0.02).then_some(*knee)
}

#[cfg(test)]
mod tests {
    use super::super::hit_ratio::Eviction;
    use super::*;

    const CACHE: Cache =
        Cache { items: 0.0, samples: 5, eviction: Eviction::Lru, ttl: None, requests_per_second: 1_000.0 };

    #[test]
    fn a_skewed_catalogue_bends_and_an_even_one_does_not() {
        let bend = |alpha| {
            let points = curve(&Popularity::zipf(100_000, alpha), &CACHE, &sizes(1_000.0, 100_000.0, 40));
            assert_eq!(points.len(), 40);
            knee(&points)
        };
        let skewed = bend(1.1).unwrap();
        assert!((5_000.0..40_000.0).contains(&skewed.items), "{skewed:?}");
        assert!(bend(0.0).is_none());
        assert!(knee(&[]).is_none());
    }
}
