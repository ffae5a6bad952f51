//! Which structures do for a case, in which order, and why.

use std::cmp::Ordering;

use super::case::{Case, Ids};
use super::commands::Cost;
use super::estimate::{Estimate, estimate, ids, payload};
use super::messaging::{Channel, MESSAGING, is_about_messages};
use super::need::Need;
use super::serves::{Fit, Serves, serves, would_serve};
use super::structure::Structure;
use crate::facts::{Bytes, Count};

/// A structure that does.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub structure: Structure,
    /// How it serves each need.
    pub serves: Vec<Serves>,
    pub estimate: Option<Estimate>,
    /// The table of messaging says so.
    preferred: bool,
    /// Needs that take work of yours.
    pub(super) work: usize,
    /// Bytes come before work.
    compact: bool,
    /// Needed calls whose cost grows with what is kept.
    grows: usize,
}

/// What made one better than the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Better {
    /// The messaging table's reason.
    Promises,
    LessWork,
    /// The needed calls do not grow with the number of elements.
    Cheaper,
    /// By this share.
    Smaller(f64),
    /// The bytes of the other are not known.
    Known,
    Plainer,
}

/// What keeps a structure from serving.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// No version has that.
    Lacks(Need),
    /// It would serve from these versions on.
    TooOld(Serves),
    NoModule(Structure),
    /// Texts have no place among bits.
    NotNumbers,
    /// Nor among samples.
    NotSamples,
    /// Elements have no vectors.
    NotVectors,
    /// More of its answers are off than will do.
    TooInexact,
    TooMany {
        elements: u64,
    },
    TooLarge {
        bytes: u64,
    },
    OverBudget {
        bytes: u64,
        budget: u64,
    },
    OverNode {
        bytes: u64,
        node: u64,
    },
}

/// Elements of one key: 2^32 - 1 (<https://redis.io/docs/latest/develop/data-types/>).
pub(super) const MOST_ELEMENTS: u64 = u32::MAX as u64;
/// Its standard error (src/hyperloglog.c: 1.04 / sqrt(16384)).
const HYPERLOGLOG_ERROR: f64 = 0.0081;
/// A value of a time series is a double.
const SAMPLE: u64 = 8;
/// A dimension of a vector is a float.
const DIMENSION: u64 = 4;
/// proto-max-bulk-len, of each argument of a command.
const MOST_VALUE: u64 = 512 << 20;
/// A difference that prints as nothing.
const NOTHING: f64 = 0.0005;
/// From here on a call over all elements takes longer than a tenth of a millisecond, and others wait: judgement.
const MANY: u64 = 1_000;

