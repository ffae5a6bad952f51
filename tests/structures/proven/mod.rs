//! Advice against servers: what is picked is, when it is built and used, better in what it is said to be better in.

mod alone;
mod claims;
mod promises;
mod sketches;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use godmode_redis::decisions::structures::{
    Candidate, Case, Module, Need, Place, SCENARIOS, Scenario, Structure, rank,
};
use godmode_redis::facts::{Engine, Kind};
use godmode_redis::proof::structures::{Bounds, Figures, Measured, Stand, measure, on};

use crate::stage::node;
use promises::{PROMISED, Stage};

const SMALL: Bounds = Bounds { elements: 4_000, bytes: 1 << 20, rounds: 15 };
/// What a server may take for itself between two looks. Redis 8 counts the buffer for reading that its clients share, 20 kB,
/// as one client's or as none's, as CLIENT LIST shows.
const fn noise(engine: &Engine) -> u64 {
    if matches!(engine.kind, Kind::Redis) && engine.version.0 >= 8 { 24 << 10 } else { 4 << 10 }
}

/// Of a use, until nothing is wrong with it.
const LOOKS: usize = 3;

/// Uses that no server serves without one of these modules.
const OF_A_MODULE: [(&str, &[Module]); 3] = [
    ("metrics", &[Module::TimeSeries]),
    ("semantic-cache", &[Module::Vectors, Module::Search]),
    ("catalogue", &[Module::Search]),
];

/// A structure of a case with its figures.
#[derive(Debug)]
struct Built<'a> {
    candidate: &'a Candidate,
    figures: Figures,
    noise: u64,
}

/// What a pick was held against, what is claimed of it there, and what showed that.
#[derive(Debug)]
struct Checked {
    other: Structure,
    claim: String,
    how: String,
}

/// What the model says of a structure, beside what was measured; sketches by what MEMORY USAGE says, since a module may
/// allocate beside used_memory.
fn predicted(case: &Case, built: &Built<'_>) -> Result<(), String> {
    let Built { candidate, figures, noise } = built;
    let Some(estimate) = candidate.estimate else { return Ok(()) };
    // Without names the elements of these got some, to be told apart.
    if case.name_bytes == 0 && case.elements > 1 && !matches!(candidate.structure, Structure::List | Structure::Stream)
    {
        return Ok(());
    }
    // Valkey keeps fields that expire at the same time in a table of their own, which the model does not have.
    let at_once = candidate.structure == Structure::HashFieldTtl && case.place.engine.kind == Kind::Valkey;
    let exact = if at_once { 0.15 } else { 0.05 };
    let (model, seen, share) = if estimate.rough {
        (estimate.claimed, figures.claimed, 0.35)
    } else {
        (estimate.used, figures.measured, exact)
    };
    let room = seen as f64 * share + 4.0 * *noise as f64;
    match (model as f64 - seen as f64).abs() <= room {
        true => Ok(()),
        false => Err(format!("{}: {model} bytes were predicted, {seen} measured", candidate.structure.id())),
    }
}

/// The faults of one use on one server, and what was held against what.
async fn judge(stand: &mut Stand, stage: &Stage, scenario: &Scenario) -> (Vec<String>, Vec<Checked>) {
    let case = scenario.case(Place::unknown()).unwrap();
    let small = on(&case, &stand.place, &SMALL);
    let ranked = rank(&small);
    let structures: Vec<Structure> = ranked.iter().map(|candidate| candidate.structure).collect();
    let measured: Measured = measure(stand, &case, &structures, &SMALL).await.unwrap();
    let mut wrong = Vec::new();
    let mut built = Vec::new();
    let noise = noise(&stand.place.engine);
    for (candidate, row) in ranked.iter().zip(&measured.rows) {
        match row.figures() {
            Some(figures) => built.push(Built { candidate, figures: figures.clone(), noise }),
            None => wrong.push(format!("{row:?}")),
        }
    }
    wrong.extend(built.iter().filter_map(|one| predicted(&small, one).err()));
    let mut checked = Vec::new();
    let Some((pick, others)) = built.split_first() else { return (wrong, checked) };
    for other in others {
        let claim = pick.candidate.beats(other.candidate);
        match claims::holds(stand, stage, &case, pick, other).await {
            Ok(how) => checked.push(Checked { other: other.candidate.structure, claim: format!("{claim:?}"), how }),
            Err(why) => {
                let names = (pick.candidate.structure.id(), other.candidate.structure.id());
                wrong
                    .push(format!("{names:?}: {claim:?} does not hold: {why}: {:?} {:?}", pick.figures, other.figures));
            }
        }
    }
    if others.is_empty() {
        match alone::holds(stand, stage, &small, pick).await {
            Ok(found) => checked.extend(found),
            Err(error) => wrong.push(error),
        }
    }
    for need in small.needs.iter().filter(|need| PROMISED.contains(need) || **need == Need::Wait) {
        match promises::kept(stage, pick.candidate.structure, *need).await {
            Some(Ok(())) => {}
            Some(Err(error)) => wrong.push(format!("{} breaks {need}: {error}", pick.candidate.structure)),
            None => wrong.push(format!("nothing shows that {} keeps {need}", pick.candidate.structure)),
        }
    }
    (wrong, checked)
}

/// Every use on this server: its pick against all that would do too, what only it does, and what it promises.
async fn judge_all(program: PathBuf) {
    let mut stand = Stand::start(&program).await.unwrap();
    let stage = Stage::start(&program).await;
    let (mut faults, mut table, mut without) = (String::new(), String::new(), BTreeSet::new());
    for scenario in SCENARIOS {
        let (mut wrong, mut checked) = judge(&mut stand, &stage, scenario).await;
        // What the server takes for itself comes and goes: it is not there at every look.
        for _ in 1..LOOKS {
            if !wrong.is_empty() {
                (wrong, checked) = judge(&mut stand, &stage, scenario).await;
            }
        }
        for wrong in wrong {
            writeln!(faults, "{} on {}: {wrong}", scenario.id, stand.place.engine).unwrap();
        }
        if checked.is_empty() {
            without.insert(scenario.id);
        }
        for Checked { other, claim, how } in checked {
            writeln!(table, "{}: {other}: {claim}: {how}", scenario.id).unwrap();
        }
    }
    assert!(faults.is_empty(), "{faults}");
    // Only what nothing on this server does stays unproven, and that is so for want of a module.
    let missing: BTreeSet<&str> = OF_A_MODULE
        .iter()
        .filter(|(_, modules)| !modules.iter().any(|module| stand.place.has(*module)))
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(without, missing, "on {}", stand.place.engine);
    let pairs = table.lines().count();
    assert!(pairs > 2 * SCENARIOS.len(), "{pairs} comparisons of {} uses:\n{table}", SCENARIOS.len());
}

#[tokio::test]
async fn every_claim_of_every_use_holds_on_this_server() {
    judge_all(node::program()).await;
}

#[tokio::test]
async fn where_the_modules_are_too_every_claim_holds() {
    // The last that the registries have with its modules. Where it is the server of the suite, it was judged already.
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".servers/redis-7.4/bin/redis-server");
    if program.exists() {
        judge_all(program).await;
    }
}
