//! How much of it can be read in the time there is, and the cursor that goes on where an audit stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Input;
use crate::facts::Place;
use crate::probe::{Extent, Pace, Source};

/// Seconds, when nothing is said.
const TIME: f64 = 30.0;
/// What one node gives in a second at each pace, taken low: a reading that is promised should come to its end.
fn keys_per_second(pace: Pace) -> f64 {
    match pace {
        Pace::Polite => 25_000.0,
        Pace::Steady => 50_000.0,
        Pace::Fast => 80_000.0,
    }
}
/// A sample takes this share of the time at most.
const SAMPLING: f64 = 0.6;
/// From so many keys on, a sample says enough; more only makes it dearer.
const ENOUGH: u64 = 400_000;
/// Below this, one key in a few is looked at closely; above, one in more, so that it costs a tenth at most.
const SMALL: u64 = 200_000;

/// What to read, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub extent: Extent,
    pub time: Option<Duration>,
    pub resume: BTreeMap<Place, u64>,
    pub close_one_in: u64,
}

impl Plan {
    /// A sample leaves some of the time for a search of what it does not explain.
    pub fn reading_time(&self) -> Option<Duration> {
        let share = if matches!(self.extent, Extent::Sample(_)) { SAMPLING } else { 1.0 };
        self.time.map(|time| time.mul_f64(share))
    }
}

pub fn plan(input: &Input, sources: &[Source]) -> Result<Plan> {
    let keys: u64 = sources.iter().flat_map(|source| &source.databases).map(|(_, keys)| keys).sum();
    let largest = sources.iter().map(|source| source.databases.iter().map(|(_, keys)| keys).sum()).max().unwrap_or(0);
    let given = (input.time > 0.0).then_some(input.time);
    let most = (input.max_keys > 0).then_some(input.max_keys);
    let seconds = given.or_else(|| (!input.full).then_some(TIME));
    let resume = parse(&input.resume)?;
    let fits = seconds.is_none_or(|seconds| (largest as f64) < seconds * keys_per_second(input.pace));
    let few = most.is_none_or(|most| keys <= most);
    let extent = if !resume.is_empty() || input.full && few || fits && few {
        Extent::Whole
    } else {
        let affordable = seconds
            .map_or(u64::MAX, |seconds| (seconds * 0.5 * keys_per_second(input.pace) * sources.len() as f64) as u64);
        Extent::Sample(most.unwrap_or(ENOUGH).min(affordable).max(1_000))
    };
    let read = if let Extent::Sample(some) = extent { some } else { keys };
    let close_one_in = if read <= SMALL { 2 } else { 16 };
    Ok(Plan { extent, time: seconds.map(Duration::from_secs_f64), resume, close_one_in })
}

/// `node.database.cursor` for each place that is not read to its end.
pub fn cursor(left: &BTreeMap<Place, u64>) -> String {
    let parts: Vec<String> =
        left.iter().map(|(place, cursor)| format!("{}.{}.{cursor}", place.node, place.database)).collect();
    parts.join("-")
}

fn parse(cursor: &str) -> Result<BTreeMap<Place, u64>> {
    let mut places = BTreeMap::new();
    for part in cursor.split('-').filter(|part| !part.is_empty()) {
        let numbers: Vec<u64> = part
            .split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("resume is not a cursor that an audit printed, such as 0.0.4711")?;
        let [node, database, at] = numbers.as_slice() else {
            anyhow::bail!("resume is not a cursor that an audit printed, such as 0.0.4711");
        };
        let place = Place { node: *node as usize, database: u32::try_from(*database)? };
        places.insert(place, *at);
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_was_printed() {
        let left =
            BTreeMap::from([(Place { node: 0, database: 0 }, 4_711), (Place { node: 2, database: 15 }, u64::MAX)]);
        assert_eq!(parse(&cursor(&left)).unwrap(), left);
        for bad in ["x", "1.2", "1.2.3.4", "1.2.x", "0.0.-1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("").unwrap(), BTreeMap::new());
    }
}
