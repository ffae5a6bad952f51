//! Advice against servers: what is picked is, when it is built and used, better in what it is said to be better in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use godmode_redis::decisions::structures::{Better, Candidate, Case, Fit, Place, SCENARIOS, Serves, Structure, rank};
use godmode_redis::facts::Kind;
use godmode_redis::proof::structures::{Bounds, Figures, Measured, Stand, measure, on};

use crate::stage::node;

const SMALL: Bounds = Bounds { elements: 4_000, bytes: 1 << 20, rounds: 15 };
/// Where what grows with the elements is not yet dearer than what takes its time once: PFMERGE looks at 16,384 registers.
const LARGER: Bounds = Bounds { elements: 40_000, bytes: 16 << 20, rounds: 15 };
/// As many as the tool names.
const RUNNERS_UP: usize = 4;
/// Smaller, or equal within this share; and the noise of a server that allocates for itself too.
const EQUAL: f64 = 1.02;
const NOISE: u64 = 4 << 10;
/// Time of the server counts where one takes that many times the other: the machine may be busy.
const TIMES: f64 = 2.0;

fn not_larger(own: &Figures, other: &Figures) -> bool {
    own.measured as f64 <= other.measured as f64 * EQUAL + NOISE as f64
}

/// The server's time for the needs that both were measured on.
fn micros(figures: &Figures) -> f64 {
    figures.operations.iter().map(|operation| operation.server_micros).sum()
}

/// Better in bytes, or in commands, bytes on the wire, or the server's time of a need that takes work on the other.
fn less_work(pick: (&Candidate, &Figures), other: (&Candidate, &Figures)) -> bool {
    let worked: Vec<&Serves> = other.0.serves.iter().filter(|row| row.fit == Fit::Work).collect();
    // Names that the client computes cost it code, which no server sees.
    let is_code = !worked.is_empty() && worked.iter().all(|row| row.note.ends_with("by you"));
    is_code
        || not_larger(pick.1, other.1)
        || worked.iter().any(|row| {
            let on = |figures: &Figures| figures.operations.iter().find(|found| found.need == row.need.id()).cloned();
            match (on(pick.1), on(other.1)) {
                (Some(own), Some(others)) => {
                    own.commands < others.commands
                        || own.wire_bytes < others.wire_bytes
                        || own.server_micros * TIMES < others.server_micros
                }
                _ => false,
            }
        })
}

/// Whether what is claimed of the pick beside another was measured.
fn holds(pick: (&Candidate, &Figures), other: (&Candidate, &Figures)) -> bool {
    match pick.0.beats(other.0) {
        // Delivery is not a figure: `structures::tables` and the pages' sessions hold it.
        Better::Promises => true,
        Better::LessWork => less_work(pick, other),
        Better::Cheaper => micros(pick.1) * TIMES < micros(other.1),
        Better::Smaller(_) | Better::Known | Better::Plainer => not_larger(pick.1, other.1),
    }
}

/// What the model says of a structure, beside what was measured; sketches by what MEMORY USAGE says, since a module may
/// allocate beside used_memory.
fn predicted(case: &Case, candidate: &Candidate, figures: &Figures) -> Result<(), String> {
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
    let room = seen as f64 * share + 4.0 * NOISE as f64;
    match (model as f64 - seen as f64).abs() <= room {
        true => Ok(()),
        false => Err(format!("{}: {model} bytes were predicted, {seen} measured", candidate.structure.id())),
    }
}

/// Whether the one that does not grow is cheaper at a larger size.
async fn cheaper_when_larger(stand: &mut Stand, case: &Case, pick: &Candidate, other: &Candidate) -> bool {
    let measured = measure(stand, case, &[pick.structure, other.structure], &LARGER).await.unwrap();
    let figures: Vec<&Figures> = measured.rows.iter().filter_map(|row| row.figures()).collect();
    matches!(figures.as_slice(), [own, others] if micros(own) * TIMES < micros(others))
}

/// The faults of one use on one server, and how many runners-up were held against its pick.
async fn judge(stand: &mut Stand, case: &Case) -> (Vec<String>, usize) {
    let small = on(case, &stand.place, &SMALL);
    let ranked: Vec<Candidate> = rank(&small).into_iter().take(RUNNERS_UP + 1).collect();
    let structures: Vec<Structure> = ranked.iter().map(|candidate| candidate.structure).collect();
    let measured: Measured = measure(stand, case, &structures, &SMALL).await.unwrap();
    let mut wrong = Vec::new();
    let mut built = Vec::new();
    for (candidate, row) in ranked.iter().zip(&measured.rows) {
        match row.figures() {
            Some(figures) => built.push((candidate, figures)),
            None => wrong.push(format!("{row:?}")),
        }
    }
    wrong.extend(built.iter().filter_map(|(candidate, figures)| predicted(&small, candidate, figures).err()));
    let Some((pick, others)) = built.split_first() else { return (wrong, 0) };
    for other in others.iter().filter(|other| !holds(*pick, **other)) {
        let claim = pick.0.beats(other.0);
        if claim == Better::Cheaper && cheaper_when_larger(stand, case, pick.0, other.0).await {
            continue;
        }
        let names = (pick.0.structure.id(), other.0.structure.id());
        wrong.push(format!("{names:?}: {claim:?} does not hold: {:?} {:?}", pick.1, other.1));
    }
    (wrong, others.len())
}

async fn judge_all(program: PathBuf) -> (String, usize, usize) {
    let mut stand = Stand::start(&program).await.unwrap();
    let (mut text, mut picks, mut compared) = (String::new(), 0, 0);
    for scenario in SCENARIOS {
        let case = scenario.case(Place::unknown()).unwrap();
        let (wrong, others) = judge(&mut stand, &case).await;
        compared += others;
        picks += usize::from(!rank(&on(&case, &stand.place, &SMALL)).is_empty());
        for wrong in wrong {
            writeln!(text, "{} on {}: {wrong}", scenario.id, stand.place.engine).unwrap();
        }
    }
    (text, picks, compared)
}

#[tokio::test]
async fn the_pick_is_best_in_what_it_is_said_to_be_best_in() {
    let (wrong, picks, compared) = judge_all(node::program()).await;
    assert!(wrong.is_empty(), "{wrong}");
    // Some need modules, and some picks have no rival.
    assert!(picks * 4 > SCENARIOS.len() * 3 && compared > 20, "{picks} {compared}");
}

#[tokio::test]
async fn the_pick_is_best_where_the_modules_are_too() {
    // The last that the registries have with its modules.
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".servers/redis-7.4/bin/redis-server");
    if !program.exists() {
        return;
    }
    let (wrong, picks, _) = judge_all(program).await;
    assert!(wrong.is_empty(), "{wrong}");
    assert!(picks > SCENARIOS.len() - 3, "{picks}");
}
