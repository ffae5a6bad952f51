//! Each kind of claim, and what shows it: bytes, the cost of a needed call, or what the other breaks.

use godmode_redis::decisions::structures::{Better, Case, Fit, Need, Structure};
use godmode_redis::facts::Kind;
use godmode_redis::proof::structures::{Bounds, Figures, Measured, Operation, Stand, measure};

use super::promises::{Stage, broken};
use super::{Built, SMALL};

/// Where what grows with the elements is not yet dearer than what takes its time once: PFMERGE looks at 16,384 registers.
const LARGER: Bounds = Bounds { elements: 40_000, bytes: 16 << 20, rounds: 15 };
/// Sizes of so many times the noise are told apart.
const LOST: u64 = 4;
/// "As many" is within this share.
const EQUAL: f64 = 1.02;
/// The share that is claimed and the one that is measured, apart by no more than this.
const SHARE: f64 = 0.05;
/// Valkey keeps fields that expire at the same time in a table of their own, which the model does not have.
const SHARE_AT_ONCE: f64 = 0.15;
/// Time of the server counts where one takes that many times the other, in the best of so many looks: the machine may be
/// busy, and a look that is disturbed only takes longer.
const TIMES: f64 = 2.0;
const LOOKS: usize = 4;

/// What shows that the pick is better than the other as it is claimed to be, or why it is not.
pub async fn holds(
    stand: &mut Stand,
    stage: &Stage,
    case: &Case,
    pick: &Built<'_>,
    other: &Built<'_>,
) -> Result<String, String> {
    match pick.candidate.beats(other.candidate) {
        Better::Smaller(share) => smaller(share, pick, other, stand.place.engine.kind == Kind::Valkey),
        Better::Plainer | Better::Known => not_larger(pick, other),
        Better::Cheaper => cheaper(stand, case, pick, other).await,
        Better::LessWork => less_work(stand, stage, case, pick, other).await,
        Better::Promises => promises(stage, pick, other).await,
    }
}

fn bytes(own: u64, others: u64) -> String {
    format!("{own} bytes beside {others}")
}

/// Bytes of both by the same measure: what `used_memory` grew by, or what MEMORY USAGE says where that is lost in the noise,
/// and of sketches, which a module may allocate beside it.
fn sizes(pick: &Built, other: &Built) -> (u64, u64) {
    let rough = [pick, other].iter().any(|one| one.candidate.estimate.is_some_and(|estimate| estimate.rough));
    let lost = pick.figures.measured.min(other.figures.measured) < pick.noise * LOST;
    let seen = |one: &Built| if rough || lost { one.figures.claimed } else { one.figures.measured };
    (seen(pick), seen(other))
}

fn not_larger(pick: &Built, other: &Built) -> Result<String, String> {
    let (own, others) = sizes(pick, other);
    let holds = own as f64 <= others as f64 * EQUAL + pick.noise as f64;
    if holds { Ok(bytes(own, others)) } else { Err(format!("it is larger: {}", bytes(own, others))) }
}

fn smaller(share: f64, pick: &Built, other: &Built, on_valkey: bool) -> Result<String, String> {
    let (own, others) = sizes(pick, other);
    let rough = [pick, other].iter().any(|one| one.candidate.estimate.is_some_and(|estimate| estimate.rough));
    // A difference below two in a hundred may be one of the allocator.
    if own >= others && (share > 1.0 - 1.0 / EQUAL || own > others + pick.noise) {
        return Err(format!("it is not smaller: {}", bytes(own, others)));
    }
    let at_once = on_valkey && other.candidate.structure == Structure::HashFieldTtl;
    let room = if at_once { SHARE_AT_ONCE } else { SHARE } + pick.noise as f64 / others.max(1) as f64;
    let saved = 1.0 - own as f64 / others as f64;
    if !rough && (saved - share).abs() > room {
        return Err(format!("{share:.3} less was said, and {saved:.3} is: {}", bytes(own, others)));
    }
    Ok(bytes(own, others))
}

/// The figures of a need, or of the exact one that serves who would take an approximate one.
fn operation(figures: &Figures, need: Need) -> Option<&Operation> {
    figures.operations.iter().find(|one| one.need.parse::<Need>().is_ok_and(|other| other.exact() == need.exact()))
}

/// The server's time for all the needs that were measured.
fn micros(figures: &Figures) -> f64 {
    figures.operations.iter().map(|operation| operation.server_micros).sum()
}

