//! The pages of uses, held against the tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use godmode_redis::decisions::structures::{SCENARIOS, Structure, check};
use godmode_redis::scripts::find;

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
fn every_page_has_all_that_it_promises_to_say() {
    for scenario in SCENARIOS {
        let (id, page) = (scenario.id, scenario.page);
        assert_eq!(page.path, format!("scenarios/{id}.md"));
        assert!(page.summary().len() > 40, "{id}: no first paragraph");
        for heading in ["Commands", "Pitfalls", "Flips", "Source"] {
            assert!(!page.section(heading).is_empty(), "{id}: no `## {heading}`");
        }
        assert_eq!(page.rows("Keys").len(), scenario.keys().len(), "{id}: a key cannot be read");
        assert!(!scenario.keys().is_empty() && scenario.since().is_some() && scenario.loss().is_some(), "{id}");
        assert!(!scenario.ttl().is_empty(), "{id}: no ttl");
        scenario.session().unwrap();
        let lines = page.section("Flips").lines().filter(|line| line.starts_with("given")).count();
        let flips = scenario.flips();
        assert_eq!(flips.len(), lines, "{id}: an example cannot be read");
        assert!(flips[0].given.is_empty() && flips[0].pick.is_some(), "{id}: first the page's own case");
        check(&case(scenario, &[])).unwrap();
    }
}

#[test]
fn every_script_that_a_page_names_is_there() {
    for scenario in SCENARIOS {
        for name in scenario.scripts() {
            assert!(find(name).is_some(), "{}: there is no script {name}", scenario.id);
        }
    }
}

#[test]
fn every_page_of_a_use_is_listed_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("skill/redis/references/scenarios");
    let files: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let listed: BTreeSet<String> = SCENARIOS.iter().map(|scenario| format!("{}.md", scenario.id)).collect();
    assert_eq!((&files, files.len()), (&listed, SCENARIOS.len()));
}

#[test]
fn every_structure_is_the_answer_to_something() {
    let picked: BTreeSet<Structure> =
        SCENARIOS.iter().flat_map(|scenario| scenario.flips()).filter_map(|flip| flip.pick).collect();
    let missing: Vec<Structure> = Structure::ALL.into_iter().filter(|structure| !picked.contains(structure)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
