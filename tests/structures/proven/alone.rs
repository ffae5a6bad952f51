//! A pick without a rival: what the others lack takes reading all of it there, or is a promise that they do not make.

use godmode_redis::decisions::structures::{Case, Need, Obstacle, Structure, advise};
use godmode_redis::proof::structures::{Stand, measure};
use redis::cmd;

use super::promises::{PROMISED, Stage, kept};
use super::{Built, Checked, SMALL};

/// Those that keep the elements and give them back in one call. The others keep none, or are one of these with another face.
const OTHERS: [(Structure, &[&str]); 6] = [
    (Structure::String, &["GET"]),
    (Structure::Set, &["SMEMBERS"]),
    (Structure::Hash, &["HGETALL"]),
    (Structure::List, &["LRANGE", "0", "-1"]),
    (Structure::Zset, &["ZRANGE", "0", "-1", "WITHSCORES"]),
    (Structure::Stream, &["XRANGE", "-", "+"]),
];
/// An answer is that many times as long where all has to be read.
const TIMES: f64 = 2.0;
/// Elements of a key with which it is: ten fit into any answer, and a thousand into a page.
const SHOWS: u64 = 4_000;

/// Each other structure lacks something that counts.
pub async fn holds(stand: &mut Stand, stage: &Stage, case: &Case, pick: &Built<'_>) -> Result<Vec<Checked>, String> {
    let refused = advise(case).refused;
    let mut checked = Vec::new();
    for (other, read) in OTHERS.iter().filter(|(other, _)| *other != pick.candidate.structure) {
        let against = refused.iter().find(|(structure, _)| structure == other).map(|(_, against)| against.as_slice());
        let lacks: Vec<Need> = against.unwrap_or_default().iter().filter_map(lacked).collect();
        let mut promised = None;
        for need in lacks.iter().filter(|need| PROMISED.contains(need)) {
            if promised.is_none() {
                promised = kept(stage, pick.candidate.structure, *need).await.map(|went| (*need, went));
            }
        }
        let how = match promised {
            Some((need, went)) => went.map(|()| format!("{need} is kept by the pick, and not there"))?,
            None => read_all(stand, case, pick.candidate.structure, *other, read, &lacks).await?,
        };
        checked.push(Checked { other: *other, claim: "alone".into(), how });
    }
    Ok(checked)
}

fn lacked(obstacle: &Obstacle) -> Option<Need> {
    match obstacle {
        Obstacle::Lacks(need) => Some(*need),
        Obstacle::TooOld(row) => Some(row.need),
        _ => None,
    }
}

/// Builds both of a size at which it shows, and reads a key of the other: what a client would have to do for the rest.
async fn read_all(
    stand: &mut Stand,
    case: &Case,
    pick: Structure,
    other: Structure,
    read: &[&str],
    lacks: &[Need],
) -> Result<String, String> {
    let larger = Case { keys: 1, elements: SHOWS, ..case.clone() };
    let all_of = if other == Structure::String { Need::Whole } else { Need::Enumerate };
    let plain = Case { needs: [all_of].into(), ..larger.clone() };
    let own = measure(stand, &larger, &[pick], &SMALL).await.unwrap();
    let others = measure(stand, &plain, &[other], &SMALL).await.unwrap();
    let (Some(own), Some(_)) = (own.rows[0].figures(), others.rows[0].figures()) else {
        return Err(format!("{pick} is alone, and was not built beside {other}: {own:?} {others:?}"));
    };
    let mut client = stand.connect().await.unwrap();
    let key: String = cmd("RANDOMKEY").query_async(&mut client).await.unwrap();
    let all: redis::Value = cmd(read[0]).arg(&key).arg(&read[1..]).query_async(&mut client).await.unwrap();
    let all = length(&all);
    let measured = lacks.iter().filter_map(|need| own.operations.iter().find(|one| one.need == need.id()));
    let measured = measured.map(|one| (one.need, one.wire_bytes / one.commands));
    match measured.min_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((need, own)) if own * TIMES < all => {
            Ok(format!("{need}: {own:.0} bytes in a call, and {all:.0} to read all of it"))
        }
        found => {
            Err(format!("{pick} is alone, and nothing shows what {other} lacks: {lacks:?}: {all} beside {found:?}"))
        }
    }
}

/// Bytes of a reply without its frame.
fn length(value: &redis::Value) -> f64 {
    match value {
        redis::Value::BulkString(bytes) => bytes.len() as f64,
        redis::Value::SimpleString(text) => text.len() as f64,
        redis::Value::Array(parts) => parts.iter().map(length).sum(),
        _ => 1.0,
    }
}
