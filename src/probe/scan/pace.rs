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

/// What the questions about a key keep a server busy for, and what a name of a page does (2.8 to 4.5 µs and about 1 µs on
/// Redis 7.0: `make bench-audit`).
const BUSY: Duration = Duration::from_micros(4);
const NAME_BUSY: Duration = Duration::from_micros(1);
/// A polite scan keeps a server that others ask too no longer at once than this share of what an answer takes them anyway: one
/// in twenty. Where answers are so quick that this is less than a key, the least is taken.
const NOTICED: u32 = 20;

/// How much is asked at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bite {
    /// Names of a page.
    pub names: u32,
    /// Keys of a page that are asked about in one round trip.
    pub keys: usize,
}

impl Pace {
    /// What to ask at once, by the measured round trip and whether others ask the server too. Alone, of keys as many as keep
    /// the server busy for as long as the line takes: others get their turn in between, over a short line soon, and a long one
    /// does not set the speed.
    pub fn bite(self, round_trip: Duration, crowded: bool) -> Bite {
        let fits = |time: Duration, each: Duration| time.as_nanos() / each.as_nanos();
        if self == Self::Polite && crowded {
            let unnoticed = round_trip / NOTICED;
            return Bite {
                names: fits(unnoticed, NAME_BUSY).clamp(10, 100) as u32,
                keys: fits(unnoticed, BUSY).clamp(4, 100) as usize,
            };
        }
        let (names, least) = match self {
            Self::Polite => (100, 16),
            Self::Steady => (250, 64),
            Self::Fast => (1_000, 1_000),
        };
        Bite { names, keys: (fits(round_trip, BUSY) as usize).clamp(least, names as usize) }
    }

    /// How long to listen after each of the PINGs before the scan: only who is polite makes much of what others ask meanwhile.
    pub fn listens(self) -> Duration {
        if self == Self::Fast { TIMER } else { TIMER * 4 }
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
        let keys = |pace: Pace, line| pace.bite(Duration::from_micros(line), false).keys;
        assert_eq!([20, 200, 5_000].map(|line| keys(Pace::Polite, line)), [16, 50, 100]);
        assert_eq!([20, 600, 5_000].map(|line| keys(Pace::Steady, line)), [64, 150, 250]);
        assert_eq!(keys(Pace::Fast, 20), 1_000);
    }

    #[test]
    fn beside_others_a_polite_scan_asks_for_little_at_once() {
        let bite = |pace: Pace, line| pace.bite(Duration::from_micros(line), true);
        assert_eq!(bite(Pace::Polite, 20), Bite { names: 10, keys: 4 });
        assert_eq!(bite(Pace::Polite, 500), Bite { names: 25, keys: 6 });
        assert_eq!(bite(Pace::Fast, 500), Pace::Fast.bite(Duration::from_micros(500), false));
    }

    #[test]
    fn what_the_line_takes_is_rest_too() {
        let micros = Duration::from_micros;
        assert_eq!(Pace::Polite.rest(micros(500), micros(100)), micros(200));
        assert_eq!(Pace::Polite.rest(micros(500), micros(300)), Duration::ZERO);
        assert_eq!(Pace::Fast.rest(micros(500), Duration::ZERO), Duration::ZERO);
    }
}
