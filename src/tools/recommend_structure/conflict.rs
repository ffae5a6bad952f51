//! The answer where nothing does all that is asked: what stands in the way, and what comes nearest.

use super::answer::Conflict;
use super::compose::{MOST_CHANGES, MOST_RUNNERS_UP, Question, asked, capital, refused};
use crate::decisions::structures::{Advice, Case, Need, Obstacle};
use crate::decisions::topology::VOTERS;
use crate::facts::{Bytes, Count};

/// The answer where nothing does.
pub fn conflict(question: &Question, advice: &Advice) -> Conflict {
    let case = question.case;
    let unserved: Vec<String> = case
        .needs
        .iter()
        .filter(|need| advice.refused.iter().all(|(_, against)| against.iter().any(|one| is_about(one, **need))))
        .map(|need| format!("{need} ({})", need.about()))
        .collect();
    let sizes = advice.refused.iter().any(|(_, against)| against.iter().all(|one| !is_need(one)));
    let says = match (unserved.as_slice(), sizes) {
        ([], true) => "What serves the needs is too large, or not on this server.".to_owned(),
        ([], false) => "Each need is served by something, and nothing serves all of them together.".to_owned(),
        (all, _) => format!("Nothing on {} serves {}.", case.place.engine, all.join(", nor ")),
    };
    Conflict {
        asked: asked(question),
        says,
        nearest: nearest(case, advice),
        refused: refused(case, advice, MOST_RUNNERS_UP + 1),
    }
}

fn is_about(obstacle: &Obstacle, need: Need) -> bool {
    match obstacle {
        Obstacle::Lacks(lacking) => *lacking == need,
        Obstacle::TooOld(row) => row.need == need || row.need == need.exact(),
        // What is not there serves nothing.
        Obstacle::NoModule(_) | Obstacle::NotNumbers | Obstacle::NotSamples | Obstacle::NotVectors => true,
        _ => false,
    }
}

fn is_need(obstacle: &Obstacle) -> bool {
    matches!(obstacle, Obstacle::Lacks(_) | Obstacle::TooOld(_))
}

fn nearest(case: &Case, advice: &Advice) -> Vec<String> {
    let mut nearest = Vec::new();
    if let Some((structure, elements)) = advice.fits {
        nearest.push(format!(
            "Exactly, and within the limit: {structure} for up to {} elements a key, where {} were asked for.",
            Count(elements),
            Count(case.elements)
        ));
    }
    if let Some((structure, bytes)) = advice.about {
        nearest.push(format!("About instead of exactly: {structure}, which takes {}.", Bytes(bytes)));
    }
    if let Some((structure, nodes)) = advice.spread {
        nearest.push(format!(
            "On several nodes: {structure}, in a Cluster of {} nodes or more that hold {} each: it spreads the keys by itself.",
            Count(nodes.max(VOTERS as u64)),
            Bytes(case.place.node_bytes)
        ));
    }
    if let Some((structure, parts)) = advice.split {
        nearest.push(format!(
            "On several nodes: {structure} split by a part of the name (a hash of the element) into {} parts or more, in a \
             Cluster whose nodes hold {} each; what asks for all of it asks each part.",
            Count(parts),
            Bytes(case.place.node_bytes)
        ));
    }
    if let Some((one, other)) = advice.pair {
        nearest.push(format!(
            "Two together: {one} and {other}, under one hash tag, changed in one script or MULTI so that they agree."
        ));
    }
    let single = advice.flips.iter().take(MOST_CHANGES);
    nearest.extend(single.map(|(change, structure)| format!("{}, if {change}.", capital(structure.facts().title))));
    nearest
}
