//! How much of it can be read in the time there is, and the cursor that goes on where an audit stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::Input;
use crate::facts::{Deployment, Place};
use crate::probe::{Extent, Pace, Source};
use crate::tools::nodes;

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

pub fn plan(input: &Input, marks: &[Mark], sources: &[Source], deployment: &Deployment) -> Plan {
    let keys: u64 = sources.iter().flat_map(|source| &source.databases).map(|(_, keys)| keys).sum();
    let largest = sources.iter().map(|source| source.databases.iter().map(|(_, keys)| keys).sum()).max().unwrap_or(0);
    let given = (input.time > 0.0).then_some(input.time);
    let most = (input.max_keys > 0).then_some(input.max_keys);
    let seconds = given.or_else(|| (!input.full).then_some(TIME));
    let resume = resumed(marks, sources, deployment);
    let fits = seconds.is_none_or(|seconds| (largest as f64) < seconds * keys_per_second(input.pace));
    let few = most.is_none_or(|most| keys <= most);
    let extent = if !marks.is_empty() || input.full && few || fits && few {
        Extent::Whole
    } else {
        let affordable = seconds
            .map_or(u64::MAX, |seconds| (seconds * 0.5 * keys_per_second(input.pace) * sources.len() as f64) as u64);
        Extent::Sample(most.unwrap_or(ENOUGH).min(affordable).max(1_000))
    };
    let read = if let Extent::Sample(some) = extent { some } else { keys };
    let close_one_in = if read <= SMALL { 2 } else { 16 };
    Plan { extent, time: seconds.map(Duration::from_secs_f64), resume, close_one_in }
}

/// Where to go on: a process, a database of it, and its own cursor there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub run: String,
    pub database: u32,
    pub cursor: u64,
}

/// `run.database.cursor` for each place that is not read to its end; none where a server does not tell its run id.
pub fn cursor(left: &BTreeMap<Place, u64>, deployment: &Deployment) -> Option<String> {
    let mark = |(place, cursor): (&Place, &u64)| {
        let server = deployment.nodes.get(place.node)?.server.as_ref().ok()?;
        Some(format!("{}.{}.{cursor}", nodes::run_of(server)?, place.database))
    };
    let marks: Vec<String> = left.iter().map(mark).collect::<Option<_>>()?;
    (!marks.is_empty()).then(|| marks.join("-"))
}

pub fn marks(cursor: &str) -> Result<Vec<Mark>> {
    let mark = |part: &str| {
        let mut words = part.split('.');
        let (run, database, cursor) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let plain = !run.is_empty() && run.chars().all(|letter| letter.is_ascii_alphanumeric());
        (plain && words.next().is_none()).then(|| Mark { run: run.to_owned(), database, cursor })
    };
    let parts = cursor.split('-').filter(|part| !part.is_empty());
    parts
        .map(mark)
        .collect::<Option<_>>()
        .ok_or_else(|| anyhow!("resume is not a cursor that an audit printed, such as 8f3a1c0de2b7.0.4711"))
}

/// The same by place.
fn resumed(marks: &[Mark], sources: &[Source], deployment: &Deployment) -> BTreeMap<Place, u64> {
    let place = |mark: &Mark| {
        let mut nodes = sources.iter().map(|source| source.node);
        let node = nodes.find(|node| {
            let server = deployment.nodes.get(*node).and_then(|node| node.server.as_ref().ok());
            server.and_then(nodes::run_of) == Some(&mark.run)
        })?;
        Some((Place { node, database: mark.database }, mark.cursor))
    };
    marks.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_names_its_process_its_database_and_its_place() {
        let read = marks("8f3a1c0de2b7.0.4711-aa.15.18446744073709551615").unwrap();
        let mark = |run: &str, database, cursor| Mark { run: run.into(), database, cursor };
        assert_eq!(read, [mark("8f3a1c0de2b7", 0, 4_711), mark("aa", 15, u64::MAX)]);
        for bad in ["x", "1.2", "1.2.3.4", "1.2.x", "a.0.-1", ".0.1", "a b.0.1"] {
            assert!(marks(bad).is_err(), "{bad}");
        }
        assert_eq!(marks("").unwrap(), []);
    }
}
