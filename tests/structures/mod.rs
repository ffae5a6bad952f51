//! Which structure for which use: what the pages say is what the tables decide, and what a server does.

mod amounts;
mod calls;
mod inputs;
mod messages;
mod pages;
mod proven;
mod said;
pub mod servers;
mod tables;
mod target;
mod tool;
mod wishes;

use godmode_redis::decisions::structures::{Case, Place, Scenario, Structure, rank};

/// The case of a page with these changes.
fn case(scenario: &Scenario, changes: &[&str]) -> Case {
    let mut case = scenario.case(Place::unknown()).unwrap();
    changes.iter().for_each(|change| case.change(change).unwrap());
    case
}

fn pick(case: &Case) -> Option<Structure> {
    rank(case).first().map(|candidate| candidate.structure)
}
