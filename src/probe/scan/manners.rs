//! How one node is read: its pace, how far away it is, and whether others ask it too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::pace::{Bite, Pace};

/// From so many commands of others in a second on, a node is not ours alone (judgement): replicas, exporters and Sentinels
/// come to fewer.
const OTHERS: f64 = 50.0;
/// The same while we read: what is under way of ours is counted on one side only.
const OTHERS_MEANWHILE: f64 = 1_000.0;

/// Shared by all that read a node, and by whoever watches it.
#[derive(Debug)]
pub struct Manners {
    pub pace: Pace,
    pub round_trip: Duration,
    crowded: AtomicBool,
}

impl Manners {
    /// `others` is the commands that others sent in a second before we began.
    pub fn new(pace: Pace, round_trip: Duration, others: f64) -> Self {
        Self { pace, round_trip, crowded: AtomicBool::new(others >= OTHERS) }
    }

    /// Who was seen once is reckoned with to the end: their rate cannot be told well beside our own.
    pub fn saw(&self, others: f64) {
        if others >= OTHERS_MEANWHILE {
            self.crowded.store(true, Ordering::Relaxed);
        }
    }

    pub fn bite(&self) -> Bite {
        self.pace.bite(self.round_trip, self.crowded.load(Ordering::Relaxed))
    }

    /// What the line takes of a page of so many keys: a round trip for its names, one for each part of what all keys are asked,
    /// and two for what some are asked beside it.
    pub fn lines(&self, keys: usize) -> Duration {
        self.round_trip * (3 + keys.div_ceil(self.bite().keys) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_make_a_polite_scan_smaller_for_good() {
        let manners = |others| Manners::new(Pace::Polite, Duration::from_micros(20), others);
        let (alone, crowded) = (manners(10.0), manners(60.0));
        assert!(crowded.bite().keys < alone.bite().keys);
        assert!(crowded.lines(100) > alone.lines(100), "more round trips");
        alone.saw(900.0);
        assert_eq!(alone.bite().keys, 16, "it may be what is under way");
        alone.saw(5_000.0);
        alone.saw(0.0);
        assert_eq!(alone.bite(), crowded.bite());
    }
}
