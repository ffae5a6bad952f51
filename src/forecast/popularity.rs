//! How requests spread over items: a few hundred bins stand for any number of them.

use serde::Serialize;

/// Items at the head stand alone: they get most requests.
const HEAD: u64 = 64;
/// Bins of equal width on a logarithmic scale behind the head. More change no hit ratio by a thousandth.
const TAIL: usize = 440;
/// The same for a fit, which tries hundreds of popularities.
const COARSE: (u64, usize) = (12, 52);

/// Items that are asked for about equally often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    pub items: f64,
    /// The share of all requests that one of these items gets.
    pub share: f64,
}

/// Who gets which share of the requests, the most asked for first. Requests are independent of one another (the
/// independent reference model): no hour of the day, no item that follows another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Popularity {
    bins: Vec<Bin>,
}

impl Popularity {
    /// The item of rank k is asked for in proportion to `1/k^alpha`; an alpha of 0 asks for all alike.
    pub fn zipf(items: u64, alpha: f64) -> Self {
        Self::zipf_in(items, alpha, HEAD, TAIL)
    }

    pub(super) fn zipf_coarse(items: u64, alpha: f64) -> Self {
        Self::zipf_in(items, alpha, COARSE.0, COARSE.1)
    }

    fn zipf_in(items: u64, alpha: f64, head: u64, tail: usize) -> Self {
        let (items, alpha) = (items.max(1), if alpha.is_finite() { alpha.max(0.0) } else { 0.0 });
        let head = items.min(head);
        let mut bins: Vec<Bin> = (1..=head).map(|rank| Bin { items: 1.0, share: (rank as f64).powf(-alpha) }).collect();
        let step = (items as f64 / head as f64).powf(1.0 / tail as f64);
        let (mut first, mut edge) = (head, head as f64);
        while first < items {
            edge *= step;
            let last = (edge.round() as u64).clamp(first + 1, items);
            let width = (last - first) as f64;
            // The sum over ranks as an integral between their middles: behind the head the error is below 1e-5.
            let weight = integral(alpha, first as f64 + 0.5, last as f64 + 0.5);
            bins.push(Bin { items: width, share: weight / width });
            first = last;
        }
        Self::normal(bins)
    }

    /// One weight for each item, in any order; what is not a positive number counts as never asked for.
    pub fn from_weights(weights: &[f64]) -> Self {
        let mut sorted: Vec<f64> = weights.iter().map(|w| if w.is_finite() { w.max(0.0) } else { 0.0 }).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let step = (sorted.len() as f64 / HEAD as f64).max(1.0).powf(1.0 / TAIL as f64);
        let (mut bins, mut rest, mut edge) = (Vec::new(), sorted.as_slice(), 0.0_f64);
        let mut taken = 0_usize;
        while !rest.is_empty() {
            edge = if taken < HEAD as usize { taken as f64 + 1.0 } else { edge * step };
            let size = (edge.round() as usize).saturating_sub(taken).clamp(1, rest.len());
            let (bin, behind) = rest.split_at(size);
            bins.push(Bin { items: size as f64, share: bin.iter().sum::<f64>() / size as f64 });
            (rest, taken) = (behind, taken + size);
        }
        Self::normal(bins)
    }

    /// Items that a measurement tells in parts: they become whole ones.
    pub(super) fn from_parts(bins: Vec<Bin>) -> Self {
        Self::normal(bins).divided(1.0)
    }

    /// As many times fewer items, each of which is asked for as often as so many of neighbouring rank together: a cache that is
    /// smaller by the same factor hits the same, as long as each of the few that lead the list fits in both.
    #[must_use]
    pub fn divided(&self, factor: f64) -> Self {
        let mut items = 0.0;
        let mut edges: Vec<f64> = self
            .bins
            .iter()
            .map(|bin| {
                items += bin.items;
                (items / factor).round().max(1.0)
            })
            .collect();
        edges.dedup();
        let mut before = (0.0, 0.0);
        let bin = |edge: f64| {
            let (width, share) = (edge - before.0, self.head(edge * factor));
            let bin = Bin { items: width, share: (share - before.1) / width };
            before = (edge, share);
            bin
        };
        Self::normal(edges.into_iter().map(bin).collect())
    }

    fn normal(mut bins: Vec<Bin>) -> Self {
        let total: f64 = bins.iter().map(|bin| bin.items * bin.share).sum();
        if total > 0.0 {
            bins.iter_mut().for_each(|bin| bin.share /= total);
        }
        Self { bins }
    }

    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    pub fn items(&self) -> f64 {
        self.bins.iter().map(|bin| bin.items).sum()
    }

    /// The share of requests that go to the `items` most asked for: what a perfect LFU cache of that size would hit.
    pub fn head(&self, items: f64) -> f64 {
        let mut left = items.max(0.0);
        let mut share = 0.0;
        for bin in &self.bins {
            let taken = left.min(bin.items);
            share += taken * bin.share;
            left -= taken;
        }
        share
    }

