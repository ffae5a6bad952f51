//! Candidates for a case, built on a throwaway server and measured, beside what the tables say of them.

mod build;
mod calls;
mod data;
mod stand;
mod timing;

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use serde::Serialize;
use tokio::time::timeout;

use crate::decisions::structures::{Candidate, Case, Need, Place, Serves, Structure, advise, rank};
use crate::facts::foreign;
use build::Loader;
use data::Data;

pub use calls::form;
pub use data::{Bounds, USUAL, scaled};
pub use stand::Stand;
pub use timing::Operation;

/// For one candidate, to be built; as long again for its operations.
const TIME: Duration = Duration::from_secs(5);

/// The candidates side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub server: String,
    /// What was built of each: less than was asked for where that is beyond the bounds.
    pub keys: u64,
    pub elements: u64,
    pub scaled: bool,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub structure: &'static str,
    #[serde(flatten)]
    pub went: Weighed,
}

/// What came of a candidate.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "went", rename_all = "kebab-case")]
pub enum Weighed {
    Built(Box<Figures>),
    NotBuilt { why: String },
}

/// Bytes of all keys, and what the needed operations cost.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// `None`: the structure has no model.
    pub predicted: Option<u64>,
    /// What `used_memory` grew by.
    pub measured: u64,
    pub predicted_claim: Option<u64>,
    /// What MEMORY USAGE adds up to.
    pub claimed: u64,
    pub operations: Vec<Operation>,
}

impl Row {
    pub fn figures(&self) -> Option<&Figures> {
        match &self.went {
            Weighed::Built(figures) => Some(figures),
            Weighed::NotBuilt { .. } => None,
        }
    }
}

/// The case as it is built on that server.
pub fn on(case: &Case, place: &Place, bounds: &Bounds) -> Case {
    let mut case = scaled(case, bounds);
    let cluster = case.place.cluster;
    case.place = Place { cluster, ..place.clone() };
    case
}

/// Builds each structure, and measures what it takes and what the needs of the case cost on it.
pub async fn measure(stand: &mut Stand, case: &Case, structures: &[Structure], bounds: &Bounds) -> Result<Measured> {
    let small = on(case, &stand.place, bounds);
    let ranked = rank(&small);
    let mut rows = Vec::new();
    for structure in structures {
        let went = match ranked.iter().find(|candidate| candidate.structure == *structure) {
            None => Weighed::NotBuilt { why: obstacle(&small, *structure) },
            Some(candidate) => match one(stand, &small, candidate, bounds).await {
                Ok(figures) => Weighed::Built(Box::new(figures)),
                Err(error) => Weighed::NotBuilt { why: foreign::bounded(&format!("{error:#}"), foreign::LONGEST) },
            },
        };
        rows.push(Row { structure: structure.id(), went });
    }
    Ok(Measured {
        server: stand.place.engine.to_string(),
        keys: small.keys,
        elements: small.elements,
        scaled: (small.keys, small.elements) != (case.keys, case.elements),
        rows,
    })
}

fn obstacle(case: &Case, structure: Structure) -> String {
    let refused = advise(case).refused;
    let against = refused.iter().find(|(other, _)| *other == structure).map(|(_, against)| against);
    let says = against.and_then(|against| against.first()).map(|obstacle| obstacle.says(case));
    says.unwrap_or_else(|| "does not serve this".to_owned())
}

async fn one(stand: &mut Stand, case: &Case, candidate: &Candidate, bounds: &Bounds) -> Result<Figures> {
    // RedisJSON keeps its table of texts at the size that the documents before needed.
    if candidate.structure == Structure::Json {
        stand.renew().await?;
    }
    stand.empty().await?;
    let before = stand.settled().await?;
    let data = Data { case, structure: candidate.structure };
    let mut loader = Loader::new(stand.connect().await?);
    match timeout(TIME, loader.build(&data)).await {
        Ok(built) => built?,
        Err(_) => bail!("it was not built within {} s", TIME.as_secs()),
    }
    drop(loader);
    let after = stand.settled().await?;
    let (keys, claimed) = stand.claimed().await?;
    let estimate = candidate.estimate;
    if let Some(estimate) = estimate.filter(|estimate| estimate.keys != keys) {
        return Err(anyhow!("{keys} keys were built, and {} were meant to be", estimate.keys));
    }
    Ok(Figures {
        predicted: estimate.map(|estimate| estimate.used),
        measured: after.saturating_sub(before),
        predicted_claim: estimate.map(|estimate| estimate.claimed),
        claimed,
        operations: operations(stand, &data, candidate, bounds).await?,
    })
}

async fn operations(
    stand: &mut Stand,
    data: &Data<'_>,
    candidate: &Candidate,
    bounds: &Bounds,
) -> Result<Vec<Operation>> {
    if candidate.structure == Structure::Stream {
        for key in 0..data.case.keys {
            // It may have one already.
            let create = ["CREATE", &data.key(key), "g", "0"];
            let _ = redis::cmd("XGROUP").arg(&create).exec_async(&mut stand.watch).await;
        }
    }
    // What takes elements out comes last: the others find them all.
    let takes = |row: &&Serves| matches!(row.need, Need::Remove | Need::Priority | Need::Delay);
    let mut rows: Vec<&Serves> = candidate.serves.iter().collect();
    rows.sort_by_key(takes);
    // No more rounds than elements, since some rounds take one out.
    let rounds = bounds.rounds.min(data.case.all_elements());
    let time = TIME / u32::try_from(rows.len().max(1)).unwrap_or(1);
    let mut found = Vec::new();
    for row in rows {
        found.extend(timing::measure(&mut stand.watch, data, row, rounds, time).await?);
    }
    Ok(found)
}
