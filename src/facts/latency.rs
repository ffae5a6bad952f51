//! Where time went: slow commands, latency events, command histograms, and our own round trips.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::Micros;
use super::foreign::Foreign;

/// An entry of SLOWLOG, reduced: the command and the family of its first key, never the arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlowCommand {
    /// Unix seconds.
    pub at: u64,
    pub took: Micros,
    pub command: Foreign,
    /// The first key with its identifiers starred; a command without keys has none.
    pub family: Option<Foreign>,
}

/// The last and worst spike of one kind: a row of LATENCY LATEST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LatencyEvent {
    pub event: Foreign,
    /// Unix seconds of the last spike.
    pub at: u64,
    pub latest_ms: u64,
    pub worst_ms: u64,
}

/// The events that the server itself records (latency.h, its callers, and the modules' lock); a module may add its own.
#[rustfmt::skip]
const EVENTS: &[&str] = &[
    "active-defrag-cycle", "aof-fstat", "aof-fsync-always", "aof-rename", "aof-rewrite-diff-write", "aof-stat",
    "aof-write", "aof-write-active-child", "aof-write-alone", "aof-write-pending-fsync", "command", "command-unblocking",
    "eviction-cycle", "eviction-del", "eviction-lazyfree", "expire-cycle", "expire-del", "fast-command", "fork",
    "module-acquire-GIL", "rdb-unlink-temp-file", "while-blocked-cron",
];

impl LatencyEvent {
    pub fn new(event: &str, at: u64, latest_ms: u64, worst_ms: u64) -> Self {
        Self { event: Foreign::one_of(event, EVENTS), at, latest_ms, worst_ms }
    }
}

/// The latency distribution of one command since the counters were reset: LATENCY HISTOGRAM, 7.0 and later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandHistogram {
    pub command: Foreign,
    pub calls: u64,
    /// Upper bound of each bucket in microseconds, and how many calls took at most that long.
    #[serde(skip)]
    pub buckets: Vec<(u64, u64)>,
}

impl CommandHistogram {
    /// The upper bound under which `quantile` of the calls stayed.
    pub fn at(&self, quantile: f64) -> Micros {
        let wanted = (self.calls as f64 * quantile).ceil() as u64;
        let reached = self.buckets.iter().find(|(_, calls)| *calls >= wanted).or(self.buckets.last());
        Micros(reached.map_or(0, |(upper, _)| *upper))
    }
}

/// Our own PINGs, one after another: what `redis-cli --latency` shows, with its tail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RoundTrip {
    pub pings: u64,
    pub min: Micros,
    pub avg: Micros,
    pub p99: Micros,
    pub max: Micros,
}

impl RoundTrip {
    /// Nothing was measured when no PING was answered.
    pub fn from_samples(samples: impl IntoIterator<Item = Micros>) -> Option<Self> {
        // Three significant digits up to an hour: more than a PING can tell.
        let mut histogram = Histogram::<u64>::new_with_max(3_600_000_000, 3).ok()?;
        for Micros(us) in samples {
            histogram.saturating_record(us);
        }
        (!histogram.is_empty()).then(|| Self {
            pings: histogram.len(),
            min: Micros(histogram.min()),
            avg: Micros(histogram.mean().round() as u64),
            p99: Micros(histogram.value_at_quantile(0.99)),
            max: Micros(histogram.max()),
        })
    }
}

impl SlowCommand {
    pub fn new(at: u64, took: Micros, command: &str, first_key: Option<&[u8]>) -> Self {
        let family = first_key.map(Foreign::family);
        Self { at, took, command: Foreign::command(&command.to_uppercase()), family }
    }
}

impl std::fmt::Display for SlowCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.family {
            None => write!(f, "{}", self.command),
            Some(family) => write!(f, "{} {family}", self.command),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_keeps_its_tail() {
        let samples = (1..=99).map(|_| Micros(100)).chain([Micros(9_000)]);
        let seen = RoundTrip::from_samples(samples).unwrap();
        assert_eq!((seen.pings, seen.min, seen.p99), (100, Micros(100), Micros(100)));
        assert!(seen.max >= Micros(9_000) && seen.avg == Micros(189));
        assert_eq!(RoundTrip::from_samples([]), None);
    }

    #[test]
    fn a_quantile_is_read_from_cumulative_buckets() {
        let histogram =
            CommandHistogram { command: Foreign::value("get"), calls: 100, buckets: vec![(1, 50), (2, 98), (64, 100)] };
        assert_eq!((histogram.at(0.5), histogram.at(0.99)), (Micros(1), Micros(64)));
    }

    #[test]
    fn a_slow_command_forgets_its_arguments() {
        let slow = SlowCommand::new(1, Micros::ms(20), "hgetall", Some(b"cart:981"));
        assert_eq!(slow.to_string(), "HGETALL «cart:*»");
    }
}
