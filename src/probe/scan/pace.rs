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

impl Pace {
    pub fn page(self) -> u32 {
        match self {
            Self::Polite => 100,
            Self::Steady => 250,
            Self::Fast => 1_000,
        }
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

    /// How long to rest after a page kept the server busy for so long.
    pub fn rest(self, busy: Duration) -> Duration {
        match self {
            Self::Polite => busy * 3 / 4,
            Self::Steady => busy / 4,
            Self::Fast => Duration::ZERO,
        }
    }
}
