//! How hard a scan presses: keys in a page, pages in flight, rests between them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How hard to press.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Pace {
    /// Small pages and rests: other clients hardly notice.
    #[default]
    Polite,
    /// Larger pages, short rests.
    Steady,
    /// As fast as the server answers.
    Fast,
}

/// Timers do not tell shorter spans apart, so that shorter rests are saved up.
const TIMER: Duration = Duration::from_millis(1);

/// Rests that are owed and not taken yet. A timer that sleeps longer than it was asked to has taken later rests too.
#[derive(Debug, Default)]
pub struct Owed {
    owed: Duration,
    taken: Duration,
}

impl Owed {
    pub fn add(&mut self, rest: Duration) {
        let early = self.taken.min(rest);
        self.taken -= early;
        self.owed += rest - early;
    }

    /// The rest to take now.
    pub fn due(&self) -> Duration {
        if self.owed < TIMER { Duration::ZERO } else { self.owed }
    }

    /// How long the rest really was.
    pub fn took(&mut self, time: Duration) {
        if self.owed >= TIMER {
            self.taken = time.saturating_sub(self.owed).min(TIMER * 4);
            self.owed = Duration::ZERO;
        }
    }
}

/// From this round trip on, pages overlap so that a long line does not set the speed.
const SHORT_LINE: Duration = Duration::from_micros(500);
const MOST_IN_FLIGHT: u32 = 4;

/// What the questions about a key keep a server busy for (3.0 to 4.5 µs: `make bench-audit`).
const BUSY: Duration = Duration::from_micros(4);

impl Pace {
    /// Names of a page.
    pub fn page(self) -> u32 {
        match self {
            Self::Polite => 100,
            Self::Steady => 250,
            Self::Fast => 1_000,
        }
    }

    /// Keys that are asked about at once, by the measured round trip: as many as keep the server busy for as long as the line
    /// takes. Others get their turn in between, over a short line soon, and a long one does not set the speed.
    pub fn at_once(self, round_trip: Duration) -> usize {
        let (least, most) = match self {
            Self::Polite => (16, 100),
            Self::Steady => (64, 250),
            Self::Fast => (1_000, 1_000),
        };
        ((round_trip.as_nanos() / BUSY.as_nanos()) as usize).clamp(least, most)
    }

    /// Round trips that a page of so many keys takes: for its names, for what all keys are asked in parts, and for what some
    /// are asked in two more.
    pub fn round_trips(self, keys: usize, round_trip: Duration) -> u32 {
        3 + keys.div_ceil(self.at_once(round_trip)) as u32
    }

    /// Pages under way at once.
    pub fn in_flight(self, round_trip: Duration) -> usize {
        let overlap =
            1 + (round_trip.as_micros() / SHORT_LINE.as_micros()).min(u128::from(MOST_IN_FLIGHT) - 1) as usize;
        match self {
            Self::Polite => overlap,
            Self::Steady => overlap.max(2),
            Self::Fast => MOST_IN_FLIGHT as usize,
        }
    }

    /// Connections for the pages alone; without any they share the one that scans.
    pub fn connections(self) -> usize {
        if self == Self::Fast { 2 } else { 0 }
    }

    /// What a rest is at least while others wait for their answers: where the line is rest enough, nothing else would grow.
    pub fn least_rest(self) -> Duration {
        if self == Self::Fast { Duration::ZERO } else { TIMER }
    }

    /// How long to rest after a page that took so long with so many round trips, in which the server was not ours either.
    pub fn rest(self, took: Duration, lines: Duration) -> Duration {
        let busy = took.saturating_sub(lines);
        let rest = match self {
            Self::Polite => busy * 3 / 4,
            Self::Steady => busy / 4,
            Self::Fast => Duration::ZERO,
        };
        rest.saturating_sub(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_about_in_parts_of_a_round_trip() {
        let micros = Duration::from_micros;
        assert_eq!([20, 200, 5_000].map(|line| Pace::Polite.at_once(micros(line))), [16, 50, 100]);
        assert_eq!([20, 600, 5_000].map(|line| Pace::Steady.at_once(micros(line))), [64, 150, 250]);
        assert_eq!(Pace::Fast.at_once(micros(20)), 1_000);
    }

    #[test]
    fn what_the_line_takes_is_rest_too() {
        let micros = Duration::from_micros;
        assert_eq!(Pace::Polite.rest(micros(500), micros(100)), micros(200));
        assert_eq!(Pace::Polite.rest(micros(500), micros(300)), Duration::ZERO);
        assert_eq!(Pace::Fast.rest(micros(500), Duration::ZERO), Duration::ZERO);
    }
}
