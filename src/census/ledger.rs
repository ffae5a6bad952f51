//! What was counted, set against what the server says it uses.

use serde::Serialize;

use super::estimate::Interval;
use super::tail::Giants;

/// A gap below this share of all memory is within what models and allocators differ by.
const NOISE: f64 = 0.02;
/// So is a gap below this many bytes: an empty server has buffers that come and go.
const FLOOR: f64 = 1_048_576.0;
/// The share of memory that may lie in the interval before a sample is no answer to where large keys are (judgement).
const HIDES: f64 = 0.05;

/// The books of one deployment: every sum is over the nodes that were read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// What the servers say.
    pub used_memory: f64,
    /// What keys and values take, by our count.
    pub keys: f64,
    /// Bucket arrays of the tables of keys and of times to live.
    pub tables: f64,
    /// What the servers keep for themselves and their clients, as MEMORY STATS names it.
    pub overheads: Vec<(String, f64)>,
    /// Giants as the servers count them, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub giants: Option<Giants>,
    /// Whether all keys of these servers were meant to be read: otherwise the books cannot balance.
    pub whole: bool,
}

impl Ledger {
    pub fn expected(&self) -> f64 {
        self.keys + self.tables + self.overheads.iter().map(|(_, bytes)| bytes).sum::<f64>()
    }

    /// What the servers use beyond what we can name; below 0 when we named too much.
    pub fn gap(&self) -> f64 {
        self.used_memory - self.expected()
    }

    pub fn gap_share(&self) -> f64 {
        if self.used_memory > 0.0 { self.gap() / self.used_memory } else { 0.0 }
    }

    /// The gap, when it is more than the interval around the keys and the noise of the books can hold.
    pub fn unexplained(&self, keys: Interval) -> Option<f64> {
        let gap = self.gap();
        let room = if gap > 0.0 { keys.high - self.keys } else { self.keys - keys.low };
        (self.whole && gap.abs() > room.max(0.0) + self.noise()).then_some(gap)
    }

    /// How much the keys may be underestimated by, where that is a good part of the memory. Sizes that differ much make a wide
    /// interval, and what a giant takes beside them leaves no gap.
    pub fn hides(&self, keys: Interval) -> Option<f64> {
        let room = keys.high - self.keys;
        (self.whole && room > self.used_memory * HIDES).then_some(room)
    }

    /// How much more than was counted there can be.
    pub fn room(&self) -> f64 {
        if self.whole { self.gap().max(0.0) + self.noise() } else { f64::INFINITY }
    }

    fn noise(&self) -> f64 {
        (self.used_memory * NOISE).max(FLOOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_unexplained_only_beyond_interval_and_noise() {
        let mib = 1_048_576.0;
        let books = Ledger {
            used_memory: 100.0 * mib,
            keys: 80.0 * mib,
            tables: 5.0 * mib,
            overheads: vec![("startup.allocated".into(), mib)],
            giants: None,
            whole: true,
        };
        assert_eq!(books.gap(), 14.0 * mib);
        assert_eq!(books.unexplained(Interval { low: 70.0 * mib, high: 85.0 * mib }), Some(14.0 * mib));
        assert_eq!(books.unexplained(Interval { low: 70.0 * mib, high: 93.0 * mib }), None);
        assert_eq!(Ledger { whole: false, ..books.clone() }.unexplained(Interval::exact(80.0 * mib)), None);
        assert_eq!(Ledger { keys: 94.0 * mib, ..books }.unexplained(Interval::exact(94.0 * mib)), None);
    }

    #[test]
    fn a_wide_interval_may_hide_a_giant() {
        let books = Ledger { used_memory: 1_000.0, keys: 800.0, whole: true, ..Ledger::default() };
        assert_eq!(books.hides(Interval { low: 700.0, high: 900.0 }), Some(100.0));
        assert_eq!(books.hides(Interval { low: 700.0, high: 840.0 }), None, "too little to care");
        assert_eq!(Ledger { whole: false, ..books }.hides(Interval { low: 0.0, high: 2_000.0 }), None);
    }
}
