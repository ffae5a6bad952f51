//! A case in, advice out: what to take, what else would do and when, or what stands in the way and what comes nearest.

use super::case::Case;
use super::estimate::estimate;
use super::flips::{Change, flips};
use super::messaging::Channel;
use super::need::Need;
use super::rank::{Candidate, MOST_ELEMENTS, Obstacle, candidate, channel, rank};
use super::serves::{Fit, serves};
use super::structure::Structure;
use crate::decisions::Choice;

/// What there is to say of a case.
#[derive(Debug, Clone)]
pub struct Advice {
    /// All that do, best first.
    pub ranked: Vec<Candidate>,
    /// The first change that leads to each other structure.
    pub flips: Vec<(Change, Structure)>,
    /// Of a case about messages: the way to hand them on.
    pub channel: Option<Choice<Channel>>,
    /// Why the others do not, nearest first.
    pub refused: Vec<(Structure, Vec<Obstacle>)>,
    /// Two that serve all needs together, where no single one does.
    pub pair: Option<(Structure, Structure)>,
    /// Where memory stands in the way: how many elements of a key would fit, by the structure that holds most.
    pub fits: Option<(Structure, u64)>,
    /// Where a node is too small for all keys together, and a Cluster would spread them: the best there, with its nodes.
    pub spread: Option<(Structure, u64)>,
    /// Where a node is too small for a key, or a key for its elements: the structure with the fewest parts to split it into.
    pub split: Option<(Structure, u64)>,
    /// The smallest that answers about, with its bytes, where an exact answer is too large.
    pub about: Option<(Structure, u64)>,
}

/// What to do about a case.
pub fn advise(case: &Case) -> Advice {
    let ranked = rank(case);
    let pick = ranked.first().map(|candidate| candidate.structure);
    let mut refused: Vec<(Structure, Vec<Obstacle>)> = Structure::ALL
        .into_iter()
        .filter_map(|structure| Some((structure, candidate(case, structure).err()?)))
        .filter(|(_, obstacles)| !obstacles.is_empty())
        .collect();
    refused.sort_by_key(|(structure, obstacles)| (distance(obstacles), *structure));
    let stuck = pick.is_none();
    let spread = if stuck { spread(case) } else { None };
    Advice {
        flips: flips(case, pick),
        channel: channel(case),
        pair: if stuck { pair(case) } else { None },
        fits: if stuck { fits(case) } else { None },
        split: if stuck && spread.is_none() { split(case) } else { None },
        spread,
        about: if stuck { about(case) } else { None },
        ranked,
        refused,
    }
}

/// How far a structure is from serving: what a change of server, or of size, would mend is nearer than what nothing mends.
fn distance(obstacles: &[Obstacle]) -> usize {
    let one = |obstacle: &Obstacle| if matches!(obstacle, Obstacle::Lacks(_)) { 3 } else { 1 };
    obstacles.iter().map(one).sum()
}

fn lacks(obstacle: &Obstacle) -> bool {
    matches!(obstacle, Obstacle::Lacks(_) | Obstacle::TooOld(_))
}

/// Two structures that serve everything between them, with the least work.
fn pair(case: &Case) -> Option<(Structure, Structure)> {
    let engine = &case.place.engine;
    let usable = |structure: &Structure| {
        let against = candidate(case, *structure).err().unwrap_or_default();
        against.iter().all(lacks)
    };
    let usable: Vec<Structure> = Structure::ALL.into_iter().filter(usable).collect();
    let work = |need: Need, one: Structure, other: Structure| {
        [one, other].into_iter().filter_map(|structure| serves(structure, need, engine)).map(|row| row.fit).min()
    };
    let mut best: Option<(usize, Structure, Structure)> = None;
    for (n, one) in usable.iter().enumerate() {
        for other in usable.iter().skip(n + 1) {
            let fits: Option<Vec<Fit>> = case.needs.iter().map(|need| work(*need, *one, *other)).collect();
            let Some(fits) = fits else { continue };
            let work = fits.into_iter().filter(|fit| *fit == Fit::Work).count();
            if best.is_none_or(|(least, ..)| work < least) {
                best = Some((work, *one, *other));
            }
        }
    }
    best.map(|(_, one, other)| (one, other))
}

fn is_size(obstacle: &Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::OverBudget { .. } | Obstacle::OverNode { .. } | Obstacle::TooLarge { .. } | Obstacle::TooMany { .. }
    )
}

/// Of the structures that only size keeps away, the one that holds most within it; less work comes first.
fn fits(case: &Case) -> Option<(Structure, u64)> {
    let only_size =
        |structure: &Structure| candidate(case, *structure).err().is_some_and(|all| all.iter().all(is_size));
    let work = |structure: Structure| {
        candidate(&Case { elements: 1, ..case.clone() }, structure).map_or(usize::MAX, |candidate| candidate.work)
    };
    let most = |structure: Structure| {
        let does = |elements: u64| candidate(&Case { elements, ..case.clone() }, structure).is_ok();
        let (mut low, mut high) = (0, case.elements);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if does(middle) { low = middle } else { high = middle }
        }
        (structure, low)
    };
    let found = Structure::ALL.into_iter().filter(only_size).map(most);
    found
        .filter(|(_, elements)| *elements > 0)
        .max_by_key(|(structure, elements)| (std::cmp::Reverse(work(*structure)), *elements))
}

/// What a Cluster of so many nodes would do.
fn spread(case: &Case) -> Option<(Structure, u64)> {
    if case.place.cluster {
        return None;
    }
    let mut clustered = case.clone();
    clustered.place.cluster = true;
    let best = rank(&clustered).into_iter().next()?;
    let used = best.estimate?.used;
    Some((best.structure, used.div_ceil(case.place.node_bytes.max(1))))
}

/// Into how many parts a key has to be split, so that each is on a node that can hold it.
fn split(case: &Case) -> Option<(Structure, u64)> {
    let parts = |structure: Structure| {
        let against = candidate(case, structure).err()?;
        let one = |obstacle: &Obstacle| match obstacle {
            Obstacle::OverNode { bytes, node } => Some(bytes.div_ceil((*node).max(1))),
            Obstacle::TooMany { elements } => Some(elements.div_ceil(MOST_ELEMENTS)),
            _ => None,
        };
        against.iter().map(one).collect::<Option<Vec<u64>>>()?.into_iter().max()
    };
    let found = Structure::ALL.into_iter().filter_map(|structure| Some((structure, parts(structure)?)));
    found.min_by_key(|(_, parts)| *parts)
}

/// The smallest structure that would answer about, whatever the limits.
fn about(case: &Case) -> Option<(Structure, u64)> {
    let needs: std::collections::BTreeSet<Need> = case.needs.iter().map(|need| need.approximate()).collect();
    if needs == case.needs {
        return None;
    }
    let about = Case { needs, ..case.clone() };
    let does = |structure: &Structure| candidate(&about, *structure).err().is_none_or(|all| all.iter().all(is_size));
    let sized = Structure::ALL.into_iter().filter(does).filter_map(|one| Some((one, estimate(&about, one)?.used)));
    sized.min_by_key(|(_, bytes)| *bytes)
}
