//! How long an entry lives, and how its end is spread so that the origin bears the refill.

use serde::Serialize;

use super::answer::Answer;
use super::stampede;
use super::workload::Workload;
use crate::forecast::Popularity;
use crate::forecast::refill::{Expiry, Jitter, WarmUp, jitter, peak, warm_up};

/// An old value that a lost race leaves behind for less than this is called short (judgement).
pub const LONGEST_RACE: f64 = 60.0;
/// Entries that do not exist are remembered for this long at most: a new one must show up (judgement).
const LONGEST_ABSENCE: f64 = 60.0;
/// A TTL where nothing else bounds it: a day, so that forgotten entries go.
const LONGEST: f64 = 86_400.0;
/// The share of the origin's capacity that refills may take; the rest is for what comes beside them (judgement).
const SPARE: f64 = 0.8;
/// Refills are counted in windows of this length: what an origin queues without harm.
const WINDOW: f64 = 1.0;
/// An entry that may be served old is fresh for this part of its life (judgement): the rest is for its renewal.
const FRESH: f64 = 0.8;

/// Times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ttl {
    pub seconds: f64,
    /// With stale-while-revalidate: when it is to be renewed, while it is still served.
    pub fresh: Option<f64>,
    /// Taken off at random, evenly from 0 to this.
    pub jitter: f64,
    /// Refills per second at the worst moment after all entries were stored at once, without and with the jitter.
    pub peak_without: f64,
    pub peak_with: f64,
    /// No jitter helps: what is renewed in one TTL is more than the origin bears in it. With this TTL it could.
    pub least: Option<f64>,
    /// For entries that do not exist.
    pub absent: Option<f64>,
    pub warm_up: WarmUp,
}

/// How long entries live, before anything is known of sizes.
pub fn life(workload: &Workload) -> f64 {
    if workload.staleness > 0.0 && !workload.only_copy { workload.staleness.min(LONGEST) } else { LONGEST }
}

/// `entries`: how many the cache holds; `hit_ratio`: in the long run.
pub fn choose(workload: &Workload, guard: &Answer, entries: f64, hit_ratio: f64) -> Ttl {
    let seconds = life(workload);
    let expiry = Expiry {
        keys: entries,
        asked_again: hit_ratio,
        ttl_seconds: seconds,
        spare_per_second: workload.origin_capacity * SPARE,
        window_seconds: WINDOW,
    };
    let renewed = entries * hit_ratio;
    let (jitter, least) = match jitter(&expiry) {
        Jitter::NotNeeded => (0.0, None),
        Jitter::Seconds { seconds, .. } => (seconds, None),
        // Spread over the whole TTL is as even as it gets.
        Jitter::Impossible { least_ttl_seconds } => (seconds, Some(least_ttl_seconds)),
    };
    let popularity = Popularity::zipf(workload.items, workload.skew);
    Ttl {
        seconds,
        fresh: (*guard == stampede::STALE).then_some(seconds * FRESH),
        jitter,
        peak_without: renewed / WINDOW,
        peak_with: peak(renewed, jitter, WINDOW) / WINDOW,
        least,
        absent: workload.absent_ids.then(|| seconds.min(LONGEST_ABSENCE)),
        warm_up: warm_up(&popularity, hit_ratio, workload.reads, workload.origin_capacity),
    }
}