impl Candidate {
    /// What decides between it and another, if it stands before that.
    pub fn beats(&self, other: &Self) -> Better {
        if self.preferred && !other.preferred {
            return Better::Promises;
        }
        if !self.compact && self.work < other.work {
            return Better::LessWork;
        }
        if !self.compact && self.grows < other.grows {
            return Better::Cheaper;
        }
        match (self.estimate, other.estimate) {
            (Some(_), None) => Better::Known,
            (Some(own), Some(others)) if own.used < others.used => {
                let share = 1.0 - own.used as f64 / others.used as f64;
                if share < NOTHING && self.structure < other.structure {
                    Better::Plainer
                } else {
                    Better::Smaller(share)
                }
            }
            _ => Better::Plainer,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let bytes = |one: &Self| one.estimate.map_or((true, 0), |estimate| (false, estimate.used));
        let trouble = |one: &Self| (one.work, one.grows);
        let first = |one: &Self| if one.compact { (bytes(one), trouble(one)) } else { ((false, 0), trouble(one)) };
        let key = |one: &Self| (!one.preferred, first(one), bytes(one), one.structure);
        key(self).cmp(&key(other))
    }

    /// The dearest of the needed calls.
    pub fn cost(&self) -> Cost {
        self.serves.iter().map(Serves::cost).max().unwrap_or(Cost::One)
    }
}

/// All that do, best first.
pub fn rank(case: &Case) -> Vec<Candidate> {
    let mut found: Vec<Candidate> =
        Structure::ALL.into_iter().filter_map(|structure| candidate(case, structure).ok()).collect();
    found.sort_by(Candidate::order);
    found
}

/// The channel for a case about messages.
pub fn channel(case: &Case) -> Option<crate::decisions::Choice<Channel>> {
    is_about_messages(case).then(|| MESSAGING.choose(case)).flatten()
}

/// How a structure does for a case, or all that is against it.
pub fn candidate(case: &Case, structure: Structure) -> Result<Candidate, Vec<Obstacle>> {
    let mut obstacles = Vec::new();
    let mut rows = Vec::new();
    for need in &case.needs {
        match serves(structure, *need, &case.place.engine) {
            Some(row) => rows.push(row),
            None => obstacles.push(would_serve(structure, *need).map_or(Obstacle::Lacks(*need), Obstacle::TooOld)),
        }
    }
    if structure.facts().module.is_some_and(|module| !case.place.has(module)) {
        obstacles.push(Obstacle::NoModule(structure));
    }
    if matches!(structure, Structure::Bitmap | Structure::Bitfield) && ids(case).is_none() {
        obstacles.push(Obstacle::NotNumbers);
    }
    if structure == Structure::TimeSeries && !is_samples(case) {
        obstacles.push(Obstacle::NotSamples);
    }
    if structure == Structure::VectorSet && case.value_bytes < DIMENSION {
        obstacles.push(Obstacle::NotVectors);
    }
    if structure == Structure::HyperLogLog && case.error < HYPERLOGLOG_ERROR {
        obstacles.push(Obstacle::TooInexact);
    }
    let estimate = estimate(case, structure);
    obstacles.extend(sizes(case, structure, estimate));
    // What any key can do decides nothing.
    if !obstacles.is_empty() || case.needs.iter().all(|need| need.is_of_every_key()) {
        return Err(obstacles);
    }
    let preferred = channel(case).is_some_and(|choice| choice.answer.structure() == structure);
    let grows = |row: &&Serves| row.cost().grows() && case.elements > MANY;
    Ok(Candidate {
        structure,
        preferred,
        work: rows.iter().filter(|row| row.fit == Fit::Work).count() + usize::from(is_half_used(case, structure)),
        compact: case.needs(Need::Compact),
        grows: rows.iter().filter(grows).count(),
        serves: rows,
        estimate,
    })
}

/// Numbers, which have a time and no name.
fn is_samples(case: &Case) -> bool {
    case.value_bytes <= SAMPLE && (case.name_bytes == 0 || case.ids == Ids::Number)
}

/// A Hash whose values stay empty: members of a set say the same.
fn is_half_used(case: &Case, structure: Structure) -> bool {
    let values = [Need::Whole, Need::Fields, Need::Count].into_iter().any(|need| case.needs(need.exact()));
    matches!(structure, Structure::Hash | Structure::HashBuckets) && case.value_bytes == 0 && !values
}

fn sizes(case: &Case, structure: Structure, estimate: Option<Estimate>) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let listed = matches!(
        structure,
        Structure::Hash | Structure::HashFieldTtl | Structure::List | Structure::Set | Structure::Zset | Structure::Geo
    );
    if listed && case.elements > MOST_ELEMENTS {
        obstacles.push(Obstacle::TooMany { elements: case.elements });
    }
    // What is not modelled takes at least what is put into it.
    let least = payload(case, structure);
    let (used, largest, keys) = estimate.map_or((least, least / case.keys.max(1), case.keys), |estimate| {
        (estimate.used, estimate.largest, estimate.keys)
    });
    let whole =
        matches!(structure, Structure::String | Structure::StringKeys | Structure::Bitmap | Structure::Bitfield);
    // The limit holds for each argument, whatever it becomes a part of.
    let argument = case.name_bytes.max(case.value_bytes);
    let value = if whole { largest.max(argument) } else { argument };
    if value > MOST_VALUE {
        obstacles.push(Obstacle::TooLarge { bytes: value });
    }
    if let Some(budget) = case.budget.filter(|budget| used > *budget) {
        obstacles.push(Obstacle::OverBudget { bytes: used, budget });
    }
    // A cluster spreads keys, but never one of them.
    let on_one_node = if case.place.cluster && keys > 1 { largest } else { used };
    if on_one_node > case.place.node_bytes {
        obstacles.push(Obstacle::OverNode { bytes: on_one_node, node: case.place.node_bytes });
    }
    obstacles
}

impl Obstacle {
    /// In words, for a sentence that begins with the structure.
    pub fn says(&self, case: &Case) -> String {
        match self {
            Self::Lacks(need) => format!("does not serve {need} ({})", need.about()),
            Self::TooOld(row) => {
                format!("serves {} from {} on, and this is {}", row.need, row.since(), case.place.engine)
            }
            Self::NoModule(structure) => {
                let module = structure.facts().module.map_or("", super::structure::Module::id);
                format!("needs the module {module}, which {} has not by itself", case.place.engine)
            }
            Self::NotNumbers => "needs ids that are whole numbers".to_owned(),
            Self::NotSamples => "keeps one number for each time, and no texts".to_owned(),
            Self::NotVectors => "keeps a vector of floats with each element, and there is none".to_owned(),
            Self::TooInexact => format!("is off by 0.81 %, and {} will do", crate::facts::Share(case.error)),
            Self::TooMany { elements } => {
                format!("holds 4,294,967,295 elements in one key, and there are {}", Count(*elements))
            }
            Self::TooLarge { bytes } => format!("holds 512 MiB in one value, and this takes {}", Bytes(*bytes)),
            Self::OverBudget { bytes, budget } => {
                format!("takes {}, and {} are allowed", Bytes(*bytes), Bytes(*budget))
            }
            Self::OverNode { bytes, node } => {
                format!("takes {} on one node, and a node holds {}", Bytes(*bytes), Bytes(*node))
            }
        }
    }
}
