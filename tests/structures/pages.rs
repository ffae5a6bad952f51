//! The pages of uses, held against the tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use godmode_redis::decisions::structures::{SCENARIOS, Structure};

use super::{case, pick};

#[test]
fn every_example_on_a_page_picks_what_it_says() {
    let mut wrong = String::new();
    for scenario in SCENARIOS {
        for flip in scenario.flips() {
            let got = pick(&case(scenario, &flip.given));
            if got != flip.pick {
                writeln!(wrong, "{}: given {:?} -> {got:?}, the page says {:?}", scenario.id, flip.given, flip.pick)
                    .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_structure_is_the_answer_to_something() {
    let picked: BTreeSet<Structure> =
        SCENARIOS.iter().flat_map(|scenario| scenario.flips()).filter_map(|flip| flip.pick).collect();
    let missing: Vec<Structure> = Structure::ALL.into_iter().filter(|structure| !picked.contains(structure)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
