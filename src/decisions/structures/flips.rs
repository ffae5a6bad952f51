//! What would change the answer: single changes of the case are tried, and those that pick another structure are told.

use std::fmt;

use super::case::{Case, Ids};
use super::need::Need;
use super::rank::rank;
use super::structure::{Module, Structure};
use crate::facts::{Count, Engine, Kind, Version};

/// A change of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Without(Need),
    With(Need),
    /// About instead of exactly.
    Approximately(Need),
    ApproximatelyAll,
    Elements(u64),
    Keys(u64),
    Value(u64),
    Numbers {
        highest: u64,
    },
    Texts,
    Cluster(bool),
    Modules(bool),
    On(Engine),
    ListsToday,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Without(need) => write!(f, "{need} ({}) is not needed", need.about()),
            Self::With(need) => write!(f, "{need} ({}) is needed too", need.about()),
            Self::Approximately(need) => write!(f, "an approximate answer to {need} will do"),
            Self::ApproximatelyAll => f.write_str("approximate answers will do"),
            Self::Elements(n) => write!(f, "a key has {} elements", Count(*n)),
            Self::Keys(n) => write!(f, "there are {} keys", Count(*n)),
            Self::Value(n) => write!(f, "a value has {} bytes", Count(*n)),
            Self::Numbers { highest } => write!(f, "ids are whole numbers up to {}", Count(*highest)),
            Self::Texts => f.write_str("ids are texts"),
            Self::Cluster(true) => f.write_str("it runs in a cluster"),
            Self::Cluster(false) => f.write_str("it runs on one node"),
            Self::Modules(true) => f.write_str("the server has the modules (official builds of Redis 8.0 bring them)"),
            Self::Modules(false) => f.write_str("the server has no modules"),
            Self::On(engine) => write!(f, "it runs on {engine}"),
            Self::ListsToday => f.write_str("the queue is a List today, and its clients stay"),
        }
    }
}

impl Change {
    fn apply(&self, case: &Case) -> Case {
        let mut case = case.clone();
        match self {
            Self::Without(need) => {
                case.needs.remove(need);
            }
            Self::With(need) => {
                case.needs.insert(*need);
            }
            Self::Approximately(need) => {
                case.needs.remove(need);
                case.needs.insert(need.approximate());
            }
            Self::ApproximatelyAll => case.needs = case.needs.iter().map(|need| need.approximate()).collect(),
            Self::Elements(n) => case.elements = *n,
            Self::Keys(n) => case.keys = *n,
            Self::Value(n) => case.value_bytes = *n,
            Self::Numbers { highest } => (case.ids, case.highest_id) = (Ids::Number, *highest),
            Self::Texts => case.ids = Ids::Text,
            Self::Cluster(cluster) => case.place.cluster = *cluster,
            Self::Modules(true) => case.place.modules = Some(Module::ALL.into_iter().collect()),
            Self::Modules(false) => case.place.modules = Some(std::collections::BTreeSet::new()),
            Self::On(engine) => case.place.engine = engine.clone(),
            Self::ListsToday => case.present = Some(Structure::List),
        }
        case
    }
}

/// The changes worth trying, likely ones first.
fn changes(case: &Case) -> Vec<Change> {
    let mut changes: Vec<Change> = [true, false].map(Change::Modules).to_vec();
    changes.extend(case.needs.iter().map(|need| Change::Without(*need)));
    let exact: Vec<Need> = case.needs.iter().copied().filter(|need| need.approximate() != *need).collect();
    changes.extend(exact.iter().map(|need| Change::Approximately(*need)));
    if exact.len() > 1 {
        changes.push(Change::ApproximatelyAll);
    }
    match case.ids {
        Ids::Text => changes.push(Change::Numbers { highest: case.elements.saturating_mul(4) }),
        Ids::Number => changes.push(Change::Texts),
    }
    for step in [10, 100, 1_000] {
        changes.extend([case.elements / step, case.elements.saturating_mul(step)].map(Change::Elements));
        changes.extend([case.keys / step, case.keys.saturating_mul(step)].map(Change::Keys));
    }
    changes.extend([20, 60, 200, 2_000, 20_000].map(Change::Value));
    changes.push(Change::Cluster(!case.place.cluster));
    let engines = [(Kind::Redis, (7, 2)), (Kind::Redis, (8, 6)), (Kind::Valkey, (8, 1)), (Kind::Valkey, (9, 1))];
    let engines = engines.map(|(kind, (major, minor))| Engine { kind, version: Version(major, minor, 0) });
    changes.extend(engines.into_iter().map(Change::On));
    changes.push(Change::ListsToday);
    changes.extend(Need::ALL.into_iter().filter(|need| !case.needs(*need)).map(Change::With));
    changes
}

/// The first change that leads to each of the other structures; where nothing is picked yet, to each that does.
pub fn flips(case: &Case, pick: Option<Structure>) -> Vec<(Change, Structure)> {
    let mut found: Vec<(Change, Structure)> = Vec::new();
    for change in changes(case) {
        let other = change.apply(case);
        if matches!(change, Change::Elements(0) | Change::Keys(0)) || super::scenario::check(&other).is_err() {
            continue;
        }
        let Some(winner) = rank(&other).first().map(|candidate| candidate.structure) else { continue };
        if Some(winner) != pick && found.iter().all(|(_, structure)| *structure != winner) {
            found.push((change, winner));
        }
    }
    found
}