    /// The share of requests that the item of this rank gets; ranks start at 1.
    pub fn share_of(&self, rank: f64) -> f64 {
        let mut left = rank.max(1.0);
        for bin in &self.bins {
            if left <= bin.items {
                return bin.share;
            }
            left -= bin.items;
        }
        0.0
    }
}

/// Draws items as often as they are asked for. An item is its rank, from 0.
#[derive(Debug, Clone)]
pub struct Draws {
    /// Where each bin begins: as a share of the requests, and as a rank.
    edges: Vec<(f64, f64)>,
}

impl Draws {
    pub fn of(popularity: &Popularity) -> Self {
        let mut edge = (0.0, 0.0);
        let mut edges = vec![edge];
        for bin in popularity.bins() {
            edge = (edge.0 + bin.items * bin.share, edge.1 + bin.items);
            edges.push(edge);
        }
        Self { edges }
    }

    /// The item at this place of the requests, a number from 0 to 1: a random one draws a random item.
    pub fn item(&self, place: f64) -> u64 {
        let behind = self.edges.partition_point(|edge| edge.0 <= place).clamp(1, self.edges.len().max(2) - 1);
        let (Some(from), Some(to)) = (self.edges.get(behind - 1), self.edges.get(behind)) else { return 0 };
        let within = ((place - from.0) / (to.0 - from.0).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        (from.1 + within * (to.1 - from.1)).min(to.1 - 1.0) as u64
    }
}

/// The integral of `x^-alpha`.
fn integral(alpha: f64, from: f64, to: f64) -> f64 {
    let power = 1.0 - alpha;
    if power.abs() < 1e-9 { (to / from).ln() } else { (to.powf(power) - from.powf(power)) / power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_all_items_and_all_requests() {
        for (items, alpha) in [(1, 0.9), (2, 0.0), (65, 1.0), (1_000, 1.2), (2_000_000, 0.9), (10_000_000_000, 0.6)] {
            let zipf = Popularity::zipf(items, alpha);
            assert!((zipf.items() / items as f64 - 1.0).abs() < 1e-9, "{items} {alpha}");
            assert!((zipf.head(items as f64) - 1.0).abs() < 1e-9, "{items} {alpha}");
            assert!(zipf.bins().len() < 520);
        }
    }

    #[test]
    fn bins_say_what_single_weights_say() {
        let weights: Vec<f64> = (1..=100_000).rev().map(|rank| f64::from(rank).powf(-0.9)).collect();
        let (single, zipf) = (Popularity::from_weights(&weights), Popularity::zipf(100_000, 0.9));
        assert!(single.bins().len() < 520);
        for items in [1.0, 10.0, 1_000.0, 50_000.0] {
            assert!((single.head(items) - zipf.head(items)).abs() < 2e-3, "{items}");
        }
        assert!((single.share_of(1.0) - zipf.share_of(1.0)).abs() < 1e-4);
    }

    #[test]
    fn items_are_drawn_as_often_as_they_are_asked_for() {
        let popularity = Popularity::zipf(10_000, 0.9);
        let (draws, mut random) = (Draws::of(&popularity), fastrand::Rng::with_seed(1));
        let drawn: Vec<u64> = (0..200_000).map(|_| draws.item(random.f64())).collect();
        for items in [1, 10, 100, 1_000, 10_000] {
            let head = drawn.iter().filter(|item| **item < items).count() as f64 / 200_000.0;
            assert!((head - popularity.head(items as f64)).abs() < 0.005, "{items}: {head}");
        }
        assert_eq!((draws.item(0.0), draws.item(1.0)), (0, 9_999));
    }

    #[test]
    fn a_smaller_catalogue_asks_for_the_same_parts() {
        let zipf = Popularity::zipf(1_000_000, 0.9);
        assert_eq!(zipf.divided(1.0).items(), 1_000_000.0);
        for factor in [1.0, 3.7, 100.0, 5_000.0] {
            let divided = zipf.divided(factor);
            assert!((divided.items() - 1_000_000.0 / factor).abs() <= 0.5, "{factor}: {}", divided.items());
            assert!(divided.bins().iter().all(|bin| bin.items >= 1.0 && bin.items.fract() == 0.0), "{factor}");
            for part in [0.001, 0.02, 0.3, 1.0] {
                let items = (divided.items() * part).round();
                let (seen, wanted) = (divided.head(items), zipf.head(items * factor));
                assert!((seen - wanted).abs() < 0.002, "{factor}, {part}: {seen}, {wanted}");
            }
        }
        assert_eq!(zipf.divided(1e9).items(), 1.0);
        let parts = Popularity::from_parts(vec![Bin { items: 0.2, share: 9.0 }, Bin { items: 3.9, share: 1.0 }]);
        assert_eq!((parts.items(), parts.head(4.0)), (4.0, 1.0));
    }

    #[test]
    fn odd_input_is_borne() {
        assert_eq!(Popularity::zipf(0, f64::NAN).items(), 1.0);
        assert_eq!(Popularity::from_weights(&[]).items(), 0.0);
        assert_eq!(Popularity::from_weights(&[]).divided(10.0).items(), 0.0);
        assert_eq!(Popularity::from_weights(&[f64::NAN, -1.0, 2.0]).head(1.0), 1.0);
    }
}