/// The least that `cost` was, of each, once the first look does not show it.
async fn at_best(
    stand: &mut Stand,
    case: &Case,
    pick: &Built<'_>,
    other: &Built<'_>,
    cost: impl Fn(&Figures) -> Option<f64>,
) -> Result<String, String> {
    let (mut own, mut others) = (cost(&pick.figures), cost(&other.figures));
    let clear = |own: Option<f64>, others: Option<f64>| {
        own.zip(others)
            .filter(|(own, others)| own * TIMES < *others)
            .map(|(own, others)| format!("{own:.1} us beside {others:.1}"))
    };
    for look in 0..LOOKS {
        if let Some(found) = clear(own, others) {
            return Ok(found);
        }
        // Twice as small as they are, twice where what grows shows.
        let bounds = if look < LOOKS / 2 { &SMALL } else { &LARGER };
        let both = [pick.candidate.structure, other.candidate.structure];
        let measured: Measured = measure(stand, case, &both, bounds).await.unwrap();
        let costs: Vec<Option<f64>> = measured.rows.iter().map(|row| row.figures().and_then(&cost)).collect();
        let [now, others_now] = costs.as_slice() else { break };
        // At another size what was seen before says nothing.
        let fresh = look == LOOKS / 2;
        let least =
            |before: Option<f64>, now: Option<f64>| if fresh { now } else { before.zip(now).map(|(a, b)| a.min(b)) };
        (own, others) = (least(own, *now), least(others, *others_now));
    }
    clear(own, others).ok_or_else(|| format!("{own:?} us beside {others:?}"))
}

async fn cheaper(stand: &mut Stand, case: &Case, pick: &Built<'_>, other: &Built<'_>) -> Result<String, String> {
    at_best(stand, case, pick, other, |figures| Some(micros(figures))).await
}

/// Each need that takes work on the other: fewer commands, fewer bytes on the wire, less of the server's time, or what is
/// shown to break.
async fn less_work(
    stand: &mut Stand,
    stage: &Stage,
    case: &Case,
    pick: &Built<'_>,
    other: &Built<'_>,
) -> Result<String, String> {
    let worked: Vec<Need> =
        other.candidate.serves.iter().filter(|row| row.fit == Fit::Work).map(|row| row.need).collect();
    if worked.is_empty() {
        return half_used(pick, other);
    }
    let mut shown = Vec::new();
    for need in worked {
        let both = operation(&pick.figures, need).zip(operation(&other.figures, need));
        let counted = both.and_then(|(own, others)| {
            if own.commands < others.commands {
                Some(format!("{} commands beside {}", own.commands, others.commands))
            } else if own.wire_bytes < others.wire_bytes * 0.9 {
                Some(format!("{:.0} bytes on the wire beside {:.0}", own.wire_bytes, others.wire_bytes))
            } else {
                None
            }
        });
        let found = match counted {
            Some(found) => found,
            None => match broken(stage, other.candidate.structure, Some(need)).await {
                Some(went) => went.map(|()| "what it takes is shown".to_owned())?,
                None => {
                    at_best(stand, case, pick, other, |figures| operation(figures, need).map(|one| one.server_micros))
                        .await?
                }
            },
        };
        shown.push(format!("{need}: {found}"));
    }
    Ok(shown.join(", "))
}

/// Values that stay empty are sent with each write, and kept.
fn half_used(pick: &Built, other: &Built) -> Result<String, String> {
    let wire = |one: &Built| one.figures.operations.iter().map(|operation| operation.wire_bytes).sum::<f64>();
    let (own, others) = (wire(pick), wire(other));
    if other.candidate.structure != Structure::Hash || own >= others {
        return Err(format!("{own} bytes on the wire beside {others}"));
    }
    not_larger(pick, other).map(|bytes| format!("{bytes}, {own:.0} on the wire beside {others:.0}"))
}

/// The reasons of the messaging table.
async fn promises(stage: &Stage, pick: &Built<'_>, other: &Built<'_>) -> Result<String, String> {
    let (own, others) = (&pick.figures, &other.figures);
    match (pick.candidate.structure, other.candidate.structure) {
        // Nothing costs less for each message: bytes that are kept, and bytes on the wire.
        (Structure::List, _) => {
            let need = if operation(own, Need::Fifo).is_some() { Need::Fifo } else { Need::Wait };
            let wire = operation(own, need).zip(operation(others, need)).ok_or("nothing was measured of both")?;
            if wire.0.wire_bytes >= wire.1.wire_bytes || wire.0.commands > wire.1.commands {
                return Err("a message takes as much on the wire".into());
            }
            if own.measured >= others.measured {
                return Err("a message takes as many bytes".into());
            }
            Ok(format!(
                "{}, {:.0} on the wire beside {:.0}",
                bytes(own.measured, others.measured),
                wire.0.wire_bytes,
                wire.1.wire_bytes
            ))
        }
        // Nothing is stored.
        (Structure::PubSub | Structure::ShardedPubSub, Structure::Stream) => {
            if own.measured >= pick.noise || others.measured < pick.noise * LOST {
                return Err("it stores as much".into());
            }
            Ok(bytes(own.measured, others.measured))
        }
        (_, other) => {
            let need = (other == Structure::List).then_some(Need::Priority);
            let went = broken(stage, other, need).await.ok_or("nothing shows it")?;
            went.map(|()| "what it breaks is shown".to_owned())
        }
    }
}
