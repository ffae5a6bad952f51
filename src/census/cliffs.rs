//! When keys end: counted by the second, in bounded memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tally::Hand;

/// Moments that are kept apart. When there are more, neighbours are counted together.
const MOMENTS: usize = 8_192;
/// A cliff holds at least so many keys,
const FEWEST: f64 = 1_000.0;
/// at least this share of all keys that end,
const SHARE: f64 = 0.05;
/// and this many times as many as an even spread would put there.
const STEEP: f64 = 10.0;
/// Cliffs that are told.
const TOLD: usize = 5;

/// Many keys that end together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cliff {
    /// Seconds from the start of the reading.
    pub from: u64,
    /// How many seconds it spans.
    pub seconds: u64,
    pub keys: f64,
    pub bytes: f64,
    /// Of all keys with a time to live.
    pub share: f64,
}

#[derive(Debug, Clone)]
pub struct Cliffs {
    step: u64,
    moments: BTreeMap<u64, Hand>,
}

impl Default for Cliffs {
    fn default() -> Self {
        Self { step: 1, moments: BTreeMap::new() }
    }
}

impl Cliffs {
    pub fn count(&mut self, second: u64, keys: f64, bytes: f64) {
        let moment = self.moments.entry(second / self.step).or_default();
        moment.keys += keys;
        moment.bytes += bytes;
        while self.moments.len() > MOMENTS {
            self.step *= 2;
            for (moment, hand) in std::mem::take(&mut self.moments) {
                let wider = self.moments.entry(moment / 2).or_default();
                wider.keys += hand.keys;
                wider.bytes += hand.bytes;
            }
        }
    }

    /// The steepest first; `factor` is what one counted key stands for.
    pub fn found(&self, factor: f64) -> Vec<Cliff> {
        let all: f64 = self.moments.values().map(|moment| moment.keys).sum();
        let (Some((first, _)), Some((last, _))) = (self.moments.first_key_value(), self.moments.last_key_value())
        else {
            return Vec::new();
        };
        let even = all / (last - first + 1) as f64;
        let steep = |hand: &Hand| {
            hand.keys * factor >= FEWEST && hand.keys >= all * SHARE && (hand.keys >= even * STEEP || first == last)
        };
        let mut cliffs: Vec<Cliff> = self
            .moments
            .iter()
            .filter(|(_, hand)| steep(hand))
            .map(|(moment, hand)| Cliff {
                from: moment * self.step,
                seconds: self.step,
                keys: hand.keys * factor,
                bytes: hand.bytes * factor,
                share: hand.keys / all,
            })
            .collect();
        cliffs.sort_by(|a, b| b.keys.total_cmp(&a.keys));
        cliffs.truncate(TOLD);
        cliffs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_in_a_spread_is_a_cliff_and_the_spread_is_not() {
        let mut cliffs = Cliffs::default();
        (0..100_000).for_each(|n| cliffs.count(n * 26 % 2_600_000, 1.0, 100.0));
        assert_eq!(cliffs.found(1.0), []);
        (0..20_000).for_each(|_| cliffs.count(86_400, 1.0, 100.0));
        let found = cliffs.found(1.0);
        assert_eq!(found.len(), 1);
        let cliff = found[0];
        assert!(cliff.from <= 86_400 && 86_400 < cliff.from + cliff.seconds, "{cliff:?}");
        assert!(cliff.keys >= 20_000.0 && cliffs.moments.len() <= MOMENTS, "{cliff:?}");
    }
}
